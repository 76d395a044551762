"""Of what a forecast is made: each unit, and the totals of groups and care settings, by kind."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.forecasts import calendar
from app.forecasts.baseline import FEWEST_DAYS, YEAR
from app.forecasts.demand import Part, last_told, total, whole
from app.forecasts.issue import SILENT, SUPPLY_DAYS, Question
from app.forecasts.runs import REGION, Kind, SubjectKind
from app.forecasts.series import Daily
from app.forecasts.supply import Event, of_bed_type, planned

Floats = NDArray[np.float64]
# What is forecast, and of that what stands against places with staff.
FORECAST = ("occupied", "medicallyReady")
SUPPLIED = "occupied"
SUPPLY = "staffed"


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
    """All that was known at the data cut, of figures up to `at`; groups with their members."""

    at: datetime
    offers: Mapping[str, Offer]
    groups: Mapping[str, Sequence[str]]
    told: Mapping[tuple[str, Kind], Sequence[Part]]
    events: Mapping[str, Sequence[Event]]


def questions(region: Region) -> list[Question]:
    """One for each unit and kind, then one for each total and kind."""
    units = [unit_question(region, *each) for each in kinds(region)]
    by_unit: dict[str, list[Question]] = {}
    for question in units:
        by_unit.setdefault(question.subject, []).append(question)
    totals: list[Question] = []
    for subject_kind, subject, members in views(region):
        found = [question for unit in members for question in by_unit.get(unit, ())]
        for kind in dict.fromkeys(question.kind for question in found):
            of_kind = [question for question in found if question.kind == kind]
            totals.append(total_question(region.at, subject_kind, subject, of_kind))
    return units + totals


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
    )


def supply_of(region: Region, offer: Offer, kind: Kind) -> Floats:
    """Places with staff from today on: float64[620], NaN unknown."""
    days = calendar.days_from(calendar.local_day(region.at), SUPPLY_DAYS)
    moments = [calendar.moment(day, offer.census) for day in days]
    staffed, told_at = newest(region, offer, kind)
    events = of_bed_type(region.events.get(offer.unit, ()), kind.bed_type, offer.bed_types)
    return planned(staffed, told_at, events, moments)


def newest(region: Region, offer: Offer, kind: Kind) -> tuple[float | None, datetime | None]:
    """The last number of places with staff and when it held.

    None if it was since told to be unknown, or told more than 14 days ago.
    """
    parts = region.told.get((offer.unit, kind._replace(measure=SUPPLY)), ())
    daily = whole(parts) if parts else None
    told = last_told(daily) if daily is not None else None
    if daily is None or told is None:
        return None, None
    moment = calendar.moment(told, offer.census)
    withdrawn = any(part.unknown_on is not None and part.unknown_on > told for part in parts)
    if withdrawn or region.at - moment > SILENT:
        return None, None
    return float(daily.values[(told - daily.first).days]), moment


def total_question(
    at: datetime, subject_kind: SubjectKind, subject: str, members: Sequence[Question]
) -> Question:
    """The sum over the members that told enough; the others are named with the reason."""
    missing = {each.subject: why for each in members if (why := too_little(each)) is not None}
    counted = [each for each in members if each.subject not in missing]
    demands = [each.demand for each in counted if each.demand is not None]
    supplies = [each.supply for each in counted if each.supply is not None]
    detail: dict[str, Any] = {
        "members": [each.subject for each in counted],
        "missing": [{"unit": unit, "reason": why} for unit, why in sorted(missing.items())],
    }
    return Question(
        REGION,
        subject_kind,
        subject,
        members[0].kind,
        at,
        total(demands) if demands else None,
        np.sum(supplies, axis=0) if supplies else None,
        members[0].start,
        detail=detail,
    )


def too_little(question: Question) -> str | None:
    """Why a unit cannot be part of a total, None if it can."""
    demand = question.demand
    told = last_told(demand) if demand is not None else None
    if demand is None or told is None:
        return "nothing-told"
    if question.at - calendar.moment(told, question.census) > SILENT:
        return "silent"
    return "too-short" if observed_days(demand) < FEWEST_DAYS else None


def observed_days(demand: Daily) -> int:
    return int(demand.observed[-YEAR:].sum())
