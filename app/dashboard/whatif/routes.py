"""What if: levers on the years, what they change, and an address to share it by."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from app.access.principal import Principal
from app.access.routes import from_this_tower
from app.dashboard.forms import fields
from app.dashboard.ledgers import last_known
from app.dashboard.names import role_name, type_name
from app.dashboard.routes import Looker, answer, locked, page_of
from app.dashboard.whatif import queries
from app.dashboard.whatif.beside import beside_chart, most_changed
from app.dashboard.whatif.form import KNOBS, OF_ROLES, Typed, payload, typed
from app.db import Db
from app.errors import Invalid
from app.planning import commands
from app.planning.schemas import ScenarioTold, ScenarioView

pages = APIRouter(tags=["dashboard"], include_in_schema=False)
forms = APIRouter(
    tags=["dashboard"], include_in_schema=False, dependencies=[Depends(from_this_tower)]
)
Ids = Annotated[str, Query(max_length=120)]


@pages.get("/wat-als")
async def what_if(request: Request, session: Db, viewer: Looker, ids: Ids = "") -> Response:
    """Scenarios beside what goes on as it goes; the address shares them."""
    if viewer is None:
        return locked(request)
    if not viewer.may("forecasts:read"):
        return await shown(request, session, viewer, [], typed({}))
    views = await queries.views(request, session, viewer, ids)
    return await shown(request, session, viewer, views, typed({}))


@forms.post("/wat-als")
async def reckon(request: Request, session: Db, viewer: Looker) -> Response:
    """Reckons what was typed as `POST /v1/scenarios` does, and goes to its address."""
    if viewer is None:
        return locked(request)
    form = typed(fields(await request.body()))
    told, errors = payload(form, datetime.now(UTC).year)
    if not viewer.may("scenarios:write"):
        errors = [NO_SCOPE]
    if not errors:
        try:
            row, _new = await commands.add_scenario(
                session, viewer, ScenarioTold.model_validate(told)
            )
        except ValidationError as error:
            errors = [
                f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()
            ]
        except Invalid as refusal:
            errors = [fault.detail for fault in refusal.faults] or [refusal.detail]
        else:
            where = page_of(request).link(f"/wat-als?ids=baseline,{row.id}")
            return RedirectResponse(where, 303)
    views = await queries.views(request, session, viewer, "")
    return await shown(request, session, viewer, views, form, errors)


NO_SCOPE = "scenarios:write"


async def shown(
    request: Request,
    session: Db,
    viewer: Principal,
    views: list[ScenarioView],
    form: Typed,
    errors: list[str] | None = None,
) -> Response:
    charts = [beside_chart(views), most_changed(views)] if len(views) > 1 else []
    plan = views[0].plan if views else None
    return answer(
        request,
        "what-if.html",
        page_of(request),
        400 if errors else 200,
        views=views,
        latest=await queries.latest(session) if views else [],
        charts=[chart for chart in charts if chart is not None],
        form=form,
        errors=errors or [],
        may=viewer.may("scenarios:write"),
        knobs=KNOBS,
        of_roles=OF_ROLES,
        lines=[
            (f"{line.care_setting}.{line.bed_type}", type_name(line.care_setting, line.bed_type))
            for line in (plan.lines if plan else ())
            if line.unit == "places"
        ],
        roles=[(role.role, role_name(role.role)) for role in (plan.roles if plan else ())],
        year=datetime.now(UTC).year,
        last=plan.years[last_known(plan.lines[0].need.p50) or 0] if plan and plan.lines else None,
    )
