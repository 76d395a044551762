"""Who asks of a post in each hour of the months to come: the level of now, how it moved before,
and how days differ."""

import zlib
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from app.forecasts import calendar
from app.forecasts.days.arrivals import Past, learned
from app.forecasts.days.clock import Cells, factors
from app.forecasts.days.hours import HOUR, local_days, of_week, past_hours, seconds
from app.forecasts.days.told import Flow
from app.forecasts.paths import COUNT
from app.forecasts.staffing.level import moves, walked
from app.forecasts.staffing.posts import Shifts

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
# Of fewer days no profile of the week is told.
FEWEST_DAYS = 14
DAY_HOURS = 24
# How far back it is looked how a level moves.
LOOKS_BACK = 4 * 365


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """Requests an hour at the level of now, `by_hour` float64[168]; and what that is multiplied by
    on each path on each local day from `first` on, `times` float64[paths, days].

    For `weeks` ahead it is known how far levels move; 0: too little was told, and the spread is
    that of now.
    """

    by_hour: Floats
    first: date
    times: Floats
    weeks: int

    def knows(self, hours: Whole) -> bool:
        """Whether all of these hours (s) lie in its days."""
        days = local_days(hours[[0, -1]]) - self.first.toordinal()
        return bool(days[0] >= 0 and days[1] < self.times.shape[1])

    def rates(self, hours: Whole) -> Floats:
        """Requests an hour on each path in hours that it knows, int64[n] s: float64[paths, n]."""
        days = local_days(hours) - self.first.toordinal()
        found: Floats = self.by_hour[of_week(hours)] * self.times[:, days]
        return found


def hours_of(shifts: Shifts) -> list[Whole]:
    """The hours (s) of each shift, up to where the next has begun."""
    return [
        HOUR * np.arange(start // HOUR, -(-until // HOUR), dtype=np.int64)
        for start, until in zip(shifts.starts.tolist(), shifts.relieved.tolist(), strict=True)
    ]


def asking(
    name: str, flow: Flow, opens: Floats, at: datetime, past_days: int, first: date, days: int
) -> Asking | None:
    """Gamma-Poisson: a rate for each hour of the week (workdays apart, a holiday as a Sunday), a
    factor for what is not known of the level, one for how far it moves, and one for what whole days
    differ by.

    `opens` float64[168] is in which part of each hour of the week people can ask. Only the rate is
    drawn: that requests come by chance is reckoned by the queue. None if fewer than 14 days of
    requests were told. The level is that of the last `past_days`; its season, and how else it moves
    from there, is seen in all of `flow`, up to four years back.
    """
    rate = learned(flow, np.ones(past_days * DAY_HOURS), back(at, past_days), opens)
    if rate is None or rate.hours < FEWEST_DAYS * DAY_HOURS * float((opens > 0).mean()):
        return None
    found = moves(flow, rate, back(at, told_days(flow, at)), opens)
    ahead = np.arange(days, dtype=np.float64) + (first - calendar.local_day(at)).days
    chance = np.random.default_rng([zlib.crc32(name.encode()), first.toordinal()])
    # A stretch is a day here: only how days differ is asked.
    each_day = Cells(np.arange(days + 1), np.zeros(days, np.int64), np.arange(days))
    differ = factors(chance, rate.certainty, rate.dispersion, each_day, COUNT)
    times: Floats = differ * walked(chance, found, ahead, COUNT)
    return Asking(rate.by_hour, first, times, len(found))


def back(at: datetime, days: int) -> Past:
    """The hours of so many days up to the whole hour before a moment."""
    count = days * DAY_HOURS
    begin = seconds(at) // HOUR * HOUR - count * HOUR
    return Past(begin, *past_hours(begin, count))


def told_days(flow: Flow, at: datetime) -> int:
    """Since how many days something was told, at most as far as it is looked back."""
    since = (seconds(at) - int(flow.starts[0])) // (HOUR * DAY_HOURS)
    return min(max(int(since), 1), LOOKS_BACK)
