"""The refusal figures, each by two ways or against a published table."""

from fractions import Fraction
from itertools import pairwise
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.signals.refusal import bearable_load, erlang_b, no_place

places = st.integers(0, 40)
rates = st.floats(0, 30).map(lambda rate: round(rate, 3))


def closed_form(load: Fraction, places: int) -> Fraction:
    terms = [load**n / factorial(n) for n in range(places + 1)]
    return terms[-1] / sum(terms)


@given(st.fractions(0, 40, max_denominator=50), st.integers(0, 60))
def test_the_recursion_is_erlangs_closed_form(load: Fraction, places: int) -> None:
    assert erlang_b(float(load), places) == pytest.approx(float(closed_form(load, places)))


@pytest.mark.parametrize(("stay_days", "lost"), [(9, 0.47), (5, 0.28), (3, 0.16)])
def test_the_losses_of_100_requests_a_year_on_2_beds(stay_days: int, lost: float) -> None:
    assert erlang_b(100 / 365 * stay_days, 2) == pytest.approx(lost, abs=0.005)


@pytest.mark.parametrize(
    ("beds", "a_week", "occupied"),
    [(2, 0.30, 0.18), (4, 1.2, 0.36), (8, 3.5, 0.54), (20, 11.9, 0.72)],
)
def test_what_beds_carry_at_nine_days_and_five_in_a_hundred_refused(
    beds: int, a_week: float, occupied: float
) -> None:
    load = bearable_load(beds, 0.05)

    assert load / 9 * 7 == pytest.approx(a_week, abs=0.05)
    assert load * 0.95 / beds == pytest.approx(occupied, abs=0.005)


def test_four_beds_refuse_57_in_a_hundred_at_the_folklore_85() -> None:
    loads = np.linspace(1, 40, 40_000)
    occupied = [load * (1 - erlang_b(load, 4)) / 4 for load in loads]
    at_85 = loads[int(np.searchsorted(occupied, 0.85))]

    assert erlang_b(at_85, 4) == pytest.approx(0.57, abs=0.005)


def by_small_steps(taken: int, free: int, requests: float, leaving: float, hours: float) -> float:
    places = taken + free
    leave = leaving / taken if taken else 0.0
    chance = np.zeros(places + 1)
    chance[taken] = 1.0
    steps = 20_000
    step = hours / 24 / steps
    there = np.arange(places + 1)
    full = 0.0
    for _ in range(steps):
        full += chance[-1] / steps
        up = requests * chance[:-1] * step
        down = leave * there[1:] * chance[1:] * step
        chance[:-1] += down - up
        chance[1:] += up - down
    return full


def reckoned(taken: int, free: int, requests: float, leaving: float, hours: float = 24.0) -> float:
    chance = no_place(taken, free, requests, leaving, hours)
    assert chance is not None
    return chance


@pytest.mark.parametrize(
    ("taken", "free", "requests", "leaving"),
    [(1, 1, 0.3, 0.11), (2, 0, 0.3, 0.2), (7, 1, 3.0, 1.5), (30, 3, 6.0, 4.0), (0, 2, 5.0, 0.0)],
)
def test_the_coming_day_agrees_with_small_steps(
    taken: int, free: int, requests: float, leaving: float
) -> None:
    assert reckoned(taken, free, requests, leaving) == pytest.approx(
        by_small_steps(taken, free, requests, leaving, 24), abs=1e-3
    )


def test_in_the_long_run_it_is_erlangs_loss() -> None:
    stay_days, requests, beds = 9, 1.2 / 7, 4

    long_run = reckoned(2, 2, requests, 2 / stay_days, hours=24 * 5000)

    assert long_run == pytest.approx(erlang_b(requests * stay_days, beds), abs=2e-3)


@given(places, places, rates, rates)
def test_it_is_a_chance_that_rises_with_requests_and_falls_with_places(
    taken: int, free: int, requests: float, leaving: float
) -> None:
    chances = [reckoned(taken, free, rate, leaving) for rate in (requests, requests + 1)]
    more = reckoned(taken, free + 1, requests, leaving)

    assert all(0 <= chance <= 1 for chance in chances)
    assert chances[0] <= chances[1] + 1e-9
    assert more <= chances[0] + 1e-9


def test_nothing_free_and_nobody_leaving_is_certain() -> None:
    assert reckoned(3, 0, 2.0, 0.0) == pytest.approx(1)
    assert reckoned(0, 0, 0.0, 0.0) == 1
    assert reckoned(3, 2, 0.0, 0.0) == 0


def test_loads_that_are_borne_grow_with_places() -> None:
    loads = [bearable_load(beds, 0.05) for beds in range(8)]

    assert loads[0] == 0
    assert all(less < more for less, more in pairwise(loads))


@pytest.mark.parametrize("wrong", [(-1.0, 2), (1.0, -2)])
def test_a_load_below_zero_is_refused(wrong: tuple[float, int]) -> None:
    with pytest.raises(ValueError, match="at least 0"):
        erlang_b(*wrong)


def test_a_share_outside_0_to_1_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        bearable_load(2, 1.0)
    with pytest.raises(ValueError, match="at least 0"):
        no_place(-1, 2, 1.0, 1.0)


@pytest.mark.parametrize(
    ("taken", "free", "requests", "leaving"),
    [
        (99_999, 99_999, 10.0, 16_000.0),
        (99_999, 3, 16_000.0, 16_000.0),
        (1, 0, 2_399_976.0, 99_999.0),
        (1, 99_999, 2_399_976.0, 99_999.0),
    ],
)
def test_a_slip_of_the_keys_costs_nobody_seconds(
    taken: int, free: int, requests: float, leaving: float
) -> None:
    # The first took 100 seconds of the processor before.
    chance = no_place(taken, free, requests, leaving)

    assert chance is None or chance == 0


def test_a_great_pool_is_reckoned_as_a_small_one_is() -> None:
    taken, free, requests, leaving = 990, 10, 60.0, 45.0
    seeds = np.random.default_rng(7)

    chance = reckoned(taken, free, requests, leaving)
    found = [simulated(seeds, taken, free, requests, leaving) for _ in range(600)]

    assert chance == pytest.approx(np.mean(found), abs=0.03)


def simulated(
    chance: np.random.Generator, taken: int, free: int, requests: float, leaving: float
) -> float:
    """The share of a day that all is taken, event by event."""
    places, at, full, there = taken + free, 0.0, 0.0, taken
    while at < 1:
        rates = np.array([requests, leaving / taken * there])
        stays = min(chance.exponential(1 / rates.sum()), 1 - at)
        full += stays * (there == places)
        at += stays
        comes = chance.random() < rates[0] / rates.sum()
        there = min(there + 1, places) if comes else there - 1
    return full
