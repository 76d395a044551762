"""How far a figure can be relied on."""

from datetime import timedelta

import pytest

from app.observations.freshness import freshness
from app.observations.schemas import Freshness


@pytest.mark.parametrize(
    ("missed", "expected"),
    [(None, "unknown"), (0, "fresh"), (1, "ageing"), (2, "stale"), (40, "stale")],
)
def test_freshness_follows_the_missed_moments(missed: int | None, expected: Freshness) -> None:
    assert freshness(missed, timedelta(hours=1), local_hour=12) == expected


@pytest.mark.parametrize(
    ("age", "local_hour", "offered", "expected"),
    [
        (timedelta(hours=8), 12, True, "fresh"),
        (timedelta(hours=8, seconds=1), 12, True, "stale"),
        (timedelta(hours=16), 6, True, "fresh"),
        (timedelta(hours=16), 7, True, "stale"),
        (timedelta(hours=9), 22, True, "stale"),
        (timedelta(hours=9), 23, True, "fresh"),
        (timedelta(hours=9), 12, False, "fresh"),
    ],
)
def test_by_day_nothing_old_is_offered(
    age: timedelta, local_hour: int, offered: bool, expected: Freshness
) -> None:
    assert freshness(0, age, local_hour, offered) == expected
