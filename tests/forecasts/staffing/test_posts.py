"""Posts and their shifts, who asks by the hour, and pools that fill what units lack."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest

from app.facilities.norms import Norms, norms_of
from app.facilities.schemas import RuleFacts, StaffPoolFacts, UnitFacts
from app.forecasts.days.hours import HOUR, seconds
from app.forecasts.days.told import Flow
from app.forecasts.issue import Why
from app.forecasts.queues import servers_for
from app.forecasts.staffing.hourly import asking
from app.forecasts.staffing.posts import Post, posts_of, shifts_ahead, span
from app.forecasts.staffing.reckoned import Basis, Patients, days_a_week, monthly, reckoned
from app.forecasts.staffing.roster import Told

MONDAY = date(2026, 11, 30)
NOW = datetime(2026, 11, 30, 5, tzinfo=UTC)
OUTSIDE_HOURS = [
    {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "17:00", "end": "08:00"},
    {"days": ["sat", "sun"], "start": "08:00", "end": "08:00"},
]
DAY = {"shift": "dag", "start": "07:00", "end": "15:30"}
NIGHT = {"shift": "nacht", "start": "23:00", "end": "07:15"}
LEVELS = (0.1, 0.5, 0.9)
Units = dict[str, tuple[int, UnitFacts]]


def a_unit(**facts: Any) -> UnitFacts:
    told = {
        "name": "zaal",
        "facility": "huis",
        "careSetting": "reo",
        "reporting": {"moments": ["08:00"]},
        "shifts": [DAY, NIGHT],
        "roles": ["nurse"],
    }
    return UnitFacts.model_validate({**told, **facts})


def a_post_of_calls() -> Units:
    closed: list[Any] = []
    hours = {"referral": OUTSIDE_HOURS, "walk-in": OUTSIDE_HOURS}
    shifts = [
        {"shift": "avond", "start": "17:00", "end": "23:30"},
        {"shift": "nacht", "start": "23:00", "end": "08:15"},
        {"shift": "weekenddag", "start": "08:00", "end": "17:15"},
    ]
    return {
        "hap": (
            1,
            a_unit(
                careSetting="huisartsenpost",
                resource="consult",
                openingHours={**hours, "ambulance": closed, "transfer": closed},
                shifts=shifts,
                roles=["triage-nurse"],
            ),
        )
    }


def norms(**settings: dict[str, Any]) -> Norms:
    told = {
        name: RuleFacts(source="test", year=2026, settings=said) for name, said in settings.items()
    }
    return norms_of(told)


def a_pool(*units: str) -> StaffPoolFacts:
    told = {"name": "pool", "units": units, "roles": ["nurse"], "shifts": [NIGHT]}
    return StaffPoolFacts.model_validate(told)


def post_of(posts: tuple[Post, ...], place: str, shift: str) -> Post:
    (found,) = [post for post in posts if (post.place.name, post.shift) == (place, shift)]
    return found


def test_a_pool_with_a_norm_is_asked_once_in_place_of_its_units() -> None:
    units = {name: (1, a_unit()) for name in ("one", "two")}
    said = norms(
        day={"role": "nurse", "patientsPerHead": 4},
        night={"role": "nurse", "staffPool": "pool", "patientsPerHead": 16},
    )

    found = posts_of(units, {"pool": (1, a_pool("one", "two"))}, said)

    nights = [post for post in found.posts if post.shift == "nacht"]
    assert [(post.place.name, post.units, post.fills) for post in nights] == [
        ("pool", ("one", "two"), False)
    ]
    assert {(each.unit, each.staff_pool) for each in found.covered} == {
        ("one", "pool"),
        ("two", "pool"),
    }


def test_a_post_that_is_closed_by_day_holds_its_day_shift_at_weekends_and_holidays() -> None:
    units = a_post_of_calls()
    posts = posts_of(units, {}, norms()).posts

    days = shifts_ahead(post_of(posts, "hap", "weekenddag"), units, date(2026, 12, 21), 7, NOW).days
    nights = shifts_ahead(post_of(posts, "hap", "nacht"), units, date(2026, 12, 21), 7, NOW)

    # The Sunday before, Christmas, Boxing day (a Saturday) and the Sunday after.
    assert [day.day for day in days] == [20, 25, 26, 27]
    assert len(nights) == 8


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 28), 7.25), (date(2026, 10, 24), 9.25)])
def test_a_night_is_an_hour_shorter_or_longer_when_the_clock_changes(
    day: date, hours: float
) -> None:
    begin, end = span(day, time(23), time(7, 15))

    assert (end - begin).total_seconds() / 3600 == hours


def calls(an_hour: float, days: int) -> Flow:
    """So many calls in each hour of the days before now."""
    starts = seconds(NOW) - HOUR * np.arange(24 * days, 0, -1, dtype=np.int64)
    return Flow(starts, np.full(len(starts), HOUR), np.full(len(starts), an_hour))


def asked(units: Units, an_hour: float, days: int) -> Basis:
    told = asking("hap", calls(an_hour, days), np.ones(168), NOW, 91, MONDAY.replace(day=1), 620)
    said = norms(
        calls={
            "role": "triage-nurse",
            "careSetting": "huisartsenpost",
            "measure": "calls",
            "handlingMinutes": 10,
            "targetShare": 0.75,
            "targetWaitSeconds": 120,
        }
    )
    found = {} if told is None else {("hap", "calls"): told}
    return Basis(NOW, MONDAY, said, units, asking=found)


def test_who_calls_by_the_hour_needs_the_heads_of_the_queue() -> None:
    units = a_post_of_calls()
    basis = asked(units, 12, 60)
    post = post_of(posts_of(units, {}, basis.norms).posts, "hap", "avond")

    (found,) = reckoned([post], basis, LEVELS)

    assert found.made_from == "hourly"
    assert np.median(found.balance.need[:, 5]) == servers_for(12, 1 / 6, 0.75, 120 / 3600)


def test_a_month_needs_what_its_shifts_need_in_the_mean_and_only_where_they_are_held() -> None:
    units = a_post_of_calls()
    basis = asked(units, 12, 60)
    post = post_of(posts_of(units, {}, basis.norms).posts, "hap", "weekenddag")

    found = monthly(post, basis)
    (weeks,) = reckoned([post], basis, LEVELS)
    days = days_a_week(post, basis, date(2026, 11, 1), 3)

    assert not isinstance(found, Why)
    first, heads, made_from = found
    december = [n for n, day in enumerate(weeks.shifts.days) if (day.year, day.month) == (2026, 12)]
    assert (first, made_from, heads.shape) == (date(2026, 11, 1), "hourly", (500, 18))
    np.testing.assert_allclose(heads[:, 1], weeks.balance.need[:, december].mean(axis=1))
    # By day it is open on the days of weekends, on Friday 25 December and on 1 January.
    assert days == pytest.approx([9 * 7 / 30, 9 * 7 / 31, 11 * 7 / 31])


def test_of_few_days_of_calls_the_need_is_unknown() -> None:
    units = a_post_of_calls()
    basis = asked(units, 12, 10)
    post = post_of(posts_of(units, {}, basis.norms).posts, "hap", "avond")

    (found,) = reckoned([post], basis, LEVELS)

    assert found.why is not None
    assert found.why.code == "too-few-requests"
    assert not found.balance.known.any()


def nights(heads: float, back: int = 0) -> Told:
    """On the nights of three weeks, and of so many days before."""
    days = [MONDAY + timedelta(days=n) for n in range(-back, 21)]
    starts = [seconds(span(day, time(23), time(7, 15))[0]) for day in days]
    lengths = np.full(len(days), 29700, dtype=np.int64)
    return Told(np.array(starts, dtype=np.int64), lengths, np.full(len(days), heads))


def test_a_pool_that_fills_is_needed_for_what_its_units_lack_and_they_do_not_net() -> None:
    units = {name: (1, a_unit()) for name in ("one", "two")}
    said = norms(night={"role": "nurse", "patientsPerHead": 5, "absence": 0.0})
    people = {
        "one": Patients(MONDAY, np.full((500, 30), 10)),
        "two": Patients(MONDAY, np.full((500, 30), 5)),
    }
    told = {
        ("one", "rostered", "nurse", "nacht"): nights(1),
        ("two", "rostered", "nurse", "nacht"): nights(4),
        ("pool", "rostered", "nurse", "nacht"): nights(2),
    }
    basis = Basis(NOW, MONDAY, said, units, people, told=told)
    posts = posts_of(units, {"pool": (1, a_pool("one", "two"))}, said).posts

    found = {
        each.post.place.name: each
        for each in reckoned(posts, basis, LEVELS)
        if each.post.shift == "nacht"
    }

    pool = found["pool"]
    assert pool.made_from == "shortage"
    first = pool.shifts.days.index(MONDAY)
    # One lacks a nurse of two; two has three to spare, which helps nobody.
    assert set(pool.balance.need[:, first]) == {1}
    assert pool.balance.rostered[first] == 2
    assert not pool.balance.known[-1]


def test_who_is_unknown_in_one_unit_is_unknown_over_the_pool() -> None:
    units = {name: (1, a_unit()) for name in ("one", "two")}
    said = norms(night={"role": "nurse", "staffPool": "pool", "patientsPerHead": 5})
    silent = Why("silent", "Nothing was told.")
    people: dict[str, Patients | Why] = {"two": silent}
    people["one"] = Patients(MONDAY, np.full((500, 30), 10))
    basis = Basis(NOW, MONDAY, said, units, people)
    posts = posts_of(units, {"pool": (1, a_pool("one", "two"))}, said).posts

    (found,) = reckoned([post_of(posts, "pool", "nacht")], basis, LEVELS)

    assert found.why is not None
    assert found.why.detail.startswith("two: ")
