"""How far a living region has been told: kept, so that a restart loses nothing and doubles nothing.

`told`: all until then is in the store. `begun`: all until then was on its way; what lies between
the two is sent again, and loading goes on from there.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

TOLD, BEGUN = "told", "begun"
MARKERS = text(
    "SELECT place, until FROM demo_loads WHERE org_id = 0 AND place IN ('told', 'begun')"
)


@dataclass(frozen=True)
class Headway:
    """Moments up to which was told, and up to which telling had begun."""

    told: datetime
    begun: datetime


async def headway(session: AsyncSession) -> Headway | None:
    found = {row.place: row.until for row in await session.execute(MARKERS)}
    return Headway(found[TOLD], found[BEGUN]) if len(found) == 2 else None
