"""One gradient-boosted model of all series together, learned from many origins."""

from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray

from app.forecasts.engine.asked import Floats
from app.forecasts.engine.levels import Integers, running_total, smoothed, trailing
from app.forecasts.engine.work import Work

Features = NDArray[np.float32]
MEANS = (7, 14, 28, 56, 91, 182, 364)
SLOPES = (7, 14, 28)
ROUNDS = 60
FEWEST_ROWS, MOST_ROWS = 1_000, 100_000
EARLIEST = 90  # steps of days before the first origin that teaches
HALF_LIFE = 600.0
CLIPPED = 60.0  # typical steps: beyond this an error teaches no more
FEW_LEAVES = {
    "objective": "l1",
    "learning_rate": 0.1,
    "num_leaves": 8,
    "min_data_in_leaf": 400,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.6,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What is known at every step of the past: `start` and `unit` float64[n, s], columns by name.

    A forecast is `start` plus so many `unit`s; `unit` is the mean absolute change from step to
    step of the last quarter.
    """

    start: Floats
    unit: Floats
    columns: Features
    total: Floats


def boosted(work: Work, seed: int) -> Floats:
    """The forecast float64[o, h, s] at each origin; that of a pseudo-origin never saw its fold.

    Gradient-boosted trees on absolute error (Friedman 2001; Ke et al. 2017) of the change from
    the smoothed level, in units of the series' own recent step, from where the level stands
    against its means, its slopes, those of all series, and what a year ago came next.
    """
    ground = ground_of(work)
    teach = np.arange(max(13, EARLIEST * work.pace.season // 7), len(work.level) - 1)
    found = np.empty((len(work.origins), work.horizon, work.level.shape[1]))
    for number, (places, hidden) in enumerate(work.folds()):
        model = learned(work, ground, teach, hidden, np.random.default_rng([seed, number]), seed)
        for part in np.array_split(places, 1 + len(places) * found[0].size // MOST_ROWS):
            found[part] = told(work, ground, model, work.origins[part])
    return found


def learned(
    work: Work,
    ground: Ground,
    teach: Integers,
    hidden: slice | None,
    chance: np.random.Generator,
    seed: int,
) -> lightgbm.Booster | None:
    """The model of a fold; None if there are too few rows to learn from."""
    n, series = work.level.shape
    count = min(MOST_ROWS, len(teach) * work.horizon * series)
    origin = chance.choice(teach, count)
    step = chance.integers(1, work.horizon + 1, count)
    column = chance.integers(0, series, count)
    usable = origin + step < n
    if hidden is not None:
        usable &= (origin + step < hidden.start) | (origin >= hidden.stop)
    origin, step, column = origin[usable], step[usable], column[usable]
    came = work.target[origin + step, column]
    change = (came - ground.start[origin, column]) / ground.unit[origin, column]
    known = np.isfinite(change)
    if known.sum() < FEWEST_ROWS:
        return None
    rows = features(ground, origin[known], step[known], column[known], year_of(work))
    weights = 0.5 ** ((n - 1 - origin[known]) / (HALF_LIFE * work.pace.year / 365.25))
    data = lightgbm.Dataset(rows, np.clip(change[known], -CLIPPED, CLIPPED), weight=weights)
    return lightgbm.train({**FEW_LEAVES, "seed": seed}, data, ROUNDS)


def told(work: Work, ground: Ground, model: lightgbm.Booster | None, origins: Integers) -> Floats:
    """What the model says at these origins: float64[o, h, s]; without one the level stays."""
    shape = (len(origins), work.horizon, work.level.shape[1])
    if model is None:
        return np.broadcast_to(ground.start[origins][:, None], shape)
    place, step, column = (each.ravel() for each in np.indices(shape))
    rows = features(ground, origins[place], step + 1, column, year_of(work))
    change = np.asarray(model.predict(rows, num_threads=1)).reshape(shape)
    forecast: Floats = ground.start[origins][:, None] + change * ground.unit[origins][:, None]
    return forecast


def year_of(work: Work) -> int:
    """A year in whole seasons."""
    return round(work.pace.year / work.pace.season) * work.pace.season


def ground_of(work: Work) -> Ground:
    level = work.level
    start = smoothed(level, 0.5)
    total = running_total(level)
    change = np.abs(np.diff(level, axis=0, prepend=level[:1]))
    unit = np.maximum(trailing(running_total(change), max(13, 91 * work.pace.season // 7)), 0.004)
    scale = work.pace.season / 7 if work.pace.season > 1 else 1 / 7
    windows = {days: max(1, round(days * scale)) for days in MEANS}
    means = {days: trailing(total, window) for days, window in windows.items()}
    own = [smoothed(level, 0.2) - start, smoothed(level, 0.08) - start, level - start]
    own += [mean - start for mean in means.values()]
    slopes = [means[days] - shifted(means[days], windows[days]) for days in SLOPES]
    common = [*slopes, *(means[days] - start for days in (28, 91, 364))]
    shared = [np.broadcast_to(one.mean(axis=1, keepdims=True), one.shape) for one in common]
    columns = np.stack([*own, *slopes, *shared], axis=-1) / unit[..., None]
    return Ground(start, unit, columns.astype(np.float32), total)


def features(
    ground: Ground, origin: Integers, step: Integers, column: Integers, year: int
) -> Features:
    """float32[rows, k]: the ground at the origin, what came next a year ago, and the distance."""
    every = ground.total.mean(axis=1, keepdims=True)
    own = grown(ground.total, origin, step, column, year)
    of_all = grown(every, origin, step, np.zeros_like(column), year)
    unit = ground.unit[origin, column]
    more = np.column_stack([own / unit, of_all / unit, step]).astype(np.float32)
    return np.concatenate([ground.columns[origin, column], more], axis=1)


def grown(total: Floats, origin: Integers, step: Integers, column: Integers, year: int) -> Floats:
    """By how much the level rose a year ago over the same distance; NaN where that is not known.

    The mean of the seven steps on either side, of what was known at the origin, less the mean of
    the seven up to the origin's own step of last year.
    """
    last, middle = origin - year, origin - year + step
    since, until = (np.clip(each, 0, origin) for each in (middle - 7, middle + 7))
    came = between(total, since, until, column)
    stood = between(total, np.maximum(last - 6, 0), np.maximum(last, 0), column)
    return np.where((last >= 7) & (middle - 7 <= origin), came - stood, np.nan)


def between(total: Floats, first: Integers, last: Integers, column: Integers) -> Floats:
    """The mean of the steps first..last, both included, from running totals."""
    last = np.maximum(last, first)
    mean: Floats = (total[last + 1, column] - total[first, column]) / (last + 1 - first)
    return mean


def shifted(values: Floats, steps: int) -> Floats:
    """The values so many steps before; the first one before there were any."""
    place = np.maximum(np.arange(len(values)) - steps, 0)
    before: Floats = values[place]
    return before
