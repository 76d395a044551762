"""Each writes its own only, and reads of others what is shared: by the app, and by the database."""

import re
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app import store
from app.access.disclosure import PLACES_PEOPLE
from app.db import plain
from tests import make
from tests.conftest import PEPPER, Database
from tests.trust.calls import (
    CALLS,
    OPERATOR,
    OTHER,
    OWNER,
    PARTIES,
    QUESTIONS,
    Call,
    Headers,
    Laid,
    Route,
    Sent,
    a_world,
    calls_of,
    routes_of,
)
from tests.trust.twin import PATIENCE, running

REFUSED = (400, 401, 403, 404)
NOBODY = "nobody"

# What the owner told, each with a value that nothing else in an answer has.
TOLD: Mapping[str, Any] = {
    "staffed": make.a_figure("staffed", 9901),
    "occupied": make.a_figure("occupied", 7919),
    "medicallyReady": make.a_figure("medicallyReady", 4409, destination="home"),
    "requests": make.a_figure("requests", 6421),
    "worked": make.a_figure("worked", 5303, role="nurse", shift="day"),
}
# What follows from it: free is staffed less occupied.
FOLLOWS = {"free": 9901 - 7919}
VALUES = {name: float(figure["value"]) for name, figure in TOLD.items()} | FOLLOWS
OCCUPANCY = {"staffed", "occupied", "free", "medicallyReady", "requests"}
# domain.md 6, written out by hand: what each may see of another's figures.
SEES: Mapping[str, set[str]] = {
    "rtp": OCCUPANCY,
    "toren": OCCUPANCY,
    "caz": set(),
    "gemeente": set(),
    "verzekeraar": set(),
}


async def send(client: AsyncClient, sent: Sent, key: Headers) -> Response:
    return await client.request(**sent.request(key))


async def prepared(
    client: AsyncClient, rows: asyncpg.Connection, keys: Mapping[str, Headers], call: Call, of: str
) -> Sent:
    """The last step, once its owner has taken the ones before it."""
    *first, last = call(of)
    for step in first:
        if isinstance(step, Laid):
            await rows.execute(step.statement, *step.given)
        else:
            answer = await send(client, step, keys[of])
            assert answer.is_success, f"{step.path}: {answer.text}"
    assert isinstance(last, Sent)
    return last


async def contents(rows: asyncpg.Connection) -> dict[str, int]:
    """How many rows each table holds; that something was refused may be noted."""
    names = [row[0] for row in await rows.fetch(TABLES)]
    counts = [
        f"SELECT '{name}', count(*) FROM {name}"
        + (" WHERE event <> 'refused'" if name == "audit_events" else "")
        for name in names
        if name != "access_log"
    ]
    return {row[0]: row[1] for row in await rows.fetch(" UNION ALL ".join(counts))}


TABLES = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY 1
"""


@pytest.mark.parametrize("caller", [*PARTIES, NOBODY])
async def test_each_writes_its_own_and_nothing_of_another(
    app: FastAPI,
    client: AsyncClient,
    session: AsyncSession,
    rows: asyncpg.Connection,
    caller: str,
) -> None:
    keys = await a_world(session)
    wrong: list[str] = []

    for route, call in calls_of(app):
        for of in {caller if caller in PARTIES else OWNER, OTHER if caller == OWNER else OWNER}:
            sent = await prepared(client, rows, keys, call, of)
            before = await contents(rows)
            answer = await send(client, sent, keys.get(caller, {}))
            stored = await rows.fetchval(sent.stored, *sent.given)
            may = caller == OPERATOR if sent.by_operator else caller == of
            may |= sent.of_caller and caller in PARTIES
            may |= sent.or_operator and caller == OPERATOR
            may |= sent.by_placers and PARTIES.get(caller) in PLACES_PEOPLE
            if may and not (answer.is_success and stored == 1):
                wrong.append(f"{route} of {of} by {caller}: {answer.status_code} {answer.text}")
            if not may and (answer.status_code not in REFUSED or await contents(rows) != before):
                wrong.append(f"{route} of {of} by {caller}: {answer.status_code}, {stored} stored")
            if caller == NOBODY and answer.status_code != 401:
                wrong.append(f"{route} without a key: {answer.status_code}")

    assert wrong == []


async def test_the_database_alone_keeps_a_writer_to_its_own(
    app: FastAPI, database: Database, session: AsyncSession, rows: asyncpg.Connection
) -> None:
    keys = await a_world(session)
    url = database.urls.app
    wrong: list[str] = []

    async with (
        running(url, PEPPER.get_secret_value(), "unchecked") as tower,
        AsyncClient(base_url=tower.base, timeout=PATIENCE) as client,
    ):
        for route, call in calls_of(app):
            sent = await prepared(client, rows, keys, call, OWNER)
            before = await of_owner(rows)
            answer = await send(client, sent, keys[OTHER])
            done = answer.is_success and not sent.of_caller
            if done or await of_owner(rows) != before:
                wrong.append(f"{route} of {OWNER} by {OTHER}: {answer.status_code}")

    assert wrong == []


@pytest.mark.parametrize("reporter", ["caz", "reo"])
async def test_one_batch_tells_of_ones_own_unit_and_of_anothers_by_mandate(
    client: AsyncClient, session: AsyncSession, reporter: str
) -> None:
    keys = await a_world(session)
    other = {"caz": "reo", "reo": "caz"}[reporter]
    await make.a_mandate(session, f"{other}-flex", of=other, to=reporter)
    batch = [make.a_report(unit=f"{of}-flex") for of in (other, reporter, other)]

    answer = await client.post("/v1/reports", json=batch, headers=keys[reporter])

    assert answer.is_success, answer.text
    assert [each["outcome"] for each in answer.json()["reports"]] == ["stored"] * 3


async def of_owner(rows: asyncpg.Connection) -> dict[str, int]:
    """How many rows of the owner each table holds."""
    named = await rows.fetch(
        f"SELECT name FROM ({TABLES}) AS t (name) JOIN information_schema.columns c "
        "ON c.table_name = name AND c.column_name = 'org_id' WHERE name <> 'access_log'"
    )
    org_id = await rows.fetchval(ORG, OWNER)
    counts = [f"SELECT '{row[0]}', count(*) FROM {row[0]} WHERE org_id = {org_id}" for row in named]
    return {row[0]: row[1] for row in await rows.fetch(" UNION ALL ".join(counts))}


ORG = "SELECT org_id FROM organisations WHERE organisation = $1"


async def laid_out(client: AsyncClient, keys: Mapping[str, Headers]) -> dict[str, str]:
    """The owner tells its figures, a status, a stop and an event; what stands in paths by name."""
    hour = make.now().replace(minute=0, second=0, microsecond=0)
    period = {"start": (hour - timedelta(hours=2)).isoformat(), "end": hour.isoformat()}
    report = make.a_report(*TOLD.values(), unit=f"{OWNER}-flex", period=period)
    told = [Sent("POST", "/v1/reports", report)]
    [file] = CALLS["POST", "/v1/imports"](OWNER)
    assert isinstance(file, Sent)
    taken = await send(client, file, keys[OWNER])
    assert taken.is_success, taken.text
    for name in ("status", "stops", "events"):
        [call] = [c for (_, path), c in CALLS.items() if path == f"/v1/units/{{unit}}/{name}"]
        told += [step for step in call(OWNER) if isinstance(step, Sent)]
    for step in told:
        answer = await send(client, step, keys[OWNER])
        assert answer.is_success, answer.text
    return {
        "unit": f"{OWNER}-flex",
        "report": report["id"],
        "feed": f"{OWNER}-feed",
        "import": taken.json()["id"],
        "group": "alle-units",
        "scenario": "baseline",
    }


# What a read route must be asked beside its path.
ASKED: Mapping[str, dict[str, str]] = {
    "/v1/forecasts": {"horizon": "weeks", "unit": f"{OWNER}-flex"},
    "/v1/forecasts/paths": {"horizon": "weeks", "unit": f"{OWNER}-flex"},
    "/v1/forecasts/service-levels": {"horizon": "weeks", "unit": f"{OWNER}-flex"},
    "/v1/forecasts/scores": {"unit": f"{OWNER}-flex"},
    "/v1/scenarios/_compare": {"ids": "baseline,baseline"},
    "/v1/staffing": {"unit": f"{OWNER}-flex"},
    "/v1/stream": {"seconds": "0"},
    "/stroom": {"seconds": "0"},
}


def leaves(told: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of an answer with the name of its field."""
    if isinstance(told, dict):
        for key, inner in told.items():
            yield from leaves(inner, key)
    elif isinstance(told, list):
        for inner in told:
            yield from leaves(inner, name)
    else:
        yield name, told


def numbers_in(answer: Response) -> set[float]:
    """Every number that can be read in an answer, whatever its form."""
    if answer.headers.get("content-type", "").startswith("application/json"):
        return {float(v) for _, v in leaves(answer.json()) if isinstance(v, int | float)}
    return {float(found) for found in re.findall(r"(?<![\w.-])\d+(?![\w.-])", answer.text)}


async def leaks_of(
    app: FastAPI,
    client: AsyncClient,
    keys: Mapping[str, Headers],
    names: Mapping[str, str],
    caller: str,
) -> list[str]:
    """What the read routes tell this caller of the owner, and should not."""
    hidden = {name: v for name, v in VALUES.items() if name not in SEES.get(caller, set())}
    leaks: list[str] = []
    for route in reads_of(app):
        answer = await read(client, route, names, keys.get(caller, {}))
        found = numbers_in(answer)
        leaks += [f"{route} tells {n} to {caller}" for n, v in hidden.items() if v in found]
        if answer.is_success:
            leaks += [f"{route} tells {what} to {caller}" for what in own_only(answer, names)]
    return leaks


async def read(
    client: AsyncClient, route: Route, names: Mapping[str, str], key: Headers
) -> Response:
    path, asked = route.path.format(**names), ASKED.get(route.path, {})
    question = QUESTIONS.get((route.method, route.path))
    return await client.request(route.method, path, params=asked, json=question, headers=key)


async def test_the_owner_reads_all_that_it_told(
    app: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    keys = await a_world(session)
    names = await laid_out(client, keys)
    seen: set[float] = set()

    for route in reads_of(app):
        answer = await read(client, route, names, keys[OWNER])
        assert answer.is_success, f"{route}: {answer.text}. Say in ASKED how it is asked."
        seen |= numbers_in(answer)

    assert set(VALUES.values()) <= seen


async def test_nobody_reads_anything(
    app: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    keys = await a_world(session)
    names = await laid_out(client, keys)

    said = {str(route): await read(client, route, names, {}) for route in reads_of(app)}

    assert {route for route, answer in said.items() if answer.status_code != 401} == set()


@pytest.mark.parametrize("caller", [party for party in PARTIES if party != OWNER])
async def test_each_reads_of_another_what_is_shared_and_no_more(
    app: FastAPI, client: AsyncClient, session: AsyncSession, caller: str
) -> None:
    keys = await a_world(session)
    names = await laid_out(client, keys)

    assert await leaks_of(app, client, keys, names, caller) == []


@pytest.mark.more
async def test_the_same_test_finds_an_app_that_withholds_nothing(
    app: FastAPI, database: Database, session: AsyncSession
) -> None:
    keys = await a_world(session)

    async with (
        running(database.urls.app, PEPPER.get_secret_value(), "undisclosed") as tower,
        AsyncClient(base_url=tower.base, timeout=PATIENCE) as client,
    ):
        names = await laid_out(client, keys)
        leaks = {caller: await leaks_of(app, client, keys, names, caller) for caller in SEES}

    assert all(f"GET /v1/overview tells occupied to {c}" in leaks[c] for c in SEES if not SEES[c])


def reads_of(app: FastAPI) -> list[Route]:
    asked = {*QUESTIONS, *((r.method, r.path) for r in routes_of(app) if r.method == "GET")}
    reads = [r for r in routes_of(app) if (r.method, r.path) in asked]
    reads = [r for r in reads if r.path.startswith("/v1/")]
    assert reads, "The walk found no read route at all: it no longer sees what is served."
    return [route for route in reads if route.path != "/v1/openapi.json"]


def own_only(answer: Response, names: Mapping[str, str]) -> Iterator[str]:
    """What is told of the owner that its own organisation alone may see."""
    if names["report"] in answer.text:
        yield "the id of a report"
    if answer.headers["content-type"].startswith("application/json"):
        yield from {
            f"who reported ({value})"
            for name, value in leaves(answer.json())
            if name == "reportedBy" and value == OWNER
        }


@asynccontextmanager
async def as_app(
    database: Database, org_id: int | None, reach: str = "own"
) -> AsyncIterator[asyncpg.Connection]:
    """The app's role in a transaction of this organisation; what it writes is undone."""
    connection = await asyncpg.connect(plain(database.urls.app))
    transaction = connection.transaction()
    await transaction.start()
    if org_id is not None:
        await connection.execute(f"SET LOCAL app.org = '{org_id}'")
    await connection.execute(f"SET LOCAL app.reach = '{reach}'")
    yield connection
    await transaction.rollback()
    await connection.close(timeout=2)


# What every organisation reads of every other: no figure is in it.
READ_BY_ALL = {"series", "mandate_versions", "sharing_rule_versions", "feed_versions"}
READ_IN_THE_REGION = {
    *("current_state", "forecast_paths", "forecast_points", "forecast_scores"),
    *("forecast_subjects", "scenarios"),
    *("unit_statuses", "stop_versions", "unit_event_versions", "hold_versions"),
    *("signal_versions", "signal_acknowledgements"),
}
# Rows that no write route makes.
MORE = (
    "INSERT INTO open_writes (org_id, id, until, what) "
    "VALUES ($1, gen_random_uuid(), now(), 'import')",
    "INSERT INTO rejects (org_id, id, source, code, place, content_hash) "
    "VALUES ($1, gen_random_uuid(), 'reports', 'missing', '/unit', '')",
    "INSERT INTO quarantined_reports (org_id, report_id, feed, unit, reported_by, content_hash, "
    "content) VALUES ($1, gen_random_uuid(), 'f', 'u', $1, '', '{}')",
    "INSERT INTO feed_pulls (org_id, feed, since, next_at) VALUES ($1, 'reo-feed', now(), now())",
    "INSERT INTO feed_pull_tries (org_id, feed, tried_at, outcome, milliseconds, stored, rejected) "
    "VALUES ($1, 'reo-feed', now(), 'taken', 1, 0, 0)",
    "INSERT INTO demo_loads (org_id, place, until, seed, begin_at, dense_from, rows) "
    "VALUES ($1, 'u', now(), 1, now(), now(), 0)",
    "INSERT INTO sharing_rule_versions (org_id, sharing_rule, valid_from, facts) "
    "VALUES ($1, 'deling', now(), '{\"shown\": []}')",
    "INSERT INTO forecast_subjects (org_id, run_id, subject_kind, subject, measure, resource, "
    "bed_type, state, detail) VALUES ($1, gen_random_uuid(), 'unit', 'u', 'm', 'bed', '', "
    "'known', '{}')",
    "INSERT INTO forecast_points (org_id, run_id, subject_kind, subject, measure, resource, "
    "bed_type, at, length_s, quantiles) VALUES ($1, gen_random_uuid(), 'unit', 'u', 'm', 'bed', "
    "'', now(), 86400, '{1}')",
    "INSERT INTO forecast_paths (org_id, run_id, unit, measure, resource, bed_type, first, steps, "
    "bits, paths) VALUES ($1, gen_random_uuid(), 'u', 'm', 'bed', '', now(), 1, 16, '')",
    "INSERT INTO forecast_scores (org_id, subject_kind, subject, measure, resource, bed_type, "
    "run_id, first_step, last_step, begins_at, ends_at, data_cut, served, points) VALUES ($1, "
    "'unit', 'u', 'm', 'bed', '', gen_random_uuid(), 1, 7, now(), now(), now(), 'engine', 0)",
)


async def walled(rows: asyncpg.Connection) -> list[str]:
    return [row[0] for row in await rows.fetch("SELECT DISTINCT tablename FROM pg_policies")]


async def a_full_store(
    app: FastAPI, client: AsyncClient, session: AsyncSession, rows: asyncpg.Connection
) -> int:
    """Every walled table holds a row of the owner; its number."""
    keys = await a_world(session)
    for _, call in calls_of(app):
        sent = await prepared(client, rows, keys, call, OWNER)
        answer = await send(client, sent, keys[OPERATOR if sent.by_operator else OWNER])
        assert answer.is_success, answer.text
    org_id: int = await rows.fetchval(ORG, OWNER)
    for statement in MORE:
        await rows.execute(statement, org_id)
    for table in await walled(rows):
        held = await rows.fetchval(f"SELECT count(*) FROM {table} WHERE org_id = $1", org_id)
        assert held, f"No row of the owner in {table}: make one by a route, or in MORE."
    return org_id


async def breaches(database: Database, rows: asyncpg.Connection, owner: int) -> set[str]:
    """What the app's role can do to the owner's rows while it acts for another."""
    other = await rows.fetchval(ORG, OTHER)
    found: set[str] = set()
    for table in await walled(rows):
        for reach in ("own", "region"):
            readable = table in READ_BY_ALL or (reach, table in READ_IN_THE_REGION) == (
                "region",
                True,
            )
            async with as_app(database, other, reach) as connection:
                if not readable and await touched(connection, f"SELECT 1 FROM {table}", owner):
                    found.add(f"reads {table} with reach {reach}")
        async with as_app(database, None) as connection:
            if table not in READ_BY_ALL and await touched(
                connection, f"SELECT 1 FROM {table}", owner
            ):
                found.add(f"reads {table} for nobody")
        for column in await changeable(rows, table):
            async with as_app(database, other) as connection:
                if await touched(connection, f"UPDATE {table} SET {column} = {column}", owner):
                    found.add(f"changes {table}")
        async with as_app(database, other) as connection:
            if await touched(connection, f"DELETE FROM {table}", owner):
                found.add(f"removes {table}")
        if await adds(database, rows, table, owner, other):
            found.add(f"adds to {table}")
    return found


async def touched(connection: asyncpg.Connection, statement: str, owner: int) -> bool:
    try:
        told = await connection.execute(f"{statement} WHERE org_id = {owner}")
    except asyncpg.InsufficientPrivilegeError:
        return False
    return not told.endswith(" 0")


async def changeable(rows: asyncpg.Connection, table: str) -> list[str]:
    columns = await rows.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 "
        "AND has_column_privilege($2, attrelid, attnum, 'UPDATE')",
        table,
        store.APP,
    )
    return [row[0] for row in columns]


async def adds(
    database: Database, rows: asyncpg.Connection, table: str, owner: int, other: int
) -> bool:
    """A row of the owner once more, under other numbers, by another."""
    row = await rows.fetchval(f"SELECT to_jsonb(t) FROM {table} t WHERE org_id = $1 LIMIT 1", owner)
    fresh = re.sub(UUID, lambda _: str(uuid.uuid4()), row)
    async with as_app(database, other) as connection:
        try:
            await connection.execute(
                f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, $1)", fresh
            )
        except asyncpg.InsufficientPrivilegeError:
            return False
        except asyncpg.IntegrityConstraintViolationError:
            return True  # past the wall, which is asked before any constraint
        return True


UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


async def test_the_wall_holds_against_the_apps_own_role(
    app: FastAPI,
    client: AsyncClient,
    database: Database,
    session: AsyncSession,
    rows: asyncpg.Connection,
) -> None:
    owner = await a_full_store(app, client, session, rows)

    assert await breaches(database, rows, owner) == set()


@pytest.mark.more
async def test_the_same_test_finds_a_store_without_its_wall(
    app: FastAPI,
    client: AsyncClient,
    database: Database,
    session: AsyncSession,
    rows: asyncpg.Connection,
) -> None:
    owner = await a_full_store(app, client, session, rows)
    tables = await walled(rows)
    for table in tables:
        await rows.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")

    found = await breaches(database, rows, owner)

    never_granted = {"api_keys", "demo_loads"}
    for table in set(tables) - READ_BY_ALL - READ_IN_THE_REGION - never_granted:
        assert f"reads {table} with reach region" in found
    assert {"reads api_keys with reach own", "changes current_state"} <= found
    assert {"adds to observations", "adds to reports", "adds to audit_events"} <= found


AS_KNOWN = {
    "state": "SELECT count(*) FROM state_as_known(now(), now() + interval '1 minute')",
    "flows": "SELECT count(*) FROM flows_as_known(now(), now() + interval '1 minute', "
    "'{requests}', ARRAY[now() - interval '1 day'], ARRAY[now()])",
}


@pytest.mark.parametrize("question", AS_KNOWN.values(), ids=AS_KNOWN)
async def test_what_was_known_of_others_is_told_only_with_reach(
    client: AsyncClient,
    database: Database,
    session: AsyncSession,
    rows: asyncpg.Connection,
    question: str,
) -> None:
    keys = await a_world(session)
    await laid_out(client, keys)
    other = await rows.fetchval(ORG, OTHER)

    async with as_app(database, other) as connection:
        own = await connection.fetchval(question)
    async with as_app(database, other, "region") as connection:
        region = await connection.fetchval(question)
    async with as_app(database, None) as connection:
        nobody = await connection.fetchval(question)

    assert (own, nobody) == (0, 0)
    assert region > 0
