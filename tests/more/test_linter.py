"""The Dutch government's own linter finds nothing to say about the API document."""

import shutil
import subprocess

import pytest

from tests.conftest import SHARED, missing
from tests.serving import ROOT


@pytest.mark.more
def test_the_nlgov_linter_is_silent() -> None:
    rules = SHARED / "standards" / "nlgov" / "nlgov-spectral-linter.yaml"
    spectral = ROOT / "node_modules" / ".bin" / "spectral"
    if not rules.exists():
        missing("../shared")
    if not spectral.exists() or shutil.which("node") is None:
        missing("the API linter (spectral)")

    done = subprocess.run(
        [spectral, "lint", "-r", rules, "--fail-severity=warn", "openapi/verkeerstoren.json"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    print(f"linter: {done.stdout.strip().splitlines()[-1]}")  # noqa: T201
    assert done.returncode == 0, done.stdout
