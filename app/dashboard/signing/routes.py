"""Signing in with the key of a client, and out again."""

import asyncio

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.access import queries
from app.access.commands import begin_session, end_session
from app.access.keys import demo_key, new_token
from app.access.principal import Principal
from app.access.routes import COOKIE, forget, from_this_tower, signed_in, stand, verdict
from app.dashboard.forms import back_to, fields
from app.dashboard.language import SPOKEN, _
from app.dashboard.routes import PAGE, at_this_machine, language_of, page_of, render
from app.db import Db

HOURS = 12
# Whoever guesses, waits. A key has 256 bits; this is against noise in the audit.
SLOW_SECONDS = 0.5
pages = APIRouter(tags=["dashboard"], include_in_schema=False)
forms = APIRouter(
    tags=["dashboard"], include_in_schema=False, dependencies=[Depends(from_this_tower)]
)


@pages.get("/aanmelden")
async def sign_in_page(request: Request, session: Db) -> Response:
    """Where a key is told; in a made-up region at this machine one of the published keys."""
    SPOKEN.set(language_of(request))
    return await asked(request, session, back_to(request.query_params.get("naar", ""), ""))


async def asked(
    request: Request, session: Db, onward: str, error: str = "", status: int = 200
) -> Response:
    shown = request.app.state.fictief and at_this_machine(request)
    clients = await queries.demo_clients(session) if shown else []
    html = render("sign-in.html", page_of(request), clients=clients, error=error, onward=onward)
    return HTMLResponse(html, status, PAGE)


@forms.post("/aanmelden")
async def sign_in(request: Request, session: Db) -> Response:
    """A key becomes a session of this browser; the key itself is not kept here."""
    SPOKEN.set(language_of(request))
    told = fields(await request.body())
    onward = back_to(told.get("naar", ""), "")
    key = told.get("sleutel", "")
    if "client" in told and at_this_machine(request):
        key = demo_key(told["client"]).text
    who = await verdict(request, key)
    if who is None:
        await asyncio.sleep(SLOW_SECONDS)
        error = _(
            "Deze sleutel is niet bekend, is verlopen of is ingetrokken. "
            "Vraag uw beheerder om een nieuwe."
        )
        return await asked(request, session, onward, error, 401)
    token = new_token()
    await begin_session(session, stand(request, session, who), token, request.app.state.pepper)
    page = page_of(request)
    where = onward or page.link("/invoer" if who.may("reports:write") else "/")
    return signed(request, RedirectResponse(where, 303), token, HOURS * 3600)


@forms.post("/afmelden")
async def sign_out(request: Request, session: Db) -> Response:
    """The session of this browser ends, if there is one."""
    SPOKEN.set(language_of(request))
    page = page_of(request)
    who: Principal | None = await signed_in(request, session)
    if who is not None and who.session_id is not None:
        await end_session(session, who, who.session_id)
        forget(request)
    answer = RedirectResponse(page.link("/aanmelden"), 303)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer


def signed(request: Request, answer: Response, token: str, seconds: int) -> Response:
    """The answer with the cookie: for this tower, hidden from scripts and from other sites."""
    answer.set_cookie(
        COOKIE,
        token,
        max_age=seconds,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return answer
