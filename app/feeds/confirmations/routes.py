"""Reports told again, or taken back."""

import uuid

from fastapi import APIRouter, Request

from app.access.routes import Reporter
from app.db import Db
from app.errors import NotFound
from app.facilities.queries import directory
from app.feeds.confirmations import commands
from app.feeds.reports.routes import Prefer, store
from app.feeds.schemas import Confirmation, Receipt, Retraction
from app.observations.reading import Read

router = APIRouter()


@router.post("/units/{unit}/reports/_confirm")
async def confirm(
    request: Request,
    session: Db,
    principal: Reporter,
    unit: str,
    confirmation: Confirmation,
    prefer: Prefer = None,
) -> Receipt:
    """Nothing has changed: the figures of a report hold at a later moment too.

    Refused (409) if the unit has a newer report, or a doubt about this one is open.
    """
    known = (await directory(request.app.state.directory, session)).units.get(unit)
    if known is None:
        raise NotFound("There is no unit of this name now.", code="unknown-unit")
    report = await commands.confirmed(session, principal, known, confirmation)
    return await store(
        request,
        session,
        principal,
        [Read("", report)],
        await request.body(),
        kind="confirmation",
        refers_to=confirmation.confirms,
        prefer=prefer,
    )


@router.post("/reports/{report}/_retract")
async def retract(
    request: Request,
    session: Db,
    principal: Reporter,
    report: uuid.UUID,
    retraction: Retraction,
    prefer: Prefer = None,
) -> Receipt:
    """This report should not have been sent: what it told becomes unknown at its own moments.

    Nothing is erased: the report stays in the history as what was known at the time.
    """
    nulls = await commands.retracted(session, principal, report, retraction.id)
    return await store(
        request,
        session,
        principal,
        [Read("", nulls)],
        await request.body(),
        kind="retraction",
        refers_to=report,
        prefer=prefer,
    )
