"""`serve --demo` as a user starts it: the region is there, lives on, and outlives its player."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from app import store
from app.access.keys import demo_key
from app.db import plain
from app.settings import Settings
from tests.folders import a_folder
from tests.serving import ROOT, free_port, wait_until_ready

LATER = "the demo ended"


@pytest.fixture
def folder() -> Iterator[Path]:
    made = a_folder()
    yield made
    shutil.rmtree(made, ignore_errors=True)


@contextmanager
def living(folder: Path, days: int) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The program in a session of its own, as on a terminal, with all it says in a file."""
    port = free_port()
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "TOREN_"))},
        "TOREN_DATA_DIR": str(folder / "var"),
        "TOREN_PORT": str(port),
        "TOREN_DEMO_DAYS": str(days),
    }
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", "--demo"],
            cwd=ROOT,
            env=environment,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        address = f"http://127.0.0.1:{port}"
        try:
            wait_until_ready(address, process, folder / "said")
            yield process, address
        finally:
            ctrl_c(process)


def ctrl_c(process: subprocess.Popen[bytes]) -> None:
    """To all at once, as a terminal does."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=60)


def said(folder: Path) -> str:
    return (folder / "said").read_text()


def children(process: subprocess.Popen[bytes], command: str) -> list[int]:
    listed = subprocess.run(
        ["ps", "-Ao", "pid=,ppid=,args="], check=True, capture_output=True, text=True
    )
    rows = (line.split(None, 2) for line in listed.stdout.splitlines())
    return [int(pid) for pid, ppid, args in rows if int(ppid) == process.pid and command in args]


def ask(address: str, path: str, client: str = "caz-bord") -> Any:
    key = {"Authorization": f"Bearer {demo_key(client).text}"}
    answer = httpx.get(f"{address}{path}", headers=key, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def feeds(address: str) -> dict[str, Any]:
    return {
        feed["feed"]: feed["health"]
        for name in ("reo", "caz", "hap", "ziekenhuis")
        for feed in ask(address, "/v1/feeds", f"{name}-koppeling")["items"]
        if feed["state"] == "released"
    }


def wait_for(seen: Callable[[], bool], seconds: float = 90) -> bool:
    give_up = time.monotonic() + seconds
    while not seen() and time.monotonic() < give_up:
        time.sleep(0.2)
    return seen()


def figures_loaded(folder: Path) -> int:
    [line] = [line for line in said(folder).splitlines() if "loaded (fictief)" in line]
    return int(line.split()[0].replace(",", ""))


def told_today(unit: dict[str, Any]) -> bool:
    return unit["ageSeconds"] is not None and unit["ageSeconds"] < 24 * 3600


@pytest.mark.more
def test_the_region_is_there_and_the_server_outlives_who_plays_it(folder: Path) -> None:
    with living(folder, days=21) as (process, address):
        overview = ask(address, "/v1/overview")
        told = feeds(address)
        [player] = children(process, "demo play")
        workers = children(process, "jobs run")
        groups = {os.getpgid(each) for each in (player, *workers)}
        os.kill(player, signal.SIGKILL)
        noticed = wait_for(lambda: LATER in said(folder))
        after = ask(address, "/v1/overview")
        ctrl_c(process)

    # Before eight in the morning what was told in the afternoon is stale, yet there.
    lately = [u for u in overview["units"] if u["freshness"] == "fresh" or told_today(u)]
    assert overview["fictief"] is True
    assert len(lately) > 0.8 * len(overview["units"]) > 45
    assert len(told) == 5
    assert all(health["lastDay"]["figures"] > 0 for health in told.values())
    assert figures_loaded(folder) > 100_000
    assert noticed
    assert len(after["units"]) == len(overview["units"])
    assert "Traceback" not in said(folder)
    assert len(workers) == 1
    # Ctrl-C on a terminal is told to the server's group only, and what it started may be importing.
    assert process.pid not in groups
    assert not any(Path(f"/proc/{each}").exists() for each in (player, *workers))


@pytest.mark.more
def test_a_restart_loads_only_the_gap_and_tells_what_was_on_its_way(folder: Path) -> None:
    with living(folder, days=7):
        at_first = figures_loaded(folder)
        marked = wait_for(lambda: in_store(folder, MARKED) == 1)
    # As if it had been killed with so much on its way.
    in_store(folder, MOVE)
    again_at = datetime.now(UTC)

    with living(folder, days=7) as (process, address):
        gap = figures_loaded(folder)
        hourly = ("caz", "hospital", "hospital-bedden")
        arrived = wait_for(lambda: all(told_since(address, each, again_at) for each in hourly))
        beside = subprocess.run(
            [sys.executable, "-m", "app", "demo", "load"],
            check=False,
            cwd=ROOT,
            env={**os.environ, "TOREN_DATA_DIR": str(folder / "var"), "TOREN_DEMO_DAYS": "7"},
            capture_output=True,
            text=True,
            timeout=180,
        )
        [player] = children(process, "demo play")
        began = time.monotonic()
        os.kill(player, signal.SIGTERM)
        gone = wait_for(lambda: children(process, "demo play") == [], seconds=5)
        took = time.monotonic() - began

    assert marked
    assert at_first > 30_000
    assert gap < at_first / 20
    assert arrived
    assert beside.returncode == 1
    assert "is being told already" in beside.stderr
    assert gone
    assert took < 2.5
    assert "Traceback" not in said(folder)


def told_since(address: str, feed: str, at: datetime) -> bool:
    last = feeds(address)[feed]["lastMessageAt"]
    return last is not None and datetime.fromisoformat(last) > at


MARKED = "SELECT count(*) FROM demo_loads WHERE place = 'told'"
MOVE = "UPDATE demo_loads SET until = until - interval '70 minutes' WHERE place = 'told'"


def in_store(folder: Path, statement: str) -> Any:
    with store.opened(Settings(data_dir=folder / "var")) as settings:
        assert settings.database_owner_url
        return asyncio.run(execute(settings.database_owner_url, statement))


async def execute(owner_url: str, statement: str) -> Any:
    connection = await asyncpg.connect(plain(owner_url))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()
