"""The years: one demographic line per care setting and bed type, as a run among the forecasts."""

from collections.abc import Iterator
from datetime import date, datetime
from math import isfinite, sqrt
from typing import Any

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from app.facilities import queries as facilities
from app.facilities.schemas import Population as PopulationTable
from app.facilities.schemas import Use as UseTable
from app.forecasts import calendar, gap
from app.forecasts.runs import REGION, Issued, Kind, Run, Step
from app.forecasts.subjects import SUPPLIED, Region, supply_of
from app.planning.demography import Factor, Need, Population, Use, need

MODEL = "demographic-line 1"
SEED = 20400101
LEVELS = (0.1, 0.5, 0.9)
# forecasting.md, "Years": the axis runs to 2040 at least.
UNTIL = 2040
MEASURE = "need"
# What the region file says nothing of is taken as unchanged, and the answer says so.
UNCHANGED = Factor(1, 1, 1, "no change assumed")

Plan = tuple[str, str]


async def years(session: AsyncSession, region: Region, data_cut: datetime) -> Run:
    """Places needed in each year from now, of every care setting and bed type of the region."""
    population = await facilities.population(session, max(region.at, data_cut), data_cut)
    tables = await facilities.use(session, max(region.at, data_cut), data_cut)
    use: dict[Plan, UseTable] = {(t.care_setting, t.bed_type): t for t in tables.values()}
    plans = sorted(use.keys() | set(offered(region)))
    issued = [line(region, plan, population, use.get(plan)) for plan in plans]
    return Run("years", region.at, data_cut, MODEL, SEED, LEVELS, issued)


def offered(region: Region) -> Iterator[Plan]:
    for offer in region.offers.values():
        if offer.resource == "bed":
            for bed_type in offer.bed_types:
                yield offer.care_setting, bed_type


def line(
    region: Region, plan: Plan, population: PopulationTable | None, use: UseTable | None
) -> Issued:
    """P10, P50 and P90 of one line; unknown, with the reason, without both tables."""
    if population is None or use is None:
        what = "population table" if population is None else "use per age for this bed type"
        return unknown(plan, "no-table", f"The region file has no {what}.")
    if len(use.bed_days_per_person_year) != len(population.bands):
        return unknown(plan, "bands-differ", "Use and population are told in other age bands.")
    first = calendar.local_day(region.at).year
    if first < use.year:
        return unknown(plan, "not-begun", f"The use per age is that of {use.year}, later than now.")
    last = max(UNTIL, *population.years)
    found = need(
        range(first, last + 1),
        people(population),
        Use(np.array(use.bed_days_per_person_year), np.ones(len(population.bands))),
        base_year=use.year,
        occupancy=use.occupancy,
        drift=drift(use),
        stay=UNCHANGED,
        noise=UNCHANGED,
        seed=SEED,
    )
    supply = planned(region, plan)
    known = bool(np.isfinite(found.quantiles).any())
    if not known:
        return unknown(plan, "not-covered", f"The population table does not reach {first}.")
    return Issued(
        REGION,
        "careSetting",
        plan[0],
        Kind(MEASURE, "bed", plan[1]),
        "known",
        detail(region, plan, population, use, found),
        steps(found, supply),
    )


def people(table: PopulationTable) -> Population:
    ordered = sorted(table.years)
    return Population(tuple(ordered), np.array([table.years[y] for y in ordered], dtype=float))


def drift(use: UseTable) -> Factor:
    """The median lies where low and high are equally far by their ratio."""
    return Factor(use.drift.p10, sqrt(use.drift.p10 * use.drift.p90), use.drift.p90, use.source)


def members(region: Region, plan: Plan) -> list[str]:
    setting, bed_type = plan
    return sorted(
        unit
        for unit, offer in region.offers.items()
        if offer.care_setting == setting and bed_type in offer.bed_types
    )


def planned(region: Region, plan: Plan) -> float | None:
    """The places with staff once all told closures and openings are done; None if any is unknown.

    A supply of nobody is unknown too: who offers it may not report here.
    """
    kind = Kind(SUPPLIED, "bed", plan[1])
    offers = [region.offers[unit] for unit in members(region, plan)]
    places = [float(supply_of(region, offer, kind)[-1]) for offer in offers]
    return sum(places) if places and all(map(isfinite, places)) else None


def steps(found: Need, supply: float | None) -> list[Step]:
    against = gap.against_plan(found.quantiles, [supply] * len(found.years), LEVELS, whole=False)
    answer = []
    for year, quantiles, short in zip(found.years, found.quantiles, against.short, strict=True):
        start, end = (calendar.day_start(date(y, 1, 1)) for y in (year, year + 1))
        known = bool(np.isfinite(quantiles).all())
        seconds = int((end - start).total_seconds())
        told = quantiles.tolist() if known else []
        answer.append(Step(start, seconds, told, supply, float(short) if isfinite(short) else None))
    return answer


def detail(
    region: Region, plan: Plan, population: PopulationTable, use: UseTable, found: Need
) -> dict[str, Any]:
    return {
        "grade": "fresh",
        "members": members(region, plan),
        "missing": [],
        "supply": "known",
        "skill": None,
        "worst": None,
        "sources": [
            {"what": "population", "source": population.source, "year": population.year},
            {"what": "use", "source": use.source, "year": use.year},
        ],
        "explanation": (
            f"Bed days per person of each age in {use.year} x people of that age, at "
            f"{use.occupancy:.0%} occupied; use changes by a factor of {use.drift.p10:g} to "
            f"{use.drift.p90:g} a year (P10 to P90). Length of stay is taken as unchanged. Supply "
            "is what is staffed now, after the closures and openings that were told."
        ),
        "uncovered": list(found.uncovered),
    }


def unknown(plan: Plan, code: str, why: str) -> Issued:
    reason = {"code": code, "detail": why}
    return Issued(
        REGION, "careSetting", plan[0], Kind(MEASURE, "bed", plan[1]), "unknown", {"reason": reason}
    )
