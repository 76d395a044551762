"""What the page of one unit asks: its forecast over each horizon."""

from collections.abc import Sequence

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.dashboard.ahead.queries import drawn_of
from app.dashboard.charts import Chart
from app.dashboard.names import kind_name
from app.dashboard.queries import told
from app.errors import NotFound
from app.forecasts.runs import Horizon
from app.overview.schemas import UnitNow


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


def numbered(charts: Sequence[Chart]) -> Sequence[Chart]:
    """Each with a name of its own on the page."""
    return [chart.named(f"{chart.name}-{n}") if n else chart for n, chart in enumerate(charts)]
