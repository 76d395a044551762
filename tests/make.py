"""Rows for tests: each maker names what it makes and lets a test say only what matters."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.commands import add_client, add_key
from app.access.disclosure import Detail, Shown
from app.access.scopes import SCOPES, Scope
from app.access.tables import (
    MandateVersion,
    Organisation,
    OrganisationVersion,
    SharingRuleVersion,
)
from app.facilities.tables import Facility, FacilityVersion, Unit, UnitVersion
from tests.conftest import PEPPER

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def now() -> datetime:
    return datetime.now(UTC)


async def an_organisation(
    session: AsyncSession, organisation: str = "reo", audience: str = "provider"
) -> int:
    known = select(Organisation.org_id).where(Organisation.organisation == organisation)
    found = await session.scalar(known)
    if found is not None:
        return found
    made = insert(Organisation).values(organisation=organisation).returning(Organisation.org_id)
    org_id: int = (await session.execute(made)).scalar_one()
    facts = {"name": f"{organisation} (fictief)", "audience": audience}
    session.add(OrganisationVersion(org_id=org_id, valid_from=LONG_AGO, facts=facts))
    session.add(Facility(facility=f"{organisation}-huis", org_id=org_id))
    await session.flush()
    session.add(
        FacilityVersion(
            facility=f"{organisation}-huis",
            org_id=org_id,
            valid_from=LONG_AGO,
            facts={"name": "Huis (fictief)", "area": {"municipality": "zoetermeer"}},
        )
    )
    await session.commit()
    return org_id


async def a_unit(
    session: AsyncSession, unit: str = "reo-flex", organisation: str = "reo", **facts: Any
) -> str:
    """A unit with two observation beds that reports at 08:00 and 15:30, unless told otherwise."""
    org_id = await an_organisation(session, organisation)
    session.add(Unit(unit=unit, org_id=org_id))
    await session.flush()
    told = {
        "name": f"{unit} (fictief)",
        "facility": f"{organisation}-huis",
        "careSetting": "reo",
        "beds": [{"bedType": "observation-elderly", "law": "Zvw"}],
        "reporting": {"moments": ["08:00", "15:30"]},
        **facts,
    }
    session.add(UnitVersion(unit=unit, org_id=org_id, valid_from=LONG_AGO, facts=told))
    await session.commit()
    return unit


async def a_key(
    session: AsyncSession,
    *scopes: Scope,
    organisation: str = "reo",
    audience: str = "provider",
    source_kind: Any = "feed",
) -> dict[str, str]:
    """The headers with which a client of this organisation calls; all scopes if none are named."""
    org_id = await an_organisation(session, organisation, audience)
    client_id = await add_client(session, org_id, f"client-{uuid.uuid4().hex[:6]}", source_kind)
    wanted = list(scopes) or [scope for scope in SCOPES if scope != "operator"]
    key = await add_key(session, org_id, client_id, wanted, PEPPER.get_secret_value().encode())
    await session.commit()
    return {"Authorization": f"Bearer {key.text}"}


async def a_mandate(
    session: AsyncSession, *units: str, of: str, to: str, confirmed: bool = True
) -> None:
    org_id = await an_organisation(session, of)
    facts = {"to": to, "units": list(units), "confirmed": confirmed}
    session.add(
        MandateVersion(org_id=org_id, mandate=f"{of}-{to}", valid_from=LONG_AGO, facts=facts)
    )
    await session.commit()


async def a_sharing_rule(
    session: AsyncSession, owner: str, shown: Shown, detail: Detail, **fields: Any
) -> None:
    facts = {"shown": [shown], "detail": detail, **fields}
    org_id = await an_organisation(session, owner)
    rule = f"{shown}-{detail}"
    session.add(
        SharingRuleVersion(org_id=org_id, sharing_rule=rule, valid_from=LONG_AGO, facts=facts)
    )
    await session.commit()


def a_figure(measure: str = "occupied", value: float | None = 1, **dimensions: Any) -> Any:
    return {"measure": measure, "value": value, **dimensions}


def a_report(
    *figures: Any, unit: str = "reo-flex", ago: timedelta = timedelta(0), **fields: Any
) -> Any:
    """A report of one moment; one occupied bed if no figures are given."""
    return {
        "id": str(uuid.uuid4()),
        "unit": unit,
        "observedAt": (now() - ago).isoformat(),
        "figures": list(figures) or [a_figure()],
        **fields,
    }
