"""What became of a job."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.jobs.tables import JobRun


async def finished(session: AsyncSession, keys: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these (job, period) are done."""
    found = await session.execute(
        select(JobRun.job, JobRun.period)
        .where(tuple_(JobRun.job, JobRun.period).in_(list(keys)))
        .where(JobRun.finished_at.is_not(None))
    )
    return {(row.job, row.period) for row in found}


async def outcome(session: AsyncSession, job: str, period: str) -> dict[str, Any] | None:
    """What a job that is done told, None while it is not."""
    found: dict[str, Any] | None = await session.scalar(
        select(JobRun.outcome).where(
            JobRun.job == job, JobRun.period == period, JobRun.finished_at.is_not(None)
        )
    )
    return found
