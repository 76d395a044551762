"""The engine as a whole: what holds of any outlook, whatever the past."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.forecasts.baseline import QUANTILES
from app.forecasts.engine.asked import Change, Floats, Outlook, Past, Question
from app.forecasts.engine.outlook import outlooks
from tests.forecasts.engine import lay

MEDIAN = QUANTILES.index(0.5)
LOW, HIGH = QUANTILES.index(0.1), QUANTILES.index(0.9)


@pytest.fixture(scope="module")
def told() -> list[Outlook]:
    return outlooks(lay.region(), Question("D", 28))


def test_an_outlook_of_a_long_past_is_the_whole_engines(told: list[Outlook]) -> None:
    assert [outlook.grade for outlook in told] == ["engine", "engine", "engine"]
    assert all(outlook.quantiles.shape == (28, 21) for outlook in told)


def test_quantiles_never_cross_and_are_never_below_zero(told: list[Outlook]) -> None:
    for outlook in told:
        assert (np.diff(outlook.quantiles, axis=1) >= 0).all()
        assert (outlook.quantiles >= 0).all()


def test_bands_widen_with_the_distance(told: list[Outlook]) -> None:
    for outlook in told:
        relative = (outlook.quantiles[:, HIGH] / outlook.quantiles[:, LOW])[[0, 7, 14, 21]]
        assert (np.diff(relative) >= 0).all()


def test_the_mean_lies_within_the_outer_quantiles(told: list[Outlook]) -> None:
    for outlook in told:
        assert (outlook.quantiles[:, 0] <= outlook.mean).all()
        assert (outlook.mean <= outlook.quantiles[:, -1]).all()


def test_the_same_seed_gives_the_same_bytes(told: list[Outlook]) -> None:
    again = outlooks(lay.region(), Question("D", 28))

    assert [one.quantiles.tobytes() for one in told] == [one.quantiles.tobytes() for one in again]


def test_a_told_closure_moves_the_past_and_not_the_outlook() -> None:
    pasts = lay.region(420)
    begins = lay.LAST - timedelta(days=6)
    *others, large = pasts
    halved = replace(large, values=np.r_[large.values[:-7], large.values[-7:] / 2])

    *_, open_ = outlooks(pasts, Question("D", 14))
    changes = (Change(large.name, begins, None, 0.5),)
    *_, closed = outlooks([*others, halved], Question("D", 14, changes=changes))

    # But for what rounding adds to the band of a whole count.
    np.testing.assert_allclose(closed.quantiles, open_.quantiles / 2, rtol=1e-4)


def test_a_planned_closure_holds_from_its_day_until_its_end() -> None:
    pasts = lay.region(420)
    begins, ends = lay.LAST + timedelta(days=3), lay.LAST + timedelta(days=8)

    (open_, *_) = outlooks(pasts, Question("D", 14))
    changes = (Change(pasts[0].name, begins, ends, 0.7),)
    (planned, *_) = outlooks(pasts, Question("D", 14, changes=changes))

    factor = planned.quantiles[:, MEDIAN] / open_.quantiles[:, MEDIAN]
    np.testing.assert_allclose(factor, [1, 1, *[0.7] * 5, *[1] * 7], rtol=1e-6)


def test_a_short_past_is_forecast_by_its_peers_and_says_so() -> None:
    young = lay.past("young", lay.values(21, 60, 9))

    *_, outlook = outlooks([*lay.region(420), young], Question("D", 28))

    assert outlook.grade == "pooled"
    assert "short" in outlook.reason
    assert outlook.quantiles[0, LOW] < 60 < outlook.quantiles[-1, HIGH]


def test_without_peers_a_short_past_is_forecast_naively_and_says_so() -> None:
    (outlook,) = outlooks([lay.past("alone", lay.values(21, 60, 9))], Question("D", 28))

    assert outlook.grade == "naive"
    assert outlook.reason


def test_what_was_never_observed_is_unknown() -> None:
    (outlook,) = outlooks([lay.past("silent", [np.nan] * 30)], Question("D", 7))

    assert outlook.grade == "unknown"
    assert np.isnan(outlook.quantiles).all()


def test_pasts_that_end_on_other_days_are_refused() -> None:
    early = lay.past("early", [1.0, 2.0], lay.LAST - timedelta(days=1))

    with pytest.raises(ValueError, match="end on different steps"):
        outlooks([lay.past("late", [1.0, 2.0]), early], Question("D", 7))


def test_a_week_keeps_its_weekday_and_is_forecast_by_the_engine() -> None:
    weeks = lay.values(260 * 7, 100, 4).reshape(260, 7).sum(axis=1)
    pasts = [Past(name, date(2021, 7, 6), weeks * share) for name, share in (("a", 1), ("b", 0.2))]

    found = outlooks(pasts, Question("W", 13))

    assert [outlook.grade for outlook in found] == ["engine", "engine"]
    assert found[0].quantiles[0, LOW] < weeks[-8:].mean() < found[0].quantiles[-1, HIGH]


def weekly(days: int, weekend: float) -> Floats:
    """1,000 on workdays, less at the weekend; the last day is a Sunday."""
    factor = np.tile([1, 1, 1, 1, 1, weekend, weekend], days // 7 + 1)[-days:]
    return np.random.default_rng(3).poisson(1000 * factor).astype(np.float64)


@pytest.mark.parametrize("before", [0, 300])
@pytest.mark.parametrize("days", [230, 400])
def test_a_weekend_that_stands_far_off_is_no_outlier(days: int, before: int) -> None:
    told = np.r_[[np.nan] * before, weekly(days, 0.6)]

    (outlook,) = outlooks([lay.past("ward", told)], Question("D", 7))

    assert outlook.grade == "engine"
    np.testing.assert_allclose(outlook.quantiles[:, MEDIAN], [1000] * 5 + [600] * 2, rtol=0.05)


def test_a_series_that_fell_silent_is_told_with_a_wider_band_and_says_so() -> None:
    whole = lay.region(420)
    late = replace(whole[2], values=np.r_[whole[2].values[:-10], [np.nan] * 10])

    *_, known = outlooks(whole, Question("D", 14))
    *_, stale = outlooks([*whole[:2], late], Question("D", 14))

    assert "10 steps before" in stale.reason
    assert width(stale)[0] > 1.1 * width(known)[0]


def test_after_two_weeks_of_silence_it_is_the_naive_forecast() -> None:
    *peers, last = lay.region(420)
    silent = replace(last, values=np.r_[last.values[:-15], [np.nan] * 15])

    *_, outlook = outlooks([*peers, silent], Question("D", 14))

    assert outlook.grade == "naive"
    assert "15 steps before" in outlook.reason


def width(outlook: Outlook) -> Floats:
    return outlook.quantiles[:, HIGH] - outlook.quantiles[:, LOW]


@pytest.mark.parametrize(("days", "horizon"), [(700, 400), (520, 200), (150, 1000)])
def test_a_long_way_ahead_is_told_too(days: int, horizon: int) -> None:
    (outlook,) = outlooks([lay.past("any", lay.values(days, 50, 1))], Question("D", horizon))

    assert len(outlook.quantiles) == horizon
    assert sound(outlook)


def test_two_pasts_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="one name"):
        outlooks([lay.past("a", [1.0]), lay.past("a", [2.0])], Question("D", 7))


@pytest.mark.parametrize("wrong", [-1.0, float("inf")])
def test_a_value_that_is_no_count_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="below 0 or infinite"):
        outlooks([lay.past("a", [1.0, wrong])], Question("D", 7))


def ragged(days: int) -> st.SearchStrategy[list[float]]:
    count = st.one_of(st.just(float("nan")), st.integers(0, 9).map(float), st.floats(0, 1e5))
    return st.lists(count, min_size=days, max_size=days)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 120).flatmap(ragged))
def test_any_short_past_gets_a_forecast_or_is_unknown(told: list[float]) -> None:
    (outlook,) = outlooks([lay.past("any", told)], Question("D", 9))

    assert outlook.grade in ("naive", "unknown")
    assert (outlook.grade == "unknown") == bool(np.isnan(told).all())
    assert sound(outlook)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 120).flatmap(ragged))
def test_any_short_past_among_peers_gets_a_forecast_or_is_unknown(told: list[float]) -> None:
    found = outlooks([lay.past("any", told), *PEERS], Question("D", 9))

    assert all(sound(outlook) for outlook in found)


PEERS = lay.region(240, 2)


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(["constant", "zeros", "jump", "gap", "rare", "doubled", "late", "begun"]),
    st.integers(0, 5),
)
def test_any_long_past_gets_a_forecast(shape: str, seed: int) -> None:
    (outlook,) = outlooks([lay.past("any", SHAPES[shape](seed))], Question("D", 14))

    assert outlook.grade == "engine"
    assert sound(outlook)


SHAPES: Mapping[str, Callable[[int], Floats]] = {
    "constant": lambda seed: np.full(420, 5.0 * seed),
    "zeros": lambda seed: np.zeros(420),
    "jump": lambda seed: np.r_[lay.values(300, 20, seed), lay.values(120, 900, seed)],
    "gap": lambda seed: np.r_[lay.values(200, 50, seed), [np.nan] * 60, lay.values(160, 50, seed)],
    "rare": lambda seed: lay.values(420, 0.05, seed),
    "doubled": lambda seed: lay.values(420, 5, seed) * np.r_[np.ones(419), 1e6],
    "late": lambda seed: np.r_[lay.values(400, 50, seed), [np.nan] * 9],
    "begun": lambda seed: np.r_[[np.nan] * 300, lay.values(400, 50, seed)],
}


def sound(outlook: Outlook) -> bool:
    told = outlook.quantiles
    if outlook.grade == "unknown":
        return bool(np.isnan(told).all())
    return bool(np.isfinite(told).all() and (told >= 0).all() and (np.diff(told) >= 0).all())


def test_the_parts_of_an_outlook_add_up_to_its_median(told: list[Outlook]) -> None:
    for outlook in told:
        summed = np.sum(list(outlook.parts.values()), axis=0)
        assert set(outlook.parts) == {"level", "weekday", "specialDays", "season", "trend"}
        np.testing.assert_allclose(summed, outlook.quantiles[:, MEDIAN], rtol=1e-6)


def test_the_skill_of_an_outlook_is_that_of_earlier_origins(told: list[Outlook]) -> None:
    for outlook in told:
        assert outlook.skill is not None
        assert outlook.skill.points == 28 * outlook.skill.origins
        assert 0 < outlook.skill.rel_crps < 1.5
        assert 0.5 < outlook.skill.c80 < outlook.skill.c95 <= 1


def test_quantiles_bear_no_more_digits_than_a_real_holds(told: list[Outlook]) -> None:
    for outlook in told:
        kept = outlook.quantiles.astype(np.float32).astype(np.float64)
        np.testing.assert_array_equal(kept, outlook.quantiles)


@pytest.mark.more
def test_the_order_of_the_pasts_changes_no_bit(told: list[Outlook]) -> None:
    turned = outlooks(lay.region()[::-1], Question("D", 28))

    assert [one.quantiles.tobytes() for one in told] == [
        one.quantiles.tobytes() for one in turned[::-1]
    ]
