"""From scattered figures to daily and monthly series: what counts for a day, and what stays NaN."""

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.forecasts import calendar
from app.forecasts.series import Daily, Flow, Stock, daily, flows, monthly

NAN = float("nan")


def local(day: int, hour: int, minute: int = 0, month: int = 6) -> datetime:
    return calendar.moment(date(2026, month, day), time(hour, minute))


def test_the_last_figure_at_or_before_the_census_stands_for_the_day() -> None:
    told = [Stock(local(1, 6), 3), Stock(local(1, 8), 4), Stock(local(1, 9), 9)]

    series = daily(told, until=local(1, 23))

    assert series.first == date(2026, 6, 1)
    assert series.values.tolist() == [4]


def test_an_afternoon_report_counts_for_the_next_morning_and_for_no_later_one() -> None:
    told = [Stock(local(1, 15, 30), 5)]

    series = daily(told, until=local(4, 12))

    assert series.first == date(2026, 6, 2)
    np.testing.assert_array_equal(series.values, [5, NAN, NAN])


def test_a_day_without_its_report_at_the_census_does_not_repeat_yesterday() -> None:
    told = [Stock(local(day, 8), day) for day in (1, 2, 4)]

    series = daily(told, until=local(4, 8))

    np.testing.assert_array_equal(series.values, [1, 2, NAN, 4])


def test_told_to_be_unknown_is_unknown_and_never_an_older_figure_or_zero() -> None:
    told = [Stock(local(1, 6), 5), Stock(local(1, 7), None)]

    series = daily(told, until=local(1, 8))

    np.testing.assert_array_equal(series.values, [NAN])
    assert not series.observed.any()


def test_a_figure_for_a_whole_day_stands_for_that_day_and_no_other() -> None:
    told = [Stock(local(2, 0), 7, whole_day=True)]

    series = daily(told, until=local(3, 9), census=time(7), max_age=timedelta(days=3))

    assert series.first == date(2026, 6, 2)
    np.testing.assert_array_equal(series.values, [7, NAN])


def test_a_correction_given_later_replaces_the_figure_of_the_same_moment() -> None:
    told = [Stock(local(1, 8), 5), Stock(local(1, 8), 6)]

    assert daily(told, until=local(1, 8)).values.tolist() == [6]


def test_a_daily_report_just_after_the_census_survives_both_clock_changes() -> None:
    march = [Stock(calendar.moment(date(2026, 3, day), time(8, 5)), day) for day in range(27, 31)]
    october = [Stock(calendar.moment(date(2026, 10, d), time(8, 5)), d) for d in range(23, 27)]

    spring = daily(march, until=calendar.moment(date(2026, 3, 31), time(8)))
    autumn = daily(october, until=calendar.moment(date(2026, 10, 27), time(8)))

    assert spring.values.tolist() == [27, 28, 29, 30]
    assert autumn.values.tolist() == [23, 24, 25, 26]


def test_the_series_runs_on_to_the_cutoff_when_reports_stop() -> None:
    series = daily([Stock(local(1, 8), 4)], until=local(3, 7, 59))

    np.testing.assert_array_equal(series.values, [4, NAN])
    assert series.after == date(2026, 6, 3)


def test_without_figures_the_series_is_empty_and_says_where_a_forecast_would_start() -> None:
    assert daily([], until=local(3, 9)).values.size == 0
    assert daily([], until=local(3, 9)).after == date(2026, 6, 4)


@given(
    st.lists(
        st.tuples(st.integers(0, 15_000), st.one_of(st.none(), st.integers(0, 60))), max_size=60
    ),
    st.integers(0, 15_000),
)
def test_nothing_after_the_cutoff_changes_the_series(
    told: list[tuple[int, int | None]], cut: int
) -> None:
    origin = datetime(2026, 10, 20, tzinfo=UTC)
    until = origin + timedelta(minutes=cut)
    figures = [Stock(origin + timedelta(minutes=at), value) for at, value in told]
    tenfold = [
        f._replace(value=(f.value or 1) * 10) if f.observed_at > until else f for f in figures
    ]

    whole = daily(figures, until=until)
    known = daily([f for f in figures if f.observed_at <= until], until=until)
    other = daily(tenfold, until=until)

    assert whole.first == known.first == other.first
    assert whole.values.tobytes() == known.values.tobytes() == other.values.tobytes()


def test_a_moment_without_offset_and_an_infinite_figure_are_refused() -> None:
    with pytest.raises(ValueError, match="no offset"):
        daily([Stock(datetime(2026, 6, 1, 8), 4)], until=local(2, 8))  # noqa: DTZ001
    with pytest.raises(ValueError, match="infinite"):
        daily([Stock(local(1, 8), float("inf"))], until=local(2, 8))


def test_periods_of_a_day_add_up_and_a_night_is_divided_over_its_two_days() -> None:
    hours = timedelta(hours=1)
    told = [
        Flow(local(1, 0), 23 * hours, 10),
        Flow(local(1, 23), 8 * hours, 8),
        Flow(local(2, 7), 17 * hours, 3),
    ]

    series = flows(told, until=local(3, 0))

    assert series.first == date(2026, 6, 1)
    np.testing.assert_allclose(series.values, [10 + 1, 7 + 3])


def test_a_day_that_is_covered_only_in_part_or_by_an_unknown_is_not_observed() -> None:
    hours = timedelta(hours=1)
    told = [
        Flow(local(1, 0), 23 * hours, 10),
        Flow(local(2, 0), 12 * hours, 5),
        Flow(local(2, 12), 12 * hours, None),
        Flow(local(3, 0), 24 * hours, 0),
    ]

    np.testing.assert_array_equal(flows(told, until=local(4, 0)).values, [NAN, NAN, 0])


def test_a_week_told_as_one_sum_says_nothing_about_its_days() -> None:
    told = [Flow(local(1, 0), timedelta(days=7), 70), Flow(local(8, 0), timedelta(days=1), 9)]

    np.testing.assert_array_equal(flows(told, until=local(9, 0)).values, [*[NAN] * 7, 9])


def test_the_long_october_day_needs_all_its_25_hours() -> None:
    start = calendar.day_start(date(2026, 10, 25))
    until = calendar.day_start(date(2026, 10, 26))

    short = flows([Flow(start, timedelta(hours=24), 24)], until=until)
    whole = flows([Flow(start, timedelta(hours=25), 25)], until=until)

    np.testing.assert_array_equal(short.values, [NAN])
    np.testing.assert_array_equal(whole.values, [25])


def test_a_period_that_ends_after_the_cutoff_is_not_read() -> None:
    told = [Flow(local(day, 0), timedelta(days=1), day) for day in (1, 2)]

    np.testing.assert_array_equal(flows(told, until=local(2, 23)).values, [1])
    assert flows([], until=local(2, 23)).values.size == 0


def test_periods_that_overlap_or_last_no_time_are_refused() -> None:
    day = timedelta(days=1)
    with pytest.raises(ValueError, match="overlap"):
        flows([Flow(local(1, 0), day, 1), Flow(local(1, 12), day, 1)], until=local(9, 0))
    with pytest.raises(ValueError, match="no length"):
        flows([Flow(local(1, 0), timedelta(0), 1)], until=local(9, 0))


@given(st.lists(st.integers(0, 40), min_size=1, max_size=200))
def test_what_was_told_per_eight_hours_is_found_back_in_the_days(told: list[int]) -> None:
    start = calendar.day_start(date(2026, 6, 1))
    shift = timedelta(hours=8)
    periods = [Flow(start + n * shift, shift, value) for n, value in enumerate(told)]

    series = flows(periods, until=start + len(told) * shift)

    assert series.values.tolist() == [
        float(sum(told[3 * day : 3 * day + 3])) for day in range(len(told) // 3)
    ]


def test_a_month_is_the_mean_of_its_observed_days_once_it_has_ended() -> None:
    values = np.concatenate([np.full(31, 2.0), np.full(28, 4.0), np.full(20, 9.0)])
    values[5:10] = np.nan

    months = monthly(Daily(date(2026, 1, 1), values))

    assert months.first == date(2026, 1, 1)
    assert months.values.tolist() == [2.0, 4.0]
    assert months.after == date(2026, 3, 1)


@pytest.mark.parametrize(("seen", "expected"), [(15, 3.0), (14, NAN)])
def test_a_month_with_less_than_half_of_its_days_is_unknown(seen: int, expected: float) -> None:
    values = np.full(30, np.nan)
    values[30 - seen :] = 3.0

    np.testing.assert_array_equal(monthly(Daily(date(2026, 6, 1), values)).values, [expected])


def test_a_month_of_which_the_series_holds_only_the_start_or_end_counts_all_its_days() -> None:
    late = monthly(Daily(date(2026, 6, 20), np.full(42, 3.0)))

    assert late.first == date(2026, 6, 1)
    np.testing.assert_array_equal(late.values, [NAN, 3.0])


def test_a_share_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="min_share"):
        monthly(Daily(date(2026, 6, 1), np.full(30, 1.0)), min_share=0)
