"""Puts the parts together. The only module that knows them all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from threading import Event

import orjson
from fastapi import FastAPI, Response
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import Scope

from app import errors
from app.access.commands import AccessLog, note_refusal
from app.access.tables import Mark
from app.contract import document
from app.dashboard.about.routes import router as about_router
from app.dashboard.ahead.routes import router as ahead_router
from app.dashboard.entry.routes import forms as entry_forms
from app.dashboard.entry.routes import pages as entry_pages
from app.dashboard.finding.routes import router as finding_router
from app.dashboard.holding.routes import forms as holding_forms
from app.dashboard.managing.deeds.routes import forms as deeds_forms
from app.dashboard.managing.deeds.routes import pages as deeds_pages
from app.dashboard.managing.routes import pages as managing_pages
from app.dashboard.noticing.routes import forms as noticing_forms
from app.dashboard.noticing.routes import pages as noticing_pages
from app.dashboard.pairing.routes import forms as pairing_forms
from app.dashboard.pairing.routes import pages as pairing_pages
from app.dashboard.refusing.routes import RefusedPages
from app.dashboard.routes import assets
from app.dashboard.routes import router as dashboard_router
from app.dashboard.signing.routes import forms as signing_forms
from app.dashboard.signing.routes import pages as signing_pages
from app.dashboard.unit.routes import router as unit_router
from app.dashboard.whatif.routes import forms as what_if_forms
from app.dashboard.whatif.routes import pages as what_if_pages
from app.db import connect, plain, sessions_of
from app.facilities.queries import DirectoryCache
from app.facilities.routes import router as facilities_router
from app.feeds.imports.routes import router as imports_router
from app.feeds.pulls.routes import router as pulls_router
from app.feeds.routes import router as feeds_router
from app.forecasts.routes import StandingAnswers
from app.forecasts.routes import router as forecasts_router
from app.forecasts.scoring.routes import router as scores_router
from app.forecasts.staffing.routes import router as staffing_router
from app.health.routes import router as health_router
from app.http import Envelope, route_of
from app.observations.commands import SeriesNumbers
from app.observations.notices.routes import router as notices_router
from app.observations.routes import router as observations_router
from app.overview.routes import router as overview_router
from app.overview.search.routes import router as places_router
from app.overview.signals.routes import router as signals_router
from app.planning.routes import router as planning_router
from app.settings import Settings
from app.signals.stream.queries import Watch
from app.signals.stream.routes import router as stream_router
from app.store import check

VERSION = "0.1.0"
DESCRIPTION = """\
The open health control tower of a care region: what is free now, and what beds and staff will be
needed in the coming weeks, months and years, with its age, its band and its gap.

De open gezondheidsverkeerstoren van een zorgregio: wat er nu vrij is, en welke bedden en mensen de
komende weken, maanden en jaren nodig zijn, met leeftijd, bandbreedte en tekort.

A figure is an object everywhere: `value` is null unless `state` is `known`. Null is unknown, never
zero. Errors are `application/problem+json` (RFC 9457), all of a request together.
"""


V1 = [
    facilities_router,
    feeds_router,
    pulls_router,
    imports_router,
    observations_router,
    notices_router,
    overview_router,
    places_router,
    signals_router,
    stream_router,
    forecasts_router,
    scores_router,
    planning_router,
    staffing_router,
]


# Pages stand in two languages; where a form is sent to, is one path for both.
PAGES = [
    dashboard_router,
    signing_pages,
    ahead_router,
    unit_router,
    about_router,
    noticing_pages,
    what_if_pages,
    entry_pages,
    pairing_pages,
    finding_router,
    managing_pages,
    deeds_pages,
]
FORMS = [
    signing_forms,
    what_if_forms,
    entry_forms,
    pairing_forms,
    holding_forms,
    deeds_forms,
    noticing_forms,
]


def add_contract(app: FastAPI) -> None:
    @app.get("/v1/openapi.json", tags=["contract"])
    async def openapi() -> Response:
        """This document, for whoever writes a client."""
        told: bytes | None = getattr(app.state, "openapi", None)
        if told is None:
            told = app.state.openapi = orjson.dumps(document(app))
        headers = {"Access-Control-Allow-Origin": "*"}
        return Response(told, media_type="application/json", headers=headers)


def create_app(settings: Settings) -> FastAPI:
    """Reads nothing but its argument; connects when it is started."""
    assert settings.database_url, "create_app needs a database_url"
    assert settings.key_pepper, "create_app needs a key_pepper"
    engine = connect(settings.database_url, settings.pool_size)
    registry = CollectorRegistry()
    answers = Counter("toren_answers", "Answers", ["route", "method", "status"], registry=registry)
    seconds = Histogram("toren_seconds", "Seconds to answer", ["route"], registry=registry)
    access_log = AccessLog(plain(settings.database_url))

    async def seen(scope: Scope, status: int, milliseconds: float) -> None:
        route, state = route_of(scope), scope["state"]
        answers.labels(route, scope["method"], status).inc()
        seconds.labels(route).observe(milliseconds / 1000)
        principal, request_id = state.get("principal"), state["request_id"]
        if route not in ("/livez", "/readyz", "/metrics"):
            access_log.add(principal, scope["method"], route, status, milliseconds, request_id)
        if status in (401, 403):
            await note_refusal(engine, principal, status, route, request_id)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await check(engine, settings)
        async with app.state.sessions() as session:
            app.state.fictief = await session.get(Mark, "fictief") is not None
        flushing = asyncio.create_task(access_log.keep_flushing())
        yield
        flushing.cancel()
        with suppress(asyncio.CancelledError):
            await flushing
        await engine.dispose()

    app = FastAPI(
        title="Gezondheidsverkeerstoren",
        version=VERSION,
        description=DESCRIPTION,
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        max_body_size=settings.max_body_bytes,
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.engine = engine
    app.state.sessions = sessions_of(engine)
    app.state.database_url = settings.database_url
    app.state.pepper = settings.key_pepper.get_secret_value().encode()
    app.state.stream_slots = asyncio.Semaphore(settings.streams)
    app.state.import_slots = asyncio.Semaphore(settings.imports_at_once)
    app.state.registry = registry
    app.state.verdicts = {}
    app.state.directory = DirectoryCache()
    app.state.series = SeriesNumbers()
    app.state.fictief = False
    app.state.watch = Watch()
    # Set when the server leaves, so that what is streamed without an end comes to one.
    app.state.leaving = Event()
    errors.install(app)
    app.include_router(health_router, include_in_schema=False)
    app.include_router(assets)
    for forms in FORMS:
        app.include_router(forms)
    for pages in PAGES:
        app.include_router(pages)
        app.include_router(pages, prefix="/en")
    for router in V1:
        app.include_router(router, prefix="/v1")
    add_contract(app)
    # Around all, so that what is refused below the handlers, or fails, is dressed too.
    inside = RefusedPages(StandingAnswers(app.build_middleware_stack()))
    app.middleware_stack = Envelope(inside, VERSION, seen)
    return app
