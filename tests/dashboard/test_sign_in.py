from datetime import timedelta

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.commands import add_client, add_key
from app.access.keys import demo_key
from app.access.tables import ApiKey, BrowserSession, Mark
from tests import make
from tests.conftest import PEPPER
from tests.dashboard.test_page import Outline, demo
from tests.trust.conftest import rows

__all__ = ["demo", "rows"]
HERE = {"Sec-Fetch-Site": "same-origin"}


def key_of(headers: dict[str, str]) -> str:
    return headers["Authorization"].removeprefix("Bearer ")


async def signed_in(client: AsyncClient, headers: dict[str, str], **told: str) -> Response:
    told = {"sleutel": key_of(headers), **told}
    return await client.post("/aanmelden", data=told, headers=HERE)


async def at_once(app: FastAPI) -> None:
    """As if the second had passed for which a verdict holds."""
    app.state.verdicts.clear()


async def test_with_a_key_a_browser_stays_signed_in(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await make.a_key(session)

    answer = await signed_in(client, key)

    assert (answer.status_code, answer.headers["location"]) == (303, "/invoer")
    cookie = answer.headers["set-cookie"]
    assert all(told in cookie for told in ("HttpOnly", "SameSite=strict", "Path=/", "43200"))
    assert "Secure" not in cookie
    assert (await client.get("/")).status_code == 200


async def test_over_https_the_cookie_is_secure(client: AsyncClient, session: AsyncSession) -> None:
    key = await make.a_key(session)
    client.base_url = "https://test"

    answer = await signed_in(client, key)

    assert "Secure" in answer.headers["set-cookie"]


async def test_the_page_shows_who_is_signed_in_and_the_way_out(
    client: AsyncClient, session: AsyncSession
) -> None:
    await signed_in(client, await make.a_key(session))

    page = Outline((await client.get("/")).text)

    assert "client-" in page.text
    assert "/afmelden" in [form["action"] for form in page.all("form")]


async def test_whoever_signs_out_is_known_no_more(
    client: AsyncClient, session: AsyncSession
) -> None:
    await signed_in(client, await make.a_key(session))
    token = client.cookies["toren"]

    answer = await client.post("/afmelden", headers=HERE)

    assert answer.headers["location"] == "/aanmelden"
    client.cookies.set("toren", token)
    assert (await client.get("/")).status_code == 401


async def test_a_session_ends_with_its_key(
    app: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await signed_in(client, await make.a_key(session))
    await session.execute(update(ApiKey).values(revoked_at=make.now()))
    await session.commit()
    await at_once(app)

    assert (await client.get("/")).status_code == 401


async def test_a_session_ends_by_itself(
    app: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await signed_in(client, await make.a_key(session))
    past = make.now() - timedelta(seconds=1)
    await session.execute(update(BrowserSession).values(expires_at=past))
    await session.commit()
    await at_once(app)

    assert (await client.get("/")).status_code == 401


@pytest.mark.parametrize("key", ["", "vt_onbekend_" + "x" * 43, "niets"])
async def test_what_is_no_key_is_refused_and_noted(
    client: AsyncClient, session: AsyncSession, key: str
) -> None:
    answer = await client.post("/aanmelden", data={"sleutel": key}, headers=HERE)

    noted = await session.execute(
        text("SELECT outcome FROM audit_events WHERE event = 'refused' AND object_id = :route"),
        {"route": "/aanmelden"},
    )
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "niet bekend" in Outline(answer.text).text
    assert key == "" or key not in answer.text
    assert noted.scalars().all() == ["401"]


async def test_only_a_seal_of_the_token_is_kept(client: AsyncClient, session: AsyncSession) -> None:
    await signed_in(client, await make.a_key(session))
    token = client.cookies["toren"]

    kept = (await session.execute(text("SELECT s::text FROM sessions s"))).scalar_one()

    assert token not in kept
    assert token.encode().hex() not in kept


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://elders.example"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elders.example"},
        {"Origin": "null"},
        {},
    ],
)
@pytest.mark.parametrize("path", ["/aanmelden", "/afmelden"])
async def test_nothing_is_done_at_the_wish_of_another_site(
    client: AsyncClient, session: AsyncSession, path: str, headers: dict[str, str]
) -> None:
    key = await make.a_key(session)
    await signed_in(client, key)

    answer = await client.post(path, data={"sleutel": key_of(key)}, headers=headers)

    assert answer.status_code == 403
    assert (await client.get("/")).status_code == 200


async def test_a_browser_without_fetch_metadata_is_judged_by_its_origin(
    client: AsyncClient, session: AsyncSession
) -> None:
    told = {"sleutel": key_of(await make.a_key(session))}

    answer = await client.post("/aanmelden", data=told, headers={"Origin": "http://test"})

    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("onward", "where"),
    [
        ("/invoer/reo-flex", "/invoer/reo-flex"),
        ("//elders.example", "/invoer"),
        ("https://elders.example", "/invoer"),
        ("/\\elders.example", "/invoer"),
    ],
)
async def test_whoever_signs_in_goes_on_within_the_tower(
    client: AsyncClient, session: AsyncSession, onward: str, where: str
) -> None:
    answer = await signed_in(client, await make.a_key(session), naar=onward)

    assert answer.headers["location"] == where


async def a_demo_client(session: AsyncSession) -> None:
    org_id = await make.an_organisation(session)
    client_id = await add_client(session, org_id, "reo-invoer", "hand")
    pepper = PEPPER.get_secret_value().encode()
    key = demo_key("reo-invoer")
    await add_key(session, org_id, client_id, ["reports:write", "overview:read"], pepper, key)
    session.add(Mark(mark="fictief"))
    await session.commit()


async def test_a_made_up_region_offers_its_published_keys(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await a_demo_client(session)

    page = Outline((await client.get("/aanmelden")).text)
    answer = await client.post("/aanmelden", data={"client": "reo-invoer"}, headers=HERE)

    assert "reo (fictief) reo-invoer" in page.text
    assert answer.status_code == 303
    assert "reo-invoer" in Outline((await client.get("/")).text).text


async def test_a_real_region_offers_none(client: AsyncClient, session: AsyncSession) -> None:
    await a_demo_client(session)

    page = Outline((await client.get("/aanmelden")).text)
    answer = await client.post("/aanmelden", data={"client": "reo-invoer"}, headers=HERE)

    assert "reo-invoer" not in page.text
    assert answer.status_code == 401


async def test_one_organisation_sees_no_session_of_another(
    client: AsyncClient, session: AsyncSession, rows: asyncpg.Connection
) -> None:
    await signed_in(client, await make.a_key(session, organisation="reo"))
    other = await make.an_organisation(session, "caz")

    async with rows.transaction():
        await rows.execute("SET LOCAL ROLE verkeerstoren_app")
        await rows.execute(f"SET LOCAL app.org = '{other}'")
        seen = await rows.fetchval("SELECT count(id) FROM sessions")
    async with rows.transaction():
        own = await rows.fetchval("SELECT count(id) FROM sessions")

    assert (seen, own) == (0, 1)
