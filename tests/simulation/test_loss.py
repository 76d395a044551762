"""The engine against closed forms: Erlang's loss and Little's law."""

from math import factorial

import numpy as np
import pytest

from app.simulation.calendar import DAY
from app.simulation.kinds import Kind
from app.simulation.stays import exponential, lognormal
from app.simulation.world import World
from tests.simulation.plans import BEGIN, one_unit

OCCUPIED = Kind("occupied", resource="bed", bed_type="ward")


def erlang_b(beds: int, load: float) -> float:
    """The blocking of M/G/c/c (Erlang, 1917)."""
    terms = [load**k / factorial(k) for k in range(beds + 1)]
    return terms[-1] / sum(terms)


@pytest.mark.parametrize(("days", "lost"), [(9, 0.47), (5, 0.28), (3, 0.16)])
def test_without_patience_two_beds_lose_what_erlang_says(days: float, lost: float) -> None:
    # A hundred a year who stay nine days are a thousand who stay a tenth of that: same load.
    plan = one_unit(2, 1_000, exponential(days / 10))
    shares = []
    for seed in range(3):
        world = World(plan, seed, BEGIN)
        world.advance(BEGIN + 10 * 365 * DAY)
        people = world.truth.people
        shares.append(float(np.mean(people.lost_at >= 0)))

    expected = erlang_b(2, 100 * days / 365.25)

    assert expected == pytest.approx(lost, abs=0.006)
    assert np.mean(shares) == pytest.approx(expected, abs=0.012)


def test_the_loss_does_not_hang_on_the_form_of_the_stay() -> None:
    stay = lognormal(0.5, 0.9)
    world = World(one_unit(3, 1_000, stay), 5, BEGIN)

    world.advance(BEGIN + 20 * 365 * DAY)

    lost = np.mean(world.truth.people.lost_at >= 0)
    assert lost == pytest.approx(erlang_b(3, 1_000 * stay.mean / 365.25), abs=0.015)


def test_patience_saves_people_whom_a_loss_model_loses() -> None:
    impatient = World(one_unit(2, 1_000, exponential(0.9)), 1, BEGIN)
    patient = World(one_unit(2, 1_000, exponential(0.9), patience=4.8), 1, BEGIN)

    for world in (impatient, patient):
        world.advance(BEGIN + 5 * 365 * DAY)

    lost = [np.mean(world.truth.people.lost_at >= 0) for world in (impatient, patient)]
    assert lost[1] < lost[0] - 0.05


def test_in_a_big_unit_the_mean_occupancy_is_rate_times_stay() -> None:
    stay = lognormal(4.0, 0.6)
    world = World(one_unit(1_000, 3_000, stay), 2, BEGIN)
    world.advance(BEGIN + 760 * DAY)

    # Little's law, once the first month has filled it.
    hours = np.arange(BEGIN + 30 * DAY, BEGIN + 760 * DAY, 3600)
    mean = world.truth.at("afdeling", OCCUPIED, hours).mean()

    assert mean == pytest.approx(3_000 / 365.25 * stay.mean, rel=0.04)
    assert not (world.truth.people.lost_at >= 0).any()
