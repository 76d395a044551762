"""What comes to a region from outside, in order: people, shifts, closures, stops, hours, days."""

from collections.abc import Iterator
from dataclasses import replace
from heapq import merge

import numpy as np
from numpy.typing import NDArray

from app.simulation.arrivals import ENTRANCES, Arrivals, arrivals, together, urgencies
from app.simulation.calendar import DAY, HOUR, Block, block, block_of
from app.simulation.chance import generator
from app.simulation.changes import Steps
from app.simulation.closures import stops
from app.simulation.journey import Journey
from app.simulation.ledger import Ledger, of_places
from app.simulation.plan import Plan, Unit
from app.simulation.rosters import Rosters
from app.simulation.starts import starts
from app.simulation.stops import Stop

# What happens first of what happens at the same second.
HOURS, PLACES, COVER, STOP, END, STARTS, PERSON = range(7)
Line = tuple[int, int, int, int, int, int, int]
AMBULANCE = ENTRANCES.index("ambulance")
RED = "mts-red"


class Script:
    """The lines of the block under way, played between the events of the journey."""

    def __init__(
        self,
        plan: Plan,
        seed: int,
        begin: int,
        rosters: Rosters,
        journey: Journey,
        ledger: Ledger,
    ) -> None:
        self.plan, self.seed, self.begin = plan, seed, begin
        self.rosters, self.journey, self.ledger = rosters, journey, ledger
        self.words = urgencies(plan)
        self.red = self.words.index(RED) if RED in self.words else -1
        self.units = {unit.slug: number for number, unit in enumerate(plan.units)}
        self.block = block(block_of(begin))
        self.lines: list[Line] = []
        self.next = 0
        self.ahead: Arrivals | None = None
        self.stop: tuple[int, int] | None = None
        self.open_up()
        self.load(self.block)

    # Playing

    def play(self, until: int) -> None:
        journey = self.journey
        while True:
            while self.next < len(self.lines):
                line = self.lines[self.next]
                if line[0] > until:
                    journey.run(until)
                    return
                journey.run(line[0] - 1)
                journey.now = line[0]
                self.next += 1
                self.say(line)
            journey.run(min(until, self.block.end - 1))
            if until < self.block.end:
                return
            self.block = block(self.block.number + 1)
            self.load(self.block)

    def say(self, line: Line) -> None:
        at, what, a, b, c, d, _ = line
        journey, cells = self.journey, self.journey.cells
        if what == PERSON:
            self.person(at, a, b, c, d)
        elif what == HOURS:
            self.hour(at, a, b, c)
        elif what == PLACES:
            cells.staffed[a], cells.usable[a] = b, c
            journey.offer(a)
        elif what == COVER:
            cells.covered[a] = bool(b)
            self.offer_all(a)
        elif what == STOP:
            cells.stopped[a] = "infection"
        elif what == END:
            if not self.holds(a, at):
                cells.stopped[a] = ""
                self.offer_all(a)
        else:
            journey.left_today[a], journey.left_week[a], cells.staffed[a] = b, c, b
            journey.said.today.setdefault(a, Steps()).set(at, b)
            journey.said.week.setdefault(a, Steps()).set(at, c)

    def person(self, asked: int, wanted: int, need: int, urgency: int, entrance: int) -> None:
        journey, emergency = self.journey, self.plan.emergency
        if emergency and entrance == AMBULANCE and urgency != self.red:
            # Who is in danger of life is always seen, whatever the hour or the stop.
            minutes = journey.second // 60
            hours = emergency.ambulances
            if self.stop or not hours.opens <= minutes < hours.closes:
                journey.divert(asked, need, urgency, entrance)
                return
        journey.arrive(asked, wanted, need, urgency, entrance)

    def holds(self, unit: int, at: int) -> bool:
        """Whether a stop of a unit goes on at the moment at which one of them ends."""
        return any(
            self.units[stop.unit] == unit and stop.begins <= at and at < (stop.ends or at)
            for stop in self.ledger.stops
            if stop.kind != "seh-stop"
        )

    def offer_all(self, unit: int) -> None:
        for cell, of_unit in enumerate(self.journey.cells.of_unit):
            if of_unit == unit:
                self.journey.offer(cell)

    def hour(self, at: int, offset: int, hour: int, weekday: int) -> None:
        """The clock strikes: units begin to admit, and the SEH looks at who waits for a bed."""
        self.journey.offset, self.journey.weekday = offset, weekday
        for cell in self.journey.cells.opening(hour, weekday):
            self.journey.offer(cell)
        if self.plan.emergency:
            self.look_at_seh(at)

    def look_at_seh(self, at: int) -> None:
        """A stop for ambulances begins when many board, and ends when fewer do or after a shift."""
        emergency, boarding = self.plan.emergency, self.journey.boarding
        if emergency is None:
            return
        if self.stop is None and boarding >= emergency.stop_boarders:
            expected = at + (2 + at // HOUR % 3) * HOUR
            self.stop = (len(self.ledger.stops), at)
            self.ledger.stops.append(
                Stop(emergency.unit, "seh-stop", ("ambulance",), "", at, expected, None, "room")
            )
        elif self.stop is not None:
            number, began = self.stop
            if boarding <= emergency.stop_boarders // 2 or at - began >= 8 * HOUR:
                self.ledger.stops[number] = replace(self.ledger.stops[number], ends=at)
                self.stop = None

    # Loading

    def load(self, of: Block) -> None:
        """The lines of a block, those before `begin` left out."""
        self.tell(of)
        lines = [*self.hours(of), *self.places(of), *self.stopping(of), *self.starting(of)]
        lines = sorted(line for line in lines if line[0] > self.begin)
        self.lines, self.next = list(merge(lines, self.people(of))), 0

    def open_up(self) -> None:
        """The region as it stands at `begin`: open places, people in them, starts left."""
        before = block(self.block.number - 1)
        self.tell(before)
        now = [*self.hours(before), *self.hours(self.block)]
        for line in sorted((*now, *self.places(before), *self.places(self.block))):
            if line[0] <= self.begin:
                if line[1] == HOURS:
                    self.journey.offset, self.journey.weekday = line[2], line[4]
                else:
                    self.say(line)
        for line in self.starting(self.block):
            if self.begin - DAY < line[0] <= self.begin:
                self.say(line)
        self.fill()

    def hours(self, of: Block) -> Iterator[Line]:
        """The hours at which somebody looks at the clock: each, if there is a SEH."""
        opening = {unit.admission.opens // 60 for unit in self.plan.units if unit.admission}
        looked = set(range(24)) if self.plan.emergency else {0, 3, *opening}
        which = np.isin(of.hour, sorted(looked))
        offsets = (of.hour * HOUR - of.hours) % DAY
        of_each = (of.hours, offsets, of.hour, of.weekday)
        columns = [column[which].tolist() for column in of_each]
        for at, offset, hour, weekday in zip(*columns, strict=True):
            yield (at, HOURS, offset, hour, weekday, 0, 0)

    def places(self, of: Block) -> Iterator[Line]:
        for slug, opened in self.rosters.opened(of.number).items():
            unit = self.plan.units[self.units[slug]]
            for number, beds in enumerate(unit.beds):
                cell = self.journey.cells.named[slug, beds.type]
                staffed, usable = opened.staffed[number], opened.usable[number]
                for n in changing(staffed, usable):
                    yield (int(opened.at[n]), PLACES, cell, int(staffed[n]), int(usable[n]), 0, 0)
            for n in changing(opened.covered):
                yield (int(opened.at[n]), COVER, self.units[slug], int(opened.covered[n]), 0, 0, 0)

    def tell(self, of: Block) -> None:
        """Open and closed places of a block, for who asks later."""
        for slug, opened in self.rosters.opened(of.number).items():
            unit = self.plan.units[self.units[slug]]
            none = np.zeros(len(opened.at), dtype=np.int64)
            for number, beds in enumerate(unit.beds):
                staffed = self.ledger.level(slug, of_places("staffed", unit, beds.type))
                append(staffed, opened.at, opened.staffed[number])
                for reason in reasons(unit, beds.type):
                    kind = of_places("closedPlaces", unit, beds.type, reason)
                    places = opened.closed.get((number, reason), none)
                    append(self.ledger.level(slug, kind), opened.at, places)

    def stopping(self, of: Block) -> Iterator[Line]:
        for number, unit in enumerate(self.plan.units):
            for stop in stops(unit, self.seed, of):
                if stop.begins <= self.begin:
                    continue
                self.ledger.stops.append(stop)
                yield (stop.begins, STOP, number, 0, 0, 0, 0)
        for stop in self.ledger.stops:
            ends = None if stop.kind == "seh-stop" else stop.ends
            if ends is not None and of.begin <= ends < of.end:
                yield (ends, END, self.units[stop.unit], 0, 0, 0, 0)

    def starting(self, of: Block) -> Iterator[Line]:
        for (slug, profile), (today, week) in starts(self.plan, self.seed, of).items():
            cell = self.journey.cells.named[slug, profile]
            for at, a, b in zip(of.midnights.tolist(), today.tolist(), week.tolist(), strict=False):
                yield (at, STARTS, cell, a, b, 0, 0)

    def people(self, of: Block) -> list[Line]:
        """Who asks in a block, also for a day in the next: planned people are drawn ahead."""
        now, planned = [], []
        for number, stream in enumerate(self.plan.streams):
            if stream.lead is None:
                now.append(arrivals(number, self.plan, self.seed, self.begin, of))
            else:
                blocks = (
                    (of, block(of.number + 1)) if self.ahead is None else (block(of.number + 1),)
                )
                planned += [
                    arrivals(number, self.plan, self.seed, self.begin, each) for each in blocks
                ]
        everyone = together([*([self.ahead] if self.ahead else []), *now, *planned])
        everyone = everyone.taken(everyone.wanted > self.begin)
        self.ahead = everyone.taken(everyone.asked >= of.end)
        asking = everyone.taken(everyone.asked < of.end)
        before = asking.asked <= self.begin
        self.known_before(asking.taken(before))
        asking = asking.taken(~before)
        columns = (asking.asked, asking.wanted, asking.need, asking.urgency, asking.entrance)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return [(asked, PERSON, *rest, 0) for asked, *rest in rows]

    def known_before(self, asking: Arrivals) -> None:
        columns = (asking.asked, asking.wanted, asking.need, asking.urgency, asking.entrance)
        for row in zip(*(column.tolist() for column in columns), strict=True):
            self.journey.arrive(*row)

    def fill(self) -> None:
        """Who is in a place at `begin`, part of the stay behind them."""
        journey = self.journey
        for cell, place in enumerate(journey.cells.cells):
            unit = self.plan.units[place.unit]
            share = next(beds.filled for beds in unit.beds if beds.type == place.type)
            needs = [
                n for n in journey.cells.wanted_by[cell] if journey.cells.candidates[n][0] == cell
            ] or journey.cells.wanted_by[cell]
            count = round(share * place.places)
            if not count or not needs:
                continue
            chance = generator(self.seed, "filled", unit.slug, place.type)
            for n in chance.choice(needs, count).tolist():
                passed, remains = self.plan.needs[n].stay.under_way(chance, 1)
                journey.be_there(n, cell, int(passed[0] * DAY), int(remains[0] * DAY) + 1)


def changing(*columns: NDArray[np.int64] | NDArray[np.bool_]) -> list[int]:
    """Where any of the columns [n] differs from the row before; the first row always does."""
    differs = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return [0, *(np.flatnonzero(differs) + 1).tolist()]


def append(level: Steps, at: NDArray[np.int64], values: NDArray[np.int64]) -> None:
    keep = changing(values)
    level.extend(at[keep], values[keep])


def reasons(unit: Unit, bed_type: str) -> list[str]:
    """Why places of this type can be closed."""
    planned = {closure.reason for closure in unit.closures if closure.type == bed_type}
    infected = {"infection"} if unit.outbreaks_per_year else set()
    return sorted({"staff", *planned, *infected})
