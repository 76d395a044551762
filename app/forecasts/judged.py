"""How what was issued did: the steps of a run beside what came true since, and beside the naive."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.forecasts import calendar, scores
from app.forecasts.baseline import QUANTILES
from app.forecasts.demand import Part, total, whole
from app.forecasts.runs import Horizon, Kind
from app.forecasts.series import DAY, Daily, Monthly, monthly

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# What is older can be told by an import only (domain.md section 7): what came true has settled.
SETTLES = timedelta(days=14)
# A window that closed longer ago is not judged any more.
LOOKS_BACK = timedelta(days=366)


class Distance(NamedTuple):
    """How many steps ahead, both included and counted from 1; of days in hours."""

    first: int
    last: int


DISTANCES: Mapping[Horizon, tuple[Distance, ...]] = {
    "days": (Distance(1, 24), Distance(25, 48), Distance(49, 72)),
    "weeks": (Distance(1, 7), Distance(8, 14), Distance(15, 28), Distance(29, 98)),
    "months": (Distance(1, 3), Distance(4, 6), Distance(7, 18)),
}
SEASON: Mapping[Horizon, int] = {"weeks": 7, "months": 12}


@dataclass(frozen=True, slots=True)
class Issue:
    """A stored run, as far as judging it goes."""

    run_id: uuid.UUID
    horizon: Horizon
    issued_at: datetime
    data_cut: datetime
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """A run with the distances that are to be judged now."""

    issue: Issue
    distances: tuple[Distance, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What a run said of one subject and kind, as far as it is judged now.

    Of each step its number from 1, the local day on which it begins, its two moments, and its
    quantiles float64[steps, q]. `members` are those of a total at issue, None for a unit.
    """

    org_id: int
    subject_kind: str
    subject: str
    kind: Kind
    served: str
    members: tuple[str, ...] | None
    numbers: Integers
    days: Sequence[date]
    begin: Sequence[datetime]
    end: Sequence[datetime]
    quantiles: Floats


class Last(NamedTuple):
    """The last step of a window of which it is known what came true."""

    at: datetime
    step: int
    low: float
    median: float
    high: float
    came_true: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """One run, subject and kind over one distance: means over `points` steps, None without any.

    CRPS, bias (median less truth) and mae are in the unit of the figure; `scale` is the mean
    absolute error of the seasonal naive within the past, by which CRPS may be divided to lay
    unlike subjects side by side. `c80` and `c95` are shares 0..1.
    """

    distance: Distance
    begins_at: datetime
    ends_at: datetime
    points: int
    crps: float | None = None
    baseline_crps: float | None = None
    scale: float | None = None
    c80: float | None = None
    c95: float | None = None
    bias: float | None = None
    mae: float | None = None
    last: Last | None = None


def closes(horizon: Horizon, issued_at: datetime, distance: Distance) -> datetime:
    """When the last step of a window has ended: a run begins with the day after the last census;
    one of days at once.

    That of 08:00. A unit that counts earlier may be a step behind, which is then unknown until the
    window is judged again.
    """
    if horizon == "days":
        return issued_at + timedelta(hours=distance.last)
    first = calendar.last_census(issued_at) + DAY
    if horizon == "weeks":
        return calendar.day_start(first + distance.last * DAY)
    return calendar.day_start(calendar.months_after(calendar.month_of(first), distance.last))


def due(issue: Issue, judged: Mapping[int, datetime], moment: datetime) -> Due | None:
    """What of a run is to be judged at this moment; `judged`: first step -> newest data cut.

    A window is judged once it has closed, since a part of it would make the first days of a run
    weigh more than the last; and once more when no more correction is to be expected.
    """
    found = []
    for distance in DISTANCES[issue.horizon]:
        closed = closes(issue.horizon, issue.issued_at, distance)
        seen = judged.get(distance.first)
        if not moment - LOOKS_BACK < closed <= moment:
            continue
        if seen is None or seen < closed + SETTLES <= moment:
            found.append(distance)
    return Due(issue, tuple(found)) if found else None


def one_a_week(issues: Iterable[Issue]) -> list[Issue]:
    """All runs of weeks, of months the first of each week, of days that of each day; oldest first.

    Runs of months that were issued in one week have the same windows and nearly the same past, so
    that the others would add rows and no knowledge; and so it is with those of days of one day.
    """
    seen = set()
    found = []
    for issue in sorted(issues, key=lambda each: each.issued_at):
        day = calendar.local_day(issue.issued_at)
        among = (issue.horizon, day if issue.horizon == "days" else day.isocalendar()[:2])
        if issue.horizon == "weeks" or among not in seen:
            found.append(issue)
        seen.add(among)
    return found


def can_be_judged(probabilities: Sequence[float]) -> bool:
    """Whether the quantiles that the scores rest on are among them."""
    told = {round(p, 4) for p in probabilities}
    return {round(p, 4) for p in QUANTILES} <= told


Wholes = Mapping[tuple[str, Kind], Daily]


def wholes(told: Mapping[tuple[str, Kind], Sequence[Part]]) -> Wholes:
    return {key: whole(parts) for key, parts in told.items()}


def series_of(said: Said, told: Wholes) -> Daily | None:
    """The daily figure of a unit, or the sum over the members at issue; None if one told nothing.

    The same as a forecast is made from: unknown days are NaN, and those of a total are unknown
    unless all its members are known (`demand.total`).
    """
    units = (said.subject,) if said.members is None else said.members
    found = [told[unit, said.kind] for unit in units if (unit, said.kind) in told]
    if not found or len(found) < len(units):
        return None
    return found[0] if said.members is None else total(found)


def judge(due: Due, said: Said, past: Daily | None, truth: Daily | None) -> list[Judgement]:
    """The steps of the due windows beside `truth`, and the seasonal naive of `past` beside it too.

    `past` is what was known at the run's own data cut, `truth` what is known now; both days with
    NaN for unknown, from which months are made as for a forecast. A step counts if what came true,
    the forecast and the naive are all known: what is unknown is never taken as zero.
    """
    issue = due.issue
    came_true = _at(truth, issue.horizon, said.days)
    naive, scale = _naive(past, issue, said.days)
    return compared(due, said, came_true, naive, scale)


def compared(
    due: Due, said: Said, came_true: Floats, naive: Floats, scale: float
) -> list[Judgement]:
    """The steps of the due windows beside what came true, float64[steps], and beside the quantiles
    of a naive, float64[steps, q]; NaN unknown."""
    levels = due.issue.probabilities
    median = said.quantiles[:, _place(levels, 0.5)]
    columns = np.column_stack(
        [
            scores.crps(came_true, said.quantiles, levels),
            scores.crps(came_true, naive, levels),
            scores.covered(came_true, said.quantiles, levels, 0.80),
            scores.covered(came_true, said.quantiles, levels, 0.95),
            median - came_true,
            np.abs(median - came_true),
        ]
    )
    counts = np.isfinite(columns).all(axis=1)
    known = np.isfinite(came_true) & np.isfinite(median)
    found = []
    for distance in due.distances:
        within = (distance.first <= said.numbers) & (said.numbers <= distance.last)
        if not within.any():
            continue
        steps = np.flatnonzero(within)
        counted = columns[within & counts]
        means = counted.mean(axis=0) if len(counted) else None
        found.append(
            Judgement(
                distance,
                said.begin[steps[0]],
                said.end[steps[-1]],
                len(counted),
                **_told(means, scale),
                last=_last(said, levels, came_true, np.flatnonzero(within & known)),
            )
        )
    return found


MEANS = ("crps", "baseline_crps", "c80", "c95", "bias", "mae")


def _told(means: Floats | None, scale: float) -> dict[str, Any]:
    if means is None:
        return {}
    found = {name: float(mean) for name, mean in zip(MEANS, means, strict=True)}
    return {**found, "scale": scale if np.isfinite(scale) else None}


def _last(said: Said, levels: Sequence[float], came_true: Floats, known: Integers) -> Last | None:
    if not known.size:
        return None
    step = int(known[-1])
    low, median, high = (float(said.quantiles[step, _place(levels, p)]) for p in (0.1, 0.5, 0.9))
    return Last(
        said.begin[step], int(said.numbers[step]), low, median, high, float(came_true[step])
    )


def _naive(past: Daily | None, issue: Issue, days: Sequence[date]) -> tuple[Floats, float]:
    """Quantiles float64[steps, q] of the plain seasonal naive, NaN if unknown; and its scale."""
    season = SEASON[issue.horizon]
    unknown = np.full((len(days), len(issue.probabilities)), np.nan)
    known = _steps(past, issue.horizon)
    if known is None or not len(known.values):
        return unknown, float("nan")
    ahead = np.array([_between(known.after, day, issue.horizon) for day in days])
    if ahead.min() < 0:
        return unknown, float("nan")
    quantiles = scores.seasonal_naive(
        known.values, int(ahead.max()) + 1, issue.probabilities, season
    )
    return quantiles[ahead], scores.scale(known.values, season)


def _at(told: Daily | None, horizon: Horizon, days: Sequence[date]) -> Floats:
    """The value of each step, float64[steps], NaN where it is unknown or outside what was told."""
    known = _steps(told, horizon)
    found = np.full(len(days), np.nan)
    if known is None:
        return found
    place = np.array([_between(known.first, day, horizon) for day in days])
    inside = (place >= 0) & (place < len(known.values))
    found[inside] = known.values[place[inside]]
    return found


def _steps(told: Daily | None, horizon: Horizon) -> Daily | Monthly | None:
    return told if told is None or horizon == "weeks" else monthly(told)


def _between(first: date, day: date, horizon: Horizon) -> int:
    """How many steps `day` lies after `first`."""
    if horizon == "weeks":
        return (day - first).days
    return (day.year - first.year) * 12 + day.month - first.month


def _place(levels: Sequence[float], level: float) -> int:
    return int(np.argmin(np.abs(np.asarray(levels) - level)))
