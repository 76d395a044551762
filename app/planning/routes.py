"""The years: what-ifs that are stored, shared by their id, and held beside each other."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.queries import disclosure, organisations
from app.access.routes import ForecastReader, ScenarioWriter
from app.db import Db
from app.errors import Invalid
from app.faults import Fault
from app.forecasts.queries import owners
from app.forecasts.routes import json_or_csv
from app.observations.queries import settled
from app.paging import MOMENT_AND_ID, link_next, page_of
from app.planning import commands, queries
from app.planning.answers import as_csv, as_json, compared, hidden, narrowed
from app.planning.schemas import (
    AssumptionSet,
    Comparison,
    Plan,
    ScenarioList,
    ScenarioName,
    ScenariosAsked,
    ScenarioTold,
    ScenarioView,
)
from app.planning.tables import Scenario

router = APIRouter(tags=["scenarios"])
FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The scenario.",
        "content": {"application/json": {}, "text/csv": {"schema": {"type": "string"}}},
    },
    406: {"description": "None of the media types of this answer is accepted."},
}
FEWEST, MOST = 2, 3
MOST_KEPT = 32


@router.post("/scenarios", status_code=201, responses={200: {"description": "It was there."}})
async def add(
    request: Request,
    response: Response,
    session: Db,
    principal: ScenarioWriter,
    told: ScenarioTold,
) -> ScenarioView:
    """Reckon a what-if, and keep it: levers on the years as the tower reckoned them last.

    It is stored as a version under its name, and never changes: share its `id`. With the same
    levers on the same baseline as your newest version it is that version, and 200. Without levers
    it is the baseline, to the bit: all scenarios share their draws, so that two differ by their
    levers alone. A lever that cannot be is refused by its place, with what to do.
    """
    row, new = await commands.add_scenario(session, principal, told)
    response.status_code = 201 if new else 200
    return await seen(request, session, principal, row)


@router.get("/scenarios")
async def several(
    request: Request,
    response: Response,
    session: Db,
    viewer: ForecastReader,
    asked: Annotated[ScenariosAsked, Query()],
) -> ScenarioList:
    """The scenarios that were stored, the newest first; `baseline` is that of each run."""
    known_at = await settled(session, asked.known_at)
    after = page_of(asked.cursor, MOMENT_AND_ID)
    found = await queries.scenarios(session, asked.scenario, known_at, asked.limit + 1, after)
    page = found[: asked.limit]
    if len(found) > len(page):
        link_next(request, response, [page[-1].known_at.isoformat(), str(page[-1].id)])
    names = await organisations(session)
    return ScenarioList(scenarios=tuple(name_of(row, names) for row in page))


@router.get("/scenarios/_compare")
async def compare(
    request: Request,
    session: Db,
    viewer: ForecastReader,
    ids: Annotated[
        str,
        Query(
            max_length=120,
            description="Two or three ids with commas between them; `baseline` is the newest.",
            examples=["baseline,6b0d8a3e-5a53-4f6b-9c39-3e1f3c1d7f10"],
        ),
    ],
) -> Comparison:
    """Two or three scenarios beside each other, and by how much each differs from the first."""
    named = [part.strip() for part in ids.split(",") if part.strip()]
    if not FEWEST <= len(named) <= MOST:
        detail = f"Give two or three ids with commas between them; these are {len(named)}."
        fault = Fault("not-valid", detail, parameter="ids")
        raise Invalid(detail, code="not-valid", faults=[fault])
    rows = [await queries.scenario(session, each) for each in named]
    views = [await seen(request, session, viewer, row) for row in rows]
    if len({view.plan.years for view in views}) > 1:
        detail = "These scenarios are of other years: compare those of one baseline."
        raise Invalid(
            detail, code="not-valid", faults=[Fault("not-valid", detail, parameter="ids")]
        )
    return compared(views)


@router.get("/scenarios/{scenario}", response_model=ScenarioView, responses=FORMS)
async def one(request: Request, session: Db, viewer: ForecastReader, scenario: str) -> Response:
    """One scenario by its id, or `baseline`: what is assumed, with its sources, and what comes.

    Of each kind of care and each role the need, the supply and the shortage of each year, the
    chance of it, the ledger of what adds how much, and which cause makes it how uncertain. An id
    gives the same bytes each time. Where the units behind a kind of care do not share it with you,
    it is reckoned from the open tables alone, and its supply is suppressed. With
    `Accept: text/csv` every number in a row.
    """
    media = json_or_csv(request)
    view = await seen(request, session, viewer, await queries.scenario(session, scenario))
    form = "text/csv; charset=utf-8; header=present" if media == "text/csv" else media
    body = await asyncio.to_thread(as_csv if media == "text/csv" else as_json, view)
    return Response(body, media_type=form, headers={"Vary": "Accept"})


async def seen(
    request: Request, session: AsyncSession, viewer: Principal, row: Scenario
) -> ScenarioView:
    """What this viewer may see of it; a narrow view is kept, since a scenario never changes."""
    assumed = AssumptionSet.model_validate(row.assumed)
    told = ScenarioTold.model_validate(row.told or BARE)
    now = datetime.now(UTC)
    of = await owners(session, {unit for line in assumed.lines for unit in line.members})
    shared = await disclosure(session, viewer, now)
    away = hidden(assumed.lines, of, shared, now - row.issued_at)
    if away:
        kept = kept_of(request)
        if (row.id, away) not in kept:
            kept[row.id, away] = await asyncio.to_thread(narrowed, assumed, told, away)
            while len(kept) > MOST_KEPT:
                del kept[next(iter(kept))]
        assumed, plan = kept[row.id, away]
    else:
        plan = Plan.model_validate_json(row.plan)
    name = name_of(row, await organisations(session))
    return ScenarioView(
        **{field: getattr(name, field) for field in ScenarioName.model_fields},
        seed=row.seed,
        draws=row.draws,
        levers=told.levers,
        assumed=assumed,
        plan=plan,
    )


def kept_of(request: Request) -> dict[object, tuple[AssumptionSet, Plan]]:
    """Narrow views by scenario and what is withheld of it; made at the first question."""
    kept: dict[object, tuple[AssumptionSet, Plan]] | None
    kept = getattr(request.app.state, "narrowed", None)
    if kept is None:
        kept = request.app.state.narrowed = {}
    return kept


def name_of(row: Scenario, names: dict[int, str]) -> ScenarioName:
    return ScenarioName(
        id=row.id,
        scenario=row.scenario,
        version=row.version,
        organisation=names[row.org_id],
        known_at=row.known_at,
        based_on=row.based_on,
        issued_at=row.issued_at,
    )


# The baseline was told by nobody.
BARE = {"scenario": "baseline"}
