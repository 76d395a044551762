"""Counts are whole: on the scale of a band the count k is the interval k +- 1/2."""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from app.forecasts.engine.asked import Floats

# The standard deviation of what is between -1/2 and 1/2 (Sheppard 1898).
ROUNDED = float(1 / np.sqrt(12))


def as_counts(quantiles: Floats, values: Floats, levels: Sequence[float]) -> Floats:
    """The quantiles float64[h, q] of a past float64[n] of whole counts, of others as they are.

    Errors of a count are themselves rounded: on the continuous scale each side of the median has
    their spread and that of the rounding, which are independent where the count moves by more than
    one. It shows below some ten; floored at 0, rising with the level.
    """
    seen = values[np.isfinite(values)]
    if not seen.size or (seen != np.round(seen)).any():
        return quantiles
    middle = quantiles[:, [list(levels).index(0.5)]]
    rounding = ROUNDED * np.array([NormalDist().inv_cdf(level) for level in levels])
    apart = quantiles - middle
    wider = middle + np.sign(rounding) * np.hypot(apart, rounding)
    rising: Floats = np.maximum.accumulate(np.maximum(wider, 0.0), axis=1)
    return rising
