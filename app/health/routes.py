"""Whether the tower lives, whether it can serve, and how it does."""

import asyncio
from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from app.errors import Unavailable
from app.wire import Wire

router = APIRouter(tags=["health"])


class Health(Wire):
    """`ok`, or no answer at all."""

    status: Literal["ok"] = "ok"


@router.get("/livez")
async def livez() -> Health:
    """The process answers. Says nothing of the store, so that no restart is caused by it."""
    return Health()


@router.get("/readyz")
async def readyz(request: Request) -> Health:
    """The store answers within two seconds, so requests can be served. Otherwise 503."""
    try:
        async with asyncio.timeout(2), request.app.state.sessions() as session:
            await session.execute(text("SELECT 1"))
    except Exception as error:  # whatever is wrong with the store, the answer is "not now"
        raise Unavailable(
            "The store does not answer.", code="store-unavailable", headers={"Retry-After": "2"}
        ) from error
    return Health()


@router.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Counts and durations per route, for Prometheus. Holds no figure and no organisation."""
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)
