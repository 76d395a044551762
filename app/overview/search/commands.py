"""Holds a place for a short while, and lets it go."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.commands import note
from app.access.principal import Principal
from app.errors import Conflict, NotFound
from app.overview.schemas import Overview, PlacesNow
from app.overview.search import queries
from app.overview.search.ranking import OFFERED, Held
from app.overview.search.schemas import HoldTold
from app.overview.search.tables import HoldVersion

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('hold'), hashtext(:unit))")

PLACE = ("unit", "resource", "bed_type")


def place_of(told: HoldTold) -> tuple[str, str, str]:
    return told.unit, told.resource, told.bed_type or ""


async def hold(
    session: AsyncSession, principal: Principal, told: HoldTold, overview: Overview, now: datetime
) -> HoldVersion:
    """One place of what the overview shows as admittable. The same id again is the same hold."""
    if (known := await own(session, principal, told.id)) is not None:
        if (known.unit, known.resource, known.bed_type) != place_of(told):
            raise Conflict("This id is of another hold. Make a new one.", code="other-content")
        return known
    line = line_of(overview, told)
    # Two that reach for the last place go one after the other.
    await session.execute(ONE_AT_A_TIME, {"unit": told.unit})
    holds = (await queries.held(session, principal, now)).get(told.unit, ())
    if room(line, holds) < 1:
        raise Conflict(
            f"{told.unit} has no such place to hold now: search again, or call.", code="no-room"
        )
    return await added(
        session,
        principal,
        "hold.begin",
        hold=told.id,
        **dict(zip(PLACE, place_of(told), strict=True)),
        held_until=now + timedelta(minutes=told.minutes),
        ended_at=None,
    )


async def let_go(
    session: AsyncSession, principal: Principal, hold: uuid.UUID, now: datetime
) -> None:
    """Harmless to repeat. One of another organisation is not there."""
    known = await own(session, principal, hold)
    if known is None:
        raise NotFound("Your organisation has no such hold.", code="unknown-hold")
    if known.ended_at is not None or known.held_until <= now:
        return
    same = {name: getattr(known, name) for name in (*PLACE, "held_until")}
    await added(session, principal, "hold.end", hold=hold, ended_at=now, **same)


async def own(session: AsyncSession, principal: Principal, hold: uuid.UUID) -> HoldVersion | None:
    mine = HoldVersion.org_id == principal.org_id
    return await session.scalar(queries.NEWEST.where(mine, HoldVersion.hold == hold))


async def added(
    session: AsyncSession, principal: Principal, event: str, **version: object
) -> HoldVersion:
    values = {"org_id": principal.org_id, **version}
    made = insert(HoldVersion).values(values).returning(HoldVersion)
    found: HoldVersion = (await session.execute(made)).scalar_one()
    note(
        session,
        principal,
        event,
        "C",
        object_type="hold",
        object_id=str(found.hold),
        right="places:hold",
        unit=found.unit,
    )
    return found


def line_of(overview: Overview, told: HoldTold) -> PlacesNow:
    """What is not shown to the holder is as if it were not there."""
    for unit in overview.units:
        for line in unit.places:
            same = (line.resource, line.bed_type) == (told.resource, told.bed_type)
            if unit.unit == told.unit and same and line.admittable.state != "suppressed":
                return line
    raise NotFound(
        "There is no such place that you may see. Search names unit, resource and bedType.",
        code="unknown-place",
    )


def room(line: PlacesNow, holds: Sequence[Held]) -> float:
    """What can still be held: of a figure that search would offer, less all that is held."""
    if line.admittable.freshness not in OFFERED:
        return 0
    kind = (line.resource, line.bed_type)
    taken = sum((each.resource, each.bed_type) == kind for each in holds)
    return (line.admittable.value or 0) - taken
