"""Supply less demand: by how much it is short, how probably, and on which day most."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
STRATA = (np.arange(60) + 0.5) / 60  # equal slices of probability of supply and of demand


@dataclass(frozen=True, slots=True, eq=False)
class Gap:
    """Supply - demand per step: below 0 is short. NaN where supply or demand is unknown.

    `quantiles` float64[h, q] at the levels asked, `short` float64[h] = P(demand > supply), `worst`
    the step with the highest P(short), None when every step is unknown.
    """

    quantiles: Floats
    short: Floats
    worst: int | None


def against_plan(
    demand: Floats, supply: Sequence[float | None] | Floats, levels: Sequence[float], *, whole: bool
) -> Gap:
    """The gap to a supply that is known: demand quantiles float64[h, q], supply [h] in its unit.

    A supply of None or NaN is unknown and stays so, never 0. `levels` are increasing and symmetric
    about 1/2: the p-quantile of supply - demand is supply less the (1 - p)-quantile of demand. Set
    `whole` when demand is a whole count k, told as the interval k +- 1/2: demand then exceeds a
    supply s from floor(s) + 1/2 on; unset it for means of months.

    P(short) comes from linear interpolation of the quantiles. Beyond the outer levels nothing was
    forecast, so that it stays between them: 0.025 means "at most 0.025", 0.975 "at least". On a
    tie of P(short) the worst step is the one with the smallest median gap, then the earliest.
    ValueError if shapes or levels do not fit.
    """
    plan = np.array([np.nan if s is None else s for s in supply], dtype=np.float64)
    _check(demand, plan[:, None], levels)
    limit = np.floor(plan) + 0.5 if whole else plan
    quantiles: Floats = plan[:, None] - demand[:, ::-1]
    return _gap(quantiles, _exceeds(demand, limit[:, None], levels), levels)


def against_forecast(
    demand: Floats, supply: Floats, levels: Sequence[float], *, whole: bool
) -> Gap:
    """The gap to a supply that is itself forecast: both are quantiles float64[h, q].

    Supply and demand are taken as independent, which is conservative where they rise together (a
    surge ward). Both are cut into 60 equally probable slices and each pair is compared; beyond
    the outer levels a slice takes the outer quantile. Otherwise as `against_plan`.
    """
    _check(demand, supply, levels)
    ours, theirs = _slices(demand, levels), _slices(supply, levels)
    difference = (theirs[:, :, None] - ours[:, None, :]).reshape(len(demand), -1)
    limit = np.floor(theirs + 0.5) + 0.5 if whole else theirs
    quantiles: Floats = np.quantile(difference, np.asarray(levels), axis=1).T
    return _gap(quantiles, _exceeds(demand, limit, levels), levels)


def _gap(quantiles: Floats, short: Floats, levels: Sequence[float]) -> Gap:
    known = np.isfinite(short)
    median = quantiles[:, int(np.argmin(np.abs(np.asarray(levels) - 0.5)))]
    # lexsort puts the last key first: highest P(short), then smallest median, then earliest.
    order = np.lexsort((median[known], -short[known]))
    worst = int(np.flatnonzero(known)[order[0]]) if known.any() else None
    return Gap(np.where(known[:, None], quantiles, np.nan), short, worst)


def _exceeds(demand: Floats, limits: Floats, levels: Sequence[float]) -> Floats:
    """The mean of P(demand > limit) over limits float64[h, m], in the outer levels; NaN unknown."""
    # np.interp takes the last of equal quantiles: P(demand <= x) counts all the mass at x.
    below = [
        np.interp(at, row, levels, left=0, right=1).mean()
        for at, row in zip(limits, demand, strict=True)
    ]
    known = np.isfinite(limits.sum(axis=1)) & np.isfinite(demand.sum(axis=1))
    return np.where(known, (1 - np.array(below)).clip(1 - levels[-1], 1 - levels[0]), np.nan)


def _slices(quantiles: Floats, levels: Sequence[float]) -> Floats:
    return np.array([np.interp(STRATA, levels, row) for row in quantiles]).reshape(-1, len(STRATA))


def _check(demand: Floats, supply: Floats, levels: Sequence[float]) -> None:
    if demand.ndim != 2 or demand.shape[1] != len(levels):
        raise ValueError(f"Demand has shape {demand.shape}; give [steps, {len(levels)} levels].")
    if supply.shape not in (demand.shape, (len(demand), 1)):
        raise ValueError(f"Supply has shape {supply.shape} for {len(demand)} steps of demand.")
    p = np.asarray(levels, dtype=np.float64)
    if (np.diff(p) <= 0).any() or not np.allclose(p + p[::-1], 1):
        raise ValueError("The levels must increase and be symmetric about 1/2, as 0.1, 0.5, 0.9.")
