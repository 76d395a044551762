"""Reports and messages in, and something useful back; feeds released; mandates given."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.routes import KeyAdmin, Operator, Reporter, ReportReader
from app.db import Db, Standing, act_as
from app.errors import Forbidden, Invalid, NotFound, WrongMediaType
from app.facilities.queries import directory
from app.faults import Fault
from app.feeds import commands, queries
from app.feeds.commands import Rejected
from app.feeds.formats import read_message
from app.feeds.schemas import (
    Confirmation,
    FeedList,
    Mandate,
    MandateKnown,
    QuarantineList,
    Receipt,
    Retraction,
    UnitBack,
)
from app.observations.commands import Message, ReportKind, record
from app.observations.notices.routes import drop_overview
from app.observations.persons import person_in
from app.observations.reading import PERSON, Broken, Read, parse, read_one, read_reports
from app.observations.schemas import DoubtWire, FaultWire, ReportOutcome
from app.overview.queries import units_now
from app.overview.schemas import UnitNow

router = APIRouter(tags=["reports"])
Mode = Annotated[
    Literal["each", "atomic"],
    Query(description="`atomic`: all reports of the body, or none."),
]
Prefer = Annotated[
    str | None, Header(description="`return=minimal` leaves out how the units stand now.")
]
MOST_UNITS_BACK = 20
REPORT = {"$ref": "#/components/schemas/Report"}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"oneOf": [REPORT, {"type": "array", "items": REPORT}]}}
        },
    }
}
MESSAGE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
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


ONE: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": REPORT}}}
}


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


@router.post("/units/{unit}/reports/_confirm")
async def confirm(
    request: Request,
    session: Db,
    principal: Reporter,
    unit: str,
    confirmation: Confirmation,
    prefer: Prefer = None,
) -> Receipt:
    """Nothing has changed: the figures of a report hold at a later moment too.

    Refused (409) if the unit has a newer report, or a doubt about this one is open.
    """
    known = (await directory(request.app.state.directory, session)).units.get(unit)
    if known is None:
        raise NotFound("There is no unit of this name now.", code="unknown-unit")
    report = await commands.confirmed(session, principal, known, confirmation)
    return await store(
        request,
        session,
        principal,
        [Read("", report)],
        await request.body(),
        kind="confirmation",
        refers_to=confirmation.confirms,
        prefer=prefer,
    )


@router.post("/reports/{report}/_retract")
async def retract(
    request: Request,
    session: Db,
    principal: Reporter,
    report: uuid.UUID,
    retraction: Retraction,
    prefer: Prefer = None,
) -> Receipt:
    """This report should not have been sent: what it told becomes unknown at its own moments.

    Nothing is erased: the report stays in the history as what was known at the time.
    """
    nulls = await commands.retracted(session, principal, report, retraction.id)
    return await store(
        request,
        session,
        principal,
        [Read("", nulls)],
        await request.body(),
        kind="retraction",
        refers_to=report,
        prefer=prefer,
    )


@router.post("/feeds/{feed}/messages", openapi_extra=MESSAGE)
async def post_message(
    request: Request, session: Db, principal: Reporter, feed: str, prefer: Prefer = None
) -> Receipt:
    """Tell how things stand in your system's own form; docs/feeds/ describes each.

    Each unit in the message becomes one report, judged on its own. A message that is sent again
    is harmless. The figures of a feed that is not yet released are kept and shown to you, and
    counted only after its release.
    """
    known = await queries.feed(session, feed, datetime.now(UTC))
    if known is None or known.org_id != principal.org_id:
        raise NotFound("Your organisation has no feed of this name.", code="unknown-feed")
    if known.facts.state == "suspended":
        raise Forbidden(
            "This feed is suspended. Ask the operator of the tower why.", code="feed-suspended"
        )
    body = await body_of(request)
    told = parsed(body)
    if person_in(told):
        raise Invalid(PERSON.detail, code=PERSON.code, faults=[PERSON])
    units = known.facts.units
    read = read_message(known.format, told, units, feed, datetime.now(UTC))
    return await store(
        request,
        session,
        principal,
        read,
        body,
        feed=feed,
        quarantined=known.facts.state == "quarantine",
        prefer=prefer,
    )


@router.get("/feeds")
async def get_feeds(session: Db, principal: ReportReader) -> FeedList:
    """Your organisation's feeds, their state, and what waits in quarantine. The operator sees
    the state of all."""
    return FeedList(items=tuple(await queries.feeds(session, principal, datetime.now(UTC))))


@router.get("/feeds/{feed}/quarantine")
async def get_quarantine(session: Db, principal: ReportReader, feed: str) -> QuarantineList:
    """The reports of your feed that are kept but not counted, newest first, at most 500."""
    return QuarantineList(items=tuple(await queries.quarantined(session, principal, feed)))


@router.post("/feeds/{feed}/_release")
async def release(request: Request, session: Db, principal: Operator, feed: str) -> Receipt:
    """Count this feed from now on. What it told in quarantine is recorded, known from now."""
    now = datetime.now(UTC)
    known = await queries.feed(session, feed, now)
    if known is None:
        raise NotFound("There is no feed of this name.", code="unknown-feed")
    found = await directory(request.app.state.directory, session)
    kept = await commands.release(session, principal, known, found, now)
    await record(session, principal, kept, request.app.state.series, event="feeds.release")
    drop_overview(request, session)
    return receipt(now, kept, [], ())


@router.post("/mandates")
async def post_mandate(session: Db, principal: KeyAdmin, mandate: Mandate) -> MandateKnown:
    """Let another organisation report for units of yours. It holds once the operator confirms."""
    return await commands.give_mandate(session, principal, mandate, datetime.now(UTC))


@router.post("/mandates/{mandate}/_confirm")
async def confirm_mandate(session: Db, principal: Operator, mandate: str) -> MandateKnown:
    """The operator has seen that both parties agree: the mandate holds from now."""
    return await commands.confirm_mandate(session, principal, mandate, datetime.now(UTC))


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


def refused(broken: Broken) -> Invalid:
    return Invalid(broken.fault.detail, code=broken.fault.code, faults=[broken.fault])


async def store(
    request: Request,
    session: AsyncSession,
    principal: Principal,
    read: Sequence[Read],
    body: bytes,
    *,
    atomic: bool = False,
    feed: str = "",
    quarantined: bool = False,
    kind: ReportKind = "report",
    refers_to: uuid.UUID | None = None,
    prefer: str | None = None,
) -> Receipt:
    """The one way in: judge, record, say what became of it, and give something back."""
    now = datetime.now(UTC)
    most = request.app.state.settings.max_figures
    if sum(len(each.report.figures) for each in read if each.report) > most:
        fault = Fault("too-many-figures", f"Send at most {most} figures in one request.")
        raise Invalid(fault.detail, code=fault.code, faults=[fault])
    found = await directory(request.app.state.directory, session)
    messages, rejected = await commands.messages(
        session,
        principal,
        found,
        read,
        now,
        feed=feed,
        quarantined=quarantined,
        kind=kind,
        refers_to=refers_to,
    )
    if not (atomic and rejected):
        await record(session, principal, messages, request.app.state.series)
    rejected += [commands.rejected_late(m) for m in messages if m.outcome == "rejected"]
    if rejected and (atomic or len(rejected) == len(read)):
        raise commands.refusal(rejected)
    if not read:
        fault = Fault("empty", "The list holds no report.")
        raise Invalid(fault.detail, code=fault.code, faults=[fault])
    if rejected:
        commands.note_rejects(session, principal.org_id, feed or "reports", rejected, body)
    drop_overview(request, session)
    units: Sequence[UnitBack] = ()
    if "return=minimal" not in (prefer or ""):
        taken = [m.place for m in messages if m.outcome != "rejected"]
        places = {place.unit: place.org_id for place in taken if place.unit}
        if 0 < len(places) <= MOST_UNITS_BACK:
            units = await units_back(request, session, principal, places)
    return receipt(now, messages, rejected, units)


def receipt(
    now: datetime,
    messages: Sequence[Message],
    rejected: Sequence[Rejected],
    units: Sequence[UnitBack],
) -> Receipt:
    taken = [outcome(message) for message in messages if message.outcome != "rejected"]
    return Receipt(
        received_at=now,
        figures=sum(each.figures for each in taken),
        reports=(*taken, *(rejection(each) for each in rejected)),
        units=tuple(units),
    )


def outcome(message: Message) -> ReportOutcome:
    stored = message.outcome in ("stored", "quarantined")
    return ReportOutcome(
        report=message.report.id,
        unit=message.report.place,
        outcome=message.outcome,
        figures=len(message.judged.told) if stored else 0,
        known_at=message.known_at,
        doubts=tuple(
            DoubtWire(
                pointer=message.read.in_message(Fault("", "", each.told.pointer)).pointer or "",
                code=each.code,
                detail=each.detail,
            )
            for each in message.doubts
        ),
    )


def rejection(rejected: Rejected) -> ReportOutcome:
    report = rejected.read.report
    return ReportOutcome(
        report=report.id if report else None,
        unit=None,
        outcome="rejected",
        figures=0,
        errors=tuple(FaultWire(**fault.wire()) for fault in rejected.faults),
    )


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
