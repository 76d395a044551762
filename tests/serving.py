"""The tower as a user starts it: its own process, its own data, a free port, ended by its id."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def a_tower(
    *arguments: str, port: int | None = None, demo_days: int = 0
) -> Iterator[tuple[str, dict[str, str]]]:
    """Its address, and the environment with which commands join its store."""
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="toren-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "TOREN_"))},
            "TOREN_DATA_DIR": str(Path(folder) / "var"),
            "TOREN_PORT": str(port),
            "TOREN_DEMO_DAYS": str(demo_days),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until_ready(address, process)
            yield address, environment
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)


def wait_until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        if process.poll() is not None:
            said = process.stdout.read().decode() if process.stdout else ""
            raise AssertionError(f"the tower ended: {said[-2000:]}")
        try:
            if httpx.get(f"{address}/readyz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the tower was not ready within a minute")
