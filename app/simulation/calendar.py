"""The local calendar (Europe/Amsterdam): hours, days, recognised Dutch holidays, ANW hours."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
LOCAL = ZoneInfo("Europe/Amsterdam")
HOUR, DAY = 3600, 86400
# Chance is drawn for four weeks at a time, whatever the steps that a world takes; the first day of
# a block is a Monday, as 1 January of year 1 was.
BLOCK_DAYS = 28
_MONDAY = 1


def easter(year: int) -> date:
    """Easter Sunday (Meeus, 1991, Astronomical Algorithms, chapter 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    j = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * j) // 451
    month, day = divmod(h + j - 7 * m + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=256)
def holidays(year: int) -> frozenset[date]:
    """The recognised holidays of the Netherlands; 5 May only every fifth year, as cao's have it."""
    sunday = easter(year)
    king = date(year, 4, 27)
    if king.weekday() == 6:
        king -= timedelta(days=1)
    moving = (sunday + timedelta(days=n) for n in (0, 1, 39, 49, 50))
    fixed = {date(year, 1, 1), king, date(year, 12, 25), date(year, 12, 26)}
    liberation = {date(year, 5, 5)} if year % 5 == 0 else set()
    return frozenset({*moving, *fixed, *liberation})


def is_holiday(day: date) -> bool:
    return day in holidays(day.year)


def local_time(moment: int) -> datetime:
    return datetime.fromtimestamp(moment, LOCAL)


def instant(day: date, minutes: int) -> int:
    """The moment at which the local clock shows so many minutes after midnight of a day."""
    days, left = divmod(minutes, 24 * 60)
    clock = time(*divmod(left, 60))
    return int(datetime.combine(day + timedelta(days=days), clock, LOCAL).timestamp())


def block_of(moment: int) -> int:
    return (local_time(moment).date().toordinal() - _MONDAY) // BLOCK_DAYS


@dataclass(frozen=True, slots=True)
class Block:
    """Four weeks of local days, with one row for each hour of real time in them."""

    number: int
    days: tuple[date, ...]
    # Where each local day begins, and where the last one ends: int64[29].
    midnights: NDArray[np.int64]
    # Of each hour (int64[h], h is 671..673): its begin, day in the block, local hour, weekday.
    hours: NDArray[np.int64]
    day: NDArray[np.int64]
    hour: NDArray[np.int64]
    weekday: NDArray[np.int64]
    holiday: NDArray[np.bool_]

    @property
    def begin(self) -> int:
        return int(self.midnights[0])

    @property
    def end(self) -> int:
        return int(self.midnights[-1])

    @property
    def off(self) -> NDArray[np.bool_]:
        """Whether each hour is of a weekend or holiday."""
        return (self.weekday >= 5) | self.holiday

    @property
    def anw(self) -> NDArray[np.bool_]:
        """Evenings, nights, weekends and recognised holidays: workdays from 17 to 8."""
        return self.off | (self.hour < 8) | (self.hour >= 17)

    @property
    def days_off(self) -> NDArray[np.bool_]:
        """Whether each day is of a weekend or a holiday, bool[28]."""
        return np.array([day.weekday() >= 5 or is_holiday(day) for day in self.days])

    def starts(self, minutes: int) -> NDArray[np.int64]:
        """The moment of a local clock time on each day, int64[28]."""
        return np.array([instant(day, minutes) for day in self.days], dtype=np.int64)


@lru_cache(maxsize=64)
def block(number: int) -> Block:
    first = date.fromordinal(_MONDAY + number * BLOCK_DAYS)
    days = tuple(first + timedelta(days=n) for n in range(BLOCK_DAYS + 1))
    midnights = np.array([instant(day, 0) for day in days], dtype=np.int64)
    hours = np.arange(midnights[0], midnights[-1], HOUR, dtype=np.int64)
    day = np.searchsorted(midnights, hours, side="right") - 1
    return Block(
        number=number,
        days=days[:-1],
        midnights=midnights,
        hours=hours,
        day=day,
        hour=shown(hours, midnights, day),
        weekday=np.array([each.weekday() for each in days[:-1]], dtype=np.int64)[day],
        holiday=np.array([is_holiday(each) for each in days[:-1]])[day],
    )


def shown(hours: NDArray[np.int64], midnights: NDArray[np.int64], day: NDArray[np.int64]) -> Whole:
    """What the local clock shows at each hour: not its number in the day when the clock changes."""
    number = (hours - midnights[day]) // HOUR
    changes = (np.diff(midnights) != DAY)[day]
    local = [datetime.fromtimestamp(at, LOCAL).hour for at in hours[changes].tolist()]
    number[changes] = np.array(local, dtype=np.int64)
    return number


def year_start(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
