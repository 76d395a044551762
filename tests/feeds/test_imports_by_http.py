"""A file by HTTP: stored before it is answered, refused by row and column, seen by its own."""

import gzip
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.forecasts.calendar import local_day
from tests import make
from tests.conftest import Database
from tests.feeds.test_import import counts, fetch, values
from tests.trust.calls import a_world

TIDY = {"profile": "tidy", "measure": "occupied", "capMeasure": "staffed"}


def days_ago(days: int) -> str:
    return str(local_day(make.now()) - timedelta(days=days))


def tidy(*rows: str) -> str:
    return "\n".join(["unique_id,ds,y,cap", *rows]) + "\n"


async def send(
    client: AsyncClient,
    key: dict[str, str],
    text: str | bytes,
    kind: str = "text/csv",
    **asked: Any,
) -> Response:
    return await client.post(
        "/v1/imports",
        content=text.encode() if isinstance(text, str) else text,
        params=asked or TIDY,
        headers={**key, "Content-Type": kind},
        timeout=180,
    )


@pytest.fixture
async def key(session: AsyncSession) -> dict[str, str]:
    await make.a_unit(session)
    return await make.a_key(session, "imports:write")


@pytest.mark.parametrize("kind", ["text/csv", "application/gzip"])
async def test_a_file_is_stored_and_told_back(
    client: AsyncClient, key: dict[str, str], database: Database, kind: str
) -> None:
    text = tidy(f"reo-flex,{days_ago(3)},1,2", f"reo-flex,{days_ago(2)},,2").encode()
    body = gzip.compress(text) if kind == "application/gzip" else text

    answer = await send(client, key, body, kind)

    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["rows"], told["figures"], told["added"]) == (2, 4, 4)
    assert (told["state"], told["dryRun"], told["unchanged"]) == ("done", False, 0)
    assert len(await values(database)) == 4
    one = await client.get(answer.headers["Location"], headers=key)
    assert one.json() == told
    listed = await client.get("/v1/imports", headers=key)
    assert listed.json() == {"items": [told]}


async def test_the_same_file_again_changes_nothing_and_another_figure_corrects(
    client: AsyncClient, key: dict[str, str], database: Database
) -> None:
    text = tidy(f"reo-flex,{days_ago(3)},1,2", f"reo-flex,{days_ago(2)},1,2")
    await send(client, key, text)

    again = (await send(client, key, text)).json()
    corrected = (await send(client, key, text.replace(",1,2\n", ",2,2\n", 1))).json()

    assert (again["added"], again["corrected"], again["unchanged"]) == (0, 0, 4)
    assert (corrected["added"], corrected["corrected"], corrected["unchanged"]) == (0, 1, 3)
    assert len(await values(database)) == 5


async def test_a_dry_run_tells_and_leaves_nothing(
    client: AsyncClient, key: dict[str, str], database: Database
) -> None:
    before = await counts(database)

    answer = await send(client, key, tidy(f"reo-flex,{days_ago(3)},1,2"), **TIDY, dryRun="true")

    assert (answer.status_code, answer.json()["dryRun"], answer.json()["added"]) == (200, True, 2)
    assert "Location" not in answer.headers
    assert await counts(database) == before
    assert (await client.get("/v1/imports", headers=key)).json() == {"items": []}


COLUMNS = {"profile": "columns"}
BAD: list[tuple[dict[str, str], str, list[tuple[str, int | None, str | None]]]] = [
    (TIDY, "unique_id,ds,y,cap\nreo-flex,DAY,1\n", [("ragged-row", 2, None)]),
    (
        TIDY,
        "unique_id,ds,y,cap\nreo-flex,DAY,1,2\nreo-flex,DAY,1,2\n",
        [("row-twice", 3, "ds")],
    ),
    (TIDY, "unique_id,ds,y,cap\nreo-flex,2099-01-01,1,2\n", [("in-the-future", 2, "ds")]),
    (
        TIDY,
        "unique_id,ds,y,cap\nreo-flex,DAY,-1,x\n",
        [("negative", 2, "y"), ("not-a-number", 2, "cap")],
    ),
    (TIDY, "unique_id,ds,y,cap\n123456782,DAY,1,2\n", [("person-detected", 2, "unique_id")]),
    (TIDY, "unique_id,ds,y,cap,bsn\nreo-flex,DAY,1,2,3\n", [("person-detected", 1, "bsn")]),
    (TIDY, "unique_id;ds;y;cap\nreo-flex;DAY;1.5;2\n", [("not-a-number", 2, "y")]),
    (TIDY, "unique_id;ds,y;cap\nreo-flex;DAY;1;2\n", [("wrong-separator", 1, None)]),
    (TIDY, "unique_id,ds,y,cap\nreo-flex;DAY;1;2\n", [("ragged-row", 2, None)]),
    (TIDY, "unique_id,ds,y,cap\nreo-nergens,DAY,1,2\n", [("unknown-unit", 2, "unique_id")]),
    (COLUMNS, "unit,ds,bezet\nreo-flex,DAY,1\n", [("unknown-column", 1, "bezet")]),
    (COLUMNS, "unit,ds,closedPlaces\nreo-flex,DAY,1\n", [("missing", 1, None)]),
    (COLUMNS, "unit,ds,occupied[staff]\nreo-flex,DAY,1\n", [("unknown-word", 1, None)]),
    (COLUMNS, "unit,ds,occupied,occupied\nreo-flex,DAY,1,1\n", [("column-twice", 1, None)]),
    (COLUMNS, "unit,ds\nreo-flex,DAY\n", [("missing-column", 1, None)]),
    (COLUMNS, "unit,ds,occupied[ic]\nreo-flex,DAY,1\n", [("unknown-word", 2, "occupied[ic]")]),
    (
        COLUMNS,
        "unit,ds,occupied,occupied[observation-elderly]\nreo-flex,DAY,1,1\n",
        [("figure-twice", 2, "occupied[observation-elderly]")],
    ),
    (COLUMNS, "unit,ds,admissions\nreo-flex,DAYT08:00+01:00,1\n", [("needs-days", 2, "ds")]),
    (COLUMNS, "unit,ds,admissions\nreo-flex,TODAY,1\n", [("in-the-future", 2, "ds")]),
    (
        COLUMNS,
        "unit,ds,occupied,shortToday[nurse]\nreo-flex,DAY,1,2\n",
        [("too-large", 2, "shortToday[nurse]")],
    ),
    (
        {**COLUMNS, "period": "week"},
        "unit,ds,admissions\nreo-flex,2026-09-07,1\nreo-flex,2026-09-10,1\n",
        [("overlapping-rows", 3, "ds")],
    ),
    (
        {**COLUMNS, "period": "hour"},
        "unit,ds,calls\nreo-flex,2026-09-07,1\n",
        [("needs-moments", 2, "ds")],
    ),
]


@pytest.mark.parametrize(("asked", "text", "found"), BAD, ids=lambda value: str(value)[:60])
async def test_what_is_wrong_is_named_by_row_and_column_and_nothing_is_kept(
    client: AsyncClient,
    key: dict[str, str],
    database: Database,
    asked: dict[str, str],
    text: str,
    found: list[tuple[str, int | None, str | None]],
) -> None:
    before = await counts(database)
    body = text.replace("TODAY", days_ago(0)).replace("DAY", days_ago(5))

    answer = await send(client, key, body, **asked)

    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = [(e["code"], e.get("row"), e.get("column")) for e in answer.json()["errors"]]
    assert told == found
    assert await counts(database) == before


@pytest.mark.parametrize(
    ("asked", "parameters"),
    [
        ({"profile": "xlsx"}, ["profile"]),
        ({"profile": "tidy"}, ["measure"]),
        (
            {"profile": "tidy", "measure": "bezet", "capMeasure": "occupied[x]"},
            ["measure", "capMeasure"],
        ),
        ({"profile": "divi", "measure": "occupied"}, ["measure"]),
        ({"profile": "columns", "period": "year"}, ["period"]),
        ({"profile": "columns", "unknownAs": "0"}, ["unknownAs"]),
        ({"profile": "columns", "seperator": "comma"}, ["seperator"]),
    ],
)
async def test_what_is_asked_wrongly_is_named_by_its_parameter(
    client: AsyncClient, key: dict[str, str], asked: dict[str, str], parameters: list[str]
) -> None:
    answer = await send(client, key, "unit,ds,occupied\n", **asked)

    assert answer.status_code == 400
    assert [each["parameter"] for each in answer.json()["errors"]] == parameters


async def test_a_file_that_is_not_utf_8_is_refused(
    client: AsyncClient, key: dict[str, str]
) -> None:
    text = tidy(f"reo-flex,{days_ago(3)},1,2", f"café,{days_ago(2)},1,2")

    answer = await send(client, key, text.encode("latin-1"))

    assert [(e["code"], e["row"]) for e in answer.json()["errors"]] == [("not-utf-8", 3)]


async def test_a_bomb_is_refused_while_it_is_unpacked(
    app: FastAPI, client: AsyncClient, key: dict[str, str], database: Database
) -> None:
    app.state.settings = app.state.settings.model_copy(update={"max_import_bytes": 1_000_000})
    before = await counts(database)
    bomb = gzip.compress(tidy().encode() + b"\n" * 200_000_000)

    answer = await send(client, key, bomb, "application/gzip")

    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert await counts(database) == before


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_body_beyond_the_limit_is_refused_and_other_paths_keep_their_own(
    app: FastAPI, client: AsyncClient, key: dict[str, str], chunked: bool
) -> None:
    app.state.settings = app.state.settings.model_copy(update={"max_import_bytes": 6_000_000})
    line = f"reo-flex,{days_ago(3)},1,2\n".encode()

    async def lines(count: int) -> Any:
        yield b"unique_id,ds,y,cap\n"
        for _ in range(count):
            yield line * 1000

    async def post(path: str, count: int) -> Response:
        whole = b"".join([part async for part in lines(count)])
        headers = {
            **key,
            "Content-Type": "text/csv" if path == "/v1/imports" else "application/json",
        }
        content = lines(count) if chunked else whole
        return await client.post(path, params=TIDY, content=content, headers=headers, timeout=60)

    beyond = await post("/v1/imports", 300)
    within = await post("/v1/imports", 200)
    reports = await client.post(
        "/v1/reports", content=line * 200_000, headers={**key, "Content-Type": "application/json"}
    )

    assert (beyond.status_code, beyond.json()["code"]) == (413, "too-large")
    assert (within.status_code, within.json()["errors"][0]["code"]) == (400, "row-twice")
    assert reports.status_code == 413


@pytest.mark.parametrize(
    ("kind", "scope", "status"),
    [("application/json", "imports:write", 415), ("text/csv", "reports:write", 403)],
)
async def test_another_kind_or_key_is_refused(
    client: AsyncClient, session: AsyncSession, kind: str, scope: Any, status: int
) -> None:
    key = await make.a_key(session, scope)

    answer = await send(client, key, tidy(), kind)

    assert answer.status_code == status


async def test_no_more_than_a_few_go_on_at_once(
    app: FastAPI, client: AsyncClient, key: dict[str, str]
) -> None:
    async with app.state.import_slots, app.state.import_slots:
        answer = await send(client, key, tidy(f"reo-flex,{days_ago(3)},1,2"))
    after = await send(client, key, tidy(f"reo-flex,{days_ago(3)},1,2"))

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert after.status_code == 201


async def test_another_organisation_sees_nothing_of_an_import(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    told = (await send(client, key, tidy(f"reo-flex,{days_ago(3)},1,2"))).json()
    other = await make.a_key(session, "imports:write", organisation="caz")

    listed = await client.get("/v1/imports", headers=other)
    one = await client.get(f"/v1/imports/{told['id']}", headers=other)

    assert (listed.json(), one.status_code) == ({"items": []}, 404)


async def test_imports_are_listed_page_by_page_newest_first(
    client: AsyncClient, key: dict[str, str]
) -> None:
    made = [
        (await send(client, key, tidy(f"reo-flex,{days_ago(n)},1,2"))).json()["id"]
        for n in range(5, 8)
    ]

    first = await client.get("/v1/imports", params={"limit": 2}, headers=key)
    second = await client.get(first.links["next"]["url"], headers=key)

    told = [each["id"] for page in (first, second) for each in page.json()["items"]]
    assert told == made[::-1]


async def test_flows_and_plans_are_of_local_days_of_23_24_and_25_hours(
    client: AsyncClient, key: dict[str, str], database: Database
) -> None:
    days = ["2026-03-28", "2026-03-29", "2026-03-30", "2026-10-25"]
    text = "unit,ds,admissions\n" + "".join(f"reo-flex,{day},1\n" for day in days)

    answer = await send(client, key, text, **COLUMNS)

    assert answer.status_code == 201, answer.text
    rows = await fetch(
        database, "SELECT at, length_s, observed_at, precision FROM observations ORDER BY at"
    )
    assert [(f"{r['at']:%m-%d %H:%M}", r["length_s"] // 3600) for r in rows] == [
        *(("03-27 23:00", 24), ("03-28 23:00", 23), ("03-29 22:00", 24), ("10-24 22:00", 25)),
    ]
    assert all(r["observed_at"] == r["at"] + timedelta(seconds=r["length_s"]) for r in rows)
    assert {r["precision"] for r in rows} == {"moment"}
    assert await fetch(database, "SELECT 1 FROM current_state") == []


async def test_a_week_keeps_the_weekday_of_the_file_and_an_hour_its_moment(
    client: AsyncClient, key: dict[str, str], database: Database
) -> None:
    week = "unit,ds,admissions\nreo-flex,2026-10-21,7\n"
    hour = "unit,ds,requests\nreo-flex,2026-10-25T02:00:00+02:00,1\n"

    answers = [
        await send(client, key, week, **COLUMNS, period="week"),
        await send(client, key, hour, **COLUMNS, period="hour"),
    ]

    assert [answer.status_code for answer in answers] == [201, 201]
    rows = await fetch(database, "SELECT at, length_s FROM observations ORDER BY at")
    assert [(f"{r['at']:%m-%d %H:%M}", r["length_s"]) for r in rows] == [
        *(("10-20 22:00", 7 * 86400 + 3600), ("10-25 00:00", 3600)),
    ]


async def test_a_plan_may_lie_ahead_and_what_was_may_not(
    client: AsyncClient, session: AsyncSession, key: dict[str, str], database: Database
) -> None:
    ahead = days_ago(-20)

    plan = await send(client, key, f"unit,ds,plannedAdmissions\nreo-flex,{ahead},2\n", **COLUMNS)
    both = await send(
        client, key, f"unit,ds,plannedAdmissions,occupied\nreo-flex,{ahead},2,1\n", **COLUMNS
    )
    far = await send(
        client, key, f"unit,ds,plannedAdmissions\nreo-flex,{days_ago(-500)},2\n", **COLUMNS
    )

    assert plan.status_code == 201, plan.text
    assert {answer.json()["errors"][0]["code"] for answer in (both, far)} == {"in-the-future"}
    [row] = await fetch(database, "SELECT observed_at <= known_at AS said, at FROM observations")
    assert row["said"]


async def test_a_period_may_be_told_again_and_may_not_overlap_another(
    client: AsyncClient, key: dict[str, str], database: Database
) -> None:
    days = "unit,ds,admissions\nreo-flex,2026-09-08,1\nreo-flex,2026-09-12,1\n"
    await send(client, key, days, **COLUMNS)

    again = await send(client, key, days.replace("08,1", "08,2"), **COLUMNS)
    week = "unit,ds,admissions\nreo-flex,2026-09-01,7\nreo-flex,2026-09-08,7\n"
    overlapping = await send(client, key, week, **COLUMNS, period="week")

    assert (again.json()["corrected"], again.json()["unchanged"]) == (1, 1)
    assert overlapping.status_code == 400
    told = [(e["code"], e["row"], e["column"]) for e in overlapping.json()["errors"]]
    assert told == [("overlapping-period", 3, "admissions")]
    assert len(await fetch(database, "SELECT 1 FROM observations")) == 3


async def test_a_column_that_does_not_suit_a_unit_is_left_empty(
    client: AsyncClient, session: AsyncSession, key: dict[str, str], database: Database
) -> None:
    await make.a_unit(session, "reo-ic", beds=[{"bedType": "ic", "law": "Zvw"}])
    text = (
        "unit,ds,occupied[ic],occupied[observation-elderly]\n"
        f"reo-ic,{days_ago(3)},4,\nreo-flex,{days_ago(3)},,1\n"
    )

    answer = await send(client, key, text, **COLUMNS)

    assert answer.status_code == 201, answer.text
    assert (answer.json()["figures"], answer.json()["added"]) == (2, 2)
    assert [(row[0], row[3]) for row in await values(database)] == [("reo-flex", 1), ("reo-ic", 4)]


async def test_staff_is_told_of_pools(
    client: AsyncClient, session: AsyncSession, database: Database
) -> None:
    keys = await a_world(session)
    text = f'staffPool,ds,"rostered[nurse,dag]"\nreo-team,{days_ago(3)},3\n'

    answer = await send(client, keys["reo"], text, **COLUMNS)
    others = await send(client, keys["caz"], text, **COLUMNS)

    assert answer.status_code == 201, answer.text
    [row] = await fetch(database, "SELECT staff_pool, unit, role, shift FROM series")
    assert tuple(row) == ("reo-team", "", "nurse", "dag")
    assert [e["code"] for e in others.json()["errors"]] == ["not-yours"]
