"""How the feeds fare, their messages, and what was refused of them."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from app.access.routes import ReportReader
from app.db import Db
from app.facilities.queries import directory
from app.feeds.health import queries
from app.feeds.health.queries import FORTNIGHT
from app.feeds.health.schemas import (
    FeedDays,
    FeedKnown,
    FeedList,
    FeedMessages,
    FeedMessageShown,
    FeedReject,
    FeedRejects,
)
from app.paging import MOMENT_AND_ID, Cursor, Limit, link_next, page_of
from app.wire import Slug

router = APIRouter()


@router.get("/feeds")
async def get_feeds(request: Request, session: Db, principal: ReportReader) -> FeedList:
    """Your organisation's feeds, their state and their health. The operator sees the state of
    all."""
    found = await directory(request.app.state.directory, session)
    items = await queries.feeds(session, principal, found, datetime.now(UTC))
    return FeedList(items=tuple(items))


@router.get("/feeds/{feed}")
async def get_feed(request: Request, session: Db, principal: ReportReader, feed: Slug) -> FeedKnown:
    """One feed: its state, what came, whether it came in time, and what was refused."""
    found = await directory(request.app.state.directory, session)
    return await queries.one_feed(session, principal, feed, found, datetime.now(UTC))


@router.get("/feeds/{feed}/days")
async def get_days(request: Request, session: Db, principal: ReportReader, feed: Slug) -> FeedDays:
    """The last 30 days of your feed: how many reporting moments were met each day, what came, and
    how much was wrong."""
    now = datetime.now(UTC)
    known = await queries.own_feed(session, principal, feed, now)
    found = await directory(request.app.state.directory, session)
    return FeedDays(feed=feed, items=tuple(await queries.days_of(session, known, found, now)))


@router.get("/feeds/{feed}/messages")
async def get_messages(
    request: Request,
    response: Response,
    session: Db,
    principal: ReportReader,
    feed: Slug,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> FeedMessages:
    """The messages of your feed, newest first: when each arrived and what became of it."""
    known = await queries.own_feed(session, principal, feed, datetime.now(UTC))
    rows = await queries.messages_of(session, known, page_of(cursor, MOMENT_AND_ID), limit)
    if len(rows) == limit:
        link_next(request, response, [rows[-1].arrived_at.isoformat(), str(rows[-1].message)])
    items = (
        FeedMessageShown(
            message=row.message,
            arrived_at=row.arrived_at,
            way=row.way,
            outcome=row.outcome,
            code=row.code or None,
            bytes=row.bytes,
            stored=row.stored,
            repeated=row.repeated,
            quarantined=row.quarantined,
            rejected=row.rejected,
            figures=row.figures,
            faults=row.faults,
        )
        for row in rows
    )
    return FeedMessages(feed=feed, items=tuple(items))


@router.get("/feeds/{feed}/rejects")
async def get_rejects(
    request: Request,
    response: Response,
    session: Db,
    principal: ReportReader,
    feed: Slug,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> FeedRejects:
    """What was refused of your feed in the last 14 days, newest first: code and place, no
    content."""
    now = datetime.now(UTC)
    known = await queries.own_feed(session, principal, feed, now)
    rows = await queries.rejects_of(
        session, known, now - FORTNIGHT, page_of(cursor, MOMENT_AND_ID), limit
    )
    if len(rows) == limit:
        link_next(request, response, [rows[-1].at.isoformat(), str(rows[-1].id)])
    items = (FeedReject(at=row.at, code=row.code, place=row.place) for row in rows)
    return FeedRejects(feed=feed, items=tuple(items))
