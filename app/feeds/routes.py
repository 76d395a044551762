"""The ways in of those who tell us: reports, and the messages of feeds."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException

from app.access.routes import Reporter
from app.db import Db
from app.errors import Refusal, TooLarge, WrongMediaType
from app.facilities.queries import directory
from app.feeds.commands import note_refused, take_message
from app.feeds.confirmations.routes import router as confirmations
from app.feeds.health.queries import own_feed
from app.feeds.health.routes import router as health
from app.feeds.mandates.routes import router as mandates
from app.feeds.reports.routes import Prefer, answer
from app.feeds.reports.routes import router as reports
from app.feeds.schemas import Receipt
from app.feeds.states.routes import router as states
from app.feeds.traces import trace

router = APIRouter(tags=["reports"])
router.include_router(reports)
router.include_router(confirmations)
MESSAGE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "text/csv": {"schema": {"type": "string"}},
        },
    }
}


@router.post("/feeds/{feed}/messages", openapi_extra=MESSAGE)
async def post_message(
    request: Request, session: Db, principal: Reporter, feed: str, prefer: Prefer = None
) -> Receipt:
    """Tell how things stand in your system's own form; docs/feeds/ describes each.

    Each unit in the message becomes one report, judged on its own. A message that is sent again
    is harmless. The figures of a feed that is not yet released are kept and shown to you, and
    counted only after its release.
    """
    arrived = datetime.now(UTC)
    try:
        # Before the first statement, so that a slow sender holds no connection.
        body = await body_of(request)
    except Refusal as refusal:
        known = await own_feed(session, principal, feed, datetime.now(UTC))
        await note_refused(session, known, trace(arrived, "pushed", None), refusal)
        raise
    known = await own_feed(session, principal, feed, datetime.now(UTC))
    taken = await take_message(
        session,
        principal,
        known,
        body,
        request.headers.get("content-type", ""),
        directory=await directory(request.app.state.directory, session),
        series=request.app.state.series,
        now=arrived,
        most_figures=request.app.state.settings.max_figures,
    )
    return await answer(request, session, principal, taken, prefer)


async def body_of(request: Request) -> bytes:
    """A packed body may grow a thousandfold: the limit on its size would say nothing."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise WrongMediaType(
            "Send the message as it is, without Content-Encoding.", code="wrong-encoding"
        )
    try:
        return await request.body()
    except HTTPException as error:
        if error.status_code != TooLarge.status:
            raise
        raise TooLarge(
            "The message is too large. Send fewer units at once.", code="too-large"
        ) from None


router.include_router(health)
router.include_router(states)
router.include_router(mandates)
