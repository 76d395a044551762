from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.facilities.schemas import ENTRANCES, UnitFacts
from app.observations.notices.known import StopKnown
from app.overview.places import (
    SPLIT,
    Allowed,
    Line,
    Part,
    Told,
    admittable_places,
    allowed,
    free_places,
    holds,
    lines,
    resolved,
    summed,
)

NOW = datetime(2026, 11, 22, 13, 32, tzinfo=UTC)
OPEN = Allowed(closed=False)
counts = st.integers(0, 60) | st.none()


def a_told(
    measure: str = "occupied",
    value: float | None = 1,
    *,
    ago: timedelta = timedelta(0),
    source: str = "feed",
    bed_type: str = "",
    **of: str,
) -> Told:
    split = tuple(of.get(name, "") for name in SPLIT)
    return Told(measure, "", bed_type, split, source, NOW - ago, value)


def a_part(value: float | None, ago: timedelta = timedelta(0)) -> Part:
    return Part(value, NOW - ago)


def some_facts(*bed_types: str, **changes: Any) -> UnitFacts:
    return UnitFacts.model_validate(
        {
            "name": "Afdeling (fictief)",
            "facility": "huis",
            "careSetting": "reo",
            "beds": [{"bedType": each, "law": "Zvw"} for each in bed_types],
            "reporting": {"moments": ["08:00", "15:30"]},
            **changes,
        }
    )


def the_lines(facts: UnitFacts, *told: Told, allowed: Allowed = OPEN) -> list[Line]:
    return lines(facts, resolved(told, NOW, lambda at: NOW - at > timedelta(hours=20)), allowed)


def a_stop(*routes: Any, specialism: Any = None) -> StopKnown:
    return StopKnown(
        org_id=1,
        unit="reo-flex",
        stop=uuid4(),
        known_at=NOW,
        kind="opnamestop",
        applies_to=routes,
        specialism=specialism,
        begins_at=NOW,
        expected_until=None,
        ended_at=None,
        reason="staff",
        source="hand",
        reported_by=1,
    )


@pytest.mark.parametrize(
    ("told", "source"),
    [
        ([("hand", 1), ("feed", 0)], "hand"),
        ([("hand", 4), ("feed", 0)], "hand"),
        ([("hand", 5), ("feed", 0)], "feed"),
        ([("hand", 5), ("feed", 30)], "hand"),
        ([("hand", 5), ("mandate", 0)], "hand"),
        ([("feed", 3), ("mandate", 0), ("import", 0)], "feed"),
        ([("feed", 30), ("mandate", 2)], "mandate"),
        ([("feed", 30), ("mandate", 25)], "mandate"),
        ([("import", 30)], "import"),
    ],
)
def test_which_source_holds(told: list[tuple[str, int]], source: str) -> None:
    candidates = [a_told(source=kind, ago=timedelta(hours=hours)) for kind, hours in told]

    held = holds(candidates, NOW, lambda at: NOW - at > timedelta(hours=20))

    assert held.source_kind == source


@given(counts, counts, counts)
def test_free_is_known_only_if_every_part_is(
    staffed: int | None, occupied: int | None, reserved: int | None
) -> None:
    free = free_places(a_part(staffed), a_part(occupied), a_part(reserved))

    if staffed is None or occupied is None or reserved is None:
        assert free.value is None
    else:
        assert free.value == staffed - occupied - reserved


@given(counts, counts, st.booleans())
def test_admittable_is_never_below_zero_nor_made_up(
    free: int | None, told: int | None, blocked: bool
) -> None:
    now = Allowed(False, ("stop",) if blocked else ())

    admittable, reasons = admittable_places(a_part(free), a_part(told), now)

    if free is None or told is None:
        assert admittable.value is None
        assert "unknown-part" in reasons
    else:
        assert admittable.value == (0 if blocked else min(max(free, 0), told))


def test_free_keeps_its_sign() -> None:
    assert free_places(a_part(2), a_part(3), a_part(0)).value == -1


def test_free_is_as_old_as_who_was_counted_and_not_as_what_is_staffed() -> None:
    old, new = timedelta(days=90), timedelta(minutes=5)

    free = free_places(a_part(2, old), a_part(1, new), a_part(0, 2 * new))

    assert free.at == NOW - 2 * new


def test_who_never_tells_promises_reckons_with_none_and_says_so() -> None:
    free = free_places(a_part(2), a_part(1), Part())

    assert free.value == 1
    assert free.doubts == ("reserved-untold",)


def test_what_was_never_told_is_untold_and_not_zero() -> None:
    (line,) = the_lines(some_facts("observation-elderly"))

    assert line.counted
    assert line.free == line.admittable == Part()
    assert "never-told" in line.reasons


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"physical": 10, "closedPlaces": 3}, (10, 7, 3)),
        ({"staffed": 7, "closedPlaces": 3}, (10, 7, 3)),
        ({"physical": 10, "staffed": 7}, (10, 7, 3)),
        ({"physical": 10, "staffed": None}, (10, None, None)),
        ({"staffed": 7}, (None, 7, None)),
    ],
)
def test_physical_is_staffed_and_closed(
    told: dict[str, float | None], expected: tuple[float | None, ...]
) -> None:
    (line,) = the_lines(some_facts("ward"), *(a_told(m, v) for m, v in told.items()))

    assert (line.physical.value, line.staffed.value, line.closed.value) == expected


def test_closed_places_are_added_over_their_reasons() -> None:
    (line,) = the_lines(
        some_facts("ward"),
        a_told("closedPlaces", 2, reason="staff"),
        a_told("closedPlaces", 1, reason="infection"),
    )

    assert line.closed.value == 3
    assert {reason: part.value for reason, part in line.closed_by.items()} == {
        "staff": 2,
        "infection": 1,
    }


def test_of_a_whole_and_its_splits_the_newer_holds() -> None:
    split = a_told("closedPlaces", 2, reason="staff", ago=timedelta(hours=1))

    assert summed([split, a_told("closedPlaces", 5)]).value == 5
    assert summed([split, a_told("closedPlaces", 5, ago=timedelta(hours=2))]).value == 2


def test_one_unknown_split_makes_the_sum_unknown() -> None:
    parts = [a_told("closedPlaces", 2, reason="staff"), a_told("closedPlaces", None, reason="room")]

    assert summed(parts).value is None


def test_a_part_told_again_by_its_own_parts_counts_once() -> None:
    to_elv = a_told("medicallyReady", 5, destination="elv", ago=timedelta(hours=2))
    waits_short = a_told("medicallyReady", 2, destination="elv", age_band="days-0-2")
    waits_long = a_told("medicallyReady", 1, destination="elv", age_band="days-3-7")
    to_grz = a_told("medicallyReady", 4, destination="grz")

    assert summed([to_elv, waits_short, waits_long, to_grz]).value == 7
    later = a_told("medicallyReady", 5, destination="elv")
    assert summed([later, waits_short, waits_long, to_grz]).value == 9


def test_two_ways_of_splitting_the_same_people_are_not_added_up() -> None:
    by_urgency = [a_told("waiting", 3, urgency="u1"), a_told("waiting", 4, urgency="u3")]
    by_profile = [a_told("waiting", 5, profile="night", ago=timedelta(hours=1))]

    assert summed([*by_urgency, *by_profile]).value == 7


def test_a_unit_of_one_bed_type_may_leave_it_out() -> None:
    (line,) = the_lines(
        some_facts("observation-elderly"),
        a_told("staffed", 2),
        a_told("occupied", 2, bed_type="observation-elderly", ago=timedelta(hours=1)),
        a_told("occupied", 1),
    )

    assert line.bed_type == "observation-elderly"
    assert line.free.value == 1


def test_a_unit_of_several_types_told_as_a_whole_is_not_divided_by_guess() -> None:
    told = the_lines(some_facts("elv-low", "elv-high"), a_told("staffed", 9), a_told("occupied", 4))

    assert [(line.bed_type, line.free.value) for line in told] == [("", 5)]


def test_a_unit_of_several_types_told_by_type_has_a_line_for_each() -> None:
    told = the_lines(
        some_facts("elv-low", "elv-high"),
        a_told("staffed", 9, ago=timedelta(days=2)),
        a_told("staffed", 5, bed_type="elv-low"),
        a_told("occupied", 4, bed_type="elv-low"),
    )

    assert [(line.bed_type, line.free.value) for line in told] == [
        ("elv-low", 1),
        ("elv-high", None),
    ]


def test_starts_of_care_are_what_the_unit_offers() -> None:
    facts = some_facts(careSetting="home-care", resource="care-start")

    (line,) = the_lines(facts, a_told("startsToday", 3))

    assert (line.resource, line.admittable.value, line.counted) == ("care-start", 3, False)


def now_allowed(*stops: StopKnown, closed: tuple[str, ...] = (), **changes: Any) -> Allowed:
    entrances = {each: each not in closed for each in ENTRANCES}
    return allowed(
        **{"entrances": entrances, "admits": True, "status": None, "stops": stops, **changes}
    )


@pytest.mark.parametrize(
    ("found", "closed", "reasons"),
    [
        (now_allowed(), False, ()),
        (now_allowed(admits=False), False, ("outside-admission-hours",)),
        (now_allowed(status="closed"), True, ("closed-by-unit",)),
        (now_allowed(status="restricted"), False, ()),
        (now_allowed(closed=ENTRANCES), True, ("outside-opening-hours",)),
        (now_allowed(a_stop()), False, ("stop",)),
        (now_allowed(a_stop("ambulance")), False, ("partial-stop",)),
        (now_allowed(a_stop(*ENTRANCES)), False, ("stop",)),
        (now_allowed(a_stop(specialism="cardiology")), False, ("partial-stop",)),
        (now_allowed(a_stop("ambulance"), closed=ENTRANCES[1:]), False, ("stop",)),
    ],
)
def test_what_keeps_people_out(found: Allowed, closed: bool, reasons: tuple[str, ...]) -> None:
    assert found.closed is closed
    assert found.reasons == reasons


def test_a_unit_that_can_take_fewer_than_are_free_says_so() -> None:
    admittable, reasons = admittable_places(a_part(4), a_part(1), OPEN)

    assert admittable.value == 1
    assert reasons == ("told-less",)


def test_a_unit_that_tells_only_what_it_can_take_is_believed() -> None:
    (line,) = the_lines(some_facts("ward"), a_told("admittable", 2))

    assert line.admittable.value == 2
    assert line.free == Part()


def test_doubts_on_a_part_are_doubts_on_what_is_made_of_it() -> None:
    doubted = Part(3, NOW, doubts=("jump",))

    free = free_places(a_part(5), doubted, a_part(0))

    assert free.doubts == ("jump",)
