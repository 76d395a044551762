"""What differs between days and weeks: seasons, windows, and how far back the engine looks."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal


@dataclass(frozen=True, slots=True)
class Pace:
    """All in steps of the frequency unless said otherwise.

    `season` is that of the naive forecast; `longest` how much past is used at all; `trend` the
    window by which the calendar's effects are told from the level; `outlier` the window of the
    running median; `stride` and `origins` say how many pseudo-origins there are and how far
    apart; `buckets` are the distances within which the members keep one weight; `neighbours` how
    many distances on either side share their errors; `own` the fewest observations from which a
    series is forecast from its own past, `prior` those from which its peers can help.
    """

    season: int
    year: float
    longest: int
    trend: int
    outlier: int
    stride: int
    origins: int
    fold: int
    buckets: tuple[int, ...]
    means: tuple[int, ...]
    neighbours: int
    own: int
    prior: int

    def bounds(self, horizon: int) -> list[tuple[int, int]]:
        """The buckets that a horizon has, as half-open ranges of distances from 0."""
        edges = [edge for edge in self.buckets if edge < horizon]
        return list(pairwise([*edges, horizon]))


PACES: Mapping[Literal["D", "W"], Pace] = {
    "D": Pace(
        season=7,
        year=365.25,
        longest=1096,
        trend=29,
        outlier=15,
        stride=3,
        origins=182,
        fold=182,
        buckets=(0, 3, 7, 14, 28, 56, 91, 182),
        means=(56, 182, 364),
        neighbours=3,
        own=200,
        prior=14,
    ),
    "W": Pace(
        season=1,
        year=365.25 / 7,
        longest=313,
        trend=9,
        outlier=7,
        stride=1,
        origins=104,
        fold=26,
        buckets=(0, 2, 4, 8, 13, 26),
        means=(13, 26, 52),
        neighbours=2,
        own=40,
        prior=6,
    ),
}
