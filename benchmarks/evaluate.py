"""`make evaluate`: the engine on real public series at rolling origins, into docs/method.md.

Each line is what `verkeerstoren backtest` said of a file. Needs the folder `data/` of SHARED_DIR.
"""

import csv
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "method.md"
BEGIN, END = "<!-- written by make evaluate: begin -->", "<!-- end -->"
AGAINST = "seasonal-naive,calibrated-naive"


class Trial(NamedTuple):
    """One line of the protocol: a file, its steps, and the origins that are judged."""

    file: str
    freq: str
    horizon: int
    origins: int
    every: int
    country: str


PROTOCOL = (
    Trial("divi_icu_daily", "D", 28, 13, 28, "DE"),
    Trial("nhs_icb_nctr_daily", "D", 28, 13, 28, "GB-ENG"),
    Trial("divi_icu_daily", "D", 91, 5, 91, "DE"),
    Trial("nhs_icb_nctr_daily", "D", 91, 4, 91, "GB-ENG"),
    Trial("nl_covid_beds_daily", "D", 28, 3, 28, "NL"),
    Trial("nl_deaths_weekly_1995_2022", "W", 13, 13, 4, "NL"),
    Trial("ons_deaths_weekly", "W", 13, 13, 4, "GB-ENG"),
    Trial("scotland_ae_monthly", "M", 12, 13, 3, "GB-SCT"),
    Trial("nhs_trust_beds_monthly", "M", 6, 5, 1, "GB-ENG"),
    Trial("wales_beds_monthly", "M", 6, 5, 1, "GB-WLS"),
    Trial("nhs_kh03_quarterly", "Q", 4, 5, 1, "GB-ENG"),
    Trial("scotland_beds_quarterly", "Q", 4, 3, 1, "GB-SCT"),
)
# The engines of others take minutes: one origin, in one run with ours, shows what they cost.
OTHERS = (
    Trial("divi_icu_daily", "D", 28, 1, 28, "DE"),
    Trial("wales_beds_monthly", "M", 6, 1, 1, "GB-WLS"),
)
COLUMNS = ("rel_crps", "rel_mase", "c80", "c95", "worst_c80")


def main(
    only: Annotated[
        str | None, typer.Option(help="Only files whose name begins so; the page stays as it is.")
    ] = None,
    others: Annotated[
        bool, typer.Option(help="Also AutoETS and SCUM at one origin, which takes minutes.")
    ] = True,
) -> None:
    """Run the protocol and write its table into docs/method.md."""
    data = Path(os.environ.get("SHARED_DIR", ROOT.parent / "shared")) / "data"
    if not data.is_dir():
        sys.exit("There is no data: set SHARED_DIR to the folder that holds data/.")
    wanted = [each for each in PROTOCOL if only is None or each.file.startswith(only)]
    lines = list(table(data, wanted, AGAINST, "# Engine and naives"))
    if only is None:
        if others:
            lines += ["", *table(data, OTHERS, f"{AGAINST},auto-ets,scum", "# Engines of others")]
        write(lines)


def table(data: Path, trials: Sequence[Trial], against: str, title: str) -> Iterator[str]:
    sys.stderr.write(f"{title}\n")
    yield f"| set | steps ahead | origins | model | {' | '.join(COLUMNS)} | points | CPU s/series |"
    yield "|" + "---|" * (len(COLUMNS) + 6)
    for trial in trials:
        for row in scores(data, trial, against):
            numbers = " | ".join(f"{float(row[column] or 'nan'):.3f}" for column in COLUMNS)
            seconds = float(row["cpu_seconds_per_series"])
            line = (
                f"| {trial.file} | {trial.horizon} {trial.freq} | {trial.origins} | {row['model']} "
                f"| {numbers} | {row['points']} | {seconds:.3f} |"
            )
            sys.stderr.write(f"{line}\n")
            yield line


def scores(data: Path, trial: Trial, against: str) -> list[dict[str, str]]:
    """What the command says of the whole; `every` apart, the last a horizon before the end."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "scores.csv"
        asked = {
            "--freq": trial.freq,
            "--horizon": trial.horizon,
            "--origins": trial.origins,
            "--every": trial.every,
            "--country": trial.country,
            "--against": against,
            "--out": out,
        }
        words = [str(word) for pair in asked.items() for word in pair]
        file = data / f"{trial.file}.csv"
        subprocess.run([sys.executable, "-m", "app", "backtest", str(file), *words], check=True)
        rows = list(csv.DictReader(out.read_text("utf-8").splitlines()))
    return [row for row in rows if not row["origin"]]


def write(lines: Sequence[str], begin: str = BEGIN, end: str = END) -> None:
    """Between two marks of docs/method.md."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    told = f"{datetime.now(UTC):%d %B %Y}, commit {commit}, Python {sys.version.split()[0]}."
    before, begun, rest = PAGE.read_text("utf-8").partition(begin)
    _, ended, after = rest.partition(end)
    if not (begun and ended):
        sys.exit(f"{PAGE.name} has lost the marks between which the table stands.")
    body = "\n".join([begin, "", told, "", *lines, "", end])
    PAGE.write_text(before + body + after, "utf-8")


if __name__ == "__main__":
    typer.run(main)
