"""Chances with a name: each assumption has draws of its own, whatever else is assumed."""

from hashlib import sha256
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FEWEST_DRAWS = 1000  # forecasting.md, "Years"
OUTER = NormalDist().inv_cdf(0.9)


class Chances:
    """Standard normal scores by name, float64[draws], the same for the same seed and name.

    Latin hypercube (McKay, Beckman & Conover 1979): one score in each of `draws` equal slices, so
    that one uncertainty alone gives its exact quantiles to 1/draws. A name has its own generator:
    an assumption that is added or taken away moves no draw of the others, and two plans with the
    same seed differ by what is assumed alone (common random numbers). Raises ValueError on fewer
    than 1000 draws.
    """

    def __init__(self, draws: int = FEWEST_DRAWS, seed: int = 0) -> None:
        if draws < FEWEST_DRAWS:
            raise ValueError(
                f"{draws} draws are too few for P10 and P90; give {FEWEST_DRAWS} or more."
            )
        normal = NormalDist()
        self.draws, self.seed = draws, seed
        self._slices = np.array([normal.inv_cdf((n + 0.5) / draws) for n in range(draws)])
        self._found: dict[str, Floats] = {}

    def of(self, name: str) -> Floats:
        if name not in self._found:
            number = int.from_bytes(sha256(name.encode()).digest()[:8])
            own = np.random.default_rng([self.seed, number])
            self._found[name] = own.permutation(self._slices)
        return self._found[name]


def split(low: Floats | float, middle: Floats | float, high: Floats | float, z: Floats) -> Floats:
    """Values whose P10, P50 and P90 are those given, at standard normal scores: any shapes.

    Lognormal on either side of the median. What is 0 in the median stays 0.
    """
    ratio = np.where(z < 0, _ratio(middle, low), _ratio(high, middle))
    drawn: Floats = middle * np.exp(np.log(ratio) * z / OUTER)
    return drawn


def _ratio(upper: Floats | float, lower: Floats | float) -> Floats:
    above, below = np.broadcast_arrays(upper, lower)
    ratio: Floats = np.divide(above, below, out=np.ones(above.shape), where=below > 0)
    return ratio
