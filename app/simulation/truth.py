"""What really was in a simulated region, asked at any moment until now."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.simulation.askable import flows, plans, stocks
from app.simulation.boarding import last_door_to_bed, longest_minutes
from app.simulation.calendar import DAY, block_of
from app.simulation.census import (
    MOMENTS,
    STRETCHES,
    Census,
    by_number,
    transfers,
)
from app.simulation.changes import Marks, counted, inside
from app.simulation.expected import Expected, admissions, discharges, off_by
from app.simulation.journey import Journey
from app.simulation.kinds import Kind
from app.simulation.ledger import Ledger
from app.simulation.people import People, column, people
from app.simulation.plan import Plan, Unit
from app.simulation.rosters import Rosters
from app.simulation.seasons import grown
from app.simulation.staff import Shifts
from app.simulation.stops import Stop

Moments = NDArray[np.int64]
Figures = NDArray[np.float64]
# Rosters are made so many days ahead (design, domain 9).
ROSTERED_DAYS = 91


class Truth:
    """Moments are int64 seconds since 1970 (UTC), not after `until`; periods are half-open.

    Figures are exact. A kind without a dimension (destination, age band, urgency) is the total of
    the kinds with it: whoever tells them tells the one or the others.
    """

    begin: int
    until: int

    def __init__(
        self,
        plan: Plan,
        seed: int,
        begin: int,
        rosters: Rosters,
        journey: Journey,
        ledger: Ledger,
    ) -> None:
        self.plan, self.seed, self.begin, self.until = plan, seed, begin, begin
        self._rosters, self._journey, self._ledger = rosters, journey, ledger
        self._units = {unit.slug: number for number, unit in enumerate(plan.units)}
        self._seen = -1
        self._people: People | None = None
        self._census: dict[str, Census] = {}
        self._expected: dict[tuple[str, str], Expected] = {}
        self._kinds: dict[tuple[str, str], tuple[Kind, ...]] = {}
        self._off: Figures = np.zeros(0)
        self._here: list[Moments] = []
        self._asked: list[Moments] = []

    # Places and kinds

    def places(self) -> Sequence[str]:
        """The slugs of the units and the staff pools."""
        return (*self._units, *(pool.slug for pool in self.plan.pools))

    def stocks(self, place: str) -> Sequence[Kind]:
        """What can be asked of a place at a moment."""
        return self._known("stocks", place, lambda unit: stocks(self.plan, unit, self._ledger))

    def _known(
        self, which: str, place: str, kinds: Callable[[Unit], Iterable[Kind]]
    ) -> tuple[Kind, ...]:
        """Kinds are the same all the time, so they are put together once."""
        key = (which, place)
        if key not in self._kinds:
            unit = self._units.get(place)
            self._kinds[key] = () if unit is None else tuple(kinds(self.plan.units[unit]))
        return self._kinds[key]

    def flows(self, place: str) -> Sequence[Kind]:
        """What can be asked of a place over a period that has been."""
        return self._known("flows", place, lambda unit: flows(self.plan, unit, self._ledger))

    # Figures

    def at(self, place: str, kind: Kind, moments: Moments) -> Figures:
        """A stock at each moment, float64[n]; a change at the moment itself has happened."""
        unit = self.plan.units[self._units[place]]
        if (place, kind) in self._ledger.steps:
            return self._ledger.steps[place, kind].at(moments)
        if kind.measure == "physical":
            places = sum(beds.places for beds in unit.beds if beds.type == kind.bed_type)
            return np.full(len(moments), float(places))
        if kind.measure in ("startsToday", "startsThisWeek"):
            cell = self._journey.cells.named[place, kind.profile]
            said = self._journey.said
            steps = (said.today if kind.measure == "startsToday" else said.week).get(cell)
            return np.zeros(len(moments)) if steps is None else steps.at(moments)
        if place == self.plan.coordination:
            return inside(*self._waiting_for_transfer(), moments)
        census = self._of(place)
        if kind.measure == "longestBoardingMinutes":
            return longest_minutes(census, moments)
        if kind.measure == "lastDoorToBedMinutes":
            return last_door_to_bed(census, moments)
        if kind.measure not in STRETCHES:
            raise KeyError(f"{place} has no {kind}")
        return census.at(kind, moments)

    def over(self, place: str, kind: Kind, starts: Moments, ends: Moments) -> Figures:
        """A flow over each [start, end), float64[n]; of `longestWaitSeconds` the longest."""
        if (place, kind) in self._ledger.marks:
            return self._ledger.marks[place, kind].over(starts, ends)
        if (place, kind) in self._ledger.longest:
            return self._ledger.longest[place, kind].most(starts, ends)
        unit, said = self._units[place], self._journey.said
        if kind.measure == "refused":
            return said.refused.get((unit, kind.reason), Marks()).over(starts, ends)
        if kind.measure == "diverted":
            return said.diverted.get(unit, Marks()).over(starts, ends)
        if place == self.plan.coordination:
            rows = self._for_transfer()
            return counted(np.sort(self.people.asked_at[rows]), starts, ends)
        if kind.measure not in MOMENTS:
            raise KeyError(f"{place} has no {kind}")
        return self._of(place).over(kind, starts, ends)

    def planned(
        self, place: str, kind: Kind, said_at: Moments, starts: Moments, ends: Moments
    ) -> Figures:
        """`expectedDischarges` or `plannedAdmissions` in [start, end) as expected at `said_at`."""
        census, key = self._of(place), (place, kind.measure)
        if key not in self._expected:
            if kind.measure == "plannedAdmissions":
                self._expected[key] = admissions(census)
            else:
                ready = column(self._journey.crowd.ready)
                self._expected[key] = discharges(census, ready, self._off)
        return self._expected[key].planned(said_at, starts, ends)

    def plans(self, place: str) -> Sequence[Kind]:
        """What can be asked of a place about days to come."""
        return self._known("plans", place, plans)

    def shifts(self, place: str, since: int | None = None, until: int | None = None) -> Shifts:
        """Every shift of a place (in [since, until) if given), also those rostered for the 13 weeks
        to come.

        Of a shift that is not over `worked`, `worked_temporary` and `absent` are -1.
        """
        end = self.until + ROSTERED_DAYS * DAY
        since = self.begin if since is None else max(since, self.begin)
        until = end if until is None else min(until, end)
        # A night shift that reaches into a block is of the block before.
        first = max(block_of(self.begin), block_of(since - DAY))
        return self._rosters.shifts(place, first, block_of(until), self.until).between(since, until)

    @property
    def stops(self) -> Sequence[Stop]:
        """The stops that have begun, in order; one that lasts has not ended."""
        begun = [stop for stop in self._ledger.stops if stop.begins <= self.until]
        return [
            replace(stop, ends=None) if stop.ends is not None and stop.ends > self.until else stop
            for stop in sorted(begun, key=lambda stop: (stop.begins, stop.unit))
        ]

    @property
    def people(self) -> People:
        """Everyone who asked until now."""
        self._look()
        assert self._people is not None
        return self._people

    def growth(self, at: int) -> float:
        """What ageing does to the arrivals of older people, as a factor (1 at `begin`)."""
        return float(grown(np.array([at]), self.begin, self.plan.growth)[0])

    # What was looked up until now, made anew after each step

    def _look(self) -> None:
        if self._seen == self.until:
            return
        self._seen = self.until
        journey = self._journey
        self._people = people(self.plan, journey.cells, journey.crowd, self.until)
        self._gone, self._come = transfers(self._people)
        self._off = off_by(self.seed, len(self._people))
        self._here = by_number(self._people.unit, len(self.plan.units))
        self._asked = by_number(self._people.intake, len(self.plan.units))
        self._census.clear()
        self._expected.clear()

    def _of(self, place: str) -> Census:
        self._look()
        if place not in self._census:
            number = self._units[place]
            self._census[place] = Census(
                self.people,
                self.plan.units[number],
                number,
                self._here[number],
                self._asked[number],
                self._gone,
                self._come,
            )
        return self._census[place]

    def _for_transfer(self) -> NDArray[np.bool_]:
        through = np.array([need.transferred for need in self.plan.needs])
        return np.asarray(through[self.people.need])

    def _waiting_for_transfer(self) -> tuple[Moments, Moments]:
        rows = self._for_transfer()
        people = self.people
        far = np.iinfo(np.int64).max
        accepted, lost = people.accepted_at[rows], people.lost_at[rows]
        ends = np.minimum(np.where(accepted < 0, far, accepted), np.where(lost < 0, far, lost))
        begins = people.wanted_at[rows]
        keep = begins < ends
        return np.sort(begins[keep]), np.sort(ends[keep])
