"""What was told of a region as it was known at a moment: the newest of each series."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.observations.tables import DIMENSIONS

Key = tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """A stock as it was told last, or a flow as the sum of what was told of `hours`.

    `value` None: told to be unknown.
    """

    value: float | None
    observed_at: datetime
    source_kind: str
    hours: float = 0.0


async def stocks(session: AsyncSession, at: datetime) -> Mapping[Key, Told]:
    """Of each series the figure of its newest source."""
    return told(await session.execute(STOCKS, {"at": at}))


async def flows(session: AsyncSession, since: datetime, at: datetime) -> Mapping[Key, Told]:
    """Over [since, at), of the periods that lie in it whole."""
    return told(await session.execute(FLOWS, {"since": since, "at": at}))


def told(rows: object) -> dict[Key, Told]:
    found: dict[Key, Told] = {}
    for row in rows.mappings():  # type: ignore[attr-defined]
        key = tuple(row[name] for name in DIMENSIONS)
        each = Told(row["value"], row["observed_at"], row["source_kind"], float(row["hours"]))
        if key not in found or found[key].observed_at < each.observed_at:
            found[key] = each
    return found


SERIES = ", ".join(f"s.{name}" for name in DIMENSIONS)
STOCKS = text(f"""
SELECT {SERIES}, s.source_kind, o.value, o.at AS observed_at, 0 AS hours
  FROM series s
 CROSS JOIN LATERAL (
       SELECT x.value, x.at FROM observations x
        WHERE x.org_id = s.org_id AND x.series_id = s.series_id AND x.length_s = 0
          AND x.at <= :at AND x.at > :at - interval '31 days' AND x.known_at <= :at
        ORDER BY x.at DESC, x.known_at DESC LIMIT 1) o
""")
FLOWS = text(f"""
SELECT {SERIES}, s.source_kind, sum(o.value) AS value, max(o.observed_at) AS observed_at,
       sum(o.length_s) / 3600.0 AS hours
  FROM series s
 CROSS JOIN LATERAL (
       SELECT DISTINCT ON (x.at, x.length_s) x.value, x.observed_at, x.length_s
         FROM observations x
        WHERE x.org_id = s.org_id AND x.series_id = s.series_id AND x.length_s > 0
          AND x.at >= :since AND x.at < :at AND x.known_at <= :at
          AND x.at + x.length_s * interval '1 second' <= :at
        ORDER BY x.at, x.length_s, x.known_at DESC) o
 GROUP BY {SERIES}, s.source_kind
""")
