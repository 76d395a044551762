"""Queues, each figure by two ways: closed forms, published tables and a queue that is played."""

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from math import comb, e, exp, factorial, inf, sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.forecasts.queues import (
    answered_within,
    bearable_load,
    beds_for,
    beds_with_patience,
    erlang_a,
    erlang_b,
    erlang_c,
    lost_with_patience,
    mean_wait,
    pooling_gain,
    present,
    present_chances,
    servers_for,
    square_root_servers,
)
from tests.forecasts.queue_simulation import numbers_present, play, stays_of

Floats = NDArray[np.float64]

# Chance alone goes beyond it once in some 4,000 times (Student's t of 40 batches). Seeds are fixed.
STANDARD_ERRORS = 4

loads = st.floats(0.01, 60).map(lambda load: round(load, 3))
servers = st.integers(1, 80)
patiences = st.floats(0.01, 20).map(lambda patience: round(patience, 3))
shares = st.floats(0.02, 0.98)


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


def test_loads_that_are_borne_grow_with_places() -> None:
    loads = [bearable_load(beds, 0.05) for beds in range(8)]

    assert loads[0] == 0
    assert all(less < more for less, more in pairwise(loads))


@pytest.mark.parametrize("form", ["fixed", "exponential", "heavy"])
def test_the_form_of_the_stay_does_not_matter_to_who_is_lost(form: str) -> None:
    played = play(11, load=4.0, servers=5, stays=stays_of(form, 11, 80_000))

    lost, error = played.lost()

    assert error < 0.004
    assert abs(lost - erlang_b(4.0, 5)) < STANDARD_ERRORS * error


@given(st.fractions(Fraction(1, 50), 30, max_denominator=50), st.integers(1, 60))
def test_who_waits_as_long_as_it_takes_is_erlangs_second_formula(load: Fraction, more: int) -> None:
    servers = int(load) + more
    last = load**servers / factorial(servers) * servers / (servers - load)
    before = sum(load**n / Fraction(factorial(n)) for n in range(servers))

    assert erlang_c(float(load), servers) == pytest.approx(float(last / (before + last)), rel=1e-9)


@pytest.mark.parametrize(
    ("agents", "waits", "answered", "wait_seconds"),
    [(11, 0.682, 0.390, 122.8), (12, 0.449, 0.640, 40.4), (14, 0.174, 0.888, 7.8)],
)
def test_the_textbook_calls_100_per_half_hour_of_three_minutes(
    agents: int, waits: float, answered: float, wait_seconds: float
) -> None:
    rate, handling = 100 / 1800, 180.0

    assert erlang_c(rate * handling, agents) == pytest.approx(waits, abs=5e-4)
    assert answered_within(rate, handling, agents, 20) == pytest.approx(answered, abs=5e-4)
    assert mean_wait(rate, handling, agents) == pytest.approx(wait_seconds, abs=0.05)
    assert servers_for(rate, handling, 0.80, 20) == 14


def test_what_garnett_and_others_2002_tell_of_50_agents_and_48_calls_a_minute() -> None:
    assert mean_wait(48, 1, 50) * 60 == pytest.approx(20.8, abs=0.05)
    assert answered_within(48, 1, 50, 58.1 / 60) == pytest.approx(0.90, abs=5e-4)
    assert erlang_a(48, 50, 2).lost == pytest.approx(0.031, abs=5e-4)
    assert mean_wait(48, 1, 50, 2) * 60 == pytest.approx(3.7, abs=0.05)


def test_one_server_waits_as_the_oldest_formula_says() -> None:
    assert erlang_c(0.7, 1) == pytest.approx(0.7, abs=1e-12)
    assert mean_wait(0.7, 1, 1) == pytest.approx(0.7 / 0.3, abs=1e-12)
    assert answered_within(0.7, 1, 1, 2) == pytest.approx(1 - 0.7 * exp(-0.6), abs=1e-12)


def test_from_as_much_load_as_servers_on_all_wait_and_without_end() -> None:
    assert erlang_c(5, 5) == 1
    assert mean_wait(5, 1, 5) == inf
    assert answered_within(5, 1, 5, 1e9) == 0


def states(load: float, servers: int, patience: float, most: int) -> list[Fraction]:
    """The chain's chances in exact fractions, up to `most` present."""
    chances = [Fraction(1)]
    for there in range(1, most + 1):
        waiting = max(0, there - servers)
        leave = Fraction(min(there, servers)) + waiting / Fraction(patience)
        chances.append(chances[-1] * Fraction(load) / leave)
    total = sum(chances)
    return [chance / total for chance in chances]


@pytest.mark.parametrize(
    ("load", "servers", "patience"),
    [(0.5, 2, 0.25), (2.5, 2, 8.0), (6.0, 6, 1.0), (12.0, 4, 0.5), (12.0, 4, 2.0), (3.0, 0, 2.0)],
)
def test_the_recursion_with_patience_is_the_chain_in_exact_fractions(
    load: float, servers: int, patience: float
) -> None:
    chain = states(load, servers, patience, 170)

    shares = erlang_a(load, servers, patience)

    queue = sum((there - servers) * chain[there] for there in range(servers, 171))
    assert shares.waits == pytest.approx(float(sum(chain[servers:])), abs=1e-12)
    assert shares.lost == pytest.approx(float(queue) / patience / load, abs=1e-12)


def served_in_time(load: float, servers: int, patience: float, within: float) -> float:
    """By the state that a request finds: its wait is -log of a beta, and a beta is a binomial."""
    chain = states(load, servers, patience, 170)
    still = exp(-within / patience)
    worth = round(servers * patience)
    total = float(sum(chain[:servers]))
    for k in range(171 - servers):
        trials = worth + k + 1
        in_time = sum(
            comb(trials, j) * still**j * (1 - still) ** (trials - j) for j in range(worth + 1)
        )
        total += float(chain[servers + k]) * worth / trials * in_time
    return total


@pytest.mark.parametrize("within", [0.0, 0.05, 0.4, 3.0, inf])
@pytest.mark.parametrize(
    ("load", "servers", "patience"), [(2.0, 2, 0.5), (6.5, 6, 1.0), (12.0, 4, 2.0), (3.0, 8, 2.5)]
)
def test_who_is_answered_in_time_agrees_with_a_sum_over_the_states(
    load: float, servers: int, patience: float, within: float
) -> None:
    answered = answered_within(load / 3, 3, servers, 3 * within, 3 * patience)

    assert answered == pytest.approx(served_in_time(load, servers, patience, within), abs=1e-9)


@given(loads, servers)
def test_without_patience_it_is_the_loss_model(load: float, servers: int) -> None:
    nobody, hardly = erlang_a(load, servers, 0), erlang_a(load, servers, 1e-9)

    assert nobody.lost == nobody.waits == erlang_b(load, servers)
    assert hardly.lost == pytest.approx(erlang_b(load, servers), abs=1e-6)


@given(st.floats(0.05, 0.95), servers)
def test_with_endless_patience_it_is_erlang_c(busy: float, servers: int) -> None:
    load = busy * servers

    endless, long = erlang_a(load, servers, inf), erlang_a(load, servers, 1e8)

    assert endless.lost == 0
    assert endless.waits == erlang_c(load, servers)
    assert long.waits == pytest.approx(erlang_c(load, servers), abs=1e-5)
    assert long.lost == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("patience", [1e3, 1e6, inf])
def test_an_overload_that_is_endlessly_patient_loses_what_cannot_be_served(
    patience: float,
) -> None:
    shares = erlang_a(100, 50, patience)

    assert shares.lost == pytest.approx(0.5, abs=1e-12)
    assert shares.waits == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("load", "servers", "patience"), [(8.0, 9, 0.5), (2.5, 2, 5.3), (4.0, 6, inf), (6.0, 5, 2.0)]
)
def test_a_queue_that_is_played_waits_and_loses_as_reckoned(
    load: float, servers: int, patience: float
) -> None:
    played = play(5, load, servers, stays_of("exponential", 5, 100_000), patience)
    shares = erlang_a(load, servers, patience)

    found = [played.lost(), played.waits(), played.answered(0.2), played.mean_wait()]
    said = [
        shares.lost,
        shares.waits,
        answered_within(load, 1, servers, 0.2, patience),
        mean_wait(load, 1, servers, patience),
    ]

    assert all(error < 0.02 for _, error in found)
    assert off(found, said) < STANDARD_ERRORS


def off(found: list[tuple[float, float]], said: list[float]) -> float:
    """The largest deviation, in standard errors; what has no error must be equal."""
    return max(
        abs(mean - figure) / max(error, 1e-12)
        for (mean, error), figure in zip(found, said, strict=True)
    )


@given(loads, servers, patiences)
def test_shares_are_shares_and_who_is_lost_has_waited(
    load: float, servers: int, patience: float
) -> None:
    shares = erlang_a(load, servers, patience)

    assert 0 <= shares.lost <= shares.waits <= 1
    assert 0 <= erlang_b(load, servers) <= erlang_c(load, servers) <= 1
    assert 0 <= answered_within(load, 1, servers, 0.3, patience) <= 1 - shares.lost + 1e-12


@given(loads, servers, patiences, st.floats(1.01, 5))
def test_more_patience_loses_fewer_and_makes_more_wait(
    load: float, servers: int, patience: float, times: float
) -> None:
    less, more = erlang_a(load, servers, patience), erlang_a(load, servers, patience * times)

    assert more.lost <= less.lost + 1e-13
    assert more.waits >= less.waits - 1e-13


@given(loads, servers, patiences)
def test_more_beds_never_refuse_more_and_more_servers_never_let_wait_longer(
    load: float, servers: int, patience: float
) -> None:
    few, more = erlang_a(load, servers, patience), erlang_a(load, servers + 1, patience)

    assert erlang_b(load, servers + 1) <= erlang_b(load, servers)
    assert erlang_c(load, servers + 1) <= erlang_c(load, servers)
    assert mean_wait(load, 1, servers + 1) <= mean_wait(load, 1, servers)
    assert more.lost <= few.lost + 1e-13
    assert more.waits <= few.waits + 1e-13
    assert (
        answered_within(load, 1, servers + 1, 0.1, patience)
        >= answered_within(load, 1, servers, 0.1, patience) - 1e-12
    )


@settings(max_examples=50)
@given(loads, st.floats(0.1, 0.95), st.floats(0, 1), st.sampled_from([inf, 0.2, 2.0]))
def test_the_servers_asked_for_are_enough_and_one_fewer_is_not(
    load: float, target: float, within: float, patience: float
) -> None:
    enough = servers_for(load, 1, target, within, patience)

    assert answered_within(load, 1, enough, within, patience) >= target
    assert answered_within(load, 1, enough - 1, within, patience) < target


@pytest.mark.parametrize("within", [0.0, 0.1])
@pytest.mark.parametrize("target", [0.5, 0.75, 0.9])
@pytest.mark.parametrize("load", [3.0, 10.0, 40.0, 200.0])
def test_the_square_root_rule_is_at_most_one_server_off(
    load: float, target: float, within: float
) -> None:
    exact = servers_for(load, 1, target, within)

    assert abs(square_root_servers(load, 1, target, within) - exact) <= 1


def test_the_square_root_rule_lets_22_in_a_hundred_wait_at_one_root_above_the_load() -> None:
    normal = NormalDist()
    waits = 1 / (1 + normal.cdf(1) / normal.pdf(1))

    assert waits == pytest.approx(0.2234, abs=5e-5)
    assert erlang_c(10_000, 10_100) == pytest.approx(waits, abs=2e-3)
    assert square_root_servers(10_000, 1, 1 - waits - 1e-6, 0) == 10_100


def test_no_requests_need_no_server() -> None:
    assert servers_for(0, 1, 0.9, 0) == 0


@given(st.lists(loads, min_size=1, max_size=20), shares)
def test_the_beds_asked_for_are_enough_over_the_forecast_and_one_fewer_is_not(
    sample: list[float], refused: float
) -> None:
    beds = beds_for(np.array(sample), None, refused)

    assert np.mean([erlang_b(load, beds) for load in sample]) <= refused + 1e-12
    assert np.mean([erlang_b(load, beds - 1) for load in sample]) > refused - 1e-12


@given(st.lists(st.just(0.0) | loads, min_size=1, max_size=8), st.integers(0, 80), patiences)
def test_walking_many_loads_at_once_loses_what_each_loses_alone(
    sample: list[float], servers: int, patience: float
) -> None:
    found = lost_with_patience(np.array(sample), servers, patience)

    alone = [erlang_a(load, servers, patience).lost for load in sample]
    np.testing.assert_allclose(found, alone, rtol=1e-9, atol=1e-14)


@settings(max_examples=50)
@given(st.lists(loads, min_size=1, max_size=8), shares, patiences)
def test_the_beds_for_who_waits_are_enough_and_one_fewer_is_not(
    sample: list[float], refused: float, patience: float
) -> None:
    beds = beds_with_patience(np.array(sample), None, refused, patience)

    def lost(beds: int) -> float:
        return float(np.mean([erlang_a(load, beds, patience).lost for load in sample]))

    assert lost(beds) <= refused + 1e-12
    assert beds == 1 or lost(beds - 1) > refused - 1e-12
    assert beds <= beds_for(np.array(sample), None, refused)


def test_without_patience_the_beds_are_those_of_the_loss_model() -> None:
    sample = np.random.default_rng(3).gamma(4.0, 9.0 / 4, 200)

    found = [beds_with_patience(sample, None, 0.05, patience) for patience in (0.0, 1e-9, 0.2, inf)]

    assert found[0] == found[1] == beds_for(sample, None, 0.05)
    assert found[1] > found[2] > found[3]


@pytest.mark.parametrize(("load", "patience"), [(8.0, 0.25), (3.0, 1.0)])
def test_the_beds_for_who_waits_refuse_in_a_queue_that_is_played_what_they_may(
    load: float, patience: float
) -> None:
    beds = beds_with_patience(np.array([load]), None, 0.05, patience)

    stays = stays_of("exponential", 5, 100_000)
    (kept, error), (fewer, more_error) = (
        play(5, load, places, stays, patience).lost() for places in (beds, beds - 1)
    )
    assert max(error, more_error) < 0.004
    assert kept < 0.05 + STANDARD_ERRORS * error
    assert fewer > 0.05 - STANDARD_ERRORS * more_error
    assert fewer > kept


def test_the_mean_load_understates_the_beds_for_a_load_that_is_uncertain() -> None:
    sample = np.random.default_rng(3).gamma(4.0, 9.0 / 4, 2000)

    of_the_mean = beds_for(np.array([sample.mean()]), None, 0.05)
    of_the_forecast = beds_for(sample, None, 0.05)

    assert np.mean([erlang_b(load, of_the_mean) for load in sample]) > 0.07
    assert (of_the_mean, of_the_forecast) == (14, 16)


def test_weights_are_as_good_as_repeats() -> None:
    repeated = beds_for(np.array([4.0, 9.0, 9.0, 9.0]), None, 0.03)

    assert beds_for(np.array([4.0, 9.0]), np.array([1.0, 3.0]), 0.03) == repeated


def test_three_sites_of_load_nine_need_42_beds_apart_and_33_together() -> None:
    pooling = pooling_gain([9, 9, 9], 0.05)

    assert (pooling.apart, pooling.together, pooling.gain) == (42, 33, 9)


@pytest.mark.parametrize(("beds", "load", "low"), [(14, 9, 0.0338), (33, 27, 0.0417)])
def test_that_example_holds_from_4_2_to_5_3_in_a_hundred_refused(
    beds: int, load: float, low: float
) -> None:
    assert erlang_b(load, beds) == pytest.approx(low, abs=5e-5)
    assert erlang_b(load, beds - 1) > 0.053


@given(st.lists(loads, min_size=1, max_size=5), st.floats(0.005, 0.5))
def test_a_pool_never_needs_more_beds_than_its_sites_apart(
    sites: list[float], refused: float
) -> None:
    assert pooling_gain(sites, refused).gain >= 0


NOBODY = np.empty((0, 6))


def integrated(rate: Callable[[Floats], Floats], lasts: Callable[[Floats], Floats]) -> list[float]:
    """The integral of rate(u) S(t - u) over u from 0 to t, at t = 1 .. 6, by its middles."""
    found = []
    for end in range(1, 7):
        middles = (np.arange(end * 20_000) + 0.5) / 20_000
        found.append(float((rate(middles) * lasts(end - middles)).sum() / 20_000))
    return found


@pytest.mark.parametrize(
    "lasts",
    [lambda days: np.exp(-days / 2), lambda days: np.clip(1 - days / 4, 0, 1)],
    ids=["exponential", "uniform"],
)
def test_those_who_come_are_there_as_direct_integration_says(
    lasts: Callable[[Floats], Floats],
) -> None:
    arrivals = np.array([3.0, 0.0, 5.0, 2.0, 2.0, 7.0])
    fine = (np.arange(6 * 20_000) + 0.5) / 20_000
    staying = lasts(fine).reshape(6, -1).mean(axis=1)

    expected = present(arrivals, staying, NOBODY)

    exact = integrated(lambda days: arrivals[days.astype(int)], lasts)
    np.testing.assert_allclose(expected.mean, exact, atol=1e-9)
    np.testing.assert_array_equal(expected.variance, expected.mean)


def test_a_steady_stream_of_exponential_stays_fills_as_its_closed_form_says() -> None:
    ends = np.arange(1, 41)
    staying = 5 * np.exp(-(ends - 1) / 5) * (1 - np.exp(-1 / 5))

    filled = present(np.full(40, 1.4), staying, np.exp(-np.outer([1, 1, 1], ends) / 5))

    exact = 7 * (1 - np.exp(-ends / 5)) + 3 * np.exp(-ends / 5)
    np.testing.assert_allclose(filled.mean, exact, rtol=1e-12)


@pytest.mark.parametrize("beds", [4, 8, 12])
def test_filled_up_and_cut_off_at_so_many_beds_it_is_the_loss_model(beds: int) -> None:
    days = np.arange(400)
    staying = 5 * np.exp(-days / 5) * (1 - np.exp(-1 / 5))

    filled = present(np.full(400, 1.4), staying, np.empty((0, 400)))

    chances = present_chances(float(filled.mean[-1]), np.empty(0))
    full = chances[beds] / chances[: beds + 1].sum()
    assert full == pytest.approx(erlang_b(7, beds), abs=1e-6)


def test_paths_of_arrivals_keep_their_own_rows_and_an_unknown_day_stays_unknown() -> None:
    staying = np.array([0.8, 0.5, 0.2])
    paths = np.array([[1.0, 2.0, 3.0], [1.0, np.nan, 3.0]])

    both = present(paths, staying, np.array([[0.9, 0.4, 0.1]]))

    assert both.mean[0].tolist() == pytest.approx([1.7, 2.5, 3.7])
    assert np.isnan(both.mean).tolist() == [[False] * 3, [True, True, True]]


def test_the_numbers_that_are_played_have_the_mean_variance_and_chances_reckoned() -> None:
    arrivals = np.array([2.0, 0.5, 3.0, 1.0])
    stays = np.random.default_rng(8).lognormal(0.6, 0.8, 2000)
    fine = (np.arange(4000) + 0.5) / 1000
    staying = (stays[:, None] > fine).mean(axis=0).reshape(4, -1).mean(axis=1)
    remains = np.random.default_rng(9).exponential([1.5, 3.0, 6.0], (40_000, 3))
    remaining = np.exp(-np.arange(1, 5) / np.array([[1.5], [3.0], [6.0]]))

    played = numbers_present(10, 40_000, arrivals, stays, remains)
    reckoned = present(arrivals, staying, remaining)
    chances = present_chances(float(reckoned.mean[3] - remaining[:, 3].sum()), remaining[:, 3])

    errors = np.sqrt(reckoned.variance / 40_000)
    found = np.bincount(played[:, 3], minlength=len(chances))[: len(chances)] / 40_000
    assert (np.abs(played.mean(axis=0) - reckoned.mean) < STANDARD_ERRORS * errors).all()
    np.testing.assert_allclose(played.var(axis=0), reckoned.variance, rtol=0.04)
    assert (
        np.abs(found - chances) < STANDARD_ERRORS * np.sqrt(chances / 40_000) + 1 / 40_000
    ).all()


@given(st.floats(0, 200), st.lists(st.floats(0, 1), max_size=30))
def test_the_whole_distribution_has_the_mean_and_variance_of_its_parts(
    came: float, remaining: list[float]
) -> None:
    chances = present_chances(came, np.array(remaining))

    numbers = np.arange(len(chances))
    mean = chances @ numbers
    spread = sum(chance * (1 - chance) for chance in remaining)
    assert (chances >= 0).all()
    assert chances.sum() == pytest.approx(1, abs=1e-12)
    assert mean == pytest.approx(came + sum(remaining), abs=1e-9)
    assert chances @ (numbers - mean) ** 2 == pytest.approx(came + spread, abs=1e-8)


def test_the_distribution_is_the_binomial_and_the_poisson_at_its_ends() -> None:
    alike = present_chances(0, np.full(5, 0.3))
    nobody = present_chances(2.5, np.empty(0))
    many = present_chances(5000, np.empty(0))

    assert alike.tolist() == pytest.approx([comb(5, k) * 0.3**k * 0.7 ** (5 - k) for k in range(6)])
    assert nobody[:4].tolist() == pytest.approx([e**-2.5 * 2.5**k / factorial(k) for k in range(4)])
    assert many[5000] == pytest.approx(1 / sqrt(2 * np.pi * 5000), rel=1e-4)


def refused_calls() -> dict[str, Callable[[], object]]:
    one = np.ones(1)
    return {
        "load is -1": lambda: erlang_b(-1, 2),
        "places is -2": lambda: erlang_b(1, -2),
        "load is nan": lambda: erlang_c(float("nan"), 2),
        "load is infinite": lambda: erlang_a(inf, 2, 1),
        "patience is -1": lambda: erlang_a(1, 2, -1),
        "give math.inf": lambda: erlang_a(1e6, 1_000_000, 1e12),
        "refused is 1": lambda: bearable_load(2, 1.0),
        "handling is 0": lambda: mean_wait(1, 0, 2),
        "within is -1": lambda: answered_within(1, 1, 2, -1),
        "target_share is 1.5": lambda: servers_for(1, 1, 1.5, 0),
        "target_share is 0": lambda: square_root_servers(1, 1, 0, 0),
        "give \\[n\\] twice": lambda: beds_for(one, np.ones(2), 0.1),
        "not all 0": lambda: beds_for(one, np.zeros(1), 0.1),
        "Loads lie between": lambda: beds_for(np.array([np.nan]), None, 0.1),
        "not walked through": lambda: lost_with_patience(1e6 * one, 1_000, 1e12),
        "patience is -2": lambda: beds_with_patience(one, None, 0.1, -2),
        "refused is 0": lambda: pooling_gain([1], 0),
        "need staying": lambda: present(np.ones(3), np.ones(2), np.ones((1, 3))),
        "Arrivals are at least 0": lambda: present(-one, one, np.ones((1, 1))),
        "one per person": lambda: present_chances(1, np.array([1.2])),
    }


@pytest.mark.parametrize("problem", refused_calls().keys())
def test_what_makes_no_sense_is_refused_with_its_name(problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        refused_calls()[problem]()
