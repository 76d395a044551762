"""What an import must know of the units there are, or of the staff pools."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.queries import organisations
from app.facilities.queries import aliases, facilities, staff_pools, units
from app.facilities.tables import StaffPool, Unit
from app.feeds.imports.names import Known
from app.feeds.places import areas_of, place_of_pool, place_of_unit
from app.feeds.profiles import POOL, Profile


async def known(session: AsyncSession, organisation: str, profile: Profile, now: datetime) -> Known:
    numbers = {name: org_id for org_id, name in (await organisations(session)).items()}
    org_id = numbers.get(organisation)
    if profile.unit == POOL:
        pools = await session.execute(select(StaffPool.staff_pool, StaffPool.org_id))
        held = await staff_pools(session, now)
        places = {name: place_of_pool(pool) for name, pool in held.items()}
        return Known(org_id, places, {row.staff_pool: row.org_id for row in pools}, {})
    owners = await session.execute(select(Unit.unit, Unit.org_id))
    areas = areas_of((await facilities(session, now)).values())
    return Known(
        org_id,
        {name: place_of_unit(unit, areas) for name, unit in (await units(session, now)).items()},
        {row.unit: row.org_id for row in owners},
        {} if org_id is None else await aliases(session, org_id),
    )
