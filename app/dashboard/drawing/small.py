"""Small multiples: the same picture of many kinds beside each other, each on its own scale."""

from collections.abc import Sequence
from dataclasses import replace

from markupsafe import Markup

from app.dashboard.drawing.fan import Band, Frame, Size, bands, middle, seen, shortage, supply
from app.dashboard.drawing.svg import drawn, scaled, words
from app.dashboard.language import _, number

CELL, TALL, GAP, HEAD, FOOT = 168.0, 70.0, 16.0, 20.0, 26.0
MOST_LETTERS = 22
COLUMNS = {"narrow": 2, "wide": 4, "broad": 6}


def smalls(kinds: Sequence[tuple[str, Sequence[Band]]]) -> tuple[Markup, ...]:
    """In three sizes, of which the page shows the one that fits."""
    return tuple(small(kinds, size, columns) for size, columns in COLUMNS.items())


def small(kinds: Sequence[tuple[str, Sequence[Band]]], size: str, columns: int) -> Markup:
    parts: list[str] = []
    rows = -(-len(kinds) // columns)
    for n, (name, steps) in enumerate(kinds):
        left, top = (CELL + GAP) * (n % columns), (HEAD + TALL + FOOT) * (n // columns)
        parts += cell(name, steps, left, top)
    width, height = (CELL + GAP) * columns - GAP, (HEAD + TALL + FOOT) * rows
    return drawn(f"small {size}", parts, width, height)


def cell(name: str, steps: Sequence[Band], left: float, top: float) -> list[str]:
    """From zero up to a round number above what is most, which stands under it."""
    floor = top + HEAD + TALL
    values = [
        value
        for step in steps
        for value in (step.middle, step.supply, step.seen, *(step.outer or ()))
        if value is not None
    ]
    scale, ticks = scaled(values, top + HEAD, floor, from_zero=True, lines=4)
    width = CELL / max(len(steps), 1)
    size = Size("small", CELL, TALL, 0, 0)
    frame = Frame(size, scale, [left + width * (n + 0.5) for n in range(len(steps))], width)
    bare = [replace(step, gap=None, mark="") for step in steps]
    return [
        words("name", left, top + 13, shortened(name)),
        words("ax", left + CELL, floor + 13, _("0 tot {n}", n=number(ticks[-1])), "end"),
        f'<path class="zero" d="M{left:g} {floor:g}h{CELL:g}"/>',
        *bands(bare, frame),
        *shortage(bare, frame),
        *supply(bare, frame),
        *middle(bare, frame),
        *seen(bare, frame, floor, named=False),
    ]


def shortened(name: str) -> str:
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1].rstrip()}…"
