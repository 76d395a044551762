"""The rows of a CSV text by the names of its columns, and all that is wrong with them at once."""

import csv
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from heapq import heappop, heappush
from itertools import chain
from operator import itemgetter
from typing import Any, NoReturn, Protocol

from app.errors import Invalid
from app.faults import Fault

SHOWN = 20
# So many ways of writing are remembered: days and figures come back all the time.
KEPT = 65_536
MOST = 1e12  # far above any count, and its square is still a number
YEARS = range(1900, 2200)
UNKNOWN = {"", "na", "nan"}

NUMBER = re.compile(r"-?[0-9]{1,32}(?:\.[0-9]{0,32})?(?:[eE][+-]?[0-9]{1,3})?")
INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
# What pandas writes of a day may bear its midnight; that of a summer west of Amsterdam is 23:00 in
# UTC, of the day before.
DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T](00|23):00(?::00(?:\.0{1,9})?)?)?")
WITHIN = re.compile(r'"[^"]*"')

Cells = tuple[str, ...]
Readers = Mapping[str, Callable[[str], Any]]


class Table(Protocol):
    """What `csv.reader` gives."""

    @property
    def line_num(self) -> int: ...
    def __iter__(self) -> Iterator[list[str]]: ...
    def __next__(self) -> list[str]: ...


@dataclass(eq=False)
class Wrong(Exception):
    """A cell that cannot be taken: which rule, and the way out."""

    code: str
    detail: str


@dataclass
class Faults:
    """What is wrong in one file: all of it counted, the first `SHOWN` by row kept."""

    file: str
    count: int = 0
    kept: list[tuple[int, int, Fault]] = field(default_factory=list)

    def add(self, code: str, detail: str, row: int, column: str | None = None) -> None:
        self.count += 1
        heappush(self.kept, (-row, -self.count, Fault(code, detail, row=row, column=column)))
        if len(self.kept) > SHOWN:
            heappop(self.kept)

    def refuse(self) -> NoReturn:
        more = self.count - len(self.kept)
        rest = f" The first {SHOWN} are shown, {more:,} more are not." if more else ""
        raise Invalid(
            f"{self.file} cannot be used: {self.count:,} faults.{rest} Correct them and try again.",
            code="file-not-valid",
            faults=[fault for *_, fault in sorted(self.kept, reverse=True)],
        )


class Days(dict[str, int]):
    """The ordinal of a day by how it is written; `late` has those written as an hour before it."""

    def __init__(self) -> None:
        self.late: set[int] = set()

    def __missing__(self, text: str) -> int:
        day, late = written(text)
        found = day.toordinal()
        if late:
            self.late.add(found)
        if len(self) < KEPT:
            self[text] = found
        return found


def day_of(text: str) -> date:
    return written(text)[0]


def written(text: str) -> tuple[date, bool]:
    """A day, and whether it was written as 23:00 of the day before: its midnight, in UTC."""
    found = DAY.fullmatch(text.strip())
    try:
        day = date.fromisoformat(found[1]) if found else None
    except ValueError:
        day = None
    if day is None or found is None:
        raise Wrong("not-a-date", "This is no day. Write it as 2026-11-22, without a time.")
    if day.year not in YEARS:
        raise Wrong("not-a-date", f"Give a day from {YEARS[0]} to {YEARS[-1]}.")
    late = found[2] == "23"
    return day + timedelta(days=late), late


class Numbers(dict[str, float]):
    """A figure by how it is written, NaN where it is not observed."""

    def __init__(self, comma: bool) -> None:
        self.comma = comma

    def __missing__(self, text: str) -> float:
        found = number_of(text.strip(), self.comma)
        if len(self) < KEPT:
            self[text] = found
        return found


def number_of(text: str, comma: bool) -> float:
    """A figure >= 0; a comma for decimals is taken where semicolons separate."""
    if text.casefold() in UNKNOWN:
        return math.nan
    pointed = text.replace(",", ".") if comma else text
    if INFINITE.fullmatch(text):
        raise Wrong("infinite", "A figure is finite. Leave the cell empty for not observed.")
    if not NUMBER.fullmatch(pointed):
        sign = "a point or a comma" if comma else "a point"
        raise Wrong(
            "not-a-number",
            f"This is no number. Write digits, with {sign} for decimals and no sign for "
            "thousands; leave the cell empty for not observed.",
        )
    value = float(pointed)
    if value < 0:
        raise Wrong("negative", "A figure is 0 or more. Leave the cell empty for not observed.")
    if value > MOST:
        raise Wrong("too-large", f"A figure is at most {MOST:.0e}. Leave it empty if unknown.")
    return abs(value)  # -0 is 0


def name_of(text: str) -> str:
    if not text.strip():
        raise Wrong("no-name", "There is no name. Give each row the name of its series.")
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise Wrong("not-utf-8", "This is not UTF-8. Save the file as UTF-8.")
    return text


@dataclass(frozen=True)
class Text:
    """A CSV text whose header was read: which of the columns it has, and its rows.

    `comma`: decimals may have a comma, since semicolons separate.
    """

    columns: Sequence[str]
    comma: bool
    rows: Iterator[tuple[int, Cells]]


def opened(
    lines: Iterable[str], needed: Sequence[str], faults: Faults, also: Sequence[str] = ()
) -> Text:
    """The text with the cells of `needed`, then those of `also` that it has, row by row.

    A row is told by the line on which it ends, the header being row 1. Columns that are not asked
    for are passed over. Refuses what has no usable header; what is wrong with a row goes to
    `faults` and the row is left out. Open a file with `encoding="utf-8-sig",
    errors="surrogateescape", newline=""`.
    """
    told = iter(lines)
    first = next(told, "").removeprefix("\ufeff")
    between = WITHIN.sub("", first)
    separator = ";" if ";" in between and "," not in between else ","
    table = csv.reader(chain([first], told), delimiter=separator, strict=True)
    try:
        header = [cell.strip() for cell in next(table, [])]
    except csv.Error:
        header = []
    for name in needed:
        if name not in header:
            listed = ", ".join(needed)
            faults.add(
                "missing-column",
                f"There is no such column. The first row names {listed}, with commas or "
                "semicolons between them.",
                *(1, name),
            )
    columns = [*needed, *(name for name in also if name in header)]
    for name in columns:
        if header.count(name) > 1:
            faults.add("column-twice", "Two columns have this name. Keep one.", 1, name)
    if faults.count:
        faults.refuse()
    places = [header.index(name) for name in columns]
    return Text(columns, separator == ";", rows(table, places, len(header), faults))


def rows(
    table: Table, places: Sequence[int], wide: int, faults: Faults
) -> Iterator[tuple[int, Cells]]:
    pick = itemgetter(*places)
    try:
        for cells in table:
            if len(cells) == wide:
                yield table.line_num, pick(cells)
            elif any(cells):
                detail = f"The row has {len(cells)} cells and the header {wide}."
                way_out = "Quote a cell that holds the separator."
                faults.add("ragged-row", f"{detail} {way_out}", table.line_num)
    except csv.Error:
        broken = "A quoted cell is not closed, is too long, or has signs after its closing quote."
        faults.add("broken-csv", f"{broken} Nothing after it was read.", table.line_num)


def taken(cells: Cells, readers: Readers, line: int, faults: Faults) -> list[Any] | None:
    """What each column's reader makes of its cell, or None with all that is wrong in the row."""
    found = []
    for cell, (column, reader) in zip(cells, readers.items(), strict=True):
        try:
            found.append(reader(cell))
        except Wrong as wrong:
            faults.add(wrong.code, wrong.detail, line, column)
    return found if len(found) == len(cells) else None
