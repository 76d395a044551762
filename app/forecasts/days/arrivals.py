"""How many come, or leave, in an hour of the week: learned from counts over periods of any length.

The same way for arrivals (the exposure of an hour is 1, or 0 where it was censored) and for
departures (the exposure is how many were there, and the rate is that of one person).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.forecasts.days.hours import HOUR, WEEK
from app.forecasts.days.told import Flow

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

# How many counts the assumption is worth against what was counted, so that a short past gives the
# plain shape and a long one its own: of an hour of the day, of a weekday, of one hour of the week,
# of the level of the last weeks. Chosen on the made-up region, where a half or a double of each
# changed the share inside the band of 80% by less than a point.
HOURS_WORTH, DAYS_WORTH, CELLS_WORTH, LEVEL_WORTH = 4.0, 8.0, 20.0, 10.0
HALF_LIFE_DAYS = 28.0
ROUNDS = 12
# Never counted is not never: half a count over what was looked at (Jeffreys 1946).
NEVER = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Rate:
    """A rate an hour for each hour of the week, and how far it can be trusted.

    `by_hour` float64[168] >= 0, at the level of the last weeks; `certainty` > 0 is the shape of a
    gamma distribution of mean 1 around that level; `dispersion` >= 0 the variance of a factor of
    mean 1 by which whole days differ, so that the count of a day with mean m has the variance
    m + dispersion m^2 (negative binomial); `counted` how many were counted, `hours` over how many.
    """

    by_hour: Floats
    certainty: float
    dispersion: float
    counted: float
    hours: float


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """The hours that are looked back at: from `first` (s, a whole hour) on.

    `of_week` int64[h] the hour of the week of each, `day` int64[h] its local day from 0 on.
    """

    first: int
    of_week: Whole
    day: Whole

    @property
    def hours(self) -> int:
        return len(self.of_week)


def learned(
    flow: Flow,
    exposure: Floats,
    past: Past,
    shape: Floats,
    prior: tuple[float, float] = (NEVER, 0.0),
) -> Rate | None:
    """The rate behind `flow`, per unit of exposure; None if no period lies in the past.

    `exposure` float64[h] >= 0 of each hour of the past, NaN unknown: a period that touches an hour
    of unknown exposure is left out. `shape` float64[168] >= 0 with a mean above 0 is what the week
    looks like before anything is counted, and 0 where nothing can come. `prior` is (counts,
    exposure) that the level is worth beforehand.

    A Poisson regression on hour, weekday and hour of the week with gamma-distributed factors,
    fitted by EM (Dempster, Laird & Rubin 1977): a count over a longer period is divided over its
    hours as the rate of the round before has it, and each factor is (counted + worth) /
    (expected + worth), its posterior mean. The level is that of the last weeks, with a half-life
    of 28 days. Dispersion by moments over whole days (Breslow 1984), drawn to 0 by its own
    standard error, since few counts tell little of it.
    """
    # What is counted only while nothing can come is no measure of what comes when it can.
    period, hour, share = pieces(flow, exposure, past, shape)
    if not len(period):
        return None
    counts = flow.values
    cell = past.of_week[hour]
    held = share * exposure[hour]
    by_hour, by_day = np.arange(WEEK) % 24, np.arange(WEEK) // 24
    exposed = sums(cell, held, WEEK)
    even = float(shape.mean())
    floor = 1e-9 * even
    rate = np.maximum(shape, floor)
    given = np.zeros(len(period))
    for _ in range(ROUNDS):
        expected = rate[cell] * held
        of_period = sums(period, expected, len(counts))
        given = counts[period] * expected / np.maximum(of_period[period], 1e-300)
        counted = sums(cell, given, WEEK)
        mean = shape * exposed
        plain = mean * (counted.sum() / mean.sum())
        form = ratio(counted, plain, by_hour, 24, HOURS_WORTH)[by_hour]
        form = form * ratio(counted, plain * form, by_day, 7, DAYS_WORTH)[by_day]
        form = form * (counted + CELLS_WORTH) / (plain * form + CELLS_WORTH)
        # The form of the week says nothing of its level.
        form = form * (mean.sum() / (mean @ form))
        level = (counted.sum() + prior[0]) / (mean.sum() + prior[1] * even)
        rate = np.maximum(level * shape * form, floor)
    expected = rate[cell] * held
    ago = (past.hours - hour) / (24 * HALF_LIFE_DAYS)
    weight = np.exp2(-ago)
    # Against what was counted, so that what is taken beforehand is not weighed away again.
    usually = expected * (given.sum() / expected.sum())
    recent, usual = float(weight @ given), float(weight @ usually)
    now = (recent + LEVEL_WORTH) / (usual + LEVEL_WORTH)
    effective = recent**2 / max(float(weight**2 @ given), 1e-300)
    days_seen = int(past.day[-1]) + 1
    return Rate(
        np.where(shape > 0, rate * now, 0.0),
        prior[0] + effective + min(LEVEL_WORTH, float(given.sum())),
        dispersion(
            sums(past.day[hour], given, days_seen),
            sums(past.day[hour], usually, days_seen),
        ),
        float(counts[np.unique(period)].sum()),
        float(share.sum()),
    )


def pieces(flow: Flow, exposure: Floats, past: Past, shape: Floats) -> tuple[Whole, Whole, Floats]:
    """Each piece of a period in an hour: its period, its hour, and which part of the hour it is.

    Only periods that lie wholly in the past and in hours of known exposure, in some of which
    exposure and shape are above 0.
    """
    end = past.first + past.hours * HOUR
    inside = np.flatnonzero((flow.starts >= past.first) & (flow.ends <= end))
    first = (flow.starts[inside] - past.first) // HOUR
    last = (flow.ends[inside] - past.first - 1) // HOUR
    many = last - first + 1
    period = np.repeat(inside, many)
    begun = np.repeat(np.cumsum(many) - many, many)
    hour = np.repeat(first, many) + np.arange(len(period)) - begun
    begins = past.first + hour * HOUR
    share = (
        np.minimum(flow.ends[period], begins + HOUR) - np.maximum(flow.starts[period], begins)
    ) / HOUR
    held = share * exposure[hour] * shape[past.of_week[hour]]
    of_period = sums(period, held, len(flow))
    known = (np.isfinite(of_period) & (of_period > 0))[period]
    return period[known], hour[known], share[known]


def ratio(counted: Floats, expected: Floats, group: Whole, groups: int, worth: float) -> Floats:
    """By group, how much more was counted than expected, drawn to 1: float64[groups]."""
    found: Floats = (sums(group, counted, groups) + worth) / (sums(group, expected, groups) + worth)
    return found


def sums(group: Whole, weights: Floats, groups: int) -> Floats:
    """The sum of the weights of each group 0, 1, ...: float64[groups]."""
    return np.bincount(group, weights=weights, minlength=groups).astype(np.float64, copy=False)


def dispersion(counted: Floats, expected: Floats) -> float:
    """How much whole days differ beyond Poisson: float64[d] each -> the variance of a factor."""
    square = float(expected @ expected)
    if square <= 0:
        return 0.0
    beyond = float(((counted - expected) ** 2 - expected).sum()) / square
    if beyond <= 0:
        return 0.0
    error = float(np.sqrt((2 * expected**2 + expected).sum())) / square
    return beyond * beyond**2 / (beyond**2 + error**2)
