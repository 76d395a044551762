"""When a feed's turn comes: its period, pauses after failures, and the breaker."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal
from zlib import crc32

from app.facilities.schemas import PullFacts
from app.feeds.pulls.failures import NotFetched

Breaker = Literal["closed", "open", "half-open"]
FIRST_PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 3600.0


@dataclass(frozen=True)
class Limits:
    """After how many failures in a row the breaker opens, and for how long at first."""

    failures: int
    pause_seconds: float


@dataclass(frozen=True)
class Turn:
    """When a feed is fetched next, and how its breaker stands until then."""

    next_at: datetime
    failures: int = 0
    breaker: Breaker = "closed"
    opened_at: datetime | None = None


def next_period(feed: str, pull: PullFacts, after: datetime, chance: float) -> datetime:
    """The first begin of a period after a moment, later by the feed's jitter times `chance`.

    Periods count from 1970 and begin at a second that the feed's name picks: every worker finds
    the same without asking, and feeds of one period do not all come at its first second.
    """
    begins = crc32(feed.encode()) % pull.every_seconds
    past = (after.timestamp() - begins) // pull.every_seconds
    at = begins + (past + 1) * pull.every_seconds
    return datetime.fromtimestamp(at + pull.jitter_seconds * chance, UTC)


def after_answer(feed: str, pull: PullFacts, now: datetime, chance: float) -> Turn:
    return Turn(next_period(feed, pull, now, chance))


def after_failure(
    feed: str,
    pull: PullFacts,
    before: Turn,
    failure: NotFetched,
    limits: Limits,
    now: datetime,
    chance: float,
) -> Turn:
    """Soon again if that may help, else at the next period; not at all while the breaker is open.

    `chance` in [0, 1) spreads the pauses over their whole length ("full jitter": Brooker, 2015,
    Exponential Backoff And Jitter).
    """
    failures = before.failures + 1
    opens = failures >= limits.failures
    at = next_period(feed, pull, now, chance)
    if opens:
        pause = timedelta(seconds=pause_seconds(failures, limits))
        at = now + pause if failure.passing else max(at, now + pause)
    elif failure.passing:
        most = min(FIRST_PAUSE_SECONDS * 2.0 ** (failures - 1), pull.every_seconds)
        at = min(at, now + timedelta(seconds=most * chance))
    if failure.again_seconds is not None:
        at = max(at, now + timedelta(seconds=failure.again_seconds))
    if not opens:
        return Turn(at, failures)
    return Turn(at, failures, "open", before.opened_at or now)


def pause_seconds(failures: int, limits: Limits) -> float:
    """How long a breaker stays open: twice as long after each trial that failed, to an hour."""
    doublings = min(failures - limits.failures, 30)
    return min(limits.pause_seconds * 2.0**doublings, LONGEST_PAUSE_SECONDS)


def retry_after(said: str | None, now: datetime) -> float | None:
    """Seconds that a source asks to be left alone (RFC 9110, 10.2.3), an hour at most."""
    if said is None:
        return None
    if said.strip().isdecimal():
        seconds = float(said.strip()[:9])
    else:
        try:
            moment = parsedate_to_datetime(said)
        except ValueError:
            return None
        seconds = (moment.astimezone(UTC) - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_PAUSE_SECONDS)
