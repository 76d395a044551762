"""From scattered figures to one value a local day or month: NaN is unknown, never zero."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.forecasts import calendar
from app.forecasts.calendar import CENSUS

Floats = NDArray[np.float64]
DAY = timedelta(days=1)


class Stock(NamedTuple):
    """A figure true at a moment; `whole_day` when the sender gave a date without a time."""

    observed_at: datetime
    value: float | None
    whole_day: bool = False


class Flow(NamedTuple):
    """A sum over the half-open period [start, start + length)."""

    start: datetime
    length: timedelta
    value: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Daily:
    """One value a local day without holes in the index: `values` float64[n], NaN not observed."""

    first: date
    values: Floats

    @property
    def after(self) -> date:
        """The first day that is not in the series: where a forecast starts."""
        return self.first + len(self.values) * DAY

    @property
    def observed(self) -> NDArray[np.bool_]:
        return np.isfinite(self.values)


@dataclass(frozen=True, slots=True, eq=False)
class Monthly:
    """One value a calendar month: `first` is a first of the month, `values` float64[n] with NaN."""

    first: date
    values: Floats

    @property
    def after(self) -> date:
        """The first month that is not in the series: where a forecast starts."""
        return calendar.months_after(self.first, len(self.values))


def daily(
    figures: Sequence[Stock],
    *,
    until: datetime,
    census: time = CENSUS,
    max_age: timedelta = DAY,
) -> Daily:
    """The last figure at or before each day's census moment, younger than `max_age`.

    Age is read on the local wall clock, so that October's 25-hour day loses nobody's daily report;
    it must be strictly below `max_age`, so that a day without a report stays NaN instead of
    repeating yesterday's. A figure of None (told to be unknown) makes the day NaN. A `whole_day`
    figure stands for its own local day at the census moment and for no other day. Of two figures
    of one moment the later in the sequence counts: give corrections last.

    Nothing after `until` is read, and the series runs to the last census at or before it, NaN at
    its end if reports stopped. Without figures the series is empty. ValueError on a naive moment
    or an infinite value.
    """
    last = calendar.last_census(until, census)
    told = sorted(
        (entry for entry in (_placed(f, census) for f in figures) if entry.observed_at <= until),
        key=lambda entry: entry.observed_at,
    )
    if not told:
        return Daily(last + DAY, _fixed([]))
    first = _census_day(told[0].observed_at, census)
    days = calendar.days_from(first, (last - first).days + 1)
    moments = np.array([entry.observed_at.timestamp() for entry in told])
    values = np.array([_known(entry.value) for entry in told])
    whole = np.array([entry.whole_day for entry in told])
    at = np.array([calendar.moment(day, census).timestamp() for day in days])
    since = np.array([_wall_clock_before(day, census, max_age).timestamp() for day in days])
    newest = np.searchsorted(moments, at, side="right") - 1
    held = newest.clip(min=0)
    counts = (newest >= 0) & (moments[held] > since) & (~whole[held] | (moments[held] == at))
    return Daily(first, _fixed(np.where(counts, values[held], np.nan)))


def flows(
    periods: Sequence[Flow], *, until: datetime, longest: timedelta = timedelta(hours=25)
) -> Daily:
    """The sum over each local day (midnight to midnight) of figures told over periods.

    A period across midnight, such as a night shift, is divided over its days in proportion to the
    elapsed time. A period above `longest` (default: the longest local day) says nothing about a
    single day: its days stay NaN, since spreading a week evenly would invent a flat weekday
    profile. A day is NaN unless known periods cover all of it; a period of None covers nothing.
    Periods and days that end after `until` are not read. ValueError if periods overlap, have no
    length or bear no offset.
    """
    told = sorted(
        (p for p in periods if calendar.aware(p.start) + p.length <= until), key=lambda p: p.start
    )
    _refuse_overlap(told)
    end = calendar.local_day(until)
    if not told:
        return Daily(end, _fixed([]))
    first = calendar.local_day(told[0].start)
    days = calendar.days_from(first, (end - first).days + 1)
    bounds = np.array([calendar.day_start(day).timestamp() for day in days])
    known = [p for p in told if np.isfinite(_known(p.value)) and p.length <= longest]
    starts = np.array([p.start.timestamp() for p in known])
    seconds = np.array([p.length.total_seconds() for p in known])
    sums = _between(bounds, starts, seconds, np.array([_known(p.value) for p in known]))
    covered = _between(bounds, starts, seconds, seconds)
    return Daily(first, _fixed(np.where(covered > np.diff(bounds) - 0.5, sums, np.nan)))


def monthly(series: Daily, *, min_share: float = 0.5) -> Monthly:
    """The mean of the observed days of each calendar month that has ended.

    A month with fewer than `min_share` (0..1) of its days observed is NaN. The running month is
    left out: it is the first one to forecast. For a flow the mean is a rate per day.
    """
    if not 0 < min_share <= 1:
        raise ValueError(f"min_share is {min_share}; give a share above 0 and at most 1.")
    first, end = calendar.month_of(series.first), calendar.month_of(series.after)
    count = (end.year - first.year) * 12 + end.month - first.month
    months = calendar.months_from(first, count)
    return Monthly(first, _fixed([_mean(series, month, min_share) for month in months]))


def _mean(series: Daily, month: date, min_share: float) -> float:
    start = (month - series.first).days
    length = calendar.days_in(month)
    within = series.values[max(start, 0) : start + length]
    seen = within[np.isfinite(within)]
    enough = seen.size > 0 and seen.size >= min_share * length
    return float(seen.mean()) if enough else float("nan")


def _placed(figure: Stock, census: time) -> Stock:
    if not figure.whole_day:
        calendar.aware(figure.observed_at)
        return figure
    day = calendar.local_day(figure.observed_at)
    return figure._replace(observed_at=calendar.moment(day, census))


def _census_day(observed_at: datetime, census: time) -> date:
    day = calendar.local_day(observed_at)
    return day if observed_at <= calendar.moment(day, census) else day + DAY


def _wall_clock_before(day: date, census: time, age: timedelta) -> datetime:
    wall = datetime.combine(day, census) - age
    return calendar.moment(wall.date(), wall.time())


def _known(value: float | None) -> float:
    if value is None:
        return float("nan")
    if np.isinf(value):
        raise ValueError("A figure is infinite; send the count, or null when it is unknown.")
    return float(value)


def _refuse_overlap(told: Sequence[Flow]) -> None:
    for period in told:
        if period.length <= timedelta(0):
            raise ValueError(f"The period from {period.start} has no length; give its duration.")
    for one, other in pairwise(told):
        if one.start + one.length > other.start:
            raise ValueError(
                f"The periods from {one.start} and {other.start} overlap; correct one of them."
            )


def _between(bounds: Floats, starts: Floats, seconds: Floats, amounts: Floats) -> Floats:
    if not starts.size:
        return np.zeros(len(bounds) - 1)
    # Successive periods do not overlap, so their running total is linear between these knots and
    # a day's sum is the difference of the total at its two midnights.
    knots = np.column_stack([starts, starts + seconds]).ravel()
    total = np.concatenate([[0.0], np.cumsum(amounts)])
    sums: Floats = np.diff(
        np.interp(bounds, knots, np.column_stack([total[:-1], total[1:]]).ravel())
    )
    return sums


def _fixed(values: Floats | list[float]) -> Floats:
    fixed = np.array(values, dtype=np.float64)
    fixed.flags.writeable = False
    return fixed
