"""A message of a feed, in its sender's own form, on its way to the store."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from structlog import get_logger

from app.access.principal import Principal
from app.db import Standing
from app.errors import Forbidden, Refusal
from app.facilities.queries import Directory
from app.faults import Fault
from app.feeds.formats import read_body, seal
from app.feeds.parts import ReadPart
from app.feeds.queries import KnownFeed
from app.feeds.receipts import Taken
from app.feeds.reports.commands import refused, take
from app.feeds.stops.commands import keep_notices, permitted
from app.feeds.tables import FeedMessage
from app.feeds.traces import (
    MOST_REJECTS,
    Way,
    rejects,
    trace,
    trace_of_refused,
    trace_of_taken,
)
from app.observations.commands import SeriesNumbers
from app.observations.reading import Broken
from app.observations.tables import Reject

log = get_logger(__name__)


async def take_message(
    session: AsyncSession,
    principal: Principal,
    feed: KnownFeed,
    body: bytes,
    media_type: str,
    *,
    directory: Directory,
    series: SeriesNumbers,
    now: datetime,
    most_figures: int,
    way: Way = "pushed",
) -> Taken:
    """Each unit in the message becomes one report, judged on its own; the message leaves a trace.

    `media_type` is the header as it was sent, `now` when it arrived. Raises a refusal if nothing of
    it could be stored; the transaction is then undone, and the trace is kept in one of its own.
    """
    begun = trace(now, way, len(body))
    read: Sequence[ReadPart] = ()
    try:
        refuse_suspended(feed)
        read = permitted(principal, read_message(feed, body, media_type, now))
        taken = await take(
            session,
            principal,
            read,
            directory=directory,
            series=series,
            now=now,
            most_figures=most_figures,
            feed=feed.feed,
            quarantined=feed.facts.state == "quarantine",
        )
        if feed.facts.state == "released":
            await keep_notices(session, principal, taken.kept, feed.feed, now)
    except Refusal as refusal:
        await note_refused(session, feed, begun, refusal, len(read))
        raise
    note_taken(session, feed, begun, taken, seal(media_type, body, read))
    return taken


def note_taken(
    session: AsyncSession, feed: KnownFeed, begun: Mapping[str, Any], taken: Taken, digest: bytes
) -> None:
    """The trace of a message of which something was taken, in the transaction of its reports."""
    faults = [fault for each in taken.rejected for fault in each.faults]
    kept = rejects(feed.org_id, feed.feed, faults[:MOST_REJECTS], digest)
    session.add_all(Reject(**each) for each in kept)
    told = {**begun, **trace_of_taken(taken)}
    session.add(FeedMessage(org_id=feed.org_id, feed=feed.feed, **told))


def refuse_suspended(feed: KnownFeed) -> None:
    if feed.facts.state == "suspended":
        raise Forbidden(
            f"This feed is suspended ({feed.facts.reason or 'other'}), so nothing of it is taken. "
            "Ask the operator of the tower to release it.",
            code="feed-suspended",
        )


def read_message(
    feed: KnownFeed, body: bytes, media_type: str, arrived: datetime
) -> Sequence[ReadPart]:
    try:
        return read_body(feed.format, media_type, body, feed.facts.units, feed.feed, arrived)
    except Broken as broken:
        raise refused(broken) from None


async def note_refused(
    session: AsyncSession,
    feed: KnownFeed,
    begun: Mapping[str, Any],
    refusal: Refusal,
    rejected: int = 0,
) -> None:
    """That a message was refused whole, in a transaction of its own: this one is undone.

    Code and place of what was wrong are kept; no body, and no digest of one.
    """
    # Its connection goes back before another is asked for: many refusals must not wait for it.
    await session.rollback()
    engine = session.bind
    assert isinstance(engine, AsyncEngine)
    told = {**begun, **trace_of_refused(refusal, rejected)}
    faults = refusal.faults or [Fault(refusal.code, refusal.detail)]
    kept = rejects(feed.org_id, feed.feed, faults[:MOST_REJECTS], b"")
    with suppress(Exception):
        async with asyncio.timeout(3), engine.begin() as connection:
            for statement in Standing(feed.org_id, "own").statements():
                await connection.exec_driver_sql(statement)
            row = {"org_id": feed.org_id, "feed": feed.feed, **told}
            await connection.execute(insert(FeedMessage).values(row))
            await connection.execute(insert(Reject), kept)
        return
    log.warning("refused message not noted", feed=feed.feed, code=refusal.code)
