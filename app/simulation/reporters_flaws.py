"""How those who report fall short: late, silent, corrected, twice, off by hours, too hopeful.

Everything follows from the seed, the place and the moment, so that it is the same however time is
cut into pieces.
"""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from app.simulation.calendar import DAY, HOUR
from app.simulation.reporters_clock import Moments

Chances = NDArray[np.float64]
Which = NDArray[np.bool_]
# Spells of silence and of a wrong time zone begin somewhere in a stretch of so long, and end
# before the next but one begins.
STRETCH = 28 * DAY
LONGEST_SPELL = 14 * DAY
CORRECTED_AFTER = (HOUR, 6 * HOUR)
AGAIN_AFTER = (5 * 60, HOUR)


@dataclass(frozen=True, slots=True)
class Flaws:
    """Shares are 0..1 of the moments (or days); spells are chances 0..1 for each 28 days.

    `late` is the median delay in seconds, `latest` the longest. `claims` places are told as staffed
    that are not, on the share `claimed` of days; `held` places are told as promised that are free,
    on the share `holding` of days.
    """

    late: int = 0
    latest: int = 6 * HOUR
    silent: float = 0.0
    silences: float = 0.0
    silence_days: float = 2.0
    corrected: float = 0.0
    again: float = 0.0
    wrong_zone: float = 0.0
    zone_days: float = 3.0
    claims: int = 0
    claimed: float = 0.0
    held: int = 0
    holding: float = 0.0

    @property
    def reach(self) -> int:
        """The longest that what was so at a moment takes to be known, in seconds."""
        return (self.latest if self.late else 0) + max(CORRECTED_AFTER[1], AGAIN_AFTER[1]) + 1


PERFECT = Flaws()


def mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finalizer of SplitMix64 (Steele, Lea and Flood 2014): every bit depends on every bit."""
    x = numbers + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)), np.uint64)


@dataclass(frozen=True, slots=True)
class Dice:
    """Chance that can be asked again: the same for the same seed, name, purpose and moment."""

    seed: int
    name: str

    def numbers(self, purpose: str, moments: Moments) -> NDArray[np.uint64]:
        said = f"{self.seed}/{self.name}/{purpose}".encode()
        key = np.uint64(int.from_bytes(blake2b(said, digest_size=8).digest(), "big"))
        return mixed(mixed(moments.astype(np.uint64)) ^ key)

    def chances(self, purpose: str, moments: Moments) -> Chances:
        """Even in [0, 1), float64[n]."""
        return np.asarray((self.numbers(purpose, moments) >> np.uint64(11)) * 2.0**-53)

    def happens(self, purpose: str, moments: Moments, share: float) -> Which:
        if share <= 0:
            return np.zeros(len(moments), bool)
        return np.asarray(self.chances(purpose, moments) < share)

    def seconds(self, purpose: str, moments: Moments, between: tuple[int, int]) -> Moments:
        low, high = between
        more = self.chances(purpose, moments) * (high - low)
        return np.asarray(low + more.astype(np.int64), np.int64)

    def delays(self, moments: Moments, median: int, longest: int) -> Moments:
        """Exponential with this median, cut off at the longest; in whole seconds."""
        if not median:
            return np.zeros(len(moments), np.int64)
        told = -np.log1p(-self.chances("late", moments)) * (median / np.log(2))
        return np.asarray(np.minimum(told, longest).astype(np.int64), np.int64)

    def in_spell(self, purpose: str, moments: Moments, share: float, days: float) -> Which:
        """Whether a moment lies in a spell; a spell is a day at least, exponential beyond it."""
        found = np.zeros(len(moments), bool)
        if share <= 0:
            return found
        for back in (0, 1):
            stretch = moments // STRETCH - back
            begins = stretch * STRETCH + self.seconds(f"{purpose} begins", stretch, (0, STRETCH))
            more = -np.log1p(-self.chances(f"{purpose} lasts", stretch)) * max(days - 1, 0) * DAY
            ends = begins + np.minimum(DAY + more, LONGEST_SPELL).astype(np.int64)
            there = self.happens(purpose, stretch, share)
            found |= there & (moments >= begins) & (moments < ends)
        return found
