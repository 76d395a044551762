"""Why it is as it is: what the level, the week, the calendar and the rest add to a median."""

import numpy as np

from app.forecasts.engine.asked import Floats
from app.forecasts.engine.effects import yearly_wave
from app.forecasts.engine.plain import Parts
from app.forecasts.engine.rolling import Rolled
from app.forecasts.engine.work import WAVE_FROM, Work

LATELY = {7: 7, 1: 4}  # steps whose mean is the level of now


def parts_of(work: Work, rolled: Rolled) -> list[Parts]:
    """For each series what adds up to its median: float64[h] each, in its own unit.

    `level`: that of the last steps, without the calendar. `weekday` and `specialDays`: what the
    calendar adds. `season`: how the yearly wave changes from now on. `trend`: all else that is
    expected, a return to the usual level included. They are taken in this order: on a logarithm
    effects multiply, so that what one adds depends on what stands before it.
    """
    n, horizon = len(work.level), rolled.quantiles.shape[1]
    ahead = slice(n, n + horizon)
    weekday, special = split(work)
    level = work.level[-LATELY[work.pace.season] :].mean(axis=0)
    scaled = {
        "level": np.broadcast_to(level, (horizon, len(level))),
        "weekday": weekday[ahead],
        "specialDays": special[ahead],
        "season": season(work, horizon),
    }
    found, so_far, before = {}, np.zeros_like(weekday[ahead]), np.zeros_like(weekday[ahead])
    for name, value in scaled.items():
        so_far = so_far + value
        now = work.scale.back(so_far)
        found[name], before = now - before, now
    median = rolled.quantiles[:, :, rolled.quantiles.shape[2] // 2].T
    found["trend"] = median - before
    return [
        {name: values[:, place] for name, values in found.items()} for place in range(len(level))
    ]


def split(work: Work) -> tuple[Floats, Floats]:
    """The calendar's effect float64[n + h, s] as that of weekdays and that of special days.

    A weekday does the same each week, so that it is what most of its days have.
    """
    usual = np.zeros_like(work.effect)
    if work.pace.season > 1:
        for phase in range(work.pace.season):
            rows = slice(phase, None, work.pace.season)
            usual[rows] = np.median(work.effect[rows], axis=0)
    return usual, work.effect - usual


def season(work: Work, horizon: int) -> Floats:
    """How the yearly wave differs from that of the last step: float64[h, s], 0 without a year."""
    n, series = work.level.shape
    if n < WAVE_FROM * work.pace.year:
        return np.zeros((horizon, series))
    wave = yearly_wave(work.level, np.isfinite(work.target), work.calendar, work.pace)
    found: Floats = wave[n : n + horizon] - wave[n - 1]
    return found
