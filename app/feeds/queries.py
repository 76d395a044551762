"""Which feeds there are, how each stands, and what is kept of those not yet released."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.queries import as_known, organisations
from app.facilities.schemas import FeedFacts
from app.feeds.schemas import FeedKnown, KeptReport
from app.feeds.tables import Feed, FeedVersion
from app.observations.tables import QuarantinedReport


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


async def feeds(session: AsyncSession, viewer: Principal, at: datetime) -> list[FeedKnown]:
    names = await organisations(session)
    waiting = select(QuarantinedReport.feed, func.count()).where(
        QuarantinedReport.org_id == viewer.org_id, QuarantinedReport.released_at.is_(None)
    )
    kept: Counter[str] = Counter()
    for row in await session.execute(waiting.group_by(QuarantinedReport.feed)):
        kept[row[0]] = row[1]
    return [
        FeedKnown(
            feed=each.feed,
            organisation=names[each.org_id],
            format=each.format,
            name=each.facts.name,
            state=each.facts.state,
            since=each.since,
            kept=kept[each.feed] if each.org_id == viewer.org_id else None,
        )
        for each in sorted(await all_feeds(session, at), key=lambda each: each.feed)
        if each.org_id == viewer.org_id or viewer.may("operator")
    ]


async def quarantined(session: AsyncSession, viewer: Principal, name: str) -> list[KeptReport]:
    rows = await session.scalars(
        select(QuarantinedReport)
        .where(QuarantinedReport.org_id == viewer.org_id, QuarantinedReport.feed == name)
        .where(QuarantinedReport.released_at.is_(None))
        .order_by(QuarantinedReport.known_at.desc())
        .limit(500)
    )
    return [
        KeptReport(id=row.report_id, unit=row.unit, known_at=row.known_at, content=row.content)
        for row in rows
    ]
