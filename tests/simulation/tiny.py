"""A truth small enough to know by heart: figures that follow from the clock alone."""

from collections.abc import Sequence

import numpy as np

from app.simulation.kinds import Kind
from app.simulation.staff import Shifts
from app.simulation.stops import Stop
from app.simulation.truth import Figures, Moments, Truth

DAY, HOUR = 86400, 3600
BEDS = {"resource": "bed", "bed_type": "observation-elderly"}
PHYSICAL, STAFFED = Kind("physical", **BEDS), Kind("staffed", **BEDS)
OCCUPIED, RESERVED = Kind("occupied", **BEDS), Kind("reserved", **BEDS)
SHORT = Kind("closedPlaces", reason="staff", **BEDS)
REQUESTS, LEAVE = Kind("requests", **BEDS), Kind("expectedDischarges", **BEDS)
STOCKS = (PHYSICAL, STAFFED, SHORT, OCCUPIED, RESERVED)


class Tiny(Truth):
    """Ten beds, of which one to three are closed for want of staff; a request every 40 minutes."""

    def __init__(self, begin: int, until: int, *units: str, stops: Sequence[Stop] = ()) -> None:
        self.begin, self.until = begin, until
        self._places, self._stops = units or ("reo-flex",), stops

    @property
    def stops(self) -> Sequence[Stop]:
        return self._stops

    def places(self) -> Sequence[str]:
        return self._places

    def stocks(self, place: str) -> Sequence[Kind]:
        return () if place.endswith("nacht") else STOCKS

    def flows(self, place: str) -> Sequence[Kind]:
        return () if place.endswith("nacht") else (REQUESTS,)

    def plans(self, place: str) -> Sequence[Kind]:
        return () if place.endswith("nacht") else (LEAVE,)

    def at(self, place: str, kind: Kind, moments: Moments) -> Figures:
        assert np.all(moments <= self.until), "nobody knows what is to come"
        closed = 1.0 + moments // (5 * HOUR) % 3
        occupied = np.asarray(moments // (2 * HOUR) % 5, float)
        return {
            PHYSICAL: np.full(len(moments), 10.0),
            SHORT: closed,
            STAFFED: 10.0 - closed,
            OCCUPIED: occupied,
            RESERVED: np.asarray(moments // (3 * HOUR) % 2, float),
        }[kind]

    def over(self, place: str, kind: Kind, starts: Moments, ends: Moments) -> Figures:
        assert np.all(ends <= self.until), "nobody knows what is to come"
        return np.asarray(-(-ends // 2400) - -(-starts // 2400), float)

    def planned(
        self, place: str, kind: Kind, said_at: Moments, starts: Moments, ends: Moments
    ) -> Figures:
        return np.asarray((ends - starts) // HOUR, float)

    def shifts(self, place: str, since: int | None = None, until: int | None = None) -> Shifts:
        days = np.arange(self.begin // DAY - 1, self.until // DAY + 92)
        zero, start = np.zeros(len(days), np.int64), days * DAY + 21 * HOUR
        over = start + 8 * HOUR <= self.until
        one = zero + 1
        found = Shifts(
            *(("nurse",), ("nacht",), zero, zero, start, start + 8 * HOUR, one + 1, one),
            *(np.where(over, one, -1), np.where(over, zero, -1), np.where(over, one, -1)),
        )
        return found.between(since or 0, until or 2**60)
