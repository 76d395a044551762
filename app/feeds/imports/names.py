"""What a file calls its units, and which units those are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

from app.facilities.schemas import CareSetting
from app.faults import Fault
from app.feeds.cells import unit_slug
from app.feeds.importing import Faults, Row, Stretch
from app.feeds.imports.periods import over
from app.feeds.profiles import POOL, Column, Profile
from app.observations.rules import Judged, Key, Told, judge, moment_of
from app.observations.schemas import Period, Report, ReportedFigure
from app.observations.words import Place

# Postgres counts its microseconds from here.
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Wanted(NamedTuple):
    """What is asked of an import: how to read the file, and whose its units are."""

    profile: Profile
    organisation: str
    create_units: bool
    setting: CareSetting | None


@dataclass(frozen=True)
class Known:
    """The units there are, or the staff pools where a file tells of those.

    `owners` also of those that have ended. `org_id` None: still to make.
    """

    org_id: int | None
    places: Mapping[str, Place]
    owners: Mapping[str, int]
    aliases: Mapping[str, str]


@dataclass
class Named:
    """A unit (or pool) of the file, numbered by its first row.

    `told` is what each column says of it, by the number of the column; `unsuited` why another can
    say nothing of it, and is to be empty in its rows. `days` are the moments of days that were
    asked before.
    """

    number: int
    name: str
    place: Place
    new: bool
    days: dict[date | datetime, int] = field(repr=False)
    told: dict[int, Told] = field(default_factory=dict)
    unsuited: dict[int, list[tuple[str, str]]] = field(default_factory=dict)

    def microseconds(self, at: date | datetime) -> int:
        """The moment of a row: a day is the unit's census time on that local day."""
        if isinstance(at, datetime):
            return (at - EPOCH) // MICROSECOND
        moment, _ = moment_of(at, self.place)
        found = self.days[at] = (moment - EPOCH) // MICROSECOND
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
    periods: dict[date | datetime, tuple[int, int]] = field(default_factory=dict)

    @property
    def new(self) -> list[Named]:
        return [named for named in self.found.values() if named.new]

    def learn(self, stretch: Stretch) -> None:
        """The units that were not seen before, and what is wrong in the rows of units."""
        unsettled = {name for name in set(stretch.unique_ids) if self.unsettled(name)}
        if not unsettled:
            return
        for n, name in enumerate(stretch.unique_ids):
            if name in unsettled:
                row = stretch.row(n)
                named = self.found.get(name) or self.add(row)
                if named.unsuited:
                    self.refuse_unsuited(named, row)
                else:
                    unsettled.remove(name)

    def unsettled(self, name: str) -> bool:
        named = self.found.get(name)
        return named is None or bool(named.unsuited)

    def add(self, row: Row) -> Named:
        unit = self.slug(row.unique_id)
        known = self.known.places.get(unit)
        place = self.new_place(unit) if known is None else known
        days = self.days.setdefault(place.census, {})
        named = Named(len(self.found), row.unique_id, place, known is None, days)
        self.found[row.unique_id] = named
        first = self.rows.setdefault(unit, row.line)
        other = first if first != row.line else None
        refusal = refusal_of(unit, known, self.known, self.wanted, other)
        if refusal is not None:
            self.faults.add(*refusal, row.line, self.wanted.profile.unit)
        else:
            self.suit(named)
        return named

    def suit(self, named: Named) -> None:
        """One figure for each column, by the rules of every report."""
        said: set[Key] = set()
        for number, column in enumerate(self.wanted.profile.columns.values()):
            found = judged(column, named.place)
            wrong = [(fault.code, fault.detail) for fault in found.faults]
            if not wrong and found.told[0].key in said:
                detail = "Of this unit an earlier column tells the same. Fill in one of the two."
                wrong = [("figure-twice", detail)]
            if wrong:
                named.unsuited[number] = wrong
            else:
                named.told[number] = found.told[0]
                said.add(found.told[0].key)

    def refuse_unsuited(self, named: Named, row: Row) -> None:
        """Once a column: its other rows are as wrong."""
        names = list(self.wanted.profile.columns)
        for number in [n for n in named.unsuited if row.values[n] is not None]:
            for code, detail in named.unsuited.pop(number):
                self.faults.add(code, detail, row.line, names[number])

    def period(self, at: date | datetime) -> tuple[int, int]:
        """When it begins, in microseconds, and how many seconds it lasts."""
        start, end = over(at, self.wanted.profile.period)
        lasts = int((end - start).total_seconds())
        found = self.periods[at] = (start - EPOCH) // MICROSECOND, lasts
        return found

    def slug(self, name: str) -> str:
        """The organisation's own code of a unit, else its slug, else a slug of the profile."""
        if name in self.known.aliases:
            return self.known.aliases[name]
        known = self.known.places.get(name)
        mine = known is not None and known.org_id == self.known.org_id
        return name if mine else unit_slug(self.wanted.profile, name)

    def new_place(self, unit: str) -> Place:
        profile = self.wanted.profile
        return Place(0, unit, resource=profile.resource, bed_types=profile.bed_types)


def refusal_of(
    unit: str, place: Place | None, known: Known, wanted: Wanted, first: int | None
) -> tuple[str, str] | None:
    """Why nothing of a unit can be taken; `first` is the row of its other name."""
    whose = wanted.organisation
    if known.owners.get(unit, known.org_id) != known.org_id:
        return "not-yours", f"This unit is of another organisation than {whose}."
    if place is None and unit in known.owners:
        return "unit-ended", "This unit has ended. Let it hold again with the region file."
    if place is None and wanted.profile.unit == POOL:
        return "unknown-staff-pool", f"{whose} has no staff pool of this name now."
    if place is None and not wanted.create_units:
        return (
            "unknown-unit",
            f"{whose} has no unit of this name. Correct the name, or ask the operator of the tower "
            "to add the unit or this name as its alias; by command, --create-units makes units.",
        )
    if first is not None:
        return "unit-twice", f"Row {first} has another name for this unit. Write one name."
    return None


def judged(column: Column, place: Place) -> Judged:
    """By a report of no patient and no bed, long ago: what is wrong is then the column's."""
    period = None if column.stock else Period(start=EPOCH - timedelta(days=1), end=EPOCH)
    said = {str(dimension): word for dimension, word in column.of.items()}
    told = {"measure": column.measure, "value": 0.0, "period": period, **said}
    report = Report(
        id=UUID(int=0),
        unit=place.unit or None,
        staff_pool=place.staff_pool or None,
        observed_at=EPOCH,
        figures=(ReportedFigure.model_validate(told),),
    )
    return judge(report, place, EPOCH, late=True)


def all_wrong(names: Names, in_file: tuple[Fault, ...]) -> Faults:
    """What is wrong with the units and with the cells, in the order of the rows."""
    found = sorted([*names.faults.found, *in_file], key=lambda fault: fault.row or 0)
    return Faults(names.faults.most, found[: names.faults.most])
