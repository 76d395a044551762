"""One linear model a distance, of all series together, in closed form."""

from dataclasses import dataclass

import numpy as np

from app.forecasts.engine.asked import Floats
from app.forecasts.engine.ground import Features, Ground, grown, teaching, worth, year_of
from app.forecasts.engine.levels import Integers
from app.forecasts.engine.panel import Bools
from app.forecasts.engine.work import Work

LAGS = 14  # steps before the origin that stand in the model by themselves
RIDGE = 0.1  # of the rows so many say that nothing changes: what a week says, a month may deny
MOST_ROWS = 40_000  # a distance; origins lie further apart where there are many series
CLIPPED = 4.0  # robust standard deviations: beyond this a change teaches no more


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What teaches one distance: columns float64[t, s, k], the change that came float64[t, s] with
    NaN where not known, and the weight of each origin float64[t]."""

    origin: Integers
    columns: Floats
    change: Floats
    weight: Floats


def linear(work: Work, ground: Ground) -> Floats:
    """The forecast float64[o, h, s] at each origin; that of a pseudo-origin never saw its fold.

    Direct multi-step ridge regression (Hoerl & Kennard 1970; Taieb & Hyndman 2014), one for each
    distance and shared by all series, of the change from the smoothed level in units of the
    series' own recent step, on the last two weeks, means, slopes, those of all series, and what a
    year ago came next. Linear models of many series rival deep ones (Zeng et al. 2023).
    """
    every = np.concatenate([ground.columns, lags(work, ground)], axis=-1)
    every /= np.sqrt(np.mean(every**2, axis=(0, 1))) + 1e-9
    teach = teaching(work)
    teach = teach[:: max(work.pace.stride, -(-len(teach) * every.shape[1] // MOST_ROWS))]
    found = np.empty((len(work.origins), work.horizon, every.shape[1]))
    for step in range(1, work.horizon + 1):
        rows = rows_of(work, ground, every, teach[teach + step < len(work.level)], step)
        asked = columns_of(work, ground, every, work.origins, step)
        for places, hidden in work.folds():
            at = work.origins[places]
            change = asked[places] @ learned(rows, hidden, step)
            found[places, step - 1] = ground.start[at] + change * ground.unit[at]
    return found


def lags(work: Work, ground: Ground) -> Features:
    """The last levels of each step against where it stands, in its units: float32[n, s, LAGS]."""
    place = np.arange(len(work.level))
    before = [work.level[np.maximum(place - lag, 0)] for lag in range(1, LAGS + 1)]
    off = (np.stack(before, axis=-1) - ground.start[..., None]) / ground.unit[..., None]
    return off.astype(np.float32)


def rows_of(work: Work, ground: Ground, every: Features, origin: Integers, step: int) -> Rows:
    change = (work.target[origin + step] - ground.start[origin]) / ground.unit[origin]
    columns = columns_of(work, ground, every, origin, step)
    return Rows(origin, columns, change, worth(work, origin))


def columns_of(work: Work, ground: Ground, every: Features, origin: Integers, step: int) -> Floats:
    """The ground at each origin, what came next a year ago, and a constant: float64[o, s, k]."""
    shape = (len(origin), every.shape[1])
    at, column = np.repeat(origin, shape[1]), np.tile(np.arange(shape[1]), shape[0])
    ahead, first = np.full_like(at, step), np.zeros_like(column)
    of_all = ground.total.mean(axis=1, keepdims=True)
    year = year_of(work)
    ago = [grown(ground.total, at, ahead, column, year), grown(of_all, at, ahead, first, year)]
    unit = ground.unit[at, column] * np.sqrt(step)
    more = [np.nan_to_num(each / unit).reshape(*shape, 1) for each in ago]
    return np.concatenate([every[origin], *more, np.ones((*shape, 1))], axis=-1, dtype=np.float64)


def learned(rows: Rows, hidden: slice | None, step: int) -> Floats:
    """The coefficients float64[k] of a fold; where nothing is known all 0: the level is held."""
    kept = teaches(rows, hidden, step)
    columns = rows.columns[kept].reshape(-1, rows.columns.shape[-1])
    change = rows.change[kept].ravel()
    known = np.isfinite(change)
    weight = np.repeat(rows.weight[kept], rows.columns.shape[1]) * known
    if not known.any():
        return np.zeros(columns.shape[1])
    most = CLIPPED * (1.4826 * np.median(np.abs(change[known])) + 1e-9)
    change = np.where(known, np.clip(change, -most, most), 0.0)
    weighted = (columns * weight[:, None]).T
    prior = RIDGE * weight.sum() * np.eye(columns.shape[1])
    return np.asarray(np.linalg.solve(weighted @ columns + prior, weighted @ change))


def teaches(rows: Rows, hidden: slice | None, step: int) -> Bools:
    if hidden is None:
        return np.ones(len(rows.origin), np.bool_)
    kept: Bools = (rows.origin + step < hidden.start) | (rows.origin >= hidden.stop)
    return kept
