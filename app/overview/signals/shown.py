"""A signal before one viewer: what stands, what is stored of it, and who saw it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.access.disclosure import Disclosure
from app.overview.schemas import Overview
from app.overview.signals.attention import Asking
from app.overview.signals.course import Signal, Subject, goes_on


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


def returns_within(told: Overview) -> timedelta:
    (rule,) = (each for each in told.level_rules if each.rule == "signals")
    return timedelta(minutes=rule.settings["returnsWithinMinutes"])


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
