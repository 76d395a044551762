"""Finding a place over HTTP: for whom, of what, and what it never tells."""

import asyncio
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import text
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


async def a_place(session: AsyncSession, staffed: int = 2) -> tuple[Headers, Headers]:
    """A unit that shares what it can take, and the keys of two that look for a place."""
    await make.a_unit(session)
    await told(session, "reo-flex", staffed=staffed, occupied=1, reserved=0)
    await make.a_sharing_rule(session, "reo", "admittable", "exact", audience="provider")
    one = await make.a_key(session, organisation="een")
    return one, await make.a_key(session, organisation="twee")


def a_hold(**fields: Any) -> dict[str, Any]:
    place = {"unit": "reo-flex", "bedType": "observation-elderly"}
    return {"id": str(uuid.uuid4()), **place, **fields}


async def test_what_is_held_is_not_offered_to_another(
    client: AsyncClient, session: AsyncSession
) -> None:
    one, two = await a_place(session)

    held = await client.post("/v1/holds", json=a_hold(), headers=one)
    mine, theirs = await found(client, one), await found(client, two)

    until = datetime.fromisoformat(held.json()["heldUntil"])
    assert held.status_code == 201
    assert timedelta(minutes=29) < until - now() <= timedelta(minutes=30)
    assert [(each.takes, each.held[0].mine) for each in mine.candidates] == [(1, True)]
    assert reasons(theirs) == {"reo-flex": ["held"]}
    assert theirs.noes[0].reasons[0].until == until


async def test_a_hold_lowers_what_others_find_by_one(
    client: AsyncClient, session: AsyncSession
) -> None:
    one, two = await a_place(session, staffed=4)

    await client.post("/v1/holds", json=a_hold(), headers=one)

    assert [each.takes for each in (await found(client, one)).candidates] == [3]
    assert [each.takes for each in (await found(client, two)).candidates] == [2]


async def test_the_last_place_is_held_once(client: AsyncClient, session: AsyncSession) -> None:
    one, two = await a_place(session)

    answers = await asyncio.gather(
        *(client.post("/v1/holds", json=a_hold(), headers=key) for key in (one, two, one, two))
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_the_same_hold_again_is_one(client: AsyncClient, session: AsyncSession) -> None:
    one, two = await a_place(session, staffed=4)
    body = a_hold()

    for _ in range(3):
        await client.post("/v1/holds", json=body, headers=one)
    other = await client.post("/v1/holds", json={**body, "bedType": "grz"}, headers=one)

    assert [each.takes for each in (await found(client, two)).candidates] == [2]
    assert (other.status_code, other.json()["code"]) == (409, "other-content")


async def test_who_lets_go_gives_the_place_back_and_nobody_else_can(
    client: AsyncClient, session: AsyncSession
) -> None:
    one, two = await a_place(session)
    body = a_hold()
    await client.post("/v1/holds", json=body, headers=one)

    by_other = await client.delete(f"/v1/holds/{body['id']}", headers=two)
    still = await found(client, two)
    by_self = [await client.delete(f"/v1/holds/{body['id']}", headers=one) for _ in range(2)]

    assert by_other.status_code == 404
    assert reasons(still) == {"reo-flex": ["held"]}
    assert [answer.status_code for answer in by_self] == [204, 204]
    assert [each.takes for each in (await found(client, two)).candidates] == [1]


async def test_a_hold_is_over_by_itself(client: AsyncClient, session: AsyncSession) -> None:
    one, two = await a_place(session)
    await client.post("/v1/holds", json=a_hold(), headers=one)

    await session.execute(text("UPDATE hold_versions SET held_until = clock_timestamp()"))
    await session.commit()

    assert [each.takes for each in (await found(client, two)).candidates] == [1]


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"unit": "nergens"}, 404, "unknown-place"),
        ({"bedType": "grz"}, 404, "unknown-place"),
        ({"minutes": 1440}, 400, "not-valid"),
        ({"patient": "iemand"}, 400, "not-valid"),
    ],
)
async def test_only_a_place_that_is_there_can_be_held(
    client: AsyncClient, session: AsyncSession, changed: dict[str, Any], status: int, code: str
) -> None:
    one, _ = await a_place(session)

    answer = await client.post("/v1/holds", json=a_hold(**changed), headers=one)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_what_is_not_shown_cannot_be_held_and_reads_as_if_it_were_not_there(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", staffed=2, occupied=1, reserved=0)
    outsider = await make.a_key(session, organisation="buiten")

    hidden = await client.post("/v1/holds", json=a_hold(), headers=outsider)
    absent = await client.post("/v1/holds", json=a_hold(unit="nergens"), headers=outsider)

    assert hidden.json() == absent.json()
    assert hidden.status_code == 404


async def test_a_stale_place_cannot_be_held(client: AsyncClient, session: AsyncSession) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", now() - timedelta(days=3), staffed=2, occupied=1, reserved=0)
    key = await make.a_key(session, organisation="rtp", audience="coordinator")

    answer = await client.post("/v1/holds", json=a_hold(), headers=key)

    assert (answer.status_code, answer.json()["code"]) == (409, "no-room")
