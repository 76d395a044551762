"""A file of figures, row by row: every row is right, or the file is refused with what is wrong."""

import csv
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import chain
from typing import Literal, NamedTuple, Protocol

from app.errors import Invalid
from app.faults import Fault
from app.feeds.cells import FIRST_MOMENT, Days, Numbers, Reader, Units, Wrong, readers_of
from app.feeds.imports.columns import column_of, sayable
from app.feeds.imports.notation import SIGN, Separator, separator_of
from app.feeds.imports.periods import apart
from app.feeds.lines import ONE_LINE, SAYS_SEPARATOR
from app.feeds.profiles import POOL, Column, Profile
from app.observations.persons import code_of_field

Precision = Literal["day", "moment"]
# So plain a name may be said again; any other may be content, where a header was left out.
PLAIN = re.compile(r"[a-z][a-z_]{0,19}[0-9]{0,2}")
MOST_COLUMNS = 200
SEPARATOR_OF: Mapping[str, Separator] = {",": "comma", ";": "semicolon"}
# Rows are read by column, so many at a time: half the time of cell by cell. More of them at a time
# take more time again, since all those cells must be kept.
AT_ONCE = 500


class Row(NamedTuple):
    """One row; `line` is where it ends in the file, the header being line 1. None is unknown.

    `values` are of the columns of the profile, in their order.
    """

    line: int
    unique_id: str
    at: date | datetime
    values: tuple[float | None, ...]


class Stretch(NamedTuple):
    """Rows that follow each other, by column; `values` has one for each column of the profile."""

    lines: Sequence[int]
    unique_ids: Sequence[str]
    ats: Sequence[date | datetime]
    values: Sequence[Sequence[float | None]]

    def row(self, n: int) -> Row:
        values = tuple(column[n] for column in self.values)
        return Row(self.lines[n], self.unique_ids[n], self.ats[n], values)

    def before(self, n: int) -> "Stretch":
        values = [column[:n] for column in self.values]
        return Stretch(self.lines[:n], self.unique_ids[:n], self.ats[:n], values)


class Read(NamedTuple):
    """A stretch, the number of each row's day or moment, and what was told of its unit so far."""

    stretch: Stretch
    keys: Sequence[int]
    told: Sequence["array[int]"]


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


@dataclass
class Reading:
    """A file whose header was read: `profile` has its columns, and what follows are the rows.

    From the first fault on no row is given, but the rest is still looked at; at the end, or when
    the most faults are found, they are raised as one `Invalid`: all or nothing.

    A day or moment that stands twice for one unit is found with 8 bytes a row and some hundred
    bytes a unit, of which there are at most 20,000; days and numbers that were read are remembered,
    at most 65,536 of each.
    """

    table: Table
    profile: Profile
    places: Mapping[str, int]
    separator: Separator
    now: datetime
    faults: Faults
    precision: Precision | None = None
    numbers: Mapping[str, Numbers] = field(init=False)
    days: Days = field(init=False)
    units: Units = field(init=False)

    def __post_init__(self) -> None:
        notation = self.profile.notation
        columns, decimal = self.profile.columns, notation.decimal_of(self.separator)
        numbers = readers_of(columns.values(), notation, decimal)
        self.numbers = dict(zip(columns, numbers, strict=True))
        self.days, self.units = Days(self.profile, self.now), Units(self.profile)

    @property
    def readers(self) -> Mapping[str, Reader]:
        return {**self.numbers, self.profile.time: self.days, self.profile.unit: self.units}

    @property
    def near(self) -> int:
        """How far two rows of one unit lie apart at least."""
        return apart(self.profile.period) if self.profile.periods else 1

    def __iter__(self) -> Iterator[Row]:
        for stretch in self.stretches():
            yield from map(stretch.row, range(len(stretch.lines)))

    def stretches(self) -> Iterator[Stretch]:
        """The rows, some at a time."""
        with listing(self.table, self.faults):
            for lines, rows in portions(self.table):
                yield from self.looked_at(lines, rows)
            if self.precision is None and not self.faults.found:
                self.faults.add("no-rows", "There is no row under the header.", self.table.line_num)
        if self.faults.found:
            raise self.faults.refusal()

    def looked_at(self, lines: Sequence[int], rows: Sequence[Sequence[str]]) -> Iterator[Stretch]:
        """All at once, or one by one if anything is wrong: faults stand in the order of rows."""
        found = self.read_by_column(lines, rows)
        if found is not None:
            yield from self.each_once(found)
        elif len(rows) > 1:
            for line, cells in zip(lines, rows, strict=True):
                yield from self.looked_at([line], [cells])
        else:
            self.refuse_row(rows[0], lines[0])

    def read_by_column(self, lines: Sequence[int], rows: Sequence[Sequence[str]]) -> Read | None:
        """None if a row has too few or too many cells, or a cell that cannot be taken, or if days
        and moments stand in one file."""
        if set(map(len, rows)) != {len(self.places)}:
            return None
        columns = list(zip(*rows, strict=True))
        unique_ids = columns[self.places[self.profile.unit]]
        try:
            moments = map(self.days.__getitem__, columns[self.places[self.profile.time]])
            ats, keys = zip(*moments, strict=True)
            values = [
                list(map(numbers.__getitem__, columns[self.places[name]]))
                for name, numbers in self.numbers.items()
            ]
            told = list(map(self.units.__getitem__, unique_ids))
        except Wrong:
            return None
        if precision_of(max(keys)) != precision_of(min(keys)):
            return None
        self.precision = self.precision or precision_of(keys[0])
        if self.precision != precision_of(keys[0]):
            return None
        return Read(Stretch(lines, unique_ids, ats, values), keys, told)

    def each_once(self, read: Read) -> Iterator[Stretch]:
        """The rows, if none was told before; else those before the first that was."""
        stretch, faults, near = read.stretch, self.faults, self.near
        for n, (key, told) in enumerate(zip(read.keys, read.told, strict=True)):
            if key - told[-1] >= near:
                told.append(key)
            elif not put_in(told, key, near):
                if not faults.found:
                    yield stretch.before(n)
                twice(key in told, self.profile, stretch.lines[n], faults)
        if not faults.found:
            yield stretch

    def refuse_row(self, cells: Sequence[str], line: int) -> None:
        """All that is wrong in one row, not only the first of it."""
        if not says_something(cells):
            return
        if len(cells) != len(self.places):
            ragged(cells, len(self.places), line, self.faults)
        elif not wrong_cells(cells, self.places, self.readers, line, self.faults):
            mixed(self.precision == "day", self.profile, line, self.faults)


def portions(table: Table) -> Iterator[tuple[list[int], list[list[str]]]]:
    """Rows with the lines where they end; what stands before a fault of the text comes first."""
    lines: list[int] = []
    rows: list[list[str]] = []
    try:
        for cells in table:
            lines.append(table.line_num)
            rows.append(cells)
            if len(rows) == AT_ONCE:
                yield lines, rows
                lines, rows = [], []
    except (UnicodeDecodeError, csv.Error):
        if rows:
            yield lines, rows
        raise
    if rows:
        yield lines, rows


def precision_of(key: int) -> Precision:
    return "day" if key < FIRST_MOMENT else "moment"


def read(
    lines: Iterable[str], profile: Profile, *, now: datetime, most_faults: int = 100
) -> Reading:
    """A CSV text with its header read; `Invalid` with all that is wrong with that.

    Open the file with `encoding="utf-8-sig", errors="surrogateescape", newline=""`: then a byte
    that is not UTF-8 is a fault with its row, and a mark at the beginning is passed over.
    """
    faults = Faults(most_faults)
    told = iter(lines)
    try:
        first = next(told, "")
        declared = SAYS_SEPARATOR.match(first)
        row = 2 if declared else 1
        first = next(told, "") if declared else first
    except UnicodeDecodeError:
        faults.found.append(Fault("not-utf-8", "Save the file as UTF-8.", row=1))
        raise faults.refusal() from None
    if not first.strip("\ufeff \r\n") or first.lstrip("\ufeff ")[:1] in ("{", "["):
        first_wrong(first, profile, faults, row)
        raise faults.refusal()
    signed = SEPARATOR_OF[declared[1]] if declared else separator_of(first)
    separator = profile.notation.separator or signed
    before = ["\n"] if declared else []  # so that rows keep their numbers
    table: Table = csv.reader(
        chain(before, [first], told), delimiter=SIGN[separator or "comma"], strict=True
    )
    places: dict[str, int] = {}
    with listing(table, faults):
        if separator is None:
            mix = "The header has commas and semicolons between its names. Use one of the two."
            faults.add("wrong-separator", mix, row)
        else:
            names = next(cells for cells in table if cells)
            wide = len(names) - unnamed(names)
            table = Trimmed(table, wide, len(names)) if wide < len(names) else table
            profile, places = header(names[:wide], profile, separator, faults, row)
            alone = len(names) > 1 and next(table, None) is None if faults.found else False
            if alone and all(fault.code != "person-detected" for fault in faults.found):
                faults.found = [Fault("one-line", ONE_LINE, row=row)]
    if faults.found or separator is None:
        raise faults.refusal()
    return Reading(table, profile, places, separator, now, faults)


def first_wrong(first: str, profile: Profile, faults: Faults, row: int) -> None:
    if first.strip("\ufeff \r\n"):
        faults.add("not-csv", "This is JSON. Bring in a CSV, with Content-Type: text/csv.", row)
    else:
        detail = (
            "There is no header, or the file is empty (Content-Type: text/csv, and with curl "
            f"--data-binary). The first row is a header: {wanted(profile)}."
        )
        faults.add("no-header", detail, row)


def unnamed(names: Sequence[str]) -> int:
    """How many of the last columns have no name: each line ends in so many separators."""
    return next((n for n, name in enumerate(reversed(names)) if name.strip()), 0)


@dataclass
class Trimmed:
    """A table less its last columns without a name; a row that has a cell there is left whole."""

    table: Table
    wide: int
    told: int

    @property
    def line_num(self) -> int:
        return self.table.line_num

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        cells = next(self.table)
        if len(cells) <= self.told and not says_something(cells[self.wide :]):
            return cells[: self.wide]
        return cells


@contextmanager
def listing(table: Table, faults: Faults) -> Iterator[None]:
    """What stops the reading of a text becomes a fault with its row."""
    try:
        yield
    except Enough:
        pass
    except UnicodeDecodeError:
        faults.found.append(Fault("not-utf-8", "Save the file as UTF-8.", row=table.line_num + 1))
    except csv.Error:
        broken = "A quoted cell is not closed, is too long, or has signs after its closing quote."
        faults.found.append(Fault("broken-csv", broken, row=table.line_num))


def put_in(told: "array[int]", key: int, near: int) -> bool:
    """At its place among the sorted keys; False if another stands there, or too near."""
    place = bisect_left(told, key)
    if (place < len(told) and told[place] - key < near) or key - told[place - 1] < near:
        return False
    told.insert(place, key)
    return True


def twice(same: bool, profile: Profile, line: int, faults: Faults) -> None:
    if same:
        detail = "This unit has a row for this day or moment already. Leave one of the two out."
        faults.add("row-twice", detail, line, profile.time)
    else:
        detail = f"The {profile.period} of this row overlaps that of another row of this unit."
        faults.add("overlapping-rows", detail, line, profile.time)


def mixed(by_days: bool, profile: Profile, line: int, faults: Faults) -> None:
    # A day stands for the unit's census time, which may be one of the moments.
    first = "day" if by_days else "moment"
    detail = f"The first row has a {first}. Give days in all rows, or moments in all."
    faults.add("days-and-moments", detail, line, profile.time)


def header(
    cells: Sequence[str], profile: Profile, separator: Separator, faults: Faults, row: int
) -> tuple[Profile, dict[str, int]]:
    """The profile with its columns, and where each stands.

    A name is said again only if it cannot be content.
    """
    names = [cell.strip().removeprefix("\ufeff") for cell in cells]
    if not cells:
        faults.add("no-header", f"The first row is a header: {wanted(profile)}.", row)
    if len(names) == 1 and re.search(r"[;,\t|]", names[0]):
        faults.add("wrong-separator", f"Separate the columns with {separator}s.", row)
        return profile, {}
    if profile.open:
        names, profile = opened(names, profile, faults, row)
    for number, name in enumerate(names, 1):
        if name not in profile.header:
            faults.add(*unknown(number, name, profile), row, said(name))
        elif name in names[: number - 1]:
            faults.add(
                "column-twice", f"Column {number} has the name of an earlier one.", row, name
            )
    for name in sorted(profile.header - set(names)):
        faults.add("missing-column", f"There is no column {name}: {wanted(profile)}.", row, name)
    return profile, {name: place for place, name in enumerate(names)}


def opened(
    names: Sequence[str], profile: Profile, faults: Faults, row: int
) -> tuple[list[str], Profile]:
    """The columns that a header names itself, each under a name that may be said."""
    if POOL in names and profile.unit not in names:
        profile = replace(profile, unit=POOL)
    found: dict[str, Column] = {}
    sayables: list[str] = []
    same: set[object] = set()
    for number, name in enumerate(names, 1):
        if name in (profile.unit, profile.time):
            sayables.append(name)
            continue
        sayables.append(f"column {number}")
        try:
            column = column_of(name)
        except Wrong as wrong:
            person = code_of_field(name)
            detail = "It is about a person. Send counts only." if person else wrong.detail
            code = "person-detected" if person else wrong.code
            faults.add(code, f"Column {number}: {detail}", row, said(name))
            column = None
        if column is not None and column.same in same:
            faults.add("column-twice", f"Column {number} tells the same as an earlier one.", row)
        elif column is not None:
            same.add(column.same)
            sayables[-1] = sayable(column) or sayables[-1]
            found[sayables[-1]] = column
    if len(found) > MOST_COLUMNS:
        faults.add("too-many-columns", f"A file has at most {MOST_COLUMNS} columns. Split it.", row)
    if not found and not faults.found:
        faults.add("missing-column", f"There is no column of figures: {wanted(profile)}.", row)
    # What is wrong with a column was said; the other columns are looked at all the same.
    kept = [name for name in sayables if name in found or name in (profile.unit, profile.time)]
    whole = len(kept) == len(sayables)
    return (sayables if whole else kept), replace(profile, columns=found)


def wanted(profile: Profile) -> str:
    if profile.open:
        return (
            f"the profile {profile.name} reads {profile.unit}, {profile.time} and columns named by "
            "their measure, such as occupied or closedPlaces[staff]"
        )
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


def says_something(cells: Sequence[str]) -> bool:
    """An empty line says nothing, and neither does one of separators only."""
    return any(cell.strip() for cell in cells)


def ragged(cells: Sequence[str], wide: int, line: int, faults: Faults) -> None:
    detail = f"The row has {len(cells)} cells and the header {wide}."
    faults.add("ragged-row", f"{detail} Quote a cell that holds the separator.", line)


def wrong_cells(
    cells: Sequence[str],
    places: Mapping[str, int],
    readers: Mapping[str, Reader],
    line: int,
    faults: Faults,
) -> bool:
    """Whether any cell is wrong."""
    found = False
    for column, place in places.items():
        reader = readers[column]
        try:
            reader[cells[place]]
        except Wrong as wrong:
            found = True
            faults.add(wrong.code, wrong.detail, line, column)
            if isinstance(reader, Units):  # said once, not at each row of the unit
                reader.remember(cells[place])
    return found
