"""The page in a real browser: it opens, says what it knows, and logs no fault."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.serving import a_tower

FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--hide-scrollbars", "--virtual-time-budget=3000"),
]


@pytest.mark.more
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_opens_in_a_browser(width: int) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        missing("Chromium")
    assert chromium
    with (
        a_tower("--demo") as (address, _),
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
    ):
        shot = Path(folder) / "page.png"
        flags = [*FLAGS, f"--user-data-dir={folder}/profile", f"--window-size={width},1600"]
        pictured = subprocess.run(
            [chromium, *flags, f"--screenshot={shot}", "--enable-logging=stderr", address],
            check=True,
            capture_output=True,
            text=True,
            timeout=90,
        )
        read = subprocess.run(
            [chromium, *flags, "--dump-dom", address],
            check=True,
            capture_output=True,
            text=True,
            timeout=90,
        )
        size = shot.stat().st_size

    assert size > 10_000
    assert "Refused to" not in pictured.stderr, "the page breaks its own content policy"
    assert "REO" in read.stdout
    assert "fictief" in read.stdout
    assert "<script" not in read.stdout
