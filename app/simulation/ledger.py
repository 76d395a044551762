"""What changed when, beside what the people themselves tell: by place and kind."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.simulation.changes import Marks, Steps
from app.simulation.kinds import Kind
from app.simulation.plan import Unit
from app.simulation.stops import Stop

Key = tuple[str, Kind]


@dataclass
class Ledger:
    """Levels and marks that others append to, in order of time."""

    steps: dict[Key, Steps] = field(default_factory=dict)
    marks: dict[Key, Marks] = field(default_factory=dict)
    # Of which the most in a period counts, as of the longest wait.
    longest: dict[Key, Marks] = field(default_factory=dict)
    stops: list[Stop] = field(default_factory=list)

    def level(self, place: str, kind: Kind) -> Steps:
        return self.steps.setdefault((place, kind), Steps())

    def mark(self, place: str, kind: Kind) -> Marks:
        return self.marks.setdefault((place, kind), Marks())

    def longest_of(self, place: str, kind: Kind) -> Marks:
        return self.longest.setdefault((place, kind), Marks())

    def stocks(self, place: str) -> Iterator[Kind]:
        return (kind for named, kind in self.steps if named == place)

    def flows(self, place: str) -> Iterator[Kind]:
        return (kind for named, kind in (*self.marks, *self.longest) if named == place)


def of_places(measure: str, unit: Unit, bed_type: str, reason: str = "") -> Kind:
    """A kind of places: a resource, and for beds their type."""
    return Kind(measure, resource=unit.resource, bed_type=bed_type, reason=reason)


def of_people(measure: str, unit: Unit, *, reason: str = "", destination: str = "") -> Kind:
    """A kind of people of a unit: told of a bed type where the unit has but one, as reports are."""
    only = unit.beds[0].type if unit.resource == "bed" and len(unit.beds) == 1 else ""
    return Kind(
        measure,
        resource=unit.resource,
        bed_type=only,
        reason=reason,
        destination=destination,
    )
