"""What is told of closures and openings: the past brought to the footing of today."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from app.forecasts.engine.asked import Change, Floats


def factors(days: Sequence[date], changes: Sequence[Change]) -> Floats:
    """What the level is at each step as a share of an untouched one: float64[n] > 0."""
    found = np.ones(len(days))
    for change in changes:
        if not change.ratio > 0:
            raise ValueError(f"The ratio of {change.name} is {change.ratio}; give one above 0.")
        held = [change.begins <= day and (change.ends is None or day < change.ends) for day in days]
        found = np.where(held, found * change.ratio, found)
    return found


def to_today(values: Floats, factor: Floats) -> Floats:
    """A past float64[n] as it would have been on the footing of its last step."""
    rescaled: Floats = values * factor[-1] / factor
    return rescaled


def to_plan(quantiles: Floats, ahead: Floats, today: float) -> Floats:
    """What is forecast on today's footing float64[h, ...], on that of each step ahead."""
    shape = (-1, *(1 for _ in quantiles.shape[1:]))
    planned: Floats = quantiles * (ahead / today).reshape(shape)
    return planned
