"""The page looks ahead: title, picture, table and file of one object, for who may see it."""

import asyncio
import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from app.dashboard import routes
from tests import make
from tests.conftest import Database
from tests.dashboard.test_page import Outline, demo
from tests.forecasts.lay import AT, a_series, issue, ripple
from tests.overview.lay import told
from tests.planning.test_scenarios import a_baseline, a_planner

__all__ = ["demo"]


async def a_run(session: AsyncSession, database: Database) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", staffed=9, occupied=8, reserved=0)
    await a_series(session, ripple(200))
    await a_series(session, [9.0] * 200, "staffed")
    await issue(database.urls.worker, AT)


async def test_before_any_run_the_page_says_how_a_forecast_comes(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)

    page = Outline((await client.get("/")).text)

    assert "Er is nog geen verwachting" in page.text
    assert page.all("figure") == []


async def test_title_picture_table_and_file_of_what_is_ahead_are_one(
    demo: FastAPI, client: AsyncClient, session: AsyncSession, database: Database
) -> None:
    await a_run(session, database)
    await make.a_unit(session, "caz-bed", "caz")
    await a_baseline(session, version=2)
    asked = {"careSetting": "reo", "horizon": "weeks"}
    key = await a_planner(session)

    page = Outline((await client.get("/")).text)
    months = Outline((await client.get("/", params={"h": "maanden"})).text)
    drawn = await client.get("/grafieken/fan-weeks.svg", params={"zorg": "reo.observation-elderly"})
    file = await client.get("/grafieken/fan-weeks.csv", params={"zorg": "reo.observation-elderly"})
    pixels = await client.get(
        "/grafieken/fan-weeks.png", params={"zorg": "reo.observation-elderly"}
    )
    none = await client.get("/grafieken/geen.csv")

    names = {figure["aria-labelledby"] for figure in page.all("figure")}
    assert {"fan-weeks-titel", "kalender-titel"} <= names
    assert "fan-months-titel" in {each["aria-labelledby"] for each in months.all("figure")}
    assert str(ElementTree.fromstring(drawn.text)[0].text) in page.text
    assert {"opbouw-plekken-titel", "opbouw-fte-titel", "rol-nurse-titel"} <= names
    assert "REO, REO-bed" in page.text
    assert "meer en oudere mensen" in page.text
    assert len(page.all("table")) >= len(names)
    assert none.status_code == 404
    assert pixels.headers["content-type"] == "image/png"
    assert pixels.content.startswith(b"\x89PNG")
    assert "fictief" in drawn.text.lower()
    rows = list(csv.DictReader(io.StringIO(file.text), delimiter=";"))
    demo.state.fictief = False
    forecast: Any = (await client.get("/v1/forecasts", params=asked, headers=key)).json()
    (told,) = forecast["forecasts"]
    before, ahead = rows[:28], rows[28:]
    seen = [None if row["Was er"] == "onbekend" else figure(row["Was er"]) for row in before]
    assert seen == [
        value if value is None else round(value, 1) for value in told["past"]["values"][-28:]
    ]
    assert [figure(row["Nodig"]) for row in ahead] == [
        step["need"]["median"] for step in told["steps"]
    ]


def figure(shown: str) -> float:
    return float(shown.replace(",", "."))


async def test_what_is_expected_is_held_against_what_was_expected_before(
    demo: FastAPI, client: AsyncClient, session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", staffed=9, occupied=8, reserved=0)
    await a_series(session, ripple(200), ends=make.now().date() - timedelta(days=1))
    await issue(database.urls.worker, make.now() - timedelta(days=8))
    await issue(database.urls.worker, make.now())
    asked = {"h": "weken", "eerder": "week"}

    page = Outline((await client.get("/verwachting", params=asked)).text)
    file = await client.get("/verwachting", params={**asked, "grafiek": "fan-weeks.csv"})
    no_run = Outline((await client.get("/verwachting?h=weken&eerder=maand")).text)
    units = Outline((await client.get("/")).text)
    demo.state.fictief = False
    neighbour = await make.a_key(session, organisation="caz")
    theirs = Outline((await client.get("/", headers=neighbour)).text)

    *_, then = next(csv.reader(io.StringIO(file.text), delimiter=";"))
    rows = list(csv.DictReader(io.StringIO(file.text), delimiter=";"))
    last_week = [row[then] for row in rows[21:27]]
    assert then.startswith("Verwacht op ")
    assert then[1:] in page.text
    assert all(5 < figure(value) < 11 for value in last_week)
    assert "Van toen is geen verwachting bewaard" in no_run.text
    # Days of who is there: for those who place people, not for a neighbour.
    assert "van oud naar nieuw" in units.text
    assert "van oud naar nieuw" not in theirs.text
    assert "Afdelingen:" in theirs.text


async def until_drawn(client: AsyncClient) -> Outline:
    """The first page once nothing is being drawn any more."""
    for _try in range(100):
        page = Outline((await client.get("/")).text)
        if not page.all("progress"):
            return page
        await asyncio.sleep(0.1)
    raise AssertionError("It is being drawn for ever.")


async def test_pictures_that_take_long_come_after_the_page_itself(
    demo: FastAPI,
    client: AsyncClient,
    session: AsyncSession,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await a_run(session, database)
    monkeypatch.setattr(routes, "PATIENCE_SECONDS", 0.0)

    first = Outline((await client.get("/")).text)
    later = await until_drawn(client)

    assert "De verwachting wordt getekend" in first.text
    assert "reo-flex (fictief)" in first.text
    assert first.all("figure") == []
    assert "fan-weeks" in [figure["id"] for figure in later.all("figure")]


# A run takes seconds: all pages are asked of one.
PICTURES: Mapping[str, set[str]] = {
    "/verwachting?h=weken": {"fan-weeks", "kalender"},
    "/verwachting?h=maanden": {"fan-months"},
    "/personeel?zorg=reo": {"tekorten-fte", "rol-nurse"},
    "/jaren": {"mensen", "tekorten", "tekorten-fte", "opbouw-plekken", "opbouw-nurse"},
    "/rapport": {"fan-weeks", "kalender"},
}


def drawn_on(page: Outline) -> tuple[set[str | None], int, int, bool]:
    """The pictures, by how many there are more tables; the headings; whether no id stands twice."""
    figures = {figure["id"] for figure in page.all("figure")}
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    more = len(page.all("table")) - len(figures)
    return figures, more, len(page.all("h1")), len(ids) == len(set(ids))


async def test_each_page_ahead_shows_its_pictures_with_their_tables_in_both_languages(
    demo: FastAPI, client: AsyncClient, session: AsyncSession, database: Database
) -> None:
    await a_run(session, database)
    await make.a_unit(session, "caz-bed", "caz")
    await a_baseline(session, version=2)

    pages = {
        f"{language}{path}": Outline((await client.get(f"{language}{path}")).text)
        for path in PICTURES
        for language in ("", "/en")
    }
    shown = {path: drawn_on(page) for path, page in pages.items()}
    links = {a["href"] or "" for page in pages.values() for a in page.all("a")}
    files = [await client.get(link) for link in sorted(links) if "grafiek=" in link]

    assert all(PICTURES[path.removeprefix("/en")] <= told[0] for path, told in shown.items()), shown
    assert min(more for _, more, _, _ in shown.values()) >= 0
    assert len(files) == 3 * sum(len(told[0]) for told in shown.values())
    assert {file.status_code for file in files} == {200}
    assert {file.headers["content-type"].split(";")[0] for file in files} == {
        "text/csv",
        "image/svg+xml",
        "image/png",
    }
    assert {(headings, once) for _, _, headings, once in shown.values()} == {(1, True)}


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/verwachting", "Nog geen verwachting"),
        ("/personeel", "Nog geen diensten"),
        ("/jaren", "De jaren zijn nog niet gerekend"),
        ("/rapport", "Er zijn nog geen gegevens gemeld"),
    ],
)
async def test_each_page_ahead_says_what_it_lacks(
    demo: FastAPI, client: AsyncClient, session: AsyncSession, path: str, says: str
) -> None:
    await make.a_unit(session)

    assert says in Outline((await client.get(path)).text).text


@pytest.mark.parametrize("path", ["/verwachting", "/personeel", "/jaren", "/rapport", "/en/jaren"])
async def test_no_page_ahead_opens_without_a_key(client: AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 401


async def test_a_picture_that_a_page_does_not_show_is_no_file_of_it(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)

    unknown = await client.get("/jaren", params={"grafiek": "geen.csv"})

    assert unknown.status_code == 404
    assert unknown.json()["code"] == "unknown-chart"


async def test_without_a_key_no_picture_and_no_file(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)

    assert (await client.get("/grafieken/fan-weeks.csv")).status_code == 401
