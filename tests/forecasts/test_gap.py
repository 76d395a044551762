"""Supply less demand: what is short, how probably, and what stays unknown."""

from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.forecasts.baseline import QUANTILES
from app.forecasts.gap import against_forecast, against_plan

Floats = NDArray[np.float64]


def normal(*spreads: tuple[float, float]) -> Floats:
    return np.array([[NormalDist(m, s).inv_cdf(p) for p in QUANTILES] for m, s in spreads])


def test_the_gap_is_supply_less_demand_with_its_quantiles_turned_round() -> None:
    gap = against_plan(np.array([[6.0, 10.0, 13.0]]), [12.0], (0.1, 0.5, 0.9), whole=False)

    assert gap.quantiles.tolist() == [[-1.0, 2.0, 6.0]]


@given(st.floats(-1.9, 1.9))
def test_the_chance_of_being_short_is_that_of_the_normal_it_was_made_from(z: float) -> None:
    gap = against_plan(normal((50, 8)), [50 + 8 * z], QUANTILES, whole=False)

    assert gap.short[0] == pytest.approx(1 - NormalDist().cdf(z), abs=0.006)


def test_beyond_the_outer_levels_it_says_no_more_than_they_do() -> None:
    gap = against_plan(normal((50, 8), (50, 8)), [500.0, 0.0], QUANTILES, whole=False)

    assert gap.short.tolist() == pytest.approx([0.025, 0.975])


def test_two_places_are_short_only_when_a_third_person_comes() -> None:
    demand = normal((2.0, 0.8))

    whole = against_plan(demand, [2], QUANTILES, whole=True).short[0]
    bare = against_plan(demand, [2], QUANTILES, whole=False).short[0]

    assert whole == pytest.approx(1 - NormalDist(2, 0.8).cdf(2.5), abs=0.01)
    assert bare == pytest.approx(0.5)


def test_mass_on_the_floor_is_not_above_a_supply_of_zero() -> None:
    demand = np.maximum(normal((0.0, 1.0)), 0)

    assert against_plan(demand, [0], QUANTILES, whole=False).short[0] == pytest.approx(0.5)


def test_an_unknown_supply_gives_an_unknown_gap_and_never_a_zero() -> None:
    gap = against_plan(normal((5, 1), (5, 1), (5, 1)), [None, 4.0, np.nan], QUANTILES, whole=True)

    assert np.isnan(gap.short).tolist() == [True, False, True]
    assert np.isnan(gap.quantiles).all(axis=1).tolist() == [True, False, True]
    assert gap.worst == 1


def test_an_unknown_demand_gives_an_unknown_gap() -> None:
    demand = normal((5, 1), (5, 1))
    demand[0, 3] = np.nan

    gap = against_plan(demand, [9, 9], QUANTILES, whole=True)

    assert np.isnan(gap.short).tolist() == [True, False]
    assert np.isnan(gap.quantiles[0]).all()


def test_when_nothing_is_known_no_day_is_the_worst() -> None:
    assert against_plan(normal((5, 1)), [None], QUANTILES, whole=True).worst is None


@pytest.mark.parametrize(
    ("supply", "worst"), [([9, 4, 6], 1), ([99, 98, 97], 2), ([99, 99, 99], 0)]
)
def test_the_worst_day_is_the_likeliest_then_the_tightest_then_the_first(
    supply: list[float], worst: int
) -> None:
    assert against_plan(normal(*[(5, 1)] * 3), supply, QUANTILES, whole=True).worst == worst


@given(st.floats(-10, 10), st.floats(1, 6), st.floats(1, 6))
def test_two_normal_forecasts_differ_as_their_closed_form_says(
    margin: float, demand: float, supply: float
) -> None:
    gap = against_forecast(
        normal((50, demand)), normal((50 + margin, supply)), QUANTILES, whole=False
    )

    exact = NormalDist(margin, sqrt(demand**2 + supply**2))
    assert gap.short[0] == pytest.approx(min(max(exact.cdf(0), 0.025), 0.975), abs=0.02)
    assert gap.quantiles[0, 10] == pytest.approx(margin, abs=0.05)
    assert gap.quantiles[0, 2] == pytest.approx(exact.inv_cdf(0.1), abs=0.3)


def test_a_certain_supply_forecast_equals_the_plan() -> None:
    demand = normal((5, 2), (8, 2))

    plan = against_plan(demand, [6, 6], QUANTILES, whole=True)
    forecast = against_forecast(demand, np.full_like(demand, 6.0), QUANTILES, whole=True)

    np.testing.assert_allclose(forecast.short, plan.short)
    np.testing.assert_allclose(forecast.quantiles[:, 2:-2], plan.quantiles[:, 2:-2], atol=0.1)


def test_an_unknown_day_in_the_supply_forecast_stays_unknown() -> None:
    supply = normal((6, 1), (6, 1))
    supply[1] = np.nan

    gap = against_forecast(normal((5, 1), (5, 1)), supply, QUANTILES, whole=True)

    assert np.isnan(gap.short).tolist() == [False, True]


@given(st.lists(st.floats(0, 30), min_size=2, max_size=30))
def test_more_supply_never_makes_a_shortage_likelier(supplies: list[float]) -> None:
    plan = sorted(supplies)

    short = against_plan(normal(*[(10, 4)] * len(plan)), plan, QUANTILES, whole=True).short

    assert (np.diff(short) <= 1e-12).all()


@pytest.mark.parametrize(
    ("demand", "supply", "levels", "problem"),
    [
        (np.ones((2, 3)), [1.0, 1.0], (0.1, 0.5), "Demand has shape"),
        (np.ones((2, 3)), [1.0], (0.1, 0.5, 0.9), "Supply has shape"),
        (np.ones((1, 3)), [1.0], (0.1, 0.5, 0.8), "symmetric"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    demand: Floats, supply: list[float], levels: tuple[float, ...], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        against_plan(demand, supply, levels, whole=True)
