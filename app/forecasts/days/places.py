"""Places on a path: who finds one, who waits for one, and who goes elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isinf
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.forecasts.days.clock import Clock

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Queue = Literal["erlang-a", "erlang-b", "erlang-c"]


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Places for who comes, and how long who finds none waits for one.

    `count` float64[c]: the places of each stretch, taken or free; NaN unknown, and then everybody
    finds one. `patience` is its mean in hours: 0 and nobody waits (Erlang's loss model), inf and
    nobody goes elsewhere. `waiting` people wait for a place at the first bound, and so many are
    `promised` to the first who come.
    """

    count: Floats
    patience: float
    waiting: int = 0
    promised: int = 0

    @property
    def queue(self) -> Queue:
        """The model that these paths follow, if stays were exponential."""
        if self.patience == 0:
            return "erlang-b"
        return "erlang-c" if isinf(self.patience) else "erlang-a"

    @property
    def whole(self) -> Floats:
        """Whole places, float64[c] >= 0; inf where that is unknown."""
        return np.where(np.isnan(self.count), np.inf, np.maximum(np.floor(self.count), 0.0))

    def epochs(self, bounds: Whole) -> Iterator[tuple[float, float, float]]:
        """From when until when (s) there are so many."""
        whole = self.whole
        turns = np.flatnonzero(np.append(True, whole[1:] != whole[:-1]))
        until = np.append(bounds[turns[1:]], bounds[-1])
        for turn, end in zip(turns.tolist(), until.tolist(), strict=True):
            yield float(bounds[turn]), float(end), float(whole[turn])


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Who comes on each path, float64[paths, n] in order of arrival, inf where there are fewer:
    when each comes and when patience is over (s), and how long each stays (days of the clock)."""

    comes: Floats
    gives_up: Floats
    stays: Floats

    def of(self, paths: Whole) -> "People":
        return People(self.comes[paths], self.gives_up[paths], self.stays[paths])


def placed(
    people: People, there: Floats, places: Places, clock: Clock
) -> tuple[Floats, Floats, Floats]:
    """When each of `people` takes a place, leaves it, or goes elsewhere: float64[paths, n] thrice,
    in s; inf is never.

    `there` float64[paths, m] is when each of those at the first bound leaves. Who comes while all
    places are taken waits; what falls free goes to who has waited longest, unless patience is over
    by then. Each place is known by the moment at which it falls free, and each in turn gets the
    first of them (Kiefer & Wolfowitz 1955); who will give up keeps no place from others (Baccelli
    & Hebuterne 1981). Nobody leaves because places close: then nobody takes one until fewer are
    taken than there are.
    """
    begins, ends = np.full_like(people.comes, np.inf), np.full_like(people.comes, np.inf)
    row = np.arange(len(begins))
    for since, until, count in places.epochs(clock.cells.bounds):
        turn = (begins == np.inf) & (people.comes < until) & (people.gives_up >= since)
        taken = np.concatenate([there, np.where(begins < np.inf, ends, -np.inf)], axis=1)
        # There are never more people than these.
        whole = int(min(count, taken.shape[1]))
        most = min(whole, int(turn.sum(axis=1).max(initial=0)))
        if most == 0:
            continue
        spare = np.full((len(row), whole), since)
        free = np.partition(np.concatenate([taken, spare], axis=1), -whole, axis=1)[:, -whole:]
        # As many take a place at most, and each the first that falls free.
        free = np.partition(free, most - 1, axis=1)[:, :most]
        for one in np.flatnonzero(turn.any(axis=0)).tolist():
            first = np.argmin(free, axis=1)
            begin = np.maximum(free[row, first], np.maximum(people.comes[:, one], since))
            finds = turn[:, one] & (begin <= people.gives_up[:, one]) & (begin < until)
            which = np.flatnonzero(finds)
            leaves = clock.after(which, begin[which], people.stays[which, one])
            begins[which, one], ends[which, one] = begin[which], leaves
            free[which, first[which]] = leaves
    return begins, ends, np.where(np.isinf(begins), people.gives_up, np.inf)
