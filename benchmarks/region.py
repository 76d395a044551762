"""A made-up region (fictief) to measure with: 10 organisations of 20 units, and who looks at it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.commands import add_client, add_key
from app.access.scopes import Audience, Scope
from app.access.tables import Organisation, OrganisationVersion
from app.db import connect, sessions_of
from app.facilities.tables import Facility, FacilityVersion, Unit, UnitVersion
from benchmarks.ground import Ground

ORGANISATIONS = 10
UNITS = 20
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
BED_TYPE = "observation-elderly"


@dataclass(frozen=True)
class Provider:
    """An organisation that reports: its units, and the key of its client."""

    org_id: int
    units: Sequence[str]
    authorization: str


@dataclass(frozen=True)
class Region:
    providers: Sequence[Provider]
    coordinator: str


async def lay_out(ground: Ground) -> Region:
    engine = connect(ground.urls.owner, pool_size=1, limits={})
    try:
        async with sessions_of(engine).begin() as session:
            pepper = ground.pepper.encode()
            providers = [await a_provider(session, n, pepper) for n in range(ORGANISATIONS)]
            org_id = await an_organisation(session, "coordinator", "coordinator")
            reads: list[Scope] = ["overview:read", "forecasts:read"]
            coordinator = await a_key(session, org_id, reads, pepper)
        return Region(providers, coordinator)
    finally:
        await engine.dispose()


async def an_organisation(session: AsyncSession, name: str, audience: Audience) -> int:
    made = insert(Organisation).values(organisation=name).returning(Organisation.org_id)
    org_id: int = (await session.execute(made)).scalar_one()
    facts = {"name": f"{name} (fictief)", "audience": audience}
    session.add(OrganisationVersion(org_id=org_id, valid_from=LONG_AGO, facts=facts))
    return org_id


async def a_key(session: AsyncSession, org_id: int, scopes: Sequence[Scope], pepper: bytes) -> str:
    client_id = await add_client(session, org_id, "bench", "feed")
    return f"Bearer {(await add_key(session, org_id, client_id, list(scopes), pepper)).text}"


async def a_provider(session: AsyncSession, number: int, pepper: bytes) -> Provider:
    name = f"provider-{number}"
    org_id = await an_organisation(session, name, "provider")
    house = f"{name}-house"
    session.add(Facility(facility=house, org_id=org_id))
    facts = {"name": "Huis (fictief)", "area": {"municipality": "zoetermeer"}}
    units = [f"{name}-unit-{n}" for n in range(UNITS)]
    session.add_all(Unit(unit=unit, org_id=org_id) for unit in units)
    await session.flush()
    version = {"org_id": org_id, "valid_from": LONG_AGO}
    session.add(FacilityVersion(facility=house, facts=facts, **version))
    session.add_all(UnitVersion(unit=u, facts=unit_facts(u, house), **version) for u in units)
    return Provider(org_id, units, await a_key(session, org_id, ["reports:write"], pepper))


def unit_facts(unit: str, house: str) -> dict[str, object]:
    return {
        "name": f"{unit} (fictief)",
        "facility": house,
        "careSetting": "reo",
        "beds": [{"bedType": BED_TYPE, "law": "Zvw"}],
        "reporting": {"moments": ["08:00", "15:30"]},
    }
