"""How fetching stands: which feeds are fetched, for whom, and how it went."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.queries import as_known, organisations
from app.access.tables import OrganisationVersion
from app.db import Standing, act_as
from app.errors import NotFound
from app.feeds.pulls.failures import REASONS
from app.feeds.pulls.schemas import FeedPulls, PullState, PullTry
from app.feeds.pulls.tables import FeedPull, FeedPullTry
from app.feeds.queries import KnownFeed, all_feeds, feed

TRIES_SHOWN = 20


async def fetched_feeds(session: AsyncSession, at: datetime) -> dict[str, KnownFeed]:
    """The feeds that are to be fetched; a suspended one is left alone."""
    return {
        each.feed: each
        for each in await all_feeds(session, at)
        if each.facts.pull is not None and each.facts.state != "suspended"
    }


async def tellers(session: AsyncSession, at: datetime) -> dict[int, Principal]:
    """Each organisation as who tells what is fetched of its feeds: no client of it called."""
    names = await organisations(session)
    rows = await session.execute(as_known(OrganisationVersion, OrganisationVersion.org_id, at=at))
    return {
        row.org_id: Principal(
            org_id=row.org_id,
            organisation=names[row.org_id],
            audience=row.facts["audience"],
            client_id=None,
            client="pull",
            source_kind="feed",
            scopes=frozenset({"reports:write", "events:write"}),
        )
        for row in rows
    }


async def pull_states(session: AsyncSession, feeds: Iterable[KnownFeed]) -> Mapping[str, PullState]:
    """Of each feed that is fetched how that stands; the others are left out.

    Reads for each feed's organisation in turn, and stands afterwards as before: who asks must have
    checked that the viewer may see these feeds.
    """
    pulled = [each for each in feeds if each.facts.pull is not None]
    found: dict[str, FeedPull] = {}
    before: Standing | None = session.info.get("standing")
    for org_id in sorted({each.org_id for each in pulled}):
        await act_as(session, Standing(org_id, "own"))
        rows = await session.scalars(select(FeedPull).where(FeedPull.org_id == org_id))
        found |= {row.feed: row for row in rows}
    if before is not None and pulled:
        await act_as(session, before)
    return {each.feed: state(each, found.get(each.feed)) for each in pulled}


def state(known: KnownFeed, row: FeedPull | None) -> PullState:
    assert known.facts.pull is not None
    every = known.facts.pull.every_seconds
    # What is noted of an older version of the feed says nothing of this one.
    if row is None or row.since != known.since:
        return PullState(every_seconds=every)
    return PullState(
        every_seconds=every,
        breaker=row.breaker,
        opened_at=row.opened_at,
        failures=row.failures,
        next_at=row.next_at,
        last_tried_at=row.last_tried_at,
        last_status=row.last_status,
        last_error=row.last_error,
        reason=REASONS.get(row.last_error or ""),
        last_fetched_at=row.last_fetched_at,
        last_changed_at=row.last_changed_at,
        last_bytes=row.last_bytes,
    )


async def pulls(session: AsyncSession, viewer: Principal, name: str) -> FeedPulls:
    """Of a feed of one's own, or for the operator of any."""
    known = await feed(session, name, datetime.now(UTC))
    if known is None or not (known.org_id == viewer.org_id or viewer.may("operator")):
        raise NotFound("Your organisation has no feed of this name.", code="unknown-feed")
    states = await pull_states(session, [known])
    await act_as(session, Standing(known.org_id, "own"))
    rows = await session.scalars(
        select(FeedPullTry)
        .where(FeedPullTry.org_id == known.org_id, FeedPullTry.feed == name)
        .order_by(FeedPullTry.tried_at.desc())
        .limit(TRIES_SHOWN)
    )
    tries = tuple(
        PullTry(
            tried_at=row.tried_at,
            outcome=row.outcome,
            status=row.status,
            error=row.error,
            reason=REASONS.get(row.error or ""),
            bytes=row.bytes,
            milliseconds=row.milliseconds,
            stored=row.stored,
            rejected=row.rejected,
        )
        for row in rows
    )
    return FeedPulls(feed=name, pull=states.get(name), tries=tries)
