"""How long people stay until they are ready: mixtures with a heavy tail, in days.

Lengths of stay are right-skewed, and lognormal or gamma mixtures fit them (Marazzi et al., 1998,
Med Care 36:915-927; Faddy, Graves and Pettitt, 2009, Value in Health 12:309-314). Which parts a
setting has is an assumption (fictief), unless its own docstring says where it is from.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """A share of the people: `days` is the median of a lognormal, the mean of an exponential or
    gamma, or the length itself; `spread` is the sigma of a lognormal, the shape of a gamma."""

    share: float
    days: float
    spread: float = 0.0
    form: Literal["lognormal", "gamma", "exponential", "fixed"] = "lognormal"

    def drawn(self, chance: np.random.Generator, count: int) -> Days:
        if self.form == "lognormal":
            return self.days * np.exp(self.spread * chance.standard_normal(count))
        if self.form == "gamma":
            return chance.gamma(self.spread, self.days / self.spread, count)
        if self.form == "exponential":
            return chance.exponential(self.days, count)
        return np.full(count, self.days)

    @property
    def mean(self) -> float:
        return self.days * float(np.exp(self.spread**2 / 2)) if self.lognormal else self.days

    @property
    def lognormal(self) -> bool:
        return self.form == "lognormal"


@dataclass(frozen=True, slots=True)
class Stay:
    """A mixture; the shares of its parts add up to 1."""

    parts: tuple[Part, ...]

    @property
    def mean(self) -> float:
        """In days."""
        return sum(part.share * part.mean for part in self.parts)

    def drawn(self, chance: np.random.Generator, count: int) -> Days:
        """Lengths of stay, float64[count] > 0, days."""
        shares = np.cumsum([part.share for part in self.parts])
        which = np.searchsorted(shares, chance.random(count) * shares[-1], side="right")
        of_each = [part.drawn(chance, count) for part in self.parts]
        chosen: Days = np.choose(which, of_each)
        return chosen

    def under_way(self, chance: np.random.Generator, count: int) -> tuple[Days, Days]:
        """What has passed and what remains of stays met at a random moment, float64[count] each.

        Such a stay is met in proportion to its length and at a uniform point of it (the
        inspection paradox of renewal theory; Cox, 1962, Renewal Theory, ch. 5).
        """
        many = self.drawn(chance, max(400, 8 * count))
        met = chance.choice(many, count, p=many / many.sum())
        passed = met * chance.random(count)
        return passed, met - passed


def lognormal(median: float, spread: float) -> Stay:
    return Stay((Part(1.0, median, spread),))


def exponential(mean: float) -> Stay:
    return Stay((Part(1.0, mean, form="exponential"),))


def fixed(days: float) -> Stay:
    return Stay((Part(1.0, days, form="fixed"),))


def ward(median: float, spread: float = 0.75) -> Stay:
    """Most are short, one in eight is complicated (assumption, fictief)."""
    return Stay((Part(0.88, median, spread), Part(0.12, 3.0 * median, 0.6)))


def reo() -> Stay:
    """Until ready: a mass at the planned term of nine days, and a tail (design, domain 5).

    With the wait for a follow-up place the median in the bed is about six days.
    """
    return Stay((Part(0.75, 3.5, 0.65), Part(0.19, 8.8, 0.04), Part(0.06, 11.0, 0.5)))
