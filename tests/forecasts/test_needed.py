"""Stock need: everyone who should be in a setting, each person once."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.forecasts.demand import Part
from app.forecasts.needed import Parts, Told, bound_for, larger, need, need_here
from app.forecasts.runs import Kind
from app.forecasts.series import Daily

FIRST = date(2026, 11, 1)
READY = Kind("medicallyReady", "bed", "")
NOWHERE: Parts = {}


def daily(*values: float) -> Daily:
    return Daily(FIRST, np.array(values, dtype=float))


def part(destination: str, *values: float) -> Part:
    return Part(("", "", "", "", destination, "", "", ""), daily(*values))


def told_by(unit: str, *values: float, destination: str = "") -> Parts:
    return {(unit, READY): [part(destination, *values)]}


def test_who_is_ready_leaves_and_who_waits_comes() -> None:
    told = Told([daily(10, 12), daily(5, 5)], told_by("a", 2, 3), told_by("a", 4, 1), NOWHERE)

    assert need(told).values.tolist() == [17, 15]


def test_who_waits_here_and_is_ready_there_is_one_person() -> None:
    told = Told([daily(10, 10)], NOWHERE, told_by("a", 4, 1), told_by("ward", 3, 6))

    assert need(told).values.tolist() == [14, 16]


def test_a_day_of_which_a_part_is_unknown_is_unknown() -> None:
    told = Told([daily(10, 10, 10)], told_by("a", 1, np.nan, np.nan), NOWHERE, NOWHERE)

    np.testing.assert_array_equal(need(told).values, [9, np.nan, np.nan])


def test_only_those_who_are_ready_for_the_setting_are_bound_for_it() -> None:
    parts = [part("elv", 1), part("grz", 2), part("home", 4), part("", 7)]

    assert bound_for(parts, "short-stay") == parts[:2]
    assert bound_for(parts, "hospital-ward") == []


def test_the_larger_of_two_is_the_one_that_is_known_where_the_other_is_not() -> None:
    one = daily(3, np.nan)
    other = Daily(date(2026, 11, 2), np.array([2.0, 5.0]))

    both = larger(one, other)

    assert both is not None
    assert (both.first, both.values.tolist()) == (FIRST, [3, 2, 5])


@given(st.lists(st.integers(0, 30), min_size=4, max_size=4))
def test_need_is_never_below_zero_nor_above_all_that_was_told(counts: list[int]) -> None:
    occupied, ready, waiting, elsewhere = counts
    told = Told(
        [daily(occupied)],
        told_by("a", ready),
        told_by("a", waiting),
        told_by("b", elsewhere),
    )

    (found,) = need(told).values

    assert 0 <= found <= occupied + waiting + elsewhere
    assert found == pytest.approx(max(0, occupied - ready + max(waiting, elsewhere)))


def test_a_unit_needs_places_for_who_is_there_and_who_waits() -> None:
    found = need_here(daily(8, 8, 7), [part("", 0, 2, np.nan)])

    assert found is not None
    np.testing.assert_array_equal(found.values, [8, 10, np.nan])


def test_a_unit_for_which_nobody_ever_waited_needs_what_is_occupied() -> None:
    assert need_here(daily(8, 8), [part("", 0, 0)]) is None
    assert need_here(daily(8, 8), []) is None
