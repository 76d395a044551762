"""Every kind of place of every unit, numbered: how many are open, taken and promised just now."""

from dataclasses import dataclass

from app.simulation.calendar import HOUR
from app.simulation.plan import Hours, Need, Plan, Unit

STARTS = "care-start"


@dataclass(frozen=True, slots=True)
class Cell:
    """The places of one type (or home-care profile) in a unit; `unit` numbers the plan's units."""

    unit: int
    type: str
    places: int
    # Places that are used up when someone comes, as starts of home care are.
    spent: bool


class Cells:
    """Counts just now, by the number of the cell."""

    def __init__(self, plan: Plan) -> None:
        self.units: tuple[Unit, ...] = plan.units
        self.cells = tuple(
            Cell(number, beds.type, beds.places, unit.resource == STARTS)
            for number, unit in enumerate(plan.units)
            for beds in unit.beds
        )
        named = {(self.units[cell.unit].slug, cell.type): n for n, cell in enumerate(self.cells)}
        self.named = named
        count = len(self.cells)
        self.staffed = [0] * count
        self.usable = [0] * count
        self.occupied = [0] * count
        self.reserved = [0] * count
        self.of_unit = [cell.unit for cell in self.cells]
        self.spent = [cell.spent for cell in self.cells]
        self.covered = [True] * len(self.units)
        # Why a unit takes nobody in, "" if it does.
        self.stopped = [""] * len(self.units)
        self.hours: list[Hours | None] = [self.units[cell.unit].admission for cell in self.cells]
        self.candidates = [ways(need, named) for need in plan.needs]
        self.wanted_by = [
            [n for n, need in enumerate(plan.needs) if cell in ways(need, named)]
            for cell in range(count)
        ]

    def opening(self, hour: int, weekday: int) -> list[int]:
        """The cells whose admission hours begin at this hour."""
        return [
            cell
            for cell, hours in enumerate(self.hours)
            if hours is not None and hours.opens == hour * 60 and weekday in hours.days
        ]

    def admits(self, cell: int, second: int, weekday: int) -> bool:
        """Whether a second of the local day lies in the admission hours."""
        hours = self.hours[cell]
        if hours is None:
            return True
        return hours.opens * 60 <= second < hours.closes * 60 and weekday in hours.days

    def wait_for_hours(self, cell: int, second: int, weekday: int, delay: int) -> int:
        """`delay`, or what it takes to be there in the next admission hours."""
        hours = self.hours[cell]
        if hours is None or second + delay < hours.closes * 60:
            return delay
        days = 1
        while (weekday + days) % 7 not in hours.days:
            days += 1
        return days * 24 * HOUR - second + hours.opens * 60 + HOUR


def ways(need: Need, named: dict[tuple[str, str], int]) -> list[int]:
    """The cells that can meet a need, in the order in which they are asked."""
    return [named[cell] for cell in need.cells]
