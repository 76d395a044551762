"""Flows, plans and rosters laid out by the owner, as if they had been reported at the time."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.observations.tables import DIMENSIONS, Observation, Series
from tests import make

# One figure: from when, over how long (0 is a count at that moment), and what was told.
Row = tuple[datetime, timedelta, float | None]


async def told(
    session: AsyncSession,
    measure: str,
    rows: Sequence[Row],
    unit: str = "reo-flex",
    organisation: str = "reo",
    *,
    said_at: datetime | None = None,
    **words: str,
) -> int:
    """A series of which each row became known when its period ended, or when it was said."""
    org_id = await make.an_organisation(session, organisation)
    named = dict.fromkeys(DIMENSIONS, "") | {"unit": unit, "measure": measure, **words}
    made = insert(Series).values(org_id=org_id, **named, quantity="count", source_kind="feed")
    series_id = int((await session.execute(made.returning(Series.series_id))).scalar_one())
    observed = [said_at or start + lasts for start, lasts, _ in rows]
    figures = [
        {
            "org_id": org_id,
            "series_id": series_id,
            "at": start,
            "length_s": int(lasts.total_seconds()),
            "known_at": at,
            "observed_at": at,
            "value": value,
            "report_id": uuid.uuid4(),
            "reported_by": org_id,
            "precision": "moment",
        }
        for (start, lasts, value), at in zip(rows, observed, strict=True)
    ]
    first, last = min(row[0] for row in rows), max(row[0] for row in rows)
    reach = {"a": first.date(), "b": last.date() + timedelta(days=1)}
    await session.execute(text("SELECT ensure_partitions(:a, :b)"), reach)
    await session.execute(insert(Observation), figures)
    await session.commit()
    return series_id


def every(
    lasts: timedelta, until: datetime, values: Sequence[float | None], *, stock: bool = False
) -> list[Row]:
    """One after another until a moment: of a stock what was counted at the end of each."""
    first = until - lasts * len(values)
    return [
        (first + lasts * (number + stock), timedelta(0) if stock else lasts, value)
        for number, value in enumerate(values)
    ]
