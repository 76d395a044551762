from datetime import date, timedelta
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.forecasts.demand import Part, bridged, last_told, total, whole
from app.forecasts.series import Daily

FIRST = date(2026, 3, 1)
values = st.lists(st.one_of(st.just(nan), st.integers(0, 40).map(float)), min_size=1, max_size=40)


def a_daily(*numbers: float, after: int = 0) -> Daily:
    return Daily(FIRST + timedelta(days=after), np.array(numbers, dtype=float))


def same(found: Daily, *numbers: float) -> None:
    np.testing.assert_array_equal(found.values, np.array(numbers, dtype=float))


def test_the_undivided_figure_counts_and_parts_stand_in_where_it_is_missing() -> None:
    told = whole(
        [
            Part(("", ""), a_daily(9, nan, nan)),
            Part(("home", ""), a_daily(2, 2, 2)),
            Part(("wlz", ""), a_daily(3, 3, nan)),
        ]
    )

    same(told, 9, 5, nan)


def test_parts_divided_in_two_ways_are_not_added_to_each_other() -> None:
    told = whole(
        [
            Part(("home", ""), a_daily(2)),
            Part(("wlz", ""), a_daily(3)),
            Part(("", "days-0-2"), a_daily(1)),
            Part(("home", "days-0-2"), a_daily(1)),
        ]
    )

    same(told, 5)


def test_a_part_that_begins_later_leaves_the_days_before_unknown() -> None:
    parts = [Part(("home",), a_daily(2, 2, 2)), Part(("wlz",), a_daily(3, after=2))]

    same(whole(parts), nan, nan, 5)


def test_a_missed_day_is_bridged_inside_a_total_and_silence_at_its_end_is_not() -> None:
    told = total([a_daily(1, nan, 3, nan), a_daily(10, 10, 10, 10)])

    same(told, 11, 11, 13, nan)


def test_a_week_without_a_word_is_not_bridged() -> None:
    week = [1.0, *[nan] * 7, 1.0]

    np.testing.assert_array_equal(bridged(np.array(week)), np.array(week))


@given(st.lists(values, min_size=1, max_size=5))
def test_a_total_is_the_sum_on_every_day_that_all_were_told(members: list[list[float]]) -> None:
    found = total([a_daily(*each) for each in members])

    for day, value in enumerate(found.values):
        of_day = [each[day] if day < len(each) else nan for each in members]
        if not any(map(isnan, of_day)):
            assert value == sum(of_day)


@given(values)
def test_bridging_invents_no_value_and_changes_none(told: list[float]) -> None:
    found = bridged(np.array(told))

    for before, after in zip(told, found, strict=True):
        assert isnan(before) or before == after
        assert isnan(after) or after in told
    assert last_told(a_daily(*told)) == last_told(Daily(FIRST, found))


@pytest.mark.parametrize("numbers", [[], [nan, nan]])
def test_of_nothing_there_is_no_last_day(numbers: list[float]) -> None:
    assert last_told(a_daily(*numbers)) is None
