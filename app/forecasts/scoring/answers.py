"""From the scores that were stored to what one viewer is told of them."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from app.access.disclosure import Disclosure, Shown
from app.forecasts import calendar
from app.forecasts.answers import WITHHELD, sees_total, tidy
from app.forecasts.judged import DISTANCES, Distance, Last
from app.forecasts.runs import Kind, SubjectKind
from app.forecasts.schemas import Amount, Reason
from app.forecasts.scoring.schemas import (
    DistanceScore,
    LastSaid,
    ScoredHorizon,
    ScoredMeasure,
    Scores,
    TypeScores,
)
from app.observations.schemas import FigureState

# The row of the sharing matrix in which stands what came true.
TRUTH: Mapping[ScoredMeasure, Shown] = {"occupied": "occupancy", "medicallyReady": "demand"}
STEP: Mapping[ScoredHorizon, str] = {"days": "hour", "weeks": "day", "months": "month"}


@dataclass(frozen=True, slots=True)
class Row:
    """One stored score with its run; `members` are those of a total at issue, else none."""

    kind: Kind
    distance: Distance
    run_id: uuid.UUID
    issued_at: datetime
    known_at: datetime
    ends_at: datetime
    members: tuple[str, ...]
    points: int
    crps: float | None
    baseline_crps: float | None
    c80: float | None
    c95: float | None
    bias: float | None
    mae: float | None
    last: Last | None


@dataclass(frozen=True, slots=True)
class About:
    """What was asked, by whom, at which moment; `owners`: the organisation of each unit."""

    subject_kind: SubjectKind
    subject: str
    horizon: ScoredHorizon
    measure: ScoredMeasure
    days: int
    moment: datetime
    owners: Mapping[str, int]
    disclosure: Disclosure

    def behind(self, row: Row) -> set[int]:
        return {self.owners[unit] for unit in row.members or self.owners}

    def sees(self, row: Row) -> bool:
        """By the rule of the forecast itself, each row by the members that its run had."""
        age = self.moment - row.ends_at
        return sees_total(self.disclosure, self.subject_kind, self.behind(row), age)

    def truth(self, row: Row, last: Last) -> FigureState:
        """Who may see a forecast may not always see what came true: that is the figure itself."""
        shown = TRUTH[self.measure]
        for owner in self.behind(row):
            seen = self.disclosure.sees(owner, shown, self.moment - row.ends_at)
            if not seen or self.disclosure.small(owner, shown, last.came_true):
                return "suppressed"
        return "known"


def scores(about: About, rows: Sequence[Row]) -> Scores:
    """`rows` are the newest of each window, ordered by kind."""
    types = tuple(
        of_type(about, kind, list(found)) for kind, found in groupby(rows, key=lambda row: row.kind)
    )
    told = [row.known_at for row in rows if about.sees(row)]
    return Scores(
        subject_kind=about.subject_kind,
        subject=about.subject,
        horizon=about.horizon,
        measure=about.measure,
        days=about.days,
        state=state_of(types),
        reason=None if types else not_judged(about.horizon, about.days),
        known_at=max(told, default=None),
        scores=types,
    )


def of_type(about: About, kind: Kind, rows: Sequence[Row]) -> TypeScores:
    named = {"resource": kind.resource or None, "bed_type": kind.bed_type or None}
    seen = [row for row in rows if about.sees(row)]
    if not seen:
        return TypeScores(state="suppressed", reason=WITHHELD, **named)
    distances = tuple(
        of_distance(about, distance, [row for row in seen if row.distance == distance])
        for distance in DISTANCES[about.horizon]
    )
    known = any(each.state == "known" for each in distances)
    return TypeScores(
        state="known" if known else "unknown",
        reason=None if known else NOTHING_CAME_TRUE,
        distances=distances,
        last=last_of(about, seen),
        **named,
    )


def of_distance(about: About, distance: Distance, rows: Sequence[Row]) -> DistanceScore:
    """The means over all points, each weighing the same."""
    ends = {"first_step": distance.first, "last_step": distance.last}
    counted = [row for row in rows if row.points]
    if not counted:
        reason = NOTHING_CAME_TRUE if rows else not_closed(about, distance)
        return DistanceScore(state="unknown", reason=reason, sentence=reason.detail, **ends)
    points = sum(row.points for row in counted)

    def mean(name: str) -> float:
        return float(sum(row.points * getattr(row, name) for row in counted) / points)

    baseline = mean("baseline_crps")
    told = DistanceScore(
        state="known",
        points=points,
        runs=len({row.run_id for row in counted}),
        rel_crps=tidy(mean("crps") / baseline, 3) if baseline > 0 else None,
        c80=tidy(mean("c80"), 3),
        c95=tidy(mean("c95"), 3),
        bias=tidy(mean("bias"), 2),
        mae=tidy(mean("mae"), 2),
        sentence="",
        **ends,
    )
    return told.model_copy(update={"sentence": sentence(told, about)})


def sentence(told: DistanceScore, about: About) -> str:
    return (
        f"{ahead(told.first_step, told.last_step, about.horizon)}, over the last {about.days} "
        f"days: {told.points} points of {told.runs} {'run' if told.runs == 1 else 'runs'}. "
        f"{told.c80:.0%} of what came true lay inside the band of 80%; {against(told.rel_crps)}; "
        f"the median was off by {told.mae:g} on average{leaning(told.bias or 0)}."
    )


def against(rel_crps: float | None) -> str:
    if rel_crps is None:
        return "the plain naive forecast was never off"
    if rel_crps == 1:
        return "the error was that of the plain naive forecast"
    word = "smaller" if rel_crps < 1 else "larger"
    return f"the error was {abs(rel_crps - 1):.0%} {word} than that of the plain naive forecast"


def leaning(bias: float) -> str:
    if bias == 0:
        return ""
    return f", and {abs(bias):g} too {'high' if bias > 0 else 'low'}"


def ahead(first: int, last: int, horizon: ScoredHorizon) -> str:
    return f"{STEP[horizon].capitalize()}s {first} to {last} ahead"


def last_of(about: About, rows: Sequence[Row]) -> LastSaid | None:
    """The newest step that came true, of the nearest distance: as said as long before as it was."""
    nearest = DISTANCES[about.horizon][0]
    told = [(row.last, row) for row in rows if row.distance == nearest and row.last is not None]
    if not told:
        return None
    last, row = max(told, key=lambda each: (each[0].at, each[0].step))
    state = about.truth(row, last)
    median, low, high = tidy(last.median), tidy(last.low), tidy(last.high)
    came_true = tidy(last.came_true) if state == "known" else None
    off_by = None if came_true is None else tidy(median - came_true)
    day = calendar.local_day(last.at)
    unit = STEP[about.horizon] + ("" if last.step == 1 else "s")
    when = f"In {day:%Y-%m}" if about.horizon == "months" else f"On {day}"
    became = (
        "what it became is not shared with you"
        if came_true is None
        else (f"it became {came_true:g}")
    )
    return LastSaid(
        day=day,
        steps=last.step,
        issued_at=row.issued_at,
        median=median,
        low=low,
        high=high,
        came_true=Amount(value=came_true, state=state),
        off_by=Amount(value=off_by, state=state),
        sentence=f"{when} {median:g} was expected {last.step} {unit} before, with a chance of 80% "
        f"between {low:g} and {high:g}; {became}.",
    )


NOTHING_CAME_TRUE = Reason(
    code="nothing-told",
    detail="Runs were compared, but of none of their steps it is known what came true.",
)


def not_judged(horizon: ScoredHorizon, days: int) -> Reason:
    first, last = DISTANCES[horizon][0]
    detail = (
        f"No run of this was compared with what came true in the last {days} days. That is done "
        f"every night, for a run first once its {STEP[horizon]}s {first} to {last} have passed."
    )
    return Reason(code="not-judged", detail=detail)


def not_closed(about: About, distance: Distance) -> Reason:
    words = ahead(distance.first, distance.last, about.horizon)
    detail = (
        f"{words}: no run was compared in the last {about.days} days. That is done once "
        f"{distance.last} {STEP[about.horizon]}s have passed since a run was issued."
    )
    return Reason(code="not-judged", detail=detail)


def state_of(types: Sequence[TypeScores]) -> FigureState:
    """Known if anything is; withheld if that is all there is."""
    states = {each.state for each in types}
    return "known" if "known" in states else "suppressed" if states == {"suppressed"} else "unknown"
