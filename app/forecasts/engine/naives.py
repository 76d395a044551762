"""The closed-form members of months and quarters, at every origin of every series at once."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
YEARS = 3  # how many past years say what the season does
LEVEL = 2  # steps in the level that the season is measured from: more would blur the season itself


class Points(NamedTuple):
    """What each closed member says: float64[S, n, h] for the h steps after each of n origins.

    NaN before a series begins; `same_phase` also where its phase was never observed.
    """

    last: Floats
    short_mean: Floats
    year_mean: Floats
    same_phase: Floats
    season_change: Floats


def points(values: Floats, season: int, horizon: int) -> Points:
    """All closed members on `values` float64[S, n], NaN not observed; each origin knows its past.

    The last value, the mean of the last 3 and of the last `season`, the same phase last year
    (seasonal naive), and the level of the last 2 plus the mean change from this phase to the one
    asked in at most 3 past years, shrunk by one year without any change.
    """
    known = filled(values)
    origins, steps = values.shape[1], np.arange(1, horizon + 1)
    last, short, year = (
        np.repeat(_mean(known, k)[:, :, None], horizon, axis=2) for k in (1, 3, season)
    )
    level = _mean(known, LEVEL)
    same = np.full((*values.shape, horizon), np.nan)
    change, years = np.zeros_like(same), np.zeros_like(same)
    first = -(-steps // season)
    for back in range(YEARS - 1, -1, -1):
        lags = (first + back) * season
        there = _earlier(values, lags - steps, origins)
        moved = there - _earlier(level, lags, origins)
        same = np.where(np.isfinite(there), there, same)
        change += np.nan_to_num(moved)
        years += np.isfinite(moved)
    return Points(last, short, year, same, level[:, :, None] + change / (years + 1))


def filled(values: Floats) -> Floats:
    """The last observed value up to each step, NaN before the first: float64[S, n] -> the same."""
    place = np.where(np.isfinite(values), np.arange(values.shape[1]), 0)
    carried: Floats = np.take_along_axis(values, np.maximum.accumulate(place, axis=1), axis=1)
    return carried


def _mean(known: Floats, count: int) -> Floats:
    seen = np.isfinite(known)
    total = np.cumsum(np.where(seen, known, 0.0), axis=1)
    number = np.cumsum(seen, axis=1)
    total[:, count:] -= total[:, :-count].copy()
    number[:, count:] -= number[:, :-count].copy()
    return np.where(seen, total / np.maximum(number, 1), np.nan)


def _earlier(values: Floats, lags: NDArray[np.int64], origins: int) -> Floats:
    """values[:, t - lag] for each origin t and lag: float64[S, n, h], NaN before the start."""
    place = np.arange(origins)[:, None] - lags
    return np.where(place >= 0, values[:, place.clip(min=0)], np.nan)
