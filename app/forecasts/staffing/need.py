"""How many heads a shift needs on every sample path: by who is there, or by who asks."""

from collections.abc import Sequence
from functools import lru_cache
from math import inf

import numpy as np
from numpy.typing import NDArray

from app.forecasts.queues import answered_within

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
# Bisections of a rate: the last bound is closer than a thousandth of the first.
HALVED = 14
# No post has more heads of one role than this; a slip of the keys asks for more.
MOST_HEADS = 400


def counted(paths: Floats) -> Whole:
    """Whole people on each path: float64[paths, h] >= 0 -> int64. A path tells a count k as the
    interval k +- 1/2 (see `gap.against_plan`), so that 8.3 people are 8."""
    found: Whole = np.floor(np.maximum(paths, 0.0) + 0.5).astype(np.int64)
    return found


def by_patients(patients: Whole, per_head: float | None, at_least: int) -> Whole:
    """heads = max(atLeast, ceil(patients / patientsPerHead)): int64, the shape of `patients`.

    `per_head` > 0; None: the minimum alone, whoever is there. Where nobody is, the minimum stays:
    the shift is kept. Raises ValueError for a ratio of 0 or below.
    """
    if per_head is None:
        return np.full(patients.shape, at_least, dtype=np.int64)
    if per_head <= 0:
        raise ValueError("Patients per head are more than 0.")
    # Without what division by a ratio such as 1.1 adds to a whole quotient.
    heads = np.ceil(patients / per_head - 1e-9).astype(np.int64)
    return np.maximum(heads, at_least)


def mean_by_patients(patients: Floats, per_head: float | None, at_least: int) -> Floats:
    """Mean heads a shift where only the mean of who is there is known: float64, as `patients`.

    Counts that lie about their mean more widely than one ratio k lose (k - 1) / (2 k) of a head to
    rounding up, in the mean. Never below the minimum.
    """
    if per_head is None:
        return np.full(patients.shape, float(at_least))
    lost = max(per_head - 1, 0.0) / (2 * per_head)
    heads = patients / per_head + np.where(patients > 0, lost, 0.0)
    return np.maximum(heads, float(at_least))


@lru_cache(maxsize=256)
def bearable_rates(
    handling: float, share: float | None, within: float, patience: float, top: float
) -> tuple[float, ...]:
    """The highest rate an hour that 1, 2, 3 ... heads bear, up to the first at or above `top`.

    `handling`, `within` and `patience` (inf: all wait) in hours. With a target the rate at which
    still `share` is served `within`: Erlang-C, with patience Erlang-A, by bisection on
    `queues.answered_within`, which falls as the rate rises; to a thousandth. Without one (None)
    what they can do at their norm: heads / handling. Raises ValueError if so many heads as no post
    has do not suffice.
    """
    found: list[float] = []
    for heads in range(1, MOST_HEADS + 1):
        able = heads / handling
        if share is not None:
            able = bearable(heads, handling, share, within, patience, able)
        found.append(able)
        if able >= top:
            return tuple(found)
    raise ValueError(f"{top:g} an hour at {60 * handling:g} minutes asks for too many heads.")


def bearable(
    heads: int, handling: float, share: float, within: float, patience: float, able: float
) -> float:
    low = 0.0
    # Who gives up lets a queue be overloaded, and still so many may be served in time.
    high = able if patience == inf else 2 * able / share
    for _ in range(HALVED):
        middle = (low + high) / 2
        if answered_within(middle, handling, heads, within, patience) >= share:
            low = middle
        else:
            high = middle
    return low


def by_rate(
    rates: Floats,
    handling: float,
    at_least: int,
    share: float | None = None,
    within: float = 0.0,
    patience: float = inf,
) -> Whole:
    """Heads that rates of requests an hour (float64, >= 0) need: int64 of the same shape.

    See `bearable_rates`. Nobody asks: the minimum.
    """
    top = float(rates.max(initial=0.0))
    # By rough steps, so that the rates of few heads are reckoned once for all.
    rough = 2.0 ** np.ceil(np.log2(top)) if top > 0 else 1.0
    able = np.array(bearable_rates(handling, share, within, patience, float(rough)))
    heads = np.searchsorted(able, rates, side="left") + (rates > 0)
    return np.maximum(heads.astype(np.int64), at_least)


def of_shift(by_hour: Whole, lasts: Sequence[int]) -> Whole:
    """Heads that are enough in every hour: int64[paths, hours] -> int64[paths, steps].

    `lasts` gives how many hours each step has, 1 or more, one step behind the other.
    """
    begins = np.cumsum([0, *lasts[:-1]])
    found: Whole = np.maximum.reduceat(by_hour, begins, axis=1)
    return found
