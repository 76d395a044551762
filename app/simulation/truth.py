"""What really was in a simulated region, asked at any moment until now."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.simulation.kinds import Kind
from app.simulation.people import People
from app.simulation.plan import Plan
from app.simulation.staff import Shift
from app.simulation.stops import Stop

Moments = NDArray[np.int64]
Figures = NDArray[np.float64]


class Truth:
    """Moments are int64 seconds since 1970 (UTC), not after `until`; periods are half-open."""

    begin: int
    until: int
    stops: Sequence[Stop]
    people: People

    def __init__(self, plan: Plan, begin: int) -> None:
        self.plan, self.begin, self.until = plan, begin, begin
        self.stops = ()

    def places(self) -> Sequence[str]:
        """The slugs of the units and the staff pools."""
        return ()

    def stocks(self, place: str) -> Sequence[Kind]:
        """What can be asked of a place at a moment."""
        return ()

    def flows(self, place: str) -> Sequence[Kind]:
        """What can be asked of a place over a period that has been."""
        return ()

    def at(self, place: str, kind: Kind, moments: Moments) -> Figures:
        """A stock at each moment, float64[n]; a change at the moment itself has happened."""
        return np.zeros(len(moments))

    def over(self, place: str, kind: Kind, starts: Moments, ends: Moments) -> Figures:
        """A flow over each [start, end), float64[n]; of `longestWaitSeconds` the longest."""
        return np.zeros(len(starts))

    def planned(
        self, place: str, kind: Kind, said_at: Moments, starts: Moments, ends: Moments
    ) -> Figures:
        """`expectedDischarges` or `plannedAdmissions` in [start, end) as expected at `said_at`."""
        return np.zeros(len(said_at))

    def shifts(self, place: str) -> Sequence[Shift]:
        """Every shift of a place, also those rostered for the 13 weeks to come."""
        return ()

    def growth(self, at: int) -> float:
        """What ageing does to the arrivals of older people, as a factor (1 at `begin`)."""
        return 1.0
