"""The what-if page: what is typed is the API's own scenario, shared by its address."""

from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.dashboard.whatif.form import Row, Typed, payload
from tests import make
from tests.dashboard.test_page import Outline, demo
from tests.dashboard.test_sign_in import HERE, signed_in
from tests.planning.test_scenarios import a_baseline

__all__ = ["demo"]
YEAR = 2026
SHORTER = {
    "naam": "korter",
    "knop1": "stay",
    "waar1": "reo.observation-elderly",
    "hoeveel1": "−10",
    "laag1": "-15%",
    "hoog1": "-5",
    "vanaf1": "2027",
    "tot1": "2030",
}


async def a_planner_who_looks(session: AsyncSession) -> dict[str, str]:
    return await make.a_key(
        session,
        *("overview:read", "forecasts:read", "scenarios:write"),
        organisation="rtp",
        audience="coordinator",
    )


async def count(session: AsyncSession) -> Any:
    stored = "SELECT count(*) FROM scenarios WHERE scenario <> 'baseline'"
    return (await session.execute(text(stored))).scalar_one()


async def test_what_is_typed_is_reckoned_stored_and_shown_beside_the_baseline(
    client: AsyncClient, session: AsyncSession
) -> None:
    await a_baseline(session)
    key = await a_planner_who_looks(session)
    await signed_in(client, key)

    sent = await client.post("/wat-als", data=SHORTER, headers=HERE)
    page = Outline((await client.get(sent.headers["location"])).text)
    again = await client.post("/wat-als", data=SHORTER, headers=HERE)

    assert sent.status_code == 303
    assert again.headers["location"] == sent.headers["location"]
    assert {figure["id"] for figure in page.all("figure")} == {"naast-elkaar", "opbouw-wat-als"}
    assert "minder tekort bij REO-bed" in page.text
    scenario = sent.headers["location"].rpartition(",")[2]
    told = (await client.get(f"/v1/scenarios/{scenario}", headers=key)).json()
    (lever,) = told["levers"]
    assert lever["amount"] == {"p10": 0.85, "p50": 0.9, "p90": 0.95}
    assert (lever["since"], lever["until"]) == (2027, 2030)


async def test_what_cannot_be_is_said_all_at_once_and_what_was_typed_is_kept(
    client: AsyncClient, session: AsyncSession
) -> None:
    await a_baseline(session)
    await signed_in(client, await a_planner_who_looks(session))
    wrong = {**SHORTER, "hoeveel1": "veel", "knop2": "inflow", "hoeveel2": "5", "vanaf2": "later"}

    answer = await client.post("/wat-als", data=wrong, headers=HERE)

    page = Outline(answer.text)
    assert answer.status_code == 400
    assert "Knop 1: vul in hoeveel" in page.text
    assert "Knop 2: jaren zijn hele getallen" in page.text
    assert "veel" in [field.get("value") for field in page.all("input")]
    assert await count(session) == 0


async def test_what_the_api_refuses_is_said_on_the_page(
    client: AsyncClient, session: AsyncSession
) -> None:
    await a_baseline(session)
    await signed_in(client, await a_planner_who_looks(session))

    answer = await client.post("/wat-als", data={**SHORTER, "naam": "baseline"}, headers=HERE)

    assert answer.status_code == 400
    assert "Give your scenario another name" in answer.text
    assert await count(session) == 0


async def test_who_may_not_write_stores_nothing(
    demo: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await a_baseline(session)

    answer = await client.post("/wat-als", data=SHORTER, headers=HERE)

    assert answer.status_code == 400
    assert "scenarios:write" in answer.text
    assert await count(session) == 0


async def test_another_site_cannot_make_a_what_if(
    client: AsyncClient, session: AsyncSession
) -> None:
    await a_baseline(session)
    await signed_in(client, await a_planner_who_looks(session))

    foreign = {"Sec-Fetch-Site": "cross-site"}
    answer = await client.post("/wat-als", data=SHORTER, headers=foreign)

    assert answer.status_code == 403
    assert await count(session) == 0


async def test_before_the_years_were_reckoned_the_page_says_so(
    demo: FastAPI, client: AsyncClient
) -> None:
    answer = await client.get("/wat-als")

    assert "De jaren zijn nog niet gerekend" in answer.text


@pytest.mark.parametrize(
    ("row", "lever"),
    [
        (Row("beds", "reo.observation-elderly", "4"), {"p10": 4, "p50": 4, "p90": 4}),
        (Row("inflow", "nurse", "15", "5", "25"), {"p10": 1.05, "p50": 1.15, "p90": 1.25}),
        (Row("absence", "", "-2,5", "", "0"), {"p10": 0.975, "p50": 0.975, "p90": 1.0}),
    ],
)
def test_per_cents_become_factors_and_places_stay_places(row: Row, lever: dict[str, float]) -> None:
    told, errors = payload(Typed("naam", [row]), YEAR)

    assert errors == []
    assert told["levers"][0]["amount"] == pytest.approx(lever)


def test_a_knob_of_people_goes_to_roles_and_one_of_care_to_beds() -> None:
    rows = [Row("inflow", "nurse", "5"), Row("stay", "reo.observation-elderly", "5")]

    told, _errors = payload(Typed("naam", rows), YEAR)

    of_people, of_care = told["levers"]
    assert of_people["roles"] == ["nurse"]
    assert of_care["lines"] == [{"careSetting": "reo", "bedType": "observation-elderly"}]
