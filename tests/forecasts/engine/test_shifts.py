"""A shift of the last weeks that nobody explained."""

from datetime import date, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from app.forecasts.baseline import QUANTILES
from app.forecasts.engine.asked import Change, Outlook, Past, Question
from app.forecasts.engine.outlook import outlooks

LAST = date(2026, 11, 20)
FIRST = LAST - timedelta(days=399)
LEVEL = 200.0


def a_past(name: str = "a", *, lasted: int = 0, ratio: float = 0.5) -> Past:
    """A level with a little noise; of its last days a share is left."""
    values = np.random.default_rng(4).normal(LEVEL, 4.0, 400).round()
    values[400 - lasted :] *= ratio
    return Past(name, FIRST, values)


def forecast(past: Past, *changes: Change) -> Outlook:
    (found,) = outlooks([past], Question("D", 14, changes=changes))
    return found


def at(outlook: Outlook, level: float) -> NDArray[np.float64]:
    return outlook.quantiles[:, QUANTILES.index(level)]


@pytest.mark.parametrize("lasted", [7, 14, 21])
def test_the_level_after_it_goes_on(lasted: int) -> None:
    found = forecast(a_past(lasted=lasted))

    assert np.abs(at(found, 0.5) - LEVEL / 2).max() < 6


def test_a_shift_of_a_week_leaves_one_chance_in_five_to_go_back() -> None:
    found = forecast(a_past(lasted=7))

    assert at(found, 0.75).max() < LEVEL * 0.6
    assert at(found, 0.9).min() > LEVEL * 0.9


def test_the_longer_it_stands_the_less_it_is_expected_to_go_back() -> None:
    found = forecast(a_past(lasted=21))

    assert at(found, 0.9).max() < LEVEL * 0.6
    assert at(found, 0.975).min() > LEVEL * 0.9


def test_one_that_was_told_leaves_no_doubt() -> None:
    began = LAST - timedelta(days=6)

    found = forecast(a_past(lasted=7), Change("a", began, None, 0.5))

    assert at(found, 0.975).max() < LEVEL * 0.6


def test_parts_add_up_to_the_median_after_a_shift() -> None:
    found = forecast(a_past(lasted=7))

    np.testing.assert_allclose(sum(found.parts.values()), at(found, 0.5), atol=1e-3)


def test_whole_counts_stay_whole_counts_on_another_footing() -> None:
    values = np.random.default_rng(5).poisson(3.0, 400).astype(float)
    past = Past("a", FIRST, values)
    change = Change("a", FIRST + timedelta(days=200), None, 0.7)

    told, untold = forecast(past, change), forecast(past)

    width = [at(each, 0.9) - at(each, 0.1) for each in (told, untold)]
    # Rounding alone is 2.56 / sqrt(12) = .74 wide.
    assert width[0].min() > 0.74
    assert width[1].min() > 0.74
