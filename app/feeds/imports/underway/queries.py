"""Which files an organisation brought in, and which are on their way."""

import uuid
from datetime import datetime

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.feeds.imports.schemas import ImportShown
from app.feeds.imports.tables import FileImport

# Whatever did not say lately that it lives was ended by something else.
SEEN = or_(FileImport.finished_at.is_not(None), FileImport.alive_until > func.clock_timestamp())


async def imports(
    session: AsyncSession, org_id: int, after: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[ImportShown]:
    """Those of an organisation, newest first."""
    key = tuple_(FileImport.started_at, FileImport.id)
    asked = select(FileImport).where(FileImport.org_id == org_id, SEEN)
    if after is not None:
        asked = asked.where(key < after)
    newest = asked.order_by(FileImport.started_at.desc(), FileImport.id.desc()).limit(limit)
    return [shown(row) for row in await session.scalars(newest)]


async def one(session: AsyncSession, org_id: int, number: uuid.UUID) -> ImportShown | None:
    asked = select(FileImport).where(FileImport.org_id == org_id, FileImport.id == number, SEEN)
    row = await session.scalar(asked)
    return None if row is None else shown(row)


def shown(row: FileImport) -> ImportShown:
    changed = (row.added or 0) + (row.corrected or 0)
    return ImportShown(
        id=row.id,
        profile=row.profile,
        state="underWay" if row.finished_at is None else "done",
        dry_run=row.dry_run,
        started_at=row.started_at,
        finished_at=row.finished_at,
        read_bytes=row.read_bytes,
        total_bytes=row.total_bytes,
        rows=row.rows,
        figures=row.figures,
        units=row.units,
        added=row.added,
        corrected=row.corrected,
        unchanged=None if row.figures is None else row.figures - changed,
        since=row.since,
        until=row.until,
    )
