"""Finding a place over HTTP: for whom, of what, and what it never tells."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.disclosure import Detail, Disclosure, Shown
from app.access.principal import Principal
from app.overview import queries
from app.overview.search.schemas import PlacesFound
from tests import make
from tests.make import now
from tests.overview.lay import a_stop, told

Headers = dict[str, str]
REO = {"bedTypes": ["observation-elderly"]}
CALL = [{"function": "opnamebureau", "phone": "079 000 0000"}]


async def found(client: AsyncClient, key: Headers, **needs: Any) -> PlacesFound:
    answer = await client.post("/v1/places/_search", json={**REO, **needs}, headers=key)
    assert answer.status_code == 200, answer.text
    return PlacesFound.model_validate_json(answer.content)


def reasons(told: PlacesFound) -> dict[str, list[str]]:
    return {no.unit: [why.code for why in no.reasons] for no in told.noes}


async def a_coordinator(session: AsyncSession) -> Headers:
    return await make.a_key(session, "places:search", organisation="rtp", audience="coordinator")


async def test_places_are_ranked_and_every_other_unit_says_why_not(
    client: AsyncClient, session: AsyncSession
) -> None:
    for unit in ("ruim", "krap", "vol", "stop", "oud", "stil"):
        await make.a_unit(session, unit, contacts=CALL)
    await make.a_unit(session, "anders", beds=[{"bedType": "grz", "law": "Zvw"}])
    await told(session, "ruim", staffed=5, occupied=1, reserved=0)
    await told(session, "krap", staffed=5, occupied=4, reserved=0)
    await told(session, "vol", staffed=5, occupied=5, reserved=0)
    await told(session, "stop", staffed=5, occupied=1, reserved=0)
    await told(session, "oud", now() - timedelta(days=3), staffed=5, occupied=1, reserved=0)
    await told(session, "anders", staffed=5, occupied=1, reserved=0)
    await a_stop(session, "stop", expected_until=now() + timedelta(hours=2))

    answer = await found(client, await a_coordinator(session))

    assert [(each.rank, each.unit, each.takes) for each in answer.candidates] == [
        (1, "ruim", 4),
        (2, "krap", 1),
    ]
    assert reasons(answer) == {
        "vol": ["full"],
        "stop": ["stop"],
        "oud": ["stale"],
        "stil": ["never-told"],
        "anders": ["wrong-type"],
    }
    stopped, old = (next(no for no in answer.noes if no.unit == u) for u in ("stop", "oud"))
    assert stopped.reasons[0].until is not None
    assert old.admittable is not None
    assert (old.admittable.value, old.admittable.freshness) == (4, "stale")
    assert (old.admittable.age_seconds or 0) >= 3 * 86_400
    assert [each.function for each in old.contacts or ()] == ["opnamebureau"]
    assert answer.known_at == answer.as_of


async def test_a_report_changes_what_is_found(client: AsyncClient, session: AsyncSession) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    figures = [make.a_figure("staffed", 2), make.a_figure("occupied", 2)]
    await client.post("/v1/reports", json=make.a_report(*figures), headers=key)

    before = await found(client, key)
    freed = [make.a_figure("staffed", 2), make.a_figure("occupied", 1)]
    await client.post("/v1/reports", json=make.a_report(*freed), headers=key)
    after = await found(client, key)

    assert reasons(before) == {"reo-flex": ["full"]}
    assert [each.takes for each in after.candidates] == [1]


@pytest.mark.parametrize("audience", ["provider", "municipality", "insurer"])
async def test_who_does_not_share_is_no_candidate_and_its_reports_change_no_answer(
    client: AsyncClient, session: AsyncSession, audience: str
) -> None:
    await make.a_unit(session, contacts=CALL)
    outsider = await make.a_key(session, organisation="buiten", audience=audience)
    owner = await make.a_key(session)
    secrets = [
        [make.a_figure("staffed", 9), make.a_figure("occupied", 1)],
        [make.a_figure("staffed", 9), make.a_figure("occupied", 9)],
        [make.a_figure("staffed", 9), make.a_figure("occupied", None)],
    ]

    seen = [(await found(client, outsider)).noes]
    for figures in secrets:
        await client.post("/v1/reports", json=make.a_report(*figures), headers=owner)
        answer = await found(client, outsider, within="this-week")
        assert answer.candidates == ()
        seen.append(answer.noes)
    await a_stop(session, "reo-flex")
    seen.append((await found(client, outsider)).noes)

    assert [[why.code for why in no.reasons] for noes in seen for no in noes] == [["not-shown"]] * 5
    assert all(noes == seen[0] for noes in seen)
    assert seen[0][0].contacts is None
    assert seen[0][0].admittable is None


async def test_without_disclosure_the_outsider_finds_the_place_so_the_test_can_fail(
    client: AsyncClient, session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Open(Disclosure):
        def detail(self, owner: int, shown: Shown) -> Detail:
            return "exact"

    async def bypassed(session: AsyncSession, viewer: Principal, *when: Any) -> Disclosure:
        return Open(viewer)

    monkeypatch.setattr(queries, "disclosure", bypassed)
    await make.a_unit(session)
    await told(session, "reo-flex", staffed=9, occupied=1, reserved=0)

    answer = await found(client, await make.a_key(session, organisation="buiten"))

    assert [each.takes for each in answer.candidates] == [8]


async def test_what_is_shared_is_found_without_its_phone(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session, contacts=CALL)
    await told(session, "reo-flex", staffed=9, occupied=1, reserved=0)
    await make.a_sharing_rule(session, "reo", "admittable", "exact", audience="provider")

    answer = await found(client, await make.a_key(session, organisation="buren"))

    (place,) = answer.candidates
    assert (place.takes, place.contacts) == (8, None)
    assert place.refusal_risk.state == "suppressed"


async def test_a_key_without_the_scope_finds_nothing(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await make.a_key(session, "overview:read")

    answer = await client.post("/v1/places/_search", json=REO, headers=key)

    assert answer.status_code == 403
    assert answer.json()["code"] == "missing-scope"


@pytest.mark.parametrize(
    ("needs", "pointer"),
    [
        ({"bedTypes": ["hemelbed"]}, "/bedTypes/0"),
        ({"municipality": "atlantis"}, "/municipality"),
        ({"resource": "care-start", "bedTypes": ["grz"]}, ""),
        ({"law": "Wvg"}, "/law"),
        ({"patient": "iemand"}, "/patient"),
        ({"note": "mw. Jansen"}, "/note"),
        ({"within": "soon"}, "/within"),
    ],
)
async def test_a_question_holds_known_words_only(
    client: AsyncClient, session: AsyncSession, needs: dict[str, Any], pointer: str
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)

    answer = await client.post("/v1/places/_search", json=needs, headers=key)

    assert answer.status_code == 400
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
    assert "Jansen" not in answer.text


async def test_no_needs_at_all_finds_any_bed(
    app: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", staffed=2, occupied=1, reserved=0)

    answer = await client.post("/v1/places/_search", json={}, headers=await a_coordinator(session))

    assert [each["unit"] for each in answer.json()["candidates"]] == ["reo-flex"]
