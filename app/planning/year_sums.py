"""Tidy figures of any frequency as sums or means of whole calendar years, up to a cut-off."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.forecasts.rows import Days, Faults, Numbers, name_of, opened, taken

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Kind = Literal["flow", "stock"]
Step = Literal["D", "W", "M", "Q", "Y"]
MONTHS: Mapping[Step, int] = {"M": 1, "Q": 3, "Y": 12}
# The usual days between two rows, and what a step of so many is.
STEPS: Sequence[tuple[int, Step]] = ((1, "D"), (10, "W"), (45, "M"), (135, "Q"), (10_000, "Y"))


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """The rows of one series by day: ordinals int64[n] that rise, figures float64[n], NaN unknown.

    `ages` is the text of its age column, None if the file has none.
    """

    name: str
    days: Integers
    values: Floats
    ages: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Years:
    """Whole years of one series: int64[n] that rise, and their sums or means float64[n]."""

    years: Integers
    values: Floats
    left_out: tuple[int, ...]


def read(lines: Iterable[str], file: str = "The file", ages: str | None = None) -> list[Told]:
    """Series by name of `unique_id, ds, y` and, if asked, a column of ages; `Invalid` by row."""
    faults = Faults(file)
    needed = ("unique_id", "ds", "y", *([ages] if ages else []))
    text = opened(lines, needed, faults)
    days, numbers = Days(), Numbers(text.comma)
    readers = {"unique_id": name_of, "ds": days.__getitem__, "y": numbers.__getitem__}
    if ages:
        readers[ages] = str.strip
    rows: dict[str, dict[int, tuple[float, int]]] = {}
    of_ages: dict[str, str] = {}
    for line, cells in text.rows:
        found = taken(cells, readers, line, faults)
        if found is None:
            continue
        name, day, y, *aged = found
        told = rows.setdefault(name, {})
        before = told.setdefault(day, (y, line))
        if before[1] != line and not (before[0] == y or (np.isnan(before[0]) and np.isnan(y))):
            way_out = f"Row {before[1]} has another figure of this unique_id and ds. Keep one."
            faults.add("told-twice", way_out, line, "y")
        if aged and of_ages.setdefault(name, aged[0]) != aged[0]:
            way_out = f"This series has other ages before ({of_ages[name]}). Keep to one."
            faults.add("ages-differ", way_out, line, ages)
    if not rows and not faults.count:
        faults.add("no-rows", "There is no row under the header. Add figures.", 2)
    if faults.count:
        faults.refuse()
    series = []
    for name, of in sorted(rows.items()):
        ordered = sorted(of)
        values = np.array([of[day][0] for day in ordered])
        series.append(Told(name, np.array(ordered, np.int64), values, of_ages.get(name)))
    return series


def cut(told: Told, cutoff: date) -> Told:
    """Its rows up to a day, and nothing that came after."""
    seen = told.days <= cutoff.toordinal()
    return Told(told.name, told.days[seen], told.values[seen], told.ages)


def step_of(days: Integers) -> Step:
    """How long a step is, by the usual distance between rows; one row alone is a year."""
    if len(days) < 2:
        return "Y"
    usual = int(np.median(np.diff(days)))
    return next(step for most, step in STEPS if usual <= most)


def whole_years(told: Told, kind: Kind) -> Years:
    """Sums (flow) or means over days (stock) of the calendar years that are told to the end.

    A month, quarter or year is the one in which its day lies. A week begins on its day, and is
    divided over two years by their days; the days at either end of a year that lie in no told week,
    fewer than seven, count as the mean of that year: many files leave out the week of New Year.
    """
    step = step_of(told.days)
    known = np.isfinite(told.values)
    begins, ends = spans(told.days[known], step)
    values = told.values[known]
    seen = sorted({d.year for n in told.days for d in (date.fromordinal(int(n)),)})
    if not len(begins):
        return Years(np.array([], np.int64), np.array([]), tuple(seen))
    years, sums, left_out = [], [], []
    for year in range(seen[0], date.fromordinal(int(ends.max()) - 1).year + 1):
        first, after = date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
        inside = np.minimum(ends, after) - np.maximum(begins, first)
        within = inside > 0
        if not whole(begins[within], ends[within], first, after, step):
            if year in seen:
                left_out.append(year)
            continue
        share = inside[within] / (ends - begins)[within]
        if kind == "flow":
            total = float((values[within] * share).sum()) * (after - first) / inside[within].sum()
        else:
            total = float((values[within] * inside[within]).sum() / inside[within].sum())
        years.append(year)
        sums.append(total)
    return Years(np.array(years, np.int64), np.array(sums), tuple(left_out))


def spans(days: Integers, step: Step) -> tuple[Integers, Integers]:
    """The first day of each step, and the one after its last."""
    if step not in MONTHS:
        return days, days + (7 if step == "W" else 1)
    length = MONTHS[step]
    begins, ends = [], []
    for ordinal in days.tolist():
        day = date.fromordinal(ordinal)
        month = (day.month - 1) // length * length + 1
        begins.append(date(day.year, month, 1).toordinal())
        later = month + length
        ends.append(date(day.year + (later > 12), (later - 1) % 12 + 1, 1).toordinal())
    return np.array(begins, np.int64), np.array(ends, np.int64)


def whole(begins: Integers, ends: Integers, first: int, after: int, step: Step) -> bool:
    """Whether a year is told to the end, each step once."""
    if not len(begins):
        return False
    follow = bool((begins[1:] == ends[:-1]).all())
    play = 6 if step == "W" else 0
    return follow and begins[0] <= first + play and ends[-1] >= after - play


def first_ahead(years: Iterable[Years], cutoff: date) -> int:
    """The first year that is forecast: the one that is not over, or not told to the end by all."""
    if (cutoff + timedelta(days=1)).year > cutoff.year:
        return cutoff.year + 1
    told = any(cutoff.year in each.years for each in years)
    return cutoff.year + 1 if told else cutoff.year


def last_day(series: Iterable[Told]) -> date:
    """The end of the last step that any of them tells."""
    ends = []
    for each in series:
        known = each.days[np.isfinite(each.values)]
        if len(known):
            ends.append(int(spans(known[-1:], step_of(each.days))[1][0]) - 1)
    return date.fromordinal(max(ends)) if ends else date.max
