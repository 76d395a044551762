from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.facilities.hours import LOCAL
from app.jobs.schedule import LOOK_EVERY, Due, due, look_due


@pytest.mark.parametrize(
    ("now", "period"),
    [
        (datetime(2026, 11, 22, 2, 59, 59, tzinfo=UTC), "2026-11-21"),
        (datetime(2026, 11, 22, 3, 0, tzinfo=UTC), "2026-11-22"),  # 04:00 in winter
        (datetime(2026, 7, 22, 2, 0, tzinfo=UTC), "2026-07-22"),  # 04:00 in summer
        (datetime(2026, 3, 29, 1, 59, tzinfo=UTC), "2026-03-28"),  # the clock went forward
        (datetime(2026, 10, 25, 3, 0, tzinfo=UTC), "2026-10-25"),  # the clock went back
        (datetime(2026, 1, 1, 1, 0, tzinfo=UTC), "2025-12-31"),
    ],
)
def test_the_forecast_belongs_to_the_local_day_from_four_oclock_on(
    now: datetime, period: str
) -> None:
    assert Due("forecast", period) in set(due(now))


@given(st.integers(0, 20 * 365 * 24 * 60))
def test_the_period_is_the_local_day_four_hours_ago_by_the_clock_on_the_wall(minutes: int) -> None:
    now = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    on_the_wall = now.astimezone(LOCAL).replace(tzinfo=None)

    period = dict(due(now))["forecast"]

    assert period == (on_the_wall - timedelta(hours=4)).date().isoformat()


def test_what_the_forecast_rests_on_comes_before_it_and_its_scores_after() -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)

    assert [each.job for each in due(now)] == ["partitions", "forecast", "score", "days"]


def test_the_next_days_are_due_each_hour_also_in_the_one_that_comes_twice() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 in summer time, then in winter time

    periods = [dict(due(first + timedelta(hours=n)))["days"] for n in range(2)]

    assert periods == ["2026-10-25T00Z", "2026-10-25T01Z"]


@given(st.integers(0, 3 * 24 * 3600))
def test_each_half_minute_has_a_look_of_its_own(seconds: int) -> None:
    begin = datetime(2026, 10, 24, tzinfo=UTC)
    now = begin + timedelta(seconds=seconds)

    begins = look_due(now)

    assert now - timedelta(seconds=LOOK_EVERY) < begins <= now
    assert look_due(begins) == begins
    assert look_due(now + timedelta(seconds=LOOK_EVERY)) - begins == timedelta(seconds=LOOK_EVERY)
