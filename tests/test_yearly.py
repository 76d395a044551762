"""The commands of the years: `years` writes a whole file, `population` a section or a table."""

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner, Result

from app.cli import main
from app.facilities.years.schemas import Population

CUT = date(2014, 12, 31)
AGES = 96
LEVELS = ["q0.025", *(f"q{n / 20:g}" for n in range(1, 20)), "q0.975"]
PROJECTION = """"Regio-indeling 2021";"Prognose(-interval)";"Leeftijd";"Perioden";"Totale bevolking (x 1 000)"
"Zoetermeer";"Prognose";"0 tot 65 jaar";"2030JJ00";"100,0"
"Zoetermeer";"Prognose";"65 jaar of ouder";"2030JJ00";"26,0"
"Zoetermeer";"Prognose";"0 tot 65 jaar";"2031JJ00";"99,9"
"Zoetermeer";"Prognose";"65 jaar of ouder";"2031JJ00";"26,7"
"""  # noqa: E501

Poison = Callable[[float], object]


def run(*asked: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in asked])


def people_file(folder: Path, after: Poison = float, name: str = "people.csv") -> Path:
    """A made-up place from 1990 to 2020; `after` is what is told of the years after `CUT`."""
    rows = ["age,sex,year,n"]
    for year in range(1990, 2021):
        for sex in "MF":
            for age in range(AGES):
                n = round(1000 * 0.985**age * 1.01 ** (year - 1990) + (age * 7 + year) % 13)
                rows.append(f"{age},{sex},{year},{after(n) if year > CUT.year else n}")
    return write(folder / name, rows)


def figures_file(folder: Path, after: Poison = float, name: str = "figures.csv") -> Path:
    """Weeks of two bands and their sum, from 2000 to 2020."""
    rng = np.random.default_rng(0)
    rows = ["unique_id,ds,y"]
    day = date(2000, 1, 3)
    while day < date(2020, 12, 28):
        low, high = rng.poisson(40), rng.poisson(90)
        for band, y in (("0_65", low), ("65_999", high), ("0_999", low + high)):
            rows.append(f"d_{band},{day},{after(y) if day > CUT else y}")
        day += timedelta(days=7)
    return write(folder / name, rows)


def write(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def told(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_each_series_cut_off_and_year_has_its_row(tmp_path: Path) -> None:
    figures, people = figures_file(tmp_path), people_file(tmp_path)
    out = tmp_path / "years.csv"
    cutoffs = ("--cutoff", "2012-06-30", "--cutoff", CUT)

    done = run("years", figures, "--population", people, *cutoffs, "--horizon", 4, "--out", out)

    assert done.exit_code == 0, done.output
    found = told(out.read_text("utf-8"))
    assert list(found[0]) == ["unique_id", "cutoff", "ds", *LEVELS, "mean"]
    assert [(row["unique_id"], row["cutoff"], row["ds"]) for row in found] == [
        (f"d_{band}", f"{cut}", f"{first + n}-01-01")
        for cut, first in ((date(2012, 6, 30), 2012), (CUT, 2015))
        for band in ("0_65", "0_999", "65_999")
        for n in range(4)
    ]
    for row in found:
        quantiles = [float(row[level]) for level in LEVELS]
        assert quantiles == sorted(quantiles)
        assert quantiles[0] < quantiles[-1]


def test_nothing_after_a_cut_off_changes_a_bit_in_either_file(tmp_path: Path) -> None:
    poisons: tuple[Poison, ...] = (float, lambda y: "NaN", lambda y: y * 10)
    pairs = [
        (figures_file(tmp_path, after, f"f{n}.csv"), people_file(tmp_path, after, f"p{n}.csv"))
        for n, after in enumerate(poisons)
    ]

    done = [
        run("years", figures, "--population", people, "--cutoff", CUT, "--out", "-")
        for figures, people in pairs
    ]

    assert len(done[0].stdout_bytes.splitlines()) == 31
    assert len({each.stdout_bytes for each in done}) == 1


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    figures, people = figures_file(tmp_path), people_file(tmp_path)
    asked = ("years", figures, "--population", people, "--cutoff", CUT, "--out", "-")

    done = [run(*asked, "--seed", seed).stdout_bytes for seed in (3, 3, 4)]

    assert done[0] == done[1] != done[2]


def test_years_that_are_known_of_the_people_may_be_taken(tmp_path: Path) -> None:
    figures, people = figures_file(tmp_path), people_file(tmp_path)
    asked = ("years", figures, "--population", people, "--cutoff", CUT, "--horizon", 5)

    done = [run(*asked, *also, "--out", "-").stdout for also in ((), ("--population-known",))]

    assert done[0] != done[1]


def test_without_people_and_of_months_the_count_goes_on(tmp_path: Path) -> None:
    rows = [f"a,{year}-{month:02}-01,100" for year in range(2010, 2020) for month in range(1, 13)]
    figures = write(tmp_path / "months.csv", ["unique_id,ds,y", *rows[:-1]])

    done = run("years", figures, "--kind", "stock", "--horizon", 2, "--out", "-")

    assert [row["ds"] for row in told(done.stdout)] == ["2019-01-01", "2020-01-01"]
    assert float(told(done.stdout)[0]["q0.5"]) == pytest.approx(100)
    assert "2019-11-30 a: 2019 not told to the end, not used." in done.stderr


def test_too_short_a_past_has_empty_cells_and_a_reason(tmp_path: Path) -> None:
    figures = write(tmp_path / "y.csv", ["unique_id,ds,y", "a,2019-01-01,5", "a,2020-01-01,6"])

    done = run("years", figures, "--horizon", 1, "--out", "-")

    assert done.exit_code == 0
    assert told(done.stdout)[0]["mean"] == ""
    assert "a: 2 whole years are known; a forecast of years needs 3." in done.stderr


def test_what_cannot_be_used_is_said_by_row_and_column(tmp_path: Path) -> None:
    people = people_file(tmp_path)
    lines = people.read_text("utf-8").splitlines()
    people = write(people, [line for line in lines if ",2003," not in line])

    done = run(
        "years", figures_file(tmp_path), "--population", people, "--out", tmp_path / "none.csv"
    )

    assert done.exit_code == 2
    assert "column year: 2003 is missing" in done.stderr
    assert not (tmp_path / "none.csv").exists()


def test_people_of_one_year_cannot_be_projected(tmp_path: Path) -> None:
    lines = people_file(tmp_path).read_text("utf-8").splitlines()
    one = write(tmp_path / "one.csv", [lines[0], *(line for line in lines if ",2014," in line)])

    years = run("years", figures_file(tmp_path), "--population", one, "--out", "-")
    people = run("population", one, "--until", 2030, "--out", "-")

    assert (years.exit_code, people.exit_code) == (2, 2)
    assert "A projection needs two years" in people.stderr


def test_a_projection_that_is_told_is_written_as_published(tmp_path: Path) -> None:
    file = tmp_path / "85173NED.csv"
    file.write_text(PROJECTION, "utf-8")
    asked = ("--municipality", "Zoetermeer", "--bands", "0-64,65+", "--until", 2031)

    done = run("population", file, *asked, "--source", "PBL/CBS 2022", "--out", "-")

    assert done.exit_code == 0, done.output
    section = yaml.safe_load(done.stdout)["population"]
    assert section["years"] == {2030: [100000, 26000], 2031: [99900, 26700]}
    assert Population.model_validate(section).source == "PBL/CBS 2022"


def test_counts_alone_are_projected_with_p10_and_p90_that_widen(tmp_path: Path) -> None:
    done = run("population", people_file(tmp_path), "--until", 2030, "--out", "-")

    section = yaml.safe_load(done.stdout)["population"]
    low, middle, high = (section[key] for key in ("p10", "years", "p90"))
    assert list(middle) == list(range(2020, 2031))
    assert low[2020] == middle[2020] == high[2020]
    width = [(high[year][0] - low[year][0]) / middle[year][0] for year in middle]
    assert width == pytest.approx(sorted(width), abs=1e-3)
    assert width[10] > width[1] > 0
    assert Population.model_validate(section).bands[-1].from_ == 85


def test_a_table_has_a_row_for_each_year_and_band(tmp_path: Path) -> None:
    asked = ("--until", 2022, "--bands", "0-64,65+", "--csv", "--out", "-")

    done = run("population", people_file(tmp_path), *asked)

    found = [(row["year"], row["from"], row["to"]) for row in told(done.stdout)]
    spans = (("0", "64"), ("65", ""))
    assert found == [(f"{year}", *span) for year in (2020, 2021, 2022) for span in spans]


def test_mortality_that_is_told_is_used_and_nonsense_in_it_refused(tmp_path: Path) -> None:
    people = people_file(tmp_path)
    rows = [f"{age},2020,{min(0.001 * 1.09**age, 1):.6f}" for age in range(AGES + 1)]
    good = write(tmp_path / "q.csv", ["age,year,qx", *rows])
    bad = write(tmp_path / "bad.csv", ["age,year,qx", "0,2020,1.5", *rows[2:]])
    asked = ("population", people, "--until", 2022, "--out", "-", "--mortality")

    done, plain, refused = run(*asked, good), run(*asked[:-1]), run(*asked, bad)

    assert "cohorts with told mortality" in done.stdout
    assert done.stdout != plain.stdout
    assert refused.exit_code == 2
    assert "row 2 column qx: A chance to die lies from 0 to 1." in refused.stderr


def test_a_small_place_is_projected_beside_its_nation(tmp_path: Path) -> None:
    place, nation = people_file(tmp_path), people_file(tmp_path, name="nation.csv")
    text = nation.read_text("utf-8")
    short = write(tmp_path / "short.csv", [row for row in text.splitlines() if ",1990," not in row])
    asked = ("population", place, "--until", 2022, "--out", "-")

    alone, beside, refused = (
        run(*asked, *of) for of in ((), ("--nation", nation), ("--nation", short))
    )

    assert beside.exit_code == 0, beside.output
    assert alone.stdout != beside.stdout
    assert refused.exit_code == 2


def test_bands_beyond_the_file_are_refused(tmp_path: Path) -> None:
    done = run("population", people_file(tmp_path), "--bands", "0-98,99+", "--out", "-")

    assert done.exit_code == 2
    assert "the oldest that FILE tells of are 95+" in " ".join(done.stderr.split())
