"""Scores of a back-test: by hand, by the other scores of the house, and by properties."""

from dataclasses import astuple
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from app.forecasts.backtest import Tally, Trial, result, season_of, tally, together
from app.forecasts.baseline import QUANTILES, forecast_daily
from app.forecasts.engine.asked import Freq
from app.forecasts.scores import evaluate, seasonal_naive

Floats = NDArray[np.float64]
COUNTS = st.one_of(st.integers(0, 60).map(float), st.just(float("nan")))


def flat(value: float, steps: int = 2) -> Floats:
    """A forecast without spread: its CRPS is its absolute error."""
    return np.full((steps, len(QUANTILES)), value)


def a_past(steps: int = 200, seed: int = 4) -> Floats:
    return np.random.default_rng(seed).poisson(30, steps).astype(float)


def test_scores_by_hand() -> None:
    past = np.array([10.0, 12, 11, 13])  # changes of 2, 1 and 2: the scale is 5/3

    found = tally(past, np.array([16.0, np.nan]), flat(14), "W")

    assert found.points == 1
    assert found.crps == pytest.approx(2 / (5 / 3))
    assert found.error == pytest.approx(2 / (5 / 3))
    assert found.naive_error == pytest.approx(3 / (5 / 3))
    assert found.rel_mase == pytest.approx(2 / 3)
    assert (found.inside80, found.inside95) == (0, 0)


def test_a_truth_on_the_band_is_inside_it() -> None:
    quantiles = np.tile(np.array(QUANTILES) * 100, (3, 1))

    found = tally(np.arange(20.0) % 3, np.array([10.0, 97.5, 99]), quantiles, "W")

    assert (found.inside80, found.inside95, found.points) == (1, 2, 3)
    assert [found.c80, found.c95] == pytest.approx([1 / 3, 2 / 3])


@pytest.mark.parametrize(
    ("freq", "steps", "season"),
    [("D", 9, 7), ("W", 103, 1), ("W", 104, 52), ("M", 9, 12), ("Q", 9, 4)],
)
def test_the_season_of_the_plain_naive_is_that_of_the_frequency(
    freq: Freq, steps: int, season: int
) -> None:
    assert season_of(freq, steps) == season


def test_it_agrees_with_the_scores_of_the_job() -> None:
    values = a_past(400)

    found = tally(values[:372], values[372:], forecast_daily(values[:372], 28), "D")

    score = evaluate(values, [372], 28, forecast_daily)
    assert found.points == score.points == 28
    assert found.rel_crps == pytest.approx(score.relative, rel=1e-12)
    assert [found.c80, found.c95] == pytest.approx([score.c80, score.c95])


def test_a_missing_forecast_counts_as_the_naive() -> None:
    past, truth = a_past(), a_past(28, seed=5)
    naive = seasonal_naive(past, 28, QUANTILES)
    half = np.where(np.arange(28)[:, None] < 14, forecast_daily(past, 28), np.nan)
    filled = np.where(np.isfinite(half), half, naive)

    none = tally(past, truth, np.full_like(naive, np.nan), "D")

    assert none == tally(past, truth, naive, "D")
    assert none.points == 28
    assert (none.rel_crps, none.rel_mase) == (1, 1)
    assert tally(past, truth, half, "D") == tally(past, truth, filled, "D")


@pytest.mark.parametrize("past", [np.full(30, 5.0), np.array([1.0]), np.full(30, np.nan)])
def test_without_a_scale_no_point_counts(past: Floats) -> None:
    found = tally(past, np.array([5.0, 6]), flat(5), "D")

    assert found == Tally()
    assert np.isnan(found.rel_crps)
    assert np.isnan(found.c80)


def test_quantiles_that_do_not_fit_the_truth_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 21\) for 3 steps"):
        tally(a_past(), np.ones(3), flat(5), "D")


@given(arrays(np.float64, 60, elements=COUNTS), arrays(np.float64, 10, elements=COUNTS))
def test_the_naive_against_itself_is_one_and_only_observed_points_count(
    past: Floats, truth: Floats
) -> None:
    found = tally(past, truth, seasonal_naive(past, 10, QUANTILES), "D")

    assert found.points <= np.isfinite(truth).sum()
    assert found.crps == found.naive_crps
    assert 0 <= found.inside80 <= found.inside95 <= found.points


@given(st.floats(0.01, 1000), st.integers(0, 50))
def test_scores_do_not_depend_on_the_unit(factor: float, seed: int) -> None:
    past, truth, told = a_past(seed=seed), a_past(2, seed=seed + 1), flat(31)

    found = tally(past, truth, told, "D")

    scaled = tally(past * factor, truth * factor, told * factor, "D")
    assert scaled.points == found.points
    assert astuple(scaled)[1:5] == pytest.approx(astuple(found)[1:5])


@given(st.lists(st.integers(0, 30), max_size=5))
def test_series_add_up_with_each_point_weighing_the_same(points: list[int]) -> None:
    parts = [Tally(n, 2.0 * n, 4.0 * n, n, 2 * n, n / 2, n) for n in points]

    found = together(parts)

    assert found.points == sum(points)
    assert np.isnan(found.rel_crps) if not found.points else found.rel_crps == 0.5


def test_the_worst_origin_is_told_beside_the_whole() -> None:
    first = Trial("engine", date(2024, 1, 1), Tally(10, 1, 2, 1, 2, 6, 9), series=4, seconds=2)
    empty = Trial("engine", date(2024, 2, 1), Tally(), series=4, seconds=2)
    last = Trial("engine", date(2024, 3, 1), Tally(30, 3, 2, 3, 2, 27, 30), series=2, seconds=1)

    found = result([first, empty, last])

    assert found.tally.c80 == 33 / 40
    assert found.worst_c80 == 0.6
    assert found.tally.rel_crps == 1
    assert found.seconds_per_series == 0.5
    assert np.isnan(result([empty]).worst_c80)
