"""How many people can be cared for: no more than there are places, and than the staff can carry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import floor, inf

import numpy as np
from scipy.optimize import linprog

BEDS = "beds"


@dataclass(frozen=True, slots=True)
class Crew:
    """Heads of a role that are there for these units together, and how many people each carries.

    `heads` None: unknown. `per_head` None: the role has no ratio and sets no bound, as long as
    somebody is there.
    """

    role: str
    units: frozenset[str]
    heads: float | None
    per_head: float | None

    @property
    def carries(self) -> float | None:
        """How many people: without a head nobody; inf where the role sets no bound. A minimum of
        heads that is not met is told by the gap, and takes no place away here."""
        if self.heads is None:
            return None
        if self.heads <= 0:
            return 0.0
        return inf if self.per_head is None else float(floor(self.heads * self.per_head + 1e-9))


@dataclass(frozen=True, slots=True)
class Capacity:
    """What can be cared for in a scope of units, and what binds: `beds` or a role.

    `value` None: a part is unknown; it is then at most `at_most` (None: nothing is known).
    """

    units: tuple[str, ...]
    beds: float | None
    value: float | None
    at_most: float | None
    binding: str | None


def staffed_capacity(beds: Mapping[str, float | None], crews: Sequence[Crew]) -> Capacity:
    """min(beds, staff by role) over the units of `beds`, with staff that covers several once.

    Each unit can care for no more than its places and its own crews carry; those of several units
    together for no more than their common crew carries. What binds is what, if there were enough
    of it, would give the most places; beds if no role does, so that staff is named only where it
    costs a place. More heads never lower the value.
    """
    inside = [each for each in crews if each.units <= beds.keys()]
    total = most(beds, inside)
    unknown = None in beds.values() or any(each.carries is None for each in inside)
    gains = {
        role: most(beds, [each for each in inside if each.role != role]) - total
        for role in sorted({each.role for each in inside})
        if total < inf
    }
    binding = max(gains, key=lambda role: gains[role], default=BEDS)
    if not gains or gains[binding] <= 0:
        binding = tied(gains, beds, inside, total)
    told = [places for places in beds.values() if places is not None]
    at_most = None if total == inf else total
    return Capacity(
        tuple(sorted(beds)),
        sum(told) if told and len(told) == len(beds) else None,
        None if unknown else at_most,
        at_most,
        None if unknown else binding,
    )


def tied(
    gains: Mapping[str, float],
    beds: Mapping[str, float | None],
    crews: Sequence[Crew],
    total: float,
) -> str:
    """Beds, unless several roles bind together so that more of one alone would give nothing."""
    places = sum(inf if each is None else each for each in beds.values())
    if total >= places or not gains:
        return BEDS
    return min(
        (each for each in crews if each.carries is not None),
        key=lambda each: ((each.carries or 0.0) / len(each.units), each.role),
    ).role


def most(beds: Mapping[str, float | None], crews: Sequence[Crew]) -> float:
    """The largest number of people over the units within all bounds that are known; inf: none."""
    bounds = {unit: inf if places is None else max(places, 0.0) for unit, places in beds.items()}
    shared: dict[frozenset[str], float] = {}
    for crew in crews:
        carries = crew.carries
        if carries is None:
            continue
        if len(crew.units) == 1:
            (unit,) = crew.units
            bounds[unit] = min(bounds[unit], carries)
        else:
            shared[crew.units] = min(shared.get(crew.units, inf), carries)
    shared = {units: carries for units, carries in shared.items() if carries < inf}
    if any(one & other for one, other in combinations(shared, 2)):
        return over_all(bounds, shared)
    alone = sum(bound for unit, bound in bounds.items() if not any(unit in each for each in shared))
    return alone + sum(
        min(carries, sum(bounds[unit] for unit in units)) for units, carries in shared.items()
    )


def over_all(bounds: Mapping[str, float], shared: Mapping[frozenset[str], float]) -> float:
    """The same where crews cover units in common with others: a linear programme."""
    units = sorted(bounds)
    within = np.array([[unit in each for unit in units] for each in shared], dtype=np.float64)
    limits = [(0.0, None if bounds[unit] == inf else bounds[unit]) for unit in units]
    found = linprog(-np.ones(len(units)), within, list(shared.values()), bounds=limits)
    return inf if found.status == 3 else float(floor(-found.fun + 1e-6))
