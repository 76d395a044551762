"""When figures are told: moments of the local day or an interval, while a place is open.

Moments are int64 seconds since 1970 (UTC); local time is that of Europe/Amsterdam.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.simulation.calendar import DAY, LOCAL, is_holiday

Moments = NDArray[np.int64]
MINUTE, WEEK_DAYS = 60, 7
# 1 January 1970 was a Thursday; Monday is 0.
THURSDAY, SUNDAY = 3, 6
FIRST_DAY = date(1970, 1, 1).toordinal()
# Before figures were told at every interval they were told at these moments: 08:00, 15:30, 23:00.
SPARSE = (8 * 60, 15 * 60 + 30, 23 * 60)


@lru_cache
def changes(year: int) -> tuple[tuple[int, int], ...]:
    """The local offset from UTC at the start of a year and after each change in it."""
    at, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    found = [(int(at.timestamp()), offset(at))]
    while at < end:
        later = at + timedelta(hours=1)
        if offset(later) != found[-1][1]:
            found.append((int(later.timestamp()), offset(later)))
        at = later
    return tuple(found)


def offset(at: datetime) -> int:
    found = at.astimezone(LOCAL).utcoffset()
    assert found is not None, "an aware moment has an offset"
    return int(found.total_seconds())


def offsets(moments: Moments) -> Moments:
    """Seconds that the local clock is ahead of UTC at each moment, int64[n]."""
    if not len(moments):
        return np.zeros(0, np.int64)
    first, last = (datetime.fromtimestamp(int(m), UTC).year for m in (min(moments), max(moments)))
    known = [change for year in range(first - 1, last + 2) for change in changes(year)]
    begins, ahead = np.array(known, np.int64).T
    return np.asarray(ahead[np.searchsorted(begins, moments, side="right") - 1], np.int64)


def at_local(days: Moments, minute: int) -> Moments:
    """The moments at which the local clock shows `minute` of each local day (days since 1970)."""
    shown = days * DAY + minute * MINUTE
    return np.asarray(shown - offsets(shown - offsets(shown)), np.int64)


def local_days(moments: Moments) -> Moments:
    """The local day of each moment, in days since 1970."""
    return np.asarray((moments + offsets(moments)) // DAY, np.int64)


def weekdays(days: Moments) -> Moments:
    """The weekday of each local day (days since 1970), int64[n].

    A recognised holiday is as a Sunday, as it is for whoever works out of office hours.
    """
    each, back = np.unique(days, return_inverse=True)
    holiday = [is_holiday(date.fromordinal(FIRST_DAY + day)) for day in each.tolist()]
    shown = np.where(np.array(holiday, bool), SUNDAY, (each + THURSDAY) % WEEK_DAYS)
    return np.asarray(shown[back], np.int64)


def days_between(since: int, until: int) -> Moments:
    """The local days that [since, until) touches."""
    first, last = local_days(np.array([since, max(since, until - 1)], np.int64))
    return np.arange(first, last + 1, dtype=np.int64)


def of_days(minutes: Sequence[int], since: int, until: int) -> Moments:
    """The moments in [since, until) at which the local clock shows one of these minutes."""
    if until <= since or not minutes:
        return np.zeros(0, np.int64)
    days = days_between(since, until)
    found = np.sort(np.concatenate([at_local(days, minute) for minute in minutes]))
    return within(found, since, until)


def of_interval(seconds: int, since: int, until: int) -> Moments:
    """The multiples of an interval in [since, until)."""
    return np.arange(-(-since // seconds) * seconds, until, seconds, dtype=np.int64)


def within(moments: Moments, since: int, until: int) -> Moments:
    return moments[(moments >= since) & (moments < until)]


@dataclass(frozen=True, slots=True)
class OpenHours:
    """One stretch of the week: minutes of its local day; beyond 1440 it lies on the next day."""

    weekday: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """At moments of the local day, or at every interval; only while open, if hours are given.

    Before `dense_from` an interval is told at the moments `sparse` only, if there are any.
    """

    minutes: tuple[int, ...] = ()
    interval: int = 0
    sparse: tuple[int, ...] = SPARSE
    hours: tuple[OpenHours, ...] = ()

    def grid(self, since: int, until: int, dense_from: int) -> Moments:
        """All moments in [since, until), also those at which the place is closed."""
        if not self.interval:
            return of_days(self.minutes, since, until)
        if not self.sparse:
            return of_interval(self.interval, since, until)
        before = of_days(self.sparse, since, min(until, dense_from))
        after = of_interval(self.interval, max(since, dense_from), until)
        return np.concatenate([before, after])

    def moments(self, since: int, until: int, dense_from: int) -> tuple[Moments, Moments]:
        """Each moment in [since, until) with the one before it, where the period of its flows
        begins: periods never overlap, and none is left out while the place is open."""
        # The last moment before `since` is at most a day back: every schedule has one a day.
        grid = self.grid(since - 2 * DAY, until, dense_from)
        now, before = grid[1:], grid[:-1]
        told = (now >= since) & self.open_at(now)
        return now[told], before[told]

    def open_at(self, moments: Moments) -> NDArray[np.bool_]:
        """Whether the place is open at a moment, or was until that moment."""
        if not self.hours:
            return np.ones(len(moments), bool)
        shown = moments + offsets(moments)
        weekday, minute = weekdays(shown // DAY), shown % DAY / MINUTE
        is_open = np.zeros(len(moments), bool)
        for each in self.hours:
            of_week = ((weekday - each.weekday) % WEEK_DAYS) * 24 * 60 + minute
            is_open |= (of_week >= each.start) & (of_week <= each.end)
        return is_open

    @property
    def morning(self) -> int:
        """The minute of the day at which plans are told: 08:00, or the first moment if not."""
        return SPARSE[0] if self.interval or SPARSE[0] in self.minutes else min(self.minutes)
