"""The page to find a place: what is needed in the address, so that a search can be shared."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.dashboard.finding import told
from app.dashboard.finding.told import Asked
from app.dashboard.routes import Looker, answer, locked, page_of
from app.db import Db
from app.facilities.queries import directory
from app.overview.routes import told_now
from app.overview.search import queries

router = APIRouter(tags=["dashboard"], include_in_schema=False)
Word = Annotated[str, Query(max_length=40)]


@router.get("/plek")
async def find(
    request: Request,
    session: Db,
    viewer: Looker,
    soort: Annotated[str | None, Query(max_length=40)] = None,
    wet: Word = "",
    doelgroep: Word = "",
    gemeente: Word = "",
    wanneer: Word = "nu",
    gesloten: Word = "",
    isolatie: Word = "",
    eenpersoons: Word = "",
) -> Response:
    """Who can take somebody, best first with the reasons; and why each of the others cannot."""
    if viewer is None:
        return locked(request)
    asked = Asked(
        soort,
        wet,
        doelgroep,
        gemeente,
        wanneer,
        secured=bool(gesloten),
        isolation=bool(isolatie),
        single_room=bool(eenpersoons),
    )
    facts = await directory(request.app.state.directory, session)
    types, towns = queries.bed_types_offered(facts), queries.municipalities(facts)
    needs = asked.needs(types, towns)
    found = None
    if soort is not None and viewer.may("places:search"):
        overview = await told_now(request, session, viewer)
        held = await queries.held(session, viewer, datetime.now(UTC))
        found = queries.places(overview, facts, viewer, needs, held)
    return answer(
        request,
        "find.html",
        page_of(request, live=found is not None),
        told=told,
        asked=asked,
        needs=needs,
        kinds=told.kinds(types, soort),
        towns=told.towns(towns, gemeente),
        found=found,
        may=viewer.may("places:search"),
        holds=viewer.may("places:hold"),
    )
