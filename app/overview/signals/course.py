"""The course of a signal: it begins, worsens, eases and ends, and within some minutes returns."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from app.access.principal import REGION

Kind = Literal["stop", "places", "phone", "silent"]
Loud = Literal["vol", "druk", "oud"]
RANK: Mapping[Loud, int] = {"oud": 0, "druk": 1, "vol": 2}
# What goes on is noted again each day, so that no reading need go further back for it.
NOTED_EVERY = timedelta(days=1)
NAMES = uuid.UUID("3f0f7a52-6a0c-4a53-9d6b-5f8f7d3f6a17")


@dataclass(frozen=True, order=True)
class Subject:
    """What a signal is about: a unit, or a kind of places. What does not apply is empty."""

    kind: Kind
    unit: str = ""
    care_setting: str = ""
    resource: str = ""
    bed_type: str = ""
    stop: str = ""
    specialism: str = ""


@dataclass(frozen=True)
class Signal:
    """A signal in one of its versions; moments are those of the looks that saw it.

    It asks for attention since `asks_since`: its begin, or when it last became worse than it had
    been of late. `eased_at` is when it last became less bad.
    """

    signal: uuid.UUID
    org_id: int
    subject: Subject
    level: Loud
    began_at: datetime
    asks_since: datetime
    eased_at: datetime | None = None
    ended_at: datetime | None = None
    # When this version was stored.
    noted_at: datetime | None = field(default=None, compare=False)


def course(
    standing: Mapping[Subject, Loud],
    known: Iterable[Signal],
    owners: Mapping[str, int],
    at: datetime,
    returns_within: timedelta,
) -> list[Signal]:
    """The versions that a look at `at` adds to what is known, each signal in its newest version.

    Nothing if all stands as it is known, but once a day; of a subject at most one signal goes on at
    once.
    """
    last = latest(known)
    return [*begun(standing, last, owners, at, returns_within), *ended(standing, last, at)]


def latest(known: Iterable[Signal]) -> dict[Subject, Signal]:
    """Of each subject the signal that began last."""
    found: dict[Subject, Signal] = {}
    for each in sorted(known, key=lambda signal: signal.began_at):
        found[each.subject] = each
    return found


def begun(
    standing: Mapping[Subject, Loud],
    last: Mapping[Subject, Signal],
    owners: Mapping[str, int],
    at: datetime,
    returns_within: timedelta,
) -> Iterator[Signal]:
    for subject, level in standing.items():
        now = goes_on(last.get(subject), level, at, returns_within)
        now = now or begins(subject, level, owners.get(subject.unit, REGION), at)
        if now != last.get(subject) or noted_long_ago(now, at):
            yield now


def noted_long_ago(signal: Signal, at: datetime) -> bool:
    return signal.noted_at is not None and at - signal.noted_at >= NOTED_EVERY


def ended(
    standing: Mapping[Subject, Loud], last: Mapping[Subject, Signal], at: datetime
) -> Iterator[Signal]:
    for subject, signal in last.items():
        if subject not in standing and signal.ended_at is None:
            yield replace(signal, ended_at=at)


def begins(subject: Subject, level: Loud, owner: int, at: datetime) -> Signal:
    """Its number follows from what it is about and when it began."""
    number = uuid.uuid5(NAMES, "|".join((*astuple(subject), at.isoformat())))
    return Signal(number, owner, subject, level, began_at=at, asks_since=at)


def goes_on(
    last: Signal | None, level: Loud, at: datetime, returns_within: timedelta
) -> Signal | None:
    """The same signal as it stands now; None if what stands now is a new one.

    What had ended and returns within the window never ended. What eased and worsens again within
    it, is as bad as it was: it asks for nothing anew.
    """
    if last is None or (last.ended_at is not None and at - last.ended_at > returns_within):
        return None
    if RANK[level] < RANK[last.level]:
        return replace(last, level=level, eased_at=at, ended_at=None)
    if RANK[level] == RANK[last.level]:
        return replace(last, ended_at=None)
    of_late = last.eased_at is not None and at - last.eased_at <= returns_within
    asks_since = last.asks_since if of_late else at
    return replace(last, level=level, asks_since=asks_since, eased_at=None, ended_at=None)
