"""Need, supply and shortage of each line and role, with all that is assumed at work or less."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.planning.assumed import DAYS, OF_USE, Assumptions, Lever, Line, LineKey, Role
from app.planning.capacity import places
from app.planning.chances import Chances, Floats
from app.planning.demography import Factor
from app.planning.labour import Stock, stock

# Weeks and months are those of the series up to 18 months ahead; by 36 the tables have taken over
# (forecasting.md, "Years").
HANDS_OVER, HANDED_OVER = 1.5, 3.0
# The logistic is cut where it is within 1% of 1 and of 0, and stretched to meet them.
STEEP = 4.6
# Beyond all ages that there are.
NEVER = 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class OfLine:
    """Of one line float64[years, draws]: what is asked at a time, in places, and what there is.

    `load` places occupied (hours of care a week), `need` places for the service level, `beds` those
    planned, `staffable` places for which there is staff. NaN where unknown.
    """

    load: Floats
    need: Floats
    beds: Floats
    staffable: Floats

    @property
    def supply(self) -> Floats:
        """Places with staff: the smaller of beds and staff; what is unknown does not bind."""
        return np.fmin(self.beds, self.staffable)

    @property
    def shortage(self) -> Floats:
        """Need less supply; below 0 places are left. NaN where neither beds nor staff are known."""
        return self.need - self.supply


@dataclass(frozen=True, slots=True, eq=False)
class OfRole:
    """FTE at work of one role, float64[years, draws]; and the heads that they are."""

    need: Floats
    supply: Floats
    stock: Stock

    @property
    def shortage(self) -> Floats:
        return self.need - self.supply


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    lines: Mapping[LineKey, OfLine]
    roles: Mapping[str, OfRole]


class Reckoner:
    """What comes of one set of assumptions, with any of its causes at work and any of them drawn.

    A cause that is not at work leaves all as it is in the first year; one that is not drawn has
    its median. The same draws serve every question, so that two answers differ by the causes
    alone.
    """

    def __init__(self, assumed: Assumptions, chances: Chances) -> None:
        self.assumed, self.chances = assumed, chances
        self.years = np.array(assumed.years, dtype=float)
        self.scales = {line.key: line.scale for line in assumed.lines}
        self._stocks: dict[object, Stock] = {}
        self._people: dict[object, Floats] = {}

    def outcome(
        self, on: Collection[str] | None = None, drawn: Collection[str] | None = None
    ) -> Outcome:
        """Of all years with the causes `on` at work and those `drawn` uncertain; None: all."""
        causes = self.assumed.causes
        at_work = frozenset(causes if on is None else on)
        uncertain = frozenset((*causes, "level") if drawn is None else drawn)
        loads = {line.key: self.load(line, at_work, uncertain) for line in self.assumed.lines}
        loads = self.moved(loads, at_work, uncertain)
        roles = {
            role.role: self.staff(role, loads, at_work, uncertain) for role in self.assumed.roles
        }
        lines = {
            line.key: self.line(line, loads[line.key], roles, at_work, uncertain)
            for line in self.assumed.lines
        }
        return Outcome(lines, roles)

    # What is asked.

    def load(self, line: Line, on: frozenset[str], drawn: frozenset[str]) -> Floats:
        """Places occupied at a time: float64[years, draws]."""
        people, use, stay = (self.axis(cause in on) for cause in ("population", "use", "stay"))
        found = self.modelled(line, people, use, stay, drawn)
        if line.level is not None:
            weight = series_weight(self.axis("series" in on) - self.assumed.now)[:, None]
            level = line.level.at(self.scores(f"level {line.key}", "level", drawn))
            found = level * (weight + (1 - weight) * found / self.at_join(line, drawn))
        for lever in self.assumed.levers:
            if lever.kind in OF_USE and lever.moves(line.key) and lever.name in on:
                found = found * self.factor(lever, drawn)
        return found

    def modelled(
        self, line: Line, people: Floats, use: Floats, stay: Floats, drawn: frozenset[str]
    ) -> Floats:
        """By the tables alone: float64[times, draws].

        With the people, the use and the stay of these times, each float64[times] in years. A time
        with a fraction lies on the straight line between the begin of its year and of the next.
        """
        below = np.floor(people)
        part = (people - below)[:, None]
        load = np.zeros((len(people), self.chances.draws))
        for place, share in line.catchment.items():
            asked = self.asked(line, place, below, drawn)
            if (part > 0).any():
                asked = asked * (1 - part) + self.asked(line, place, below + 1, drawn) * part
            load += share * asked / DAYS * line.scale
        drift = line.drift.at(self.scores(f"use {line.key}", "use", drawn))
        days = line.stay.at(self.scores(f"stay {line.key}", "stay", drawn))
        grown: Floats = (
            load * drift ** (use - line.year)[:, None] * days ** (stay - line.year)[:, None]
        )
        return grown

    def asked(self, line: Line, place: str, years: Floats, drawn: frozenset[str]) -> Floats:
        """By the people of one municipality, per year at the use of the line's own year."""
        whole = tuple(int(year) for year in years)
        key = (place, whole, "population" in drawn)
        if key not in self._people:
            z = self.scores("population", "population", drawn)
            self._people[key] = self.assumed.people[place].draws(whole, z)
        asked: Floats = self._people[key] @ line.rate
        return asked

    def at_join(self, line: Line, drawn: frozenset[str]) -> Floats:
        """What the tables give at the moment to which the series' level belongs: float64[draws]."""
        assert line.joins is not None
        at = np.array([line.joins])
        found: Floats = self.modelled(line, at, at, at, drawn)[0]
        return found

    def moved(
        self, loads: Mapping[LineKey, Floats], on: frozenset[str], drawn: frozenset[str]
    ) -> dict[LineKey, Floats]:
        """After the substitutions: each takes its share of what there was before any of them."""
        after = {key: load.copy() for key, load in loads.items()}
        for lever in self.assumed.levers:
            if lever.to is None or lever.name not in on:
                continue
            share = lever.grown(self.assumed.years)[:, None] * self.amount(lever, drawn)
            for key in sorted(lever.lines):
                goes = loads[key] * share
                after[key] = after[key] - goes
                days = goes / self.scales[key]
                after[lever.to] += days * lever.exchange * self.scales[lever.to]
        return after

    # What there is.

    def line(
        self,
        line: Line,
        load: Floats,
        roles: Mapping[str, OfRole],
        on: frozenset[str],
        drawn: frozenset[str],
    ) -> OfLine:
        need = (
            places(load, line.service)
            if line.service.refused
            else self.filled(line, load, on, drawn)
        )
        planned = line.planned(self.assumed.years)
        beds = planned if "beds" in on else np.full_like(planned, planned[0])
        beds = np.tile(beds[:, None], (1, self.chances.draws))
        for lever in self.assumed.levers:
            if lever.kind == "beds" and lever.moves(line.key) and lever.name in on:
                grown = lever.grown(self.assumed.years)[:, None]
                beds = np.maximum(beds + grown * self.amount(lever, drawn), 0)
        staffable = np.full_like(need, np.nan)
        for role in self.assumed.roles:
            if any(asks.line == line.key and asks.fte_per_place > 0 for asks in role.asks):
                of = roles[role.role]
                part = np.divide(
                    of.supply, of.need, out=np.full_like(of.need, np.inf), where=of.need > 0
                )
                staffable = np.fmin(staffable, need * part)
        return OfLine(load, need, beds, staffable)

    def filled(self, line: Line, load: Floats, on: frozenset[str], drawn: frozenset[str]) -> Floats:
        assert line.service.occupancy is not None
        share = np.full((len(self.years), self.chances.draws), line.service.occupancy)
        for lever in self.assumed.levers:
            if lever.kind == "occupancy" and lever.moves(line.key) and lever.name in on:
                grown = lever.grown(self.assumed.years)[:, None]
                share = share * (1 - grown) + self.amount(lever, drawn) * grown
        needed: Floats = load / share
        return needed

    def staff(
        self,
        role: Role,
        loads: Mapping[LineKey, Floats],
        on: frozenset[str],
        drawn: frozenset[str],
    ) -> OfRole:
        shape = (len(self.years), self.chances.draws)
        need = np.zeros(shape)
        for asks in role.asks:
            if asks.line in loads:
                need = need + loads[asks.line] * asks.fte_per_place
        ratio = self.levers_of("staffing", role, on, drawn)
        need = need * ratio
        # A night nurse is there for two people as for ten.
        for least in role.at_least:
            asked = [each for each in role.asks if each.line in least.lines and each.line in loads]
            part = sum((loads[each.line] * each.fte_per_place for each in asked), np.zeros(shape))
            need = need + np.maximum(least.fte - part * ratio, 0)
        there = self.there(role, on, drawn)
        times = (self.years - role.year)[:, None]
        first = np.full_like(times, times[0])
        hours = role.hours_change.at(self.scores(f"hours {role.role}", "hours", drawn))
        absence = role.absence_change.at(self.scores(f"absence {role.role}", "absence", drawn))
        worked = role.fte_factor * hours ** (times if "hours" in on else first)
        away = role.absence * absence ** (times if "absence" in on else first)
        worked = worked * self.levers_of("hours", role, on, drawn)
        away = np.minimum(away * self.levers_of("absence", role, on, drawn), 1.0)
        at_work: Floats = there.heads * worked * (1 - away)
        return OfRole(need, at_work, there)

    def there(self, role: Role, on: frozenset[str], drawn: frozenset[str]) -> Stock:
        """Heads by year; up to the first year all flows are at work, since that has been."""
        levers = [
            lever
            for lever in self.assumed.levers
            if lever.kind in ("inflow", "outflow", "retirement")
            and (not lever.roles or role.role in lever.roles)
        ]
        own = ("inflow", "outflow", "retirement")
        key = (
            role.role,
            frozenset(on & {*own, *(lever.name for lever in levers)}),
            frozenset(drawn & {*own, *(lever.name for lever in levers)}),
        )
        if key not in self._stocks:
            self._stocks[key] = self.counted(role, levers, on, drawn)
        return self._stocks[key]

    def counted(
        self, role: Role, levers: Sequence[Lever], on: frozenset[str], drawn: frozenset[str]
    ) -> Stock:
        years = range(role.year, self.assumed.years[-1])
        shape = (len(years), self.chances.draws)
        past = np.array([year < self.assumed.years[0] for year in years], dtype=bool)[:, None]

        def flow(cause: str, own: Floats, without: float) -> Floats:
            whole = np.broadcast_to(own, shape)
            return whole if cause in on else np.where(past, whole, without)

        def of(kind: str, start: float) -> Floats:
            found = np.full(shape, start)
            for lever in levers:
                if lever.kind == kind and lever.name in on:
                    amount = lever.grown(years)[:, None] * (self.amount(lever, drawn) - start)
                    found = found + amount if kind == "retirement" else found * (1 + amount)
            return found

        def own(factor: Factor, cause: str) -> Floats:
            return factor.at(self.scores(f"{cause} {role.role}", cause, drawn))

        retires = flow("retirement", np.full(1, role.retires), NEVER) + of("retirement", 0.0)
        outflow = flow("outflow", own(role.outflow, "outflow"), 0.0) * of("outflow", 1.0)
        found = stock(
            role.people,
            role.youngest,
            inflow=flow("inflow", own(role.inflow, "inflow"), 0.0) * of("inflow", 1.0),
            begins=role.begins,
            outflow=np.minimum(outflow, 1.0),
            retires=retires,
        )
        return found.since(self.assumed.years[0] - role.year)

    # What both share.

    def axis(self, moving: bool) -> Floats:
        return self.years if moving else np.full_like(self.years, self.years[0])

    def scores(self, name: str, cause: str, drawn: frozenset[str]) -> Floats:
        return self.chances.of(name) if cause in drawn else np.zeros(self.chances.draws)

    def amount(self, lever: Lever, drawn: frozenset[str]) -> Floats:
        return lever.at(self.scores(f"lever {lever.name}", lever.name, drawn))

    def factor(self, lever: Lever, drawn: frozenset[str]) -> Floats:
        """1 before it begins, its amount once it is whole: float64[years, draws]."""
        grown = lever.grown(self.assumed.years)[:, None]
        return 1 + grown * (self.amount(lever, drawn) - 1)

    def levers_of(self, kind: str, role: Role, on: frozenset[str], drawn: frozenset[str]) -> Floats:
        found = np.ones((len(self.years), self.chances.draws))
        for lever in self.assumed.levers:
            mine = not lever.roles or role.role in lever.roles
            if lever.kind == kind and mine and lever.name in on:
                found = found * self.factor(lever, drawn)
        return found


def series_weight(ahead: Floats) -> Floats:
    """How much of a year `ahead` (its begin, in years from now) the level of the series says.

    1 up to 18 months and 0 from 36, logistic between (forecasting.md, "Years"), as the mean over
    the months of the year: float64 of the same shape, falling.
    """
    months = (np.arange(12) + 0.5) / 12
    middle, half = (HANDS_OVER + HANDED_OVER) / 2, (HANDED_OVER - HANDS_OVER) / 2
    raw = 1 / (1 + np.exp(STEEP * (ahead[..., None] + months - middle) / half))
    rest = 1 / (1 + np.exp(STEEP))
    mean: Floats = np.clip((raw - rest) / (1 - 2 * rest), 0, 1).mean(axis=-1)
    return mean
