"""The oldest Postgres that is supported holds the store as the newest does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.serving import ROOT

OLDEST = Path("/usr/lib/postgresql/15/bin")
PARTS = ["tests/feeds", "tests/observations", "tests/overview", "tests/forecasts"]
# The engine needs no store.
APART = "--ignore=tests/forecasts/engine"
TRUST = ["tests/trust/test_roles.py", "tests/trust/test_isolation.py", "tests/trust/test_replay.py"]


@pytest.mark.more
def test_the_store_holds_on_postgres_15() -> None:
    if not (OLDEST / "postgres").exists():
        missing("Postgres 15")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "not more", "-n", "2", APART, *PARTS, *TRUST],
        check=False,
        cwd=ROOT,
        env={**os.environ, "TEST_PG_BIN": str(OLDEST)},
        capture_output=True,
        text=True,
    )

    print(f"Postgres 15: {done.stdout.strip().splitlines()[-1]}")  # noqa: T201
    assert done.returncode == 0, done.stdout[-4000:]
