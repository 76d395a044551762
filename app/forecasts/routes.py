"""What will probably be needed, from the runs that were stored."""

import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access.principal import Principal
from app.access.routes import ForecastReader
from app.db import Db
from app.errors import NotAcceptable
from app.forecasts import queries
from app.forecasts.kept import Answer, Kept
from app.forecasts.schemas import (
    Asked,
    Forecast,
    Paths,
    PathsAsked,
    RunList,
    RunsAsked,
    Service,
    ServiceAsked,
)
from app.observations.lines import chosen
from app.paging import MOMENT_AND_ID, link_next, page_of

router = APIRouter(tags=["forecasts"])
Tags = Annotated[
    str | None, Header(alias="If-None-Match", description="The `ETag` of an answer you keep.")
]
UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The answer that you keep still stands."}
}


@router.get("/forecasts", response_model=Forecast, responses=UNCHANGED)
async def forecast(
    request: Request,
    session: Db,
    viewer: ForecastReader,
    asked: Annotated[Asked, Query()],
    tags: Tags = None,
) -> Response:
    """What will probably be needed of a unit, a group or a care setting, per bed type.

    Each step has the median and the central intervals that you ask for, the supply that is
    planned, the gap between them and the chance that it is short; of the days also who comes, who
    leaves, how many places will be free and whether there will be none. What cannot be forecast
    is unknown, with the reason; what is not shared with you is suppressed. A run never changes,
    so that an answer stands until the next one: keep its `ETag` and send it as `If-None-Match`.
    """
    query = request.scope["query_string"]
    now = datetime.now(UTC)
    told = await queries.answer(kept_of(request), session, viewer, asked, query, now)
    headers = {"ETag": told.etag}
    if tags is not None and matches(tags, told.etag):
        return Response(status_code=304, headers=headers)
    return Response(told.body, headers=headers, media_type="application/json")


@router.get("/forecasts/paths")
async def paths(
    session: Db, viewer: ForecastReader, asked: Annotated[PathsAsked, Query()]
) -> Paths:
    """500 sample paths of the last run, for sums, peaks and chances that no field tells.

    Path n of one unit goes with path n of every other: errors that came together before come
    together in them. Add them up path by path, and count. At each step they have the quantiles of
    the forecast; a total is the sum of its units on each path. Who may see the forecast may see
    its paths.
    """
    return await queries.paths(session, viewer, asked, datetime.now(UTC))


@router.get("/forecasts/service-levels")
async def service_levels(
    session: Db, viewer: ForecastReader, asked: Annotated[ServiceAsked, Query()]
) -> Service:
    """How many places refuse no more than a share of who asks: from tonight on, by week, by month.

    Erlang in the mean over the forecast of the load (A where people wait with patience, else B:
    `queue` says which), so that what is unsure asks for places too: the share occupied that can be
    borne is small where places are few, and a flat norm of 85 or 90% is wrong below 50. `together`
    if the units help each other out, `apart` if each is on its own; their difference is the gain of
    pooling. The load is who is there and who waits, where a unit tells it. Of the days it is played
    on the paths, with who is there now. Who may see the forecast may see this.
    """
    return await queries.service(session, viewer, asked, datetime.now(UTC))


@router.get("/forecasts/runs")
async def runs(
    request: Request,
    response: Response,
    session: Db,
    viewer: ForecastReader,
    asked: Annotated[RunsAsked, Query()],
) -> RunList:
    """The runs that were issued, the newest first."""
    after = page_of(asked.cursor, MOMENT_AND_ID)
    found = await queries.runs(session, asked.horizon, asked.limit + 1, after)
    page = found[: asked.limit]
    if len(found) > len(page):
        link_next(request, response, [page[-1].issued_at.isoformat(), str(page[-1].run_id)])
    return RunList(runs=tuple(queries.view_of(run) for run in page))


class StandingAnswers:
    """Gives an answer that stands before any route is looked for; anything else goes on.

    Pure ASGI, around the app: to find the route and solve its dependencies costs more than a whole
    empty answer. It gives only what the route gave the same viewer for the same query, to a key
    whose verdict is in memory and has the scope; both are looked at again after a second, and
    that, like every refusal, is the route's own doing.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = standing(scope) if scope.get("path") == PATH else None
        if found is None:
            await self.app(scope, receive, send)
            return
        viewer, answer, tags = found
        scope["state"]["principal"] = viewer
        scope["route"] = NAMED
        unchanged = tags is not None and matches(tags, answer.etag)
        headers = [(b"etag", answer.etag.encode())]
        if not unchanged:
            length = str(len(answer.body)).encode()
            headers += [(b"content-length", length), (b"content-type", b"application/json")]
        status = 304 if unchanged else 200
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if unchanged else answer.body})


PATH = "/v1/forecasts"
NAMED = SimpleNamespace(path_format=PATH)


def standing(scope: Scope) -> tuple[Principal, Answer, str | None] | None:
    """Who asks, the answer in memory, and the tags that it holds; None: the route must look."""
    kept: Kept | None = getattr(scope["app"].state, "forecasts", None)
    if scope["type"] != "http" or scope["method"] != "GET" or kept is None:
        return None
    headers = dict(scope["headers"])
    scheme, _, key = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    until, viewer = scope["app"].state.verdicts.get(key, (0.0, None))
    clock = time.monotonic()
    if scheme != "Bearer" or viewer is None or until <= clock or not viewer.may("forecasts:read"):
        return None
    asked = (viewer.org_id, viewer.audience, scope["query_string"])
    answer = kept.find(asked, datetime.now(UTC), clock)
    tags = headers.get(b"if-none-match")
    return None if answer is None else (viewer, answer, tags and tags.decode("latin-1"))


def json_or_csv(request: Request) -> Literal["application/json", "text/csv"]:
    """What the client likes best of the two; raises NotAcceptable where it takes neither."""
    media = chosen(request.headers.get("accept"))
    if media == "application/json" or media == "text/csv":
        return media
    raise NotAcceptable("This answer is given as application/json, text/csv.", code="media-type")


def kept_of(request: Request) -> Kept:
    """Made at the first question."""
    kept: Kept | None = getattr(request.app.state, "forecasts", None)
    if kept is None:
        kept = request.app.state.forecasts = Kept()
    return kept


def matches(tags: str, etag: str) -> bool:
    """Whether an If-None-Match holds the tag; a weak one is as good (RFC 9110, 13.1.2)."""
    given = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
    return etag in given or "*" in given
