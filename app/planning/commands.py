"""The years, as a run among the forecasts and as the baseline of all what-ifs; what-ifs on it."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.commands import note
from app.access.principal import Principal
from app.errors import Invalid
from app.faults import Fault
from app.forecasts import calendar
from app.forecasts.runs import REGION, Issued, Kind, Run, Step
from app.forecasts.subjects import Region
from app.observations.persons import person_in
from app.observations.reading import PERSON
from app.planning import queries
from app.planning.assembly import Tables, assembled, assumptions, by_tables, lever_of
from app.planning.assumed import Lever
from app.planning.schemas import (
    AssumptionSet,
    Fan,
    LineAssumed,
    LinePlan,
    Numbers,
    Plan,
    ScenarioTold,
    Unplanned,
)
from app.planning.staff import staff
from app.planning.tables import Scenario
from app.planning.told import needs, plan

MODEL = "cohorts and flows 1"
SEED, DRAWS = 2040, 1000
LEVELS = (0.1, 0.5, 0.9)
MEASURE = "need"


@dataclass(frozen=True, slots=True)
class Baseline:
    """The years of one run: what was assumed, and what comes of it."""

    run: Run
    assumed: AssumptionSet
    plan: Plan


async def baseline(region: Region, tables: Tables, months: Run, data_cut: datetime) -> Baseline:
    """Beside the event loop; no transaction is open while it computes."""
    return await asyncio.to_thread(reckoned, region, tables, months, data_cut)


def reckoned(region: Region, tables: Tables, months: Run | None, data_cut: datetime) -> Baseline:
    assumed = assembled(region, tables, months)
    told = plan(assumed, assumptions(assumed), (), SEED, DRAWS)
    stripped = by_tables(assumed, [line.members for line in assumed.lines])
    alone = needs(assumptions(stripped), SEED, DRAWS)
    issued = [
        *(
            known(assumed, of, line, need, told.years)
            for of, line, need in zip(assumed.lines, told.lines, alone, strict=True)
        ),
        *(unknown(each) for each in assumed.unplanned),
    ]
    issued.sort(key=lambda each: (each.subject, each.kind))
    detail = {"staff": staff(assumed, told, stripped, SEED, DRAWS)}
    run = Run("years", region.at, data_cut, MODEL, SEED, LEVELS, issued, detail=detail)
    return Baseline(run, assumed, told)


def known(
    assumed: AssumptionSet, of: LineAssumed, line: LinePlan, alone: Fan, years: Sequence[int]
) -> Issued:
    """`alone` is the need by the tables that are open, without what the units told."""
    kind = Kind(MEASURE, line.resource, line.bed_type or "")
    steps = [
        step(
            year,
            quantiles(line.need, n),
            supply_in(line, n),
            at(line.p_short, n),
        )
        for n, year in enumerate(years)
    ]
    covered = [each.quantiles for each in steps]
    detail = {
        "grade": "fresh",
        "members": list(line.members),
        "missing": [],
        "supply": "known",
        "skill": None,
        "worst": None,
        "tables": [quantiles(alone, n) for n in range(len(years))],
        "sources": [
            *(
                {"what": "population", "source": table.source, "year": table.year}
                for table in assumed.people
            ),
            {"what": "use", "source": of.source, "year": of.year},
        ],
        "explanation": explanation(assumed, line),
        "uncovered": [year for year, told in zip(years, covered, strict=True) if not told],
    }
    return Issued(REGION, "careSetting", line.care_setting, kind, "known", detail, steps)


def explanation(assumed: AssumptionSet, line: LinePlan) -> str:
    first = assumed.first_year
    begins = (
        "The level is that of the months ahead; from the third year on it grows as the tables do"
        if line.level == "series"
        else "Level and growth are those of the tables"
    )
    return (
        f"{begins}: people of each age x what they ask, which changes a little each year. Places "
        "are those that keep the service level. Supply is the smaller of the places that are "
        f"staffed now, with the closures and openings that were told, and of those for which there "
        f"will be people at work; since {first} by who comes, who leaves and who retires."
    )


def quantiles(fan: Fan, n: int) -> list[float]:
    told = (fan.p10[n], fan.p50[n], fan.p90[n])
    return [each for each in told if each is not None] if None not in told else []


def supply_in(line: LinePlan, n: int) -> float | None:
    return line.supply.p50[n] if line.supply is not None else None


def at(numbers: Numbers | None, n: int) -> float | None:
    return numbers[n] if numbers is not None else None


def step(year: int, told: list[float], supply: float | None, p_short: float | None) -> Step:
    start, end = (calendar.day_start(date(each, 1, 1)) for each in (year, year + 1))
    return Step(start, int((end - start).total_seconds()), told, supply, p_short)


def unknown(unplanned: Unplanned) -> Issued:
    kind = Kind(MEASURE, unplanned.resource, unplanned.bed_type or "")
    reason = {"reason": unplanned.reason.model_dump()}
    return Issued(REGION, "careSetting", unplanned.care_setting, kind, "unknown", reason)


async def add_baseline(session: AsyncSession, made: Baseline) -> dict[str, Any]:
    """The years that all what-ifs are held against, until the next run."""
    row = {
        "org_id": REGION,
        "id": made.run.run_id,
        "scenario": queries.BASELINE,
        "version": await next_version(session, REGION, queries.BASELINE),
        "based_on": None,
        "issued_at": made.run.issued_at,
        "client_id": None,
        "seed": SEED,
        "draws": DRAWS,
        "told": {},
        "assumed": made.assumed.model_dump(mode="json", by_alias=True),
        "plan": made.plan.model_dump_json(by_alias=True).encode(),
    }
    await session.execute(insert(Scenario).values(**row))
    return {"version": row["version"], "lines": len(made.plan.lines)}


async def next_version(session: AsyncSession, org_id: int, scenario: str) -> int:
    """One more than the newest; who asks for the same one waits until this is stored."""
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, :org))")
    await session.execute(lock, {"name": f"scenario {scenario}", "org": org_id})
    newest = select(func.max(Scenario.version)).where(
        Scenario.org_id == org_id, Scenario.scenario == scenario
    )
    return (await session.scalar(newest) or 0) + 1


async def add_scenario(
    session: AsyncSession, principal: Principal, told: ScenarioTold
) -> tuple[Scenario, bool]:
    """A version of a what-if, reckoned and stored; whether it is new.

    The same levers on the same baseline as the newest version are that version. Raises Invalid
    with all that is wrong of it.
    """
    if told.scenario == queries.BASELINE:
        detail = "`baseline` is what the tower reckons itself. Give your scenario another name."
        fault = Fault("reserved", detail, pointer="/scenario")
        raise Invalid(detail, code="not-valid", faults=[fault])
    facts = told.model_dump(mode="json", by_alias=True, exclude={"based_on"})
    found = person_in(facts)
    if found is not None:
        raise Invalid(
            PERSON.detail, code=PERSON.code, faults=[replace(PERSON, pointer=found.pointer)]
        )
    base = await queries.baseline(session, told.based_on)
    assumed = AssumptionSet.model_validate(base.assumed)
    levers = checked(told)
    version = await next_version(session, principal.org_id, told.scenario)
    newest = await queries.version(session, principal.org_id, told.scenario, version - 1)
    if newest is not None and newest.told == facts and newest.based_on == base.id:
        return newest, False
    made = await asyncio.to_thread(what_if, assumed, levers, told)
    row = Scenario(
        org_id=principal.org_id,
        id=uuid.uuid4(),
        scenario=told.scenario,
        version=version,
        based_on=base.id,
        issued_at=base.issued_at,
        client_id=principal.client_id,
        seed=told.seed,
        draws=told.draws,
        told=facts,
        assumed=base.assumed,
        plan=made.model_dump_json(by_alias=True).encode(),
    )
    session.add(row)
    note(
        *(session, principal, "scenarios.add", "C"),
        object_type="scenario",
        object_id=str(row.id),
        right="scenarios:write",
        scenario=told.scenario,
        version=version,
    )
    await session.flush()
    await session.refresh(row)
    return row, True


def checked(told: ScenarioTold) -> list[Lever]:
    """The levers as the core has them; raises Invalid with all those that cannot be."""
    levers, faults = [], []
    for n, each in enumerate(told.levers):
        try:
            levers.append(lever_of(each))
        except ValueError as error:
            faults.append(Fault("not-valid", str(error), pointer=f"/levers/{n}"))
    if faults:
        detail = "Not all levers can be used; see errors. Nothing was stored."
        raise Invalid(detail, code="not-valid", faults=faults)
    return levers


def what_if(assumed: AssumptionSet, levers: Sequence[Lever], told: ScenarioTold) -> Plan:
    try:
        return plan(assumed, assumptions(assumed, levers), told.order, told.seed, told.draws)
    except ValueError as error:
        detail = "These levers do not fit what is assumed; see errors. Nothing was stored."
        pointer = "/order" if str(error).startswith("An order") else "/levers"
        fault = Fault("not-valid", str(error), pointer=pointer)
        raise Invalid(detail, code="not-valid", faults=[fault]) from error
