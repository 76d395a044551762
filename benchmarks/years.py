"""The years held against what came ("proxy"), into docs/method.md.

`python -m benchmarks.years`. Each forecast is the command's own, from nothing but what its cut-off
lets see, beside a random walk with drift and AutoETS (statsforecast) on the same yearly sums.
Deaths by age are a stand-in for a count that ageing drives, A&E attendances for one that it does
not: these are never the errors of beds. Needs the folder `data/` of SHARED_DIR.
"""

import csv
import io
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer
from statsforecast.models import AutoETS, RandomWalkWithDrift

from app.filing import read
from app.planning import year_sums
from app.planning.cohort import projected
from app.planning.people_table import by_single_age, people_of, read_tidy
from app.planning.proxy import Floats
from benchmarks.evaluate import ROOT, write

BEGIN, END = "<!-- written by python -m benchmarks.years: begin -->", "<!-- end of years -->"
COVID = (2020, 2021)
DISTANCES = ((1, 2), (3, 5), (6, 8), (9, 10), (3, 10))
OURS, DRIFT, ETS = "people x rate", "drift", "AutoETS"
MODELS = (OURS, DRIFT, ETS)
LEVELS = (80, 95)
FEWEST = {DRIFT: 4, ETS: 9}  # yearly sums that each can be fitted to


class Trial(NamedTuple):
    """A file, its people, the years at whose ends it is forecast, and how far."""

    file: str
    population: str | None
    origins: range
    horizon: int
    sets: Mapping[str, Callable[[str], bool]]


def whole(name: str) -> bool:
    return name.endswith("_m_v_0_999")


def band(name: str) -> bool:
    return not name.endswith("_0_999")


PROTOCOL = (
    Trial(
        "nl_deaths_weekly_1995_2022",
        "nl_population_age_sex_1960_2024",
        range(2006, 2017),
        10,
        {
            "all ages": whole,
            "three age bands": lambda name: "_m_v_" in name and band(name),
            "by age and sex": lambda name: "_m_v_" not in name and band(name),
        },
    ),
    # With the years before deaths began to fall faster, which nothing before them told.
    Trial(
        "nl_deaths_weekly_1995_2022",
        "nl_population_age_sex_1960_2024",
        range(2002, 2017),
        10,
        {"three age bands, from 2002 on": lambda name: "_m_v_" in name and band(name)},
    ),
    Trial(
        "scotland_ae_monthly",
        None,
        range(2011, 2020),
        8,
        {"each A&E department": lambda name: True},
    ),
    Trial(
        "ons_deaths_weekly",
        None,
        range(2014, 2019),
        5,
        {"by age and sex": lambda name: name.startswith(("Males|", "Females|"))},
    ),
)


@dataclass(frozen=True, slots=True)
class Point:
    """One year of one series, as one model told it from one origin, beside what came."""

    name: str
    origin: int
    year: int
    truth: float
    middle: float
    inside: tuple[bool, bool]
    wide: float

    @property
    def ahead(self) -> int:
        return self.year - self.origin


def truths(data: Path, trial: Trial) -> dict[str, dict[int, float]]:
    found = {}
    for each in read(data / f"{trial.file}.csv", year_sums.read):
        years = year_sums.whole_years(each, "flow")
        found[each.name] = dict(zip(years.years.tolist(), years.values.tolist(), strict=True))
    return found


def told(data: Path, trial: Trial) -> Iterator[dict[str, str]]:
    """What `verkeerstoren years` says."""
    words = [word for year in trial.origins for word in ("--cutoff", f"{year}-12-31")]
    if trial.population:
        words += ["--population", str(data / f"{trial.population}.csv")]
    file = str(data / f"{trial.file}.csv")
    asked = [sys.executable, "-m", "app", "years", file, *words, "--out", "-"]
    asked += ["--horizon", str(trial.horizon)]
    out = subprocess.run(asked, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout
    yield from csv.DictReader(io.StringIO(out))


def ours(data: Path, trial: Trial, truth: Mapping[str, Mapping[int, float]]) -> Iterator[Point]:
    for row in told(data, trial):
        year, origin = int(row["ds"][:4]), int(row["cutoff"][:4])
        came = truth[row["unique_id"]].get(year)
        if came is None or not row["mean"]:
            continue
        q = {level: float(row[f"q{level}"]) for level in ("0.025", "0.1", "0.5", "0.9", "0.975")}
        inside = (q["0.1"] <= came <= q["0.9"], q["0.025"] <= came <= q["0.975"])
        wide = q["0.9"] - q["0.1"]
        yield Point(row["unique_id"], origin, year, came, q["0.5"], inside, wide)


def reference(
    model: str, trial: Trial, truth: Mapping[str, Mapping[int, float]]
) -> Iterator[Point]:
    """On the yearly sums that were whole at the origin."""
    for name, by_year in truth.items():
        for origin in trial.origins:
            past = np.array([y for year, y in sorted(by_year.items()) if year <= origin])
            if len(past) < FEWEST[model] or origin not in by_year:
                continue
            fitted = forecast(model, past, trial.horizon)
            for n in range(trial.horizon):
                year = origin + n + 1
                if (came := by_year.get(year)) is None:
                    continue
                low80, low95 = fitted["lo-80"][n], fitted["lo-95"][n]
                high80, high95 = fitted["hi-80"][n], fitted["hi-95"][n]
                inside = (bool(low80 <= came <= high80), bool(low95 <= came <= high95))
                middle, wide = float(fitted["mean"][n]), float(high80 - low80)
                yield Point(name, origin, year, came, middle, inside, wide)


def forecast(model: str, past: Floats, horizon: int) -> Mapping[str, Floats]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        chosen = RandomWalkWithDrift() if model == DRIFT else AutoETS(season_length=1)
        fitted: Mapping[str, Floats] = chosen.forecast(y=past, h=horizon, level=list(LEVELS))
    return fitted


def lines(trial: Trial, points: Mapping[str, Sequence[Point]], covid: bool) -> Iterator[str]:
    """Of the years that were of COVID, or of all others.

    A point counts if drift told it too; AutoETS tells fewer, for it needs nine years.
    """
    told_by_both = {(p.name, p.origin, p.year) for p in points[DRIFT]}
    told_by_both &= {(p.name, p.origin, p.year) for p in points[OURS]}
    for label, wanted in trial.sets.items():
        for low, high in DISTANCES:
            for model in MODELS:
                of = [
                    p
                    for p in points[model]
                    if wanted(p.name)
                    and low <= p.ahead <= high
                    and (p.year in COVID) == covid
                    and (p.name, p.origin, p.year) in told_by_both
                    and p.truth > 0
                ]
                if of:
                    yield line(trial.file, label, f"{low}-{high}", model, of)


def line(file: str, label: str, distance: str, model: str, of: Sequence[Point]) -> str:
    missed = np.array([p.middle / p.truth - 1 for p in of])
    c80, c95 = (np.mean([p.inside[n] for p in of]) for n in (0, 1))
    wide = np.mean([p.wide / p.truth for p in of])
    return (
        f"| {file} | {label} | {distance} | {model} | {np.abs(missed).mean():.2%} "
        f"| {np.median(np.abs(missed)):.2%} | {missed.mean():+.2%} | {c80:.0%} | {c95:.0%} "
        f"| {wide:.0%} | {len(of)} |"
    )


def people_lines(data: Path, file: str) -> Iterator[str]:
    """Own projections of the nation held against what was counted ten years later."""
    yield "| people, ten years ahead, from | all | 65-79 | 80 and older |"
    yield "|" + "---|" * 4
    counts = read(data / f"{file}.csv", read_tidy)
    counted = by_single_age(people_of(counts))
    for origin in range(1990, 2015, 4):
        seen = by_single_age(people_of(counts, origin))
        found = projected(seen.n, origin, 10, women=seen.women)
        came = counted.n[:, origin + 10 - counted.years[0]].sum(axis=0)
        middle = found.middle[:, -1].sum(axis=0)
        errors = (
            middle[slice(*ages)].sum() / came[slice(*ages)].sum() - 1
            for ages in ((0, None), (65, 80), (80, None))
        )
        yield f"| {origin} | " + " | ".join(f"{error:+.1%}" for error in errors) + " |"


def main(
    page: Annotated[bool, typer.Option(help="Write the tables into docs/method.md.")] = True,
) -> None:
    """Forecast each set at the ends of its years, and write what came of it; two minutes."""
    data = Path(os.environ.get("SHARED_DIR", ROOT.parent / "shared")) / "data"
    if not data.is_dir():
        sys.exit("There is no data: set SHARED_DIR to the folder that holds data/.")
    head = (
        "| set | series | years ahead | model | MAPE | median error | bias | c80 | c95 "
        "| band of 80% | points |"
    )
    calm, covid = [head, "|" + "---|" * 11], [head, "|" + "---|" * 11]
    for trial in PROTOCOL:
        truth = truths(data, trial)
        points = {OURS: list(ours(data, trial, truth))}
        points |= {model: list(reference(model, trial, truth)) for model in (DRIFT, ETS)}
        calm += lines(trial, points, covid=False)
        covid += lines(trial, points, covid=True)
    people = list(people_lines(data, "nl_population_age_sex_1960_2024"))
    body = [
        "Without 2020 and 2021:",
        "",
        *calm,
        "",
        "2020 and 2021 (COVID):",
        "",
        *covid,
        "",
        *people,
    ]
    if page:
        write(body, BEGIN, END)
    else:
        print(*body, sep="\n")


if __name__ == "__main__":
    typer.run(main)
