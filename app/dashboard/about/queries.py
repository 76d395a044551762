"""What the page of the figures asks: the feeds of who looks."""

from collections.abc import Sequence
from datetime import UTC, datetime

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.facilities.queries import directory
from app.feeds.health import queries as health
from app.feeds.health.schemas import FeedKnown


async def feeds(request: Request, session: AsyncSession, viewer: Principal) -> Sequence[FeedKnown]:
    if viewer.client_id is None or not viewer.may("reports:read"):
        return ()
    found = await directory(request.app.state.directory, session)
    return await health.feeds(session, viewer, found, datetime.now(UTC))
