"""Master data over HTTP: who sees what of it, page by page, and only if it changed."""

from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tables import SharingRuleVersion
from app.contract import document
from app.facilities.schemas import BED_TYPES, ROLE_NAMES
from app.facilities.tables import Group, GroupVersion, RuleVersion, UnitVersion
from tests import make

PATHS = (
    *("organisations", "facilities", "units", "groups", "staff-pools", "bed-types"),
    *("roles", "norms", "mandates", "sharing-rules"),
)
SECRET: dict[str, Any] = {
    "contacts": [{"function": "opnamebureau", "phone": "079 000 0000"}],
    "contractHolder": "post",
    "catchment": [{"municipality": "dorp", "share": 0.5, "source": "fictief", "year": 2026}],
}
HIDDEN: dict[str, Any] = {"contacts": [], "contractHolder": None, "catchment": []}


async def test_every_list_can_be_read(client: AsyncClient, session: AsyncSession) -> None:
    await make.a_unit(session)
    who = await make.a_key(session, "overview:read")

    answers = {path: await client.get(f"/v1/{path}", headers=who) for path in PATHS}

    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(
        PATHS, 200
    )
    assert [unit["unit"] for unit in answers["units"].json()] == ["reo-flex"]
    assert {each["bedType"] for each in answers["bed-types"].json()} == BED_TYPES
    assert {each["role"] for each in answers["roles"].json()} == ROLE_NAMES.keys()


@pytest.mark.parametrize("path", [*PATHS, "units/reo-flex", "groups/alle"])
async def test_no_list_is_read_without_a_key_or_its_scope(
    client: AsyncClient, session: AsyncSession, path: str
) -> None:
    who = await make.a_key(session, "reports:write")

    assert (await client.get(f"/v1/{path}")).status_code == 401
    assert (await client.get(f"/v1/{path}", headers=who)).status_code == 403


async def test_a_unit_tells_its_hours_as_text(client: AsyncClient, session: AsyncSession) -> None:
    await make.a_unit(session)
    who = await make.a_key(session, "overview:read")

    unit = (await client.get("/v1/units/reo-flex", headers=who)).json()

    assert unit["reporting"]["moments"] == ["08:00", "15:30"]
    assert unit["censusTime"] == "08:00"
    assert unit["validFrom"] == "2020-01-01T00:00:00Z"
    assert unit["suppressed"] == []


@pytest.mark.parametrize(
    ("organisation", "audience", "sees"),
    [
        ("reo", "provider", True),
        ("caz", "coordinator", True),
        ("toren", "operator", True),
        ("ziekenhuis", "provider", False),
        ("gemeente", "municipality", False),
        ("verzekeraar", "insurer", False),
    ],
)
async def test_contacts_contract_and_catchment_are_for_the_owner_and_who_places_people(
    client: AsyncClient, session: AsyncSession, organisation: str, audience: str, sees: bool
) -> None:
    await make.a_unit(session, **SECRET)
    who = await make.a_key(session, "overview:read", organisation=organisation, audience=audience)

    one = (await client.get("/v1/units/reo-flex", headers=who)).json()
    (of_list,) = (await client.get("/v1/units", headers=who)).json()

    assert one == of_list
    assert {name: one[name] for name in SECRET} == (SECRET if sees else HIDDEN)
    assert one["suppressed"] == ([] if sees else ["contacts", "contractHolder", "catchment"])


async def test_pages_tell_every_unit_once(client: AsyncClient, session: AsyncSession) -> None:
    names = [await make.a_unit(session, f"kamer-{n}") for n in range(7)]
    who = await make.a_key(session, "overview:read")

    found, path = [], "/v1/units?limit=3"
    while path:
        answer = await client.get(path, headers=who)
        found.append([unit["unit"] for unit in answer.json()])
        path = answer.headers.get("link", "").partition(">")[0].removeprefix("<")

    assert int(answer.headers["content-length"]) == len(answer.content)
    assert [len(page) for page in found] == [3, 3, 1]
    assert [unit for page in found for unit in page] == names


async def test_a_cursor_of_another_list_is_refused(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    who = await make.a_key(session, "overview:read")

    answer = await client.get("/v1/units?cursor=bm9uc2Vuc2U", headers=who)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == "cursor"


async def test_what_did_not_change_is_not_sent_again(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    who = await make.a_key(session, "overview:read")
    first = await client.get("/v1/units", headers=who)

    same = await client.get("/v1/units", headers={**who, "If-None-Match": first.headers["etag"]})
    other = await client.get("/v1/units", headers={**who, "If-None-Match": 'W/"other"'})

    assert first.headers["etag"].startswith('W/"')
    assert (same.status_code, same.content) == (304, b"")
    assert (other.status_code, other.json()) == (200, first.json())


async def test_the_tag_of_a_page_says_nothing_of_what_another_may_see(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session, **SECRET)
    owner = await make.a_key(session, "overview:read")
    other = await make.a_key(session, "overview:read", organisation="ziekenhuis")
    tag = (await client.get("/v1/units/reo-flex", headers=owner)).headers["etag"]

    answer = await client.get("/v1/units/reo-flex", headers={**other, "If-None-Match": tag})

    assert answer.status_code == 200


async def test_master_data_can_be_asked_of_an_earlier_moment(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session, name="Kamer")
    kept = (await session.scalars(select(UnitVersion))).one()
    facts = {**kept.facts, "name": "Zaal"}
    session.add(UnitVersion(unit=kept.unit, org_id=kept.org_id, valid_from=make.now(), facts=facts))
    await session.commit()
    who = await make.a_key(session, "overview:read")

    now = await client.get("/v1/units/reo-flex", headers=who)
    then = await client.get("/v1/units/reo-flex?asOf=2026-01-01T00:00:00Z", headers=who)
    before = await client.get("/v1/units/reo-flex?asOf=2019-01-01T00:00:00Z", headers=who)

    assert now.json()["name"] == "Zaal"
    assert then.json()["name"] == "Kamer"
    assert before.status_code == 404


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("asOf=2026-01-01T00:00:00", "asOf"),
        ("asOf=gisteren", "asOf"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
    ],
)
async def test_a_wrong_parameter_is_named(
    client: AsyncClient, session: AsyncSession, query: str, parameter: str
) -> None:
    who = await make.a_key(session, "overview:read")

    answer = await client.get(f"/v1/units?{query}", headers=who)

    assert answer.status_code == 400
    assert [fault["parameter"] for fault in answer.json()["errors"]] == [parameter]


async def test_an_unknown_unit_is_not_found_in_words(
    client: AsyncClient, session: AsyncSession
) -> None:
    who = await make.a_key(session, "overview:read")

    answer = await client.get("/v1/units/nergens", headers=who)

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-unit")
    assert "nergens" not in answer.text


async def test_a_group_names_its_units_of_the_day(
    client: AsyncClient, session: AsyncSession
) -> None:
    for unit in ("kamer", "zaal"):
        await make.a_unit(session, unit)
    await session.merge(Group(group="alle", org_id=0))
    await session.flush()
    members = [{"unit": "kamer"}, {"unit": "zaal", "since": "2026-01-01"}, {"unit": "kamer"}]
    facts = {"name": "Alle", "members": members}
    session.add(GroupVersion(group="alle", org_id=0, valid_from=make.LONG_AGO, facts=facts))
    await session.commit()
    who = await make.a_key(session, "overview:read")

    then = await client.get("/v1/groups/alle?asOf=2025-12-31T22:59:59Z", headers=who)
    later = await client.get("/v1/groups/alle?asOf=2025-12-31T23:00:00Z", headers=who)

    assert then.json()["units"] == ["kamer"]
    assert later.json()["units"] == ["kamer", "zaal"]


@pytest.mark.parametrize(
    ("organisation", "audience", "sees"),
    [
        ("reo", "provider", ["reo-caz"]),
        ("caz", "provider", ["reo-caz"]),
        ("ziekenhuis", "provider", []),
        ("gemeente", "municipality", []),
        ("rtp", "coordinator", ["reo-caz"]),
        ("toren", "operator", ["reo-caz"]),
    ],
)
async def test_a_mandate_is_seen_by_both_sides_and_who_places_people(
    client: AsyncClient,
    session: AsyncSession,
    organisation: str,
    audience: str,
    sees: list[str],
) -> None:
    await make.a_unit(session)
    await make.an_organisation(session, "caz")
    await make.a_mandate(session, "reo-flex", of="reo", to="caz")
    who = await make.a_key(session, "overview:read", organisation=organisation, audience=audience)

    mandates = (await client.get("/v1/mandates", headers=who)).json()

    assert [mandate["mandate"] for mandate in mandates] == sees


@pytest.mark.parametrize(
    ("organisation", "audience", "sees"),
    [
        ("reo", "provider", ["aan-gemeenten", "aan-ziekenhuis"]),
        ("ziekenhuis", "provider", ["aan-ziekenhuis"]),
        ("gemeente", "municipality", ["aan-gemeenten"]),
        ("caz", "coordinator", []),
    ],
)
async def test_a_sharing_rule_is_seen_by_its_owner_and_whom_it_is_for(
    client: AsyncClient,
    session: AsyncSession,
    organisation: str,
    audience: str,
    sees: list[str],
) -> None:
    org_id = await make.an_organisation(session)
    shared = {"shown": ["admittable"], "detail": "exact"}
    for name, viewer in {
        "aan-ziekenhuis": {"organisation": "ziekenhuis"},
        "aan-gemeenten": {"audience": "municipality"},
    }.items():
        rule = SharingRuleVersion(org_id=org_id, sharing_rule=name, facts={**shared, **viewer})
        rule.valid_from = make.LONG_AGO
        session.add(rule)
    await session.commit()
    who = await make.a_key(session, "overview:read", organisation=organisation, audience=audience)

    rules = (await client.get("/v1/sharing-rules", headers=who)).json()

    assert [rule["sharingRule"] for rule in rules] == sees


async def test_a_region_adds_bed_types_and_norms_of_its_own(
    client: AsyncClient, session: AsyncSession
) -> None:
    told = {"source": "dorp", "year": 2026}
    for kind, rule, settings in (
        ("bed-type", "waterbed", {"name": "waterbed"}),
        ("norm", "patience", {"hours": 48}),
    ):
        facts = {**told, "settings": settings}
        version = RuleVersion(kind=kind, rule=rule, org_id=0, valid_from=make.LONG_AGO, facts=facts)
        session.add(version)
    await session.commit()
    who = await make.a_key(session, "overview:read")

    bed_types = (await client.get("/v1/bed-types", headers=who)).json()
    norms = (await client.get("/v1/norms", headers=who)).json()

    assert {"bedType": "waterbed", "name": "waterbed"} in bed_types
    assert norms == [{"norm": "patience", "settings": {"hours": 48}, **told}]


async def test_the_contract_names_no_format_time_and_describes_each_list(app: FastAPI) -> None:
    schema = document(app)

    assert '"format": "time"' not in str(schema).replace("'", '"')
    for path in PATHS:
        answer = schema["paths"][f"/{path}"]["get"]["responses"]["200"]
        assert answer["content"]["application/json"]["schema"]["type"] == "array"
