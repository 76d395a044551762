"""Feeds that are fetched, laid out in a store: each with a unit and a source on loopback."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.feeds.tables import Feed, FeedVersion
from tests import make
from tests.feeds.sources import Request, Say, saying


def message(at: datetime | None = None, beds: int = 1, code: str = "A1") -> bytes:
    """A message of the format `reo` about one unit."""
    moment = at or datetime.now(UTC)
    told = {"code": code, "bedden": {"reoBed": {"bezet": beds}}}
    return orjson.dumps({"peilmoment": moment.isoformat(), "locaties": [told]})


def telling_now() -> Say:
    """A source that has a new message every time."""

    async def say(request: Request, writer: Any) -> None:
        await saying(message())(request, writer)

    return say


async def a_fetched_feed(
    session: AsyncSession,
    feed: str,
    url: str,
    *,
    organisation: str = "reo",
    state: str = "released",
    unit: str = "",
    others: Mapping[str, str] | None = None,
    **pull: Any,
) -> str:
    """A feed of a unit of its own; the facts of an earlier call are replaced by a newer version."""
    unit = unit or f"{feed}-unit"
    org_id = await make.an_organisation(session, organisation)
    known = text("SELECT count(*) FROM feeds WHERE feed = :feed")
    begins = make.LONG_AGO
    if await session.scalar(known, {"feed": feed}):
        begins = datetime.now(UTC)
    else:
        await make.a_unit(session, unit, organisation)
        session.add(Feed(feed=feed, org_id=org_id, format="reo"))
        await session.flush()
    patience = {"connect": 1, "read": 1, "total": 2}
    units = {"A1": unit, **(others or {})}
    fetching = {"url": url, "everySeconds": 5, "timeoutSeconds": patience, **pull}
    facts = {"name": "Feed (fictief)", "state": state, "units": units, "pull": fetching}
    session.add(FeedVersion(feed=feed, org_id=org_id, valid_from=begins, facts=facts))
    await session.commit()
    return feed


async def reported(session: AsyncSession, feed: str) -> list[datetime]:
    """The moments of which a feed's reports are stored, oldest first."""
    rows = await session.execute(
        text("SELECT observed_at FROM reports WHERE feed = :feed ORDER BY observed_at"),
        {"feed": feed},
    )
    found = [row.observed_at for row in rows]
    await session.rollback()
    return found


async def stands(session: AsyncSession, feed: str) -> Any:
    """The row of a feed."""
    asked = text("SELECT * FROM feed_pulls WHERE feed = :feed")
    row = (await session.execute(asked, {"feed": feed})).one_or_none()
    await session.rollback()
    return row


SOON = timedelta(seconds=1)
