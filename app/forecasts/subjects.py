"""Of what a forecast is made: each unit, and the totals of groups and care settings, by kind."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.facilities.schemas import SubstitutionPool
from app.forecasts import calendar
from app.forecasts.calendar import CENSUS
from app.forecasts.changed import Before, Key
from app.forecasts.demand import Part, last_told, whole
from app.forecasts.engine.asked import Change
from app.forecasts.issue import SILENT, SUPPLY_DAYS, Question, Why, name_of, standing
from app.forecasts.needed import Told, bound_for, need, need_here
from app.forecasts.runs import REGION, Horizon, Kind, SubjectKind
from app.forecasts.series import DAY
from app.forecasts.supply import Event, of_bed_type, planned, usual

Floats = NDArray[np.float64]
# What is forecast, and of that what stands against places with staff.
FORECAST = ("occupied", "medicallyReady")
SUPPLIED = "occupied"
SUPPLY = "staffed"
# What the need of a setting is made of, beside who is there.
NEED, READY, WAITING = "need", "medicallyReady", "waiting"
# Bed types that are declared to stand in for each other, as one.
POOLED = "substitutionPool"
# Of a closure of more than nine tenths the rest is no level to scale by.
LEAST_RATIO = 0.1
WEEK_DAYS = 7


@dataclass(frozen=True)
class Offer:
    """What the forecast must know of a unit."""

    unit: str
    org_id: int
    care_setting: str
    resource: str
    bed_types: tuple[str, ...]
    census: time


@dataclass(frozen=True)
class Region:
    """All that was known at the data cut, of figures up to `at`; groups with their members.

    `told` at each census; `now` what was told in the 24 hours before `at`. `before` is what the run
    before said, by horizon.
    """

    at: datetime
    offers: Mapping[str, Offer]
    groups: Mapping[str, Sequence[str]]
    told: Mapping[tuple[str, Kind], Sequence[Part]]
    now: Mapping[tuple[str, Kind], Sequence[Part]]
    events: Mapping[str, Sequence[Event]]
    before: Mapping[Horizon, Mapping[Key, Before]] = field(default_factory=dict)
    pools: Mapping[str, SubstitutionPool] = field(default_factory=dict)


@dataclass(frozen=True)
class Total:
    """A sum over units of one kind: a group or a care setting, with all its members.

    Of a substitution pool, also one of a single unit, its members are of several bed types, and of
    its kind the bed type is the slug of the pool.
    """

    subject_kind: SubjectKind
    subject: str
    kind: Kind
    members: Sequence[Question]
    pool: SubstitutionPool | None = None


def questions(region: Region) -> tuple[list[Question], list[Total]]:
    """One question for each unit and kind, and the totals that are made of their answers."""
    units = [unit_question(region, *each) for each in kinds(region)]
    by_unit: dict[str, list[Question]] = {}
    for question in units:
        by_unit.setdefault(question.subject, []).append(question)
    totals: list[Total] = []
    for subject_kind, subject, members in views(region):
        found = [question for unit in members for question in by_unit.get(unit, ())]
        for kind in dict.fromkeys(question.kind for question in found):
            of_kind = [question for question in found if question.kind == kind]
            totals.append(Total(subject_kind, subject, kind, of_kind))
        totals += pools(region, subject_kind, subject, found)
    for unit, found in sorted(by_unit.items()):
        totals += pools(region, "unit", unit, found)
    return [*units, *needs_here(region, units), *needs(region, units)], totals


def pools(
    region: Region, subject_kind: SubjectKind, subject: str, found: Sequence[Question]
) -> Iterator[Total]:
    """The substitution pools of which these units have two bed types or more."""
    for slug, pool in sorted(region.pools.items()):
        parts = [question for question in found if stands_in(pool, question.kind)]
        if len({part.kind.bed_type for part in parts}) > 1:
            yield Total(subject_kind, subject, Kind(POOLED, "bed", slug), parts, pool)


def stands_in(pool: SubstitutionPool, kind: Kind) -> bool:
    """Whether these are places of a bed type of the pool."""
    return kind[:2] == (SUPPLIED, "bed") and kind.bed_type in pool.bed_types


def as_declared(pool: SubstitutionPool) -> dict[str, Any]:
    """What a run keeps of a pool: it may be declared otherwise later."""
    return {
        "pool": {"name": pool.name, "bedTypes": list(pool.bed_types)},
        "sources": [{"what": pool.name, "source": pool.source, "year": pool.year}],
    }


def needs_here(region: Region, units: Sequence[Question]) -> Iterator[Question]:
    """Of each unit and bed type for which people wait: who is there and who waits for it.

    Closures do not rescale it: who finds no place waits.
    """
    for question in units:
        if question.kind.measure != SUPPLIED or question.demand is None:
            continue
        offer = region.offers[question.subject]
        told = told_of(region, WAITING, (offer.unit,))
        waiting = [
            part
            for (_, kind), parts in told.items()
            for part in parts
            if waits_for(kind, question.kind, offer)
        ]
        found = need_here(question.demand, waiting)
        if found is not None:
            kind = question.kind._replace(measure=NEED)
            yield replace(question, kind=kind, demand=found, changes=())


def waits_for(waiting: Kind, places: Kind, offer: Offer) -> bool:
    """Whether who waits does so for these places: told of the unit, that is if it has but one."""
    types = (places.bed_type, "") if len(offer.bed_types) <= 1 else (places.bed_type,)
    return waiting.resource in (places.resource, "") and waiting.bed_type in types


def needs(region: Region, units: Sequence[Question]) -> Iterator[Question]:
    """The stock need of each care setting of which more is told than who is there."""
    for setting in sorted({offer.care_setting for offer in region.offers.values()}):
        offers = {u: o for u, o in region.offers.items() if o.care_setting == setting}
        beds = [
            question
            for question in units
            if question.subject in offers and question.kind[:2] == (SUPPLIED, "bed")
        ]
        known = [question for question in beds if not isinstance(standing(question), Why)]
        told = Told(
            [question.demand for question in known if question.demand is not None],
            told_of(region, READY, offers),
            told_of(region, WAITING, offers),
            {
                key: bound
                for key, parts in told_of(region, READY, region.offers).items()
                if key[0] not in offers and (bound := bound_for(parts, setting))
            },
        )
        if known and told.moves:
            yield need_question(region, setting, beds, known, told)


def need_question(
    region: Region, setting: str, beds: Sequence[Question], known: Sequence[Question], told: Told
) -> Question:
    supplies = [question.supply for question in known if question.supply is not None]
    there = {question.subject for question in known}
    reasons = {q.subject: standing(q) for q in beds if q.subject not in there}
    return Question(
        REGION,
        "careSetting",
        setting,
        Kind(NEED, "bed", ""),
        region.at,
        need(told),
        np.sum(supplies, axis=0) if len(supplies) == len(known) else None,
        calendar.local_day(region.at),
        members=sorted(there | {unit for unit, _ in told.ready_for}),
        missing={unit: why.code for unit, why in reasons.items() if isinstance(why, Why)},
    )


def told_of(
    region: Region, measure: str, units: Collection[str]
) -> dict[tuple[str, Kind], Sequence[Part]]:
    """What these units told of a measure, if they did in the last 14 days."""
    return {
        (unit, kind): parts
        for (unit, kind), parts in region.told.items()
        if unit in units and kind.measure == measure and not silent(region, parts)
    }


def silent(region: Region, parts: Sequence[Part]) -> bool:
    last = last_told(whole(parts))
    return last is None or region.at - calendar.moment(last, CENSUS) > SILENT


def kinds(region: Region) -> Iterator[tuple[Offer, Kind]]:
    """What was told of each unit; and its beds, also when nothing was told of them."""
    for unit, offer in sorted(region.offers.items()):
        beds = [Kind(SUPPLIED, offer.resource, each) for each in offer.bed_types]
        told = [kind for of, kind in region.told if of == unit and kind.measure in FORECAST]
        for kind in sorted(set(beds) | set(told)):
            yield offer, kind


def views(region: Region) -> Iterator[tuple[SubjectKind, str, Iterable[str]]]:
    for group, members in sorted(region.groups.items()):
        yield "group", group, members
    for setting in sorted({offer.care_setting for offer in region.offers.values()}):
        yield (
            "careSetting",
            setting,
            sorted(u for u, offer in region.offers.items() if offer.care_setting == setting),
        )


def unit_question(region: Region, offer: Offer, kind: Kind) -> Question:
    parts = region.told.get((offer.unit, kind))
    supplied = kind.measure == SUPPLIED
    return Question(
        offer.org_id,
        "unit",
        offer.unit,
        kind,
        region.at,
        whole(parts) if parts else None,
        supply_of(region, offer, kind) if supplied else None,
        calendar.local_day(region.at),
        offer.census,
        changes_of(region, offer, kind),
    )


def changes_of(region: Region, offer: Offer, kind: Kind) -> list[Change]:
    """Closures and openings that have begun, as factors of the level of what was occupied.

    Those to come take places away, and not the need. One of unknown size, of all places, or of
    more than there are, says nothing of the level.
    """
    staffed, told_at = newest(region, offer, kind)
    if kind.measure != SUPPLIED or not staffed or told_at is None:
        return []
    found = []
    for event in of_bed_type(region.events.get(offer.unit, ()), kind.bed_type, offer.bed_types):
        if event.change is None or event.begins_at > told_at:
            continue
        without = staffed - event.change if event.holds(told_at) else staffed
        ratio = (without + event.change) / without if without > 0 else 0.0
        if LEAST_RATIO <= ratio <= 1 / LEAST_RATIO:
            begins, ends = census_day(event.begins_at, offer.census), None
            if event.ends_at is not None:
                ends = census_day(event.ends_at, offer.census)
            found.append(Change(name_of(offer.unit, kind), begins, ends, ratio))
    return found


def census_day(moment: datetime, census: time) -> date:
    """The first day whose census is not before a moment."""
    day = calendar.local_day(moment)
    return day if calendar.moment(day, census) >= moment else day + DAY


def supply_of(region: Region, offer: Offer, kind: Kind) -> Floats:
    """Places with staff from today on: float64[620], NaN unknown."""
    days = calendar.days_from(calendar.local_day(region.at), SUPPLY_DAYS)
    moments = [calendar.moment(day, offer.census) for day in days]
    staffed, told_at = newest(region, offer, kind)
    events = of_bed_type(region.events.get(offer.unit, ()), kind.bed_type, offer.bed_types)
    if staffed is not None and told_at is not None:
        staffed = usual(staffed, told_at, told_before(region, offer, kind), events)
    return planned(staffed, told_at, events, moments)


def told_before(region: Region, offer: Offer, kind: Kind) -> list[tuple[datetime, float]]:
    """The numbers of places with staff at the censuses of the last week, where they were told."""
    parts = region.told.get((offer.unit, kind._replace(measure=SUPPLY)), ())
    if not parts:
        return []
    daily = whole(parts)
    days = calendar.days_from(daily.first, len(daily.values))[-WEEK_DAYS:]
    values = daily.values[-WEEK_DAYS:].tolist()
    told = [(day, value) for day, value in zip(days, values, strict=True) if np.isfinite(value)]
    return [(calendar.moment(day, offer.census), value) for day, value in told]


def newest(region: Region, offer: Offer, kind: Kind) -> tuple[float | None, datetime | None]:
    """The last number of places with staff and when it held: that of now, else of a census.

    None if it was since told to be unknown, or told more than 14 days ago.
    """
    places = kind._replace(measure=SUPPLY)
    now = region.now.get((offer.unit, places), ())
    if now:
        value = float(whole(now).values[-1])
        return (None, None) if np.isnan(value) else (value, region.at)
    parts = region.told.get((offer.unit, places), ())
    daily = whole(parts) if parts else None
    told = last_told(daily) if daily is not None else None
    if daily is None or told is None:
        return None, None
    moment = calendar.moment(told, offer.census)
    withdrawn = any(part.unknown_on is not None and part.unknown_on > told for part in parts)
    if withdrawn or region.at - moment > SILENT:
        return None, None
    return float(daily.values[(told - daily.first).days]), moment
