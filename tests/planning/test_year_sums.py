"""Calendar years from figures of any frequency: whole ones only, and nothing after a cut-off."""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pytest

from app.errors import Invalid
from app.planning.year_sums import (
    Kind,
    Told,
    Years,
    cut,
    first_ahead,
    last_day,
    read,
    step_of,
    whole_years,
)


def days(first: date, last: date, every: int = 1) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += timedelta(days=every)


def months(first: int, last: int, every: int = 1) -> Iterator[date]:
    for month in range(12 * first, 12 * last, every):
        yield date(month // 12, month % 12 + 1, 1)


def told(at: Iterator[date], value: float = 1.0) -> Told:
    ordinals = np.array([day.toordinal() for day in at], np.int64)
    return Told("x", ordinals, np.full(len(ordinals), value))


def found(series: Told, kind: Kind = "flow") -> tuple[list[int], list[float], tuple[int, ...]]:
    years = whole_years(series, kind)
    return years.years.tolist(), years.values.round(6).tolist(), years.left_out


@pytest.mark.parametrize(
    ("series", "step", "sums"),
    [
        (told(days(date(2023, 1, 1), date(2024, 12, 31))), "D", [365, 366]),
        (told(months(2023, 2025)), "M", [12, 12]),
        (told(months(2023, 2025, 3)), "Q", [4, 4]),
        (told(months(2023, 2025, 12)), "Y", [1, 1]),
    ],
)
def test_a_flow_adds_up_to_its_calendar_years(series: Told, step: str, sums: list[float]) -> None:
    assert step_of(series.days) == step
    assert found(series) == ([2023, 2024], sums, ())


def test_a_stock_is_averaged_over_days() -> None:
    years, values, _ = found(told(months(2023, 2025), 30.0), "stock")

    assert (years, values) == ([2023, 2024], [30, 30])


def test_weeks_are_divided_over_two_years_by_their_days() -> None:
    series = told(days(date(2018, 12, 31), date(2020, 12, 28), 7), 7.0)  # one a day

    years, values, left_out = found(series)

    assert (years, values) == ([2019, 2020], [365, 366])
    assert left_out == (2018,)


def test_the_week_of_new_year_may_be_missing_and_no_other() -> None:
    every = list(days(date(2018, 1, 1), date(2020, 12, 28), 7))
    new_year = told(iter(day for day in every if day != date(2018, 12, 31)), 7.0)
    summer = told(iter(day for day in every if day != date(2019, 7, 1)), 7.0)

    assert found(new_year) == ([2018, 2019, 2020], [365, 365, 366], ())
    assert found(summer) == ([2018, 2020], [365, 366], (2019,))


def test_a_year_with_an_unknown_step_is_not_used() -> None:
    series = told(months(2022, 2025))
    series.values[14] = np.nan

    assert found(series) == ([2022, 2024], [12, 12], (2023,))


def test_what_comes_after_a_cut_off_is_not_seen() -> None:
    series = told(months(2022, 2025))

    seen = cut(series, date(2024, 11, 30))

    assert found(seen) == ([2022, 2023], [12, 12], (2024,))


def test_the_first_year_ahead_is_the_one_that_is_not_over() -> None:
    ended = Years(np.array([2023]), np.array([1.0]), ())

    assert first_ahead([ended], date(2023, 12, 31)) == 2024
    assert first_ahead([ended], date(2024, 6, 30)) == 2024
    assert first_ahead([ended], date(2023, 12, 1)) == 2024  # the row of December
    assert first_ahead([], date(2023, 12, 1)) == 2023


def test_the_last_day_is_the_end_of_the_last_step() -> None:
    assert last_day([told(months(2022, 2025))]) == date(2024, 12, 31)


def test_figures_that_contradict_and_ages_that_change_are_refused() -> None:
    text = "unique_id,ds,y,ages\na,2020-01-01,1,0-64\na,2020-01-01,2,0-64\na,2021-01-01,1,65+\n"

    with pytest.raises(Invalid) as refused:
        read(text.splitlines(keepends=True), ages="ages")

    assert [(each.row, each.column) for each in refused.value.faults] == [(3, "y"), (4, "ages")]
