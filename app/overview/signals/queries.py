"""The signals that one viewer may see: those of its own overview, and what it knew of before."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.disclosure import Disclosure
from app.access.principal import Principal
from app.access.queries import organisations
from app.overview.schemas import Overview
from app.overview.signals.attention import Asking, asking
from app.overview.signals.course import Signal, Subject, goes_on, latest
from app.overview.signals.tables import SignalAcknowledgement, SignalVersion

# What ended longer ago is not shown.
SHOWN_FOR = timedelta(days=7)
SUBJECT = tuple(each.name for each in fields(Subject))
NEWEST = (
    select(SignalVersion)
    .ext(distinct_on(SignalVersion.org_id, SignalVersion.signal))
    .order_by(SignalVersion.org_id, SignalVersion.signal, SignalVersion.known_at.desc())
)


@dataclass(frozen=True)
class Seen:
    """A client that acknowledged a signal as it asks for attention now."""

    org_id: int
    organisation: str
    client: str
    client_id: int
    places_people: bool
    at: datetime


@dataclass(frozen=True)
class Shown:
    """A signal before one viewer: what its overview says (None: it is over), what is stored (None:
    nothing yet), who saw it, and when somebody did whose look counts for the viewer."""

    subject: Subject
    asking: Asking | None
    signal: Signal | None
    seen: Sequence[Seen] = ()
    acknowledged_at: datetime | None = None


@dataclass(frozen=True)
class Signals:
    """`open` worst first, what nobody saw before what somebody did; `ended` the last first."""

    open: Sequence[Shown]
    ended: Sequence[Shown]


async def known(session: AsyncSession, ended_since: datetime) -> list[Signal]:
    """Each signal in its newest version: all that go on, and those that ended since."""
    newest = NEWEST.subquery()
    asked = select(newest).where(or_(newest.c.ended_at.is_(None), newest.c.ended_at >= ended_since))
    return [signal_of(row) for row in (await session.execute(asked)).mappings()]


def signal_of(row: Any) -> Signal:  # noqa: ANN401
    return Signal(
        signal=row["signal"],
        org_id=row["org_id"],
        subject=Subject(**{name: row[name] for name in SUBJECT}),
        level=row["level"],
        began_at=row["began_at"],
        asks_since=row["asks_since"],
        eased_at=row["eased_at"],
        ended_at=row["ended_at"],
    )


def returns_within(told: Overview) -> timedelta:
    (rule,) = (each for each in told.level_rules if each.rule == "signals")
    return timedelta(minutes=rule.settings["returnsWithinMinutes"])


async def signals(session: AsyncSession, viewer: Principal, told: Overview) -> Signals:
    """What the viewer's overview shows now, each with the signal that goes on in it; and of what
    is over, the viewer's own, and all for those who place people."""
    found = await known(session, told.as_of - max(SHOWN_FOR, returns_within(told)))
    last, seen_as = latest(found), Disclosure(viewer)
    standing = {
        subject: recorded(last.get(subject), each, told) for subject, each in asking(told).items()
    }
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
        shown(subject, each, standing[subject], seen, seen_as)
        for subject, each in asking(told).items()
    ]
    # Sorted stably: worst first within what asks, and within what was seen.
    opened.sort(key=lambda each: each.acknowledged_at is not None)
    return Signals(
        open=opened, ended=[shown(each.subject, None, each, seen, seen_as) for each in over]
    )


def recorded(last: Signal | None, now: Asking, told: Overview) -> Signal | None:
    """The signal that goes on in what stands now; None if a look must first store that it began,
    or that it became worse."""
    goes = goes_on(last, now.level, told.as_of, returns_within(told))
    if goes is None or last is None or goes.asks_since != last.asks_since:
        return None
    return goes


def shown(
    subject: Subject,
    now: Asking | None,
    signal: Signal | None,
    seen: Mapping[tuple[uuid.UUID, datetime], Sequence[Seen]],
    viewer: Disclosure,
) -> Shown:
    if signal is None:
        return Shown(subject, now, None)
    all_seen = seen.get((signal.signal, signal.asks_since), ())
    counts = [each.at for each in all_seen if viewer.owns(each.org_id) or each.places_people]
    may_see = [each for each in all_seen if viewer.owns(each.org_id) or viewer.places_people]
    return Shown(subject, now, signal, may_see, min(counts, default=None))


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
