"""What the page of the figures asks: the feeds and the units of who looks."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from fastapi import Request
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.dashboard.about.beats import Beat, beat_of
from app.dashboard.about.feeds import Told, told_of
from app.dashboard.charts import Chart
from app.dashboard.queries import shown_again
from app.db import Standing, act_as
from app.facilities.queries import Directory, directory
from app.feeds.health import queries as health
from app.feeds.health.queries import FORTNIGHT
from app.feeds.health.schemas import FeedDay, FeedKnown, FeedReject
from app.feeds.punctuality import Heard
from app.observations.tables import Report

# Two days before the last: what was known then may still do for the first moment.
LOOKS_BACK = timedelta(days=3)
MOST_REJECTS = 1000
QUARTER = timedelta(minutes=15)
TOLD_EVER = text("""
    SELECT u.unit FROM unnest(CAST(:units AS text[])) AS u(unit)
     WHERE EXISTS (SELECT 1 FROM reports r WHERE r.org_id = :org_id AND r.unit = u.unit)
""")


@dataclass(frozen=True)
class Own:
    """What the page shows of one's own: nothing to who has no units and no feeds."""

    feeds: Sequence[Told] = ()
    beats: Sequence[Beat] = ()
    # Units of which nothing was ever told.
    silent: Sequence[str] = ()

    @property
    def charts(self) -> list[Chart]:
        return [chart for told in self.feeds for chart in told.charts]


async def own(request: Request, session: AsyncSession, viewer: Principal) -> Own:
    if viewer.client_id is None or not viewer.may("reports:read"):
        return Own()
    now = datetime.now(UTC)
    known = await directory(request.app.state.directory, session)
    feeds = [
        await told(request, session, viewer, each, known, now)
        for each in await health.feeds(session, viewer, known, now)
        if each.health is not None
    ]
    units = {name: each.facts for name, each in known.units.items() if each.org_id == viewer.org_id}
    heard = await reports(session, viewer, now - LOOKS_BACK)
    ever = await told_ever(session, viewer, units)
    beats = [
        beat_of(name, facts, heard.get(name, ()), now)
        for name, facts in sorted(units.items())
        if name in ever
    ]
    silent = [facts.name for name, facts in sorted(units.items()) if name not in ever]
    await act_as(session, Standing(viewer.org_id, "region"))
    return Own(feeds, beats, silent)


async def told(
    request: Request,
    session: AsyncSession,
    viewer: Principal,
    shown: FeedKnown,
    known: Directory,
    now: datetime,
) -> Told:
    own = await health.own_feed(session, viewer, shown.feed, now)
    make = partial(health.days_of, session, own, known, now)
    days: Sequence[FeedDay]
    days = await shown_again(request, days_key(shown, now), QUARTER.total_seconds(), make)
    made = told_of(shown, days)
    if request.query_params.get("grafiek", "").rpartition(".")[0] != made.rejects_name:
        return made
    refused = await health.rejects_of(session, own, now - FORTNIGHT, None, MOST_REJECTS)
    rejects = [FeedReject(at=each.at, code=each.code, place=each.place) for each in refused]
    return told_of(shown, days, rejects)


def days_key(shown: FeedKnown, now: datetime) -> Hashable:
    """Thirty days of a feed of each quarter of an hour are some ten thousand moments: reckoned once
    for each message that comes or state that changes, and once in a quarter of an hour without."""
    quarter = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    last = shown.health.last_message_at if shown.health else None
    return ("days", shown.feed, last, shown.since, quarter)


async def reports(
    session: AsyncSession, viewer: Principal, since: datetime
) -> Mapping[str, list[Heard]]:
    """What was told of one's own units, by whom and by what way ever."""
    await act_as(session, Standing(viewer.org_id, "own"))
    rows = await session.execute(
        select(Report.unit, Report.observed_at, Report.known_at).where(
            Report.org_id == viewer.org_id, Report.known_at > since, Report.unit != ""
        )
    )
    found: dict[str, list[Heard]] = defaultdict(list)
    for unit, observed_at, known_at in rows:
        found[unit].append(Heard(observed_at, known_at))
    return found


async def told_ever(session: AsyncSession, viewer: Principal, units: Collection[str]) -> set[str]:
    """Those of one's own `units` of which anything was ever told; a look into the key for each."""
    asked = {"org_id": viewer.org_id, "units": list(units)}
    return set(await session.scalars(TOLD_EVER, asked))
