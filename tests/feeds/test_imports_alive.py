"""A large file goes in beside the others: they are served, it can be seen, and it can be killed."""

import asyncio
import os
import signal
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from tests import make
from tests.conftest import PEPPER, Database
from tests.feeds.test_import import counts, fetch
from tests.trust.twin import PATIENCE, Tower, running

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds processes by /proc")
]
ASKED = {"profile": "columns"}
UNITS = 100


def a_table(rows: int) -> bytes:
    """Of a hundred units, days back from the last of October."""
    days = [date(2026, 10, 31) - timedelta(days=n) for n in range(rows // UNITS)]
    lines = [
        f"unit-{unit},{day},{n % 40},30\n" for unit in range(UNITS) for n, day in enumerate(days)
    ]
    return ("unit,ds,occupied,staffed\n" + "".join(lines)).encode()


async def a_world(session: AsyncSession) -> dict[str, str]:
    for unit in range(UNITS):
        await make.a_unit(session, f"unit-{unit}")
    key = await make.a_key(session, "imports:write")
    return {**key, "Content-Type": "text/csv"}


@asynccontextmanager
async def served(database: Database) -> AsyncIterator[tuple[Tower, httpx.AsyncClient]]:
    async with (
        running(database.urls.app, PEPPER.get_secret_value(), "sound") as tower,
        httpx.AsyncClient(base_url=tower.base, timeout=PATIENCE) as client,
    ):
        yield tower, client


def below(pid: int) -> Iterator[int]:
    """The processes that one began, and those that these began."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            yield int(stat.parent.name)
            yield from below(int(stat.parent.name))


def niced(pid: int) -> bool:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[16]) == 10
    except OSError:
        return False


def most_megabytes(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return int(lines.get("VmHWM", "0 kB").split()[0]) / 1024


async def under_way(client: httpx.AsyncClient, key: dict[str, str]) -> list[dict[str, Any]]:
    items = (await client.get("/v1/imports", headers=key)).json()["items"]
    return [each for each in items if each["state"] == "underWay"]


async def importing(tower: Tower) -> int:
    """The number of the process that brings the file in, once there is one."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = [pid for pid in below(tower.process.pid) if niced(pid)]
            if found:
                return found[0]
            await asyncio.sleep(0.02)


@pytest.mark.more
@pytest.mark.parametrize("rows", [100_000, 1_000_000])
async def test_others_are_served_and_the_server_stays_small_while_a_file_comes_in(
    database: Database, session: AsyncSession, capsys: pytest.CaptureFixture[str], rows: int
) -> None:
    key = await a_world(session)
    body = a_table(rows)
    waits, seen, most = [], [], 0.0

    async with served(database) as (tower, client):
        sending = asyncio.create_task(
            client.post("/v1/imports", params=ASKED, content=body, headers=key)
        )
        async with httpx.AsyncClient(base_url=tower.base, timeout=PATIENCE) as other:
            while not sending.done():
                began = time.perf_counter()
                assert (await other.get("/livez")).status_code == 200
                waits.append((time.perf_counter() - began) * 1000)
                if len(waits) % 20 == 0:
                    seen += [each["rows"] for each in await under_way(other, key)]
                most = max(
                    [most, *(most_megabytes(n) for n in below(tower.process.pid) if niced(n))]
                )
                await asyncio.sleep(0.01)
        answer = await sending
        server = most_megabytes(tower.process.pid)

    assert answer.status_code == 201, answer.text
    assert answer.json()["added"] == rows * 2
    slow = statistics.quantiles(waits, n=100)[98]
    with capsys.disabled():
        sys.stderr.write(
            f"\n{rows:,} rows by HTTP: at most {most:.0f} MB in the importing process and "
            f"{server:.0f} MB in the server; /livez {statistics.median(waits):.1f} ms, "
            f"99% within {slow:.1f} ms\n"
        )
    assert 0 < most < 300
    # The half: what the slowest of a hundred waits for is the machine's as much as ours.
    assert statistics.median(waits) < 250
    assert seen == sorted(seen)


@pytest.mark.more
async def test_an_import_that_is_killed_is_told_so_and_leaves_nothing(
    database: Database, session: AsyncSession
) -> None:
    key = await a_world(session)
    before = await counts(database)

    async with served(database) as (tower, client):
        sending = asyncio.create_task(
            client.post("/v1/imports", params=ASKED, content=a_table(300_000), headers=key)
        )
        number = await importing(tower)
        await asyncio.sleep(0.5)
        os.kill(number, signal.SIGKILL)
        answer = await sending

    assert (answer.status_code, answer.json()["code"]) == (503, "import-ended")
    after = await counts(database)
    # That it was under way ends by itself, within a minute.
    assert after == before | {name: after[name] for name in ("imports", "open_writes")}
    [left] = await fetch(database, "SELECT alive_until <= now() + interval '1 minute' FROM imports")
    assert left[0]


@pytest.mark.more
async def test_an_import_ends_with_the_server_that_began_it(
    database: Database, session: AsyncSession
) -> None:
    key = await a_world(session)
    before = await counts(database)

    async with served(database) as (tower, client):
        sending = asyncio.create_task(
            client.post("/v1/imports", params=ASKED, content=a_table(500_000), headers=key)
        )
        number = await importing(tower)
        await tower.kill()
        with pytest.raises(httpx.TransportError):
            await sending
        async with asyncio.timeout(20):
            while niced(number):
                await asyncio.sleep(0.1)
        await tower.start()

    after = await counts(database)
    assert after == before
