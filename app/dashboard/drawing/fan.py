"""The fan: what was there, what will be needed with its bands, what there will be, and the gap."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from markupsafe import Markup

from app.dashboard.drawing.svg import (
    Scale,
    apart,
    drawn,
    grid,
    line,
    path,
    rect,
    scaled,
    short,
    stretches,
    words,
)
from app.dashboard.language import _, number, signed

LETTER = 8.0  # as wide as one of them is with its room
LABELS = 16.0  # the least distance between two labels
FEW = 10  # below it a tenth counts in the strip
MANY = 100  # from it on not even beside a line


@dataclass(frozen=True, slots=True)
class Band:
    """One step of a fan; None is not known. `inner` is that of 50%, `outer` of 80%.

    `gap` is supply less need with its 80% band: what the strip below shows where it is told.
    `seen` is what there was: told of the steps before now, of which nothing else is. `earlier` is
    what was expected of the step before.
    """

    middle: float | None
    outer: tuple[float, float] | None
    inner: tuple[float, float] | None = None
    supply: float | None = None
    mark: str = ""
    gap: tuple[float, float, float] | None = None
    seen: float | None = None
    past: bool = False
    earlier: float | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """A picture as wide as its place; the labels at the right need room."""

    kind: str
    width: float
    height: float
    right: float
    left: float = 40.0

    @property
    def narrow(self) -> bool:
        return self.right < LABELS


NARROW = Size("narrow", 360, 300, 10)
WIDE = Size("wide", 720, 400, 150)
SIZES = (NARROW, WIDE)
TOP, STRIP, AXIS = 24.0, 0.24, 26.0


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the steps lie, and the two scales."""

    size: Size
    scale: Scale
    at: Sequence[float]
    step: float

    @property
    def right(self) -> float:
        return self.size.width - self.size.right


def fans(steps: Sequence[Band], unit: str) -> tuple[Markup, ...]:
    """In two sizes, of which the page shows the one that fits."""
    return tuple(fan(steps, unit, size) for size in SIZES)


def fan(steps: Sequence[Band], unit: str, size: Size = WIDE) -> Markup:
    """Bands of 80 and 50%, the middle, supply as a step line, hatched where the middle is short.

    Under it the gap: a bar from zero, a whisker of 80%, and its number.
    """
    told = any(step.gap is not None for step in steps)
    floor = size.height - AXIS - (size.height * STRIP + 2 * LABELS if told else 0)
    values = [
        value
        for step in steps
        for value in (step.middle, step.supply, step.seen, step.earlier, *(step.outer or ()))
        if value is not None
    ]
    # A line may begin above zero where all of it lies high: its changes are what is looked for.
    high = min(values, default=0.0) > 0.6 * max(values, default=0.0)
    scale, ticks = scaled(values, TOP, floor, from_zero=not high)
    width = (size.width - size.left - size.right) / max(len(steps), 1)
    frame = Frame(size, scale, [size.left + width * (n + 0.5) for n in range(len(steps))], width)
    parts = [
        words("ax", 2, 10, unit),
        *grid(scale, ticks, size.left, frame.right),
        *bands(steps, frame),
        *shortage(steps, frame),
        *supply(steps, frame),
        *middle(steps, frame),
        *line_of("earlier", [step.earlier for step in steps], frame),
        *seen(steps, frame, floor),
        *(labels(steps, frame) if not size.narrow else ()),
        *(strip(steps, frame, floor) if told else ()),
        *marks(steps, frame),
    ]
    across = (size.left, frame.right)
    return drawn(f"fan {size.kind}", parts, size.width, size.height, steps=across)


def bands(steps: Sequence[Band], frame: Frame) -> list[str]:
    parts = []
    for kind, of in (("b80", [s.outer for s in steps]), ("b50", [s.inner for s in steps])):
        for run in stretches([each is not None for each in of]):
            told = [(frame.at[n], band) for n in run if (band := of[n])]
            upper = [(x, frame.scale.at(high)) for x, (_low, high) in told]
            lower = [(x, frame.scale.at(low)) for x, (low, _high) in told]
            parts.append(f'<path class="{kind}" d="{path([*upper, *lower[::-1]], closed=True)}"/>')
    return parts


def shortage(steps: Sequence[Band], frame: Frame) -> list[str]:
    """Hatched between the middle and the supply, where the middle stands above it."""
    found = []
    lacking = [
        step.middle is not None and step.supply is not None and step.middle > step.supply
        for step in steps
    ]
    for run in stretches(lacking):
        half = frame.step / 2
        upper = [(frame.at[n], frame.scale.at(steps[n].middle or 0)) for n in run]
        ends = ((frame.at[run[0]] - half, upper[0][1]), (frame.at[run[-1]] + half, upper[-1][1]))
        lower = [
            (frame.at[n] + side * half, frame.scale.at(steps[n].supply or 0))
            for n in reversed(run)
            for side in (1, -1)
        ]
        around = [ends[0], *upper, ends[1], *lower]
        found.append(f'<path class="short" d="{path(around, closed=True)}"/>')
    return found


def supply(steps: Sequence[Band], frame: Frame) -> list[str]:
    """A step line: what there will be changes at a moment. Its halo keeps it apart from bands."""
    parts = []
    for run in stretches([step.supply is not None for step in steps]):
        way, before = "", None
        for n in run:
            y = frame.scale.at(steps[n].supply or 0)
            if before is None:
                way = f"M{short(frame.at[n] - frame.step / 2)} {short(y)}"
            elif y != before:
                way += f"H{short(frame.at[n] - frame.step / 2)}V{short(y)}"
            before = y
        way += f"H{short(frame.at[run[-1]] + frame.step / 2)}"
        parts += [f'<path class="halo" d="{way}"/>', f'<path class="supply" d="{way}"/>']
    return parts


def middle(steps: Sequence[Band], frame: Frame) -> list[str]:
    return line_of("middle", [step.middle for step in steps], frame)


def line_of(kind: str, values: Sequence[float | None], frame: Frame) -> list[str]:
    ways = [
        path((frame.at[n], frame.scale.at(values[n] or 0)) for n in run)
        for run in stretches([value is not None for value in values])
    ]
    return [f'<path class="{kind}" d="{way}"/>' for way in ways]


def seen(steps: Sequence[Band], frame: Frame, floor: float, *, named: bool = True) -> list[str]:
    """What there was, up to a line that says where now is. A day alone is a dot."""
    before = sum(step.past for step in steps)
    if not before:
        return []
    now = frame.at[before] - frame.step / 2 if before < len(steps) else frame.right
    parts = [line("now", now, frame.scale.top, now, floor)]
    if named:
        parts.append(words("ax", now, frame.scale.top - 3, _("nu"), "middle"))
    for run in stretches([step.seen is not None for step in steps]):
        told = [(frame.at[n], frame.scale.at(steps[n].seen or 0)) for n in run]
        way = path(told) if len(told) > 1 else f"{path(told)}h0.01"
        parts.append(f'<path class="seen" d="{way}"/>')
    return parts


def labels(steps: Sequence[Band], frame: Frame) -> list[str]:
    """What the lines are, at their ends."""
    last = steps[-1] if steps else None
    if last is None or last.middle is None:
        return []
    told = [(last.middle, "l-middle", _("verwacht {n}", n=brief(last.middle)))]
    if last.supply is not None:
        told.append((last.supply, "l-supply", _("er is {n}", n=brief(last.supply))))
    if last.outer is not None:
        low, high = map(brief, last.outer)
        told.append((last.outer[1], "l-band", _("80% kans: {low}–{high}", low=low, high=high)))
    at = apart([frame.scale.at(value) for value, _kind, _text in told], LABELS)
    return [
        words(f"label {kind}", frame.right + 8, y + 4, text)
        for y, (_value, kind, text) in zip(at, told, strict=True)
    ]


def brief(value: float) -> str:
    """A tenth counts where there are few."""
    return number(value if abs(value) < MANY else round(value))


def strip(steps: Sequence[Band], frame: Frame, floor: float) -> list[str]:
    """Over above the line, short below it."""
    gaps = [step.gap for step in steps if step.gap]
    begin = frame.size.left + frame.step * sum(step.past for step in steps)
    each = (frame.right - begin) / len(gaps)
    told = [(begin + each * (n + 0.5), gap) for n, gap in enumerate(gaps)]
    top, bottom = floor + 2 * LABELS, frame.size.height - AXIS - 8
    scale, _ticks = scaled(
        (value for _x, gap in told for value in gap), top, bottom, from_zero=True, lines=2
    )
    title = _("over / tekort") if frame.size.narrow else _("over (boven) of tekort (onder)")
    parts = [words("ax", 2, floor + 20, title)]
    zero, width = scale.at(0), min(each * 0.6, 26.0)
    skipped = 1 if each >= 2 * LABELS else 2
    for n, (x, (gap, low, high)) in enumerate(told):
        y = scale.at(gap)
        kind = "over" if gap >= 0 else "lack"
        parts.append(rect(kind, x - width / 2, min(y, zero), width, max(abs(y - zero), 1)))
        parts.append(line("whisker", x, scale.at(high), x, scale.at(low)))
        if n % skipped == 0 and not frame.size.narrow:
            at = scale.at(high) - 4 if gap >= 0 else scale.at(low) + 12
            said = signed(gap if abs(gap) < FEW else round(gap))
            parts.append(words(f"n {kind}", x, at, said, "middle"))
    return [*parts, line("zero", frame.size.left, zero, frame.right, zero)]


def marks(steps: Sequence[Band], frame: Frame) -> list[str]:
    """What stands under the axis; so many of them that none lies over another."""
    named = [(x, step.mark) for x, step in zip(frame.at, steps, strict=True) if step.mark]
    wide = LETTER * max((len(mark) for _x, mark in named), default=0)
    between = named[1][0] - named[0][0] if len(named) > 1 else wide
    shown = named[:: ceil(wide / between)] if between else named
    return [words("ax", x, frame.size.height - 8, mark, "middle") for x, mark in shown]
