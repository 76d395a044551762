"""A person who does not exist, planted wherever a sender can write: refused, and kept nowhere."""

import copy
import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from app import store
from app.observations.persons import passes_eleven_test
from tests import make
from tests.conftest import PEPPER, Database
from tests.trust.calls import (
    OPERATOR,
    OWNER,
    QUESTIONS,
    Headers,
    Laid,
    Route,
    Sent,
    a_world,
    calls_of,
)
from tests.trust.conftest import Tell
from tests.trust.twin import PATIENCE, running

BSN, NAME, BORN = "123456782", "Kanarie Zonderpersoon", "1903-07-19"
# What is planted, and under which field a sender would tell it.
PLANTED: tuple[tuple[str, Any], ...] = (
    ("bsn", BSN),
    ("burgerservicenummer", int(BSN)),
    ("code", f"afdeling-{BSN}"),
    ("naam", NAME),
    ("geboortedatum", BORN),
)
# How each may be written; in a byte column Postgres shows it in hexadecimal.
TRACES = tuple(
    form for text in (BSN, NAME, BORN) for form in (text, quote(text), text.encode().hex())
)
# Every field that takes text and may be left out, so that none is passed over.
OPTIONAL = (
    *("bedType", "resource", "role", "shift", "reason", "urgency", "destination", "profile"),
    *("ageBand", "area", "source", "unit", "staffPool", "specialism", "note", "opmerking", "id"),
)
EXAMPLES = sorted((store.ROOT / "docs" / "feeds" / "examples").glob("*.json"))
Step = str | int


def steps(told: Any, at: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], Any]]:
    """Every value of a body with its place, the body itself first."""
    yield at, told
    if isinstance(told, dict | list):
        inside = told.items() if isinstance(told, dict) else enumerate(told)
        for step, inner in inside:
            yield from steps(inner, (*at, step))


def put(body: Any, at: tuple[Step, ...], value: Any) -> Any:
    """A copy of the body with this value at that place."""
    if not at:
        return value
    changed = copy.deepcopy(body)
    inner = changed
    for step in at[:-1]:
        inner = inner[step]
    inner[at[-1]] = value
    return changed


def bodies(body: Any) -> Iterator[Any]:
    """The body with the person at each place: as a value, in a field of its own, as a name."""
    for at, told in steps(body):
        for field, planted in PLANTED:
            yield put(body, at, planted)
            if isinstance(told, dict):
                yield put(body, (*at, field), planted)
                yield put(body, (*at, str(planted)), 1)
                yield put(body, (*at, "figures"), [{field: planted}])
            if isinstance(told, list):
                yield put(body, at, [*told, planted])
                yield put(body, at, [*told, {field: planted}])
        if isinstance(told, dict):
            for field in OPTIONAL:
                yield put(body, (*at, field), BSN)
                yield put(body, (*at, field), f"{NAME} {BSN}")


def messages(body: Any) -> Iterator[Any]:
    """The same for a long message: its fields are few of a kind."""
    for at, told in steps(body):
        yield put(body, at, BSN)
        if isinstance(told, dict):
            yield put(body, (*at, "naam"), NAME)
            yield put(body, (*at, f"{NAME} {BSN}"), 1)


def paths(route: Route, sent: Sent) -> Iterator[str]:
    """The path with the person in the place of each name, and behind it as a query."""
    names, told = route.path.split("/"), sent.path.split("/")
    for n, name in enumerate(names):
        if name.startswith("{"):
            for _, planted in PLANTED:
                yield "/".join([*told[:n], quote(str(planted)), *told[n + 1 :]])
    for field, planted in PLANTED:
        yield f"{sent.path}/{quote(str(planted))}"
        yield f"{sent.path}?{field}={quote(str(planted))}&mode={quote(str(planted))}"


def plantings(route: Route, sent: Sent) -> Iterator[Sent]:
    if sent.body is not None:
        yield from (replace(sent, body=body) for body in bodies(sent.body))
    yield from (replace(sent, path=path) for path in paths(route, sent))


def planted_messages(path: str, message: Any) -> Iterator[Sent]:
    yield from (Sent("POST", path, body) for body in messages(message))


async def send(client: AsyncClient, sent: Sent, keys: dict[str, Headers]) -> httpx.Response:
    key = keys[OPERATOR if sent.by_operator else OWNER]
    return await client.request(**sent.request(key))


def taken(answer: httpx.Response) -> bool:
    """Whether all that was sent was taken; a batch may refuse the part that holds the person."""
    page = answer.headers.get("content-type", "").startswith("text/html")
    reports = answer.json().get("reports", ()) if answer.is_success and not page else ()
    return answer.is_success and all(each["outcome"] != "rejected" for each in reports)


async def dump(rows: asyncpg.Connection) -> str:
    """Every row of every table, partitions too, as text."""
    tables = await rows.fetch(
        "SELECT c.oid::regclass::text FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname IN ('public', 'partitions') AND c.relkind = 'r'"
    )
    lines = [
        f"{table[0]}: {row[0]}"
        for table in tables
        for row in await rows.fetch(f"SELECT t::text FROM {table[0]} t")
    ]
    return "\n".join(lines)


def traces(text: str) -> list[str]:
    return [line[:200] for line in text.splitlines() if any(trace in line for trace in TRACES)]


async def feeds_of_every_format(rows: asyncpg.Connection) -> list[Iterator[Sent]]:
    """Each example with the person in it, to a feed of the owner that knows its first unit."""
    found: list[Iterator[Sent]] = []
    for path in EXAMPLES:
        message, feed = json.loads(path.read_text()), f"kanarie-{path.stem}"
        first = next(units[0]["code"] for units in message.values() if isinstance(units, list))
        facts = {"name": "Kanarie", "state": "released", "units": {first: f"{OWNER}-flex"}}
        await rows.execute(
            "INSERT INTO feeds SELECT $1, org_id, $2 FROM organisations WHERE organisation = $3",
            *(feed, path.stem.split("-")[0], OWNER),
        )
        await rows.execute(
            "INSERT INTO feed_versions (feed, org_id, valid_from, facts) "
            "SELECT feed, org_id, '2020-01-01Z', $2 FROM feeds WHERE feed = $1",
            *(feed, json.dumps(facts)),
        )
        found.append(planted_messages(f"/v1/feeds/{feed}/messages", message))
    return found


# Of all plantings each fifth, another one in each route; `make test-more` tries every one.
@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.more)])
async def test_a_person_is_refused_everywhere_and_kept_nowhere(
    app: FastAPI,
    database: Database,
    session: AsyncSession,
    rows: asyncpg.Connection,
    tmp_path: Path,
    tell: Tell,
    every: int,
) -> None:
    keys = await a_world(session)
    said = tmp_path / "said.log"
    accepted: list[str] = []
    echoed: list[str] = []
    planted = 0

    with said.open("wb") as log:
        async with (
            running(database.urls.app, PEPPER.get_secret_value(), "sound", log) as tower,
            AsyncClient(base_url=tower.base, timeout=PATIENCE) as client,
        ):
            writes: list[Iterator[Sent]] = []
            for route, call in calls_of(app):
                *first, last = call(OWNER)
                for step in first:
                    if isinstance(step, Laid):
                        await rows.execute(step.statement, *step.given)
                    else:
                        assert (await send(client, step, keys)).is_success
                assert isinstance(last, Sent)
                writes.append(plantings(route, last))
            for (method, path), question in QUESTIONS.items():
                writes.append(plantings(Route(method, path, None), Sent(method, path, question)))
            for n, sent in enumerate([*writes, *await feeds_of_every_format(rows)]):
                for each in islice(sent, n % every, None, every):
                    answer = await send(client, each, keys)
                    planted += 1
                    if answer.status_code >= 500 or (traces(str(each.body)) and taken(answer)):
                        accepted.append(f"{answer.status_code} {each.path} {each.body}")
                    # A refused moment is named, as its sender must find the wrong clock.
                    if traces(str(each.body)) and any(t in answer.text for t in (BSN, NAME)):
                        echoed.append(f"{answer.status_code} {each.path}: {answer.text}")
            healthy = await client.post(
                "/v1/reports", json=make.a_report(unit=f"{OWNER}-flex"), headers=keys[OWNER]
            )

    stored = await dump(rows)
    logged = said.read_text() + database.server.log.read_text()
    tell(
        f"Canary person: planted {planted} times in {len(writes)} write routes and "
        f"{len(EXAMPLES)} messages; taken {len(accepted)} times, given back {len(echoed)} times, "
        f"traces in the store {len(traces(stored))}, in the logs {len(traces(logged))}"
    )
    assert healthy.is_success
    assert "audit_events: " in stored
    assert "access_log: " in stored
    assert traces(stored) == []
    assert traces(logged) == []
    assert echoed == []
    assert accepted == []


# Names of a room and a bed that stand nowhere else: a trace of one is a trace of a bed.
ROOM, BED = "KAMERGEEL", "BEDPAARS"
LIST = f"""\
afdeling;kamer;bed;status;bedsoort;reden;toegezegd;verwachtVertrek;medischKlaar
A1;{ROOM}1;{BED}1;O;reoBed;;;;elv
A1;{ROOM}1;{BED}2;U;reoBed;;ja;;
A1;{ROOM}2;{BED}1;H;reoBed;;;;
B1;{ROOM}3;{BED}1;K;reoBed;;;;
"""


def lists_of_beds() -> Iterator[bytes]:
    """The list with the person in each cell and in each column; and lists that are wrong."""
    rows = [line.split(";") for line in LIST.splitlines()]
    for n, cells in enumerate(rows):
        for at in range(len(cells)):
            for field, planted in PLANTED:
                cell = field if n == 0 else str(planted)
                changed = [*rows[:n], [*cells[:at], cell, *cells[at + 1 :]], *rows[n + 1 :]]
                yield "\n".join(";".join(each) for each in changed).encode()
    for field, planted in PLANTED:
        wide = [[*cells, str(planted) if n else field] for n, cells in enumerate(rows)]
        yield "\n".join(";".join(each) for each in wide).encode()
    yield f"{LIST}A1;{ROOM}1;{BED}1;O;reoBed;;;;\n".encode()
    yield f"{LIST}A1;{ROOM}9;{BED}9;X;reoBed;;;;\n".encode()
    yield f"{LIST}A1;{ROOM}9;{BED}9;O;reoBed;;;;;\n".encode()
    yield f'{LIST}A1;{ROOM}9;"{BED}9;O;reoBed;;;;\n'.encode()
    yield f"{LIST}A1;{ROOM}9;{BED}9\xff;O;reoBed;;;;\n".encode("latin-1")
    yield LIST.encode("utf-8-sig")


@pytest.mark.more
async def test_a_list_of_beds_leaves_counts_and_nothing_of_a_bed_or_a_person(
    database: Database,
    session: AsyncSession,
    rows: asyncpg.Connection,
    tmp_path: Path,
    tell: Tell,
) -> None:
    keys = await a_world(session)
    facts = {"name": "Bedden", "state": "released", "units": {"A1": f"{OWNER}-flex"}}
    await rows.execute(
        "INSERT INTO feeds SELECT 'kanarie-bedden', org_id, 'hospital' FROM organisations "
        "WHERE organisation = $1",
        OWNER,
    )
    await rows.execute(
        "INSERT INTO feed_versions (feed, org_id, valid_from, facts) "
        "SELECT feed, org_id, '2020-01-01Z', $1 FROM feeds WHERE feed = 'kanarie-bedden'",
        json.dumps(facts),
    )
    said, headers = tmp_path / "said.log", {**keys[OWNER], "content-type": "text/csv"}
    bodies_sent = list(lists_of_beds())

    with said.open("wb") as log:
        async with (
            running(database.urls.app, PEPPER.get_secret_value(), "sound", log) as tower,
            AsyncClient(base_url=tower.base, timeout=PATIENCE) as client,
        ):
            answers = [
                await client.post(
                    "/v1/feeds/kanarie-bedden/messages", content=body, headers=headers
                )
                for body in bodies_sent
            ]
            packed = await client.post(
                "/v1/feeds/kanarie-bedden/messages",
                content=gzip.compress(LIST.encode()),
                headers={**headers, "content-encoding": "gzip"},
            )

    stored = await dump(rows)
    logged = said.read_text() + database.server.log.read_text()
    wanted = (*TRACES, ROOM, BED, ROOM.encode().hex(), BED.encode().hex())
    digests = [hashlib.sha256(body).hexdigest() for body in bodies_sent]
    told = "".join(answer.text for answer in answers).upper()
    tell(
        f"Lists of beds: {len(bodies_sent)} sent, {sum(each.is_success for each in answers)} with "
        "a part taken; traces of a bed or a person in the store "
        f"{sum(trace in stored for trace in wanted)}, in the logs "
        f"{sum(trace in logged for trace in wanted)}"
    )
    assert packed.status_code == 415
    assert answers[-1].is_success
    assert {each.status_code for each in answers} == {200, 400}
    assert [trace for trace in (BSN, NAME.upper(), ROOM, BED) if trace in told] == []
    assert [trace for trace in wanted if trace.upper() in stored.upper()] == []
    assert [trace for trace in wanted if trace in logged] == []
    assert [digest for digest in digests if digest in stored] == []


async def test_the_dump_shows_a_person_that_was_stored(
    session: AsyncSession, rows: asyncpg.Connection
) -> None:
    await a_world(session)
    await rows.execute(
        "INSERT INTO rejects (org_id, id, source, code, place, content_hash) "
        "VALUES (0, gen_random_uuid(), $1, 'code', $2, $3)",
        *(BSN, NAME, BORN.encode()),
    )

    found = traces(await dump(rows))

    assert len(found) == 1


def test_the_canary_is_a_number_that_a_person_could_have() -> None:
    assert passes_eleven_test(BSN)
