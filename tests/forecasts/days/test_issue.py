from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.facilities.schemas import RuleFacts, UnitFacts
from app.forecasts.baseline import QUANTILES
from app.forecasts.days.hours import HOUR, seconds
from app.forecasts.days.issue import at_least, quantiles, run
from app.forecasts.days.known import Known, Told, offering_of
from app.forecasts.days.rule import rule_of
from app.forecasts.days.told import Stock
from app.forecasts.runs import Issued, Kind
from app.forecasts.supply import Event

AT = datetime(2026, 11, 20, 3, tzinfo=UTC)
BED = Kind("occupied", "bed", "observation-elderly")
NO_WORDS = ("",) * 8
DAYS = 60
THREE = [
    {"shift": "dag", "start": "07:00", "end": "15:30"},
    {"shift": "avond", "start": "15:00", "end": "23:15"},
    {"shift": "nacht", "start": "23:00", "end": "07:15"},
]
TRIAGE = {
    "calls-per-triage-nurse": RuleFacts(
        source="fictief",
        year=2026,
        settings={
            "careSetting": "huisartsenpost",
            "role": "triage-nurse",
            "measure": "calls",
            "perHeadPerHour": 6,
        },
    )
}


def an_offering(unit: str = "reo-flex", **facts: Any) -> Any:
    told = {
        "name": "Afdeling (fictief)",
        "facility": "huis",
        "careSetting": "reo",
        "beds": [{"bedType": "observation-elderly", "law": "Zvw"}],
        "reporting": {"moments": ["08:00", "15:30"]},
        "shifts": THREE,
        **facts,
    }
    return offering_of(unit, 1, UnitFacts.model_validate(told))


A_POST: dict[str, Any] = {
    "careSetting": "huisartsenpost",
    "resource": "consult",
    "beds": [],
    "openingHours": {
        "referral": [
            {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "17:00", "end": "08:00"}
        ],
        "walk-in": [],
        "ambulance": [],
        "transfer": [],
    },
}


def a_flow(
    measure: str,
    values: Sequence[float],
    unit: str = "reo-flex",
    *,
    hours: int = 8,
    until: datetime = AT,
    bed_type: str = "observation-elderly",
    words: tuple[str, ...] = NO_WORDS,
    said_at: datetime | None = None,
) -> Told:
    """Counts one after another, each over so many hours, until a moment."""
    count = len(values)
    starts = seconds(until) - hours * HOUR * np.arange(count, 0, -1, dtype=np.int64)
    lengths = np.full(count, hours * HOUR)
    said = starts + lengths if said_at is None else np.full(count, seconds(said_at))
    told = np.array(values, dtype=float)
    return Told(unit, measure, "bed", bed_type, words, 1, starts, lengths, told, said)


def a_stock(values: Sequence[float], *, hours: int = 8, until: datetime = AT) -> Stock:
    count = len(values)
    moments = seconds(until) - hours * HOUR * np.arange(count - 1, -1, -1, dtype=np.int64)
    return Stock(moments, np.array(values, dtype=float))


def stocks(unit: str = "reo-flex", /, **told: Stock) -> dict[tuple[str, str, str, str], Stock]:
    return {(unit, measure, *BED[1:]): stock for measure, stock in told.items()}


def known(
    offerings: Sequence[Any],
    flows: Sequence[Told],
    counted: dict[tuple[str, str, str, str], Stock] | None = None,
    **more: Any,
) -> Known:
    by_name: dict[tuple[str, str], list[Told]] = {}
    for each in flows:
        by_name.setdefault((each.unit, each.measure), []).append(each)
    norms = more.pop("norms", {})
    at = more.pop("at", AT)
    named = {offering.unit: offering for offering in offerings}
    groups = more.pop("groups", {})
    return Known(at, rule_of(norms), named, groups, by_name, counted or {}, **more)


def moves(unit: str = "reo-flex", a_shift: float = 1.0, **more: Any) -> list[Told]:
    """As many come as leave in each shift of 60 days."""
    even = [a_shift] * (3 * DAYS)
    return [a_flow(name, even, unit, **more) for name in ("admissions", "discharges")]


def a_ward(unit: str = "reo-flex", there: float = 10, places: float = 12, **more: Any) -> Known:
    counted = stocks(
        unit,
        occupied=a_stock([there] * (3 * DAYS)),
        staffed=a_stock([places] * (3 * DAYS)),
        reserved=a_stock([0.0] * (3 * DAYS)),
    )
    return known([an_offering(unit)], moves(unit), counted, **more)


THREE_A_SHIFT = a_flow("requests", [3.0] * (3 * DAYS))


def a_full_ward(**more: Any) -> Known:
    return a_ward(there=12, **more)


def said(of: Known, subject: str = "reo-flex", kind: Kind = BED) -> Issued:
    return next(each for each in run(of, AT).issued if (each.subject, each.kind) == (subject, kind))


def median(told: Sequence[float]) -> float:
    return told[QUANTILES.index(0.5)]


def test_a_ward_is_told_by_shift_who_comes_who_leaves_and_who_is_there() -> None:
    found = said(a_ward())

    assert found.state == "known"
    assert [step.length_s // HOUR for step in found.steps] == [3] + [8] * 9
    assert found.steps[0].at == AT
    for step in found.steps[1:]:
        assert step.moves is not None
        assert median(step.moves.arrivals) == pytest.approx(1, abs=0.5)
        assert median(step.moves.departures) == pytest.approx(1, abs=0.6)
        assert abs(median(step.moves.net)) < 0.7
        assert median(step.quantiles) == pytest.approx(10, abs=1)
        assert step.supply == 12


def test_at_least_so_many_places_are_read_from_the_same_paths() -> None:
    found = said(a_ward())

    for step in found.steps:
        assert step.moves is not None
        assert 0 <= (step.moves.at_least_90 or 0) <= (step.moves.at_least_70 or 0) <= 4
    assert [at.at for step in found.steps if step.moves for at in step.moves.no_place][:4] == [
        datetime(2026, 11, 20, 7, tzinfo=UTC),
        datetime(2026, 11, 20, 16, tzinfo=UTC),
        datetime(2026, 11, 20, 21, tzinfo=UTC),
        datetime(2026, 11, 21, 7, tzinfo=UTC),
    ]
    assert found.steps[2].moves is not None
    assert 0 < (found.steps[2].moves.no_place[0].chance or 0) < 0.5
    assert 0 < found.detail["refusalRisk"] < 0.5


def test_a_set_hour_at_the_end_of_a_step_is_the_chance_of_its_lower_bound() -> None:
    evening = an_offering(
        shifts=[
            {"shift": "dag", "start": "08:00", "end": "17:00"},
            {"shift": "avond", "start": "17:00", "end": "08:00"},
        ]
    )

    found = said(replace(a_ward(), offerings={"reo-flex": evening}))

    # What is there at 17:00 is what is there at the end of the day shift.
    day, night = found.steps[1], found.steps[2]
    assert day.moves is not None
    assert night.moves is not None
    full = (night.moves.no_place[0].chance or 0) > 0.1
    assert (day.moves.at_least_90 == 0) == full


def test_more_people_mean_fewer_places() -> None:
    few, many = said(a_ward(there=6)), said(a_ward(there=12))

    for one, other in zip(few.steps, many.steps, strict=True):
        assert one.moves is not None
        assert other.moves is not None
        assert (one.moves.at_least_90 or 0) >= (other.moves.at_least_90 or 0)
        assert (one.p_short or 0) <= (other.p_short or 0)


def test_a_full_ward_whose_requests_are_told_is_asked_more_than_it_admits() -> None:
    counted = stocks(occupied=a_stock([12.0] * (3 * DAYS)), staffed=a_stock([12.0] * (3 * DAYS)))
    asked = a_flow("requests", [3.0] * (3 * DAYS))

    full = said(known([an_offering()], [*moves(), asked], counted))
    untold = said(known([an_offering()], moves(), counted))

    assert full.steps[2].moves is not None
    assert median(full.steps[2].moves.arrivals) == pytest.approx(3, abs=0.6)
    assert full.detail["arrivalsFrom"] == ("admissions", "requests")
    assert (full.detail["censored"], untold.detail["censored"]) == (0, 1)


def test_a_full_ward_has_people_in_its_places_and_people_who_wait() -> None:
    ward = a_full_ward()
    asked = replace(ward, flows={**ward.flows, ("reo-flex", "requests"): [THREE_A_SHIFT]})

    found = said(asked)

    there = np.array([step.quantiles for step in found.steps])
    need = np.array([step.need for step in found.steps])
    assert (found.detail["queue"], found.detail["patience"]) == ("erlang-a", 48)
    assert found.detail["sources"][0]["what"] == "patience 48 h"
    assert there.max() < 12.5
    assert (need >= there - 0.001).all()
    assert median(need[5].tolist()) > 13
    assert (found.steps[5].p_short or 0) > 0.7
    assert found.detail["refusalRisk"] > 0.7


def test_who_waits_already_stands_in_the_queue_unless_there_is_room() -> None:
    three = stocks(waiting=a_stock([3.0] * 180))
    of_the_unit = {("reo-flex", "waiting", "bed", ""): a_stock([3.0] * 180)}
    old = stocks(waiting=a_stock([3.0], until=AT - timedelta(hours=26)))
    full, room = a_full_ward(), a_ward()

    counted = [
        said(replace(ward, stocks={**ward.stocks, **waiting}))
        for ward, waiting in ((full, three), (full, of_the_unit), (full, old), (room, three))
    ]

    assert [each.detail["waiting"] for each in counted] == [3, 3, 0, 0]
    needs = [median(each.steps[0].need) for each in counted]
    assert needs[0] == needs[1] == pytest.approx(needs[2] + 3, abs=0.5)


def test_without_patience_nobody_waits_and_an_emergency_department_sends_nobody_away() -> None:
    none = {"tonight": RuleFacts(source="fictief", year=2026, settings={"patienceHours": 0})}
    full = a_full_ward(norms=none)
    seh = replace(a_full_ward(), offerings={"reo-flex": an_offering(careSetting="seh")})
    untold = {key: each for key, each in full.stocks.items() if key[1] != "staffed"}

    lost, all_seen, unknown = said(full), said(seh), said(replace(full, stocks=untold))

    queues = [each.detail["queue"] for each in (lost, all_seen, unknown)]
    assert queues == ["erlang-b", "erlang-c", "none"]
    assert [each.detail["patience"] for each in (lost, all_seen, unknown)] == [0, None, None]
    assert max(step.quantiles[-1] for step in lost.steps) < 12.5
    assert [step.p_short for step in lost.steps] == [0] * 10
    assert max(step.need[-1] for step in all_seen.steps) > 12.5
    assert [step.need for step in unknown.steps] == [step.quantiles for step in unknown.steps]


def test_refusals_never_add_to_who_comes() -> None:
    refused = a_flow("refused", [9.0] * (3 * DAYS))
    plain = a_ward()
    beside = replace(plain, flows={**plain.flows, ("reo-flex", "refused"): [refused]})

    assert repr(said(plain).steps) == repr(said(beside).steps)


def test_who_is_said_to_leave_today_leaves_today() -> None:
    # Told each morning for the day; and always right.
    days = [datetime(2026, 11, 20, 7, tzinfo=UTC) - timedelta(days=back) for back in range(40)]
    leave = [6.0 if number % 2 == 0 else 0.0 for number in range(40)]
    plans = [
        a_flow("expectedDischarges", [count], hours=24, until=at + timedelta(hours=16), said_at=at)
        for at, count in zip(days, leave, strict=True)
    ]
    shifts = [count / 3 for count in leave[:0:-1] for _ in range(3)]
    left = a_flow("discharges", shifts, until=datetime(2026, 11, 19, 23, tzinfo=UTC))
    came = a_flow("admissions", [1.0] * (3 * DAYS), until=datetime(2026, 11, 20, 7, tzinfo=UTC))
    at = datetime(2026, 11, 20, 7, tzinfo=UTC)
    counted = stocks(occupied=a_stock([12.0] * (3 * DAYS), until=at))

    with_plan = said(known([an_offering()], [came, left, *plans], counted, at=at))
    without = said(known([an_offering()], [came, left], counted, at=at))

    assert with_plan.detail["leavesSaid"] == 6
    today = sum(median(step.moves.departures) for step in with_plan.steps[:2] if step.moves)
    usual = sum(median(step.moves.departures) for step in without.steps[:2] if step.moves)
    assert today > usual + 1


def test_who_is_planned_to_come_today_comes_today_and_is_counted_once() -> None:
    # Told each morning for the day; and always right.
    at = datetime(2026, 11, 20, 7, tzinfo=UTC)
    days = [at - timedelta(days=back) for back in range(40)]
    come = [6.0 if number % 2 == 0 else 0.0 for number in range(40)]
    plans = [
        a_flow("plannedAdmissions", [count], hours=24, until=day + timedelta(hours=16), said_at=day)
        for day, count in zip(days, come, strict=True)
    ]
    shifts = [count / 3 for count in come[:0:-1] for _ in range(3)]
    came = a_flow("admissions", shifts, until=datetime(2026, 11, 19, 23, tzinfo=UTC))
    left = a_flow("discharges", [1.0] * (3 * DAYS), until=at)
    counted = stocks(occupied=a_stock([12.0] * (3 * DAYS), until=at))

    with_plan = said(known([an_offering()], [came, left, *plans], counted, at=at))
    without = said(known([an_offering()], [came, left], counted, at=at))

    today, usual = (
        sum(median(step.moves.arrivals) for step in each.steps[:2] if step.moves)
        for each in (with_plan, without)
    )
    assert (with_plan.detail["comesPlanned"], without.detail["comesPlanned"]) == (6, 0)
    assert 4.5 < today < 6.5
    assert usual < 3


def test_who_is_said_to_leave_of_the_whole_and_by_type_is_counted_once() -> None:
    day = datetime(2026, 11, 20, 23, tzinfo=UTC)
    of: dict[str, Any] = {"hours": 24, "until": day, "said_at": AT - timedelta(hours=1)}
    plans = [
        a_flow("expectedDischarges", [4.0], **of, bed_type=bed_type)
        for bed_type in ("", "observation-elderly")
    ]
    ward = a_ward()
    flows = {**ward.flows, ("reo-flex", "expectedDischarges"): plans}
    undivided = {
        name: [replace(each, bed_type="") for each in told] for name, told in ward.flows.items()
    }

    by_type = said(replace(ward, flows=flows))
    whole = said(replace(ward, flows={**flows, **undivided}))

    assert (by_type.detail["leavesSaid"], whole.detail["leavesSaid"]) == (4, 4)


def test_an_unknown_supply_or_promise_leaves_places_unknown_and_not_zero() -> None:
    ward = a_ward()
    no_supply = {key: each for key, each in ward.stocks.items() if key[1] != "staffed"}
    unknown = {**ward.stocks, **stocks(reserved=a_stock([0.0, np.nan]))}
    untold = {key: each for key, each in ward.stocks.items() if key[1] != "reserved"}

    (first, *_), (second, *_), (third, *_) = (
        said(replace(ward, stocks=each)).steps for each in (no_supply, unknown, untold)
    )

    assert first.moves is not None
    assert second.moves is not None
    assert third.moves is not None
    assert (first.supply, first.p_short, first.moves.at_least_90) == (None, None, None)
    assert second.supply == 12
    assert second.moves.at_least_90 is None
    assert third.moves.at_least_90 is not None


def test_a_closure_takes_places_away_while_it_lasts() -> None:
    begins = AT + timedelta(hours=30)
    closure = Event(None, begins, begins + timedelta(hours=24), -8)

    found = said(a_ward(events={"reo-flex": [closure]}))

    supply = [step.supply for step in found.steps]
    assert supply == [12] * 4 + [4] * 3 + [12] * 3


A_CROWD = {"occupied": a_stock([3.0] * 9), "staffed": a_stock([3.0] * 9)}


@pytest.mark.parametrize(
    ("flows", "counted", "code"),
    [
        ([], {"occupied": a_stock([3.0] * 9)}, "no-flows"),
        (moves()[:1], {"occupied": a_stock([3.0] * 9)}, "no-departures"),
        (moves(), {}, "nothing-told"),
        (moves(), {"occupied": a_stock([3.0, np.nan])}, "told-unknown"),
        (moves(), {"occupied": a_stock([3.0], until=AT - timedelta(days=15))}, "silent"),
        (moves(), {"occupied": a_stock([3.0, 1_000_000.0])}, "too-many"),
        (moves(), {**A_CROWD, "waiting": a_stock([1_000_000.0])}, "too-many"),
        (moves(), {**A_CROWD, "reserved": a_stock([1_000_000.0])}, "too-many"),
    ],
)
def test_what_cannot_be_said_is_unknown_with_its_reason(
    flows: list[Told], counted: dict[str, Stock], code: str
) -> None:
    found = said(known([an_offering()], flows, stocks(**counted)))

    assert found.state == "unknown"
    assert found.detail["reason"]["code"] == code
    assert not found.steps


def test_a_planned_term_speaks_where_nobody_told_who_left() -> None:
    counted = stocks(occupied=a_stock([2.0] * 60))

    found = said(known([an_offering(plannedTermDays=9)], moves()[:1], counted))

    assert found.state == "known"
    assert found.detail["stayFrom"] == "planned-stay"


@settings(max_examples=40, deadline=None)
@given(
    came=st.lists(st.sampled_from([0.0, 1.0, 7.0, np.nan]), max_size=40),
    left=st.lists(st.sampled_from([0.0, 2.0, 9.0, np.nan]), max_size=40),
    there=st.lists(st.sampled_from([0.0, 3.0, 20.0, np.nan]), max_size=6),
    staffed=st.lists(st.sampled_from([0.0, 4.0, np.nan]), max_size=3),
    ago=st.integers(0, 400),
    term=st.sampled_from([None, 9]),
)
def test_gaps_constants_and_zeros_give_figures_that_fit_each_other_or_a_reason(
    came: list[float],
    left: list[float],
    there: list[float],
    staffed: list[float],
    ago: int,
    term: int | None,
) -> None:
    until = AT - timedelta(hours=ago)
    flows = [a_flow("admissions", came, until=until), a_flow("discharges", left, until=until)]
    counted = stocks(occupied=a_stock(there, until=until), staffed=a_stock(staffed))

    found = said(known([an_offering(plannedTermDays=term)], flows, counted))

    assert (found.state == "unknown") == ("reason" in found.detail)
    assert (found.state == "known") == bool(found.steps)
    for step in found.steps:
        assert step.moves is not None
        for told in (step.quantiles, step.moves.arrivals, step.moves.departures, step.moves.net):
            assert np.isfinite(told).all()
            assert (np.diff(told) >= 0).all()
        known_supply = step.supply is not None
        assert (step.p_short is not None) == known_supply
        assert (step.moves.at_least_90 is not None) == known_supply
        assert (step.moves.at_least_90 or 0) <= (step.moves.at_least_70 or 0)
        assert all((each.chance is not None) == known_supply for each in step.moves.no_place)
        assert all(0 <= (each.chance or 0) <= 1 for each in step.moves.no_place)


def test_a_count_of_days_ago_widens_the_band_and_grades_it_down() -> None:
    fresh = a_ward()
    old = replace(
        fresh,
        stocks={
            **fresh.stocks,
            **stocks(occupied=a_stock([10.0] * 90, until=AT - timedelta(days=4))),
        },
    )

    new, stale = said(fresh), said(old)

    assert (new.detail["grade"], stale.detail["grade"]) == ("fresh", "stale")
    assert wide(stale.steps[0].quantiles) > 2 * wide(new.steps[0].quantiles)


def wide(told: Sequence[float]) -> float:
    return told[-1] - told[0]


def test_nothing_after_the_issue_is_read() -> None:
    ward = a_ward()
    later = seconds(AT) + 8 * HOUR * np.arange(-1, 6)
    flows = {name: [beyond(each, later) for each in told] for name, told in ward.flows.items()}
    counted = {
        key: Stock(np.append(each.moments, later[2:]), np.append(each.values, later[2:] * 0 + 99.0))
        for key, each in ward.stocks.items()
    }

    assert said(ward).steps == said(replace(ward, flows=flows, stocks=counted)).steps


def beyond(told: Told, later: NDArray[np.int64]) -> Told:
    """The same with periods that begin before the issue and end after it, and that lie after it."""
    return replace(
        told,
        starts=np.append(told.starts, later + 4 * HOUR),
        lengths=np.append(told.lengths, np.full(len(later), 8 * HOUR)),
        values=np.append(told.values, np.full(len(later), 500.0)),
        said_at=np.append(told.said_at, later),
    )


def test_the_same_figures_give_the_same_bytes() -> None:
    assert repr(said(a_ward()).steps) == repr(said(a_ward()).steps)


def test_a_total_is_the_sum_of_its_members_on_each_path() -> None:
    one, two = a_ward("een"), a_ward("twee", there=4)
    both = replace(
        one,
        offerings={**one.offerings, **two.offerings, "drie": an_offering("drie")},
        flows={**one.flows, **two.flows},
        stocks={**one.stocks, **two.stocks},
        groups={"alle": ["een", "twee", "drie"]},
    )

    group, setting = said(both, "alle"), said(both, "reo")

    assert group.detail["members"] == ["een", "twee"]
    assert group.detail["missing"] == [{"unit": "drie", "reason": "nothing-told"}]
    assert group.steps == setting.steps
    assert [step.length_s // HOUR for step in group.steps] == [3] + [8] * 9
    assert {step.supply for step in group.steps} == {24}
    assert median(group.steps[0].quantiles) == pytest.approx(14, abs=1)


def test_a_total_of_units_with_other_shifts_is_told_by_the_hour() -> None:
    one, two = a_ward("een"), a_ward("twee")
    other = an_offering("twee", shifts=[{"shift": "dag", "start": "07:30", "end": "07:30"}])
    both = replace(
        one,
        offerings={"een": one.offerings["een"], "twee": other},
        flows={**one.flows, **two.flows},
        stocks={**one.stocks, **two.stocks},
        groups={"alle": ["een", "twee"]},
    )

    found = said(both, "alle")

    assert {step.length_s for step in found.steps} == {HOUR}
    assert said(both, "twee").steps[0].length_s == 7 * HOUR // 2


def test_people_are_divided_over_bed_types_when_moves_are_told_of_the_whole() -> None:
    kinds = [Kind("occupied", "bed", "elv-low"), Kind("occupied", "bed", "elv-high")]
    counted = {
        ("reo-flex", "occupied", *kinds[0][1:]): a_stock([12.0] * 180),
        ("reo-flex", "occupied", *kinds[1][1:]): a_stock([4.0] * 180),
    }
    beds = [{"bedType": "elv-low", "law": "Zvw"}, {"bedType": "elv-high", "law": "Zvw"}]
    whole = known([an_offering(beds=beds)], moves(a_shift=2.0, bed_type=""), counted)

    low, high = (said(whole, kind=kind) for kind in kinds)

    assert (low.detail["typeShare"], high.detail["typeShare"]) == (0.75, 0.25)
    assert low.detail["meanStayDays"] == high.detail["meanStayDays"]


def test_moves_told_of_one_bed_type_and_of_the_whole_are_each_used_for_what_they_say() -> None:
    kinds = [Kind("occupied", "bed", "elv-low"), Kind("occupied", "bed", "elv-high")]
    counted = {("reo-flex", *kind): a_stock([8.0] * 180) for kind in kinds}
    beds = [{"bedType": "elv-low", "law": "Zvw"}, {"bedType": "elv-high", "law": "Zvw"}]
    flows = [*moves(a_shift=2.0, bed_type=""), *moves(a_shift=0.5, bed_type="elv-low")]

    low, high = (said(known([an_offering(beds=beds)], flows, counted), kind=kind) for kind in kinds)

    assert low.steps[2].moves is not None
    assert high.steps[2].moves is not None
    assert median(low.steps[2].moves.arrivals) < 0.9
    # Of the whole of two a shift half is taken to be for the other type.
    assert median(high.steps[2].moves.arrivals) == pytest.approx(1, abs=0.5)


def test_transfers_of_other_periods_are_left_out_rather_than_all_that_came() -> None:
    ward = a_ward()
    weekly = replace(a_flow("transfersIn", [7.0] * 8, hours=25), measure="transfersIn")

    found = said(replace(ward, flows={**ward.flows, ("reo-flex", "transfersIn"): [weekly]}))

    assert found.detail["arrivalsCounted"] == said(ward).detail["arrivalsCounted"]


def a_post(rostered: Sequence[Told] = (), norms: dict[str, RuleFacts] | None = None) -> Known:
    offering = an_offering("hap", **A_POST)
    # By the hour for 60 days: ten an hour in the evening of a workday, none by day.
    hours = [AT - timedelta(hours=back) for back in range(DAYS * 24, 0, -1)]
    calls = [10.0 if 16 <= at.hour < 22 else 1.0 for at in hours]
    told = a_flow("calls", calls, "hap", hours=1, bed_type="")
    return known([offering], [told, *rostered], norms=norms or {})


CALLS = Kind("calls", "", "")


def test_a_post_is_told_its_calls_by_the_hour_and_none_while_it_is_closed() -> None:
    found = said(a_post(), "hap", CALLS)

    by_hour = {step.at.hour: step for step in found.steps[:24]}
    assert {step.length_s for step in found.steps} == {HOUR}
    assert median(by_hour[18].quantiles) == pytest.approx(10, abs=1.5)
    assert by_hour[10].quantiles[-1] < 0.5
    assert by_hour[18].moves is not None
    assert not by_hour[18].moves.departures
    assert by_hour[18].moves.at_least_90 is None


def test_more_calls_than_the_rostered_people_can_take_is_a_chance_once_it_is_known() -> None:
    evening = AT.replace(hour=16)
    words = ("triage-nurse", "avond", *NO_WORDS[2:])
    ends = evening + timedelta(hours=6)
    two = a_flow("rostered", [2.0], "hap", hours=6, until=ends, words=words, said_at=AT)
    one = replace(two, values=np.array([1.0]))
    # Said to be nine at first, and put right an hour later.
    corrected = replace(
        two,
        starts=np.repeat(two.starts, 2),
        lengths=np.repeat(two.lengths, 2),
        values=np.array([9.0, 1.0]),
        said_at=two.said_at[0] + np.array([0, HOUR]),
    )

    chances = [
        next(step.p_short for step in said(each, "hap", CALLS).steps if step.at.hour == 18)
        for each in (
            *(a_post(), a_post([two]), a_post([two], TRIAGE)),
            *(a_post([one], TRIAGE), a_post([corrected], TRIAGE)),
        )
    ]

    assert chances[:2] == [None, None]
    assert 0.05 < (chances[2] or 0) < 0.5
    assert (chances[3] or 0) > 0.8
    assert chances[4] == chances[3]
    rest = [step.p_short for step in said(a_post([two], TRIAGE), "hap", CALLS).steps[24:]]
    assert set(rest) == {None}


@pytest.mark.parametrize(
    "at", [datetime(2026, 3, 28, 3, tzinfo=UTC), datetime(2026, 10, 24, 2, tzinfo=UTC)]
)
def test_days_of_23_and_25_hours_have_steps_without_a_hole(at: datetime) -> None:
    counted = stocks(
        occupied=a_stock([10.0] * 180, until=at), staffed=a_stock([12.0] * 180, until=at)
    )
    ward = known(
        [an_offering(), an_offering("seh", careSetting="seh")], moves(until=at), counted, at=at
    )

    found = said(ward)

    ends = [step.at + timedelta(seconds=step.length_s) for step in found.steps]
    assert ends[:-1] == [step.at for step in found.steps[1:]]
    assert sum(step.length_s for step in found.steps) >= 72 * HOUR
    assert {step.length_s // HOUR for step in found.steps[1:]} in ({7, 8}, {8, 9})


def test_whole_counts_are_told_as_intervals_that_hold_what_they_should() -> None:
    generator = np.random.default_rng(8)
    counts = generator.poisson(2.0, (500, 400))
    truth = generator.poisson(2.0, 400)

    found = quantiles(counts)

    low, high = found[:, QUANTILES.index(0.1)], found[:, QUANTILES.index(0.9)]
    assert 0.7 < ((low <= truth) & (truth <= high)).mean() < 0.9
    assert (np.diff(found, axis=1) >= 0).all()
    assert quantiles(np.zeros((500, 1), dtype=np.int64), least=0.0).max() < 0.5


def test_at_least_is_a_lower_quantile_of_whole_places() -> None:
    free = np.repeat([-2.0, 0.0, 1.0, 3.0], [25, 25, 150, 300])[:, None]

    assert at_least(free, 0.9).tolist() == [1]
    assert at_least(free, 0.7).tolist() == [1]
    assert at_least(free, 0.5).tolist() == [3]
    assert at_least(free - 3, 0.9).tolist() == [0]
    assert np.isnan(at_least(free * np.nan, 0.9)).all()


def test_settings_are_those_of_the_region_file_where_it_has_them() -> None:
    norms = {
        "tonight": RuleFacts(source="de regio", year=2027, settings={"setHours": ["12:00"]}),
        "patience": RuleFacts(source="de afdeling", year=2027, settings={"hours": 24}),
        "patience-logeren": RuleFacts(
            source="het logeerhuis",
            year=2026,
            settings={"careSetting": "short-stay", "hours": 336},
        ),
        "stay-reo": RuleFacts(
            source="de regio",
            year=2026,
            settings={"careSetting": "reo", "medianDays": 5, "plannedTermDays": 10},
        ),
    }

    found, plain = rule_of(norms), rule_of({})

    assert (found.set_hours, found.source, found.year) == ((time(12),), "de regio", 2027)
    assert found.shift_starts == plain.shift_starts
    assert (found.patience.hours, found.patience.source) == (24, "de afdeling")
    assert (plain.patience.hours, plain.patience.year) == (48, 2026)
    assert found.patience_in("short-stay").hours == 336
    assert found.patience_in("reo") == found.patience
    stay, none = found.stay("reo", 10), found.stay("reo", None)
    assert stay is not None
    assert stay.length(0.5) == pytest.approx(5, abs=0.5)
    assert none is None
