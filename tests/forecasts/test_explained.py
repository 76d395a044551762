"""The sentence of a forecast, and what differs from the run before."""

from datetime import UTC, datetime, timedelta

import pytest

from app.forecasts.changed import Before, Key, changed
from app.forecasts.explained import sentence, since
from app.forecasts.runs import Issued, Kind, Step

AT = datetime(2026, 11, 21, tzinfo=UTC)
BED = Kind("occupied", "bed", "ward")
PARTS = {"level": [10.0] * 7, "weekday": [1.0, -2.0] * 3 + [1.0], "trend": [0.1] * 7}


def issued(medians: list[float], parts: dict[str, list[float]]) -> Issued:
    steps = [
        Step(AT + timedelta(days=n), 86400, [median - 1, median, median + 1], None, None)
        for n, median in enumerate(medians)
    ]
    return Issued(1, "unit", "a", BED, "known", {"parts": parts}, steps)


def before(medians: list[float], parts: dict[str, list[float]]) -> Before:
    """Of a day earlier: its second step is the first of today."""
    days = [AT + timedelta(days=n - 1) for n in range(len(medians))]
    by = {name: dict(zip(days, values, strict=True)) for name, values in parts.items()}
    return Before(AT - timedelta(hours=20), dict(zip(days, medians, strict=True)), by)


def test_the_sentence_names_the_largest_causes_and_what_it_comes_from() -> None:
    said = sentence(PARTS, "naive", "days")

    assert said.startswith("In the first 7 days: a level of 10.0; the weekday adds -2.0 to +1.0.")
    assert "trend" not in said  # less than a fiftieth of the level
    assert said.endswith("It is the naive forecast: what it was on the same days before.")


def test_a_level_that_nothing_moves_is_said_so() -> None:
    said = sentence({"level": [4.0] * 7, "weekday": [0.0] * 7}, "engine", "days")

    assert "a level of 4.0; nothing else moves it by much." in said


def test_what_changed_is_that_of_the_same_days_and_its_parts_add_up() -> None:
    old = before([11.0, 10.0, 12.0], {"level": [9.0] * 3, "weekday": [2.0, 1.0, 3.0]})
    now = issued([12.0, 14.0], {"level": [11.0, 11.0], "weekday": [1.0, 3.0]})

    found = changed(now, {("unit", "a", BED): old}, 7)

    assert found is not None
    assert (found["steps"], found["median"]) == (2, 2.0)
    assert found["by"] == {"level": 2.0, "weekday": 0.0}
    assert sum(found["by"].values()) == pytest.approx(found["median"])
    assert since(found, "days") == (
        "That is 2.0 more than the run before said of the next 2 days, mostly by the level (+2.0)."
    )


@pytest.mark.parametrize("of", [{}, {("unit", "b", BED): before([1.0], {"level": [1.0]})}])
def test_nothing_is_said_where_the_run_before_said_nothing(of: dict[Key, Before]) -> None:
    assert changed(issued([12.0], {"level": [12.0]}), of, 7) is None
