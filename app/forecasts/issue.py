"""From one series to what a run says of it: steps, supply, gap, age, skill; or why it cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.forecasts import calendar, gap, scores
from app.forecasts.baseline import QUANTILES, TooShort, forecast_daily, forecast_monthly
from app.forecasts.calendar import CENSUS
from app.forecasts.demand import last_told
from app.forecasts.runs import Issued, Kind, Step, SubjectKind
from app.forecasts.series import Daily, monthly
from app.wire import instant

Floats = NDArray[np.float64]
MODEL = "seasonal-naive 1"
DAYS, MONTHS_AHEAD = 98, 18
# Supply is planned for so many days: 18 months from the running one, and what is left of it.
SUPPLY_DAYS = 620
# What is older than this can be told by an import only (data-model.md), so that nothing is to be
# expected of a series that has been silent for longer.
SILENT = timedelta(days=14)
STALE = timedelta(hours=48)  # forecasting.md, "Engine"
ORIGINS = 3
EXPLANATION = {
    True: "The mean of the same weekday in the last 1, 2, 4 or 8 weeks, whichever erred least "
    "before; the band is how far that was off at each distance.",
    False: "The mean of the last months, or the same month of the years before, whichever erred "
    "least before; the band is how far that was off at each distance.",
}


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
    detail: Mapping[str, Any] = field(default_factory=dict)


class Course(NamedTuple):
    """How one horizon is forecast, and with which steps and season its skill is judged.

    `whole`: its values are whole counts, not means.
    """

    model: scores.Forecast
    whole: bool
    judged_steps: int
    season: int


WEEKS = Course(forecast_daily, True, 28, 7)
MONTHS = Course(forecast_monthly, False, 6, 12)


class Ahead(NamedTuple):
    """The first moments of the steps, how long each lasts, and the supply of each."""

    starts: Sequence[datetime]
    seconds: Sequence[int]
    supply: Floats


def answers(question: Question) -> tuple[Issued, Issued]:
    """What the runs of weeks (98 days) and months (18) say of one subject and kind."""
    demand = question.demand
    told = last_told(demand) if demand is not None else None
    if demand is None or told is None:
        reason = ("nothing-told", "Nothing was told of this in the time that was looked at.")
        return unknown(question, *reason), unknown(question, *reason)
    age = question.at - calendar.moment(told, question.census)
    if age > SILENT:
        reason = ("silent", f"Nothing was told since {told}; older than 14 days is not forecast.")
        return unknown(question, *reason), unknown(question, *reason)
    months = monthly(demand)
    by_day, by_month = days_ahead(question, demand.after), months_ahead(question, months.after)
    return (
        answer(question, told, age, WEEKS, demand.values, by_day),
        answer(question, told, age, MONTHS, months.values, by_month),
    )


def answer(
    question: Question, told: date, age: timedelta, course: Course, values: Floats, ahead: Ahead
) -> Issued:
    try:
        quantiles = course.model(values, len(ahead.starts), QUANTILES)
    except TooShort as short:
        return unknown(question, "too-short", short.detail)
    if age > STALE:
        quantiles = widened(quantiles, age)
    found = gap.against_plan(quantiles, ahead.supply, QUANTILES, whole=course.whole)
    detail = {
        **question.detail,
        "grade": "stale" if age > STALE else "fresh",
        "lastTold": told.isoformat(),
        "observed": int(np.isfinite(values).sum()),
        "supply": "notApplicable" if question.supply is None else "known",
        "skill": skill(values, course),
        "sources": [],
        "explanation": EXPLANATION[course.whole],
        "worst": None if found.worst is None else instant(ahead.starts[found.worst]),
    }
    return Issued(
        question.org_id,
        question.subject_kind,
        question.subject,
        question.kind,
        "known",
        detail,
        steps(ahead, quantiles, found.short),
    )


def widened(quantiles: Floats, age: timedelta) -> Floats:
    """The band float64[h, q] of input that is `age` old, wider about its median; floored at 0.

    By sqrt(1 + days / 7): the error of a seasonal naive grows with the square root of the weeks
    (Hyndman & Athanasopoulos 2021, table 5.2). The model itself sees the missing days too; that
    both count is on the safe side.
    """
    middle = quantiles[:, [QUANTILES.index(0.5)]]
    factor = np.sqrt(1 + age / timedelta(days=7))
    wider: Floats = np.maximum(middle + factor * (quantiles - middle), 0.0)
    return wider


def steps(ahead: Ahead, quantiles: Floats, short: Floats) -> list[Step]:
    known = [bool(np.isfinite(row).all()) for row in quantiles]
    return [
        Step(
            start,
            seconds,
            quantiles[row].tolist() if known[row] else [],
            number(ahead.supply[row]),
            number(short[row]),
        )
        for row, (start, seconds) in enumerate(zip(ahead.starts, ahead.seconds, strict=True))
    ]


def unknown(question: Question, code: str, detail: str) -> Issued:
    return Issued(
        question.org_id,
        question.subject_kind,
        question.subject,
        question.kind,
        "unknown",
        {**question.detail, "reason": {"code": code, "detail": detail}},
    )


def days_ahead(question: Question, first: date) -> Ahead:
    days = calendar.days_from(first, DAYS + 1)
    return ahead_of([calendar.day_start(day) for day in days], supply_on(question, days[:-1], 1))


def months_ahead(question: Question, first: date) -> Ahead:
    months = calendar.months_from(first, MONTHS_AHEAD + 1)
    found = [supply_on(question, [month], calendar.days_in(month)) for month in months[:-1]]
    return ahead_of([calendar.day_start(month) for month in months], np.concatenate(found))


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


def ahead_of(bounds: Sequence[datetime], supply: Floats) -> Ahead:
    seconds = [int((after - at).total_seconds()) for at, after in pairwise(bounds)]
    return Ahead(bounds[:-1], seconds, supply)


def skill(values: Floats, course: Course) -> dict[str, Any] | None:
    """How far off it was at the last three origins; None while the past is too short to tell."""
    origins = scores.last_origins(len(values), course.judged_steps, ORIGINS)
    if origins[0] <= course.season:
        return None
    try:
        found = scores.evaluate(values, origins, course.judged_steps, course.model, course.season)
    except TooShort:
        return None
    told = {"relCrps": found.relative, "c80": found.c80, "c95": found.c95}
    rounded = {name: round(value, 3) if isfinite(value) else None for name, value in told.items()}
    return {**rounded, "points": found.points, "origins": ORIGINS, "steps": course.judged_steps}


def number(value: float) -> float | None:
    """None for NaN: unknown."""
    return float(value) if isfinite(value) else None
