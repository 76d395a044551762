"""The ground to measure on: a durable Postgres of its own, and servers as they run in earnest."""

import asyncio
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from fastapi import FastAPI

from app import store
from app.db import plain
from app.main import create_app
from app.postgres import Embedded
from app.settings import Settings

ROOT = Path(__file__).parents[1]
STARTS_SECONDS = 20.0
COMMITS = 25


@dataclass(frozen=True)
class Ground:
    """A migrated database with fsync on, and another, `bare`, for what we compare with."""

    urls: store.Urls
    bare: str
    pepper: str

    @property
    def owner(self) -> str:
        return plain(self.urls.owner)

    def environment(self) -> dict[str, str]:
        """What a server in a process of its own must know; nothing else of the tower is set."""
        passed = {n: v for n, v in os.environ.items() if not n.startswith(("TOREN_", "DATABASE_"))}
        return passed | {
            "DATABASE_URL": self.urls.app,
            "TOREN_KEY_PEPPER": self.pepper,
            "BARE_URL": self.bare,
        }


@contextmanager
def ground() -> Iterator[Ground]:
    folder = Path(tempfile.mkdtemp(prefix="toren-bench-"))
    folder.chmod(0o755)
    try:
        with Embedded(folder / "data", system=folder / "system") as server:
            urls = asyncio.run(store.prepare(server))
            store.migrate(urls.owner)
            asyncio.run(store.ensure_partitions(urls.owner))
            asyncio.run(make_bare(server))
            yield Ground(urls, server.dsn(store.OWNER, "bare"), secrets.token_urlsafe(48))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def make_bare(server: Embedded) -> None:
    connection = await asyncpg.connect(server.dsn("postgres", "postgres"), timeout=5)
    try:
        await connection.execute(f"CREATE DATABASE bare OWNER {store.OWNER}")
    finally:
        await connection.close()


def tower() -> FastAPI:
    """The app as `verkeerstoren serve` makes it, for uvicorn's --factory."""
    return create_app(Settings())


@contextmanager
def served(ground: Ground, factory: str) -> Iterator[int]:
    """One uvicorn process, the same settings for whatever it serves; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "--factory", f"benchmarks.{factory}"]
    command += ["--port", str(port), "--loop", "uvloop", "--http", "httptools"]
    command += ["--no-access-log", "--no-server-header", "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=ROOT, env=ground.environment())
    try:
        wait_for(process, port, factory)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(process: "subprocess.Popen[bytes]", port: int, factory: str) -> None:
    until = time.monotonic() + STARTS_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{factory} does not serve; what it said stands above")


async def commit_ms(dsn: str) -> float:
    """How long a durable COMMIT of one small row takes here and now: the median of some."""
    connection = await asyncpg.connect(dsn, timeout=5)
    took = []
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS committed (n int)")
        for n in range(COMMITS):
            await connection.execute("BEGIN")
            await connection.execute("INSERT INTO committed VALUES ($1)", n)
            began = time.perf_counter()
            await connection.execute("COMMIT")
            took.append((time.perf_counter() - began) * 1000)
    finally:
        await connection.close()
    return statistics.median(took)
