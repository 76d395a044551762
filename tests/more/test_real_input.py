"""The main job on real input: from a file, through the store, to what the next weeks need."""

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from httpx import AsyncClient
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner

from app.cli import main
from app.feeds.cells import unit_slug
from app.feeds.imports.commands import import_file
from app.feeds.imports.headway import Imported
from app.feeds.profiles import PROFILES
from app.forecasts import calendar
from app.forecasts.baseline import QUANTILES
from app.forecasts.queries import region
from app.forecasts.runs import Horizon
from app.forecasts.scores import Score, evaluate, last_origins, pooled
from app.forecasts.series import Daily, monthly
from app.forecasts.subjects import questions
from app.jobs.commands import run_now
from tests import make
from tests.conftest import SHARED, Database

Floats = NDArray[np.float64]
pytestmark = [pytest.mark.more]


@dataclass(frozen=True)
class Source:
    """A real file, a unit of it, how many months can be judged, and its units; one ICB ended."""

    file: str
    profile: str
    measure: str
    unit: str
    months: int
    units: int
    telling: int


DIVI = Source("divi_icu_daily", "divi", "occupied", "divi-bayern", 18, 16, 16)
NCTR = Source("nhs_icb_nctr_daily", "nctr", "medicallyReady", "nctr-e54000008", 6, 42, 41)
SOURCES = pytest.mark.parametrize("source", [DIVI, NCTR], ids=lambda source: source.profile)


def path_of(source: Source) -> Path:
    path = SHARED / "data" / f"{source.file}.csv"
    if not path.exists() and os.environ.get("REQUIRE_SHARED") != "1":
        pytest.skip(f"{path.name} is not there: set SHARED_DIR to the folder that holds data/.")
    return path


async def brought_in(database: Database, source: Source) -> Imported:
    return await import_file(
        database.urls.app,
        path_of(source),
        PROFILES[source.profile],
        owner_url=database.urls.owner,
        create_units=True,
    )


async def read_back(session: AsyncSession, source: Source, until: datetime) -> dict[str, Daily]:
    """What the job itself reads of each unit, all of it."""
    known = await region(session, until, datetime.now(UTC))
    await session.rollback()
    return {
        question.subject: question.demand
        for question in questions(known)[0]
        if question.kind.measure == source.measure
        if question.demand is not None
    }


@SOURCES
async def test_a_real_file_ends_in_the_forecast_and_the_overview(
    session: AsyncSession, database: Database, client: AsyncClient, source: Source
) -> None:
    found = await brought_in(database, source)
    assert (found.units, found.added) == (source.units, found.figures)

    outcome = await run_now(
        database.urls.worker, "forecast", at=found.until, known_at=datetime.now(UTC)
    )

    # Each unit that still tells, and the total of their care setting.
    assert outcome["weeks"]["known"] == source.telling + 1
    owner = await make.a_key(session, organisation=source.profile)
    for horizon, steps in (("weeks", 98), ("months", 18)):
        asked = {"unit": source.unit, "horizon": horizon, "measure": source.measure}
        answer = await client.get("/v1/forecasts", params=asked, headers=owner)
        assert answer.status_code == 200, answer.text
        (told,) = answer.json()["forecasts"]
        assert told["state"] == "known"
        assert len(told["steps"]) == steps
        for step in told["steps"]:
            assert step["median"] is not None
            assert [interval["level"] for interval in step["intervals"]] == [50, 80, 95]
            if source is DIVI:
                assert step["gap"]["state"] == step["supply"]["state"] == "known"
            else:
                assert step["gap"]["state"] != "known"
                assert step["gap"]["median"] is step["supply"]["value"] is None
    await the_overview(client, owner, source)


@SOURCES
async def test_a_forecast_by_http_is_that_of_the_command_on_the_same_file(
    database: Database, client: AsyncClient, session: AsyncSession, source: Source, tmp_path: Path
) -> None:
    found = await brought_in(database, source)
    await run_now(database.urls.worker, "forecast", at=found.until, known_at=datetime.now(UTC))
    owner = await make.a_key(session, organisation=source.profile)
    out = tmp_path / "out.csv"

    done = CliRunner().invoke(
        main,
        ["forecast", str(path_of(source)), "--freq", "D", "--horizon", "98", "--out", str(out)],
    )

    assert done.exit_code == 0, done.output
    by_unit: dict[str, list[dict[str, str]]] = {}
    for row in csv.DictReader(out.read_text("utf-8").splitlines()):
        if row["mean"]:
            by_unit.setdefault(unit_slug(PROFILES[source.profile], row["unique_id"]), []).append(
                row
            )
    compared = 0
    for unit, rows in by_unit.items():
        asked = {"unit": unit, "measure": source.measure, "levels": LEVELS, "exact": "true"}
        told = (await client.get("/v1/forecasts", params=asked, headers=owner)).json()
        if told["state"] != "known":
            continue
        (of,) = told["forecasts"]
        assert [step["day"] for step in of["steps"]] == [row["ds"] for row in rows]
        by_http = [quantiles_told(step) for step in of["steps"]]
        by_command = [[float(row[f"q{level:g}"]) for level in QUANTILES] for row in rows]
        np.testing.assert_allclose(by_http, by_command, rtol=0, atol=1e-9)
        compared += 1
    assert compared == source.telling


LEVELS = "10,20,30,40,50,60,70,80,90,95"


def quantiles_told(step: dict[str, Any]) -> list[float]:
    by_level = {each["level"]: each for each in step["intervals"]}
    low = [by_level[level]["low"] for level in sorted(by_level, reverse=True)]
    high = [by_level[level]["high"] for level in sorted(by_level)]
    return [*low, step["median"], *high]


async def the_overview(client: AsyncClient, owner: dict[str, str], source: Source) -> None:
    answer = await client.get("/v1/overview", headers=owner)

    assert answer.status_code == 200, answer.text
    units = {unit["unit"]: unit for unit in answer.json()["units"]}
    assert len(units) == source.units
    unit = units[source.unit]
    assert unit["freshness"] == "stale"
    (place,) = unit["places"]
    shown = {"y": {**place, **unit}[source.measure], "cap": place["staffed"]}
    last = last_row(source, unit["name"])
    assert {column: shown[column]["value"] for column in last} == last
    assert all(shown[column]["freshness"] == "stale" for column in last)


def last_row(source: Source, name: str) -> dict[str, float]:
    """What the file tells last of a unit, in plain words of its own."""
    with path_of(source).open(encoding="utf-8", newline="") as file:
        row = max(
            (row for row in csv.DictReader(file) if row["unique_id"] == name),
            key=lambda row: row["ds"],
        )
    return {column: float(row[column]) for column in ("y", "cap") if column in row}


@SOURCES
async def test_stored_runs_at_three_origins_are_held_against_what_came(
    session: AsyncSession,
    database: Database,
    capsys: pytest.CaptureFixture[str],
    source: Source,
) -> None:
    found = await brought_in(database, source)
    known_at = datetime.now(UTC)
    truth = await read_back(session, source, found.until)
    assert len(truth) == source.units
    backtest = Backtest(session, database, source, known_at, truth)

    told = {
        "weeks-98": await backtest.days(98),
        "weeks-28": await backtest.days(28),
        f"months-{source.months}, origins 3 months apart": await backtest.months(3),
        f"months-{source.months}, origins 6 months apart": await backtest.months(6),
    }

    with capsys.disabled():
        for name, score in told.items():
            print(  # noqa: T201
                f"\nreal input: {source.profile} {name} relCRPS={score.relative:.3f} "
                f"c80={score.c80:.3f} c95={score.c95:.3f} points={score.points}",
                end="",
            )
    assert told["weeks-98"].relative < 1
    assert told["weeks-28"].relative < 1
    for score in told.values():
        assert score.points > 0
        assert isfinite(score.relative)
        assert isfinite(score.c80)
        assert isfinite(score.c95)


@dataclass
class Backtest:
    """Runs of the job with figures up to each origin, and what came true of them.

    The file was known only when it was imported, so that a run cuts by when a figure was true.
    """

    session: AsyncSession
    database: Database
    source: Source
    known_at: datetime
    truth: dict[str, Daily]

    @property
    def end(self) -> date:
        """The first day that no unit told."""
        return max(daily.after for daily in self.truth.values())

    async def days(self, horizon: int) -> Score:
        scores = []
        for back in last_origins(0, horizon):
            first = self.end + timedelta(days=back)
            told = await self.stored("weeks", first)
            for unit, daily in self.truth.items():
                origin = (first - daily.first).days
                scores.append(judged(daily.values, origin, horizon, told.get(unit), 7))
        return pooled(scores)

    async def months(self, apart: int) -> Score:
        scores = []
        last = calendar.months_after(calendar.month_of(self.end), -self.source.months)
        for back in (2 * apart, apart, 0):
            first = calendar.months_after(last, -back)
            told = await self.stored("months", first)
            for unit, daily in self.truth.items():
                by_month = monthly(daily)
                years, more = first.year - by_month.first.year, first.month - by_month.first.month
                origin = 12 * years + more
                # The scale of a yearly season needs thirteen months before the origin.
                if origin > 12:
                    scores.append(
                        judged(by_month.values, origin, self.source.months, told.get(unit), 12)
                    )
        return pooled(scores)

    async def stored(self, horizon: Horizon, first: date) -> dict[str, Floats]:
        """The quantiles of a run whose first step is this day, from the store."""
        last = first - timedelta(days=1)
        at = calendar.moment(last, calendar.CENSUS)
        await run_now(self.database.urls.worker, "forecast", at=at, known_at=self.known_at)
        asked = {"horizon": horizon, "at": at, "measure": self.source.measure}
        rows = (await self.session.execute(text(POINTS), asked)).all()
        await self.session.rollback()
        told: dict[str, list[Sequence[float]]] = {}
        for row in rows:
            steps = told.setdefault(row.subject, [])
            if not steps:
                assert calendar.local_day(row.at) == first
            steps.append(row.quantiles or [float("nan")] * len(QUANTILES))
        return {unit: np.array(steps, np.float64) for unit, steps in told.items()}


POINTS = """
SELECT p.subject, p.at, p.quantiles
  FROM forecast_points p JOIN forecast_runs r USING (run_id)
 WHERE r.horizon = :horizon AND r.issued_at = :at AND p.measure = :measure
   AND p.subject_kind = 'unit'
 ORDER BY p.subject, p.at
"""


def judged(values: Floats, origin: int, horizon: int, stored: Floats | None, season: int) -> Score:
    """A stored run against the truth; a unit that it could not forecast counts no point."""

    def told(values: Floats, horizon: int, levels: tuple[float, ...]) -> Floats:
        assert levels == QUANTILES
        return np.full((horizon, len(levels)), np.nan) if stored is None else stored[:horizon]

    return evaluate(values, [origin], horizon, told, season)
