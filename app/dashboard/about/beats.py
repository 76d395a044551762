"""The last 24 hours of one's own units: an hour for each cell, as a pulse."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from app.facilities.schemas import UnitFacts
from app.feeds.punctuality import Heard, moments

HOURS = 24
HOUR = timedelta(hours=1)
# On time, missed, told where nothing was due, and nothing due.
Pulse = Literal["fresh", "stale", "more", "closed"]


@dataclass(frozen=True)
class Beat:
    """A unit and its hours, the oldest first; of `due` moments so many `met`."""

    unit: str
    name: str
    pulses: Sequence[Pulse]
    due: int
    met: int
    hours: int


def beat_of(unit: str, facts: UnitFacts, heard: Sequence[Heard], now: datetime) -> Beat:
    """`heard` reaches back beyond these hours, so that what was known before them counts."""
    since = now - HOURS * HOUR
    told = list(moments(facts.reporting, facts.opening_hours, heard, since, now))
    pulses = [pulse(since + n * HOUR, told, heard) for n in range(HOURS)]
    reported = sum(each in ("fresh", "more") for each in pulses)
    met = sum(each for _, each in told)
    return Beat(unit, facts.name, pulses, len(told), met, reported)


def pulse(begin: datetime, told: Sequence[tuple[datetime, bool]], heard: Sequence[Heard]) -> Pulse:
    due = [met for moment, met in told if begin < moment <= begin + HOUR]
    if due:
        return "fresh" if all(due) else "stale"
    came = any(begin < each.known_at <= begin + HOUR for each in heard)
    return "more" if came else "closed"
