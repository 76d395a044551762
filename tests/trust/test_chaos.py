"""Everything is killed with a commit in flight: nothing acknowledged is lost, nothing doubled.

Short by itself; CHAOS_ACKS=5000 is what `make chaos` runs. A random kill alone also passes an app
that answers first: that is what the COMMIT gate is for.
"""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app import store
from app.db import connect, sessions_of
from app.postgres import Embedded
from tests import make
from tests.conftest import PEPPER
from tests.trust.conftest import Tell
from tests.trust.proxy import Proxy
from tests.trust.twin import Tower, running

LONG = "CHAOS_ACKS" in os.environ
ACKS = int(os.environ.get("CHAOS_ACKS", "400"))
WRITERS = 16 if LONG else 8
KILLS = 4 if LONG else 1
# Two writers on each, so that they also meet.
UNITS = [f"reo-{n}" for n in range(WRITERS // 2)]
DATABASE = "chaos"
FIGURES = 3


@dataclass
class Writers:
    """Each sends a report until it is acknowledged, under one id, and then the next."""

    base: str
    key: dict[str, str]
    wanted: int
    acknowledged: dict[str, Any] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    slowest: float = 0

    async def write(self, unit: str) -> None:
        async with httpx.AsyncClient(base_url=self.base, timeout=10) as client:
            while len(self.acknowledged) < self.wanted:
                await self.deliver(client, a_report(unit))

    async def deliver(self, client: httpx.AsyncClient, report: Any) -> None:
        began = time.monotonic()
        while True:
            try:
                answer = await client.post("/v1/reports", json=report, headers=self.key)
            except httpx.TransportError as error:
                self.answers[type(error).__name__] += 1
            else:
                self.answers[str(answer.status_code)] += 1
                if answer.is_success:
                    told = answer.json()["reports"][0]
                    assert told["outcome"] in ("stored", "repeated")
                    self.repeated += told["outcome"] == "repeated"
                    self.acknowledged[report["id"]] = report
                    self.slowest = max(self.slowest, time.monotonic() - began)
                    return
                assert answer.status_code == 503, answer.text
            await asyncio.sleep(random.uniform(0.02, 0.1))


def a_report(unit: str = "reo-0") -> Any:
    values = random.randint(3, 6), random.randint(0, 3), random.randint(0, 3)
    figures = zip(("staffed", "occupied", "reserved"), values, strict=True)
    return make.a_report(*(make.a_figure(*figure) for figure in figures), unit=unit)


async def made(server: Embedded) -> dict[str, str]:
    """The database with its units, and a key for them."""
    urls = await store.prepare(server, DATABASE)
    await asyncio.to_thread(store.migrate, urls.owner)
    await store.ensure_partitions(urls.owner)
    engine = connect(urls.owner, pool_size=1)
    async with sessions_of(engine)() as session:
        for unit in UNITS:
            await make.a_unit(session, unit)
        key = await make.a_key(session)
    await engine.dispose()
    return key


async def until(writers: Writers, acknowledged: int) -> None:
    async with asyncio.timeout(120):
        while len(writers.acknowledged) < acknowledged:
            await asyncio.sleep(0.01)


async def in_flight(proxy: Proxy) -> None:
    """Until a COMMIT stands before the database, and stays there."""
    proxy.at_next_commit("hold")
    async with asyncio.timeout(30):
        await proxy.reached.wait()


async def kill_everything(writers: Writers, tower: Tower, proxy: Proxy) -> None:
    """In turn the app and the database, at even distances, each with a commit in flight."""
    server = proxy.server
    for n in range(1, 2 * KILLS + 1):
        await until(writers, ACKS * n // (2 * KILLS + 1))
        await in_flight(proxy)
        if n % 2:
            # The COMMIT arrives all the same: stored, and nobody was told.
            await tower.kill()
            proxy.released.set()
            await tower.start()
        else:
            os.kill(server.pid, signal.SIGKILL)
            proxy.released.set()
            await asyncio.to_thread(server.start)


async def lost_and_doubled(
    rows: asyncpg.Connection, acknowledged: Mapping[str, Any]
) -> tuple[list[str], list[str]]:
    """Acknowledged reports that are not there whole, and rows that are there too often."""
    reports = Counter(str(row[0]) for row in await rows.fetch("SELECT report_id FROM reports"))
    figures = Counter(str(row[0]) for row in await rows.fetch("SELECT report_id FROM observations"))
    lost = [each for each in acknowledged if reports[each] < 1 or figures[each] < FIGURES]
    doubled = [each for each in reports if reports[each] > 1 or figures[each] > FIGURES]
    for trail in ("audit_events WHERE event = 'reports.write'", "outbox"):
        noted = await rows.fetchval(f"SELECT count(*) FROM {trail}")
        if noted != len(reports):
            doubled.append(f"{trail}: {noted} for {len(reports)} reports")
    return lost, doubled


NEWEST = """
SELECT count(*) FROM current_state c CROSS JOIN LATERAL (
       SELECT value, report_id FROM observations o
        WHERE o.org_id = c.org_id AND o.series_id = c.series_id
        ORDER BY at DESC, known_at DESC LIMIT 1) o
 WHERE (c.value, c.report_id) IS DISTINCT FROM (o.value, o.report_id)
"""


@pytest.mark.more
async def test_nothing_acknowledged_is_lost_or_doubled_by_a_kill(
    durable: Embedded, tell: Tell
) -> None:
    key = await made(durable)
    began = time.monotonic()

    async with Proxy(durable) as proxy:
        url = proxy.url(store.APP, DATABASE)
        async with running(url, PEPPER.get_secret_value()) as tower:
            writers = Writers(tower.base, key, ACKS)
            async with asyncio.TaskGroup() as work:
                work.create_task(kill_everything(writers, tower, proxy))
                for n in range(WRITERS):
                    work.create_task(writers.write(UNITS[n // 2]))

    rows = await asyncpg.connect(durable.dsn("postgres", DATABASE))
    lost, doubled = await lost_and_doubled(rows, writers.acknowledged)
    behind = await rows.fetchval(NEWEST)
    await rows.close()
    tell(
        f"Chaos: {len(writers.acknowledged)} acknowledged to {WRITERS} writers, {KILLS} kills -9 "
        f"of the app and {KILLS} of Postgres, each with a commit in flight: {len(lost)} lost, "
        f"{len(doubled)} doubled; {writers.repeated} were stored before their answer was lost; "
        f"answers {dict(writers.answers)}; {time.monotonic() - began:.1f} s"
    )
    assert len(writers.acknowledged) >= ACKS
    assert writers.repeated >= KILLS
    assert lost == []
    assert doubled == []
    assert behind == 0


async def test_a_report_that_is_lost_or_doubled_is_found(
    client: httpx.AsyncClient, session: AsyncSession, rows: asyncpg.Connection
) -> None:
    await make.a_unit(session, "reo-0")
    key = await make.a_key(session)
    sound, taken, twice, never = (a_report() for _ in range(4))
    for report in (sound, taken, twice):
        await client.post("/v1/reports", json=report, headers=key)
    await rows.execute("DELETE FROM observations WHERE report_id = $1", taken["id"])
    await rows.execute(AGAIN, twice["id"])

    acknowledged = {report["id"]: report for report in (sound, taken, twice, never)}
    lost, doubled = await lost_and_doubled(rows, acknowledged)

    assert lost == [taken["id"], never["id"]]
    assert doubled == [twice["id"]]


AGAIN = """
INSERT INTO observations
SELECT org_id, series_id, at, length_s, known_at + interval '1 hour', observed_at, value,
       report_id, reported_by, precision
  FROM observations WHERE report_id = $1
"""


async def test_a_report_that_waits_too_long_for_another_is_to_come_again(
    client: httpx.AsyncClient, session: AsyncSession, rows: asyncpg.Connection
) -> None:
    await make.a_unit(session, "reo-0")
    key = await make.a_key(session)
    first, second = a_report(), a_report()
    await client.post("/v1/reports", json=first, headers=key)

    async with rows.transaction():
        await rows.execute("SELECT * FROM current_state FOR UPDATE")
        waited = await client.post("/v1/reports", json=second, headers=key)
    again = await client.post("/v1/reports", json=second, headers=key)

    assert waited.status_code == 503, waited.text
    assert waited.headers["Retry-After"]
    assert again.json()["reports"][0]["outcome"] == "stored"
