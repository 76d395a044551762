"""What each member may have learned from, and what becomes of one that is broken."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from scipy.signal import lfilter

from app.forecasts.engine.asked import Change, Floats
from app.forecasts.engine.bands import band, growing, quantiles
from app.forecasts.engine.boosted import boosted
from app.forecasts.engine.footing import factors, to_plan, to_today
from app.forecasts.engine.ground import ground_of
from app.forecasts.engine.levels import Integers
from app.forecasts.engine.linear import linear
from app.forecasts.engine.pace import PACES
from app.forecasts.engine.panel import Scale, panel_of, rather_root, without_outliers
from app.forecasts.engine.pools import mixed, pooled
from app.forecasts.engine.rolling import levels_of, waves_of
from app.forecasts.engine.work import Work, work_of
from tests.forecasts.engine import lay

DAILY = PACES["D"]


@pytest.fixture(scope="module")
def work() -> Work:
    return work_of(panel_of(lay.region(800), "D", DAILY.longest), DAILY, 14, "NL")


def test_the_real_origin_is_the_last_day_and_the_others_know_their_truth(work: Work) -> None:
    assert work.origins[-1] == 799
    assert work.past[-1] + work.horizon == 799
    assert len(work.past) >= 50
    assert np.isfinite(work.truth()).all()


def test_each_origin_stands_in_one_fold(work: Work) -> None:
    places = np.concatenate([inside for inside, _ in work.folds()])

    assert sorted(places) == list(range(len(work.origins)))


@pytest.mark.parametrize("pool", ["waves", "linear", pytest.param("trees", marks=pytest.mark.more)])
def test_what_is_judged_in_a_fold_was_not_learned_there(work: Work, pool: str) -> None:
    inside, hidden = next(iter(work.folds()))
    assert hidden is not None
    other = work.target.copy()
    other[hidden.start : hidden.stop] *= 3
    poisoned = replace(work, target=other)
    if pool == "waves":
        level = work.level.copy()
        level[hidden.start : hidden.stop] *= 3
        poisoned = replace(poisoned, level=level)

    (clean, *_), (dirty, *_) = said(work, pool, inside), said(poisoned, pool, inside)

    np.testing.assert_array_equal(clean, dirty)


def said(work: Work, pool: str, inside: Integers) -> list[Floats]:
    """By the model of the fold; of the waves the wave itself, which they add to a level."""
    if pool == "linear":
        return [linear(work, ground_of(work))[inside]]
    if pool == "trees":
        return [boosted(work, ground_of(work), 0)[inside]]
    waves = work.waves()
    assert waves is not None
    return [waves[0]]


def test_a_sabotaged_pool_is_out_within_one_scoring_cycle(work: Work) -> None:
    sound = pooled(work, lambda: levels_of(work))
    broken = sound.copy()
    begins = len(work.past) - 20
    broken[begins:] += 3.0

    found = mixed(work, [sound, broken])

    cycle = begins + (28 + work.horizon) // DAILY.stride
    share = (found - sound)[cycle:] / 3.0
    assert share.max() < 0.01


def test_a_linear_model_learns_by_how_much_a_series_goes_back_to_its_mean() -> None:
    chance = np.random.default_rng(6)
    shocks = chance.normal(0, 0.1, (1000, 6))
    level = lfilter([1], [1, -0.8], shocks, axis=0)
    region = [lay.past(f"{n}", np.exp(6 + column)) for n, column in enumerate(level.T)]
    work = work_of(panel_of(region, "D", DAILY.longest), DAILY, 7, "NL")

    told = linear(work, ground_of(work))[:-1] - 6

    best = 0.8 ** np.arange(1, 8)[:, None] * level[work.past][:, None]
    assert np.sqrt(np.mean((told - best) ** 2)) < 0.05


def test_pools_that_err_alike_weigh_alike(work: Work) -> None:
    sound = pooled(work, lambda: levels_of(work))

    found = mixed(work, [sound, sound.copy()])

    np.testing.assert_allclose(found, sound)


def test_a_pool_over_the_year_follows_a_wave_that_levels_miss() -> None:
    region = [lay.past(name, lay.values(1096, 400, seed, wave=0.5)) for name, seed in PAIR]
    work = work_of(panel_of(region, "D", DAILY.longest), DAILY, 28, "NL")
    waves = work.waves()
    assert waves is not None

    off = {
        "levels": np.abs(work.truth() - pooled(work, lambda: levels_of(work))[:-1]).mean(),
        "waves": np.abs(work.truth() - pooled(work, lambda: waves_of(work, waves))[:-1]).mean(),
    }

    assert off["waves"] < off["levels"]


PAIR = (("a", 1), ("b", 2))


def test_an_outlier_is_put_aside_and_a_new_level_at_the_end_is_not() -> None:
    told = np.random.default_rng(1).normal(0, 1, (200, 1))
    told[100], told[-7:] = 40.0, 8.0

    found = without_outliers(told, np.isfinite(told), 15)

    assert abs(found[100, 0]) < 5
    np.testing.assert_array_equal(found[-3:], told[-3:])


@pytest.mark.parametrize("kind", [(True, False), (False, True), (False, False)])
def test_a_scale_leads_back_to_where_it_came_from(kind: tuple[bool, bool]) -> None:
    scale = Scale(*np.array(kind)[:, None])
    told = np.array([[0.5], [1.0], [30.0], [5000.0]])

    np.testing.assert_allclose(scale.back(scale.to(told)), told)


@pytest.mark.parametrize(("power", "noise", "root"), [(1.0, 0.1, False), (0.75, 0.6, True)])
def test_errors_that_grow_less_than_the_level_are_taken_on_the_fourth_root(
    power: float, noise: float, root: bool
) -> None:
    level = 600 * np.exp(2 * np.sin(np.arange(900) / 150))
    told = level + level**power * np.random.default_rng(4).normal(0, noise, 900)

    assert rather_root(told, 7) == root


def test_footings_multiply_and_end() -> None:
    days = [lay.LAST + timedelta(days=n) for n in range(5)]
    changes = [Change("a", days[1], days[3], 0.5), Change("a", days[2], None, 0.8)]

    factor = factors(days, changes)

    np.testing.assert_allclose(factor, [1, 0.5, 0.4, 0.8, 0.8])
    np.testing.assert_allclose(to_today(np.array([10.0, 5, 4]), factor[:3]), [4, 4, 4])
    np.testing.assert_allclose(to_plan(np.array([4.0, 4.0]), factor[3:], factor[2]), [8, 8])


def test_a_ratio_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        factors([lay.LAST], [Change("a", lay.LAST, None, 0.0)])


def test_quantiles_of_columns_are_those_of_numpy() -> None:
    told = np.random.default_rng(2).normal(size=(40, 5))
    told[:7, 1], told[::2, 2], told[1:, 3] = np.nan, np.nan, np.nan
    levels = (0.025, 0.1, 0.5, 0.9)

    found = quantiles(told, levels)

    np.testing.assert_allclose(found, np.nanquantile(told, levels, axis=0).T)


def test_of_a_column_without_a_figure_nothing_is_added() -> None:
    found = quantiles(np.full((6, 1), np.nan), (0.1, 0.9))

    np.testing.assert_array_equal(found, [[0, 0]])


def test_a_lean_that_is_not_believed_leaves_a_band_that_is_even() -> None:
    off = 1 + np.random.default_rng(5).normal(size=(200, 4, 2))
    levels = (0.1, 0.5, 0.9)

    believed, even = (band(off, levels, 1, lean)[0, 0] for lean in (1.0, 0.0))

    assert believed[1] > 0.8
    np.testing.assert_allclose(even, [-even[2], 0.0, even[2]])


def test_no_interval_is_narrower_than_at_a_shorter_distance() -> None:
    off = np.array([[-2.0, 0, 2], [-1, 0.5, 4], [-3, 0, 1]])[:, None]

    found = growing(off, (0.1, 0.5, 0.9))

    wider = np.array([[-2.0, 0.0, 2.0], [-1.5, 0.5, 4.0], [-3.0, 0.0, 3.5]])
    np.testing.assert_allclose(found[:, 0], wider)
