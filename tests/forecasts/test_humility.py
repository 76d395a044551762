from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.forecasts.humility import (
    NARROWEST,
    WIDEST,
    Coverage,
    Group,
    Judged,
    Subject,
    naive_instead,
    widenings,
)
from app.forecasts.judged import Distance
from app.forecasts.runs import Kind

SUBJECT = Subject(1, "unit", "reo-flex", Kind("occupied", "bed", "observation-elderly"))
WEEK = Group("occupied", "bed", "weeks", Distance(1, 7))
FAR = Group("occupied", "bed", "weeks", Distance(29, 98))
FIRST = date(2026, 1, 1)


@pytest.mark.parametrize(
    ("runs", "points", "crps", "baseline_crps", "naive"),
    [
        (4, 28, 1.06, 1.0, True),
        (4, 28, 1.05, 1.0, False),  # not more than 5% worse
        (4, 28, 0.7, 1.0, False),
        (4, 27, 2.0, 1.0, False),  # too few points
        (3, 98, 2.0, 1.0, False),  # too few runs
        (9, 98, 0.3, 0.0, False),  # the naive was never off
    ],
)
def test_the_naive_is_served_where_the_engine_was_worse_for_long_enough(
    runs: int, points: int, crps: float, baseline_crps: float, naive: bool
) -> None:
    found = naive_instead([Judged(SUBJECT, runs, points, crps, baseline_crps)])

    assert (SUBJECT in found) == naive


def test_why_the_naive_is_served_stands_in_a_sentence() -> None:
    found = naive_instead([Judged(SUBJECT, 12, 84, 1.5, 1.2)])

    assert found[SUBJECT].startswith(
        "Over the last 60 days the engine was 25% further off here than the plain naive forecast "
        "(84 points of 12 runs)"
    )


def days(shares: list[float], group: Group = WEEK) -> list[Coverage]:
    return [Coverage(group, FIRST + timedelta(days=n), 7, share) for n, share in enumerate(shares)]


shares = st.lists(st.floats(0, 1), max_size=400)


@given(shares)
def test_a_band_is_never_corrected_beyond_its_bounds(told: list[float]) -> None:
    assert all(NARROWEST <= factor <= WIDEST for factor in widenings(days(told)).values())


@given(st.integers(1, 400))
def test_a_band_that_holds_what_it_says_stays(count: int) -> None:
    assert widenings(days([0.8] * count))[WEEK] == pytest.approx(1)


@given(shares.filter(bool), st.sampled_from([WEEK, FAR]), st.floats(0, 1))
def test_a_day_moves_a_band_by_one_percent_at_most(
    told: list[float], group: Group, next_day: float
) -> None:
    before = widenings(days(told, group))[group]
    after = widenings(days([*told, next_day], group))[group]

    assert abs(np.log(after / before)) <= (0.01 if group == WEEK else 0.005) + 1e-12


@given(shares.filter(bool), st.data())
def test_more_outside_the_band_never_makes_it_narrower(
    told: list[float], data: st.DataObject
) -> None:
    lower = [data.draw(st.floats(0, share)) for share in told]

    assert widenings(days(lower))[WEEK] >= widenings(days(told))[WEEK] - 1e-12


@given(st.permutations(range(60)))
def test_the_order_in_which_days_are_given_does_not_matter(order: list[int]) -> None:
    rows = days([n % 7 / 6 for n in range(30)]) + days([n % 5 / 4 for n in range(30)], FAR)

    assert widenings([rows[n] for n in order]) == widenings(rows)


def test_days_without_points_move_nothing() -> None:
    assert widenings([Coverage(WEEK, FIRST, 0, 0.0)]) == {}


def held(group: Group, delay: int, sigma: float) -> float:
    """Bands of a normal error of size 1, corrected by what closed `delay` days before."""
    noise = np.random.default_rng(3).normal(0, sigma, (1200, 50))
    factors = [1.0] * delay
    told: list[Coverage] = []
    for day, errors in enumerate(noise):
        inside = float((np.abs(errors) <= 1.2816 * factors[day]).mean())
        told.append(Coverage(group, FIRST + timedelta(days=day), 50, inside))
        # Walked anew every tenth day only, for the test's own speed.
        factors.append(widenings(told)[group] if day % 10 == 0 else factors[-1])
    return float(np.mean([each.c80 for each in told[700:]]))


@pytest.mark.parametrize(("group", "delay"), [(WEEK, 7), (FAR, 98)])
@pytest.mark.parametrize("sigma", [0.85, 1.0, 1.4])
def test_bands_of_a_wrong_width_come_to_hold_80_percent(
    group: Group, delay: int, sigma: float
) -> None:
    assert held(group, delay, sigma) == pytest.approx(0.8, abs=0.02)
