"""Sample paths hold the quantiles they came from and the ties between steps and series."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.forecasts.baseline import QUANTILES
from app.forecasts.paths import (
    COUNT,
    Template,
    further,
    half,
    paths,
    places,
    quantiles_of,
    ranked,
)

Floats = NDArray[np.float64]
HORIZON = 30


def walks(origins: int = 180, seed: int = 1) -> NDArray[np.float32]:
    """Errors of a random walk at each distance from many origins."""
    steps = np.random.default_rng(seed).normal(size=(origins, HORIZON))
    return steps.cumsum(axis=1).astype(np.float32)


def gaussian(mean: float = 40.0, size: float = 3.0) -> Floats:
    ordered = np.sort(np.random.default_rng(0).normal(mean, size, 200_000))
    return np.tile(np.quantile(ordered, QUANTILES), (HORIZON, 1))


def correlation(one: NDArray[Any], other: NDArray[Any]) -> float:
    return float(np.corrcoef(one, other)[0, 1])


def test_paths_have_the_quantiles_that_they_came_from() -> None:
    (place,) = places([Template("a", walks())], HORIZON, seed=3)

    found = paths(gaussian(), place, QUANTILES)

    assert found.shape == (COUNT, HORIZON)
    np.testing.assert_allclose(quantiles_of(found, QUANTILES), gaussian(), atol=0.02)
    # Beyond the outer quantiles the tail goes on: 1 of 1,000 lies 3.09 deviations away.
    assert found.max() == pytest.approx(40 + 3.09 * 3, abs=0.4)


def test_errors_that_last_give_paths_that_last() -> None:
    (walking,) = places([Template("a", walks())], HORIZON, seed=3)
    fresh = np.random.default_rng(2).normal(size=(180, HORIZON)).astype(np.float32)
    (jumping,) = places([Template("a", fresh)], HORIZON, seed=3)

    # A walk of t steps and one of t + 1: sqrt(t / (t + 1)).
    assert correlation(walking[:, 19], walking[:, 20]) == pytest.approx(np.sqrt(20 / 21), abs=0.02)
    assert abs(correlation(jumping[:, 19], jumping[:, 20])) < 0.15


def test_series_that_erred_together_go_together_and_the_others_do_not() -> None:
    one, other = walks(), walks(seed=9)
    told = [Template(*each) for each in (("a", one), ("b", one), ("c", -one), ("d", other))]

    same, too, against, apart = places(told, HORIZON, seed=3)[:, :, 10]

    assert correlation(same, too) == pytest.approx(1)
    assert correlation(same, against) == pytest.approx(-1)
    assert abs(correlation(same, apart)) < 0.2


def test_a_template_of_fewer_origins_is_still_tied_to_the_newest_of_another() -> None:
    long = walks()
    both = [Template("a", long), Template("b", long[-60:])]

    one, other = places(both, HORIZON, seed=3)[:, :, 10]

    assert correlation(one, other) > 0.3


def test_the_broken_twin_that_draws_for_each_series_alone_loses_the_ties() -> None:
    alone = [places([Template("a", walks())], HORIZON, seed)[0, :, 10] for seed in (3, 4)]

    assert abs(correlation(*alone)) < 0.2


def test_the_same_seed_gives_the_same_bytes_and_a_wanderer_does_not_mind_its_neighbours() -> None:
    told = [Template("a", walks()), Template("b", None)]

    first, again = (places(told, HORIZON, seed=3) for _ in range(2))
    alone = places(told[1:], HORIZON, seed=3)
    other = places(told, HORIZON, seed=4)

    assert first.tobytes() == again.tobytes()
    np.testing.assert_array_equal(first[1], alone[0])
    assert (first != other).any()


def test_further_steps_forget_the_past_slowly_and_keep_the_ties_between_series() -> None:
    start = ranked(np.random.default_rng(5).normal(size=(1, COUNT)))
    both = np.vstack([start, start])

    one, other = further(both, lasts=0.8, seed=1, steps=12)

    np.testing.assert_array_equal(one, other)
    assert correlation(start[0], one[:, 0]) == pytest.approx(0.8, abs=0.06)
    assert correlation(start[0], one[:, 5]) == pytest.approx(0.8**6, abs=0.12)
    assert sorted(one[:, 11]) == list(range(COUNT))


@given(
    row=st.lists(st.floats(0, 1e6), min_size=len(QUANTILES), max_size=len(QUANTILES)),
    gaps=st.integers(0, HORIZON),
)
def test_any_rising_quantiles_give_finite_paths_from_zero_up(row: list[float], gaps: int) -> None:
    off = walks()
    off[:, :gaps] = np.nan
    (place,) = places([Template("a", off)], HORIZON, seed=0)

    found = paths(np.tile(np.sort(row), (HORIZON, 1)), place, QUANTILES)

    assert np.isfinite(found).all()
    assert found.min() >= 0


def test_half_precision_gives_way_where_it_would_overflow() -> None:
    assert half(np.array([12.34])).dtype == np.float16
    assert half(np.array([70_000.0])).dtype == np.float32
