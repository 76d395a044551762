"""The region file and the simulation's plan say the same, and everyone in it has who reports."""

import pytest

from app.access.keys import demo_key
from app.demo.load.series import series_of
from app.demo.play.senders import Senders
from app.demo.reporters import FLAWS, PHONED, reporters_of
from app.facilities.region import UnitEntry
from app.facilities.region_file import parse
from app.opening import ZOETERMEER
from app.simulation.reporters import blocks
from app.simulation.world import World
from app.simulation.zoetermeer import zoetermeer

REGION = parse(ZOETERMEER.read_text("utf-8"))
PLAN = zoetermeer()
UNITS = {unit.unit: unit for unit in REGION.units}
PLANNED = {unit.slug: unit for unit in PLAN.units}
AREAS = {each.facility: each.area.neighbourhood for each in REGION.facilities}
DAY = 86400
BEGIN = 1_760_000_400


def minutes(unit: UnitEntry) -> set[tuple[str, int, int]]:
    return {
        (
            each.shift,
            each.start.hour * 60 + each.start.minute,
            each.end.hour * 60 + each.end.minute,
        )
        for each in unit.shifts
    }


def test_every_unit_is_in_both() -> None:
    assert UNITS.keys() == PLANNED.keys()
    assert len(UNITS) == 59


@pytest.mark.parametrize("slug", sorted(UNITS))
def test_a_unit_is_the_same_in_both(slug: str) -> None:
    unit, planned = UNITS[slug], PLANNED[slug]

    assert (unit.care_setting, unit.resource) == (planned.setting, planned.resource)
    if unit.resource == "bed":
        assert [bed.bed_type for bed in unit.beds] == [beds.type for beds in planned.beds]
    assert {crew.role for crew in planned.crews} <= set(unit.roles)
    assert {(s.shift, s.start, s.end) for s in planned.shifts} <= minutes(unit)
    assert planned.area in ("", AREAS[unit.facility])


def test_the_staff_pools_are_the_same_in_both() -> None:
    told = {
        pool.staff_pool: (pool.units, pool.roles, tuple(s.shift for s in pool.shifts))
        for pool in REGION.staff_pools
    }

    assert told == {
        pool.slug: (pool.units, (pool.role,), tuple(s.shift for s in pool.shifts))
        for pool in PLAN.pools
    }


def test_each_bed_of_a_unit_is_usable_as_the_simulation_uses_it() -> None:
    total = sum(beds.places for unit in PLAN.units for beds in unit.beds if unit.resource == "bed")

    assert {unit.slug for unit in PLAN.units if unit.resource == "bed" and not unit.beds} == set()
    assert 400 < total < 900


def test_everyone_has_who_reports_and_a_client_to_do_so() -> None:
    reporters = reporters_of(REGION, 1).reporters
    senders = Senders(REGION)

    told = {reporter.place for reporter in reporters}
    clients = {senders.sender(r.place, r.source_kind, r.feed).client for r in reporters}
    assert told == UNITS.keys() | {pool.staff_pool for pool in REGION.staff_pools}
    assert {*FLAWS, *PHONED} <= told
    assert {name for name in clients if name.endswith("-koppeling")} == {
        *("reo-koppeling", "caz-koppeling", "hap-koppeling", "ziekenhuis-koppeling")
    }
    assert {"caz-bord", "wijkzorg-invoer", "hospice-invoer", "verpleeghuis-invoer"} <= clients
    assert all(demo_key(name).kid == f"demo-{name}" for name in clients)


def test_every_organisation_that_reports_has_a_client_for_its_hand_or_its_feed() -> None:
    owners = {unit.organisation for unit in REGION.units}

    by_hand = {each.organisation for each in REGION.clients if each.source_kind == "hand"}
    assert owners <= by_hand
    for feed in REGION.feeds:
        assert any(
            (each.organisation, each.source_kind) == (feed.organisation, "feed")
            for each in REGION.clients
        )


def test_the_tower_takes_every_figure_that_the_simulation_tells() -> None:
    world, senders = World(PLAN, 3, BEGIN), Senders(REGION)
    world.advance(BEGIN + 5 * DAY)
    reporters = reporters_of(REGION, 3).perfect()

    found = list(blocks(world.truth, reporters, BEGIN, BEGIN + 5 * DAY, dense_from=BEGIN))

    assert {block.place for block in found} == {r.place for r in reporters.reporters}
    for block in found:
        for kind in block.kinds:
            assert series_of(senders.places[block.place], kind).key[2] == kind.measure
        assert (block.values[block.told] >= 0).all()


def test_the_caz_is_a_view_over_units_of_six_organisations() -> None:
    (caz,) = [group for group in REGION.groups if group.group == "caz"]

    owners = {UNITS[member.unit].organisation for member in caz.members}
    assert len(owners) == 6
    assert {"dienstapotheek", "ggz-acuut"} <= {member.unit for member in caz.members}
