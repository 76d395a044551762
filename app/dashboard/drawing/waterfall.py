"""The ledger of the gap: bars that hang where the one before ended."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.dashboard.drawing.svg import drawn, grid, line, rect, scaled, words
from app.dashboard.language import number, signed

TOP, AXIS, LEFT = 24.0, 40.0, 44.0


@dataclass(frozen=True, slots=True)
class Bar:
    """From `start` to `stop`; its words stand under it on one or two lines."""

    words: Sequence[str]
    start: float
    stop: float
    whole: bool = False


def hanging(
    begin: tuple[str, float], adds: Sequence[tuple[str, float]], end: tuple[str, float]
) -> list[Bar]:
    bars = [Bar(begin[0].split(" ", 1), 0.0, begin[1], whole=True)]
    level = begin[1]
    for name, value in adds:
        bars.append(Bar(name.split(" ", 1), level, level + value))
        level += value
    return [*bars, Bar(end[0].split(" ", 1), 0.0, end[1], whole=True)]


def waterfall(bars: Sequence[Bar], width: float = 720, height: float = 330) -> Markup:
    floor = height - AXIS
    levels = [level for bar in bars for level in (bar.start, bar.stop)]
    scale, ticks = scaled(levels, TOP, floor, from_zero=True)
    each = (width - LEFT - 8) / max(len(bars), 1)
    parts = grid(scale, ticks, LEFT, width - 8)
    for n, bar in enumerate(bars):
        x, high = LEFT + each * n, scale.at(max(bar.start, bar.stop))
        tall = max(scale.at(min(bar.start, bar.stop)) - high, 1.0)
        kind = "whole" if bar.whole else "more" if bar.stop > bar.start else "less"
        said = number(bar.stop) if bar.whole else signed(bar.stop - bar.start)
        if n:
            parts.append(
                line(
                    "joint",
                    x - each * 0.14,
                    scale.at(bar.start),
                    x + each * 0.14,
                    scale.at(bar.start),
                )
                if not bar.whole
                else ""
            )
        parts.append(rect(kind, x + each * 0.14, high, each * 0.72, tall))
        parts.append(words(f"n {kind}", x + each / 2, max(high - 5, 12), said, "middle"))
        parts += [
            words("ax", x + each / 2, floor + 16 + 13 * row, text, "middle")
            for row, text in enumerate(bar.words)
        ]
    parts.append(line("zero", LEFT, scale.at(0), width - 8, scale.at(0)))
    return drawn("fall", parts, width, height)
