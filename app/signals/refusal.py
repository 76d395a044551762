"""How likely a request finds no place in the coming 24 hours, from the state of now."""

from functools import lru_cache
from math import ceil, exp, sqrt

import numpy as np

DAY_HOURS = 24.0
# So little is left out of either side: far below what any answer is rounded to.
LEFT_OUT = 1e-12
# Beyond this work (events of the stretch x states they reach, and what each event costs besides)
# the chance is not reckoned: some tenths of a second. A slip of the keys makes such a pool.
MOST_WORK = 3e7
EACH_EVENT = 1000


@lru_cache(maxsize=8192)
def no_place(
    taken: int,
    free: int,
    requests_per_day: float,
    departures_per_day: float,
    hours: float = DAY_HOURS,
) -> float | None:
    """The chance (0..1) that a request in the coming `hours` finds no place.

    Now `taken` places are taken and `free` can take someone (both >= 0). Requests come as a
    Poisson stream; who finds no place goes elsewhere. Each of those who are there leaves at the
    same rate, together `departures_per_day` at first (>= 0); who comes in leaves at that rate
    too. A request that comes at any moment of the stretch sees the places as they are then
    (PASTA, Wolff 1982), so the answer is the mean over time of P(all taken): a birth-death chain
    from the state of now, by uniformisation (Jensen 1953), exact to 1e-10.
    None if that is too much to reckon while somebody waits (see MOST_WORK): unknown, not zero.
    Raises ValueError below zero.
    """
    if min(taken, free, requests_per_day, departures_per_day, hours) < 0:
        raise ValueError("places, rates and hours are at least 0")
    places = taken + free
    days = hours / DAY_HOURS
    leave = departures_per_day / taken if taken else 0.0
    rate = requests_per_day + places * leave
    if free == 0 and rate * days == 0:
        return 1.0
    # Who leaves only helps, so as many requests as there are free places must come at least.
    if rate * days == 0 or free > _at_most(requests_per_day * days):
        return 0.0
    steps = rate * days
    # Fewer than this are there at no moment: all but a few leave at the fastest.
    lowest = max(0, taken - _at_most(places * leave * days))
    if steps * (places - lowest + EACH_EVENT) > MOST_WORK:
        return None
    there = np.arange(lowest, places + 1)
    up = np.full(len(there), requests_per_day / rate)
    up[-1] = 0.0
    down = leave * there / rate
    down[0] = 0.0
    stay = 1.0 - up - down
    chance = np.zeros(len(there))
    chance[taken - lowest] = 1.0
    full = 0.0
    for later in _chances_of_more(steps):
        full += later * chance[-1]
        moved = stay * chance
        moved[1:] += (up * chance)[:-1]
        moved[:-1] += (down * chance)[1:]
        chance = moved
    return float(min(max(full / steps, 0.0), 1.0))


def _at_most(mean: float) -> int:
    """A number that a Poisson count exceeds with a chance below LEFT_OUT (Chernoff bound)."""
    return ceil(mean + sqrt(2 * 28 * mean) + 28)


def _chances_of_more(mean: float) -> list[float]:
    """P(N > k) for k = 0, 1, ... of a Poisson number, until it is below 1e-12."""
    last = ceil(mean + 8 * sqrt(mean) + 20)
    # From the mode outwards, since e^-mean alone is 0 for a large mean.
    mode = int(mean)
    weights = np.zeros(last + 1)
    weights[mode] = 1.0
    for k in range(mode + 1, last + 1):
        weights[k] = weights[k - 1] * mean / k
    for k in range(mode, 0, -1):
        weights[k - 1] = weights[k] * k / mean
    mass = weights / weights.sum() if mode else _small(mean, last)
    tail = 1.0 - np.cumsum(mass)
    return [float(each) for each in np.clip(tail, 0.0, 1.0)]


def _small(mean: float, last: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    mass = np.empty(last + 1)
    mass[0] = exp(-mean)
    for k in range(1, last + 1):
        mass[k] = mass[k - 1] * mean / k
    return mass
