"""Who fetches which feed: rows claimed under a lease, which others take over when it ends."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import TRANSACTION_SECONDS, Sessions, Standing
from app.feeds.pulls.claims import Claim, LeaseLost
from app.feeds.queries import KnownFeed

# A worker that dies is missed for at most this long: less than the shortest period, 5 seconds.
LEASE = timedelta(seconds=2)
PROLONG_SECONDS = 0.5

# Another version of a feed's facts begins anew, also while the old one is being fetched.
ARRANGE = """
INSERT INTO feed_pulls (org_id, feed, since, next_at)
SELECT org_id, feed, since, clock_timestamp()
  FROM unnest(CAST(:org_ids AS int[]), CAST(:feeds AS text[]), CAST(:since AS timestamptz[]))
       AS wanted (org_id, feed, since)
    ON CONFLICT (org_id, feed) DO UPDATE
   SET since = excluded.since, next_at = excluded.next_at, holder = NULL, lease_until = NULL,
       etag = NULL, last_modified = NULL, failures = 0, breaker = 'closed', opened_at = NULL,
       last_error = NULL, last_status = NULL
 WHERE feed_pulls.since < excluded.since
"""
# A row that is locked is being finished by its holder.
CLAIM = """
WITH due AS MATERIALIZED (
    SELECT org_id, feed FROM feed_pulls
     WHERE feed = ANY(:feeds) AND next_at <= clock_timestamp()
       AND (lease_until IS NULL OR lease_until < clock_timestamp())
       AND (failures > 0) = :failing
     ORDER BY next_at LIMIT :most FOR UPDATE SKIP LOCKED)
UPDATE feed_pulls p
   SET holder = gen_random_uuid(), lease_until = clock_timestamp() + :lease,
       breaker = CASE WHEN p.breaker = 'open' THEN 'half-open' ELSE p.breaker END
  FROM due WHERE p.org_id = due.org_id AND p.feed = due.feed
RETURNING p.*
"""
# By hand a feed is fetched whether or not it is due.
CLAIM_ONE = """
UPDATE feed_pulls SET holder = gen_random_uuid(), lease_until = clock_timestamp() + :lease
 WHERE feed = :feed AND (lease_until IS NULL OR lease_until < clock_timestamp())
RETURNING *
"""
PROLONG = """
UPDATE feed_pulls SET lease_until = clock_timestamp() + :lease
 WHERE (org_id, feed) IN (
       SELECT org_id, feed FROM feed_pulls WHERE holder = ANY(:holders) FOR UPDATE SKIP LOCKED)
"""
# A newer version of the feed (released, suspended, another address) makes what was fetched another
# matter, also before any worker has arranged it.
HOLD = """
SELECT 1 FROM feed_pulls
 WHERE org_id = :org_id AND feed = :feed AND holder = :holder
   AND NOT EXISTS (
       SELECT FROM feed_versions v
        WHERE v.feed = :feed AND v.valid_from > :since AND v.valid_from <= clock_timestamp())
   FOR UPDATE
"""


async def arrange(session: AsyncSession, feeds: Mapping[str, KnownFeed]) -> None:
    """A row for each feed that is fetched."""
    asked = {
        "org_ids": [each.org_id for each in feeds.values()],
        "feeds": list(feeds),
        "since": [each.since for each in feeds.values()],
    }
    await session.execute(text(ARRANGE), asked)


async def claim(
    session: AsyncSession, feeds: Collection[str], most: int, *, failing: bool
) -> Sequence[Row[Any]]:
    """Rows of feeds that are due, of those that failed last or of the others, longest due first."""
    asked = {"feeds": list(feeds), "most": most, "failing": failing, "lease": LEASE}
    return (await session.execute(text(CLAIM), asked)).all()


async def claim_one(session: AsyncSession, feed: str, lease: timedelta) -> Row[Any] | None:
    """None: a worker is at it now."""
    found = await session.execute(text(CLAIM_ONE), {"feed": feed, "lease": lease})
    return found.one_or_none()


async def prolong(session: AsyncSession, holders: Collection[uuid.UUID]) -> None:
    """One statement for all that a worker holds; what it is storing is locked, and passed by."""
    await session.execute(text(PROLONG), {"holders": list(holders), "lease": LEASE})


@asynccontextmanager
async def held(sessions: Sessions, claim: Claim) -> AsyncIterator[AsyncSession]:
    """A transaction of the feed's organisation, behind a lock on the feed's row.

    Who lost the lease stores nothing: of each period one worker's message is stored, together with
    the note that it was. Raises LeaseLost.
    """
    async with asyncio.timeout(TRANSACTION_SECONDS), sessions() as session:
        session.info["standing"] = Standing(claim.known.org_id, "own")
        async with session.begin():
            asked = {**claim.key, "since": claim.known.since}
            if (await session.execute(text(HOLD), asked)).one_or_none() is None:
                raise LeaseLost
            yield session
    for after in session.info.get("after_commit", ()):
        after()
