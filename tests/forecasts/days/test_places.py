from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.forecasts.days.departures import exponential
from app.forecasts.days.paths import Paths, drawn
from app.forecasts.days.places import Places
from app.forecasts.queues import erlang_a, erlang_c
from tests.forecasts.days.test_paths import NONE_CAME, a_rate, a_stay, hours

A_DAY = 24.0
WARMED_UP = 500


def paths(
    places: Places | None,
    load: float,
    *,
    there: int = 0,
    lasts: int = 72,
    stay_days: float = 1.0,
    count: int = 50,
    seed: int = 2,
) -> Paths:
    """Of people who come at a constant rate and stay as long as chance has it."""
    rate, stay = a_rate(load / stay_days / 24), a_stay(exponential(1 / stay_days))
    chance = np.random.default_rng(seed)
    return drawn(chance, hours(lasts), there, rate, stay, NONE_CAME, (), count, places)


def of(count: float, patience: float, waiting: int = 0, lasts: int = 72) -> Places:
    return Places(np.full(lasts, count), patience, waiting)


@pytest.mark.parametrize(
    ("load", "places", "patience"),
    [(3.0, 4, 0.0), (3.0, 4, 2.0), (6.0, 4, 0.5), (15.0, 16, 2.0)],
)
def test_shares_lost_and_waiting_are_those_of_erlang(
    load: float, places: int, patience: float
) -> None:
    lasts = WARMED_UP + 4000
    most = of(places, patience * A_DAY, lasts=lasts)

    found = paths(most, load, lasts=lasts, count=100)

    expected = erlang_a(load, places, patience)
    came = found.arrivals[:, WARMED_UP:].sum(axis=1)
    lost = found.lost[:, WARMED_UP:].sum(axis=1) / came
    taken = (found.there[:, WARMED_UP:] == places).mean(axis=1)
    waiting = (found.need - found.there)[:, WARMED_UP:].mean(axis=1)
    # Who waits gives up at the rate of patience (Little); who comes sees what an onlooker sees.
    for told, truth in (
        (lost, expected.lost),
        (taken, expected.waits),
        (waiting, expected.lost * load * patience),
    ):
        error = told.std() / np.sqrt(len(told))
        assert abs(told.mean() - truth) < 4 * error + 1e-9


def test_who_never_gives_up_waits_as_erlang_c_has_it() -> None:
    lasts = WARMED_UP + 4000

    found = paths(of(8, inf, lasts=lasts), 6.0, lasts=lasts, count=100)

    taken = (found.there[:, WARMED_UP:] == 8).mean(axis=1)
    assert not found.lost.any()
    assert abs(taken.mean() - erlang_c(6.0, 8)) < 4 * taken.std() / 10


@pytest.mark.parametrize("places", [of(np.nan, 48.0), of(90.0, 48.0), of(90.0, 0.0)])
def test_with_room_or_places_unknown_all_is_as_if_nobody_counted_them(places: Places) -> None:
    plain, found = paths(None, 6.0, there=5), paths(places, 6.0, there=5)

    assert found.there.tobytes() == plain.there.tobytes()
    assert (found.need == found.there).all()
    assert not found.lost.any()


def test_while_places_are_closed_nobody_takes_one_and_nobody_leaves_for_it() -> None:
    count = np.repeat([12.0, 4.0, 12.0], 24)
    always = Places(count, inf)

    found = paths(always, 24.0, there=12, stay_days=2.0)

    there = found.there
    taken = there[:, 1:] - there[:, :-1] + found.departures
    over = there[:, 24:48] > 4
    assert (there <= 12).all()
    assert over[:, 0].all()
    assert not taken[:, 24:48][over & (there[:, 25:49] >= 4)].any()
    # Those who waited for it get in as soon as they open.
    assert (there[:, 48] < 12).all()
    assert (there[:, 49] == 12).all()


def test_who_waits_takes_the_first_place_that_falls_free() -> None:
    nobody_comes = 0.0

    found = paths(of(6, 1e9, waiting=2), nobody_comes, there=6)

    gone = found.departures.cumsum(axis=1)
    first = gone <= 2
    assert (found.need[:, 0] == 8).all()
    assert (found.there[:, 1:][first] == 6).all()
    assert ((found.need - found.there).min(axis=1) == 0).all()


def test_a_promised_place_is_kept_for_the_first_who_come() -> None:
    none_leave = 1e9
    kept = Places(np.full(72, 6.0), 0.0, promised=2)

    found = paths(kept, 24 * none_leave, there=3, stay_days=none_leave)

    came, lost = found.arrivals.sum(axis=1), found.lost.sum(axis=1)
    assert (came > 9).all()
    assert (came - lost == 3).all()
    assert (found.promised.sum(axis=1) == 2).all()
    assert (found.there[:, -1] == 6).all()


def test_without_a_place_all_wait_until_their_patience_is_over() -> None:
    found = paths(of(0, A_DAY), 24.0, count=400)

    waiting = found.need[:, 72].mean()
    assert not found.there.any()
    assert waiting == pytest.approx(24 * (1 - np.exp(-3)), abs=4 * np.sqrt(24 / 400))


def test_the_same_seed_draws_the_same_bytes() -> None:
    one, again, other = (paths(of(4, 48.0, 1), 5.0, there=4, seed=seed) for seed in (3, 3, 4))

    assert one.need.tobytes() == again.need.tobytes()
    assert one.need.tobytes() != other.need.tobytes()


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 12),
    st.integers(0, 4),
    st.floats(0, 20),
    st.sampled_from([0.0, 5.0, 48.0, inf]),
    st.lists(st.sampled_from([0.0, 2.5, 6.0, 11.0, np.nan]), min_size=3, max_size=3),
    st.integers(0, 3),
)
def test_everybody_is_somewhere_and_nobody_waits_beside_a_free_place(
    there: int, waiting: int, load: float, patience: float, counts: list[float], promised: int
) -> None:
    places = Places(np.repeat(counts, 24), patience, waiting, promised)

    found = paths(places, load, there=there, count=20)

    waits = found.need - found.there
    net = found.arrivals - found.departures - found.lost
    np.testing.assert_array_equal(found.need[:, 1:], found.need[:, :-1] + net)
    assert (waits >= 0).all()
    assert (found.there >= 0).all()
    still = promised - found.promised.cumsum(axis=1)
    full = found.there[:, 1:] + still >= places.whole
    assert full[waits[:, 1:] > 0].all()
    taken = found.there[:, 1:] - found.there[:, :-1] + found.departures
    assert (taken >= 0).all()
    others = taken - found.promised
    assert (others >= 0).all()
    assert (found.there[:, 1:] + still <= places.whole)[others > 0].all()
    three = found.steps(range(0, 73, 24))
    assert (three.lost.sum(axis=1) == found.lost.sum(axis=1)).all()
    assert ((found + found).need == 2 * found.need).all()
