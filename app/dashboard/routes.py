"""Those who look: pages made on the server, of the same answers that the API gives."""

import csv
import gzip
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from fastapi.security import HTTPAuthorizationCredentials
from fastapi.sse import EventSourceResponse, ServerSentEvent
from jinja2 import Environment, FileSystemLoader

from app.access.principal import Principal
from app.access.routes import WHO, bearer, identify, permit, require, signed_in
from app.access.scopes import Scope
from app.dashboard import glance, queries, sentences
from app.dashboard.charts import Chart
from app.dashboard.chosen import chosen
from app.dashboard.drawing.alone import alone
from app.dashboard.drawing.alone import picture as drawn
from app.dashboard.language import SPOKEN, Language, _, capital, number, percent
from app.dashboard.page import Page
from app.dashboard.queries import Ahead
from app.db import Db, Standing
from app.errors import NotFound, Unauthenticated
from app.overview.routes import told_now
from app.overview.schemas import Overview
from app.overview.signals import queries as signals
from app.signals.stream.routes import LONGEST_SECONDS, LastMark, Seconds, events

HERE = Path(__file__).parent
# So long the first page waits for its pictures after a run; then it comes without, and says so.
PATIENCE_SECONDS = 1.5
PAGE = {
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
}
# Each file is asked for by its content, so that a new release is seen at once.
STATIC = {"Cache-Control": "public, max-age=31536000, immutable"}
MARKS = {
    path.name: sha256(path.read_bytes()).hexdigest()[:12] for path in (HERE / "static").iterdir()
}


def static_link(name: str) -> str:
    return f"/static/{name}?{MARKS[name]}"


# Who looks at the made-up region from the machine that it runs on, with no key.
VISITOR = Principal(
    org_id=0,
    organisation="region",
    audience="coordinator",
    client_id=None,
    client="page",
    source_kind="hand",
    scopes=frozenset({"overview:read", "forecasts:read", "staffing:read", "places:search"}),
)
pages = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
pages.globals |= {"say": sentences, "look": glance, "_": _}
pages.globals |= {"static": static_link, "number": number, "percent": percent, "capital": capital}
router = APIRouter(tags=["dashboard"], include_in_schema=False)
# What is the same in each language.
assets = APIRouter(tags=["dashboard"], include_in_schema=False)
with_key = require("overview:read", region=True)


async def look(
    request: Request,
    session: Db,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Principal | None:
    """Who looks: a key's client, whoever is signed in, or anyone at this machine if all of it is
    made up."""
    SPOKEN.set(language_of(request))
    if credentials is not None:
        return await with_key(request, session, await identify(request, session, credentials))
    viewer = await signed_in(request, session)
    if viewer is not None:
        if not viewer.may("overview:read"):
            return None
        session.info["standing"] = Standing(viewer.org_id, "region")
        return viewer
    if not (request.app.state.fictief and at_this_machine(request)):
        return None
    session.info["standing"] = Standing(VISITOR.org_id, "region")
    request.state.principal = VISITOR
    return VISITOR


look.scope = "overview:read"  # type: ignore[attr-defined]  # read by the test that walks all routes
Wanted = Annotated[str, Query(max_length=90)]
Shown = Annotated[Literal["weken", "maanden", "jaren"], Query(alias="h")]
Looker = Annotated[Principal | None, Depends(look)]


def by_form(
    scope: Scope, *, region: bool = False, or_operator: bool = False
) -> Callable[..., Awaitable[Principal | None]]:
    """Who sends a form: whoever is signed in, a paired phone too, or a key's client; None: nobody.

    They must have the scope, or be the operator where that will do; `region` lets the transaction
    read shared figures.
    """

    async def check(
        request: Request,
        session: Db,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    ) -> Principal | None:
        SPOKEN.set(language_of(request))
        who = (
            await signed_in(request, session)
            if credentials is None
            else await identify(request, session, credentials)
        )
        if who is None:
            return None
        permit(request, who, "operator" if or_operator and who.may("operator") else scope)
        if region:
            session.info["standing"] = Standing(who.org_id, "region")
        return who

    check.scope = scope  # type: ignore[attr-defined]  # read by the test that walks all routes
    return check


async def listens(viewer: Looker) -> Principal:
    """Who looks; a stream has begun before its route can refuse anybody."""
    if viewer is None:
        raise Unauthenticated("Open a page of the tower first.", code="no-key", headers=WHO)
    return viewer


def language_of(request: Request) -> Language:
    """By the path; what is sent from an English page to a path without its language says so."""
    told = request.url.path.startswith("/en/") or request.query_params.get("taal") == "en"
    return "en" if told else "nl"


def at_this_machine(request: Request) -> bool:
    """On loopback, and not handed on by a proxy that stands on it."""
    handed_on = {"forwarded", "x-forwarded-for"} & set(request.headers)
    try:
        near = ip_address(request.client.host if request.client else "").is_loopback
    except ValueError:
        near = False
    return near and not handed_on


def page_of(request: Request, *, wall: bool = False, live: bool = False) -> Page:
    language = language_of(request)
    path = request.url.path.removeprefix("/en") if language == "en" else request.url.path
    fictief = request.app.state.fictief
    query, moment = request.url.query, datetime.now(UTC)
    directory = request.app.state.directory.found
    known: Principal | None = getattr(request.state, "principal", None)
    client = known.client if known and known is not VISITOR else ""
    signed = known is not None and known.session_id is not None
    return Page(
        *(language, path, query, moment, fictief),
        wall=wall,
        region=directory.region if directory else "",
        live=live,
        who=client,
        signed_in=signed,
    )


def locked(request: Request) -> Response:
    """What stands where a page would be, for who has no key."""
    return HTMLResponse(render("no-key.html", page_of(request)), 401, {**PAGE, **WHO})


@router.get("/")
async def now(
    request: Request,
    session: Db,
    viewer: Looker,
    zorg: Wanted = "",
    shown: Shown = "weken",
    wall: Annotated[bool, Query(alias="wand")] = False,
    setting: Annotated[str, Query(alias="soort", max_length=40)] = "",
    organisation: Annotated[str, Query(alias="aanbieder", max_length=64)] = "",
    only: Annotated[Literal["", "aandacht"], Query(alias="alleen")] = "",
) -> Response:
    """The region now and ahead: a verdict, the totals, every unit with what it can take; for one
    kind of bed the weeks, months or years, and what the gap is made of."""
    if viewer is None:
        return locked(request)
    told = await told_now(request, session, viewer)
    norms: dict[str, Any] = {rule.rule: rule.settings for rule in told.level_rules}
    asks = await signals.signals(session, viewer, told)
    ahead = await look_ahead(request, session, viewer, told, zorg, PATIENCE_SECONDS)
    return answer(
        request,
        "now.html",
        page_of(request, wall=wall, live=True),
        overview=told,
        norms=norms,
        glance=glance.at(told, asks),
        charts=ahead.charts,
        ahead=ahead.showing(shown),
        chosen=chosen(told, setting, organisation, only == "aandacht"),
    )


@router.get("/grafieken/{chart}.{form}")
async def picture(
    request: Request,
    session: Db,
    viewer: Looker,
    chart: str,
    form: Literal["csv", "svg", "png"],
    zorg: Wanted = "",
) -> Response:
    """One picture as a file: its table with the same words and numbers, or its drawing."""
    if viewer is None:
        return Response(status_code=401, headers=WHO)
    told = await told_now(request, session, viewer)
    ahead = await look_ahead(request, session, viewer, told, zorg)
    return file_of(page_of(request), ahead.charts, f"{chart}.{form}")


async def look_ahead(
    request: Request,
    session: Db,
    viewer: Principal,
    told: Overview,
    zorg: str,
    seconds: float | None = None,
) -> Ahead:
    """Nothing for who may not read forecasts."""
    if not viewer.may("forecasts:read"):
        return Ahead((), "")
    return await queries.ahead(request, session, viewer, told, zorg, seconds)


@assets.get("/stroom", response_class=EventSourceResponse)
async def stream(
    request: Request,
    viewer: Annotated[Principal, Depends(listens)],
    last: LastMark = None,
    seconds: Seconds = LONGEST_SECONDS,
) -> AsyncIterator[ServerSentEvent]:
    """The live stream for whoever looks at a page."""
    async for event in events(request, last, seconds):
        yield event


@assets.get("/static/{name}")
async def static(name: Literal["tower.css", "tower.js", "entry.js", "tower.svg"]) -> FileResponse:
    """The look of the pages; open to all, since it holds no figure."""
    return FileResponse(HERE / "static" / name, headers=STATIC)


def answer(
    request: Request,
    name: str,
    page: Page,
    status: int = 200,
    *,
    charts: Sequence[Chart] = (),
    **values: object,
) -> Response:
    """A page, packed for who can unpack it: it holds no secret that packing could lay bare.

    With `grafiek=<name>.csv`, `.svg` or `.png` in its address one of its pictures as a file.
    """
    if wanted := request.query_params.get("grafiek"):
        return file_of(page, charts, wanted)
    html = render(name, page, charts=charts, **values).encode()
    headers = {**PAGE, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        html = gzip.compress(html, 5, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return HTMLResponse(html, status, headers)


def file_of(page: Page, charts: Sequence[Chart], wanted: str) -> Response:
    """A picture's table with the same words and numbers, or its drawing."""
    name, _dot, form = wanted.rpartition(".")
    found = next((each for each in charts if each.name == name), None)
    if found is None or form not in ("csv", "svg", "png"):
        raise NotFound("There is no picture of this name now.", code="unknown-chart")
    headers = {**PAGE, "Content-Disposition": f'attachment; filename="{found.name}.{form}"'}
    if form == "svg":
        return Response(alone(found, page.source), media_type="image/svg+xml", headers=headers)
    if form == "png":
        return Response(drawn(found, page.source), media_type="image/png", headers=headers)
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([found.columns, *found.rows])
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def render(name: str, page: Page, **values: object) -> str:
    return pages.get_template(name).render(page=page, **values)
