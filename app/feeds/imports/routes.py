"""Files of figures by HTTP: one in, what became of it, and how far those under way are."""

import tempfile
import uuid
from asyncio import Semaphore, timeout
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Path, Query, Request, Response

from app.access.principal import Principal
from app.access.routes import FileSender, Importer
from app.db import Db
from app.errors import NotFound, TooLarge, Unavailable, WrongMediaType
from app.feeds.imports.apart import commands as apart
from app.feeds.imports.asked import profile_of
from app.feeds.imports.headway import Imported
from app.feeds.imports.schemas import Asked, ImportList, ImportShown
from app.feeds.imports.text import MOST_BYTES
from app.feeds.imports.underway import queries
from app.paging import MOMENT_AND_ID, Cursor, Limit, link_next, page_of
from app.settings import Settings

router = APIRouter(tags=["imports"])
KINDS = ("text/csv", "application/gzip")
# The longest that a file may take to arrive.
ARRIVES_SECONDS = 10 * 60.0
FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/gzip": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
DRY: dict[int | str, dict[str, Any]] = {
    200: {"description": "What would have become of the file.", "model": ImportShown}
}


# The general limit of a body does not hold here; what is taken is counted while it comes.
@router.post(
    "/imports", status_code=201, max_body_size=MOST_BYTES, openapi_extra=FILE, responses=DRY
)
async def post_import(
    request: Request, response: Response, principal: FileSender, asked: Annotated[Asked, Query()]
) -> ImportShown:
    """Bring in a file of past figures, all of it or nothing: CSV, or CSV packed with gzip.

    docs/feeds/import.md has each form with an example. The answer comes when all is stored. What is
    wrong is listed by row and column, the first hundred of it. The same file again changes nothing:
    send it again when you did not see the answer. A figure that differs becomes a correction.
    """
    profile_of(asked)
    async with a_slot(request.app.state.import_slots):
        with tempfile.TemporaryFile() as spool:
            return await brought_in(request, response, principal, asked, spool)


async def brought_in(
    request: Request, response: Response, principal: Principal, asked: Asked, spool: BinaryIO
) -> ImportShown:
    settings: Settings = request.app.state.settings
    await take(request, spool, settings.max_import_bytes)
    order = apart.Order(
        asked=asked,
        organisation=principal.organisation,
        client_id=principal.client_id,
        client=principal.client,
        request_id=request.state.request_id,
        number=uuid.uuid4(),
        most_bytes=settings.max_import_bytes,
        log_level=settings.log_level,
    )
    size = spool.seek(0, 2)
    spool.seek(0)
    imported = await apart.import_apart(request.app.state.database_url, spool, order)
    if asked.dry_run:
        response.status_code = 200
    else:
        response.headers["Location"] = f"/v1/imports/{order.number}"
    return done(order, imported, size)


@asynccontextmanager
async def a_slot(slots: Semaphore) -> AsyncIterator[None]:
    """One of the few that go on at a time; nobody waits for it with a file in hand."""
    if slots.locked():
        raise Unavailable(
            "Other files are being brought in. Try again in half a minute.",
            code="imports-full",
            headers={"Retry-After": "30"},
        )
    async with slots:
        yield


async def take(request: Request, spool: BinaryIO, most: int) -> None:
    """The body onto the disk, counted while it comes."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in KINDS:
        raise WrongMediaType(
            "Send CSV with Content-Type: text/csv, or packed with application/gzip.",
            code="wrong-media-type",
        )
    told = request.headers.get("content-length", "")
    count = int(told) if told.isdecimal() else 0
    if count <= most:
        count = 0
        async with timeout(ARRIVES_SECONDS):
            async for chunk in request.stream():
                count += len(chunk)
                if count > most:
                    break
                spool.write(chunk)
    if count > most:
        raise TooLarge(f"A file holds at most {most:,} bytes. Split it.", code="too-large")


def done(order: apart.Order, imported: Imported, size: int) -> ImportShown:
    return ImportShown(
        id=order.number,
        profile=order.asked.profile,
        state="done",
        dry_run=order.asked.dry_run,
        started_at=imported.started_at,
        finished_at=imported.finished_at,
        read_bytes=size,
        total_bytes=size,
        rows=imported.rows,
        figures=imported.figures,
        units=imported.units,
        added=imported.added,
        corrected=imported.corrected,
        unchanged=imported.unchanged,
        since=imported.since,
        until=imported.until,
    )


@router.get("/imports")
async def get_imports(
    request: Request,
    response: Response,
    session: Db,
    principal: Importer,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> ImportList:
    """The files that your organisation brought in, newest first, and those under way with how far
    they are. What was refused is not among them: it left nothing."""
    found = await queries.imports(session, principal.org_id, page_of(cursor, MOMENT_AND_ID), limit)
    if len(found) == limit:
        key = [found[-1].started_at.isoformat(), str(found[-1].id)]
        link_next(request, response, key)
    return ImportList(items=tuple(found))


@router.get("/imports/{import}")
async def get_import(
    session: Db, principal: Importer, number: Annotated[uuid.UUID, Path(alias="import")]
) -> ImportShown:
    """What became of one file, or how far it is."""
    found = await queries.one(session, principal.org_id, number)
    if found is None:
        raise NotFound(
            "Your organisation has no import of this id. One that was refused, ended or dry left "
            "nothing.",
            code="unknown-import",
        )
    return found
