"""What changed when: levels that hold until the next change, and marks that are counted."""

from array import array

import numpy as np
from numpy.typing import NDArray

Moments = NDArray[np.int64]
Figures = NDArray[np.float64]


class Steps:
    """A level that holds from one moment until the next; told in order of time."""

    __slots__ = ("_known", "_levels", "_moments", "_read", "_times")

    def __init__(self) -> None:
        self._times = array("q")
        self._levels = array("d")
        self._read = 0
        self._known: tuple[Moments, Figures] = (np.zeros(0, np.int64), np.zeros(0))

    def set(self, moment: int, level: float) -> None:
        self._times.append(moment)
        self._levels.append(level)

    def extend(self, moments: Moments, levels: NDArray[np.int64] | Figures) -> None:
        self._times.frombytes(moments.astype(np.int64).tobytes())
        self._levels.frombytes(levels.astype(np.float64).tobytes())

    def columns(self) -> tuple[Moments, Figures]:
        if self._read != len(self._times):
            self._read = len(self._times)
            self._known = (np.array(self._times), np.array(self._levels))
        return self._known

    def at(self, moments: Moments) -> Figures:
        """The level at each moment, float64[n]; 0 before the first change."""
        times, levels = self.columns()
        place = np.searchsorted(times, moments, side="right")
        return np.concatenate(([0.0], levels))[place]


class Marks:
    """Things that happened, each with a weight; told in order of time."""

    __slots__ = ("_steps",)

    def __init__(self) -> None:
        self._steps = Steps()

    def mark(self, moment: int, weight: float = 1.0) -> None:
        self._steps.set(moment, weight)

    def extend(self, moments: Moments, weights: NDArray[np.int64] | Figures) -> None:
        self._steps.extend(moments, weights)

    def over(self, starts: Moments, ends: Moments) -> Figures:
        """The weight in each [start, end), float64[n]."""
        times, weights = self._steps.columns()
        return counted(times, starts, ends, weights)

    def most(self, starts: Moments, ends: Moments) -> Figures:
        """The greatest weight in each [start, end), float64[n]; 0 where nothing happened."""
        times, weights = self._steps.columns()
        low, high = np.searchsorted(times, starts), np.searchsorted(times, ends)
        if not len(low):
            return np.zeros(0)
        bounds = np.stack([low, high], axis=1).ravel()
        found: Figures = np.maximum.reduceat(np.append(weights, 0.0), bounds)[::2]
        return np.where(high > low, found, 0.0)


def counted(
    times: Moments, starts: Moments, ends: Moments, weights: Figures | None = None
) -> Figures:
    """How many of the sorted `times` (or how much weight) lie in each [start, end), float64[n]."""
    low, high = np.searchsorted(times, starts), np.searchsorted(times, ends)
    if weights is None:
        return (high - low).astype(np.float64)
    total = np.concatenate(([0.0], np.cumsum(weights)))
    return total[high] - total[low]


def inside(begins: Moments, ends: Moments, moments: Moments) -> Figures:
    """How many of the stretches [begin, end), both sorted apart, hold each moment, float64[n]."""
    begun = np.searchsorted(begins, moments, side="right")
    ended = np.searchsorted(ends, moments, side="right")
    return (begun - ended).astype(np.float64)
