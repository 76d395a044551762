"""The signals that one viewer may see: those of its own overview, and what it knew of before."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.disclosure import Disclosure
from app.access.principal import Principal
from app.access.queries import organisations
from app.overview.schemas import Overview
from app.overview.signals.attention import asking
from app.overview.signals.course import NOTED_EVERY, Signal, Subject, latest
from app.overview.signals.shown import Seen, Signals, recorded, returns_within, shown
from app.overview.signals.tables import SignalAcknowledgement, SignalVersion

# What ended longer ago is not shown.
SHOWN_FOR = timedelta(days=7)
SUBJECT = tuple(each.name for each in fields(Subject))


async def known(session: AsyncSession, ended_since: datetime) -> list[Signal]:
    """Each signal in its newest version: all that go on, and those that ended since.

    What goes on was noted within a day, as long as the region is looked at. If it was not for so
    long that nothing is found, nobody can say that it went on.
    """
    table = SignalVersion
    newest = (
        select(table)
        .ext(distinct_on(table.org_id, table.signal))
        .where(table.known_at >= ended_since - NOTED_EVERY)
        .order_by(table.org_id, table.signal, table.known_at.desc())
        .subquery()
    )
    asked = select(newest).where(or_(newest.c.ended_at.is_(None), newest.c.ended_at >= ended_since))
    return [signal_of(row) for row in (await session.execute(asked)).mappings()]


def signal_of(row: Mapping[Any, Any]) -> Signal:
    return Signal(
        signal=row["signal"],
        org_id=row["org_id"],
        subject=Subject(**{name: row[name] for name in SUBJECT}),
        level=row["level"],
        began_at=row["began_at"],
        asks_since=row["asks_since"],
        eased_at=row["eased_at"],
        ended_at=row["ended_at"],
        noted_at=row["known_at"],
    )


async def signals(session: AsyncSession, viewer: Principal, told: Overview) -> Signals:
    """What the viewer's overview shows now, each with the signal that goes on in it; and of what
    is over, the viewer's own, and all for those who place people."""
    found = await known(session, told.as_of - max(SHOWN_FOR, returns_within(told)))
    last, seen_as, now = latest(found), Disclosure(viewer), asking(told)
    standing = {subject: recorded(last.get(subject), each, told) for subject, each in now.items()}
    going_on = {signal.signal for signal in standing.values() if signal is not None}
    over = [
        each
        for each in found
        if each.ended_at is not None
        and each.ended_at >= told.as_of - SHOWN_FOR
        and each.signal not in going_on
        and (seen_as.places_people or seen_as.owns(each.org_id))
    ]
    over.sort(key=lambda each: (each.ended_at or each.began_at, each.signal), reverse=True)
    told_of = [each for each in (*standing.values(), *over) if each is not None]
    seen = await seen_by(session, told_of)
    opened = [
        shown(subject, each, standing[subject], seen, seen_as) for subject, each in now.items()
    ]
    # Sorted stably: worst first within what asks, and within what was seen.
    opened.sort(key=lambda each: each.acknowledged_at is not None)
    return Signals(
        open=opened, ended=[shown(each.subject, None, each, seen, seen_as) for each in over]
    )


async def seen_by(
    session: AsyncSession, signals: Iterable[Signal]
) -> dict[tuple[uuid.UUID, datetime], list[Seen]]:
    """Of each signal, as it asked for attention since a moment, who saw it; the first first."""
    table = SignalAcknowledgement
    numbers = [each.signal for each in signals]
    if not numbers:
        return {}
    asked = select(table).where(table.signal.in_(numbers)).order_by(table.known_at)
    rows = (await session.scalars(asked)).all()
    names = await organisations(session) if rows else {}
    found: dict[tuple[uuid.UUID, datetime], list[Seen]] = {}
    for row in rows:
        name = names.get(row.org_id, "")
        who = Seen(row.org_id, name, row.client, row.client_id, row.places_people, row.known_at)
        found.setdefault((row.signal, row.asks_since), []).append(who)
    return found
