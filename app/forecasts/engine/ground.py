"""What is known of each series at each step, as the models of all series together see it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.forecasts.engine.asked import Floats
from app.forecasts.engine.levels import Integers, running_total, smoothed, trailing
from app.forecasts.engine.work import Work

Features = NDArray[np.float32]
MEANS = (7, 14, 28, 56, 91, 182, 364)
SLOPES = (7, 14, 28)
EARLIEST = 90  # steps of days before the first origin that teaches
HALF_LIFE = 600.0  # steps of days after which an origin teaches half


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


def teaching(work: Work) -> Integers:
    """The steps that may teach as origins: int64[t]."""
    return np.arange(max(13, EARLIEST * work.pace.season // 7), len(work.level) - 1)


def worth(work: Work, origin: Integers) -> Floats:
    """What an origin counts by its age, the last step 1."""
    age = len(work.level) - 1 - origin
    weights: Floats = 0.5 ** (age / (HALF_LIFE * work.pace.year / 365.25))
    return weights


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
