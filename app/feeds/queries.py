"""Which feeds there are, how each stands, and what is kept of those not yet released."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.queries import as_known, organisations
from app.facilities.schemas import FeedFacts
from app.feeds.schemas import FeedKnown, KeptReport, Outlook
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


NEXT_STEP = text("""
    SELECT DISTINCT ON (p.subject, p.bed_type)
           p.subject, p.bed_type, p.at, p.quantiles, p.p_short, r.probabilities
      FROM forecast_points p
      JOIN (SELECT run_id, probabilities FROM forecast_runs
             WHERE horizon = 'weeks' ORDER BY issued_at DESC, known_at DESC LIMIT 1) r
        ON r.run_id = p.run_id
     WHERE p.org_id = ANY(:owners) AND p.subject_kind = 'unit' AND p.subject = ANY(:units)
       AND p.measure = 'occupied' AND p.at > :now
     ORDER BY p.subject, p.bed_type, p.at
""")


async def outlooks(
    session: AsyncSession, units: Collection[str], owners: Collection[int], now: datetime
) -> dict[str, list[Outlook]]:
    """Of each unit the next step of the newest forecast, per bed type."""
    asked = {"units": list(units), "owners": list(owners), "now": now}
    found: dict[str, list[Outlook]] = defaultdict(list)
    for row in await session.execute(NEXT_STEP, asked):
        found[row.subject].append(
            Outlook(
                bed_type=row.bed_type or None,
                at=row.at,
                p10=at_probability(0.1, row.probabilities, row.quantiles),
                p50=at_probability(0.5, row.probabilities, row.quantiles),
                p90=at_probability(0.9, row.probabilities, row.quantiles),
                p_short=row.p_short,
            )
        )
    return found


def at_probability(
    wanted: float, probabilities: Sequence[float], quantiles: Sequence[float]
) -> float:
    """The quantile that is stored nearest to a probability."""
    nearest = min(range(len(probabilities)), key=lambda n: abs(probabilities[n] - wanted))
    return round(quantiles[nearest], 2)
