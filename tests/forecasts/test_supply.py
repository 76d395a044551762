from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from app.forecasts.supply import Event, of_bed_type, planned, usual

TOLD = datetime(2026, 3, 1, 7, tzinfo=UTC)
DAYS = [TOLD + timedelta(days=n) for n in range(1, 6)]


def event(
    begins: int, ends: int | None, change: float | None, bed_type: str | None = None
) -> Event:
    until = None if ends is None else TOLD + timedelta(days=ends)
    return Event(bed_type, TOLD + timedelta(days=begins), until, change)


def places(*events: Event, staffed: float | None = 10) -> list[float | None]:
    found = planned(staffed, TOLD, events, DAYS)
    return [None if np.isnan(value) else float(value) for value in found]


def test_without_events_it_stays_as_it_was_told() -> None:
    assert places() == [10] * 5


def test_a_coming_closure_takes_places_until_it_ends() -> None:
    assert places(event(2, 4, -4)) == [10, 6, 6, 10, 10]


def test_a_closure_that_held_when_it_was_told_gives_its_places_back_at_its_end() -> None:
    assert places(event(-3, 3, -4)) == [10, 10, 14, 14, 14]


def test_a_closure_that_was_over_before_is_in_the_figure_already() -> None:
    assert places(event(-5, -2, -4)) == [10] * 5


def test_an_opening_without_end_stays() -> None:
    assert places(event(4, None, 3)) == [10, 10, 10, 13, 13]


def test_a_closure_of_unknown_size_makes_its_time_unknown_and_no_other() -> None:
    assert places(event(2, 4, None)) == [10, None, None, 10, 10]


def test_places_never_fall_below_none() -> None:
    assert places(event(1, 2, -40)) == [0, 10, 10, 10, 10]


def test_an_unknown_number_stays_unknown() -> None:
    assert places(event(1, 2, -4), staffed=None) == [None] * 5


def test_a_closure_of_the_whole_unit_is_of_known_size_only_for_a_single_bed_type() -> None:
    closure, other = event(1, 2, -4), event(1, 2, -1, "elv-low")

    assert of_bed_type([closure, other], "ic", ["ic"]) == [closure]
    assert of_bed_type([closure, other], "ic", ["ic", "elv-low"])[0].change is None
    assert of_bed_type([closure, other], "elv-low", ["ic", "elv-low"])[1] == other


def week(*told: float, events: Sequence[Event] = ()) -> float:
    """The number that goes on when these were told a day apart, the last one now."""
    *before, last = told
    days = [TOLD - timedelta(days=back) for back in range(len(before), 0, -1)]
    return usual(last, TOLD, list(zip(days, before, strict=True)), events)


def test_one_day_of_few_places_does_not_go_on_and_two_do() -> None:
    assert week(8, 8, 8, 8, 8, 8, 4) == 8
    assert week(8, 8, 8, 8, 8, 4, 4) == 4


def test_what_was_told_an_hour_before_does_not_confirm_it() -> None:
    hour, day = timedelta(hours=1), timedelta(days=1)
    before = [(TOLD - 3 * day, 8.0), (TOLD - 2 * day, 8.0), (TOLD - hour, 4.0)]

    assert usual(4.0, TOLD, before, []) == 8


def test_a_number_that_was_never_told_before_goes_on() -> None:
    assert week(4) == 4


def test_of_two_that_are_told_as_often_the_lower_goes_on() -> None:
    assert week(8, 4) == 4


def test_a_closure_that_has_begun_does_not_look_like_one_bad_day() -> None:
    assert week(8, 8, 8, 8, 8, 8, 4, events=[event(-1, None, -4)]) == 4


def test_days_with_a_closure_that_is_over_are_counted_without_it() -> None:
    assert week(4, 4, 4, 4, 4, 4, 8, events=[event(-7, 0, -4)]) == 8


def test_days_with_a_closure_of_unknown_size_say_nothing() -> None:
    assert week(4, 4, 4, 9, 8, events=[event(-4, -1, None)]) == 8
