"""The page of what asks for attention: since when, who saw it, and what is over."""

import uuid
from contextlib import suppress
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.access.principal import Principal
from app.dashboard import notices as told_as
from app.dashboard.forms import fields
from app.dashboard.routes import VISITOR, Looker, answer, by_form, locked, page_of
from app.dashboard.signing.routes import asked
from app.db import Db
from app.errors import NotFound
from app.overview.routes import told_now
from app.overview.signals import commands, queries

pages = APIRouter(tags=["dashboard"], include_in_schema=False)
forms = APIRouter(tags=["dashboard"], include_in_schema=False)
# What of it is shown; nothing said: all.
Part = Literal["open", "gezien", "voorbij"]
MOST_PAST = 50


@pages.get("/meldingen")
async def notices(
    request: Request,
    session: Db,
    viewer: Looker,
    part: Annotated[Part | None, Query(alias="toon")] = None,
) -> Response:
    """What asks for attention, worst first; then what was seen, and what is over."""
    if viewer is None:
        return locked(request)
    told = await told_now(request, session, viewer)
    found = await queries.signals(session, viewer, told)
    now = told_as.notices(told, found)
    past = told_as.past(told, found.ended)
    asking = [each for each in now if not each.acknowledged]
    return answer(
        request,
        "notices.html",
        page_of(request, live=True),
        overview=told,
        part=part,
        asking=asking,
        acknowledged=[each for each in now if each.acknowledged],
        past=past[:MOST_PAST],
        more=len(past) - MOST_PAST,
        verdict=told_as.verdict(asking, now),
        sees_all=viewer.audience in ("coordinator", "operator"),
        may=viewer.may("signals:acknowledge"),
        nobody=viewer is VISITOR,
    )


Acknowledges = Annotated[Principal | None, Depends(by_form("signals:acknowledge", region=True))]


@forms.post("/meldingen/{signal}/gezien")
async def acknowledge(
    request: Request,
    session: Db,
    who: Acknowledges,
    signal: uuid.UUID,
) -> Response:
    """It was seen. What is gone meanwhile, or may not be seen, changes nothing: the page shows
    how it stands."""
    page = page_of(request)
    if who is None:
        return await asked(request, session, page.link("/meldingen"), status=401)
    told = await told_now(request, session, who)
    with suppress(NotFound):
        await commands.acknowledge(session, who, signal, told)
    shown = fields(await request.body()).get("toon")
    query = f"?toon={shown}" if shown in ("open", "gezien", "voorbij") else ""
    return RedirectResponse(page.link("/meldingen") + query, 303)
