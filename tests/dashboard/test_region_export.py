"""The region as a file: what is handed out is the file that set it up, and changes nothing."""

import json
from datetime import timedelta

from httpx import AsyncClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tables import AuditEvent
from app.facilities.commands import apply
from app.facilities.region import Region
from app.facilities.region_file import parse
from app.feeds.queries import FEEDS
from app.opening import ZOETERMEER
from tests import make
from tests.dashboard.test_managing import a_feed, an_operator


async def a_region(session: AsyncSession, written: str) -> None:
    await apply(session, parse(written), at=make.now(), feeds=FEEDS)
    await session.commit()


async def test_the_file_is_the_one_that_set_the_region_up_without_its_clients(
    client: AsyncClient, session: AsyncSession
) -> None:
    first = ZOETERMEER.read_text("utf-8")
    await a_region(session, first)
    key = await make.a_key(
        session, "operator", "overview:read", organisation="toren-operator", audience="operator"
    )

    answer = await client.get("/beheer/regio.yaml", headers=key)

    assert answer.status_code == 200, answer.text
    again = parse(answer.text)
    assert said_in(again) == said_in(parse(first))
    assert "vt_" not in answer.text
    changes = await apply(session, again, at=make.now(), dry_run=True, feeds=FEEDS)
    assert [str(change) for change in changes] == []
    noted = select(AuditEvent.right).where(AuditEvent.event == "region.export")
    assert await session.scalar(noted) == "operator"


async def test_what_was_changed_through_the_api_is_in_it(
    client: AsyncClient, session: AsyncSession
) -> None:
    await a_region(session, SMALL)
    operator = await an_operator(session)
    key = await make.a_key(session)
    await make.a_mandate(session, "reo-flex", of="reo", to="toren")
    feed = await a_feed(session, "reo")
    await client.post(f"/v1/feeds/{feed}/_suspend", json={"reason": "security"}, headers=operator)
    until = (make.now() + timedelta(days=9)).isoformat()
    given = {"to": "toren", "units": ["reo-flex"], "until": until}
    await client.post("/v1/mandates", json=given, headers=key)

    answer = await client.get("/beheer/regio.yaml", headers=operator)

    region = parse(answer.text)
    assert [(each.state, each.reason) for each in region.feeds] == [("suspended", "security")]
    assert [each.mandate for each in region.mandates] == ["reo-toren"]


async def test_it_is_for_the_operator_alone(client: AsyncClient, session: AsyncSession) -> None:
    key = await make.a_key(session)

    answer = await client.get("/beheer/regio.yaml", headers=key)

    assert answer.status_code == 403


async def test_what_cannot_be_told_whole_is_not_told(
    client: AsyncClient, session: AsyncSession
) -> None:
    await a_region(session, SMALL)
    await make.a_unit(session, "reo-los", facility="nergens")
    operator = await an_operator(session)

    answer = await client.get("/beheer/regio.yaml", headers=operator)

    assert (answer.status_code, answer.json()["code"]) == (409, "no-whole-file")


def said_in(region: Region) -> dict[str, list[str]]:
    """Each section in any order; from when it held and who calls are of the first file alone."""
    told = {name: getattr(region, name) for name in Region.model_fields}
    return {
        name: sorted(json.dumps(one.model_dump(mode="json"), sort_keys=True) for one in each)
        for name, each in told.items()
        if name not in ("region", "clients")
    }


SMALL = """
region: {name: Regio (fictief), fictief: true}
organisations:
  - {organisation: reo, name: REO (fictief), audience: provider}
facilities:
  - {facility: huis, organisation: reo, name: Huis, area: {municipality: zoetermeer}}
units:
  - unit: reo-flex
    organisation: reo
    name: Flex
    facility: huis
    careSetting: reo
    beds: [{bedType: observation-elderly, law: Zvw}]
    reporting: {moments: ["08:00"]}
"""
