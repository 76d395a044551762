"""What a feed told of a unit before: whether later, and as which status."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.observations.notices import queries
from app.observations.notices.known import StopKnown
from app.observations.notices.schemas import StopTold
from app.observations.tables import Report, UnitStatus


async def told_later(
    session: AsyncSession, org_id: int, unit: str, feed: str, at: datetime
) -> bool:
    """Whether this feed told of the unit at a later moment."""
    later = select(Report.report_id).where(
        Report.org_id == org_id, Report.unit == unit, Report.feed == feed, Report.observed_at > at
    )
    return bool(await session.scalar(select(exists(later))))


async def stops_around(
    session: AsyncSession, unit: str, told: Sequence[StopTold], at: datetime
) -> list[StopKnown]:
    """The unit's stops that did not end before all of these began."""
    since = min([at, *(stop.begins_at for stop in told)]) - timedelta(microseconds=1)
    return await queries.stops_between(session, since, None, unit=unit)


async def status_told(
    session: AsyncSession, org_id: int, unit: str, reported_by: int, at: datetime
) -> tuple[str, str] | None:
    """The status and its reason that this sender's system said last."""
    said = (
        select(UnitStatus.status, UnitStatus.reason)
        .where(UnitStatus.org_id == org_id, UnitStatus.unit == unit, UnitStatus.at <= at)
        .where(UnitStatus.reported_by == reported_by, UnitStatus.source == "feed")
        .order_by(UnitStatus.at.desc(), UnitStatus.known_at.desc())
        .limit(1)
    )
    found = (await session.execute(said)).one_or_none()
    return (found.status, found.reason) if found else None
