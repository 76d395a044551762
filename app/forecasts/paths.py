"""Sample paths: quantiles step by step, made into ways that the coming time may go.

Every number of sums, weeks and months comes from the same paths, so that they agree: the sum of the
units is their group on each path, and the mean of the days is their month. A path takes its values
from the quantiles of its series and its order from how errors went together at earlier origins
(the Schaake shuffle: Clark et al. 2004), over the steps and over the series at once.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Places = NDArray[np.int16]

COUNT = 500
# Without errors of its own a series is taken to wander so: the share of a step's error that is
# still there at the next one.
LASTS = 0.95
MOST_HALF = 60_000.0


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """How errors of one series went together: `off` float32[o, h], the newest origin last.

    The origins are the same for all series of a run, counted from the newest; None: not known.
    """

    name: str
    off: Singles | None


def places(templates: Sequence[Template], horizon: int, seed: int, count: int = COUNT) -> Places:
    """The place of each path among all, step by step: int16[s, count, h] from 0 on.

    Two origins are drawn for each path, for all series alike, and their errors mixed by the sine
    and cosine of one random angle: that keeps the covariances over steps and series, and gives as
    many paths as are wanted of fewer origins. Standardised at each step before; an error that is
    not known counts as none. A series without a template wanders by itself, by its name and `seed`.
    The second half of the paths mirrors the first, for all series alike: so the middle of a sum is
    not left to chance (antithetic variates, Hammersley & Morton 1956). `count` is even.
    """
    random = np.random.default_rng([seed, 0])
    longest = max([1, *(len(t.off) for t in templates if t.off is not None)])
    one, other = random.integers(0, longest, (2, count // 2))
    angle = random.uniform(0, np.pi / 2, count // 2)[:, None]
    found = np.empty((len(templates), count, horizon), dtype=np.int16)
    for row, template in zip(found, templates, strict=True):
        if template.off is None or not len(template.off):
            ways = wandering(template.name, horizon, seed, count // 2)
        else:
            errors = standardised(template.off[::-1])
            first, second = errors[one % len(errors)], errors[other % len(errors)]
            ways = np.cos(angle) * first + np.sin(angle) * second
        both = np.vstack([ways, -ways])
        row[:] = both.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
    return found


def standardised(off: Singles) -> Floats:
    """float32[o, h] -> the same less its mean and in units of its deviation, NaN as 0."""
    with np.errstate(all="ignore"):
        values = off.astype(np.float64)
        seen = np.isfinite(values)
        number = np.maximum(seen.sum(axis=0), 1)
        mean = np.where(seen, values, 0).sum(axis=0) / number
        about = np.where(seen, values - mean, 0.0)
        size = np.sqrt((about**2).sum(axis=0) / number)
    found: Floats = about / np.where(size > 0, size, 1.0)
    return found


def wandering(name: str, horizon: int, seed: int, count: int, lasts: float = LASTS) -> Floats:
    """Gaussian first-order autoregression float64[count, h] of variance 1, by name and seed."""
    random = np.random.default_rng([seed, 1, zlib.crc32(name.encode())])
    fresh = random.standard_normal((count, horizon))
    ways = np.empty_like(fresh)
    ways[:, 0] = fresh[:, 0]
    for step in range(1, horizon):
        ways[:, step] = lasts * ways[:, step - 1] + np.sqrt(1 - lasts**2) * fresh[:, step]
    return ways


def further(before: Places, lasts: float, seed: int, steps: int) -> Places:
    """Places of steps beyond a template: from int16[s, count] of the step before, [s, count, h].

    Each step keeps the share `lasts` of the normal score before it, and takes the rest from those
    of a path that is drawn anew, for all series alike: so the series stay as tied as they were.
    """
    count = before.shape[1]
    random = np.random.default_rng([seed, 2])
    score = np.array([NormalDist().inv_cdf((n + 0.5) / count) for n in range(count)])
    first = score[before]
    now = first
    found = np.empty((*before.shape, steps), dtype=np.int16)
    for step in range(steps):
        now = lasts * now + np.sqrt(1 - lasts**2) * first[:, shuffled(random, count)]
        found[:, :, step] = ranked(now)
    return found


def shuffled(random: np.random.Generator, count: int) -> NDArray[np.int64]:
    """A permutation of `count` paths whose second half mirrors the first, as theirs does."""
    middle = count // 2
    order, turned = random.permutation(middle), random.random(middle) < 0.5
    first = np.where(turned, order + middle, order)
    second = np.where(turned, order, order + middle)
    return np.concatenate([first, second])


def ranked(values: Floats) -> Places:
    """float64[s, count] -> the place of each in its row, int16."""
    order = values.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    found: Places = order.astype(np.int16)
    return found


def paths(quantiles: Floats, place: Places, levels: Sequence[float]) -> Floats:
    """Values float64[count, h] >= 0 whose distribution at each step has the quantiles [h, q].

    `place` int16[count, h] is a permutation of 0 .. count - 1 at each step. Between the levels the
    quantiles are drawn in a line; beyond the outer ones as the tail of a Gaussian that has the two
    outer quantiles of its side. No more digits than `half` stores.
    """
    ordered = np.maximum(quantiles @ drawn(tuple(levels), len(place)), 0.0)
    taken = np.take_along_axis(ordered.T, place.astype(np.int64), axis=0)
    return half(taken).astype(np.float64)


@cache
def drawn(levels: tuple[float, ...], count: int) -> Floats:
    """What makes values at (n + 1/2) / count of quantiles: float64[q, count]."""
    at = (np.arange(count) + 0.5) / count
    z = np.array([NormalDist().inv_cdf(level) for level in levels])
    score = np.array([NormalDist().inv_cdf(p) for p in at])
    low, high = at < levels[0], at > levels[-1]
    rows = []
    for unit in np.eye(len(levels)):
        row = np.interp(at, levels, unit)
        row[low] = unit[0] + (score[low] - z[0]) * (unit[1] - unit[0]) / (z[1] - z[0])
        row[high] = unit[-1] + (score[high] - z[-1]) * (unit[-1] - unit[-2]) / (z[-1] - z[-2])
        rows.append(row)
    return np.array(rows)


def half(values: Floats) -> NDArray[np.floating[Any]]:
    """Half precision: 3 digits and more; single above what half precision can hold."""
    large = values.size and float(np.nanmax(values)) > MOST_HALF
    return values.astype(np.float32 if large else np.float16)


def quantiles_of(ways: Floats, levels: Sequence[float]) -> Floats:
    """The quantiles of paths float64[count, h]: float64[h, q] (Hyndman & Fan 1996, type 5).

    Type 5 is the inverse of how `paths` takes values from quantiles: at (n + 1/2) / count.
    """
    found: Floats = np.quantile(ways, levels, axis=0, method="hazen").T
    return found


def packed(ways: Floats) -> tuple[int, bytes]:
    """Paths float64[count, h] as the store has them: the bits of a number, and what zlib packed."""
    numbers = half(ways)
    bits = numbers.dtype.itemsize * 8
    return bits, zlib.compress(numbers.astype(f"<f{bits // 8}").tobytes(), level=1)


def unpacked(bits: int, steps: int, told: bytes) -> Floats:
    """What `packed` was given, to the last bit."""
    numbers = np.frombuffer(zlib.decompress(told), dtype=f"<f{bits // 8}")
    return numbers.reshape(-1, steps).astype(np.float64)
