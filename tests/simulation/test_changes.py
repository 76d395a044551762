from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.simulation.changes import Marks, Steps, counted, inside

TIMES = st.lists(st.integers(0, 50), max_size=30).map(sorted)
MOMENTS = st.lists(st.integers(0, 50), min_size=1, max_size=20)


def whole(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.int64)


@given(TIMES, MOMENTS)
def test_a_level_is_that_of_the_last_change(times: list[int], moments: list[int]) -> None:
    steps = Steps()
    for level, moment in enumerate(times, 1):
        steps.set(moment, level)

    told = steps.at(whole(moments))

    last = [sum(time <= moment for time in times) for moment in moments]
    assert told.tolist() == last


@given(TIMES, MOMENTS, st.lists(st.integers(0, 9), min_size=30, max_size=30))
def test_marks_are_counted_in_half_open_periods(
    times: list[int], moments: list[int], weights: list[int]
) -> None:
    marks = Marks()
    marks.extend(whole(times), whole(weights[: len(times)]))
    periods = list(pairwise(sorted([*moments, 51])))

    starts, ends = whole([s for s, _ in periods]), whole([e for _, e in periods])

    held = [[w for t, w in zip(times, weights, strict=False) if s <= t < e] for s, e in periods]
    assert marks.over(starts, ends).tolist() == [sum(each) for each in held]
    assert marks.most(starts, ends).tolist() == [max(each, default=0) for each in held]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=20), MOMENTS)
def test_a_stretch_holds_its_begin_and_not_its_end(
    stretches: list[tuple[int, int]], moments: list[int]
) -> None:
    begins = np.sort(whole([begin for begin, _ in stretches]))
    ends = np.sort(whole([begin + length for begin, length in stretches]))

    found = inside(begins, ends, whole(moments))

    held = [sum(b <= m < b + n for b, n in stretches) for m in moments]
    assert found.tolist() == held


@given(TIMES, st.integers(0, 50), st.integers(0, 20))
def test_what_is_told_later_is_counted_too(times: list[int], start: int, length: int) -> None:
    marks = Marks()
    for moment in times:
        marks.mark(moment)
        marks.over(whole([0]), whole([51]))

    told = marks.over(whole([start]), whole([start + length]))

    assert told == counted(whole(times), whole([start]), whole([start + length]))
