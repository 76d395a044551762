import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.simulation.boarding import longest_minutes
from app.simulation.calendar import block, block_of
from app.simulation.capacity import shared
from app.simulation.census import Census
from app.simulation.kinds import Kind
from app.simulation.plan import Crew, Plan, ShiftHours
from app.simulation.staff import Duty, duty, lent
from app.simulation.stops import Stop
from app.simulation.truth import Truth
from app.simulation.world import World
from app.simulation.zoetermeer import zoetermeer
from tests.simulation.plans import BEGIN, DAY

BLOCK = block(block_of(BEGIN))
DAG = (ShiftHours("dag", 7 * 60, 15 * 60),)
NURSES = Crew("nurse", {"dag": 5}, limits=True)


def on_a_ward(name: str, places: int, plan: Plan) -> Duty:
    return duty(name, DAG, (NURSES,), np.full(28, places, dtype=np.int64), plan, 1, BLOCK)


@settings(deadline=None)
@given(st.integers(0, 60), st.floats(0, 0.5), st.floats(0, 1))
def test_a_roster_is_never_more_than_is_needed(
    places: int, vacancy: float, temporary: float
) -> None:
    plan = Plan((), (), (), vacancy=vacancy, temporary=temporary)

    found = on_a_ward("afdeling", places, plan)

    assert (found.required == max(1, -(-places // 5))).all()
    assert (found.rostered <= found.required).all()
    assert (found.absent <= found.rostered).all()
    assert (found.worked <= found.required).all()
    assert (found.worked >= 0).all()


def test_no_shift_of_several_is_left_to_nobody() -> None:
    plan = Plan((), (), (), vacancy=0.5, temporary=0.0)

    several, alone = (on_a_ward("afdeling", places, plan).worked for places in (10, 5))

    assert several.min() == 1
    assert alone.min() == 0


@settings(deadline=None)
@given(st.integers(0, 12))
def test_a_pool_lends_no_more_than_it_has_and_only_where_heads_are_missing(heads: int) -> None:
    short = Plan((), (), (), vacancy=0.4, temporary=0.0)
    pool = duty(
        "pool",
        DAG,
        (Crew("nurse", heads={"dag": heads}),),
        np.zeros(28, dtype=np.int64),
        short,
        1,
        BLOCK,
    )
    wards = {name: (on_a_ward(name, 30, short), 0) for name in ("een", "twee", "drie")}

    given_heads = lent(pool, wards)

    missing = {name: (of.required - of.worked)[0] for name, (of, _) in wards.items()}
    total = sum(given_heads.values())
    assert (total <= pool.worked[0]).all()
    assert all((given_heads[name] <= np.maximum(missing[name], 0)).all() for name in wards)
    # What is left over is left because nobody misses anybody.
    still = sum(missing[name] - given_heads[name] for name in wards)
    assert ((total == pool.worked[0]) | (still == 0)).all()


@given(
    st.integers(0, 40),
    st.lists(st.integers(0, 12), min_size=1, max_size=4),
)
def test_staff_keep_open_what_they_can_of_each_type(carried: int, usable: list[int]) -> None:
    staffed = shared(np.array([carried]), np.array(usable)[:, None])[:, 0]

    assert (staffed <= usable).all()
    assert staffed.sum() == min(carried, sum(usable))


def seh(truth: Truth) -> Census:
    return truth._of("seh")


def test_the_longest_boarding_is_that_of_who_has_waited_longest() -> None:
    world = World(zoetermeer(), 2, BEGIN)
    world.advance(BEGIN + 60 * DAY)
    people = world.truth.people
    at_seh = people.unit == list(people.units).index("seh")
    moments = np.arange(BEGIN + DAY, BEGIN + 60 * DAY, 7201)

    told = world.truth.at("seh", Kind("longestBoardingMinutes"), moments)

    ready = at_seh & (people.ready_at >= 0)
    for moment, minutes in zip(moments.tolist(), told.tolist(), strict=True):
        there = ready & (people.ready_at <= moment)
        there &= (people.left_at < 0) | (people.left_at > moment)
        waited = (moment - people.ready_at[there]) // 60
        assert minutes == waited.max(initial=0)
    assert (longest_minutes(seh(world.truth), moments[::-1]) == told[::-1]).all()


def test_a_stop_for_ambulances_diverts_them_by_day() -> None:
    world = World(zoetermeer(), 2, BEGIN)
    world.advance(BEGIN + 120 * DAY)
    stops = [stop for stop in world.truth.stops if stop.kind == "seh-stop"]
    people = world.truth.people
    by_ambulance = people.entrance == people.entrances.index("ambulance")
    red = people.urgency == list(people.urgencies).index("mts-red")

    during = np.zeros(len(people.asked_at), dtype=np.bool_)
    for stop in stops:
        during |= (people.asked_at > stop.begins) & (people.asked_at < over(stop))

    assert stops
    lost_at_the_door = people.lost_at == people.asked_at
    assert lost_at_the_door[during & by_ambulance & ~red].all()
    assert not lost_at_the_door[during & by_ambulance & red].any()


def over(stop: Stop) -> int:
    return stop.ends if stop.ends is not None else 2**60


def test_a_stop_that_lasts_has_not_ended_yet() -> None:
    world = World(zoetermeer(), 2, BEGIN)
    world.advance(BEGIN + 300 * DAY)
    stop = next(stop for stop in world.truth.stops if stop.kind == "opnamestop")
    early = World(zoetermeer(), 2, BEGIN)

    early.advance(stop.begins + DAY)

    assert early.truth.stops[-1].ends is None
    assert stop.ends is not None
    # During the stop nobody is admitted: who asks is refused for it.
    admitted = Kind("admissions", resource="bed", bed_type=of_type(stop.unit))
    assert world.truth.over(
        stop.unit, admitted, np.array([stop.begins + 4 * DAY]), np.array([over(stop)])
    ) == [0]


def of_type(slug: str) -> str:
    beds = next(unit.beds for unit in zoetermeer().units if unit.slug == slug)
    return beds[0].type if len(beds) == 1 else ""
