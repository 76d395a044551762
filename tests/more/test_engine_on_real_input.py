"""The engine on real series, through the command: the quick form of `make evaluate`."""

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import main
from tests.conftest import SHARED, missing

pytestmark = [pytest.mark.more]
# File, frequency, steps ahead, origins, steps between them, country.
SETS = (
    ("divi_icu_daily", "D", 28, 3, 84, "DE"),
    ("nhs_icb_nctr_daily", "D", 28, 3, 84, "GB-ENG"),
    ("nl_deaths_weekly_1995_2022", "W", 13, 3, 26, "NL"),
    ("scotland_ae_monthly", "M", 12, 3, 6, "GB-SCT"),
    ("nhs_kh03_quarterly", "Q", 4, 3, 1, "GB-ENG"),
)


@pytest.mark.parametrize("asked", SETS, ids=lambda asked: asked[0])
def test_the_engine_beats_the_plain_naive_and_its_bands_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: tuple[str, str, int, int, int, str]
) -> None:
    name, freq, horizon, origins, every, country = asked
    file, out = SHARED / "data" / f"{name}.csv", tmp_path / "scores.csv"
    if not file.exists():
        missing(f"{file.name} in SHARED_DIR")

    done = CliRunner().invoke(
        main,
        [
            *("backtest", str(file), "--freq", freq, "--horizon", str(horizon)),
            *("--origins", str(origins), "--every", str(every), "--country", country),
            *("--against", "seasonal-naive", "--out", str(out)),
        ],
    )

    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(out.read_text("utf-8").splitlines()))
    (engine,) = [row for row in rows if row["model"] == "engine" and not row["origin"]]
    figures = {column: float(engine[column]) for column in ("rel_crps", "c80", "c95", "points")}
    with capsys.disabled():
        print(f"\nreal input: engine, {name}, {horizon} {freq}, {figures}", end="")  # noqa: T201
    assert figures["points"] > 0
    assert figures["rel_crps"] < 1
    assert 0.5 < figures["c80"] < figures["c95"] <= 1
