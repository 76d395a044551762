"""How far a forecast of few, long steps is off: from the past errors of a series and its peers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.forecasts.baseline import QUANTILES, student

Floats = NDArray[np.float64]
HALF_LIFE = (
    1.5  # years after which an error counts half: the width of five public sets hardly moves
)
OWN = 1.0  # independent errors that the peers are worth against a series' own
FEWEST_PEERS = 5  # series with errors, below which no line through them says anything
SHOCK = 2.0  # times the usual error of all peers together, above which an origin counts for less
TAIL = 5  # degrees of freedom of the band before any error is seen
TAIL_WORTH = 10  # independent errors that this prior shape is worth
TAIL_MEAN = 0.949  # the mean absolute value of a Student t with 5 degrees of freedom


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Error quantiles, widening with the step: scale float64[S] x growth float64[h] x shape[q]."""

    scale: Floats
    growth: Floats
    shape: Floats
    peers: int

    def ahead(self, stale: NDArray[np.int64]) -> Floats:
        """float64[S, h, q]; a series silent for `stale` int64[S] steps starts that far ahead."""
        horizon = len(self.growth)
        steps = stale[:, None] + np.arange(1, horizon + 1)
        beyond = np.sqrt(np.maximum(steps / horizon, 1))
        growth = self.growth[np.minimum(steps, horizon) - 1] * beyond
        errors: Floats = (self.scale[:, None] * growth)[:, :, None] * self.shape
        return errors


def spread(errors: Floats, levels: Floats, season: int) -> Spread:
    """From the errors float64[S, n, h] of every origin (NaN unknown), newest last, all >= 1 step.

    `levels` float64[S] >= 0 is the size of each series. The scale is the mean absolute error over
    the growth, recent years first, shrunk to what peers of its size have (a line through their
    logarithms; without peers see `alone`); origins of a shock common to all count for less
    (`_calm`). Overlapping errors count as the origins divided by the
    mean number of steps. Growth is the peers' together, smoothed over neighbouring steps, and
    never falls. The shape is that of all scaled errors, a series' scale there without the origins
    that overlap, mirrored: a common shock in the past says nothing about the sign of the next.
    """
    sizes = np.abs(np.nan_to_num(errors))
    age = np.arange(errors.shape[1])[::-1] / (HALF_LIFE * season)
    weights = np.where(np.isfinite(errors), (0.5**age)[:, None], 0.0)
    weights *= _calm(weights, sizes)
    number = weights.max(axis=2).sum(axis=1) ** 2 / np.maximum(weights.sum(axis=(1, 2)), 1e-12)
    growth = np.ones(errors.shape[2])
    for _ in range(3):
        own = _share((weights * sizes / growth).sum(axis=(1, 2)), weights.sum(axis=(1, 2)))
        prior = _of_peers(own, levels)
        scale = (OWN * prior + number * own) / (OWN + number)
        growth = _growth(weights, sizes / scale[:, None, None])
    apart = _apart(weights, sizes / growth, number, prior)
    # Series that never erred know nothing of a shape.
    told = own > 0
    scaled = sizes[told] / (apart[told][:, :, None] * growth)
    shape = _shape(scaled, weights[told], float(number[told].sum()))
    return Spread(scale, growth, shape, int(told.sum()))


def _calm(weights: Floats, sizes: Floats) -> Floats:
    """What each origin and step counts, float64[n, h] in (0, 1]: less if all peers were far off.

    A shock that hits 300 series at once is one observation of shocks, not 300 of the usual error.
    """
    own = _share((weights * sizes).sum(axis=(1, 2)), weights.sum(axis=(1, 2)))
    told, counted = own > 0, weights > 0
    if told.sum() < FEWEST_PEERS:
        return np.ones(sizes.shape[1:])
    # One series that jumped is no shock: it weighs at most 4 times its own usual error.
    relative = np.minimum(sizes[told] / own[told][:, None, None], 4.0)
    typical = _share(relative.sum(axis=0), counted[told].sum(axis=0))
    usual = np.ones(typical.shape[1])
    for k, column in enumerate(typical.T):
        seen = column[column > 0]
        usual[k] = np.median(seen) if len(seen) else 1.0
    return np.minimum(1.0, SHOCK * usual / np.maximum(typical, 1e-12)).clip(min=1e-6)


def alone(levels: Floats) -> Floats:
    """The mean absolute change in a step that a series of this size has, before any is seen.

    A Poisson part and a part of the level: within a third of the medians per size of five public
    sets of bed and attendance counts (those of docs/method.md, 2026), 3 to 3,000 a step.
    """
    expected: Floats = np.sqrt(levels + 0.5) / 2 + 0.03 * levels
    return expected


def _of_peers(own: Floats, levels: Floats) -> Floats:
    told = own > 0
    if told.sum() < FEWEST_PEERS:
        return alone(levels)
    size = np.log(levels + 0.5)
    lines = np.column_stack([np.ones(len(own)), size])
    # No further than the sizes of the peers themselves: a line says nothing beyond its points.
    reach = np.clip(size, size[told].min(), size[told].max())
    # A series that hardly ever changed is not infinitely far below the line.
    sizes = np.log(np.maximum(own, alone(levels) / 100))
    (start, slope), *_ = np.linalg.lstsq(lines[told], sizes[told], rcond=None)
    return np.asarray(np.exp(start + slope * reach))


def _growth(weights: Floats, sizes: Floats) -> Floats:
    total, weight = (weights * sizes).sum(axis=(0, 1)), weights.sum(axis=(0, 1))
    origins = (weights > 0).any(axis=0).sum(axis=0)
    means = _share(total, weight)
    if not means[0] > 0:
        return np.asarray(np.sqrt(np.arange(1, len(means) + 1)))
    relative = np.ones(len(means))
    for k in range(1, len(means)):
        # A step with few origins leans on the step before, as in a random walk.
        onward = relative[k - 1] * np.sqrt((k + 1) / k)
        relative[k] = (origins[k] * means[k] / means[0] + onward) / (origins[k] + 1)
    padded = np.concatenate([relative[:1], relative, relative[-1:]])
    return np.maximum.accumulate((padded[:-2] + padded[1:-1] + padded[2:]) / 3)


def _apart(weights: Floats, sizes: Floats, number: Floats, prior: Floats) -> Floats:
    """The scale float64[S, n] at each origin without that origin and those close to it."""
    origins, near = weights.shape[1], max(1, weights.shape[2] // 2)
    total = np.cumsum(np.pad((weights * sizes).sum(axis=2), ((0, 0), (1, 0))), axis=1)
    weight = np.cumsum(np.pad(weights.sum(axis=2), ((0, 0), (1, 0))), axis=1)
    low = (np.arange(origins) - near).clip(min=0)
    high = (np.arange(origins) + near + 1).clip(max=origins)
    rest = (weight[:, -1:] - weight[:, high] + weight[:, low]).clip(min=0)
    own = _share((total[:, -1:] - total[:, high] + total[:, low]).clip(min=0), rest)
    left = number[:, None] * _share(rest, weight[:, -1:])
    return (OWN * prior[:, None] + left * own) / (OWN + left)


def _shape(scaled: Floats, weights: Floats, number: float) -> Floats:
    before = student(QUANTILES, TAIL) / TAIL_MEAN
    counted = weights > 0
    if not counted.any():
        return before
    order = np.argsort(scaled[counted])
    size, weight = scaled[counted][order], weights[counted][order]
    place = (np.cumsum(weight) - weight / 2) / weight.sum()
    away = np.array(QUANTILES) - 0.5
    seen = np.sign(away) * np.interp(np.abs(2 * away), place, size)
    return np.asarray((number * seen + TAIL_WORTH * before) / (number + TAIL_WORTH))


def _share(part: Floats, whole: Floats) -> Floats:
    return np.asarray(part / np.where(whole > 0, whole, 1.0))
