"""The region now, over HTTP."""

import time
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.routes import OverviewReader
from app.db import Db
from app.overview import queries
from app.overview.cache import OverviewCache
from app.overview.schemas import Ask, Overview

router = APIRouter(prefix="/overview", tags=["overview"])


@router.get("", response_model=Overview)
async def overview(
    request: Request, session: Db, viewer: OverviewReader, ask: Annotated[Ask, Query()]
) -> Response:
    """The region now, or as it was known then: admittable and free places, levels with the chance
    that the next request finds none, reasons, freshness, and totals that count each unit once.

    What you see follows the sharing rules of each organisation; what may not be shown is
    `suppressed`. Null is unknown, never zero.
    """
    return Response(await body(request, session, viewer, ask), media_type="application/json")


async def body(request: Request, session: AsyncSession, viewer: Principal, ask: Ask) -> bytes:
    """The answer from the cache, without a word to the store, or computed."""
    cache = cache_of(request)
    key = (viewer.org_id, viewer.organisation, viewer.audience, ask)
    began = time.monotonic()
    found = cache.get(key, began)
    if found is None:
        since = cache.drops
        state = request.app.state
        found = await queries.overview(session, viewer, ask, state.directory, state.fictief)
        cache.put(key, found, since, began)
    return found


async def told_now(request: Request, session: AsyncSession, viewer: Principal) -> Overview:
    """The same of this moment, for the parts after this one that reckon with it."""
    return read(await body(request, session, viewer, Ask()))


@lru_cache(maxsize=16)
def read(answer: bytes) -> Overview:
    """An answer that stands is the same bytes each time, and is read once."""
    return Overview.model_validate_json(answer)


def cache_of(request: Request) -> OverviewCache:
    state = request.app.state
    if not hasattr(state, "overview_cache"):
        state.overview_cache = OverviewCache(state.settings.overview_cache_seconds)
    found: OverviewCache = state.overview_cache
    return found
