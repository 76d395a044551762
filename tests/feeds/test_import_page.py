"""What the pages of imports say can be done, word for word, by HTTP and by command."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner

from app.cli import main
from app.feeds.imports.headway import Headway
from app.imports import line
from tests import make
from tests.conftest import Database
from tests.feeds.test_import import fetch
from tests.serving import ROOT

PAGE = (ROOT / "docs" / "feeds" / "import.md").read_text()
CURL = re.compile(
    r"curl -s \"http://127\.0\.0\.1:8000(\S+)\" \\\s+-H \"Authorization: ([^\"]+)\" \\\s+"
    r"-H \"Content-Type: ([^\"]+)\" \\\s+--data-binary @(\S+)"
)
LINES = CURL.findall(PAGE)
FIGURES = {"import-columns": 24, "import-pool": 4, "import-tidy": 10, "import-week": 6}


def test_the_page_has_a_line_for_each_example() -> None:
    assert {Path(line[3]).stem for line in LINES} == FIGURES.keys()


@pytest.mark.parametrize("line", LINES, ids=lambda line: Path(line[3]).stem)
async def test_each_line_of_the_page_is_stored(
    zoetermeer: None, client: AsyncClient, line: tuple[str, str, str, str]
) -> None:
    path, authorization, kind, example = line
    headers = {"Authorization": authorization, "Content-Type": kind}

    answer = await client.post(path, content=(ROOT / example).read_bytes(), headers=headers)

    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["added"] == told["figures"] == FIGURES[Path(example).stem]
    [shown] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert set(re.findall(r'"(\w+)":', shown)) == set(told)


def command(database: Database, *words: str) -> subprocess.CompletedProcess[str]:
    passed = {n: v for n, v in os.environ.items() if not n.startswith(("TOREN_", "DATABASE_"))}
    given = {"DATABASE_URL": database.urls.app, "DATABASE_OWNER_URL": database.urls.owner}
    return subprocess.run(
        [sys.executable, "-m", "app", "import", *words],
        check=False,
        cwd=ROOT,
        env={**passed, **given, "TOREN_LOG_LEVEL": "error", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=180,
    )


@pytest.mark.more
async def test_the_command_takes_the_same_forms_and_names_what_is_wrong(
    database: Database, session: AsyncSession, tmp_path: Path
) -> None:
    await make.a_unit(session)
    path = tmp_path / "week.csv"
    path.write_text("unit;ds;admissions\nreo-flex;02-11-2026;4,5\nreo-flex;09-11-2026;-\n")
    asked = [str(path), "--profile", "columns", "--period", "week", "--organisation", "reo"]
    asked += ["--date-form", "DD-MM-YYYY"]

    dry = command(database, *asked, "--unknown-as", "-", "--dry-run")
    stored = command(database, *asked, "--unknown-as", "-")
    refused = command(database, *asked)
    option = command(database, str(path), "--profile", "tidy", "--cap-measure", "bezet")

    assert "2 figures would be added" in dry.stdout, dry.stderr
    assert "2 figures added" in stored.stdout
    assert "row 3 column admissions: " in refused.stderr
    assert refused.returncode == option.returncode == 1
    assert [each.split(":")[0] for each in option.stderr.splitlines()][:2] == [
        *("--measure", "--cap-measure"),
    ]
    [week] = await fetch(database, "SELECT at, length_s FROM observations WHERE value = 4.5")
    assert tuple(week) == (datetime(2026, 11, 1, 23, tzinfo=UTC), 7 * 86400)


def test_the_help_says_what_each_profile_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    told = CliRunner().invoke(main, ["import", "--help"]).stdout

    for words in ("unique_id, ds, y", "closedPlaces[staff]", "--period week", "Examples:"):
        assert words in told


@pytest.mark.parametrize(
    ("headway", "told"),
    [
        (Headway(0, 0, 0), "100% of 0.0 MB, 0 rows, 0 rows/s storing"),
        (Headway(50_000, 1_000_000, 4_000_000), " 25% of 4.0 MB, 50,000 rows, 25,000 rows/s"),
        (Headway(200_000, 4_000_000, 4_000_000), "100% of 4.0 MB, 200,000 rows, 100,000 rows/s"),
    ],
)
def test_a_bar_says_how_much_of_the_file_is_read(headway: Headway, told: str) -> None:
    assert told in line(headway, 2.0)
    assert line(headway, 2.0).startswith("[")
