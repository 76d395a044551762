"""Mandates given and confirmed."""

from datetime import UTC, datetime

from fastapi import APIRouter

from app.access.routes import KeyAdmin, Operator
from app.db import Db
from app.feeds.mandates import commands
from app.feeds.schemas import Mandate, MandateKnown

router = APIRouter()


@router.post("/mandates")
async def post_mandate(session: Db, principal: KeyAdmin, mandate: Mandate) -> MandateKnown:
    """Let another organisation report for units of yours. It holds once the operator confirms."""
    return await commands.give_mandate(session, principal, mandate, datetime.now(UTC))


@router.post("/mandates/{mandate}/_confirm")
async def confirm_mandate(session: Db, principal: Operator, mandate: str) -> MandateKnown:
    """The operator has seen that both parties agree: the mandate holds from now."""
    return await commands.confirm_mandate(session, principal, mandate, datetime.now(UTC))
