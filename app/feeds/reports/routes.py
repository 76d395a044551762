"""Reports in, and something useful back."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.routes import Reporter
from app.db import Db, Standing, act_as
from app.errors import Invalid, WrongMediaType
from app.facilities.queries import directory
from app.faults import Fault
from app.feeds.receipts import Taken
from app.feeds.reports import queries
from app.feeds.reports.commands import note_rejects, refused, take
from app.feeds.schemas import Receipt, UnitBack
from app.observations.commands import ReportKind
from app.observations.notices.routes import drop_overview
from app.observations.reading import Broken, Read, parse, read_one, read_reports
from app.overview.queries import units_now
from app.overview.schemas import UnitNow

router = APIRouter()
MOST_UNITS_BACK = 20
Mode = Annotated[
    Literal["each", "atomic"],
    Query(description="`atomic`: all reports of the body, or none."),
]
Prefer = Annotated[
    str | None, Header(description="`return=minimal` leaves out how the units stand now.")
]
REPORT = {"$ref": "#/components/schemas/Report"}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"oneOf": [REPORT, {"type": "array", "items": REPORT}]}}
        },
    }
}
ONE: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": REPORT}}}
}


@router.post("/reports", openapi_extra=BODY)
async def post_reports(
    request: Request,
    session: Db,
    principal: Reporter,
    mode: Mode = "each",
    prefer: Prefer = None,
) -> Receipt:
    """Tell how things stand: one report, or a list of up to 10,000 figures.

    Each report is stored whole or not at all. The answer says of each what became of it; it is an
    error only if none could be stored. The same report twice is harmless: give each report an id
    of your own (a UUID), and send it again with the same id when you did not see the answer.
    `null` makes a figure unknown, a figure that is left out stays as it was, and a newer report
    about the same moment corrects an older one.
    """
    body = await body_of(request)
    try:
        read = read_reports(body)
    except Broken as broken:
        raise refused(broken) from None
    atomic = mode == "atomic"
    return await store(request, session, principal, read, body, atomic=atomic, prefer=prefer)


@router.put("/reports/{report}", openapi_extra=ONE)
async def put_report(
    request: Request, session: Db, principal: Reporter, report: uuid.UUID, prefer: Prefer = None
) -> Receipt:
    """Tell one report under its id. The same again is harmless; other content is a 409."""
    body = await body_of(request)
    told = parsed(body)
    if not isinstance(told, dict) or told.get("id", str(report)) != str(report):
        raise Invalid(
            "The body is one report, and its id is the one in the path.",
            code="other-id",
            faults=[Fault("other-id", "Leave the id out, or give that of the path.", "/id")],
        )
    read = [read_one({**told, "id": str(report)}, "")]
    return await store(request, session, principal, read, body, prefer=prefer)


async def body_of(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise WrongMediaType(
            "Send JSON, with Content-Type: application/json.", code="wrong-media-type"
        )
    return await request.body()


def parsed(body: bytes) -> Any:  # noqa: ANN401
    try:
        return parse(body)
    except Broken as broken:
        raise refused(broken) from None


async def store(
    request: Request,
    session: AsyncSession,
    principal: Principal,
    read: Sequence[Read],
    body: bytes,
    *,
    atomic: bool = False,
    kind: ReportKind = "report",
    refers_to: uuid.UUID | None = None,
    prefer: str | None = None,
) -> Receipt:
    taken = await take(
        session,
        principal,
        read,
        directory=await directory(request.app.state.directory, session),
        series=request.app.state.series,
        now=datetime.now(UTC),
        most_figures=request.app.state.settings.max_figures,
        atomic=atomic,
        kind=kind,
        refers_to=refers_to,
    )
    if taken.rejected:
        note_rejects(session, principal.org_id, taken.rejected, body)
    return await answer(request, session, principal, taken, prefer)


async def answer(
    request: Request,
    session: AsyncSession,
    principal: Principal,
    taken: Taken,
    prefer: str | None,
) -> Receipt:
    """The receipt, and unless it is declined how the units stand now."""
    drop_overview(request, session)
    places = {m.place.unit: m.place.org_id for m in taken.kept if m.place.unit}
    if "return=minimal" in (prefer or "") or not 0 < len(places) <= MOST_UNITS_BACK:
        return taken.receipt
    units = await units_back(request, session, principal, places)
    return taken.receipt.model_copy(update={"units": tuple(units)})


async def units_back(
    request: Request, session: AsyncSession, principal: Principal, places: dict[str, int]
) -> list[UnitBack]:
    """How the units stand now that this is stored, as their reporter may see it."""
    await act_as(session, Standing(principal.org_id, "region"))
    # Written by the statement before, so read as of a moment after it.
    now = datetime.now(UTC)
    found = await units_now(session, principal, set(places), request.app.state.directory)
    ahead = await queries.outlooks(session, places, set(places.values()), now)
    return [
        UnitBack(now=UnitNow.model_validate(each), outlook=tuple(ahead.get(each["unit"], ())))
        for each in found
    ]
