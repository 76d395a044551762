"""What must begin, change and end so that the stops of a unit stand as a message lists them."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.feeds.stops.listed import stop_id
from app.observations.notices.known import StopKnown
from app.observations.notices.schemas import StopTold


@dataclass(frozen=True)
class Change:
    """One deed: a stop begins or is changed as told, or ends at a moment."""

    deed: Literal["begin", "change", "end"]
    stop: uuid.UUID
    told: StopTold | None = None
    at: datetime | None = None


def changes(
    listed: Sequence[StopTold],
    known: Iterable[StopKnown],
    feed: uuid.UUID,
    at: datetime,
    now: datetime,
    *,
    late: bool,
) -> list[Change]:
    """`known` are the unit's stops in their newest version, `at` is when the list was true.

    Only stops that this feed began are changed and ended. A late list (the feed told of a later
    moment) only begins what was not known.
    """
    stored = {stop.stop: stop for stop in known}
    own = [stop for stop in stored.values() if is_of(feed, stop)]
    found = [(told, stands(told, stored, own)) for told in listed]
    begun = [
        Change("begin", anew.id, anew)
        for told, stop in found
        for anew in begins(told, stop, feed, at, late)
    ]
    if late:
        return begun
    kept = {stop.stop for _, stop in found if stop is not None}
    changed = [
        Change("change", stop.stop, as_stored(told, stop))
        for told, stop in found
        if stop in own and stop.ended_at is None and differs(told, stop)
    ]
    ended = [
        Change("end", stop.stop, at=ends(stop, at, now))
        for stop in own
        if stop.ended_at is None and stop.stop not in kept
    ]
    return [*begun, *changed, *ended]


def is_of(feed: uuid.UUID, stop: StopKnown) -> bool:
    """Its id is the one that this feed would give it."""
    made = stop_id(feed, stop.unit, stop.kind, stop.specialism, stop.begins_at)
    return made == stop.stop


def stands(
    told: StopTold, stored: dict[uuid.UUID, StopKnown], own: Sequence[StopKnown]
) -> StopKnown | None:
    """The stop that is told: that of its id, or the one that came back after that had ended."""
    first = stored.get(told.id)
    if first is None or first.ended_at is None:
        return first
    back = [
        stop
        for stop in own
        if (stop.kind, stop.specialism) == (told.kind, told.specialism)
        and stop.ended_at is None
        and stop.begins_at > told.begins_at
    ]
    return min(back, key=lambda stop: stop.begins_at, default=first)


def begins(
    told: StopTold, stop: StopKnown | None, feed: uuid.UUID, at: datetime, late: bool
) -> Iterator[StopTold]:
    if stop is None:
        yield told
    elif stop.ended_at is not None and stop.ended_at <= at and not late:
        lasts = told.expected_until
        yield told.model_copy(
            update={
                "id": stop_id(feed, stop.unit, told.kind, told.specialism, at),
                "begins_at": at,
                "expected_until": lasts if lasts and lasts > at else None,
            }
        )


def differs(told: StopTold, stop: StopKnown) -> bool:
    said = as_stored(told, stop)
    return (said.applies_to, said.expected_until, said.reason, said.source) != (
        stop.applies_to,
        stop.expected_until,
        stop.reason,
        stop.source,
    )


def as_stored(told: StopTold, stop: StopKnown) -> StopTold:
    """Under the id and the begin that the stop has: those of one that came back are later."""
    lasts = told.expected_until
    return told.model_copy(
        update={
            "id": stop.stop,
            "begins_at": stop.begins_at,
            "expected_until": lasts if lasts and lasts > stop.begins_at else None,
        }
    )


def ends(stop: StopKnown, at: datetime, now: datetime) -> datetime:
    """When the list was true; not before the stop began, and one still to come is called off."""
    return at if stop.begins_at > now else max(at, stop.begins_at)
