"""Months and quarters: what the average knows, how wide it is, and that nothing makes it crash."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.forecasts.baseline import QUANTILES
from app.forecasts.engine import naives
from app.forecasts.engine.asked import Freq, Outlook, Past, Question
from app.forecasts.engine.references import Reference, reference
from app.forecasts.engine.spread import alone, spread
from app.forecasts.engine.statistical import fit, monthly, points
from app.forecasts.scores import crps, seasonal_naive

Floats = NDArray[np.float64]
MEDIAN = QUANTILES.index(0.5)
YEAR = np.array([130.0, 124, 118, 110, 104, 100, 98, 97, 104, 110, 118, 127])
A_YEAR_AHEAD = Question("M", 12)


def past(values: Sequence[float] | Floats, name: str = "a") -> Past:
    return Past(name, date(2019, 1, 1), np.array(values, dtype=np.float64))


def some_years(months: int = 48, seed: int = 1, size: float = 1.0) -> Floats:
    rng = np.random.default_rng(seed)
    return rng.poisson(size * np.resize(YEAR, months)).astype(float)


def peers(months: int = 48, count: int = 6) -> list[Past]:
    return [past(some_years(months, seed, 0.5 + seed), f"peer {seed}") for seed in range(count)]


def bytes_of(outlooks: Sequence[Outlook]) -> bytes:
    return b"".join(o.quantiles.tobytes() + o.mean.tobytes() for o in outlooks)


def test_a_year_that_repeats_itself_is_forecast_as_that_year() -> None:
    (outlook,) = monthly([past(np.resize(YEAR, 60))], A_YEAR_AHEAD)

    np.testing.assert_allclose(outlook.quantiles[:, MEDIAN], YEAR, rtol=0.08)


def test_a_season_under_noise_is_forecast_better_than_by_the_same_month_last_year() -> None:
    values = [some_years(60, seed) for seed in range(6)]

    ours = monthly([past(v[:48]) for v in values], A_YEAR_AHEAD)

    truth, naive = (
        np.stack([v[48:] for v in values]),
        [seasonal_naive(v[:48], 12, QUANTILES, 12) for v in values],
    )
    losses = [crps(t, o.quantiles, QUANTILES).mean() for t, o in zip(truth, ours, strict=True)]
    theirs = [crps(t, q, QUANTILES).mean() for t, q in zip(truth, naive, strict=True)]
    assert np.mean(losses) < np.mean(theirs)


def test_the_band_of_independent_months_holds_the_share_it_promises() -> None:
    rng = np.random.default_rng(3)
    values = rng.poisson(80, size=(60, 32)).astype(float)

    outlooks = monthly([past(row[:20]) for row in values], A_YEAR_AHEAD)

    low, high = QUANTILES.index(0.1), QUANTILES.index(0.9)
    bands = np.stack([o.quantiles for o in outlooks])
    inside = (bands[:, :, low] <= values[:, 20:]) & (values[:, 20:] <= bands[:, :, high])
    assert 0.74 <= inside.mean() <= 0.90


def test_quarters_know_four_phases() -> None:
    (outlook,) = monthly([past(np.resize([80.0, 60, 50, 70], 32))], Question("Q", 4))

    np.testing.assert_allclose(outlook.quantiles[:, MEDIAN], [80, 60, 50, 70], rtol=0.1)


def test_the_mean_is_that_of_the_quantiles() -> None:
    (outlook,) = monthly([past(some_years())], A_YEAR_AHEAD)

    between = (outlook.quantiles[:, 1:] + outlook.quantiles[:, :-1]) / 2 @ np.diff(QUANTILES)
    tails = 0.025 * (outlook.quantiles[:, 0] + outlook.quantiles[:, -1])
    np.testing.assert_allclose(outlook.mean, between + tails)


@pytest.mark.parametrize(
    ("values", "others", "grade", "reason"),
    [
        (some_years(48), [], "engine", ""),
        (some_years(24), [], "engine", ""),
        (some_years(7), [], "naive", "7 months were observed, of the 24 that a model needs."),
        (
            some_years(7),
            peers(),
            "pooled",
            "7 months were observed, of the 24 that a model needs; "
            "the width is that of 7 other series.",
        ),
        (
            np.append(some_years(36), [np.nan] * 12),
            [],
            "naive",
            "Nothing was observed in the last 12 months.",
        ),
        (np.full(30, np.nan), peers(), "unknown", "Nothing was ever observed."),
        (np.full(30, np.nan), [], "unknown", "Nothing was ever observed."),
        ([], [], "unknown", "Nothing was ever observed."),
    ],
)
def test_the_grade_says_what_the_numbers_rest_on(
    values: Floats, others: list[Past], grade: str, reason: str
) -> None:
    outlook = monthly([past(values), *others], A_YEAR_AHEAD)[0]

    assert (outlook.grade, outlook.reason) == (grade, reason)


def test_what_was_never_observed_has_no_number() -> None:
    outlook = monthly([past([np.nan, np.nan]), *peers()], A_YEAR_AHEAD)[0]

    assert np.isnan(outlook.quantiles).all()
    assert np.isnan(outlook.mean).all()


def test_one_observation_stays_where_it_was_with_a_band_that_doubt_makes_wide() -> None:
    (outlook,) = monthly([past([100.0])], A_YEAR_AHEAD)

    width = outlook.quantiles[:, -1] - outlook.quantiles[:, 0]
    np.testing.assert_allclose(outlook.quantiles[:, MEDIAN], 100)
    assert width[0] > 4 * alone(np.array([100.0]))[0]
    assert width[-1] > 2 * width[0]


def test_zeros_without_end_do_not_prove_that_there_will_never_be_one() -> None:
    (outlook,) = monthly([past(np.zeros(48))], A_YEAR_AHEAD)

    assert (outlook.quantiles[:, : MEDIAN + 1] == 0).all()
    assert (outlook.quantiles[:, -1] > 0).all()


def test_constants_among_peers_leave_the_width_of_the_others_alone() -> None:
    constants = [past(np.full(40, 30.0 + k / 3), f"constant {k}") for k in range(20)]

    alone_, together = (monthly([*peers(40), *more], A_YEAR_AHEAD)[0] for more in ([], constants))

    np.testing.assert_allclose(together.quantiles, alone_.quantiles, rtol=0.1)


def test_silence_widens_the_band() -> None:
    values = some_years(48)
    silent = np.append(values[:-5], [np.nan] * 5)

    fresh, stale = (monthly([past(v), *peers()], A_YEAR_AHEAD)[0] for v in (values, silent))

    widths = [o.quantiles[0, -1] - o.quantiles[0, 0] for o in (fresh, stale)]
    assert widths[1] > widths[0]


def test_a_restless_series_has_a_wider_band_than_its_calm_peers() -> None:
    rng = np.random.default_rng(5)
    restless = 500 + 150 * rng.standard_normal(40)

    outlooks = monthly([past(restless), *peers(40)], A_YEAR_AHEAD)

    widths = np.array([o.quantiles[0, -1] - o.quantiles[0, 0] for o in outlooks])
    assert widths[0] > 1.5 * widths[4]


def test_a_shock_to_all_at_once_widens_less_than_the_same_errors_spread_over_time() -> None:
    rng = np.random.default_rng(6)
    errors = rng.standard_normal((30, 40, 1))
    together, apart = errors.copy(), errors.copy()
    together[:, 20:24] *= 8
    rows = np.arange(30)
    apart[rows[:, None], (rows[:, None] * 7 + 10 * np.arange(4)) % 40] *= 8

    level = np.full(30, 100.0)
    scales = [spread(e, level, 12).scale.mean() for e in (together, apart)]

    assert scales[0] < 0.9 * scales[1]


def test_the_future_of_no_series_is_seen() -> None:
    values = [some_years(60, seed) for seed in range(4)]
    poisoned = [np.append(v[:40], 10 * v[40:]) for v in values]

    first, second = (
        monthly([past(v[:40]) for v in known], A_YEAR_AHEAD) for known in (values, poisoned)
    )

    assert bytes_of(first) == bytes_of(second)


def test_no_closed_member_looks_past_its_origin() -> None:
    values = np.stack([some_years(60, seed) for seed in range(3)])
    poisoned = values.copy()
    poisoned[:, 40:] = np.nan

    first, second = (naives.points(v, 12, 18) for v in (values, poisoned))

    for member, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(member[:, :40], other[:, :40])


def test_the_same_question_has_the_same_bytes_whatever_the_seed() -> None:
    pasts = peers(40)
    before = [p.values.copy() for p in pasts]

    first, second = (monthly(pasts, Question("M", 12, seed=seed)) for seed in (0, 7))

    assert bytes_of(first) == bytes_of(second)
    np.testing.assert_array_equal([p.values for p in pasts], before)


COUNTS = st.one_of(
    st.just(float("nan")),
    st.just(0.0),
    st.floats(0, 50).map(round).map(float),
    st.floats(0, 1e7),
)
CONSTANTS = st.tuples(st.floats(0, 1e6), st.integers(1, 45)).map(lambda t: [t[0]] * t[1])
JUMPS = st.tuples(st.floats(0, 1e5), st.floats(0, 1e5), st.integers(1, 20)).map(
    lambda t: [t[0]] * 20 + [t[1]] * t[2]
)
SERIES = st.one_of(st.lists(COUNTS, min_size=0, max_size=45), CONSTANTS, JUMPS)


@given(st.lists(SERIES, min_size=1, max_size=3), st.sampled_from(["M", "Q"]), st.integers(1, 18))
@settings(max_examples=40, deadline=None)
def test_whatever_was_observed_the_quantiles_are_finite_rise_and_never_fall_below_zero(
    rows: list[list[float]], freq: Freq, horizon: int
) -> None:
    outlooks = monthly([past(row) for row in rows], Question(freq, horizon))

    known = [o for o in outlooks if o.grade != "unknown"]
    assert len(known) == sum(bool(np.isfinite(row).any()) for row in rows)
    bands = np.array([o.quantiles for o in known]).reshape(-1, horizon, len(QUANTILES))
    means = np.array([o.mean for o in known]).reshape(-1, horizon)
    assert np.isfinite(bands).all()
    assert np.isfinite(means).all()
    assert (bands >= 0).all()
    assert (np.diff(bands, axis=2) >= 0).all()
    upper = bands[:, :, -1] - bands[:, :, MEDIAN]
    assert (np.diff(upper, axis=1) >= -1e-9 * bands.max(initial=1)).all()


def test_short_series_are_left_to_the_closed_members() -> None:
    said = points([past(some_years(20)), past(some_years(30)), past(some_years(40))], "M", 6)

    fitted = {name: np.isfinite(member).all(axis=1).tolist() for name, member in said.items()}
    assert fitted == {
        "seasonal-naive": [True, True, True],
        "ets": [False, True, False],
        "theta": [False, True, True],
        "mstl": [False, False, True],
        "ces": [False, False, True],
    }


class Runaway:
    def forecast(self, y: Floats, h: int) -> dict[str, Floats]:
        return {"mean": y[-1] * 10.0 ** np.arange(h)}


class Broken:
    def forecast(self, y: Floats, h: int) -> dict[str, Floats]:
        raise ZeroDivisionError("a library's own fault")


@pytest.mark.parametrize("model", [Runaway(), Broken()])
def test_a_model_that_runs_away_or_breaks_says_nothing(model: Runaway | Broken) -> None:
    said = fit(model, some_years(), 6)

    assert np.isnan(said).all()


@pytest.mark.parametrize("name", ["auto-ets", "scum"])
def test_a_reference_fills_gaps_and_answers_in_rising_quantiles(name: Reference) -> None:
    gaps = some_years(20)
    gaps[[0, 5, 6, 19]] = np.nan

    answer, nothing = reference(name, [past(gaps), past([np.nan])], "M", 3)

    assert answer.shape == (3, len(QUANTILES))
    assert (np.diff(answer, axis=1) >= 0).all()
    assert np.isnan(nothing).all()


def test_the_band_of_auto_ets_is_its_own() -> None:
    (answer,) = reference("auto-ets", [past(np.tile([100.0, 110], 12))], "Q", 2)

    np.testing.assert_allclose(
        answer[:, MEDIAN] - answer[:, 0], answer[:, -1] - answer[:, MEDIAN], rtol=1e-6
    )
