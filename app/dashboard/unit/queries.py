"""What the page of one unit asks: its forecast over each horizon, and what it told before."""

from collections.abc import Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from functools import partial

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.queries import organisations
from app.dashboard.ahead.queries import drawn_of
from app.dashboard.charts import Chart
from app.dashboard.language import spoken
from app.dashboard.names import kind_name
from app.dashboard.queries import shown_again, told
from app.dashboard.unit.back import MEASURES, Back, back_chart, report_row, steps_of
from app.db import raw
from app.errors import Forbidden, NotFound
from app.forecasts.runs import Horizon
from app.observations import queries as history
from app.observations.history import Rolled, RollUp, stretch_of, whole
from app.observations.notices.routes import events
from app.observations.notices.schemas import EventShown
from app.overview.schemas import UnitNow

LAST_REPORTS = 12


async def ahead(
    request: Request, session: AsyncSession, viewer: Principal, unit: UnitNow, horizon: Horizon
) -> Sequence[Chart]:
    """A picture for each kind of bed of the unit, where anything is known and may be seen."""
    try:
        answer = await told(request, session, viewer, "unit", unit.unit, horizon)
    except NotFound:
        return ()
    found = [
        drawn_of(f"{unit.name}, {kind_name(of.bed_type)}", f"unit={unit.unit}", horizon, of)
        for of in answer.forecasts
    ]
    return numbered([chart for chart in found if chart is not None])


# A look back of a year reads a year of figures.
SHOWN_SECONDS = 120.0


async def back(
    request: Request,
    session: AsyncSession,
    viewer: Principal,
    unit: UnitNow,
    how: Back,
    now: datetime,
) -> Sequence[Chart]:
    """What the unit told before, for its own organisation; up to two minutes old."""
    about = ("back", spoken(), viewer.org_id, unit.unit, how.key)
    make = partial(looked_back, session, viewer, unit, how, now)
    return await shown_again(request, about, SHOWN_SECONDS, make)


async def looked_back(
    session: AsyncSession, viewer: Principal, unit: UnitNow, how: Back, now: datetime
) -> Sequence[Chart]:
    until = now
    since, end = whole(until - timedelta(days=how.days), until, how.stretch)
    asked = history.Asked(
        org_id=viewer.org_id,
        unit=unit.unit,
        since=since,
        until=end,
        known_at=until,
        measures=MEASURES,
        lead_in=True,
    )
    rolling = RollUp(how.stretch, since, end, until)
    told: list[Rolled] = []
    async with aclosing(history.history(await raw(session), asked)) as points:
        async for point in points:
            told += rolling.take(point)
    told += rolling.finish()
    starts = [since]
    while (after := stretch_of(starts[-1], how.stretch)[1]) < end:
        starts.append(after)
    found = [
        back_chart(unit.unit, unit.name, kind, steps, how)
        for kind, steps in steps_of(told, starts).items()
    ]
    return [chart for chart in found if chart is not None]


async def closures(session: AsyncSession, viewer: Principal, unit: str) -> Sequence[EventShown]:
    """Closures and openings of the last 400 days and those to come, where they may be seen."""
    try:
        return (await events(session, viewer, unit)).events
    except Forbidden:
        return ()


async def reports(session: AsyncSession, viewer: Principal, unit: str) -> Sequence[tuple[str, ...]]:
    names = await organisations(session)
    found = await history.last_reports(session, viewer.org_id, unit, LAST_REPORTS)
    return [report_row(each, names) for each in found]


def numbered(charts: Sequence[Chart]) -> Sequence[Chart]:
    """Each with a name of its own on the page."""
    return [chart.named(f"{chart.name}-{n}") if n else chart for n, chart in enumerate(charts)]
