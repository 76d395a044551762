import numpy as np
import pytest

from app.forecasts.days.departures import (
    BEFORE,
    STAYS_WORTH,
    ages,
    exponential,
    leaving,
    stay_of,
    stretched,
)
from app.forecasts.days.hours import WEEK
from app.forecasts.days.told import NONE
from app.forecasts.stay import planned_stay
from tests.forecasts.days.test_arrivals import FLAT, a_past, counts

REO = planned_stay(
    median=6, spread=0.65, term=9, at_term=0.19, blocked=0.1, blocked_days=7, step=0.25
)


def test_counts_of_who_left_and_who_was_there_give_the_mean_stay() -> None:
    past = a_past()
    left = counts(np.full(past.hours // 24, 4.0), 24)

    found = stay_of(left, np.full(past.hours, 20.0), past, FLAT, None)

    assert found is not None
    assert found.form == "hazard"
    assert found.survival.mean == pytest.approx(5, rel=0.02)


def test_who_leaves_by_day_makes_the_clock_run_by_day() -> None:
    past = a_past()
    by_day = np.where((past.of_week % 24 >= 10) & (past.of_week % 24 < 16), 1.0, 0.0)

    found = stay_of(counts(by_day), np.full(past.hours, 30.0), past, FLAT, None)

    assert found is not None
    assert found.pace.mean() == pytest.approx(1)
    assert found.pace[12] > 3
    assert found.pace[3] < 0.2


def test_a_planned_stay_gives_the_shape_and_stands_for_ten_stays_in_the_mean() -> None:
    past = a_past()
    there = np.full(past.hours, 2.0)
    left = counts(np.where(np.arange(past.hours // 24) % 7 == 0, 1.0, 0.0), 24)

    found = stay_of(left, there, past, FLAT, REO)

    assert found is not None
    days, ended = 2.0 * past.hours / 24, past.hours / WEEK
    expected = (days + STAYS_WORTH * REO.mean) / (ended + STAYS_WORTH)
    assert found.form == "planned-stay"
    assert found.survival.mean == pytest.approx(expected, rel=0.03)


def test_without_anyone_who_left_the_plan_speaks_alone_and_else_nobody() -> None:
    past = a_past()
    there = np.full(past.hours, 2.0)

    planned = stay_of(NONE, there, past, FLAT, REO)

    assert planned is not None
    assert planned.survival is REO
    assert stay_of(NONE, there, past, FLAT, None) is None


def test_who_never_leaves_is_not_known_to_stay_for_ever() -> None:
    past = a_past()

    found = stay_of(counts(np.zeros(past.hours)), np.full(past.hours, 44.0), past, FLAT, None)

    assert found is not None
    assert found.survival.mean > 365
    assert np.isfinite(found.survival.mean)


def test_a_stretched_stay_lasts_so_many_times_as_long() -> None:
    assert stretched(REO, 2).mean == pytest.approx(2 * REO.mean)
    assert stretched(exponential(0.2), 3).mean == pytest.approx(15)


def test_those_who_just_came_have_just_come() -> None:
    came = np.zeros(60 * 24)
    came[-24:] = 1.0

    days, chances = ages(came, REO)

    assert chances.sum() == pytest.approx(1)
    assert chances[days < 1].sum() > 0.97


def test_what_is_said_of_leavers_is_weighed_by_how_it_came_true() -> None:
    generator = np.random.default_rng(3)
    said = generator.integers(0, 9, 80).astype(float)
    usual = np.full(80, 4.0)

    exact = leaving(said, usual, said)
    useless = leaving(said, usual, usual)
    half = leaving(said, usual, 0.5 * said + 0.5 * usual)

    assert (exact.comes_true, exact.others) == pytest.approx((1, 0), abs=0.12)
    assert (useless.comes_true, useless.others) == pytest.approx((0, 1), abs=0.2)
    assert (half.comes_true, half.others) == pytest.approx((0.5, 0.5), abs=0.06)


def test_without_a_past_it_is_taken_that_most_of_what_is_said_comes_true() -> None:
    unknown = np.full(10, np.nan)

    assert leaving(unknown, unknown, unknown) == BEFORE
