"""Counts per ward as a CSV text: one line for each ward, or for each bed type of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from app.faults import Fault
from app.feeds.columns import Column, columns_of
from app.feeds.dutch import Beds, Places
from app.feeds.hospital import Ward
from app.feeds.lines import Cells, Line, fault_at, read_lines
from app.feeds.meant import Cell, Meant

CODE, MOMENT, BED_TYPE = "code", "peilmoment", "bedsoort"
BED_TYPES: Mapping[str, str] = {
    str(each.alias).casefold(): str(each.alias) for each in Beds.model_fields.values()
}


@cache
def ward_columns() -> Mapping[str, Column]:
    """The fields of a ward, by the name that they have in JSON.

    Without stops: that none holds any more is an empty list, which no line can say.
    """
    columns = (column for column in columns_of(Ward) if column.steps[0] != "stops")
    return {column.name: column for column in columns}


@cache
def place_columns() -> Mapping[str, Column]:
    """The fields of the places of one bed type, which `bedsoort` names."""
    return {column.name: column for column in columns_of(Places)}


def messages_of(found: Sequence[Cells]) -> list[Meant]:
    """A message for each moment; an empty `peilmoment` is that of the first line."""
    known = [MOMENT, BED_TYPE, *ward_columns(), *place_columns()]
    lines = read_lines(found, known, [CODE]).lines
    moments: dict[str, list[Line]] = {}
    for line in lines:
        moments.setdefault(line[MOMENT] or lines[0][MOMENT], []).append(line)
    return [message_of(moment, told) for moment, told in moments.items()]


def message_of(moment: str, lines: Sequence[Line]) -> Meant:
    wards: dict[str, Building] = {}
    for line in lines:
        pointer = f"/afdelingen/{len(wards)}"
        ward = wards.setdefault(line[CODE], Building(pointer, line[CODE], line.row))
        ward.take(line)
    cells: dict[str, Cell] = {"/peilmoment": (lines[0].row, MOMENT)}
    for ward in wards.values():
        cells |= ward.cells
    message = {"afdelingen": [ward.told for ward in wards.values()]}
    wrong = {ward.pointer: ward.wrong for ward in wards.values() if ward.wrong}
    return Meant(message | ({"peilmoment": moment} if moment else {}), cells, wrong)


@dataclass
class Building:
    """One ward of the message, while its lines come in."""

    pointer: str
    code: str
    row: int
    told: dict[str, Any] = field(default_factory=dict)
    cells: dict[str, Cell] = field(default_factory=dict)
    wrong: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.told[CODE] = self.code
        self.cells = {self.pointer: (self.row, ""), f"{self.pointer}/{CODE}": (self.row, CODE)}

    def take(self, line: Line) -> None:
        bed_type = self.bed_type(line)
        items: dict[tuple[str, ...], int] = {}
        for name, cell in line.cells.items():
            if not cell or name in (CODE, MOMENT, BED_TYPE):
                continue
            if name in ward_columns():
                column = ward_columns()[name]
                self.put(line, column, column.steps, column.many, cell, items)
            elif bed_type:
                column = place_columns()[name]
                self.put(line, column, ("bedden", bed_type, *column.steps), 0, cell, items)

    def bed_type(self, line: Line) -> str:
        """Empty if the line names none, or one that is not known."""
        found = BED_TYPES.get(line[BED_TYPE].casefold(), "")
        places = any(cell for name, cell in line.cells.items() if name in place_columns())
        if (places or line[BED_TYPE]) and not found:
            detail = f"Say of which bed type the places are: {', '.join(BED_TYPES.values())}."
            code = "unknown-word" if line[BED_TYPE] else "missing"
            self.wrong.append(fault_at(code, detail, line.row, BED_TYPE))
        return found

    def put(
        self,
        line: Line,
        column: Column,
        steps: tuple[str, ...],
        many: int,
        cell: str,
        items: dict[tuple[str, ...], int],
    ) -> None:
        """At its place in the message; what one line says of a list is one item of it."""
        inner: Any = self.told
        at = self.pointer
        for n, step in enumerate(steps[:-1], 1):
            at = f"{at}/{step}"
            inner = inner.setdefault(step, [] if n == many else {})
            if n == many:
                number = items.setdefault(steps[:n], len(inner))
                if number == len(inner):
                    inner.append({})
                inner, at = inner[number], f"{at}/{number}"
                self.cells.setdefault(at, (line.row, ""))
        at = f"{at}/{steps[-1]}"
        if steps[-1] in inner:
            detail = "Another line of this ward tells this too. Tell it once."
            self.wrong.append(fault_at("told-twice", detail, line.row, column.name))
            return
        inner[steps[-1]] = column.value(cell)
        self.cells[at] = (line.row, column.name)
