"""The stay, learned: published tables, closed forms, and stays that are drawn."""

from math import exp, inf, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.forecasts.stay import Survival, blended, kaplan_meier, occupancy, planned_stay
from tests.forecasts.queue_simulation import numbers_present

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

STANDARD_ERRORS = 4

# Remission in weeks on 6-mercaptopurine (Freireich and others 1963, Blood 21:699); 0 is censored.
WEEKS = np.array([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35.0])
ENDED = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]) == 1

# Shares are fictief; the median and the term are those of domain.md, section 5.
REO = planned_stay(median=6, spread=0.65, term=9, at_term=0.19, blocked=0.1, blocked_days=7)
NONE = np.empty(0)
NOBODY = np.empty(0, dtype=np.bool_)

lengths = st.floats(0.1, 60).map(lambda length: round(length, 1))
stays = st.lists(st.tuples(lengths, st.booleans(), st.floats(0, 0.99)), min_size=1, max_size=40)
weights = st.floats(0.1, 200)


def in_sight(seen: list[tuple[float, bool, float]]) -> tuple[Floats, Booleans, Floats]:
    """Lengths, whether they ended, and what had passed when they came into sight."""
    length = np.array([each[0] for each in seen])
    return length, np.array([each[1] for each in seen]), length * [each[2] for each in seen]


def test_kaplan_meier_tells_the_published_table_of_the_leukaemia_trial() -> None:
    found = kaplan_meier(WEEKS, ENDED)

    assert found.survival.days.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert found.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert found.ended.tolist() == [3, 1, 1, 1, 1, 1, 1]
    assert found.survival.chance.tolist() == pytest.approx(
        [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], abs=5e-4
    )
    assert np.sqrt(found.variance).tolist() == pytest.approx(
        [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346], abs=5e-5
    )


def test_when_all_stays_have_ended_it_is_the_share_that_was_longer() -> None:
    length = np.array([2.0, 3.0, 3.0, 7.0])

    found = kaplan_meier(length, np.ones(4, dtype=np.bool_))

    assert found.survival.chance.tolist() == pytest.approx([0.75, 0.25, 0.0])
    assert found.variance[:2].tolist() == pytest.approx([0.75 * 0.25 / 4] * 2)
    assert np.isnan(found.variance[2])


def test_who_came_into_sight_late_is_not_at_risk_before() -> None:
    entered = np.array([0.0, 2.0, 4.5])

    found = kaplan_meier(np.array([4.0, 5.0, 6.0]), np.ones(3, dtype=np.bool_), entered)

    assert found.at_risk.tolist() == [2, 2, 1]
    assert found.survival.chance.tolist() == [0.5, 0.25, 0.0]


@given(stays.filter(lambda seen: any(each[1] for each in seen)))
def test_a_survival_lies_between_0_and_1_and_never_rises(
    seen: list[tuple[float, bool, float]],
) -> None:
    length, ended, entered = in_sight(seen)
    days = np.linspace(0, 90, 400)

    bare = kaplan_meier(length, ended, entered).survival.at(days)
    both = blended(length, ended, REO, 5, entered).at(days)

    assert bare[0] == both[0] == 1
    assert (np.diff(bare) <= 0).all()
    assert (np.diff(both) <= 0).all()
    assert bare[-1] >= 0
    assert both[-1] > 0


def test_stays_that_are_cut_off_on_both_sides_still_tell_the_truth() -> None:
    chance = np.random.default_rng(21)
    length = chance.gamma(2.0, 3.0, 30_000)
    entered = chance.uniform(0, 4, 30_000)
    limit = entered + chance.exponential(8.0, 30_000)
    seen = length > entered
    ended = (length <= limit)[seen]

    found = kaplan_meier(np.minimum(length, limit)[seen], ended, entered[seen])

    at = np.array([2.0, 5.0, 9.0, 15.0])
    # A gamma of shape 2 outlasts t with chance (1 + t / 3) e^(-t / 3).
    exact = (1 + at / 3) * np.exp(-at / 3)
    place = np.searchsorted(found.survival.days, at, side="right") - 1
    errors = np.sqrt(found.variance[place])
    assert (errors < 0.02).all()
    assert (np.abs(found.survival.at(at) - exact) < STANDARD_ERRORS * errors).all()


def test_counting_only_the_ended_stays_would_make_them_too_short() -> None:
    ended_only = kaplan_meier(WEEKS[ENDED], ENDED[ENDED]).survival

    assert ended_only.length(0.5) == 10
    assert kaplan_meier(WEEKS, ENDED).survival.length(0.5) == 23


def test_the_prior_has_its_median_its_mass_at_the_term_and_its_tail() -> None:
    days = np.arange(8.0, 11.0)

    leave = -np.diff(REO.at(days))

    assert REO.length(0.5) == 6
    assert leave[0] > 0.19
    assert leave[1] < 0.05
    assert REO.at(np.array([30.0]))[0] == pytest.approx(0.1 * exp(-21.5 / 7), abs=2e-3)


def test_the_prior_in_small_steps_has_the_mean_of_its_three_kinds() -> None:
    fine = planned_stay(
        median=6, spread=0.65, term=9, at_term=0.19, blocked=0.1, blocked_days=7, step=0.05
    )
    # The median of the free ones: those beyond 6 days are 1 - 0.5 / 0.71 of them.
    free = 6 * exp(-0.65 * 0.538)

    assert fine.mean == pytest.approx(
        0.71 * free * exp(0.65**2 / 2) + 0.19 * 9 + 0.1 * 16, abs=0.01
    )
    assert REO.mean == pytest.approx(fine.mean, abs=0.02)


@pytest.mark.parametrize("median", [2.0, 4.0, 6.0, 8.0])
@pytest.mark.parametrize("at_term", [0.0, 0.15, 0.3])
def test_whatever_the_shares_the_median_is_the_one_asked_for(median: float, at_term: float) -> None:
    prior = planned_stay(
        median=median, spread=0.5, term=9, at_term=at_term, blocked=0.08, blocked_days=10
    )

    assert prior.length(0.5) == median


def test_without_stays_the_blend_is_the_prior() -> None:
    found = blended(NONE, NOBODY, REO, 10)

    np.testing.assert_array_equal(found.days, REO.days)
    np.testing.assert_allclose(found.chance, REO.chance, rtol=1e-9)
    assert found.tail == REO.tail


def test_with_hardly_any_weight_the_blend_is_kaplan_meier() -> None:
    found = blended(WEEKS, ENDED, REO, 1e-9)

    alone = kaplan_meier(WEEKS, ENDED).survival
    at = np.linspace(0, 34.9, 300)
    np.testing.assert_allclose(found.at(at), alone.at(at), atol=1e-7)


def test_with_all_the_weight_the_blend_is_the_prior() -> None:
    found = blended(WEEKS, ENDED, REO, 1e9)

    at = np.linspace(0, 80, 300)
    np.testing.assert_allclose(found.at(at), REO.at(at), atol=1e-6)


def test_the_blend_by_hand() -> None:
    prior = Survival(np.array([2.0, 4.0]), np.array([0.5, 0.25]), tail=0.3)
    ended = np.array([True, True, False])

    found = blended(np.array([2.0, 3.0, 5.0]), ended, prior, weight=2)

    # At 2: (1 + 2 x 1/2) / (3 + 2). At 3: 1 / (2 + 2). At 4: (0 + 2 x 1/2) / (1 + 2).
    # At 6 the tail in one step of two days: nobody is at risk any more.
    assert found.days.tolist() == [2, 3, 4, 6]
    assert found.chance.tolist() == pytest.approx(
        [0.6, 0.6 * 0.75, 0.6 * 0.75 * 2 / 3, 0.6 * 0.75 * 2 / 3 * exp(-0.6)]
    )


@given(stays, weights)
def test_a_stay_that_goes_on_never_makes_the_survival_shorter(
    seen: list[tuple[float, bool, float]], weight: float
) -> None:
    length, ended, entered = in_sight(seen)
    at = np.linspace(0, 70, 141)

    before = blended(length, ended, REO, weight, entered).at(at)
    after = blended(
        np.append(length, 40.0), np.append(ended, False), REO, weight, np.append(entered, 0.0)
    ).at(at)

    assert (after >= before - 1e-12).all()


def test_the_blend_comes_nearer_to_the_truth_as_stays_are_seen() -> None:
    length = np.random.default_rng(4).gamma(2.0, 6.0, 3000)
    at = np.array([4.0, 9.0, 14.0, 25.0])
    exact = (1 + at / 6) * np.exp(-at / 6)

    off = [
        np.abs(blended(length[:n], np.ones(n, dtype=np.bool_), REO, 20).at(at) - exact).max()
        for n in (0, 30, 300, 3000)
    ]

    assert off == sorted(off, reverse=True)
    assert off[-1] < 0.03 < 0.3 < off[0]


def exponential(mean: float, step: float = 0.01) -> Survival:
    """In small steps, jumping in the middle of each, so that it crosses the true curve."""
    ends = np.arange(1, 501, dtype=np.float64) * step
    return Survival(ends - step / 2, np.exp(-ends / mean), 1 / mean)


@given(st.floats(0, 500), st.floats(0, 60))
def test_an_exponential_stay_does_not_remember_how_long_it_lasted(
    stayed: float, ahead: float
) -> None:
    stay = exponential(9)

    remains = stay.remaining(np.array([stayed]), np.array([ahead]))[0, 0]

    assert remains == pytest.approx(exp(-ahead / 9), abs=0.002)


@given(st.floats(0, 40), st.floats(0, 40), st.floats(0, 40))
def test_what_remains_is_the_survival_given_what_passed(
    stayed: float, first: float, second: float
) -> None:
    chance = REO.remaining(np.array([stayed]), np.array([first, first + second]))[0]

    passed, later = REO.at(np.array([stayed, stayed + first]))
    assert 0 <= chance[1] <= chance[0] <= 1
    assert chance[0] * passed == pytest.approx(later, abs=1e-12)


def test_who_is_there_at_the_term_will_more_likely_go_tomorrow_than_who_outstayed_it() -> None:
    tomorrow = 1 - REO.remaining(np.array([8.0, 9.0, 60.0]), np.array([1.0]))[:, 0]

    assert tomorrow[0] > 0.5
    assert tomorrow[1] < 0.25
    assert 0 < tomorrow[2] < 0.25


def test_who_outstays_all_that_was_seen_is_unknown_without_a_prior_and_known_with_one() -> None:
    all_ended = np.array([2.0, 5.0]), np.array([True, True])

    alone = kaplan_meier(*all_ended).survival.remaining(np.array([1.0, 6.0]), np.array([2.0]))
    with_prior = blended(*all_ended, REO, 5).remaining(np.array([6.0, 5000.0]), np.array([2.0]))

    assert alone[0].tolist() == [0.5]
    assert np.isnan(alone[1, 0])
    assert with_prior[1, 0] == pytest.approx(exp(-2 * REO.tail))


def test_stays_that_are_drawn_have_the_survival_they_are_drawn_from() -> None:
    drawn = REO.drawn(np.random.default_rng(1), 60_000)

    at = np.array([0.5, 3.0, 6.0, 9.0, 20.0, 60.0])
    survival = REO.at(at)
    found = (drawn[:, None] > at).mean(axis=0)
    errors = np.sqrt(survival * (1 - survival) / 60_000)
    assert (np.abs(found - survival) <= STANDARD_ERRORS * errors + 1e-9).all()
    assert drawn.mean() == pytest.approx(REO.mean, abs=STANDARD_ERRORS * drawn.std() / sqrt(60_000))


def test_what_remains_when_drawn_has_the_chances_of_what_remains() -> None:
    stayed = np.array([0.0, 5.5, 9.0, 200.0])

    drawn = REO.drawn_remaining(np.random.default_rng(2), stayed, 40_000)

    at = np.array([1.0, 3.0, 10.0])
    exact = REO.remaining(stayed, at)
    found = (drawn[:, :, None] > at).mean(axis=0)
    errors = np.sqrt(exact * (1 - exact) / 40_000)
    assert (drawn > 0).all()
    assert (np.abs(found - exact) <= STANDARD_ERRORS * errors + 1e-9).all()


def test_the_same_seed_draws_the_same_stays() -> None:
    first, second = (REO.drawn(np.random.default_rng(6), 5).tolist() for _ in range(2))

    assert first == second


def test_a_stay_of_which_the_end_was_never_seen_has_no_known_length() -> None:
    open_ended = kaplan_meier(WEEKS, ENDED).survival

    drawn = open_ended.drawn(np.random.default_rng(3), 2000)

    assert open_ended.mean == inf
    assert open_ended.length(0.2) == inf
    assert np.isinf(drawn).mean() == pytest.approx(0.448, abs=0.05)
    assert np.isnan(
        kaplan_meier(np.array([2.0]), np.array([True])).survival.drawn_remaining(
            np.random.default_rng(3), np.array([2.0]), 1
        )
    ).all()


def test_the_mean_over_steps_adds_up_to_the_mean_stay() -> None:
    whole, halves = REO.over_steps(2000), REO.over_steps(4000, 0.5)

    assert whole.sum() == pytest.approx(REO.mean, abs=1e-9)
    np.testing.assert_allclose(halves.reshape(-1, 2).mean(axis=1), whole, atol=1e-12)
    assert whole[0] == 1
    assert whole[8] == pytest.approx(REO.at(np.array([8.2]))[0])


def test_a_steady_stream_fills_the_beds_to_rate_times_stay() -> None:
    filled = occupancy(np.full(300, 100 / 365), REO, NONE)

    assert filled.mean[-1] == pytest.approx(100 / 365 * REO.mean, abs=1e-9)
    assert (np.diff(filled.mean) >= 0).all()
    np.testing.assert_array_equal(filled.mean, filled.variance)


def test_the_closed_form_of_exponential_stays_with_some_there_already() -> None:
    ends = np.arange(1, 15)

    filled = occupancy(np.full(14, 2.0), exponential(6, 0.001), np.array([0.0, 3.0, 11.0]))

    left = np.exp(-ends / 6)
    np.testing.assert_allclose(filled.mean, 12 * (1 - left) + 3 * left, atol=1e-3)
    np.testing.assert_allclose(filled.variance, 12 * (1 - left) + 3 * left * (1 - left), atol=1e-3)


def test_the_beds_that_are_played_are_filled_as_reckoned() -> None:
    arrivals = np.array([1.0, 0.0, 2.0, 1.5, 0.5, 3.0])
    stayed = np.array([1.0, 8.0, 8.0, 30.0])
    generator = np.random.default_rng(12)
    pool = REO.drawn(generator, 300_000)
    remains = REO.drawn_remaining(generator, stayed, 30_000)

    played = numbers_present(13, 30_000, arrivals, pool, remains - 1e-9)
    reckoned = occupancy(arrivals, REO, stayed)

    errors = np.sqrt(reckoned.variance / 30_000)
    assert (np.abs(played.mean(axis=0) - reckoned.mean) < STANDARD_ERRORS * errors).all()
    np.testing.assert_allclose(played.var(axis=0), reckoned.variance, rtol=0.04)


def test_who_is_there_longer_than_possible_makes_the_beds_unknown_and_never_zero() -> None:
    short = Survival(np.array([3.0]), np.array([0.0]))

    assert np.isnan(occupancy(np.ones(2), short, np.array([4.0])).mean).all()


@pytest.mark.parametrize(
    ("days", "chance", "tail", "problem"),
    [
        ([], [], 0.0, "n at least 1"),
        ([1.0, 2.0], [0.5], 0.0, "twice"),
        ([0.0, 2.0], [0.5, 0.2], 0.0, "increase from above 0"),
        ([1.0, np.inf], [0.5, 0.2], 0.0, "increase"),
        ([1.0, 2.0], [0.5, 0.6], 0.0, "never rises"),
        ([1.0, 2.0], [0.5, np.nan], 0.0, "never rises"),
        ([1.0, 2.0], [0.5, -0.1], 0.0, "between 0 and 1"),
        ([1.0, 2.0], [1.5, 0.2], 0.0, "between 0 and 1"),
        ([1.0, 2.0], [0.5, 0.2], -1.0, "tail"),
    ],
)
def test_what_is_no_survival_is_refused(
    days: list[float], chance: list[float], tail: float, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        Survival(np.array(days), np.array(chance), tail)


@pytest.mark.parametrize(
    ("length", "ended", "entered", "problem"),
    [
        ([3.0], [False], [0.0], "blend with a prior"),
        ([3.0, 4.0], [True], [0.0], "one of each per stay"),
        ([3.0], [True], [3.0], "longer than"),
        ([3.0], [True], [-1.0], "longer than"),
        ([np.nan], [True], [0.0], "longer than"),
    ],
)
def test_stays_that_cannot_be_are_refused(
    length: list[float], ended: list[bool], entered: list[float], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        kaplan_meier(np.array(length), np.array(ended), np.array(entered))


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"median": 9.0}, "median < term"),
        ({"spread": 0.0}, "above 0"),
        ({"blocked": 0.0}, "above 0"),
        ({"at_term": 0.45}, "below 1/2"),
        ({"at_term": -0.1}, "below 1/2"),
        ({"step": 1e-4}, "longer steps"),
    ],
)
def test_a_prior_that_cannot_be_is_refused(changed: dict[str, float], problem: str) -> None:
    known = {"median": 6, "spread": 0.6, "term": 9, "at_term": 0.2, "blocked": 0.1}

    with pytest.raises(ValueError, match=problem):
        planned_stay(**{**known, "blocked_days": 7, **changed})


def test_a_weight_a_day_or_a_share_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="weight"):
        blended(WEEKS, ENDED, REO, 0)
    with pytest.raises(ValueError, match="too far beyond"):
        blended(np.array([1e9]), np.array([False]), REO, 5)
    with pytest.raises(ValueError, match="at least 0"):
        REO.remaining(np.array([-1.0]), np.array([1.0]))
    with pytest.raises(ValueError, match="at least 0"):
        REO.drawn_remaining(np.random.default_rng(1), np.array([-1.0]), 1)
    with pytest.raises(ValueError, match="above 0"):
        REO.length(0)
