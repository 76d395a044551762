"""What a stop of admission does: nobody comes in while one lasts, and it is the reason given."""

from dataclasses import replace

import numpy as np
import pytest

from app.simulation.kinds import Kind
from app.simulation.plan import Plan
from app.simulation.script import Script
from app.simulation.stays import exponential
from app.simulation.truth import Truth
from app.simulation.world import World
from tests.simulation.plans import BEGIN, DAY, one_unit

UNTIL = BEGIN + 2 * 365 * DAY


def often_infected(setting: str, patience: float) -> Plan:
    """So many outbreaks in a year that some overlap, and one begins as another ends."""
    plan = one_unit(10, 500, exponential(3), patience=patience)
    unit = replace(plan.units[0], setting=setting, outbreaks_per_year=40)
    return replace(plan, units=(unit,), needs=(replace(plan.needs[0], setting=setting),))


def run(plan: Plan) -> Truth:
    world = World(plan, 1, BEGIN)
    world.advance(UNTIL)
    return world.truth


def let_in(truth: Truth) -> int:
    """How many were promised a place during a stop."""
    accepted = truth.people.accepted_at
    during = np.zeros(len(accepted), dtype=np.bool_)
    for stop in truth.stops:
        during |= (accepted >= stop.begins) & (accepted < (stop.ends or UNTIL))
    return int(during.sum())


def refused(truth: Truth, reason: str) -> float:
    kind = Kind("refused", resource="bed", bed_type="ward", reason=reason)
    return float(truth.over("afdeling", kind, np.array([BEGIN]), np.array([UNTIL]))[0])


def test_nobody_is_let_in_while_one_of_several_stops_lasts() -> None:
    truth = run(often_infected("reo", 48.0))

    begins, ends = (
        np.array([getattr(stop, at) or UNTIL for stop in truth.stops]) for at in ("begins", "ends")
    )
    assert (begins[1:] < np.maximum.accumulate(ends)[:-1]).any(), "some overlap"
    assert let_in(truth) == 0


def test_a_stop_that_ends_the_others_too_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Script, "holds", lambda *_: False)

    assert let_in(run(often_infected("reo", 48.0))) > 0


def test_a_ward_names_the_stop_as_the_reason_to_who_waited_in_vain() -> None:
    truth = run(often_infected("hospital-ward", 24.0))

    assert refused(truth, "infection") > 0
    lost = int((truth.people.lost_at >= 0).sum())
    assert sum(refused(truth, reason) for reason in ("infection", "full", "staff")) == lost
