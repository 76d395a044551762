"""What came of a try: how the feed stands after it, and the try itself."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.feeds.pulls.answers import Fetched
from app.feeds.pulls.claims import Claim
from app.feeds.pulls.failures import NotFetched
from app.feeds.pulls.turns import Turn
from app.feeds.receipts import Taken

TRIES_KEPT = 50

NOTE = """
UPDATE feed_pulls
   SET holder = NULL, lease_until = NULL, next_at = :next_at, failures = :failures,
       breaker = :breaker, opened_at = :opened_at, last_tried_at = :now, last_status = :status,
       last_error = :error, etag = :etag, last_modified = :last_modified,
       last_fetched_at = CASE WHEN :well THEN :now ELSE last_fetched_at END,
       last_changed_at = CASE WHEN :changed THEN :now ELSE last_changed_at END,
       last_bytes = coalesce(:bytes, last_bytes)
 WHERE org_id = :org_id AND feed = :feed AND holder = :holder
"""
NOTE_TRY = """
INSERT INTO feed_pull_tries (org_id, feed, tried_at, outcome, status, error, bytes, milliseconds,
                             stored, rejected)
VALUES (:org_id, :feed, :tried_at, :outcome, :status, :error, :bytes, :milliseconds,
        :stored, :rejected)
"""
PRUNE = """
DELETE FROM feed_pull_tries t
 USING (SELECT org_id, feed, tried_at, row_number() OVER (
               PARTITION BY org_id, feed ORDER BY tried_at DESC) AS place
          FROM feed_pull_tries) old
 WHERE t.org_id = old.org_id AND t.feed = old.feed AND t.tried_at = old.tried_at
   AND old.place > :kept
"""


async def note(
    session: AsyncSession,
    claim: Claim,
    turn: Turn,
    now: datetime,
    *,
    fetched: Fetched | None = None,
    taken: Taken | None = None,
    failure: NotFetched | None = None,
) -> None:
    """How the feed stands after a try, and the try itself. No content, only counts and codes."""
    outcomes = [message.outcome for message in taken.kept] if taken else []
    stored = sum(outcome in ("stored", "quarantined") for outcome in outcomes)
    told = {
        **claim.key,
        "error": failure.code if failure else None,
        "status": failure.status if failure else fetched.status if fetched else None,
        "bytes": len(fetched.body) if fetched and fetched.body is not None else None,
    }
    well = fetched if failure is None else None
    state = {
        "next_at": turn.next_at,
        "failures": turn.failures,
        "breaker": turn.breaker,
        "opened_at": turn.opened_at,
        "now": now,
        "well": failure is None,
        "changed": stored > 0,
        **marks(claim, well, taken),
    }
    await session.execute(text(NOTE), told | state)
    tried = {
        "tried_at": claim.tried_at,
        "outcome": "failed" if failure else "taken" if taken else "unchanged",
        "milliseconds": round((now - claim.tried_at).total_seconds() * 1000, 1),
        "stored": stored,
        "rejected": len(taken.rejected) if taken else 0,
    }
    await session.execute(text(NOTE_TRY), told | tried)


def marks(claim: Claim, well: Fetched | None, taken: Taken | None) -> dict[str, str | None]:
    """By which the source is asked whether it has anything new.

    After a failure those of the last message that was taken. None if a report was rejected: a
    mandate or a fact of a unit that comes later can make it good, and a 304 would keep it out.
    """
    if well is None:
        return {"etag": claim.etag, "last_modified": claim.last_modified}
    if taken is not None and taken.rejected:
        return {"etag": None, "last_modified": None}
    return {"etag": well.etag, "last_modified": well.last_modified}


async def prune(session: AsyncSession) -> None:
    """Of each feed the last tries are kept."""
    await session.execute(text(PRUNE), {"kept": TRIES_KEPT})
