"""What was: raw figures, and what they come to per local hour, day, week or month.

A stock is never summed over time: it has a mean, a least, a most and a last. A flow is summed.
What is not known stays null, and a stretch of which nothing was told is absent, not zero.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple

from app.facilities.hours import LOCAL
from app.observations.measures import MEASURES

Resolution = Literal["raw", "hour", "day", "week", "month"]
Stretch = Literal["hour", "day", "week", "month"]
Statistic = Literal["mean", "sum", "max"]

# The longest local day: a figure stands until the next one of its series, and no longer than
# this, so that a census a day leaves no gap and a feed that fell silent does.
STANDS = timedelta(hours=25)
# The longest that each can last on the local clock. A period that is longer tells nothing of it.
LONGEST: dict[Stretch, timedelta] = {
    "hour": timedelta(hours=1),
    "day": timedelta(hours=25),
    "week": timedelta(hours=7 * 24 + 1),
    "month": timedelta(hours=31 * 24 + 1),
}

# Measure, then the dimensions in the order of `measures.DIMENSIONS`; '' does not apply.
Key = tuple[str, ...]


class Point(NamedTuple):
    """The last known figure of one moment, or of one period."""

    key: Key
    at: datetime
    length_s: int
    value: float | None
    observed_at: datetime
    known_at: datetime
    precision: str
    source_kind: str

    @property
    def measure(self) -> str:
        return self.key[0]


class Rolled(NamedTuple):
    """What the figures of one series come to in [start, end).

    `observed_share` is the part of that time, 0..1, of which a figure was known.
    """

    key: Key
    start: datetime
    end: datetime
    statistic: Statistic
    value: float | None
    least: float | None
    most: float | None
    last: float | None
    observed_share: float
    figures: int


def midnight(day: date) -> datetime:
    """When a local day begins, in UTC."""
    return datetime.combine(day, time(), tzinfo=LOCAL).astimezone(UTC)


def stretch_of(at: datetime, stretch: Stretch) -> tuple[datetime, datetime]:
    """The local hour, day, week (from Monday) or month that a moment lies in; its end is not."""
    if stretch == "hour":
        start = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return start, start + timedelta(hours=1)
    day = at.astimezone(LOCAL).date()
    if stretch == "day":
        return midnight(day), midnight(day + timedelta(days=1))
    if stretch == "week":
        monday = day - timedelta(days=day.weekday())
        return midnight(monday), midnight(monday + timedelta(days=7))
    first = day.replace(day=1)
    return midnight(first), midnight((first + timedelta(days=31)).replace(day=1))


def statistic_of(measure: str) -> Statistic:
    """How figures of a measure come together over time.

    Stocks, FTE and percentages: the mean. The longest wait: the longest. Flows and plans in
    counts, hours and heads (per shift, so a sum of shifts): the sum.
    """
    known = MEASURES[measure]
    if known.time == "stock" or known.quantity in ("fte", "percent"):
        return "mean"
    return "max" if known.quantity == "seconds" else "sum"


def whole(since: datetime, until: datetime, stretch: Stretch) -> tuple[datetime, datetime]:
    """The same time, widened to whole stretches."""
    start, _ = stretch_of(since, stretch)
    begins, end = stretch_of(until, stretch)
    return start, until if until == begins else end


@dataclass
class Heap:
    """What one series told in the stretch under way."""

    seconds: float = 0.0
    weighted: float = 0.0
    total: float = 0.0
    least: float | None = None
    most: float | None = None
    last: float | None = None
    figures: int = 0
    too_long: bool = False

    def hold(self, value: float, seconds: float) -> None:
        """A value that was so for some seconds of the stretch."""
        self.seconds += seconds
        self.weighted += value * seconds
        self.total += value
        self.least = value if self.least is None else min(self.least, value)
        self.most = value if self.most is None else max(self.most, value)
        self.last = value

    def rolled(self, key: Key, start: datetime, end: datetime) -> Rolled:
        statistic = statistic_of(key[0])
        if self.too_long or self.last is None:
            return Rolled(key, start, end, statistic, None, None, None, None, 0.0, self.figures)
        mean = self.weighted / self.seconds if self.seconds else self.last
        value = {"mean": mean, "sum": self.total, "max": self.most}[statistic]
        share = min(1.0, self.seconds / (end - start).total_seconds())
        known = (value, self.least, self.most, self.last, share)
        return Rolled(key, start, end, statistic, *known, self.figures)


class RollUp:
    """Takes points in order of time, and gives each stretch once it is over.

    `since` and `until` are bounds of stretches (`whole`). Stocks from before `since` are what
    stood when it began. No figure stands beyond `now`, nor longer than `STANDS`.
    """

    def __init__(self, stretch: Stretch, since: datetime, until: datetime, now: datetime) -> None:
        self.stretch = stretch
        self.since, self.until, self.now = since, until, now
        self.start, self.end = stretch_of(since, stretch)
        self.standing: dict[Key, tuple[datetime, float | None]] = {}
        self.heaps: dict[Key, Heap] = {}

    def take(self, point: Point) -> Iterator[Rolled]:
        while point.at >= self.end:
            yield from self.close()
            self.begin(self.end if self.standing else point.at)
        if point.at >= self.since:
            self.add(point)
        if not point.length_s:
            self.standing[point.key] = (point.at, point.value)

    def finish(self) -> Iterator[Rolled]:
        while self.heaps or self.standing:
            yield from self.close()
            if self.end >= self.until:
                return
            self.begin(self.end)

    def begin(self, at: datetime) -> None:
        self.start, self.end = stretch_of(at, self.stretch)

    def close(self) -> Iterator[Rolled]:
        """What the stretch under way came to; what stands beyond it is kept."""
        for key in list(self.standing):
            self.stand(key, min(self.end, self.now))
            if min(self.standing[key][0] + STANDS, self.now) <= self.end:
                del self.standing[key]
        for key in sorted(self.heaps):
            yield self.heaps[key].rolled(key, self.start, self.end)
        self.heaps.clear()

    def add(self, point: Point) -> None:
        """A period counts where it begins; one longer than the stretch tells nothing of it."""
        heap = self.heaps.setdefault(point.key, Heap())
        heap.figures += 1
        if not point.length_s:
            self.stand(point.key, point.at)
        elif timedelta(seconds=point.length_s) > LONGEST[self.stretch]:
            heap.too_long = True
        if point.value is not None:
            heap.hold(point.value, point.length_s)

    def stand(self, key: Key, until: datetime) -> None:
        """Count the time of this stretch in which the last figure of a series stood."""
        if key not in self.standing:
            return
        told, value = self.standing[key]
        begin, end = max(told, self.start), min(until, told + STANDS)
        if end <= begin:
            return
        heap = self.heaps.setdefault(key, Heap())
        if value is not None:
            heap.hold(value, (end - begin).total_seconds())


class NotAMoment(ValueError):
    """What was given is neither a local day nor a moment with its offset."""


def moment(told: str) -> datetime:
    """A moment with its offset, or a bare date: the begin of that local day."""
    try:
        bare = len(told) == 10
        at = datetime.strptime(f"{told}Z", "%Y-%m-%d%z") if bare else datetime.fromisoformat(told)
    except ValueError:
        raise NotAMoment(
            "give a date, such as 2026-11-22, or a moment with its offset, such as "
            "2026-11-22T08:00:00+01:00 (in a URL + is written %2B)"
        ) from None
    if not 1990 <= at.year <= 2200:
        raise NotAMoment("a moment lies between 1990 and 2200")
    if bare:
        return midnight(at.date())
    if at.tzinfo is None:
        raise NotAMoment("a moment needs its offset, such as Z or +01:00 (in a URL %2B01:00)")
    return at.astimezone(UTC)
