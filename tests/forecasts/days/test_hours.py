from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest

from app.facilities.schemas import Hours
from app.forecasts.calendar import day_start
from app.forecasts.days.hours import (
    HOUR,
    hour_steps,
    hours_between,
    lengths,
    local_days,
    of_week,
    open_hours,
    seconds,
    shift_steps,
)

THREE = [time(7), time(15), time(23)]
DAYS = timedelta(hours=72)


def test_a_step_of_a_shift_ends_where_the_next_shift_begins() -> None:
    at = datetime(2026, 11, 20, 3, tzinfo=UTC)  # 04:00 local, in the night shift

    bounds = shift_steps(at, DAYS, THREE)

    assert lengths(bounds) == [3 * HOUR] + [8 * HOUR] * 9
    assert bounds[:3] == [at, at + timedelta(hours=3), at + timedelta(hours=11)]
    assert bounds[-1] >= at + DAYS


def test_one_shift_a_day_makes_steps_across_midnight() -> None:
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)

    bounds = shift_steps(at, DAYS, [time(23)])

    assert [each.hour for each in bounds] == [12, 22, 22, 22, 22]


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 11, 20), 24)]
)
def test_a_local_day_has_as_many_hours_as_it_lasts(day: date, hours: int) -> None:
    start, end = day_start(day), day_start(day + timedelta(days=1))

    found = hours_between(start, end)

    begins = np.array([seconds(start), *(seconds(each) for each in found[:-1])])
    assert len(found) == hours
    assert set(local_days(begins)) == {day.toordinal()}
    assert len(set(of_week(begins))) == min(hours, 24)


@pytest.mark.parametrize(
    ("day", "lasts"), [(date(2026, 3, 28), [7, 8, 8]), (date(2026, 10, 24), [9, 8, 8])]
)
def test_a_night_shift_is_an_hour_shorter_or_longer_when_the_clock_changes(
    day: date, lasts: list[int]
) -> None:
    at = day_start(day) + timedelta(hours=23)

    bounds = shift_steps(at, timedelta(hours=20), THREE)

    assert lengths(bounds)[:3] == [hours * HOUR for hours in lasts]


def test_hours_begin_with_what_is_left_of_the_running_one() -> None:
    at = datetime(2026, 11, 20, 3, 40, tzinfo=UTC)

    bounds = hour_steps(at, DAYS)

    assert lengths(bounds)[:2] == [20 * 60, HOUR]
    assert bounds[-1] == datetime(2026, 11, 23, 4, tzinfo=UTC)


def test_a_holiday_is_as_a_sunday() -> None:
    christmas = seconds(datetime(2026, 12, 25, 11, tzinfo=UTC))  # a Friday, 12:00 local
    friday = seconds(datetime(2026, 12, 18, 11, tzinfo=UTC))

    found = of_week(np.array([christmas, friday]))

    assert found.tolist() == [6 * 24 + 12, 4 * 24 + 12]


def test_opening_hours_go_on_past_midnight_and_past_the_week() -> None:
    nights = Hours(days=("sun",), start=time(22, 30), end=time(8))

    found = open_hours([nights])

    assert found[6 * 24 + 21 : 6 * 24 + 24].tolist() == [0, 0.5, 1]
    assert found[:9].tolist() == [1] * 8 + [0]
    assert found.sum() == 9.5
