"""Status and stops of a message, stored beside its figures."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.db import Standing, act_as
from app.faults import Fault
from app.feeds.parts import ReadPart, identity
from app.feeds.stops import queries
from app.feeds.stops.changes import Change, changes
from app.feeds.stops.listed import Own
from app.observations.commands import Message
from app.observations.notices import commands as notices
from app.observations.notices.schemas import StatusTold, StopEnd, StopTold
from app.observations.queries import act_for


def permitted(principal: Principal, read: Sequence[ReadPart]) -> list[ReadPart]:
    """A unit that tells a status or stops is refused under a key that may not tell those."""
    if principal.may("events:write"):
        return list(read)
    detail = (
        "This key lacks the scope events:write, which a status and stops need. Leave them out, or "
        "ask your operator for a key that has it."
    )
    return [
        replace(each, report=None, faults=[Fault("missing-scope", detail, each.pointer)])
        if each.report and each.notices
        else each
        for each in read
    ]


async def keep_notices(
    session: AsyncSession, principal: Principal, taken: Sequence[Message], feed: str, now: datetime
) -> None:
    """What the units say beside the figures that were taken; under a mandate if not one's own.

    The transaction acts for the principal afterwards. The same message again adds nothing.
    """
    # In one order, so that two messages of a feed never wait for each other.
    for message in sorted(taken, key=lambda each: each.place.unit):
        own = message.read.notices if isinstance(message.read, ReadPart) else None
        if own is not None:
            await keep(session, principal, message.place.unit, own, feed, now)
            # A mandate was acted under, also by the trace of it; the next unit may be one's own.
            await session.flush()
            await act_as(session, Standing(principal.org_id, "own"))


async def keep(
    session: AsyncSession, principal: Principal, unit: str, own: Own, feed: str, now: datetime
) -> None:
    org_id = await act_for(session, principal, unit, now)
    await notices.one_at_a_time(session, org_id, f"notices:{feed}:{unit}")
    late = await queries.told_later(session, org_id, unit, feed, own.at)
    if own.status is not None and not late:
        await keep_status(session, principal, org_id, unit, own.status, now)
    if own.stops is not None:
        stops = await due(session, unit, own.stops, identity(feed), own.at, now, late)
        for change in stops:
            await do(session, principal, unit, change, now)


async def keep_status(
    session: AsyncSession,
    principal: Principal,
    org_id: int,
    unit: str,
    told: StatusTold,
    now: datetime,
) -> None:
    """What a system says again is no news: it does not undo what was typed in since."""
    said = await queries.status_told(session, org_id, unit, principal.org_id, told.at)
    if said != (told.status, told.reason or ""):
        await notices.say_status(session, principal, unit, told, now)


async def due(
    session: AsyncSession,
    unit: str,
    told: Sequence[StopTold],
    feed: uuid.UUID,
    at: datetime,
    now: datetime,
    late: bool,
) -> list[Change]:
    known = await queries.stops_around(session, unit, told, at)
    return changes(told, known, feed, at, now, late=late)


async def do(
    session: AsyncSession, principal: Principal, unit: str, change: Change, now: datetime
) -> None:
    if change.deed == "end":
        await notices.end_stop(session, principal, unit, change.stop, StopEnd(at=change.at), now)
    elif change.told is not None:
        deed = notices.begin_stop if change.deed == "begin" else notices.change_stop
        await deed(session, principal, unit, change.told, now)
