"""No write route answers before its COMMIT, shown by holding, cutting and losing that COMMIT."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app import store
from tests.conftest import PEPPER, Database
from tests.trust.calls import OPERATOR, OWNER, Call, Headers, Laid, Route, Sent, a_world, calls_of
from tests.trust.conftest import Tell
from tests.trust.proxy import Proxy
from tests.trust.twin import PATIENCE, Kind, running

# So long a held COMMIT is watched for an answer that comes too early.
HELD_SECONDS = 0.15
REPORTS, OTHERS = 20, 3
# A connection for each request: the twin fails after its answer, and takes the connection along.
ONE_EACH = httpx.Limits(max_keepalive_connections=0)


@dataclass
class Gate:
    """One write at a time through the proxy, and what the store says afterwards."""

    proxy: Proxy
    client: httpx.AsyncClient
    rows: asyncpg.Connection
    keys: Mapping[str, Headers]
    early: list[Route] = field(default_factory=list)
    lost: list[Route] = field(default_factory=list)
    cuts: int = 0
    held: int = 0
    not_one: list[str] = field(default_factory=list)

    async def prepared(self, call: Call) -> Sent:
        """The write itself, once all that must be there before it is there."""
        *first, last = call(OWNER)
        for step in first:
            await self.idle()
            if isinstance(step, Laid):
                await self.rows.execute(step.statement, *step.given)
            else:
                answer = await self.send(step)
                assert answer.is_success, f"{step.method} {step.path}: {answer.text}"
        await self.idle()
        assert isinstance(last, Sent)
        return last

    async def idle(self) -> None:
        """The twin is not done when it answers, and the next COMMIT must be of the next write."""
        await self.client.get("/livez")

    async def send(self, sent: Sent) -> httpx.Response:
        key = self.keys[OPERATOR if sent.by_operator else OWNER]
        return await self.client.request(**sent.request(key))

    async def stored(self, sent: Sent) -> int:
        return int(await self.rows.fetchval(sent.stored, *sent.given))

    async def hold(self, route: Route, call: Call) -> None:
        sent = await self.prepared(call)
        self.proxy.at_next_commit("hold")
        answer = asyncio.create_task(self.send(sent))
        async with asyncio.timeout(PATIENCE):
            await self.proxy.reached.wait()
        await asyncio.wait([answer], timeout=HELD_SECONDS)
        self.held += 1
        if answer.done():
            self.early.append(route)
        self.proxy.released.set()
        said = await answer
        assert said.is_success, f"{route}: {said.text}"

    async def cut(self, route: Route, call: Call, times: int) -> None:
        for _ in range(times):
            sent = await self.prepared(call)
            self.proxy.at_next_commit("cut")
            answer = await self.send(sent)
            async with asyncio.timeout(PATIENCE):
                await self.proxy.reached.wait()
            self.cuts += 1
            stored = await self.stored(sent)
            if answer.is_success and not stored:
                self.lost.append(route)
            elif stored or answer.status_code != 503:
                self.not_one.append(f"{route}: {answer.status_code}, {stored} rows after a cut")

    async def lose_reply(self, route: Route, call: Call) -> None:
        sent = await self.prepared(call)
        self.proxy.at_next_commit("lose-reply")
        first = await self.send(sent)
        async with asyncio.timeout(PATIENCE):
            await self.proxy.reached.wait()
        again = await self.send(sent)
        stored = await self.stored(sent)
        if (first.status_code, again.is_success, stored) != (503, True, 1):
            said = f"{first.status_code}, then {again.status_code}, {stored} rows"
            self.not_one.append(f"{route}: {said} when the reply to COMMIT was lost")


@asynccontextmanager
async def a_gate(
    database: Database, session: AsyncSession, rows: asyncpg.Connection, kind: Kind
) -> AsyncIterator[Gate]:
    keys = await a_world(session)
    async with Proxy(database.server) as proxy:
        url = proxy.url(store.APP, database.name)
        async with (
            running(url, PEPPER.get_secret_value(), kind) as tower,
            httpx.AsyncClient(base_url=tower.base, timeout=PATIENCE, limits=ONE_EACH) as client,
        ):
            yield Gate(proxy, client, rows, keys)


def times(route: Route) -> int:
    return REPORTS if route.path.startswith("/v1/reports") and "_" not in route.path else OTHERS


def figures(kind: str, calls: Sequence[object], gate: Gate) -> str:
    return (
        f"COMMIT gate, {kind}, {len(calls)} write routes: "
        f"held: {len(gate.early)} of {gate.held} answered before the COMMIT; "
        f"cut: {len(gate.lost)} of {gate.cuts} acknowledged and lost"
    )


async def test_no_write_is_acknowledged_before_its_commit(
    app: FastAPI,
    database: Database,
    session: AsyncSession,
    rows: asyncpg.Connection,
    tell: Tell,
) -> None:
    calls = list(calls_of(app))

    async with a_gate(database, session, rows, "sound") as gate:
        for route, call in calls:
            await gate.hold(route, call)
            await gate.cut(route, call, times(route))

    tell(figures("the app", calls, gate))
    assert gate.early == []
    assert gate.lost == []
    assert gate.not_one == []


@pytest.mark.more
async def test_a_write_whose_reply_was_lost_is_sent_again_and_stored_once(
    app: FastAPI,
    database: Database,
    session: AsyncSession,
    rows: asyncpg.Connection,
    tell: Tell,
) -> None:
    calls = list(calls_of(app))

    async with a_gate(database, session, rows, "sound") as gate:
        for route, call in calls:
            await gate.lose_reply(route, call)

    kept = len(calls) - len(gate.not_one)
    tell(f"Reply to COMMIT lost: {kept} of {len(calls)} write routes gave 503, then one row")
    assert gate.not_one == []


@pytest.mark.more
async def test_the_gate_finds_an_app_that_answers_first(
    app: FastAPI,
    database: Database,
    session: AsyncSession,
    rows: asyncpg.Connection,
    tell: Tell,
) -> None:
    calls = list(calls_of(app))

    async with a_gate(database, session, rows, "acknowledges-first") as gate:
        for route, call in calls:
            await gate.hold(route, call)
            await gate.cut(route, call, times(route))

    tell(figures("its broken twin", calls, gate))
    assert gate.early == [route for route, _ in calls]
    assert len(gate.lost) == gate.cuts


@pytest.mark.more
async def test_the_gate_waits_for_the_write_and_not_for_the_note_of_a_refusal(
    database: Database, session: AsyncSession, rows: asyncpg.Connection
) -> None:
    async with a_gate(database, session, rows, "sound") as gate:
        gate.proxy.at_next_commit("hold")
        refused = await gate.client.post("/v1/reports", json={})

    assert refused.status_code == 401
    assert not gate.proxy.reached.is_set()
