"""A feed that is released."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request

from app.access.routes import Operator, ReportReader
from app.db import Db
from app.errors import NotFound
from app.facilities.queries import directory
from app.feeds import queries
from app.feeds.receipts import Taken
from app.feeds.schemas import QuarantineList, Receipt
from app.feeds.states import commands
from app.observations.commands import record
from app.observations.notices.routes import drop_overview

router = APIRouter()


@router.get("/feeds/{feed}/quarantine")
async def get_quarantine(session: Db, principal: ReportReader, feed: str) -> QuarantineList:
    """The reports of your feed that are kept but not counted, newest first, at most 500."""
    return QuarantineList(items=tuple(await queries.quarantined(session, principal, feed)))


@router.post("/feeds/{feed}/_release")
async def release(request: Request, session: Db, principal: Operator, feed: str) -> Receipt:
    """Count this feed from now on. What it told in quarantine is recorded, known from now."""
    now = datetime.now(UTC)
    known = await queries.feed(session, feed, now)
    if known is None:
        raise NotFound("There is no feed of this name.", code="unknown-feed")
    found = await directory(request.app.state.directory, session)
    kept = await commands.release(session, principal, known, found, now)
    await record(session, principal, kept, request.app.state.series, event="feeds.release")
    drop_overview(request, session)
    return Taken(now, kept).receipt
