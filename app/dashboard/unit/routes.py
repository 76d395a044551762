"""The page of one unit: how it stands, why, and what is expected of it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from app.dashboard import sentences
from app.dashboard.ahead.routes import HORIZONS, Shown
from app.dashboard.routes import Looker, answer, locked, page_of
from app.dashboard.unit import queries
from app.db import Db
from app.errors import NotFound
from app.overview.routes import told_now

router = APIRouter(tags=["dashboard"], include_in_schema=False)
Unit = Annotated[str, Path(max_length=64)]


@router.get("/afdeling/{unit}")
async def one(
    request: Request, session: Db, viewer: Looker, unit: Unit, shown: Shown = "dagen"
) -> Response:
    """One unit: its places with reasons, what it says of itself, its stops, and what is ahead."""
    if viewer is None:
        return locked(request)
    told = await told_now(request, session, viewer)
    found = next((each for each in told.units if each.unit == unit), None)
    if found is None:
        raise NotFound("There is no unit of this name.", code="unknown-unit")
    norms: dict[str, Any] = {rule.rule: rule.settings for rule in told.level_rules}
    charts = []
    if viewer.may("forecasts:read"):
        charts = [*await queries.ahead(request, session, viewer, found, HORIZONS[shown])]
    said = [
        *(sentences.stop_sentence(stop) for stop in found.stops or ()),
        sentences.judgement(found.status),
        sentences.phone_sentence(found, norms["huisartsenpost"]),
        sentences.crowding_sentence(found),
        sentences.short_sentence(found),
    ]
    return answer(
        request,
        "unit.html",
        page_of(request, live=True),
        unit=found,
        overview=told,
        said=[each for each in said if each],
        charts=charts,
        shown=shown,
    )
