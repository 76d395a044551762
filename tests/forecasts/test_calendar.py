"""Local days and census moments, at the two nights of the year that are not 24 hours long."""

from datetime import UTC, date, datetime, time

import pytest

from app.forecasts import calendar


@pytest.mark.parametrize(
    ("day", "at", "expected"),
    [
        (date(2026, 1, 15), time(8), datetime(2026, 1, 15, 7, tzinfo=UTC)),
        (date(2026, 7, 15), time(8), datetime(2026, 7, 15, 6, tzinfo=UTC)),
        (date(2026, 3, 29), time(2, 30), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        (date(2026, 10, 25), time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_local_time_is_one_utc_moment_also_when_the_clock_skips_or_repeats_it(
    day: date, at: time, expected: datetime
) -> None:
    assert calendar.moment(day, at) == expected


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 5, 5), 24)]
)
def test_local_days_last_23_24_or_25_hours(day: date, hours: int) -> None:
    today, tomorrow = calendar.days_from(day, 2)

    length = calendar.day_start(tomorrow) - calendar.day_start(today)

    assert length.total_seconds() == hours * 3600


def test_just_before_midnight_utc_it_is_already_tomorrow_here() -> None:
    assert calendar.local_day(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)) == date(2026, 7, 2)


@pytest.mark.parametrize(
    ("until", "last"),
    [
        (datetime(2026, 7, 2, 5, 59, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 7, 2, 6, 0, tzinfo=UTC), date(2026, 7, 2)),
    ],
)
def test_a_census_counts_from_its_own_minute_on(until: datetime, last: date) -> None:
    assert calendar.last_census(until) == last


def test_months_pass_the_turn_of_the_year_in_both_directions() -> None:
    assert calendar.months_from(date(2026, 11, 17), 3) == [
        date(2026, 11, 1),
        date(2026, 12, 1),
        date(2027, 1, 1),
    ]
    assert calendar.months_after(date(2026, 1, 1), -1) == date(2025, 12, 1)
    assert calendar.days_in(date(2028, 2, 1)) == 29


def test_a_moment_without_offset_and_a_time_with_a_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="no offset"):
        calendar.local_day(datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="bears a zone"):
        calendar.moment(date(2026, 1, 1), time(8, tzinfo=UTC))
