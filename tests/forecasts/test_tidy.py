"""Tidy figures: what is let in, what is refused by row and column, and what a cut-off lets see."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Invalid
from app.forecasts.engine.asked import Freq, Past
from app.forecasts.plans import cap_plan, caps_ahead, changes
from app.forecasts.tidy import Series, cut, last_cap, moved, on_one_axis, read, step_of

HEADER = "unique_id,ds,y,cap"
MONDAY = date(2024, 1, 1)


def a_text(*rows: str, header: str = HEADER) -> list[str]:
    return [f"{line}\n" for line in (header, *rows)]


def days(values: Sequence[float], name: str = "A", first: date = MONDAY) -> list[str]:
    return [f"{name},{first + timedelta(days=n)},{value},20" for n, value in enumerate(values)]


def faults(text: Sequence[str], freq: Freq = "D") -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(Invalid) as refusal:
        read(text, freq)
    assert all(fault.detail.count(".") >= 1 for fault in refusal.value.faults)
    return [(fault.row, fault.column, fault.code) for fault in refusal.value.faults]


def test_gaps_and_empty_cells_are_not_observed() -> None:
    tidy = read(a_text("B,2024-01-02,7,9", "A,2024-01-05,5,", "A,2024-01-01,NA,10"), "D")

    a, b = tidy.series
    assert (a.name, a.first, b.name, b.first) == ("A", MONDAY, "B", date(2024, 1, 2))
    np.testing.assert_array_equal(a.values, [np.nan] * 4 + [5])
    np.testing.assert_array_equal(a.cap, [10] + [np.nan] * 4)
    assert tidy.last == date(2024, 1, 5)
    assert tidy.has_cap


@pytest.mark.parametrize("unknown", ["", "NA", "NaN", "nan", " "])
def test_what_stands_for_not_observed_is_nan(unknown: str) -> None:
    (series,) = read(a_text(f"A,2024-01-01,{unknown},3"), "D").series

    assert np.isnan(series.values).all()


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("\ufeffunique_id,ds,y", "A,2024-01-01,12.5"),
        ("unique_id;ds;y", "A;2024-01-01;12,5"),
        ("\ufeffunique_id;ds;y", "A;2024-01-01;12.5"),
        ('"unique_id","ds","y"', '"A","2024-01-01","12.5"'),
        ("y,remark,ds,unique_id", "12.5,x,2024-01-01,A"),
        ("unique_id,ds,y", "A,2024-01-01 00:00:00,1.25e1"),
    ],
)
def test_a_file_may_be_written_in_several_ways(header: str, row: str) -> None:
    tidy = read(a_text(row, "", header=header), "D")

    (series,) = tidy.series
    assert (series.name, series.first, series.values.tolist()) == ("A", MONDAY, [12.5])
    assert series.cap is None


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("A,01-01-2024,5,", "ds", "not-a-date"),
        ("A,2024-02-30,5,", "ds", "not-a-date"),
        ("A,2024-01-01 12:00:00,5,", "ds", "not-a-date"),
        ("A,0001-01-01,5,", "ds", "not-a-date"),
        ("A,,5,", "ds", "not-a-date"),
        ("A,2024-01-01,five,", "y", "not-a-number"),
        ('A,2024-01-01,"1,5",', "y", "not-a-number"),
        ("A,2024-01-01,1_000,", "y", "not-a-number"),
        ("A,2024-01-01,-1,", "y", "negative"),
        ("A,2024-01-01,inf,", "y", "infinite"),
        ("A,2024-01-01,-Infinity,", "y", "infinite"),
        ("A,2024-01-01,1e300,", "y", "too-large"),
        ("A,2024-01-01,5,many", "cap", "not-a-number"),
        ("A,2024-01-01,5,-3", "cap", "negative"),
        (",2024-01-01,5,3", "unique_id", "no-name"),
        ("\udcff,2024-01-01,5,3", "unique_id", "not-utf-8"),
        ("A,2024-01-01,5", None, "ragged-row"),
        ('"A,2024-01-01,5,3', None, "broken-csv"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_its_column(
    row: str, column: str | None, code: str
) -> None:
    text = a_text("B,2024-01-01,5,10", row)

    assert faults(text) == [(3, column, code)]


def test_everything_that_is_wrong_in_a_row_and_in_a_file_is_said_at_once() -> None:
    text = a_text("A,2024-01-01,5,10", ",yesterday,-1,x", "A,2024-01-02,6,10", "A,2024-01-01,7,10")

    found = faults(text)

    assert [(row, column) for row, column, _ in found] == [
        *((3, "unique_id"), (3, "ds"), (3, "y"), (3, "cap")),
        (5, "y"),
    ]


def test_twenty_faults_are_shown_and_the_others_counted() -> None:
    text = a_text(*(f"A,2024-01-01,{word},3" for word in ["x"] * 57))

    with pytest.raises(Invalid) as refusal:
        read(text, "D", file="beds.csv")

    assert [fault.row for fault in refusal.value.faults] == list(range(2, 22))
    assert refusal.value.detail.startswith("beds.csv cannot be used: 57 faults. The first 20")
    assert "37 more are not" in refusal.value.detail


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (["unique_id,ds\n"], [(1, "y", "missing-column")]),
        (["a\tb\n", "1\t2\n"], [(1, c, "missing-column") for c in ("unique_id", "ds", "y")]),
        ([], [(1, c, "missing-column") for c in ("unique_id", "ds", "y")]),
        (["unique_id,ds,y,y\n"], [(1, "y", "column-twice")]),
        (["unique_id,ds,y\n"], [(2, None, "no-rows")]),
    ],
)
def test_a_header_that_lacks_something_says_what(text: list[str], found: list[object]) -> None:
    assert faults(text) == found


@pytest.mark.parametrize(
    ("again", "column"),
    [
        ("A,2024-01-01,6,10", "y"),
        ("A,2024-01-01,,10", "y"),
        ("A,2024-01-01,5,11", "cap"),
        ("A,2024-01-01,5,", "cap"),
    ],
)
def test_one_day_told_twice_with_other_figures_is_refused(again: str, column: str) -> None:
    text = a_text("A,2024-01-01,5,10", "A,2024-01-02,5,10", again)

    assert faults(text) == [(4, column, "told-twice")]


def test_the_same_row_again_is_harmless_and_said() -> None:
    tidy = read(a_text("A,2024-01-01,5,", "A,2024-01-01,5.0,NA", "A,2024-01-01,5,"), "D")

    assert tidy.series[0].values.tolist() == [5]
    assert tidy.notes == ["2 rows stand twice with the same figures; each counts once."]


@pytest.mark.parametrize(
    ("freq", "rows", "wrong"),
    [
        ("W", ["A,2024-01-01,1,", "A,2024-01-08,1,", "A,2024-01-16,1,"], 4),
        ("W", ["A,2024-01-02,1,", "A,2024-01-08,1,", "A,2024-01-15,1,"], 2),
        ("M", ["A,2024-01-01,1,", "A,2024-02-15,1,", "A,2024-02-01,1,"], 4),
        ("M", ["A,2024-01-31,1,", "A,2024-01-01,1,"], 3),
        ("Q", ["A,2024-01-01,1,", "A,2024-03-01,1,"], 3),
    ],
)
def test_a_day_that_does_not_fit_the_frequency_is_refused(
    freq: Freq, rows: list[str], wrong: int
) -> None:
    text = a_text(*rows)

    assert faults(text, freq) == [(wrong, "ds", "not-the-frequency")]


@pytest.mark.parametrize(
    ("freq", "told", "first", "values"),
    [
        ("W", ["2024-01-03", "2024-01-17"], date(2024, 1, 3), 3),
        ("M", ["2023-11-30", "2024-02-29"], date(2023, 11, 1), 4),
        ("M", ["2023-12-01", "2024-01-01"], date(2023, 12, 1), 2),
        ("Q", ["2023-11-15", "2024-04-01"], date(2023, 10, 1), 3),
    ],
)
def test_steps_lie_on_a_regular_axis(freq: Freq, told: list[str], first: date, values: int) -> None:
    tidy = read(a_text(*(f"A,{ds},{n + 1},20" for n, ds in enumerate(told))), freq)

    (series,) = tidy.series
    assert (series.first, len(series.values)) == (first, values)
    assert [series.values[0], series.values[-1]] == [1, 2]
    assert np.isfinite(series.values).sum() == 2
    assert tidy.last == date.fromisoformat(told[-1])


@given(st.permutations(range(1, 12)), st.sampled_from(["D", "M"]))
def test_the_order_of_the_rows_makes_no_difference(order: list[int], freq: Freq) -> None:
    rows = [*(f"A,2024-{n:02}-01,{n},20" for n in range(1, 7)), *days([3, 4, 5, 6, 7], "B")[:1]]
    rows += [f"C,2024-{n:02}-09,{n},20" for n in range(3, 7)]

    shuffled = read(a_text(*(rows[n - 1] for n in order)), freq)

    same = read(a_text(*rows), freq)
    assert [s.name for s in shuffled.series] == [s.name for s in same.series] == ["A", "B", "C"]
    for one, other in zip(shuffled.series, same.series, strict=True):
        assert one.first == other.first
        np.testing.assert_array_equal(one.values, other.values)


def test_all_pasts_end_at_the_cut_off_and_what_begins_later_is_left_out() -> None:
    tidy = read(a_text(*days([1, 2, 3]), *days([7] * 9, "B"), "C,2024-01-07,1,2"), "D")

    pasts = cut(tidy.series, date(2024, 1, 6), "D")

    assert [past.name for past in pasts] == ["A", "B"]
    np.testing.assert_array_equal(pasts[0].values, [1, 2, 3, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(pasts[1].values, [7] * 6)
    assert all(past.values.base is None for past in pasts)


def test_a_month_that_is_told_by_its_last_day_is_not_known_before_it() -> None:
    tidy = read(a_text("A,2024-01-31,1,10", "A,2024-02-29,2,11", "B,2024-02-29,5,9"), "M")

    (before,) = cut(tidy.series, date(2024, 2, 28), "M")
    at = cut(tidy.series, date(2024, 2, 29), "M")

    np.testing.assert_array_equal(before.values, [1, np.nan])
    assert [past.values.tolist() for past in at] == [[1, 2], [5]]
    assert last_cap(tidy.series[0], date(2024, 2, 28), "M") == 10
    assert np.isnan(last_cap(tidy.series[1], date(2024, 2, 28), "M"))


def test_weeks_of_another_weekday_stand_on_an_axis_of_their_own() -> None:
    rows = [
        f"{name},{first + timedelta(weeks=n)},5,9"
        for name, first in (("A", MONDAY), ("B", date(2024, 1, 5)), ("C", date(2024, 1, 8)))
        for n in range(4)
    ]

    groups = on_one_axis(cut(read(a_text(*rows), "W").series, date(2024, 1, 25), "W"), "W")

    assert [[past.name for past in group] for group in groups] == [["A", "C"], ["B"]]
    assert [len(past.values) for group in groups for past in group] == [4, 3, 3]


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(-40, 40))
def test_steps_lead_forth_and_back(day: date, count: int) -> None:
    for freq in ("D", "W", "M", "Q"):
        step = step_of(day, freq)

        there = moved(step, count, freq)

        assert moved(there, -count, freq) == step
        assert step_of(there, freq) == there


def sees_the_future(cutting: Callable[[Sequence[Series], date, Freq], list[Past]]) -> bool:
    told = np.arange(1.0, 31)
    seen = set()
    for future in (told, np.where(told > 20, np.nan, told), np.where(told > 20, told * 10, told)):
        series = read(a_text(*days(future.tolist())), "D").series
        (past,) = cutting(series, MONDAY + timedelta(days=19), "D")
        seen.add((past.first, past.values.tobytes()))
    return len(seen) > 1


def test_nothing_after_the_cut_off_is_seen_and_a_leaking_twin_is_caught() -> None:
    def leaking(series: Sequence[Series], cutoff: date, freq: Freq) -> list[Past]:
        return cut(
            [replace(s, values=s.values / np.nanmax(s.values)) for s in series], cutoff, freq
        )

    assert not sees_the_future(cut)
    assert sees_the_future(leaking)


def test_events_become_changes() -> None:
    text = a_text(
        *("A,2024-03-01,2024-04-01,0.7", "B,2024-03-01,,1.2"), header="unique_id,begins,ends,ratio"
    )

    told = changes(text)

    assert told == [
        ("A", date(2024, 3, 1), date(2024, 4, 1), 0.7),
        ("B", date(2024, 3, 1), None, 1.2),
    ]


def test_events_that_cannot_be_are_refused_all_at_once() -> None:
    rows = ["A,2024-03-01,2024-03-01,0.7", "A,soon,later,0", ",2024-03-01,,"]

    with pytest.raises(Invalid) as refusal:
        changes(a_text(*rows, header="unique_id,begins,ends,ratio"))

    assert [(fault.row, fault.column) for fault in refusal.value.faults] == [
        *((2, "ends"), (3, "begins"), (3, "ends"), (3, "ratio")),
        *((4, "unique_id"), (4, "ratio")),
    ]


def test_a_cap_plan_holds_from_its_day_on_and_the_last_known_cap_before() -> None:
    plan = cap_plan(a_text("A,2024-01-05,8", "A,2024-01-03,9", header="unique_id,ds,cap"))

    caps = caps_ahead(10, plan["A"], [date(2024, 1, day) for day in range(2, 7)])

    assert caps.tolist() == [10, 9, 9, 8, 8]


@pytest.mark.parametrize(
    ("row", "column"),
    [("A,2024-01-05,", "cap"), ("A,2024-01-03,8", "cap"), ("A,2024,8", "ds")],
)
def test_a_cap_plan_without_a_number_or_with_two_is_refused(row: str, column: str) -> None:
    with pytest.raises(Invalid) as refusal:
        cap_plan(a_text("A,2024-01-03,9", row, header="unique_id,ds,cap"))

    assert [(fault.row, fault.column) for fault in refusal.value.faults] == [(3, column)]


def test_a_midnight_of_summer_in_utc_is_the_day_that_begins_then_and_is_noted() -> None:
    lines = ["unique_id,ds,y\n", "a,2021-03-27 00:00:00,1\n", "a,2021-03-28 23:00:00,2\n"]

    told = read(lines, "D")

    assert told.last == date(2021, 3, 29)
    assert told.notes == ["1 days are written as 23:00: the midnight that ends it."]
    np.testing.assert_array_equal(told.series[0].values, [1, np.nan, 2])
