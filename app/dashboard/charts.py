"""Pictures of figures: pure functions from numbers to SVG, with the table that says the same."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from markupsafe import Markup

from app.dashboard.sentences import number

WIDTH, HEIGHT = 720.0, 260.0
CALENDAR_WIDTH = 1180.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 16.0, 12.0, 28.0


@dataclass(frozen=True, slots=True)
class Chart:
    """One finding: its title, a sentence, the picture and the table hold the same numbers.

    Raises ValueError without a title, a sentence or a row.
    """

    name: str
    title: str
    sentence: str
    svg: Markup
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    legend: Sequence[tuple[str, str]] = field(default=())
    wide: bool = False

    def __post_init__(self) -> None:
        if not (self.title and self.sentence and self.rows):
            raise ValueError(f"The chart {self.name} needs a title, a sentence and a table.")
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"A row of the chart {self.name} has another number of columns.")


@dataclass(frozen=True, slots=True)
class Band:
    """One step of a fan; None is not known. `inner` is that of 50%, `outer` of 80%."""

    middle: float | None
    outer: tuple[float, float] | None
    inner: tuple[float, float] | None = None
    supply: float | None = None
    # What stands under the axis at this step; nothing: no mark.
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to places in a picture, upwards."""

    low: float
    high: float

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)


def fan(steps: Sequence[Band]) -> Markup:
    """Bands of 80 and 50%, the middle, supply as a step line, hatched where the middle is short."""
    values = [
        value
        for step in steps
        for value in (step.middle, step.supply, *(step.outer or ()))
        if value is not None
    ]
    # A line may begin above zero where all of it lies high: its changes are what is looked for.
    low = min(values, default=0.0) > 0.6 * max(values, default=0.0)
    scale, ticks = scaled(values, from_zero=not low)
    width = (WIDTH - LEFT - RIGHT) / max(len(steps), 1)
    at = [LEFT + width * (n + 0.5) for n in range(len(steps))]
    parts = [*grid(scale, ticks)]
    for kind, of in (("outer", [s.outer for s in steps]), ("inner", [s.inner for s in steps])):
        for run in runs([each is not None for each in of]):
            told = [(n, of[n]) for n in run]
            edges = [[(at[n], band[side]) for n, band in told if band] for side in (1, 0)]
            around = [*edges[0], *edges[1][::-1]]
            points = " ".join(f"{x:.1f},{scale.at(value):.1f}" for x, value in around)
            parts.append(f'<polygon class="{kind}" points="{points}"/>')
    parts += short(steps, at, width, scale)
    for run in runs([step.middle is not None for step in steps]):
        points = " ".join(f"{at[n]:.1f},{scale.at(steps[n].middle or 0):.1f}" for n in run)
        parts.append(f'<polyline class="middle" points="{points}"/>')
    parts += supply_line(steps, at, width, scale)
    parts += [
        f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 8:.0f}" text-anchor="middle">'
        f"{escape(step.mark)}</text>"
        for x, step in zip(at, steps, strict=True)
        if step.mark
    ]
    return drawn(parts)


def short(steps: Sequence[Band], at: Sequence[float], width: float, scale: Scale) -> list[str]:
    """Where the middle stands above the supply."""
    return [
        f'<rect class="short" x="{x - width / 2:.1f}" y="{scale.at(step.middle):.1f}" '
        f'width="{width:.1f}" height="{scale.at(step.supply) - scale.at(step.middle):.1f}"/>'
        for x, step in zip(at, steps, strict=True)
        if step.middle is not None and step.supply is not None and step.middle > step.supply
    ]


def supply_line(
    steps: Sequence[Band], at: Sequence[float], width: float, scale: Scale
) -> list[str]:
    parts = []
    for run in runs([step.supply is not None for step in steps]):
        path, before = "", None
        for n in run:
            y = scale.at(steps[n].supply or 0)
            path += f"M{at[n] - width / 2:.1f} {y:.1f}" if before is None else f"V{y:.1f}"
            path += f"H{at[n] + width / 2:.1f}"
            before = y
        parts += [f'<path class="halo" d="{path}"/>', f'<path class="supply" d="{path}"/>']
    return parts


def waterfall(begin: float, adds: Sequence[tuple[str, float]], end: float) -> Markup:
    """From what it was to what it will be: bars that hang where the one before ended."""
    columns = [("nu", 0.0, begin, "whole")]
    level = begin
    for label, value in adds:
        columns.append((label, level, level + value, "more" if value > 0 else "less"))
        level += value
    columns.append(("dan", 0.0, end, "whole"))
    scale, ticks = scaled([stop for _, _, stop, _ in columns], from_zero=True)
    width = (WIDTH - LEFT - RIGHT) / len(columns)
    parts = [*grid(scale, ticks), zero(scale)]
    for n, (label, start, stop, kind) in enumerate(columns):
        x, top = LEFT + width * n, scale.at(max(start, stop))
        height = max(scale.at(min(start, stop)) - top, 1.0)
        middle = x + width / 2
        says = number(stop) if kind == "whole" else signed(stop - start)
        parts += [
            f'<rect class="{kind}" x="{x + width * 0.14:.1f}" y="{top:.1f}" '
            f'width="{width * 0.72:.1f}" height="{height:.1f}"/>',
            f'<text class="value" x="{middle:.1f}" y="{max(top - 4, 10):.1f}" '
            f'text-anchor="middle">{says}</text>',
            f'<text class="tick" x="{middle:.1f}" y="{HEIGHT - 8:.0f}" text-anchor="middle">'
            f"{escape(label)}</text>",
        ]
    return drawn(parts)


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a calendar: `share` 0..1, None unknown."""

    share: float | None


def calendar(rows: Sequence[tuple[str, Sequence[Cell]]], marks: Sequence[str]) -> Markup:
    """A row for each thing, a column for each week; the shade is the chance, with its number."""
    side, head, height = 330.0, 22.0, 26.0
    width = (CALENDAR_WIDTH - side) / max(len(marks), 1)
    parts = [
        f'<text class="tick" x="{side + width * (n + 0.5):.1f}" y="14" text-anchor="middle">'
        f"{escape(mark)}</text>"
        for n, mark in enumerate(marks)
    ]
    for r, (label, cells) in enumerate(rows):
        y = head + height * r
        parts.append(f'<text class="name" x="0" y="{y + 17:.1f}">{escape(label)}</text>')
        for n, cell in enumerate(cells):
            x = side + width * n
            told = "?" if cell.share is None else f"{round(cell.share * 100)}"
            parts += [
                f'<rect class="cell {shade(cell.share)}" x="{x + 1:.1f}" y="{y + 1:.1f}" '
                f'width="{width - 2:.1f}" height="{height - 2:.1f}" rx="3"/>',
                f'<text class="in {shade(cell.share)}" x="{x + width / 2:.1f}" y="{y + 17:.1f}" '
                f'text-anchor="middle">{told}</text>',
            ]
    return drawn(parts, CALENDAR_WIDTH, head + height * len(rows) + 4)


def shade(share: float | None) -> str:
    """By the fixed probability words of domain.md 8."""
    if share is None:
        return "none"
    if share >= 0.7:
        return "likely"
    return "either" if share > 0.3 else "unlikely"


def scaled(values: Sequence[float], *, from_zero: bool) -> tuple[Scale, list[float]]:
    """Round ends and about four lines between them."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high <= low:
        high = low + 1
    step = nice((high - low) / 4)
    first, last = int(low // step), int(-(-high // step))
    return Scale(first * step, last * step), [n * step for n in range(first, last + 1)]


def nice(step: float) -> float:
    """1, 2 or 5 times a power of ten, at least as large."""
    power = 10.0 ** (len(f"{int(step)}") - 1) if step >= 1 else 0.1
    while power > step:
        power /= 10
    return next(each * power for each in (1, 2, 5, 10) if each * power >= step)


def grid(scale: Scale, ticks: Sequence[float]) -> list[str]:
    return [
        f'<line class="grid" x1="{LEFT:.0f}" x2="{WIDTH - RIGHT:.0f}" y1="{scale.at(tick):.1f}" '
        f'y2="{scale.at(tick):.1f}"/><text class="tick" x="{LEFT - 6:.0f}" '
        f'y="{scale.at(tick) + 4:.1f}" text-anchor="end">{number(tick)}</text>'
        for tick in ticks
    ]


def zero(scale: Scale) -> str:
    y = scale.at(0)
    return (
        f'<line class="zero" x1="{LEFT:.0f}" x2="{WIDTH - RIGHT:.0f}" y1="{y:.1f}" y2="{y:.1f}"/>'
    )


def runs(known: Sequence[bool]) -> list[list[int]]:
    """Stretches of steps that follow each other and are known."""
    found: list[list[int]] = []
    for n, here in enumerate(known):
        if here and n and known[n - 1]:
            found[-1].append(n)
        elif here:
            found.append([n])
    return found


def signed(value: float) -> str:
    return f"+{number(value)}" if round(value, 1) > 0 else number(round(value, 1) + 0.0)


def drawn(parts: Sequence[str], width: float = WIDTH, height: float = HEIGHT) -> Markup:
    """The picture is there for who looks; its table is there for who listens."""
    return Markup(  # noqa: S704  # of numbers, and of words that were escaped
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" aria-hidden="true" focusable="false">'
        f"{''.join(parts)}</svg>"
    )
