"""Heads by who is there and by who asks, and what a roster leaves of them."""

from datetime import date
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom

from app.forecasts.queues import answered_within, servers_for
from app.forecasts.staffing.need import (
    bearable_rates,
    by_patients,
    by_rate,
    counted,
    mean_by_patients,
    of_shift,
)
from app.forecasts.staffing.reckoned import Patients
from app.forecasts.staffing.roster import (
    Absence,
    Told,
    agreed,
    balance,
    drawn,
    learned,
    quantiles,
    there_chances,
)

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
DAY = 86400


@pytest.mark.parametrize(
    ("patients", "per_head", "at_least", "heads"),
    [
        (0, 4, 1, 1),
        (0, 4, 0, 0),
        (4, 4, 1, 1),
        (5, 4, 1, 2),
        (24, 11, 2, 3),
        (11, 1.1, 0, 10),
        (7, None, 2, 2),
    ],
)
def test_heads_are_patients_by_the_ratio_and_at_least_the_minimum(
    patients: int, per_head: float | None, at_least: int, heads: int
) -> None:
    assert by_patients(np.array([[patients]]), per_head, at_least)[0, 0] == heads


def test_a_path_tells_whole_people() -> None:
    assert counted(np.array([[8.3, 8.5, 0.2, -1.0]])).tolist() == [[8, 9, 0, 0]]


def test_the_mean_of_a_month_loses_half_a_head_to_rounding() -> None:
    patients = np.random.default_rng(1).normal(24, 5, 200_000).round()
    daily = by_patients(patients.astype(np.int64), 5, 2).mean()

    found = mean_by_patients(np.array([patients.mean()]), 5, 2)[0]

    assert found == pytest.approx(daily, abs=0.02)


@pytest.mark.parametrize("patience", [inf, 0.1])
def test_heads_for_those_who_ask_are_those_of_the_queue(patience: float) -> None:
    rates = np.array([0.0, 0.7, 4.9, 17.0, 31.0])

    found = by_rate(rates, 1 / 6, 0, 0.75, 120 / 3600, patience)

    expected = [servers_for(rate, 1 / 6, 0.75, 120 / 3600, patience) for rate in rates]
    assert found.tolist() == expected


def test_a_rate_just_borne_is_served_in_time_and_a_little_more_is_not() -> None:
    (one, two, *_) = bearable_rates(0.2, 0.9, 0.05, inf, 20.0)

    assert answered_within(two, 0.2, 2, 0.05) >= 0.9 > answered_within(two * 1.002, 0.2, 2, 0.05)
    assert one < two / 2


def test_without_a_target_heads_are_what_they_can_do() -> None:
    assert by_rate(np.array([0, 6, 6.5, 12.5]), 1 / 6, 1).tolist() == [1, 1, 2, 3]


def test_a_shift_needs_what_its_busiest_hour_needs() -> None:
    by_hour = np.array([[1, 3, 2, 5], [2, 1, 1, 1]])

    assert of_shift(by_hour, [2, 1, 1]).tolist() == [[3, 2, 5], [2, 1, 1]]


def test_who_is_there_is_beta_binomial() -> None:
    absence = Absence(0.08, 60, 900, "told")

    found = there_chances(7, absence)

    np.testing.assert_allclose(found, betabinom(7, 0.92 * 60, 0.08 * 60).pmf(range(8)), atol=1e-12)


def weeks(share: list[float], heads: int = 40) -> tuple[Told, Told]:
    starts = np.arange(len(share) * 7) * DAY
    lengths = np.full(len(starts), 8 * 3600)
    rostered = np.full(len(starts), float(heads))
    return Told(starts, lengths, np.repeat(share, 7) * heads), Told(starts, lengths, rostered)


def test_absence_is_learned_with_the_spread_between_weeks() -> None:
    even = learned(*weeks([0.05] * 12))
    waves = learned(*weeks([0.025, 0.075] * 6))

    assert even is not None
    assert waves is not None
    assert even.share == pytest.approx(0.05, abs=0.001)
    assert waves.share == pytest.approx(0.05, abs=0.001)
    assert waves.worth < even.worth
    # Weeks differ by 0.025 (x 12 / 11), of which 280 heads a week explain 0.0475 / 280 by chance.
    between = 0.025**2 * 12 / 11 - 0.0475 / 280
    assert waves.worth == pytest.approx(0.0475 / between - 1, rel=0.01)


def test_of_few_shifts_no_absence_is_learned() -> None:
    assert learned(*weeks([0.05], heads=4)) is None


def test_what_was_not_told_is_unknown_and_not_zero() -> None:
    told = Told(np.array([DAY]), np.array([3600]), np.array([3.0]))

    found = told.at(np.array([DAY, DAY + 1800, 2 * DAY]))

    assert found[:2].tolist() == [3, 3]
    assert np.isnan(found[2])


def test_the_balance_is_what_draws_of_it_come_to() -> None:
    random = np.random.default_rng(2)
    need = random.integers(2, 6, (500, 1))
    absence = Absence(0.1, 40, 900, "told")

    found = balance(need, np.array([True]), np.array([5.0]), absence, LEVELS)

    there = betabinom(5, 0.9 * 40, 0.1 * 40).rvs((500, 2000), random_state=3)
    gap = there - need
    assert found.p_short[0] == pytest.approx((gap < 0).mean(), abs=0.003)
    assert found.lacking[0] == pytest.approx(np.maximum(-gap, 0).mean(), abs=0.005)
    assert found.gap[0].tolist() == np.quantile(gap, LEVELS, method="inverted_cdf").tolist()
    assert found.available[0] == np.median(there)
    np.testing.assert_allclose(found.short[:, 0].mean(), found.p_short[0])


def test_without_a_roster_the_need_stands_alone() -> None:
    need = np.ones((10, 2), dtype=np.int64)

    found = balance(need, np.array([True, True]), np.array([np.nan, 1.0]), None, LEVELS)

    assert np.isnan(found.p_short).all()
    assert np.isnan(found.gap).all()
    assert np.isnan(found.available).all()


def test_need_is_told_in_whole_heads_that_are_enough_with_that_chance() -> None:
    need = np.repeat([1, 2, 4], [50, 40, 10])[:, None]

    assert quantiles(need, (0.5, 0.9, 0.91)).tolist() == [[1, 2, 4]]


@given(
    need=st.lists(st.integers(0, 12), min_size=4, max_size=4),
    rostered=st.integers(0, 12),
    more=st.integers(1, 4),
    share=st.floats(0.0, 0.6),
    worth=st.floats(5, 500),
)
def test_more_staff_never_widens_the_gap(
    need: list[int], rostered: int, more: int, share: float, worth: float
) -> None:
    paths, absence = np.array(need)[:, None], Absence(share, worth, 900, "told")

    few, many = (
        balance(paths, np.array([True]), np.array([float(n)]), absence, LEVELS)
        for n in (rostered, rostered + more)
    )

    assert (many.gap >= few.gap).all()
    assert many.p_short[0] <= few.p_short[0] + 1e-9
    assert many.lacking[0] <= few.lacking[0] + 1e-9
    assert many.available[0] >= few.available[0]


@given(rostered=st.integers(0, 9), chance=st.floats(0, 1), share=st.floats(0, 0.5))
def test_at_the_same_chance_more_rostered_never_means_fewer_there(
    rostered: int, chance: float, share: float
) -> None:
    both = np.array([float(rostered), float(rostered + 1)])

    few, many = drawn(both, agreed(share, "norm"), np.full((1, 2), chance))[0]

    assert few <= many


@pytest.mark.parametrize(("months", "first", "left"), [(False, 3, 2), (True, 2, 4)])
def test_people_of_units_whose_runs_begin_apart_are_put_side_by_side(
    months: bool, first: int, left: int
) -> None:
    people = Patients(date(2026, 1, 1), np.arange(5.0)[None, :], months)
    later = date(2026, 1, 1 + first) if not months else date(2026, first, 1)

    assert people.since(later).shape == (1, left)
