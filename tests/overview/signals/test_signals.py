"""Signals over HTTP: how they go, who sees them, and what it takes to have seen one."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.disclosure import Detail, Disclosure, Shown
from app.access.principal import Principal
from app.facilities.queries import DirectoryCache
from app.jobs.commands import look_once, run_now, working
from app.overview import queries
from tests import make
from tests.conftest import Database
from tests.make import now
from tests.overview.lay import a_level_rule, a_stop, flowed, told

Headers = dict[str, str]
FULL: dict[str, Any] = {"staffed": 6, "occupied": 6, "reserved": 0}
BED = "observation-elderly"


async def look(database: Database) -> dict[str, Any] | None:
    async with working(database.urls.worker) as engine:
        return await look_once(engine, uuid.uuid4(), now(), DirectoryCache())


async def open_signals(client: AsyncClient, key: Headers, **asked: Any) -> list[dict[str, Any]]:
    answer = await client.get("/v1/signals", params=asked, headers=key)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["signals"]
    return found


async def saw(client: AsyncClient, key: Headers, signal: str) -> Response:
    return await client.post(f"/v1/signals/{signal}/_acknowledge", headers=key)


async def a_coordinator(session: AsyncSession, organisation: str = "rtp") -> Headers:
    return await make.a_key(
        session,
        *("overview:read", "signals:acknowledge"),
        organisation=organisation,
        audience="coordinator",
    )


async def reported(client: AsyncClient, key: Headers, **figures: int) -> None:
    body = make.a_report(*(make.a_figure(name, value) for name, value in figures.items()))
    answer = await client.post("/v1/reports", json=body, headers=key)
    assert answer.is_success, answer.text


async def test_a_signal_begins_goes_on_and_ends(
    client: AsyncClient, session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    key, reo = await a_coordinator(session), await make.a_key(session)
    await reported(client, reo, **FULL)

    first = await look(database)
    (begun,) = await open_signals(client, key)
    second = await look(database)
    await reported(client, reo, **{**FULL, "occupied": 1})
    third = await look(database)
    over = await open_signals(client, key, state="ended")

    assert (first, second, third) == (
        {"added": 1, "open": 1},
        {"added": 0, "open": 1},
        {"added": 1, "open": 0},
    )
    about = {"kind": "places", "level": "vol", "careSetting": "reo", "bedType": BED, "unit": None}
    assert begun.items() >= {**about, "state": "open", "acknowledged": False}.items()
    assert await open_signals(client, key) == []
    assert [(each["id"], each["state"]) for each in over] == [(begun["id"], "ended")]
    assert over[0]["beganAt"] == begun["beganAt"] < over[0]["endedAt"]


async def test_what_stands_is_shown_before_any_look_has_stored_it(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", **FULL)

    (shown,) = await open_signals(client, await a_coordinator(session))

    assert (shown["id"], shown["level"], shown["beganAt"]) == (None, "vol", None)


async def test_a_signal_that_returns_at_once_is_the_same_and_stays_seen(
    client: AsyncClient, session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    key, reo = await a_coordinator(session), await make.a_key(session)
    await reported(client, reo, **FULL)
    await look(database)
    (begun,) = await open_signals(client, key)
    await saw(client, key, begun["id"])

    await reported(client, reo, **{**FULL, "occupied": 1})
    await look(database)
    await reported(client, reo, **FULL)
    before = await open_signals(client, key)
    await look(database)
    after = await open_signals(client, key)

    assert [(each["id"], each["acknowledged"]) for each in before] == [(begun["id"], True)]
    assert after == before
    assert await open_signals(client, key, state="ended") == []


async def test_a_new_signal_asks_for_attention_anew(
    client: AsyncClient, session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await a_level_rule(session, "signals", returnsWithinMinutes=0)
    key, reo = await a_coordinator(session), await make.a_key(session)
    await reported(client, reo, **FULL)
    await look(database)
    (first,) = await open_signals(client, key)
    await saw(client, key, first["id"])

    await reported(client, reo, **{**FULL, "occupied": 1})
    await look(database)
    await reported(client, reo, **FULL)
    await look(database)

    (second,) = await open_signals(client, key)
    assert second["id"] != first["id"]
    assert second["acknowledged"] is False


async def test_a_signal_that_worsens_asks_anew_and_one_that_eases_does_not(
    client: AsyncClient, session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await flowed(
        session, "reo-flex", "requests", 40, now() - timedelta(days=20), timedelta(days=19)
    )
    key, reo = await a_coordinator(session), await make.a_key(session)
    seen = []
    for occupied in (5, 6, 5):
        await reported(client, reo, **{**FULL, "occupied": occupied})
        await look(database)
        (shown,) = await open_signals(client, key)
        seen.append((shown["level"], shown["acknowledged"], shown["id"]))
        await saw(client, key, shown["id"])

    assert [each[:2] for each in seen] == [("druk", False), ("vol", False), ("druk", True)]
    assert len({each[2] for each in seen}) == 1


async def test_stops_and_silent_units_are_signals_of_their_unit(
    client: AsyncClient, session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await make.a_unit(session, "reo-stil")
    await told(session, "reo-flex", **{**FULL, "occupied": 1})
    await told(session, "reo-stil", now() - timedelta(days=3), **{**FULL, "occupied": 1})
    await a_stop(session, "reo-flex", "ambulance")
    await a_stop(session, "reo-flex", "walk-in")

    outcome = await look(database)
    shown = await open_signals(client, await a_coordinator(session))

    of_units = [(s["kind"], s["unit"], s["stop"], s["level"]) for s in shown if s["unit"]]
    assert of_units == [
        ("silent", "reo-stil", None, "oud"),
        ("stop", "reo-flex", "opnamestop", "vol"),
    ]
    assert outcome == {"added": len(shown), "open": len(shown)}


async def test_to_see_it_twice_is_to_see_it_once(
    client: AsyncClient, session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", **FULL)
    await look(database)
    key = await a_coordinator(session)
    (begun,) = await open_signals(client, key)

    first, again = await saw(client, key, begun["id"]), await saw(client, key, begun["id"])

    assert first.status_code == again.status_code == 200
    assert again.json() == first.json()
    assert first.json()["acknowledged"] is True
    assert [each["organisation"] for each in first.json()["acknowledgements"]] == ["rtp"]
    noted = "SELECT count(*) FROM audit_events WHERE event = 'signals.acknowledge'"
    assert (await session.execute(text(noted))).scalar_one() == 1


async def test_who_saw_it_is_told_to_its_own_and_to_those_who_place_people(
    client: AsyncClient, session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", **FULL)
    await look(database)
    reo, rtp = await make.a_key(session), await a_coordinator(session)
    town = await make.a_key(session, organisation="gemeente", audience="municipality")
    (begun,) = await open_signals(client, reo)

    await saw(client, reo, begun["id"])
    by_reo = [(await open_signals(client, key))[0] for key in (reo, rtp, town)]
    await saw(client, rtp, begun["id"])
    by_both = [(await open_signals(client, key))[0] for key in (reo, rtp, town)]

    def told_of(shown: list[dict[str, Any]]) -> list[tuple[bool, list[str]]]:
        names = [[who["organisation"] for who in each["acknowledgements"]] for each in shown]
        return list(zip([each["acknowledged"] for each in shown], names, strict=True))

    assert told_of(by_reo) == [(True, ["reo"]), (False, ["reo"]), (False, [])]
    assert told_of(by_both) == [(True, ["reo"]), (True, ["reo", "rtp"]), (True, [])]


@pytest.mark.parametrize("audience", ["provider", "municipality", "insurer"])
async def test_who_is_not_shown_a_unit_is_not_told_of_its_signals(
    client: AsyncClient, session: AsyncSession, database: Database, audience: str
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", now() - timedelta(days=3), **FULL)
    await a_stop(session, "reo-flex")
    await look(database)
    outsider = await make.a_key(session, organisation="buiten", audience=audience)
    numbers = [each["id"] for each in await open_signals(client, await a_coordinator(session))]

    refused = [await saw(client, outsider, each) for each in (*numbers, str(uuid.uuid4()))]

    assert len(numbers) == 2
    assert await open_signals(client, outsider) == []
    assert {answer.status_code for answer in refused} == {404}
    assert len({answer.json()["detail"] for answer in refused}) == 1


async def test_without_disclosure_the_outsider_sees_them_so_the_test_can_fail(
    client: AsyncClient,
    session: AsyncSession,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Open(Disclosure):
        def detail(self, owner: int, shown: Shown) -> Detail:
            return "exact"

    async def bypassed(session: AsyncSession, viewer: Principal, *when: Any) -> Disclosure:
        return Open(viewer)

    await make.a_unit(session)
    await told(session, "reo-flex", **FULL)
    await a_stop(session, "reo-flex")
    await look(database)
    monkeypatch.setattr(queries, "disclosure", bypassed)

    shown = await open_signals(client, await make.a_key(session, organisation="buiten"))

    assert {each["kind"] for each in shown} == {"stop", "places"}


async def test_what_is_over_is_told_of_ones_own_units_and_to_those_who_place_people(
    client: AsyncClient, session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", **{**FULL, "occupied": 1})
    await a_stop(session, "reo-flex")
    await a_level_rule(session, "signals", returnsWithinMinutes=0)
    await make.a_sharing_rule(session, "reo", "admittable", "exact")
    keys = [await make.a_key(session), await a_coordinator(session)]
    keys.append(await make.a_key(session, organisation="buren"))
    await look(database)
    await session.execute(text("UPDATE stop_versions SET ended_at = now()"))
    await session.commit()
    await look(database)

    over = [await open_signals(client, key, state="ended") for key in keys]
    (stop,) = over[0]
    answers = [(await saw(client, key, stop["id"])).status_code for key in keys]

    kinds = [sorted(each["kind"] for each in told) for told in over]
    assert kinds == [["stop"], ["places", "stop"], []]
    assert answers == [200, 200, 404]


async def test_signals_are_told_page_by_page_and_since_a_moment(
    client: AsyncClient, session: AsyncSession, database: Database
) -> None:
    for number in range(3):
        await make.a_unit(session, f"reo-{number}")
        await told(session, f"reo-{number}", now() - timedelta(days=3), **FULL)
    await look(database)
    key = await a_coordinator(session)

    first = await client.get("/v1/signals?limit=2", headers=key)
    link = first.headers["Link"].split(">")[0].lstrip("<")
    second = await client.get(link, headers=key)
    later = await open_signals(client, key, since=now().isoformat())

    units = [each["unit"] for answer in (first, second) for each in answer.json()["signals"]]
    assert units == ["reo-0", "reo-1", "reo-2"]
    assert "Link" not in second.headers
    assert later == []


@pytest.mark.parametrize("asked", ["state=closed", "cursor=onzin", "since=gisteren"])
async def test_a_question_that_cannot_be_is_refused(
    client: AsyncClient, session: AsyncSession, asked: str
) -> None:
    answer = await client.get(f"/v1/signals?{asked}", headers=await a_coordinator(session))

    assert answer.status_code == 400


async def test_without_the_scope_nothing_is_acknowledged(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await make.a_key(session, "overview:read")

    assert (await saw(client, key, str(uuid.uuid4()))).status_code == 403


@pytest.mark.parametrize(("days", "added", "the_same"), [(2, 1, True), (9, 1, False)])
async def test_what_goes_on_is_noted_each_day_and_begins_anew_if_nobody_looked_for_long(
    client: AsyncClient,
    session: AsyncSession,
    database: Database,
    days: int,
    added: int,
    the_same: bool,
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", **FULL)
    await look(database)
    key = await a_coordinator(session)
    (before,) = await open_signals(client, key)
    ago = f"UPDATE signal_versions SET known_at = known_at - interval '{days} days'"
    await session.execute(text(ago))
    await session.commit()

    outcome = await look(database)
    (after,) = await open_signals(client, key)

    assert outcome == {"added": added, "open": 1}
    assert (after == before) is the_same


async def test_a_look_by_hand_stores_what_one_by_the_clock_would(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", **FULL)

    by_hand = await run_now(database.urls.worker, "signals", at=now())

    assert by_hand == {"added": 1, "open": 1}
    assert await look(database) == {"added": 0, "open": 1}


async def test_a_look_that_another_overtook_adds_nothing(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", **FULL)
    await look(database)
    await session.execute(text("UPDATE signal_versions SET known_at = now() + interval '1 min'"))
    await session.execute(text("DELETE FROM current_state"))
    await session.commit()

    assert await look(database) == {"added": 0, "open": 0}
