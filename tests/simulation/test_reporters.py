"""Reporters tell the truth late, twice or not at all; what they tell follows from the moment."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.simulation.kinds import Kind
from app.simulation.reporters import Block, Reporter, Reporters, blocks
from app.simulation.reporters_clock import OpenHours, Schedule, at_local, offsets
from app.simulation.reporters_flaws import PERFECT, Dice, Flaws
from app.simulation.reporters_sheet import one_way
from app.simulation.reporters_stops import stops_told
from app.simulation.stops import Stop
from tests.simulation.tiny import (
    DAY,
    HOUR,
    LEAVE,
    OCCUPIED,
    PHYSICAL,
    REQUESTS,
    RESERVED,
    SHORT,
    STAFFED,
    STOCKS,
    Tiny,
)


def moment(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp())  # type: ignore[arg-type, misc]


# Three weeks with the end of summer time in them.
BEGIN, UNTIL = moment(2025, 10, 13), moment(2025, 11, 3)
DENSE = moment(2025, 10, 24, 5, 20)
TWICE_A_DAY = Schedule(minutes=(480, 930))
HOURLY = Schedule(interval=HOUR)
ALL_FLAWS = Flaws(
    late=40 * 60,
    silent=0.1,
    silences=0.9,
    corrected=0.2,
    again=0.1,
    wrong_zone=0.9,
    claims=1,
    claimed=0.5,
    held=1,
    holding=0.5,
)


def a_reporter(schedule: Schedule = TWICE_A_DAY, flaws: Flaws = PERFECT, **how: object) -> Reporter:
    return Reporter("reo-flex", schedule, flaws=flaws, **how)  # type: ignore[arg-type]


def told(reporter: Reporter, *cuts: int, seed: int = 7) -> list[Block]:
    truth, edges = Tiny(BEGIN, UNTIL), [BEGIN, *sorted(cuts), UNTIL]
    return [
        block
        for since, until in pairwise(edges)
        for block in blocks(truth, Reporters(seed, (reporter,)), since, until, dense_from=DENSE)
    ]


Row = tuple[str, int, int, Kind, int, int, float]


def rows(found: Iterable[Block]) -> list[Row]:
    """Each figure by itself: sheet, known at, observed at, what, from when, how long, how many."""
    return sorted(
        (
            block.sheet,
            int(block.known_at[n]),
            int(block.observed_at[n]),
            block.kinds[k],
            int(block.starts[n, k]),
            int(block.lengths[n, k]),
            float(block.values[n, k]),
        )
        for block in found
        for n, k in zip(*np.nonzero(block.told), strict=True)
    )


def of(found: Iterable[Block], kind: Kind) -> list[Row]:
    return [row for row in rows(found) if row[3] == kind]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(BEGIN, UNTIL), max_size=5), st.sampled_from([TWICE_A_DAY, HOURLY]))
def test_however_time_is_cut_the_same_is_told(cuts: list[int], schedule: Schedule) -> None:
    reporter = a_reporter(schedule, ALL_FLAWS)

    whole, pieces = rows(told(reporter)), rows(told(reporter, *cuts))

    assert whole == pieces
    assert len(set(whole)) == len(whole) > 100


@pytest.mark.parametrize("schedule", [TWICE_A_DAY, HOURLY])
def test_who_is_perfect_tells_the_truth_at_once(schedule: Schedule) -> None:
    found = told(a_reporter(schedule))

    truth = Tiny(BEGIN, UNTIL)
    for kind in STOCKS:
        mine = of(found, kind)
        moments = np.array([row[4] for row in mine])
        assert [row[6] for row in mine] == truth.at("reo-flex", kind, moments).tolist()
        assert [row[1] for row in mine] == [row[2] for row in mine] == moments.tolist()


def test_moments_are_local_whatever_the_clock_does() -> None:
    times = [row[4] for row in of(told(a_reporter()), STAFFED)]

    local = {divmod((m + int(offsets(np.array([m]))[0])) % DAY // 60, 60) for m in times}
    assert local == {(8, 0), (15, 30)}
    assert len(times) == 42
    assert moment(2025, 10, 25, 6) in times  # summer time
    assert moment(2025, 10, 26, 7) in times  # winter time


def test_an_interval_is_told_thrice_a_day_before_it_is_told_in_full() -> None:
    times = np.array([row[4] for row in of(told(a_reporter(HOURLY)), STAFFED)])

    before, after = times[times < DENSE], times[times >= DENSE]
    assert len(before) == 11 * 3
    assert np.all(np.diff(before) >= 7.5 * HOUR - 1)
    assert np.all(after == np.arange(DENSE - DENSE % HOUR + HOUR, UNTIL, HOUR))


@pytest.mark.parametrize("hourly", [False, True])
def test_periods_of_a_flow_neither_overlap_nor_leave_a_gap(hourly: bool) -> None:
    mine = of(told(a_reporter(HOURLY, hourly=hourly)), REQUESTS)

    ends = sorted((row[4], row[4] + row[5]) for row in mine)
    assert all(one[1] == other[0] for one, other in pairwise(ends))
    assert sum(row[6] for row in mine) == -(-ends[-1][1] // 2400) - -(-ends[0][0] // 2400)
    assert {row[5] for row in mine} == ({HOUR} if hourly else {HOUR, *lengths(ends)})


def lengths(ends: list[tuple[int, int]]) -> set[int]:
    return {end - start for start, end in ends}


def test_a_silence_makes_no_period_longer() -> None:
    mine = of(told(a_reporter(HOURLY, Flaws(silent=0.5))), REQUESTS)
    full = of(told(a_reporter(HOURLY)), REQUESTS)

    assert {row[4:6] for row in mine} < {row[4:6] for row in full}


def test_what_is_expected_is_told_in_the_morning_of_today_and_tomorrow() -> None:
    mine = of(told(a_reporter(HOURLY)), LEAVE)

    midnight = moment(2025, 10, 24, 22)
    days = {(row[4], row[5], row[6]) for row in mine if row[2] == moment(2025, 10, 25, 6)}
    assert len(mine) == 2 * 21
    assert days == {(midnight, DAY, 24.0), (midnight + DAY, 25 * HOUR, 25.0)}


def test_nobody_tells_outside_the_hours_that_a_place_is_open() -> None:
    evenings = tuple(OpenHours(day, 17 * 60, 32 * 60) for day in range(5))

    found = told(a_reporter(replace(HOURLY, hours=evenings), hourly=True))

    local = [row[4] + row[5] + int(offsets(np.array([row[4]]))[0]) for row in of(found, REQUESTS)]
    hours = {(m // DAY + 3) % 7 * 24 + m % DAY // HOUR for m in local}
    assert {hour for hour in hours if hour < 24} == {17, 18, 19, 20, 21, 22, 23}
    assert not hours & {day * 24 + hour for day in range(7) for hour in range(9, 17)}
    assert not hours & set(range(6 * 24, 7 * 24))


def test_who_works_out_of_office_hours_works_on_holidays_too() -> None:
    nights = tuple(OpenHours(day, 17 * 60, 32 * 60) for day in range(5))
    weekend = tuple(OpenHours(day, 8 * 60, 32 * 60) for day in (5, 6))
    schedule = replace(HOURLY, hours=(*nights, *weekend))
    # In 2025 Christmas was on a Thursday and a Friday, and a Saturday followed.
    eve, after = moment(2025, 12, 24, 23), moment(2025, 12, 27, 23)

    on_holidays, _ = schedule.moments(eve, after, eve)
    a_week_before, _ = schedule.moments(eve - 7 * DAY, after - 7 * DAY, eve - 7 * DAY)

    assert len(on_holidays) == 72
    # From 9 to 16 o'clock on a Thursday and a Friday nobody tells.
    assert len(a_week_before) == 72 - 2 * 8


def test_nothing_is_known_before_it_was_so() -> None:
    found = rows(told(a_reporter(HOURLY, ALL_FLAWS)))

    assert all(known >= observed for _, known, observed, *_ in found)
    stocks = [row for row in found if not row[5]]
    assert all(row[4] == row[2] for row in stocks)
    assert all(row[4] + row[5] <= row[1] for row in found if row[3] == REQUESTS)


def test_what_is_corrected_ends_as_the_truth() -> None:
    found = told(a_reporter(TWICE_A_DAY, Flaws(late=600, corrected=0.5)))

    last = {(row[3], row[4]): row[6] for row in sorted(rows(found), key=lambda row: row[1])}
    truth = Tiny(BEGIN, UNTIL)
    wrong = {
        key: value
        for key, value in last.items()
        if key[0] in STOCKS
        and truth.at("reo-flex", key[0], np.array([key[1]]))[0] != value
        # Its correction is not known yet.
        and key[1] < UNTIL - DAY
    }
    assert wrong == {}
    assert [row for row in rows(found) if row[0] == "figures corrected"]


def test_a_wrong_clock_tells_of_an_hour_or_two_ago_and_never_of_what_is_to_come() -> None:
    found = rows(told(a_reporter(HOURLY, Flaws(wrong_zone=1.0, zone_days=9)), seed=5))

    behind = {row[1] - row[2] for row in found}
    assert behind <= {0, HOUR, 2 * HOUR}
    assert len(behind) > 1
    spans = sorted({row[4:6] for row in found if row[3] == REQUESTS})
    assert all(a + length <= b for (a, length), (b, _) in pairwise(spans))


def test_who_claims_too_much_still_adds_up() -> None:
    flaws = Flaws(claims=2, claimed=0.5, held=1, holding=0.5)

    found = rows(told(a_reporter(TWICE_A_DAY, flaws)))

    values = {(row[3], row[4]): row[6] for row in found}
    times = sorted({row[4] for row in found if not row[5]})
    truth = Tiny(BEGIN, UNTIL)
    real = truth.at("reo-flex", STAFFED, np.array(times))
    staffed = np.array([values[STAFFED, at] for at in times])
    assert all(values[PHYSICAL, at] == values[STAFFED, at] + values[SHORT, at] for at in times)
    assert set(staffed - real) == {0.0, 1.0, 2.0}
    assert {values[RESERVED, at] for at in times} == {0.0, 1.0}
    assert all(values[OCCUPIED, at] + values[RESERVED, at] <= values[STAFFED, at] for at in times)


def test_staff_is_told_weeks_ahead_and_the_day_after() -> None:
    found = told(a_reporter(), seed=1)

    rostered = of(found, Kind("rostered", role="nurse", shift="nacht"))
    worked = of(found, Kind("worked", role="nurse", shift="nacht"))
    assert {(row[4] - row[1]) // DAY for row in rostered} == {35}
    assert len(rostered) == 21
    assert all(0 < row[1] - row[4] - row[5] < 5 * HOUR for row in worked)
    assert len(worked) == 21
    assert {row[5] for row in rostered + worked} == {8 * HOUR}


def test_a_flaw_is_as_often_as_it_says() -> None:
    moments = np.arange(BEGIN, BEGIN + 4000 * HOUR, HOUR)
    dice = Dice(3, "reo-flex")

    late = dice.delays(moments, 600, 6 * HOUR)
    silent = dice.happens("silent", moments, 0.2)
    stretches = np.arange(0, 4000) * 28 * DAY
    spells = dice.in_spell("silence", np.arange(0, 400 * 28 * DAY, 6 * HOUR), 0.5, 3.0)

    assert np.median(late) == pytest.approx(600, rel=0.1)
    assert np.mean(silent) == pytest.approx(0.2, abs=0.02)
    assert np.mean(dice.happens("x", stretches, 0.5)) == pytest.approx(0.5, abs=0.03)
    assert np.mean(spells) == pytest.approx(0.5 * 3 / 28, rel=0.25)


@given(st.integers(0, 20_000), st.integers(0, 1439))
def test_a_local_time_is_shown_by_the_local_clock(day: int, minute: int) -> None:
    at = at_local(np.array([day]), minute)

    shown = int((at + offsets(at))[0]) - day * DAY
    # An hour that is skipped in March is taken an hour later.
    assert shown in (minute * 60, minute * 60 + HOUR)
    assert shown == minute * 60 or 60 <= minute < 4 * 60


def test_a_total_and_its_parts_are_not_both_told() -> None:
    waiting = [Kind("waiting"), Kind("waiting", urgency="u1"), Kind("waiting", urgency="u2")]
    ready = [
        Kind("medicallyReady", destination="elv"),
        Kind("medicallyReady", destination="elv", age_band="days-3-7"),
    ]
    left = [Kind("discharges"), Kind("discharges", destination="home")]
    consults = [Kind("consults", urgency="u1"), Kind("consults", urgency="u2")]

    chosen = one_way([*waiting, *ready, *left, *consults])

    assert chosen == [*waiting[1:], ready[0], left[0], *consults]


def test_a_stop_is_known_soon_after_it_begins_and_again_when_it_is_over() -> None:
    stop = Stop("seh", "seh-stop", ("ambulance",), "", BEGIN + 100, BEGIN + 9000, None, "staff")
    over = replace(stop, ends=BEGIN + 8000)

    lasting = stops_told(Tiny(BEGIN, UNTIL, stops=[stop]), 1, BEGIN, UNTIL)
    ended = stops_told(Tiny(BEGIN, UNTIL, stops=[over]), 1, BEGIN, UNTIL)

    assert [told.ended for told in lasting] == [None]
    assert [told.ended for told in ended] == [None, BEGIN + 8000]
    assert [told.known_at for told in lasting] == [ended[0].known_at]
    assert 0 < ended[0].known_at - stop.begins <= 900
