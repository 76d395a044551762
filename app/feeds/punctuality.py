"""Whether figures came when they were due: which reporting moments of a unit were met in time.

A moment is met if, half an hour of open time after it, nothing had been missed: what was known
then was observed at most half an hour before an agreed moment, or less than one interval of open
time before a moment of an interval (domain.md 7). Which moments are due hangs on the unit alone
and not on what came, so one more report never makes the share smaller.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate

from app.facilities.hours import (
    GRACE,
    LOCAL,
    TICK,
    OpeningHours,
    Span,
    due,
    instant_of,
    missed,
    open_spans,
)
from app.facilities.schemas import Reporting

# As a figure is stale: one moment may be a slip, two are silence.
SILENT = 2


@dataclass(frozen=True)
class Heard:
    """Something was told of a unit: as it was at `observed_at`, here at `known_at`."""

    observed_at: datetime
    known_at: datetime


@dataclass(frozen=True)
class Punctuality:
    """Of how many moments that were due, and that the grace is over of, how many were met."""

    due: int = 0
    on_time: int = 0

    def __add__(self, other: "Punctuality") -> "Punctuality":
        return Punctuality(self.due + other.due, self.on_time + other.on_time)


class OpenTime:
    """The time in which a unit is open, as one line: how far along it a moment lies."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self.spans = spans
        self.starts = [start for start, _ in spans]
        lengths = (end - start for start, end in spans)
        self.before = list(accumulate(lengths, initial=timedelta(0)))

    def along(self, moment: datetime) -> timedelta:
        """Never less for a later moment; the same throughout closed hours."""
        n = bisect_right(self.starts, moment)
        if n == 0:
            return timedelta(0)
        start, end = self.spans[n - 1]
        return self.before[n - 1] + min(moment, end) - start


def punctuality(
    reporting: Reporting,
    opening_hours: OpeningHours,
    heard: Sequence[Heard],
    since: datetime,
    now: datetime,
    grace: timedelta = GRACE,
) -> Punctuality:
    """Over the moments in (since, now] of which the grace is over at `now`."""
    told = [met for _, met in moments(reporting, opening_hours, heard, since, now, grace)]
    return Punctuality(len(told), sum(told))


def by_day(
    reporting: Reporting,
    opening_hours: OpeningHours,
    heard: Sequence[Heard],
    since: datetime,
    now: datetime,
) -> dict[date, Punctuality]:
    """The same by the local day of the moment; a day on which nothing was due is absent."""
    found: dict[date, Punctuality] = defaultdict(Punctuality)
    for moment, met in moments(reporting, opening_hours, heard, since, now):
        found[moment.astimezone(LOCAL).date()] += Punctuality(1, int(met))
    return found


def moments(
    reporting: Reporting,
    opening_hours: OpeningHours,
    heard: Sequence[Heard],
    since: datetime,
    now: datetime,
    grace: timedelta = GRACE,
) -> Iterator[tuple[datetime, bool]]:
    """Each moment in (since, now] of which the grace is over at `now`, and whether it was met.

    `heard` is in any order, and reaches back far enough before `since` to hold what was known
    then. The steps of an interval are counted from the local midnight before `since`.
    """
    midnight = instant_of(since.astimezone(LOCAL).date(), time())
    begin = min([midnight, *(each.observed_at for each in heard)])
    clock = OpenTime(open_spans(opening_hours, begin, now + TICK))
    waiting = sorted(heard, key=lambda each: each.known_at, reverse=True)
    newest: datetime | None = None
    for moment in due(reporting, opening_hours, midnight, now):
        deadline = clock.along(moment) + grace
        while waiting and clock.along(waiting[-1].known_at) <= deadline:
            told = waiting.pop().observed_at
            newest = told if newest is None else max(newest, told)
        if moment > since and deadline <= clock.along(now):
            yield (
                moment,
                newest is not None and recent(reporting, clock, newest, moment, grace),
            )


def recent(
    reporting: Reporting, clock: OpenTime, newest: datetime, moment: datetime, grace: timedelta
) -> bool:
    """Whether what was observed at `newest` will do for the moment at which figures are due."""
    if reporting.interval_minutes is None:
        return newest >= moment - grace
    interval = timedelta(minutes=reporting.interval_minutes)
    return clock.along(moment) - clock.along(newest) < interval


def silent(
    reporting: Reporting,
    opening_hours: OpeningHours,
    last: datetime | None,
    since: datetime,
    now: datetime,
) -> bool:
    """Whether two reporting moments went by since the last that was heard of a unit, or since
    `since` if nothing ever was."""
    gone_by = missed(reporting, opening_hours, last or since, now)
    return gone_by is not None and gone_by >= SILENT
