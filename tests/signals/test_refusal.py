"""The refusal figures, each by two ways or against a published table."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.forecasts.queues import erlang_b
from app.signals.refusal import no_place

places = st.integers(0, 40)
rates = st.floats(0, 30).map(lambda rate: round(rate, 3))


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


def test_places_below_zero_are_refused() -> None:
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
