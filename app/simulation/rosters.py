"""The staff and the open places of a plan, four weeks at a time; exogenous, so known ahead."""

import numpy as np
from numpy.typing import NDArray

from app.simulation.calendar import Block, block
from app.simulation.capacity import Opened, duties, opened
from app.simulation.plan import Plan
from app.simulation.staff import Duty, Shifts, columns

Whole = NDArray[np.int64]


class Rosters:
    """Duties and open places by block, made when first asked for."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self._plan, self._seed = plan, seed
        self._duties: dict[int, dict[str, Duty]] = {}

    def duties(self, number: int) -> dict[str, Duty]:
        if number not in self._duties:
            self._duties[number] = duties(self._plan, self._seed, block(number))
        return self._duties[number]

    def opened(self, number: int) -> dict[str, Opened]:
        return opened(self._plan, self.duties(number), self._seed, block(number))

    def shifts(self, place: str, first: int, last: int, until: int) -> Shifts:
        """The shifts of a place in the blocks from `first` to `last`."""
        of_place = [self.duties(number).get(place) for number in range(first, last + 1)]
        return columns([each for each in of_place if each is not None], until)

    def on_duty(self, place: str, role: str, of: Block) -> Whole:
        """Heads of a role in each hour of a block, int64[hours]; 0 outside shifts."""
        shifts = self.shifts(place, of.number - 1, of.number, of.end + 10**7)
        if role not in shifts.roles:
            return np.zeros(len(of.hours), dtype=np.int64)
        mine = shifts.role == shifts.roles.index(role)
        starts, ends, worked = shifts.start[mine], shifts.end[mine], shifts.worked[mine]
        last = np.searchsorted(starts, of.hours, side="right") - 1
        there = (last >= 0) & (of.hours < ends[last])
        heads: Whole = np.where(there, worked[last], 0)
        return heads
