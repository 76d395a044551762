"""The years of a tidy file: people x what one of them asks, held against what is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.planning.named_ages import Group, groups
from app.planning.people_table import People
from app.planning.proxy import LEVELS, Asked, Outlook, lasting, level, outlooks, own_slope, trends
from app.planning.year_sums import Years

Floats = NDArray[np.float64]
FIRST, LAST = 1990, 2020
SEEN = np.arange(FIRST, LAST + 1)
AHEAD = range(LAST + 1, LAST + 11)
MEDIAN = LEVELS.index(0.5)


def people() -> People:
    """A hundred births more each year, and nobody dies or comes before the open age."""
    born = 1000 + 100 * (SEEN[:, None] - FIRST) - 100 * np.arange(100)[None, :] + 9900
    n = np.tile(born.astype(float), (2, 1, 1))
    return People(("M", "F"), tuple(SEEN.tolist()), tuple(range(100)), n)


def asked(name: str, values: Floats, ages: bool = True) -> Asked:
    years = Years(SEEN[-len(values) :], values, ())
    return Asked(name, years, groups([name]).get(name) if ages else None)


def noisy(level: float, growth: float = 0.0, seed: int = 1, years: int = 25) -> Floats:
    rng = np.random.default_rng(seed)
    grown = np.log(level) + growth * np.arange(years)
    found: Floats = np.exp(grown + rng.normal(0, 0.02, years))
    return found


def width(outlook: Outlook) -> Floats:
    spread: Floats = np.log(outlook.quantiles[:, -2] / outlook.quantiles[:, 1])
    return spread


def test_a_constant_rate_follows_the_people_that_are_told() -> None:
    everyone = people()
    by_year = everyone.n[:, :, 65:80].sum(axis=(0, 2))
    rate = asked("d_65_80", by_year[:21] * 0.03)
    known = Asked(rate.name, Years(SEEN[:21], rate.years.values, ()), rate.group)

    (found,) = outlooks([known], everyone, range(2011, 2021))

    np.testing.assert_allclose(found.quantiles[:, MEDIAN], by_year[21:] * 0.03, rtol=5e-3)


def test_without_people_a_trend_goes_on_and_is_damped() -> None:
    (found,) = outlooks([asked("d", noisy(1000, 0.03))], None, AHEAD)

    growth = np.diff(np.log(found.quantiles[:, MEDIAN]))
    assert 0.015 < growth[0] < 0.03
    assert (np.diff(growth) < 0).all()


@pytest.mark.parametrize("with_people", [True, False])
def test_bands_widen_with_every_year(with_people: bool) -> None:
    series = [asked(f"d_{a}", noisy(1000, seed=n)) for n, a in enumerate(("0_65", "65_999"))]

    found = outlooks(series, people() if with_people else None, AHEAD)

    for each in found:
        assert (np.diff(width(each)) > 0).all()
        assert (np.diff(each.quantiles, axis=1) > 0).all()


def test_a_whole_is_the_sum_of_its_bands_on_every_draw() -> None:
    low, high = noisy(500, seed=1), noisy(900, 0.02, seed=2)
    bands = [asked("d_0_65", low), asked("d_65_999", high)]

    alone = outlooks(bands, people(), AHEAD)
    *parts, whole = outlooks([*bands, asked("d_0_999", low + high)], people(), AHEAD)

    assert len(alone) == 2
    np.testing.assert_allclose(whole.mean, parts[0].mean + parts[1].mean)


def test_bands_that_do_not_add_up_leave_the_whole_to_itself() -> None:
    bands = [asked("d_0_65", noisy(500)), asked("d_65_999", noisy(900))]

    *parts, whole = outlooks([*bands, asked("d_0_999", noisy(5000))], people(), AHEAD)

    assert whole.quantiles[0, MEDIAN] > 2 * (parts[0].mean[0] + parts[1].mean[0])


def test_one_odd_year_does_not_bend_the_trend() -> None:
    values = noisy(1000)
    odd = values.copy()
    odd[-2] *= 1.3

    calm, struck = (outlooks([asked("d", each)], None, AHEAD)[0] for each in (values, odd))

    ratio = struck.quantiles[:, MEDIAN] / calm.quantiles[:, MEDIAN]
    assert np.abs(ratio - 1).max() < 0.03


@pytest.mark.parametrize("stays", [0.05, 0.25, 4.0])
def test_the_level_is_that_of_least_squares(stays: float) -> None:
    years = np.array([2006, 2007, 2009, 2010, 2011, 2012])
    rates = np.random.default_rng(4).normal(0, 0.01, len(years))

    found = level(years, rates, 0.0, stays)

    # Generalised least squares of the last level: noise of 1, and what it wandered since each year.
    since = years[-1] - years
    weights = np.linalg.inv(np.eye(len(years)) + stays * np.minimum.outer(since, since)).sum(axis=0)
    assert found == pytest.approx(weights @ rates / weights.sum())


@pytest.mark.parametrize(
    ("late", "least", "most"),
    [
        ([0, 0, 1, 0, 0], 0, 0.001),  # odd beside both its neighbours
        ([0, 0, 0, 0, 1], 0.02, 0.07),  # the last one: no more than what is odd
        ([0, 0, 0, 1, 1], 0.5, 1),  # a step that lasts
        ([0, 1, 1, 1, 1], 0.98, 1),
    ],
)
def test_a_step_is_believed_once_it_lasts(late: list[float], least: float, most: float) -> None:
    rates = np.array([0.0] * 8 + late)

    found = level(SEEN[: len(rates)], rates, 0.0, 4.0)

    assert least <= found <= most


def test_how_much_of_a_change_stays_is_learned_of_the_file() -> None:
    rng = np.random.default_rng(5)
    noise = [(SEEN, each) for each in rng.normal(0, 0.02, (400, len(SEEN)))]
    wander = [(SEEN, each.cumsum()) for each in rng.normal(0, 0.02, (400, len(SEEN)))]

    calm, restless, unseen = (
        lasting(each, [own_slope(*rate) for rate in each]) for each in (noise, wander, [])
    )

    assert calm < unseen == pytest.approx(0.25)
    assert restless > 1


def test_a_noisy_series_is_less_sure_than_a_calm_one() -> None:
    rng = np.random.default_rng(3)
    wild = asked("w", noisy(1000) * np.exp(rng.normal(0, 0.3, 25)))

    calm_found, wild_found = outlooks([asked("c", noisy(1000)), wild], None, AHEAD)

    assert (width(wild_found) > 1.2 * width(calm_found)).all()


def test_slopes_are_drawn_to_that_of_the_file() -> None:
    years = np.arange(2000, 2012, dtype=np.int64)
    steep: Floats = np.linspace(0, -0.33, 12)
    noise = np.random.default_rng(0).normal(0, 0.1, 12)

    lines = trends([(years, steep), (years, steep), (years, noise), (years, steep)])

    alone = trends([(years, noise)])
    assert lines[0].slope == pytest.approx(-0.03, abs=0.002)
    assert lines[2].slope < alone[0].slope


def test_too_few_whole_years_are_unknown_with_the_reason() -> None:
    (found,) = outlooks([asked("d", noisy(10, years=2))], None, AHEAD)

    assert found.reason == "2 whole years are known; a forecast of years needs 3."
    assert np.isnan(found.quantiles).all()


def test_nobody_at_all_is_still_a_forecast() -> None:
    (found,) = outlooks([asked("d", np.zeros(10))], None, AHEAD)

    assert np.isfinite(found.quantiles).all()
    assert found.quantiles[0, MEDIAN] < 1


def test_equal_seeds_give_equal_bytes_and_few_draws_are_refused() -> None:
    low, high = noisy(500), noisy(900, seed=2)
    series = [asked("d_0_65", low), asked("d_65_999", high), asked("d_0_999", low + high)]

    one, same, other = (outlooks(series, people(), AHEAD, seed=seed)[2] for seed in (1, 1, 2))

    assert one.quantiles.tobytes() == same.quantiles.tobytes()
    assert one.quantiles.tobytes() != other.quantiles.tobytes()
    with pytest.raises(ValueError, match="too few"):
        outlooks(series, None, AHEAD, draws=100)


def test_a_band_that_ages_within_asks_more() -> None:
    everyone = people()
    aging = everyone.n.copy()
    shares = 1 + 0.02 * np.arange(31)[None, :, None] * (np.arange(100) >= 75)
    older = People(everyone.sexes, everyone.years, everyone.begins, aging * shares)
    flat = asked("d_65_999", noisy(900))
    beside = asked("d_0_65", noisy(50))
    stem = Group("other", "T", (65, None))

    with_slope, _ = outlooks([flat, beside], older, AHEAD)
    (without,) = outlooks([Asked("d", flat.years, stem)], older, AHEAD)

    ratio = with_slope.quantiles[:, MEDIAN] / without.quantiles[:, MEDIAN]
    assert (np.diff(ratio) > 0).all()
