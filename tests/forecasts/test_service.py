"""Beds for a service level: by the closed form where the load is certain, more where it is not."""

from datetime import date
from typing import Literal

import numpy as np
import pytest

from app.forecasts.queues import erlang_b
from app.forecasts.service import enough
from app.forecasts.together import Ways

FIRST = date(2026, 11, 30)


def ways(paths: np.ndarray, freq: Literal["D", "M"] = "D", first: date = FIRST) -> Ways:
    return Ways(freq, first, paths, np.empty((paths.shape[1], 0)))


def certain(load: float, days: int = 14) -> Ways:
    return ways(np.full((500, days), load))


def test_three_sites_of_load_nine_need_42_apart_and_33_together() -> None:
    first, second = enough([certain(9.0)] * 3, 0.05)

    assert (first.together, first.apart) == (second.together, second.apart) == (33, 42)
    assert first.load == (27.0, 27.0, 27.0)
    assert erlang_b(27, 33) <= 0.05 < erlang_b(27, 32)


def test_what_is_unsure_asks_for_places_too() -> None:
    spread = np.repeat(np.linspace(4, 20, 500)[:, None], 7, axis=1)

    (unsure,), (sure,) = enough([ways(spread)], 0.05), enough([certain(12.0, 7)], 0.05)

    assert unsure.together > sure.together
    refused = np.mean([erlang_b(load, unsure.together) for load in spread[:, 0]])
    assert refused <= 0.05 < np.mean([erlang_b(a, unsure.together - 1) for a in spread[:, 0]])


def test_the_load_of_a_week_is_the_mean_of_its_days_and_a_part_of_a_week_is_left_out() -> None:
    days = np.tile([3.0, 3, 3, 3, 3, 10, 10, 5, 5], (500, 1))

    (week,) = enough([ways(days)], 0.1)

    assert week.day == FIRST
    assert week.load[1] == pytest.approx(5.0)


def test_months_are_taken_one_by_one_over_those_that_all_tell() -> None:
    long = ways(np.full((500, 4), 5.0), "M", date(2026, 12, 1))
    later = ways(np.full((500, 4), 2.0), "M", date(2027, 1, 1))

    found = enough([long, later], 0.05)

    assert [each.day.month for each in found] == [1, 2, 3]
    assert {each.load[1] for each in found} == {7.0}


def test_fewer_may_be_refused_means_no_fewer_places() -> None:
    asked = [enough([certain(17.0, 7)], share)[0].together for share in (0.3, 0.1, 0.05, 0.01)]

    assert asked == sorted(asked)
