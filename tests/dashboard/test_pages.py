"""The pages about units, figures and the tower: each says what it knows and what it lacks."""

from datetime import timedelta

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from tests import make
from tests.conftest import Database
from tests.dashboard.test_ahead import a_run
from tests.dashboard.test_page import Outline, demo
from tests.make import now
from tests.overview.lay import a_stop, told

__all__ = ["demo"]


async def test_a_unit_has_a_page_with_its_places_its_stop_and_what_is_ahead(
    demo: FastAPI, client: AsyncClient, session: AsyncSession, database: Database
) -> None:
    await a_run(session, database)
    await a_stop(session, "reo-flex")

    page = Outline((await client.get("/afdeling/reo-flex?h=weken")).text)

    assert "opnamestop voor alles sinds" in page.text
    assert [figure["id"] for figure in page.all("figure")] == ["fan-weeks"]
    assert "/v1/forecasts?unit=reo-flex&horizon=weeks" in [a["href"] for a in page.all("a")]


async def test_a_unit_that_never_told_anything_says_so(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)

    page = Outline((await client.get("/afdeling/reo-flex")).text)

    assert "Nog geen gegevens." in page.text
    assert "Van deze afdeling is nog geen verwachting" in page.text


async def test_there_is_no_page_of_a_unit_that_is_not(demo: FastAPI, client: AsyncClient) -> None:
    assert (await client.get("/afdeling/geen")).status_code == 404


async def test_notices_name_what_is_full_and_who_fell_silent(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    await make.a_unit(session, "reo-stil")
    await told(session, "reo-flex", staffed=3, occupied=3, reserved=0)
    await told(session, "reo-stil", now() - timedelta(days=3), staffed=3, occupied=1, reserved=0)

    page = Outline((await client.get("/meldingen")).text)

    assert "Geen nieuwe gegevens van reo-stil (fictief)" in page.text
    assert "3 d geleden" in page.text


async def test_who_owns_a_feed_sees_how_it_fares_and_others_only_who_is_up_to_date(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", staffed=3, occupied=3, reserved=0)
    coordinator = await make.a_key(session, organisation="rtp", audience="coordinator")

    page = Outline((await client.get("/gegevens", headers=coordinator)).text)

    assert "1 van 1 afdelingen actueel" in page.text
    assert "Uw koppelingen" not in page.text


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/uitleg", "nooit hetzelfde als nul"),
        ("/en/uitleg", "never the same as zero"),
        ("/toegankelijkheid", "nog niet getoetst"),
        ("/en/toegankelijkheid", "not tested the tower yet"),
    ],
)
async def test_the_tower_explains_itself_in_both_languages(
    demo: FastAPI, client: AsyncClient, path: str, says: str
) -> None:
    assert says in Outline((await client.get(path)).text).text


@pytest.mark.parametrize(
    "path", ["/afdeling/reo-flex", "/meldingen", "/gegevens", "/uitleg", "/toegankelijkheid"]
)
async def test_none_of_them_opens_without_a_key(
    client: AsyncClient, session: AsyncSession, path: str
) -> None:
    await make.a_unit(session)

    assert (await client.get(path)).status_code == 401
