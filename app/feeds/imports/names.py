"""What a file calls its units, and which units those are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

from app.facilities.schemas import CareSetting
from app.faults import Fault
from app.feeds.cells import unit_slug
from app.feeds.importing import Faults, Row
from app.feeds.profiles import Profile
from app.observations.rules import Judged, Told, judge, moment_of
from app.observations.schemas import Report, ReportedFigure
from app.observations.words import Place

# Postgres counts its microseconds from here.
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Wanted(NamedTuple):
    """What is asked of an import: how to read the file, and whose its units are."""

    profile: Profile
    organisation: str
    create_units: bool
    setting: CareSetting


@dataclass(frozen=True)
class Known:
    """The units there are; `owners` also of those that have ended. `org_id` None: still to make."""

    org_id: int | None
    places: Mapping[str, Place]
    owners: Mapping[str, int]
    aliases: Mapping[str, str]


@dataclass
class Named:
    """A unit of the file, numbered by its first row.

    `told` is what each column says of it; `days` the moments of days that were asked before.
    """

    number: int
    name: str
    place: Place
    new: bool
    told: list[Told]
    days: dict[date | datetime, int] = field(repr=False)

    def microseconds(self, row: Row) -> int:
        """The moment of a row: a day is the unit's census time on that local day."""
        if isinstance(row.at, datetime):
            return (row.at - EPOCH) // MICROSECOND
        moment, _ = moment_of(row.at, self.place)
        found = self.days[row.at] = (moment - EPOCH) // MICROSECOND
        return found


@dataclass
class Names:
    """The units of a file, found while it is read, and what is wrong with them."""

    wanted: Wanted
    known: Known
    faults: Faults
    found: dict[str, Named] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    days: dict[time, dict[date | datetime, int]] = field(default_factory=dict)

    @property
    def new(self) -> list[Named]:
        return [named for named in self.found.values() if named.new]

    def add(self, row: Row) -> Named:
        unit = self.slug(row.unique_id)
        known = self.known.places.get(unit)
        place = self.new_place(unit) if known is None else known
        days = self.days.setdefault(place.census, {})
        named = Named(len(self.found), row.unique_id, place, known is None, [], days)
        self.found[row.unique_id] = named
        first = self.rows.setdefault(unit, row.line)
        refusal = self.refusal(unit, known, first if first != row.line else None)
        if refusal is not None:
            self.faults.add(*refusal, row.line, self.wanted.profile.unit)
        else:
            named.told = self.told(place, row.line)
        return named

    def slug(self, name: str) -> str:
        """The organisation's own code of a unit, else its slug, else a slug of the profile."""
        if name in self.known.aliases:
            return self.known.aliases[name]
        known = self.known.places.get(name)
        mine = known is not None and known.org_id == self.known.org_id
        return name if mine else unit_slug(self.wanted.profile, name)

    def new_place(self, unit: str) -> Place:
        profile = self.wanted.profile
        beds = () if profile.bed_type is None else (profile.bed_type,)
        return Place(0, unit, resource=profile.resource, bed_types=beds)

    def refusal(self, unit: str, known: Place | None, first: int | None) -> tuple[str, str] | None:
        whose = self.wanted.organisation
        if self.known.owners.get(unit, self.known.org_id) != self.known.org_id:
            return "not-yours", f"This unit is of another organisation than {whose}."
        if known is None and unit in self.known.owners:
            return "unit-ended", "This unit has ended. Let it hold again with the region file."
        if known is None and not self.wanted.create_units:
            return (
                "unknown-unit",
                f"{whose} has no unit of this name. Correct the name, give it as an alias in the "
                "region file, or let --create-units make the unit.",
            )
        if first is not None:
            return "unit-twice", f"Row {first} has another name for this unit. Write one name."
        return None

    def told(self, place: Place, line: int) -> list[Told]:
        """One figure for each column, by the rules of every report."""
        told: list[Told] = []
        for column in self.wanted.profile.columns:
            found = judged(self.wanted.profile, column, place)
            told += found.told
            for fault in found.faults:
                self.faults.add(fault.code, fault.detail, line, column)
        return told


def judged(profile: Profile, column: str, place: Place) -> Judged:
    of = profile.columns[column]
    figure = ReportedFigure.model_validate({"measure": of.measure, "value": 0.0, **of.of})
    report = Report(id=UUID(int=0), unit=place.unit, observed_at=EPOCH, figures=(figure,))
    return judge(report, place, EPOCH, late=True)


def all_wrong(names: Names, in_file: tuple[Fault, ...]) -> Faults:
    """What is wrong with the units and with the cells, in the order of the rows."""
    found = sorted([*names.faults.found, *in_file], key=lambda fault: fault.row or 0)
    return Faults(names.faults.most, found[: names.faults.most])
