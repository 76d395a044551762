"""What a unit says beside its figures: its status, its stops, its events."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.disclosure import Disclosure, Shown
from app.access.principal import Principal
from app.access.queries import disclosure, mandated_units, organisations
from app.access.routes import EventWriter, OverviewReader
from app.db import Db, after_commit
from app.errors import Forbidden, Invalid
from app.faults import Fault
from app.observations.notices import commands, queries
from app.observations.notices.known import EventKnown, Reason, StatusKnown, StopKnown
from app.observations.notices.schemas import (
    EventBody,
    EventShown,
    EventsShown,
    EventTold,
    Moment,
    StatusShown,
    StatusTold,
    StopBody,
    StopEnd,
    StopShown,
    StopsShown,
    StopTold,
)
from app.observations.queries import clock, performer, settled
from app.wire import Slug

router = APIRouter(tags=["notices"])
KnownAt = Annotated[
    Moment | None, Query(alias="knownAt", description="As it was known at this moment.")
]
AsOf = Annotated[Moment | None, Query(alias="asOf", description="How it stood at this moment.")]
EVENTS_LOOK_BACK = timedelta(days=400)


@dataclass(frozen=True)
class View:
    """What one reader sees of one unit: the whole, or what is shared, and how much later."""

    disclosure: Disclosure
    names: dict[int, str]
    own: bool
    delay: timedelta = timedelta(0)

    def reason(self, owner: int, reason: Reason | None) -> Reason | None:
        shared = reason is not None and self.disclosure.sees_reason(owner, reason)
        return reason if self.own or shared else None

    def reported_by(self, owner: int, org_id: int) -> str | None:
        """Who told it is for the owner, and for who told it."""
        told_it = self.disclosure.viewer.org_id == org_id
        return self.names[org_id] if told_it or self.disclosure.owns(owner) else None


async def view(
    session: AsyncSession, principal: Principal, unit: str, shown: Shown, at: datetime
) -> View:
    """Raises Forbidden where the unit's organisation does not share this."""
    owner = await performer(session, unit)
    shared = await disclosure(session, principal, at)
    names = await organisations(session)
    own = shared.owns(owner) or unit in await mandated_units(session, principal, at)
    if own:
        return View(shared, names, own=True)
    if not shared.sees(owner, shown, shared.delay(owner, shown)):
        raise Forbidden(
            f"{names[owner]} does not share this of {unit} with your organisation. "
            "Ask it for a sharing rule.",
            code="not-shared",
        )
    return View(shared, names, own=False, delay=shared.delay(owner, shown))


async def own_view(session: AsyncSession, principal: Principal) -> View:
    """Of what the caller has just told himself."""
    return View(Disclosure(principal), await organisations(session), own=True)


def drop_overview(request: Request, session: AsyncSession) -> None:
    """Once it is stored, the region is read anew."""
    cache = getattr(request.app.state, "overview_cache", None)
    if cache is not None:
        after_commit(session, cache.drop)


@router.post("/units/{unit}/status", status_code=201)
async def say_status(
    request: Request, session: Db, principal: EventWriter, unit: Slug, told: StatusTold
) -> StatusShown:
    """Say how your unit judges itself: open, restricted, closed or unknown.

    It stands beside the level that is computed from the figures; where they differ, that is
    information. The same status of the same moment is stored once, so it may be sent again.
    """
    now = await clock(session)
    known = await commands.say_status(session, principal, unit, told, now)
    drop_overview(request, session)
    return status_shown(known, await own_view(session, principal), known.known_at)


@router.get("/units/{unit}/status")
async def status(
    session: Db,
    principal: OverviewReader,
    unit: Slug,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> StatusShown:
    """What the unit said of itself last. Null `at`: it never said anything."""
    now = await clock(session)
    seen = await view(session, principal, unit, "admittable", now)
    known = await settled(session, known_at) or now
    at = min(as_of or known, now) - seen.delay
    found = (await queries.statuses(session, at, known - seen.delay, unit)).get(unit)
    if found is None:
        return StatusShown(unit=unit, status="unknown", known_at=known)
    return status_shown(found, seen, known)


def status_shown(known: StatusKnown, seen: View, known_at: datetime) -> StatusShown:
    return StatusShown(
        unit=known.unit,
        status=known.status,
        at=known.at,
        reason=seen.reason(known.org_id, known.reason),
        source=known.source,
        reported_by=seen.reported_by(known.org_id, known.reported_by),
        known_at=known_at,
    )


@router.post("/units/{unit}/stops", status_code=201)
async def begin_stop(
    request: Request, session: Db, principal: EventWriter, unit: Slug, told: StopTold
) -> StopShown:
    """Tell that your unit takes no one by some route, from a moment that may lie ahead.

    No formal notice: LPZ and the dispatch centre are leading. The same stop under the same id is
    stored once; other content under that id is refused with 409 (change it with PUT).
    """
    known = await commands.begin_stop(session, principal, unit, told, await clock(session))
    drop_overview(request, session)
    return stop_shown(known, await own_view(session, principal))


@router.put("/units/{unit}/stops/{stop}")
async def change_stop(
    request: Request,
    session: Db,
    principal: EventWriter,
    unit: Slug,
    stop: uuid.UUID,
    told: StopBody,
) -> StopShown:
    """Tell anew how a stop is; the version before stays in the history."""
    told = told.model_copy(update={"id": id_of(told.id, stop)})
    known = await commands.change_stop(session, principal, unit, told, await clock(session))
    drop_overview(request, session)
    return stop_shown(known, await own_view(session, principal))


@router.post("/units/{unit}/stops/{stop}/_end")
async def end_stop(
    request: Request,
    session: Db,
    principal: EventWriter,
    unit: Slug,
    stop: uuid.UUID,
    told: StopEnd | None = None,
) -> StopShown:
    """The stop is over: now, or at the moment in the body. Harmless to send again."""
    now = await clock(session)
    known = await commands.end_stop(session, principal, unit, stop, told or StopEnd(), now)
    drop_overview(request, session)
    return stop_shown(known, await own_view(session, principal))


@router.get("/units/{unit}/stops")
async def stops(
    session: Db,
    principal: OverviewReader,
    unit: Slug,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> StopsShown:
    """The stops that hold and those that are to come.

    A stop holds until it is ended, also beyond the moment until which it was expected to last.
    """
    now = await clock(session)
    seen = await view(session, principal, unit, "admittable", now)
    known = await settled(session, known_at) or now
    at = (as_of or known) - seen.delay
    found = await queries.stops_between(session, at, None, known - seen.delay, unit)
    return StopsShown(
        unit=unit,
        as_of=as_of or known,
        known_at=known,
        stops=tuple(stop_shown(stop, seen) for stop in found),
    )


def stop_shown(known: StopKnown, seen: View) -> StopShown:
    return StopShown(
        id=known.stop,
        unit=known.unit,
        kind=known.kind,
        applies_to=known.applies_to,
        specialism=known.specialism,
        begins_at=known.begins_at,
        expected_until=known.expected_until,
        ended_at=known.ended_at,
        reason=seen.reason(known.org_id, known.reason),
        source=known.source,
        reported_by=seen.reported_by(known.org_id, known.reported_by),
        known_at=known.known_at,
    )


@router.post("/units/{unit}/events", status_code=201)
async def note_event(
    request: Request, session: Db, principal: EventWriter, unit: Slug, told: EventTold
) -> EventShown:
    """Tell of a closure, opening, reclassification or strike, past or to come.

    History and forecast take it into account. The same event under the same id is stored once;
    other content under that id is refused with 409 (change it with PUT).
    """
    known = await commands.note_event(session, principal, unit, told, await clock(session))
    drop_overview(request, session)
    return event_shown(known, await own_view(session, principal))


@router.put("/units/{unit}/events/{event}")
async def change_event(
    request: Request,
    session: Db,
    principal: EventWriter,
    unit: Slug,
    event: uuid.UUID,
    told: EventBody,
) -> EventShown:
    """Tell anew how an event is; the version before stays in the history."""
    told = told.model_copy(update={"id": id_of(told.id, event)})
    known = await commands.change_event(session, principal, unit, told, await clock(session))
    drop_overview(request, session)
    return event_shown(known, await own_view(session, principal))


@router.post("/units/{unit}/events/{event}/_withdraw")
async def withdraw_event(
    request: Request, session: Db, principal: EventWriter, unit: Slug, event: uuid.UUID
) -> EventShown:
    """The event was not, or will not be. Harmless to send again."""
    known = await commands.withdraw_event(session, principal, unit, event, await clock(session))
    drop_overview(request, session)
    return event_shown(known, await own_view(session, principal))


@router.get("/units/{unit}/events")
async def events(
    session: Db,
    principal: OverviewReader,
    unit: Slug,
    since: Annotated[
        Moment | None,
        Query(alias="from", description="Events that were over before are left out."),
    ] = None,
    known_at: KnownAt = None,
) -> EventsShown:
    """The events of the last 400 days, or from a moment on, and those to come."""
    now = await clock(session)
    seen = await view(session, principal, unit, "occupancy", now)
    known = await settled(session, known_at) or now
    begin = since or known - EVENTS_LOOK_BACK
    found = await queries.events(session, begin, None, known - seen.delay, unit)
    shown = tuple(event_shown(event, seen) for event in found)
    return EventsShown(unit=unit, known_at=known, events=shown)


def event_shown(known: EventKnown, seen: View) -> EventShown:
    return EventShown(
        id=known.event,
        unit=known.unit,
        kind=known.kind,
        bed_type=known.bed_type,
        begins_at=known.begins_at,
        ends_at=known.ends_at,
        change=None if known.change is None else int(known.change),
        reason=seen.reason(known.org_id, known.reason),
        withdrawn=known.withdrawn,
        reported_by=seen.reported_by(known.org_id, known.reported_by),
        known_at=known.known_at,
    )


def id_of(told: uuid.UUID | None, path: uuid.UUID) -> uuid.UUID:
    if told not in (None, path):
        detail = "The id of the body is not that of the path. Leave it out of the body."
        raise Invalid(detail, code="other-id", faults=[Fault("other-id", detail, "/id")])
    return path
