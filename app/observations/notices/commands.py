"""Status, stops and events told, changed and ended; doubts accepted. Each adds a version."""

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.commands import Action, note
from app.access.principal import Principal
from app.errors import Conflict, Invalid, NotFound
from app.facilities.queries import rules
from app.facilities.schemas import BED_TYPES
from app.faults import Fault
from app.observations.notices import queries
from app.observations.notices.known import EventKnown, Source, StatusKnown, StopKnown
from app.observations.notices.schemas import EventTold, StatusTold, StopEnd, StopTold
from app.observations.queries import act_for, report_of
from app.observations.tables import StopVersion, UnitEventVersion, UnitStatus
from app.outbox import tell
from app.wire import instant

CLOCKS_DIFFER = timedelta(minutes=2)
REACHES = timedelta(days=2 * 366)


def refused(code: str, detail: str, pointer: str) -> Invalid:
    return Invalid(detail, code=code, faults=[Fault(code, detail, pointer)])


def source_of(told: Source | None, principal: Principal) -> Source:
    return told or ("hand" if principal.source_kind == "hand" else "feed")


async def one_at_a_time(session: AsyncSession, org_id: int, name: str) -> None:
    """Two requests about one thing go one after the other, so that a repeat is seen as one."""
    lock = text("SELECT pg_advisory_xact_lock(:org_id, hashtext(:name))")
    await session.execute(lock, {"org_id": org_id, "name": name})


def leave_trace(
    session: AsyncSession,
    principal: Principal,
    event: str,
    action: Action,
    known: StatusKnown | StopKnown | EventKnown,
) -> None:
    """In the audit trail and the outbox of the unit's own organisation."""
    object_type, object_id = "status", known.unit
    if isinstance(known, StopKnown):
        object_type, object_id = "stop", str(known.stop)
    elif isinstance(known, EventKnown):
        object_type, object_id = "event", str(known.event)
    note(
        session,
        principal,
        event,
        action,
        object_type=object_type,
        object_id=object_id,
        org_id=known.org_id,
        right="events:write",
        unit=known.unit,
    )
    tell(session, known.org_id, event, unit=known.unit, id=object_id)


def within_reach(at: datetime | None, now: datetime, pointer: str) -> None:
    if at is not None and at > now + REACHES:
        detail = f"A moment lies at most two years ahead: until {instant(now + REACHES)}."
        raise refused("out-of-reach", detail, pointer)


async def say_status(
    session: AsyncSession, principal: Principal, unit: str, told: StatusTold, now: datetime
) -> StatusKnown:
    """What a unit says of itself. The same about the same moment is stored once."""
    org_id = await act_for(session, principal, unit, now)
    if told.at > now + CLOCKS_DIFFER:
        raise refused(
            "observed-in-future",
            f"at is {instant(told.at)}, and here it is {instant(now)}. A status is of now or "
            "before; tell a closure that is to come as an event or a stop.",
            "/at",
        )
    await one_at_a_time(session, org_id, f"status:{unit}")
    source = source_of(told.source, principal)
    stored = (await queries.statuses(session, told.at, unit=unit)).get(unit)
    content = (told.at, told.status, told.reason, source)
    if stored and (stored.at, stored.status, stored.reason, stored.source) == content:
        return stored
    values = {"org_id": org_id, "unit": unit, "at": told.at, "status": told.status}
    values |= {"reason": told.reason or "", "source": source, "reported_by": principal.org_id}
    added = insert(UnitStatus).values(values).returning(UnitStatus.known_at)
    known_at = (await session.execute(added)).scalar_one()
    known = StatusKnown(
        org_id, unit, told.at, known_at, told.status, told.reason, source, principal.org_id
    )
    leave_trace(session, principal, "status.say", "C", known)
    return known


def stop_of(
    told: StopTold, principal: Principal, org_id: int, unit: str, now: datetime
) -> StopKnown:
    """A stop as it was told; `known_at` is given when it is stored."""
    within_reach(told.begins_at, now, "/beginsAt")
    within_reach(told.expected_until, now, "/expectedUntil")
    return StopKnown(
        org_id=org_id,
        unit=unit,
        stop=told.id,
        known_at=now,
        kind=told.kind,
        applies_to=tuple(sorted(told.applies_to)),
        specialism=told.specialism,
        begins_at=told.begins_at,
        expected_until=told.expected_until,
        ended_at=None,
        reason=told.reason,
        source=source_of(told.source, principal),
        reported_by=principal.org_id,
    )


def same(told: Any, stored: Any) -> bool:  # noqa: ANN401
    """Whether two versions say the same, whoever said it and whenever."""
    return bool(replace(told, known_at=stored.known_at, reported_by=stored.reported_by) == stored)


def id_reused(what: str) -> Conflict:
    detail = f"This id was used for another {what}. Change that one with PUT, or send a new id."
    return Conflict(detail, code="id-reused", faults=[Fault("id-reused", detail, "/id")])


async def begin_stop(
    session: AsyncSession, principal: Principal, unit: str, told: StopTold, now: datetime
) -> StopKnown:
    """A new stop. The same again answers how that stop stands, and adds nothing."""
    org_id = await act_for(session, principal, unit, now)
    stop = stop_of(told, principal, org_id, unit, now)
    await one_at_a_time(session, org_id, f"stop:{stop.stop}")
    versions = await queries.stop_versions(session, org_id, stop.stop)
    if not versions:
        return await add_stop(session, principal, stop, "stops.begin", "C")
    if not same(stop, versions[0]):
        raise id_reused("stop")
    return versions[-1]


async def change_stop(
    session: AsyncSession, principal: Principal, unit: str, told: StopTold, now: datetime
) -> StopKnown:
    """A stop as it is now known to be: a new version. The same again adds nothing."""
    org_id = await act_for(session, principal, unit, now)
    stored = await newest_stop(session, org_id, unit, told.id)
    stop = stop_of(told, principal, org_id, unit, now)
    if same(replace(stop, ended_at=stored.ended_at), stored):
        return stored
    if stored.ended_at is not None:
        raise Conflict(
            f"This stop ended at {instant(stored.ended_at)}. Begin a new one under a new id.",
            code="stop-ended",
        )
    return await add_stop(session, principal, stop, "stops.change", "U")


async def end_stop(
    session: AsyncSession,
    principal: Principal,
    unit: str,
    number: uuid.UUID,
    told: StopEnd,
    now: datetime,
) -> StopKnown:
    """A stop is over; one that was still to come is called off. Ended twice is ended once."""
    org_id = await act_for(session, principal, unit, now)
    stored = await newest_stop(session, org_id, unit, number)
    if stored.ended_at is not None:
        if told.at in (None, stored.ended_at):
            return stored
        raise Conflict(f"This stop ended at {instant(stored.ended_at)}.", code="stop-ended")
    if told.at is not None and told.at > now + CLOCKS_DIFFER:
        detail = f"Here it is {instant(now)}. Tell with PUT until when it is expected to last."
        raise refused("observed-in-future", detail, "/at")
    if told.at is not None and told.at < stored.begins_at <= now:
        detail = f"This stop began at {instant(stored.begins_at)}; it ends after that."
        raise refused("ends-before-begin", detail, "/at")
    ended = replace(
        stored, ended_at=max(told.at or now, stored.begins_at), reported_by=principal.org_id
    )
    return await add_stop(session, principal, ended, "stops.end", "U")


async def newest_stop(
    session: AsyncSession, org_id: int, unit: str, number: uuid.UUID
) -> StopKnown:
    await one_at_a_time(session, org_id, f"stop:{number}")
    versions = await queries.stop_versions(session, org_id, number)
    if not versions or versions[-1].unit != unit:
        raise NotFound(
            "This unit has no stop with this id. POST /v1/units/{unit}/stops begins one.",
            code="unknown-stop",
        )
    return versions[-1]


async def add_stop(
    session: AsyncSession, principal: Principal, stop: StopKnown, event: str, action: Action
) -> StopKnown:
    values = {**stop.__dict__, "specialism": stop.specialism or ""}
    values |= {"applies_to": list(stop.applies_to)}
    del values["known_at"]
    added = insert(StopVersion).values(values).returning(StopVersion.known_at)
    known_at = (await session.execute(added)).scalar_one()
    leave_trace(session, principal, event, action, stop)
    return replace(stop, known_at=known_at)


async def event_of(
    session: AsyncSession,
    told: EventTold,
    principal: Principal,
    org_id: int,
    unit: str,
    now: datetime,
) -> EventKnown:
    """An event as it was told; `known_at` is given when it is stored."""
    within_reach(told.begins_at, now, "/beginsAt")
    within_reach(told.ends_at, now, "/endsAt")
    if told.bed_type is not None and told.bed_type not in BED_TYPES:
        known = BED_TYPES | set(await rules(session, "bed-type", now))
        if told.bed_type not in known:
            detail = f"This bed type is not known here. Known: {', '.join(sorted(known))}."
            raise refused("unknown-word", detail, "/bedType")
    return EventKnown(
        org_id=org_id,
        unit=unit,
        event=told.id,
        known_at=now,
        kind=told.kind,
        bed_type=told.bed_type,
        begins_at=told.begins_at,
        ends_at=told.ends_at,
        change=told.change,
        reason=told.reason,
        withdrawn=False,
        reported_by=principal.org_id,
    )


async def note_event(
    session: AsyncSession, principal: Principal, unit: str, told: EventTold, now: datetime
) -> EventKnown:
    """A new event. The same again answers how that event stands, and adds nothing."""
    org_id = await act_for(session, principal, unit, now)
    event = await event_of(session, told, principal, org_id, unit, now)
    await one_at_a_time(session, org_id, f"event:{event.event}")
    versions = await queries.event_versions(session, org_id, event.event)
    if not versions:
        return await add_event(session, principal, event, "events.note", "C")
    if not same(event, versions[0]):
        raise id_reused("event")
    return versions[-1]


async def change_event(
    session: AsyncSession, principal: Principal, unit: str, told: EventTold, now: datetime
) -> EventKnown:
    """An event as it is now known to be: a new version, also of one that was withdrawn."""
    org_id = await act_for(session, principal, unit, now)
    stored = await newest_event(session, org_id, unit, told.id)
    event = await event_of(session, told, principal, org_id, unit, now)
    if same(event, stored):
        return stored
    return await add_event(session, principal, event, "events.change", "U")


async def withdraw_event(
    session: AsyncSession, principal: Principal, unit: str, number: uuid.UUID, now: datetime
) -> EventKnown:
    """This event was not, or will not be. Withdrawn twice is withdrawn once."""
    org_id = await act_for(session, principal, unit, now)
    stored = await newest_event(session, org_id, unit, number)
    if stored.withdrawn:
        return stored
    withdrawn = replace(stored, withdrawn=True, reported_by=principal.org_id)
    return await add_event(session, principal, withdrawn, "events.withdraw", "D")


async def newest_event(
    session: AsyncSession, org_id: int, unit: str, number: uuid.UUID
) -> EventKnown:
    await one_at_a_time(session, org_id, f"event:{number}")
    versions = await queries.event_versions(session, org_id, number)
    if not versions or versions[-1].unit != unit:
        raise NotFound(
            "This unit has no event with this id. POST /v1/units/{unit}/events notes one.",
            code="unknown-event",
        )
    return versions[-1]


async def add_event(
    session: AsyncSession, principal: Principal, event: EventKnown, name: str, action: Action
) -> EventKnown:
    values = {**event.__dict__, "bed_type": event.bed_type or "", "reason": event.reason or ""}
    del values["known_at"]
    added = insert(UnitEventVersion).values(values).returning(UnitEventVersion.known_at)
    known_at = (await session.execute(added)).scalar_one()
    leave_trace(session, principal, name, action, event)
    return replace(event, known_at=known_at)


ACCEPT = """
    INSERT INTO doubts (org_id, report_id, series_id, at, code, state, detail)
    SELECT org_id, report_id, series_id, at, code, 'accepted', detail
      FROM doubts WHERE org_id = :org_id AND report_id = :report_id AND state = 'open'
    ON CONFLICT DO NOTHING
    RETURNING series_id
"""
CLEAR = """
    UPDATE current_state SET doubts = '{}'
     WHERE org_id = :org_id AND report_id = :report_id AND series_id = ANY(:series)
"""


async def accept_doubts(
    session: AsyncSession, principal: Principal, report_id: uuid.UUID
) -> tuple[str, int]:
    """The figures of this report were right. The unit (or pool), and how many were accepted."""
    sealed = await report_of(session, principal, report_id)
    asked = {"org_id": sealed["org_id"], "report_id": report_id}
    series = list((await session.execute(text(ACCEPT), asked)).scalars())
    if series:
        await session.execute(text(CLEAR), {**asked, "series": series})
        note(
            session,
            principal,
            "doubts.accept",
            "U",
            object_type="report",
            object_id=str(report_id),
            org_id=sealed["org_id"],
            right="reports:write",
            doubts=len(series),
        )
        tell(session, sealed["org_id"], "doubts.accepted", report=str(report_id))
    return sealed["unit"] or sealed["staff_pool"], len(series)
