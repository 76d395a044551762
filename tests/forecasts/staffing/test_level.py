"""How the level of who asks moved before: its season, and how unsure the weeks ahead are."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from app.forecasts.days.arrivals import learned
from app.forecasts.days.hours import HOUR, seconds
from app.forecasts.days.told import Flow
from app.forecasts.staffing.hourly import Asking, asking, back
from app.forecasts.staffing.level import Moves, moves, walked

NOW = datetime(2026, 11, 30, 5, tzinfo=UTC)
FIRST = date(2026, 11, 1)
ALWAYS = np.ones(168)
YEAR = 52


def requests(weeks: int, a_week: float, season: float, seed: int, after: int = 0) -> Flow:
    """Counts by the hour around twelve, whose level walks and has a season."""
    random = np.random.default_rng(seed)
    hours = np.arange(-weeks * 168, after * 168)
    walk = np.cumsum(random.normal(0, a_week, weeks + after)) if a_week else np.zeros(weeks + after)
    turn = season * np.sin(2 * np.pi * (hours / 168 / YEAR + random.random()))
    rate = 12 * np.exp(np.repeat(walk, 168) + turn)
    counts = random.poisson(rate).astype(float)
    return Flow(seconds(NOW) + HOUR * hours, np.full(len(hours), HOUR), counts)


def variance(flow: Flow, weeks: int) -> np.ndarray:
    rate = learned(flow, np.ones(91 * 24), back(NOW, 91), ALWAYS)
    assert rate is not None
    return moves(flow, rate, back(NOW, 7 * weeks), ALWAYS).variance


def test_a_level_that_walks_is_as_unsure_as_its_steps_add_up_to() -> None:
    found = np.mean(
        [variance(requests(200, 0.05, 0, seed), 200)[:13] for seed in range(20)], axis=0
    )

    assert (found[12] - found[2]) / 10 == pytest.approx(0.05**2, rel=0.3)


def test_of_a_level_that_stays_nothing_is_left_but_chance() -> None:
    found = [variance(requests(200, 0, 0, seed), 200)[12] for seed in range(10)]

    assert np.sqrt(np.mean(found)) < 0.01


def test_distances_that_do_not_fit_three_times_are_not_told() -> None:
    two_years = variance(requests(104, 0, 0.2, 1), 104)
    one_year, months = (variance(requests(weeks, 0, 0.2, 1), weeks) for weeks in (52, 25))

    # Thirteen weeks say the first level: of the 91 others 69 begin a distance of 23.
    assert [len(each) for each in (two_years, one_year, months)] == [23, 10, 0]
    assert (np.diff(two_years) >= 0).all()


def known(flow: Flow) -> Asking:
    found = asking("hap", flow, ALWAYS, NOW, 91, FIRST, 300)
    assert found is not None
    return found


def test_a_season_that_came_each_year_is_in_the_middle_of_the_weeks_ahead() -> None:
    inside, errors, flat = [], [], []
    for seed in range(20):
        whole = requests(156, 0.005, 0.2, seed, after=13)
        told, came = whole.taken(np.arange(156 * 168)), whole.taken(np.arange(168 * 168, 169 * 168))
        found = known(told)
        low, middle, high = np.quantile(found.rates(came.starts).sum(axis=1), (0.1, 0.5, 0.9))
        inside.append(low <= came.values.sum() <= high)
        errors.append(abs(np.log(middle / came.values.sum())))
        flat.append(abs(np.log(found.by_hour.sum() / came.values.sum())))

    assert 0.55 <= np.mean(inside) <= 1
    assert np.mean(errors) < 0.5 * np.mean(flat)


def test_where_years_do_not_repeat_no_season_is_made_of_them() -> None:
    walks = [requests(208, 0.04, 0, seed) for seed in range(20)]

    middles = [np.median(known(walk).times[:, 29 + 91]) for walk in walks]

    # Thirteen steps of 0.04 go 0.14 far.
    assert np.mean(np.abs(np.log(middles))) < 0.07


def test_of_less_than_two_years_no_season_is_told_and_of_half_a_year_no_walk() -> None:
    half, one_and_a_half = (known(requests(weeks, 0, 0.2, 3)) for weeks in (24, 78))

    assert (half.weeks, one_and_a_half.weeks) == (0, 16)
    assert np.ptp(np.log(np.quantile(half.times, 0.5, axis=0))) < 0.05
    assert np.log(one_and_a_half.times[:, 150]).std() > 2 * np.log(half.times[:, 150]).std()


def test_a_walk_begins_now_and_stays_where_it_is_known_no_further() -> None:
    steps = np.array([0.01, 0.04, 0.09])
    paths = walked(np.random.default_rng(1), Moves(np.empty(0), steps), np.arange(-3.0, 60), 20_000)

    spread = np.log(paths).std(axis=0)
    assert set(paths[:, :3].ravel()) == {1.0}
    assert spread[3] == pytest.approx(0.1, rel=0.03)
    assert spread[3 + 10] == pytest.approx(np.sqrt(0.04 - 0.03 / 14), rel=0.05)
    assert spread[-1] == pytest.approx(0.3, rel=0.03)
