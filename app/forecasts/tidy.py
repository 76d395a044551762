"""Tidy figures (`unique_id, ds, y [, cap]`) as series on a regular axis, up to any cut-off."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from app.forecasts import calendar
from app.forecasts.engine.asked import Floats, Freq, Past
from app.forecasts.rows import (
    Days,
    Faults,
    Numbers,
    Readers,
    Text,
    Wrong,
    name_of,
    opened,
    taken,
)

Integers = NDArray[np.int64]
NEEDED = ("unique_id", "ds", "y")
CAP = "cap"
EPOCH = date(1970, 1, 1).toordinal()
MONTHS: Mapping[Freq, int] = {"M": 1, "Q": 3}
LONG = {"D": "day", "W": "week", "M": "month", "Q": "quarter"}
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Figures of one name: `values` float64[n] from `first` on, NaN not observed.

    `cap` float64[n] is what there was place for, NaN unknown; None if the file has no such column.
    `told` int64[n] is the ordinal of the day that stood in the file, for months and quarters only:
    they may be told by any of their days, and are not known before it.
    """

    name: str
    first: date
    values: Floats
    cap: Floats | None = None
    told: Integers | None = None

    @property
    def begins(self) -> date:
        """The day of its first row."""
        return self.first if self.told is None else date.fromordinal(int(self.told[0]))


@dataclass(frozen=True, slots=True, eq=False)
class Tidy:
    """A whole file: its series by name, its last day, and what was let pass in it."""

    series: Sequence[Series]
    last: date
    has_cap: bool
    notes: Sequence[str] = ()


@dataclass(slots=True)
class Rows:
    """What a file tells of one series, in its order: 28 bytes a row."""

    days: "array[int]" = field(default_factory=lambda: array("i"))
    values: "array[float]" = field(default_factory=lambda: array("d"))
    caps: "array[float]" = field(default_factory=lambda: array("d"))
    lines: "array[int]" = field(default_factory=lambda: array("q"))


def read(lines: Iterable[str], freq: Freq, file: str = "The file") -> Tidy:
    """The series of a CSV text, ordered by name; `Invalid` with all that is wrong, by row.

    Comma or semicolon between the cells, as the header shows; with semicolons decimals may have a
    comma. Empty, NA and NaN are not observed. The same row twice counts once. A day of a month or
    a quarter stands for the whole of it; a week keeps the weekday that its series has most. The
    order of the rows makes no difference. A day written as 23:00 is the one that begins an hour
    later, and the notes say so.
    """
    faults = Faults(file)
    text = opened(lines, NEEDED, faults, also=[CAP])
    has_cap = CAP in text.columns
    days = Days()
    told = gathered(text, days, faults)
    if not told and not faults.count:
        faults.add("no-rows", "There is no row under the header. Add figures.", 2)
    doubles = 0
    series = []
    for name in sorted(told):
        once, double = each_once(told.pop(name), faults)
        doubles += double
        series.append(regular(name, once, freq, has_cap, faults))
    if faults.count:
        faults.refuse()
    last = max(last_day(each, freq) for each in series)
    notes = []
    if doubles:
        notes.append(f"{doubles:,} rows stand twice with the same figures; each counts once.")
    if days.late:
        notes.append(f"{len(days.late):,} days are written as 23:00: the midnight that ends it.")
    return Tidy(series, last, has_cap, notes)


def gathered(text: Text, days: Days, faults: Faults) -> dict[str, Rows]:
    numbers = Numbers(text.comma)
    figure = numbers.__getitem__
    every: Readers = {"unique_id": name_of, "ds": days.__getitem__, "y": figure, CAP: figure}
    readers = {column: every[column] for column in text.columns}
    found: dict[str, Rows] = {}
    for line, cells in text.rows:
        name, ds, y, *cap = cells
        try:
            day, value = days[ds], numbers[y]
            room = numbers[cap[0]] if cap else np.nan
            of = found.get(name)
            if of is None:
                of = found[name_of(name)] = Rows()
        except Wrong:
            taken(cells, readers, line, faults)  # all that is wrong in the row
            continue
        of.days.append(day)
        of.values.append(value)
        of.caps.append(room)
        of.lines.append(line)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Once:
    """The rows of a series by day, each day once: int64[n], float64[n], float64[n], int64[n]."""

    days: Integers
    values: Floats
    caps: Floats
    lines: Integers


def each_once(told: Rows, faults: Faults) -> tuple[Once, int]:
    """And how many rows say again what another said."""
    days = np.array(told.days, np.int64)
    order = np.argsort(days, kind="stable")
    days = days[order]
    values, caps = np.array(told.values)[order], np.array(told.caps)[order]
    lines = np.array(told.lines, np.int64)[order]
    again = np.append(False, days[1:] == days[:-1])
    double = 0
    for n in np.flatnonzero(again):
        column = next((c for c, v in (("y", values), (CAP, caps)) if differ(v[n - 1], v[n])), None)
        double += column is None
        if column:
            way_out = f"Row {lines[n - 1]} has another figure of this unique_id and ds. Keep one."
            faults.add("told-twice", way_out, int(lines[n]), column)
    return Once(days[~again], values[~again], caps[~again], lines[~again]), double


def differ(one: float, other: float) -> bool:
    return not (one == other or (np.isnan(one) and np.isnan(other)))


def regular(name: str, once: Once, freq: Freq, has_cap: bool, faults: Faults) -> Series:
    """On a regular axis from the first row to the last, NaN where there is none."""
    steps = numbered(once.days, freq)
    for line, detail in misfits(once, steps, freq):
        faults.add("not-the-frequency", detail, line, "ds")
    places = steps - steps[0]
    axis = np.full(places[-1] + 1, np.nan)
    values, cap = axis.copy(), axis
    values[places], cap[places] = once.values, once.caps
    told = None
    if freq in MONTHS:
        told = np.full(len(axis), NEVER)
        told[places] = once.days
    first = step_of(date.fromordinal(int(once.days[0])), freq)
    return Series(name, first, values, cap if has_cap else None, told)


def numbered(days: Integers, freq: Freq) -> Integers:
    """The number of the step in which each day (an ordinal) lies, counted from some step on."""
    if freq == "D":
        return days
    if freq == "W":
        weeks: Integers = (days - days[0]) // 7
        return weeks
    months = (days - EPOCH).astype("datetime64[D]").astype("datetime64[M]")
    found: Integers = months.astype(np.int64) // MONTHS[freq]
    return found


def misfits(once: Once, steps: Integers, freq: Freq) -> Iterator[tuple[int, str]]:
    """The rows whose day does not fit the frequency, and the way out."""
    if freq == "W":
        usual = np.bincount(once.days % 7).argmax()
        for n in np.flatnonzero(once.days % 7 != usual):
            yield (
                int(once.lines[n]),
                "This is another weekday than this series has most. Give each week of a series "
                "by the same weekday, or use --freq D.",
            )
    if freq in MONTHS:
        for n in np.flatnonzero(steps[1:] == steps[:-1]) + 1:
            row = min(once.lines[n - 1], once.lines[n])
            yield (
                int(max(once.lines[n - 1], once.lines[n])),
                f"Row {row} lies in the same {LONG[freq]}, and a {LONG[freq]} has one figure. "
                "Add them up or keep one, or choose another --freq.",
            )


def step_of(day: date, freq: Freq) -> date:
    """The first day of the step in which a day lies; a week begins on the day itself."""
    if freq not in MONTHS:
        return day
    months = MONTHS[freq]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def moved(step: date, count: int, freq: Freq) -> date:
    """The first day of the step `count` steps later (earlier if negative)."""
    if freq in MONTHS:
        return calendar.months_after(step, count * MONTHS[freq])
    return step + timedelta(days=count * (7 if freq == "W" else 1))


def steps_between(first: date, until: date, freq: Freq) -> int:
    """How many steps the one that `until` lies in is after the one that begins on `first`."""
    if freq in MONTHS:
        months = 12 * (until.year - first.year) + until.month - first.month
        return months // MONTHS[freq]
    return (until - first).days // (7 if freq == "W" else 1)


def last_day(series: Series, freq: Freq) -> date:
    """The day of its last row."""
    if series.told is not None:
        return date.fromordinal(int(series.told[-1]))
    return moved(series.first, len(series.values) - 1, freq)


def cut(series: Sequence[Series], cutoff: date, freq: Freq) -> list[Past]:
    """The past of each series as it was told at the end of a day, and nothing that came after.

    All end with the step in which the cut-off lies (a week: the last one that began by then),
    with NaN where a series fell silent before. A series whose first row is later is left out.
    """
    return [
        Past(each.name, each.first, known(each, each.values, cutoff, freq))
        for each in series
        if each.begins <= cutoff
    ]


def last_cap(series: Series, cutoff: date, freq: Freq) -> float:
    """The last cap that was known at the end of a day; NaN if none was."""
    if series.cap is None or series.begins > cutoff:
        return float("nan")
    caps = known(series, series.cap, cutoff, freq)
    seen = caps[np.isfinite(caps)]
    return float(seen[-1]) if seen.size else float("nan")


def known(series: Series, figures: Floats, cutoff: date, freq: Freq) -> Floats:
    """A copy, so that not even the memory of what came after can be reached through it."""
    found = np.full(steps_between(series.first, cutoff, freq) + 1, np.nan)
    count = min(len(found), len(figures))
    found[:count] = figures[:count]
    if series.told is not None:
        found[:count][series.told[:count] > cutoff.toordinal()] = np.nan
    return found


def on_one_axis(pasts: Sequence[Past], freq: Freq) -> list[list[Past]]:
    """The pasts in groups that end on the same day: those of weeks by their weekday."""
    if freq != "W":
        return [list(pasts)]
    weekdays = sorted({past.first.weekday() for past in pasts})
    return [[past for past in pasts if past.first.weekday() == day] for day in weekdays]
