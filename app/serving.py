"""What is served, and what runs beside it: the jobs and the demo, each a process of its own."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from socket import AF_INET, AF_INET6, create_server, socket
from threading import Event, Thread
from types import FrameType
from typing import Any, TypeVar

import typer
import uvicorn
from structlog import get_logger

from app import store
from app.settings import Settings

log = get_logger(__name__)
Done = TypeVar("Done")
ENDS = (signal.SIGINT, signal.SIGTERM)
ENDS_SECONDS = 10
LOOK_SECONDS = 0.25
LEAVES_SECONDS = 1.0

# Told the address once the port is open.
Open = Callable[[str], None]


class Server(uvicorn.Server):
    """Says where it listens, as soon as it does, and that it leaves, before it does."""

    def __init__(self, config: uvicorn.Config, told: Sequence[Open], leaving: Event) -> None:
        super().__init__(config)
        self.told = told
        self.leaving = leaving

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.config.host, self.servers[0].sockets[0].getsockname()[1]
            address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            for each in self.told:
                each(address)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.leaving.set()
        super().handle_exit(sig, frame)


def not_free(host: str, port: int) -> str | None:
    """Why this address cannot be listened on, asked before anything long is begun."""
    try:
        with create_server((host, port), family=AF_INET6 if ":" in host else AF_INET):
            return None
    except OSError as error:
        return (
            f"Port {port} of {host} cannot be had: {(error.strerror or str(error)).lower()}. End "
            "what listens there, or give another with TOREN_PORT or --port."
        )


@contextmanager
def beside(
    settings: Settings, *command: str, talks: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """One of our own commands in a process of its own, on the same store, ended with ours.

    With `talks` its standard input and output are ours. It is a process group of its own, so Ctrl-C
    on a terminal is told to us alone, and we end it: told itself while it is still importing, it
    would die with a traceback.
    """
    urls = {
        "DATABASE_URL": settings.database_url,
        "DATABASE_OWNER_URL": settings.database_owner_url,
        "DATABASE_WORKER_URL": settings.database_worker_url,
    }
    pipe = subprocess.PIPE if talks else None
    process = subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-m", "app", *command, "--parent", str(os.getpid())],
        env={**os.environ, **{name: url for name, url in urls.items() if url}},
        cwd=store.ROOT,
        stdin=pipe,
        stdout=pipe,
        text=True,
        process_group=0,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=ENDS_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def working(settings: Settings) -> Iterator[None]:
    """The jobs, beside an embedded database; elsewhere the operator runs them."""
    if Settings().database_url:
        yield
        return
    with beside(settings, "jobs", "run"):
        yield


@contextmanager
def playing(settings: Settings, leaving: Event) -> Iterator[Open]:
    """The demo, once its figures are loaded; gives what tells it where the server is.

    When it ends before we are leaving the server goes on: what it told grows old, and shows it.
    """
    with beside(settings, "demo", "play", talks=True) as process:
        assert process.stdin
        assert process.stdout
        typer.echo(process.stdout.readline().rstrip() or "The demo could not be loaded (fictief).")
        Thread(target=watch, args=(process, leaving), daemon=True).start()

        def opened(address: str) -> None:
            assert process.stdin
            with suppress(BrokenPipeError):  # it ended, and `watch` says so
                process.stdin.write(f"{address}\n")
                process.stdin.flush()

        try:
            yield opened
        finally:
            leaving.set()


def watch(process: subprocess.Popen[str], leaving: Event) -> None:
    process.wait()
    # Who ends everything at once, as systemd does, tells it and us, and it may be the quicker one.
    if not leaving.wait(LEAVES_SECONDS):
        log.error("the demo ended; its figures grow old (fictief)", code=process.returncode)


@contextmanager
def ended_with(parent: int | None) -> Iterator[None]:
    """A command that ends quietly: by Ctrl-C, when it is told to, or when its parent is no more.

    A terminal and the parent may both say so, so what comes after the first is let be.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if parent is not None:
        Thread(target=look_for, args=(parent,), daemon=True).start()
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        for number in ENDS:
            signal.signal(number, signal.SIG_IGN)


def look_for(parent: int) -> None:
    while os.getppid() == parent:
        Event().wait(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGINT)


def run(work: Coroutine[Any, Any, Done]) -> Done:
    """Like asyncio.run, but a signal cancels the work once and waits for what it has to close.

    Raises KeyboardInterrupt then.
    """
    try:
        results = asyncio.run(until_ended(work))
    finally:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not results:
        raise KeyboardInterrupt
    return results[0]


async def until_ended(work: Coroutine[Any, Any, Done]) -> list[Done]:
    """What the work gave; nothing if it was ended."""
    ended = asyncio.Event()
    for number in ENDS:
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    working = asyncio.create_task(work)
    waiting = asyncio.create_task(ended.wait())
    await asyncio.wait([working, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    working.cancel()  # says nothing to what is done
    await asyncio.wait([working])
    return [] if working.cancelled() else [working.result()]
