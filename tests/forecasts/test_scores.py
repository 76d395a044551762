"""Scores against closed forms, and the rolling origins that use them."""

from math import exp, pi, sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.forecasts.baseline import QUANTILES, forecast_daily
from app.forecasts.scores import (
    Score,
    covered,
    crps,
    evaluate,
    last_origins,
    pinball,
    pooled,
    scale,
    seasonal_naive,
)

Floats = NDArray[np.float64]
FINE = tuple((n + 0.5) / 2000 for n in range(2000))


def normal_crps(truth: float, mean: float, sigma: float) -> float:
    """The closed form for a normal forecast (Gneiting, Raftery, Westveld & Goldman 2005, eq. 5)."""
    z = (truth - mean) / sigma
    cdf, density = NormalDist().cdf(z), exp(-z * z / 2) / sqrt(2 * pi)
    return sigma * (z * (2 * cdf - 1) + 2 * density - 1 / sqrt(pi))


@pytest.mark.parametrize(
    ("truth", "level", "loss"), [(10, 0.9, 0.9 * 4), (2, 0.9, 0.1 * 4), (6, 0.9, 0)]
)
def test_pinball_charges_the_side_by_its_level(truth: float, level: float, loss: float) -> None:
    assert pinball(np.array([truth]), np.array([[6.0]]), [level])[0, 0] == pytest.approx(loss)


@given(st.floats(-3, 3), st.floats(0.5, 40))
def test_twice_the_mean_pinball_of_a_normal_tends_to_its_closed_form(
    z: float, sigma: float
) -> None:
    truth = 50 + z * sigma
    quantiles = np.array([[NormalDist(50, sigma).inv_cdf(p) for p in FINE]])

    fine = 2 * pinball(np.array([truth]), quantiles, FINE).mean()

    assert fine == pytest.approx(normal_crps(truth, 50, sigma), rel=2e-3)


@given(st.floats(-2, 2))
def test_nineteen_levels_come_within_a_tenth_of_the_closed_form(z: float) -> None:
    quantiles = np.array([[NormalDist(50, 4).inv_cdf(p) for p in QUANTILES]])

    score = crps(np.array([50 + 4 * z]), quantiles, QUANTILES)[0]

    assert score == pytest.approx(normal_crps(50 + 4 * z, 50, 4), rel=0.1)


def test_a_forecast_without_spread_scores_its_absolute_error() -> None:
    quantiles = np.full((2, len(QUANTILES)), 7.0)

    assert crps(np.array([10.0, 7.0]), quantiles, QUANTILES).tolist() == pytest.approx([3, 0])


def test_coverage_is_that_of_the_central_interval_and_unknown_where_the_truth_is() -> None:
    quantiles = np.tile(np.array(QUANTILES) * 100, (4, 1))
    truth = np.array([10.0, 90.0, 95.0, np.nan])

    np.testing.assert_array_equal(covered(truth, quantiles, QUANTILES, 0.8), [1, 1, 0, np.nan])
    np.testing.assert_array_equal(covered(truth, quantiles, QUANTILES, 0.95), [1, 1, 1, np.nan])


def test_a_missing_level_is_named() -> None:
    with pytest.raises(ValueError, match=r"0\.05 is needed"):
        crps(np.array([1.0]), np.array([[1.0]]), [0.5])


def test_the_reference_repeats_the_last_season_and_widens_by_the_root_of_the_seasons() -> None:
    values = np.array([1.0, 2, 3, 5, 4, 6])

    forecast = seasonal_naive(values, 7, (0.1, 0.5, 0.9), season=3)

    sigma = sqrt((4**2 + 2**2 + 3**2) / 3)
    width = NormalDist().inv_cdf(0.9) * sigma
    np.testing.assert_allclose(forecast[:, 1], [5, 4, 6, 5, 4, 6, 5])
    np.testing.assert_allclose(
        forecast[:, 2] - forecast[:, 1], width * np.sqrt([1, 1, 1, 2, 2, 2, 3])
    )


def test_the_reference_steps_over_days_that_were_not_observed() -> None:
    values = np.array([1.0, 2, 3, np.nan, 4, 6])

    assert seasonal_naive(values, 1, (0.5,), season=3)[0, 0] == 1


def test_the_scale_is_the_in_sample_error_of_observed_pairs() -> None:
    assert scale(np.array([1.0, 2, 3, np.nan, 4, 6]), 3) == pytest.approx((2 + 3) / 2)
    assert np.isnan(scale(np.array([1.0, 2]), 3))


def test_the_reference_against_itself_is_one() -> None:
    values = np.random.default_rng(2).poisson(30, 300).astype(float)

    score = evaluate(values, last_origins(300, 28), 28, seasonal_naive)

    assert score.relative == 1
    assert score.points == 84


def test_only_observed_steps_are_scored() -> None:
    values = np.random.default_rng(2).poisson(30, 300).astype(float)
    values[-10:-3] = np.nan

    assert evaluate(values, [272], 28, forecast_daily).points == 21
    assert (
        evaluate(np.append(values[:272], np.full(28, np.nan)), [272], 28, forecast_daily).points
        == 0
    )


def test_an_origin_sees_nothing_that_comes_after_it() -> None:
    values = np.random.default_rng(2).poisson(30, 300).astype(float)
    seen: list[Floats] = []

    def spy(values: Floats, horizon: int, levels: tuple[float, ...]) -> Floats:
        seen.append(values)
        return seasonal_naive(values, horizon, levels)

    evaluate(values, [200, 228], 28, spy)

    assert [known.tolist() for known in seen] == [values[:200].tolist(), values[:228].tolist()]


def test_an_origin_outside_the_series_is_refused() -> None:
    with pytest.raises(ValueError, match="origin -4 lies outside"):
        evaluate(np.ones(20), last_origins(20, 8), 8, seasonal_naive)


def test_pooling_weighs_each_scored_point_the_same() -> None:
    one = Score(crps=1.0, reference=2.0, c80=1.0, c95=1.0, points=30)
    other = Score(crps=3.0, reference=2.0, c80=0.0, c95=1.0, points=10)
    nothing = evaluate(np.ones(60), [40], 10, seasonal_naive)

    score = pooled([one, other, nothing])

    assert (score.crps, score.c80, score.points) == (1.5, 0.75, 40)
    assert score.relative == 0.75
    assert np.isnan(pooled([nothing]).relative)
