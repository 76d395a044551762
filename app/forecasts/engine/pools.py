"""Members side by side: a weight for each by what it was off, first in its pool, then between."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from app.forecasts.engine.asked import Floats
from app.forecasts.engine.bands import quantiles
from app.forecasts.engine.panel import Bools
from app.forecasts.engine.work import Work

Candidates = Callable[[], Iterator[Floats]]
Bounds = Sequence[tuple[int, int]]
# Inside a pool a candidate loses e-fold weight for each 1/25 that it erred more than the best.
SHARPNESS = 25.0
LEAST_SHARE = 0.02
WILD = 5.0  # times what is usual: an error beyond it, as of a day that was not told, weighs no more
RECENT = 200.0  # steps of days after which an error inside a pool counts half
# Between pools half of a loss is that of the series, half that of all (forecasting.md, "Engine"). A
# half-life of 45 days followed single origins: a quarter erred less on the two daily sets.
BETWEEN_DAYS = 90.0
BETWEEN_SHARPNESS = 6.0


def over_waves(
    work: Work, waves: Sequence[Floats], member: Callable[..., Iterator[Floats]]
) -> Iterator[Floats]:
    """A member's candidates of what the yearly wave leaves, with the wave put on again."""
    n = len(work.level)
    ahead = np.arange(1, work.horizon + 1)
    each = []
    for wave, (places, _) in zip(waves, work.folds(), strict=True):
        at = work.origins[places]
        again = wave[at[:, None] + ahead]
        each.append([again, member(work.level - wave[:n], at)])
    while True:
        # One fold after the other: a candidate is large, and none is held while the next is made.
        whole, first = np.empty((len(work.origins), work.horizon, work.level.shape[1])), 0
        for again, candidates in each:
            one = next(candidates, None)
            if one is None:
                return
            np.add(again, one, out=whole[first : first + len(again)])
            first += len(again)
            del one
        yield whole
        del whole


def pooled(work: Work, candidates: Candidates) -> Floats:
    """One forecast float64[o, h, s] from many: soft weights by their recent absolute errors.

    A weight holds for one series and bucket of distances; half of the error that it rests on is
    that of all series, each in units of its own typical step. The candidates are made twice, so
    that only one of them is held at a time.
    """
    truth, bounds = work.truth(), work.pace.bounds(work.horizon)
    weights = half_lives(work, RECENT)
    typical = typical_step(work)
    # A comprehension would hold each while the next is made.
    loss = partial(mean_loss, truth, weights, bounds, wild(work, truth, typical))
    losses = np.array([*map(loss, candidates())])
    del truth, loss
    losses = (losses + (losses / typical).mean(axis=-1, keepdims=True) * typical) / 2
    shares = np.exp(-SHARPNESS * (losses / losses.min(axis=0) - 1))
    shares = np.where(shares < LEAST_SHARE, 0.0, shares)
    shares /= shares.sum(axis=0)
    found = np.zeros((len(work.origins), work.horizon, work.level.shape[1]))
    again = candidates()
    for share in shares:
        weigh_in(found, share, next(again), bounds)
    return found


def weigh_in(found: Floats, share: Floats, candidate: Floats, bounds: Bounds) -> None:
    for (low, high), of_bucket in zip(bounds, share, strict=True):
        if of_bucket.any():
            found[:, low:high] += of_bucket * candidate[:, low:high]


def wild(work: Work, truth: Floats, typical: Floats) -> Floats:
    """The largest error that counts in full: float64[b, s], from that of a level that is held."""
    off = np.abs(truth - work.level[work.past][:, None])
    usual = [
        quantiles(off[:, low:high].reshape(-1, off.shape[2]), (0.5,))[:, 0]
        for low, high in work.pace.bounds(work.horizon)
    ]
    return WILD * np.maximum(usual, typical)


def mean_loss(
    truth: Floats, weights: Floats, bounds: Bounds, most: Floats, candidate: Floats
) -> Floats:
    """The weighted mean absolute error of each bucket and series, `most` at most: float64[b, s]."""
    found = []
    for (low, high), bound in zip(bounds, most, strict=True):
        off = np.abs(truth[:, low:high] - candidate[:-1, low:high])
        known = np.isfinite(off)
        off = np.where(known, np.minimum(off, bound), 0.0)
        sums = np.tensordot(weights, off.sum(axis=1), axes=1)
        counts = np.tensordot(weights, known.sum(axis=1), axes=1)
        found.append(sums / np.maximum(counts, 1e-12))
    return np.array(found) + 1e-9


def mixed(work: Work, pools: Sequence[Floats]) -> Floats:
    """The pools as one float64[o, h, s], by weights from losses that were realised by each origin.

    A loss counts from the day on which its last truth came in; until any has, all weigh the same.
    Softmax of minus the log of the mean loss, which for two pools is the logistic of their log
    ratio. A pool that is broken loses its weight as soon as its errors are seen.
    """
    truth, typical = work.truth(), typical_step(work)
    found = np.zeros_like(pools[0])
    for low, high in work.pace.bounds(work.horizon):
        losses = np.array([bucket_loss(truth, pool, low, high) / typical for pool in pools])
        known = realised(work, losses, high)
        scores = -BETWEEN_SHARPNESS * np.log(known + 1e-9)
        shares = np.exp(scores - scores.max(axis=0))
        shares /= shares.sum(axis=0)
        for share, pool in zip(shares, pools, strict=True):
            found[:, low:high] += share[:, None] * pool[:, low:high]
    return found


def bucket_loss(truth: Floats, pool: Floats, low: int, high: int) -> Floats:
    """The mean absolute error of each pseudo-origin in a bucket: float64[o - 1, s], NaN unknown."""
    off = np.abs(truth[:, low:high] - pool[:-1, low:high])
    known = np.isfinite(off)
    sums = np.where(known, off, 0.0).sum(axis=1)
    return np.where(known.any(axis=1), sums / np.maximum(known.sum(axis=1), 1), np.nan)


def realised(work: Work, losses: Floats, reach: int) -> Floats:
    """The recent mean loss of each pool as known at each origin: float64[p, o, s].

    `losses` float64[p, o - 1, s] by pseudo-origin; half that of the series, half that of all.
    """
    known: Bools = np.all(np.isfinite(losses), axis=0)
    weight = 0.5 ** (work.pace.stride / between_steps(work))
    sums = np.zeros((len(losses), losses.shape[2]))
    counts = np.zeros(losses.shape[2])
    found = np.ones((len(losses), len(work.origins), losses.shape[2]))
    waiting = 0
    for place, origin in enumerate(work.origins):
        while waiting < len(work.past) and work.past[waiting] + reach <= origin:
            sums = weight * sums + np.where(known[waiting], losses[:, waiting], 0.0)
            counts = weight * counts + known[waiting]
            waiting += 1
        if counts.any():
            own = sums / np.maximum(counts, 1e-9)
            of_all = sums.sum(axis=1, keepdims=True) / counts.sum()
            found[:, place] = (np.where(counts > 0, own, of_all) + of_all) / 2
    return found


def between_steps(work: Work) -> float:
    return BETWEEN_DAYS * work.pace.year / 365.25


def half_lives(work: Work, days: float) -> Floats:
    """The weight of each pseudo-origin, the newest 1: float64[o - 1]."""
    steps = days * work.pace.year / 365.25
    weights: Floats = 0.5 ** ((work.past[-1] - work.past) / steps)
    return weights


def typical_step(work: Work) -> Floats:
    """By how much each series changes over a season: float64[s] > 0, its unit of error.

    At least a tenth of what is usual among all: one that hardly ever moves must not weigh most.
    """
    season = work.pace.season
    change = np.abs(work.target[season:] - work.target[:-season])
    known = np.isfinite(change)
    mean = np.where(known, change, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    typical: Floats = np.maximum(mean, np.median(mean) / 10) + 1e-3
    return typical
