"""How far the level of who asks moved in weeks that are past: what no profile of the week knows."""

import numpy as np
from numpy.typing import NDArray

from app.forecasts.days.arrivals import HALF_LIFE_DAYS, Past, Rate, pieces, sums
from app.forecasts.days.told import Flow

Floats = NDArray[np.float64]
WEEK = 168  # hours
# The level is that of so many weeks, the last ones weighing most, as `arrivals.learned` has it.
WEEKS = 13
# So many stretches of a distance must fit side by side in what is known before it is believed.
SIDE_BY_SIDE = 3
# A week of which less was told than this part of the usual is left out.
LEAST_TOLD = 0.5


def moved(flow: Flow, rate: Rate, past: Past, opens: Floats) -> Floats:
    """How unsure the level is 1, 2, 3 ... weeks ahead: float64[h], the variance of its logarithm,
    which never falls; empty where too little was told.

    From each week of `past` that has 13 before it: what the weeks after it asked against the level
    of those 13, the last of them weighing most. Of the squares of these logarithms what chance and
    the days explain is taken off (by moments, as Kleinman 1973). A season, school holidays and
    growth are in what is left, so that none of them is told and all of them widen. `rate` says what
    the same hours usually ask, a holiday as a Sunday. At least 3 h weeks must begin a distance of h
    weeks, and no fewer than 13.
    """
    counted, expected = by_week(flow, rate, past, opens)
    if not (expected > 0).any():
        return np.empty(0)
    known = expected > LEAST_TOLD * np.median(expected[expected > 0])
    by_day = rate.by_hour.reshape(7, 24).sum(axis=1)
    of_days = rate.dispersion * float(by_day @ by_day) / float(by_day.sum()) ** 2
    found: list[float] = []
    weight = np.exp2(-7.0 / HALF_LIFE_DAYS * (np.arange(WEEKS) + 0.5))[::-1]
    origins = np.arange(WEEKS, len(counted) + 1)
    before = origins[:, None] + np.arange(-WEEKS, 0)
    weighed = weight * known[before]
    asked, usual = ((weighed * each[before]).sum(axis=1) for each in (counted, expected))
    level = (asked + 0.5) / (usual + 0.5)
    unsure = (weighed**2 * expected[before]).sum(axis=1) / np.maximum(usual, 1.0) ** 2
    usable = known[before].sum(axis=1) > WEEKS // 2
    for ahead in range(len(counted)):
        begun = np.flatnonzero(usable & (origins + ahead < len(counted)))
        at = origins[begun] + ahead
        begun, at = begun[known[at]], at[known[at]]
        if len(at) < max(SIDE_BY_SIDE * (ahead + 1), WEEKS):
            break
        log = np.log((counted[at] + 0.5) / (level[begun] * expected[at] + 0.5))
        mean = np.maximum(level[begun] * expected[at], 1.0)
        chance = 1 / mean + of_days + unsure[begun]
        found.append(max(float((log**2 - chance).mean()), 0.0))
    return np.maximum.accumulate(np.array(found))


def by_week(flow: Flow, rate: Rate, past: Past, opens: Floats) -> tuple[Floats, Floats]:
    """What each whole week of the past asked, and what the same hours usually ask: float64[weeks]
    each, the last week ending where the past does."""
    period, hour, share = pieces(flow, np.ones(past.hours), past, opens)
    usually = rate.by_hour[past.of_week[hour]] * share
    whole = sums(period, usually, len(flow))[period]
    given = np.where(whole > 0, flow.values[period] * usually / np.maximum(whole, 1e-300), 0.0)
    weeks = past.hours // WEEK
    week = (hour - past.hours % WEEK) // WEEK
    inside = week >= 0
    return sums(week[inside], given[inside], weeks), sums(week[inside], usually[inside], weeks)


def walked(generator: np.random.Generator, variance: Floats, ahead: Floats, paths: int) -> Floats:
    """What the level is multiplied by so many days `ahead` (float64[n], rising; what is past: 1) on
    each path: float64[paths, n], median 1.

    A random walk of the logarithm with the variance of each distance, on a straight line between
    the middles of weeks; beyond the last one that is known it stays what it is there.
    """
    if not len(variance):
        return np.ones((paths, len(ahead)))
    middles = 7.0 * np.arange(len(variance)) + 3.5
    at = np.where(ahead < 0, 0.0, np.interp(ahead, middles, variance))
    steps = np.sqrt(np.maximum(np.diff(at, prepend=0.0), 0.0))
    found: Floats = np.exp(np.cumsum(steps * generator.standard_normal((paths, len(ahead))), 1))
    return found
