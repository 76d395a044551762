"""Where is a place now, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from app.access.principal import Principal
from app.access.routes import require
from app.db import Db
from app.facilities.queries import directory
from app.overview.routes import body
from app.overview.schemas import Ask, Overview
from app.overview.search import queries
from app.overview.search.schemas import Needs, PlacesFound

router = APIRouter(prefix="/places", tags=["places"])
Seeker = Annotated[Principal, Depends(require("places:search", region=True))]


@router.post("/_search")
async def search(request: Request, session: Db, viewer: Seeker, needs: Needs) -> PlacesFound:
    """Units that can take somebody now, best first with the reasons, and why each of the others
    cannot. Asks what is needed and nothing of who needs it; nothing of the question is kept.

    Rests on what the overview shows to you: a stale unit is never offered, and one that may not
    be shown is a no that says nothing else.
    """
    told = Overview.model_validate_json(await body(request, session, viewer, Ask()))
    facts = await directory(request.app.state.directory, session)
    return queries.places(told, facts, viewer, needs)
