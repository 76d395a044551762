"""The messages of reports that were laid down in bulk, as if they had been sent as they came."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# A name of its own for each, so that a load that goes on adds only what is missing.
LAY = text("""
INSERT INTO feed_messages (org_id, feed, arrived_at, message, way, outcome, code, bytes, stored,
                           repeated, quarantined, rejected, figures, faults, observed_at, units,
                           moments)
SELECT f.org_id, r.feed, r.known_at, md5(r.feed || r.known_at)::uuid, 'pushed', 'taken', '', NULL,
       count(*), 0, 0, 0, sum(r.figures), 0, max(r.observed_at),
       array_agg(r.unit ORDER BY r.unit, r.observed_at),
       array_agg(r.observed_at ORDER BY r.unit, r.observed_at)
  FROM organisations o
  JOIN reports r ON r.org_id = o.org_id AND r.known_at > :since
  JOIN feeds f ON f.feed = r.feed
 WHERE r.backfilled AND r.unit <> ''
 GROUP BY f.org_id, r.feed, r.known_at
ON CONFLICT DO NOTHING
""")


async def lay_messages(session: AsyncSession, since: datetime) -> None:
    """Of all organisations, so by the owner; known later than `since`, by a feed's name."""
    await session.execute(LAY, {"since": since})
