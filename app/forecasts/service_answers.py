"""What one viewer is told of beds for a service level."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple

from app.facilities.schemas import SubstitutionPool
from app.forecasts import calendar
from app.forecasts.answers import NOT_KEPT, WITHHELD, Point, Shows, Stored, amount, tidy
from app.forecasts.schemas import Amount, EnoughStep, Load, PoolService, Reason, TypeService
from app.forecasts.service import WEEK, Enough, enough
from app.forecasts.subjects import stands_in
from app.forecasts.together import Ways, summed

Supplies = Mapping[date, float | None]


class OfType(NamedTuple):
    """What is known of one resource and bed type: how much of it is shown, and the paths of its
    members, none unless those of all are kept."""

    stored: Stored
    shown: Shows
    members: Sequence[str]
    ways: Sequence[Ways]

    @property
    def why_not(self) -> Reason | None:
        """Why there is no number though it may be seen."""
        if self.stored.state != "known":
            return Reason(**self.stored.detail["reason"])
        return None if self.ways else NOT_KEPT


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
    freq = of.ways[0].freq
    return TypeService(
        **about,
        state="known",
        members=tuple(of.members),
        steps=tuple(step(supplies, each, freq) for each in enough(of.ways, refused)),
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
    return PoolService(
        **about,
        state="known",
        members=tuple(dict.fromkeys(unit for part in parts for unit in part.members)),
        steps=tuple(step(supplies, each, of_types[0].freq) for each in enough(of_types, refused)),
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
