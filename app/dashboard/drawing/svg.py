"""What every picture is made of: scales, ticks, paths, and the frame around it."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from app.dashboard.language import number

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to places in a picture, upwards: `low` lies at `bottom`, `high` at `top`."""

    low: float
    high: float
    top: float
    bottom: float

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.bottom + (self.top - self.bottom) * share


def scaled(
    values: Iterable[float], top: float, bottom: float, *, from_zero: bool, lines: int = 4
) -> tuple[Scale, list[float]]:
    """Round ends with about `lines` steps between them, and the ticks."""
    known = list(values)
    low, high = min(known, default=0.0), max(known, default=1.0)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high <= low:
        high = low + 1
    step = nice((high - low) / lines)
    first, last = int(low // step), int(-(-high // step))
    ticks = [n * step for n in range(first, last + 1)]
    return Scale(ticks[0], ticks[-1], top, bottom), ticks


def nice(step: float) -> float:
    """1, 2 or 5 times a power of ten, at least as large."""
    power = 10.0 ** (len(f"{int(step)}") - 1) if step >= 1 else 0.1
    while power > step:
        power /= 10
    return next(each * power for each in (1, 2, 5, 10) if each * power >= step)


def path(points: Iterable[Point], *, closed: bool = False) -> str:
    told = "L".join(f"{short(x)} {short(y)}" for x, y in points)
    return f"M{told}{'Z' if closed else ''}" if told else ""


def short(value: float) -> str:
    """A tenth of a pixel is enough, and each byte counts."""
    return f"{value:.1f}".removesuffix(".0")


def line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path class="{kind}" d="M{short(x1)} {short(y1)}L{short(x2)} {short(y2)}"/>'


def rect(kind: str, x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect class="{kind}" x="{short(x)}" y="{short(y)}" '
        f'width="{short(max(width, 0.0))}" height="{short(max(height, 0.0))}"/>'
    )


def words(kind: str, x: float, y: float, text: str, anchor: str = "") -> str:
    side = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text class="{kind}" x="{short(x)}" y="{short(y)}"{side}>{escape(text)}</text>'


def grid(scale: Scale, ticks: Sequence[float], left: float, right: float) -> list[str]:
    """A line and a number for each tick."""
    return [
        part
        for tick in ticks
        for part in (
            line("grid", left, scale.at(tick), right, scale.at(tick)),
            words("ax", left - 6, scale.at(tick) + 4, number(tick), "end"),
        )
    ]


def grid_down(scale: Scale, ticks: Sequence[float], top: float, floor: float) -> list[str]:
    """The same for an axis that lies down."""
    return [
        part
        for tick in ticks
        for part in (
            line("grid", scale.at(tick), top, scale.at(tick), floor),
            words("ax", scale.at(tick), floor + 16, number(tick), "middle"),
        )
    ]


def stretches(known: Sequence[bool]) -> list[list[int]]:
    """Steps that follow each other and are known: what is not known breaks a line."""
    found: list[list[int]] = []
    for n, here in enumerate(known):
        if here and n and known[n - 1]:
            found[-1].append(n)
        elif here:
            found.append([n])
    return found


def apart(places: Sequence[float], least: float) -> list[float]:
    """Labels moved down as little as needed so that none lies over another; in the same order."""
    order = sorted(range(len(places)), key=lambda n: places[n])
    moved = list(places)
    for before, after in itertools.pairwise(order):
        moved[after] = max(moved[after], moved[before] + least)
    return moved


def drawn(
    kind: str,
    parts: Iterable[str],
    width: float,
    height: float,
    *,
    stretched: bool = False,
    steps: tuple[float, float] | None = None,
) -> Markup:
    """The picture is there for who looks; its table is there for who listens.

    A stretched one fills its place, whatever its proportions. `steps`: between which places its
    steps lie, for who points at one.
    """
    fills = ' preserveAspectRatio="none"' if stretched else ""
    if steps is not None:
        fills += f' data-from="{short(steps[0])}" data-to="{short(steps[1])}"'
    return Markup(  # noqa: S704  # of numbers, and of words that were escaped
        f'<svg class="{kind}" viewBox="0 0 {short(width)} {short(height)}"{fills} '
        f'aria-hidden="true" focusable="false">{"".join(parts)}</svg>'
    )
