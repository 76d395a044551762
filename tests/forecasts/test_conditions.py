"""The arithmetic of `benchmarks.conditions`: what is cut, closed and left out, and the ratios."""

from datetime import date

import numpy as np
import pytest

from app.forecasts.backtest import Tally
from app.forecasts.baseline import QUANTILES
from app.forecasts.engine.asked import Floats, Past, Question
from benchmarks import conditions
from benchmarks.conditions import Answer, Scene

FIRST = date(2024, 1, 1)
TRUTH = np.full(28, 10.0)


def scene(*names: str) -> Scene:
    values = np.tile([8.0, 9.0, 10.0, 11.0, 12.0, 9.0, 10.0, 13.0], 50)
    pasts = [Past(name, FIRST, values) for name in names]
    truths = dict.fromkeys(names, TRUTH)
    return Scene("made-up", date(2025, 2, 3), pasts, truths, Question("D", 28))


def said(of: Scene, level: float) -> list[Answer]:
    """Every quantile at `level`: the CRPS is then how far that is from the truth."""
    quantiles: Floats = np.full((28, len(QUANTILES)), level)
    return [Answer(past, quantiles, "engine") for past in of.pasts]


def test_a_forecast_that_is_twice_as_far_off_has_twice_the_error() -> None:
    one = scene("a", "b")

    held = conditions.held(one, said(one, 14.0), said(one, 12.0))

    assert held.to_usual == pytest.approx(2)
    assert held.told.points == 2 * 28
    assert held.grades == {"engine": 2}


def test_only_the_series_that_were_disturbed_count_in_the_usual_error() -> None:
    one = scene("a", "b")

    held = conditions.held(one, said(one, 14.0)[:1], [*said(one, 14.0)[:1], *said(one, 99.0)[1:]])

    assert held.to_usual == pytest.approx(1)
    assert held.told.points == held.usual.points == 28


def test_errors_on_other_points_have_no_ratio() -> None:
    assert np.isnan(conditions.ratio(Tally(28, 1.0), Tally(27, 1.0)))


def test_origins_add_up_by_their_points() -> None:
    one = scene("a")
    near, far = (conditions.held(one, said(one, x), said(one, 12.0)) for x in (12.0, 16.0))

    both = conditions.over([near, far])

    assert both.to_usual == pytest.approx((1 + 3) / 2)
    assert both.grades == {"engine": 2}


def test_each_series_begins_in_one_of_the_calls() -> None:
    parts = scene(*"abcdefghijkl").part(5)

    assert sorted(name for part in parts for name in part) == list("abcdefghijkl")
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_what_begins_keeps_its_end() -> None:
    (past,) = scene("a").pasts

    begun = conditions.begun(past, 14)

    assert begun.first == date(2025, 1, 21)
    assert begun.values.tolist() == past.values[-14:].tolist()


def test_a_closure_leaves_seven_tenths_from_its_day_on() -> None:
    left = conditions.lowered(np.full(10, 100.0), 3)

    assert left.tolist() == [100.0] * 7 + [70.0] * 3


def test_the_last_untold_day_lies_so_many_days_before_the_origin() -> None:
    untold = np.flatnonzero(np.isnan(conditions.without(np.zeros(60), 10)))

    assert untold.tolist() == list(range(29, 50))


def test_twice_as_bad_and_half_as_bad_cancel() -> None:
    assert conditions.geometric([2.0, 0.5]) == pytest.approx(1)
