"""A feed that is released or suspended, and what is kept of one that is not yet released."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.routes import Operator, ReportReader
from app.db import Db
from app.errors import NotFound
from app.facilities.queries import directory
from app.feeds import queries
from app.feeds.queries import KnownFeed
from app.feeds.schemas import FeedState, QuarantineList, Receipt, Suspension
from app.feeds.states import commands
from app.observations.notices.routes import drop_overview
from app.wire import Slug

router = APIRouter()


@router.get("/feeds/{feed}/quarantine")
async def get_quarantine(
    request: Request, session: Db, principal: ReportReader, feed: Slug
) -> QuarantineList:
    """The reports of your feed that are kept but not counted, newest first, at most 500."""
    known = await queries.feed(session, feed, datetime.now(UTC))
    if known is None or known.org_id != principal.org_id:
        return QuarantineList(items=())
    found = await directory(request.app.state.directory, session)
    return QuarantineList(items=tuple(await queries.quarantined(session, known, found)))


@router.post("/feeds/{feed}/_release")
async def release(request: Request, session: Db, principal: Operator, feed: Slug) -> Receipt:
    """Count this feed from now on, also if it was suspended. What it told in quarantine is
    recorded, known from now."""
    now = datetime.now(UTC)
    known = await known_feed(session, feed, now)
    found = await directory(request.app.state.directory, session)
    series = request.app.state.series
    taken = await commands.release(session, principal, known, found, series, now)
    drop_overview(request, session)
    return taken.receipt


@router.post("/feeds/{feed}/_suspend")
async def suspend(
    session: Db, principal: Operator, feed: Slug, suspension: Suspension
) -> FeedState:
    """Take nothing more of this feed until it is released: what is sent is refused (403), and
    nothing is fetched. What it told before stays, and ages."""
    now = datetime.now(UTC)
    known = await known_feed(session, feed, now)
    await commands.suspend(session, principal, known, suspension.reason, now)
    return FeedState(feed=feed, state="suspended", reason=suspension.reason)


async def known_feed(session: AsyncSession, name: str, now: datetime) -> KnownFeed:
    known = await queries.feed(session, name, now)
    if known is None:
        raise NotFound("There is no feed of this name.", code="unknown-feed")
    return known
