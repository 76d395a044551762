"""The years: the formula by hand, and uncertainties whose quantiles are known in closed form."""

from math import exp, log, sqrt
from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray

from app.planning.demography import Factor, Need, NotCovered, Population, Use, need

Floats = NDArray[np.float64]
YEARS = (2026, 2030, 2040)
PEOPLE = np.array([[1000.0, 200.0], [1050.0, 260.0], [1000.0, 400.0]])
USE = Use(rate=np.array([0.02, 0.3]), stay=np.array([5.0, 9.0]))
CERTAIN = Factor(1, 1, 1, "test")
Z90 = NormalDist().inv_cdf(0.9)


def asked(
    population: Population | None = None,
    *,
    years: tuple[int, ...] = YEARS,
    drift: Factor = CERTAIN,
    stay: Factor = CERTAIN,
    noise: Factor = CERTAIN,
    occupancy: float = 1.0,
    level: float | None = None,
    seed: int = 0,
) -> Need:
    return need(
        years,
        population or Population(YEARS, PEOPLE),
        USE,
        base_year=2026,
        occupancy=occupancy,
        drift=drift,
        stay=stay,
        noise=noise,
        level=level,
        seed=seed,
    )


def by_hand(people: Floats) -> Floats:
    days: Floats = people[:, 0] * 0.02 * 5 + people[:, 1] * 0.3 * 9
    return days / 365


def test_without_doubt_all_quantiles_are_the_formula() -> None:
    answer = asked(occupancy=0.8)

    np.testing.assert_allclose(answer.quantiles, by_hand(PEOPLE)[:, None].repeat(3, 1) / 0.8)
    assert answer.uncovered == ()


def test_a_certain_drift_and_stay_compound_over_the_years() -> None:
    answer = asked(drift=Factor(1.01, 1.01, 1.01, "test"), stay=Factor(0.98, 0.98, 0.98, "test"))

    grown = by_hand(PEOPLE) * (1.01 * 0.98) ** np.array([0, 4, 14])
    np.testing.assert_allclose(answer.quantiles[:, 1], grown)


def test_a_doubtful_drift_alone_gives_the_quantiles_of_its_lognormal() -> None:
    answer = asked(drift=Factor(0.98, 1.005, 1.02, "test"))

    t = np.array([0, 4, 14])[:, None]
    exact = by_hand(PEOPLE)[:, None] * np.array([0.98, 1.005, 1.02]) ** t
    np.testing.assert_allclose(answer.quantiles, exact, rtol=2e-3)


def test_two_lognormal_doubts_add_their_variances() -> None:
    spread = {"p10": exp(-0.01), "p50": 1.0, "p90": exp(0.01)}
    answer = asked(
        drift=Factor(**spread, source="test"),
        noise=Factor(exp(-0.1), 1.0, exp(0.1), "test"),
    )

    sigma = sqrt((14 * 0.01) ** 2 + 0.1**2) / Z90
    exact = [exp(log(by_hand(PEOPLE)[2]) + z * sigma) for z in (-Z90, 0, Z90)]
    np.testing.assert_allclose(answer.quantiles[2], exact, rtol=0.015)


def test_the_variants_of_the_population_are_its_own_p10_and_p90() -> None:
    low, high = PEOPLE * 0.9, PEOPLE * 1.2

    answer = asked(Population(YEARS, PEOPLE, p10=low, p90=high))

    exact = np.column_stack([by_hand(low), by_hand(PEOPLE), by_hand(high)])
    np.testing.assert_allclose(answer.quantiles, exact, rtol=2e-3)


def test_the_level_observed_in_the_base_year_is_met_and_carried_on() -> None:
    answer = asked(level=30.0, occupancy=0.75)

    growth = by_hand(PEOPLE) / by_hand(PEOPLE)[0]
    np.testing.assert_allclose(answer.quantiles[:, 1], 30 * growth / 0.75)


def test_a_year_that_the_table_does_not_hold_is_unknown_and_named() -> None:
    people = PEOPLE.copy()
    people[1, 0] = np.nan

    answer = asked(Population(YEARS, people), years=(2026, 2030, 2035, 2040))

    assert np.isnan(answer.quantiles).all(axis=1).tolist() == [False, True, True, False]
    assert answer.uncovered == (2030, 2035)


def test_without_its_base_year_a_level_cannot_be_joined() -> None:
    later = Population(YEARS[1:], PEOPLE[1:])

    with pytest.raises(NotCovered, match="does not hold 2026"):
        asked(later, years=(2030,), level=30.0)


def test_equal_seeds_give_equal_answers_and_others_differ() -> None:
    drift = Factor(0.98, 1.0, 1.02, "test")
    stay = Factor(0.99, 1.0, 1.03, "test")

    one, same, other = (asked(drift=drift, stay=stay, seed=seed) for seed in (1, 1, 2))

    assert one.quantiles.tobytes() == same.quantiles.tobytes()
    assert one.quantiles.tobytes() != other.quantiles.tobytes()


def test_a_band_without_people_stays_without_them() -> None:
    people = np.array([[1000.0, 0.0]])

    answer = asked(Population((2026,), people, p10=people * 0, p90=people + 100), years=(2026,))

    assert np.isfinite(answer.quantiles).all()
    assert answer.quantiles[0, 1] == pytest.approx(by_hand(people)[0], rel=0.01)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"occupancy": 0.0}, "occupancy"),
        ({"years": (2025,)}, "before the base year"),
        ({"years": ()}, "are none"),
        ({"level": -1.0}, "cannot be matched"),
    ],
)
def test_what_lies_out_of_range_is_refused(change: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        asked(**change)  # type: ignore[arg-type]


def test_a_factor_must_rise_from_p10_to_p90_and_stay_above_zero() -> None:
    with pytest.raises(ValueError, match="CBS 2025"):
        Factor(1.1, 1.0, 1.2, "CBS 2025")
    with pytest.raises(ValueError, match="above 0"):
        Factor(0.0, 1.0, 1.2, "test")


def test_variants_that_cross_or_differ_in_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="must rise"):
        Population(YEARS, PEOPLE, p10=PEOPLE + 1)
    with pytest.raises(ValueError, match="must rise"):
        Population(YEARS, PEOPLE, p90=np.full_like(PEOPLE, np.nan))
    with pytest.raises(ValueError, match="differ in shape"):
        Population(YEARS, PEOPLE, p90=PEOPLE[:1])


def test_too_few_draws_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        need(
            YEARS,
            Population(YEARS, PEOPLE),
            USE,
            base_year=2026,
            occupancy=1,
            drift=CERTAIN,
            stay=CERTAIN,
            noise=CERTAIN,
            draws=100,
        )
