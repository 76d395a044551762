"""The command `labour`, and its section in a region file as `region apply` takes it."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from app.cli import main
from tests.conftest import Database
from tests.facilities.test_region_file import SMALL
from tests.serving import ROOT

# All figures are fictief.
TABLE = """Functiegroep;Regio's;Perioden;Leeftijd;Werknemers (x 1 000);FTE (x 1 000);Instroom (x 1 000);Uitstroom (x 1 000);Ziekteverzuim (%)
Verpleegkundige mbo;Haaglanden;2023JJ00;Totaal;4,0;3,0;0,5;0,4;7,9
Verpleegkundige mbo;Haaglanden;2024JJ00;Totaal;4,1;3,1;0,5;0,4;8,0
Verpleegkundige mbo;Haaglanden;2024JJ00;jonger dan 25 jaar;0,5;;;;
Verpleegkundige mbo;Haaglanden;2024JJ00;25 tot 65 jaar;3,4;;;;
Verpleegkundige mbo;Haaglanden;2024JJ00;65 jaar of ouder;0,2;;;;
Helpende;Haaglanden;2024JJ00;Totaal;2,0;1,2;0,3;0,2;9,1
Helpende;Haaglanden;2024JJ00;15 tot 65 jaar;2,0;;;;
"""  # noqa: E501
USE = {
    "careSetting": "reo",
    "bedType": "observation-elderly",
    "bedDaysPerPersonYear": [0.01, 0.02],
    "drift": {"p10": 0.99, "p90": 1.01},
    "occupancy": 0.8,
    "source": "fictief",
    "year": 2024,
}
POPULATION = {
    "source": "fictief",
    "year": 2024,
    "bands": [{"from": 0, "to": 64}, {"from": 65}],
    "years": {2024: [900, 100], 2025: [900, 110]},
}
BOTH = ("--role", "Verpleegkundige mbo=nurse", "--role", "Helpende=helper")
ASKED = ("--asked", "reo/observation-elderly:1.3", "--asked", "helper=reo/observation-elderly:0.4")
BESIDE = (
    *("--working-ages", "15-67", "--begins", "19-44", "--begins", "nurse=21-34"),
    *("--retires", "67.25", "--inflow", "0.8-1.2", "--outflow", "0.7-1.4"),
    "--with-retirement",
)


def file(folder: Path, text: str = TABLE) -> Path:
    path = folder / "azw.csv"
    path.write_text(text, "utf-8")
    return path


def run(*asked: object) -> Result:
    return CliRunner().invoke(main, ["labour", *(str(each) for each in asked)])


def told_but(left_out: str) -> list[str]:
    words = [*BESIDE, *ASKED]
    pairs = list(pairwise(words))
    return [
        word
        for n, word in enumerate(words)
        if word != left_out and (n == 0 or pairs[n - 1][0] != left_out)
    ]


def applied(database: Database, path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    passed = {n: v for n, v in os.environ.items() if not n.startswith(("TOREN_", "DATABASE_"))}
    given = {"DATABASE_URL": database.urls.app, "DATABASE_OWNER_URL": database.urls.owner}
    return subprocess.run(
        [sys.executable, "-m", "app", "region", "apply", str(path), *words],
        check=False,
        cwd=ROOT,
        env={**passed, **given, "TOREN_LOG_LEVEL": "error"},
        capture_output=True,
        text=True,
        timeout=180,
    )


def test_each_role_has_its_entry_with_source_and_year(tmp_path: Path) -> None:
    done = run(file(tmp_path), *BOTH, "--year", 2024, *BESIDE, *ASKED, "--share", 0.1)

    assert done.exit_code == 0, done.output
    nurse, helper = yaml.safe_load(done.stdout)["labour"]
    assert nurse["ages"] == [
        {"from": 15, "to": 24, "people": 50},
        {"from": 25, "to": 64, "people": 340},
        {"from": 65, "to": 67, "people": 20},
    ]
    assert (nurse["role"], nurse["year"], nurse["absence"]) == ("nurse", 2024, 0.08)
    assert nurse["source"] == "azw.csv, Verpleegkundige mbo, Haaglanden, 0.1 of its people"
    assert nurse["beginsAt"] == {"from": 21, "to": 34}
    assert helper["beginsAt"] == {"from": 19, "to": 44}
    assert [each["asked"][0]["fte"] for each in (nurse, helper)] == [1.3, 0.4]


def test_what_it_writes_is_taken_by_the_region_file(database: Database, tmp_path: Path) -> None:
    done = run(file(tmp_path), *BOTH, "--year", 2024, *BESIDE, *ASKED, "--source", 'Het "AZW"')
    region = tmp_path / "region.yaml"
    whole = {**yaml.safe_load(SMALL), "population": POPULATION, "use": [USE]}
    region.write_text(yaml.safe_dump(whole) + done.stdout, "utf-8")

    told = applied(database, region, "--dry-run")

    assert told.returncode == 0, told.stderr
    assert "+ rule labour/nurse: new" in told.stdout
    assert "+ rule labour/helper: new" in told.stdout


def test_all_that_is_wrong_in_the_file_is_told_with_row_and_column(tmp_path: Path) -> None:
    wrong = TABLE.replace("0,2;9,1", "-0,2;9,1").replace("3,4", "2,4").replace("2023JJ", "2022JJ")

    done = run(file(tmp_path, wrong), *BOTH, "--year", 2024, *BESIDE, *ASKED)

    assert done.exit_code == 2
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == [
        "row 3 column Werknemers (x 1 000)",
        "row 3 column Perioden",
        "row 7 column Uitstroom (x 1 000)",
    ]
    assert "The ages of 2024 of Verpleegkundige mbo add up to 3,100" in lines[0]
    assert "2023 is missing" in lines[1]


def test_all_that_is_wrong_in_what_is_told_beside_it_is_said(tmp_path: Path) -> None:
    asked = ("--begins", "44-19", "--retires", "67", "--inflow", "2-3", "--outflow", "0.5-2")

    done = run(
        *(file(tmp_path), *BOTH, "--year", 2024, *asked, *ASKED, "--with-retirement"),
        *("--out", tmp_path / "arbeid.yaml"),
    )

    assert done.exit_code == 2
    assert "--begins 44-19: give two ages" in done.stderr
    assert "--inflow 2-3: give P10 and P90 as factors" in done.stderr
    assert not (tmp_path / "arbeid.yaml").exists()


@pytest.mark.parametrize("left_out", ["--begins", "--retires", "--inflow", "--outflow", "--asked"])
def test_what_no_table_tells_is_asked_for(left_out: str, tmp_path: Path) -> None:
    done = run(file(tmp_path), *BOTH, "--year", 2024, *told_but(left_out))

    assert done.exit_code == 2
    assert f"Missing option '{left_out}'" in done.stderr


def test_the_help_has_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    told = run("--help").stdout

    for words in ("Example:", "verkeerstoren labour azw.csv", "--asked", "Functiegroep"):
        assert words in told
