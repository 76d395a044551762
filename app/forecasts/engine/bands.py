"""From past errors to a band: how far off the engine was at each distance, for this series."""

from collections.abc import Sequence

import numpy as np

from app.forecasts.engine.asked import Floats
from app.forecasts.engine.work import Work

PEERS = 0.5  # of the shape of the errors so much is that of all series
ENOUGH = 64  # series that tell what is common to all: more would only be sorted
# The middle of n independent errors is off by 1.25 / sqrt(n) of their size by chance: from so many
# horizons on half of it is believed, which is right where true leans are a quarter of that size.
CENTRED = 30.0
TRIMMED = (0.025, 0.975)  # of its errors a series is as far off as those between say
FACTORS = np.round(np.arange(0.8, 1.81, 0.02), 2)
JUDGED = 0.5  # the newer half of the pseudo-origins judges bands made of what was known then


def errors(work: Work, forecast: Floats) -> Floats:
    """Truth less forecast at each pseudo-origin: float64[o - 1, h, s], NaN where not told."""
    found: Floats = work.truth() - forecast[:-1]
    return found


def band(off: Floats, levels: Sequence[float], neighbours: int, lean: float = 1.0) -> Floats:
    """Quantiles of the error at each distance: float64[o, h, s] -> float64[h, s, q].

    Errors are pooled over `neighbours` distances on either side; half the shape is that of all
    series, each in units of its own root mean square. Of their lean to one side the share `lean`
    is believed; the rest of the band is that of the errors with either sign.
    """
    size = size_of(off)
    scaled = off / size
    horizon, series = off.shape[1:]
    found = np.empty((horizon, series, len(levels)))
    some = slice(None, None, -(-series // ENOUGH))
    for step in range(horizon):
        near = scaled[:, max(0, step - neighbours) : step + neighbours + 1]
        own = leaning(near.reshape(-1, series), levels, lean)
        found[step] = (1 - PEERS) * own + PEERS * leaning(
            near[..., some].reshape(-1, 1), levels, lean
        )
    return growing(found, levels) * size[None, :, None]


def leaning(values: Floats, levels: Sequence[float], lean: float) -> Floats:
    """Quantiles of each column float64[n, s], of which the share `lean` leans: float64[s, q]."""
    told = quantiles(values, levels)
    if lean == 1:
        return told
    about = 2 * np.asarray(levels) - 1
    either = np.sign(about) * quantiles(np.abs(values), np.abs(about).tolist())
    found: Floats = lean * told + (1 - lean) * either
    return found


def lean_of(work: Work) -> float:
    """How far it is believed that past errors lean to one side: the horizons n that the
    pseudo-origins span, over n + CENTRED."""
    spans = (work.past[-1] - work.past[0]) / work.horizon
    return float(spans / (spans + CENTRED))


def quantiles(values: Floats, levels: Sequence[float]) -> Floats:
    """Of each column of float64[n, s] without its NaN: float64[s, q], 0 where nothing is known.

    By linear interpolation (Hyndman & Fan 1996, type 7), as `numpy.nanquantile`, which takes one
    column at a time and so most of the time of a band.
    """
    ordered = np.sort(values, axis=0)
    last = np.isfinite(values).sum(axis=0)[:, None] - 1
    at = np.asarray(levels) * np.maximum(last, 0)
    below = at.astype(np.int64)
    above = np.minimum(below + 1, np.maximum(last, 0))
    column = np.arange(values.shape[1])[:, None]
    low, high = ordered[below, column], ordered[above, column]
    found: Floats = np.where(last >= 0, low + (at - below) * (high - low), 0.0)
    return found


def growing(off: Floats, levels: Sequence[float]) -> Floats:
    """The band float64[h, s, q] with no interval narrower than at a shorter distance."""
    middle = off[..., [place(levels, 0.5)]]
    below = np.asarray(levels) < 0.5
    about = off - middle
    least, most = np.minimum.accumulate(about, axis=0), np.maximum.accumulate(about, axis=0)
    wider: Floats = middle + np.where(below, least, most)
    return wider


def size_of(off: Floats) -> Floats:
    """The root mean square error of each series, its wildest errors cut: float64[s] > 0."""
    each = off.reshape(-1, off.shape[2])
    low, high = quantiles(each, TRIMMED).T
    size: Floats = np.sqrt(np.nanmean(np.clip(each, low, high) ** 2, axis=0)) + 1e-6
    return size


def widening(work: Work, off: Floats, levels: Sequence[float], neighbours: int) -> Floats:
    """By what factor bands of earlier errors were too narrow for later ones: one for each level.

    At moments a horizon apart in the newer half of the pseudo-origins, the band of the errors
    that were known by then is held against what came; the factor is that by which the central
    intervals would have held their share. Symmetric levels share one; between the intervals of
    80 and 95% it is drawn in a line.
    """
    found = {0.8: 1.0, 0.95: 1.0}
    looks = (judged(work, off, at, levels, neighbours) for at in moments(work))
    held = [each for each in looks if each is not None]
    if held:
        for share in found:
            inside = np.nanmean(np.stack([each[share] for each in held]), axis=0)
            found[share] = float(np.interp(share, inside, FACTORS))
    width = np.abs(2 * np.asarray(levels) - 1)
    factors: Floats = np.interp(width, [0.8, 0.95], [found[0.8], found[0.95]])
    return factors


def moments(work: Work) -> list[int]:
    """Places of pseudo-origins a horizon apart, in the newer half, newest first."""
    apart = max(1, work.horizon // work.pace.stride)
    return list(range(len(work.past) - 1, int(len(work.past) * (1 - JUDGED)), -apart))


def judged(
    work: Work, off: Floats, at: int, levels: Sequence[float], neighbours: int
) -> dict[float, Floats] | None:
    """The share of later errors inside each widened interval: float64[factors] by interval."""
    known = work.past + work.horizon <= work.past[at]
    if known.sum() < 20:
        return None
    told = band(off[known], levels, neighbours)
    found = {}
    for share in (0.8, 0.95):
        low = told[..., place(levels, (1 - share) / 2)]
        high = told[..., place(levels, (1 + share) / 2)]
        inside = [(factor * low <= off[at]) & (off[at] <= factor * high) for factor in FACTORS]
        seen = np.isfinite(off[at])
        found[share] = np.array([each[seen].mean() if seen.any() else np.nan for each in inside])
    return found


def place(levels: Sequence[float], level: float) -> int:
    return int(np.argmin(np.abs(np.asarray(levels) - level)))
