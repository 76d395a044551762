"""What the what-if page asks: the scenarios that are stored, and those to hold side by side."""

from collections.abc import Sequence

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.errors import NotFound
from app.planning import queries as planning
from app.planning.routes import seen
from app.planning.schemas import ScenarioView
from app.planning.tables import Scenario

LATEST = 20
MOST = 3


async def views(
    request: Request, session: AsyncSession, viewer: Principal, ids: str
) -> list[ScenarioView]:
    """The newest baseline, or those that are named; none before the years were reckoned."""
    named = [part.strip() for part in ids.split(",") if part.strip()][:MOST] or ["baseline"]
    try:
        rows = [await planning.scenario(session, each) for each in named]
    except NotFound:
        if ids:
            raise
        return []
    return [await seen(request, session, viewer, row) for row in rows]


async def latest(session: AsyncSession) -> Sequence[Scenario]:
    """Of each name and owner the newest version, without the baselines of the runs."""
    found = await planning.scenarios(session, None, None, 5 * LATEST, None)
    kept: dict[tuple[int, str], Scenario] = {}
    for row in found:
        if row.scenario != planning.BASELINE:
            kept.setdefault((row.org_id, row.scenario), row)
    return list(kept.values())[:LATEST]
