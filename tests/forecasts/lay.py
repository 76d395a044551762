"""Daily figures laid out by the owner, as if they had been reported at the time."""

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tables import SharingRuleVersion
from app.db import sessions_of
from app.facilities.tables import Group, GroupVersion
from app.forecasts.calendar import moment
from app.forecasts.commands import add
from app.forecasts.runs import Run
from app.jobs.commands import Outcome, runs_of, scored, working
from app.observations.tables import DIMENSIONS, Observation, Series
from app.planning.commands import add_baseline
from tests import make

ENDS = date(2026, 11, 20)
# An hour after the census of the last day.
AT = datetime(2026, 11, 20, 8, tzinfo=UTC)


async def a_series(
    session: AsyncSession,
    values: Sequence[float | None],
    measure: str = "occupied",
    unit: str = "reo-flex",
    organisation: str = "reo",
    *,
    source_kind: str = "feed",
    ends: date = ENDS,
    at: time = time(7, 55),
    known_at: datetime | None = None,
    **words: str,
) -> int:
    """One value a day, the last on `ends`; known an hour after it was observed if not told."""
    org_id = await make.an_organisation(session, organisation)
    told = dict.fromkeys(DIMENSIONS, "")
    told |= {"unit": unit, "measure": measure, "resource": "bed"}
    told |= {"bed_type": "observation-elderly", **words}
    made = insert(Series).values(org_id=org_id, **told, quantity="count", source_kind=source_kind)
    series_id = int((await session.execute(made.returning(Series.series_id))).scalar_one())
    days = [ends - timedelta(days=back) for back in range(len(values))][::-1]
    moments = [moment(day, at) for day in days]
    rows = [
        {
            "org_id": org_id,
            "series_id": series_id,
            "at": told_at,
            "length_s": 0,
            "known_at": known_at or told_at + timedelta(hours=1),
            "observed_at": told_at,
            "value": value,
            "report_id": uuid.uuid4(),
            "reported_by": org_id,
            "precision": "moment",
        }
        for told_at, value in zip(moments, values, strict=True)
    ]
    await session.execute(text("SELECT ensure_partitions(:a, :b)"), {"a": days[0], "b": ends})
    await session.execute(insert(Observation), rows)
    await session.commit()
    return series_id


async def a_group(session: AsyncSession, group: str, *units: str) -> None:
    org_id = await make.an_organisation(session, "tower", "operator")
    session.add(Group(group=group, org_id=org_id))
    await session.flush()
    facts = {"name": f"{group} (fictief)", "members": [{"unit": unit} for unit in units]}
    session.add(GroupVersion(group=group, org_id=org_id, valid_from=make.LONG_AGO, facts=facts))
    await session.commit()


def ripple(days: int, level: float = 10, weekend: float = -3) -> list[float | None]:
    """A count with a week in it and a little unrest, the same every time."""
    end = ENDS.toordinal()
    weekdays = [date.fromordinal(end - back).weekday() for back in range(days)][::-1]
    return [
        level + (weekend if day > 4 else 0) + (n * 7919 % 5) - 2 for n, day in enumerate(weekdays)
    ]


def a_cut(at: datetime = AT) -> datetime:
    """After all that was laid out was known, whatever the clock of this machine says."""
    return max(datetime.now(UTC), at + timedelta(days=1))


async def issue(
    worker_url: str, at: datetime = AT, data_cut: datetime | None = None
) -> dict[str, Run]:
    """The runs of all horizons, stored by the worker's role; all that is laid out is known."""
    cut = data_cut or a_cut(at)
    async with working(worker_url) as engine:
        runs, years = await runs_of(engine, at, cut)
        async with sessions_of(engine)() as session, session.begin():
            await session.execute(text("SELECT 1"))
            await add(session, runs)
            await add_baseline(session, years)
    return {run.horizon: run for run in runs}


async def score(worker_url: str, at: datetime, cut: datetime | None = None) -> Outcome:
    """What the job does, by all that is known now; without the wait for writes to settle."""
    async with working(worker_url) as engine:
        store = await scored(engine, at, cut or datetime.now(UTC))
        async with sessions_of(engine)() as session, session.begin():
            return await store(session)


async def a_reader(session: AsyncSession, organisation: str, audience: str) -> dict[str, str]:
    return await make.a_key(session, "forecasts:read", organisation=organisation, audience=audience)


async def share(session: AsyncSession, owner: str, **facts: Any) -> None:
    """Since a day ago the owner's forecasts are shared with whom `facts` name."""
    org_id = await make.an_organisation(session, owner)
    session.add(
        SharingRuleVersion(
            org_id=org_id,
            sharing_rule="forecast",
            valid_from=datetime.now(UTC) - timedelta(days=1),
            facts={"shown": ["forecast"], **facts},
        )
    )
    await session.commit()
