"""The years on real series, through the command: the quick form of `python -m benchmarks.years`."""

import csv
import io
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import main
from app.filing import read
from app.planning.cohort import projected
from app.planning.people_table import by_single_age, people_of, read_tidy
from app.planning.year_sums import read as read_figures
from app.planning.year_sums import whole_years
from tests.conftest import SHARED, missing

pytestmark = [pytest.mark.more]
DATA = SHARED / "data"
PEOPLE, DEATHS = "nl_population_age_sex_1960_2024.csv", "nl_deaths_weekly_1995_2022.csv"


def file(name: str) -> Path:
    if not (DATA / name).exists():
        missing(f"{name} in SHARED_DIR")
    return DATA / name


def test_the_nation_of_2024_from_what_was_known_in_2014() -> None:
    counts = read(file(PEOPLE), read_tidy)
    seen, came = by_single_age(people_of(counts, 2014)), by_single_age(people_of(counts))

    found = projected(seen.n, 2014, 10, women=seen.women)

    told, truth = found.middle[:, -1].sum(axis=0), came.n[:, -1].sum(axis=0)
    assert told.sum() == pytest.approx(truth.sum(), rel=0.05)
    assert told[65:80].sum() == pytest.approx(truth[65:80].sum(), rel=0.03)
    assert told[80:].sum() == pytest.approx(truth[80:].sum(), rel=0.10)


def test_deaths_of_all_ages_nine_and_ten_years_ahead_are_near_and_within_the_band() -> None:
    deaths = file(DEATHS)
    asked = ["years", str(deaths), "--population", str(file(PEOPLE)), "--out", "-"]
    cutoffs = [word for year in (2006, 2008, 2009) for word in ("--cutoff", f"{year}-12-31")]
    (whole,) = (each for each in read(deaths, read_figures) if each.name == "totaal_m_v_0_999")
    years = whole_years(whole, "flow")
    came = dict(zip(years.years.tolist(), years.values.tolist(), strict=True))

    done = CliRunner().invoke(main, [*asked, *cutoffs])

    assert done.exit_code == 0, done.output
    far = [
        (float(row["q0.1"]), float(row["q0.5"]), float(row["q0.9"]), came[year])
        for row in csv.DictReader(io.StringIO(done.stdout))
        if row["unique_id"] == whole.name
        and (year := int(row["ds"][:4])) in came
        and year - int(row["cutoff"][:4]) >= 9
    ]
    assert len(far) == 6
    assert sum(abs(middle / truth - 1) for _, middle, _, truth in far) / 6 < 0.04
    assert all(low <= truth <= high for low, _, high, truth in far)
