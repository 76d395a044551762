"""One bad feed harms no other: fifty good ones on loopback among those that do their worst.

`FARM_SECONDS=600 pytest tests/trust/test_feed_farm.py` is the long form.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from app.jobs.schedule import due
from tests import make
from tests.conftest import Database
from tests.feeds.pulled import a_fetched_feed, message
from tests.feeds.sources import Request, a_source, head, saying
from tests.trust.conftest import Tell

ROOT = Path(__file__).parents[2]
SECONDS = float(os.environ.get("FARM_SECONDS", "10"))
GOOD = 50
PERIOD = 6
# Of these the connection of a worker is open for longer, so that it can be caught at it.
SLOW = {f"good-{n}": 0.7 for n in range(6)}
# Ten thousand times ten million nothings, as members of one file: 10 MB that unpack to 10 GB.
MEMBER = zlib.compressobj(9, zlib.DEFLATED, 31)
BOMB = (MEMBER.compress(bytes(10_000_000)) + MEMBER.flush()) * 1000
REASONS = {
    "hang": "timeout-read",
    "drip": "timeout-total",
    "status": "http-status",
    "garbage": "not-http",
    "bomb": "content-encoded",
    "packed": "too-large",
    "endless": "too-large",
    "deep": "message-refused",
}


async def endlessly(writer: asyncio.StreamWriter, piece: bytes, pause: float = 0) -> None:
    writer.write(head(Transfer_Encoding="chunked"))
    with suppress(OSError):
        while True:
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            await writer.drain()
            await asyncio.sleep(pause)


async def worst(request: Request, writer: asyncio.StreamWriter) -> None:
    kind = request.path.strip("/")
    if kind == "hang":
        await asyncio.sleep(600)
    elif kind == "drip":
        await endlessly(writer, b" ", 0.2)
    elif kind == "endless":
        await endlessly(writer, bytes(65536))
    elif kind == "garbage":
        writer.write(bytes(range(256)) * 4000)
    elif kind == "status":
        await saying(b"no", 500)(request, writer)
    elif kind == "bomb":
        await saying(BOMB, Content_Encoding="gzip")(request, writer)
    elif kind == "packed":
        writer.write(head() + BOMB)
    elif kind == "deep":
        await saying(b"[" * 4_000_000)(request, writer)


def good(served: Counter[str], waiting: dict[int, str]) -> Any:
    async def say(request: Request, writer: asyncio.StreamWriter) -> None:
        feed = request.path.strip("/")
        if feed not in REASONS:
            port = writer.get_extra_info("peername")[1]
            waiting[port] = feed
            await asyncio.sleep(SLOW.get(feed, 0))
            waiting.pop(port)
            await saying(message())(request, writer)
            served[feed] += 1
        else:
            await worst(request, writer)

    return say


@contextmanager
def a_worker(database: Database) -> Iterator[subprocess.Popen[bytes]]:
    """The real program, beside whatever others there are."""
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "TOREN_"))},
        "DATABASE_URL": database.urls.app,
        "DATABASE_WORKER_URL": database.urls.worker,
        "DATABASE_OWNER_URL": database.urls.owner,
        "TOREN_FEED_HOSTS": "127.0.0.0/8",
        "TOREN_PULL_FAILURES": "3",
        "TOREN_PULL_PAUSE_SECONDS": "3600",
        "TOREN_LOG_LEVEL": "error",
    }
    command = [sys.executable, "-m", "app", "jobs", "run"]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()


def mebibytes(pid: int, which: str) -> float:
    """`VmRSS`: in memory now; `VmHWM`: at most so far."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [kibibytes] = [line.split()[1] for line in lines if line.startswith(f"{which}:")]
    return int(kibibytes) / 1024


def connections(pid: int) -> set[int]:
    """The local ports of a process' connections."""
    sockets = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            sockets.add(os.readlink(each))
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        columns = line.split()
        if f"socket:[{columns[9]}]" in sockets:
            found.add(int(columns[1].split(":")[1], 16))
    return found


async def jobs_are_done(rows: asyncpg.Connection) -> None:
    """The night's work is not what is measured here."""
    for job, period in due(datetime.now(UTC)):
        await rows.execute(
            "INSERT INTO job_runs (job, period, holder, lease_until, finished_at) "
            "VALUES ($1, $2, gen_random_uuid(), now(), now())",
            job,
            period,
        )


AGES = """
SELECT f.feed, extract(epoch FROM clock_timestamp() - max(r.observed_at))::float8 AS age
  FROM feeds f LEFT JOIN reports r ON r.feed = f.feed AND r.org_id = f.org_id
 WHERE f.feed LIKE 'good-%' GROUP BY f.feed
"""


async def ages(rows: asyncpg.Connection) -> dict[str, float | None]:
    return {row["feed"]: row["age"] for row in await rows.fetch(AGES)}


@asynccontextmanager
async def watched(database: Database, seen: list[float]) -> AsyncIterator[None]:
    """The age of the oldest good feed, every quarter of a second, while this lasts."""

    own = await asyncpg.connect(database.server.dsn("postgres", database.name))

    async def watch() -> None:
        while True:
            seen.append(max(age for age in (await ages(own)).values() if age is not None))
            await asyncio.sleep(0.25)

    watching = asyncio.create_task(watch())
    yield
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    await own.close(timeout=2)


async def until(true: Any, seconds: float = 90) -> None:
    give_up = time.monotonic() + seconds
    while not await true():
        assert time.monotonic() < give_up, "what was waited for did not happen"
        await asyncio.sleep(0.2)


async def all_heard(rows: asyncpg.Connection) -> bool:
    found = (await ages(rows)).values()
    return len(found) == GOOD and None not in found


async def pulls(client: AsyncClient, key: dict[str, str]) -> dict[str, Any]:
    """What a feed's owner sees of fetching it."""
    answer = await client.get("/v1/feeds", headers=key)
    return {each["feed"]: each["pull"] for each in answer.json()["items"]}


async def all_open(client: AsyncClient, key: dict[str, str]) -> bool:
    told = await pulls(client, key)
    return all(told[kind]["breaker"] == "open" for kind in REASONS)


async def heard_again(rows: asyncpg.Connection, feed: str, after: datetime) -> bool:
    asked = "SELECT max(observed_at) > $2 FROM reports WHERE feed = $1"
    return bool(await rows.fetchval(asked, feed, after))


async def killed_at_work(
    workers: list[subprocess.Popen[bytes]], waiting: dict[int, str]
) -> tuple[subprocess.Popen[bytes], str, subprocess.Popen[bytes]]:
    """Kills a worker -9 while it fetches a slow feed: the dead one, that feed, the one left."""
    while True:
        for worker, other in (workers, workers[::-1]):
            held = [waiting[port] for port in connections(worker.pid) & set(waiting)]
            if held:
                os.kill(worker.pid, signal.SIGKILL)
                return worker, held[0], other
        await asyncio.sleep(0.05)


def in_one_period(feed: str, moments: list[datetime]) -> int:
    """How many reports came in a period that had one already; the very first is off its beat."""
    begins = zlib.crc32(feed.encode()) % PERIOD
    periods = [(moment.timestamp() - begins) // PERIOD for moment in sorted(moments)[1:]]
    return len(periods) - len(set(periods))


@pytest.mark.more
async def test_fifty_good_feeds_stay_fresh_among_the_worst_and_when_a_worker_dies(
    session: AsyncSession,
    database: Database,
    rows: asyncpg.Connection,
    client: AsyncClient,
    tell: Tell,
) -> None:
    key = await make.a_key(session)
    await jobs_are_done(rows)
    began = time.monotonic()
    served: Counter[str] = Counter()
    waiting: dict[int, str] = {}
    seen: list[float] = []

    async with a_source(good(served, waiting)) as source:
        url = f"http://127.0.0.1:{source.port}"
        patience = {"connect": 2, "read": 2, "total": 3}
        for n in range(GOOD):
            name = f"good-{n}"
            await a_fetched_feed(
                session, name, f"{url}/{name}", everySeconds=PERIOD, timeoutSeconds=patience
            )
        with a_worker(database) as first, a_worker(database) as second:
            await until(lambda: all_heard(rows))
            resting = {each.pid: mebibytes(each.pid, "VmRSS") for each in (first, second)}
            async with watched(database, seen):
                for kind in REASONS:
                    await a_fetched_feed(session, kind, f"{url}/{kind}", timeoutSeconds=patience)
                await asyncio.sleep(SECONDS / 2)
                grown = {
                    each.pid: mebibytes(each.pid, "VmHWM") - resting[each.pid]
                    for each in (first, second)
                }
                dead, feed, left = await killed_at_work([first, second], waiting)
                died = datetime.now(UTC)
                await until(lambda: heard_again(rows, feed, died))
                takeover = (datetime.now(UTC) - died).total_seconds()
                await asyncio.sleep(SECONDS / 2)
                await until(lambda: all_open(client, key))
            growth = max(*grown.values(), mebibytes(left.pid, "VmHWM") - resting[left.pid])

    stored = defaultdict(list)
    for row in await rows.fetch("SELECT feed, observed_at FROM reports"):
        stored[row["feed"]].append(row["observed_at"])
    told = await pulls(client, key)
    seconds = time.monotonic() - began
    tell(
        f"{GOOD} good feeds and {len(REASONS)} bad ones, period {PERIOD} s, two workers, "
        f"{seconds:.0f} s: oldest age {max(seen):.1f} s over {len(seen)} looks; a worker's memory "
        f"grew {growth:.1f} MiB; after kill -9 at work its feed was told again within "
        f"{takeover:.1f} s; {sum(served.values())} messages served, "
        f"{sum(map(len, stored.values()))} stored, none twice.\n"
        + ", ".join(f"{kind}: {told[kind]['lastError']}" for kind in REASONS)
    )
    assert max(seen) <= 2 * PERIOD
    assert growth < 50
    assert dead.returncode == -signal.SIGKILL
    assert {kind: each["lastError"] for kind, each in told.items() if kind in REASONS} == REASONS
    for kind in REASONS:
        assert (told[kind]["breaker"], told[kind]["failures"]) == ("open", 3)
        assert told[kind]["reason"]
        assert told[kind]["openedAt"] < told[kind]["nextAt"]
    assert {feed for feed in served if len(stored[feed]) > served[feed]} == set()
    assert {feed: in_one_period(feed, moments) for feed, moments in stored.items()} == {
        f"good-{n}": 0 for n in range(GOOD)
    }
