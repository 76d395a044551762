"""What an import must know of the units there are, or of the staff pools."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.queries import organisations
from app.facilities.queries import aliases, directory_at
from app.facilities.tables import StaffPool, Unit
from app.feeds.imports.names import Known
from app.feeds.places import place_of_pool, place_of_unit
from app.feeds.profiles import POOL, Profile


async def known(session: AsyncSession, organisation: str, profile: Profile, now: datetime) -> Known:
    numbers = {name: org_id for org_id, name in (await organisations(session)).items()}
    org_id = numbers.get(organisation)
    directory = await directory_at(session, now)
    if profile.unit == POOL:
        pools = await session.execute(select(StaffPool.staff_pool, StaffPool.org_id))
        places = {name: place_of_pool(pool) for name, pool in directory.staff_pools.items()}
        return Known(org_id, places, {row.staff_pool: row.org_id for row in pools}, {})
    owners = await session.execute(select(Unit.unit, Unit.org_id))
    return Known(
        org_id,
        {unit: place_of_unit(known, directory) for unit, known in directory.units.items()},
        {row.unit: row.org_id for row in owners},
        {} if org_id is None else await aliases(session, org_id),
    )
