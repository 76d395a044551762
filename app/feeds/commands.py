"""Those who tell us: reports on their way to the store, from whatever form they came in."""

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.commands import note
from app.access.principal import Principal
from app.access.queries import mandated_units, organisations
from app.access.tables import MandateVersion
from app.db import Standing, act_as
from app.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from app.facilities.queries import (
    Directory,
    KnownMandate,
    KnownPool,
    KnownUnit,
    mandates,
    units,
)
from app.faults import Fault
from app.feeds.queries import KnownFeed
from app.feeds.schemas import Confirmation, Mandate, MandateKnown
from app.feeds.tables import FeedVersion
from app.observations import queries as observed
from app.observations.commands import Message, ReportKind, SourceKind, driver
from app.observations.reading import Read
from app.observations.rules import judge
from app.observations.schemas import Period, Report, ReportedFigure
from app.observations.tables import DIMENSIONS, QuarantinedReport, Reject
from app.observations.words import Place

REFUSED: Mapping[int, type[Refusal]] = {403: Forbidden, 404: NotFound, 409: Conflict}


@dataclass(frozen=True)
class Rejected:
    """A report of which nothing is stored, and why."""

    read: Read
    faults: tuple[Fault, ...]
    status: int


def place_of_unit(known: KnownUnit, directory: Directory) -> Place:
    facts = known.facts
    area = directory.facilities.get(facts.facility)
    words = area.facts.area.model_dump(exclude_none=True).values() if area else ()
    beds = [bed.bed_type for bed in facts.beds]
    flexible = [name for bed in facts.beds for name in bed.usable_as]
    return Place(
        org_id=known.org_id,
        unit=known.unit,
        resource=facts.resource,
        bed_types=tuple(dict.fromkeys([*beds, *flexible])) if len(beds) > 1 else tuple(beds),
        roles=frozenset(facts.roles),
        shifts=frozenset(shift.shift for shift in facts.shifts),
        areas=frozenset(words),
        census=facts.census_time,
    )


def place_of_pool(known: KnownPool) -> Place:
    return Place(
        org_id=known.org_id,
        staff_pool=known.staff_pool,
        roles=frozenset(known.facts.roles),
        shifts=frozenset(shift.shift for shift in known.facts.shifts),
    )


def place_of(report: Report, directory: Directory) -> Place | None:
    named = (report.unit, report.staff_pool)
    if named not in directory.derived:
        directory.derived[named] = made_place(report, directory)
    place: Place | None = directory.derived[named]
    return place


def made_place(report: Report, directory: Directory) -> Place | None:
    if report.unit is not None:
        unit = directory.units.get(report.unit)
        return place_of_unit(unit, directory) if unit else None
    pool = directory.staff_pools.get(report.staff_pool or "")
    return place_of_pool(pool) if pool else None


async def messages(
    session: AsyncSession,
    principal: Principal,
    directory: Directory,
    read: Sequence[Read],
    now: datetime,
    *,
    feed: str = "",
    quarantined: bool = False,
    kind: ReportKind = "report",
    refers_to: uuid.UUID | None = None,
    late: bool = False,
) -> tuple[list[Message], list[Rejected]]:
    """Each report with its place and the hard rules applied; the rest with what is wrong."""
    places = {r.report.place: place_of(r.report, directory) for r in read if r.report}
    mandated = await mandates_for(session, principal, places.values(), now)
    taken: list[Message] = []
    rejected: list[Rejected] = []
    for each in read:
        place = places.get(each.report.place) if each.report else None
        refusal = refusal_of(each, place, principal, mandated)
        if each.report is None or place is None or refusal is not None:
            more = () if each.report else also_wrong(each, directory, now)
            rejected.append(refusal or Rejected(each, (*each.faults, *more), 400))
            continue
        judged = judge(each.report, place, now, late=late)
        if judged.faults:
            faults = tuple(each.in_message(fault) for fault in judged.faults)
            rejected.append(Rejected(each, faults, 400))
            continue
        taken.append(
            Message(
                read=each,
                report=each.report,
                place=place,
                judged=judged,
                source_kind=source_kind(each.report, place, principal, mandated),
                reported_by=principal.org_id,
                client_id=principal.client_id,
                kind=kind,
                feed=feed,
                quarantined=quarantined,
                refers_to=refers_to,
            )
        )
    return taken, rejected


def also_wrong(each: Read, directory: Directory, now: datetime) -> list[Fault]:
    """What the hard rules say of the well-formed part of a report that is not well-formed."""
    if each.sound is None:
        return []
    place = place_of(each.sound.report, directory)
    if place is None:
        return [unknown_place(each.sound.report, each.pointer)]
    found = (each.sound.in_message(fault) for fault in judge(each.sound.report, place, now).faults)
    return [fault.under(each.pointer) for fault in found if fault is not None]


def unknown_place(report: Report, pointer: str) -> Fault:
    field, word = ("unit", "unit") if report.unit is not None else ("staffPool", "staff-pool")
    detail = f"There is no {field} of this name now. GET /v1/{word}s lists them."
    return Fault(f"unknown-{word}", detail, f"{pointer}/{field}")


async def mandates_for(
    session: AsyncSession, principal: Principal, places: Iterable[Place | None], now: datetime
) -> set[str]:
    """Asked only where a report is about another's unit."""
    if all(place is None or place.org_id == principal.org_id for place in places):
        return set()
    return await mandated_units(session, principal, now)


def refusal_of(
    each: Read, place: Place | None, principal: Principal, mandated: set[str]
) -> Rejected | None:
    if each.report is None:
        return None
    if place is None:
        return Rejected(each, (unknown_place(each.report, each.pointer),), 400)
    if place.org_id != principal.org_id and place.unit not in mandated:
        detail = (
            "This is another organisation's. Its figures are told by itself, or by whom it has "
            "given a mandate that the operator confirmed."
        )
        return Rejected(each, (Fault("not-yours", detail, f"{each.pointer}/unit"),), 403)
    return None


def source_kind(
    report: Report, place: Place, principal: Principal, mandated: set[str]
) -> SourceKind:
    if place.org_id != principal.org_id and place.unit in mandated:
        return "mandate"
    return report.source or ("hand" if principal.source_kind == "hand" else "feed")


def rejected_late(message: Message) -> Rejected:
    """Found out only against what is stored: an id used before, a period that overlaps."""
    faults = tuple(message.read.in_message(fault) for fault in message.faults)
    return Rejected(message.read, faults, message.status)


def refusal(rejected: Sequence[Rejected]) -> Refusal:
    """The answer when nothing could be stored: every fault, under the status that all share."""
    statuses = {each.status for each in rejected}
    kind = REFUSED.get(statuses.pop(), Invalid) if len(statuses) == 1 else Invalid
    faults = [fault for each in rejected for fault in each.faults]
    code = faults[0].code if len({fault.code for fault in faults}) == 1 else "nothing-stored"
    return kind(
        "Nothing of this was stored. Each reason is listed under errors.", code=code, faults=faults
    )


def note_rejects(
    session: AsyncSession, org_id: int, source: str, rejected: Sequence[Rejected], body: bytes
) -> None:
    """What was refused of a request of which some was stored: code, place and hash, no content."""
    digest = hashlib.sha256(body).digest()
    session.add_all(
        Reject(
            org_id=org_id,
            id=uuid.uuid4(),
            source=source,
            code=fault.code,
            place=fault.pointer or "",
            content_hash=digest,
        )
        for each in rejected
        for fault in each.faults
    )


async def confirmed(
    session: AsyncSession,
    principal: Principal,
    unit: KnownUnit,
    confirmation: Confirmation,
) -> Report:
    """The stock figures of a report, told again for a later moment."""
    await observed.act_for(session, principal, unit.unit, datetime.now(UTC))
    seal = await observed.report(session, confirmation.confirms)
    if seal is None or seal["unit"] != unit.unit:
        raise NotFound(
            "This unit has no report with the id under confirms.",
            code="unknown-report",
            faults=[Fault("unknown-report", "See the unit's reports/latest.", "/confirms")],
        )
    connection = await driver(session)
    newer = await connection.fetchval(
        NEWER, unit.org_id, unit.unit, seal["observed_at"], seal["known_at"], confirmation.id
    )
    if newer is not None:
        raise Conflict(
            f"The unit has a newer report, {newer}. Confirm that one.",
            code="newer-report",
            faults=[Fault("newer-report", f"Report {newer} is newer.", "/confirms")],
        )
    if await connection.fetchval(OPEN_DOUBTS, unit.org_id, confirmation.confirms):
        raise Conflict(
            "A figure of this report is in doubt. Accept the doubt or send a correction first.",
            code="open-doubt",
            faults=[Fault("open-doubt", "See the unit's doubts.", "/confirms")],
        )
    told = await observed.figures(session, seal)
    figures = [figure(dict(row), row["value"]) for row in told if row["length_s"] == 0]
    if not figures:
        raise Conflict(
            "This report holds no figures of a moment, so there is nothing to confirm.",
            code="nothing-to-confirm",
        )
    return Report(
        id=confirmation.id,
        unit=unit.unit,
        observed_at=confirmation.observed_at,
        figures=tuple(figures),
    )


async def retracted(
    session: AsyncSession, principal: Principal, report_id: uuid.UUID, number: uuid.UUID
) -> Report:
    """A report of nulls at the moments and periods of the one that is taken back."""
    seal = await observed.report_of(session, principal, report_id)
    told = await observed.figures(session, seal)
    return Report(
        id=number,
        unit=seal["unit"] or None,
        staff_pool=seal["staff_pool"] or None,
        observed_at=seal["observed_at"],
        figures=tuple(figure(dict(row), None) for row in told),
    )


def figure(row: Mapping[str, Any], value: float | None) -> ReportedFigure:
    words = {name: row[name] or None for name in DIMENSIONS[3:]}
    period = None
    if row["length_s"]:
        end = row["at"] + timedelta(seconds=row["length_s"])
        period = Period(start=row["at"], end=end)
    return ReportedFigure(
        measure=row["measure"],
        value=value,
        period=period,
        **words,
    )


NEWER = """
SELECT report_id FROM reports
 WHERE org_id = $1 AND unit = $2 AND report_id <> $5 AND (observed_at, known_at) > ($3, $4)
 ORDER BY observed_at DESC, known_at DESC LIMIT 1
"""

OPEN_DOUBTS = """
SELECT count(*) FROM (
    SELECT 1 FROM doubts WHERE org_id = $1 AND report_id = $2
     GROUP BY series_id, at, code HAVING bool_and(state = 'open')) AS open
"""


async def release(
    session: AsyncSession,
    principal: Principal,
    feed: KnownFeed,
    directory: Directory,
    now: datetime,
) -> list[Message]:
    """The feed counts from now on; its kept reports are made ready to be recorded."""
    if feed.facts.state != "released":
        await new_version(session, principal, feed, "released", now)
    told = [directory.units.get(unit) for unit in feed.facts.units.values()]
    performers = sorted({unit.org_id for unit in told if unit} | {feed.org_id})
    kept = [
        message
        for org_id in performers
        for message in await kept_reports(session, org_id, feed.feed, directory, now)
    ]
    await act_as(session, Standing(principal.org_id, "own"))
    return kept


async def new_version(
    session: AsyncSession,
    principal: Principal,
    feed: KnownFeed,
    state: Literal["quarantine", "released", "suspended"],
    now: datetime,
) -> None:
    await act_as(session, Standing(feed.org_id, "own"))
    facts = feed.facts.model_copy(update={"state": state})
    session.add(
        FeedVersion(
            feed=feed.feed,
            org_id=feed.org_id,
            valid_from=now,
            facts=facts.model_dump(mode="json", by_alias=True),
            noted_by=principal.org_id,
        )
    )
    note(
        session,
        principal,
        f"feeds.{state}",
        "U",
        object_type="feed",
        object_id=feed.feed,
        org_id=feed.org_id,
        right="operator",
    )
    await session.flush()


async def kept_reports(
    session: AsyncSession, org_id: int, feed: str, directory: Directory, now: datetime
) -> list[Message]:
    """Of one performer; each is marked as released in the same transaction."""
    await act_as(session, Standing(org_id, "own"))
    rows = await session.scalars(
        update(QuarantinedReport)
        .where(QuarantinedReport.org_id == org_id, QuarantinedReport.feed == feed)
        .where(QuarantinedReport.released_at.is_(None))
        .values(released_at=now)
        .returning(QuarantinedReport)
    )
    kept: list[Message] = []
    for row in sorted(rows, key=lambda row: row.known_at):
        report = Report.model_validate(row.content)
        place = place_of(report, directory)
        if place is None:
            continue
        kind: SourceKind = "mandate" if row.reported_by != org_id else "feed"
        kept.append(
            Message(
                read=Read("", report),
                report=report,
                place=place,
                judged=judge(report, place, row.known_at, late=True),
                source_kind=kind,
                reported_by=row.reported_by,
                client_id=row.client_id,
                kind="release",
                feed=feed,
            )
        )
    return kept


async def give_mandate(
    session: AsyncSession, principal: Principal, mandate: Mandate, now: datetime
) -> MandateKnown:
    """A version of a mandate, not yet confirmed; a known one is given anew."""
    known = {unit.unit: unit.org_id for unit in (await units(session, now)).values()}
    faults = [
        Fault("not-yours", "A mandate is for units of your own.", f"/units/{n}")
        for n, unit in enumerate(mandate.units)
        if known.get(unit) != principal.org_id
    ]
    if mandate.to not in (await organisations(session)).values():
        faults.append(Fault("unknown-organisation", "There is no such organisation.", "/to"))
    if mandate.until is not None and mandate.until <= now:
        faults.append(Fault("in-the-past", "Give a moment that is still to come.", "/until"))
    if faults:
        raise Invalid("The mandate cannot be given.", code="not-valid", faults=faults)
    # No slug holds two hyphens together, so two pairs never make one name.
    name = f"{principal.organisation}--{mandate.to}"
    held = await known_mandate(session, name, now)
    if held is not None and same_mandate(held, mandate):
        return mandate_known(held)
    await keep_mandate(session, principal, principal.org_id, name, mandate, False, now)
    return MandateKnown(
        **mandate.model_dump(), mandate=name, organisation=principal.organisation, confirmed=False
    )


async def confirm_mandate(
    session: AsyncSession, principal: Principal, name: str, now: datetime
) -> MandateKnown:
    """Harmless when it is confirmed already."""
    held = await known_mandate(session, name, now)
    if held is None:
        raise NotFound("There is no mandate of this name now.", code="unknown-mandate")
    if not held.facts.confirmed:
        mandate = Mandate(to=held.facts.to, units=held.facts.units, until=held.until)
        await act_as(session, Standing(held.org_id, "own"))
        await keep_mandate(session, principal, held.org_id, name, mandate, True, now)
    return mandate_known(held).model_copy(update={"confirmed": True})


async def known_mandate(session: AsyncSession, name: str, now: datetime) -> KnownMandate | None:
    return next((each for each in await mandates(session, now) if each.mandate == name), None)


def same_mandate(held: KnownMandate, mandate: Mandate) -> bool:
    told = (mandate.to, mandate.units, mandate.until)
    return (held.facts.to, held.facts.units, held.until) == told


def mandate_known(held: KnownMandate) -> MandateKnown:
    return MandateKnown(
        mandate=held.mandate,
        organisation=held.organisation,
        to=held.facts.to,
        units=held.facts.units,
        until=held.until,
        confirmed=held.facts.confirmed,
    )


async def keep_mandate(
    session: AsyncSession,
    principal: Principal,
    org_id: int,
    name: str,
    mandate: Mandate,
    confirmed: bool,
    now: datetime,
) -> None:
    session.add(
        MandateVersion(
            org_id=org_id,
            mandate=name,
            valid_from=now,
            valid_to=mandate.until,
            facts={"to": mandate.to, "units": list(mandate.units), "confirmed": confirmed},
            noted_by=principal.org_id,
        )
    )
    note(
        session,
        principal,
        "mandates.confirm" if confirmed else "mandates.give",
        "U" if confirmed else "C",
        object_type="mandate",
        object_id=name,
        org_id=org_id,
        right="operator" if confirmed else "keys:admin",
    )
    await session.flush()
