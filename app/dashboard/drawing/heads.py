"""Heads of shifts: what is needed as a band, and a tick for who is on the roster."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.dashboard.drawing.svg import drawn, grid_down, line, rect, scaled, words

TOP, ROW, AXIS = 8.0, 26.0, 24.0


@dataclass(frozen=True, slots=True)
class Heads:
    """One shift: `outer` and `inner` what is needed with 80 and 50% chance; `said` stands beside
    it, and is a lack or not."""

    name: str
    outer: tuple[float, float]
    inner: tuple[float, float]
    middle: float
    rostered: float | None
    said: str
    lack: bool


@dataclass(frozen=True, slots=True)
class Size:
    kind: str
    width: float
    left: float
    right: float
    # Names stand over their rows, where there is no room beside them.
    above: bool = False

    @property
    def row(self) -> float:
        return 2 * ROW - 8 if self.above else ROW


NARROW, WIDE = Size("narrow", 340, 8, 40, above=True), Size("wide", 560, 220, 44)


def heads_in_two(rows: Sequence[Heads], closes: int | None = None) -> tuple[Markup, ...]:
    """In two sizes, of which the page shows the one that fits."""
    return tuple(heads(rows, closes, size) for size in (NARROW, WIDE))


def heads(rows: Sequence[Heads], closes: int | None = None, size: Size = WIDE) -> Markup:
    """`closes`: before which row the roster closes. A band of one number is as wide as its mark."""
    floor = TOP + size.row * len(rows)
    values = [value for each in rows for value in (*each.outer, each.rostered) if value is not None]
    right = size.width - size.right
    scale, ticks = scaled(values, right, size.left, from_zero=True, lines=5)
    parts = grid_down(scale, [tick for tick in ticks if tick == int(tick)], TOP, floor)
    for n, each in enumerate(rows):
        y = TOP + size.row * (n + 1) - ROW / 2
        parts.append(words("name", 0, y - 15 if size.above else y + 4, each.name))
        for kind, (low, high) in (("b80", each.outer), ("b50", each.inner)):
            parts.append(
                rect(kind, scale.at(low) - 3, y - 7, scale.at(high) - scale.at(low) + 6, 14)
            )
        at = scale.at(each.middle)
        parts.append(line("middle", at, y - 7, at, y + 7))
        if each.rostered is not None:
            at = scale.at(each.rostered)
            parts += [line("halo", at, y - 10, at, y + 10), line("supply", at, y - 10, at, y + 10)]
        parts.append(words("n more" if each.lack else "n", right + 10, y + 4, each.said))
    if closes is not None:
        y = TOP + size.row * closes
        parts.append(line("zero", 0, y, size.width, y))
    return drawn(f"heads {size.kind}", parts, size.width, floor + AXIS)
