"""What one viewer is told of beds for a service level."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, NamedTuple

from app.facilities.schemas import SubstitutionPool
from app.forecasts import calendar
from app.forecasts.answers import NOT_KEPT, WITHHELD, Point, Shows, Stored, amount, tidy
from app.forecasts.days.rule import Patience
from app.forecasts.schemas import (
    Amount,
    EnoughStep,
    Load,
    PoolService,
    Reason,
    Source,
    TypeService,
)
from app.forecasts.service import WEEK, Enough, Patient, enough
from app.forecasts.subjects import stands_in
from app.forecasts.together import Ways, summed

Supplies = Mapping[date, float | None]


class Member(NamedTuple):
    """A unit, its mean stay in days (None: unknown), and how long who finds no place waits."""

    unit: str
    stay: float | None
    patience: Patience


class OfType(NamedTuple):
    """What is known of one resource and bed type: how much of it is shown, and the paths of its
    members, none unless those of all are kept. `alone`: each member's own forecast is shown too."""

    stored: Stored
    shown: Shows
    members: Sequence[Member]
    ways: Sequence[Ways]
    alone: bool = False

    @property
    def why_not(self) -> Reason | None:
        """Why there is no number though it may be seen."""
        if self.stored.state != "known":
            return Reason(**self.stored.detail["reason"])
        return None if self.ways else NOT_KEPT

    @property
    def waits(self) -> "Waits":
        """Of all members together, as many from each as are there."""
        loads = [float(each.paths.mean()) for each in self.ways]
        return Waits.of([*zip(self.members, loads, strict=True)])


@dataclass(frozen=True, slots=True)
class Waits:
    """The mean patience that is reckoned with, and the mean stay in days that it is held against;
    None where no stay is known, and then nobody waits."""

    patience: Patience | None = None
    stay: float | None = None

    @classmethod
    def of(cls, members: Sequence[tuple[Member, float]]) -> "Waits":
        """Of members with the load of each: those whose stay is known speak for all.

        The mean stay over requests is the load over the requests, each load / its stay. Of several
        patiences the shortest, with which the most are refused.
        """
        known = [(each.stay, load, each.patience) for each, load in members if each.stay]
        if not known:
            return cls()
        load = sum(load for _, load, _ in known)
        asked = sum(load / stay for stay, load, _ in known)
        mean = load / asked if asked > 0 else sum(stay for stay, _, _ in known) / len(known)
        return cls(min((each for *_, each in known), key=lambda each: each.hours), mean)

    @property
    def stays(self) -> float:
        """The patience in mean stays."""
        if self.patience is None or self.stay is None:
            return 0.0
        return self.patience.hours / 24 / self.stay

    def told(self, alone: bool) -> dict[str, Any]:
        """The stay is not told beside a mere total: it may be that of the one unit that has one."""
        if self.patience is None or self.stay is None:
            return {"queue": "erlang-b"}
        named = self.patience.source
        what = f"patience {self.patience.hours:g} h"
        source = Source(what=what, source=named, year=self.patience.year) if named else None
        return {
            "queue": "erlang-a" if self.patience.hours > 0 else "erlang-b",
            "patience_hours": self.patience.hours,
            "mean_stay_days": tidy(self.stay, 2) if alone else None,
            "sources": (source,) if source else (),
        }


def services(
    types: Sequence[OfType], pools: Mapping[str, SubstitutionPool], refused: float
) -> tuple[tuple[TypeService, ...], tuple[PoolService, ...]]:
    """Of each type, and of each pool of which two types are there."""
    of_pools = ((slug, pool, parts_of(pool, types)) for slug, pool in pools.items())
    return (
        tuple(type_service(each, refused) for each in types),
        tuple(pool_service(*each, refused) for each in of_pools if each[2]),
    )


def type_service(of: OfType, refused: float) -> TypeService:
    """Of all members together and apart."""
    kind = of.stored.kind
    about = {"resource": kind.resource or None, "bed_type": kind.bed_type or None}
    if of.shown != "all":
        return TypeService(**about, state="suppressed", reason=WITHHELD)
    if of.why_not is not None:
        return TypeService(**about, state="unknown", reason=of.why_not)
    supplies = supplies_of(of.stored.points)
    freq, waits = of.ways[0].freq, of.waits
    alone = [Waits.of([(each, 1.0)]) for each in of.members]
    patient = Patient(waits.stays, [(each if each.stay else waits).stays for each in alone])
    return TypeService(
        **about,
        state="known",
        members=tuple(each.unit for each in of.members),
        **waits.told(of.alone),
        steps=tuple(step(supplies, each, freq) for each in enough(of.ways, refused, patient)),
    )


def parts_of(pool: SubstitutionPool, types: Sequence[OfType]) -> list[OfType]:
    """Of these the bed types of the pool; none unless there are two."""
    parts = [each for each in types if stands_in(pool, each.stored.kind)]
    return parts if len(parts) > 1 else []


def pool_service(
    slug: str, pool: SubstitutionPool, parts: Sequence[OfType], refused: float
) -> PoolService:
    """Of its bed types together and apart; suppressed if any of them is, unknown likewise."""
    about = {"substitution_pool": slug, "name": pool.name, "bed_types": pool.bed_types}
    if any(part.shown != "all" for part in parts):
        return PoolService(**about, state="suppressed", reason=WITHHELD)
    for part in parts:
        if part.why_not is not None:
            return PoolService(**about, state="unknown", reason=part.why_not)
    supplies = both([supplies_of(part.stored.points) for part in parts])
    of_types = [summed(part.ways) for part in parts]
    loads = [float(each.paths.mean()) for part in parts for each in part.ways]
    waits = Waits.of([*zip((each for part in parts for each in part.members), loads, strict=True)])
    patient = Patient(waits.stays, [part.waits.stays for part in parts])
    return PoolService(
        **about,
        state="known",
        members=tuple(dict.fromkeys(each.unit for part in parts for each in part.members)),
        **waits.told(all(part.alone for part in parts)),
        steps=tuple(
            step(supplies, each, of_types[0].freq) for each in enough(of_types, refused, patient)
        ),
    )


def step(supplies: Supplies, of: Enough, freq: Literal["D", "M"]) -> EnoughStep:
    p10, p50, p90 = map(tidy, of.load)
    return EnoughStep(
        day=of.day,
        load=Load(p10=p10, p50=p50, p90=p90),
        together=of.together,
        apart=of.apart,
        gain=of.apart - of.together,
        supply=fewest(supplies, of.day, WEEK if freq == "D" else 1),
    )


def supplies_of(points: Sequence[Point]) -> Supplies:
    return {calendar.local_day(point.at): point.supply for point in points}


def both(supplies: Sequence[Supplies]) -> Supplies:
    """The sum on the days that all tell; unknown where one is."""
    days = set.intersection(*(set(each) for each in supplies))
    found: dict[date, float | None] = {}
    for day in days:
        told = [each[day] for each in supplies]
        known = [each for each in told if each is not None]
        found[day] = sum(known) if len(known) == len(told) else None
    return found


def fewest(supplies: Supplies, day: date, steps: int) -> Amount:
    """The smallest supply of so many steps from this day on; unknown if any is."""
    days = sorted(each for each in supplies if each >= day)[:steps]
    told = [supplies[each] for each in days]
    known = [each for each in told if each is not None]
    whole = day in supplies and len(known) == len(told)
    return amount(min(known) if whole else None, "known")
