import re
import uuid
from datetime import timedelta

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.keys import code_of
from app.access.tables import ApiKey, BrowserSession
from app.dashboard.drawing.code import scanned
from tests import make
from tests.dashboard.test_entry import filled, key, stored, values
from tests.dashboard.test_page import Outline
from tests.dashboard.test_sign_in import HERE, at_once

__all__ = ["key"]


async def a_code(client: AsyncClient, unit: str = "reo-flex") -> str:
    answer = await client.post(f"/invoer/{unit}/koppelen", data={"id": str(uuid.uuid4())})
    found = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}", Outline(answer.text).text)
    assert found, answer.text
    return found[0]


@pytest.fixture
def phone(app: FastAPI) -> AsyncClient:
    """Another browser, with no session yet."""
    transport = ASGITransport(app, raise_app_exceptions=False)
    return AsyncClient(transport=transport, base_url="http://test", headers=HERE)


async def paired(phone: AsyncClient, code: str) -> Response:
    return await phone.post("/koppelen", data={"code": code})


async def test_a_paired_phone_reports_for_its_unit_and_sees_its_last_report(
    client: AsyncClient, session: AsyncSession, key: dict[str, str], phone: AsyncClient
) -> None:
    code = await a_code(client)

    answer = await paired(phone, code)
    sent = await phone.post("/invoer/reo-flex", data=filled(physical=5, occupied=2, closedPlaces=0))
    form = Outline((await phone.get("/invoer/reo-flex")).text)

    assert (answer.status_code, answer.headers["location"]) == (303, "/invoer/reo-flex")
    assert str(90 * 86_400) in answer.headers["set-cookie"]
    assert sent.status_code == 200
    assert values(form)["occupied"] == "2"
    assert await stored(session, "occupied") == [2]


async def test_a_paired_phone_can_do_nothing_else(
    client: AsyncClient, session: AsyncSession, key: dict[str, str], phone: AsyncClient
) -> None:
    await make.a_unit(session, "reo-ander")
    await paired(phone, await a_code(client))

    units = Outline((await phone.get("/invoer")).text)
    other = await phone.get("/invoer/reo-ander")
    told = await phone.post("/invoer/reo-ander", data=filled(physical=5, occupied=2))
    phones = await phone.get("/invoer/reo-flex/koppelen")
    now = await phone.get("/")

    assert "reo-ander" not in units.text
    assert [each.status_code for each in (other, told, phones, now)] == [403, 403, 403, 401]
    assert await stored(session, "occupied") == []


async def test_a_code_works_once(
    client: AsyncClient, session: AsyncSession, key: dict[str, str], phone: AsyncClient
) -> None:
    code = await a_code(client)
    await paired(phone, code)

    again = await paired(phone, code)

    assert again.status_code == 401
    assert "al gebruikt" in Outline(again.text).text


async def test_a_code_works_for_ten_minutes(
    client: AsyncClient, session: AsyncSession, key: dict[str, str], phone: AsyncClient
) -> None:
    code = await a_code(client)
    lasts = await session.scalar(text("SELECT expires_at - begun_at FROM sessions WHERE unit > ''"))
    past = make.now() - timedelta(seconds=1)
    await session.execute(
        update(BrowserSession).where(BrowserSession.kind == "pairing").values(expires_at=past)
    )
    await session.commit()

    late = await paired(phone, code)

    assert timedelta(minutes=9, seconds=59) < lasts < timedelta(minutes=10, seconds=1)
    assert late.status_code == 401


async def test_a_code_is_typed_as_it_comes(
    client: AsyncClient, session: AsyncSession, key: dict[str, str], phone: AsyncClient
) -> None:
    code = await a_code(client)

    answer = await paired(phone, f" {code.lower()} ")

    assert answer.status_code == 303


async def test_a_code_is_no_session(
    client: AsyncClient, session: AsyncSession, key: dict[str, str], phone: AsyncClient
) -> None:
    phone.cookies.set("toren", await a_code(client))

    assert (await phone.get("/invoer/reo-flex")).status_code == 401


async def test_to_open_the_link_pairs_nothing_yet(
    client: AsyncClient, session: AsyncSession, key: dict[str, str], phone: AsyncClient
) -> None:
    code = await a_code(client)

    opened = await phone.get("/koppelen", params={"code": code})

    assert code in opened.text
    assert "set-cookie" not in opened.headers
    assert (await paired(phone, code)).status_code == 303


async def test_a_phone_is_listed_and_can_be_unpaired(
    app: FastAPI,
    client: AsyncClient,
    session: AsyncSession,
    key: dict[str, str],
    phone: AsyncClient,
) -> None:
    await paired(phone, await a_code(client))
    page = Outline((await client.get("/invoer/reo-flex/koppelen")).text)
    [stop] = [f["action"] or "" for f in page.all("form") if "stoppen" in (f["action"] or "")]

    answers = [await client.post(stop) for _ in range(2)]
    await at_once(app)

    assert "Telefoon 1, sinds" in page.text
    assert [each.status_code for each in answers] == [200, 200]
    assert "nog geen telefoon" in Outline(answers[1].text).text
    assert (await phone.get("/invoer/reo-flex")).status_code == 401


async def test_a_phone_ends_with_the_key_that_it_was_paired_with(
    app: FastAPI,
    client: AsyncClient,
    session: AsyncSession,
    key: dict[str, str],
    phone: AsyncClient,
) -> None:
    await paired(phone, await a_code(client))
    await session.execute(update(ApiKey).values(revoked_at=make.now()))
    await session.commit()
    await at_once(app)

    assert (await phone.get("/invoer/reo-flex")).status_code == 401


async def test_phones_are_paired_by_the_units_own_organisation_only(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    await make.a_unit(session, "caz-acuut", "caz")
    await make.a_mandate(session, "caz-acuut", of="caz", to="reo")

    answer = await client.post("/invoer/caz-acuut/koppelen", data={"id": str(uuid.uuid4())})

    assert answer.status_code == 403


async def test_the_same_request_for_a_code_gives_the_same_code(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    body = {"id": str(uuid.uuid4())}

    pages = [(await client.post("/invoer/reo-flex/koppelen", data=body)).text for _ in range(2)]

    codes = {re.findall(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}", page)[0] for page in pages}
    made = await session.scalar(text("SELECT count(*) FROM sessions WHERE kind = 'pairing'"))
    assert (len(codes), made) == (1, 1)


async def test_another_site_pairs_no_phone(
    client: AsyncClient, session: AsyncSession, key: dict[str, str], phone: AsyncClient
) -> None:
    code = await a_code(client)

    answer = await phone.post(
        "/koppelen", data={"code": code}, headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert answer.status_code == 403


def test_a_code_needs_the_pepper_and_looks_like_no_other_letter() -> None:
    number = uuid.UUID(int=7)

    codes = {code_of(number, pepper) for pepper in (b"one", b"two")}

    assert len(codes) == 2
    assert all(re.fullmatch(r"([A-HJ-NP-Z2-9]{4}-){2}[A-HJ-NP-Z2-9]{4}", code) for code in codes)


def test_the_code_to_scan_is_dark_on_light_and_hidden_from_who_listens() -> None:
    drawn = str(scanned("https://toren.example/koppelen?code=ABCD"))

    assert 'aria-hidden="true"' in drawn
    assert "style=" not in drawn
    assert drawn.index("#fff") < drawn.index("#17212c")
