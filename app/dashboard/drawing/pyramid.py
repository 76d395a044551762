"""People by age, now and then: two bars for each age band."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.dashboard.drawing.svg import drawn, grid_down, line, rect, scaled, words
from app.dashboard.language import number

LEFT, RIGHT, TOP, ROW, AXIS = 84.0, 70.0, 8.0, 30.0, 24.0


@dataclass(frozen=True, slots=True)
class Ages:
    """One band: people now and then, with the 80% band of then where there is one."""

    name: str
    now: float
    then: float
    band: tuple[float, float] | None = None


def pyramid(bands: Sequence[Ages], width: float = 720) -> Markup:
    """The oldest on top, as is usual."""
    floor = TOP + ROW * len(bands)
    most = [value for band in bands for value in (band.now, band.then, *(band.band or ()))]
    scale, ticks = scaled(most, width - RIGHT, LEFT, from_zero=True)
    parts = grid_down(scale, ticks, TOP, floor)
    for n, band in enumerate(reversed(bands)):
        y = TOP + ROW * n
        parts += [
            words("name", 0, y + 19, band.name),
            rect("was", LEFT, y + 3, scale.at(band.now) - LEFT, 10),
            rect("will", LEFT, y + 15, scale.at(band.then) - LEFT, 10),
            words(
                "n",
                scale.at(max(band.then, *(band.band or (0.0,)))) + 6,
                y + 24,
                number(round(band.then)),
            ),
        ]
        if band.band is not None:
            low, high = band.band
            parts.append(line("whisker", scale.at(low), y + 20, scale.at(high), y + 20))
    return drawn("ages", parts, width, floor + AXIS)
