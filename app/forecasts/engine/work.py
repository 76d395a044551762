"""A panel made ready: calendar taken off, outliers put aside, origins to learn from."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from app.forecasts.engine.asked import Floats
from app.forecasts.engine.effects import Calendar, calendar_of, fast_effects, yearly_wave
from app.forecasts.engine.levels import Integers
from app.forecasts.engine.pace import Pace
from app.forecasts.engine.panel import Panel, Scale, filled, scale_of, without_outliers

# A yearly wave is told from a line only where the past holds this share of two years.
WAVE_FROM = 1.4


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """n steps of s series on the engine's scale, and h steps ahead.

    `level` float64[n, s] has no calendar, no holes and no outliers: what filters and members see.
    `target` float64[n, s] is the same as it was told, NaN where not: what they are judged by.
    `effect` float64[n + h, s] is the calendar. `origins` int64[o] are the pseudo-origins, the
    last values known there, oldest first and the real one last.
    """

    pace: Pace
    scale: Scale
    calendar: Calendar
    level: Floats
    target: Floats
    effect: Floats
    origins: Integers
    horizon: int

    @property
    def past(self) -> Integers:
        """The pseudo-origins whose whole truth is known."""
        return self.origins[:-1]

    def truth(self) -> Floats:
        """What came true at each distance from each pseudo-origin: float64[o - 1, h, s]."""
        places = self.past[:, None] + np.arange(1, self.horizon + 1)
        found: Floats = self.target[places]
        return found

    def folds(self) -> Iterator[tuple[Integers, slice | None]]:
        """Places among `origins`, and the stretch of the past that must not teach them anything.

        The real origin stands alone and may learn of all that came before it.
        """
        places = np.arange(len(self.past))
        since = (self.past - self.past[0]) // self.pace.fold if len(places) else places
        for fold in np.unique(since):
            inside = places[since == fold]
            first, last = self.past[inside[0]] + 1, self.past[inside[-1]] + self.horizon + 1
            yield inside, slice(int(first), int(last))
        yield np.array([len(places)]), None

    def waves(self) -> list[Floats] | None:
        """The yearly wave float64[n + h, s] of each fold; None where the past is too short."""
        if len(self.level) < WAVE_FROM * self.pace.year:
            return None
        seen, calendar = np.isfinite(self.target), self.calendar
        return [yearly_wave(self.level, seen, calendar, self.pace, out) for _, out in self.folds()]


def work_of(panel: Panel, pace: Pace, horizon: int, country: str) -> Work:
    scale = scale_of(panel)
    calendar = calendar_of([*panel.days, *panel.ahead(horizon)], panel.freq, pace, country)
    told = scale.to(panel.seen)
    whole = filled(told)
    n, seen = len(whole), panel.observed
    # Twice: what is an outlier shows only once the weekdays are off.
    rough = fast_effects(whole, seen, calendar, pace)[:n]
    plain = without_outliers(whole - rough, seen, pace.outlier) + rough
    effect = fast_effects(plain, seen, calendar, pace)
    return Work(
        pace,
        scale,
        calendar,
        without_outliers(whole - effect[:n], seen, pace.outlier),
        told - effect[:n],
        effect,
        origins(n, horizon, pace),
        horizon,
    )


def origins(steps: int, horizon: int, pace: Pace) -> Integers:
    """Pseudo-origins `stride` apart, the newest `horizon` before the end, and the end itself."""
    last = steps - 1 - horizon
    first = max(pace.own // 2, last - (pace.origins - 1) * pace.stride)
    back = np.arange(last, first - 1, -pace.stride)[::-1]
    found: Integers = np.append(back, steps - 1).astype(np.int64)
    return found
