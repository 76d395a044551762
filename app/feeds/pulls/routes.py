"""What a feed's owner and the operator are told of fetching it."""

from fastapi import APIRouter

from app.access.routes import ReportReader
from app.db import Db
from app.feeds.pulls import queries
from app.feeds.pulls.schemas import FeedPulls

router = APIRouter(tags=["reports"])


@router.get("/feeds/{feed}/pulls")
async def get_pulls(session: Db, principal: ReportReader, feed: str) -> FeedPulls:
    """How fetching your feed stands: the breaker, the next try, and the last tries with why they
    failed. The operator sees it of all feeds."""
    return await queries.pulls(session, principal, feed)
