"""What peers tell of a short past: how its level goes on, and by what it may be off."""

import numpy as np
import pytest

from app.forecasts.baseline import QUANTILES
from app.forecasts.engine.asked import Floats
from app.forecasts.engine.levels import smoothed
from app.forecasts.engine.pace import PACES
from app.forecasts.engine.panel import panel_of
from app.forecasts.engine.prior import Way, by_peers, gone_on
from app.forecasts.engine.work import Work, work_of
from tests.forecasts.engine import lay

MEDIAN = QUANTILES.index(0.5)
YEARS = 3 * 365


def with_a_year(level: float, seed: int) -> Floats:
    """1096 days and the 28 after them: twice as many at the top as at the bottom of a year, of
    which the 28 days are the steepest."""
    days = np.arange(YEARS + 1 + 28)
    wave = np.exp(np.log(2) / 2 * np.sin(2 * np.pi * days / 365.25))
    counts: Floats = np.random.default_rng(seed).poisson(level * wave).astype(np.float64)
    return counts


def peers() -> Work:
    pasts = [lay.past(f"peer {n}", with_a_year(300.0 + 50 * n, n)[:-28]) for n in range(6)]
    return work_of(panel_of(pasts, "D", PACES["D"].longest), PACES["D"], 28, "NL")


def test_a_level_goes_on_from_its_last_steps_alone() -> None:
    values = np.random.default_rng(1).normal(size=(90, 2))

    found = gone_on(values, np.array([60, 89]), Way(0.25, 1.0, False), 20, 3)

    for place, origin in enumerate((60, 89)):
        alone = smoothed(values[origin - 19 : origin + 1], 0.25)[-1]
        np.testing.assert_allclose(found[place], [alone] * 3)


def test_a_level_is_drawn_back_to_its_mean() -> None:
    values = np.random.default_rng(2).normal(size=(40, 1))

    (found,) = gone_on(values, np.array([39]), Way(0.5, 0.9, False), 14, 50)

    assert found[-1, 0] == pytest.approx(values[-14:].mean(), abs=0.01)


def test_a_short_past_follows_the_yearly_wave_of_its_peers() -> None:
    whole = with_a_year(400.0, 9)
    young, after = whole[-28 - 28 : -28], whole[-28:]

    median = by_peers(young, peers(), QUANTILES)[:, MEDIAN]

    held = np.abs(after - young[-7:].mean()).mean()
    assert np.abs(after - median).mean() < 0.75 * held
