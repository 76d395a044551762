"""The examples that show all that a format can tell, as if they were made yesterday."""

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.forecasts.calendar import local_day
from tests import make
from tests.feeds.region import ROOT, bearer

SENDERS = {
    "reo": "reo-koppeling",
    "caz": "caz-koppeling",
    "huisartsenpost": "hap-koppeling",
    "hospital": "ziekenhuis-koppeling",
}
# The last day of which an example tells as of now.
LAST_DAY = date(2026, 11, 22)


def of_yesterday(example: str) -> str:
    days = local_day(make.now()) - timedelta(days=1) - LAST_DAY
    return re.sub(
        r"\d{4}-\d\d-\d\d", lambda day: str(date.fromisoformat(day.group()) + days), example
    )


async def send(client: AsyncClient, format: str, body: str) -> dict[str, Any]:
    headers = bearer(SENDERS[format]) | {"Content-Type": "application/json"}
    answer = await client.post(f"/v1/feeds/{format}/messages", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


def example(format: str) -> str:
    return of_yesterday((ROOT / f"docs/feeds/examples/{format}.json").read_text("utf-8"))


@pytest.mark.parametrize("format", SENDERS)
async def test_a_whole_example_is_stored_and_sent_again_is_harmless(
    zoetermeer: None, client: AsyncClient, session: AsyncSession, format: str
) -> None:
    rows = text(
        "SELECT (SELECT count(*) FROM observations), (SELECT count(*) FROM stop_versions),"
        " (SELECT count(*) FROM unit_statuses)"
    )

    first = await send(client, format, example(format))
    before = (await session.execute(rows)).one()
    await session.rollback()
    again = await send(client, format, json.dumps(json.loads(example(format))))

    assert {report["outcome"] for report in first["reports"]} == {"stored"}
    assert {report["outcome"] for report in again["reports"]} == {"repeated"}
    assert before[0] == first["figures"] > 10
    assert (await session.execute(rows)).one() == before


@pytest.mark.parametrize(
    ("format", "stops", "statuses"),
    [
        (
            "caz",
            {"seh-stop", "specialism-stop"},
            {("dienstapotheek", "open"), ("seh", "restricted")},
        ),
        ("reo", {"intake-stop"}, {("reo-flex", "restricted")}),
        ("huisartsenpost", {"intake-stop"}, {("hap", "restricted")}),
    ],
)
async def test_what_units_say_of_themselves_is_stored(
    zoetermeer: None,
    client: AsyncClient,
    session: AsyncSession,
    format: str,
    stops: set[str],
    statuses: set[tuple[str, str]],
) -> None:
    await send(client, format, example(format))

    kinds = await session.scalars(text("SELECT kind FROM stop_versions"))
    said = await session.execute(text("SELECT unit, status FROM unit_statuses"))
    assert set(kinds) == stops
    assert {tuple(row) for row in said} == statuses


async def test_hours_that_come_late_come_together(
    zoetermeer: None, client: AsyncClient, session: AsyncSession
) -> None:
    await send(client, "huisartsenpost", example("huisartsenpost"))

    calls = await session.execute(
        text(
            "SELECT o.value, o.length_s FROM observations o JOIN series s USING (series_id)"
            " WHERE s.measure = 'calls' ORDER BY o.at"
        )
    )
    assert [tuple(row) for row in calls] == [(51, 3600), (42, 3600)]


async def test_a_flexible_bed_counts_once_and_is_shown_under_what_else_it_can_be(
    zoetermeer: None, client: AsyncClient
) -> None:
    body = json.loads((ROOT / "docs/feeds/examples/reo-nu.json").read_text("utf-8"))

    await send(client, "reo", json.dumps(body))

    answer = await client.get("/v1/overview?group=reo", headers=bearer("caz-bord"))
    totals = {
        (each["careSetting"], each["bedType"]): each
        for each in answer.json()["totals"]
        if each["resource"] == "bed"
    }
    assert totals["reo", "observation-elderly"]["staffed"]["value"] is not None
    assert totals["reo", "elv-low"]["staffed"]["value"] in (None, 0)
    reo_flex = next(u for u in answer.json()["units"] if u["unit"] == "reo-flex")
    [line] = reo_flex["places"]
    assert (line["bedType"], line["staffed"]["value"]) == ("observation-elderly", 2)
    assert line["usableAs"] == ["elv-low", "elv-high"]


async def test_a_flexible_bed_told_under_another_type_is_refused_by_name(
    zoetermeer: None, client: AsyncClient
) -> None:
    told = {"code": "REO-1", "bedden": {"elvLaag": {"bezet": 1}}}

    answer = await client.post(
        "/v1/feeds/reo/messages", json={"locaties": [told]}, headers=bearer("reo-koppeling")
    )

    assert answer.status_code == 400
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [
        ("/locaties/0/bedden/elvLaag/bezet", "unknown-word")
    ]


async def test_the_inputs_of_nedocs_arrive_by_colour(zoetermeer: None, client: AsyncClient) -> None:
    body = (ROOT / "docs/feeds/examples/caz-nu.json").read_text("utf-8")

    await send(client, "caz", body)

    overview = (await client.get("/v1/overview", headers=bearer("caz-bord"))).json()
    seh = next(unit for unit in overview["units"] if unit["unit"] == "seh")
    present = seh["crowding"]["inputs"]["present"]
    assert present["value"] == 17
