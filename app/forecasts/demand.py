"""One daily series of a kind: from the parts in which a unit tells it, and over several units."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.forecasts.series import DAY, Daily

Floats = NDArray[np.float64]
# The last value of a unit stands in for so many missed days inside a sum, as it does on a screen.
BRIDGED = 6


class Part(NamedTuple):
    """A figure told under these words (destination, age band, ...); '' where none was said.

    `unknown_on` is the last day on which it was told to be unknown.
    """

    words: tuple[str, ...]
    daily: Daily
    unknown_on: date | None = None


def whole(parts: Sequence[Part]) -> Daily:
    """The figure told undivided, and else the sum of its parts on days when all were told.

    Parts that are divided in the same way make one layer; on each day the least divided layer of
    which every part was told counts. Of two that are divided as far, by other words, the larger
    sum counts: from the smaller one a part is missing that was never told. A part that is missing
    is not zero: the day is then unknown.
    """
    first, columns = _aligned([part.daily for part in parts])
    layers: dict[tuple[bool, ...], list[Floats]] = defaultdict(list)
    for part, column in zip(parts, columns, strict=True):
        layers[tuple(word != "" for word in part.words)].append(column)
    values = np.full(columns.shape[1], np.nan)
    sums = {layer: np.sum(told, axis=0) for layer, told in layers.items()}
    for divided in sorted({sum(layer) for layer in sums}):
        told = np.fmax.reduce([sums[layer] for layer in sums if sum(layer) == divided])
        values = np.where(np.isnan(values), told, values)
    return Daily(first, values)


def total(members: Sequence[Daily]) -> Daily:
    """The sum over members, NaN unless all are known that day: float64[n], n days of the union.

    Up to 6 days that a member missed between two that it told are bridged by its last value.
    Nothing is bridged at its end: silence there makes the total older, not surer.
    """
    first, columns = _aligned(members)
    values: Floats = np.sum([bridged(column) for column in columns], axis=0)
    return Daily(first, values)


def bridged(values: Floats) -> Floats:
    """`values` float64[n] with gaps of at most 6 days, told before and after, filled forward."""
    seen = np.flatnonzero(np.isfinite(values))
    if not seen.size:
        return values
    place = np.arange(len(values))
    before = seen[(np.searchsorted(seen, place, side="right") - 1).clip(min=0)]
    number = np.searchsorted(seen, place)
    after = seen[number.clip(max=seen.size - 1)]
    inside = (before < place) & (place < after) & (after - before - 1 <= BRIDGED)
    filled: Floats = np.where(inside, values[before], values)
    return filled


def last_told(daily: Daily) -> date | None:
    """The last day that was observed."""
    seen = np.flatnonzero(daily.observed)
    return daily.first + int(seen[-1]) * DAY if seen.size else None


def _aligned(series: Sequence[Daily]) -> tuple[date, Floats]:
    """On one axis of days: float64[series, days], NaN where a series does not reach."""
    first = min(each.first for each in series)
    after = max(each.after for each in series)
    columns = np.full((len(series), (after - first).days), np.nan)
    for column, each in zip(columns, series, strict=True):
        start = (each.first - first).days
        column[start : start + len(each.values)] = each.values
    return first, columns
