"""Days and weeks: pools of members, held against what came true at many past origins."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from app.forecasts.engine.asked import Floats
from app.forecasts.engine.bands import band, errors, lean_of, widening
from app.forecasts.engine.boosted import boosted
from app.forecasts.engine.ground import ground_of
from app.forecasts.engine.levels import calm, trending
from app.forecasts.engine.linear import linear
from app.forecasts.engine.pools import mixed, over_waves, pooled
from app.forecasts.engine.work import Work


@dataclass(frozen=True, slots=True, eq=False)
class Rolled:
    """What the engine says of s series: `quantiles` float64[s, h, q] in their own unit.

    On the engine's scale: `forecast` float64[o, h, s] is what the mixture of the pools said at
    every origin, and `off` float64[o - 1, h, s] what that was off.
    """

    quantiles: Floats
    forecast: Floats
    off: Floats


def rolled(work: Work, levels: Sequence[float], seed: int, stale: Sequence[int]) -> Rolled:
    """`stale` says how many steps ago each series was last told: its band is that of so many steps
    further, and the last of the horizon that many are not answered."""
    # Each pool is as large as all that is kept: none outlives the mixture.
    forecast = mixed(work, list(pools_of(work, seed).values()))
    off = errors(work, forecast)
    neighbours = work.pace.neighbours
    wide = band(off, levels, neighbours, lean_of(work))
    wide *= widening(work, off, levels, neighbours)
    horizon = work.horizon - max(stale)
    wide = np.stack([wide[n : n + horizon, place] for place, n in enumerate(stale)], axis=1)
    middle = forecast[-1, :horizon] + work.effect[len(work.level) :][:horizon]
    found = [work.scale.back(middle + wide[..., q]) for q in range(len(levels))]
    quantiles = np.sort(np.stack(found, axis=-1), axis=-1)
    return Rolled(np.moveaxis(quantiles, 1, 0), forecast, off)


def pools_of(work: Work, seed: int) -> dict[str, Floats]:
    """Levels as they stand; where the past shows a year, levels about its wave, and what learns.

    Models that have not seen each season of a year take it for the way of the world: of a year of
    epidemic waves the trees erred three times as much as the naive.
    """
    found = {"levels": pooled(work, lambda: levels_of(work))}
    waves = work.waves()
    if waves is not None:
        found["waves"] = pooled(work, lambda: waves_of(work, waves))
        ground = ground_of(work)
        if work.pace.season > 1:  # of weeks there are too few to learn it from
            found["linear"] = linear(work, ground)
        found["trees"] = boosted(work, ground, seed)
    return found


def levels_of(work: Work) -> Iterator[Floats]:
    yield from calm(work.level, work.origins, work.horizon, work.pace.means)
    yield from trending(work.level, work.origins, work.horizon)


def waves_of(work: Work, waves: Sequence[Floats]) -> Iterator[Floats]:
    means, horizon = work.pace.means, work.horizon
    yield from over_waves(work, waves, lambda level, at: calm(level, at, horizon, means))
    yield from over_waves(work, waves, lambda level, at: trending(level, at, horizon))
