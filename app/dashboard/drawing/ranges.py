"""A range for each thing on one axis: what is likely, with its middle, beside nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.dashboard.drawing.svg import drawn, grid_down, line, rect, scaled, short, words
from app.dashboard.language import signed

LEFT, RIGHT, TOP, ROW, AXIS = 226.0, 60.0, 8.0, 26.0, 24.0


@dataclass(frozen=True, slots=True)
class Range:
    name: str
    low: float
    middle: float
    high: float
    before: float | None = None


def ranges(told: Sequence[Range], width: float = 720) -> Markup:
    """From low to high, a dot for the middle, a small mark for what it is now."""
    floor = TOP + ROW * len(told)
    values = [value for each in told for value in (each.low, each.high)]
    scale, ticks = scaled(values, width - RIGHT, LEFT, from_zero=True, lines=5)
    parts = grid_down(scale, ticks, TOP, floor)
    zero = scale.at(0)
    parts.append(line("zero", zero, TOP, zero, floor))
    for n, each in enumerate(told):
        y = TOP + ROW * (n + 0.5)
        kind = "more" if each.middle > 0 else "less"
        low, high = scale.at(each.low), scale.at(each.high)
        parts += [
            words("name", 0, y + 4, each.name),
            rect(f"{kind} range", low, y - 5, high - low, 10),
            f'<circle class="{kind}" cx="{short(scale.at(each.middle))}" cy="{short(y)}" r="6"/>',
            words(f"n {kind}", high + 6, y + 4, signed(each.middle)),
        ]
        if each.before is not None:
            x = scale.at(each.before)
            parts.append(line("before", x, y - 9, x, y + 9))
    return drawn("ranges", parts, width, floor + AXIS)
