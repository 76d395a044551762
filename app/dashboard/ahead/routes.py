"""Pages that look ahead: the next days, weeks, months and years; staff; the report to print."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.access.commands import note
from app.dashboard import glance
from app.dashboard.ahead import queries
from app.dashboard.ahead.queries import Looked
from app.dashboard.ahead.rosters import OWN
from app.dashboard.charts import Chart
from app.dashboard.names import setting_name
from app.dashboard.queries import Choice
from app.dashboard.routes import Looker, Wanted, answer, locked, look_ahead, page_of
from app.db import Db
from app.facilities.schemas import CareSetting
from app.forecasts.runs import Horizon
from app.overview.routes import told_now
from app.overview.schemas import Overview

router = APIRouter(tags=["dashboard"], include_in_schema=False)
HORIZONS: dict[str, Horizon] = {
    "dagen": "days",
    "weken": "weeks",
    "maanden": "months",
    "jaren": "years",
}
# So many days ago was issued what the outlook is held against.
BEFORE: dict[str, int] = {"": 0, "week": 7, "maand": 28}
Before = Annotated[Literal["", "week", "maand"], Query(alias="eerder")]
Shown = Annotated[Literal["dagen", "weken", "maanden", "jaren"], Query(alias="h")]


@router.get("/verwachting")
async def outlook(
    request: Request,
    session: Db,
    viewer: Looker,
    zorg: Wanted = "",
    shown: Shown = "dagen",
    before: Before = "",
) -> Response:
    """One kind of place over the next 72 hours, weeks, months or years; how good we were; and
    beside it what was expected a week or four weeks ago."""
    if viewer is None:
        return locked(request)
    told = await told_now(request, session, viewer)
    choices: list[Choice] = []
    charts: list[Chart] = []
    if viewer.may("forecasts:read"):
        choices, charts = await queries.outlook(
            request, session, viewer, settings_of(told), HORIZONS[shown], zorg, BEFORE[before]
        )
    key = next((each.key for each in choices if each.shown), "")
    return answer(
        request,
        "outlook.html",
        page_of(request),
        choices=choices,
        charts=charts,
        shown=shown,
        key_now=key,
        before=before,
        compared=any(kind == "earlier" for chart in charts for kind, _name in chart.legend),
    )


@router.get("/personeel")
async def staff(
    request: Request,
    session: Db,
    viewer: Looker,
    zorg: Wanted = "",
    place: Annotated[str, Query(alias="plek", max_length=90)] = "",
    role: Annotated[str, Query(alias="functie", max_length=90)] = "",
    week: Wanted = "",
) -> Response:
    """Need beside roster for who owns it; the shifts of thirteen weeks by role for who places
    people; and the roles over the years."""
    if viewer is None:
        return locked(request)
    told = await told_now(request, session, viewer)
    settings = settings_of(told)
    setting = queries.setting_of(
        settings, zorg, await queries.own_settings(request, session, viewer)
    )
    found = await queries.staff(request, session, viewer, setting, Looked(place, role, week))
    wanted = request.query_params.get("grafiek", "").rpartition(".")[0]
    if wanted in OWN and wanted in {each.name for each in found.files}:
        # As the CSV of the API does: whoever takes figures of staff away leaves a trace.
        note(
            session,
            viewer,
            "staffing.export",
            "R",
            object_type="staffing",
            object_id=found.subject,
            right="staffing:read",
        )
    choices = [Choice(each, setting_name(each), each == setting) for each in settings]
    return answer(
        request,
        "staff.html",
        page_of(request),
        choices=choices,
        charts=found.files,
        staff=found,
        glance=glance.at(told),
    )


@router.get("/jaren")
async def years(request: Request, session: Db, viewer: Looker, zorg: Wanted = "") -> Response:
    """People by age, the gap of every kind of care and role, and what it is made of."""
    if viewer is None:
        return locked(request)
    choices: list[Choice] = []
    charts: list[Chart] = []
    if viewer.may("forecasts:read"):
        choices, charts = await queries.years(request, session, viewer, zorg)
    return answer(request, "years.html", page_of(request), choices=choices, charts=charts)


@router.get("/rapport")
async def report(request: Request, session: Db, viewer: Looker) -> Response:
    """One column to print: the region now, what asks for attention, and the weeks ahead."""
    if viewer is None:
        return locked(request)
    told = await told_now(request, session, viewer)
    looked = await look_ahead(request, session, viewer, told, "")
    charts = [*looked.weeks, *looked.fans]
    page = page_of(request)
    return answer(
        request, "report.html", page, overview=told, glance=glance.at(told), charts=charts
    )


def settings_of(told: Overview) -> list[CareSetting]:
    return sorted({unit.care_setting for unit in told.units})
