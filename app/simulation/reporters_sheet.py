"""What a reporter would tell if nothing went wrong: a row for each moment, a column a figure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.simulation.kinds import Kind
from app.simulation.reporters_clock import (
    Moments,
    Schedule,
    at_local,
    days_between,
    local_days,
)
from app.simulation.staff import Shifts
from app.simulation.truth import Truth

PLANS = frozenset({"expectedDischarges", "plannedAdmissions"})
# Told by urgency or destination where that can be; all else as one number.
SPLIT = frozenset({"waiting", "medicallyReady"})
ROSTERED_AHEAD_DAYS = 35
# Local minutes: a roster is told at noon, who really worked at nine the day after.
ROSTER_AT, WORKED_AT = 12 * 60, 9 * 60
ROSTER, WORKED = ("required", "rostered"), ("worked", "workedTemporary", "absent")
COLUMNS = {"workedTemporary": "worked_temporary"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """`moments` int64[n]; `starts` and `lengths` (seconds, 0 is a stock) int64[n, k]; `values`
    float64[n, k], NaN is unknown; `told` bool[n, k], what the message holds. One `kinds` a column.
    """

    name: str
    kinds: tuple[Kind, ...]
    moments: Moments
    starts: Moments
    lengths: Moments
    values: NDArray[np.float64]
    told: NDArray[np.bool_]

    def rows(self, which: NDArray[np.bool_]) -> "Sheet":
        return replace(
            self,
            moments=self.moments[which],
            starts=self.starts[which],
            lengths=self.lengths[which],
            values=self.values[which],
            told=self.told[which],
        )

    @property
    def stocks(self) -> NDArray[np.bool_]:
        """Which columns are counted at a moment, bool[k]: of every row alike."""
        return np.asarray((self.lengths == 0).all(axis=0))


# Since, until, and from when an interval is told in full.
Times = tuple[int, int, int]
Column = tuple[Kind, Moments, Moments, NDArray[np.float64], NDArray[np.bool_]]


def sheet(name: str, moments: Moments, columns: Sequence[Column]) -> Sheet:
    kinds = tuple(kind for kind, *_ in columns)
    shape = (len(moments), len(columns))
    starts, lengths = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    values, told = np.zeros(shape), np.zeros(shape, bool)
    for k, (_, start, length, value, said) in enumerate(columns):
        starts[:, k], lengths[:, k], values[:, k], told[:, k] = start, length, value, said
    return Sheet(name, kinds, moments, starts, lengths, np.rint(values), told)


def one_way(kinds: Sequence[Kind]) -> list[Kind]:
    """Of a total and its parts only the one or the others, since together they are told twice."""
    wholes = {kind for kind in kinds if kind == whole(kind)}
    by_part = {whole(kind) for kind in kinds if kind.measure in SPLIT and parts(kind) == 1}
    return [
        kind
        for kind in kinds
        if (parts(kind) == 1 if whole(kind) in by_part else kind in wholes)
        or whole(kind) not in wholes | by_part
    ]


def whole(kind: Kind) -> Kind:
    return replace(kind, urgency="", destination="", profile="", age_band="")


def parts(kind: Kind) -> int:
    """By how many words a figure is less than the whole."""
    return sum(map(bool, (kind.urgency, kind.destination, kind.profile, kind.age_band)))


def figures(
    truth: Truth,
    place: str,
    stocks: Sequence[Kind],
    plans: Sequence[Kind],
    schedule: Schedule,
    times: Times,
) -> Sheet:
    """The stocks at each moment, and what is expected of today and tomorrow in the morning."""
    moments, _ = schedule.moments(*times)
    every = np.ones(len(moments), bool)
    none = np.zeros(len(moments), np.int64)
    told: list[Column] = [
        (kind, moments, none, truth.at(place, kind, moments), every) for kind in stocks
    ]
    if plans:
        days = local_days(moments)
        morning = moments == at_local(days, schedule.morning)
        for kind in plans:
            told += [planned(truth, place, kind, moments, days + n, morning) for n in (0, 1)]
    return sheet("figures", moments, told)


def planned(
    truth: Truth,
    place: str,
    kind: Kind,
    moments: Moments,
    days: Moments,
    morning: NDArray[np.bool_],
) -> Column:
    """A local day lasts 23 or 25 hours when the clock changes."""
    starts, ends = at_local(days, 0), at_local(days + 1, 0)
    values = np.zeros(len(moments))
    values[morning] = truth.planned(place, kind, moments[morning], starts[morning], ends[morning])
    return kind, starts, ends - starts, values, morning


def flows(
    truth: Truth, place: str, kinds: Sequence[Kind], schedule: Schedule, times: Times
) -> Sheet:
    """What happened since the moment before, which is never told twice over."""
    moments, before = schedule.moments(*times)
    known = before >= truth.begin
    moments, before = moments[known], before[known]
    every = np.ones(len(moments), bool)
    columns: list[Column] = [
        (kind, before, moments - before, truth.over(place, kind, before, moments), every)
        for kind in kinds
    ]
    return sheet("flows", moments, columns)


def together(one: Sheet, other: Sheet) -> Sheet:
    """Two sheets as one message; `other` lacks the first moments at most."""
    if not other.kinds:
        return one
    rows = np.searchsorted(one.moments, other.moments)
    shape = (len(one.moments), len(other.kinds))
    wide = {
        name: np.zeros(shape, getattr(other, name).dtype)
        for name in ("starts", "lengths", "values", "told")
    }
    for name, column in wide.items():
        column[rows] = getattr(other, name)
    # What is not told still needs the form of a period.
    wide["lengths"][wide["lengths"] == 0] = 1
    return Sheet(
        one.name,
        (*one.kinds, *other.kinds),
        one.moments,
        np.hstack([one.starts, wide["starts"]]),
        np.hstack([one.lengths, wide["lengths"]]),
        np.hstack([one.values, wide["values"]]),
        np.hstack([one.told, wide["told"]]),
    )


def rosters(truth: Truth, place: str, since: int, until: int) -> list[Sheet]:
    """The roster five weeks ahead, and the day after who worked; a row for each local day."""
    return [
        of_days(truth, place, name, measures, minute, ahead, since, until)
        for name, measures, minute, ahead in (
            ("roster", ROSTER, ROSTER_AT, ROSTERED_AHEAD_DAYS),
            ("worked", WORKED, WORKED_AT, -1),
        )
    ]


def of_days(
    truth: Truth,
    place: str,
    name: str,
    measures: Sequence[str],
    minute: int,
    ahead: int,
    since: int,
    until: int,
) -> Sheet:
    days = days_between(max(since, truth.begin), max(until, truth.begin))
    moments = at_local(days, minute)
    here = (moments >= max(since, truth.begin)) & (moments < until)
    moments, days = moments[here], days[here] + ahead
    if not len(days):
        return sheet(name, moments, [])
    begin, end = at_local(np.array([days[0], days[-1] + 1]), 0).tolist()
    shifts = truth.shifts(place, begin, end)
    return sheet(name, moments, of_shifts(shifts, measures, days))


def of_shifts(shifts: Shifts, measures: Sequence[str], days: Moments) -> list[Column]:
    found: list[Column] = []
    day = local_days(shifts.start)
    for r, s in sorted(set(zip(shifts.role.tolist(), shifts.shift.tolist(), strict=True))):
        mine = np.flatnonzero((shifts.role == r) & (shifts.shift == s))
        at = np.searchsorted(day[mine], days)
        rows = mine[np.minimum(at, len(mine) - 1)]
        there = day[rows] == days
        length = np.where(there, shifts.end[rows] - shifts.start[rows], 1)
        for measure in measures:
            heads = getattr(shifts, COLUMNS.get(measure, measure))[rows]
            kind = Kind(measure, role=shifts.roles[r], shift=shifts.names[s])
            found.append(
                (kind, shifts.start[rows], length, heads.astype(float), there & (heads >= 0))
            )
    return found
