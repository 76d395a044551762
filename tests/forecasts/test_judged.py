import uuid
from datetime import UTC, date, datetime, timedelta
from math import isnan
from statistics import NormalDist, fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.forecasts import calendar
from app.forecasts.baseline import QUANTILES
from app.forecasts.judged import (
    DISTANCES,
    Distance,
    Due,
    Issue,
    Said,
    can_be_judged,
    closes,
    due,
    judge,
    one_a_week,
    series_of,
)
from app.forecasts.runs import Horizon, Kind
from app.forecasts.series import Daily

Floats = NDArray[np.float64]
KIND = Kind("occupied", "bed", "observation-elderly")
AT = datetime(2026, 5, 1, 2, tzinfo=UTC)  # 04:00 on the wall
FIRST = date(2026, 5, 1)
NEAR, NEXT = DISTANCES["weeks"][:2]
UNKNOWN = float("nan")


def an_issue(horizon: Horizon = "weeks", at: datetime = AT) -> Issue:
    return Issue(uuid.uuid4(), horizon, at, at, QUANTILES)


def a_saying(
    quantiles: Floats, days: list[date], first: int = 1, members: tuple[str, ...] | None = None
) -> Said:
    begin = [calendar.day_start(day) for day in days]
    end = [calendar.day_start(day + timedelta(days=1)) for day in days]
    numbers = np.arange(first, first + len(days))
    subject = ("unit", "reo-flex") if members is None else ("group", "alle")
    return Said(1, *subject, KIND, "engine", members, numbers, days, begin, end, quantiles)


def bands(middles: list[float], width: float = 2.0) -> Floats:
    z = np.array([NormalDist().inv_cdf(p) for p in QUANTILES])
    return np.array(middles)[:, None] + width * z


@pytest.mark.parametrize(
    ("horizon", "at", "distance", "closed"),
    [
        ("weeks", "2026-11-01T03:00Z", Distance(1, 7), "2026-11-07T23:00Z"),
        ("weeks", "2026-11-01T09:00Z", Distance(1, 7), "2026-11-08T23:00Z"),  # after the census
        ("weeks", "2026-10-20T02:00Z", Distance(1, 7), "2026-10-26T23:00Z"),  # the clock goes back
        ("weeks", "2026-11-01T03:00Z", Distance(29, 98), "2027-02-06T23:00Z"),
        ("days", "2026-11-01T09:00Z", Distance(25, 48), "2026-11-03T09:00Z"),
        ("months", "2026-11-15T03:00Z", Distance(1, 3), "2027-01-31T23:00Z"),
        ("months", "2026-11-01T03:00Z", Distance(1, 3), "2027-01-31T23:00Z"),
        ("months", "2026-11-30T09:00Z", Distance(1, 3), "2027-02-28T23:00Z"),
    ],
)
def test_a_window_closes_when_its_last_day_has_ended(
    horizon: Horizon, at: str, distance: Distance, closed: str
) -> None:
    assert closes(horizon, datetime.fromisoformat(at), distance) == datetime.fromisoformat(closed)


CLOSED = closes("weeks", AT, NEAR)


@pytest.mark.parametrize(
    ("judged", "moment", "expected"),
    [
        ({}, CLOSED - timedelta(seconds=1), None),
        ({}, CLOSED, (NEAR,)),
        ({1: CLOSED}, CLOSED + timedelta(days=6), None),
        ({1: CLOSED}, CLOSED + timedelta(days=8), (NEXT,)),
        ({1: CLOSED}, CLOSED + timedelta(days=15), (NEAR, NEXT)),
        ({1: CLOSED + timedelta(days=14), 8: CLOSED}, CLOSED + timedelta(days=15), None),
        ({}, CLOSED + timedelta(days=367), DISTANCES["weeks"][1:]),
    ],
)
def test_a_window_is_judged_when_it_closed_and_when_corrections_have_come_in(
    judged: dict[int, datetime], moment: datetime, expected: tuple[Distance, ...] | None
) -> None:
    issue = an_issue()

    found = due(issue, judged, moment)

    assert found == (None if expected is None else Due(issue, expected))


def test_of_the_days_the_first_run_of_each_local_day_is_judged() -> None:
    hourly = [an_issue("days", AT + timedelta(hours=n)) for n in range(48)]

    found = one_a_week(hourly[::-1])

    first = calendar.local_day(AT)
    assert [calendar.local_day(each.issued_at) - first for each in found] == [
        timedelta(days=n) for n in range(len(found))
    ]
    assert found[0] == hourly[0]


def test_of_the_months_one_run_a_week_is_judged_and_of_the_weeks_all() -> None:
    days = [AT + timedelta(days=n) for n in range(14)]  # from a Friday on
    months = [an_issue("months", at) for at in days]
    weeks = [an_issue("weeks", at) for at in days]

    found = one_a_week([*months[::-1], *weeks])

    assert [each for each in found if each.horizon == "months"] == [
        months[0],
        months[3],
        months[10],
    ]
    assert [each for each in found if each.horizon == "weeks"] == weeks


def test_a_run_without_the_quantiles_of_the_scores_is_not_judged() -> None:
    assert can_be_judged(QUANTILES)
    assert not can_be_judged((0.1, 0.5, 0.9))


def loss(truth: float, quantile: float, level: float) -> float:
    return (level if truth >= quantile else level - 1) * (truth - quantile)


def crps(truth: float, quantiles: list[float]) -> float:
    """Written out, of the 19 levels between the outer two."""
    pairs = zip(QUANTILES[1:-1], quantiles[1:-1], strict=True)
    return 2 * fmean(loss(truth, quantile, level) for level, quantile in pairs)


def naive(past: list[float], step: int) -> list[float]:
    """The plain seasonal naive of one step, written out for a past without gaps."""
    sigma = fmean((now - then) ** 2 for then, now in zip(past, past[7:], strict=False)) ** 0.5
    last, weeks = past[-7:][(step - 1) % 7], (step - 1) // 7 + 1
    return [NormalDist(last, sigma * weeks**0.5).inv_cdf(p) for p in QUANTILES]


@given(
    st.lists(st.integers(0, 30), min_size=28, max_size=28),
    st.lists(st.one_of(st.none(), st.integers(0, 30)), min_size=7, max_size=7),
    st.lists(st.floats(0, 30), min_size=7, max_size=7),
)
@settings(deadline=None)
def test_scores_are_the_means_over_what_came_true(
    told: list[int], truths: list[int | None], middles: list[float]
) -> None:
    past = [*map(float, told[:-1]), told[0] + 31.0]  # so that the naive was off at least once
    days = calendar.days_from(FIRST, 7)
    came_true = np.array([UNKNOWN if truth is None else truth for truth in truths])
    said = a_saying(bands(middles), days)

    [found] = judge(
        Due(an_issue(), (NEAR,)),
        said,
        Daily(FIRST - timedelta(days=28), np.array(past)),
        Daily(FIRST, came_true),
    )

    assert found.points == np.isfinite(came_true).sum()
    means = (found.crps, found.baseline_crps, found.c80, found.bias, found.mae)
    np.testing.assert_allclose(
        np.array(means, dtype=float), written_out(past, came_true, said.quantiles), atol=1e-9
    )


def written_out(past: list[float], came_true: Floats, quantiles: Floats) -> Floats:
    """crps, baseline_crps, c80, bias, mae over the steps of which it is known what came true."""
    rows = [
        (
            crps(truth, told),
            crps(truth, naive(past, step)),
            float(told[2] <= truth <= told[18]),
            told[10] - truth,
            abs(told[10] - truth),
        )
        for step, (truth, told) in enumerate(zip(came_true, quantiles.tolist(), strict=True), 1)
        if not isnan(truth)
    ]
    return np.array(rows).mean(axis=0) if rows else np.full(5, np.nan)


def test_each_distance_counts_its_own_steps() -> None:
    days = calendar.days_from(FIRST, 14)
    said = a_saying(bands([10.0] * 14), days)
    truth = Daily(FIRST, np.array([10.0] * 7 + [13.0] * 5))

    near, next_ = judge(
        Due(an_issue(), (NEAR, NEXT)), said, Daily(FIRST - timedelta(28), np.arange(28.0)), truth
    )

    assert (near.points, next_.points) == (7, 5)
    assert [near.bias, next_.bias] == pytest.approx([0, -3])
    assert near.begins_at == calendar.day_start(FIRST)
    assert next_.ends_at == calendar.day_start(FIRST + timedelta(days=14))
    assert near.last is not None
    assert (near.last.step, near.last.came_true) == (7, 10.0)
    assert next_.last is not None
    assert (next_.last.step, next_.last.came_true) == (12, 13.0)


def test_without_a_naive_nothing_is_compared_but_what_came_true_is_told() -> None:
    said = a_saying(bands([10.0] * 7), calendar.days_from(FIRST, 7))

    [found] = judge(Due(an_issue(), (NEAR,)), said, None, Daily(FIRST, np.full(7, 9.0)))

    assert (found.points, found.crps) == (0, None)
    assert found.last is not None
    assert found.last.came_true == 9


def test_months_are_compared_with_the_means_of_their_days() -> None:
    start = date(2024, 1, 1)
    daily = Daily(start, np.array([float((start + timedelta(n)).month) for n in range(1000)]))
    past = Daily(start, daily.values[: (date(2026, 5, 1) - start).days])
    months = [date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)]

    [found] = judge(
        Due(an_issue("months"), (Distance(1, 3),)),
        a_saying(bands([5.0, 6.0, 8.0]), months),
        past,
        daily,
    )

    assert found.points == 3
    assert found.bias == pytest.approx(1 / 3)
    assert found.baseline_crps == pytest.approx(0)  # every year is the same


def test_a_total_is_that_of_its_members_at_issue() -> None:
    told = {
        ("a", KIND): Daily(FIRST, np.array([1.0, 2.0, UNKNOWN])),
        ("b", KIND): Daily(FIRST, np.array([10.0, 20.0, 30.0])),
        ("later", KIND): Daily(FIRST, np.array([100.0, 100.0, 100.0])),
    }
    said = a_saying(bands([1.0]), [FIRST], members=("a", "b"))

    found = series_of(said, told)

    assert found is not None
    assert found.values[:2].tolist() == [11.0, 22.0]
    assert isnan(found.values[2])
    assert series_of(a_saying(bands([1.0]), [FIRST], members=("a", "gone")), told) is None
