"""All that the next three days of a region rest on, as it was known at the data cut."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time

import numpy as np
from numpy.typing import NDArray

from app.facilities.schemas import Hours, SubstitutionPool, UnitFacts
from app.forecasts.days.hours import HOUR, WEEK, open_hours
from app.forecasts.days.rule import Rule
from app.forecasts.days.told import NONE, Flow, Series, Stock, flow_of, together
from app.forecasts.supply import Event

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
# Of who comes and goes; and of what is asked of a post that is called.
CAME, TAKEN_OVER, ASKED = "admissions", "transfersIn", "requests"
LEFT, HANDED_OVER = "discharges", "transfersOut"
MOVES = (CAME, TAKEN_OVER, ASKED, LEFT, HANDED_OVER)
OF_A_POST = ("calls", "consults", "homeVisits")
FLOWS = (*MOVES, *OF_A_POST)
OCCUPIED, WAITING = "occupied", "waiting"
STOCKS = (OCCUPIED, "staffed", "reserved", WAITING)
SAID, PLANNED, ROSTERED = "expectedDischarges", "plannedAdmissions", "rostered"
# Outside its admission hours few come, but not none: an arrival may be told late.
OUTSIDE = 0.02
# A count is taken to lie between two that were told at most so far apart (s).
BETWEEN = 25 * HOUR


@dataclass(frozen=True)
class Offering:
    """What must be known of a unit: whose it is, what it offers, when it is open and admits.

    `comes` and `opens` float64[168] are in which part of each hour of the week it admits, and is
    open.
    """

    unit: str
    org_id: int
    care_setting: str
    resource: str
    bed_types: tuple[str, ...]
    shifts: tuple[time, ...]
    comes: Floats
    opens: Floats
    term: int | None


def offering_of(unit: str, org_id: int, facts: UnitFacts) -> Offering:
    entrances = [open_hours(hours) for hours in facts.opening_hours.values()]
    # A route that is not named is open always.
    always = len(entrances) < 4
    opens = np.ones(WEEK) if always else np.maximum.reduce(entrances)
    return Offering(
        unit,
        org_id,
        facts.care_setting,
        facts.resource,
        tuple(bed.bed_type for bed in facts.beds),
        tuple(sorted({shift.start for shift in facts.shifts})),
        admits(facts.admission_hours),
        opens,
        facts.planned_term_days,
    )


def admits(hours: Sequence[Hours]) -> Floats:
    """What arrivals of a week look like before any is counted: float64[168]."""
    return np.maximum(open_hours(hours), OUTSIDE) if hours else np.ones(WEEK)


@dataclass(frozen=True, slots=True)
class Told:
    """One series of a flow, plan or roster: `said_at` int64[n] s is when each was said."""

    unit: str
    measure: str
    resource: str
    bed_type: str
    words: tuple[str, ...]
    rank: int
    starts: Whole
    lengths: Whole
    values: Floats
    said_at: Whole

    @property
    def series(self) -> Series:
        """By bed type among its words: of a unit told as a whole and by type the whole counts."""
        words = (self.bed_type, *self.words)
        return (self.rank, words, self.starts, self.lengths, self.values)


@dataclass(frozen=True)
class Known:
    """What a run knows, of figures up to `at`."""

    at: datetime
    rule: Rule
    offerings: Mapping[str, Offering]
    groups: Mapping[str, Sequence[str]]
    flows: Mapping[tuple[str, str], Sequence[Told]]
    stocks: Mapping[tuple[str, str, str, str], Stock]
    events: Mapping[str, Sequence[Event]] = field(default_factory=dict)
    pools: Mapping[str, SubstitutionPool] = field(default_factory=dict)

    def flow(self, unit: str, measure: str, bed_type: str | None = None) -> Flow:
        """One flow of a unit, of all its bed types or of one."""
        told = self.flows.get((unit, measure), ())
        kept = [each for each in told if bed_type is None or each.bed_type == bed_type]
        return flow_of([each.series for each in kept]) if kept else NONE

    def moved(self, unit: str, own: str, between: str, bed_type: str | None) -> Flow:
        """Admissions with transfers in, or discharges with transfers out.

        Where transfers are told of other periods than most of the others, without them.
        """
        flow = self.flow(unit, own, bed_type)
        found = together(flow, self.flow(unit, between, bed_type)) if len(flow) else flow
        return found if 2 * found.lengths.sum() >= flow.lengths.sum() else flow

    def types(self, unit: str) -> list[tuple[str, str]]:
        """The (resource, bed type) of which `occupied` was told."""
        return sorted(key[2:] for key in self.stocks if key[:2] == (unit, "occupied"))

    def by_type(self, unit: str, bed_type: str) -> bool:
        """Whether who comes and who leaves is told of a bed type by itself."""
        comes, leaves = (
            {each.bed_type for name in names for each in self.flows.get((unit, name), ())}
            for names in ((CAME, ASKED), (LEFT,))
        )
        return bed_type != "" and bed_type in comes and (bed_type in leaves or not leaves)

    def stock(self, unit: str, measure: str, resource: str, bed_type: str) -> Stock | None:
        return self.stocks.get((unit, measure, resource, bed_type))


def summed(stocks: Iterable[Stock | None], moments: Whole) -> Floats:
    """The sum at each moment, NaN where one is unknown; of none at all NaN."""
    told = [each.at(moments) for each in stocks if each is not None]
    return np.sum(told, axis=0) if told else np.full(len(moments), np.nan)


def between(stock: Stock, moments: Whole) -> Floats:
    """About how many there were at each moment: on a line between two counts, else NaN."""
    known = np.isfinite(stock.values)
    at, values = stock.moments[known], stock.values[known]
    if not len(at):
        return np.full(len(moments), np.nan)
    after = np.searchsorted(at, moments, side="left").clip(max=len(at) - 1)
    before = (np.searchsorted(at, moments, side="right") - 1).clip(min=0)
    near = (at[before] <= moments) & (moments <= at[after]) & (at[after] - at[before] <= BETWEEN)
    found: Floats = np.where(near, np.interp(moments, at, values), np.nan)
    return found
