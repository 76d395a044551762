"""What must hold of any simulated region."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.simulation.kinds import Kind
from app.simulation.people import People
from app.simulation.plan import Stream
from app.simulation.stays import exponential
from app.simulation.truth import Truth
from app.simulation.world import World
from app.simulation.zoetermeer import zoetermeer
from tests.simulation.plans import BEGIN, DAY, one_unit

PLAN = zoetermeer()
DAYS = 45
UNTIL = BEGIN + DAYS * DAY
HOURS = np.arange(BEGIN, UNTIL + 1, 3600)
COLUMNS = (
    *("person", "asked_at", "wanted_at", "accepted_at", "placed_at", "ready_at", "left_at"),
    *("lost_at", "unit", "intake", "destination", "tries", "origin"),
)


@pytest.fixture(scope="module")
def truth() -> Truth:
    world = World(PLAN, 1, BEGIN)
    world.advance(UNTIL)
    return world.truth


def spoken(truth: Truth) -> bytes:
    """Everything that a truth can say, to the byte."""
    said: list[NDArray[np.generic]] = []
    for place in truth.places():
        said += [truth.at(place, kind, HOURS) for kind in truth.stocks(place)]
        said += [truth.over(place, kind, HOURS, HOURS + 3600) for kind in truth.flows(place)]
        for kind in truth.plans(place):
            said.append(truth.planned(place, kind, HOURS, HOURS + DAY, HOURS + 2 * DAY))
        shifts = truth.shifts(place)
        said += [shifts.start, shifts.required, shifts.rostered, shifts.worked, shifts.absent]
    said += [getattr(truth.people, column) for column in COLUMNS]
    stops = repr(truth.stops).encode()
    return b"".join(each.tobytes() for each in said) + stops


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(truth: Truth) -> None:
    again, other = World(PLAN, 1, BEGIN), World(PLAN, 2, BEGIN)
    again.advance(UNTIL)
    other.advance(UNTIL)

    assert spoken(again.truth) == spoken(truth)
    assert spoken(other.truth) != spoken(truth)


def test_the_truth_is_the_same_whatever_the_steps(truth: Truth) -> None:
    world = World(PLAN, 1, BEGIN)
    steps = np.random.default_rng(1).integers(1, 9 * 3600, 400)
    for until in np.minimum(BEGIN + np.cumsum(steps), UNTIL).tolist():
        world.advance(until)
        if until % 7 == 0:
            # Whoever asks on the way changes nothing.
            world.truth.at("seh", Kind("present"), np.array([until]))
    world.advance(UNTIL)

    assert spoken(world.truth) == spoken(truth)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 5),
    st.sampled_from((0.0, 12.0, 48.0, None)),
    st.lists(st.integers(1, 40 * DAY), max_size=6),
    st.integers(0, 99),
)
def test_a_small_plan_is_the_same_whatever_the_steps(
    beds: int, patience: float | None, cuts: list[int], seed: int
) -> None:
    planned = Stream("planned", 150.0, ((1.0, "bed"),), lead=(2, 20), season=0.2, flu=0.5)
    plan = one_unit(beds, 0, exponential(4.0), patience=patience, stream=planned)
    at_once, in_steps = World(plan, seed, BEGIN), World(plan, seed, BEGIN)

    at_once.advance(BEGIN + 40 * DAY)
    for cut in sorted(cuts):
        in_steps.advance(BEGIN + cut)
    in_steps.advance(BEGIN + 40 * DAY)

    assert spoken_people(at_once.truth.people) == spoken_people(in_steps.truth.people)


def spoken_people(people: People) -> list[bytes]:
    return [getattr(people, column).tobytes() for column in COLUMNS]


def test_what_was_said_of_the_past_stays_so(truth: Truth) -> None:
    world = World(PLAN, 1, BEGIN)
    world.advance(BEGIN + 20 * DAY)
    then = HOURS[HOURS <= BEGIN + 20 * DAY]

    for place in ("zhz-interne", "reo-flex", "seh", "thuiszorg-meerzicht", "hap", "rtp"):
        for kind in truth.stocks(place):
            early, late = world.truth.at(place, kind, then), truth.at(place, kind, then)
            assert (early == late).all(), (place, kind)
        assert world.truth.stocks(place) == truth.stocks(place)
        assert world.truth.flows(place) == truth.flows(place)


def beds_of(truth: Truth, place: str, measure: str) -> NDArray[np.float64]:
    kinds = [kind for kind in truth.stocks(place) if kind.measure == measure]
    return np.asarray(np.sum([truth.at(place, kind, HOURS) for kind in kinds], axis=0))


def with_beds(truth: Truth) -> list[str]:
    return [p for p in truth.places() if any(k.measure == "physical" for k in truth.stocks(p))]


def test_no_bed_is_made_or_lost(truth: Truth) -> None:
    after = HOURS + 1
    for place in with_beds(truth):
        totals = {
            kind.measure: truth.over(place, kind, np.full(len(HOURS), BEGIN + 1), after)
            for kind in truth.flows(place)
            if not kind.destination and not kind.profile and kind.measure != "refused"
        }
        came = totals["admissions"] + totals["transfersIn"]
        went = totals["discharges"] + totals["transfersOut"]
        occupied = beds_of(truth, place, "occupied")

        assert (occupied == occupied[0] + came - went).all(), place
        assert (occupied <= beds_of(truth, place, "physical")).all(), place


def test_every_place_is_open_or_closed_for_one_reason(truth: Truth) -> None:
    for place in with_beds(truth):
        physical, staffed = beds_of(truth, place, "physical"), beds_of(truth, place, "staffed")
        closed = beds_of(truth, place, "closedPlaces")

        assert (staffed >= 0).all()
        assert (physical == staffed + closed).all(), place


def test_nobody_is_in_two_places(truth: Truth) -> None:
    people = truth.people
    rows = np.flatnonzero(people.placed_at >= 0)
    rows = rows[np.lexsort((people.placed_at[rows], people.person[rows]))]
    same = people.person[rows][1:] == people.person[rows][:-1]
    left = people.left_at[rows][:-1]

    assert same.any()
    assert (left[same] >= 0).all()
    assert (people.placed_at[rows][1:][same] >= left[same]).all()


def test_who_waits_for_a_follow_up_place_keeps_the_bed_until_the_move(truth: Truth) -> None:
    people = truth.people
    moved = np.flatnonzero((people.origin >= 0) & (people.placed_at >= 0))

    from_row = people.origin[moved]

    assert len(moved) > 1000
    assert (people.left_at[from_row] == people.placed_at[moved]).all()


def test_every_request_ends_placed_lost_or_waiting(truth: Truth) -> None:
    people = truth.people
    placed, lost = people.placed_at >= 0, people.lost_at >= 0
    promised = ~placed & (people.accepted_at >= 0)
    still = ~placed & ~lost & ~promised
    waited = truth.until - people.wanted_at[still]

    assert not (placed & lost).any()
    assert placed.any()
    assert lost.any()
    # Nobody waits longer than anybody would.
    assert waited.max() < 90 * DAY


def test_a_person_is_counted_once_for_each_place_asked_for(truth: Truth) -> None:
    start, end = np.array([BEGIN + 1]), np.array([UNTIL + 1])
    counted = 0.0
    for place in truth.places():
        for kind in truth.flows(place):
            people_place = kind.resource in ("bed", "treatment-space", "care-start")
            if kind.measure == "requests" and people_place and not kind.profile:
                counted += truth.over(place, kind, start, end)[0]
    people = truth.people
    asked = (people.asked_at > BEGIN) & (people.asked_at <= UNTIL)

    assert counted == asked.sum()
    assert people.first.sum() == len(np.unique(people.person)) == people.person.max() + 1


def test_waiting_and_reserved_are_what_the_people_say(truth: Truth) -> None:
    people = truth.people
    number = list(people.units).index("elv-kort")
    moment = BEGIN + 30 * DAY + 1234
    here = people.unit == number
    promised = here & (people.accepted_at >= 0) & (people.accepted_at <= moment)
    promised &= (people.placed_at < 0) | (people.placed_at > moment)

    reserved = [k for k in truth.stocks("elv-kort") if k.measure == "reserved"]
    told = sum(truth.at("elv-kort", kind, np.array([moment]))[0] for kind in reserved)

    assert told == promised.sum()


def test_age_bands_and_destinations_add_up_to_their_totals(truth: Truth) -> None:
    ready = [k for k in truth.stocks("zhz-geriatrie") if k.measure == "medicallyReady"]
    for destination in {kind.destination for kind in ready}:
        of = [kind for kind in ready if kind.destination == destination]
        total = truth.at("zhz-geriatrie", next(k for k in of if not k.age_band), HOURS)
        parts = [truth.at("zhz-geriatrie", k, HOURS) for k in of if k.age_band]

        assert (total == np.sum(parts, axis=0)).all()


def test_an_hour_more_is_an_hour_more(truth: Truth) -> None:
    world = World(PLAN, 1, BEGIN)
    world.advance(UNTIL)

    world.advance(UNTIL + 3600)
    world.advance(UNTIL)

    assert world.truth.until == UNTIL + 3600
