import asyncio
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import connect, sessions_of
from app.observations import queries
from app.observations.tables import OpenWrite
from app.wire import instant
from tests import make
from tests.conftest import Database
from tests.observations import told

HISTORY = "/v1/units/reo-flex/history"
A_MINUTE = timedelta(minutes=1)


@pytest.fixture
async def reo(session: AsyncSession) -> dict[str, str]:
    await make.a_unit(session)
    return await make.a_key(session, organisation="reo")


async def ids_since(client: AsyncClient, headers: dict[str, str], path: str) -> tuple[Any, str]:
    page = await client.get(path, headers=headers)
    assert page.status_code == 200, page.text
    found = [report["id"] for report in page.json()["reports"]]
    return found, page.links.get("next", {}).get("url", path)


async def test_what_is_not_settled_yet_is_not_told_as_known(
    client: AsyncClient, reo: dict[str, str]
) -> None:
    answer = await client.get(HISTORY, params={"knownAt": instant(make.now())}, headers=reo)

    problem = answer.json()
    horizon = datetime.fromisoformat(problem["detail"].split("Ask for ")[1].split(" ")[0])
    assert (answer.status_code, problem["code"]) == (400, "too-recent")
    assert problem["errors"][0]["parameter"] == "knownAt"
    assert timedelta(seconds=9) < make.now() - horizon < timedelta(seconds=15)


async def test_the_horizon_that_a_refusal_names_is_answered(
    client: AsyncClient, reo: dict[str, str]
) -> None:
    refused = await client.get(HISTORY, params={"knownAt": instant(make.now())}, headers=reo)
    named = refused.json()["detail"].split("Ask for ")[1].split(" ")[0]

    answer = await client.get(HISTORY, params={"knownAt": named}, headers=reo)

    assert (answer.status_code, answer.json()["knownAt"]) == (200, named)


@pytest.mark.parametrize("path", [HISTORY, *(f"/v1/units/reo-flex/{n}" for n in ("stops",))])
async def test_a_bulk_write_under_way_holds_the_horizon_back(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str], path: str
) -> None:
    before = make.now() - 10 * A_MINUTE
    org_id = await make.an_organisation(session, "reo")
    write = {"org_id": org_id, "id": uuid.uuid4(), "what": "import"}
    times = {"started_at": make.now() - 5 * A_MINUTE, "until": make.now() + 5 * A_MINUTE}
    await session.execute(insert(OpenWrite).values(**write, **times))
    await session.commit()

    during = await client.get(path, params={"knownAt": instant(make.now() - A_MINUTE)}, headers=reo)
    settled = await client.get(path, params={"knownAt": instant(before)}, headers=reo)

    assert (during.status_code, during.json()["code"]) == (400, "too-recent")
    assert settled.status_code == 200


async def test_history_is_answered_as_it_was_known(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    at = make.now() - 60 * A_MINUTE
    await told.figure(session, 1, at)
    await told.figure(session, 2, at, known_at=at + 30 * A_MINUTE)
    await session.commit()

    then = await client.get(HISTORY, params={"knownAt": instant(at + 10 * A_MINUTE)}, headers=reo)
    now = await client.get(HISTORY, headers=reo)

    assert [figure["value"] for figure in then.json()["figures"]] == [1]
    assert [figure["value"] for figure in now.json()["figures"]] == [2]


async def test_changes_are_given_in_pages_that_go_on(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    start = make.now() - 60 * A_MINUTE
    first = [await told.figure(session, n, start + n * A_MINUTE) for n in range(5)]
    await session.commit()

    found: list[str] = []
    link = "/v1/reports?limit=2"
    for _ in range(3):
        page, link = await ids_since(client, reo, link)
        found += page
    nothing, link = await ids_since(client, reo, link)
    late = await told.figure(session, 9, start, known_at=start + 30 * A_MINUTE)
    await session.commit()
    after, _ = await ids_since(client, reo, link)

    assert found == [str(each) for each in first]
    assert nothing == []
    assert after == [str(late)]


async def test_changes_wait_for_who_is_still_writing(
    client: AsyncClient, database: Database, session: AsyncSession, reo: dict[str, str]
) -> None:
    engine = connect(database.urls.owner, pool_size=1)
    async with sessions_of(engine)() as slow:
        now = make.now()
        first = await told.figure(slow, 1, now - A_MINUTE, known_at=now - timedelta(seconds=8))
        second = await told.figure(
            session, 2, now, measure="staffed", known_at=now - timedelta(seconds=7)
        )
        await session.commit()
        during, link = await ids_since(client, reo, "/v1/reports")
        # The broken twin: the same query without the horizon, at the same moment.
        twin = await queries.reports_since(session, None, make.now(), 100)
        await slow.commit()
    await engine.dispose()
    await asyncio.sleep(max(0, 3.5 - (make.now() - now).total_seconds()))

    after, _ = await ids_since(client, reo, link)
    last = (twin[-1]["known_at"], twin[-1]["report_id"])
    twin_after = await queries.reports_since(session, last, make.now(), 100)

    assert during == []
    assert after == [str(first), str(second)]
    assert [row["report_id"] for row in (*twin, *twin_after)] == [second]


async def test_changes_are_of_ones_own_organisation_only(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    await told.figure(session, 1, make.now() - 60 * A_MINUTE)
    await session.commit()
    other = await make.a_key(session, organisation="rtp", audience="coordinator")

    theirs, _ = await ids_since(client, other, "/v1/reports")

    assert theirs == []


@pytest.mark.parametrize("since", ["x", "W10", "WyJhIiwgImIiXQ", "%00"])
async def test_a_cursor_that_was_not_given_is_refused(
    client: AsyncClient, reo: dict[str, str], since: str
) -> None:
    answer = await client.get(f"/v1/reports?since={since}", headers=reo)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad-cursor")
    assert answer.json()["errors"][0]["parameter"] == "since"
