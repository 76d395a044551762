"""How people move: they ask, are told no, wait, are promised a place, come, are ready, and leave.

A discrete-event simulation with a queue of events (Law, 2015, Simulation Modeling and Analysis,
ch. 1). A person is in one place at a time: who waits for a follow-up place keeps the bed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush

from app.simulation.calendar import DAY, HOUR
from app.simulation.cells import Cells
from app.simulation.chance import Well, uniform
from app.simulation.changes import Marks, Steps
from app.simulation.crowd import Crowd
from app.simulation.plan import Need, Plan

DESTINATIONS = ("home", "home-care", "elv", "grz", "wlz", "ggz", "hospice", "wmo")
WARD, SEH = "hospital-ward", "seh"
# Who boards at the SEH goes to another hospital after about so many hours (assumption, fictief).
ELSEWHERE_AFTER = 18.0
FROM_HOUR, TO_HOUR = 9 * HOUR, 18 * HOUR


@dataclass
class Said:
    """What was said and spent, beside what the rows of the crowd tell."""

    # By (number of the unit, reason).
    refused: dict[tuple[int, str], Marks] = field(default_factory=dict)
    diverted: dict[int, Marks] = field(default_factory=dict)
    # Starts of home care still to be had, by cell.
    today: dict[int, Steps] = field(default_factory=dict)
    week: dict[int, Steps] = field(default_factory=dict)


class Journey:
    """The people, the cells, and the events to come."""

    def __init__(self, plan: Plan, seed: int, now: int) -> None:
        self.plan, self.now = plan, now
        self.cells, self.crowd, self.said = Cells(plan), Crowd(), Said()
        self.needs = plan.needs
        self.number_of = {need.name: n for n, need in enumerate(plan.needs)}
        self.queues: list[dict[int, None]] = [{} for _ in plan.needs]
        # Cells that said no for good, by row; as a set of bits.
        self.barred: dict[int, int] = {}
        # (moment, number, what happens, row); the number keeps the order of what comes together.
        self.events: list[tuple[int, int, int, int]] = []
        self.numbered = 0
        self.offset = 0
        self.weekday = 0
        self.seh = -1 if plan.emergency is None else self.number_of_unit(plan.emergency.unit)
        # People who wait at the SEH for a place elsewhere.
        self.boarding = 0
        self.left_today = [0] * len(self.cells.cells)
        self.left_week = [0] * len(self.cells.cells)
        self.stays = [Well(seed, f"stay {need.name}", need.stay.drawn) for need in plan.needs]
        self.chances = [Well(seed, f"chance {need.name}", uniform) for need in plan.needs]
        self.outflows = [cumulated(need, self.number_of) for need in plan.needs]
        self.happens: tuple[Callable[[int], None], ...] = (
            self.come,
            self.become_ready,
            self.give_up,
            self.ask,
        )

    def number_of_unit(self, slug: str) -> int:
        return [unit.slug for unit in self.plan.units].index(slug)

    # Events

    def later(self, at: int, happens: int, row: int) -> None:
        self.numbered += 1
        heappush(self.events, (at, self.numbered, happens, row))

    def run(self, until: int) -> None:
        """Everything that comes to people before or at `until`."""
        events = self.events
        while events and events[0][0] <= until:
            self.now, _, happens, row = heappop(events)
            self.happens[happens](row)

    @property
    def second(self) -> int:
        """Of the local day."""
        return (self.now + self.offset) % DAY

    # Asking

    def arrive(self, asked: int, wanted: int, need: int, urgency: int, entrance: int) -> None:
        """A new person asks, now or for a planned day."""
        row = self.crowd.add(need, asked, wanted, urgency=urgency, entrance=entrance)
        self.crowd.first[row] = self.cells.candidates[need][0]
        if wanted > self.now:
            self.later(wanted, 3, row)
        else:
            self.ask(row)

    def divert(self, asked: int, need: int, urgency: int, entrance: int) -> None:
        """An ambulance that must go elsewhere."""
        row = self.crowd.add(need, asked, asked, urgency=urgency, entrance=entrance)
        self.crowd.first[row] = self.cells.candidates[need][0]
        self.crowd.lost[row] = asked
        self.said.diverted.setdefault(self.seh, Marks()).mark(asked)

    def ask(self, row: int) -> None:
        """Places are asked one after another; who finds none waits, goes elsewhere, or is lost."""
        crowd, number = self.crowd, self.crowd.need[row]
        need = self.needs[number]
        order = self.cells.candidates[number]
        if need.shuffled and len(order) > 1:
            k = int(self.chances[number].next() * len(order))
            order = order[k:] + order[:k]
        crowd.first[row] = order[0]
        origin = crowd.origin[row]
        # A hospital says no to who waited in vain, not to who waits for the afternoon.
        quiet = need.setting in (SEH, WARD)
        refusing = -1
        for cell in order:
            crowd.tries[row] += 1
            reason = self.no(row, cell, number)
            if not reason:
                self.accept(row, cell)
                return
            unit = self.cells.of_unit[cell]
            if not quiet and unit != refusing:
                refusing = unit
                self.refuse(cell, reason)
        self.not_placed(row, need, number, origin)

    def no(self, row: int, cell: int, need: int) -> str:
        """Why a cell takes this person not, "" if it does; what never fits is remembered."""
        asked = self.needs[need]
        for_good = asked.misfit + asked.no_contract + asked.declined
        if for_good:
            drawn = self.chances[need].next()
            if drawn < for_good:
                self.barred[row] = self.barred.get(row, 0) | 1 << cell
                if drawn < asked.misfit:
                    return "does-not-fit"
                return "contract" if drawn < asked.misfit + asked.no_contract else "client-declined"
        return self.shut(cell)

    def shut(self, cell: int) -> str:
        """Why a cell takes nobody in just now, "" if it does."""
        cells = self.cells
        unit = cells.of_unit[cell]
        if cells.stopped[unit]:
            return cells.stopped[unit]
        if not cells.admits(cell, self.second, self.weekday):
            return "too-late"
        if not cells.covered[unit]:
            return "medical-cover"
        taken = cells.occupied[cell] + cells.reserved[cell]
        if cells.staffed[cell] > taken:
            return ""
        return "staff" if cells.usable[cell] > taken else "full"

    def not_placed(self, row: int, need: Need, number: int, origin: int) -> None:
        at_seh = self.from_seh(row)
        if need.instead and at_seh:
            self.lose(row)
            self.follow(origin, self.number_of[need.instead])
            return
        if origin < 0 and need.patience == 0:
            self.lose(row)
            return
        self.queues[number][row] = None
        if origin >= 0:
            tired = 0.4 + 1.2 * self.chances[number].next()
            if at_seh:
                self.boarding += 1
                self.later(self.now + int(tired * ELSEWHERE_AFTER * HOUR), 2, row)
            else:
                self.later(self.now + int(tired * need.gives_up_after * DAY), 2, row)
        elif need.patience is not None:
            self.later(self.now + int(need.patience * HOUR), 2, row)

    def give_up(self, row: int) -> None:
        """Patience has run out; who waited in a place goes home, or out of the region."""
        crowd = self.crowd
        if crowd.accepted[row] >= 0 or crowd.lost[row] >= 0:
            return
        self.queues[crowd.need[row]].pop(row, None)
        if self.needs[crowd.need[row]].setting == WARD:
            cell = crowd.first[row]
            self.refuse(cell, self.shut(cell) or "full")
        self.lose(row)
        if crowd.origin[row] >= 0:
            if self.from_seh(row):
                self.boarding -= 1
            self.leave(crowd.origin[row])

    def from_seh(self, row: int) -> bool:
        """Whether the person is at the SEH while asking."""
        origin = self.crowd.origin[row]
        return origin >= 0 and self.needs[self.crowd.need[origin]].setting == SEH

    def lose(self, row: int) -> None:
        self.crowd.lost[row] = self.now
        self.barred.pop(row, None)

    def refuse(self, cell: int, reason: str) -> None:
        unit = self.cells.of_unit[cell]
        self.said.refused.setdefault((unit, reason), Marks()).mark(self.now)

    # Being placed

    def be_there(self, need: int, cell: int, passed: int, remains: int) -> None:
        """Somebody who came before the story begins."""
        came = self.now - passed - 1
        row = self.crowd.add(need, came, came)
        crowd = self.crowd
        crowd.first[row] = crowd.cell[row] = cell
        crowd.accepted[row] = crowd.moving[row] = crowd.placed[row] = came
        self.cells.occupied[cell] += 1
        self.stay(row, self.now + max(1, remains))

    def accept(self, row: int, cell: int) -> None:
        """A place is promised; it is taken when the person comes."""
        crowd, cells = self.crowd, self.cells
        number = crowd.need[row]
        crowd.accepted[row], crowd.cell[row] = self.now, cell
        self.barred.pop(row, None)
        low, high = self.needs[number].delay
        delay = int((low + (high - low) * self.chances[number].next()) * HOUR) if high else 0
        delay = cells.wait_for_hours(cell, self.second, self.weekday, delay) if delay else 0
        crowd.moving[row] = self.now + delay
        if cells.spent[cell]:
            self.spend(cell)
        else:
            cells.reserved[cell] += 1
        if delay:
            self.later(self.now + delay, 0, row)
        else:
            self.come(row)

    def spend(self, cell: int) -> None:
        """A start of home care is used up, of today and of this week."""
        self.left_today[cell] -= 1
        self.left_week[cell] -= 1
        self.cells.staffed[cell] = self.left_today[cell]
        self.said.today[cell].set(self.now, self.left_today[cell])
        self.said.week[cell].set(self.now, self.left_week[cell])

    def come(self, row: int) -> None:
        """The person is there, and no longer where he or she was."""
        crowd, cell = self.crowd, self.crowd.cell[row]
        crowd.placed[row] = self.now
        origin = crowd.origin[row]
        spent = self.cells.spent[cell]
        if not spent:
            self.cells.reserved[cell] -= 1
            self.cells.occupied[cell] += 1
        if origin >= 0:
            self.leave(origin)
        if spent:
            # Who is cared for at home is in no place of the region.
            crowd.ready[row] = crowd.left[row] = self.now
            return
        need = crowd.need[row]
        self.stay(row, self.now + max(1, int(self.stays[need].next() * DAY)))

    def stay(self, row: int, ready: int) -> None:
        """Ready then; from a ward people leave by day."""
        if self.needs[self.crowd.need[row]].by_day:
            second = (ready + self.offset) % DAY
            if not FROM_HOUR <= second < TO_HOUR:
                night = DAY if second >= TO_HOUR else 0
                ready += night + 10 * HOUR - second + (ready * 7919) % (5 * HOUR)
        self.crowd.ready[row] = ready
        self.later(ready, 1, row)

    # Leaving

    def become_ready(self, row: int) -> None:
        """Treatment is done: home, or asking for a follow-up place from the bed."""
        number = self.crowd.need[row]
        drawn = self.chances[number].next()
        outflows = self.outflows[number]
        # What rounding leaves above the last share is of the last.
        going = (to for below, *to in outflows if drawn < below)
        destination, need = next(going, outflows[-1][1:])
        self.crowd.destination[row] = destination
        if need < 0:
            self.leave(row)
        else:
            self.follow(row, need)

    def follow(self, origin: int, need: int) -> None:
        """The person in the place of `origin` asks for the next."""
        crowd = self.crowd
        row = crowd.add(need, self.now, self.now, urgency=crowd.urgency[origin], origin=origin)
        self.ask(row)

    def leave(self, row: int) -> None:
        crowd = self.crowd
        cell = crowd.cell[row]
        crowd.left[row] = self.now
        self.cells.occupied[cell] -= 1
        self.offer(cell)

    def offer(self, cell: int) -> None:
        """What is free goes to who waits for it, the first need of the plan first."""
        cells = self.cells
        unit = cells.of_unit[cell]
        if cells.stopped[unit] or not cells.covered[unit]:
            return
        while cells.staffed[cell] > cells.occupied[cell] + cells.reserved[cell]:
            row = self.first_waiting(cell)
            if row < 0 or not cells.admits(cell, self.second, self.weekday):
                return
            number = self.crowd.need[row]
            del self.queues[number][row]
            if self.from_seh(row):
                self.boarding -= 1
            self.accept(row, cell)

    def first_waiting(self, cell: int) -> int:
        """The row whose turn it is, -1 if none: who keeps another place taken goes first."""
        bit, origins = 1 << cell, self.crowd.origin
        for need in self.cells.wanted_by[cell]:
            at_home = -1
            for row in self.queues[need]:
                if not self.barred.get(row, 0) & bit:
                    if origins[row] >= 0:
                        return row
                    at_home = row if at_home < 0 else at_home
            if at_home >= 0:
                return at_home
        return -1


def cumulated(need: Need, number_of: Mapping[str, int]) -> list[tuple[float, int, int]]:
    """(drawn below, number of the destination, number of the next need or -1) of each outflow."""
    found, below = [], 0.0
    for outflow in need.outflow:
        below += outflow.share
        to = DESTINATIONS.index(outflow.destination) if outflow.destination else -1
        found.append((below, to, number_of[outflow.need] if outflow.need else -1))
    return found
