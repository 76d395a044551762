"""Reports on their way to the store, from whatever form they came in."""

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.queries import mandated_units
from app.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from app.facilities.queries import Directory
from app.faults import Fault
from app.feeds.places import place_of
from app.feeds.receipts import Rejected, Taken
from app.feeds.traces import rejects
from app.observations.commands import Message, ReportKind, SeriesNumbers, SourceKind, record
from app.observations.reading import PERSON, Broken, Read, merged
from app.observations.rules import judge
from app.observations.schemas import Report
from app.observations.tables import Reject
from app.observations.words import Place

REFUSED: Mapping[int, type[Refusal]] = {403: Forbidden, 404: NotFound, 409: Conflict}


async def take(
    session: AsyncSession,
    principal: Principal,
    read: Sequence[Read],
    *,
    directory: Directory,
    series: SeriesNumbers,
    now: datetime,
    most_figures: int,
    atomic: bool = False,
    feed: str = "",
    quarantined: bool = False,
    kind: ReportKind = "report",
    refers_to: uuid.UUID | None = None,
) -> Taken:
    """The one way in: judge, record, and say what became of it. A refusal if nothing was stored."""
    if sum(len(each.report.figures) for each in read if each.report) > most_figures:
        fault = Fault("too-many-figures", f"Send at most {most_figures} figures in one request.")
        raise Invalid(fault.detail, code=fault.code, faults=[fault])
    found, rejected = await messages(
        session,
        principal,
        directory,
        read,
        now,
        feed=feed,
        quarantined=quarantined,
        kind=kind,
        refers_to=refers_to,
    )
    if not (atomic and rejected):
        await record(session, principal, found, series)
    rejected += [rejected_late(message) for message in found if message.outcome == "rejected"]
    if rejected and (atomic or len(rejected) == len(read)):
        raise refusal(rejected)
    if not read:
        fault = Fault("empty", "The list holds no report.")
        raise Invalid(fault.detail, code=fault.code, faults=[fault])
    return Taken(now, found, rejected)


def refused(broken: Broken) -> Invalid:
    return Invalid(broken.fault.detail, code=broken.fault.code, faults=[broken.fault])


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
            # One wrong word of a message may be in many figures: it is said once.
            faults = merged([each.in_message(fault) for fault in judged.faults])
            rejected.append(Rejected(each, tuple(faults), 400))
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
    session: AsyncSession, org_id: int, rejected: Sequence[Rejected], body: bytes
) -> None:
    """What was refused of a request of which some was stored: code, place and hash, no content."""
    faults = [fault for each in rejected for fault in each.faults]
    # With a person in it the hash would be a fingerprint, to be had back by guessing.
    person = any(fault.code == PERSON.code for fault in faults)
    digest = b"" if person else hashlib.sha256(body).digest()
    session.add_all(Reject(**each) for each in rejects(org_id, "reports", faults, digest))
