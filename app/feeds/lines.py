"""A CSV text as it is sent: its columns and its lines; what breaks it is named, never repeated."""

import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from app.faults import Fault
from app.observations.persons import code_of_field, code_of_labels, code_of_text
from app.observations.reading import EMPTY, PERSON, Broken

# Some times as many beds as the largest hospital has.
MOST_LINES = 5_000
# Told to be unknown. An empty cell is not told.
UNKNOWN = "onbekend"

# Excel says so which separator it writes, in a line before the header.
SAYS_SEPARATOR = re.compile(r"\ufeff?sep=([;,])[ \t]*(?=[\r\n]|$)", re.IGNORECASE)
ONE_LINE = "This text has one line only: with curl, send it with --data-binary, not -d."
IS_JSON = "This is JSON, and not CSV. Say so: Content-Type: application/json."

# The row that a line ends in (the header is row 1), and its cells.
Cells = tuple[int, list[str]]


@dataclass(eq=False)
class Unread(Exception):
    """Nothing of the text can be taken: all that is wrong with its columns or its shape."""

    faults: Sequence[Fault]


@dataclass(frozen=True)
class Line:
    """What stands in one line, by column; the cells are not shown when it is printed."""

    row: int
    cells: dict[str, str] = field(repr=False)

    def __getitem__(self, column: str) -> str:
        """Empty, too, where there is no such column."""
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Text:
    """The columns that are there, by the names they are documented under, and the lines."""

    columns: Sequence[str]
    lines: Sequence[Line] = field(repr=False)


def fault_at(code: str, detail: str, row: int, column: str = "") -> Fault:
    place = f"/{row}/{column}" if column else f"/{row}"
    return Fault(code, detail, pointer=place, row=row, column=column or None)


def table(body: bytes) -> list[Cells]:
    """The lines that hold something, the header first.

    Raises `Broken` if it is no CSV, or longer than may be.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Broken(Fault("not-utf-8", "Save the text as UTF-8.")) from None
    if text.lstrip()[:1] in ("{", "["):
        raise Broken(Fault("not-csv", IS_JSON))
    said = SAYS_SEPARATOR.match(text)
    text = text[said.end() :] if said else text  # its line stays, as an empty one
    separator = said[1] if said else ";" if ";" in text.partition("\n")[0] else ","
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    found: list[Cells] = []
    try:
        for cells in lines:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                found.append((lines.line_num, stripped))
            if len(found) > MOST_LINES + 1:  # looked at no further: each cell takes its time
                raise Broken(
                    Fault("too-many-rows", f"Send at most {MOST_LINES} lines in one message.")
                )
    except csv.Error:
        broken = "A quoted cell is not closed, is too long, or has signs after its closing quote."
        raise Broken(fault_at("broken-csv", broken, lines.line_num)) from None
    if not found:
        raise Broken(Fault("no-header", f"{EMPTY} The first line of a CSV names the columns."))
    refuse_persons(found)
    return without_last(found)


def without_last(found: list[Cells]) -> list[Cells]:
    """Less the last columns that have no name and no cell: each line ends in a separator."""
    _, header = found[0]
    wide = next(n for n in range(len(header), -1, -1) if n == 0 or header[n - 1])
    if any(any(cells[wide:]) or len(cells) > len(header) for _, cells in found):
        return found
    return [(row, cells[:wide]) for row, cells in found]


def refuse_persons(found: Sequence[Cells]) -> None:
    """Each cell by itself, so that the numbers of two cells are not taken for one."""
    (top, header), *lines = found
    refuse((top, n, code_of_field(cell)) for n, cell in enumerate(header, 1))
    refuse(
        (row, n, code_of_text(cell) or code_of_labels(cell))
        for row, cells in lines
        for n, cell in enumerate(cells, 1)
    )


def refuse(kinds: Iterator[tuple[int, int, str | None]]) -> None:
    for row, column, kind in kinds:
        if kind:
            detail = f"{PERSON.detail} What was found: {kind}."
            raise Broken(fault_at(PERSON.code, detail, row, str(column)))


def read_lines(found: Sequence[Cells], known: Collection[str], needed: Collection[str]) -> Text:
    """The lines under columns that are all known, in any order and in small or capital letters.

    Raises `Unread` for an unknown, repeated or missing column, and for a line that has more or
    fewer cells than the header: what is missing of it, nobody can say.
    """
    (top, header), *lines = found
    names = {name.casefold(): name for name in known}
    columns = [names.get(cell.casefold(), "") for cell in header]
    if not lines and not all(columns):
        raise Unread([fault_at("one-line", ONE_LINE, top)])
    faults = [
        *wrong_columns(columns, top, needed),
        *wrong_lines(lines, len(header)),
    ]
    if not lines:
        faults.append(fault_at("no-rows", "There is no line under the header.", top))
    if faults:
        raise Unread(faults)
    return Text(
        columns, [Line(row, dict(zip(columns, cells, strict=True))) for row, cells in lines]
    )


def wrong_columns(columns: Sequence[str], row: int, needed: Collection[str]) -> Iterator[Fault]:
    """An unknown column is named by its number: its name may be content."""
    for n, name in enumerate(columns, 1):
        if not name:
            detail = (
                f"Column {n} is not known, so nothing was taken. Leave it out, or check its "
                "spelling: docs/feeds/hospital.md lists the columns."
            )
            yield fault_at("unknown-column", detail, row, str(n))
        elif name in columns[: n - 1]:
            yield fault_at("column-twice", f"Column {n} stands there twice.", row, name)
    for name in needed:
        if name not in columns:
            yield fault_at("missing-column", f"There is no column {name}.", row, name)


def wrong_lines(lines: Sequence[Cells], columns: int) -> Iterator[Fault]:
    for row, cells in lines:
        if len(cells) != columns:
            detail = f"The line has {len(cells)} cells and the header {columns}."
            yield fault_at("ragged-row", f"{detail} Quote a cell that holds a separator.", row)
