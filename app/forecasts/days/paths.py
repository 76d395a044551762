"""Sample paths of the next three days: who comes, who leaves, who is there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.forecasts.days.arrivals import Rate
from app.forecasts.days.clock import Cells, Clock, factors
from app.forecasts.days.departures import Stay, ages
from app.forecasts.days.hours import HOUR
from app.forecasts.days.places import People, Places, placed

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
PATHS = 500


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
    """Per path and stretch `arrivals` and `departures` int64[paths, c], and who is `lost`: whose
    patience ended. At each bound, int64[paths, c + 1], who is `there`, in a place, and the `need`:
    those and who waits for one; need[:, 1:] = need[:, :-1] + arrivals - departures - lost."""

    arrivals: Whole
    departures: Whole
    lost: Whole
    there: Whole
    need: Whole

    def __add__(self, other: "Paths") -> "Paths":
        """Path by path: a total is the sum of its members on each path."""
        return Paths(
            self.arrivals + other.arrivals,
            self.departures + other.departures,
            self.lost + other.lost,
            self.there + other.there,
            self.need + other.need,
        )

    def since(self, place: int) -> "Paths":
        """From the bound `place` on."""
        return Paths(
            self.arrivals[:, place:],
            self.departures[:, place:],
            self.lost[:, place:],
            self.there[:, place:],
            self.need[:, place:],
        )

    def steps(self, places: Sequence[int]) -> "Paths":
        """Over longer steps, between these bounds."""
        starts = list(places[:-1])
        last = places[-1]
        return Paths(
            np.add.reduceat(self.arrivals[:, :last], starts, axis=1),
            np.add.reduceat(self.departures[:, :last], starts, axis=1),
            np.add.reduceat(self.lost[:, :last], starts, axis=1),
            self.there[:, list(places)],
            self.need[:, list(places)],
        )


def coming(generator: np.random.Generator, rate: Rate, cells: Cells, paths: int = PATHS) -> Whole:
    """Arrivals of each path in each stretch: int64[paths, c].

    Poisson given two factors of mean 1: one a path, for what is not known of the level, and one a
    path and local day, for what days differ by; so a day's count is negative binomial.
    """
    mean = rate.by_hour[cells.of_week] * cells.hours
    factor = factors(generator, rate.certainty, rate.dispersion, cells, paths)
    return generator.poisson(mean * factor)


def drawn(
    generator: np.random.Generator,
    cells: Cells,
    there: int,
    rate: Rate,
    stay: Stay,
    came: Floats,
    said: Sequence[Said] = (),
    paths: int = PATHS,
    places: Places | None = None,
) -> Paths:
    """Paths of who comes, waits and is there from the first bound on.

    `there` >= 0 people are there at the first bound, of whom `came` float64[h] tells how many came
    in each hour before it; `said` are the days of which somebody said who will leave. Each person
    stays as long as is drawn from `stay` on its clock, which runs at the pace of the hour, of the
    path's level and of the path's day. Who comes, comes at a uniform moment of the stretch, and
    finds a place; unless `places` says how many there are.
    """
    arrivals = coming(generator, rate, cells, paths)
    clock = Clock.of(generator, cells, stay, paths)
    row, cell = np.nonzero(arrivals)
    many = arrivals[row, cell]
    row, cell = np.repeat(row, many), np.repeat(cell, many)
    comes = cells.moment(cell, generator.random(len(row)))
    stays = stay.survival.drawn(generator, len(row))
    leave = leaving(generator, clock, stay, came, said, (paths, there))
    ends = clock.after(row, comes, stays)
    departures = counted(leave, cells)
    departures += by_path(row, ends, cells, paths)
    taken, lost, waiting = arrivals.copy(), np.zeros_like(arrivals), 0
    if places is not None:
        waiting = places.waiting
        people = queue(generator, row, comes, stays, stay, cells, places, paths)
        which = crowded(arrivals, departures, there, places)
        begins, ends, over = placed(people.of(which), leave[which], places, clock.of_paths(which))
        taken[which], lost[which] = counted(begins, cells), counted(over, cells)
        departures[which] = counted(leave[which], cells) + counted(ends, cells)
    return Paths(
        arrivals,
        departures,
        lost,
        from_the_first(there, taken - departures),
        from_the_first(there + waiting, arrivals - departures - lost),
    )


def from_the_first(first: int, net: Whole) -> Whole:
    """What there is at each bound: int64[paths, c] -> int64[paths, c + 1]."""
    begin = np.full((len(net), 1), first)
    return np.concatenate([begin, first + np.cumsum(net, axis=1)], axis=1)


def counted(moments: Floats, cells: Cells) -> Whole:
    """How many of each path's moments (s) lie in each stretch: float64[paths, n] -> [paths, c]."""
    rows = np.repeat(np.arange(len(moments)), moments.shape[1])
    return by_path(rows, moments.ravel(), cells, len(moments))


def by_path(row: Whole, moments: Floats, cells: Cells, paths: int) -> Whole:
    """The same of moments float64[n] of which `row` int64[n] says the path."""
    bounds = len(cells.bounds)
    flat = np.bincount(row * bounds + cells.of(moments), minlength=paths * bounds)
    return flat.reshape(paths, bounds)[:, :-1]


def leaving(
    generator: np.random.Generator,
    clock: Clock,
    stay: Stay,
    came: Floats,
    said: Sequence[Said],
    shape: tuple[int, int],
) -> Floats:
    """When each of those who are there at the first bound leaves, float64[paths, there] in s."""
    paths, there = shape
    cells = clock.cells
    leave = np.full(shape, np.nan)
    slow = np.ones(len(cells.day))
    place = 0
    for each in said:
        count = min(each.count, there - place)
        true = generator.random((paths, count)) < each.comes_true
        moments = on_day(generator, int(true.sum()), cells, stay, each.day)
        leave[:, place : place + count][true] = moments
        place += count
        # Those of whom nobody said that they leave on a day of which it was said.
        slow[cells.day == each.day] = each.others
    rest = np.isnan(leave)
    rows = np.nonzero(rest)[0]
    old = aged(generator, stay, came, len(rows))
    left = stay.survival.drawn_remaining(generator, old, 1)[0]
    clock = clock.slowed(slow) if said else clock
    leave[rest] = clock.moment(rows, np.where(np.isfinite(left), left, 0.0))
    return leave


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
    generator: np.random.Generator, count: int, cells: Cells, stay: Stay, day: int
) -> Floats:
    """When those who leave on a day do so: in its hours that are left, as people leave (s)."""
    of_day = np.flatnonzero(cells.day == day)
    weight = (stay.pace[cells.of_week] * cells.hours)[of_day] + 1e-12
    until = np.cumsum(weight)
    far = generator.random(count) * until[-1]
    place = np.searchsorted(until, far, side="right").clip(max=len(of_day) - 1)
    part = 1 - (until[place] - far) / weight[place]
    return cells.moment(of_day[place], part.clip(0.0, 1.0))


def crowded(arrivals: Whole, departures: Whole, there: int, places: Places) -> Whole:
    """The paths on which somebody may find no place; on all others it is as if there were room."""
    most = from_the_first(there, arrivals - departures)[:, :-1] + arrivals
    full = ((arrivals > 0) & (most > places.whole)).any(axis=1)
    return np.flatnonzero(full | (places.waiting > 0))


def queue(
    generator: np.random.Generator,
    row: Whole,
    comes: Floats,
    stays: Floats,
    stay: Stay,
    cells: Cells,
    places: Places,
    paths: int,
) -> People:
    """Those who wait at the first bound, and behind them who comes, in order of arrival."""
    order = np.lexsort((comes, row))
    many = np.bincount(row, minlength=paths)
    first = places.waiting
    shape = (paths, first + int(many.max(initial=0)))
    at = (row, first + np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many))
    came, lasts = np.full(shape, np.inf), np.full(shape, np.inf)
    came[at], lasts[at] = comes[order], stays[order]
    came[:, :first] = cells.bounds[0]
    lasts[:, :first] = stay.survival.drawn(generator, paths * first).reshape(paths, first)
    patience = HOUR * places.patience * generator.standard_exponential(shape)
    return People(came, came + patience, lasts)
