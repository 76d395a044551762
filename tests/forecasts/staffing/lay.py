"""A region with norms, patients, rosters and absence, laid out as if it had been told."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
from httpx import AsyncClient, Response
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.facilities.tables import RuleVersion, StaffPool, StaffPoolVersion, Unit
from app.forecasts.calendar import day_start, days_from, local_day
from app.forecasts.commands import add
from app.forecasts.paths import packed
from app.forecasts.runs import Bundle, Horizon, Issued, Kind, Run, Step
from app.forecasts.staffing.posts import span
from app.observations.measures import MEASURES
from app.observations.tables import DIMENSIONS, Observation, Series
from tests import make

Headers = dict[str, str]
NOW = datetime.now(UTC)
TODAY = local_day(NOW)
NIGHT = {"shift": "nacht", "start": "23:00", "end": "07:15"}
SHIFTS = [
    {"shift": "dag", "start": "07:00", "end": "15:30"},
    {"shift": "avond", "start": "15:00", "end": "23:15"},
    NIGHT,
]


# What a run says of each unit: people in the mean, and places.
LEVELS: dict[str, float] = {}
# How many of them wait for a place.
WAITING: dict[str, float] = {}


async def a_ward(
    session: AsyncSession,
    unit: str = "reo-flex",
    organisation: str = "reo",
    level: float = 10,
    waiting: float = 0,
    **facts: Any,
) -> None:
    """A unit with three shifts of nurses; a run says that about so many are there, and wait."""
    told = {"shifts": SHIFTS, "roles": ["nurse"], **facts}
    await make.a_unit(session, unit, organisation, **told)
    LEVELS[unit], WAITING[unit] = level, waiting


async def issue(session: AsyncSession, horizon: Horizon = "weeks") -> Run:
    """A run whose paths lie evenly within a fifth of the level of each unit, on four more places:
    as the engine would store it, made without it."""
    kind = Kind("occupied", "bed", "observation-elderly")
    days = horizon == "weeks"
    first = TODAY if days else TODAY.replace(day=1)
    steps = 98 if days else 18
    even = np.linspace(0.8, 1.2, 500)[:, None]
    owners = (await session.execute(select(Unit.unit, Unit.org_id))).all()
    bundles, issued = [], []
    for unit, org_id in owners:
        bits, paths = packed(np.tile(LEVELS[unit] * even, (1, steps)))
        bundles.append(Bundle(org_id, unit, kind, first, steps, bits, paths))
        if WAITING[unit]:
            bits, paths = packed(np.tile(LEVELS[unit] * even + WAITING[unit], (1, steps)))
            need = kind._replace(measure="need")
            bundles.append(Bundle(org_id, unit, need, first, steps, bits, paths))
        points = [
            Step(day_start(day), 86400, [], LEVELS[unit] + 4, None) for day in days_from(first, 98)
        ]
        issued.append(Issued(org_id, "unit", unit, kind, "known", {}, points if days else []))
    run = Run(horizon, NOW, NOW, "laid out", 1, [0.5], issued, bundles)
    await add(session, [run])
    await session.commit()
    return run


async def a_norm(session: AsyncSession, name: str, **settings: Any) -> None:
    org_id = await make.an_organisation(session, "tower", "operator")
    facts = {"source": "fictief", "year": 2026, "settings": settings}
    rule = {"kind": "norm", "rule": name, "valid_from": make.LONG_AGO, "facts": facts}
    session.add(RuleVersion(org_id=org_id, **rule))
    await session.commit()


async def a_pool(session: AsyncSession, pool: str, *units: str, organisation: str = "reo") -> None:
    """A pool of nurses at night."""
    org_id = await make.an_organisation(session, organisation)
    session.add(StaffPool(staff_pool=pool, org_id=org_id))
    await session.flush()
    facts = {"name": f"{pool} (fictief)", "units": units, "roles": ["nurse"], "shifts": [NIGHT]}
    version = {"staff_pool": pool, "org_id": org_id, "valid_from": make.LONG_AGO, "facts": facts}
    session.add(StaffPoolVersion(**version))
    await session.commit()


async def heads(
    session: AsyncSession,
    measure: str,
    value: float,
    first: date,
    days: int,
    *,
    unit: str = "reo-flex",
    pool: str = "",
    organisation: str = "reo",
    role: str = "nurse",
    shift: Mapping[str, str] = SHIFTS[0],
) -> None:
    """The same heads in a shift of each of these days, as a period each."""
    org_id = await make.an_organisation(session, organisation)
    told = dict.fromkeys(DIMENSIONS, "") | {"measure": measure, "role": role}
    told |= {"shift": shift["shift"], "unit": "" if pool else unit, "staff_pool": pool}
    same = [getattr(Series, name) == word for name, word in told.items()]
    series_id = await session.scalar(select(Series.series_id).where(*same))
    if series_id is None:
        quantity = MEASURES[measure].quantity
        row = {"org_id": org_id, **told, "quantity": quantity, "source_kind": "feed"}
        made = await session.execute(insert(Series).values(row).returning(Series.series_id))
        series_id = made.scalar_one()
    rows = []
    for day in days_from(first, days):
        begin, end = span(day, time_of(shift["start"]), time_of(shift["end"]))
        said = min(begin, NOW - timedelta(hours=1))
        rows.append(
            {
                "org_id": org_id,
                "series_id": series_id,
                "at": begin,
                "length_s": int((end - begin).total_seconds()),
                "known_at": said,
                "observed_at": said,
                "value": value,
                "report_id": REPORT,
                "reported_by": org_id,
                "precision": "moment",
            }
        )
    await session.execute(insert(Observation), rows)
    await session.commit()


async def requests(
    session: AsyncSession, measure: str, an_hour: float, days: int, unit: str = "reo-flex"
) -> None:
    """So many in each hour of the days before now."""
    org_id = await make.an_organisation(session, "reo")
    words = dict.fromkeys(DIMENSIONS, "") | {"measure": measure, "unit": unit}
    about = {"quantity": MEASURES[measure].quantity, "source_kind": "feed"}
    made = insert(Series).values({"org_id": org_id, **words, **about}).returning(Series.series_id)
    series_id = (await session.execute(made)).scalar_one()
    hour = NOW.replace(minute=0, second=0, microsecond=0)
    rows = [
        {
            "org_id": org_id,
            "series_id": series_id,
            "at": hour - timedelta(hours=ago),
            "length_s": 3600,
            "known_at": hour - timedelta(hours=ago - 1),
            "observed_at": hour - timedelta(hours=ago - 1),
            "value": an_hour,
            "report_id": REPORT,
            "reported_by": org_id,
            "precision": "moment",
        }
        for ago in range(24 * days, 0, -1)
    ]
    await session.execute(insert(Observation), rows)
    await session.commit()


REPORT = "00000000-0000-4000-8000-000000000001"


def time_of(text: str) -> time:
    return time.fromisoformat(text)


async def ask(client: AsyncClient, headers: Headers, **query: Any) -> Response:
    return await client.get("/v1/staffing", params=query, headers=headers)
