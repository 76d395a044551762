"""The settings and their page say the same."""

import os
import socket
import subprocess
import sys

from app import serving
from app.settings import Settings
from tests.serving import ROOT

PAGE = ROOT / "docs" / "settings.md"


def variable(name: str) -> str:
    alias = Settings.model_fields[name].validation_alias
    return str(alias) if alias else f"TOREN_{name.upper()}"


def test_every_setting_is_described_on_the_page() -> None:
    text = PAGE.read_text("utf-8")

    missing = [
        name
        for name, field in Settings.model_fields.items()
        if f"`{variable(name)}`" not in text or (field.description or "?") not in text
    ]

    assert not missing


def test_a_setting_that_cannot_be_read_is_named_in_a_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app", "doctor"],
        check=False,
        cwd=ROOT,
        env={**os.environ, "TOREN_PORT": "abc", "TOREN_POOL_SIZE": "0"},
        capture_output=True,
        text=True,
        timeout=180,
    )

    assert done.returncode == 1
    assert "TOREN_PORT:" in done.stderr
    assert "TOREN_POOL_SIZE:" in done.stderr
    assert "docs/settings.md" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_said_before_anything_is_begun() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = serving.not_free("127.0.0.1", port)

    assert said is not None
    assert f"Port {port} of 127.0.0.1" in said
    assert "TOREN_PORT" in said
    assert serving.not_free("127.0.0.1", 0) is None
