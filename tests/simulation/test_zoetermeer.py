"""The demo region over two years: as busy as such a region is, in words that the tower takes."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from app.observations.measures import MEASURES
from app.observations.rules import figure_of, wrong_value, wrong_words
from app.observations.schemas import Period, ReportedFigure
from app.observations.words import Place
from app.simulation.calendar import block, block_of
from app.simulation.kinds import Kind
from app.simulation.plan import Plan, Stream
from app.simulation.stays import fixed
from app.simulation.truth import Truth
from app.simulation.world import World
from app.simulation.zoetermeer import zoetermeer
from tests.simulation.plans import BEGIN, DAY, one_unit

PLAN = zoetermeer()
UNTIL = BEGIN + 730 * DAY
HOURS = np.arange(BEGIN + 30 * DAY, UNTIL, 3600)
MOMENT, HOUR = datetime(2024, 3, 1, 8, tzinfo=UTC), timedelta(hours=1)
WHOLE = (np.array([BEGIN]), np.array([UNTIL]))


@pytest.fixture(scope="module")
def truth() -> Truth:
    world = World(PLAN, 7, BEGIN)
    world.advance(UNTIL)
    return world.truth


def mean(truth: Truth, place: str, measure: str) -> float:
    kinds = [kind for kind in truth.stocks(place) if kind.measure == measure]
    return float(sum(truth.at(place, kind, HOURS).mean() for kind in kinds))


def share_filled(truth: Truth, slugs: list[str]) -> float:
    taken = sum(mean(truth, slug, "occupied") for slug in slugs)
    return taken / sum(mean(truth, slug, "staffed") for slug in slugs)


def of_setting(setting: str) -> list[str]:
    return [unit.slug for unit in PLAN.units if unit.setting == setting]


def yearly(truth: Truth, place: str, measure: str) -> float:
    kinds = [
        kind
        for kind in truth.flows(place)
        if kind.measure == measure and not kind.destination and not kind.profile
    ]
    return float(sum(truth.over(place, kind, *WHOLE)[0] for kind in kinds)) / 2


def test_there_are_about_sixty_units_and_each_is_named_once() -> None:
    slugs = [unit.slug for unit in PLAN.units]

    assert 55 <= len(slugs) <= 65
    assert len(set(slugs)) == len(slugs)


@pytest.mark.parametrize("ward", of_setting("hospital-ward"))
def test_a_ward_is_filled_as_wards_are(truth: Truth, ward: str) -> None:
    assert 0.68 <= share_filled(truth, [ward]) <= 0.97


def test_the_hospital_as_a_whole_is_nearly_full(truth: Truth) -> None:
    assert 0.80 <= share_filled(truth, of_setting("hospital-ward")) <= 0.93


def test_nursing_homes_are_full_and_reo_and_first_line_stays_nearly_so(truth: Truth) -> None:
    homes = [slug for slug in of_setting("nursing-home") if slug.startswith("vph-")]

    assert share_filled(truth, homes) > 0.95
    assert 0.70 <= share_filled(truth, of_setting("reo")) <= 0.92
    assert 0.85 <= share_filled(truth, ["elv-kort", "elv-noord", "elv-zuid"]) <= 0.98


@pytest.mark.parametrize("place", ["reo-flex", "reo-verpleeghuis", "elv-kort", "grz-revalidatie"])
def test_some_are_refused_and_most_who_ask_are_placed_somewhere(truth: Truth, place: str) -> None:
    people = truth.people
    asked = people.intake == list(people.units).index(place)
    settled = asked & ((people.placed_at >= 0) | (people.lost_at >= 0))

    assert yearly(truth, place, "refused") > 20
    assert 0.5 < np.mean(people.placed_at[settled] >= 0) < 0.99


def test_a_day_brings_eighty_people_to_the_seh_and_fifty_to_the_hospital(truth: Truth) -> None:
    visits = yearly(truth, "seh", "requests") / 365
    admissions = (
        sum(yearly(truth, ward, "admissions") for ward in of_setting("hospital-ward")) / 365
    )

    assert 72 < visits < 92
    assert 40 < admissions < 58


def test_ambulances_are_diverted_at_night_but_not_in_danger_of_life(truth: Truth) -> None:
    people = truth.people
    seh = people.setting == list(people.settings).index("seh")
    by_ambulance = seh & (people.entrance == people.entrances.index("ambulance"))
    diverted = by_ambulance & (people.lost_at == people.asked_at)
    red = people.urgency == list(people.urgencies).index("mts-red")
    hour = (people.asked_at // 3600 + 1) % 24

    assert yearly(truth, "seh", "diverted") * 2 == diverted.sum() > 1000
    assert not (diverted & red).any()
    assert (diverted & (hour < 6)).sum() > 10 * (diverted & (hour >= 11) & (hour < 16)).sum()


def test_the_seh_is_quiet_at_night_and_planned_people_come_on_workdays(truth: Truth) -> None:
    people = truth.people
    seh = people.setting == list(people.settings).index("seh")
    hour = (people.wanted_at // 3600 + 1) % 24
    planned = people.wanted_at > people.asked_at
    weekend = (people.wanted_at // DAY + 3) % 7 >= 5

    assert (seh & (hour >= 2) & (hour < 6)).sum() < 0.4 * (seh & (hour >= 12) & (hour < 16)).sum()
    assert (planned & weekend).sum() < 0.05 * planned.sum()


def test_the_stay_in_a_reo_bed_has_its_median_near_six_days(truth: Truth) -> None:
    people = truth.people
    reo = people.setting == list(people.settings).index("reo")
    done = reo & (people.left_at >= 0) & (people.asked_at >= BEGIN)
    days = (people.left_at - people.placed_at)[done] / DAY

    assert 5.0 < np.median(days) < 7.5
    assert np.mean((days > 8) & (days < 10)) > 0.15
    assert np.mean(days > 18) > 0.02


def test_blocked_outflow_shows_in_hospital_and_boarders_at_the_seh(truth: Truth) -> None:
    ready = [
        kind
        for ward in ("zhz-interne", "zhz-geriatrie")
        for kind in truth.stocks(ward)
        if kind.measure == "medicallyReady" and not kind.age_band
    ]

    assert {"elv", "grz", "wlz", "home-care"} <= {kind.destination for kind in ready}
    assert 0.3 < mean(truth, "seh", "boarders") < 6
    assert truth.at("seh", Kind("longestBoardingMinutes"), HOURS).max() > 120
    assert 0 < truth.at("seh", Kind("lastDoorToBedMinutes"), HOURS).mean() < 60


def test_beds_close_for_staff_in_some_shifts_and_for_infection_in_some_weeks(truth: Truth) -> None:
    closed = {
        reason: sum(
            truth.at(ward, kind, HOURS).mean()
            for ward in of_setting("hospital-ward")
            for kind in truth.stocks(ward)
            if kind.measure == "closedPlaces" and kind.reason == reason
        )
        for reason in ("staff", "infection")
    }

    assert 1.0 < closed["staff"] < 20
    assert 0.1 < closed["infection"] < 6


def test_there_are_stops_of_each_kind_and_each_ends_after_it_began(truth: Truth) -> None:
    kinds = {stop.kind for stop in truth.stops}

    assert {"seh-stop", "opnamestop"} <= kinds
    assert sum(stop.kind == "seh-stop" for stop in truth.stops) < 60
    assert all(stop.ends is None or stop.begins < stop.ends <= UNTIL for stop in truth.stops)


def test_home_care_has_starts_left_and_never_less_than_none(truth: Truth) -> None:
    kinds = truth.stocks("thuiszorg-oosterheem")
    for kind in kinds:
        told = truth.at("thuiszorg-oosterheem", kind, HOURS)

        assert told.min() == 0
        assert told.max() > 0
        assert (told <= truth.at("thuiszorg-oosterheem", week_of(kind), HOURS)).all()


def week_of(kind: Kind) -> Kind:
    return Kind("startsThisWeek", resource=kind.resource, profile=kind.profile, area=kind.area)


def test_arrivals_grow_as_the_old_do() -> None:
    stream = Stream("old", 20_000, ((1.0, "bed"),), ages=True)
    world = World(one_unit(500, 0, fixed(0.1), stream=stream), 4, BEGIN)
    world.advance(BEGIN + 6 * 365 * DAY)
    asked = world.truth.people.asked_at

    first = (asked < BEGIN + 365 * DAY).sum()
    sixth = (asked >= BEGIN + 5 * 365 * DAY).sum()

    assert world.truth.growth(BEGIN) == 1.0
    # Half a year further on both sides: the ratio is that of five years.
    grown = world.truth.growth(BEGIN + 5 * 365 * DAY)
    assert grown == pytest.approx(1.02**5, rel=0.001)
    assert sixth / first == pytest.approx(grown, rel=0.03)


def place_of(plan: Plan, slug: str) -> Place:
    unit = next(unit for unit in plan.units if unit.slug == slug)
    beds = tuple(each.type for each in unit.beds) if unit.resource == "bed" else ()
    areas = frozenset({unit.area} - {""})
    return Place(1, unit=slug, resource=unit.resource, bed_types=beds, areas=areas)


@pytest.mark.parametrize("slug", [unit.slug for unit in PLAN.units])
def test_every_kind_of_figure_is_stored_by_the_tower_under_its_own_words(
    truth: Truth, slug: str
) -> None:
    place = place_of(PLAN, slug)
    for kind in (*truth.stocks(slug), *truth.flows(slug), *truth.plans(slug)):
        measure = MEASURES[kind.measure]
        words = {name: getattr(kind, name) or None for name in Kind.__slots__}
        figure = ReportedFigure.model_validate(words | {"value": 1})
        period = None if measure.time == "stock" else Period(start=MOMENT, end=MOMENT + HOUR)

        told = figure_of(figure, measure, place, period, MOMENT, "/figures/0")

        faults = [*wrong_value(figure, measure, ""), *wrong_words(figure, measure, place, "")]
        assert faults == [], kind
        key = (slug, "", *(getattr(kind, name) for name in Kind.__slots__))
        assert told.key == key
        assert (kind in truth.stocks(slug)) == (measure.time == "stock")


def test_two_years_are_told_in_whole_numbers(truth: Truth) -> None:
    for slug in ("reo-flex", "seh", "zhz-interne", "rtp", "nachtzorg", "hap"):
        for kind in truth.stocks(slug):
            told = truth.at(slug, kind, HOURS)
            assert (told >= 0).all(), (slug, kind)
            assert (told == np.round(told)).all(), (slug, kind)


def test_rosters_are_told_thirteen_weeks_ahead_and_work_is_not(truth: Truth) -> None:
    shifts = truth.shifts("zhz-interne")
    over = shifts.end <= UNTIL

    assert shifts.start.max() > UNTIL + 90 * DAY
    assert (shifts.worked[over] >= 0).all()
    assert (shifts.worked[~over] == -1).all()
    assert (shifts.rostered <= shifts.required).all()
    worked = shifts.rostered - shifts.absent + shifts.worked_temporary
    assert (shifts.worked[over] == worked[over]).all()
    assert shifts[0].role in ("nurse", "medical-specialist")


def test_more_are_sick_when_there_is_flu(truth: Truth) -> None:
    absent, rostered, january = [], [], []
    for unit in PLAN.units:
        shifts = truth.shifts(unit.slug)
        over = shifts.end <= UNTIL
        absent.append(shifts.absent[over])
        rostered.append(shifts.rostered[over])
        of_year = (shifts.start[over] - BEGIN) % (365 * DAY) // DAY
        january.append(of_year < 75)
    sick, there = np.concatenate(absent), np.concatenate(rostered)
    winter = np.concatenate(january)

    in_winter = sick[winter].sum() / there[winter].sum()
    in_summer = sick[~winter].sum() / there[~winter].sum()

    assert in_winter > 1.1 * in_summer
    assert 0.04 < in_summer < 0.08


def test_one_night_nurse_covers_two_units(truth: Truth) -> None:
    night = truth.shifts("reo-nacht")
    of_unit = truth.shifts("reo-flex")

    assert set(np.unique(night.required)) == {1}
    assert "nacht" not in {of_unit.names[shift] for shift in np.unique(of_unit.shift)}
    assert set(np.unique(night.worked[night.end <= UNTIL])) == {0, 1}


def test_a_night_without_the_shared_nurse_closes_both_units(truth: Truth) -> None:
    night = truth.shifts("reo-nacht")
    alone = night.start[(night.worked == 0) & (night.end <= UNTIL)] + 3600

    for slug in ("reo-flex", "beddenhuis-kort"):
        staffed = [kind for kind in truth.stocks(slug) if kind.measure == "staffed"]
        assert len(alone)
        assert sum(truth.at(slug, kind, alone).sum() for kind in staffed) == 0


def test_staffed_beds_are_what_the_heads_of_a_shift_can_carry(truth: Truth) -> None:
    unit = next(unit for unit in PLAN.units if unit.slug == "zhz-neurologie")
    shifts = truth.shifts(unit.slug)
    nurses = (shifts.role == shifts.roles.index("nurse")) & (shifts.end <= UNTIL)
    per_head = np.array([unit.crews[0].per_head[name] for name in shifts.names])
    # At four each shift is under way alone.
    begun = shifts.start[nurses] + 3600
    able = np.floor(shifts.worked[nurses] * per_head[shifts.shift[nurses]])
    ward = {"resource": "bed", "bed_type": "ward"}
    infected = truth.at(unit.slug, Kind("closedPlaces", reason="infection", **ward), begun)

    staffed = truth.at(unit.slug, Kind("staffed", **ward), begun)

    assert (staffed == np.minimum(unit.beds[0].places - infected, able)).all()
    assert staffed.min() < unit.beds[0].places


def test_the_hours_of_a_block_are_hours_of_the_region() -> None:
    assert len(block(block_of(BEGIN)).hours) == 28 * 24
