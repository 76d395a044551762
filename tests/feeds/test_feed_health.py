"""Every message leaves its trace, and a feed shows how it fares to those whose it is."""

import asyncio
import gzip
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.scopes import Scope
from app.facilities.hours import LOCAL
from app.facilities.queries import DirectoryCache
from app.faults import Fault
from app.feeds.health.commands import lay_messages
from app.feeds.health.states import StateFrom, owes_since, state_since
from app.feeds.pulls.commands import begin, polling, refresh
from app.feeds.tables import Feed, FeedMessage, FeedVersion
from app.feeds.traces import place
from app.observations.tables import Reject, Report
from tests import make
from tests.conftest import Database
from tests.feeds.pulled import a_fetched_feed, message
from tests.feeds.sources import a_source, saying

BSN = "123456782"
Headers = dict[str, str]


async def a_feed(
    session: AsyncSession,
    feed: str = "reo",
    *,
    organisation: str = "reo",
    state: str = "released",
    since: datetime = make.LONG_AGO,
    units: dict[str, str] | None = None,
) -> None:
    org_id = await make.an_organisation(session, organisation)
    await session.execute(insert(Feed).values(feed=feed, org_id=org_id, format="reo"))
    facts = {"name": "Koppeling (fictief)", "state": state, "units": units or {"A": "reo-flex"}}
    session.add(FeedVersion(feed=feed, org_id=org_id, valid_from=since, facts=facts))
    await session.commit()


async def a_message(
    session: AsyncSession, ago: timedelta, *units: str, feed: str = "reo", stored: int = 1
) -> None:
    """One that arrived so long ago, at once, with a report of each unit."""
    at = make.now() - ago
    org_id = await make.an_organisation(session, "reo")
    counts = {"repeated": 0, "quarantined": 0, "rejected": 0, "faults": 0}
    session.add(
        FeedMessage(
            org_id=org_id,
            feed=feed,
            arrived_at=at,
            message=uuid.uuid4(),
            way="pushed",
            outcome="taken",
            code="",
            bytes=100,
            stored=stored,
            figures=2 * stored,
            observed_at=at if stored else None,
            units=list(units),
            moments=[at] * len(units),
            **counts,
        )
    )
    await session.commit()


def reo(occupied: int = 1, *codes: str, at: datetime | None = None) -> dict[str, Any]:
    units = [{"code": code, "bedden": {"reoBed": {"bezet": occupied}}} for code in codes or ("A",)]
    return {"peilmoment": (at or make.now()).isoformat(), "locaties": units}


@pytest.fixture
async def owner(session: AsyncSession) -> Headers:
    await make.a_unit(session)
    return await make.a_key(session)


async def operator(session: AsyncSession) -> Headers:
    rights: tuple[Scope, ...] = ("operator", "reports:read")
    return await make.a_key(session, *rights, organisation="beheer", audience="operator")


async def health(client: AsyncClient, key: Headers, feed: str = "reo") -> Any:
    answer = await client.get(f"/v1/feeds/{feed}", headers=key)
    assert answer.status_code == 200, answer.text
    return answer.json()["health"]


async def messages(client: AsyncClient, key: Headers, feed: str = "reo") -> Any:
    return (await client.get(f"/v1/feeds/{feed}/messages", headers=key)).json()["items"]


async def rejects(client: AsyncClient, key: Headers, feed: str = "reo") -> Any:
    return (await client.get(f"/v1/feeds/{feed}/rejects", headers=key)).json()["items"]


async def test_a_message_shows_in_the_health_of_its_feed(
    client: AsyncClient, session: AsyncSession, owner: Headers
) -> None:
    await a_feed(session)
    told_now = reo()
    at = datetime.fromisoformat(told_now["peilmoment"])

    first = await client.post("/v1/feeds/reo/messages", json=told_now, headers=owner)
    again = await client.post("/v1/feeds/reo/messages", json=told_now, headers=owner)

    assert (first.status_code, again.status_code) == (200, 200), first.text
    found = await health(client, owner)
    assert found["ageSeconds"] in range(5)
    assert datetime.fromisoformat(found["observedAt"]) == at
    assert found["lastDay"] == {"reports": 1, "figures": 1}
    assert (found["rejects"], found["silent"], found["doubtsOpen"]) == ([], [], 0)
    second_told, told = await messages(client, owner)
    assert told["bytes"] == len(first.request.content)
    assert {"way": "pushed", "outcome": "taken", "code": None, "faults": 0}.items() <= told.items()
    assert (told["stored"], told["repeated"], told["figures"]) == (1, 0, 1)
    assert (second_told["stored"], second_told["repeated"], second_told["figures"]) == (0, 1, 0)
    assert found["lastMessageAt"] == second_told["arrivedAt"]


async def test_a_feed_that_never_told_anything_says_so(
    client: AsyncClient, session: AsyncSession, owner: Headers
) -> None:
    await a_feed(session)

    found = await health(client, owner)

    assert (found["lastMessageAt"], found["ageSeconds"], found["observedAt"]) == (None, None, None)
    assert found["punctuality"]["onTime"] == 0
    assert found["punctuality"]["due"] in (13, 14, 15)  # seven days of 08:00 and 15:30
    assert found["silent"] == [{"unit": "reo-flex", "since": None}]


async def test_three_of_five_moments_were_met(client: AsyncClient, session: AsyncSession) -> None:
    hours = [timedelta(hours=n) for n in (5, 4, 3, 2, 1)]
    at = [(make.now() - ago).astimezone(LOCAL).replace(second=0, microsecond=0) for ago in hours]
    agreed = {"moments": sorted(f"{each:%H:%M}" for each in at)}
    await make.a_unit(session, reporting=agreed)
    key = await make.a_key(session)
    await a_feed(session, since=make.now() - timedelta(hours=5, minutes=30))
    for ago in (hours[0], hours[2] - timedelta(minutes=20), hours[3]):
        await a_message(session, ago, "reo-flex")
    await a_message(session, hours[1] - timedelta(minutes=35), "reo-flex")  # too late

    found = await health(client, key)

    assert found["punctuality"] == {"onTime": 3, "due": 5}
    assert found["silent"] == []


async def test_each_of_thirty_days_tells_what_was_due_and_what_came(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session, reporting={"moments": ["12:00"]})
    owner = await make.a_key(session)
    await a_feed(session, since=make.now() - timedelta(days=10))
    noon = make.now().astimezone(LOCAL).replace(hour=12, minute=0, second=0, microsecond=0)
    await a_message(session, make.now() - (noon - timedelta(days=3)), "reo-flex")
    other = await make.a_key(session, organisation="caz")

    answer = await client.get("/v1/feeds/reo/days", headers=owner)
    refused = await client.get("/v1/feeds/reo/days", headers=other)

    days = {each["day"]: each for each in answer.json()["items"]}
    heard, after, before = (f"{(noon - timedelta(days=n)).date()}" for n in (3, 2, 20))
    assert len(days) == 30
    assert (days[heard]["due"], days[heard]["onTime"], days[heard]["messages"]) == (1, 1, 1)
    assert (days[after]["due"], days[after]["onTime"], days[after]["messages"]) == (1, 0, 0)
    assert days[before]["due"] == 0  # the feed was not there yet
    assert refused.status_code == 404


async def test_a_unit_is_silent_since_it_was_last_heard(
    client: AsyncClient, session: AsyncSession
) -> None:
    hourly = {"intervalMinutes": 60}
    await make.a_unit(session, "reo-flex", reporting=hourly)
    await make.a_unit(session, "reo-zorg", reporting=hourly)
    await make.a_unit(session, "reo-nacht", reporting=hourly, openingHours=CLOSED)
    key = await make.a_key(session)
    units = {"A": "reo-flex", "B": "reo-zorg", "C": "reo-nacht"}
    await a_feed(session, units=units)
    await a_message(session, timedelta(days=20), "reo-flex")
    await a_message(session, timedelta(minutes=20), "reo-zorg")

    found = await health(client, key)

    [silent] = found["silent"]
    assert silent["unit"] == "reo-flex"
    gone = make.now() - datetime.fromisoformat(silent["since"])
    assert timedelta(days=20) <= gone < timedelta(days=20, minutes=5)


CLOSED: dict[str, list[Any]] = {e: [] for e in ("ambulance", "referral", "walk-in", "transfer")}


async def test_a_message_with_a_person_leaves_code_and_place_and_no_content(
    client: AsyncClient, session: AsyncSession, owner: Headers
) -> None:
    await a_feed(session)
    planted = reo()
    planted["locaties"][0]["bsn"] = BSN

    answer = await client.post("/v1/feeds/reo/messages", json=planted, headers=owner)

    assert answer.json()["code"] == "person-detected"
    [told] = await messages(client, owner)
    assert (told["outcome"], told["code"], told["stored"]) == ("refused", "person-detected", 0)
    [reject] = await rejects(client, owner)
    assert reject["code"] == "person-detected"
    assert reject["place"].startswith("/locaties/0")
    [count] = (await health(client, owner))["rejects"]
    assert (count["code"], count["count"]) == ("person-detected", 1)
    kept = (await session.scalars(select(Reject))).one()
    assert kept.content_hash == b""
    rows = await session.execute(text("SELECT m::text FROM feed_messages m"))
    assert BSN not in str(rows.all())
    assert BSN not in kept.place


REFUSED: dict[str, tuple[bytes, dict[str, str], int, str]] = {
    "no JSON": (b"{", {"Content-Type": "application/json"}, 400, "broken-json"),
    "another media type": (b"<a/>", {"Content-Type": "text/xml"}, 415, "wrong-media-type"),
    "no media type": (b"{}", {}, 415, "wrong-media-type"),
    "CSV to a format without": (b"a;b", {"Content-Type": "text/csv"}, 415, "wrong-media-type"),
    "packed": (
        gzip.compress(b"{}"),
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        415,
        "wrong-encoding",
    ),
    "a unit that it does not know": (
        json.dumps(reo(1, "Q9")).encode(),
        {"Content-Type": "application/json"},
        400,
        "unknown-unit-code",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused_whole_leaves_its_trace(
    client: AsyncClient, session: AsyncSession, owner: Headers, name: str
) -> None:
    await a_feed(session)
    body, headers, status, code = REFUSED[name]

    answer = await client.post("/v1/feeds/reo/messages", content=body, headers={**owner, **headers})

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    [told] = await messages(client, owner)
    assert (told["outcome"], told["code"]) == ("refused", code)
    assert code in {reject["code"] for reject in await rejects(client, owner)}
    assert (await health(client, owner))["lastMessageAt"] == told["arrivedAt"]


async def test_a_message_that_is_too_large_leaves_its_trace(
    client: AsyncClient, session: AsyncSession, owner: Headers
) -> None:
    await a_feed(session)

    async def pieces() -> Any:
        for _ in range(80):
            yield b" " * 100_000

    headers = {**owner, "Content-Type": "application/json"}
    answer = await client.post("/v1/feeds/reo/messages", content=pieces(), headers=headers)

    assert answer.status_code == 413
    [told] = await messages(client, owner)
    assert (told["outcome"], told["code"], told["bytes"]) == ("refused", "too-large", None)


async def test_a_message_of_which_a_part_is_refused_says_which(
    client: AsyncClient, session: AsyncSession, owner: Headers
) -> None:
    await a_feed(session)

    answer = await client.post("/v1/feeds/reo/messages", json=reo(1, "A", "Q9"), headers=owner)

    outcomes = {report["outcome"] for report in answer.json()["reports"]}
    assert outcomes == {"stored", "rejected"}
    [told] = await messages(client, owner)
    assert (told["outcome"], told["stored"], told["rejected"]) == ("partly", 1, 1)
    [reject] = await rejects(client, owner)
    assert (reject["code"], reject["place"]) == ("unknown-unit-code", "/locaties/1/code")


async def test_each_of_many_refusals_at_once_is_noted(
    client: AsyncClient, session: AsyncSession, owner: Headers
) -> None:
    await a_feed(session)

    posts = (client.post("/v1/feeds/reo/messages", json={}, headers=owner) for _ in range(40))
    answers = await asyncio.gather(*posts)

    assert {answer.status_code for answer in answers} == {400}
    assert len(await messages(client, owner)) == 40


async def test_the_messages_are_paged_newest_first(
    client: AsyncClient, session: AsyncSession, owner: Headers
) -> None:
    await a_feed(session)
    for n in range(5):
        await a_message(session, timedelta(hours=n), "reo-flex")
    seen: list[str] = []
    path = "/v1/feeds/reo/messages?limit=2"

    while path:
        answer = await client.get(path, headers=owner)
        seen += [each["arrivedAt"] for each in answer.json()["items"]]
        path = answer.headers.get("Link", "").partition(">")[0].lstrip("<")

    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)


async def test_what_cannot_be_recorded_at_a_release_is_said_and_stays_kept(
    app: FastAPI, client: AsyncClient, session: AsyncSession, owner: Headers
) -> None:
    key = await operator(session)
    await make.a_unit(session, "reo-dicht")
    await a_feed(session, state="quarantine", units={"A": "reo-flex", "B": "reo-dicht"})
    sent = await client.post("/v1/feeds/reo/messages", json=reo(1, "A", "B"), headers=owner)
    ended = "UPDATE unit_versions SET valid_to = now() - interval '1 s' WHERE unit = 'reo-dicht'"
    await session.execute(text(ended))
    await session.commit()
    app.state.directory = DirectoryCache()

    released = await client.post("/v1/feeds/reo/_release", headers=key)

    told = {each["report"]: each["outcome"] for each in released.json()["reports"]}
    first, second = (each["report"] for each in sent.json()["reports"])
    assert told == {first: "stored", second: "rejected"}
    [kept] = (await client.get("/v1/feeds/reo/quarantine", headers=owner)).json()["items"]
    assert kept["id"] == second


async def test_a_slow_sender_holds_no_connection(
    app: FastAPI, client: AsyncClient, session: AsyncSession, owner: Headers
) -> None:
    await a_feed(session)
    pool = app.state.engine.sync_engine.pool
    taken: list[int] = []

    async def slowly() -> AsyncIterator[bytes]:
        for piece in (json.dumps(reo()).encode(), b" "):
            yield piece
            taken.append(pool.checkedout())

    kind = {"Content-Type": "application/json"}
    answer = await client.post("/v1/feeds/reo/messages", content=slowly(), headers=owner | kind)

    assert answer.status_code == 200, answer.text
    assert taken == [0, 0]


async def test_nothing_is_taken_of_a_suspended_feed_until_it_is_released(
    client: AsyncClient, session: AsyncSession, owner: Headers
) -> None:
    await a_feed(session)
    key = await operator(session)
    reason = {"reason": "faulty-figures"}

    suspended = await client.post("/v1/feeds/reo/_suspend", json=reason, headers=key)
    again = await client.post("/v1/feeds/reo/_suspend", json=reason, headers=key)
    pushed = await client.post("/v1/feeds/reo/messages", json=reo(), headers=owner)
    shown = (await client.get("/v1/feeds/reo", headers=owner)).json()
    released = await client.post("/v1/feeds/reo/_release", headers=key)
    then = await client.post("/v1/feeds/reo/messages", json=reo(), headers=owner)

    assert suspended.json() == {"feed": "reo", "state": "suspended", "reason": "faulty-figures"}
    assert again.status_code == 200
    assert (pushed.status_code, pushed.json()["code"]) == (403, "feed-suspended")
    assert "faulty-figures" in pushed.json()["detail"]
    assert (shown["state"], shown["reason"]) == ("suspended", "faulty-figures")
    assert shown["health"]["punctuality"] is None
    assert shown["health"]["rejects"][0]["code"] == "feed-suspended"
    assert (released.status_code, then.status_code) == (200, 200)
    assert [each["outcome"] for each in await messages(client, owner)] == ["taken", "refused"]
    after = (await client.get("/v1/feeds/reo", headers=owner)).json()
    assert (after["state"], after["reason"]) == ("released", None)
    states = await session.scalars(
        select(FeedVersion.facts["state"].astext).order_by(FeedVersion.known_at)
    )
    assert list(states) == ["released", "suspended", "released"]


async def test_the_operator_alone_suspends_and_for_a_known_reason(
    client: AsyncClient, session: AsyncSession, owner: Headers
) -> None:
    await a_feed(session)
    key = await operator(session)

    by_owner = await client.post(
        "/v1/feeds/reo/_suspend", json={"reason": "security"}, headers=owner
    )
    in_words = await client.post(
        "/v1/feeds/reo/_suspend", json={"reason": f"afdeling-{BSN}"}, headers=key
    )
    of_none = await client.post("/v1/feeds/geen/_suspend", json={"reason": "security"}, headers=key)

    assert [by_owner.status_code, in_words.status_code, of_none.status_code] == [403, 400, 404]
    assert BSN not in in_words.text


async def test_the_operator_sees_states_and_only_the_owner_sees_health(
    client: AsyncClient, session: AsyncSession, owner: Headers
) -> None:
    await a_feed(session)
    await client.post("/v1/feeds/reo/messages", json=reo(), headers=owner)
    coordinator = await make.a_key(session, organisation="rtp", audience="coordinator")
    key = await operator(session)

    own = (await client.get("/v1/feeds", headers=owner)).json()["items"]
    others = (await client.get("/v1/feeds", headers=coordinator)).json()["items"]
    all_of_them = (await client.get("/v1/feeds", headers=key)).json()["items"]

    assert own[0]["health"]["lastDay"]["reports"] == 1
    assert own[0]["kept"] == 0
    assert others == []
    [state] = all_of_them
    assert (state["feed"], state["state"]) == ("reo", "released")
    assert (state["health"], state["kept"]) == (None, None)
    for path in ("", "/messages", "/rejects"):
        answer = await client.get(f"/v1/feeds/reo{path}", headers=coordinator)
        assert answer.status_code == 404
    for path, status in {"": 200, "/messages": 404, "/rejects": 404}.items():
        answer = await client.get(f"/v1/feeds/reo{path}", headers=key)
        assert answer.status_code == status


async def test_a_feed_that_tells_by_mandate_sees_what_waits_under_anothers_name(
    client: AsyncClient, session: AsyncSession, owner: Headers
) -> None:
    caz = await make.a_key(session, organisation="caz")
    await make.a_mandate(session, "reo-flex", of="reo", to="caz")
    await a_feed(session, "caz", organisation="caz")
    await a_feed(session, "caz-nieuw", organisation="caz", state="quarantine")
    doubtful = reo(9)
    doubtful["locaties"][0]["bedden"]["reoBed"]["geopend"] = 2

    counted = await client.post("/v1/feeds/caz/messages", json=doubtful, headers=caz)
    apart = await client.post("/v1/feeds/caz-nieuw/messages", json=reo(1), headers=caz)

    assert counted.json()["reports"][0]["doubts"], counted.text
    assert apart.json()["reports"][0]["outcome"] == "quarantined"
    found = {
        each["feed"]: (each["kept"], each["health"]["doubtsOpen"])
        for each in (await client.get("/v1/feeds", headers=caz)).json()["items"]
    }
    assert found == {"caz": (0, 1), "caz-nieuw": (1, 0)}
    kept = (await client.get("/v1/feeds/caz-nieuw/quarantine", headers=caz)).json()["items"]
    assert [each["unit"] for each in kept] == ["reo-flex"]
    assert (await client.get("/v1/feeds", headers=owner)).json()["items"] == []


async def test_a_doubt_that_was_corrected_is_open_no_more(
    client: AsyncClient, session: AsyncSession, owner: Headers
) -> None:
    await a_feed(session)
    doubtful = reo(9)
    doubtful["locaties"][0]["bedden"]["reoBed"]["geopend"] = 2
    await client.post("/v1/feeds/reo/messages", json=doubtful, headers=owner)
    before = await health(client, owner)
    doubtful["locaties"][0]["bedden"]["reoBed"]["bezet"] = 2

    corrected = await client.post("/v1/feeds/reo/messages", json=doubtful, headers=owner)

    assert corrected.json()["reports"][0]["outcome"] == "stored"
    assert (before["doubtsOpen"], (await health(client, owner))["doubtsOpen"]) == (1, 0)


async def test_a_feed_that_is_fetched_shows_its_pull_and_every_message_taken_or_not(
    client: AsyncClient, session: AsyncSession, database: Database
) -> None:
    key = await make.a_key(session)
    at = {"sound": saying(message()), "broken": saying(b"{")}
    async with a_source(at["sound"]) as sound, a_source(at["broken"]) as broken:
        for name, source in (("sound", sound), ("broken", broken)):
            await a_fetched_feed(session, name, f"http://127.0.0.1:{source.port}/")
        async with polling(database.settings(feed_hosts="127.0.0.0/8")) as poller:
            await refresh(poller)
            await begin(poller)
            await asyncio.gather(*list(poller.fetching))

    [taken], [refused] = await messages(client, key, "sound"), await messages(client, key, "broken")
    assert (taken["way"], taken["outcome"], taken["stored"]) == ("pulled", "taken", 1)
    assert (refused["way"], refused["outcome"]) == ("pulled", "refused")
    assert refused["code"] == "broken-json"
    found = (await client.get("/v1/feeds", headers=key)).json()["items"]
    failures = {each["feed"]: each["pull"]["failures"] for each in found}
    assert failures == {"sound": 0, "broken": 1}


async def test_reports_that_were_laid_down_in_bulk_get_their_messages_once(
    client: AsyncClient, session: AsyncSession, owner: Headers
) -> None:
    await a_feed(session)
    org_id = await make.an_organisation(session, "reo")
    for hours in (1, 2, 400):
        moment = make.now() - timedelta(hours=hours)
        bulk: dict[str, Any] = {"org_id": org_id, "report_id": uuid.uuid4(), "unit": "reo-flex"}
        bulk |= {"staff_pool": "", "observed_at": moment, "known_at": moment, "kind": "report"}
        bulk |= {"source_kind": "feed", "feed": "reo", "reported_by": org_id, "client_id": None}
        bulk |= {"figures": 3, "content_hash": b"", "refers_to": None, "backfilled": True}
        await session.execute(insert(Report).values(bulk))

    for _ in range(2):
        await lay_messages(session, make.now() - timedelta(days=14))
        await session.commit()

    found = await health(client, owner)
    assert found["lastDay"] == {"reports": 2, "figures": 6}
    assert [each["bytes"] for each in await messages(client, owner)] == [None, None]


def at(day: int) -> datetime:
    return datetime(2026, 11, day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("states", "since", "owes"),
    [
        (["released"], 1, 8),
        (["quarantine", "released"], 2, 8),
        (["released", "released"], 1, 8),  # the second changed something else
        (["released", "suspended"], 2, None),
        (["released", "suspended", "suspended"], 2, None),
        (["released"] * 8 + ["suspended", "released"], 10, 10),
        (["suspended", "quarantine", "released"], 3, 8),
    ],
)
def test_what_is_owed_begins_with_the_feed_and_again_after_a_suspension(
    states: list[str], since: int, owes: int | None
) -> None:
    versions = [StateFrom(state, at(day)) for day, state in enumerate(states, 1)]

    assert state_since(versions) == at(since)
    assert owes_since(versions, at(8)) == (at(owes) if owes else None)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("x", "", pointer="/locaties/0/code"), "/locaties/0/code"),
        (Fault("x", "", row=12, column="bezet"), "row 12, column bezet"),
        (Fault("x", "", row=12, column="3"), "row 12, column 3"),
        (Fault("x", "", row=12, column=f"naam {BSN}"), "row 12, column [withheld]"),
        (Fault("x", "", row=12), "row 12"),
        (Fault("x", ""), ""),
    ],
)
def test_a_place_is_named_without_what_may_be_content(fault: Fault, said: str) -> None:
    assert place(fault) == said


def test_a_column_of_digits_may_be_a_persons_number() -> None:
    assert place(Fault("x", "", row=1, column=BSN)) == "row 1, column [withheld]"


def test_nothing_is_owed_before_the_feed_was_there() -> None:
    assert owes_since([StateFrom("released", at(9))], at(8)) == at(9)
