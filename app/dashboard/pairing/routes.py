"""A team's phone: paired once with one unit, by a code that is made at that unit's form."""

import asyncio
import uuid

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import queries as access
from app.access.commands import LASTS, begin_session, end_session
from app.access.keys import code_of, new_token
from app.access.principal import Principal
from app.access.routes import from_this_tower, stand, waiting_pairing
from app.dashboard.drawing.code import scanned
from app.dashboard.entry.routes import Enters, Visit, visited
from app.dashboard.forms import fields
from app.dashboard.language import SPOKEN, _
from app.dashboard.routes import PAGE, language_of, page_of, render
from app.dashboard.signing.routes import SLOW_SECONDS, signed
from app.db import Db
from app.errors import Forbidden, NotFound
from app.facilities.queries import KnownUnit
from app.wire import Slug

pages = APIRouter(tags=["dashboard"], include_in_schema=False)
forms = APIRouter(tags=["dashboard"], include_in_schema=False)


async def own(visit: Visit) -> KnownUnit:
    """Phones are paired by the unit's own organisation, and by no phone."""
    known = await visit.known()
    if known.org_id != visit.who.org_id or visit.who.unit:
        raise Forbidden("Only the unit's own organisation pairs phones.", code="not-yours")
    return known


@pages.get("/invoer/{unit}/koppelen")
async def phones(request: Request, session: Db, who: Enters, unit: Slug) -> Response:
    """The phones that report for a unit, and the way to one more."""
    return await visited(request, session, who, unit, listed)


async def listed(visit: Visit) -> Response:
    known = await own(visit)
    found = await access.paired_phones(visit.session, visit.unit, visit.now)
    return visit.show("phones.html", known=known, phones=found, code="")


@forms.post("/invoer/{unit}/koppelen")
async def make_pairing(request: Request, session: Db, who: Enters, unit: Slug) -> Response:
    """A code for one phone, good for ten minutes and once."""
    return await visited(request, session, who, unit, made)


async def made(visit: Visit) -> Response:
    known = await own(visit)
    visit.only("id")
    number, pepper = visit.number(), visit.request.app.state.pepper
    code = code_of(number, pepper)
    await begin_session(visit.session, visit.who, code, pepper, "pairing", visit.unit, number)
    found = await access.paired_phones(visit.session, visit.unit, visit.now)
    page = page_of(visit.request).link("/koppelen")
    link = f"{str(visit.request.base_url).rstrip('/')}{page}?code={code}"
    return visit.show(
        "phones.html", known=known, phones=found, code=code, link=link, scan=scanned(link)
    )


@forms.post("/invoer/{unit}/koppelen/{phone}/stoppen")
async def end_phone(
    request: Request, session: Db, who: Enters, unit: Slug, phone: uuid.UUID
) -> Response:
    """This phone reports no more. Harmless to send again."""

    async def ended(visit: Visit) -> Response:
        await own(visit)
        visit.only()
        if not await access.was_paired(visit.session, visit.unit, phone):
            raise NotFound("The unit has no phone of this number.", code="unknown-phone")
        await end_session(visit.session, visit.who, phone)
        return await listed(visit)

    return await visited(request, session, who, unit, ended)


@pages.get("/koppelen")
async def pair_page(request: Request) -> Response:
    """What the link opens: one button, since a link may be opened by who only looks ahead."""
    SPOKEN.set(language_of(request))
    return asked(request, request.query_params.get("code", "")[:20])


def asked(request: Request, code: str, error: str = "", status: int = 200) -> Response:
    html = render("pair.html", page_of(request), code=code, error=error)
    return HTMLResponse(html, status, PAGE)


@forms.post("/koppelen", dependencies=[Depends(from_this_tower)])
async def pair(request: Request, session: Db) -> Response:
    """The code becomes a session of this phone for one unit; it is used up."""
    SPOKEN.set(language_of(request))
    code = fields(await request.body()).get("code", "").upper()
    by = await waiting_pairing(request, code)
    # Of two phones at once the second finds it used.
    if by is None or not await used_up(session, stand(request, session, by)):
        await asyncio.sleep(SLOW_SECONDS)
        error = _("Deze code is niet bekend, al gebruikt of ouder dan 10 minuten.")
        return asked(request, "", error, 401)
    token = new_token()
    await begin_session(session, by, token, request.app.state.pepper, "phone", by.unit)
    answer = RedirectResponse(page_of(request).link(f"/invoer/{by.unit}"), 303)
    return signed(request, answer, token, int(LASTS["phone"].total_seconds()))


async def used_up(session: AsyncSession, by: Principal) -> bool:
    return by.session_id is not None and await end_session(session, by, by.session_id)
