"""A file of figures, row by row: every row is right, or the file is refused with what is wrong."""

import csv
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, NamedTuple, Protocol

from app.errors import Invalid
from app.faults import Fault
from app.feeds.cells import FIRST_MOMENT, Days, Numbers, Reader, Units, Wrong
from app.feeds.profiles import Profile
from app.observations.persons import code_of_field

Precision = Literal["day", "moment"]
# So plain a name may be said again; any other may be content, where a header was left out.
PLAIN = re.compile(r"[a-z][a-z_]{0,19}[0-9]{0,2}")


class Row(NamedTuple):
    """One row; `line` is where it ends in the file, the header being line 1. None is unknown."""

    line: int
    unique_id: str
    at: date | datetime
    precision: Precision
    values: dict[str, float | None]


class Table(Protocol):
    """What `csv.reader` gives."""

    @property
    def line_num(self) -> int: ...
    def __iter__(self) -> Iterator[list[str]]: ...
    def __next__(self) -> list[str]: ...


class Enough(Exception):
    """As many faults as will be listed."""


@dataclass
class Faults:
    """What is wrong so far; cells are never kept."""

    most: int
    found: list[Fault] = field(default_factory=list)

    def add(self, code: str, detail: str, row: int, column: str | None = None) -> None:
        self.found.append(Fault(code, detail, row=row, column=column))
        if len(self.found) >= self.most:
            raise Enough

    def refusal(self) -> Invalid:
        listed = "all" if len(self.found) < self.most else f"the first {self.most}"
        return Invalid(
            f"Nothing of the file was taken. Listed is {listed} that is wrong, by row and column.",
            code="import-not-valid",
            faults=tuple(self.found),
        )


def read(
    lines: Iterable[str], profile: Profile, *, now: datetime, most_faults: int = 100
) -> Iterator[Row]:
    """The rows of a CSV text (a header, commas), streamed.

    From the first fault on no row is given, but the rest is still looked at; at the end, or when
    `most_faults` are found, they are raised as one `Invalid`: all or nothing. Open the file with
    `encoding="utf-8-sig", errors="surrogateescape", newline=""`: then a byte that is not UTF-8 is
    a fault with its row, and a mark at the beginning is passed over.

    A day or moment that stands twice for one unit is found with 8 bytes a row and some hundred
    bytes a unit, of which there are at most 20,000; days and numbers that were read are remembered,
    at most 65,536 of each.
    """
    faults = Faults(most_faults)
    table: Table = csv.reader(lines, strict=True)
    try:
        yield from rows(table, profile, now, faults)
    except Enough:
        pass
    except UnicodeDecodeError:
        faults.found.append(Fault("not-utf-8", "Save the file as UTF-8.", row=table.line_num + 1))
    except csv.Error:
        broken = "A quoted cell is not closed, is too long, or has signs after its closing quote."
        faults.found.append(Fault("broken-csv", broken, row=table.line_num))
    if faults.found:
        raise faults.refusal()


def rows(table: Table, profile: Profile, now: datetime, faults: Faults) -> Iterator[Row]:
    places = header(next(table, []), profile, faults)
    if faults.found:
        return
    unit_at, time_at = places[profile.unit], places[profile.time]
    columns = [(column, places[column]) for column in profile.columns]
    days, numbers, units = Days(now), Numbers(), Units(profile)
    readers: dict[str, Reader] = {
        profile.time: days,
        profile.unit: units,
        **dict.fromkeys(profile.columns, numbers),
    }
    first: Precision | None = None
    for cells in table:
        if len(cells) != len(places):
            ragged(cells, places, table.line_num, faults)
            continue
        try:
            at, key = days[cells[time_at]]
            values = {column: numbers[cells[place]] for column, place in columns}
            told = units[cells[unit_at]]
        except Wrong:
            wrong_cells(cells, places, readers, table.line_num, faults)
            continue
        precision: Precision = "day" if key < FIRST_MOMENT else "moment"
        first = first or precision
        if precision != first:
            # A day stands for the unit's census time, which may be one of the moments.
            faults.add(
                "days-and-moments",
                f"The first row has a {first}. Give days in all rows, or moments in all.",
                table.line_num,
                profile.time,
            )
        elif key > told[-1]:
            told.append(key)
        elif not put_in(told, key):
            faults.add(
                "row-twice",
                "This unit has a row for this day or moment already. Leave one of the two out.",
                table.line_num,
                profile.time,
            )
        if not faults.found:
            yield Row(table.line_num, cells[unit_at], at, precision, values)
    if first is None and not faults.found:
        faults.add("no-rows", "There is no row under the header.", table.line_num)


def put_in(told: "array[int]", key: int) -> bool:
    """At its place among the sorted keys; False if it stands there already."""
    place = bisect_left(told, key)
    if told[place] == key:
        return False
    told.insert(place, key)
    return True


def header(cells: Sequence[str], profile: Profile, faults: Faults) -> dict[str, int]:
    """Where each column stands. A name is said again only if it cannot be content."""
    names = [cell.strip().removeprefix("\ufeff") for cell in cells]
    if not cells:
        faults.add("no-header", f"The first row is a header: {wanted(profile)}.", 1)
    if len(names) == 1 and re.search(r"[;\t|]", names[0]):
        faults.add("wrong-separator", "Separate the columns with commas.", 1)
        return {}
    for number, name in enumerate(names, 1):
        if name not in profile.header:
            faults.add(*unknown(number, name, profile), 1, said(name))
        elif name in names[: number - 1]:
            faults.add("column-twice", f"Column {number} has the name of an earlier one.", 1, name)
    for name in sorted(profile.header - set(names)):
        faults.add("missing-column", f"There is no column {name}: {wanted(profile)}.", 1, name)
    return {name: place for place, name in enumerate(names)}


def wanted(profile: Profile) -> str:
    names = ", ".join([profile.unit, profile.time, *profile.columns])
    return f"the profile {profile.name} reads {names}"


def said(name: str) -> str | None:
    return name if PLAIN.fullmatch(name) else None


def unknown(number: int, name: str, profile: Profile) -> tuple[str, str]:
    if code_of_field(name):
        return "person-detected", f"Column {number} is about a person. Send counts only."
    return (
        "unknown-column",
        f"Column {number} is not known; {wanted(profile)}. Leave it out, or check its spelling.",
    )


def ragged(cells: Sequence[str], places: Mapping[str, int], line: int, faults: Faults) -> None:
    if cells:  # an empty line says nothing
        detail = f"The row has {len(cells)} cells and the header {len(places)}."
        faults.add("ragged-row", f"{detail} Quote a cell that holds a comma.", line)


def wrong_cells(
    cells: Sequence[str],
    places: Mapping[str, int],
    readers: Mapping[str, Reader],
    line: int,
    faults: Faults,
) -> None:
    """All that is wrong in one row, not only the first of it."""
    for column, place in places.items():
        reader = readers[column]
        try:
            reader[cells[place]]
        except Wrong as wrong:
            faults.add(wrong.code, wrong.detail, line, column)
            if isinstance(reader, Units):  # said once, not at each row of the unit
                reader.remember(cells[place])
