"""The page to find a place: a sentence, who can, and why each of the others cannot."""

import uuid
from datetime import datetime, timedelta

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.scopes import Scope
from app.dashboard.finding.told import Asked, digits, when
from app.dashboard.language import speaking
from tests import make
from tests.dashboard.test_page import Outline, demo
from tests.make import now
from tests.overview.lay import a_stop, told
from tests.overview.search.test_ranking import AS_OF

__all__ = ["demo"]
CALL = [{"function": "opname-bureau", "phone": "079 000 0000"}]
REO = {"soort": "observation-elderly"}


async def lay_out(session: AsyncSession) -> None:
    for unit in ("ruim", "vol", "stop", "oud"):
        await make.a_unit(session, unit, contacts=CALL)
    await make.a_unit(session, "anders", beds=[{"bedType": "grz", "law": "Zvw"}])
    await told(session, "ruim", staffed=5, occupied=1, reserved=0)
    await told(session, "vol", staffed=5, occupied=5, reserved=0)
    await told(session, "stop", staffed=5, occupied=1, reserved=0)
    await told(session, "oud", now() - timedelta(days=3), staffed=5, occupied=3, reserved=0)
    await a_stop(session, "stop")


async def test_the_page_says_who_can_and_why_the_others_cannot(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await lay_out(session)

    answer = await client.get("/plek", params=REO)

    page = Outline(answer.text)
    assert answer.status_code == 200
    assert "Eén afdeling heeft nu plek voor REO-bed" in page.text
    assert "4 nu opneembaar ruim (fictief)" in page.text
    assert "Precies deze soort · cijfer is actueel · kans op plek niet bekend" in page.text
    assert "Alles bezet of toegezegd." in page.text
    assert "Oude gegevens. laatst gemeld: 2 opneembaar, 3 d geleden" in page.text
    assert "Opname bureau 079 000 0000" in page.text
    assert "Andere soort plek: 1 afdelingen" in page.text
    assert "tel:0790000000" in [link["href"] for link in page.all("a")]


async def test_the_page_shows_what_the_api_answers(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await lay_out(session)
    key = await make.a_key(session, organisation="rtp", audience="coordinator")

    page = Outline((await client.get("/plek", params=REO)).text)
    demo.state.fictief = False
    asked = {"bedTypes": ["observation-elderly"]}
    told = (await client.post("/v1/places/_search", json=asked, headers=key)).json()

    near = [no for no in told["noes"] if no["reasons"][0]["code"] != "wrong-type"]
    shown = [row["data-unit"] for row in page.all("li") if "data-unit" in row]
    assert shown == [each["unit"] for each in (*told["candidates"], *near)]


async def test_the_address_holds_the_whole_question(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await lay_out(session)
    asked = {**REO, "wet": "zvw", "wanneer": "week", "gesloten": "1", "gemeente": "zoetermeer"}

    page = Outline((await client.get("/plek", params=asked)).text)

    chosen = {option["value"] for option in page.all("option") if "selected" in option}
    assert chosen == {"observation-elderly", "zvw", "week", "zoetermeer"}
    assert [box["name"] for box in page.all("input") if "checked" in box] == ["gesloten"]
    assert "Niet gesloten (Wzd)" in page.text
    assert "Nergens plek gevonden" in page.text


async def test_before_anything_is_asked_the_page_says_what_to_do(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await lay_out(session)

    page = Outline((await client.get("/plek")).text)

    assert "Kies wat er nodig is." in page.text
    assert "Waarom niet" not in page.text
    assert "REO-bed" in page.text


async def test_an_old_link_with_words_of_yesterday_still_opens(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await lay_out(session)
    asked = {"soort": "hemelbed", "wet": "x", "gemeente": "atlantis", "wanneer": "ooit"}

    answer = await client.get("/plek", params=asked)

    assert answer.status_code == 200
    assert "Eén afdeling heeft nu plek voor wie een bed nodig heeft" in answer.text


async def test_in_english_the_reasons_are_english(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await lay_out(session)

    page = Outline((await client.get("/en/plek", params=REO)).text)

    assert "One unit has a place now for" in page.text
    assert "All taken or promised." in page.text
    assert "Waarom niet" not in page.text


async def test_what_is_held_is_said_with_its_end(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await lay_out(session)
    key = await make.a_key(session, organisation="rtp", audience="coordinator")
    body = {"id": str(uuid.uuid4()), "unit": "ruim", "bedType": "observation-elderly"}
    demo.state.fictief = False
    held = await client.post("/v1/holds", json=body, headers=key)
    demo.state.fictief = True

    others = Outline((await client.get("/plek", params=REO)).text)

    until = when(datetime.fromisoformat(held.json()["heldUntil"]), now())
    assert f"Een plek vastgehouden tot {until}" in others.text
    assert "3 nu opneembaar ruim (fictief)" in others.text


async def test_who_may_not_search_is_told_what_to_ask_for(
    client: AsyncClient, session: AsyncSession
) -> None:
    await lay_out(session)
    key = await make.a_key(session, "overview:read")

    answer = await client.get("/plek", params=REO, headers=key)

    assert "U mag hier nog niet zoeken" in answer.text
    assert "nu opneembaar" not in answer.text


async def test_what_is_not_shared_is_not_on_the_page(
    client: AsyncClient, session: AsyncSession
) -> None:
    await lay_out(session)
    key = await make.a_key(session, organisation="buiten")

    page = Outline((await client.get("/plek", params=REO, headers=key)).text)

    assert "Mag niet aan u getoond worden." in page.text
    assert "4 mag u niet zien" in page.text
    assert "opneembaar," not in page.text
    assert "079" not in page.text


async def test_the_page_can_be_read_aloud(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await lay_out(session)

    page = Outline((await client.get("/plek", params=REO)).text)

    assert len(page.all("h1")) == 1
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {label["for"] for label in page.all("label") if "for" in label} <= set(ids)
    assert not any("style" in attributes for _, attributes in page.tags)


async def test_without_a_key_it_does_not_open(client: AsyncClient) -> None:
    assert (await client.get("/plek")).status_code == 401


def test_what_is_asked_for_at_home_has_no_bed_type() -> None:
    needs = Asked(kind="care-start").needs({"elv-low"}, ())

    assert (needs.resource, needs.bed_types) == ("care-start", ())


@pytest.mark.parametrize(
    ("hours", "said"), [(3, "13:00"), (27, "do 26 nov, 13:00"), (24 * 7, "wo 2 dec, 10:00")]
)
def test_a_moment_of_today_is_told_by_the_clock(hours: int, said: str) -> None:
    with speaking("nl"):
        assert when(AS_OF + timedelta(hours=hours), AS_OF) == said


def test_a_phone_is_dialled_without_spaces() -> None:
    assert digits("+31 (79) 000-0000") == "+31790000000"


HOLDER: tuple[Scope, ...] = ("overview:read", "places:search", "places:hold")


def hidden(page: Outline) -> dict[str, str | None]:
    """What the first form to hold a place sends, beside how long."""
    return {each["name"] or "": each["value"] for each in page.all("input") if "value" in each}


async def test_a_place_is_held_by_a_form_and_let_go_again(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session, "ruim")
    await told(session, "ruim", staffed=5, occupied=1, reserved=0)
    rtp = await make.a_key(session, *HOLDER, organisation="rtp", audience="coordinator")
    before = Outline((await client.get("/plek", params=REO, headers=rtp)).text)
    asked = {name: value for name, value in hidden(before).items() if value != "1"}

    held, again = [
        await client.post("/plek/vasthouden?soort=elv-low", data=asked, headers=rtp)
        for _ in range(2)
    ]
    other = await client.post("/plek/vasthouden", data={**asked, "naam": "x"}, headers=rtp)
    during = Outline((await client.get("/plek", params=REO, headers=rtp)).text)
    release = f"/plek/vasthouden/{asked['id']}/loslaten"
    gone = await client.post(f"{release}?taal=en", headers=rtp)
    after = Outline((await client.get("/plek", params=REO, headers=rtp)).text)

    assert (held.status_code, again.status_code, other.status_code) == (200, 200, 400)
    assert "Vastgehouden tot" in Outline(held.text).text
    assert "/plek?soort=elv-low" in [link["href"] for link in Outline(held.text).all("a")]
    assert "Door uw organisatie vastgehouden tot" in during.text
    assert f"{release}?soort=observation-elderly" in [form["action"] for form in during.all("form")]
    assert "Let go" in Outline(gone.text).text
    assert "vastgehouden tot" not in after.text


async def test_a_form_sent_again_after_its_time_does_not_say_that_the_place_is_held(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session, "ruim")
    await told(session, "ruim", staffed=5, occupied=1, reserved=0)
    rtp = await make.a_key(session, *HOLDER, organisation="rtp", audience="coordinator")
    asked = {"id": str(uuid.uuid4()), "unit": "ruim", "bedType": "observation-elderly"}
    await client.post("/plek/vasthouden", data=asked, headers=rtp)
    await session.execute(text("UPDATE hold_versions SET held_until = now() - interval '1 minute'"))
    await session.commit()

    again = await client.post("/plek/vasthouden", data=asked, headers=rtp)

    assert again.status_code == 200
    assert "De plek staat weer open voor anderen" in Outline(again.text).text


async def test_who_may_not_hold_sees_no_button_and_holds_nothing(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session, "ruim")
    await told(session, "ruim", staffed=5, occupied=5, reserved=0)
    finder = await make.a_key(session, *HOLDER[:2], organisation="rtp", audience="coordinator")
    holder = await make.a_key(session, *HOLDER, organisation="rtp", audience="coordinator")
    asked = {"id": str(uuid.uuid4()), "unit": "ruim", "bedType": "observation-elderly"}

    page = Outline((await client.get("/plek", params=REO, headers=finder)).text)
    refused = await client.post("/plek/vasthouden", data=asked, headers=finder)
    full = await client.post("/plek/vasthouden", data=asked, headers=holder)
    nobody = await client.post("/plek/vasthouden", data=asked)

    assert [form for form in page.all("form") if form.get("class") == "hold"] == []
    assert (refused.status_code, full.status_code, nobody.status_code) == (403, 409, 401)
    assert "Er is daar nu geen plek om vast te houden" in Outline(full.text).text
