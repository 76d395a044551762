import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tables import AuditEvent, SharingRuleVersion
from app.observations.notices import queries
from app.observations.tables import StopVersion, UnitEventVersion, UnitStatus
from app.outbox import OutboxEntry
from tests import make

AN_HOUR = timedelta(hours=1)
STATUS = "/v1/units/reo-flex/status"
STOPS = "/v1/units/reo-flex/stops"
EVENTS = "/v1/units/reo-flex/events"


def a_status(status: str = "closed", **fields: Any) -> Any:
    return {"status": status, "at": make.now().isoformat(), **fields}


def a_stop(**fields: Any) -> Any:
    told = {"id": str(uuid.uuid4()), "kind": "opnamestop", "reason": "staff", "source": "hand"}
    return {**told, "beginsAt": (make.now() - AN_HOUR).isoformat(), **fields}


def an_event(**fields: Any) -> Any:
    told = {"id": str(uuid.uuid4()), "kind": "closure", "change": -1, "reason": "maintenance"}
    return {**told, "beginsAt": (make.now() + AN_HOUR).isoformat(), **fields}


async def rows(session: AsyncSession, table: Any) -> int:
    return (await session.execute(select(func.count()).select_from(table))).scalar_one()


@pytest.fixture
async def reo(session: AsyncSession) -> dict[str, str]:
    await make.a_unit(session)
    return await make.a_key(session, organisation="reo")


@pytest.fixture
async def coordinator(session: AsyncSession) -> dict[str, str]:
    return await make.a_key(session, organisation="rtp", audience="coordinator")


async def test_what_a_unit_says_of_itself_is_read_by_the_coordinator(
    client: AsyncClient, reo: dict[str, str], coordinator: dict[str, str]
) -> None:
    said = await client.post(STATUS, json=a_status(reason="staff"), headers=reo)

    read = (await client.get(STATUS, headers=coordinator)).json()

    assert said.status_code == 201
    assert (read["status"], read["reason"], read["source"]) == ("closed", "staff", "feed")
    assert read["at"] == said.json()["at"]
    assert read["reportedBy"] is None
    assert said.json()["reportedBy"] == "reo"


async def test_a_unit_that_never_said_anything_is_unknown(
    client: AsyncClient, reo: dict[str, str]
) -> None:
    read = (await client.get(STATUS, headers=reo)).json()

    assert (read["status"], read["at"]) == ("unknown", None)


async def test_the_same_status_twice_is_stored_once(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    status = a_status()

    first = await client.post(STATUS, json=status, headers=reo)
    again = await client.post(STATUS, json=status, headers=reo)

    assert first.json() == again.json()
    assert await rows(session, UnitStatus) == 1


async def test_a_status_that_is_corrected_is_kept_as_it_was_known(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    status = a_status("closed")
    wrong = (await client.post(STATUS, json=status, headers=reo)).json()
    await client.post(STATUS, json={**status, "status": "open"}, headers=reo)
    then = datetime.fromisoformat(wrong["knownAt"])

    now_known = await queries.statuses(session, make.now())
    then_known = await queries.statuses(session, make.now(), then)

    assert now_known["reo-flex"].status == "open"
    assert then_known["reo-flex"].status == "closed"


async def test_a_status_is_not_of_the_future(client: AsyncClient, reo: dict[str, str]) -> None:
    later = (make.now() + timedelta(minutes=3)).isoformat()

    answer = await client.post(STATUS, json=a_status(at=later), headers=reo)

    assert answer.status_code == 400
    assert answer.json()["code"] == "observed-in-future"
    assert answer.json()["errors"][0]["pointer"] == "/at"


async def test_a_status_leaves_a_trace_in_audit_and_outbox(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    await client.post(STATUS, json=a_status(), headers=reo)

    event = (await session.execute(select(AuditEvent))).scalar_one()
    entry = (await session.execute(select(OutboxEntry))).scalar_one()

    assert (event.event, event.action, event.object_id) == ("status.say", "C", "reo-flex")
    assert (entry.kind, entry.body["unit"]) == ("status.say", "reo-flex")


async def test_a_stop_holds_until_it_is_ended(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    soon_over = (make.now() - timedelta(minutes=5)).isoformat()
    stop = a_stop(expectedUntil=soon_over)
    begun = await client.post(STOPS, json=stop, headers=reo)
    overdue = await queries.stops(session, make.now())

    ended = await client.post(f"{STOPS}/{stop['id']}/_end", headers=reo)

    assert begun.status_code == 201
    assert begun.json()["notice"].startswith("Geen formele melding. LPZ/meldkamer is leidend.")
    assert overdue["reo-flex"][0].overdue(make.now())
    assert ended.json()["endedAt"] is not None
    assert await queries.stops(session, make.now()) == {}


async def test_a_stop_that_is_to_come_does_not_hold_yet(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    stop = a_stop(beginsAt=(make.now() + AN_HOUR).isoformat())
    await client.post(STOPS, json=stop, headers=reo)

    listed = (await client.get(STOPS, headers=reo)).json()["stops"]

    assert [each["id"] for each in listed] == [stop["id"]]
    assert await queries.stops(session, make.now()) == {}
    assert "reo-flex" in await queries.stops(session, make.now() + 2 * AN_HOUR)


async def test_a_stop_that_is_called_off_never_held(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    stop = a_stop(beginsAt=(make.now() + AN_HOUR).isoformat())
    await client.post(STOPS, json=stop, headers=reo)

    await client.post(f"{STOPS}/{stop['id']}/_end", headers=reo)

    assert await queries.stops(session, make.now() + 2 * AN_HOUR) == {}


async def test_the_same_stop_twice_is_one_and_another_under_its_id_is_refused(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    stop = a_stop()
    first = await client.post(STOPS, json=stop, headers=reo)

    again = await client.post(STOPS, json=stop, headers=reo)
    other = await client.post(STOPS, json={**stop, "reason": "full"}, headers=reo)

    assert again.json() == first.json()
    assert (other.status_code, other.json()["code"]) == (409, "id-reused")
    assert await rows(session, StopVersion) == 1


async def test_a_stop_is_changed_by_put_and_kept_as_it_was_known(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    stop = a_stop()
    begun = (await client.post(STOPS, json=stop, headers=reo)).json()
    changed = {**stop, "reason": "full"}

    first = await client.put(f"{STOPS}/{stop['id']}", json=changed, headers=reo)
    again = await client.put(f"{STOPS}/{stop['id']}", json=changed, headers=reo)

    then = await queries.stops(session, make.now(), datetime.fromisoformat(begun["knownAt"]))
    assert first.json() == again.json()
    assert first.json()["reason"] == "full"
    assert then["reo-flex"][0].reason == "staff"
    assert await rows(session, StopVersion) == 2


async def test_an_ended_stop_is_ended_once_and_changed_no_more(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    stop = a_stop()
    await client.post(STOPS, json=stop, headers=reo)
    first = await client.post(f"{STOPS}/{stop['id']}/_end", headers=reo)

    again = await client.post(f"{STOPS}/{stop['id']}/_end", headers=reo)
    same = await client.put(f"{STOPS}/{stop['id']}", json=stop, headers=reo)
    other = await client.put(f"{STOPS}/{stop['id']}", json={**stop, "reason": "full"}, headers=reo)
    moved = {"at": (make.now() - timedelta(minutes=30)).isoformat()}
    elsewhen = await client.post(f"{STOPS}/{stop['id']}/_end", json=moved, headers=reo)

    assert first.json() == again.json() == same.json()
    assert (other.status_code, other.json()["code"]) == (409, "stop-ended")
    assert (elsewhen.status_code, elsewhen.json()["code"]) == (409, "stop-ended")
    assert await rows(session, StopVersion) == 2


async def test_a_stop_does_not_end_before_it_began_or_in_the_future(
    client: AsyncClient, reo: dict[str, str]
) -> None:
    stop = a_stop()
    await client.post(STOPS, json=stop, headers=reo)
    end = f"{STOPS}/{stop['id']}/_end"

    early = await client.post(end, json={"at": (make.now() - 2 * AN_HOUR).isoformat()}, headers=reo)
    late = await client.post(end, json={"at": (make.now() + AN_HOUR).isoformat()}, headers=reo)

    assert (early.status_code, early.json()["code"]) == (400, "ends-before-begin")
    assert (late.status_code, late.json()["code"]) == (400, "observed-in-future")


async def test_an_event_that_is_to_come_is_found_in_its_time(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    ends = (make.now() + 5 * AN_HOUR).isoformat()
    event = an_event(endsAt=ends, bedType="observation-elderly")

    noted = await client.post(EVENTS, json=event, headers=reo)

    now = make.now()
    found = await queries.events(session, now, now + 9 * AN_HOUR)
    assert noted.status_code == 201
    assert [(each.kind, each.change, each.bed_type) for each in found] == [
        ("closure", -1, "observation-elderly")
    ]
    assert await queries.events(session, now + 6 * AN_HOUR, now + 9 * AN_HOUR) == []
    assert await queries.events(session, now - 6 * AN_HOUR, now) == []


async def test_a_withdrawn_event_is_gone_and_known_as_it_was(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    event = an_event()
    noted = (await client.post(EVENTS, json=event, headers=reo)).json()

    first = await client.post(f"{EVENTS}/{event['id']}/_withdraw", headers=reo)
    again = await client.post(f"{EVENTS}/{event['id']}/_withdraw", headers=reo)

    then = datetime.fromisoformat(noted["knownAt"])
    assert first.json() == again.json()
    assert first.json()["withdrawn"] is True
    assert (await client.get(EVENTS, headers=reo)).json()["events"] == []
    assert len(await queries.events(session, None, None, then)) == 1
    assert await rows(session, UnitEventVersion) == 2


async def test_an_event_is_changed_by_put_and_not_by_post(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    event = an_event()
    await client.post(EVENTS, json=event, headers=reo)
    changed = {**event, "change": -2}

    refused = await client.post(EVENTS, json=changed, headers=reo)
    put = await client.put(f"{EVENTS}/{event['id']}", json=changed, headers=reo)
    again = await client.put(f"{EVENTS}/{event['id']}", json=changed, headers=reo)

    assert (refused.status_code, refused.json()["code"]) == (409, "id-reused")
    assert put.json()["change"] == -2
    assert put.json() == again.json()
    assert await rows(session, UnitEventVersion) == 2


async def test_another_tells_of_a_unit_by_mandate_only(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str], coordinator: dict[str, str]
) -> None:
    refused = [
        await client.post(STATUS, json=a_status(), headers=coordinator),
        await client.post(STOPS, json=a_stop(), headers=coordinator),
        await client.post(EVENTS, json=an_event(), headers=coordinator),
    ]
    await make.a_mandate(session, "reo-flex", of="reo", to="rtp")

    told = await client.post(STATUS, json=a_status(), headers=coordinator)

    read = (await client.get(STATUS, headers=reo)).json()
    event = select(AuditEvent).where(AuditEvent.event == "status.say")
    trace = (await session.execute(event)).scalar_one()
    assert [answer.status_code for answer in refused] == [403, 403, 403]
    assert {answer.json()["code"] for answer in refused} == {"not-yours"}
    assert told.status_code == 201
    assert read["reportedBy"] == "rtp"
    assert trace.org_id != trace.actor_org


async def test_an_unknown_unit_is_not_found(client: AsyncClient, reo: dict[str, str]) -> None:
    answers = [
        await client.post("/v1/units/none/status", json=a_status(), headers=reo),
        await client.get("/v1/units/none/status", headers=reo),
        await client.post("/v1/units/none/stops", json=a_stop(), headers=reo),
        await client.get("/v1/units/none/stops", headers=reo),
        await client.post("/v1/units/none/events", json=an_event(), headers=reo),
        await client.get("/v1/units/none/events", headers=reo),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert {answer.json()["code"] for answer in answers} == {"unknown-unit"}


async def test_a_stop_or_event_under_another_unit_is_not_found(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    await make.a_unit(session, "reo-two")
    stop, event = a_stop(), an_event()
    await client.post(STOPS, json=stop, headers=reo)
    await client.post(EVENTS, json=event, headers=reo)
    other = "/v1/units/reo-two"

    answers = [
        await client.post(f"{other}/stops/{stop['id']}/_end", headers=reo),
        await client.put(f"{other}/stops/{stop['id']}", json=stop, headers=reo),
        await client.put(f"{other}/events/{event['id']}", json=event, headers=reo),
        await client.post(f"{other}/events/{event['id']}/_withdraw", headers=reo),
    ]
    reused = await client.post(f"{other}/stops", json=stop, headers=reo)

    assert {answer.status_code for answer in answers} == {404}
    assert reused.status_code == 409


async def test_another_provider_reads_only_what_is_shared_and_no_sooner(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    other = await make.a_key(session, organisation="huis")
    await client.post(STATUS, json=a_status(reason="infection"), headers=reo)
    org_id = await make.an_organisation(session, "reo")
    rule = {"organisation": "huis", "shown": ["admittable"], "detail": "exact"}

    hidden = await client.get(STATUS, headers=other)
    session.add(
        SharingRuleVersion(org_id=org_id, sharing_rule="huis", valid_from=make.LONG_AGO, facts=rule)
    )
    await session.commit()
    shown = await client.get(STATUS, headers=other)
    late = {**rule, "delayMinutes": 60}
    session.add(
        SharingRuleVersion(org_id=org_id, sharing_rule="huis", valid_from=make.LONG_AGO, facts=late)
    )
    await session.commit()
    delayed = await client.get(STATUS, headers=other)

    assert (hidden.status_code, hidden.json()["code"]) == (403, "not-shared")
    assert (shown.json()["status"], shown.json()["reason"]) == ("closed", None)
    assert delayed.json()["status"] == "unknown"


async def test_an_infection_is_a_reason_that_only_its_owner_tells(
    client: AsyncClient, reo: dict[str, str], coordinator: dict[str, str]
) -> None:
    await client.post(STOPS, json=a_stop(reason="infection"), headers=reo)
    await client.post(EVENTS, json=an_event(reason="infection"), headers=reo)

    theirs = [(await client.get(path, headers=coordinator)).json() for path in (STOPS, EVENTS)]
    own = [(await client.get(path, headers=reo)).json() for path in (STOPS, EVENTS)]

    assert theirs[0]["stops"][0]["reason"] is None
    assert theirs[1]["events"][0]["reason"] is None
    assert own[0]["stops"][0]["reason"] == "infection"
    assert own[1]["events"][0]["reason"] == "infection"


@pytest.mark.parametrize(
    ("path", "told", "pointer"),
    [
        (STATUS, a_status("half-open"), "/status"),
        (STATUS, a_status(note="Jan is ziek"), "/note"),
        (STATUS, a_status(at=1_763_800_000), "/at"),
        (STATUS, a_status(at="2026-11-22T08:00:00"), "/at"),
        (STATUS, a_status(at="1889-11-22T08:00:00Z"), "/at"),
        (STATUS, a_status(at="0001-01-01T00:00:00+23:00"), "/at"),
        (STATUS, a_status(at="9999-12-31T23:59:59-23:00"), "/at"),
        (STATUS, a_status(reason="Jan is ziek"), "/reason"),
        (STATUS, {}, "/status"),
        (STOPS, a_stop(id="7"), "/id"),
        (STOPS, a_stop(kind="pause"), "/kind"),
        (STOPS, a_stop(appliesTo=["window"]), "/appliesTo/0"),
        (STOPS, a_stop(specialism="jan-jansen"), "/specialism"),
        (STOPS, a_stop(beginsAt="2126-11-22T08:00:00Z"), "/beginsAt"),
        (STOPS, a_stop(source="LCPS"), "/source"),
        (STOPS, a_stop(begins="2026-11-22T08:00:00Z"), "/begins"),
        (EVENTS, an_event(kind="party"), "/kind"),
        (EVENTS, an_event(change="-1"), "/change"),
        (EVENTS, an_event(change=-1.5), "/change"),
        (EVENTS, an_event(bedType="jan-jansen"), "/bedType"),
        (EVENTS, an_event(bedType="Jan Jansen"), "/bedType"),
        (EVENTS, an_event(endsAt="2126-11-22T08:00:00Z"), "/endsAt"),
    ],
)
async def test_what_cannot_be_taken_is_refused_by_its_place(
    client: AsyncClient, reo: dict[str, str], path: str, told: Any, pointer: str
) -> None:
    answer = await client.post(path, json=told, headers=reo)

    assert answer.status_code == 400
    assert pointer in {fault["pointer"] for fault in answer.json()["errors"]}
    assert "jan" not in answer.text.lower().replace("-jan", "")


@pytest.mark.parametrize(
    ("path", "told", "word"),
    [
        (STOPS, a_stop(kind="seh-stop"), "appliesTo"),
        (STOPS, a_stop(kind="specialism-stop"), "specialism"),
        (STOPS, a_stop(specialism="cardiology"), "specialism"),
        (STOPS, a_stop(appliesTo=["walk-in", "walk-in"]), "appliesTo"),
        (STOPS, a_stop(expectedUntil="2020-01-01T00:00:00Z"), "expectedUntil"),
        (EVENTS, an_event(change=0), "change"),
        (EVENTS, an_event(change=2), "change"),
        (EVENTS, an_event(kind="opening", change=-2), "change"),
        (EVENTS, an_event(endsAt="2020-01-01T00:00:00Z"), "endsAt"),
    ],
)
async def test_what_does_not_go_together_is_refused(
    client: AsyncClient, reo: dict[str, str], path: str, told: Any, word: str
) -> None:
    answer = await client.post(path, json=told, headers=reo)

    assert answer.status_code == 400
    assert word in answer.json()["errors"][0]["detail"]


async def test_all_that_is_wrong_is_told_at_once(client: AsyncClient, reo: dict[str, str]) -> None:
    answer = await client.post(STOPS, json=a_stop(kind="x", source="x", reason="x"), headers=reo)

    pointers = {fault["pointer"] for fault in answer.json()["errors"]}
    assert pointers == {"/kind", "/source", "/reason"}


@pytest.mark.parametrize("body", [b'{"status": ', b"[]", b'{"status": "open", "at": NaN}', b""])
async def test_a_body_that_is_no_status_is_refused(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str], body: bytes
) -> None:
    json = {"Content-Type": "application/json"}

    answer = await client.post(STATUS, content=body, headers={**reo, **json})

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert await rows(session, UnitStatus) == 0


async def test_the_same_stop_ten_times_at_once_is_one(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    stop = a_stop()

    answers = await asyncio.gather(*(client.post(STOPS, json=stop, headers=reo) for _ in range(10)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert await rows(session, StopVersion) == 1


async def test_a_key_without_the_scope_tells_nothing(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    reader = await make.a_key(session, "overview:read", organisation="reo")

    answers = [
        await client.post(STATUS, json=a_status(), headers=reader),
        await client.post(STOPS, json=a_stop(), headers=reader),
        await client.post(EVENTS, json=an_event(), headers=reader),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]


async def test_the_overview_is_read_anew_after_a_stop(
    app: FastAPI, client: AsyncClient, reo: dict[str, str]
) -> None:
    dropped: list[datetime] = []

    class Kept:
        def drop(self) -> None:
            dropped.append(datetime.now(UTC))

    app.state.overview_cache = Kept()
    await client.post(STOPS, json=a_stop(), headers=reo)
    await client.post(STOPS, json=a_stop(kind="x"), headers=reo)

    assert len(dropped) == 1
