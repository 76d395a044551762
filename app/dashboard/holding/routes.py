"""Holding a place from the page that found it, and letting it go."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from app.access.principal import Principal
from app.dashboard.finding import told
from app.dashboard.forms import fields, strange
from app.dashboard.page import Page
from app.dashboard.routes import PAGE, by_form, page_of, render
from app.dashboard.signing.routes import asked
from app.db import Db, undo
from app.errors import Refusal
from app.facilities.queries import directory
from app.overview.routes import told_now
from app.overview.search import commands
from app.overview.search.schemas import HoldTold

forms = APIRouter(tags=["dashboard"], include_in_schema=False)
FIELDS = frozenset({"id", "unit", "resource", "bedType", "minutes"})


Holds = Annotated[Principal | None, Depends(by_form("places:hold", region=True))]


@forms.post("/plek/vasthouden")
async def hold(request: Request, session: Db, who: Holds) -> Response:
    """One place for a short while, by the command of `POST /v1/holds`; the same form again is the
    same hold."""
    if who is None:
        return await asked(request, session, page_of(request).link("/plek"), status=401)
    sent = fields(await request.body())
    try:
        place = read(sent)
        overview = await told_now(request, session, who)
        now = datetime.now(UTC)
        held = await commands.hold(session, who, place, overview, now)
    except Refusal as refusal:
        return await refused(request, session, refusal)
    known = (await directory(request.app.state.directory, session)).units.get(held.unit)
    page = of_search(request)
    name = known.facts.name if known else held.unit
    ended = held.ended_at is not None or held.held_until <= now
    return shown(page, place=name, held=held, ended=ended)


@forms.post("/plek/vasthouden/{number}/loslaten")
async def let_go(request: Request, session: Db, who: Holds, number: uuid.UUID) -> Response:
    """Before its time. Harmless to send again."""
    if who is None:
        return await asked(request, session, page_of(request).link("/plek"), status=401)
    try:
        if fields(await request.body()):
            raise strange()
        await commands.let_go(session, who, number, datetime.now(UTC))
    except Refusal as refusal:
        return await refused(request, session, refusal)
    return shown(of_search(request), ended=True)


def read(sent: dict[str, str]) -> HoldTold:
    """Of a form of ours; whatever else came is refused and not repeated."""
    if not set(sent) <= FIELDS:
        raise strange()
    try:
        return HoldTold.model_validate({name: value for name, value in sent.items() if value})
    except ValidationError:
        raise strange() from None


async def refused(request: Request, session: Db, refusal: Refusal) -> Response:
    await undo(session)
    return shown(of_search(request), refusal.status, reason=told.refusal(refusal.code))


def of_search(request: Request) -> Page:
    """As the search itself: its question stands in the address that the form was sent to."""
    page = page_of(request)
    return replace(page, path="/plek", query=told.without_language(page.query))


def shown(page: Page, status: int = 200, **values: object) -> Response:
    return HTMLResponse(render("hold.html", page, told=told, **values), status, PAGE)
