"""Who will be there: the roster that was told, less those who will be absent."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
# A period that begins at most so far (s) from a shift is that shift.
NEAR = 2 * 3600
WEEK = 7 * 24 * 3600
# Of fewer rostered heads that are past nothing is learned of absence.
FEWEST = 30
# How many heads a share is worth: of fewer weeks no spread between them can be told, and no more
# certainty is believed than this (assumption: a share that is learned over a season still moves).
LEAST_WORTH, MOST_WORTH = 20.0, 500.0


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Heads over periods: `starts` and `lengths` int64[n] s in order of start, `values` float64[n],
    NaN told to be unknown."""

    starts: Whole
    lengths: Whole
    values: Floats

    def at(self, moments: Whole) -> Floats:
        """The heads of the period that begins nearest to each moment, float64[m]; NaN where none
        begins near it: what was not told is unknown, never 0."""
        if not len(self.starts):
            return np.full(len(moments), np.nan)
        after = np.searchsorted(self.starts, moments).clip(max=len(self.starts) - 1)
        before = (after - 1).clip(min=0)
        closer = np.abs(self.starts[before] - moments) < np.abs(self.starts[after] - moments)
        near = np.where(closer, before, after)
        told = np.abs(self.starts[near] - moments) <= NEAR
        return np.where(told, self.values[near], np.nan)


NONE = Told(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


@dataclass(frozen=True, slots=True)
class Absence:
    """The share of those rostered who are absent, 0 <= `share` < 1, as a beta distribution worth
    `worth` heads; `heads` were looked at (0: it is a norm, of `source`)."""

    share: float
    worth: float
    heads: int
    source: str


def learned(absent: Told, rostered: Told) -> Absence | None:
    """From shifts that are past and of which both were told; None of fewer than 30 rostered heads.

    By moments over weeks (Kleinman 1973): what weeks differ by beyond chance is the spread of the
    share itself, so that a coming week is as uncertain as past ones were. Absent more than rostered
    counts as all absent.
    """
    there = rostered.at(absent.starts)
    told = np.isfinite(there) & np.isfinite(absent.values) & (there > 0)
    heads, gone = there[told], np.minimum(absent.values[told], there[told])
    if heads.sum() < FEWEST:
        return None
    week = (absent.starts[told] - absent.starts[told].min()) // WEEK
    of = np.bincount(week, heads).astype(np.float64)
    away = np.bincount(week, gone).astype(np.float64)[of > 0]
    of = of[of > 0]
    # Half an absent head beforehand: never seen is not never (Jeffreys 1946).
    share = float((away.sum() + 0.5) / (of.sum() + 1.0))
    return Absence(share, worth(of, away), int(of.sum()), "told")


def worth(of: Floats, away: Floats) -> float:
    """The worth in heads of a beta distribution of which such weeks are drawn."""
    share = away.sum() / of.sum()
    chance = share * (1 - share)
    if len(of) < 3 or chance <= 0:
        return LEAST_WORTH if len(of) < 3 else MOST_WORTH
    square = float((of * (away / of - share) ** 2).sum())
    scale = float(of.sum() - (of**2).sum() / of.sum())
    between = (square - (len(of) - 1) * chance) / scale
    if between <= 0:
        return MOST_WORTH
    return float(np.clip(chance / between - 1, LEAST_WORTH, MOST_WORTH))


def agreed(share: float, source: str) -> Absence:
    """A norm's own share: as uncertain as one of which little is known."""
    return Absence(share, LEAST_WORTH, 0, source)


@lru_cache(maxsize=4096)
def there_chances(rostered: int, absence: Absence) -> Floats:
    """The chance that 0, 1 ... `rostered` of those rostered are there: float64[rostered + 1].

    Beta-binomial: the share of a coming shift is itself uncertain. More on the roster makes every
    number that are there more probable to be reached (it grows stochastically).
    """
    share = min(absence.share, 1 - 1e-9)
    if share < 1e-9:
        sure = np.zeros(rostered + 1)
        sure[-1] = 1.0
        return sure
    there = np.arange(rostered + 1, dtype=np.float64)
    here, away = (1 - share) * absence.worth, share * absence.worth
    choose = gammaln(rostered + 1) - gammaln(there + 1) - gammaln(rostered - there + 1)
    logs = choose + betaln(there + here, rostered - there + away) - betaln(here, away)
    chances = np.exp(logs)
    found: Floats = chances / chances.sum()
    # Kept for the next shift, so nobody may write in it.
    found.flags.writeable = False
    return found


def drawn(rostered: Floats, absence: Absence, chances: Floats) -> Whole:
    """Who is there at chances float64[paths, h] in 0..1, of `rostered` float64[h] that are known:
    int64[paths, h]. At the same chance more rostered never means fewer there."""
    found = np.zeros(chances.shape, dtype=np.int64)
    for heads in np.unique(rostered).astype(np.int64).tolist():
        at = rostered == heads
        most = np.cumsum(there_chances(heads, absence))
        places = np.searchsorted(most, chances[:, at], side="left")
        found[:, at] = np.minimum(places, heads)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Balance:
    """Need and who is there, step by step: `need` int64[paths, h] with `known` bool[h], `rostered`
    float64[h] (NaN unknown), `absence` (None unknown), and what follows of them; NaN is unknown.

    `available` float64[h] the median of who will be there; `gap` float64[h, q] the quantiles of
    who is there less the need; `p_short` float64[h] P(gap < 0); `lacking` float64[h] by how many
    heads it is short in the mean; `short` float64[paths, h] P(short) on each path.
    """

    need: Whole
    known: NDArray[np.bool_]
    rostered: Floats
    absence: Absence | None
    available: Floats
    gap: Floats
    p_short: Floats
    lacking: Floats
    short: Floats


def balance(
    need: Whole,
    known: NDArray[np.bool_],
    rostered: Floats,
    absence: Absence | None,
    probabilities: Sequence[float],
) -> Balance:
    """Need and absence are taken as independent, which they are given the season.

    All is exact over the paths, without a draw: more rostered never raises P(short) or what is
    lacking, and never lowers a quantile of the gap.
    """
    paths, steps = need.shape
    available, p_short, lacking = (np.full(steps, np.nan) for _ in range(3))
    gap = np.full((steps, len(probabilities)), np.nan)
    short = np.full((paths, steps), np.nan)
    asked = np.asarray(probabilities) - 1e-12
    for step in np.flatnonzero(np.isfinite(rostered)).tolist() if absence else []:
        assert absence is not None
        heads = round(float(rostered[step]))
        there = there_chances(heads, absence)
        upto = np.cumsum(there)
        available[step] = np.searchsorted(upto, 0.5 - 1e-12)
        if not known[step]:
            continue
        of = need[:, step]
        most = int(of.max())
        wanted = np.bincount(of, minlength=most + 1) / paths
        # P(there < need) and the mean of (need - there) where that is above 0, for each need.
        below = np.append(0.0, np.minimum(upto, 1.0))[np.minimum(np.arange(most + 1), heads + 1)]
        short[:, step] = below[of]
        p_short[step] = wanted @ below
        lacking[step] = wanted @ np.append(0.0, np.cumsum(below[1:]))
        # From -most to heads.
        both = np.convolve(wanted[::-1], there)
        places = np.searchsorted(np.cumsum(both), asked)
        gap[step] = np.minimum(places, len(both) - 1) - most
    return Balance(need, known, rostered, absence, available, gap, p_short, lacking, short)


def quantiles(need: Whole, probabilities: Sequence[float]) -> Whole:
    """The fewest heads that are enough with these chances: int64[paths, h] -> int64[h, q]."""
    ordered = np.sort(need, axis=0)
    places = np.ceil(np.asarray(probabilities) * len(need) - 1e-9).astype(np.int64) - 1
    found: Whole = ordered[np.clip(places, 0, len(need) - 1)].T
    return found
