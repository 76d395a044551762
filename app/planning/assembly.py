"""From the tables of a region, its units and the months ahead: what the years are reckoned from."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np

from app.facilities.schemas import Law
from app.facilities.years.schemas import Drift, Labour, Population, Spread, Use
from app.forecasts import calendar
from app.forecasts.runs import Issued, Kind, Run
from app.forecasts.schemas import Reason
from app.forecasts.subjects import SUPPLIED, Offer, Region, supply_of
from app.planning.assumed import Asks, Assumptions, AtLeast, Lever, Line, LineKey, Role, Service
from app.planning.demography import Factor
from app.planning.demography import Population as People
from app.planning.labour import by_age
from app.planning.minima import Fewest, minima
from app.planning.schemas import (
    AssumptionSet,
    LeverTold,
    LineAssumed,
    LineName,
    MinimumAssumed,
    Unplanned,
)

# forecasting.md, "Years": to 2040 and 15 years at least.
UNTIL, AHEAD = 2040, 15
# The series say the level as the mean of a whole year: months 7 to 18 ahead.
FROM_MONTH, TO_MONTH = 6, 18
REGION = "region"
BED = "bed"
YEAR_SECONDS = 365.25 * 86_400


@dataclass(frozen=True, slots=True)
class Tables:
    """What the region file says of the years, and where the facility of each unit stands."""

    population: Sequence[Population]
    use: Sequence[Use]
    labour: Sequence[Labour]
    municipality: Mapping[str, str]
    catchment: Mapping[str, Mapping[str, float]]
    laws: Mapping[tuple[str, str], Law]
    fewest: Sequence[Fewest] = ()


def assembled(region: Region, tables: Tables, months: Run | None) -> AssumptionSet:
    """All that is known of each kind of care that is offered or has a table of use."""
    first = calendar.local_day(region.at).year
    covered = max((max(table.years) for table in tables.population), default=first)
    last = max(UNTIL, first + AHEAD, covered)
    uses = {key_of(use): use for use in tables.use}
    lines: list[LineAssumed] = []
    unplanned: list[Unplanned] = []
    for key in sorted(uses.keys() | set(offered(region))):
        why = missing(key, uses.get(key), tables.population, first)
        if why is not None:
            unplanned.append(Unplanned(**named(key), reason=why))
            continue
        lines.append(line(region, tables, uses[key], months, members(region, key)))
    known = {LineKey(each.care_setting, each.resource, each.bed_type or "") for each in lines}
    labour = [each for each in tables.labour if each.year <= first and asked_keys(each) & known]
    return AssumptionSet(
        first_year=first,
        last_year=last,
        now=in_years(region.at.timestamp()),
        people=tuple(tables.population),
        lines=tuple(lines),
        labour=tuple(labour),
        minima=tuple(minima_assumed(tables.fewest, lines, labour)),
        unplanned=tuple(unplanned),
    )


def minima_assumed(
    fewest: Sequence[Fewest], lines: Sequence[LineAssumed], labour: Sequence[Labour]
) -> Iterator[MinimumAssumed]:
    units = {line_key(line): line.members for line in lines}
    asks = {each.role: asked_keys(each) & units.keys() for each in labour}
    for each in minima(fewest, units, asks):
        kinds = tuple(LineName(**named(key)) for key in sorted(each.lines))
        yield MinimumAssumed(role=each.role, lines=kinds, fte=each.fte, norms=each.norms)


def missing(
    key: LineKey, use: Use | None, population: Sequence[Population], first: int
) -> Reason | None:
    """Why nothing can be said of a kind of care; None where it can."""
    if not population or use is None:
        what = "population table" if not population else "use per age for this bed type"
        return Reason(code="no-table", detail=f"The region file has no {what}.")
    if any(len(use.per_person_year) != len(table.bands) for table in population):
        return Reason(code="bands-differ", detail="Use and population are told in other age bands.")
    if first < use.year:
        detail = f"The use per age is that of {use.year}, later than now."
        return Reason(code="not-begun", detail=detail)
    if not all(first in table.years for table in population):
        detail = f"The population table does not reach {first}."
        return Reason(code="not-covered", detail=detail)
    return None


def line(
    region: Region, tables: Tables, use: Use, months: Run | None, units: Sequence[str]
) -> LineAssumed:
    key = key_of(use)
    beds = [places_of(region, region.offers[unit], key) for unit in units]
    known = bool(beds) and all(map(isfinite, beds))
    level = level_of(months, key) if key.resource == BED else None
    joins = None
    if level is not None and months is not None:
        ahead = (FROM_MONTH + TO_MONTH) / 2 / 12
        joins = in_years(months.issued_at.timestamp()) + ahead
        if not all(int(joins) + 1 in table.years for table in tables.population):
            level = joins = None
    total = sum(beds)
    return LineAssumed(
        **named(key),
        law=use.law or tables.laws.get((use.care_setting, use.bed_type or ""), "other"),
        per_person_year=use.per_person_year,
        year=use.year,
        drift=use.drift,
        stay=use.stay,
        occupancy=use.occupancy if use.bed_type else 1.0,
        refused=use.refused,
        sites=tuple(each / total for each in beds) if known and total > 0 else (1.0,),
        catchment=catchment(region, tables, units),
        members=tuple(units),
        beds=total if known else None,
        level=level,
        joins=joins,
        source=use.source,
    )


def catchment(region: Region, tables: Tables, units: Sequence[str]) -> dict[str, float]:
    """The share of each municipality's people who come to these units.

    As the units told it, together at most all; where none told one of a municipality: all of the
    one in which they stand, and none of the others. One table without a name is that of all.
    """
    names = [table.municipality for table in tables.population]
    if names == [None]:
        return {REGION: 1.0}
    shares: dict[str, float] = {}
    for name in names:
        assert name is not None
        told = [
            tables.catchment[unit][name] for unit in units if name in tables.catchment.get(unit, {})
        ]
        here = not units or any(tables.municipality.get(unit) == name for unit in units)
        shares[name] = min(sum(told), 1.0) if told else float(here)
    return shares


def places_of(region: Region, offer: Offer, key: LineKey) -> float:
    """The places with staff once all told closures and openings are done; NaN unknown."""
    return float(supply_of(region, offer, Kind(SUPPLIED, key.resource, key.bed_type))[-1])


def level_of(months: Run | None, key: LineKey) -> Spread | None:
    """P10, P50 and P90 of who is there or waits in months 7 to 18, as the months ahead say.

    The mean over the months of each quantile, as if they were off together: the widest that it can
    be. None unless all members are known.
    """
    found = next((each for each in months.issued if is_total(each, key)), None) if months else None
    if months is None or found is None or found.state != "known" or found.detail.get("missing"):
        return None
    steps = found.steps[FROM_MONTH:TO_MONTH]
    if len(steps) < TO_MONTH - FROM_MONTH or not all(step.quantiles for step in steps):
        return None
    told = np.array([step.need or step.quantiles for step in steps], dtype=float).mean(axis=0)
    at = [list(months.probabilities).index(each) for each in (0.1, 0.5, 0.9)]
    p10, p50, p90 = (max(float(told[n]), LEAST_LEVEL) for n in at)
    return Spread(p10=p10, p50=p50, p90=p90)


# A level of nobody cannot grow: half a place at least.
LEAST_LEVEL = 0.05


def is_total(issued: Issued, key: LineKey) -> bool:
    return (
        issued.subject_kind == "careSetting"
        and issued.subject == key.care_setting
        and issued.kind == Kind(SUPPLIED, key.resource, key.bed_type)
    )


def offered(region: Region) -> Iterator[LineKey]:
    for offer in region.offers.values():
        if offer.resource == BED:
            for bed_type in offer.bed_types:
                yield LineKey(offer.care_setting, BED, bed_type)


def members(region: Region, key: LineKey) -> list[str]:
    return sorted(
        unit
        for unit, offer in region.offers.items()
        if offer.care_setting == key.care_setting
        and offer.resource == key.resource
        and (key.bed_type in offer.bed_types or not key.bed_type)
    )


def assumptions(assumed: AssumptionSet, levers: Sequence[Lever] = ()) -> Assumptions:
    """The same as the core has it; raises ValueError where levers do not fit it."""
    people = {table.municipality or REGION: people_of(table) for table in assumed.people}
    return Assumptions(
        years=tuple(range(assumed.first_year, assumed.last_year + 1)),
        now=assumed.now,
        people=people,
        lines=[line_of(each) for each in assumed.lines],
        roles=[role_of(each, assumed.minima) for each in assumed.labour],
        levers=levers,
    )


def by_tables(assumed: AssumptionSet, hidden: Collection[Collection[str]]) -> AssumptionSet:
    """The same without what the units of some kinds of care told: their level and their places.

    `hidden` are the members of those kinds.
    """
    away = {tuple(members) for members in hidden}
    nothing = {"beds": None, "level": None, "joins": None, "sites": (1.0,)}
    lines = (
        line.model_copy(update=nothing) if tuple(line.members) in away else line
        for line in assumed.lines
    )
    return assumed.model_copy(update={"lines": tuple(lines)})


def people_of(table: Population) -> People:
    years = sorted(table.years)
    counts = {
        name: np.array([told[year] for year in years], dtype=float)
        for name, told in (("p50", table.years), ("p10", table.p10), ("p90", table.p90))
        if told
    }
    return People(tuple(years), **counts)


def line_of(told: LineAssumed) -> Line:
    level = None
    if told.level is not None:
        level = Factor(told.level.p10, told.level.p50, told.level.p90, "months ahead")
    return Line(
        key=line_key(told),
        law=told.law,
        rate=np.array(told.per_person_year),
        year=told.year,
        drift=factor(told.drift, told.source),
        stay=factor(told.stay, told.source),
        service=Service(told.occupancy if told.refused is None else None, told.refused, told.sites),
        catchment=told.catchment,
        supply=told.beds,
        level=level,
        joins=told.joins,
    )


def role_of(told: Labour, minima: Sequence[MinimumAssumed] = ()) -> Role:
    youngest, people = by_age({(band.from_, band.to): band.people for band in told.ages})
    return Role(
        role=told.role,
        year=told.year,
        youngest=min(youngest, told.begins_at.from_),
        people=np.concatenate((np.zeros(max(0, youngest - told.begins_at.from_)), people)),
        inflow=Factor(told.inflow.p10, told.inflow.p50, told.inflow.p90, told.source),
        begins=(told.begins_at.from_, told.begins_at.to),
        outflow=Factor(told.outflow.p10, told.outflow.p50, told.outflow.p90, told.source),
        retires=told.retires_at,
        fte_factor=told.fte_per_person,
        absence=told.absence,
        hours_change=factor(told.hours_change, told.source),
        absence_change=factor(told.absence_change, told.source),
        asks=[
            Asks(
                LineKey(
                    each.care_setting, BED if each.bed_type else "care-hour", each.bed_type or ""
                ),
                each.fte,
            )
            for each in told.asked
        ],
        source=told.source,
        at_least=[
            AtLeast(frozenset(map(line_key, each.lines)), each.fte)
            for each in minima
            if each.role == told.role
        ],
    )


def lever_of(told: LeverTold) -> Lever:
    """Raises ValueError for what cannot be."""
    return Lever(
        name=told.lever,
        kind=told.kind,
        p10=told.amount.p10,
        p50=told.amount.p50,
        p90=told.amount.p90,
        since=told.since,
        until=told.until,
        source=told.source,
        year=told.year,
        lines=frozenset(map(line_key, told.lines)),
        roles=frozenset(told.roles),
        to=line_key(told.to) if told.to is not None else None,
        exchange=told.exchange,
    )


def line_key(name: LineName) -> LineKey:
    return LineKey(name.care_setting, name.resource, name.bed_type or "")


def named(key: LineKey) -> dict[str, str | None]:
    return {
        "care_setting": key.care_setting,
        "resource": key.resource,
        "bed_type": key.bed_type or None,
    }


def key_of(use: Use) -> LineKey:
    return LineKey(use.care_setting, use.resource, use.bed_type or "")


def asked_keys(labour: Labour) -> set[LineKey]:
    return {asks.line for asks in role_of(labour).asks}


def factor(drift: Drift, source: str) -> Factor:
    """The median lies where low and high are equally far by their ratio."""
    return Factor(drift.p10, sqrt(drift.p10 * drift.p90), drift.p90, source)


def in_years(seconds: float) -> float:
    """A moment of POSIX time as a year with a fraction, on years of 365.25 days."""
    return 1970 + seconds / YEAR_SECONDS
