"""Everyone who asked for a place: one row for each request, with what became of it."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.simulation.arrivals import ENTRANCES, urgencies
from app.simulation.cells import Cells
from app.simulation.crowd import Crowd
from app.simulation.journey import DESTINATIONS
from app.simulation.plan import Plan

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class People:
    """Columns int64[n], one row per request, in the order in which they were noted.

    Moments are seconds since 1970 (UTC), -1 is not (yet). One person has a row for each place asked
    for (SEH, then ward, then ELV): `person` is the same, and `first` holds for the earliest row.
    `setting`, `unit`, `intake`, `destination`, `urgency`, `entrance`, `need` and `bed_type` number
    the words beside them; -1 is none. Who was there when the story began asked before `begin`.
    """

    units: Sequence[str]
    settings: Sequence[str]
    destinations: Sequence[str]
    urgencies: Sequence[str]
    entrances: Sequence[str]
    needs: Sequence[str]
    bed_types: Sequence[str]
    person: Whole
    first: NDArray[np.bool_]
    need: Whole
    setting: Whole
    urgency: Whole
    entrance: Whole
    # The unit that was asked first, where the request is counted.
    intake: Whole
    # The unit and the type of the place that was promised or taken.
    unit: Whole
    bed_type: Whole
    asked_at: Whole
    # When the place is wanted: the planned day, else when asked.
    wanted_at: Whole
    accepted_at: Whole
    # When a person who was promised a place is expected.
    moving_at: Whole
    placed_at: Whole
    ready_at: Whole
    left_at: Whole
    lost_at: Whole
    # Where to when ready; set from then on. -1 of who is ready: died, or left the region.
    destination: Whole
    tries: Whole
    # The row of the place that the person was in while asking, -1 at home.
    origin: Whole

    def __len__(self) -> int:
        return len(self.asked_at)


def people(plan: Plan, cells: Cells, crowd: Crowd, until: int) -> People:
    """The rows as they stand at `until`."""
    settings = tuple(sorted({unit.setting for unit in plan.units}))
    types = tuple(sorted({cell.type for cell in cells.cells}))
    # One more for a cell of -1: no unit, no type.
    of_unit = np.array([*cells.of_unit, -1], dtype=np.int64)
    of_type = np.array([*(types.index(cell.type) for cell in cells.cells), -1], dtype=np.int64)
    of_setting = np.array([settings.index(need.setting) for need in plan.needs], dtype=np.int64)
    need, cell, ready = column(crowd.need), column(crowd.cell), column(crowd.ready)
    person = column(crowd.person)
    first = np.zeros(len(person), dtype=np.bool_)
    first[np.unique(person, return_index=True)[1]] = True
    return People(
        units=tuple(unit.slug for unit in plan.units),
        settings=settings,
        destinations=DESTINATIONS,
        urgencies=urgencies(plan),
        entrances=ENTRANCES,
        needs=tuple(each.name for each in plan.needs),
        bed_types=types,
        person=person,
        first=first,
        need=need,
        setting=of_setting[need],
        urgency=column(crowd.urgency),
        entrance=column(crowd.entrance),
        intake=of_unit[column(crowd.first)],
        unit=of_unit[cell],
        bed_type=of_type[cell],
        asked_at=column(crowd.asked),
        wanted_at=column(crowd.wanted),
        accepted_at=column(crowd.accepted),
        moving_at=column(crowd.moving),
        placed_at=column(crowd.placed),
        ready_at=np.where(ready <= until, ready, -1),
        left_at=column(crowd.left),
        lost_at=column(crowd.lost),
        destination=column(crowd.destination),
        tries=column(crowd.tries),
        origin=column(crowd.origin),
    )


def column(values: "array[int]") -> Whole:
    return np.array(values, dtype=np.int64)
