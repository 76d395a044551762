"""Who asks of a post in each hour of the weeks to come: the level of now, and how days differ."""

import zlib
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from app.forecasts.days.arrivals import Past, Rate, learned
from app.forecasts.days.clock import Cells, factors
from app.forecasts.days.hours import HOUR, local_days, of_week, past_hours, seconds
from app.forecasts.days.told import Flow
from app.forecasts.paths import COUNT
from app.forecasts.staffing.posts import Shifts

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
# Of fewer days no profile of the week is told.
FEWEST_DAYS = 14
DAY_HOURS = 24


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """Rates of requests an hour on each path from `first` (s, a whole hour) on: float64[paths, n].

    `counted` requests over `hours` told it.
    """

    first: int
    rates: Floats
    counted: float
    hours: float

    def hours_of(self, shifts: Shifts) -> list[Whole]:
        """The places of the hours of each shift, up to where the next has begun; hours that lie
        outside what is known are none."""
        found = []
        for start, until in zip(shifts.starts.tolist(), shifts.relieved.tolist(), strict=True):
            begin, end = (start - self.first) // HOUR, -((self.first - until) // HOUR)
            inside = begin >= 0 and end <= self.rates.shape[1]
            found.append(np.arange(begin, end) if inside else np.empty(0, np.int64))
        return found


def asking(
    name: str, flow: Flow, opens: Floats, at: datetime, past_days: int, first: int, hours: int
) -> Asking | None:
    """Gamma-Poisson: a rate for each hour of the week (workdays apart, a holiday as a Sunday), a
    factor for what is not known of the level, and one for what whole days differ by.

    `opens` float64[168] is in which part of each hour of the week people can ask. Only the rate is
    drawn: that requests come by chance is reckoned by the queue. None if fewer than 14 days of
    requests were told. The level is that of the last weeks; no season is known.
    """
    count = past_days * DAY_HOURS
    begin = seconds(at) // HOUR * HOUR - count * HOUR
    past = Past(begin, *past_hours(begin, count))
    rate = learned(flow, np.ones(past.hours), past, opens)
    if rate is None or rate.hours < FEWEST_DAYS * DAY_HOURS * float((opens > 0).mean()):
        return None
    return Asking(first, drawn(name, rate, first, hours), rate.counted, rate.hours)


def drawn(name: str, rate: Rate, first: int, hours: int) -> Floats:
    bounds = first + HOUR * np.arange(hours + 1, dtype=np.int64)
    days = local_days(bounds[:-1])
    cells = Cells(bounds, of_week(bounds[:-1]), days - days[0])
    chance = np.random.default_rng([zlib.crc32(name.encode()), first])
    found: Floats = rate.by_hour[cells.of_week] * factors(
        chance, rate.certainty, rate.dispersion, cells, COUNT
    )
    return found
