"""The calibrated seasonal naive: what it knows, how wide it is, and what it must not see."""

from statistics import NormalDist
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from app.forecasts.baseline import (
    QUANTILES,
    TooShort,
    forecast_daily,
    forecast_monthly,
    student,
)

Floats = NDArray[np.float64]
MEDIAN = QUANTILES.index(0.5)
WEEK = np.array([20.0, 21, 22, 23, 24, 12, 10])


def a_year_and_more(days: int = 700, seed: int = 1) -> Floats:
    rng = np.random.default_rng(seed)
    return rng.poisson(np.resize(WEEK, days)).astype(float)


def test_a_series_that_repeats_its_week_is_forecast_as_that_week() -> None:
    forecast = forecast_daily(np.resize(WEEK, 700))

    assert forecast.shape == (98, len(QUANTILES))
    np.testing.assert_array_equal(forecast, np.resize(WEEK, 98)[:, None].repeat(21, axis=1))


def test_the_band_of_a_stationary_week_holds_the_share_it_promises() -> None:
    truths = np.stack([a_year_and_more(798, seed) for seed in range(60)])

    forecasts = np.stack([forecast_daily(truth[:700]) for truth in truths])

    ahead = truths[:, 700:, None]
    inside = (ahead >= forecasts[:, :, [2]]) & (ahead <= forecasts[:, :, [-3]])
    assert 0.78 < inside.mean() < 0.86


def test_the_first_three_weeks_of_a_unit_already_hold_the_share_they_promise() -> None:
    truths = np.stack([a_year_and_more(49, seed) for seed in range(200)])

    forecasts = np.stack([forecast_daily(truth[:21], 28) for truth in truths])

    ahead = truths[:, 21:, None]
    inside = (ahead >= forecasts[:, :, [2]]) & (ahead <= forecasts[:, :, [-3]])
    assert 0.75 < inside.mean() < 0.95


def test_the_less_was_seen_the_wider_the_band() -> None:
    values = a_year_and_more(460)

    widths = [np.ptp(forecast_daily(values[-n:])[:, [2, -3]], axis=1).mean() for n in (14, 60, 460)]

    assert widths[0] > widths[2]
    assert widths[1] > widths[2]


def test_fourteen_days_of_zero_do_not_prove_that_there_will_never_be_one() -> None:
    forecast = forecast_daily(np.zeros(14))

    assert (forecast[:, MEDIAN] == 0).all()
    assert (forecast[:, -1] > 0).all()


@pytest.mark.parametrize("seen", [0, 13])
def test_below_fourteen_observed_days_it_says_so_instead_of_guessing(seen: int) -> None:
    values = np.full(100, np.nan)
    values[100 - seen :] = 5.0

    with pytest.raises(TooShort) as refusal:
        forecast_daily(values)

    assert refusal.value.detail == (
        f"{seen} of the last 365 days were observed; a forecast needs 14."
    )


def test_a_unit_that_stopped_reporting_more_than_a_year_ago_has_no_forecast() -> None:
    stopped = np.concatenate([a_year_and_more(), np.full(360, np.nan)])

    with pytest.raises(TooShort, match="5 of the last 365 days"):
        forecast_daily(stopped)


def test_days_without_a_report_at_the_end_are_stepped_over_and_widen_the_band() -> None:
    values = a_year_and_more()
    walk = 200 + np.cumsum(np.random.default_rng(3).normal(0, 3, 700))
    silent = np.where(np.arange(700) < 679, walk, np.nan)

    fresh, stale = forecast_daily(walk, 14), forecast_daily(silent, 14)
    repeated = forecast_daily(np.append(values, np.full(7, np.nan)), 21)

    assert np.ptp(stale[:, [2, -3]], axis=1).mean() > np.ptp(fresh[:, [2, -3]], axis=1).mean()
    np.testing.assert_array_equal(repeated, forecast_daily(values, 28)[7:])


def test_a_weekday_on_which_nobody_ever_reports_stays_unknown() -> None:
    values = np.where(np.arange(700) % 7 < 5, a_year_and_more(), np.nan)

    forecast = forecast_daily(values)

    closed = np.arange(700, 798) % 7 >= 5
    assert np.isnan(forecast[closed]).all()
    assert np.isfinite(forecast[~closed]).all()


def test_a_wave_above_the_beds_there_are_is_not_clipped() -> None:
    rising = np.linspace(10, 200, 700)

    assert (forecast_daily(rising)[:, -1] > 200).all()


@given(
    arrays(
        np.float64,
        st.integers(14, 560),
        elements=st.one_of(st.integers(0, 300).map(float), st.just(float("nan"))),
    ),
    st.integers(1, 98),
)
def test_quantiles_never_cross_and_never_fall_below_zero(values: Floats, horizon: int) -> None:
    try:
        forecast = forecast_daily(values, horizon)
    except TooShort:
        assert np.isfinite(values[-365:]).sum() < 14
        return

    told = forecast[np.isfinite(forecast).all(axis=1)]
    assert forecast.shape == (horizon, len(QUANTILES))
    assert np.isnan(forecast).any(axis=1).sum() == len(forecast) - len(told)
    assert (told >= 0).all()
    assert (np.diff(told, axis=1) >= 0).all()


def sees_the_future(forecast: object, origin: int) -> bool:
    truth = a_year_and_more(origin + 98)
    answers = []
    for future in (truth, np.where(np.arange(len(truth)) < origin, truth, np.nan), None):
        seen = (
            np.where(np.arange(len(truth)) < origin, truth, truth * 10)
            if future is None
            else future
        )
        answers.append(forecast(seen, origin).tobytes())  # type: ignore[operator]
    return len(set(answers)) > 1


@pytest.mark.parametrize("origin", [100, 600])
def test_replacing_the_future_changes_no_bit_and_a_leaking_twin_is_caught(origin: int) -> None:
    def sound(values: Floats, origin: int) -> Floats:
        return forecast_daily(values[:origin])

    def leaking(values: Floats, origin: int) -> Floats:
        centred = np.where(np.isfinite(values), values, 0) - np.nanmean(values)
        return forecast_daily(np.abs(centred[:origin]))

    assert not sees_the_future(sound, origin)
    assert sees_the_future(leaking, origin)


@pytest.mark.parametrize("months", [60, 30])
def test_a_yearly_shape_is_found_from_60_and_from_30_months(months: int) -> None:
    shape = 100 + 30 * np.sin(np.arange(months + 18) * np.pi / 6)

    forecast = forecast_monthly(shape[:months])

    assert forecast.shape == (18, len(QUANTILES))
    np.testing.assert_allclose(forecast[:, MEDIAN], shape[months:])
    assert (forecast[:, 0] < shape[months:]).all()


def test_with_few_months_the_recent_level_is_carried_on() -> None:
    forecast = forecast_monthly(np.full(8, 40.0))

    np.testing.assert_allclose(forecast[:, MEDIAN], 40)


def test_months_that_are_missing_are_stepped_over() -> None:
    months = np.resize(np.arange(50.0, 62.0), 48)
    months[[3, 20, 33, 46]] = np.nan

    forecast = forecast_monthly(months)

    np.testing.assert_allclose(forecast[:, MEDIAN], np.resize(np.arange(50.0, 62.0), 18))


def test_below_six_months_there_is_no_monthly_forecast() -> None:
    with pytest.raises(TooShort, match="5 of the last 24 months were observed"):
        forecast_monthly(np.full(5, 40.0))


@pytest.mark.parametrize(
    ("values", "horizon", "levels", "problem"),
    [
        (np.full(20, -1.0), 7, QUANTILES, "below 0"),
        (np.full(20, np.inf), 7, QUANTILES, "infinite"),
        (np.full(20, 1.0), 0, QUANTILES, "horizon"),
        (np.full(20, 1.0), 7, (0.5, 0.1), "levels"),
        (np.full(20, 1.0), 7, (0.0, 0.5), "levels"),
    ],
)
def test_what_cannot_be_a_count_a_horizon_or_a_level_is_refused(
    values: Floats, horizon: int, levels: tuple[float, ...], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        forecast_daily(values, horizon, levels)


@pytest.mark.parametrize(
    ("level", "freedom", "published"),
    [(0.9, 3, 1.638), (0.975, 3, 3.182), (0.975, 5, 2.571), (0.95, 10, 1.812), (0.975, 30, 2.042)],
)
def test_student_quantiles_are_those_of_the_tables(
    level: float, freedom: float, published: float
) -> None:
    assert student([level], freedom)[0] == pytest.approx(published, rel=0.01)
    assert student([1 - level], freedom)[0] == pytest.approx(-published, rel=0.01)


def test_student_with_endless_freedom_is_the_normal() -> None:
    assert student([0.9], 1e9)[0] == pytest.approx(NormalDist().inv_cdf(0.9))


def test_a_series_takes_less_than_twenty_milliseconds() -> None:
    values = [a_year_and_more(1800, seed) for seed in range(5)]

    took = []
    for series in values:
        start = perf_counter()
        forecast_daily(series)
        took.append(perf_counter() - start)

    assert min(took) < 0.020
