"""From what the engine says of each series to runs in which all numbers agree.

A unit is answered by the engine's own quantiles. All that reaches over steps or units (the months
that the days reach, groups, the worst day of a week, any bed type short) is read off the same
sample paths, which have those quantiles at each step.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.forecasts import calendar, issue
from app.forecasts.asking import Found, months_of
from app.forecasts.baseline import QUANTILES, forecast_daily, forecast_monthly
from app.forecasts.breaks import Break, unexplained
from app.forecasts.demand import total as summed_days
from app.forecasts.engine.asked import Outlook, single
from app.forecasts.engine.footing import factors as factors_of
from app.forecasts.engine.footing import to_today
from app.forecasts.engine.plain import of_level
from app.forecasts.humility import Learned, factors
from app.forecasts.issue import Ahead, Question, Told, Why, name_of
from app.forecasts.looked_back import looked_back
from app.forecasts.paths import (
    Places,
    Template,
    further,
    half,
    packed,
    paths,
    places,
    quantiles_of,
    ranked,
)
from app.forecasts.runs import REGION, Bundle, Issued, Kind
from app.forecasts.series import DAY, Daily
from app.forecasts.subjects import NEED, POOLED, SUPPLIED, Total, as_declared

Floats = NDArray[np.float64]
MIDDLE = QUANTILES.index(0.5)
WEEK = 7
# Of the error of a month so much is still there in the next one.
MONTH_LASTS = 0.8
# Where the days end they hand their level over to the months: half of it in so many months.
HANDED_OVER = 3.0
BLOCK = 28  # days whose mean says where a path is heading when its days end
TIMES = 4.0  # a level that differs by more than this factor is not handed over


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """Days or months of one series from `first` on: sample paths [500, h], and the quantiles
    float64[h, q] that they have at each step.

    The paths of a whole run are its largest part, so they are held in as few bits as they have.
    """

    freq: Literal["D", "M"]
    first: date
    held: NDArray[np.floating[Any]]
    quantiles: Floats

    @property
    def paths(self) -> Floats:
        """float64[500, h], to reckon with."""
        return self.held.astype(np.float64, copy=False)

    @property
    def steps(self) -> int:
        return int(self.held.shape[1])

    def days(self) -> list[date]:
        """The first day of each step."""
        of = calendar.days_from if self.freq == "D" else calendar.months_from
        return of(self.first, self.steps)


class Answer(NamedTuple):
    """What a run says of one subject and kind over one horizon, and what it was made of.

    `need` is what its supply is held against: who is there and who waits, where that is more;
    `needed` is how much that was on each day before.
    """

    question: Question
    ways: Ways | Why
    ahead: Ahead | None
    detail: Mapping[str, Any]
    need: Ways | None = None
    needed: Daily | None = None

    @property
    def asked(self) -> Ways | None:
        return self.need or (self.ways if isinstance(self.ways, Ways) else None)


NOTHING = Learned()


class Answers(NamedTuple):
    """Of weeks and of months; units first, then totals."""

    weeks: list[Answer]
    months: list[Answer]

    def issued(self) -> tuple[list[Issued], list[Issued]]:
        return [*told(self.weeks)], [*told(self.months)]

    def bundles(self) -> tuple[list[Bundle], list[Bundle]]:
        return [*bundled(self.weeks)], [*bundled(self.months)]


def answers(
    questions: Sequence[Question],
    totals: Sequence[Total],
    found: Found,
    seed: int,
    learned: Learned = NOTHING,
) -> Answers:
    """Same questions, outlooks, seed and lessons of earlier runs, same bytes."""
    units = units_of(questions, taught(questions, found, learned), seed)
    weeks = with_need({name: each for name, (each, _) in units.items()})
    months = with_need({name: each for name, (_, each) in units.items()})
    return Answers(
        [*weeks.values(), *(total_of(total, weeks) for total in totals)],
        [*months.values(), *(total_of(total, months) for total in totals)],
    )


def with_need(by_name: Mapping[str, Answer]) -> dict[str, Answer]:
    """Of units for which people wait the places are held against those who wait too."""
    found = dict(by_name)
    for name, there in by_name.items():
        kind = there.question.kind
        if kind.measure != SUPPLIED:
            continue
        need = by_name.get(name_of(there.question.subject, kind._replace(measure=NEED)))
        if need is None or not isinstance(there.ways, Ways):
            continue
        if isinstance(asked := need.ways, Ways):
            ways, needed = no_fewer(asked, there.ways), need.question.demand
            found[name] = there._replace(need=ways, needed=needed)
    return {name: each for name, each in found.items() if not of_unit_need(each.question)}


def no_fewer(need: Ways, there: Ways) -> Ways:
    """The need, nowhere less than who is there: the two are forecast apart.

    Of both the smallest, the next, and so on are held beside each other at each step, and the
    larger counts; the order of the paths stays that of the need.
    """
    order = need.held.argsort(axis=0, kind="stable")
    ranked = np.take_along_axis(need.held, order, axis=0)
    held = np.empty_like(need.held)
    least = np.sort(there.held, axis=0).astype(held.dtype)
    np.put_along_axis(held, order, np.maximum(ranked, least), axis=0)
    return replace(need, held=held, quantiles=np.maximum(need.quantiles, there.quantiles))


def of_unit_need(question: Question) -> bool:
    """It is told beside who is there, and not by itself."""
    return question.subject_kind == "unit" and question.kind.measure == NEED


def taught(questions: Sequence[Question], found: Found, learned: Learned) -> Found:
    """The outlooks with the naive where the engine did worse, and bands that held too little wider.

    What the naive took the place of still says how the series goes with others.
    """
    by_name = {question.name: question for question in questions}
    days = {
        name: widened(of, factors(learned, by_name[name].kind, "weeks", len(of.quantiles)))
        for name, of in found.days.items()
    }
    months = {
        name: widened(of, factors(learned, by_name[name].kind, "months", len(of.quantiles)))
        for name, of in found.months.items()
    }
    for name, why in learned.humbled.get("weeks", {}).items():
        if name in days and days[name].grade != "naive":
            values = past_of(by_name[name])
            days[name] = naive(days[name], forecast_daily(values, issue.DAYS), values, 7, why)
    for name, why in learned.humbled.get("months", {}).items():
        if name in months and months[name].grade != "naive":
            values = months_of(by_name[name]).values
            quantiles = forecast_monthly(values, issue.MONTHS_AHEAD)
            months[name] = naive(months[name], quantiles, values, 12, why)
    return Found(days, months)


def widened(outlook: Outlook, factor: Floats) -> Outlook:
    """About the median by the factor of each step float64[h], floored at 0."""
    if (factor == 1).all():
        return outlook
    return replace(outlook, quantiles=single(issue.widened(outlook.quantiles, factor[:, None])))


def past_of(question: Question) -> Floats:
    assert question.demand is not None
    return question.demand.values


def naive(outlook: Outlook, quantiles: Floats, values: Floats, season: int, why: str) -> Outlook:
    return replace(
        outlook,
        quantiles=single(quantiles),
        grade="naive",
        reason=why,
        parts=of_level(values, quantiles[:, MIDDLE], season),
        skill=None,
    )


def units_of(
    questions: Sequence[Question], found: Found, seed: int
) -> dict[str, tuple[Answer, Answer]]:
    """Of weeks and months by name; the paths of all units go together."""
    able = sorted(found.days)
    by_name = {question.name: question for question in questions}
    templates = [Template(name, found.days[name].off) for name in able]
    order = places(templates, issue.DAYS, seed)
    standings = {question.name: issue.standing(question) for question in questions}
    broken = {name: broke(by_name[name]) for name in able}
    days = {
        name: days_of(aged(standings[name], found.days[name]), by_name[name], at)
        for name, at in zip(able, order, strict=True)
    }
    ends = [days[name].paths[:, -BLOCK:].mean(axis=1) for name in able]
    order_beyond: dict[str, Places] = {}
    if ends:
        beyond = further(ranked(np.array(ends)), MONTH_LASTS, seed, issue.MONTHS_AHEAD)
        order_beyond = dict(zip(able, beyond, strict=True))
    answered = {}
    for question in questions:
        name, standing = question.name, standings[question.name]
        if isinstance(standing, Why):
            nothing = Answer(question, standing, None, {})
            answered[name] = nothing, nothing
            continue
        weeks = answer_of(question, days[name], standing, found.days[name], broken[name])
        short = issue.months_too_short(months_of(question).values)
        if short is not None:
            answered[name] = weeks, Answer(question, short, None, {})
            continue
        outlook = aged(standing, found.months[name])
        whole = whole_months(question, days[name], outlook, order_beyond[name])
        answered[name] = weeks, answer_of(question, whole, standing, outlook)
    return answered


def aged(told: Told | Why, outlook: Outlook) -> Outlook:
    """Of input that is old with a wider band; the engine has widened its own by that distance."""
    if isinstance(told, Why) or told.grade == "fresh" or outlook.grade == "engine":
        return outlook
    return replace(outlook, quantiles=issue.widened(outlook.quantiles, told.widening))


def broke(question: Question) -> Break | None:
    """A shift of the last weeks about which nobody told anything, as the engine sees it."""
    if question.demand is None:
        return None
    past, changes = question.demand, question.changes
    footing = factors_of(calendar.days_from(past.first, len(past.values)), changes)
    as_now = Daily(past.first, to_today(past.values, footing))
    return unexplained(as_now, [change.begins for change in changes])


def answer_of(
    question: Question, ways: Ways, told: Told, outlook: Outlook, broken: Break | None = None
) -> Answer:
    assert question.demand is not None
    values = question.demand.values if ways.freq == "D" else months_of(question).values
    detail = issue.detail_of(told, int(np.isfinite(values).sum()), outlook)
    detail["asks"] = None if broken is None else broken.sentence
    return Answer(question, ways, ahead_of(question, ways), detail)


def days_of(outlook: Outlook, question: Question, place: Places) -> Ways:
    assert question.demand is not None
    ways = half(paths(outlook.quantiles, place, QUANTILES))
    return Ways("D", question.demand.after, ways, outlook.quantiles)


def ahead_of(question: Question, ways: Ways) -> Ahead:
    of = issue.days_ahead if ways.freq == "D" else issue.months_ahead
    return of(question, ways.first, ways.steps)


def whole_months(question: Question, days: Ways, outlook: Outlook, beyond: Places) -> Ways:
    """The running month and those after it.

    A month within the days is the mean of what was observed of it and of the paths of its days.
    The later ones are those of the monthly engine, on the level that the days end at, which half
    fades in three months; no band is narrower about its middle than the one before it.
    """
    assert question.demand is not None
    after = calendar.month_of(question.demand.after)
    near = np.array(list(means(question.demand, days, after)))
    reached = len(near)
    quantiles = np.array(outlook.quantiles)
    if reached:
        quantiles[:reached] = quantiles_of(near.T, QUANTILES)
        own, theirs = quantiles[reached - 1, MIDDLE], outlook.quantiles[reached - 1, MIDDLE]
        ratio = own / theirs if theirs > 0 else 1.0
        if 1 / TIMES <= ratio <= TIMES:
            left = 0.5 ** (np.arange(1, len(quantiles) - reached + 1) / HANDED_OVER)
            quantiles[reached:] *= (ratio**left)[:, None]
        quantiles[reached - 1 :] = widening(quantiles[reached - 1 :])
    later = paths(quantiles[reached:], beyond[:, : len(quantiles) - reached], QUANTILES)
    return Ways("M", after, np.hstack([near.T, later]) if reached else later, quantiles)


def means(demand: Daily, days: Ways, first: date) -> Iterator[Floats]:
    """Each month that the days reach to its end: float64[500], the mean of its days."""
    month, horizon, paths = first, days.steps, days.paths
    while ((end := calendar.months_after(month, 1)) - days.first).days <= horizon:
        told = demand.values[max((month - demand.first).days, 0) :]
        told = told[: max((end - demand.first).days, 0)]
        told = told[np.isfinite(told)]
        ahead = paths[:, max((month - days.first).days, 0) : (end - days.first).days]
        yield (told.sum() + ahead.sum(axis=1)) / (len(told) + ahead.shape[1])
        month = end


def widening(quantiles: Floats) -> Floats:
    """float64[h, q] with no interval narrower about its middle than at a shorter distance."""
    middle = quantiles[:, [MIDDLE]]
    about = quantiles - middle
    below = np.arange(quantiles.shape[1]) < MIDDLE
    least, most = np.minimum.accumulate(about, axis=0), np.maximum.accumulate(about, axis=0)
    wider: Floats = np.maximum(middle + np.where(below, least, most), 0.0)
    return wider


def total_of(total: Total, by_name: Mapping[str, Answer]) -> Answer:
    """The sum of the paths of the members that told enough; the others named with the reason.

    Of a pool the bed types net on each path, and nowhere else: of each type it is told too.
    """
    told = [by_name[member.name] for member in total.members]
    counted = [each for each in told if isinstance(each.ways, Ways)]
    supplies = [each.question.supply for each in counted if each.question.supply is not None]
    question = replace(
        total.members[0],
        kind=total.kind,
        org_id=REGION if total.subject_kind != "unit" else total.members[0].org_id,
        subject_kind=total.subject_kind,
        subject=total.subject,
        demand=total_of_days([each.question.demand for each in counted]),
        supply=np.sum(supplies, axis=0) if supplies else None,
        changes=(),
        members=[*dict.fromkeys(each.question.subject for each in counted)],
        missing={
            each.question.subject: each.ways.code for each in told if isinstance(each.ways, Why)
        },
    )
    declared = {} if total.pool is None else as_declared(total.pool)
    if not counted:
        codes = set(question.missing.values())
        code = codes.pop() if len(codes) == 1 else "too-short"
        return Answer(question, Why(code, "None of its members told enough."), None, declared)
    unsaid = {each.question.kind for each in told} - {each.question.kind for each in counted}
    if unsaid:
        types = ", ".join(sorted(kind.bed_type for kind in unsaid))
        why = Why("part-unknown", f"A pool is told with all its bed types; unknown is {types}.")
        return Answer(question, why, None, declared)
    known = [(each.ways, each.detail) for each in counted if isinstance(each.ways, Ways)]
    ways = summed([of for of, _ in known])
    detail = of_members([(of_steps(said, of, ways), said) for of, said in known])
    need = needed = None
    if any(each.need is not None for each in counted):
        need = summed([each.asked for each in counted if each.asked is not None])
        needed = total_of_days([each.needed or each.question.demand for each in counted])
    return Answer(question, ways, ahead_of(question, ways), {**detail, **declared}, need, needed)


def total_of_days(members: Sequence[Daily | None]) -> Daily | None:
    told = [each for each in members if each is not None]
    return summed_days(told) if told else None


def summed(members: Sequence[Ways]) -> Ways:
    """On each path the sum of the members', over the steps that all of them have."""
    freq, first = members[0].freq, max(each.first for each in members)
    skips = [apart(each.first, first, freq) for each in members]
    ends = [each.steps - skip for each, skip in zip(members, skips, strict=True)]
    ways: Floats = np.zeros((len(members[0].held), min(ends)))
    for each, skip in zip(members, skips, strict=True):
        ways += each.paths[:, skip:][:, : min(ends)]
    return Ways(freq, first, ways, quantiles_of(ways, QUANTILES))


def apart(first: date, later: date, freq: Literal["D", "M"]) -> int:
    """How many steps one is before the other."""
    if freq == "D":
        return (later - first).days
    return 12 * (later.year - first.year) + later.month - first.month


Parts = Mapping[str, Floats]


def of_steps(detail: Mapping[str, Any], own: Ways, total: Ways) -> Parts:
    """The parts of a member at the steps of the total."""
    skip = apart(own.first, total.first, total.freq)
    steps = slice(skip, skip + total.steps)
    return {name: np.array(values)[steps] for name, values in detail["parts"].items()}


def of_members(members: Sequence[tuple[Parts, Mapping[str, Any]]]) -> dict[str, Any]:
    """What is said of a total: as old as its oldest member, its parts the sums of theirs."""
    details = [detail for _, detail in members]
    stale = any(each["grade"] == "stale" for each in details)
    parts: dict[str, Floats] = {}
    for each, _ in members:
        for name, values in each.items():
            parts[name] = parts.get(name, np.zeros(len(values))) + values
    return {
        "grade": "stale" if stale else "fresh",
        "lastTold": min(each["lastTold"] for each in details),
        "observed": min(each["observed"] for each in details),
        "skill": None,
        "served": "sum",
        "servedBecause": "",
        "parts": {name: [round(float(v), 3) for v in values] for name, values in parts.items()},
    }


def told(answers: Sequence[Answer]) -> Iterator[Issued]:
    """What is stored of each, with what is read off the paths of all kinds of a subject."""
    by_subject: dict[tuple[str, str, str], list[Answer]] = {}
    for answer in answers:
        question = answer.question
        key = (question.subject_kind, question.subject, question.kind.measure)
        by_subject.setdefault(key, []).append(answer)
    for kinds in by_subject.values():
        either = any_short(kinds)
        for answer in kinds:
            yield issued_of(answer, either)


def bundled(answers: Sequence[Answer]) -> Iterator[Bundle]:
    """The paths of the units, and those of their need where it is more than who is there; those
    of totals are their sums."""
    for answer in answers:
        question, kind = answer.question, answer.question.kind
        if question.subject_kind != "unit" or kind.measure == POOLED:
            continue
        if not isinstance(answer.ways, Ways):
            continue
        yield bundle(question, kind, answer.ways)
        if answer.need is not None:
            yield bundle(question, kind._replace(measure=NEED), answer.need)


def bundle(question: Question, kind: Kind, ways: Ways) -> Bundle:
    bits, told = packed(ways.paths)
    return Bundle(question.org_id, question.subject, kind, ways.first, ways.steps, bits, told)


def issued_of(answer: Answer, either: list[float | None] | None) -> Issued:
    question, ways, ahead, asked = answer.question, answer.ways, answer.ahead, answer.asked
    if isinstance(ways, Why) or ahead is None or asked is None:
        assert isinstance(ways, Why)
        return issue.unknown(question, ways, answer.detail)
    detail = {**answer.detail, "anyShort": either}
    detail["shortfall"] = [*map(issue.number, shortfall(asked, ahead).round(3))]
    if ways.freq == "D":
        detail["weeks"] = weeks_of(ways, asked, ahead)
    assert question.demand is not None
    detail["past"] = looked_back(question.demand, ways.freq)
    if answer.needed is not None:
        detail["pastNeed"] = looked_back(answer.needed, ways.freq)
    need = None if answer.need is None else answer.need.quantiles
    return issue.known(question, ahead, ways.quantiles, detail, need)


def short_on(ways: Ways, ahead: Ahead) -> Floats:
    """1 on each path and step whose need is above its supply, NaN where that is unknown."""
    limit = np.floor(ahead.supply) + 0.5 if ahead.whole else ahead.supply
    return np.where(np.isfinite(limit), ways.paths > limit, np.nan)


def shortfall(ways: Ways, ahead: Ahead) -> Floats:
    """By how many places it is short in the mean over all paths: float64[h] >= 0, NaN unknown."""
    found: Floats = np.maximum(ways.paths - ahead.supply, 0.0).mean(axis=0)
    return np.where(np.isfinite(ahead.supply), found, np.nan)


def any_short(answers: Sequence[Answer]) -> list[float | None] | None:
    """P(any of several kinds is short) at each step, from paths that go together; else None."""
    told = [(each.asked, each.ahead) for each in answers]
    known = [(w, a) for w, a in told if w is not None and a is not None]
    steps = {(w.first, w.steps) for w, _ in known}
    if len(known) < 2 or len(known) < len(answers) or len(steps) > 1:
        return None
    short = np.max([short_on(*each) for each in known], axis=0).mean(axis=0)
    return [*map(issue.number, short.round(3))]


def weeks_of(ways: Ways, asked: Ways, ahead: Ahead) -> list[dict[str, Any]]:
    """Each week: its mean, its highest day, and the chance that any of its days is short."""
    short = short_on(asked, ahead)
    found = []
    paths = ways.paths
    for start in range(0, ways.steps - WEEK + 1, WEEK):
        days = slice(start, start + WEEK)
        within = paths[:, days]
        both = quantiles_of(np.column_stack([within.mean(axis=1), within.max(axis=1)]), QUANTILES)
        found.append(
            {
                "from": (ways.first + start * DAY).isoformat(),
                "mean": both[0].round(3).tolist(),
                "peak": both[1].round(3).tolist(),
                "pShort": issue.number(round(float(short[:, days].max(axis=1).mean()), 3)),
            }
        )
    return found
