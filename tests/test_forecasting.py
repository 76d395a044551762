"""The file commands: `forecast` writes a whole file or none, `backtest` a table of scores."""

import csv
import gzip
import io
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from app.backtesting import round_of
from app.cli import main
from app.filing import read
from app.forecasts import tidy
from app.forecasts.baseline import QUANTILES
from app.forecasts.engine.asked import Outlook, Question
from app.forecasts.forecast_file import columns, p_short, rows

FIRST = date(2023, 1, 2)
CUT = date(2023, 12, 31)
LEVELS = ["q0.025", *(f"q{n / 20:g}" for n in range(1, 20)), "q0.975"]


def figures(days: int = 420, seed: int = 1) -> list[float]:
    week = np.array([20.0, 21, 22, 23, 24, 12, 10])
    told = np.random.default_rng(seed).poisson(np.resize(week, days))
    return [float(value) for value in told]


def a_file(
    folder: Path,
    after: Callable[[float], object] = float,
    header: str = "unique_id,ds,y,cap",
    name: str = "beds.csv",
) -> Path:
    """Two units of 60 weeks; `after` is what the file tells of a figure after `CUT`."""
    told = [header]
    for seed, unit in enumerate(("Oost", "West, Süd")):
        for n, y in enumerate(figures(seed=seed)):
            day = FIRST + timedelta(days=n)
            told.append(f'"{unit}",{day},{after(y) if day > CUT else y},25')
    return write(folder / name, "\n".join(told) + "\n")


def write(path: Path, text: str) -> Path:
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def run(*asked: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in asked])


def forecast(file: Path, *asked: object) -> Result:
    return run("forecast", file, "--freq", "D", "--horizon", 14, "--workers", 1, *asked)


def told(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_each_series_cut_off_and_step_has_its_row(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"

    done = forecast(a_file(tmp_path), "--cutoff", "2024-01-31", "--cutoff", CUT, "--out", out)

    assert done.exit_code == 0, done.output
    found = told(out.read_text("utf-8"))
    names = ["unique_id", "cutoff", "ds", *LEVELS, "mean", "p_short", "grade"]
    assert list(found[0]) == names == columns(short=True)
    assert [(row["unique_id"], row["cutoff"], row["ds"]) for row in found] == [
        (unit, f"{cutoff}", f"{cutoff + timedelta(days=n)}")
        for cutoff in (CUT, date(2024, 1, 31))
        for unit in ("Oost", "West, Süd")
        for n in range(1, 15)
    ]
    for row in found:
        quantiles = [float(row[level]) for level in LEVELS]
        assert quantiles == sorted(quantiles)
        assert 0.0249 < float(row["p_short"]) < 0.9751
        assert row["grade"] in ("engine", "pooled", "naive")
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".csv"] == []


def test_left_out_the_cut_off_is_the_last_day_of_the_file(tmp_path: Path) -> None:
    done = forecast(a_file(tmp_path), "--out", "-")

    assert {row["cutoff"] for row in told(done.stdout)} == {f"{FIRST + timedelta(days=419)}"}


def test_nothing_that_comes_after_a_cut_off_changes_a_byte(tmp_path: Path) -> None:
    futures: list[Callable[[float], object]] = [float, lambda y: "", lambda y: y * 10]
    files = [a_file(tmp_path, after, name=f"{n}.csv") for n, after in enumerate(futures)]
    lines = files[0].read_text("utf-8").splitlines(keepends=True)
    until = [line for line in lines if line.rsplit(",", 3)[1] <= f"{CUT}" or line is lines[0]]
    files.append(write(tmp_path / "cut.csv", "".join(until)))
    files.append(write(tmp_path / "turned.csv", "".join([lines[0], *reversed(lines[1:])])))

    done = [forecast(file, "--cutoff", CUT, "--out", "-").stdout_bytes for file in files]

    assert len(done[0].splitlines()) == 29
    assert len(set(done)) == 1


@pytest.mark.more
def test_one_worker_or_four_give_the_same_bytes(tmp_path: Path) -> None:
    file, cutoffs = a_file(tmp_path), ["2023-10-01", CUT, "2024-01-15", "2024-02-01", "2024-02-10"]
    asked = [part for cutoff in cutoffs for part in ("--cutoff", cutoff)]
    outs = [tmp_path / "one.csv", tmp_path / "four.csv"]

    done = [
        forecast(file, *asked, "--workers", workers, "--out", out)
        for workers, out in zip((1, 4), outs, strict=True)
    ]

    assert [each.exit_code for each in done] == [0, 0]
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert len(outs[0].read_bytes().splitlines()) == 1 + 5 * 2 * 14
    assert done[0].stderr == done[1].stderr


def test_semicolons_a_mark_at_the_beginning_and_gzip_tell_the_same(tmp_path: Path) -> None:
    plain = a_file(tmp_path, header="unique_id,ds,y,other")
    text = plain.read_text("utf-8").replace(",25\n", ",\n")
    dutch = text.replace('"West, Süd"', "West* Süd").replace(",", ";").replace(".0;", ",0;")
    dutch = dutch.replace("*", ",").replace('"', "")
    files = [
        *(plain, write(tmp_path / "bom.csv", "\ufeff" + text)),
        *(write(tmp_path / "semicolon.csv", "\ufeff" + dutch), write(tmp_path / "x.csv.gz", text)),
    ]

    done = [forecast(file, "--out", "-") for file in files]

    assert "p_short" not in done[0].stdout
    assert len({each.stdout_bytes for each in done}) == 1


def test_a_series_that_cannot_be_forecast_has_empty_cells_and_a_reason(tmp_path: Path) -> None:
    file = a_file(tmp_path)
    empty = "\n".join(f"Stil,{FIRST + timedelta(days=n)},,25" for n in range(420))
    write(file, file.read_text("utf-8") + empty + "\n")

    done = forecast(file, "--out", "-")

    silent = [row for row in told(done.stdout) if row["unique_id"] == "Stil"]
    assert len(silent) == 14
    assert {row["grade"] for row in silent} == {"unknown"}
    assert {row[name] for row in silent for name in (*LEVELS, "mean", "p_short")} == {""}
    assert "Stil: " in done.stderr
    assert "1 without a forecast" in done.stderr


def test_the_chance_of_a_shortage_is_read_from_the_quantiles() -> None:
    quantiles = np.tile(np.array(QUANTILES) * 100, (5, 1))
    outlook = Outlook(quantiles, quantiles.mean(axis=1), "engine")

    found = p_short(outlook, np.array([60.0, 72.5, 0.0, 400.0, np.nan]))

    np.testing.assert_allclose(found, [0.4, 0.275, 0.975, 0.025, np.nan])


def test_numbers_are_written_so_that_they_come_back_the_same() -> None:
    quantiles = np.random.default_rng(3).gamma(3, 7, (1, len(QUANTILES)))
    outlook = Outlook(quantiles, quantiles.mean(axis=1), "engine")

    (row,) = rows("A", CUT, [CUT], outlook, np.array([np.nan]))

    assert [float(cell) for cell in row[3:24]] == quantiles[0].tolist()
    assert row[-2:] == ["", "engine"]


def test_a_cap_plan_holds_from_its_day_on(tmp_path: Path) -> None:
    day = CUT + timedelta(days=8)
    plan = write(tmp_path / "plan.csv", f"unique_id,ds,cap\nOost,{day},0\nNoord,{day},3\n")

    done = forecast(a_file(tmp_path), "--cutoff", CUT, "--cap-plan", plan, "--out", "-")

    chances = [float(row["p_short"]) for row in told(done.stdout) if row["unique_id"] == "Oost"]
    assert max(chances[:7]) < 0.9 < min(chances[7:])
    assert "--cap-plan tells of what FILE does not have: Noord." in done.stderr


def test_a_plan_of_before_the_cut_off_gives_way_to_what_the_file_tells(tmp_path: Path) -> None:
    plan = write(tmp_path / "plan.csv", f"unique_id,ds,cap\nOost,{CUT - timedelta(days=9)},0\n")
    bare = a_file(tmp_path, header="unique_id,ds,y,was", name="bare.csv")

    by_file = forecast(a_file(tmp_path), "--cutoff", CUT, "--cap-plan", plan, "--out", "-")
    by_plan = forecast(bare, "--cutoff", CUT, "--cap-plan", plan, "--out", "-")

    def first(done: Result) -> float:
        return next(float(r["p_short"]) for r in told(done.stdout) if r["unique_id"] == "Oost")

    assert first(by_file) < 0.9
    assert first(by_plan) > 0.9


def test_events_are_taken_and_read_before_anything_is_done(tmp_path: Path) -> None:
    events = write(tmp_path / "e.csv", f"unique_id,begins,ends,ratio\nOost,{CUT},,0.5\n")
    wrong = write(tmp_path / "w.csv", "unique_id,begins,ends,ratio\nOost,soon,,0\n")
    file = a_file(tmp_path)

    done = forecast(file, "--events", events, "--out", "-")
    refused = forecast(file, "--events", wrong, "--out", "-")

    assert done.exit_code == 0
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "row 2 column begins: " in refused.stderr
    assert "row 2 column ratio: " in refused.stderr


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--cutoff", "2022-12-31"], "no series has begun. Give a cut-off from 2023-01-02 on."),
        (["--cutoff", "2024-01-31", "--country", "XX"], "country 'XX'"),
        (["--cutoff", "31-12-2023"], "31-12-2023"),
        (["--horizon", "0"], "--horizon"),
        (["--out", "."], "is a folder"),
        (["--out", "nowhere/out.csv"], "cannot be read or written"),
    ],
)
def test_what_cannot_be_asked_ends_with_2_and_a_sentence(
    tmp_path: Path, asked: Sequence[str], said: str
) -> None:
    done = forecast(a_file(tmp_path), "--out", tmp_path / "out.csv", *asked)

    assert done.exit_code == 2, done.output
    assert said in " ".join(done.stderr.replace("│", "").split())
    assert not (tmp_path / "out.csv").exists()


def test_a_file_that_is_wrong_leaves_what_stood_there(tmp_path: Path) -> None:
    file = a_file(tmp_path, lambda y: "many")
    out = write(tmp_path / "out.csv", "of yesterday\n")

    done = forecast(file, "--cutoff", CUT, "--out", out)

    assert done.exit_code == 2
    assert "Traceback" not in done.output
    assert done.stderr.count(" column y: This is no number.") == 20
    assert "beds.csv cannot be used: 112 faults." in done.stderr
    assert out.read_text() == "of yesterday\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["beds.csv", "out.csv"]


@pytest.mark.parametrize("name", ["broken.csv.gz", "latin.csv", "empty.csv"])
def test_no_file_gives_a_traceback(tmp_path: Path, name: str) -> None:
    bodies = {
        "broken.csv.gz": gzip.compress(b"unique_id,ds,y\nA,2024-01-01,5\n")[:-9],
        "latin.csv": "unique_id,ds,y\nSüd,2024-01-01,5\n".encode("latin-1"),
        "empty.csv": b"",
    }
    (tmp_path / name).write_bytes(bodies[name])

    done = forecast(tmp_path / name, "--out", "-")

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.exception is None or isinstance(done.exception, SystemExit)


@pytest.mark.parametrize("name", ["forecast", "backtest"])
def test_help_says_each_option_and_an_example(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    (command,) = (each for each in main.registered_commands if each.name == name)
    assert command.callback is not None

    done = run(name, "--help")

    options = set(command.callback.__annotations__) - {"return", "file"}
    assert len(options) > 8
    assert [o for o in options if f"--{o.replace('_', '-')} " not in done.stdout] == []
    assert f"verkeerstoren {name} bedden.csv" in done.stdout


def test_what_is_served_does_not_load_the_engine() -> None:
    heavy = ("lightgbm", "statsforecast", "app.forecasts.engine.outlook")
    asked = f"import sys, app.cli; print([n for n in {heavy} if n in sys.modules])"

    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=180
    )

    assert done.stdout == "[]\n"


def backtest(file: Path, *asked: object) -> Result:
    return run("backtest", file, "--freq", "D", "--horizon", 14, "--origins", 3, *asked)


def test_a_back_test_tells_each_model_and_each_origin(tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    naive = "seasonal-naive,calibrated-naive"

    done = backtest(a_file(tmp_path), "--against", naive, "--out", out, "--by-origin")

    assert done.exit_code == 0, done.output
    scores = told(out.read_text())
    last = FIRST + timedelta(days=419 - 14)
    origins = ["", *(f"{last - timedelta(days=28 * back)}" for back in (2, 1, 0))]
    assert [(row["model"], row["origin"]) for row in scores] == [
        (model, origin)
        for model in ("engine", "seasonal-naive", "calibrated-naive")
        for origin in origins
    ]
    assert [row["points"] for row in scores] == ["84", "28", "28", "28"] * 3
    naive_scores = [row for row in scores if row["model"] == "seasonal-naive"]
    assert {(row["rel_crps"], row["rel_mase"]) for row in naive_scores} == {("1.0", "1.0")}
    c80s = [float(row["c80"]) for row in scores[1:4]]
    assert float(scores[0]["worst_c80"]) == min(c80s)
    assert len(done.stdout.splitlines()) == 1 + 3 * 4
    assert all(float(row["cpu_seconds_per_series"]) >= 0 for row in scores)


@pytest.mark.more
def test_a_back_test_gives_the_same_scores_with_one_worker_or_more(tmp_path: Path) -> None:
    file, against = a_file(tmp_path), ("--against", "calibrated-naive")
    outs = [tmp_path / "one.csv", tmp_path / "two.csv"]

    for workers, out in zip((1, 2), outs, strict=True):
        assert backtest(file, *against, "--workers", workers, "--out", out).exit_code == 0

    one, two = ([list(row.values())[:-1] for row in told(out.read_text())] for out in outs)
    assert one == two


def test_an_origin_shows_a_model_what_came_before_it_and_scores_what_came_after(
    tmp_path: Path,
) -> None:
    files = [a_file(tmp_path), a_file(tmp_path, lambda y: y * 10, name="other.csv")]

    one, other = (
        round_of(read(file, partial(tidy.read, freq="D")), CUT, Question("D", 14), ["engine"])
        for file in files
    )

    seen = [[past.values.tobytes() for past in each.pasts[0]] for each in (one, other)]
    assert seen[0] == seen[1]
    assert one.truths["Oost"].tolist() == figures(seed=0)[364:378]
    np.testing.assert_array_equal(other.truths["Oost"], one.truths["Oost"] * 10)


def test_a_reference_that_is_not_there_is_said_as_not_run(tmp_path: Path) -> None:
    weeks = [f"A,{FIRST + timedelta(weeks=n)},{y}" for n, y in enumerate(figures(60))]
    file = write(tmp_path / "w.csv", "\n".join(["unique_id,ds,y", *weeks]))

    done = run(
        *("backtest", file, "--freq", "W", "--horizon", 4, "--origins", 2),
        *("--against", "calibrated-naive"),
    )

    assert done.exit_code == 0, done.output
    assert "calibrated-naive  not run: it is made for days and months only" in done.stdout


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--against", "prophet"], "--against does not know prophet."),
        (["--last", "2020-01-01"], "no series has begun"),
    ],
)
def test_a_back_test_that_cannot_be_ends_with_2(
    tmp_path: Path, asked: Sequence[str], said: str
) -> None:
    done = backtest(a_file(tmp_path), *asked)

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
