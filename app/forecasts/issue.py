"""What a run says of one series: steps, supply, gap, age, skill, reasons; or why it cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.forecasts import calendar, gap
from app.forecasts.baseline import FEWEST_DAYS, FEWEST_MONTHS, QUANTILES, YEAR
from app.forecasts.calendar import CENSUS
from app.forecasts.demand import last_told
from app.forecasts.engine.asked import Change, Outlook, Skill
from app.forecasts.runs import Issued, Kind, Step, SubjectKind
from app.forecasts.series import Daily
from app.wire import instant

Floats = NDArray[np.float64]
DAYS, MONTHS_AHEAD = 98, 18
# Supply is planned for so many days: 18 months from the running one, and what is left of it.
SUPPLY_DAYS = 620
# What is older than this can be told by an import only (data-model.md), so that nothing is to be
# expected of a series that has been silent for longer.
SILENT = timedelta(days=14)
STALE = timedelta(hours=48)  # forecasting.md, "Engine"


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is to be forecast. `supply` float64[620] by day from `start`; None: does not apply."""

    org_id: int
    subject_kind: SubjectKind
    subject: str
    kind: Kind
    at: datetime
    demand: Daily | None
    supply: Floats | None
    start: date
    census: time = CENSUS
    changes: Sequence[Change] = ()
    # Of what is made from several units: whose figures it holds, and why others are not in it.
    members: Sequence[str] = ()
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def made_of(self) -> dict[str, Any]:
        """Whose it is, as a total tells it."""
        if not self.members and not self.missing:
            return {}
        missing = [{"unit": unit, "reason": why} for unit, why in sorted(self.missing.items())]
        return {"members": list(self.members), "missing": missing}

    @property
    def name(self) -> str:
        return name_of(self.subject, self.kind)


def name_of(subject: str, kind: Kind) -> str:
    """Of one series, among all of a run; in the order of the subjects."""
    return " ".join((subject, *kind))


class Told(NamedTuple):
    """When a series was last told, and how long ago that was at the issue."""

    last: date
    age: timedelta

    @property
    def grade(self) -> str:
        return "stale" if self.age > STALE else "fresh"

    @property
    def widening(self) -> float:
        """How much wider the band of a naive is for input of this age: sqrt(1 + days / 7).

        The error of a seasonal naive grows with the square root of the weeks (Hyndman &
        Athanasopoulos 2021, table 5.2). It sees the missing days too; that both count is on the
        safe side.
        """
        return float(np.sqrt(1 + self.age / timedelta(days=7)))


class Why(NamedTuple):
    """Why there is no forecast."""

    code: str
    detail: str


class Ahead(NamedTuple):
    """The first moments of the steps, how long each lasts, and the supply of each.

    `whole`: its values are whole counts, not means.
    """

    starts: Sequence[datetime]
    seconds: Sequence[int]
    supply: Floats
    whole: bool


def standing(question: Question) -> Told | Why:
    """Whether anything can be expected of a series, of days."""
    demand = question.demand
    last = last_told(demand) if demand is not None else None
    if demand is None or last is None:
        return Why("nothing-told", "Nothing was told of this in the time that was looked at.")
    age = question.at - calendar.moment(last, question.census)
    if age > SILENT:
        return Why("silent", f"Nothing was told since {last}; older than 14 days is not forecast.")
    seen = int(demand.observed[-YEAR:].sum())
    if seen < FEWEST_DAYS:
        detail = f"{seen} of the last {YEAR} days were observed; a forecast needs {FEWEST_DAYS}."
        return Why("too-short", detail)
    return Told(last, age)


def months_too_short(values: Floats) -> Why | None:
    """Whether the months float64[n] of a series suffice."""
    seen = int(np.isfinite(values[-24:]).sum())
    if seen >= FEWEST_MONTHS:
        return None
    detail = f"{seen} of the last 24 months were observed; a forecast needs {FEWEST_MONTHS}."
    return Why("too-short", detail)


def days_ahead(question: Question, first: date, count: int = DAYS) -> Ahead:
    days = calendar.days_from(first, count + 1)
    supply = supply_on(question, days[:-1], 1)
    return ahead_of([calendar.day_start(day) for day in days], supply, whole=True)


def months_ahead(question: Question, first: date, count: int = MONTHS_AHEAD) -> Ahead:
    months = calendar.months_from(first, count + 1)
    found = [supply_on(question, [month], calendar.days_in(month)) for month in months[:-1]]
    bounds = [calendar.day_start(month) for month in months]
    return ahead_of(bounds, np.concatenate(found), whole=False)


def supply_on(question: Question, starts: Sequence[date], days: int) -> Floats:
    """The mean supply over `days` days from each start; days before today are not counted."""
    if question.supply is None:
        return np.full(len(starts), np.nan)
    found = []
    for start in starts:
        first = (start - question.start).days
        within = question.supply[max(first, 0) : max(first + days, 1)]
        found.append(within.mean())
    return np.array(found)


def ahead_of(bounds: Sequence[datetime], supply: Floats, *, whole: bool) -> Ahead:
    seconds = [int((after - at).total_seconds()) for at, after in pairwise(bounds)]
    return Ahead(bounds[:-1], seconds, supply, whole)


def known(
    question: Question,
    ahead: Ahead,
    quantiles: Floats,
    detail: Mapping[str, Any],
    need: Floats | None = None,
) -> Issued:
    """With the gap to the supply of each step, and the step that is the worst.

    `need` float64[h, q] is what the supply is held against, where that is more than is told.
    """
    against = quantiles if need is None else need
    found = gap.against_plan(against, ahead.supply, QUANTILES, whole=ahead.whole)
    worst = None if found.worst is None else instant(ahead.starts[found.worst])
    supply = "notApplicable" if question.supply is None else "known"
    return Issued(
        question.org_id,
        question.subject_kind,
        question.subject,
        question.kind,
        "known",
        {**question.made_of, "supply": supply, "sources": [], **detail, "worst": worst},
        steps(ahead, quantiles, found.short, need),
    )


def widened(quantiles: Floats, factor: Floats | float) -> Floats:
    """The band float64[h, q], `factor` times as wide about its median; floored at 0."""
    middle = quantiles[:, [QUANTILES.index(0.5)]]
    wider: Floats = np.maximum(middle + factor * (quantiles - middle), 0.0)
    return wider


def steps(ahead: Ahead, quantiles: Floats, short: Floats, need: Floats | None = None) -> list[Step]:
    told = [bool(np.isfinite(row).all()) for row in quantiles]
    return [
        Step(
            start,
            seconds,
            quantiles[row].tolist() if told[row] else [],
            number(ahead.supply[row]),
            number(short[row]),
            need=[] if need is None else need[row].tolist(),
        )
        for row, (start, seconds) in enumerate(zip(ahead.starts, ahead.seconds, strict=True))
    ]


def unknown(question: Question, why: Why, detail: Mapping[str, Any] | None = None) -> Issued:
    return Issued(
        question.org_id,
        question.subject_kind,
        question.subject,
        question.kind,
        "unknown",
        {**question.made_of, **(detail or {}), "reason": why._asdict()},
    )


def detail_of(told: Told, observed: int, outlook: Outlook) -> dict[str, Any]:
    """What is said of a forecast beside its numbers."""
    return {
        "grade": told.grade,
        "lastTold": told.last.isoformat(),
        "observed": observed,
        "served": outlook.grade,
        "servedBecause": outlook.reason,
        "skill": skill_of(outlook.skill),
        "parts": {
            name: [round(float(value), 3) for value in values]
            for name, values in outlook.parts.items()
        },
    }


def skill_of(skill: Skill | None) -> dict[str, Any] | None:
    if skill is None:
        return None
    told = {"relCrps": skill.rel_crps, "c80": skill.c80, "c95": skill.c95}
    rounded = {name: round(value, 3) if isfinite(value) else None for name, value in told.items()}
    counts = {"points": skill.points, "origins": skill.origins, "steps": skill.steps}
    return {**rounded, **counts}


def number(value: float) -> float | None:
    """None for NaN: unknown."""
    return float(value) if isfinite(value) else None
