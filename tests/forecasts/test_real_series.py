"""Relative CRPS and coverage on real series over three origins, printed and held to limits."""

import csv
import os
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.forecasts.baseline import forecast_daily, forecast_monthly
from app.forecasts.scores import Score, evaluate, last_origins, pooled
from app.forecasts.series import Daily, monthly

Floats = NDArray[np.float64]
SHARED = Path(os.environ.get("SHARED_DIR", Path(__file__).parents[2].parent / "shared"))

pytestmark = [pytest.mark.more]


def series(name: str) -> list[Daily]:
    path = SHARED / "data" / f"{name}.csv"
    if not path.exists() and os.environ.get("REQUIRE_SHARED") != "1":
        pytest.skip(f"{path.name} is not there: set SHARED_DIR to the folder that holds data/.")
    told: dict[str, dict[date, float]] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        for line in csv.DictReader(lines):
            day = date.fromisoformat(line["ds"])
            told.setdefault(line["unique_id"], {})[day] = float(line["y"] or "nan")
    return [regular(days) for days in told.values()]


def regular(days: dict[date, float]) -> Daily:
    first = min(days)
    values = np.full((max(days) - first).days + 1, np.nan)
    for day, value in days.items():
        values[(day - first).days] = value
    return Daily(first, values)


def report(capsys: pytest.CaptureFixture[str], name: str, horizon: str, score: Score) -> None:
    with capsys.disabled():
        print(  # noqa: T201
            f"\n{name}, {horizon}, 3 origins: relCRPS {score.relative:.3f}, "
            f"c80 {100 * score.c80:.1f}, c95 {100 * score.c95:.1f}, {score.points} points"
        )


@pytest.mark.parametrize("horizon", [28, 98])
@pytest.mark.parametrize("name", ["divi_icu_daily", "nhs_icb_nctr_daily"])
def test_days_beat_the_plain_seasonal_naive_and_hold_their_coverage(
    capsys: pytest.CaptureFixture[str], name: str, horizon: int
) -> None:
    told = [one.values for one in series(name)]

    score = pooled(
        [evaluate(v, last_origins(len(v), horizon), horizon, forecast_daily) for v in told]
    )

    report(capsys, name, f"{horizon} days", score)
    assert score.relative <= 1.0
    assert 0.75 <= score.c80 <= 0.85


@pytest.mark.parametrize(
    ("name", "horizon"), [("divi_icu_daily", 12), ("divi_icu_daily", 18), ("nhs_icb_nctr_daily", 6)]
)
def test_months_beat_the_plain_seasonal_naive(
    capsys: pytest.CaptureFixture[str], name: str, horizon: int
) -> None:
    told = [monthly(one).values for one in series(name)]

    score = pooled([at_three_origins(v, horizon) for v in told])

    report(capsys, name, f"{horizon} months", score)
    assert score.relative <= 1.0
    assert score.points > 0


def at_three_origins(values: Floats, horizon: int) -> Score:
    # A history this short has no three windows apart: origins lie three months from each other,
    # and the scale of a yearly season needs 13 months before the first.
    last = len(values) - horizon
    origins = [origin for origin in (last - 6, last - 3, last) if origin > 12]
    return evaluate(values, origins, horizon, forecast_monthly, season=12)
