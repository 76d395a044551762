"""The band of a whole count is wider by the rounding, and of anything else as it was."""

from statistics import NormalDist

import numpy as np
import pytest

from app.forecasts.baseline import QUANTILES
from app.forecasts.engine.whole import as_counts

Z = np.array([NormalDist().inv_cdf(level) for level in QUANTILES])


def gaussian(mean: float, size: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.maximum(mean + size * Z, 0.0)[None, :]


def test_what_is_not_counted_in_whole_keeps_its_band() -> None:
    quantiles = gaussian(10.0, 1.0)

    found = as_counts(quantiles, np.array([10.0, 10.5, np.nan]), QUANTILES)

    np.testing.assert_array_equal(found, quantiles)


def test_a_gaussian_band_of_a_count_has_the_variance_of_both() -> None:
    found = as_counts(gaussian(10.0, 1.0), np.array([9.0, np.nan, 11.0]), QUANTILES)

    np.testing.assert_allclose(found, gaussian(10.0, np.sqrt(1 + 1 / 12)))


def test_a_rounded_gaussian_lies_inside_the_band_of_its_interval_as_often_as_it_should() -> None:
    random = np.random.default_rng(3)
    truth = np.round(random.normal(10.3, 1.0, 200_000))

    # What errors of counts show: the spread of what is counted, and of the rounding.
    found = as_counts(gaussian(10.3, np.sqrt(1 + 1 / 12)), truth, QUANTILES)[0]

    # A count spread over its interval is the truth that the band is for.
    spread = truth + random.uniform(-0.5, 0.5, len(truth))
    inside = ((found[2] <= spread) & (spread <= found[-3])).mean()
    assert inside == pytest.approx(0.8, abs=0.01)


def test_a_band_stays_rising_and_above_zero_and_a_constant_gets_the_width_of_its_rounding() -> None:
    found = as_counts(np.zeros((2, len(QUANTILES))), np.zeros(50), QUANTILES)

    assert (np.diff(found, axis=1) >= 0).all()
    assert found.min() == 0
    assert found[0, -1] == pytest.approx(1.96 / np.sqrt(12), rel=1e-3)
