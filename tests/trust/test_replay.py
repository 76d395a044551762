"""What was known is never known otherwise later, and what is known now follows from all of it."""

import asyncio
import uuid
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db import connect, sessions_of
from app.main import create_app
from tests import make
from tests.conftest import Database

Kind = Literal["report", "again", "correct", "confirm", "retract", "batch"]
MEASURES = ("staffed", "occupied", "reserved")


@dataclass(frozen=True)
class Deed:
    """One thing that a sender does; `nth` picks which of the reports before it is meant."""

    kind: Kind
    minutes_ago: int
    values: tuple[int | None, ...]
    nth: int


values = st.none() | st.integers(0, 60)
deeds = st.builds(
    Deed,
    st.sampled_from(["report", "report", "report", "again", "correct", "confirm", "retract"])
    | st.just("batch"),
    # Few moments, so that many reports are about the same one, and none comes in order.
    st.integers(0, 8).map(lambda n: n * 30),
    st.tuples(values, values, values),
    st.integers(0, 20),
)

# A figure of a series as it stands: (moment, value, report).
State = dict[int, tuple[datetime, float | None, str]]


@dataclass
class Tower:
    """An app on a database of its own, and a superuser who looks at what is stored."""

    runner: asyncio.Runner
    database: Database
    app: FastAPI
    client: AsyncClient
    rows: asyncpg.Connection
    key: dict[str, str]


@pytest.fixture
def tower(database: Database) -> Iterator[Tower]:
    """With a loop of its own: hypothesis calls the test many times, each time from the outside."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def started() -> Tower:
            engine = connect(database.urls.owner, pool_size=1)
            async with sessions_of(engine)() as session:
                key = await make.a_key(session)
            await engine.dispose()
            app = create_app(database.settings())
            await stack.enter_async_context(app.router.lifespan_context(app))
            rows = await asyncpg.connect(database.server.dsn("postgres", database.name))
            stack.push_async_callback(rows.close)
            client = AsyncClient(transport=ASGITransport(app), base_url="http://test")
            await stack.enter_async_context(client)
            return Tower(runner, database, app, client, rows, key)

        yield runner.run(started())
        runner.run(stack.aclose())


class Told:
    """What a sender has told of one unit, kept by itself: the other way to the same answer."""

    def __init__(self, unit: str, now: datetime) -> None:
        self.unit = unit
        self.now = now
        self.reports: list[dict[str, Any]] = []

    def report(self, deed: Deed) -> dict[str, Any]:
        at = self.now - timedelta(minutes=deed.minutes_ago)
        figures = [make.a_figure(*told) for told in zip(MEASURES, deed.values, strict=True)]
        return make.a_report(*figures, unit=self.unit, observedAt=at.isoformat())  # type: ignore[no-any-return]

    def requests(self, deed: Deed) -> Sequence[tuple[str, Any]]:
        """The paths and bodies of this deed."""
        before = self.reports[deed.nth % len(self.reports)] if self.reports else None
        if deed.kind == "batch" or (before is None and deed.kind != "report"):
            return [("/v1/reports", [self.report(deed), self.report(deed)])]
        if before is None or deed.kind == "report":
            return [("/v1/reports", self.report(deed))]
        number = str(uuid.uuid4())
        if deed.kind == "again":
            return [("/v1/reports", before)]
        if deed.kind == "correct":
            return [("/v1/reports", {**self.report(deed), "observedAt": before["observedAt"]})]
        if deed.kind == "retract":
            return [(f"/v1/reports/{before['id']}/_retract", {"id": number})]
        body = {"id": number, "confirms": before["id"], "observedAt": self.now.isoformat()}
        return [(f"/v1/units/{self.unit}/reports/_confirm", body)]

    def keep(self, body: Any) -> None:
        for report in body if isinstance(body, list) else [body]:
            if "figures" in report and report not in self.reports:
                self.reports.append(report)


@settings(
    max_examples=20,
    deadline=None,
    # Each example tells of a unit of its own, so what an earlier one left does not matter.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(deeds, min_size=2, max_size=14))
def test_what_is_known_follows_from_what_was_told_and_the_past_stays(
    tower: Tower, script: list[Deed]
) -> None:
    tower.runner.run(play(tower, script))


async def new_unit(tower: Tower, unit: str) -> None:
    engine = connect(tower.database.urls.owner, pool_size=1)
    async with sessions_of(engine)() as session:
        await make.a_unit(session, unit)
    await engine.dispose()
    # The app looks at the master data once a second.
    tower.app.state.directory.until = 0.0


async def play(tower: Tower, script: list[Deed]) -> None:
    unit = f"eenheid-{uuid.uuid4().hex[:12]}"
    await new_unit(tower, unit)
    told = Told(unit, make.now() - timedelta(minutes=1))
    kept: list[tuple[datetime, datetime, State]] = []

    for n, deed in enumerate(script):
        for path, body in told.requests(deed):
            answer = await tower.client.post(path, json=body, headers=tower.key)
            assert answer.status_code in (200, 409), answer.text
            if answer.is_success and path == "/v1/reports":
                told.keep(body)
        if n % 3 == 0:
            known = await tower.rows.fetchval("SELECT clock_timestamp()")
            moments = (known, told.now - timedelta(minutes=60 * (n % 4)))
            kept += [
                (as_of, known, await state_as_known(tower.rows, unit, as_of, known))
                for as_of in moments
            ]

    now = await tower.rows.fetchval("SELECT clock_timestamp()")
    stands = await current_state(tower.rows, unit)
    assert stands == truth(await observations(tower.rows, unit), now, now)
    assert stands == await state_as_known(tower.rows, unit, now, now)
    assert await doubts_now(tower.rows, unit) == await doubts_known(tower.rows, unit, now)
    for as_of, known, state in kept:
        assert await state_as_known(tower.rows, unit, as_of, known) == state
        assert state == truth(await observations(tower.rows, unit), as_of, known)


Row = tuple[int, datetime, datetime, float | None, str]


def truth(rows: Sequence[Row], as_of: datetime, known: datetime) -> State:
    """Of each series the newest moment, and of that what was told last: said the long way."""
    state: State = {}
    for series, at, known_at, value, report in sorted(rows, key=lambda row: (row[1], row[2])):
        if at <= as_of and known_at <= known:
            state[series] = (at, value, report)
    return state


async def observations(rows: asyncpg.Connection, unit: str) -> list[Row]:
    found = await rows.fetch(
        "SELECT o.series_id, o.at, o.known_at, o.value, o.report_id::text FROM observations o "
        "JOIN series s USING (series_id) WHERE s.unit = $1",
        unit,
    )
    return [tuple(row) for row in found]


async def current_state(rows: asyncpg.Connection, unit: str) -> State:
    found = await rows.fetch(
        "SELECT c.series_id, c.at, c.value, c.report_id::text FROM current_state c "
        "JOIN series s USING (series_id) WHERE s.unit = $1",
        unit,
    )
    return {row[0]: (row[1], row[2], row[3]) for row in found}


async def state_as_known(
    rows: asyncpg.Connection, unit: str, as_of: datetime, known: datetime
) -> State:
    async with rows.transaction():
        await rows.execute("SET LOCAL app.reach = 'region'")
        found = await rows.fetch(
            "SELECT k.series_id, k.at, k.value, k.report_id::text FROM state_as_known($2, $3) k "
            "JOIN series s USING (series_id) WHERE s.unit = $1",
            *(unit, as_of, known),
        )
    return {row[0]: (row[1], row[2], row[3]) for row in found}


async def doubts_now(rows: asyncpg.Connection, unit: str) -> dict[int, list[str]]:
    found = await rows.fetch(
        "SELECT c.series_id, c.doubts FROM current_state c "
        "JOIN series s USING (series_id) WHERE s.unit = $1",
        unit,
    )
    return {row[0]: row[1] for row in found}


async def doubts_known(rows: asyncpg.Connection, unit: str, now: datetime) -> dict[int, list[str]]:
    async with rows.transaction():
        await rows.execute("SET LOCAL app.reach = 'region'")
        found = await rows.fetch(
            "SELECT k.series_id, k.doubts FROM state_as_known($2, $2) k "
            "JOIN series s USING (series_id) WHERE s.unit = $1",
            *(unit, now),
        )
    return {row[0]: row[1] for row in found}


def test_a_current_state_that_a_late_report_pushed_aside_is_found(tower: Tower) -> None:
    async def pushed_aside() -> tuple[State, State]:
        await new_unit(tower, "eenheid-twin")
        told = Told("eenheid-twin", make.now() - timedelta(minutes=1))
        for minutes in (0, 60):
            report = told.report(Deed("report", minutes, (5, 1, 0), 0))
            await tower.client.post("/v1/reports", json=report, headers=tower.key)
        await tower.rows.execute(LATEST_TOLD)
        now = await tower.rows.fetchval("SELECT clock_timestamp()")
        stored = await observations(tower.rows, "eenheid-twin")
        return await current_state(tower.rows, "eenheid-twin"), truth(stored, now, now)

    stands, true = tower.runner.run(pushed_aside())

    assert stands.keys() == true.keys()
    assert all(stands[series] != true[series] for series in true)


# What a current state without its "only if newer" would hold: whatever was told last.
LATEST_TOLD = """
UPDATE current_state c SET (at, known_at, value, report_id) =
       (SELECT at, known_at, value, report_id FROM observations o
         WHERE o.org_id = c.org_id AND o.series_id = c.series_id ORDER BY known_at DESC LIMIT 1)
"""
