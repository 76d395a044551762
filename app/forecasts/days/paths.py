"""Sample paths of the next three days: who comes, who leaves, who is there."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.forecasts.days.arrivals import Rate
from app.forecasts.days.departures import Stay, ages
from app.forecasts.days.hours import HOUR

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
PATHS = 500
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


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """Who is said to leave on one local day: how many of those there now, each with the chance that
    it comes true; `others` as in `departures.Leaving`."""

    day: int
    count: int
    comes_true: float
    others: float


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """Per path and stretch `arrivals` and `departures` int64[paths, c]; `there` int64[paths, c + 1]
    at each bound, so that there[:, 1:] = there[:, :-1] + arrivals - departures."""

    arrivals: Whole
    departures: Whole
    there: Whole

    def __add__(self, other: "Paths") -> "Paths":
        """Path by path: a total is the sum of its members on each path."""
        return Paths(
            self.arrivals + other.arrivals,
            self.departures + other.departures,
            self.there + other.there,
        )

    def since(self, place: int) -> "Paths":
        """From the bound `place` on."""
        return Paths(self.arrivals[:, place:], self.departures[:, place:], self.there[:, place:])

    def steps(self, places: Sequence[int]) -> "Paths":
        """Over longer steps, between these bounds."""
        starts = list(places[:-1])
        last = places[-1]
        return Paths(
            np.add.reduceat(self.arrivals[:, :last], starts, axis=1),
            np.add.reduceat(self.departures[:, :last], starts, axis=1),
            self.there[:, list(places)],
        )


def coming(generator: np.random.Generator, rate: Rate, cells: Cells, paths: int = PATHS) -> Whole:
    """Arrivals of each path in each stretch: int64[paths, c].

    Poisson given two factors of mean 1: one a path, for what is not known of the level, and one a
    path and local day, for what days differ by; so a day's count is negative binomial.
    """
    mean = rate.by_hour[cells.of_week] * cells.hours
    factor = factors(generator, rate.certainty, rate.dispersion, cells, paths)
    return generator.poisson(mean * factor)


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


def drawn(
    generator: np.random.Generator,
    cells: Cells,
    there: int,
    rate: Rate,
    stay: Stay,
    came: Floats,
    said: Sequence[Said] = (),
    paths: int = PATHS,
) -> Paths:
    """Paths of who is there from the first bound on, when nobody is refused.

    `there` >= 0 people are there at the first bound, of whom `came` float64[h] tells how many came
    in each hour before it; `said` are the days of which somebody said who will leave. Each person
    stays as long as is drawn from `stay` on its clock, which runs at the pace of the hour, of the
    path's level and of the path's day. Who comes, comes at a uniform moment of the stretch.
    """
    arrivals = coming(generator, rate, cells, paths)
    clock = Clock.of(generator, cells, stay, paths)
    leaves = np.zeros((paths, len(cells.day) + 1), dtype=np.int64)
    row, cell = np.nonzero(arrivals)
    many = arrivals[row, cell]
    row, cell = np.repeat(row, many), np.repeat(cell, many)
    begins = clock.within(row, cell, generator.random(len(row)))
    gone = begins + stay.survival.drawn(generator, len(row))
    clock.leave(leaves, row, gone)
    known = sum(each.count for each in said)
    stayed = np.full((paths, there), -1.0)
    place = 0
    for each in said:
        count = min(each.count, there - place)
        true = generator.random((paths, count)) < each.comes_true
        rows, _ = np.nonzero(true)
        on_day(generator, leaves, rows, cells, stay, each.day)
        stayed[:, place : place + count] = np.where(true, -1.0, 0.0)
        place += count
    stayed[:, min(known, there) :] = 0.0
    rows = np.nonzero(stayed >= 0)[0]
    old = aged(generator, stay, came, len(rows))
    left = stay.survival.drawn_remaining(generator, old, 1)[0]
    slower = clock.slowed(said)
    slower.leave(leaves, rows, np.where(np.isfinite(left), left, 0.0))
    departures = leaves[:, :-1]
    net = np.cumsum(arrivals - departures, axis=1)
    return Paths(arrivals, departures, np.concatenate([np.full((paths, 1), there), there + net], 1))


def aged(generator: np.random.Generator, stay: Stay, came: Floats, count: int) -> Floats:
    """The days that each of `count` people there now has stayed, drawn: float64[count]."""
    if stay.form == "hazard":
        return np.zeros(count)
    days, chances = ages(came, stay.survival)
    until = np.cumsum(chances)
    place = np.searchsorted(until, generator.random(count) * until[-1], side="right")
    old: Floats = days[place.clip(max=len(days) - 1)]
    return old


def on_day(
    generator: np.random.Generator,
    leaves: Whole,
    rows: Whole,
    cells: Cells,
    stay: Stay,
    day: int,
) -> None:
    """Those who leave on a day do so in its hours that are left, as people leave."""
    of_day = np.flatnonzero(cells.day == day)
    until = np.cumsum((stay.pace[cells.of_week] * cells.hours)[of_day] + 1e-12)
    place = np.searchsorted(until, generator.random(len(rows)) * until[-1], side="right")
    np.add.at(leaves, (rows, of_day[place.clip(max=len(of_day) - 1)]), 1)


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

    def slowed(self, said: Sequence[Said]) -> "Clock":
        """The clock of those of whom nobody said that they leave on a day of which it was said."""
        if not said:
            return self
        slow = np.ones(len(self.cells.day))
        for each in said:
            slow[self.cells.day == each.day] = each.others
        run = np.diff(self.shows, axis=1) * slow
        begin = np.zeros((len(run), 1))
        return Clock(np.concatenate([begin, np.cumsum(run, axis=1)], 1), self.cells)

    def within(self, row: Whole, cell: Whole, part: Floats) -> Floats:
        """What it shows so far (0..1) into a stretch."""
        begin, end = self.shows[row, cell], self.shows[row, cell + 1]
        shown: Floats = begin + part * (end - begin)
        return shown

    def leave(self, leaves: Whole, row: Whole, shown: Floats) -> None:
        """Counts who leaves in the stretch in which the clock of the path shows this."""
        bounds = self.shows.shape[1]
        at = np.searchsorted(self.line, APART * row + np.minimum(shown, APART / 2), side="left")
        cell = (at - row * bounds - 1).clip(0, bounds - 1)
        flat = np.bincount(row * bounds + cell, minlength=leaves.size)
        leaves += flat.reshape(leaves.shape)
