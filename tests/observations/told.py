"""Figures laid out in the store as if they had been told, at any moment and known at any."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.dialects.postgresql import insert as add
from sqlalchemy.ext.asyncio import AsyncSession

from app.facilities.tables import Unit
from app.observations.measures import MEASURES
from app.observations.tables import DIMENSIONS, Observation, Report, Series

SEAL = b"0" * 32


async def reach_back(session: AsyncSession, since: datetime) -> None:
    await session.execute(
        text("SELECT ensure_partitions(:since, :until)"),
        {"since": since.date(), "until": since.date() + timedelta(days=62)},
    )


async def series_id(
    session: AsyncSession, org_id: int, unit: str, measure: str, kind: str, words: dict[str, Any]
) -> int:
    key = dict.fromkeys(DIMENSIONS, "") | {"unit": unit, "measure": measure, **words}
    quantity = MEASURES[measure].quantity
    values = {**key, "org_id": org_id, "source_kind": kind, "quantity": quantity}
    await session.execute(add(Series).values(values).on_conflict_do_nothing())
    wanted = [getattr(Series, name) == value for name, value in values.items()]
    return (await session.execute(select(Series.series_id).where(*wanted))).scalar_one()


async def figure(
    session: AsyncSession,
    value: float | None,
    at: datetime,
    *,
    measure: str = "occupied",
    unit: str = "reo-flex",
    kind: str = "feed",
    known_at: datetime | None = None,
    length: timedelta = timedelta(0),
    precision: str = "moment",
    observed_at: datetime | None = None,
    **words: Any,
) -> uuid.UUID:
    """One report with one figure; known a second after it was so, unless said otherwise."""
    known_at = known_at or at + length + timedelta(seconds=1)
    owner = await session.execute(select(Unit.org_id).where(Unit.unit == unit))
    org_id = owner.scalar_one()
    number = await series_id(session, org_id, unit, measure, kind, words)
    report_id = uuid.uuid4()
    await session.execute(
        insert(Report).values(
            org_id=org_id,
            report_id=report_id,
            unit=unit,
            staff_pool="",
            observed_at=observed_at or at,
            known_at=known_at,
            kind="report",
            source_kind=kind,
            feed="",
            reported_by=org_id,
            figures=1,
            content_hash=SEAL,
            backfilled=False,
        )
    )
    await session.execute(
        insert(Observation).values(
            org_id=org_id,
            series_id=number,
            at=at,
            length_s=int(length.total_seconds()),
            known_at=known_at,
            observed_at=observed_at or at,
            value=value,
            report_id=report_id,
            reported_by=org_id,
            precision=precision,
        )
    )
    return report_id


MORE = """
    INSERT INTO observations
    SELECT org_id, series_id, at + n * CAST(:step AS interval), length_s,
           known_at + n * CAST(:step AS interval), observed_at + n * CAST(:step AS interval),
           n % 7, report_id, reported_by, precision
      FROM observations, generate_series(1, :count) n WHERE report_id = :report_id
"""


async def many(session: AsyncSession, count: int, start: datetime, step: timedelta) -> None:
    """So many figures one after the other, from 0 to 6 and again."""
    report_id = await figure(session, 0, start)
    asked = {"step": step, "count": count - 1, "report_id": report_id}
    await session.execute(text(MORE), asked)
    await session.commit()
