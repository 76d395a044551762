"""Which feeds there are, how each stands, and what is kept of those not yet released."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.queries import as_known
from app.db import Standing, act_as
from app.facilities.commands import Kind
from app.facilities.queries import Directory
from app.facilities.schemas import FeedFacts
from app.feeds.schemas import KeptReport
from app.feeds.tables import Feed, FeedVersion
from app.observations.tables import QuarantinedReport

MOST_KEPT_SHOWN = 500
# How a region file sets feeds up: their tables stand to the right of its own part.
FEEDS = Kind("feed", FeedFacts, FeedVersion, ("feed",), Feed)


@dataclass(frozen=True)
class KnownFeed:
    feed: str
    org_id: int
    format: str
    facts: FeedFacts
    since: datetime


async def all_feeds(session: AsyncSession, at: datetime) -> list[KnownFeed]:
    formats = {
        row.feed: row.format for row in await session.execute(select(Feed.feed, Feed.format))
    }
    rows = await session.execute(as_known(FeedVersion, FeedVersion.feed, at=at))
    return [
        KnownFeed(
            row.feed,
            row.org_id,
            formats[row.feed],
            FeedFacts.model_validate(row.facts),
            row.valid_from,
        )
        for row in rows
    ]


async def feed(session: AsyncSession, name: str, at: datetime) -> KnownFeed | None:
    return next((each for each in await all_feeds(session, at) if each.feed == name), None)


def performers(known: KnownFeed, directory: Directory) -> list[int]:
    """The organisations that its reports are of: its own, and others' by their mandate."""
    told = (directory.units.get(unit) for unit in known.facts.units.values())
    return sorted({unit.org_id for unit in told if unit} | {known.org_id})


async def quarantined(
    session: AsyncSession, known: KnownFeed, directory: Directory
) -> list[KeptReport]:
    kept: list[QuarantinedReport] = []
    for org_id in performers(known, directory):
        await act_as(session, Standing(org_id, "own"))
        rows = await session.scalars(
            select(QuarantinedReport)
            .where(QuarantinedReport.org_id == org_id, QuarantinedReport.feed == known.feed)
            .where(QuarantinedReport.released_at.is_(None))
            .order_by(QuarantinedReport.known_at.desc())
            .limit(MOST_KEPT_SHOWN)
        )
        kept += rows
    await act_as(session, Standing(known.org_id, "own"))
    newest = sorted(kept, key=lambda row: row.known_at, reverse=True)[:MOST_KEPT_SHOWN]
    return [
        KeptReport(id=row.report_id, unit=row.unit, known_at=row.known_at, content=row.content)
        for row in newest
    ]
