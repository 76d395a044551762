"""Finds a place: what the overview shows to one viewer, judged by what somebody needs."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.disclosure import Disclosure
from app.access.principal import Principal
from app.errors import Invalid
from app.facilities.queries import Directory
from app.facilities.schemas import BED_TYPES
from app.faults import Fault
from app.overview.schemas import Overview
from app.overview.search.ranking import (
    GROUNDS,
    NOES,
    Held,
    Offer,
    Reason,
    Refused,
    Standing,
    search,
)
from app.overview.search.schemas import Candidate, HeldNow, Needs, No, PlacesFound, Why
from app.overview.search.tables import HoldVersion

NEWEST = (
    select(HoldVersion)
    .ext(distinct_on(HoldVersion.org_id, HoldVersion.hold))
    .order_by(HoldVersion.org_id, HoldVersion.hold, HoldVersion.known_at.desc())
)


async def held(
    session: AsyncSession, viewer: Principal, at: datetime
) -> Mapping[str, Sequence[Held]]:
    """What is held of each unit at a moment, by anybody."""
    newest = NEWEST.where(HoldVersion.held_until > at).subquery()
    rows = await session.execute(select(newest).where(newest.c.ended_at.is_(None)))
    found: dict[str, list[Held]] = {}
    for row in rows:
        mine = row.org_id == viewer.org_id
        each = Held(
            *(row.resource, row.bed_type or None, row.held_until, mine),
            hold=row.hold if mine else None,
        )
        found.setdefault(row.unit, []).append(each)
    return found


def places(
    told: Overview,
    facts: Directory,
    viewer: Principal,
    needs: Needs,
    holds: Mapping[str, Sequence[Held]],
) -> PlacesFound:
    """Every unit that the overview tells of, as a candidate or as a no."""
    refuse_the_unknown(needs, facts)
    units = [
        Standing(
            unit,
            facts.units[unit.unit].facts,
            municipality(facts, unit.facility),
            holds.get(unit.unit, ()),
        )
        for unit in told.units
        if unit.unit in facts.units
    ]
    offers, noes = search(needs, units, told.as_of)
    seen = Disclosure(viewer)
    return PlacesFound(
        as_of=told.as_of,
        known_at=told.known_at,
        fictief=told.fictief,
        candidates=tuple(candidate(rank, each, facts, seen) for rank, each in enumerate(offers, 1)),
        noes=tuple(no(each, facts, seen) for each in noes),
    )


def municipality(facts: Directory, facility: str) -> str | None:
    known = facts.facilities.get(facility)
    return known.facts.area.municipality if known else None


def municipalities(facts: Directory) -> list[str]:
    """Where there are units."""
    found = (municipality(facts, unit.facts.facility) for unit in facts.units.values())
    return sorted({each for each in found if each is not None})


def bed_types_offered(facts: Directory) -> set[str]:
    """Those that some unit has, or can make of its beds."""
    beds = [bed for unit in facts.units.values() for bed in unit.facts.beds]
    return {each for bed in beds for each in (bed.bed_type, *bed.usable_as)}


def refuse_the_unknown(needs: Needs, facts: Directory) -> None:
    """A word that nobody knows is a slip, and would find nothing."""
    # Of every tower, and those that this region added.
    known = BED_TYPES | bed_types_offered(facts)
    faults = [
        Fault("unknown-bed-type", "/v1/bed-types lists the types of beds.", f"/bedTypes/{n}")
        for n, each in enumerate(needs.bed_types)
        if each not in known
    ]
    if needs.municipality and needs.municipality not in municipalities(facts):
        detail = "No unit stands there. /v1/facilities says where they stand."
        faults.append(Fault("unknown-municipality", detail, "/municipality"))
    if faults:
        raise Invalid("What is needed has words that are not known.", "not-valid", faults)


def place(found: Offer | Refused, facts: Directory, seen: Disclosure) -> Mapping[str, object]:
    """What a candidate and a no have in common."""
    now, line = found.standing.now, found.line
    owner = facts.units[now.unit].org_id
    # As where master data are read: functions and phones are for the owner and who places people.
    holds = found.standing.held_of(line) if line else []
    may_call = seen.owns(owner) or seen.places_people
    return {
        "unit": now.unit,
        "name": now.name,
        "organisation": now.organisation,
        "facility": now.facility,
        "municipality": found.standing.municipality,
        "care_setting": now.care_setting,
        "bed_type": line.bed_type if line else None,
        "held": [HeldNow(until=each.until, mine=each.mine, id=each.hold) for each in holds],
        "contacts": found.standing.facts.contacts if may_call else None,
    }


def candidate(rank: int, offer: Offer, facts: Directory, seen: Disclosure) -> Candidate:
    told = [
        why(Reason(code, offer.admits_from if code == "later" else None), GROUNDS)
        for code in offer.grounds
    ]
    return Candidate.model_validate(
        {
            **place(offer, facts, seen),
            "rank": rank,
            "takes": offer.takes,
            "admits_from": offer.admits_from,
            "admittable": offer.line.admittable,
            "refusal_risk": offer.line.refusal_risk,
            "reasons": told,
        }
    )


def no(refused: Refused, facts: Directory, seen: Disclosure) -> No:
    told = [why(each, NOES) for each in refused.reasons]
    figure = refused.line.admittable if refused.line else None
    return No.model_validate({**place(refused, facts, seen), "admittable": figure, "reasons": told})


def why(reason: Reason, words: Mapping[str, tuple[str, str]]) -> Why:
    nl, en = words[reason.code]
    return Why(code=reason.code, nl=nl, en=en, until=reason.until)
