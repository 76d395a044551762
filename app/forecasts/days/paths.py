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
from app.forecasts.days.room import Seekers

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
PATHS = 500


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """Who is said to leave, or planned to come, on one local day: how many, each with the chance
    that it comes true; `others` as in `departures.Leaving`."""

    day: int
    count: int
    comes_true: float
    others: float


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """Per path and stretch, int64[paths, c], `arrivals` and `departures`, who is `lost` (whose
    patience ended), and for how many of those who came a place was `promised`. At each bound,
    int64[paths, c + 1], who is `there`, in a place, and the `need`, those and who waits for one:
    need[:, 1:] = need[:, :-1] + arrivals - departures - lost. The `seekers`
    are all who would want a place if there were room for all."""

    arrivals: Whole
    departures: Whole
    lost: Whole
    promised: Whole
    there: Whole
    need: Whole
    seekers: Seekers

    def __add__(self, other: "Paths") -> "Paths":
        """Path by path: a total is the sum of its members on each path."""
        return Paths(
            self.arrivals + other.arrivals,
            self.departures + other.departures,
            self.lost + other.lost,
            self.promised + other.promised,
            self.there + other.there,
            self.need + other.need,
            self.seekers + other.seekers,
        )

    def since(self, place: int) -> "Paths":
        """From the bound `place` on."""
        return Paths(
            self.arrivals[:, place:],
            self.departures[:, place:],
            self.lost[:, place:],
            self.promised[:, place:],
            self.there[:, place:],
            self.need[:, place:],
            self.seekers.since(place),
        )

    def steps(self, places: Sequence[int]) -> "Paths":
        """Over longer steps, between these bounds; the seekers keep their own stretches."""
        starts = list(places[:-1])
        last = places[-1]
        return Paths(
            np.add.reduceat(self.arrivals[:, :last], starts, axis=1),
            np.add.reduceat(self.departures[:, :last], starts, axis=1),
            np.add.reduceat(self.lost[:, :last], starts, axis=1),
            np.add.reduceat(self.promised[:, :last], starts, axis=1),
            self.there[:, list(places)],
            self.need[:, list(places)],
            self.seekers,
        )


def coming(
    generator: np.random.Generator,
    rate: Rate,
    cells: Cells,
    paths: int = PATHS,
    planned: Sequence[Said] = (),
) -> Whole:
    """Arrivals of each path in each stretch, without those who are `planned`: int64[paths, c].

    Poisson given two factors of mean 1: one a path, for what is not known of the level, and one a
    path and local day, for what days differ by; so a day's count is negative binomial. On a day
    for which people are planned, what is then left of all others.
    """
    return generator.poisson(expected(generator, rate, cells, paths, planned))


def expected(
    generator: np.random.Generator, rate: Rate, cells: Cells, paths: int, planned: Sequence[Said]
) -> Floats:
    """How many are expected on each path in each stretch, as busy as it is: float64[paths, c]."""
    mean = rate.by_hour[cells.of_week] * cells.hours
    factor = factors(generator, rate.certainty, rate.dispersion, cells, paths)
    busy: Floats = mean * factor * others(planned, cells)
    return busy


def others(said: Sequence[Said], cells: Cells) -> Floats:
    """What is left of who moves unsaid in each stretch, as a share of the usual: float64[c]."""
    left = np.ones(len(cells.day))
    for each in said:
        left[cells.day == each.day] = each.others
    return left


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
    planned: Sequence[Said] = (),
) -> Paths:
    """Paths of who comes, waits and is there from the first bound on.

    `there` >= 0 people are there at the first bound, of whom `came` float64[h] tells how many came
    in each hour before it; `said` and `planned` are the days of which somebody said who will leave
    and who will come. Each person stays as long as is drawn from `stay` on its clock, which runs at
    the pace of the hour, of the path's level and of the path's day. Who comes, comes at a uniform
    moment of the stretch, and finds a place unless `places` says how many there are.
    """
    asks = expected(generator, rate, cells, paths, planned)
    unplanned = generator.poisson(asks)
    clock = Clock.of(generator, cells, stay, paths)
    comers = Comers.of(generator, unplanned, cells).beside(
        [by_plan(generator, each, rate, cells, paths) for each in planned]
    )
    stays = stay.survival.drawn(generator, len(comers))
    leave = leaving(generator, clock, stay, came, said, (paths, there))
    ends = clock.after(comers.path, comers.moments, stays)
    arrivals = by_path(comers.path, comers.moments, cells, paths)
    departures = counted(leave, cells) + by_path(comers.path, ends, cells, paths)
    taken, lost, kept = arrivals.copy(), np.zeros_like(arrivals), np.zeros_like(arrivals)
    waiting, first = 0, np.zeros(len(comers), dtype=np.bool_)
    remain = from_the_first(there, -counted(leave, cells))
    if places is not None:
        waiting = places.waiting
        # A place is promised to the first who come.
        number = comers.number(paths)
        first = number < places.promised
        kept = by_path(comers.path[first], comers.moments[first], cells, paths)
        until = np.full((paths, places.promised), np.inf)
        until[comers.path[first], number[first]] = ends[first]
        held = np.concatenate([leave, until], axis=1)
        people = queue(generator, comers.those(~first), stays[~first], stay, places, clock)
        remain = from_the_first(there + places.promised, -counted(held, cells))
        remain += from_the_first(waiting, -counted(at_once(people, waiting, clock), cells))
        which = np.flatnonzero(crowded(arrivals, departures, kept, there, places))
        held = held[which]
        begins, ends_at, gone = placed(people.of(which), held, places, clock.of_paths(which))
        taken[which] = counted(begins, cells) + kept[which]
        lost[which] = counted(gone, cells)
        departures[which] = counted(held, cells) + counted(ends_at, cells)
    return Paths(
        arrivals,
        departures,
        lost,
        kept,
        from_the_first(there, taken - departures),
        from_the_first(there + waiting, arrivals - departures - lost),
        Seekers(
            remain,
            asks + arrivals - unplanned,
            comers.path[~first],
            cells.of(comers.moments[~first]),
            stretch_of_leaving(comers.those(~first).moments, ends[~first], cells),
        ),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Comers:
    """Who comes: on which path int64[n], and at which moment float64[n] (s)."""

    path: Whole
    moments: Floats

    def __len__(self) -> int:
        return len(self.path)

    @classmethod
    def of(cls, generator: np.random.Generator, arrivals: Whole, cells: Cells) -> "Comers":
        """Each at a uniform moment of the stretch."""
        path, cell = np.nonzero(arrivals)
        many = arrivals[path, cell]
        path, cell = np.repeat(path, many), np.repeat(cell, many)
        return cls(path, cells.moment(cell, generator.random(len(path))))

    def beside(self, others: Sequence["Comers"]) -> "Comers":
        """Everybody, one path after another and in order of arrival."""
        every = (self, *others)
        path = np.concatenate([each.path for each in every])
        moments = np.concatenate([each.moments for each in every])
        return Comers(path, moments).those(np.lexsort((moments, path)))

    def those(self, which: NDArray[np.bool_] | Whole) -> "Comers":
        return Comers(self.path[which], self.moments[which])

    def number(self, paths: int) -> Whole:
        """Which of its path each is, from 0 on, when they are in order: int64[n]."""
        many = np.bincount(self.path, minlength=paths)
        found: Whole = np.arange(len(self)) - (np.cumsum(many) - many)[self.path]
        return found


def by_plan(
    generator: np.random.Generator, plan: Said, rate: Rate, cells: Cells, paths: int
) -> Comers:
    """Who of those planned for a day comes: in its hours that are left, as people come."""
    path = np.nonzero(generator.random((paths, plan.count)) < plan.comes_true)[0]
    return Comers(path, on_day(generator, len(path), cells, rate.by_hour, plan.day))


def stretch_of_leaving(comes: Floats, ends: Floats, cells: Cells) -> Whole:
    """The stretch at whose end each leaves: at the bound nearest to when it does, int64[n]."""
    cell = cells.of(np.minimum(ends, cells.bounds[-1]))
    middles = np.append((cells.bounds[:-1] + cells.bounds[1:]) / 2, -np.inf)
    return np.maximum(cell - (ends < middles[cell]), cells.of(comes))


def at_once(people: People, waiting: int, clock: Clock) -> Floats:
    """When each of those who wait would leave if they had a place already: float64[paths, n] s."""
    paths = len(people.stays)
    row = np.repeat(np.arange(paths), waiting)
    since = np.full(len(row), float(clock.cells.bounds[0]))
    return clock.after(row, since, people.stays[:, :waiting].ravel()).reshape(paths, waiting)


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
    place = 0
    for each in said:
        count = min(each.count, there - place)
        true = generator.random((paths, count)) < each.comes_true
        moments = on_day(generator, int(true.sum()), cells, stay.pace, each.day)
        leave[:, place : place + count][true] = moments
        place += count
    rest = np.isnan(leave)
    rows = np.nonzero(rest)[0]
    old = aged(generator, stay, came, len(rows))
    left = stay.survival.drawn_remaining(generator, old, 1)[0]
    # Of whom nobody said that they leave on a day of which it was said.
    clock = clock.slowed(others(said, cells)) if said else clock
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
    generator: np.random.Generator, count: int, cells: Cells, by_hour: Floats, day: int
) -> Floats:
    """When those who leave or come on a day do so: in its hours that are left, as people do (s)."""
    of_day = np.flatnonzero(cells.day == day)
    weight = (by_hour[cells.of_week] * cells.hours)[of_day] + 1e-12
    until = np.cumsum(weight)
    far = generator.random(count) * until[-1]
    place = np.searchsorted(until, far, side="right").clip(max=len(of_day) - 1)
    part = 1 - (until[place] - far) / weight[place]
    return cells.moment(of_day[place], part.clip(0.0, 1.0))


def crowded(
    arrivals: Whole, departures: Whole, kept: Whole, there: int, places: Places
) -> NDArray[np.bool_]:
    """On which paths somebody may find no place; on all others it is as if there were room."""
    first = there + places.promised
    most = from_the_first(first, arrivals - departures - kept)[:, :-1] + arrivals
    full = ((arrivals > 0) & (most > places.whole)).any(axis=1)
    return np.asarray(full | (places.waiting > 0))


def queue(
    generator: np.random.Generator,
    comers: Comers,
    stays: Floats,
    stay: Stay,
    places: Places,
    clock: Clock,
) -> People:
    """Those who wait at the first bound, and behind them who comes, in order of arrival."""
    paths, first = len(clock.shows), places.waiting
    number = comers.number(paths)
    shape = (paths, first + int(number.max(initial=-1)) + 1)
    at = (comers.path, first + number)
    came, lasts = np.full(shape, np.inf), np.full(shape, np.inf)
    came[at], lasts[at] = comers.moments, stays
    came[:, :first] = clock.cells.bounds[0]
    lasts[:, :first] = stay.survival.drawn(generator, paths * first).reshape(paths, first)
    patience = HOUR * places.patience * generator.standard_exponential(shape)
    return People(came, came + patience, lasts)
