"""How many places are open: what there is, less what is closed, no more than the staff can carry.

staffed = min(physical - other closures, heads x patients per head), so that
physical = staffed + closedPlaces whatever happens.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.simulation.calendar import Block
from app.simulation.closures import closed
from app.simulation.plan import Plan, Pool, ShiftHours, Unit
from app.simulation.staff import NO_LIMIT, Duty, duty, lent, pool_duty

Whole = NDArray[np.int64]
# A unit that tells of no shifts may close places from one day to the next.
ALL_DAY = (ShiftHours("dag", 0, 0),)
STARTS = "care-start"


@dataclass(frozen=True, slots=True)
class Opened:
    """The places of a unit from each of its moments on; columns int64[types, n] but for `at`."""

    at: Whole  # [n], in order
    staffed: Whole
    # Physical less what is closed for another reason than staff.
    usable: Whole
    closed: Mapping[tuple[int, str], Whole]  # (number of the type, reason): [n]
    # Whether somebody may admit, bool[n].
    covered: NDArray[np.bool_]


def duties(plan: Plan, seed: int, block: Block) -> dict[str, Duty]:
    """Who works in every unit and pool with shifts."""
    found = {}
    for unit in plan.units:
        if unit.crews:
            usable = open_beds(unit, seed, block)
            found[unit.slug] = duty(unit.slug, unit.shifts, unit.crews, usable, plan, seed, block)
    for pool in plan.pools:
        beds = [open_beds(unit, seed, block) for unit in plan.units if unit.slug in pool.units]
        found[pool.slug] = pool_duty(pool, np.sum(beds, axis=0), plan, seed, block)
    return found


def open_beds(unit: Unit, seed: int, block: Block) -> Whole:
    """Beds that are not closed by plan or infection, int64[days]."""
    places = np.full(len(block.days), sum(beds.places for beds in unit.beds))
    return np.asarray(places - sum(closed(unit, seed, block).values()))


def opened(plan: Plan, duties: Mapping[str, Duty], seed: int, block: Block) -> dict[str, Opened]:
    """The places of every unit with beds or treatment spaces."""
    units = {unit.slug: unit for unit in plan.units if unit.beds and unit.resource != STARTS}
    carried = {slug: carry(unit, duties.get(slug), block) for slug, unit in units.items()}
    for pool in plan.pools:
        members = [units[slug] for slug in pool.units if slug in units]
        if pool.covers:
            covering(pool, duties[pool.slug], members, carried, seed, block)
        else:
            filling(duties[pool.slug], members, duties, carried)
    return {
        slug: opened_of(unit, carried[slug], duties.get(slug), seed, block)
        for slug, unit in units.items()
    }


def carry(unit: Unit, of_unit: Duty | None, block: Block) -> Whole:
    """How many patients the limiting crew can have, int64[shifts, days]."""
    shifts = unit.shifts or ALL_DAY
    most = np.full((len(shifts), len(block.days)), NO_LIMIT)
    if of_unit is None:
        return most
    for r, crew in enumerate(unit.crews):
        if crew.limits:
            for s, shift in enumerate(shifts):
                if shift.shift in crew.per_head:
                    able = np.floor(of_unit.worked[r, s] * crew.per_head[shift.shift])
                    most[s] = np.minimum(most[s], able.astype(np.int64))
    return most


def covering(
    pool: Pool,
    of_pool: Duty,
    members: list[Unit],
    carried: dict[str, Whole],
    seed: int,
    block: Block,
) -> None:
    """In its shifts the heads of the pool are all there are: units take them in their order."""
    for p, name in enumerate(of_pool.names):
        left = np.floor(of_pool.worked[0, p] * pool.per_head).astype(np.int64)
        for unit in members:
            s = [shift.shift for shift in unit.shifts].index(name)
            takes = np.minimum(left, open_beds(unit, seed, block))
            carried[unit.slug][s] = takes
            left = left - takes


def filling(
    of_pool: Duty, members: list[Unit], duties: Mapping[str, Duty], carried: dict[str, Whole]
) -> None:
    limited = {}
    for unit in members:
        for r, crew in enumerate(unit.crews):
            if crew.limits and crew.role in of_pool.roles:
                limited[unit.slug] = (duties[unit.slug], r)
    heads = lent(of_pool, limited)
    for unit in members:
        if unit.slug in limited:
            crew = unit.crews[limited[unit.slug][1]]
            per_head = np.array([crew.per_head.get(shift.shift, 0.0) for shift in unit.shifts])
            more = np.floor(heads[unit.slug] * per_head[:, None]).astype(np.int64)
            carried[unit.slug] = carried[unit.slug] + more


def opened_of(unit: Unit, carried: Whole, of_unit: Duty | None, seed: int, block: Block) -> Opened:
    shifts = unit.shifts or ALL_DAY
    starts = np.array([block.starts(shift.start) for shift in shifts])
    order = np.argsort(starts.ravel(), kind="stable")
    shape = starts.shape
    other = {
        of: np.broadcast_to(places, shape).ravel()[order]
        for of, places in closed(unit, seed, block).items()
    }
    usable = np.array([np.full(len(order), beds.places) for beds in unit.beds])
    for (number, _), places in other.items():
        usable[number] -= places
    staffed = shared(carried.ravel()[order], usable)
    short = {(number, "staff"): usable[number] - staffed[number] for number in range(len(usable))}
    for of, places in short.items():
        other[of] = other.get(of, 0) + places
    return Opened(
        starts.ravel()[order],
        staffed,
        usable,
        other,
        np.broadcast_to(covered(unit, of_unit, block), shape).ravel()[order],
    )


def shared(carried: Whole, usable: Whole) -> Whole:
    """What staff for so many (int64[n]) keep open of each type in turn, int64[types, n]."""
    left, staffed = carried.copy(), np.zeros_like(usable)
    for number, places in enumerate(usable):
        staffed[number] = np.minimum(left, places)
        left -= staffed[number]
    return staffed


def covered(unit: Unit, of_unit: Duty | None, block: Block) -> NDArray[np.bool_]:
    """Whether on each day there is a head of every role that admits, bool[days]."""
    there = np.ones(len(block.days), dtype=np.bool_)
    if of_unit is not None:
        for r, crew in enumerate(unit.crews):
            if crew.admits:
                there &= of_unit.worked[r].sum(axis=0) > 0
    return there
