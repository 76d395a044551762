"""Signals over HTTP: what asks for attention, and that it was seen."""

import uuid
from collections.abc import Sequence
from dataclasses import astuple
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from app.access.principal import Principal
from app.access.routes import OverviewReader, require
from app.db import Db
from app.overview.routes import told_now
from app.overview.signals import commands, queries
from app.overview.signals.schemas import Acknowledgement, SignalList, SignalsAsked, SignalShown
from app.overview.signals.shown import Shown
from app.paging import MOMENT_AND_ID, decode, link_next, page_of

router = APIRouter(prefix="/signals", tags=["signals"])
Acknowledger = Annotated[Principal, Depends(require("signals:acknowledge", region=True))]


@router.get("")
async def signals(
    request: Request,
    response: Response,
    session: Db,
    viewer: OverviewReader,
    asked: Annotated[SignalsAsked, Query()],
) -> SignalList:
    """What asks for attention: stops in force, kinds of places that are vol or druk, phones that
    miss their norms, units that fell silent; each since when, and who saw it.

    You see those that your overview shows. What returns within some minutes (level rule `signals`)
    is the same signal going on. Open ones are told by what they are about, ended ones the last
    first.
    """
    told = await told_now(request, session, viewer)
    found = await queries.signals(session, viewer, told)
    page, more = open_page(found.open, asked) if asked.state == "open" else over(found.ended, asked)
    if more:
        link_next(request, response, more)
    shown = tuple(wire(each) for each in page)
    return SignalList(as_of=told.as_of, fictief=told.fictief, signals=shown)


@router.post("/{signal}/_acknowledge")
async def acknowledge(
    request: Request, session: Db, principal: Acknowledger, signal: uuid.UUID
) -> SignalShown:
    """Say that it was seen, so that others need not look. Harmless to send again.

    It is of this signal as it asks for attention now: a new one, or this one when it becomes
    worse, asks anew.
    """
    told = await told_now(request, session, principal)
    return wire(await commands.acknowledge(session, principal, signal, told))


# A page, and the key of its last item if there is more.
Paged = tuple[Sequence[Shown], list[str] | None]


def open_page(found: Sequence[Shown], asked: SignalsAsked) -> Paged:
    after = decode(asked.cursor, len(queries.SUBJECT))
    rest = sorted(
        (each for each in found if since(each, asked) and (after is None or key(each) > after)),
        key=key,
    )
    page = rest[: asked.limit]
    return page, key(page[-1]) if len(rest) > len(page) else None


def since(each: Shown, asked: SignalsAsked) -> bool:
    """What is not stored yet is news to everybody."""
    return asked.since is None or each.signal is None or each.signal.asks_since >= asked.since


def key(each: Shown) -> list[str]:
    """What it is about: nothing is skipped when somebody sees one between two pages."""
    return list(astuple(each.subject))


def over(found: Sequence[Shown], asked: SignalsAsked) -> Paged:
    after = page_of(asked.cursor, MOMENT_AND_ID)
    rest = [
        (each, (each.signal.ended_at, each.signal.signal))
        for each in found
        if each.signal is not None and each.signal.ended_at is not None
    ]
    rest = [
        (each, at)
        for each, at in rest
        if (asked.since is None or at[0] >= asked.since) and (after is None or at < after)
    ]
    page = rest[: asked.limit]
    last = [page[-1][1][0].isoformat(), str(page[-1][1][1])] if len(rest) > len(page) else None
    return [each for each, _at in page], last


def wire(each: Shown) -> SignalShown:
    subject, signal = each.subject, each.signal
    level = each.asking.level if each.asking else signal and signal.level
    return SignalShown.model_validate(
        {
            "id": signal and signal.signal,
            "kind": subject.kind,
            "level": level,
            "state": "open" if each.asking else "ended",
            "unit": subject.unit or None,
            "care_setting": subject.care_setting or None,
            "resource": subject.resource or None,
            "bed_type": subject.bed_type or None,
            "stop": subject.stop or None,
            "specialism": subject.specialism or None,
            "began_at": signal and signal.began_at,
            "asks_since": signal and signal.asks_since,
            "ended_at": None if each.asking else signal and signal.ended_at,
            "acknowledged": each.acknowledged_at is not None,
            "acknowledged_at": each.acknowledged_at,
            "acknowledgements": [
                Acknowledgement(organisation=who.organisation, client=who.client, at=who.at)
                for who in each.seen
            ],
        }
    )
