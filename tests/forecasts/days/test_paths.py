from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.forecasts.days.arrivals import Rate
from app.forecasts.days.clock import Cells
from app.forecasts.days.departures import Stay, exponential
from app.forecasts.days.hours import HOUR, WEEK
from app.forecasts.days.paths import Paths, Said, coming, drawn
from app.forecasts.queues import erlang_b, present, present_chances
from app.forecasts.stay import Survival
from tests.forecasts.days.test_departures import REO

MANY = 6000
STANDARD_ERRORS = 4
FLAT = np.ones(WEEK)
NONE_CAME = np.zeros(60 * 24)


def hours(count: int = 72, first: int = 0) -> Cells:
    """Whole hours of a clock that never changes."""
    number = first + np.arange(count)
    return Cells((first + np.arange(count + 1)) * HOUR, number % WEEK, number // 24 - first // 24)


def a_rate(an_hour: float, dispersion: float = 0.0, certainty: float = inf) -> Rate:
    return Rate(FLAT * an_hour, certainty, dispersion, 100.0, 100.0)


def a_stay(survival: Survival, form: str = "hazard", certainty: float = inf) -> Stay:
    return Stay(FLAT, survival, certainty, 0.0, "hazard" if form == "hazard" else "planned-stay", 9)


def paths(
    rate: Rate,
    stay: Stay,
    there: int,
    *,
    seed: int = 1,
    count: int = MANY,
    said: tuple[Said, ...] = (),
) -> Paths:
    chance = np.random.default_rng(seed)
    return drawn(chance, hours(), there, rate, stay, NONE_CAME, said, count)


def test_paths_agree_with_the_closed_form_of_people_who_come_and_stay() -> None:
    a_day, mean_days, there = 6.0, 2.5, 15
    survival = exponential(1 / mean_days)

    found = paths(a_rate(a_day / 24), a_stay(survival), there).there[:, 1:]

    ahead = np.arange(1, 73) / 24
    remaining = np.tile(np.exp(-ahead / mean_days), (there, 1))
    expected = present(np.full(72, a_day / 24), survival.over_steps(72, 1 / 24), remaining)
    error = np.sqrt(expected.variance / MANY)
    assert (np.abs(found.mean(axis=0) - expected.mean) < STANDARD_ERRORS * error).all()
    spread = found.var(axis=0) / expected.variance
    assert (np.abs(spread - 1) < STANDARD_ERRORS * sqrt(2 / MANY) * 1.3).all()


def test_the_chance_of_each_number_present_agrees_with_the_closed_form() -> None:
    a_day, mean_days, there = 1.0, 4.0, 2
    survival = exponential(1 / mean_days)

    found = paths(a_rate(a_day / 24), a_stay(survival), there).there[:, 48]

    came = a_day * mean_days * (1 - np.exp(-2 / mean_days))
    expected = present_chances(came, np.full(there, np.exp(-2 / mean_days)))[:6]
    shares = np.bincount(found, minlength=6)[:6] / MANY
    error = np.sqrt(expected * (1 - expected) / MANY)
    assert (np.abs(shares - expected) < STANDARD_ERRORS * error).all()


def test_the_chance_that_more_is_asked_than_can_be_done_is_that_of_poisson() -> None:
    an_hour, most = 7.0, 9

    found = coming(np.random.default_rng(11), a_rate(an_hour), hours(), MANY)

    expected = 1 - present_chances(an_hour, np.empty(0))[: most + 1].sum()
    error = sqrt(expected * (1 - expected) / found.size)
    assert abs((found > most).mean() - expected) < STANDARD_ERRORS * error


def test_a_planned_stay_agrees_with_its_convolution() -> None:
    came = NONE_CAME.copy()
    came[-4 * 24] = 1000.0
    cells, there = hours(), 8
    stay = a_stay(REO, "planned-stay")

    found = drawn(np.random.default_rng(4), cells, there, a_rate(0.02), stay, came, (), MANY)

    # They came four days ago, at half past the hour.
    stayed = np.full(there, 4 - 0.5 / 24)
    staying = np.minimum(REO.over_steps(72, 1 / 24), 1.0)
    remaining = REO.remaining(stayed, np.arange(1, 73) / 24)
    expected = present(np.full(72, 0.02), staying, remaining)
    error = np.sqrt(expected.variance / MANY)
    off = np.abs(found.there[:, 1:].mean(axis=0) - expected.mean)
    assert (off[5:] < STANDARD_ERRORS * error[5:] + 0.02).all()


def test_a_full_system_without_waiting_is_read_from_the_paths_as_erlang_has_it() -> None:
    load, servers = 3.0, 4
    stay = a_stay(exponential(12.0))  # two hours

    found = paths(a_rate(load / 2), stay, 3).there[:, 60:].ravel()

    # Of a system that refuses, the numbers are those of one that does not, cut off at its places.
    lost = (found == servers).sum() / (found <= servers).sum()
    assert lost == pytest.approx(erlang_b(load, servers), abs=0.01)


def test_days_differ_as_the_dispersion_says() -> None:
    rate = a_rate(1.0, dispersion=0.3)

    found = coming(np.random.default_rng(5), rate, hours(), MANY)

    of_day = found[:, :24].sum(axis=1)
    assert of_day.mean() == pytest.approx(24, rel=0.03)
    assert of_day.var() == pytest.approx(24 + 0.3 * 24**2, rel=0.1)


def test_a_level_that_is_hardly_known_widens_all_days_alike() -> None:
    found = coming(np.random.default_rng(6), a_rate(1.0, certainty=4.0), hours(), MANY)

    one, two = found[:, :24].sum(axis=1), found[:, 48:].sum(axis=1)
    assert one.var() == pytest.approx(24 + 24**2 / 4, rel=0.1)
    assert np.corrcoef(one, two)[0, 1] == pytest.approx(144 / 168, abs=0.05)


def test_who_is_said_to_leave_leaves_on_that_day_if_it_comes_true() -> None:
    said = (Said(0, 3, 1.0, 0.0), Said(1, 4, 1.0, 0.0))

    found = paths(a_rate(0.0), a_stay(exponential(1e-9)), 9, said=said, count=50)

    by_day = found.departures.reshape(50, 3, 24).sum(axis=2)
    assert (by_day == [3, 4, 0]).all()


def test_who_is_planned_comes_on_that_day_beside_what_is_left_of_the_others() -> None:
    planned = (Said(0, 3, 1.0, 0.0), Said(1, 10, 0.5, 0.4))
    chance = np.random.default_rng(12)
    rate, stay = a_rate(0.5), a_stay(exponential(1e-9))

    found = drawn(chance, hours(), 0, rate, stay, NONE_CAME, (), 2000, planned=planned)

    by_day = found.arrivals.reshape(2000, 3, 24).sum(axis=2)
    assert (by_day[:, 0] == 3).all()
    assert by_day[:, 1].mean() == pytest.approx(10 * 0.5 + 12 * 0.4, rel=0.03)
    assert by_day[:, 1].var() == pytest.approx(10 * 0.25 + 12 * 0.4, rel=0.15)
    assert by_day[:, 2].mean() == pytest.approx(12, rel=0.03)


def test_nobody_leaves_who_is_not_there() -> None:
    said = (Said(0, 30, 1.0, 1.0),)

    found = paths(a_rate(0.0), a_stay(exponential(5.0)), 7, said=said, count=50)

    assert found.departures.sum(axis=1).tolist() == [7] * 50
    assert found.there.min() == 0


def test_nobody_there_and_nobody_coming_stays_so() -> None:
    found = paths(a_rate(0.0), a_stay(exponential(1.0)), 0, count=20)

    assert not found.there.any()


def test_the_same_seed_draws_the_same_bytes() -> None:
    rate, stay = a_rate(0.4, 0.1, 50.0), a_stay(exponential(0.3), certainty=20.0)

    one, again = paths(rate, stay, 6, seed=9), paths(rate, stay, 6, seed=9)
    other = paths(rate, stay, 6, seed=10)

    assert one.there.tobytes() == again.there.tobytes()
    assert one.there.tobytes() != other.there.tobytes()


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 40),
    st.floats(0, 6),
    st.floats(0.01, 20),
    st.floats(0, 2),
    st.integers(0, 167),
    st.integers(0, 12),
)
def test_hours_sum_to_shifts_and_shifts_to_days_on_every_path(
    there: int, an_hour: float, a_day: float, dispersion: float, first: int, said: int
) -> None:
    cells = hours(72, first)
    rate, stay = a_rate(an_hour, dispersion, 3.0), a_stay(exponential(a_day), certainty=2.0)
    leave = [Said(0, said, 0.7, 0.5)]

    found = drawn(np.random.default_rng(7), cells, there, rate, stay, NONE_CAME, leave, 30)
    shifts = found.steps(range(0, 73, 8))
    days = found.steps(range(0, 73, 24))

    for each in (found, shifts, days):
        net = each.arrivals - each.departures
        np.testing.assert_array_equal(each.there[:, 1:], each.there[:, :-1] + net)
        assert (each.there >= 0).all()
    assert (shifts.arrivals.reshape(30, 3, 3).sum(axis=2) == days.arrivals).all()
    assert (shifts.departures.reshape(30, 3, 3).sum(axis=2) == days.departures).all()
    assert (found.arrivals.sum(axis=1) == days.arrivals.sum(axis=1)).all()
    together = found + found
    assert (together.there == 2 * found.there).all()
