"""Whether a series broke of late: a shift that its past does not know, about which is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from app.forecasts import calendar
from app.forecasts.series import DAY, Daily

Floats = NDArray[np.float64]
SHORTEST, LONGEST = 3, 21  # days that a shift has lasted
BEFORE = 56  # days that it is compared with: eight of each weekday
PAST = 400  # days of the past that tell how far a calm series moves
FEWEST = 60  # moments of that past that must be known
SIGMAS = 6.0  # forecasting.md, "Engine", "Events"
SHARE = 0.15
BESIDE = 21  # days before it in which a step is told from a wave
STEEP = 0.6
# Of a whole count, that it is rounded (Sheppard 1898): a series that never moved has a scale too.
ROUNDED = float(1 / np.sqrt(12))
NEAR = 3  # days between a break and what was told that explains it
NORMAL_80 = 1.2816  # the 80% quantile of |z|


@dataclass(frozen=True, slots=True)
class Break:
    """The first day of the shift, the level after it as a share of that before, and how clear."""

    day: date
    ratio: float
    sigmas: float

    @property
    def sentence(self) -> str:
        share = f"{abs(self.ratio - 1):.0%}"
        if self.ratio < 1:
            told, asked = f"{share} fewer", "Was it closed in part?"
        else:
            told, asked = f"{share} more", "Were places opened, or did it take over from another?"
        return (
            f"Since {self.day} this unit has told {told} than in the weeks before. {asked} Record "
            "it as an event of the unit (POST /v1/units/{unit}/events), so that the forecast knows."
        )


def unexplained(daily: Daily, told: Sequence[date]) -> Break | None:
    """A shift of the last weeks about which nobody told anything, `told` being the days on which a
    closure or an opening began; Christmas is none."""
    days = calendar.days_from(daily.first, len(daily.values))
    festive = [(day.month, day.day) >= (12, 20) or (day.month, day.day) <= (1, 5) for day in days]
    found = break_in(Daily(daily.first, np.where(festive, np.nan, daily.values)))
    if found is None or any(abs((day - found.day).days) <= NEAR for day in told):
        return None
    return found


def break_in(daily: Daily) -> Break | None:
    """The level shift within the last 3 to 21 days, if there is one; None also if too little is
    known to tell.

    `daily.values` float64[n], counts a day, NaN unknown. The shift after a day is the median
    difference of the days since from the median of the same weekday in the 8 weeks before it. It
    is a break if it is

    - beyond 6 robust standard deviations of the same shift at all earlier days (from the 80%
      quantile of its absolute size, so that one earlier closure does not hide the next), and
    - more than 15% of the median level of those 8 weeks, and
    - a step: two levels leave at most 0.6 of the squared error that the best parabola leaves, from
      21 days before it on. A wave that grows, however far, is told better by a parabola.

    Of several days the one that a step fits best. At least 60 earlier shifts must be known, thus
    about 17 weeks of past. Days that are known to differ (Christmas) look like a closure: give NaN
    for them.
    """
    values = np.where(daily.observed, daily.values, np.nan)[-PAST:]
    count = len(values)
    if count < BEFORE + 2 * SHORTEST + FEWEST - 1:
        return None
    shifted = _differences(values)
    found = [
        candidate
        for length in range(SHORTEST, LONGEST + 1)
        if (candidate := _at(values, shifted, length, daily.after)) is not None
    ]
    return min(found, key=lambda each: each[0])[1] if found else None


def _differences(values: Floats) -> Floats:
    """Each day's difference from its weekday's median before a start: float64[n - 56, 21].

    Row s is the start on day s + 56; NaN beyond the end. Both sides begin on the same weekday.
    """
    ahead = np.concatenate([values[BEFORE:], np.full(LONGEST - 1, np.nan)])
    after = sliding_window_view(ahead, LONGEST)
    weekdays = _weekdays(values)[: len(after)]
    return after - np.tile(weekdays, LONGEST // 7)


def _weekdays(values: Floats) -> Floats:
    """The median of each weekday in the 8 weeks before a start: float64[n - 55, 7]."""
    weeks = sliding_window_view(values, BEFORE).reshape(-1, BEFORE // 7, 7)
    return _median(weeks, axis=1)


def _at(values: Floats, shifted: Floats, length: int, ends: date) -> tuple[float, Break] | None:
    """How well a step fits, and the break, if the last `length` days are one."""
    shifts = _median(_enough(shifted[:, :length]), axis=1)
    shift = shifts[-length]
    # Earlier ones that saw none of the last days.
    past = np.abs(shifts[: len(shifts) - 2 * length + 1])
    past = past[np.isfinite(past)]
    start = len(values) - length
    before = values[start - BEFORE : start]
    level = float(_median(before, axis=0))
    if not np.isfinite(shift) or len(past) < FEWEST or not level > 0:
        return None
    sigma = max(float(np.quantile(past, 0.8)) / NORMAL_80, ROUNDED)
    large = abs(shift) > SIGMAS * sigma and abs(shift) > SHARE * level
    fit = _fit(before, shifted[-length]) if large else float("nan")
    if not fit <= STEEP:
        return None
    ratio = max(0.0, 1 + float(shift) / level)
    return fit, Break(ends - length * DAY, ratio, abs(float(shift)) / sigma)


def _fit(before: Floats, after: Floats) -> float:
    """The squared error of a step over that of the best parabola; NaN if too little is known."""
    weekdays = _median(before.reshape(-1, 7), axis=0)
    told = np.concatenate([before - np.tile(weekdays, BEFORE // 7), after])[BEFORE - BESIDE :]
    days = np.flatnonzero(np.isfinite(told))
    earlier, since = told[days[days < BESIDE]], told[days[days >= BESIDE]]
    if len(earlier) < BESIDE // 2 or len(since) < SHORTEST:
        return float("nan")
    step = len(earlier) * earlier.var() + len(since) * since.var()
    parabola = np.polynomial.Polynomial.fit(days, told[days], 2)
    curved = float(((told[days] - parabola(days)) ** 2).sum())
    return float(step / curved) if curved > 0 else float("nan")


def _enough(columns: Floats) -> Floats:
    """NaN in all of a row of which fewer than 3 days are known."""
    known = np.isfinite(columns).sum(axis=1, keepdims=True) >= SHORTEST
    return np.where(known, columns, np.nan)


def _median(values: Floats, axis: int) -> Floats:
    """The median of what is known, NaN of nothing, without a warning."""
    ranked = np.sort(values, axis=axis)  # NaN last
    number = np.isfinite(ranked).sum(axis=axis, keepdims=True)
    low = np.take_along_axis(ranked, np.maximum((number - 1) // 2, 0), axis=axis)
    high = np.take_along_axis(ranked, np.minimum(number // 2, ranked.shape[axis] - 1), axis=axis)
    middle: Floats = np.where(number > 0, (low + high) / 2, np.nan).squeeze(axis)
    return middle
