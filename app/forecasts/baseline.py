"""The calibrated seasonal naive: the first forecast, and the one any later model has to beat."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

QUANTILES = (0.025, *(n / 20 for n in range(1, 20)), 0.975)
FEWEST_DAYS = 14
FEWEST_MONTHS = 6
YEAR = 365
STRIDE = 5  # days between pseudo-origins: 73 a year, on every weekday alike
OBSERVED = 50 / 73  # forecasting.md, "What was learned" 2: at least 50 of them must count
NEIGHBOURS = 3  # steps pooled on either side, so that a window holds one whole week
STAY = 6  # days: the prior median stay of domain.md section 5


class TooShort(ValueError):
    """Not enough was observed to forecast; `detail` says what there is and what is needed."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Naive:
    """The mean of the last `count` observed values of the same phase of a `season`."""

    season: int
    count: int


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed of the error variance before any is seen: worth `weight` observations."""

    variance: float
    weight: float


WEEKDAYS = tuple(Naive(7, weeks) for weeks in (1, 2, 4, 8))
LEVELS = tuple(Naive(1, months) for months in (1, 3, 6))
MONTHS = (*LEVELS, Naive(12, 1), Naive(12, 2))


def forecast_daily(
    values: Floats, horizon: int = 98, levels: tuple[float, ...] = QUANTILES
) -> Floats:
    """Quantiles of a daily count for the days after `values`: float64[n] -> float64[horizon, q].

    `values` are counts (>= 0) a day, NaN not observed; the forecast starts the day after the last
    one. Days at the end without a report are forecast too and not returned, so that stale input
    widens the band. `levels` are increasing probabilities in (0, 1). The answer is >= 0, rises
    with the level, is not clipped at any capacity and lives on a continuous scale on which the
    whole count k is the interval k +- 1/2. A weekday that was never observed stays NaN.

    The point is the same-weekday mean of the last 1, 2, 4 or 8 observed weeks, whichever had the
    smallest mean absolute error over all pseudo-origins and steps. With a full year of origins
    (at least 50 of them observed) the band is the error quantiles of that rule, the same number of
    steps ahead +- 3, its levels moved away from the middle by (n + 1) / n: exact for n
    exchangeable errors (Vovk, Gammerman & Shafer 2005). With less, see `_pooled`: errors
    grow with the square root of the weeks, as those of a seasonal naive (Hyndman & Athanasopoulos
    2021, table 5.2), and the prior is a Poisson census, whose values far apart differ with
    variance 2 x mean.

    Raises TooShort below 14 observed days in the last 365, ValueError on a value below 0 or
    infinite, or levels or a horizon outside their range.
    """
    history, stale = _observed(values, FEWEST_DAYS, YEAR, "days")
    steps = _checked(horizon, levels) + stale
    recent = history[-YEAR - steps :]
    full = len(history) >= YEAR + steps + 7 and np.isfinite(recent).mean() >= OBSERVED
    oldest = max(6, len(history) - 1 - YEAR - steps)
    origins = np.arange(len(history) - 2, oldest - 1, -STRIDE if full else -1)
    rule, errors = _best(history, WEEKDAYS, origins, steps)
    if full:
        spread = _windows(errors, levels)
    else:
        growth = np.sqrt(_cycles(steps, 7))
        spread = _pooled(errors, growth, levels, Prior(2 * _rate(history), weight=4))
    return _counts(_next(history, rule, steps) + spread)[stale:]


def forecast_monthly(
    values: Floats, horizon: int = 18, levels: tuple[float, ...] = QUANTILES
) -> Floats:
    """Quantiles of a monthly mean for the months after `values`: float64[n] -> float64[horizon, q].

    `values` are the means (>= 0) of a count per month, NaN unknown; stale months, levels, floor
    and scale as in `forecast_daily`. From 24 observed months on, in which every calendar month
    occurs, the point is the best by past error of the last month, the mean of the last 3 or 6, the
    same month last year, and the mean of two such months; before that of the first three. No
    history of months holds 50 independent origins, so that the band is always that of `_pooled`:
    errors grow with the square root of the months, or of the years for the same month last year.
    The prior is a Poisson census with a mean stay of 6 days: means over 30 days far apart differ
    with variance 2 x mean x 2 x 6 / 30.

    Raises TooShort below 6 observed months in the last 24, ValueError as `forecast_daily`.
    """
    history, stale = _observed(values, FEWEST_MONTHS, 24, "months")
    steps = _checked(horizon, levels) + stale
    every = np.isfinite(_recent(history, Naive(12, 1))[-12:]).all()
    seasonal = every and np.isfinite(history).sum() >= 24
    origins = np.arange(len(history) - 2, 10 if seasonal else -1, -1)
    rule, errors = _best(history, MONTHS if seasonal else LEVELS, origins, steps)
    prior = Prior(2 * _rate(history) * 2 * STAY / 30, weight=1)
    spread = _pooled(errors, np.sqrt(_cycles(steps, rule.season)), levels, prior)
    return _counts(_next(history, rule, steps) + spread)[stale:]


def student(levels: Sequence[float], freedom: float) -> Floats:
    """Quantiles of Student's t: probabilities -> float64[q]; `freedom` > 0, good above 3.

    The expansion about the normal (Abramowitz & Stegun 1964, 26.7.5): within 1% of the tables for
    0.025..0.975 from 3 degrees of freedom on, and too small below 2.
    """
    z = np.array([NormalDist().inv_cdf(level) for level in levels])
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    quantiles: Floats = z + first / freedom + second / freedom**2 + third / freedom**3
    return quantiles


def _checked(horizon: int, levels: tuple[float, ...]) -> int:
    if horizon < 1:
        raise ValueError(f"The horizon is {horizon}; give at least 1 step.")
    if not levels or min(levels) <= 0 or max(levels) >= 1 or (np.diff(levels) <= 0).any():
        raise ValueError(f"The levels are {levels}; give increasing probabilities in (0, 1).")
    return horizon


def _observed(values: Floats, fewest: int, recent: int, unit: str) -> tuple[Floats, int]:
    """From the first to the last observed value, and how many steps ago that last one was."""
    if np.isinf(values).any() or (values < 0).any():
        raise ValueError("A count is below 0 or infinite; correct it, or give NaN for unknown.")
    seen = np.flatnonzero(np.isfinite(values))
    fresh = int((seen >= len(values) - recent).sum())
    if fresh < fewest:
        raise TooShort(
            f"{fresh} of the last {recent} {unit} were observed; a forecast needs {fewest}."
        )
    return values[seen[0] : seen[-1] + 1], len(values) - 1 - int(seen[-1])


def _best(
    history: Floats, rules: Sequence[Naive], origins: Integers, steps: int
) -> tuple[Naive, Floats]:
    """The rule with the smallest mean absolute error, and its errors float64[origins, steps]."""
    ahead = origins[:, None] + np.arange(1, steps + 1)
    known = ahead < len(history)
    truth = np.where(known, history[np.where(known, ahead, 0)], np.nan)
    errors = np.stack([truth - _points(history, rule, origins, steps) for rule in rules])
    fair = np.isfinite(errors).all(axis=0)
    best = int(np.abs(errors[:, fair]).mean(axis=1).argmin()) if fair.any() else 0
    return rules[best], errors[best]


def _next(history: Floats, rule: Naive, steps: int) -> Floats:
    return _points(history, rule, np.array([len(history) - 1]), steps).T


def _points(history: Floats, rule: Naive, origins: Integers, steps: int) -> Floats:
    ahead = np.arange(1, steps + 1)
    source = origins[:, None] + ahead - _cycles(steps, rule.season) * rule.season
    points: Floats = _recent(history, rule)[source]
    return points


def _cycles(steps: int, season: int) -> Integers:
    """How many seasons ahead each step lies, from 1."""
    return -(-np.arange(1, steps + 1) // season)


def _recent(history: Floats, rule: Naive) -> Floats:
    """What the rule says at each position, that position included: NaN days are stepped over."""
    recent = np.full(len(history), np.nan)
    for phase in range(rule.season):
        same = history[phase :: rule.season]
        seen = np.isfinite(same)
        number = np.cumsum(seen)
        total = np.concatenate([[0.0], np.cumsum(same[seen])])
        before = (number - rule.count).clip(min=0)
        mean = (total[number] - total[before]) / (number - before).clip(min=1)
        recent[phase :: rule.season] = np.where(number > 0, mean, np.nan)
    return recent


def _windows(errors: Floats, levels: tuple[float, ...]) -> Floats:
    """Error quantiles float64[steps, q], each from its own step and its neighbours'."""
    edge = np.full((len(errors), NEIGHBOURS), np.nan)
    windows = sliding_window_view(np.hstack([edge, errors, edge]), 2 * NEIGHBOURS + 1, axis=1)
    ranked = np.sort(windows.transpose(1, 0, 2).reshape(errors.shape[1], -1), axis=1)
    number = np.isfinite(ranked).sum(axis=1)[:, None]
    out = 1 + 1 / np.isfinite(errors).sum(axis=0).clip(min=1)[:, None]
    place = (0.5 + (np.array(levels) - 0.5) * out).clip(0, 1) * (number - 1)
    low = place.astype(np.int64)
    below = np.take_along_axis(ranked, low, axis=1)
    above = np.take_along_axis(ranked, np.minimum(low + 1, number - 1), axis=1)
    spread: Floats = below + (above - below) * (place - low)
    return spread


def _pooled(errors: Floats, growth: Floats, levels: tuple[float, ...], prior: Prior) -> Floats:
    """Student-t error quantiles float64[steps, q] from errors of all steps and a prior.

    The errors over `growth` float64[steps] give one scale (from their mean absolute size, so that
    one bad day weighs little). Overlapping windows say the same thing again, so that only the
    origins divided by the mean number of steps count as independent. The variance is the mean of
    that scale and the prior's, weighed by their numbers, which are the degrees of freedom (scaled
    inverse chi-square: Gelman et al., Bayesian data analysis, 3rd ed. 2013, section 2.6). The
    prior does not grow: it is the variance far apart.
    """
    seen = np.isfinite(errors)
    used = seen.any(axis=1).sum()
    independent = used**2 / seen.sum()
    scale = np.abs((errors / growth)[seen]).mean() * np.sqrt(np.pi / 2)
    freedom = prior.weight + independent
    variance = (prior.weight * prior.variance + independent * (scale * growth) ** 2) / freedom
    spread: Floats = np.sqrt(variance)[:, None] * student(levels, freedom)
    return spread


def _rate(history: Floats) -> float:
    # Half a count more: fourteen zeros do not prove that there will never be one (the Jeffreys
    # prior of a Poisson rate).
    return float((np.nansum(history) + 0.5) / np.isfinite(history).sum())


def _counts(quantiles: Floats) -> Floats:
    floored: Floats = np.maximum.accumulate(np.maximum(quantiles, 0.0), axis=1)
    return floored
