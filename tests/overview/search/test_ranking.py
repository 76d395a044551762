"""Who can take somebody, in which order, and why the others cannot."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.facilities.schemas import UnitFacts
from app.overview.places import REASONS
from app.overview.schemas import UnitNow
from app.overview.search.ranking import (
    NOES,
    Held,
    Offer,
    Reason,
    Refused,
    Standing,
    judged,
    next_taking,
    search,
)
from app.overview.search.schemas import Needs

# A Wednesday, ten in the morning on the local clock.
AS_OF = datetime(2026, 11, 25, 9, tzinfo=UTC)
AFTERNOON = [{"days": ["wed"], "start": "13:00", "end": "17:00"}]
FRIDAY = [{"days": ["fri"], "start": "10:00", "end": "16:00"}]
NEVER_LESS = {"state": "known", "observedAt": AS_OF.isoformat(), "ageSeconds": 600}


def a_figure(value: float | None, freshness: str = "fresh") -> dict[str, Any]:
    return {**NEVER_LESS, "state": state(value), "value": value, "freshness": freshness}


def state(value: float | None) -> str:
    return "unknown" if value is None else "known"


HIDDEN: dict[str, Any] = {"value": None, "state": "suppressed"}


def a_line(admittable: float | None = 1, *reasons: str, **fields: Any) -> dict[str, Any]:
    freshness = fields.pop("freshness", "fresh")
    risk = fields.pop("risk", None)
    free = fields.pop("free", admittable)
    told = {
        "resource": "bed",
        "bedType": "elv-low",
        "usableAs": [],
        "law": "Zvw",
        "level": {"level": "ruim", "state": "known"},
        "admittable": a_figure(admittable, freshness),
        "free": a_figure(free, freshness),
        "refusalRisk": {**a_figure(risk), "basis": "unit"},
        "reasons": [{"code": c, "nl": REASONS[c][0], "en": REASONS[c][1]} for c in reasons],
        "closedBy": [],
    }
    unknown = ("physical", "staffed", "occupied", "reserved", "closedPlaces")
    return {**dict.fromkeys(unknown, a_figure(None)), **told, **fields}


def a_secret(line: dict[str, Any] | None = None) -> dict[str, Any]:
    return {**(line or a_line()), "admittable": HIDDEN, "free": HIDDEN, "reasons": None}


def a_unit(*lines: dict[str, Any], name: str = "elv", stops: Any = (), **facts: Any) -> Standing:
    shown = all(line["admittable"]["state"] != "suppressed" for line in lines)
    level = {"level": "ruim", "state": "known"} if shown else {"level": None, "state": "suppressed"}
    now = {
        "unit": name,
        "name": name,
        "organisation": "huis",
        "facility": "huis",
        "careSetting": "nursing-home",
        "level": level,
        "status": {
            **dict.fromkeys(("status", "observedAt", "ageSeconds", "reason", "source", "differs")),
            "state": "unknown",
        },
        "closed": False,
        "observedAt": AS_OF,
        "ageSeconds": 600,
        "freshness": "fresh",
        "reasons": [],
        "stops": stops,
        "places": lines,
        "medicallyReady": a_figure(None),
        "waiting": a_figure(None),
        "short": [],
        "reachability": None,
        "crowding": None,
    }
    told = {
        "name": name,
        "facility": "huis",
        "careSetting": "nursing-home",
        "beds": [{"bedType": "elv-low", "law": "Zvw", "usableAs": ["elv-high"]}],
        "reporting": {"moments": ["08:00"]},
        "target": "somatic",
        **facts,
    }
    return Standing(UnitNow.model_validate(now), UnitFacts.model_validate(told), "zoetermeer")


def a_stop(**fields: Any) -> dict[str, Any]:
    return {
        "kind": "opnamestop",
        "appliesTo": [],
        "specialism": None,
        "beginsAt": AS_OF - timedelta(hours=1),
        "expectedUntil": None,
        "overdue": False,
        "reason": None,
        "source": "hand",
        **fields,
    }


def needs(**fields: Any) -> Needs:
    return Needs.model_validate({"bedTypes": ["elv-low"], **fields})


def why_not(found: Offer | Refused) -> list[str]:
    assert isinstance(found, Refused)
    return [reason.code for reason in found.reasons]


@pytest.mark.parametrize(
    ("asked", "line", "facts", "said"),
    [
        ({}, a_line(0, "full"), {}, ["full"]),
        ({}, a_line(0, "stop"), {}, ["stop"]),
        ({}, a_line(0, "closed-by-unit"), {}, ["closed-by-unit"]),
        ({}, a_line(3, freshness="stale"), {}, ["stale"]),
        ({}, a_line(0, "told-less"), {}, ["told-less"]),
        ({}, a_line(None, "unknown-part"), {}, ["unknown-part"]),
        ({}, a_line(None, "never-told", freshness="unknown"), {}, ["never-told"]),
        (
            {},
            a_line(0, "outside-admission-hours", free=2),
            {"admissionHours": AFTERNOON},
            ["outside-admission-hours"],
        ),
        ({"bedTypes": ["grz"]}, a_line(), {}, ["wrong-type"]),
        ({"law": "Wlz"}, a_line(), {}, ["wlz-excludes-elv"]),
        ({"law": "Wmo"}, a_line(), {}, ["other-law"]),
        ({"target": "psychogeriatric"}, a_line(), {}, ["other-target"]),
        ({"secured": True}, a_line(), {}, ["not-secured"]),
        ({"isolation": True}, a_line(), {}, ["no-isolation"]),
        ({"singleRoom": True}, a_line(), {}, ["no-single-room"]),
        ({"municipality": "leiden"}, a_line(), {}, ["other-municipality"]),
        ({"resource": "care-start", "bedTypes": []}, a_line(), {}, ["wrong-type"]),
        ({"isolation": True}, a_line(0, "full"), {}, ["no-isolation", "full"]),
    ],
)
def test_every_no_says_why(asked: Any, line: Any, facts: Any, said: list[str]) -> None:
    assert why_not(judged(needs(**asked), a_unit(line, **facts), AS_OF)) == said


def test_a_wlz_indication_excludes_elv_also_where_a_bed_can_be_made_into_it() -> None:
    crisis = {"bedType": "wlz-crisis", "law": "Wlz", "usableAs": ["elv-low"]}
    unit = a_unit(a_line(bedType="wlz-crisis", law="Wlz", usableAs=["elv-low"]), beds=[crisis])

    refused = judged(needs(law="Wlz"), unit, AS_OF)
    taken = judged(needs(law="Wlz", bedTypes=["elv-low", "wlz-crisis"]), unit, AS_OF)

    assert why_not(refused) == ["wlz-excludes-elv"]
    assert isinstance(taken, Offer)


@pytest.mark.parametrize(("within", "offered"), [("now", 0), ("today", 1), ("this-week", 2)])
def test_who_admits_later_is_offered_to_who_can_wait(within: str, offered: int) -> None:
    closed = a_line(0, "outside-admission-hours", free=2)
    units = [
        a_unit(closed, name="vanmiddag", admissionHours=AFTERNOON),
        a_unit(closed, name="vrijdag", admissionHours=FRIDAY),
    ]

    offers, noes = search(needs(within=within), units, AS_OF)

    assert len(offers) == offered
    assert [(each.takes, each.admits_from is not None) for each in offers] == [(2, True)] * offered
    assert all(reason.until is not None for no in noes for reason in no.reasons)


def test_nobody_is_sent_to_a_unit_that_stopped_while_it_was_shut() -> None:
    shut = a_line(0, "outside-opening-hours", free=2)
    unit = a_unit(shut, stops=[a_stop()], admissionHours=AFTERNOON)

    assert why_not(judged(needs(within="today"), unit, AS_OF)) == ["outside-opening-hours", "stop"]


def test_a_flexible_bed_comes_after_the_very_type() -> None:
    flexible = a_unit(a_line(9), name="flexibel")
    high = {"bedType": "elv-high", "law": "Zvw"}
    own = a_unit(a_line(1, bedType="elv-high"), name="eigen", beds=[high])

    offers, _ = search(needs(bedTypes=["elv-high"]), [flexible, own], AS_OF)

    assert [each.standing.now.name for each in offers] == ["eigen", "flexibel"]
    assert [each.grounds[0] for each in offers] == ["own-type", "convertible"]


def test_the_order_of_candidates_is_the_one_that_is_written_down() -> None:
    late = a_line(0, "outside-admission-hours", free=9)
    ward = {"bedType": "ward", "law": "Zvw", "usableAs": ["elv-low"]}
    flexible = a_line(9, bedType="ward", usableAs=["elv-low"])
    units = [
        a_unit(flexible, name="h-omzetbaar", beds=[ward]),
        a_unit(a_line(9), name="g-te-vragen", target=None),
        a_unit(a_line(9, freshness="ageing"), name="f-loopt-achter"),
        a_unit(late, name="e-vanmiddag", admissionHours=AFTERNOON),
        a_unit(a_line(9, risk=None), name="d-kans-onbekend"),
        a_unit(a_line(9, risk=0.5), name="c-kan-beide-kanten-op"),
        a_unit(a_line(1, risk=0.01), name="b-een-plek"),
        a_unit(a_line(2, risk=0.05), name="a-twee-plekken"),
        a_unit(a_line(2, risk=0.05), name="a-even-goed"),
    ]
    offers, noes = search(needs(within="today", target="somatic"), units, AS_OF)

    assert noes == []
    assert [each.standing.now.name[0] for each in offers] == list("aabcdefgh")
    assert offers[0].standing.now.name == "a-even-goed"


def test_a_unit_that_tells_its_types_together_is_to_be_asked() -> None:
    beds = [{"bedType": "elv-low", "law": "Zvw"}, {"bedType": "grz", "law": "Zvw"}]

    found = judged(needs(), a_unit(a_line(4, bedType=None), beds=beds), AS_OF)

    assert isinstance(found, Offer)
    assert "types-together" in found.grounds


def test_a_secured_unit_comes_last_for_who_does_not_need_one() -> None:
    units = [a_unit(a_line(9), name="aa", secured=True), a_unit(a_line(1), name="bb")]

    without, _ = search(needs(), units, AS_OF)
    secured, noes = search(needs(secured=True), units, AS_OF)

    assert [each.standing.now.name for each in without] == ["bb", "aa"]
    assert [each.standing.now.name for each in secured] == ["aa"]
    assert [each.standing.now.name for each in noes] == ["bb"]


@pytest.mark.parametrize(
    ("room", "others", "left"), [(3, 0, 3), (3, 1, 2), (3, 2, 1), (3, 3, None), (2, 3, None)]
)
def test_what_others_hold_is_taken_off_and_what_you_hold_is_not(
    room: int, others: int, left: int | None
) -> None:
    ends = [AS_OF + timedelta(minutes=each) for each in range(10, 10 + others)]
    held = [Held("bed", "elv-low", end, mine=False) for end in ends]
    elsewhere = Held("bed", "elv-high", AS_OF, mine=False)
    mine = Held("bed", "elv-low", AS_OF, mine=True)
    unit = replace(a_unit(a_line(room)), held=[*reversed(held), mine, elsewhere])

    found = judged(needs(), unit, AS_OF)

    assert (found.takes if isinstance(found, Offer) else None) == left
    assert isinstance(found, Offer) or found.reasons == (Reason("held", ends[others - room]),)


def test_care_at_home_is_found_without_a_bed_type() -> None:
    line = a_line(3, resource="care-start", bedType=None, law=None)

    found = judged(
        Needs(resource="care-start"), a_unit(line, beds=[], resource="care-start"), AS_OF
    )

    assert isinstance(found, Offer)


def test_who_never_admits_again_has_no_moment() -> None:
    shut: Any = {each: [] for each in ("ambulance", "referral", "walk-in", "transfer")}
    never = a_unit(a_line(), openingHours=shut)
    always = a_unit(a_line())

    assert next_taking(never.facts, AS_OF) is None
    assert next_taking(always.facts, AS_OF) == AS_OF


figures = st.one_of(st.none(), st.integers(0, 12))
codes = st.lists(st.sampled_from(sorted(REASONS)), max_size=3, unique=True)
lines = st.builds(
    lambda value, told, **fields: a_line(value, *told, **fields),
    figures,
    codes,
    free=figures,
    freshness=st.sampled_from(["fresh", "ageing", "stale", "unknown"]),
    risk=st.one_of(st.none(), st.floats(0, 1)),
    bedType=st.sampled_from(["elv-low", "grz", None]),
)
hidden = st.builds(a_secret)
beds_of = st.sampled_from(
    [
        [{"bedType": "elv-low", "law": "Zvw", "usableAs": ["grz"]}],
        [{"bedType": "grz", "law": "Zvw"}, {"bedType": "elv-low", "law": "Zvw"}],
        [],
    ]
)
units_of = st.lists(
    st.builds(
        lambda told, **facts: a_unit(*told, **facts),
        st.lists(st.one_of(lines, hidden), max_size=2),
        name=st.sampled_from(["aa", "bb", "cc"]),
        beds=beds_of,
        target=st.sampled_from([None, "somatic", "psychogeriatric"]),
        secured=st.booleans(),
        admissionHours=st.sampled_from([[], AFTERNOON, FRIDAY]),
        stops=st.sampled_from([[], [a_stop()]]),
    ),
    max_size=4,
)
wanted = st.builds(
    needs,
    bedTypes=st.sampled_from([[], ["elv-low"], ["grz"], ["grz", "elv-low"]]),
    law=st.sampled_from([None, "Zvw", "Wlz"]),
    secured=st.booleans(),
    target=st.sampled_from([None, "somatic"]),
    within=st.sampled_from(["now", "today", "this-week"]),
)


@given(wanted, units_of)
def test_every_unit_is_a_candidate_or_a_no_with_a_reason(asked: Needs, units: Any) -> None:
    offers, noes = search(asked, units, AS_OF)

    found = [id(each.standing) for each in offers] + [id(each.standing) for each in noes]
    assert sorted(found) == sorted(id(unit) for unit in units)
    assert all(no.reasons for no in noes)
    assert {reason.code for no in noes for reason in no.reasons} <= set(NOES)


@given(wanted, units_of)
def test_a_candidate_has_room_that_is_known_and_not_stale(asked: Needs, units: Any) -> None:
    offers, _ = search(asked, units, AS_OF)

    assert all(each.takes >= 1 for each in offers)
    assert {each.line.admittable.freshness for each in offers} <= {"fresh", "ageing"}
    assert {each.line.admittable.state for each in offers} <= {"known"}
    assert all(each.line.admittable.value or each.admits_from for each in offers)


@given(wanted, units_of, st.randoms(use_true_random=False))
def test_the_order_in_which_units_are_told_changes_nothing(
    asked: Needs, units: Any, dice: Any
) -> None:
    shuffled = [*units]
    dice.shuffle(shuffled)

    first, second = search(asked, units, AS_OF), search(asked, shuffled, AS_OF)

    assert [each.order() for each in first[0]] == [each.order() for each in second[0]]
    assert [each.order() for each in first[1]] == [each.order() for each in second[1]]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.data(), st.integers(1, 9))
def test_more_room_never_lowers_a_rank(rooms: list[int], data: Any, more: int) -> None:
    at = data.draw(st.integers(0, len(rooms) - 1))
    before = [a_unit(a_line(room), name=f"u{n}") for n, room in enumerate(rooms)]
    after = [*before]
    after[at] = a_unit(a_line(rooms[at] + more), name=f"u{at}")

    ranks = [
        [each.standing.now.name for each in search(needs(), units, AS_OF)[0]].index(f"u{at}")
        for units in (before, after)
    ]

    assert ranks[1] <= ranks[0]


@given(wanted, st.lists(lines, max_size=2), st.sampled_from([[], [a_stop()]]), beds_of)
def test_what_is_not_shown_is_judged_by_nothing_that_was_reported(
    asked: Needs, reported: Any, stops: Any, beds: Any
) -> None:
    silent = a_unit(a_secret(), beds=beds)
    telling = a_unit(*map(a_secret, reported), a_secret(), beds=beds, stops=stops)

    assert why_not(judged(asked, silent, AS_OF)) == why_not(judged(asked, telling, AS_OF))
