"""A grid of shifts: a block for each shift, a row for each day of the week, a column for a week."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.dashboard.drawing.calendar import Fields
from app.dashboard.drawing.svg import drawn, path, words

SIDE, HEAD, TITLE, ROW, WIDTH = 44.0, 20.0, 26.0, 24.0, 720.0


@dataclass(frozen=True, slots=True)
class Field:
    """One shift: its shade, and what stands in it."""

    shade: str
    said: str


@dataclass(frozen=True, slots=True)
class Block:
    """One sort of shift: for each row its fields, None where it is not held."""

    name: str
    rows: Sequence[tuple[str, Sequence[Field | None]]]


def weekdays(blocks: Sequence[Block], marks: Sequence[str], closes: int | None = None) -> Markup:
    """`closes`: on which day, counted from that of the first field, the roster closes."""
    width = (WIDTH - SIDE) / max(len(marks), 1)
    parts = [
        words("ax", SIDE + width * (n + 0.5), 13, mark, "middle") for n, mark in enumerate(marks)
    ]
    fields = Fields(width - 3, ROW - 3)
    y = HEAD
    for block in blocks:
        parts.append(words("label", 0, y + 17, block.name))
        y += TITLE
        if closes is not None and 0 <= closes < 7 * len(marks):
            parts.append(f'<path class="supply" d="{step(closes, y, len(block.rows), width)}"/>')
        for label, told in block.rows:
            parts.append(words("ax", 0, y + 16, label))
            for n, field in enumerate(told):
                if field is not None:
                    fields.add(field.shade, SIDE + width * n, y, field.said, y + 16.5)
            y += ROW
    parts += fields.parts()
    return drawn("weeks", parts, WIDTH, y + 2)


def step(closes: int, top: float, rows: int, width: float) -> str:
    """The days before lie left of it: down along the next week, and on along this one."""
    week, day = divmod(closes, 7)
    left, right = SIDE + width * week, SIDE + width * (week + 1)
    turn, floor = top + ROW * min(day, rows), top + ROW * rows
    if day == 0:
        return path([(left, top), (left, floor)])
    return path([(right, top), (right, turn), (left, turn), (left, floor)])
