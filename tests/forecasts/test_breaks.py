from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from app.forecasts.breaks import Break, break_in
from app.forecasts.series import Daily

Floats = NDArray[np.float64]
FIRST = date(2025, 1, 1)
DAYS = 400


def seen(values: Floats) -> Break | None:
    return break_in(Daily(FIRST, values))


def calm(seed: int, level: float = 40, share: float = 0.03) -> Floats:
    """Counts with a weekend and independent noise of 3% of the level."""
    days = np.arange(DAYS)
    noise = np.random.default_rng(seed).normal(0, share * level, DAYS)
    return np.round(level * np.where(days % 7 > 4, 0.85, 1.0) + noise)


@given(st.integers(0, 10_000), st.integers(7, 21), st.sampled_from([0.5, 0.7, 1.4]))
@settings(max_examples=60, deadline=None)
def test_a_step_of_a_third_is_found_on_its_day(seed: int, lasted: int, ratio: float) -> None:
    values = calm(seed)
    values[-lasted:] = np.round(values[-lasted:] * ratio)

    found = seen(values)

    assert found is not None
    assert abs((FIRST + timedelta(days=DAYS - lasted) - found.day).days) <= 1
    assert found.ratio == pytest.approx(ratio, abs=0.12)
    assert found.sigmas > 6


@given(st.integers(0, 10_000), st.sampled_from([0.3, 1, 2, 5, 20, 60]))
@settings(max_examples=60, deadline=None)
def test_noise_is_no_break(seed: int, rate: float) -> None:
    values = np.random.default_rng(seed).poisson(rate, DAYS).astype(float)

    assert seen(values) is None


@given(st.integers(0, 10_000), st.floats(0, 6.28), st.floats(0, 0.5))
@settings(max_examples=60, deadline=None)
def test_the_time_of_the_year_is_no_break(seed: int, phase: float, share: float) -> None:
    wave = 1 + share * np.sin(2 * np.pi * np.arange(DAYS) / 365 + phase)

    assert seen(np.round(calm(seed) * wave)) is None


@given(st.integers(0, 10_000), st.floats(10, 40), st.integers(20, 50))
@settings(max_examples=60, deadline=None)
def test_an_epidemic_that_grows_is_no_break(seed: int, doubles: float, lasted: int) -> None:
    days = np.maximum(np.arange(DAYS) - (DAYS - lasted), 0)
    rate = 30 * 2 ** (days / doubles)

    assert seen(np.random.default_rng(seed).poisson(rate).astype(float)) is None


@given(
    arrays(
        np.float64,
        st.integers(0, 450),
        elements=st.one_of(st.just(np.nan), st.just(np.inf), st.integers(0, 9), st.just(1e6)),
        fill=st.sampled_from([0.0, 3.0, np.nan]),
    )
)
@settings(deadline=None)
def test_it_answers_whatever_was_told(values: Floats) -> None:
    found = seen(values)

    assert found is None or found.ratio >= 0


@pytest.mark.parametrize("level", [0.0, 1.0, 2.0, 40.0, np.nan])
def test_what_never_changes_is_no_break(level: float) -> None:
    assert seen(np.full(DAYS, level)) is None


def test_a_closure_is_found_through_days_that_were_not_told() -> None:
    values = calm(5)
    values[-14:] *= 0.7
    values[np.random.default_rng(5).random(DAYS) < 0.2] = np.nan

    found = seen(values)

    assert found is not None
    assert found.ratio == pytest.approx(0.7, abs=0.06)


def test_an_earlier_closure_does_not_hide_the_next() -> None:
    values = calm(6)
    values[200:221] *= 0.6
    values[-10:] *= 0.7

    assert seen(values) is not None


@pytest.mark.parametrize(("lasted", "ratio"), [(2, 0.5), (40, 0.5), (10, 0.9)])
def test_what_is_too_new_too_old_or_too_small_is_no_break(lasted: int, ratio: float) -> None:
    values = calm(7)
    values[-lasted:] *= ratio

    assert seen(values) is None


def test_too_short_a_past_cannot_tell() -> None:
    values = calm(8)
    values[-10:] *= 0.5

    assert seen(values[-100:]) is None
    assert seen(values[-150:]) is not None


def test_a_break_asks_its_owner() -> None:
    closed, opened = Break(date(2026, 10, 3), 0.7, 8.0), Break(date(2026, 10, 3), 1.25, 8.0)

    assert closed.sentence.startswith(
        "Since 2026-10-03 this unit has told 30% fewer than in the weeks before. Was it closed in "
        "part? Record it as an event"
    )
    assert "25% more" in opened.sentence
