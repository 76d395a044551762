from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.simulation.calendar import block, block_of, easter, holidays

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("year", "sunday"),
    # Known Easter Sundays; 25 April is the latest that there can be.
    [
        (1961, date(1961, 4, 2)),
        (2024, date(2024, 3, 31)),
        (2025, date(2025, 4, 20)),
        (2026, date(2026, 4, 5)),
        (2027, date(2027, 3, 28)),
        (2038, date(2038, 4, 25)),
    ],
)
def test_easter(year: int, sunday: date) -> None:
    assert easter(year) == sunday


def test_the_holidays_of_a_year_with_a_lustrum() -> None:
    assert holidays(2025) == {
        date(2025, 1, 1),
        date(2025, 4, 20),
        date(2025, 4, 21),
        # 27 April 2025 is a Sunday.
        date(2025, 4, 26),
        date(2025, 5, 5),
        date(2025, 5, 29),
        date(2025, 6, 8),
        date(2025, 6, 9),
        date(2025, 12, 25),
        date(2025, 12, 26),
    }
    assert date(2026, 5, 5) not in holidays(2026)


@given(st.integers(0, 2_000_000_000))
def test_every_moment_is_in_its_block_at_its_local_hour(moment: int) -> None:
    of = block(block_of(moment))
    local = datetime.fromtimestamp(moment, UTC).astimezone(AMSTERDAM)

    row = int(np.searchsorted(of.hours, moment, side="right")) - 1

    assert of.begin <= moment < of.end
    assert of.hour[row] == local.hour
    assert of.days[of.day[row]] == local.date()
    assert of.weekday[row] == local.weekday()


@pytest.mark.parametrize(
    ("local", "anw"),
    [
        ("2026-03-02T16:59", False),
        ("2026-03-02T17:00", True),
        ("2026-03-03T07:59", True),
        ("2026-03-03T08:00", False),
        ("2026-03-07T12:00", True),
        ("2026-04-06T12:00", True),
        ("2026-04-07T12:00", False),
        ("2026-04-27T12:00", True),
    ],
)
def test_evenings_nights_weekends_and_holidays_are_anw(local: str, anw: bool) -> None:
    moment = int(datetime.fromisoformat(local).replace(tzinfo=AMSTERDAM).timestamp())
    of = block(block_of(moment))

    row = int(np.searchsorted(of.hours, moment, side="right")) - 1

    assert bool(of.anw[row]) is anw


def test_a_block_follows_the_one_before_without_a_gap() -> None:
    for number in range(26_400, 26_430):
        assert block(number).end == block(number + 1).begin
        assert block(number).days[0].weekday() == 0
