"""Cohorts: nobody is lost or made, and ratios that are known are found again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.planning.cohort import (
    FEWEST_DRAWS,
    IMPROVEMENT,
    Mortality,
    banded,
    change_ratios,
    projected,
    step,
)

Floats = NDArray[np.float64]
AGES = 100


def a_stationary_place(years: int = 30, births: float = 1000.0) -> Floats:
    """Both sexes alike: as many are born each year, and 1% of each age die."""
    by_age = births * 0.99 ** np.arange(AGES)
    by_age[-1] /= 0.01  # the open age: all who came to it, and are left
    return np.tile(by_age, (2, years, 1))


def test_a_closed_population_by_hand() -> None:
    people = np.array([100.0, 50.0, 20.0])

    year = step(people, np.array([0.1, 0.2, 0.5]), np.zeros(3), np.array(30.0))

    np.testing.assert_allclose(year.lost, [10, 10, 10])
    np.testing.assert_allclose(year.people, [30, 90, 40 + 10])


@given(st.integers(0, 2**32 - 1))
def test_the_step_conserves_every_person(seed: int) -> None:
    rng = np.random.default_rng(seed)
    people, came = rng.gamma(1, 1000, (2, 12)), rng.normal(0, 500, (2, 12))

    year = step(people, rng.random((2, 12)), came, rng.gamma(1, 100, 2))

    balance = people.sum() - year.lost.sum() + year.born.sum() + year.came.sum()
    assert year.people.sum() == pytest.approx(balance, rel=1e-12)
    assert (year.people >= 0).all()


def test_no_more_leave_than_there_are() -> None:
    year = step(np.array([10.0, 10.0]), np.zeros(2), np.array([0.0, -50.0]), np.array(0.0))

    np.testing.assert_allclose(year.people, [0, 0])
    np.testing.assert_allclose(year.came, [0, -20])


@pytest.mark.parametrize("share", [-0.01, 1.01, np.nan])
def test_a_rate_that_makes_people_of_nobody_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        step(np.ones(3), np.full(3, share), np.zeros(3), np.array(0.0))


def test_ratios_that_are_constant_are_found_again() -> None:
    people = a_stationary_place()

    ratios = change_ratios(people)

    np.testing.assert_allclose(ratios, np.full((2, AGES - 1), 0.99), rtol=1e-3)


def test_a_stationary_population_stays_as_it_is_without_improvement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.planning.cohort.MOST_IMPROVEMENT", 0.0)
    people = a_stationary_place()

    ahead = projected(people, 2024, 20, women=1)

    np.testing.assert_allclose(ahead.middle, people[:, -1:].repeat(20, axis=1), rtol=2e-3)
    assert ahead.years == tuple(range(2025, 2045))


def test_with_mortality_that_is_told_the_old_are_who_it_leaves() -> None:
    people = a_stationary_place()
    half = Mortality((2024,), np.full((2, 1, AGES), 0.5))

    ahead = projected(people, 2024, 1, women=1, mortality=half)

    np.testing.assert_allclose(ahead.middle[:, 0, 80:-1], people[:, -1, 79:-2] * 0.5)


def test_a_small_place_is_drawn_to_the_nation() -> None:
    nation = a_stationary_place(births=100_000)
    small = a_stationary_place(births=10)
    small[:, 1::2, 30] = 0

    alone = change_ratios(small)[0, 29]
    drawn = change_ratios(small, nation)[0, 29]

    assert abs(drawn - 0.99) < 0.02
    assert abs(drawn - 0.99) < abs(alone - 0.99)


def test_the_band_of_the_people_widens_with_the_years() -> None:
    rng = np.random.default_rng(1)
    people = a_stationary_place(40) * np.exp(np.cumsum(rng.normal(0, 0.003, (2, 40, 1)), axis=1))

    drawn = projected(people, 2024, 15, women=1).draws(FEWEST_DRAWS, 0).sum(axis=(1, 3))

    low, high = np.quantile(drawn, [0.1, 0.9], axis=0)
    width = high - low
    assert width[14] > width[4] > width[0] > 0


def test_equal_seeds_draw_the_same_people_and_few_draws_are_refused() -> None:
    ahead = projected(a_stationary_place(), 2024, 3, women=1)

    assert ahead.draws(1000, 7).tobytes() == ahead.draws(1000, 7).tobytes()
    assert ahead.draws(1000, 7).tobytes() != ahead.draws(1000, 8).tobytes()
    with pytest.raises(ValueError, match="too few"):
        ahead.draws(999, 0)


def test_without_a_past_the_doubt_is_ours_and_says_so() -> None:
    ahead = projected(a_stationary_place(3), 2024, 5, women=1)

    assert not ahead.learned
    assert IMPROVEMENT == 0.015


def test_what_is_no_table_of_people_is_refused() -> None:
    with pytest.raises(ValueError, match="two years or more"):
        projected(np.ones((2, 1, AGES)), 2024, 5)
    with pytest.raises(ValueError, match="no fewer than 0"):
        projected(np.full((2, 3, AGES), np.nan), 2024, 5)


def test_bands_add_up_what_they_hold() -> None:
    summed = banded(np.arange(10.0), [0, 4, 9])

    np.testing.assert_allclose(summed, [6, 30, 9])
