"""Queues and stays played event by event: a second way to the figures of queues and stay."""

from dataclasses import dataclass
from heapq import heapify, heapreplace
from math import inf

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BATCHES = 40


@dataclass(frozen=True)
class Played:
    """What became of each request: how long it waited, and whether it was served."""

    waited: Floats
    served: NDArray[np.bool_]

    def lost(self) -> tuple[float, float]:
        return share(~self.served)

    def waits(self) -> tuple[float, float]:
        return share((self.waited > 0) | ~self.served)

    def answered(self, within: float) -> tuple[float, float]:
        return share(self.served & (self.waited <= within))

    def mean_wait(self) -> tuple[float, float]:
        return share(self.waited)


def share(figures: Floats | NDArray[np.bool_]) -> tuple[float, float]:
    """The mean and its standard error, from batches that follow each other in time."""
    usable = len(figures) // BATCHES * BATCHES
    means = figures[:usable].astype(np.float64).reshape(BATCHES, -1).mean(axis=1)
    return float(means.mean()), float(means.std(ddof=1) / np.sqrt(BATCHES))


def play(seed: int, load: float, servers: int, stays: Floats, patience: float = 0.0) -> Played:
    """Requests in order of arrival at `load` per mean stay, with exponential patience (0, inf).

    The first tenth fills the queue and is left out. `stays` has mean 1, one for each request.
    """
    chance = np.random.default_rng(seed)
    count = len(stays)
    comes = np.cumsum(chance.exponential(1 / load, count))
    patient = (
        np.full(count, patience) if patience in (0.0, inf) else chance.exponential(patience, count)
    )
    free_at = [0.0] * servers
    heapify(free_at)
    waited, served = np.zeros(count), np.zeros(count, dtype=np.bool_)
    for n in range(count):
        wait = max(0.0, free_at[0] - comes[n])
        served[n] = wait <= patient[n]
        waited[n] = min(wait, patient[n])
        if served[n]:
            heapreplace(free_at, comes[n] + wait + stays[n])
    begin = count // 10
    return Played(waited[begin:], served[begin:])


def stays_of(form: str, seed: int, count: int) -> Floats:
    """Stays with mean 1: of one length, exponential, or with a heavy tail."""
    chance = np.random.default_rng([seed, 1])
    if form == "fixed":
        return np.ones(count)
    if form == "exponential":
        return chance.exponential(1.0, count)
    return chance.lognormal(-0.5, 1.0, count)


def numbers_present(
    seed: int, times: int, arrivals: Floats, stays: Floats, remains: Floats
) -> NDArray[np.int64]:
    """The number present at the end of each step, int64[times, steps], nobody refused.

    `stays` are lengths in steps, drawn from anew for each who comes; `remains` float64[times, m]
    is what remains of the stays of those there at the begin.
    """
    chance = np.random.default_rng(seed)
    ends = np.arange(1, len(arrivals) + 1)
    present: NDArray[np.int64] = (remains[:, :, None] > ends).sum(axis=1)
    for step, rate in enumerate(arrivals):
        come = chance.poisson(rate, times)
        who = np.repeat(np.arange(times), come)
        leaves = step + chance.random(len(who)) + chance.choice(stays, len(who))
        for end in range(step, len(arrivals)):
            there = leaves > ends[end]
            present[:, end] += np.bincount(who[there], minlength=times)
    return present
