"""The years: age-specific use x the people there will be, with the doubt about each."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
OUTER = NormalDist().inv_cdf(0.9)
FEWEST_DRAWS = 1000  # forecasting.md, "Years"


class NotCovered(ValueError):
    """The population table does not hold the year that all others are compared with."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor > 0 of which P10, P50 and P90 are believed, and where that comes from.

    Between and beyond them it is lognormal on either side of its median, so that all three hold.
    """

    p10: float
    p50: float
    p90: float
    source: str

    def __post_init__(self) -> None:
        if not 0 < self.p10 <= self.p50 <= self.p90:
            raise ValueError(
                f"The factor {self.p10}, {self.p50}, {self.p90} ({self.source}) must be above 0 "
                "and rise from P10 to P90."
            )

    def at(self, z: Floats) -> Floats:
        """The factor at standard normal scores, of any shape; -1.2816, 0, 1.2816 are P10/50/90."""
        return _split(self.p10, self.p50, self.p90, z)


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
        known = np.isfinite(self.p50)
        rising = (low >= 0) & (low <= self.p50) & (self.p50 <= high) & np.isfinite(high)
        if (known & ~rising).any():
            raise ValueError(
                "The variants of the population must rise from P10 >= 0 to P50 to P90."
            )

    def draws(self, year: int, z: Floats) -> Floats:
        """People per band at normal scores [draws]: float64[draws, bands], NaN if not covered.

        One score moves all bands and years together: low or high throughout, as variants are.
        """
        if year not in self.years:
            return np.full((len(z), self.p50.shape[1]), np.nan)
        row = self.years.index(year)
        middle = self.p50[row]
        low = middle if self.p10 is None else self.p10[row]
        high = middle if self.p90 is None else self.p90[row]
        # Half a person stands for a low variant of nobody: a lognormal has no zero.
        low = np.maximum(low, np.minimum(middle, 0.5))
        return _split(low, middle, high, z[:, None])


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """What one person of each age band asks in a year, at the base year.

    `rate` float64[bands] admissions a person a year, `stay` float64[bands] days an admission (1
    where the rate is already in bed days); both >= 0.
    """

    rate: Floats
    stay: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Need:
    """Places needed per year: `quantiles` float64[years, 3] at P10, P50, P90, NaN unknown.

    `uncovered` are the years that the population table does not hold: unknown, with that reason.
    """

    years: tuple[int, ...]
    quantiles: Floats
    uncovered: tuple[int, ...]


def need(
    years: Sequence[int],
    population: Population,
    use: Use,
    *,
    base_year: int,
    occupancy: float,
    drift: Factor,
    stay: Factor,
    noise: Factor,
    level: float | None = None,
    draws: int = FEWEST_DRAWS,
    seed: int = 0,
) -> Need:
    """Places needed in coming years at P10, P50, P90, by Monte Carlo (forecasting.md, "Years").

    need(y) = sum over bands of population(y) x rate x stay / 365 x (drift x stay factor)^t x noise
    / occupancy, with t = y - base_year >= 0. `drift` (of the age-specific rates) and `stay` (of
    the days) are factors a year and last for a whole path; `noise` is that of the level at the
    join. `occupancy` in (0, 1] is the share occupied that keeps the service level; 1 gives the
    mean number occupied. With `level` (occupied places observed in the base year, >= 0) all years
    are scaled so that the base year's own P50 population gives exactly that: the join.

    Each uncertainty is drawn by Latin hypercube (McKay, Beckman & Conover 1979), so that equal
    seeds give equal answers and one uncertainty alone gives its exact quantiles to 1/draws.
    Raises NotCovered if the base year is needed for the level and absent, ValueError on values
    out of range or shapes that do not fit.
    """
    _check(years, population, use, base_year, occupancy, draws)
    of_people, of_drift, of_stay, of_noise = _scores(4, draws, seed)
    weight = use.rate * use.stay / 365 * _join(population, use, base_year, level) / occupancy
    quantiles = np.full((len(years), 3), np.nan)
    for row, year in enumerate(years):
        t = year - base_year
        people = population.draws(year, of_people)
        change = (drift.at(of_drift) * stay.at(of_stay)) ** t * noise.at(of_noise)
        quantiles[row] = np.quantile((people @ weight) * change, (0.1, 0.5, 0.9))
    unknown = np.isnan(quantiles).any(axis=1)
    return Need(tuple(years), quantiles, tuple(np.asarray(years)[unknown].tolist()))


def _join(population: Population, use: Use, base_year: int, level: float | None) -> float:
    if level is None:
        return 1.0
    base = population.draws(base_year, np.zeros(1))[0]
    if not np.isfinite(base).all():
        raise NotCovered(
            f"The population table does not hold {base_year}, the year of the observed level; "
            f"load that year or take one of {min(population.years)}..{max(population.years)}."
        )
    modelled = float(base @ (use.rate * use.stay)) / 365
    if level < 0 or modelled <= 0:
        raise ValueError(
            f"The level {level} cannot be matched: the use at hand gives {modelled} in {base_year}."
        )
    return level / modelled


def _scores(count: int, draws: int, seed: int) -> Floats:
    """Standard normal scores float64[count, draws]: one in each of `draws` equal slices."""
    normal = NormalDist()
    slices = np.array([normal.inv_cdf((n + 0.5) / draws) for n in range(draws)])
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(slices) for _ in range(count)])


def _split(low: Floats | float, middle: Floats | float, high: Floats | float, z: Floats) -> Floats:
    ratio = np.where(z < 0, _ratio(middle, low), _ratio(high, middle))
    drawn: Floats = middle * np.exp(np.log(ratio) * z / OUTER)
    return drawn


def _ratio(upper: Floats | float, lower: Floats | float) -> Floats:
    # A band without people stays without them, whatever its variants say.
    above, below = np.broadcast_arrays(upper, lower)
    ratio: Floats = np.divide(above, below, out=np.ones(above.shape), where=below > 0)
    return ratio


def _check(
    years: Sequence[int],
    population: Population,
    use: Use,
    base_year: int,
    occupancy: float,
    draws: int,
) -> None:
    shape = population.p50.shape
    if len(shape) != 2 or shape[0] != len(population.years):
        raise ValueError(f"The population has shape {shape} for {len(population.years)} years.")
    if {use.rate.shape, use.stay.shape} != {shape[1:]}:
        raise ValueError(f"Rate and stay must have one value for each of the {shape[1]} age bands.")
    if min(np.nanmin(use.rate), np.nanmin(use.stay)) < 0:
        raise ValueError("A rate or stay is below 0; correct the table of use.")
    if not 0 < occupancy <= 1:
        raise ValueError(f"The occupancy is {occupancy}; give a share above 0 and at most 1.")
    if not years or min(years) < base_year:
        raise ValueError(
            f"The years {list(years)} are none, or begin before the base year {base_year}."
        )
    if draws < FEWEST_DRAWS:
        raise ValueError(f"{draws} draws are too few for P10 and P90; give {FEWEST_DRAWS} or more.")
