"""Pages about the figures and the tower: who tells, how it reckons, who can use it."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.dashboard import glance
from app.dashboard.about import feeds, queries
from app.dashboard.about.texts import accessible, explained
from app.dashboard.language import listed
from app.dashboard.routes import Looker, answer, locked, page_of
from app.db import Db
from app.overview.routes import told_now

router = APIRouter(tags=["dashboard"], include_in_schema=False)


@router.get("/gegevens")
async def figures(request: Request, session: Db, viewer: Looker) -> Response:
    """Who is up to date, when each unit was heard last, and how your own feeds fare."""
    if viewer is None:
        return locked(request)
    told = await told_now(request, session, viewer)
    own = await queries.own(request, session, viewer)
    return answer(
        request,
        "figures.html",
        page_of(request, live=True),
        charts=own.charts,
        overview=told,
        glance=glance.at(told),
        own=own,
        why=feeds.reason,
        again=feeds.again,
        listed=listed,
        known=viewer.client_id is not None,
    )


@router.get("/uitleg")
async def explanation(request: Request, viewer: Looker) -> Response:
    """How the tower reckons, in plain words."""
    if viewer is None:
        return locked(request)
    return answer(request, "explained.html", page_of(request), parts=explained(), about="uitleg")


@router.get("/toegankelijkheid")
async def accessibility(request: Request, viewer: Looker) -> Response:
    """What was done so that everybody can use it, and what falls short."""
    if viewer is None:
        return locked(request)
    page = page_of(request)
    return answer(request, "explained.html", page, parts=accessible(), about="toegankelijkheid")
