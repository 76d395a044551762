"""Places that are enough for the next days: how many refuse no more than a share of who comes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
# Of these shares the numbers are kept with the run; its paths are not.
SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3)
# So many numbers of places are played side by side.
AT_ONCE = 16
# Over hours in which nobody comes on any path: who would come in any of them alike.
HARDLY = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Seekers:
    """All who would want a place on each path, if there were room for all.

    `remain` int64[paths, c + 1]: at each bound those who were there or waited at the first one and
    are still there, and places that are promised. `asks` float64[paths, c] is how many are expected
    in each stretch, as busy as the path is. Who comes: on which path, in which stretch, and at the
    end of which stretch who then gets a place leaves it again, int64[n] thrice in any order
    (leaving: c or more is after the last bound).
    """

    remain: Whole
    asks: Floats
    path: Whole
    comes: Whole
    leaves: Whole
    # What was turned away is played when it is asked, and once.
    played: dict[int, Floats] = field(default_factory=dict)

    def __add__(self, other: "Seekers") -> "Seekers":
        """Path by path: a total is the sum of its members on each path."""
        return Seekers(
            self.remain + other.remain,
            self.asks + other.asks,
            np.concatenate([self.path, other.path]),
            np.concatenate([self.comes, other.comes]),
            np.concatenate([self.leaves, other.leaves]),
        )

    def since(self, place: int) -> "Seekers":
        """From the bound `place` on: who came before it is there."""
        before, later = self.comes < place, self.comes >= place
        there = np.bincount(self.path[before], minlength=len(self.remain))[:, None]
        stay = self.remain + there - self.by_bound(self.path[before], self.leaves[before])
        comes, leaves = (each[later] - place for each in (self.comes, self.leaves))
        return Seekers(stay[:, place:], self.asks[:, place:], self.path[later], comes, leaves)

    def by_bound(self, path: Whole, stretch: Whole) -> Whole:
        """How many of these stretches are over at each bound: int64[paths, c + 1]."""
        paths, bounds = self.remain.shape
        at = path * (bounds + 1) + np.minimum(stretch + 1, bounds)
        many = np.bincount(at, minlength=paths * (bounds + 1)).reshape(paths, bounds + 1)
        over: Whole = np.cumsum(many[:, :bounds], axis=1)
        return over

    def most(self) -> int:
        """So many or fewer are there in each stretch on every path, if there is room."""
        came, left = (self.by_bound(self.path, each) for each in (self.comes, self.leaves))
        there = self.remain[:, :-1] + came[:, 1:] - left[:, :-1]
        return int(there.max())

    def fewest(self, steps: Sequence[int]) -> Whole:
        """The fewest places with which each step refuses no more than a share, and more likewise.

        `steps` are the bounds between which each step lies. int64[steps, shares], at least 1: of
        who comes in the step no more than `SHARES` finds all places taken. Who does goes elsewhere:
        Erlang's loss model from tonight on, played on the paths.
        """
        starts, last = list(steps[:-1]), steps[-1]
        comes = np.add.reduceat(self.asks.mean(axis=0)[:last] + HARDLY, starts)[:, None]
        found = np.ones((len(starts), len(SHARES)), dtype=np.int64)
        settled = np.zeros(found.shape, dtype=np.bool_)
        # With one more than anybody ever asked for, nobody is turned away.
        high = self.most() + 1
        while high > 0 and not settled.all():
            low = max(high - AT_ONCE, 0)
            refused = np.add.reduceat(self.away(low, high)[:last], starts, axis=0) / comes
            for places in range(high, low, -1):
                settled |= refused[:, [places - low - 1]] > np.array(SHARES)
                found[~settled] = places
            high = low
        return found

    def away(self, low: int, high: int) -> Floats:
        """Of `low` + 1 to `high` places: float64[c, high - low]."""
        if low not in self.played:
            self.played[low] = turned_away(self, np.arange(low + 1, high + 1))
        return self.played[low]


def turned_away(seekers: Seekers, places: Whole) -> Floats:
    """How many find all of so many places taken in each stretch, in the mean: float64[c, n].

    As many as are expected, times the chance that all are taken: the mean of that at its begin and
    at its end. Nobody of who is there at first leaves because there are fewer places.
    """
    paths, stretches = len(seekers.remain), seekers.remain.shape[1] - 1
    order = np.lexsort((seekers.path, seekers.comes))
    path, comes, leaves = seekers.path[order], seekers.comes[order], seekers.leaves[order]
    edges = np.searchsorted(comes, np.arange(stretches + 1))
    # Who got a place, on each path and with each number of places; and when they leave.
    got = np.zeros((paths, len(places)), dtype=np.int32)
    going = np.zeros((stretches + 1, paths, len(places)), dtype=np.int16)
    found = np.empty((stretches, len(places)))
    for stretch in range(stretches):
        got -= going[stretch]
        free = places - seekers.remain[:, [stretch]] - got
        asks = seekers.asks[:, stretch] + HARDLY
        found[stretch] = asks @ (free <= 0)
        inside = slice(edges[stretch], edges[stretch + 1])
        who, until = path[inside], np.minimum(leaves[inside] + 1, stretches)
        # The first of each path, then the second: no path twice in one go.
        turn = np.arange(len(who)) - np.searchsorted(who, who)
        for number in range(int(turn.max(initial=-1)) + 1):
            these = np.flatnonzero(turn == number)
            row = who[these]
            finds = free[row] > 0
            free[row] -= finds
            got[row] += finds
            going[until[these], row] += finds
        found[stretch] += asks @ (free <= 0)
    return found / 2 / paths
