"""The page of one unit: how it stands, why, and what is expected of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from app.dashboard import sentences
from app.dashboard.ahead.routes import HORIZONS, Shown
from app.dashboard.charts import Chart
from app.dashboard.routes import Looker, answer, locked, page_of
from app.dashboard.unit import queries
from app.dashboard.unit.back import BACKS, event_row
from app.db import Db
from app.errors import NotFound
from app.overview.routes import told_now

router = APIRouter(tags=["dashboard"], include_in_schema=False)
Unit = Annotated[str, Path(max_length=64)]
Span = Annotated[Literal["7", "28", "365"], Query(alias="terug")]


@router.get("/afdeling/{unit}")
async def one(
    request: Request,
    session: Db,
    viewer: Looker,
    unit: Unit,
    shown: Shown = "dagen",
    back: Span = "7",
) -> Response:
    """One unit: its places with reasons, what it says of itself, its stops, and what is ahead.

    Its own organisation sees what it told before too, and who told it.
    """
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
    own = viewer.organisation == found.organisation
    how = next(each for each in BACKS if each.key == back)
    looked: Sequence[Chart] = ()
    if own and viewer.may("history:read"):
        looked = await queries.back(request, session, viewer, found, how, datetime.now(UTC))
    reports: Sequence[tuple[str, ...]] = ()
    if own and viewer.may("reports:read"):
        reports = await queries.reports(session, viewer, unit)
    closures = [event_row(each) for each in await queries.closures(session, viewer, unit)]
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
        charts=[*charts, *looked],
        ahead=charts,
        shown=shown,
        own=own,
        looked=looked,
        back=how,
        backs=BACKS,
        closures=closures,
        reports=reports,
    )
