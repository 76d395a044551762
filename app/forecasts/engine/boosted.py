"""One gradient-boosted model of all series together, learned from many origins."""

import lightgbm
import numpy as np

from app.forecasts.engine.asked import Floats
from app.forecasts.engine.ground import Ground, features, teaching, worth, year_of
from app.forecasts.engine.levels import Integers
from app.forecasts.engine.work import Work

ROUNDS = 60
FEWEST_ROWS, MOST_ROWS = 1_000, 30_000
TOLD_ROWS = 200_000  # so many at a time are told, which bounds the memory
CLIPPED = 60.0  # typical steps: beyond this an error teaches no more
FEW_LEAVES = {
    "objective": "l1",
    "learning_rate": 0.1,
    "num_leaves": 8,
    "min_data_in_leaf": 120,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.6,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


def boosted(work: Work, ground: Ground, seed: int) -> Floats:
    """The forecast float64[o, h, s] at each origin; that of a pseudo-origin never saw its fold.

    Gradient-boosted trees on absolute error (Friedman 2001; Ke et al. 2017) of the change from
    the smoothed level, in units of the series' own recent step, from where the level stands
    against its means, its slopes, those of all series, and what a year ago came next.
    """
    teach = teaching(work)
    found = np.empty((len(work.origins), work.horizon, work.level.shape[1]))
    for number, (places, hidden) in enumerate(work.folds()):
        model = learned(work, ground, teach, hidden, np.random.default_rng([seed, number]), seed)
        for part in np.array_split(places, 1 + len(places) * found[0].size // TOLD_ROWS):
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
    weights = worth(work, origin[known])
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
