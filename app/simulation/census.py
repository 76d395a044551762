"""What the rows of the people tell of a unit: who waits, is there, is ready, came and went."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.simulation.calendar import DAY
from app.simulation.changes import counted, inside
from app.simulation.kinds import Kind
from app.simulation.people import People
from app.simulation.plan import Unit

Whole = NDArray[np.int64]
Figures = NDArray[np.float64]
Which = NDArray[np.bool_]
FAR = np.iinfo(np.int64).max
# How many days people of an age band have been ready: from, until.
AGE_BANDS = {"days-0-2": (0, 3), "days-3-7": (3, 8), "days-8-plus": (8, 100_000)}
Stretches = tuple[Whole, Whole]


def ended(moments: Whole) -> Whole:
    """Moments with those that are not yet put at the end of time."""
    return np.where(moments < 0, FAR, moments)


@dataclass
class Census:
    """The rows of one unit, and the sorted columns that were asked of them."""

    people: People
    unit: Unit
    number: int
    # Rows that were placed or promised here, and rows that asked here first.
    here: Whole
    asked: Whole
    # Of every row of the people: the row that followed it as a transfer, if any.
    transferred_out: Which
    transferred_in: Which
    sorted: dict[tuple[str, Kind], Stretches] = field(default_factory=dict)

    def stretches(self, name: str, kind: Kind) -> Stretches:
        key = (name, kind)
        if key not in self.sorted:
            begins, ends = STRETCHES[name](self, kind)
            keep = begins < ends
            self.sorted[key] = (np.sort(begins[keep]), np.sort(ends[keep]))
        return self.sorted[key]

    def moments(self, name: str, kind: Kind) -> Whole:
        key = (name, kind)
        if key not in self.sorted:
            times = np.sort(MOMENTS[name](self, kind))
            self.sorted[key] = (times, times)
        return self.sorted[key][0]

    def at(self, kind: Kind, moments: Whole) -> Figures:
        return inside(*self.stretches(kind.measure, kind), moments)

    def over(self, kind: Kind, starts: Whole, ends: Whole) -> Figures:
        return counted(self.moments(kind.measure, kind), starts, ends)

    # Which rows a kind is about

    def typed(self, rows: Whole, kind: Kind) -> Whole:
        """Of a unit with several types a kind may name one."""
        if len(self.unit.beds) < 2 or not kind.bed_type:
            return rows
        number = self.people.bed_types.index(kind.bed_type)
        return np.asarray(rows[self.people.bed_type[rows] == number])

    def urgent(self, rows: Whole, kind: Kind) -> Whole:
        if not kind.urgency:
            return rows
        number = self.people.urgencies.index(kind.urgency)
        return np.asarray(rows[self.people.urgency[rows] == number])

    def profiled(self, rows: Whole, kind: Kind) -> Whole:
        """Of home care: those who need this profile."""
        if not kind.profile:
            return rows
        of = [need.startswith(f"{kind.profile} ") for need in self.people.needs]
        return np.asarray(rows[np.array(of)[self.people.need[rows]]])

    def bound(self, rows: Whole, kind: Kind) -> Whole:
        if not kind.destination:
            return rows
        to = self.people.destinations.index(kind.destination)
        return np.asarray(rows[self.people.destination[rows] == to])


def occupied(census: Census, kind: Kind) -> Stretches:
    rows = census.typed(census.here, kind)
    rows = rows[census.people.placed_at[rows] >= 0]
    return census.people.placed_at[rows], ended(census.people.left_at[rows])


def reserved(census: Census, kind: Kind) -> Stretches:
    rows = census.typed(census.here, kind)
    return census.people.accepted_at[rows], ended(census.people.placed_at[rows])


def waiting(census: Census, kind: Kind) -> Stretches:
    people = census.people
    rows = census.profiled(census.urgent(census.asked, kind), kind)
    placed, lost = ended(people.accepted_at[rows]), ended(people.lost_at[rows])
    return people.wanted_at[rows], np.minimum(placed, lost)


def medically_ready(census: Census, kind: Kind) -> Stretches:
    people = census.people
    rows = census.bound(census.here[people.ready_at[census.here] >= 0], kind)
    ready, left = people.ready_at[rows], ended(people.left_at[rows])
    if not kind.age_band:
        return ready, left
    since, until = AGE_BANDS[kind.age_band]
    return ready + since * DAY, np.minimum(left, ready + until * DAY)


def wrong_bed(census: Census, kind: Kind) -> Stretches:
    return medically_ready(census, Kind("medicallyReady", destination="wlz"))


def present(census: Census, kind: Kind) -> Stretches:
    people = census.people
    rows = census.urgent(census.asked, kind)
    gone = np.minimum(ended(people.left_at[rows]), ended(people.lost_at[rows]))
    return people.asked_at[rows], gone


def boarders(census: Census, kind: Kind) -> Stretches:
    people = census.people
    rows = census.here[people.ready_at[census.here] >= 0]
    return people.ready_at[rows], ended(people.left_at[rows])


def ventilated(census: Census, kind: Kind) -> Stretches:
    """Of those whose life is in danger one in four (assumption, fictief)."""
    people = census.people
    rows = census.urgent(census.here, Kind("present", urgency="mts-red"))
    rows = rows[(people.person[rows] % 4 == 0) & (people.placed_at[rows] >= 0)]
    return people.placed_at[rows], ended(people.left_at[rows])


STRETCHES: Mapping[str, Callable[[Census, Kind], Stretches]] = {
    "occupied": occupied,
    "reserved": reserved,
    "waiting": waiting,
    "medicallyReady": medically_ready,
    "verkeerdeBed": wrong_bed,
    "present": present,
    "boarders": boarders,
    "ventilated": ventilated,
}


def requests(census: Census, kind: Kind) -> Whole:
    rows = census.profiled(census.urgent(census.asked, kind), kind)
    return census.people.asked_at[rows]


def came(census: Census, kind: Kind) -> Whole:
    rows = census.profiled(census.typed(census.here, kind), kind)
    rows = rows[~census.transferred_in[rows]]
    return past(census.people.placed_at[rows])


def taken_over(census: Census, kind: Kind) -> Whole:
    rows = census.typed(census.here, kind)
    return past(census.people.placed_at[rows[census.transferred_in[rows]]])


def went(census: Census, kind: Kind) -> Whole:
    rows = census.bound(census.typed(census.here, kind), kind)
    return past(census.people.left_at[rows[~census.transferred_out[rows]]])


def handed_over(census: Census, kind: Kind) -> Whole:
    rows = census.typed(census.here, kind)
    return past(census.people.left_at[rows[census.transferred_out[rows]]])


def past(moments: Whole) -> Whole:
    return moments[moments >= 0]


MOMENTS: Mapping[str, Callable[[Census, Kind], Whole]] = {
    "requests": requests,
    "admissions": came,
    "discharges": went,
    "transfersIn": taken_over,
    "transfersOut": handed_over,
}


def transfers(people: People) -> tuple[Which, Which]:
    """Which rows left for, and which came from, another unit of the same kind, bool[n] each.

    From the SEH to a ward is an admission; from one ward to another is a transfer.
    """
    gone, come = np.zeros(len(people), dtype=np.bool_), np.zeros(len(people), dtype=np.bool_)
    rows = np.flatnonzero((people.origin >= 0) & (people.placed_at >= 0))
    same = people.setting[rows] == people.setting[people.origin[rows]]
    come[rows[same]] = True
    gone[people.origin[rows[same]]] = True
    return gone, come


def by_number(column: Whole, count: int) -> list[Whole]:
    """The rows of each unit, in order; those of none are left out."""
    order = np.argsort(column, kind="stable")
    bounds = np.searchsorted(column[order], np.arange(count + 1))
    return [order[low:high] for low, high in pairwise(bounds.tolist())]
