"""The live stream: a change is told once, nothing is missed, and it ends when the tower does."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from fastapi import FastAPI
from httpx import AsyncClient, Response
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.signals.stream.changes import REMEMBERED, Changes
from tests import make

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
UNITS = st.sampled_from(["reo-flex", "ic", "hap"])


def events_of(answer: Response) -> list[dict[str, Any]]:
    blocks = [block for block in answer.text.split("\n\n") if "event:" in block]
    told = [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]
    return [{**each, "data": json.loads(each["data"])} for each in told]


async def posted(client: AsyncClient, key: dict[str, str], value: int) -> None:
    report = make.a_report(figures=[make.a_figure(value=value)])
    answer = await client.post("/v1/reports", json=[report], headers=key)
    assert answer.is_success, answer.text


async def test_who_listens_is_told_which_unit_changed_and_no_figure(
    app: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    asked = {"seconds": "4"}
    listening = asyncio.create_task(client.get("/v1/stream", params=asked, headers=key))
    await asyncio.sleep(1.2)

    await posted(client, key, 3)
    told = events_of(await listening)

    assert [each["event"] for each in told] == ["begin", "changed"]
    assert told[1]["data"] == {"units": ["reo-flex"]}


async def test_who_comes_back_with_the_last_mark_misses_nothing(
    app: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    begun = await client.get("/v1/stream", params={"seconds": "0"}, headers=key)
    (first,) = events_of(begun)

    await posted(client, key, 3)
    back = {**key, "Last-Event-ID": first["id"]}
    told = events_of(await client.get("/v1/stream", params={"seconds": "2"}, headers=back))

    assert [each["data"]["units"] for each in told] == [[], ["reo-flex"]]


async def test_a_stop_and_a_status_are_told_without_any_figure(
    app: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    await make.a_unit(session, "reo-ander")
    key = await make.a_key(session)
    begun = await client.get("/v1/stream", params={"seconds": "0"}, headers=key)
    (first,) = events_of(begun)

    stop = {"id": str(uuid4()), "kind": "intake-stop", "reason": "staff"}
    said = {"status": "restricted", "at": make.now().isoformat(), "reason": "staff"}
    begins = {"beginsAt": make.now().isoformat()}
    stopped = await client.post("/v1/units/reo-flex/stops", json=stop | begins, headers=key)
    changed = await client.post("/v1/units/reo-ander/status", json=said, headers=key)
    back = {**key, "Last-Event-ID": first["id"]}
    told = events_of(await client.get("/v1/stream", params={"seconds": "2"}, headers=back))

    assert (stopped.status_code, changed.status_code) == (201, 201)
    assert {unit for each in told for unit in each["data"]["units"]} == {"reo-flex", "reo-ander"}


async def test_the_mark_of_another_tower_asks_for_all_anew(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await make.a_key(session)
    back = {**key, "Last-Event-ID": "12345678-7"}

    told = events_of(await client.get("/v1/stream", params={"seconds": "0"}, headers=back))

    assert [each["event"] for each in told] == ["anew"]


async def test_it_ends_when_the_tower_leaves(
    app: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    key = await make.a_key(session)
    listening = asyncio.create_task(client.get("/v1/stream", headers=key))
    await asyncio.sleep(0.5)

    app.state.leaving.set()

    assert (await asyncio.wait_for(listening, 5)).status_code == 200


async def test_without_a_key_nothing_is_streamed(client: AsyncClient) -> None:
    assert (await client.get("/v1/stream", params={"seconds": "0"})).status_code == 401
    assert (await client.get("/stroom", params={"seconds": "0"})).status_code == 401


@given(st.lists(st.lists(st.tuples(UNITS, st.integers(0, 60)), max_size=4), max_size=8))
def test_each_change_is_told_once_to_who_listens_all_along(asked: list[Any]) -> None:
    changes = Changes(NOW)
    number, told = 0, []

    for found in asked:
        changes.add([(unit, NOW + timedelta(seconds=at)) for unit, at in found])
        told += [(n, unit) for (unit, _), n in changes.told.items() if n > number]
        number = changes.number

    assert len(told) == len(set(told)) == len({known for found in asked for known in found})


def test_what_was_long_ago_is_forgotten_and_said_to_be() -> None:
    changes = Changes(NOW)
    changes.add([("reo-flex", NOW)])
    changes.add([("ic", NOW + REMEMBERED + timedelta(seconds=1))])

    assert not changes.holds(0)
    assert changes.holds(1)
    assert changes.after(1) == ["ic"]
