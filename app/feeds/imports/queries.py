"""What an import must know of the units there are."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.queries import organisations
from app.facilities.queries import aliases, directory_at
from app.facilities.tables import Unit
from app.feeds.imports.names import Known
from app.feeds.places import place_of_unit


async def known(session: AsyncSession, organisation: str, now: datetime) -> Known:
    numbers = {name: org_id for org_id, name in (await organisations(session)).items()}
    org_id = numbers.get(organisation)
    directory = await directory_at(session, now)
    owners = await session.execute(select(Unit.unit, Unit.org_id))
    return Known(
        org_id,
        {unit: place_of_unit(known, directory) for unit, known in directory.units.items()},
        {row.unit: row.org_id for row in owners},
        {} if org_id is None else await aliases(session, org_id),
    )
