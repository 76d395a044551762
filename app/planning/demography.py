"""The people there will be, and factors that are only roughly known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.planning.chances import split

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor > 0 of which P10, P50 and P90 are believed, and where that comes from.

    Between and beyond them it is lognormal on either side of its median, so that all three hold.
    """

    p10: float
    p50: float
    p90: float
    source: str
    year: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.p10 <= self.p50 <= self.p90:
            raise ValueError(
                f"The factor {self.p10}, {self.p50}, {self.p90} ({self.source}) must be above 0 "
                "and rise from P10 to P90."
            )

    @property
    def certain(self) -> bool:
        return self.p10 == self.p50 == self.p90

    def at(self, z: Floats) -> Floats:
        """The factor at standard normal scores, of any shape; -1.2816, 0, 1.2816 are P10/50/90."""
        return split(self.p10, self.p50, self.p90, z)


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """People by year and age band: P50 float64[years, bands], NaN where the table holds none.

    `p10` and `p90` of the same shape are its low and high variant; None if it has none.
    """

    years: tuple[int, ...]
    p50: Floats
    p10: Floats | None = None
    p90: Floats | None = None

    def __post_init__(self) -> None:
        low = self.p50 if self.p10 is None else self.p10
        high = self.p50 if self.p90 is None else self.p90
        if not low.shape == self.p50.shape == high.shape:
            raise ValueError("The variants of the population differ in shape.")
        if self.p50.ndim != 2 or len(self.p50) != len(self.years):
            raise ValueError(
                f"The population has shape {self.p50.shape} for {len(self.years)} years."
            )
        known = np.isfinite(self.p50)
        rising = (low >= 0) & (low <= self.p50) & (self.p50 <= high) & np.isfinite(high)
        if (known & ~rising).any():
            raise ValueError(
                "The variants of the population must rise from P10 >= 0 to P50 to P90."
            )

    def draws(self, years: Sequence[int], z: Floats) -> Floats:
        """People at normal scores [draws]: float64[years, draws, bands], NaN if not covered.

        One score moves all bands and years together: low or high throughout, as variants are.
        """
        found = np.full((len(years), len(z), self.p50.shape[1]), np.nan)
        for n, year in enumerate(years):
            if year not in self.years:
                continue
            row = self.years.index(year)
            middle = self.p50[row]
            low = middle if self.p10 is None else self.p10[row]
            high = middle if self.p90 is None else self.p90[row]
            # Half a person stands for a low variant of nobody: a lognormal has no zero.
            low = np.maximum(low, np.minimum(middle, 0.5))
            found[n] = split(low, middle, high, z[:, None])
        return found
