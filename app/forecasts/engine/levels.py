"""Where a level goes from an origin: back to its mean, or along its damped trend."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from app.forecasts.engine.asked import Floats

Integers = NDArray[np.int64]
SMOOTHING = (0.03, 0.1, 0.25, 0.5, 0.8)
REVERSION = (0.99, 0.97, 0.92)
HOLT = tuple(
    (a, b, damping) for a in (0.3, 0.6) for b in (0.1, 0.3) for damping in (0.85, 0.93, 0.98)
)


def calm(
    values: Floats, origins: Integers, horizon: int, means: tuple[int, ...]
) -> Iterator[Floats]:
    """Each candidate float64[o, h, s] from `values` float64[n, s] at `origins` int64[o].

    The exponentially smoothed level, held, or drawn back to the mean of the last `m` values:
    mu + phi^h (level - mu), the forecast of a first-order autoregression about a slow mean
    (Box & Jenkins 1970). An origin is the last value that is known.
    """
    ahead = np.arange(1, horizon + 1)[None, :, None]
    levels = [smoothed(values, alpha)[origins][:, None] for alpha in SMOOTHING]
    for level in levels:
        yield np.broadcast_to(level, (len(origins), horizon, values.shape[1]))
    total = running_total(values)
    for window in means:
        mean = trailing(total, window)[origins][:, None]
        for phi in REVERSION:
            for level in levels:
                yield mean + (level - mean) * phi**ahead


def trending(values: Floats, origins: Integers, horizon: int) -> Iterator[Floats]:
    """Candidates as of `calm`: Holt's linear trend, damped (Gardner & McKenzie 1985)."""
    ahead = np.arange(1, horizon + 1)[None, :, None]
    alpha, beta, damping = (np.array(each)[:, None] for each in zip(*HOLT, strict=True))
    level = np.repeat(values[: min(7, len(values))].mean(axis=0)[None], len(HOLT), axis=0)
    trend = np.zeros_like(level)
    levels, trends = np.empty((2, len(origins), *level.shape))
    place = {int(origin): n for n, origin in enumerate(origins)}
    for step, value in enumerate(values):
        error = value - level - damping * trend
        level = level + damping * trend + alpha * error
        trend = damping * trend + alpha * beta * error
        if step in place:
            levels[place[step]], trends[place[step]] = level, trend
    for n, (_, _, phi) in enumerate(HOLT):
        reach = phi * (1 - phi**ahead) / (1 - phi)
        yield levels[:, n][:, None] + trends[:, n][:, None] * reach


def smoothed(values: Floats, alpha: float) -> Floats:
    """Simple exponential smoothing of each column float64[n, s], begun at its first mean."""
    first = values[: min(7, len(values))].mean(axis=0)[None]
    level: Floats = lfilter([alpha], [1, alpha - 1], values, axis=0, zi=(1 - alpha) * first)[0]
    return level


def running_total(values: Floats) -> Floats:
    return np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])


def trailing(total: Floats, window: int) -> Floats:
    """The mean of the last `window` steps at each step, over what there is at the begin."""
    place = np.arange(len(total) - 1)
    since = np.maximum(place + 1 - window, 0)
    mean: Floats = (total[1:] - total[since]) / (place + 1 - since)[:, None]
    return mean
