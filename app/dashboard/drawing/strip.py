"""Thirty days of a feed: a cell for each day, with how much of it came in time."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.dashboard.drawing.svg import drawn, rect, short, words
from app.dashboard.language import percent

TALL, UNDER, GAP = 30.0, 18.0, 3.0


@dataclass(frozen=True, slots=True)
class Day:
    """`share` 0..1 of what was due, None: nothing was; `mark` under it; `refused`: a corner."""

    share: float | None
    mark: str
    refused: bool


@dataclass(frozen=True, slots=True)
class Size:
    kind: str
    width: float
    across: int


NARROW, WIDE = Size("narrow", 340, 10), Size("wide", 900, 30)


def strips(days: Sequence[Day]) -> tuple[Markup, ...]:
    """In two sizes, of which the page shows the one that fits."""
    return tuple(strip(days, size) for size in (NARROW, WIDE))


def strip(days: Sequence[Day], size: Size = WIDE) -> Markup:
    """On time is full, a part is lighter with its share, nothing is hatched, nothing due is empty;
    each has its number or sign, so that none is told by its colour alone."""
    width = size.width / size.across
    parts = []
    for n, day in enumerate(days):
        row, column = divmod(n, size.across)
        x, y = width * column, (TALL + UNDER) * row
        kind = shade(day.share)
        parts.append(rect(f"day {kind}", x + GAP / 2, y + 1, width - GAP, TALL - 2))
        if kind != "missed":
            parts.append(words(f"in-day {kind}", x + width / 2, y + 20, said(day.share), "middle"))
        else:
            parts.append(rect("plate", x + width / 2 - 7, y + 8, 14, 15))
            parts.append(words("in-day missed", x + width / 2, y + 20, "0", "middle"))
        if day.refused:
            right = x + width - GAP / 2
            corner = f"M{short(right - 9)} {short(y + 1)}h9v9z"
            parts.append(f'<path class="refused" d="{corner}"/>')
        if day.mark:
            parts.append(words("ax", x + width / 2, y + TALL + 12, day.mark, "middle"))
    rows = -(-len(days) // size.across)
    return drawn(f"strip {size.kind}", parts, size.width, (TALL + UNDER) * rows)


def shade(share: float | None) -> str:
    if share is None:
        return "nothing"
    if share == 0:
        return "missed"
    return "met" if share == 1 else "partly"


def said(share: float | None) -> str:
    """A share in hundreds; what is not quite all is never "100"."""
    if share is None:
        return "–"
    if share == 1:
        return "✓"
    return percent(share).rstrip("%") if 0.005 <= share < 0.995 else ">99" if share > 0.5 else "<1"
