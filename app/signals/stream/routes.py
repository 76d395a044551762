"""The live stream: that something changed, and of which units."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.access.routes import OverviewReader
from app.signals.stream import queries
from app.wire import Slug, Wire

RETRY_MILLISECONDS = 3000
LONGEST_SECONDS = 3600

router = APIRouter(prefix="/stream", tags=["overview"])
LastMark = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID", max_length=40, description="The `id` of the last event that came."
    ),
]
Seconds = Annotated[
    int,
    Query(
        ge=0,
        le=LONGEST_SECONDS,
        description="How long it lasts; who then listens again with the last `id` misses nothing.",
    ),
]


class Changed(Wire):
    """Of which units the figures changed. It holds no figure: ask for those that you may see."""

    units: tuple[Slug, ...]


@router.get("", response_class=EventSourceResponse)
async def stream(
    request: Request,
    viewer: OverviewReader,
    last: LastMark = None,
    seconds: Seconds = LONGEST_SECONDS,
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events: `changed` with the units whose figures changed, within two seconds of the
    commit; `anew` when you were away for more than ten minutes or the tower was started again, so
    that all must be asked for; `begin` at first. A comment every fifteen seconds shows that the
    line is alive. It ends when the tower is stopped; a browser listens again by itself.
    """
    async for event in events(request, last, seconds):
        yield event


async def events(
    request: Request, last: str | None, seconds: float
) -> AsyncIterator[ServerSentEvent]:
    """The same for whoever may listen by another way than a key."""
    first = True
    async for each in queries.news(request, last, seconds):
        name = "anew" if each.anew else "begin" if first else "changed"
        told = Changed(units=each.units).model_dump(by_alias=True)
        retry = RETRY_MILLISECONDS if first else None
        yield ServerSentEvent(event=name, id=each.mark, data=told, retry=retry)
        first = False
