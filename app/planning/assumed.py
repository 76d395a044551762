"""What the years are reckoned from: lines of care, moves between them, roles, and levers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.planning.chances import OUTER
from app.planning.demography import Factor, Population

Floats = NDArray[np.float64]
LeverKind = Literal[
    "use",
    "prevention",
    "stay",
    "substitution",
    "occupancy",
    "beds",
    "inflow",
    "outflow",
    "retirement",
    "hours",
    "absence",
    "staffing",
]
# Levers by what they move.
OF_USE: frozenset[LeverKind] = frozenset({"use", "prevention", "stay"})
OF_PLACES: frozenset[LeverKind] = frozenset({"beds", "occupancy"})
# What changes without a lever, in the order in which the ledger states it.
OWN_CAUSES = (
    *("series", "population", "use", "stay", "beds"),
    *("inflow", "outflow", "retirement", "hours", "absence"),
)
DAYS = 365.0  # of a year, forecasting.md "Years"
WEEK = 7.0
HOURS = "care-hour"


class LineKey(NamedTuple):
    """One kind of care that is planned. `bed_type` is empty of what is not a bed."""

    care_setting: str
    resource: str
    bed_type: str

    def __str__(self) -> str:
        return "/".join(part for part in self if part)


@dataclass(frozen=True, slots=True)
class Service:
    """How many places a load needs: at most so full, or at most so many refused.

    `sites` are the shares of the load of places that do not help each other out, summing to 1.
    """

    occupancy: float | None = None
    refused: float | None = None
    sites: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        if (self.occupancy is None) == (self.refused is None):
            raise ValueError("Give occupancy or refused, one of the two.")
        if self.occupancy is not None and not 0 < self.occupancy <= 1:
            raise ValueError(
                f"The occupancy is {self.occupancy}; give a share above 0 and at most 1."
            )
        if self.refused is not None and not 0 < self.refused < 1:
            raise ValueError(f"The share refused is {self.refused}; give one between 0 and 1.")


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One kind of care: what a person of each band asks in a year, and what there is.

    `rate` float64[bands] >= 0 bed days (or hours of care) a person a year in `year`; `drift` of the
    rates and `stay` of the days are factors a year that last. `catchment` is the share of each
    municipality's people who come here. `level` is the load (places occupied at a time) that the
    series expect around `joins` (a year with a fraction), as P10, P50, P90; None: not known, and
    the tables alone count. `supply` places that are staffed, by year; None unknown.
    """

    key: LineKey
    law: str
    rate: Floats
    year: int
    drift: Factor
    stay: Factor
    service: Service
    catchment: Mapping[str, float]
    supply: Mapping[int, float] | float | None = None
    level: Factor | None = None
    joins: float | None = None

    def __post_init__(self) -> None:
        if self.rate.ndim != 1 or not np.isfinite(self.rate).all() or self.rate.min() < 0:
            raise ValueError(f"A rate of {self.key} is below 0 or unknown; correct its use table.")
        if (self.level is None) != (self.joins is None):
            raise ValueError(f"Of {self.key} give level and joins together.")

    @property
    def scale(self) -> float:
        """Loads are places occupied at a time, or hours of care a week."""
        return WEEK if self.key.resource == HOURS else 1.0

    def planned(self, years: Sequence[int]) -> Floats:
        """Places by year: float64[years], NaN unknown."""
        if self.supply is None:
            return np.full(len(years), np.nan)
        if isinstance(self.supply, Mapping):
            return np.array([self.supply.get(year, np.nan) for year in years], dtype=float)
        return np.full(len(years), float(self.supply))


@dataclass(frozen=True, slots=True)
class Asks:
    """How many FTE at work one place of a line takes while it is occupied, or one hour a week.

    FTE at work: absence is taken off what there is, not put on what is asked.
    """

    line: LineKey
    fte_per_place: float

    def __post_init__(self) -> None:
        if not 0 <= self.fte_per_place < 100:
            raise ValueError(f"ftePerPlace of {self.line} is {self.fte_per_place}; give 0 to 100.")


@dataclass(frozen=True, slots=True)
class AtLeast:
    """FTE at work that a role takes for these lines together, however few are there."""

    lines: frozenset[LineKey]
    fte: float


@dataclass(frozen=True, slots=True, eq=False)
class Role:
    """The people of a role: who is there in `year`, who comes, who goes, how much they work.

    `people` float64[ages] at ages `youngest` and on; `inflow` people a year, who begin at ages
    `begins` (both ends in it); `outflow` share a year that leaves before retirement; `retires` the
    age at which all have gone; `fte_factor` FTE of one person; `absence` share; `hours_change` and
    `absence_change` factors a year; `at_least` what shifts take however few are there.
    """

    role: str
    year: int
    youngest: int
    people: Floats
    inflow: Factor
    begins: tuple[int, int]
    outflow: Factor
    retires: float
    fte_factor: float
    absence: float
    hours_change: Factor
    absence_change: Factor
    asks: Sequence[Asks]
    source: str
    at_least: Sequence[AtLeast] = ()

    def __post_init__(self) -> None:
        if self.people.ndim != 1 or not np.isfinite(self.people).all() or self.people.min() < 0:
            raise ValueError(f"The people of {self.role} are below 0 or unknown.")
        if not 0 <= self.absence < 1:
            raise ValueError(f"The absence of {self.role} is {self.absence}; give 0 to 1.")
        if not 0 < self.fte_factor <= 2:
            raise ValueError(f"The FTE a person of {self.role} is {self.fte_factor}.")
        if self.outflow.p90 >= 1:
            raise ValueError(f"The outflow of {self.role} is a share a year, below 1.")
        if not self.youngest <= self.begins[0] <= self.begins[1] < self.youngest + 90:
            raise ValueError(f"Who begins as {self.role} is {self.begins[0]} to {self.begins[1]}.")


@dataclass(frozen=True, slots=True)
class Lever:
    """Something that can be changed: by `amount`, with its full effect from `until` on.

    Between `since` and `until` the effect grows in equal steps. `amount` is a factor (`use`,
    `prevention`, `stay`, `inflow`, `outflow`, `hours`, `absence`, `staffing`), the share of a line
    that goes `to` another at `exchange` of it for one (`substitution`), places (`beds`: may be
    below 0), a share occupied (`occupancy`) or years (`retirement`: later is above 0). `lines` and
    `roles` are those it works on; empty: all.
    """

    name: str
    kind: LeverKind
    p10: float
    p50: float
    p90: float
    since: int
    until: int
    source: str
    year: int
    lines: frozenset[LineKey] = frozenset()
    roles: frozenset[str] = frozenset()
    to: LineKey | None = None
    exchange: float = 1.0

    def __post_init__(self) -> None:
        least, most = AMOUNTS[self.kind]
        if not least <= self.p10 <= self.p50 <= self.p90 <= most:
            raise ValueError(
                f"The lever {self.name} must rise from p10 to p90 and stay within {least:g} to "
                f"{most:g}, which is what {self.kind} can be."
            )
        if self.until < self.since:
            raise ValueError(f"The lever {self.name} ends before it begins.")
        if (self.kind == "substitution") != (self.to is not None):
            raise ValueError(f"The lever {self.name}: a substitution, and only that, has a `to`.")
        if self.kind in OF_PLACES and (
            not self.lines or any(key.resource == HOURS for key in self.lines)
        ):
            raise ValueError(f"The lever {self.name} must say of which kinds of bed it is.")
        if self.to is not None and (not self.lines or self.to in self.lines or self.exchange < 0):
            raise ValueError(f"The lever {self.name} must say from which other lines it takes.")

    @property
    def certain(self) -> bool:
        return self.p10 == self.p50 == self.p90

    def at(self, z: Floats) -> Floats:
        """Its full amount at standard normal scores: a straight line through its quantiles.

        Below P10 and beyond P90 the line goes on, within what the kind can be.
        """
        slope = np.where(z < 0, self.p50 - self.p10, self.p90 - self.p50) / OUTER
        return np.clip(self.p50 + slope * z, *AMOUNTS[self.kind])

    def grown(self, years: Sequence[int]) -> Floats:
        """The part of the effect that is there: float64[years] in 0..1."""
        steps = self.until - self.since + 1
        return np.clip((np.asarray(years, dtype=float) - self.since + 1) / steps, 0, 1)

    def moves(self, key: LineKey) -> bool:
        return not self.lines or key in self.lines


FACTOR = (0.05, 5.0)
AMOUNTS: Mapping[LeverKind, tuple[float, float]] = {
    "use": FACTOR,
    "prevention": FACTOR,
    "stay": FACTOR,
    "substitution": (0.0, 1.0),
    "occupancy": (0.05, 1.0),
    "beds": (-10_000, 10_000),
    "inflow": (0.0, 10.0),
    "outflow": (0.0, 10.0),
    "retirement": (-10, 10),
    "hours": FACTOR,
    "absence": (0.0, 10.0),
    "staffing": FACTOR,
}


@dataclass(frozen=True, slots=True, eq=False)
class Assumptions:
    """All of one plan. `years` follow each other; the first is that from which change is told."""

    years: tuple[int, ...]
    now: float
    people: Mapping[str, Population]
    lines: Sequence[Line]
    roles: Sequence[Role] = ()
    levers: Sequence[Lever] = field(default=())

    def __post_init__(self) -> None:
        if not self.years or list(self.years) != list(range(self.years[0], self.years[-1] + 1)):
            raise ValueError(f"The years {list(self.years)} do not follow each other.")
        names = [lever.name for lever in self.levers]
        if len(set(names)) < len(names) or set(names) & set(OWN_CAUSES):
            raise ValueError("Each lever has a name of its own, and none of those of a cause.")
        known = {line.key for line in self.lines}
        for lever in self.levers:
            unknown = (lever.lines | ({lever.to} if lever.to else set())) - known
            if unknown:
                raise ValueError(
                    f"The lever {lever.name} names {', '.join(sorted(map(str, unknown)))}, which "
                    f"is not planned; there are {', '.join(sorted(map(str, known)))}."
                )
            refusing = {line.key for line in self.lines if line.service.refused is not None}
            if lever.kind == "occupancy" and lever.lines & refusing:
                raise ValueError(
                    f"The lever {lever.name} is of a share occupied, and the places of "
                    f"{', '.join(sorted(map(str, lever.lines & refusing)))} follow from a share "
                    "refused; leave it out."
                )
            if lever.roles - {role.role for role in self.roles}:
                raise ValueError(f"The lever {lever.name} names a role that is not planned.")
        for role in self.roles:
            if role.year > self.years[0]:
                raise ValueError(
                    f"The people of {role.role} are those of {role.year}, later than now."
                )
        for line in self.lines:
            if line.year > self.years[0]:
                raise ValueError(f"The use of {line.key} is that of {line.year}, later than now.")
            for place in line.catchment:
                if place not in self.people:
                    raise ValueError(f"Of {place} no population is known.")
                if self.people[place].p50.shape[1] != len(line.rate):
                    raise ValueError(f"Use of {line.key} and population differ in age bands.")
        for key in known:
            taken = sum(
                lever.p90 for lever in self.levers if lever.to is not None and key in lever.lines
            )
            if taken > 1:
                raise ValueError(f"Substitutions take more than all of {key}.")

    @property
    def causes(self) -> tuple[str, ...]:
        """What the ledger tells apart, in its usual order: of the need first, then of the rest."""
        of_need = [lever.name for lever in self.levers if lever.kind in OF_USE or lever.to]
        others = [lever.name for lever in self.levers if lever.name not in of_need]
        return (*OWN_CAUSES[:4], *of_need, *OWN_CAUSES[4:], *others)
