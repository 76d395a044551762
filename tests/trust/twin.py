"""The app as a process of its own: sound, or broken in one named way, so that tests are tested."""

import asyncio
import importlib
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from subprocess import DEVNULL
from typing import IO, Annotated, Any, BinaryIO, Literal

import httpx
import uvicorn
from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import ASGIApp, Receive, Scope, Send

import app.db
from app import logs
from app.settings import Settings
from tests.serving import free_port

ROOT = Path(__file__).parents[2]
# So long a start, an answer or a COMMIT may take: an import yields to all else on a busy machine.
PATIENCE = 120
Kind = Literal["sound", "acknowledges-first", "unchecked", "undisclosed"]


def replace(module: str, name: str, other: object) -> None:
    """In this process only, and only what is there: a twin of nothing would test nothing."""
    found = importlib.import_module(module)
    assert hasattr(found, name), f"{module}.{name} is gone: name what came in its place here."
    setattr(found, name, other)


def sound() -> None:
    """The app as it is."""


def acknowledges_first() -> None:
    """The one session dependency at FastAPI's default scope: it answers, and commits after."""
    replace("app.db", "Db", Annotated[AsyncSession, Depends(app.db.open_session)])
    apart = importlib.import_module("app.feeds.imports.apart.commands")
    main = importlib.import_module("app.main")
    import_apart, create_app = apart.import_apart, main.create_app
    left: set[asyncio.Task[None]] = set()

    async def brought_in(url: str, number: int, order: Any) -> None:
        with os.fdopen(number, "rb") as kept:
            await import_apart(url, kept, order)

    async def first(url: str, spool: BinaryIO, order: Any) -> Any:
        """The file goes on by itself, as what it might have become is told."""
        left.add(asyncio.create_task(brought_in(url, os.dup(spool.fileno()), order)))
        now = datetime.now(UTC)
        return apart.Imported(1, 1, 1, 0, 1, 0, now, now, now, now)

    def alive_when_idle(settings: Settings) -> ASGIApp:
        """`/livez` waits for all that was answered before it was done."""
        inner = create_app(settings)
        busy: set[asyncio.Future[None]] = set()

        async def served(scope: Scope, receive: Receive, send: Send) -> None:
            if scope.get("path") == "/livez":
                await asyncio.gather(*busy, *left, return_exceptions=True)
                await inner(scope, receive, send)
                return
            answering = asyncio.ensure_future(inner(scope, receive, send))
            if scope["type"] == "http":
                busy.add(answering)
                answering.add_done_callback(busy.discard)
            await answering

        return served

    replace("app.feeds.imports.apart.commands", "import_apart", first)
    replace("app.main", "create_app", alive_when_idle)


def unchecked() -> None:
    """Without the app's own checks of whose a thing is: row level security stands alone."""

    def allowed(*_: Any) -> None:
        return None

    queries = importlib.import_module("app.observations.queries")

    async def performer(session: Any, principal: Any, unit: str, at: Any) -> Any:
        return await queries.performer(session, unit)

    replace("app.feeds.reports.commands", "refusal_of", allowed)
    replace("app.observations.queries", "act_for", performer)
    apart = importlib.import_module("app.feeds.imports.apart.commands")

    async def here(url: str, spool: BinaryIO, order: Any) -> Any:
        """In this process, in which nothing is checked."""
        return apart.heard(await apart.carry_out(order, url, spool))

    replace("app.feeds.imports.names", "refusal_of", allowed)
    replace("app.feeds.imports.apart.commands", "import_apart", here)


def undisclosed() -> None:
    """Every figure of every organisation is shown whole to whoever asks."""
    disclosure = importlib.import_module("app.access.disclosure").Disclosure

    def exact(*_: Any) -> str:
        return "exact"

    assert hasattr(disclosure, "detail"), "Disclosure.detail is gone: name its successor here."
    disclosure.detail = exact


TWINS: dict[str, Callable[[], None]] = {
    "sound": sound,
    "acknowledges-first": acknowledges_first,
    "unchecked": unchecked,
    "undisclosed": undisclosed,
}


def serve(kind: str, port: int) -> None:
    """As `verkeerstoren serve` does."""
    settings = Settings()
    logs.configure(settings.log_level)
    # Before the routes are imported: they take their session from app.db when they are defined.
    TWINS[kind]()
    uvicorn.run(
        importlib.import_module("app.main").create_app(settings),
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=2,
    )


class Tower:
    """One such process and its address; it may be killed, and started anew."""

    def __init__(self, url: str, pepper: str, kind: Kind, said: IO[bytes] | None = None) -> None:
        self.kind = kind
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.said = said
        self.environment = {
            **os.environ,
            "DATABASE_URL": url,
            "TOREN_KEY_PEPPER": pepper,
            "TOREN_ALLOW_UNSAFE_DURABILITY": "1",
            "TOREN_LOG_LEVEL": "debug" if said else "critical",
        }

    async def start(self) -> None:
        told = self.said or DEVNULL
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.trust.twin", self.kind, str(self.port)),
            cwd=ROOT,
            env=self.environment,
            stdout=told,
            stderr=told,
        )
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient(base_url=self.base) as client:
            while True:
                assert self.process.returncode is None, "The app ended before it served."
                try:
                    await client.get("/livez")
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
                else:
                    return

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
            try:
                async with asyncio.timeout(10):
                    await self.process.wait()
            except TimeoutError:
                await self.kill()


@asynccontextmanager
async def running(
    url: str, pepper: str, kind: Kind = "sound", said: IO[bytes] | None = None
) -> AsyncIterator[Tower]:
    tower = Tower(url, pepper, kind, said)
    await tower.start()
    try:
        yield tower
    finally:
        await tower.stop()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
