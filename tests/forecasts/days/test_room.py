"""Places for the next days: by Erlang in the long run, and by a queue that is played before it."""

from functools import partial
from itertools import pairwise
from math import inf

import numpy as np
import pytest

from app.forecasts.days.departures import exponential
from app.forecasts.days.paths import Paths, drawn
from app.forecasts.days.places import Places
from app.forecasts.days.room import SHARES, Seekers, turned_away
from app.forecasts.queues import erlang_b
from app.forecasts.stay import Survival
from tests.forecasts.days.test_departures import REO
from tests.forecasts.days.test_paths import NONE_CAME, a_rate, a_stay, hours

STEPS = [0, 8, 24, 48, 72]
FIVE = SHARES.index(0.05)


def paths(
    load: float,
    there: int,
    *,
    survival: Survival | None = None,
    places: Places | None = None,
    lasts: int = 72,
    count: int = 4000,
    dispersion: float = 0.0,
    certainty: float = inf,
) -> Paths:
    """Of people who come at a constant rate, six days each in the mean."""
    stays = survival or exponential(1 / 6)
    rate = a_rate(load / stays.mean / 24, dispersion, certainty)
    chance = np.random.default_rng(3)
    return drawn(chance, hours(lasts), there, rate, a_stay(stays), NONE_CAME, (), count, places)


def test_in_the_long_run_as_many_are_turned_away_as_erlang_says() -> None:
    warm, lasts = 40 * 24, 140 * 24
    seekers = paths(6.0, 6, survival=exponential(1.0), lasts=lasts, count=300).seekers

    away = turned_away(seekers, np.arange(4, 12))[warm:].sum(axis=0)

    found = away / seekers.asks.mean(axis=0)[warm:].sum()
    expected = np.array([erlang_b(6.0, places) for places in range(4, 12)])
    # Of 300 paths of 100 days; what was a day ago says little of now.
    error = np.sqrt(expected * (1 - expected) / (300 * 100))
    assert (np.abs(found - expected) < 4 * error).all()


@pytest.mark.parametrize(
    ("survival", "load", "there", "few"),
    [
        (exponential(1 / 6), 9.0, 9, 12),
        (exponential(1 / 6), 27.0, 27, 31),
        (exponential(1 / 6), 2.0, 3, 3),
        (REO, 6.0, 4, 7),
        (REO, 9.0, 9, 11),
    ],
)
def test_from_tonight_on_it_is_the_queue_that_is_played_event_by_event(
    survival: Survival, load: float, there: int, few: int
) -> None:
    some = partial(paths, load, there, survival=survival, dispersion=0.2, certainty=30.0)
    seekers = some().seekers

    away = turned_away(seekers, np.array([few]))[:, 0]

    played = some(places=Places(np.full(72, float(few)), 0.0))
    for start, end in pairwise(STEPS):
        lost = played.lost[:, start:end].sum(axis=1)
        came = played.arrivals[:, start:end].sum(axis=1)
        truth = lost.sum() / came.sum()
        error = (lost - truth * came).std() / np.sqrt(len(lost)) / came.mean()
        found = away[start:end].sum() / seekers.asks[:, start:end].sum(axis=1).mean()
        # Who leaves does so at the nearest whole hour: in the first hours that is a little off.
        assert abs(found - truth) < 4 * error + 0.02 * truth + 0.002


def test_the_places_told_are_enough_on_the_paths_and_one_fewer_is_not() -> None:
    seekers = paths(9.0, 9, count=500).seekers

    found = seekers.fewest(STEPS)

    asks = np.add.reduceat(seekers.asks.mean(axis=0), STEPS[:-1])
    for step, numbers in enumerate(found.tolist()):
        assert numbers == sorted(numbers, reverse=True)
        for places, share in zip(numbers, SHARES, strict=True):
            away = turned_away(seekers, np.array([places - 1, places]))
            fewer, enough = np.add.reduceat(away, STEPS[:-1], axis=0)[step] / asks[step]
            assert enough <= share < fewer


def test_a_full_unit_needs_all_its_places_tonight_and_fewer_as_people_leave() -> None:
    leaving = paths(0.5, 20, count=500).seekers.fewest(STEPS)[:, FIVE].tolist()
    quiet = paths(0.001, 0, count=500).seekers.fewest(STEPS)[:, FIVE].tolist()

    assert leaving[0] == 21
    assert leaving == sorted(leaving, reverse=True)
    assert leaving[-1] < 20
    assert quiet == [1, 1, 1, 1]


def test_units_together_need_no_more_than_each_on_its_own() -> None:
    one, other = paths(9.0, 9, count=500).seekers, paths(6.0, 8, count=500).seekers

    both = (one + other).fewest(STEPS)

    apart = one.fewest(STEPS) + other.fewest(STEPS)
    assert (both <= apart).all()
    assert (both < apart).any()


def test_of_a_few_very_busy_paths_the_places_are_told_and_not_overlooked() -> None:
    busy, stretches = 2, 4
    remain = np.zeros((1000, stretches + 1), dtype=np.int64)
    asks = np.full((1000, stretches), 0.01)
    asks[:busy] = 50.0
    path = np.repeat(np.arange(busy), 50 * stretches)
    comes = np.tile(np.repeat(np.arange(stretches), 50), busy)

    found = Seekers(remain, asks, path, comes, np.full(len(path), 9)).fewest([0, 1, 2, 4])

    # Nine in ten of who comes does so on the two paths, and there they all stay.
    assert found[:, FIVE].tolist() == [51, 101, 201]


def test_who_came_before_the_issue_is_there_and_a_path_that_is_busy_asks_more() -> None:
    remain = np.array([[2, 2, 1, 1], [1, 1, 1, 0]])
    asks = np.array([[1.0, 2.0, 3.0], [0.1, 0.2, 0.3]])
    path, comes, leaves = np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([1, 9, 0])

    later = Seekers(remain, asks, path, comes, leaves).since(1)

    # The first of path 0 leaves in stretch 1, so that it is there at its begin.
    assert later.remain.tolist() == [[3, 1, 1], [1, 1, 0]]
    assert later.asks.tolist() == [[2.0, 3.0], [0.2, 0.3]]
    assert (later.path.tolist(), later.comes.tolist(), later.leaves.tolist()) == ([0], [0], [8])


def test_who_waits_and_what_is_promised_take_places_from_who_comes() -> None:
    plain = paths(3.0, 6, places=Places(np.full(72, 6.0), 0.0), count=500)
    more = paths(3.0, 6, places=Places(np.full(72, 6.0), 24.0, waiting=2, promised=1), count=500)

    assert (plain.seekers.remain[:, 0] == 6).all()
    assert (more.seekers.remain[:, 0] == 9).all()
    few, many = (each.seekers.fewest(STEPS)[0, FIVE] for each in (plain, more))
    assert many >= few + 2
