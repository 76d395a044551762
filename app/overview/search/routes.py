"""Where is a place now, over HTTP; and holding one while you call."""

import uuid
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from app.access.principal import Principal
from app.access.routes import require
from app.db import Db
from app.facilities.queries import directory
from app.overview.routes import told_now
from app.overview.search import commands, queries
from app.overview.search.schemas import HoldShown, HoldTold, Needs, PlacesFound

router = APIRouter(tags=["places"])
Seeker = Annotated[Principal, Depends(require("places:search", region=True))]
Holder = Annotated[Principal, Depends(require("places:hold", region=True))]


@router.post("/places/_search")
async def search(request: Request, session: Db, viewer: Seeker, needs: Needs) -> PlacesFound:
    """Units that can take somebody now, best first with the reasons, and why each of the others
    cannot. Asks what is needed and nothing of who needs it; nothing of the question is kept.

    Rests on what the overview shows to you: a stale unit is never offered, and one that may not
    be shown is a no that says nothing else. What others hold is not offered.
    """
    told = await told_now(request, session, viewer)
    facts = await directory(request.app.state.directory, session)
    held = await queries.held(session, viewer, datetime.now(UTC))
    return queries.places(told, facts, viewer, needs, held)


@router.post("/holds", status_code=201)
async def hold(request: Request, session: Db, principal: Holder, told: HoldTold) -> HoldShown:
    """Hold one place for a short while, so that search does not offer it to others.

    It is no promise of the unit: call it. It is over by itself after `minutes`, and no place can
    be held that the overview does not show to you as admittable (409 `no-room`).
    """
    overview = await told_now(request, session, principal)
    held = await commands.hold(session, principal, told, overview, datetime.now(UTC))
    return HoldShown(
        id=held.hold,
        unit=held.unit,
        resource=told.resource,
        bed_type=held.bed_type or None,
        held_until=held.held_until,
        ended_at=held.ended_at,
        known_at=held.known_at,
    )


@router.delete("/holds/{hold}", status_code=204)
async def let_go(session: Db, principal: Holder, hold: uuid.UUID) -> None:
    """Let a place go before its time: your organisation's own hold. Harmless to send again."""
    await commands.let_go(session, principal, hold, datetime.now(UTC))
