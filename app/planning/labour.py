"""The people who work: who is there, who comes, who goes and who grows too old."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
OLDEST = 100  # an open age: who is there stays there until retirement


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """Heads at the begin of each year and what changed them in it, float64[years, draws].

    heads[y + 1] = heads[y] + came[y] - left[y] - retired[y] on every draw; the last year has no
    flows yet and they are 0.
    """

    heads: Floats
    came: Floats
    left: Floats
    retired: Floats

    def since(self, skip: int) -> "Stock":
        return Stock(*(each[skip:] for each in (self.heads, self.came, self.left, self.retired)))


def stock(
    people: Floats,
    youngest: int,
    *,
    inflow: Floats,
    begins: tuple[int, int],
    outflow: Floats,
    retires: Floats,
) -> Stock:
    """The heads of a role from one year to the next.

    `people` float64[ages] from age `youngest` on. Of each year float64[years, draws]: `inflow`
    people >= 0, `outflow` the share 0..1 that leaves, `retires` the age at which all are gone
    (with a fraction: that part of the year). Of a year, who leaves goes first; who is left grows a
    year older and retires; who comes is spread evenly over the ages `begins`, both ends in it.
    Answers one year more than was given. Stock and flow by age, as cohort-component models have
    them (Preston, Heuveline & Guillot 2001, ch. 6).
    """
    years, draws = inflow.shape
    ages = np.arange(youngest, OLDEST + 1)
    there = np.zeros((draws, len(ages)))
    there[:, : len(people)] = people
    spread = (ages >= begins[0]) & (ages <= begins[1])
    found = np.zeros((4, years + 1, draws))
    for year in range(years):
        found[0, year] = heads = there.sum(axis=1)
        found[2, year] = heads * outflow[year]
        there = there * (1 - outflow[year])[:, None]
        older = np.zeros_like(there)
        older[:, 1:] = there[:, :-1]
        older[:, -1] += there[:, -1]
        gone = np.clip(ages + 1 - retires[year][:, None], 0, 1)
        found[3, year] = (older * gone).sum(axis=1)
        found[1, year] = inflow[year]
        there = older * (1 - gone) + inflow[year][:, None] * spread / spread.sum()
    found[0, years] = there.sum(axis=1)
    return Stock(*found)


def by_age(bands: Mapping[tuple[int, int], float]) -> tuple[int, Floats]:
    """Bands with both ends in them, spread evenly over their years: the youngest, float64[ages].

    Raises ValueError where bands overlap.
    """
    youngest = min(low for low, _ in bands)
    people = np.zeros(max(high for _, high in bands) - youngest + 1)
    taken = np.zeros(len(people), dtype=bool)
    for (low, high), count in bands.items():
        place = slice(low - youngest, high - youngest + 1)
        if taken[place].any():
            raise ValueError(f"The band {low}-{high} overlaps another.")
        taken[place] = True
        people[place] = count / (high - low + 1)
    return youngest, people
