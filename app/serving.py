"""What is served, and what runs beside it: the jobs and the demo, each a process of its own."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from socket import socket

import typer
import uvicorn
from structlog import get_logger

from app import store
from app.settings import Settings

log = get_logger(__name__)
ENDS_SECONDS = 10
LOOK_SECONDS = 0.25

# Told the address once the port is open.
Open = Callable[[str], None]


class Server(uvicorn.Server):
    """Says where it listens, as soon as it does."""

    def __init__(self, config: uvicorn.Config, told: Sequence[Open]) -> None:
        super().__init__(config)
        self.told = told

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            port = self.servers[0].sockets[0].getsockname()[1]
            for each in self.told:
                each(f"http://{self.config.host}:{port}")


@contextmanager
def beside(
    settings: Settings, *command: str, talks: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """One of our own commands in a process of its own, on the same store, ended with ours.

    With `talks` its standard input and output are ours.
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
def playing(settings: Settings) -> Iterator[Open]:
    """The demo, once its figures are loaded; gives what tells it where the server is.

    When it ends by itself the server goes on: what it told grows old, and its age shows.
    """
    with beside(settings, "demo", "play", talks=True) as process:
        assert process.stdin
        assert process.stdout
        typer.echo(process.stdout.readline().rstrip() or "The demo could not be loaded (fictief).")
        leaving = threading.Event()
        threading.Thread(target=watch, args=(process, leaving), daemon=True).start()

        def opened(address: str) -> None:
            assert process.stdin
            with suppress(BrokenPipeError):  # it ended, and `watch` says so
                process.stdin.write(f"{address}\n")
                process.stdin.flush()

        try:
            yield opened
        finally:
            leaving.set()


def watch(process: subprocess.Popen[str], leaving: threading.Event) -> None:
    process.wait()
    if not leaving.is_set():
        log.error("the demo ended; its figures grow old (fictief)", code=process.returncode)


def end_with(parent: int | None) -> None:
    """Ends this process, as Ctrl-C does, when it is ended or its parent is no more."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if parent is not None:
        threading.Thread(target=look_for, args=(parent,), daemon=True).start()


def look_for(parent: int) -> None:
    while os.getppid() == parent:
        threading.Event().wait(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGINT)
