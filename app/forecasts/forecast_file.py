"""A forecast as lines of a file: one for each series, cut-off and step."""

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np

from app.forecasts.baseline import QUANTILES
from app.forecasts.engine.asked import Floats, Outlook
from app.forecasts.gap import against_plan

LEVELS = [f"q{level:g}" for level in QUANTILES]


def columns(short: bool) -> list[str]:
    told = ["p_short"] if short else []
    return ["unique_id", "cutoff", "ds", *LEVELS, "mean", *told, "grade"]


def p_short(outlook: Outlook, caps: Floats) -> Floats:
    """P(y > cap) of each step, float64[h]: NaN where the cap or the forecast is unknown.

    From linear interpolation of the quantiles, never outside the outer levels: 0.025 means "at
    most", 0.975 "at least".
    """
    return against_plan(outlook.quantiles, caps, QUANTILES, whole=False).short


def rows(
    name: str, cutoff: date, steps: Sequence[date], outlook: Outlook, short: Floats | None
) -> Iterator[list[str]]:
    """Cells in the order of `columns`; a number that is unknown is an empty cell."""
    told = [outlook.quantiles, outlook.mean[:, None]]
    if short is not None:
        told.append(short[:, None])
    for step, figures in zip(steps, np.hstack(told).tolist(), strict=True):
        yield [name, f"{cutoff}", f"{step}", *map(written, figures), outlook.grade]


def written(figure: float) -> str:
    """The shortest digits that give the same float64 back: at most 17 of them."""
    return "" if np.isnan(figure) else repr(figure)
