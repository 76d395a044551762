from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.facilities.schemas import UnitFacts
from app.overview.places import SPLIT, Told
from app.overview.pools import Flow, counted
from app.overview.region import Snapshot, Total, Unit, UnitNow, region, totals
from app.signals.levels import read_rules
from app.signals.refusal import no_place

# A Sunday, 14:32 in Zoetermeer.
NOW = datetime(2026, 11, 22, 13, 32, tzinfo=UTC)
RULES = read_rules({})
DAY = 86_400.0
WHOLE = ("",) * len(SPLIT)


def a_unit(name: str, org_id: int = 1, setting: str = "reo", **facts: Any) -> Unit:
    told = {
        "name": f"{name} (fictief)",
        "facility": "huis",
        "careSetting": setting,
        "beds": [{"bedType": "observation-elderly", "law": "Zvw"}],
        "reporting": {"moments": ["08:00", "15:30"]},
        **facts,
    }
    return Unit(name, org_id, f"org-{org_id}", UnitFacts.model_validate(told))


def stocks(ago: timedelta = timedelta(minutes=5), **figures: Any) -> list[Told]:
    return [Told(m, "", "", WHOLE, "feed", NOW - ago, value) for m, value in figures.items()]


def requests(amount: float, days: float = 28, source: str = "feed", **changes: Any) -> Flow:
    told: dict[str, Any] = {
        "measure": "requests",
        "resource": "",
        "bed_type": "",
        "split": False,
        "source_kind": source,
        "amount": amount,
        "seconds": days * DAY,
        "greatest": amount,
        "until": NOW,
    }
    return Flow(**{**told, **changes})


def judged(*units: Unit, told: Any, flows: Any = None) -> list[UnitNow]:
    return region(Snapshot(NOW, units, told, flows or {}, {}, {}, RULES))


def the_total(found: list[UnitNow]) -> Total:
    (total,) = totals(found, RULES)
    return total


def test_a_large_unit_is_judged_by_itself() -> None:
    unit = a_unit("a", plannedTermDays=9)
    told = {"a": stocks(staffed=8, occupied=7, reserved=0)}

    (now,) = judged(unit, told=told, flows={"a": [requests(84)]})

    (line,) = now.lines
    assert line.risk.basis == "unit"
    assert line.risk.value == pytest.approx(no_place(7, 1, 3.0, 7 / 9), abs=1e-3)
    assert now.level == "druk"


def test_a_small_unit_is_judged_on_its_pool() -> None:
    units = [a_unit("a", 1), a_unit("b", 2)]
    told = {
        "a": stocks(staffed=2, occupied=1, reserved=0),
        "b": stocks(staffed=2, occupied=0, reserved=0),
    }

    found = judged(*units, told=told, flows={"a": [requests(42)], "b": [requests(14)]})

    assert [now.lines[0].risk.basis for now in found] == ["pool", "pool"]
    assert found[0].lines[0].risk == found[1].lines[0].risk
    assert found[0].lines[0].risk.value == pytest.approx(no_place(1, 3, 2.0, 1 / 6), abs=1e-3)
    assert found[0].lines[0].risk.owners == {1, 2}


def test_without_requests_the_chance_is_unknown_and_nothing_is_druk() -> None:
    told = {"a": stocks(staffed=8, occupied=7, reserved=0)}

    (never,) = judged(a_unit("a"), told=told)
    (too_short,) = judged(a_unit("a"), told=told, flows={"a": [requests(30, days=3)]})

    assert never.lines[0].risk.value is None
    assert too_short.lines[0].risk.value is None
    assert never.level == "ruim"


def test_expected_departures_stand_before_the_prior() -> None:
    told = {"a": stocks(staffed=8, occupied=8, reserved=0)}
    leaving = requests(6, measure="expectedDischarges", days=1)

    (now,) = judged(a_unit("a"), told=told, flows={"a": [requests(28), leaving]})

    assert now.lines[0].risk.value == pytest.approx(no_place(8, 0, 1.0, 6.0), abs=1e-3)


def test_a_stale_unit_is_oud_and_in_no_pool() -> None:
    units = [a_unit("a", 1), a_unit("b", 2)]
    told = {
        "a": stocks(timedelta(days=2), staffed=2, occupied=0, reserved=0),
        "b": stocks(staffed=2, occupied=1, reserved=0),
    }

    old, new = judged(*units, told=told, flows={"a": [requests(28)], "b": [requests(28)]})

    assert old.level == "oud"
    assert old.lines[0].line.free.value == 2
    assert new.lines[0].risk.owners == {2}


def test_eight_hours_by_day_are_too_old_to_offer() -> None:
    told = {"a": stocks(timedelta(hours=8, minutes=1), staffed=2, occupied=0, reserved=0)}

    (now,) = judged(a_unit("a", reporting={"moments": ["15:30"]}), told=told)

    assert now.freshness == "fresh"
    assert now.offered == "stale"
    assert now.level == "oud"


def test_a_unit_listed_twice_is_counted_once() -> None:
    found = judged(a_unit("a"), told={"a": stocks(staffed=5, occupied=1, reserved=1)})

    total = the_total([*found, *found])

    assert len(total.lines) == 1


def test_unlike_kinds_are_never_added() -> None:
    told = {
        "a": stocks(staffed=5, occupied=1, reserved=1),
        "b": stocks(staffed=5, occupied=1, reserved=1),
        "c": stocks(startsToday=3),
    }
    units = [
        a_unit("a"),
        a_unit("b", setting="short-stay"),
        a_unit("c", setting="home-care", resource="care-start", beds=[]),
    ]

    kinds = [(t.care_setting, t.resource) for t in totals(judged(*units, told=told), RULES)]

    assert kinds == [("home-care", "care-start"), ("reo", "bed"), ("short-stay", "bed")]


def test_a_flexible_bed_is_counted_once_and_shown_as_of() -> None:
    beds = [{"bedType": "respite", "law": "Wmo", "usableAs": ["recovery"]}]
    flexible = a_unit("a", setting="short-stay", beds=beds)

    found = judged(flexible, told={"a": stocks(staffed=3, occupied=1, reserved=0)})

    recovery, respite = totals(found, RULES)
    assert [each.line.bed_type for each in respite.lines] == ["respite"]
    assert not recovery.lines
    assert [each.line.admittable.value for each in recovery.usable] == [2]


@pytest.mark.parametrize(
    ("parts", "level"),
    [
        ([(2, 2), (2, 2)], "vol"),
        ([(2, 2), (2, 1)], "ruim"),
        ([(2, 2), (None, 1)], "onbekend"),
        ([(2, 1), (None, 1)], "ruim"),
        ([(None, 1), (None, 1)], "onbekend"),
    ],
)
def test_a_total_is_full_only_if_all_of_it_is_known_to_be(
    parts: list[tuple[int | None, int]], level: str
) -> None:
    names = ["a", "b"]
    told = {
        name: stocks(staffed=staffed, occupied=occupied, reserved=0)
        for name, (staffed, occupied) in zip(names, parts, strict=True)
    }

    assert the_total(judged(*map(a_unit, names), told=told)).level == level


def test_the_way_to_tell_that_says_most_is_counted() -> None:
    flows = [
        requests(10, days=2, source="hand"),
        requests(20, days=28),
        requests(9, days=28, source="import"),
        requests(7, days=28, split=True),
        requests(6, days=28, split=True),
    ]

    held = counted(flows, "requests", frozenset({""}))

    assert held is not None
    assert (held.amount, held.source_kind, held.split) == (20, "feed", False)


@given(
    st.lists(
        st.tuples(st.integers(0, 9) | st.none(), st.integers(0, 9) | st.none()),
        min_size=1,
        max_size=6,
    ),
    st.randoms(),
)
def test_the_order_of_units_changes_no_total(
    parts: list[tuple[int | None, int | None]], random: Any
) -> None:
    names = [f"u{n}" for n in range(len(parts))]
    told = {
        name: stocks(staffed=staffed, occupied=occupied, reserved=0)
        for name, (staffed, occupied) in zip(names, parts, strict=True)
    }
    units = [a_unit(name) for name in names]
    shuffled = random.sample(units, len(units))

    one, other = (the_total(judged(*each, told=told)) for each in (units, shuffled))

    assert one.level == other.level
    assert one.risk == other.risk


def test_an_seh_is_judged_by_nedocs_with_all_its_inputs() -> None:
    seh = a_unit("seh", 7, "seh", resource="treatment-space", beds=[])
    ward = a_unit("ward", 7, "hospital-ward", beds=[{"bedType": "ward", "law": "Zvw"}])
    figures: dict[str, Any] = {
        "present": 35,
        "boarders": 8,
        "ventilated": 4,
        "staffed": 25,
        "occupied": 20,
    }
    times: dict[str, Any] = {"longestBoardingMinutes": 210, "lastDoorToBedMinutes": 120}
    told = {
        "seh": stocks(**figures, reserved=0, **times),
        "ward": stocks(physical=300),
    }

    crowded, _ = judged(seh, ward, told=told)
    without_beds, _ = judged(seh, ward, told={**told, "ward": stocks(physical=None)})

    assert crowded.crowding is not None
    assert crowded.crowding.score == pytest.approx(184.255)
    assert crowded.level == "vol"
    assert [total.level for total in totals([crowded], RULES)] == ["vol"]
    assert without_beds.crowding is not None
    assert without_beds.crowding.score is None


def test_a_seh_sends_nobody_away_so_it_has_no_refusal_risk() -> None:
    seh = a_unit("seh", 7, "seh", resource="treatment-space", beds=[])
    told = {"seh": stocks(staffed=18, occupied=17, reserved=0)}

    now = judged(seh, told=told, flows={"seh": [requests(2300, days=28)]})

    risks = [line.risk for line in now[0].lines] + [the_total(now).risk]
    assert [(risk.applies, risk.value) for risk in risks] == [(False, None)] * 2


def test_a_huisartsenpost_is_judged_by_its_calls_and_never_by_free_lines() -> None:
    post = a_unit("hap", 3, "huisartsenpost", resource="phone-line", beds=[])
    told = {"answered": 40, "answeredWithin120s": 20, "answeredOver600s": 1}
    flows = [requests(amount, days=1 / 6, measure=m) for m, amount in told.items()]

    (now,) = judged(post, told={}, flows={"hap": flows})

    assert now.level == "druk"
    assert now.lines == []
