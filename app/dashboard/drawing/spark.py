"""A spark: the last days of one number in a line of a table."""

from functools import lru_cache

from markupsafe import Markup

from app.dashboard.drawing.svg import Scale, drawn, path, rect, short, stretches

WIDTH, HEIGHT, EDGE = 84.0, 22.0, 3.0


@lru_cache(maxsize=2048)
def spark(values: tuple[float | None, ...], limit: float | None = None) -> Markup:
    """From zero up, the last value as a dot; `limit` (places that are open) as a thin line."""
    known = [value for value in (*values, limit) if value is not None]
    scale = Scale(0.0, max([1.0, *known]), EDGE, HEIGHT - EDGE)
    step = (WIDTH - 2 * EDGE) / max(len(values) - 1, 1)
    parts = []
    if limit is not None:
        parts.append(rect("limit", 0, scale.at(limit) - 0.5, WIDTH, 1))
    for run in stretches([value is not None for value in values]):
        told = [(EDGE + step * n, scale.at(values[n] or 0)) for n in run]
        parts.append(f'<path class="seen" d="{path(told)}"/>')
    if values and values[-1] is not None:
        x, y = WIDTH - EDGE, scale.at(values[-1])
        parts.append(f'<circle class="last" cx="{short(x)}" cy="{short(y)}" r="2.5"/>')
    return drawn("spark", parts, WIDTH, HEIGHT)
