"""How the engine did at earlier origins, with bands made of what was known by then."""

from collections.abc import Sequence

import numpy as np

from app.forecasts import scores
from app.forecasts.engine.asked import Floats, Skill
from app.forecasts.engine.bands import band
from app.forecasts.engine.panel import Bools
from app.forecasts.engine.rolling import Rolled
from app.forecasts.engine.work import Work

# Judged so many steps ahead, at origins as far apart, so that no step counts twice.
STEPS = {7: 28, 1: 13}
FEWEST = 20  # errors that must be known before a band is made of them


def skills_of(work: Work, rolled: Rolled, levels: Sequence[float]) -> list[Skill | None]:
    """One for each series; None where the past is too short to tell.

    The point was learned outside the half year that it is judged in, and weighed by what had come
    true (`rolling`). The band at an origin is made of the errors whose truth was known there, and
    is not widened by how such bands did: that factor is learned from these very origins.
    """
    steps = min(STEPS[work.pace.season], work.horizon)
    at = [origin for origin in origins(work, steps) if known(work, origin, steps).sum() >= FEWEST]
    if not at:
        return [None] * work.level.shape[1]
    each = [judged(work, rolled, origin, steps, levels) for origin in at]
    columns = np.concatenate(each, axis=1)
    return [skill(column, len(at), steps) for column in np.moveaxis(columns, 2, 0)]


def origins(work: Work, steps: int) -> list[int]:
    """Places of pseudo-origins `steps` apart in the newer half, oldest first."""
    apart = max(1, steps // work.pace.stride)
    count = len(work.past)
    return list(range(count - 1, count // 2, -apart))[::-1]


def known(work: Work, at: int, steps: int) -> Bools:
    """The pseudo-origins of which so many steps had come true by the one at `at`: bool[o]."""
    found: Bools = work.past + steps <= work.past[at]
    return found


def judged(work: Work, rolled: Rolled, at: int, steps: int, levels: Sequence[float]) -> Floats:
    """CRPS, that of the naive, and inside 80 and 95%: float64[4, steps, s], NaN not told."""
    end = int(work.past[at]) + 1
    off = rolled.off[known(work, at, steps), :steps]
    middle = rolled.forecast[at, :steps] + work.effect[end : end + steps]
    wide = np.moveaxis(band(off, levels, work.pace.neighbours), 2, 0)
    quantiles = np.moveaxis(work.scale.back(middle + wide), 0, 2)
    told = work.scale.back(work.target[: end + steps] + work.effect[: end + steps])
    found = np.full((4, steps, told.shape[1]), np.nan)
    for series, truth in enumerate(told[end:].T):
        ours = quantiles[:, series]
        naive = scores.seasonal_naive(told[:end, series], steps, tuple(levels), work.pace.season)
        found[:, :, series] = [
            scores.crps(truth, ours, levels),
            scores.crps(truth, naive, levels),
            scores.covered(truth, ours, levels, 0.80),
            scores.covered(truth, ours, levels, 0.95),
        ]
    return found


def skill(columns: Floats, origins: int, steps: int) -> Skill | None:
    """From float64[4, points] of one series."""
    counted = columns[:, np.isfinite(columns).all(axis=0)]
    if not counted.size:
        return None
    ours, naive, c80, c95 = (float(each) for each in counted.mean(axis=1))
    relative = ours / naive if naive > 0 else float("nan")
    return Skill(relative, c80, c95, counted.shape[1], origins, steps)
