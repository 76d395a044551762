"""The tables that the years are reckoned from, and the scenarios that were stored."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Invalid, NotFound
from app.facilities import queries as facilities
from app.facilities.norms import norms_of
from app.facilities.schemas import Law
from app.faults import Fault
from app.forecasts import calendar
from app.forecasts.runs import REGION
from app.planning.assembly import Tables
from app.planning.minima import Fewest, fewest
from app.planning.tables import Scenario

BASELINE = "baseline"


async def tables(session: AsyncSession, holds: datetime, data_cut: datetime) -> Tables:
    """What the region file says of the years, as known at the cut."""
    units = await facilities.units(session, holds, data_cut)
    stands = await facilities.facilities(session, holds, data_cut)
    catchment: dict[str, Mapping[str, float]] = {}
    laws: dict[tuple[str, str], Law] = {}
    for unit, known in units.items():
        catchment[unit] = {each.municipality: each.share for each in known.facts.catchment}
        for bed in known.facts.beds:
            laws[known.facts.care_setting, bed.bed_type] = bed.law
    return Tables(
        population=await facilities.population(session, holds, data_cut),
        use=await facilities.use(session, holds, data_cut),
        labour=await facilities.labour(session, holds, data_cut),
        municipality={
            unit: stands[known.facts.facility].facts.area.municipality
            for unit, known in units.items()
            if known.facts.facility in stands
        },
        catchment=catchment,
        laws=laws,
        fewest=await fewest_heads(session, holds, data_cut),
    )


async def fewest_heads(
    session: AsyncSession, holds: datetime, data_cut: datetime
) -> Sequence[Fewest]:
    """By the norms of the region; none where they cannot be reckoned with, as `/v1/staffing` then
    says: the years stand without them."""
    units = await facilities.units(session, holds, data_cut)
    pools = await facilities.staff_pools(session, holds, data_cut)
    try:
        norms = norms_of(await facilities.rules(session, "norm", holds, data_cut))
    except ValueError:
        return ()
    return await asyncio.to_thread(
        fewest,
        {name: (known.org_id, known.facts) for name, known in units.items()},
        {name: (known.org_id, known.facts) for name, known in pools.items()},
        norms,
        calendar.local_day(holds),
    )


async def baseline(
    session: AsyncSession, wanted: uuid.UUID | None, known_at: datetime | None = None
) -> Scenario:
    """The newest baseline, or the one that is wanted."""
    found = select(Scenario).where(Scenario.org_id == REGION, Scenario.scenario == BASELINE)
    if wanted is not None:
        found = found.where(Scenario.id == wanted)
    if known_at is not None:
        found = found.where(Scenario.known_at <= known_at)
    row: Scenario | None = await session.scalar(
        found.order_by(Scenario.known_at.desc(), Scenario.id).limit(1)
    )
    if row is None and wanted is not None:
        detail = "There is no baseline of this id. GET /v1/scenarios?scenario=baseline lists them."
        fault = Fault("unknown-baseline", detail, pointer="/basedOn")
        raise Invalid(detail, code="not-valid", faults=[fault])
    if row is None:
        detail = "The years were not reckoned yet: the next run is at 04:00."
        raise NotFound(detail, code="no-run")
    return row


async def version(
    session: AsyncSession, org_id: int, scenario: str, number: int
) -> Scenario | None:
    found = select(Scenario).where(
        Scenario.org_id == org_id, Scenario.scenario == scenario, Scenario.version == number
    )
    row: Scenario | None = await session.scalar(found)
    return row


async def scenario(session: AsyncSession, name: str, known_at: datetime | None = None) -> Scenario:
    """By its id; or the newest baseline, by that word."""
    if name == BASELINE:
        return await baseline(session, None, known_at)
    try:
        wanted = uuid.UUID(name)
    except ValueError:
        wanted = None
    row: Scenario | None = None
    if wanted is not None:
        row = await session.scalar(select(Scenario).where(Scenario.id == wanted).limit(1))
    if row is None:
        raise NotFound(
            "There is no scenario of this id. GET /v1/scenarios lists them; `baseline` is the "
            "newest without levers.",
            code="unknown-scenario",
        )
    return row


async def scenarios(
    session: AsyncSession,
    named: str | None,
    known_at: datetime | None,
    limit: int,
    after: tuple[datetime, uuid.UUID] | None,
) -> Sequence[Scenario]:
    """The newest first."""
    found = select(Scenario).order_by(Scenario.known_at.desc(), Scenario.id.desc()).limit(limit)
    if named is not None:
        found = found.where(Scenario.scenario == named)
    if known_at is not None:
        found = found.where(Scenario.known_at <= known_at)
    if after is not None:
        found = found.where(tuple_(Scenario.known_at, Scenario.id) < after)
    return list(await session.scalars(found))
