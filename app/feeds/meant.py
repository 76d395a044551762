"""A text as the message that JSON would have been, with the way back to its rows and columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.faults import Fault
from app.feeds.parts import ReadPart
from app.observations.reading import merged

# A row, and the column by its name; the line as a whole if that is empty.
Cell = tuple[int, str]


@dataclass(frozen=True)
class Meant:
    """What a text means: one message, where its parts stand, and what is wrong beside.

    `cells` and `wrong` are by pointer into the message; `wrong` is what the message cannot show,
    such as a figure that was told twice.
    """

    message: Mapping[str, Any] = field(repr=False)
    cells: Mapping[str, Cell]
    wrong: Mapping[str, Sequence[Fault]] = field(default_factory=dict)

    def part(self, part: ReadPart) -> "LinesPart":
        """What was read of the message, as a part of the text; nothing of it if a line is wrong."""
        told = self.wrong.get(part.pointer, ())
        more = [at_cell(fault, self.cells) for fault in part.faults]
        if told:  # what is wrong may be all that there was
            more = [fault for fault in more if fault.code != "nothing-told"]
        kept = {**part.__dict__, "faults": merged([*told, *more]), "cells": self.cells}
        return LinesPart(**kept | ({"report": None} if told else {}))


@dataclass(frozen=True)
class LinesPart(ReadPart):
    """A report out of a text: what is wrong with it is said by row and column."""

    cells: Mapping[str, Cell] = field(default_factory=dict, repr=False, compare=False)

    def in_message(self, fault: Fault) -> Fault:
        return at_cell(super().in_message(fault), self.cells)


def at_cell(fault: Fault, cells: Mapping[str, Cell]) -> Fault:
    """At its own cell, or at the nearest around it that is known."""
    at = fault.pointer or ""
    while at and at not in cells:
        at = at.rpartition("/")[0]
    if at not in cells:
        return fault
    row, column = cells[at]
    place = f"/{row}/{column}" if column else f"/{row}"
    return replace(fault, pointer=place, row=row, column=column or None)
