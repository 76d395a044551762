from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.forecasts.days.arrivals import Past, Rate, dispersion, learned
from app.forecasts.days.hours import HOUR, WEEK
from app.forecasts.days.told import Flow

Floats = NDArray[np.float64]
WEEKS = 13
FLAT = np.ones(WEEK)
BUSY = 1 + np.sin(np.arange(WEEK) % 24 / 24 * 2 * np.pi) + (np.arange(WEEK) // 24 > 4)


def a_past(weeks: int = WEEKS) -> Past:
    """Whole weeks of a clock that never changes, from moment 0 on."""
    hours = np.arange(weeks * WEEK)
    return Past(0, hours % WEEK, hours // 24)


def counts(values: Sequence[float] | NDArray[Any], length: int = 1) -> Flow:
    """One count after another, each over `length` hours."""
    starts = np.arange(len(values), dtype=np.int64) * length * HOUR
    return Flow(starts, np.full(len(values), length * HOUR), np.asarray(values, dtype=float))


def rate_of(flow: Flow, past: Past, shape: Floats = FLAT) -> Rate:
    found = learned(flow, np.ones(past.hours), past, shape)
    assert found is not None
    return found


def test_a_profile_of_the_week_is_found_in_counts_by_the_hour() -> None:
    past = a_past()
    generator = np.random.default_rng(1)
    flow = counts(generator.poisson(5 * BUSY[past.of_week]))

    found = rate_of(flow, past)

    assert found.by_hour.mean() == pytest.approx(5 * BUSY.mean(), rel=0.04)
    assert np.corrcoef(found.by_hour, BUSY)[0, 1] > 0.98
    assert np.abs(found.by_hour - 5 * BUSY).mean() < 0.12 * 5 * BUSY.mean()


def test_counts_by_the_shift_keep_the_shape_that_was_assumed_inside_them() -> None:
    past = a_past()
    shape = np.where(np.arange(WEEK) % 8 < 2, 4.0, 0.0)
    flow = counts(np.full(past.hours // 8, 6.0), 8)

    found = rate_of(flow, past, shape)

    np.testing.assert_allclose(found.by_hour, np.where(shape > 0, 3.0, 0.0), rtol=1e-3)


def test_a_short_past_gives_a_weekday_that_was_not_seen_the_profile_of_the_others() -> None:
    past = a_past(1)
    day = np.where(np.arange(24) < 12, 2.0, 10.0)
    flow = counts(np.tile(day, 3))

    found = rate_of(flow, past)

    seen, unseen = found.by_hour[24:48], found.by_hour[5 * 24 : 6 * 24]
    np.testing.assert_allclose(unseen / unseen.mean(), seen / seen.mean(), rtol=0.15)


def test_the_level_is_that_of_the_last_weeks() -> None:
    past = a_past()
    half = past.hours // 2
    flow = counts(np.where(np.arange(past.hours) < half, 2.0, 4.0))

    found = rate_of(flow, past)

    assert 3.2 < found.by_hour.mean() < 4.0


def test_none_counted_is_little_and_not_never() -> None:
    past = a_past()

    found = rate_of(counts(np.zeros(past.hours)), past)

    assert 0 < found.by_hour.sum() < 1
    assert found.counted == 0
    assert found.hours == past.hours


def test_hours_that_were_censored_are_not_learned_from() -> None:
    past = a_past()
    full = past.of_week % 24 < 12
    flow = counts(np.where(full, 0.0, 3.0))
    exposure = np.where(full, 0.0, 1.0)

    found = learned(flow, exposure, past, FLAT)

    assert found is not None
    assert found.by_hour.mean() == pytest.approx(3.0, rel=0.05)


def test_a_rate_is_of_one_person_when_the_exposure_is_people() -> None:
    past = a_past()
    people = np.where(past.of_week < 84, 10.0, 40.0)

    found = learned(counts(people * 0.02), people, past, FLAT)

    assert found is not None
    assert found.by_hour.mean() == pytest.approx(0.02, rel=0.02)


def test_days_that_differ_more_than_poisson_are_found_by_moments() -> None:
    generator = np.random.default_rng(2)
    mean = np.full(400, 30.0)
    steady = generator.poisson(mean).astype(float)
    wild = generator.poisson(mean * generator.gamma(1 / 0.2, 0.2, 400)).astype(float)

    assert dispersion(wild, mean) == pytest.approx(0.2, abs=0.05)
    assert dispersion(steady, mean) < 0.01
    assert dispersion(mean, mean) == 0
    assert dispersion(np.zeros(3), np.zeros(3)) == 0


def test_what_is_told_after_the_past_changes_nothing() -> None:
    past = a_past()
    values = np.arange(past.hours) % 5.0
    later = np.concatenate([values, np.full(100, 1e6)])

    np.testing.assert_array_equal(
        rate_of(counts(values), past).by_hour, rate_of(counts(later), past).by_hour
    )


def test_without_a_period_nothing_is_learned() -> None:
    assert learned(counts(np.zeros(0)), np.ones(WEEK), a_past(1), FLAT) is None


@settings(max_examples=60, deadline=None)
@given(
    length=st.sampled_from([1, 5, 8, 24]),
    values=st.lists(st.sampled_from([0.0, 1.0, 2.0, 500.0, np.nan]), max_size=60),
    opens=st.integers(0, 23),
)
def test_gaps_zeros_and_closed_hours_always_give_a_rate_or_none(
    length: int, values: list[float], opens: int
) -> None:
    past = a_past(3)
    every = np.array(values, dtype=float)
    known = np.flatnonzero(np.isfinite(every))
    flow = counts(every, length).taken(known)
    shape = np.where(np.arange(WEEK) % 24 >= opens, 1.0, 0.0)

    found = learned(flow, np.ones(past.hours), past, shape)

    told = [shape[begin : begin + length].any() for begin in flow.starts // HOUR % WEEK]
    assert (found is None) == (not any(told))
    if found is not None:
        assert np.isfinite(found.by_hour).all()
        assert (found.by_hour[shape == 0] == 0).all()
        assert (found.by_hour[shape > 0] > 0).all()
        assert found.certainty > 0
        assert 0 <= found.dispersion < 1e3
