"""What moves demand and sickness through the years: winter, flu waves, ageing."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.simulation.calendar import DAY, year_start
from app.simulation.chance import generator

YEAR = 365.25 * DAY
# Mean day of the year on which a flu wave peaks, and its spread; like its width and height an
# assumption (fictief): early January to early March.
PEAK_DAY, PEAK_SPREAD = 33.0, 16.0

Moments = NDArray[np.int64]
Factors = NDArray[np.float64]


@lru_cache(maxsize=256)
def wave(seed: int, winter: int) -> tuple[float, float, float]:
    """Peak moment (s), width (s, one sigma) and height (1 is usual) of the wave early in a year."""
    chance = generator(seed, "flu", winter)
    peak = year_start(winter) + (PEAK_DAY + PEAK_SPREAD * chance.standard_normal()) * DAY
    width = DAY * chance.uniform(14.0, 26.0)
    return float(peak), float(width), float(np.exp(0.4 * chance.standard_normal()))


def flu(seed: int, moments: Moments) -> Factors:
    """How strong the flu is at each moment, float64[n] >= 0; a usual wave peaks at 1."""
    strength = np.zeros(len(moments))
    if not len(moments):
        return strength
    first = 1970 + int(moments.min() / YEAR)
    last = 1970 + int(moments.max() / YEAR)
    for winter in range(first, last + 2):
        peak, width, height = wave(seed, winter)
        strength += height * np.exp(-0.5 * ((moments - peak) / width) ** 2)
    return strength


def winter(moments: Moments) -> Factors:
    """1 in mid January, -1 in mid July, float64[n]."""
    swing: Factors = np.cos(2 * np.pi * (moments - 14.5 * DAY) / YEAR)
    return swing


def grown(moments: Moments, begin: int, growth: float) -> Factors:
    """The factor by which the arrivals that age have grown since `begin`, float64[n]."""
    factor: Factors = (1.0 + growth) ** ((moments - begin) / YEAR)
    return factor
