"""The band against what really was in a simulated ward (fictief), which the forecast never saw."""

from datetime import UTC, datetime, time, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from app.forecasts.baseline import QUANTILES
from app.forecasts.days.hours import seconds, starts_between
from app.forecasts.days.known import Known, Told
from app.forecasts.days.rule import rule_of
from app.forecasts.days.told import Stock
from app.forecasts.runs import Kind as Of
from app.simulation.kinds import Kind
from app.simulation.plan import Stream
from app.simulation.stays import lognormal
from app.simulation.truth import Truth
from app.simulation.world import World
from tests.forecasts.days.test_issue import NO_WORDS, an_offering, said
from tests.simulation.plans import one_unit

BEGIN = datetime(2026, 2, 2, tzinfo=UTC)
FIRST = BEGIN + timedelta(days=95, hours=3)
ORIGINS = [FIRST + timedelta(days=5 * number, hours=7 * (number % 3)) for number in range(12)]
MOMENTS = (time(8), time(15, 30), time(23))
WARD = {"resource": "bed", "bed_type": "ward"}
OCCUPIED = Of("occupied", "bed", "ward")
BY_DAY = (*(0.3,) * 8, *(2.0,) * 12, *(0.6,) * 4)
LESS_AT_WEEKENDS = (1.2, 1.1, 1.0, 1.1, 1.2, 0.7, 0.7)


def a_world(seed: int) -> Truth:
    """A ward of 60 beds to which about six people a day come, for about four days."""
    stream = Stream("people", 2200, ((1.0, "bed"),), BY_DAY, LESS_AT_WEEKENDS)
    world = World(one_unit(60, 2200, lognormal(3.5, 0.7), stream=stream), seed, seconds(BEGIN))
    world.advance(seconds(ORIGINS[-1] + timedelta(days=5)))
    return world.truth


def told_of(truth: Truth, at: datetime) -> Known:
    """What the ward told until then: at 08:00, 15:30 and 23:00, all of it and at once."""
    moments = starts_between(at - timedelta(days=92), at, MOMENTS)
    times = np.array([seconds(each) for each in moments])
    flows = {
        ("afdeling", measure): [
            Told(
                *("afdeling", measure, "bed", "ward", NO_WORDS, 1),
                *(times[:-1], np.diff(times)),
                truth.over("afdeling", Kind(measure, **WARD), times[:-1], times[1:]),
                times[1:],
            )
        ]
        for measure in ("requests", "admissions", "discharges")
    }
    occupied = Stock(times, truth.at("afdeling", Kind("occupied", **WARD), times))
    offering = an_offering("afdeling", beds=[{"bedType": "ward", "law": "Zvw"}])
    stocks = {("afdeling", "occupied", "bed", "ward"): occupied}
    return Known(at, rule_of({}), {"afdeling": offering}, {}, flows, stocks)


def inside(truth: Truth, at: datetime) -> NDArray[np.bool_]:
    """Of each step whether what really was there at its end lies in the band of 80%."""
    found = said(told_of(truth, at), "afdeling", OCCUPIED)
    ends = np.array([seconds(step.at) + step.length_s for step in found.steps])
    there = truth.at("afdeling", Kind("occupied", **WARD), ends)
    bands = np.array([step.quantiles for step in found.steps])
    low, high = bands[:, QUANTILES.index(0.1)], bands[:, QUANTILES.index(0.9)]
    return np.asarray((low <= there) & (there <= high))


@pytest.mark.more
def test_the_band_of_80_percent_holds_what_really_was_there() -> None:
    worlds = [a_world(seed) for seed in range(1, 7)]

    found = np.concatenate([inside(truth, at) for truth in worlds for at in ORIGINS])

    assert 0.7 < found.mean() < 0.9
