"""Reporting by hand: the units that are due, the phone form, and what its sender gets back."""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.routes import permit
from app.dashboard.entry import queries, words
from app.dashboard.entry.sheet import (
    HOUR,
    REASONS,
    SAID,
    Sheet,
    at_hour,
    day_of,
    figures,
    local_day,
    stepped,
    typed,
)
from app.dashboard.forms import fields, strange
from app.dashboard.routes import PAGE, by_form, page_of, render
from app.dashboard.signing.routes import asked
from app.db import Db, Standing, undo
from app.errors import Forbidden, Refusal
from app.facilities.queries import KnownUnit, directory
from app.feeds.confirmations import commands
from app.feeds.reports.routes import store
from app.feeds.schemas import Confirmation, Receipt
from app.observations import queries as observed
from app.observations.commands import ReportKind
from app.observations.notices import queries as notices
from app.observations.notices.commands import accept_doubts, say_status
from app.observations.notices.routes import drop_overview
from app.observations.notices.schemas import StatusTold
from app.observations.reading import Read
from app.observations.schemas import Report
from app.wire import Slug

# What a phone could not send is kept there for as long as a report may be late.
LATEST = timedelta(days=14)
UNDONE_WITHIN = timedelta(seconds=60)
# Of a report, beside the fields of its sheet.
OF_A_REPORT = frozenset({"id", "ageSeconds", "step", "hour"})
pages = APIRouter(tags=["dashboard"], include_in_schema=False)
forms = APIRouter(tags=["dashboard"], include_in_schema=False)


Enters = Annotated[Principal | None, Depends(by_form("reports:write"))]


@dataclass(frozen=True)
class Visit:
    """Somebody at the form of one unit, with what was sent."""

    request: Request
    session: AsyncSession
    who: Principal
    unit: str
    told: Mapping[str, str]
    now: datetime

    async def known(self) -> KnownUnit:
        master = await directory(self.request.app.state.directory, self.session)
        return queries.unit_of(master, self.unit)

    async def sheet(self) -> Sheet:
        return await queries.sheet(self.session, self.who, await self.known(), self.now)

    def only(self, *names: str) -> None:
        """A field that no form of ours has is refused, whatever it holds."""
        if not set(self.told) <= set(names):
            raise strange()

    def number(self, name: str = "id") -> uuid.UUID:
        """Made with the form, so that to send it again is harmless."""
        try:
            return uuid.UUID(self.told.get(name, ""))
        except ValueError:
            raise strange() from None

    async def observed_at(self, number: uuid.UUID) -> datetime:
        """When it was so: at the moment of sending, or as long ago as a phone had to keep it. Of a
        report that is there already its own moment, so that it is the same report again."""
        told = self.told.get("ageSeconds", "") or "0"
        if not told.isdecimal() or len(told) > len(str(int(LATEST.total_seconds()))):
            raise strange()
        stored = await observed.report(self.session, number)
        if stored is not None:
            at: datetime = stored["observed_at"]
            return at
        return self.now - timedelta(seconds=int(told))

    def as_opened(self, sheet: Sheet) -> Sheet:
        """Of the hour that the form asked when it was opened, which may be kept for long."""
        told = self.told.get("hour", "")
        if not told or sheet.hour is None:
            return sheet
        if not told.isdecimal() or len(told) > len(str(int(self.now.timestamp()))):
            raise strange()
        begin = datetime.fromtimestamp(int(told), UTC)
        on_the_hour = begin == begin.replace(minute=0, second=0)
        if not (on_the_hour and self.now - LATEST < begin and begin + HOUR <= self.now):
            raise strange()
        return at_hour(sheet, (begin, begin + HOUR))

    async def say_status(self, after: str | None, at: datetime) -> None:
        """How the unit is open, where that is asked and told."""
        if not after:
            return
        permit(self.request, self.who, "events:write")
        said = StatusTold.model_validate({"status": after, "at": at})
        await say_status(self.session, self.who, self.unit, said, self.now)
        drop_overview(self.request, self.session)

    async def store(
        self, report: Report, kind: ReportKind = "report", refers_to: uuid.UUID | None = None
    ) -> Receipt:
        """By the command behind `POST /v1/reports`: there is no second way in."""
        read = [Read("", report)]
        return await store(
            *(self.request, self.session, self.who, read, b""), kind=kind, refers_to=refers_to
        )

    def show(self, template: str, status: int = 200, **values: object) -> Response:
        told = {
            "unit": self.unit,
            "who": self.who,
            "words": words,
            "reasons": REASONS,
            "said": SAID,
        }
        told |= {"number": uuid.uuid4(), "second": uuid.uuid4()}
        html = render(template, page_of(self.request), **{**told, **values})
        return HTMLResponse(html, status, PAGE)


async def visited(
    request: Request,
    session: AsyncSession,
    who: Principal | None,
    unit: str,
    does: Callable[[Visit], Awaitable[Response]],
) -> Response:
    """What a visit comes to; a refusal is a page too, in words for who reads it."""
    if who is None:
        return await asked(request, session, page_of(request).link(f"/invoer/{unit}"), status=401)
    told = fields(await request.body()) if request.method == "POST" else {}
    visit = Visit(request, session, who, unit, told, datetime.now(UTC))
    try:
        if who.unit not in ("", unit):
            raise Forbidden("This phone reports for another unit.", code="not-yours")
        return await does(visit)
    except Refusal as refusal:
        await undo(session)
        session.info["standing"] = Standing(who.org_id, "own")
        return visit.show("entry-refused.html", refusal.status, reason=words.refusal(refusal.code))


@pages.get("/invoer")
async def units(request: Request, session: Db, who: Enters) -> Response:
    """The units that one may report for, those that are due first."""
    if who is None:
        return await asked(request, session, page_of(request).link("/invoer"), status=401)
    now = datetime.now(UTC)
    master = await directory(request.app.state.directory, session)
    found = await queries.units_due(session, who, master, now)
    html = render("entry-units.html", page_of(request), units=found, now=now, who=who)
    return HTMLResponse(html, headers=PAGE)


@pages.get("/invoer/{unit}")
async def form(request: Request, session: Db, who: Enters, unit: Slug) -> Response:
    """The phone form of one unit, filled with what was told last."""
    return await visited(request, session, who, unit, shown)


async def shown(visit: Visit) -> Response:
    own = (await visit.known()).org_id == visit.who.org_id and not visit.who.unit
    return visit.show("entry.html", sheet=await visit.sheet(), own=own)


@forms.post("/invoer/{unit}")
async def report(request: Request, session: Db, who: Enters, unit: Slug) -> Response:
    """How it is now, as it was filled in; one number up or down where there is no script."""
    return await visited(request, session, who, unit, reported)


async def reported(visit: Visit) -> Response:
    sheet = visit.as_opened(await visit.sheet())
    visit.only(*OF_A_REPORT, *sheet.names)
    number = visit.number()
    asked_for = {name: value for name, value in visit.told.items() if name not in OF_A_REPORT}
    if step := visit.told.get("step"):
        if step[:-1] not in sheet.names or step[-1] not in "+-":
            raise strange()
        filled = replace(typed(sheet, stepped(asked_for, step)), error="")
        return visit.show("entry.html", sheet=filled, number=number)
    filled = typed(sheet, asked_for)
    if filled.wrong:
        return visit.show("entry.html", 400, sheet=filled, number=number)
    at = await visit.observed_at(number)
    # That nothing changed is told too, where it is all that is told: it is known anew.
    if filled.status != sheet.status or not figures(filled):
        await visit.say_status(filled.status, at)
    if not figures(filled):
        return await given_back(visit, None, "status")
    told = Report(
        id=number,
        unit=visit.unit,
        observed_at=at,
        figures=tuple(figures(filled)),
    )
    receipt = await visit.store(told)
    doubted = words.questions(receipt.reports[0].doubts, told.figures, sheet.several)
    return await given_back(visit, receipt, "report", questions=doubted)


@forms.post("/invoer/{unit}/bevestigen")
async def confirm(request: Request, session: Db, who: Enters, unit: Slug) -> Response:
    """Nothing has changed since the report that the form showed."""
    return await visited(request, session, who, unit, confirmed)


async def confirmed(visit: Visit) -> Response:
    visit.only("id", "confirms", "ageSeconds")
    known, number = await visit.known(), visit.number()
    await observed.act_for(visit.session, visit.who, visit.unit, visit.now)
    confirmation = Confirmation(
        id=number,
        confirms=visit.number("confirms"),
        observed_at=await visit.observed_at(number),
    )
    again = await commands.confirmed(visit.session, visit.who, known, confirmation)
    receipt = await visit.store(again, "confirmation", confirmation.confirms)
    return await given_back(visit, receipt, "confirmation")


@forms.post("/invoer/{unit}/terugdraaien")
async def take_back(request: Request, session: Db, who: Enters, unit: Slug) -> Response:
    """Within a minute: what stood before a report is told again, as a correction of it. A
    confirmation told what stood already; it is retracted, and how it is now is unknown."""
    return await visited(request, session, who, unit, taken_back)


async def taken_back(visit: Visit) -> Response:
    visit.only("id", "report")
    of, number = visit.number("report"), visit.number()
    await observed.act_for(visit.session, visit.who, visit.unit, visit.now)
    former = await commands.restored(visit.session, visit.who, of, number, UNDONE_WITHIN)
    if former.unit != visit.unit:
        raise strange()
    sealed = await observed.report(visit.session, of)
    if sealed is not None and sealed["kind"] == "confirmation":
        receipt = await visit.store(former, "retraction", of)
        return await given_back(visit, receipt, "withdrawn")
    said = (await notices.statuses(visit.session, visit.now, unit=visit.unit)).get(visit.unit)
    stays = said is not None and sealed is not None and said.at == sealed["observed_at"]
    receipt = await visit.store(former, refers_to=of)
    return await given_back(visit, receipt, "undone", stays=stays)


@forms.post("/invoer/{unit}/klopt")
async def accept(request: Request, session: Db, who: Enters, unit: Slug) -> Response:
    """What was asked about is right as it was told."""
    return await visited(request, session, who, unit, accepted)


async def accepted(visit: Visit) -> Response:
    visit.only("report")
    await observed.act_for(visit.session, visit.who, visit.unit, visit.now)
    of, _number = await accept_doubts(visit.session, visit.who, visit.number("report"))
    if of != visit.unit:
        raise strange()
    drop_overview(visit.request, visit.session)
    return visit.show("entry-accepted.html", known=await visit.known())


async def given_back(
    visit: Visit,
    receipt: Receipt | None,
    kind: str,
    questions: Sequence[str] = (),
    stays: bool = False,
) -> Response:
    """What became of it, and something useful: how it stands, who leaves, whether there is a
    place this evening. `stays`: a status told with figures that are undone holds still."""
    known = await visit.known()
    await observed.act_for(visit.session, visit.who, visit.unit, visit.now)
    leaving = await queries.plans(visit.session, known, visit.now)
    [outcome] = receipt.reports if receipt else [None]
    days = [day_of(local_day(visit.now), ahead)[0] for ahead in (0, 1)]
    return visit.show(
        "entry-done.html",
        known=known,
        kind=kind,
        report=outcome.report if outcome else "",
        back=receipt.units[0] if receipt and receipt.units else None,
        leaving=[total(leaving, day) for day in days],
        expected=await queries.expected(visit.session, known, visit.now),
        questions=questions,
        stays=stays,
    )


def total(leaving: Mapping[tuple[str, datetime], float | None], day: datetime) -> float | None:
    """Who leaves on a day, over all kinds of beds; unknown as long as of one it is."""
    told = [value for (_kind, at), value in leaving.items() if at == day]
    known = [value for value in told if value is not None]
    return sum(known) if told and len(known) == len(told) else None
