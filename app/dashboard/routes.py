"""Those who look: the region now and ahead as one plain page, without a script."""

import csv
import io
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from fastapi.security import HTTPAuthorizationCredentials
from jinja2 import Environment, FileSystemLoader

from app.access.principal import Principal
from app.access.routes import WHO, bearer, identify, require
from app.dashboard import queries, sentences
from app.dashboard.queries import Ahead
from app.db import Db, Standing
from app.errors import NotFound
from app.overview.routes import body
from app.overview.schemas import Ask, Overview

HERE = Path(__file__).parent
PAGE = {"Cache-Control": "private, no-cache"}
# Who looks at the made-up region from the machine that it runs on, with no key.
VISITOR = Principal(
    org_id=0,
    organisation="region",
    audience="coordinator",
    client_id=None,
    client="page",
    source_kind="hand",
    scopes=frozenset({"overview:read", "forecasts:read", "staffing:read"}),
)
pages = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
pages.globals["say"] = sentences
router = APIRouter(tags=["dashboard"], include_in_schema=False)
with_key = require("overview:read", region=True)


async def look(
    request: Request,
    session: Db,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Principal | None:
    """Who looks: a key's client, or anyone at this machine if all of it is made up."""
    if credentials is not None:
        return await with_key(request, session, await identify(request, session, credentials))
    if not (request.app.state.fictief and at_this_machine(request)):
        return None
    session.info["standing"] = Standing(VISITOR.org_id, "region")
    request.state.principal = VISITOR
    return VISITOR


look.scope = "overview:read"  # type: ignore[attr-defined]  # read by the test that walks all routes
Wanted = Annotated[str, Query(max_length=90)]
Looker = Annotated[Principal | None, Depends(look)]


def at_this_machine(request: Request) -> bool:
    """On loopback, and not handed on by a proxy that stands on it."""
    handed_on = {"forwarded", "x-forwarded-for"} & set(request.headers)
    try:
        near = ip_address(request.client.host if request.client else "").is_loopback
    except ValueError:
        near = False
    return near and not handed_on


@router.get("/")
async def now(request: Request, session: Db, viewer: Looker, zorg: Wanted = "") -> Response:
    """The region now and ahead: a verdict, the totals, every unit with what it can take; for one
    kind of bed the weeks, months and years, and what the gap is made of."""
    if viewer is None:
        page = render("no-key.html", fictief=request.app.state.fictief)
        return HTMLResponse(page, 401, {**PAGE, **WHO})
    told = Overview.model_validate_json(await body(request, session, viewer, Ask()))
    norms: dict[str, Any] = {rule.rule: rule.settings for rule in told.level_rules}
    page = render(
        "now.html",
        overview=told,
        norms=norms,
        ahead=await look_ahead(request, session, viewer, told, zorg),
    )
    return HTMLResponse(page, headers=PAGE)


@router.get("/grafieken/{chart}")
async def table(
    request: Request, session: Db, viewer: Looker, chart: str, zorg: Wanted = ""
) -> Response:
    """The table of one picture as CSV: the same words and numbers."""
    if viewer is None:
        return Response(status_code=401, headers=WHO)
    told = Overview.model_validate_json(await body(request, session, viewer, Ask()))
    ahead = await look_ahead(request, session, viewer, told, zorg)
    found = next((each for each in ahead.charts if each.name == chart), None)
    if found is None:
        raise NotFound("There is no picture of this name now.", code="unknown-chart")
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([found.columns, *found.rows])
    headers = {**PAGE, "Content-Disposition": f'attachment; filename="{found.name}.csv"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


async def look_ahead(
    request: Request, session: Db, viewer: Principal, told: Overview, zorg: str
) -> Ahead:
    """Nothing for who may not read forecasts."""
    if not viewer.may("forecasts:read"):
        return Ahead((), ())
    return await queries.ahead(request, session, viewer, told, zorg)


@router.get("/static/tower.css")
async def style() -> FileResponse:
    """The look of the page; open to all, since it holds no figure."""
    return FileResponse(
        HERE / "static" / "tower.css", headers={"Cache-Control": "public, max-age=3600"}
    )


def render(name: str, **values: object) -> str:
    return pages.get_template(name).render(**values)
