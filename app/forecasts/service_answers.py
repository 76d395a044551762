"""What one viewer is told of beds for a service level."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple

from app.facilities.schemas import SubstitutionPool
from app.faults import Fault
from app.forecasts import calendar
from app.forecasts.answers import NOT_KEPT, WITHHELD, Point, Shows, Stored, amount, tidy
from app.forecasts.days.room import SHARES
from app.forecasts.days.rule import Patience
from app.forecasts.schemas import (
    Amount,
    EnoughStep,
    Load,
    PoolService,
    Reason,
    ServiceAsked,
    Source,
    TypeService,
)
from app.forecasts.service import OUTER, WEEK, Enough, Patient, enough
from app.forecasts.subjects import stands_in
from app.forecasts.together import Ways, summed

Supplies = Mapping[date, float | None]


class Member(NamedTuple):
    """A unit, its mean stay in days (None: unknown), and how long who finds no place waits."""

    unit: str
    stay: float | None
    patience: Patience


class Seen(NamedTuple):
    """One resource and bed type, how much of it is shown, and the units behind it. `alone`: each
    unit's own forecast is shown too."""

    stored: Stored
    shown: Shows
    units: Sequence[str]
    alone: bool

    @property
    def about(self) -> dict[str, Any]:
        kind = self.stored.kind
        return {"resource": kind.resource or None, "bed_type": kind.bed_type or None}


class OfType(NamedTuple):
    """The same with its members and the paths of each, none unless those of all are kept."""

    seen: Seen
    members: Sequence[Member]
    ways: Sequence[Ways]

    @property
    def why_not(self) -> Reason | None:
        """Why there is no number though it may be seen."""
        if self.seen.stored.state != "known":
            return Reason(**self.seen.stored.detail["reason"])
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
    about = of.seen.about
    if of.seen.shown != "all":
        return TypeService(**about, state="suppressed", reason=WITHHELD)
    if of.why_not is not None:
        return TypeService(**about, state="unknown", reason=of.why_not)
    supplies = supplies_of(of.seen.stored.points)
    freq, waits = of.ways[0].freq, of.waits
    alone = [Waits.of([(each, 1.0)]) for each in of.members]
    patient = Patient(waits.stays, [(each if each.stay else waits).stays for each in alone])
    return TypeService(
        **about,
        state="known",
        members=tuple(each.unit for each in of.members),
        **waits.told(of.seen.alone),
        steps=tuple(step(supplies, each, freq) for each in enough(of.ways, refused, patient)),
    )


def days_service(seen: Seen, refused: float, probabilities: Sequence[float]) -> TypeService:
    """Of the next 72 hours, as the run of days reckoned it on its paths."""
    if seen.shown != "all":
        return TypeService(**seen.about, state="suppressed", reason=WITHHELD)
    said = of_days(seen.stored, refused, probabilities)
    return TypeService(**seen.about, **{**said, "members": tuple(seen.units)})


def days_pool(
    stored: Stored, types: Sequence[Seen], refused: float, probabilities: Sequence[float]
) -> PoolService:
    """The same of a pool; suppressed where any of its types is."""
    pool = stored.detail["pool"]
    about = {
        "substitution_pool": stored.kind.bed_type,
        "name": pool["name"],
        "bed_types": pool["bedTypes"],
    }
    parts = [each for each in types if each.stored.kind.bed_type in pool["bedTypes"]]
    if any(part.shown != "all" for part in parts):
        return PoolService(**about, state="suppressed", reason=WITHHELD)
    return PoolService(**about, **of_days(stored, refused, probabilities))


def of_days(stored: Stored, refused: float, probabilities: Sequence[float]) -> dict[str, Any]:
    """Its state and its steps."""
    if stored.state != "known":
        return {"state": "unknown", "reason": Reason(**stored.detail["reason"])}
    enough = stored.detail.get("enough")
    if enough is None:
        return {"state": "unknown", "reason": NONE_TOLD}
    share = enough["shares"].index(refused)
    outer = [[*map(round_off, probabilities)].index(p) for p in OUTER]
    rows = zip(stored.points, enough["together"], enough["apart"], strict=True)
    steps = (
        EnoughStep(
            day=calendar.local_day(point.at),
            at=point.at,
            until=point.at + timedelta(seconds=point.length_s),
            load=Load(**{name: tidy(point.need[n]) for name, n in zip(LOADS, outer, strict=True)}),
            together=together[share],
            apart=apart[share],
            gain=apart[share] - together[share],
            supply=amount(point.supply, "known"),
        )
        for point, together, apart in rows
    )
    told = {"state": "known", "queue": "erlang-b", "steps": tuple(steps)}
    return {**told, "members": tuple(stored.members)}


LOADS = ("p10", "p50", "p90")
NONE_TOLD = Reason(
    code="no-places-told",
    detail="Of this the run tells no places for a service level: nobody is sent away there, or "
    "it is from before they were told.",
)


def round_off(probability: float) -> float:
    return round(probability, 4)


def wrong_of_days(asked: ServiceAsked) -> list[Fault]:
    """What the days cannot answer: their paths are not kept."""
    if asked.horizon != "days":
        return []
    found = []
    if asked.refused not in SHARES:
        told = ", ".join(f"{share:g}" for share in SHARES)
        detail = f"Of the days places are told for {told}; ask for one of these."
        found.append(Fault("unknown-share", detail, parameter="refused"))
    if asked.patience_hours is not None:
        detail = "The days tell who finds no place at once; leave this out, or ask for weeks."
        found.append(Fault("not-of-days", detail, parameter="patienceHours"))
    return found


def parts_of(pool: SubstitutionPool, types: Sequence[OfType]) -> list[OfType]:
    """Of these the bed types of the pool; none unless there are two."""
    parts = [each for each in types if stands_in(pool, each.seen.stored.kind)]
    return parts if len(parts) > 1 else []


def pool_service(
    slug: str, pool: SubstitutionPool, parts: Sequence[OfType], refused: float
) -> PoolService:
    """Of its bed types together and apart; suppressed if any of them is, unknown likewise."""
    about = {"substitution_pool": slug, "name": pool.name, "bed_types": pool.bed_types}
    if any(part.seen.shown != "all" for part in parts):
        return PoolService(**about, state="suppressed", reason=WITHHELD)
    for part in parts:
        if part.why_not is not None:
            return PoolService(**about, state="unknown", reason=part.why_not)
    supplies = both([supplies_of(part.seen.stored.points) for part in parts])
    of_types = [summed(part.ways) for part in parts]
    loads = [float(each.paths.mean()) for part in parts for each in part.ways]
    waits = Waits.of([*zip((each for part in parts for each in part.members), loads, strict=True)])
    patient = Patient(waits.stays, [part.waits.stays for part in parts])
    return PoolService(
        **about,
        state="known",
        members=tuple(dict.fromkeys(each.unit for part in parts for each in part.members)),
        **waits.told(all(part.seen.alone for part in parts)),
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
