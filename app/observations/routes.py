"""Reading what was reported: reports, what came since, history, doubts."""

import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, Field, PlainValidator, TypeAdapter, WithJsonSchema
from sqlalchemy import RowMapping

from app.access.commands import note
from app.access.queries import organisations
from app.access.routes import HistoryReader, Reporter, ReportReader
from app.db import Db, Standing, open_stream
from app.errors import Invalid, NotAcceptable, NotFound
from app.faults import Fault
from app.observations import queries
from app.observations.history import Resolution, RollUp, moment, whole
from app.observations.lines import (
    MEDIA,
    RAW_COLUMNS,
    ROLLED_COLUMNS,
    Line,
    Written,
    chosen,
    number,
    raw_line,
    rolled_line,
    state,
    when,
    words,
)
from app.observations.measures import MEASURES
from app.observations.notices.commands import accept_doubts
from app.observations.notices.routes import drop_overview
from app.observations.schemas import StoredReport
from app.paging import MOMENT_AND_ID, Cursor, KeyMoment, Limit, encode, link_next, page_of
from app.wire import Slug, Wire, Word, instant

router = APIRouter(tags=["observations"])
# By resolution, how far a history may reach: raw figures are kept three years.
LONGEST_ASKED: dict[Resolution, timedelta] = {
    "raw": timedelta(days=3 * 366),
    "hour": timedelta(days=3 * 366),
    "day": timedelta(days=40 * 366),
    "week": timedelta(days=40 * 366),
    "month": timedelta(days=40 * 366),
}
DEFAULT_ASKED = timedelta(days=30)
LINES_AT_ONCE = 500
# The figure's moment, its report, the number of its series, and the code of the doubt.
DOUBT_KEY = TypeAdapter(
    tuple[KeyMoment, uuid.UUID, Annotated[int, Field(ge=0, le=2**31 - 1)], Word]
)


class OwnReport(StoredReport):
    """A report of your own, or of a unit that you report for: its seal and its figures."""

    observed_at: datetime | date  # type: ignore[assignment]  # told as a day, given as a day


class ReportSeal(Wire):
    """A report without its figures; `figures` is how many it brought."""

    id: uuid.UUID
    unit: str | None
    staff_pool: str | None
    observed_at: datetime
    known_at: datetime
    kind: str
    source: str
    feed: str | None
    reported_by: str
    on_behalf_of: str | None
    refers_to: uuid.UUID | None
    figures: int


class ReportsSince(Wire):
    """Reports in the order in which they became known, up to `knownAt`."""

    known_at: datetime
    reports: tuple[ReportSeal, ...]


class OpenDoubt(Wire):
    """A figure that is stored and asked about: accept it, or send a correction."""

    report: uuid.UUID
    figure: dict[str, Any]
    code: str
    known_at: datetime


class OpenDoubts(Wire):
    unit: str
    doubts: tuple[OpenDoubt, ...]


class DoubtsAccepted(Wire):
    """How many doubts were accepted by this request; 0 if none were open."""

    report: uuid.UUID
    unit: str
    accepted: int


def known_measure(name: str) -> str:
    if name not in MEASURES:
        raise ValueError("there is no measure of this name; docs/feeds/README.md lists them")
    return name


Moment = Annotated[
    datetime,
    PlainValidator(lambda told: moment(str(told))),
    WithJsonSchema({"type": "string", "examples": ["2026-11-22", "2026-11-22T08:00:00+01:00"]}),
]


class HistoryAsked(Wire):
    """Which part of a unit's history, and in what steps."""

    measure: tuple[Annotated[str, AfterValidator(known_measure)], ...] = Field(
        (), description="May be given more than once; left out: all."
    )
    bed_type: tuple[Word, ...] = Field((), description="May be given more than once.")
    since: Moment | None = Field(
        None, alias="from", description="A moment, or the begin of a local day. Default: 30 days."
    )
    until: Moment | None = Field(
        None, alias="to", description="Not in it: a moment, or the begin of a local day."
    )
    resolution: Resolution = Field(
        "raw", description="raw, or per local hour, day, week (from Monday) or month."
    )
    known_at: Moment | None = Field(None, description="As it was known at this moment.")


@router.get("/reports")
async def reports_since(
    request: Request,
    response: Response,
    session: Db,
    principal: ReportReader,
    since: Cursor = None,
    limit: Limit = 100,
) -> ReportsSince:
    """What your organisation's units reported since a page before, oldest first.

    `Link` rel="next" always holds the way on: follow it at once while pages are full, and again
    later for what came since. A report is listed once it is settled, after about ten seconds, so
    that none is ever missed; figures are at `/v1/reports/{report}`. What the demo or an import
    states to have been known earlier is listed at that moment.
    """
    after = page_of(since, MOMENT_AND_ID, "since")
    until = await queries.horizon(session)
    found = await queries.reports_since(session, after, until, limit)
    names = await organisations(session)
    cursor = encode(key_of(found[-1])) if found else since
    if cursor is not None:
        query = urlencode({**request.query_params, "since": cursor})
        response.headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'
    seals = (ReportSeal(**sealed(row, names), figures=row["figures"]) for row in found)
    return ReportsSince(known_at=until, reports=tuple(seals))


def key_of(row: RowMapping) -> list[str]:
    return [row["known_at"].isoformat(), str(row["report_id"])]


@router.get("/reports/{report}")
async def read_report(session: Db, principal: ReportReader, report: uuid.UUID) -> OwnReport:
    """A report as it is kept, with its figures; of your organisation or by its mandate."""
    found = await queries.report_of(session, principal, report)
    figures = await queries.figures(session, found)
    names = await organisations(session)
    as_day = bool(figures) and all(row["precision"] == "day" for row in figures)
    precision = "day" if as_day else "moment"
    return OwnReport(
        **sealed(found, names, precision), figures=tuple(figure(row) for row in figures)
    )


@router.get("/units/{unit}/reports/latest")
async def latest_report(session: Db, principal: ReportReader, unit: Slug) -> OwnReport:
    """The newest report of a unit, to fill in a form with.

    Beside its own figures it holds those that it did not touch and that still stand; each says
    when it was so (`observedAt`) and which report told it. To say that nothing has changed, name
    this report's id at `_confirm`.
    """
    org_id = await queries.act_for(session, principal, unit, await queries.clock(session))
    found = await queries.latest_report(session, org_id, unit)
    if found is None:
        raise NotFound(
            f"{unit} has not reported yet. Its first report goes to POST /v1/reports.",
            code="no-report",
        )
    names = await organisations(session)
    standing = await queries.current(session, org_id, unit)
    told = [row for row in await queries.figures(session, found) if row["length_s"]]
    return OwnReport(
        **sealed(found, names),
        figures=tuple(dated_figure(row) for row in [*standing, *told]),
    )


def sealed(row: RowMapping, names: dict[int, str], precision: str = "moment") -> dict[str, Any]:
    by_mandate = row["reported_by"] != row["org_id"]
    at = row["observed_at"]
    return {
        "id": row["report_id"],
        "unit": row["unit"] or None,
        "staff_pool": row["staff_pool"] or None,
        "observed_at": date.fromisoformat(when(at, "day")) if precision == "day" else at,
        "known_at": row["known_at"],
        "kind": row["kind"],
        "source": row["source_kind"],
        "feed": row["feed"] or None,
        "reported_by": names[row["reported_by"]],
        "on_behalf_of": names[row["org_id"]] if by_mandate else None,
        "refers_to": row["refers_to"],
    }


def figure(row: RowMapping) -> dict[str, Any]:
    """A figure in the words of a report; `state` says whether its value is known."""
    told: dict[str, Any] = words(tuple(row[name] for name in queries.KEY))
    if row["length_s"]:
        end = row["at"] + timedelta(seconds=row["length_s"])
        told["period"] = {"start": instant(row["at"]), "end": instant(end)}
    return {**told, "value": number(row["value"]), "state": state(row["value"])}


def dated_figure(row: RowMapping) -> dict[str, Any]:
    return {
        **figure(row),
        "observedAt": when(row["observed_at"], row["precision"]),
        "report": str(row["report_id"]),
        "doubts": list(row.get("doubts") or ()),
    }


@router.get("/units/{unit}/doubts")
async def open_doubts(
    request: Request,
    response: Response,
    session: Db,
    principal: ReportReader,
    unit: Slug,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> OpenDoubts:
    """Figures of a unit that are asked about and neither accepted nor corrected. Newest first."""
    org_id = await queries.act_for(session, principal, unit, await queries.clock(session))
    after = page_of(cursor, DOUBT_KEY)
    found = await queries.open_doubts(session, org_id, unit, after, limit)
    if len(found) == limit:
        last = found[-1]
        key = [last["at"].isoformat(), *(str(last[n]) for n in ("report_id", "series_id", "code"))]
        link_next(request, response, key)
    doubts = (
        OpenDoubt(
            report=row["report_id"],
            figure={**figure(row), "observedAt": when(row["at"], row["precision"])},
            code=row["code"],
            known_at=row["known_at"],
        )
        for row in found
    )
    return OpenDoubts(unit=unit, doubts=tuple(doubts))


@router.post("/reports/{report}/doubts/_accept")
async def accept(
    request: Request, session: Db, principal: Reporter, report: uuid.UUID
) -> DoubtsAccepted:
    """The figures of this report that were asked about are right. Harmless to send again."""
    unit, accepted = await accept_doubts(session, principal, report)
    if accepted:
        drop_overview(request, session)
    return DoubtsAccepted(report=report, unit=unit, accepted=accepted)


@router.get(
    "/units/{unit}/history",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The figures in order of time, and how many they are.",
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "text/csv": {"schema": {"type": "string"}},
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        },
        406: {"description": "None of the media types of this answer is accepted."},
    },
)
async def history(
    request: Request,
    session: Db,
    principal: HistoryReader,
    unit: Slug,
    asked: Annotated[HistoryAsked, Query()],
) -> StreamingResponse:
    """What was, of your own unit or one that you report for; as JSON, CSV or NDJSON by `Accept`.

    `raw`: of each moment and period the figure known last, of the source that has precedence: by
    hand, own feed, mandate, import; each stands over the next for four hours. Otherwise per local
    hour, day, week or month, in whole ones: a stock as time-weighted mean, least, most and last,
    never summed; counts and hours over periods as their sum. A figure stands until the next, for
    25 hours at most; `observedShare` is the part of the time of which a figure was known. Null is
    told to be unknown; of what is absent nothing was told. `statistic` says what `value` is.

    CSV and NDJSON end with a line that counts; an answer without it was cut off.
    """
    media = chosen(request.headers.get("accept"))
    if media is None:
        raise NotAcceptable(f"This answer is given as {', '.join(MEDIA)}.", code="media-type")
    now = await queries.clock(session)
    org_id = await queries.act_for(session, principal, unit, now)
    known_at = await queries.settled(session, asked.known_at) or now
    part = part_of(asked, org_id, unit, known_at)
    about = {
        "unit": unit,
        "resolution": asked.resolution,
        "from": instant(part.since),
        "to": instant(part.until),
        "knownAt": instant(known_at),
    }
    note(
        session,
        principal,
        "history.export",
        "R",
        object_type="unit",
        object_id=unit,
        org_id=org_id,
        right="history:read",
        **about,
        media=media,
        measures=list(part.measures),
    )
    columns = RAW_COLUMNS if asked.resolution == "raw" else ROLLED_COLUMNS
    body = streamed(request, part, asked.resolution, Written(media, about, columns))
    # Nothing yet: but a store that is away, or too many streams, is told as a refusal.
    await anext(body)
    form = "; charset=utf-8; header=present" if media == "text/csv" else ""
    headers = {"Content-Type": media + form, "Vary": "Accept"}
    return StreamingResponse(body, headers=headers)


def part_of(asked: HistoryAsked, org_id: int, unit: str, known_at: datetime) -> queries.Asked:
    """The stretch that is asked for, in whole hours, days, weeks or months."""
    until = asked.until or known_at
    since = asked.since or until - DEFAULT_ASKED
    if since >= until:
        fault = Fault("goes-backward", "from lies before to.", parameter="from")
        raise Invalid(fault.detail, code=fault.code, faults=[fault])
    if until - since > LONGEST_ASKED[asked.resolution]:
        days = LONGEST_ASKED[asked.resolution].days
        detail = f"At this resolution at most {days} days are given at once. Ask in parts."
        fault = Fault("too-long", detail, parameter="from")
        raise Invalid(detail, code=fault.code, faults=[fault])
    if asked.resolution != "raw":
        since, until = whole(since, until, asked.resolution)
    return queries.Asked(
        org_id=org_id,
        unit=unit,
        since=since,
        until=until,
        known_at=known_at,
        measures=asked.measure,
        bed_types=asked.bed_type,
        lead_in=asked.resolution != "raw",
    )


async def streamed(
    request: Request, part: queries.Asked, resolution: Resolution, written: Written
) -> AsyncGenerator[bytes]:
    """Nothing once the store is open; then the answer, some hundred lines at a time."""
    count = 0
    batch: list[Line] = []
    async with open_stream(request, Standing(part.org_id, "own")) as connection:
        yield b""
        yield written.head()
        async with aclosing(lines(connection, part, resolution)) as told:
            async for line in told:
                batch.append(line)
                if len(batch) == LINES_AT_ONCE:
                    yield written.body(batch, begun=count > 0)
                    count += len(batch)
                    batch.clear()
        yield written.body(batch, begun=count > 0) + written.tail(count + len(batch))


async def lines(
    connection: Any,  # noqa: ANN401
    part: queries.Asked,
    resolution: Resolution,
) -> AsyncGenerator[Line]:
    async with aclosing(queries.history(connection, part)) as points:
        if resolution == "raw":
            async for point in points:
                yield raw_line(point)
            return
        rolling = RollUp(resolution, part.since, part.until, part.known_at)
        async for point in points:
            for rolled in rolling.take(point):
                yield rolled_line(rolled, resolution)
        for rolled in rolling.finish():
            yield rolled_line(rolled, resolution)
