import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.simulation.kinds import Kind
from app.simulation.telephone import erlang_c
from app.simulation.world import World
from app.simulation.zoetermeer import zoetermeer
from tests.simulation.plans import BEGIN, DAY


def closed_form(heads: int, load: float) -> float:
    last = load**heads / math.factorial(heads) * heads / (heads - load)
    return last / (sum(load**k / math.factorial(k) for k in range(heads)) + last)


@given(st.integers(1, 12), st.floats(0.001, 0.97))
def test_the_chance_to_wait_is_that_of_erlang(heads: int, busy: float) -> None:
    load = busy * heads

    found = erlang_c(np.array([heads]), np.array([load]))

    assert found[0] == pytest.approx(closed_form(heads, load), rel=1e-9)


def test_two_erlang_on_three_heads_wait_in_four_of_nine_calls() -> None:
    assert erlang_c(np.array([3]), np.array([2.0]))[0] == pytest.approx(4 / 9)


@pytest.fixture(scope="module")
def world() -> World:
    world = World(zoetermeer(), 3, BEGIN)
    world.advance(BEGIN + 84 * DAY)
    return world


HOURS = np.arange(BEGIN, BEGIN + 84 * DAY, 3600)


def over(world: World, measure: str, **of: str) -> np.ndarray:
    return world.truth.over("hap", Kind(measure, **of), HOURS, HOURS + 3600)


def test_what_is_counted_of_calls_adds_up_in_every_hour(world: World) -> None:
    calls, answered, abandoned = (over(world, m) for m in ("calls", "answered", "abandoned"))
    within, late = over(world, "answeredWithin120s"), over(world, "answeredOver600s")
    urgent, quick = over(world, "urgentAnswered"), over(world, "urgentWithin30s")
    longest = over(world, "longestWaitSeconds")

    assert (calls == answered + abandoned).all()
    assert (within + late <= answered).all()
    assert (quick <= urgent).all()
    assert (urgent <= answered).all()
    assert ((longest > 600) == (late > 0)).all()
    assert (longest[(answered > 0) & (within == answered)] < 120).all()


def test_a_huisartsenpost_is_called_only_out_of_office_hours(world: World) -> None:
    calls = over(world, "calls")
    # Local clock: January to the end of March 2023 is UTC+1 but for the last days.
    weekday, hour = (HOURS // DAY + 3) % 7, (HOURS // 3600 + 1) % 24

    office = (weekday < 5) & (hour >= 9) & (hour < 16)
    assert calls[office].sum() == 0
    weekend_days = (weekday >= 5) & (hour >= 9) & (hour < 16)
    evenings = (weekday < 5) & (hour >= 18) & (hour < 23)
    assert calls[weekend_days].mean() > calls[evenings].mean() > 0


def test_most_calls_are_answered_soon(world: World) -> None:
    share = over(world, "answeredWithin120s").sum() / over(world, "answered").sum()

    assert 0.75 < share < 0.99


def test_visits_made_and_open_are_never_more_than_were_asked(world: World) -> None:
    for urgency in ("u1", "u3"):
        made = over(world, "homeVisits", urgency=urgency)
        still = world.truth.at("hap", Kind("visitsOpen", urgency=urgency), HOURS + 3599)

        assert made.sum() > 0
        assert (still >= 0).all()
