"""The page of what asks for attention: since when, who saw it, and what is over."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests import make
from tests.conftest import Database
from tests.dashboard.test_page import Outline, demo
from tests.make import now
from tests.overview.lay import a_stop, flowed, told
from tests.overview.signals.test_signals import FULL, a_coordinator, look

__all__ = ["demo"]

Headers = dict[str, str]
HERE = {"sec-fetch-site": "same-origin"}
# Of another kind, so that an old figure leaves nothing unknown of the first.
GRZ = [{"bedType": "grz", "law": "Zvw"}]


async def page_of(client: AsyncClient, key: Headers, path: str = "/meldingen") -> Outline:
    answer = await client.get(path, headers=key)
    assert answer.status_code == 200, answer.text
    return Outline(answer.text)


async def sign_in(client: AsyncClient, key: Headers) -> None:
    told = {"sleutel": key["Authorization"].removeprefix("Bearer ")}
    answer = await client.post("/aanmelden", data=told, headers=HERE)
    assert answer.status_code == 303, answer.text
    client.cookies.set("toren", answer.cookies["toren"])


async def press(client: AsyncClient, page: Outline, **headers: str) -> Response:
    """The first button of the page that says that something was seen."""
    path = next(a for form in page.all("form") if "gezien" in (a := form["action"] or ""))
    return await client.post(path, headers=headers)


def listed(page: Outline) -> list[str | None]:
    return [item.get("class") for item in page.all("li")]


async def test_what_asks_for_attention_stands_with_since_when_and_a_button(
    client: AsyncClient, session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await make.a_unit(session, "reo-stil", beds=GRZ)
    await told(session, "reo-flex", **FULL)
    await told(session, "reo-stil", now() - timedelta(days=3), **FULL)
    await a_stop(session, "reo-flex")
    await look(database)
    await session.execute(
        text("UPDATE signal_versions SET began_at = began_at - interval '35 min'")
    )
    await session.commit()

    page = await page_of(client, await a_coordinator(session))

    assert "3 meldingen vragen om aandacht" in page.text
    assert listed(page) == ["vol", "vol", "oud"]
    assert "reo-flex (fictief): opnamestop" in page.text
    assert "(35 min)" in page.text
    assert [button.get("aria-label") for button in page.all("button")][-1] == (
        "Gezien: Geen nieuwe gegevens van reo-stil (fictief)"
    )
    assert {"/afdeling/reo-flex", "/?zorg=reo.observation-elderly#vooruit"} <= {
        a["href"] for a in page.all("a")
    }


async def test_a_phone_that_misses_its_norms_asks_for_attention(
    client: AsyncClient, session: AsyncSession, database: Database
) -> None:
    phone: dict[str, Any] = {"careSetting": "huisartsenpost", "resource": "phone-line", "beds": []}
    await make.a_unit(session, "hap", **phone, reporting={"intervalMinutes": 60})
    hour = timedelta(hours=1)
    for measure, value in {"calls": 50, "answered": 48, "answeredWithin120s": 30}.items():
        await flowed(session, "hap", measure, value, now() - hour - timedelta(minutes=1), hour)
    await look(database)
    key = await a_coordinator(session)

    (signal,) = (await client.get("/v1/signals", headers=key)).json()["signals"]
    page = await page_of(client, key)

    assert (signal["kind"], signal["unit"], signal["level"]) == ("phone", "hap", "druk")
    assert "hap (fictief): telefoon is druk" in page.text
    assert "62% opgenomen binnen 2 minuten (norm 75%)" in page.text


async def test_nothing_asks_for_attention(client: AsyncClient, session: AsyncSession) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", **{**FULL, "occupied": 1})

    page = await page_of(client, await a_coordinator(session))

    assert page.words.count("Niets vraagt om aandacht") == 1
    assert "Voorbij, laatste 7 dagen Nog niets." in page.text


async def test_before_any_look_the_page_tells_what_stands(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", **FULL)

    page = await page_of(client, await a_coordinator(session))

    assert "REO, REO-bed is vol" in page.text
    assert "nog niet vastgelegd" in page.text
    assert not any("gezien" in (form["action"] or "") for form in page.all("form"))


async def test_a_button_dims_it_here_and_beside_the_region_with_a_word(
    client: AsyncClient, session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await make.a_unit(session, "reo-stil", beds=GRZ)
    await told(session, "reo-flex", **FULL)
    await told(session, "reo-stil", now() - timedelta(days=3), **FULL)
    await a_stop(session, "reo-flex")
    await look(database)
    await sign_in(client, await a_coordinator(session))

    pressed = await press(client, await page_of(client, {}), **HERE)
    after, region = await page_of(client, {}), await page_of(client, {}, "/")

    assert (pressed.status_code, pressed.headers["location"]) == (303, "/meldingen")
    assert listed(after) == ["vol", "oud", "vol acknowledged"]
    assert "gezien" in after.words
    assert "Gezien door rtp (client-" in after.text
    alerts = [kind for kind in listed(region) if kind in ("vol", "oud", "vol acknowledged")]
    assert alerts == ["vol", "oud", "vol acknowledged"]
    assert [item["data-news"] for item in after.all("li") if "data-news" in item] == [
        "places-reo-bed-observation-elderly"
    ]


@pytest.mark.parametrize(
    ("part", "shows", "hides"),
    [
        ("open", "REO, REO-bed is vol", "Voorbij, laatste"),
        ("gezien", "Gezien, en nog niet voorbij Niets.", "REO, REO-bed is vol"),
        ("voorbij", "opnamestop", "REO, REO-bed is vol"),
    ],
)
async def test_the_address_says_which_part_is_shown(
    client: AsyncClient,
    session: AsyncSession,
    database: Database,
    part: str,
    shows: str,
    hides: str,
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", **FULL)
    await a_stop(session, "reo-flex")
    await look(database)
    await session.execute(text("UPDATE stop_versions SET ended_at = now()"))
    await session.commit()
    await look(database)

    page = await page_of(client, await a_coordinator(session), f"/meldingen?toon={part}")

    assert shows in page.text
    assert hides not in page.text


async def test_who_only_looks_at_the_made_up_region_is_led_to_sign_in(
    demo: FastAPI, client: AsyncClient, session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", **FULL)
    await look(database)

    page = Outline((await client.get("/en/meldingen")).text)

    assert page.all("button")[-1].get("class") == "theme"
    assert "/en/aanmelden?naar=/en/meldingen" in [a["href"] for a in page.all("a")]


async def test_what_another_site_sends_is_not_seen(
    client: AsyncClient, session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", **FULL)
    await look(database)
    await sign_in(client, await a_coordinator(session))
    page = await page_of(client, {})

    refused = await press(client, page, **{"sec-fetch-site": "cross-site"})

    assert refused.status_code == 403
    assert "Gezien door" not in (await page_of(client, {})).text


async def test_what_is_gone_or_hidden_leads_back_to_the_page(
    client: AsyncClient, session: AsyncSession
) -> None:
    key: Any = {**await a_coordinator(session), "Content-Type": "application/x-www-form-urlencoded"}
    path = f"/meldingen/{uuid.uuid4()}/gezien?taal=en"

    answer = await client.post(path, content="toon=open", headers=key)

    assert (answer.status_code, answer.headers["location"]) == (303, "/en/meldingen?toon=open")


async def test_nobody_acknowledges_without_saying_who(client: AsyncClient) -> None:
    answer = await client.post(f"/meldingen/{uuid.uuid4()}/gezien")

    assert answer.status_code == 401
