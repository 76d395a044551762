"""Beds for a service level: by the closed form where the load is certain, more where it is not."""

from datetime import date
from typing import Literal

import numpy as np
import pytest

from app.forecasts.days.rule import Patience
from app.forecasts.queues import erlang_a, erlang_b
from app.forecasts.service import Patient, enough
from app.forecasts.service_answers import Member, Waits
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


def test_who_waits_for_a_place_asks_for_fewer_and_each_by_its_own_stay() -> None:
    two_of_nine_days = 48 / 24 / 9

    (waits,) = enough(
        [certain(9.0, 7)] * 3, 0.05, Patient(two_of_nine_days, [two_of_nine_days, 0.0, 2.0])
    )
    (at_once,) = enough([certain(9.0, 7)] * 3, 0.05)

    assert waits.together < at_once.together
    assert erlang_a(27, waits.together, two_of_nine_days).lost <= 0.05
    assert erlang_a(27, waits.together - 1, two_of_nine_days).lost > 0.05
    alone = [13, 14, 11]
    assert waits.apart == sum(alone)
    for places, patience in zip(alone, (two_of_nine_days, 0.0, 2.0), strict=True):
        assert erlang_a(9, places, patience).lost <= 0.05 < erlang_a(9, places - 1, patience).lost


NORM = Patience(48.0, "fictief", 2026)


def test_the_mean_stay_over_who_asks_is_the_load_over_the_requests() -> None:
    short, long = Member("a", 2.0, NORM), Member("b", 8.0, Patience(24.0, "fictief", 2026))
    untold = Member("c", None, Patience(0.0, "fictief", 2026))

    both = Waits.of([(short, 4.0), (long, 4.0), (untold, 100.0)])
    nobody = Waits.of([(untold, 4.0)])
    empty = Waits.of([(short, 0.0), (long, 0.0)])

    # 2 requests a day stay 2 days and half a request a day stays 8: 8 places for 2.5 a day.
    assert both.stay == pytest.approx(8 / 2.5)
    assert both.stays == pytest.approx(24 / 24 / 3.2)
    assert both.told(alone=False)["mean_stay_days"] is None
    assert both.told(alone=True)["queue"] == "erlang-a"
    assert (nobody.stays, nobody.told(alone=True)) == (0.0, {"queue": "erlang-b"})
    assert empty.stay == 5.0


def test_a_patience_of_nothing_is_told_as_the_loss_model() -> None:
    told = Waits.of([(Member("a", 2.0, Patience(0.0, "", 0)), 4.0)]).told(alone=True)

    assert (told["queue"], told["patience_hours"], told["sources"]) == ("erlang-b", 0.0, ())
