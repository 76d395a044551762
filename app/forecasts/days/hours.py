"""The hours of real time, which hour of the week each is, and the steps of the next three days."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.facilities.hours import LOCAL, WEEKDAYS
from app.facilities.schemas import Hours
from app.forecasts import calendar
from app.forecasts.special_days import is_holiday

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
HOUR = 3600
WEEK = 168  # hours; Monday 00:00 local is hour 0
SUNDAY = 6
DAY = timedelta(days=1)


def seconds(at: datetime) -> int:
    """An aware moment in whole seconds since 1970 (UTC)."""
    return int(calendar.aware(at).timestamp() // 1)


def moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def of_week(begins: Whole) -> Whole:
    """Which hour of the local week, 0..167, each moment (int64[n] s) lies in: int64[n].

    A recognised holiday is as a Sunday (domain.md 9). An hour that comes twice in October is the
    same hour of the week twice; one that is skipped in March does not come.
    """
    return np.array([local(at // HOUR)[0] for at in begins.tolist()], dtype=np.int64)


def local_days(moments: Whole) -> Whole:
    """The ordinal of the local day in which each moment lies, int64[n]."""
    return np.array([local(at // HOUR)[1] for at in moments.tolist()], dtype=np.int64)


@lru_cache(maxsize=1 << 16)
def local(hour: int) -> tuple[int, int]:
    """Of an hour since 1970: which of the local week it is, and the ordinal of its local day.

    The clock of Amsterdam differs from UTC by whole hours, so that an hour lies in one day.
    """
    here = moment(hour * HOUR).astimezone(LOCAL)
    return 24 * weekday(here.date()) + here.hour, here.toordinal()


@lru_cache(maxsize=4096)
def weekday(day: date) -> int:
    """0 is Monday; a recognised holiday is as a Sunday."""
    return SUNDAY if is_holiday(day, "NL") else day.weekday()


@lru_cache(maxsize=64)
def past_hours(first: int, count: int) -> tuple[Whole, Whole]:
    """The hour of the week, and the local day (0, 1, ...), of `count` hours from `first`."""
    begins = first + HOUR * np.arange(count, dtype=np.int64)
    days = local_days(begins)
    return of_week(begins), days - days[0]


def open_hours(hours: Sequence[Hours]) -> Floats:
    """Which part of each hour of the week lies within these hours, float64[168] in 0..1."""
    minutes = np.zeros(7 * 24 * 60)
    for each in hours:
        start = each.start.hour * 60 + each.start.minute
        end = each.end.hour * 60 + each.end.minute
        lasts = end - start if end > start else end - start + 24 * 60
        for name in each.days:
            begin = WEEKDAYS.index(name) * 24 * 60 + start
            minutes[np.arange(begin, begin + lasts) % len(minutes)] = 1.0
    shares: Floats = minutes.reshape(WEEK, 60).mean(axis=1)
    return shares


def starts_between(since: datetime, until: datetime, times: Iterable[time]) -> list[datetime]:
    """The moments in (since, until] at which the local clock shows one of these times, in order.

    A time that is skipped in March is taken an hour later, one that comes twice in October the
    first time (`calendar.moment`).
    """
    day, last = calendar.local_day(since) - DAY, calendar.local_day(until) + DAY
    found = set()
    while day <= last:
        found |= {calendar.moment(day, at) for at in times}
        day += DAY
    return sorted(at for at in found if since < at <= until)


def hours_between(since: datetime, until: datetime) -> list[datetime]:
    """The whole hours in (since, until]."""
    first = (seconds(since) // HOUR + 1) * HOUR
    return [moment(at) for at in range(first, seconds(until) + 1, HOUR)]


def shift_steps(at: datetime, least: timedelta, times: Sequence[time]) -> list[datetime]:
    """The bounds of steps from `at` on: each start of a shift, until `least` is covered.

    Shifts overlap while one hands over to the next; a step ends where the next shift begins, so
    that steps never overlap. The first step is what is left of the running shift, the last one is
    whole.
    """
    starts = starts_between(at, at + least + 2 * DAY, times)
    beyond = next(place for place, start in enumerate(starts) if start >= at + least)
    return [at, *starts[: beyond + 1]]


def hour_steps(at: datetime, least: timedelta) -> list[datetime]:
    """The bounds of steps of an hour from `at` on; the first is what is left of the running one."""
    hours = hours_between(at, at + least)
    return [at, *hours] if hours[-1] >= at + least else [at, *hours, hours[-1] + timedelta(hours=1)]


def lengths(bounds: Sequence[datetime]) -> list[int]:
    """How long each step lasts, in seconds."""
    return [int((end - start).total_seconds()) for start, end in pairwise(bounds)]
