"""Time on a path: its stretches, how its days differ, and the clock of stays that they drive."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.forecasts.days.departures import Stay
from app.forecasts.days.hours import HOUR

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
# The clock of stays is laid path after path on one line; no stay is as long as this (days).
APART = 1e4
# A factor of a smaller variance is 1.
ALIKE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Stretches of time that follow each other, none longer than an hour: `bounds` int64[c + 1] s,
    increasing; `of_week` int64[c] the hour of the week of each, `day` int64[c] its local day, from
    0 on."""

    bounds: Whole
    of_week: Whole
    day: Whole

    @property
    def hours(self) -> Floats:
        """How long each lasts, float64[c] in hours."""
        lasts: Floats = np.diff(self.bounds) / HOUR
        return lasts

    def moment(self, cell: Whole, part: Floats) -> Floats:
        """The moment (s) that lies so far (0..1) into a stretch."""
        moments: Floats = self.bounds[cell] + part * np.diff(self.bounds)[cell]
        return moments

    def of(self, moments: Floats) -> Whole:
        """In which stretch each moment (s) lies; as many as there are if after the last bound."""
        found: Whole = np.searchsorted(self.bounds, moments, side="right") - 1
        return found.clip(0)


def factors(
    generator: np.random.Generator, certainty: float, dispersion: float, cells: Cells, paths: int
) -> Floats:
    """What the mean of each stretch is multiplied by on each path: float64[paths, c], mean 1."""
    level = np.ones((paths, 1))
    if certainty < 1 / ALIKE:
        level = generator.gamma(certainty, 1 / certainty, (paths, 1))
    if dispersion < ALIKE:
        return np.broadcast_to(level, (paths, len(cells.day)))
    days = int(cells.day[-1]) + 1
    of_day = generator.gamma(1 / dispersion, dispersion, (paths, days))
    drawn: Floats = level * of_day[:, cells.day]
    return drawn


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """What the clock of stays shows at each bound on each path: `shows` float64[paths, c + 1] in
    days, 0 at the first."""

    shows: Floats
    cells: Cells
    line: Floats = field(init=False)

    def __post_init__(self) -> None:
        offset = APART * np.arange(len(self.shows))[:, None]
        object.__setattr__(self, "line", (self.shows + offset).ravel())

    @classmethod
    def of(cls, generator: np.random.Generator, cells: Cells, stay: Stay, paths: int) -> "Clock":
        pace = stay.pace[cells.of_week] * cells.hours / 24
        run = pace * factors(generator, stay.certainty, stay.dispersion, cells, paths)
        return cls(np.concatenate([np.zeros((paths, 1)), np.cumsum(run, axis=1)], 1), cells)

    def slowed(self, slow: Floats) -> "Clock":
        """The clock that in each stretch runs at so many times this pace, float64[c]."""
        run = np.diff(self.shows, axis=1) * slow
        begin = np.zeros((len(run), 1))
        return Clock(np.concatenate([begin, np.cumsum(run, axis=1)], 1), self.cells)

    def of_paths(self, paths: Whole) -> "Clock":
        """That of these paths, in this order."""
        return Clock(self.shows[paths], self.cells)

    def within(self, row: Whole, cell: Whole, part: Floats) -> Floats:
        """What it shows so far (0..1) into a stretch."""
        begin, end = self.shows[row, cell], self.shows[row, cell + 1]
        shown: Floats = begin + part * (end - begin)
        return shown

    def cell(self, row: Whole, shown: Floats) -> Whole:
        """In which stretch the clock of a path shows this; as many as there are if after them."""
        bounds = self.shows.shape[1]
        at = np.searchsorted(self.line, APART * row + np.minimum(shown, APART / 2), side="left")
        found: Whole = (at - row * bounds - 1).clip(0, bounds - 1)
        return found

    def moment(self, row: Whole, shown: Floats) -> Floats:
        """When (s) the clock of a path shows this; inf if after the last bound."""
        cell = self.cell(row, shown)
        last = self.shows.shape[1] - 2
        within = np.minimum(cell, last)
        begin, end = self.shows[row, within], self.shows[row, within + 1]
        part = (shown - begin) / np.maximum(end - begin, 1e-300)
        return np.where(cell > last, np.inf, self.cells.moment(within, np.minimum(part, 1.0)))

    def after(self, row: Whole, moments: Floats, days: Floats) -> Floats:
        """When (s) who begins a stay at these moments, of so many days of the clock, leaves."""
        cell = self.cells.of(moments)
        begun = self.cells.bounds[cell]
        part = (moments - begun) / (self.cells.bounds[cell + 1] - begun)
        return self.moment(row, self.within(row, cell, part) + days)
