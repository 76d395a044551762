"""Pasts of the engine's tests: small counts and large ones, with weekdays, a year and noise."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from app.forecasts.engine.asked import Floats, Past

LAST = date(2026, 6, 28)


def values(days: int, level: float, seed: int, wave: float = 0.1) -> Floats:
    """Poisson counts about a level that drifts, with a weekday and a yearly wave."""
    chance = np.random.default_rng(seed)
    day = np.arange(days)
    drift = np.cumsum(chance.normal(0, 0.01, days))
    season = wave * np.sin(2 * np.pi * day / 365.25) + 0.1 * (day % 7 < 2)
    counts: Floats = chance.poisson(level * np.exp(drift + season)).astype(np.float64)
    return counts


def past(name: str, told: Sequence[float] | Floats, last: date = LAST) -> Past:
    told = np.asarray(told, np.float64)
    return Past(name, last - timedelta(days=len(told) - 1), told)


def region(days: int = 600, series: int = 3, seed: int = 1) -> list[Past]:
    levels = 30.0 * 4.0 ** np.arange(series)
    return [past(f"unit-{n}", values(days, level, seed + n)) for n, level in enumerate(levels)]
