"""Stores what a look at the region sees of signals, and that somebody saw one."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.commands import note
from app.access.disclosure import PLACES_PEOPLE
from app.access.principal import Principal
from app.db import Standing, act_as
from app.errors import NotFound
from app.facilities.queries import DirectoryCache, directory
from app.overview import queries as region
from app.overview.schemas import Ask, Overview
from app.overview.signals import queries
from app.overview.signals.attention import asking
from app.overview.signals.course import Signal, course
from app.overview.signals.shown import Shown, returns_within
from app.overview.signals.tables import SignalAcknowledgement, SignalVersion

# Signals are those of who places people: what they see of levels, stops and age is never hidden.
COORDINATOR = Principal(
    org_id=0,
    organisation="region",
    audience="coordinator",
    client_id=None,
    client="signals",
    source_kind="hand",
    scopes=frozenset({"overview:read"}),
)
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('signals'))")


@dataclass(frozen=True)
class Look:
    """The region at a moment, and whose its units are."""

    told: Overview
    owners: Mapping[str, int]


async def look(session: AsyncSession, master: DirectoryCache) -> Look:
    """In a transaction of the worker, which reads the region from here on."""
    await act_as(session, Standing(COORDINATOR.org_id, "region"))
    body = await region.overview(session, COORDINATOR, Ask(), master, fictief=False)
    facts = await directory(master, session)
    owners = {name: unit.org_id for name, unit in facts.units.items()}
    return Look(Overview.model_validate_json(body), owners)


async def record(session: AsyncSession, seen: Look) -> dict[str, int]:
    """Adds the versions that make what is stored the same as what was seen.

    Looks are stored in their order: one that another overtook adds nothing.
    """
    await session.execute(ONE_AT_A_TIME)
    at, window = seen.told.as_of, returns_within(seen.told)
    newest: datetime | None = await session.scalar(select(func.max(SignalVersion.known_at)))
    if newest is not None and newest > at:
        return {"added": 0, "open": 0}
    known = await queries.known(session, at - max(queries.SHOWN_FOR, window))
    standing = {subject: each.level for subject, each in asking(seen.told).items()}
    versions = course(standing, known, seen.owners, at, window)
    if versions:
        await session.execute(insert(SignalVersion), [row(each) for each in versions])
    return {"added": len(versions), "open": len(standing)}


def row(signal: Signal) -> dict[str, object]:
    found = asdict(signal)
    del found["noted_at"]
    return {**found.pop("subject"), **found}


async def acknowledge(
    session: AsyncSession, principal: Principal, number: uuid.UUID, told: Overview
) -> Shown:
    """That a client saw a signal, as it asks for attention now. Harmless to repeat.

    One that the viewer may not see is as if it were not there.
    """
    found = await one(session, principal, number, told)
    assert found.signal is not None
    assert principal.client_id is not None, "who acknowledges is a client"
    added = await session.scalar(
        upsert(SignalAcknowledgement)
        .values(
            org_id=principal.org_id,
            signal=number,
            asks_since=found.signal.asks_since,
            client_id=principal.client_id,
            client=principal.client,
            places_people=principal.audience in PLACES_PEOPLE,
        )
        .on_conflict_do_nothing()
        .returning(SignalAcknowledgement.signal)
    )
    if added is None:
        return found
    note(
        session,
        principal,
        "signals.acknowledge",
        "C",
        object_type="signal",
        object_id=str(number),
        right="signals:acknowledge",
        level=found.signal.level,
    )
    return await one(session, principal, number, told)


async def one(session: AsyncSession, viewer: Principal, number: uuid.UUID, told: Overview) -> Shown:
    shown = await queries.signals(session, viewer, told)
    for each in (*shown.open, *shown.ended):
        if each.signal is not None and each.signal.signal == number:
            return each
    raise NotFound("There is no such signal that you may see.", code="unknown-signal")
