"""The tower as a user starts it: its own process, its own data, a free port, ended by its id."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from tests.folders import a_folder

ROOT = Path(__file__).parents[1]


def free_port() -> int:
    """Below those that a connection is given: else one takes it before the server that is to."""
    while True:
        port = random.randint(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def a_tower(
    *arguments: str, port: int | None = None, demo_days: int = 0
) -> Iterator[tuple[str, dict[str, str]]]:
    """Its address, and the environment with which commands join its store."""
    port = port or free_port()
    folder = a_folder()
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "TOREN_"))},
        "TOREN_DATA_DIR": str(folder / "var"),
        "TOREN_PORT": str(port),
        "TOREN_DEMO_DAYS": str(demo_days),
    }
    # Into a file: a pipe that nobody reads fills, and then the server waits for its reader.
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until_ready(address, process, folder / "said")
            yield address, environment
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
    shutil.rmtree(folder, ignore_errors=True)


def wait_until_ready(address: str, process: subprocess.Popen[bytes], said: Path) -> None:
    give_up = time.monotonic() + 120
    while time.monotonic() < give_up:
        ended = process.poll() is not None
        assert not ended, f"the tower ended: {said.read_text()[-2000:]}"
        with suppress(httpx.TransportError):
            if httpx.get(f"{address}/readyz", timeout=2).status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"the tower was not ready in two minutes: {said.read_text()[-2000:]}")
