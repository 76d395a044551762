"""A region file is refused as a whole, with all that is wrong with it and where."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Invalid
from app.facilities import region_file
from app.facilities.norms import norms_of
from app.facilities.region import facts_of, holdings
from app.facilities.region_file import parse
from app.facilities.schemas import RuleFacts

UNKNOWN = "unknown-organisation"
DEMO = (Path(region_file.__file__).parent / "zoetermeer.yaml").read_text()
SMALL = """\
region: {name: Dorp (fictief), fictief: true, since: 2024-01-01}
organisations:
  - {organisation: huis, name: Huis (fictief), audience: provider}
  - {organisation: post, name: Post (fictief), audience: coordinator}
facilities:
  - {facility: gebouw, organisation: huis, name: Gebouw, area: {municipality: dorp}}
units:
  - unit: kamer
    organisation: huis
    name: Kamer
    facility: gebouw
    careSetting: reo
    beds: [{bedType: observation-elderly, law: Zvw}]
    reporting: {moments: ["08:00", "15:30"]}
"""


def faults(written: str) -> dict[str, tuple[str, int | None]]:
    with pytest.raises(Invalid) as refused:
        parse(written)
    return {each.pointer or "": (each.code, each.row) for each in refused.value.faults}


def changed(**sections: Any) -> str:
    # JSON is YAML, and has no & and *.
    return json.dumps({**yaml.safe_load(SMALL), **sections}, default=str)


def a_unit(**facts: Any) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load(SMALL)["units"][0]
    return {**told, **facts}


def test_the_demo_region_is_in_order() -> None:
    region = parse(DEMO)

    names = [organisation.name for organisation in region.organisations]
    audiences = {organisation.audience for organisation in region.organisations}
    assert region.region.fictief
    assert all(name.endswith("(fictief)") for name in names)
    assert audiences == {"provider", "coordinator", "municipality", "insurer", "operator"}


def test_the_demo_population_follows_the_published_anchors() -> None:
    (population,) = parse(DEMO).population

    begin, later, end = (population.years[year] for year in (2024, 2039, 2040))
    assert sum(begin) == 125_000
    assert sum(end) == 118_200
    assert sum(later[3:]) / sum(begin[3:]) == pytest.approx(1.32, abs=0.001)
    assert later[5] / begin[5] == pytest.approx(1.61, abs=0.001)


@pytest.mark.parametrize(
    ("setting", "bed_type", "occupied"),
    [
        ("hospital-ward", "ward", 75),
        ("hospital-ward", "acute-admission", 16),
        ("reo", "observation-elderly", 1.2),
        ("nursing-home", "wlz-crisis", 1.6),
    ],
)
def test_the_demo_use_gives_the_beds_it_says(setting: str, bed_type: str, occupied: float) -> None:
    region = parse(DEMO)
    (use,) = [u for u in region.use if (u.care_setting, u.bed_type) == (setting, bed_type)]

    people = region.population[0].years[2024]
    days = sum(n * rate for n, rate in zip(people, use.per_person_year, strict=True))

    assert days / 365 == pytest.approx(occupied, rel=0.03)


def test_each_feed_of_the_demo_is_released_but_the_new_one() -> None:
    states = {feed.feed: feed.state for feed in parse(DEMO).feeds}

    assert states.pop("hospital-nieuw") == "quarantine"
    assert set(states.values()) == {"released"}


def test_all_that_holds_has_a_name_of_its_own() -> None:
    region = parse(DEMO)

    identities = [(each.word, *each.identity) for each in holdings(region)]

    assert len(identities) == len(set(identities)) > 60


def test_every_fault_is_told_at_once_with_its_line() -> None:
    written = SMALL.replace("observation-elderly", "waterbed").replace(
        "facility: gebouw\n", "x: 1\n"
    )

    found = faults(written + "groups: [{group: alle, name: Alle, members: [{unit: zaal}]}]\n")

    assert found == {
        "/units/0/facility": ("missing", 8),
        "/units/0/x": ("extra-forbidden", 11),
        "/groups/0/members/0/unit": ("unknown-unit", 15),
    }


@pytest.mark.parametrize(
    ("old", "new", "pointer", "code"),
    [
        ('"15:30"', "15:30", "/units/0/reporting/moments/1", "time-not-quoted"),
        ("fictief: true", "fictief: yes", "/region/fictief", "yes-or-no"),
        ("  - unit: kamer", "  - unit: kamer\n    unit: kamer", "/units/0/unit", "double-key"),
        ("observation-elderly", "waterbed", "/units/0/beds/0/bedType", "unknown-bed-type"),
        ("facility: gebouw\n", "facility: schuur\n", "/units/0/facility", "unknown-facility"),
        ("organisation: huis\n", "organisation: hut\n", "/units/0/organisation", UNKNOWN),
        ("careSetting: reo", "careSetting: hotel", "/units/0/careSetting", "literal-error"),
        ("Huis (fictief)", "Huis", "/organisations/0/name", "fictief"),
        ('{moments: ["08:00", "15:30"]}', "{}", "/units/0/reporting", "value-error"),
        ("units:", "afdelingen:", "/afdelingen", "unknown-section"),
        (
            "{organisation: post,",
            "{organisation: huis,",
            "/organisations/1/organisation",
            "double-entry",
        ),
        (
            "{organisation: post,",
            "{organisation: region,",
            "/organisations/1/organisation",
            "reserved",
        ),
        ("name: Kamer", "name: .nan", "/units/0/name", "not-finite"),
        (
            "name: Kamer",
            "name: &a Kamer\n    contractHolder: *a",
            "/units/0/contractHolder",
            "yaml-alias",
        ),
    ],
)
def test_each_trap_of_a_file_is_named(old: str, new: str, pointer: str, code: str) -> None:
    found = faults(SMALL.replace(old, new, 1))

    assert found[pointer][0] == code


@pytest.mark.parametrize("broken", ["units: [", "", "- een\n- twee", "a: " + "[" * 5000, "x\x00y"])
def test_what_is_not_a_region_at_all_is_refused_in_words(broken: str) -> None:
    assert faults(broken)


def test_a_mandate_is_for_units_of_its_own_organisation_only() -> None:
    mandate = {"mandate": "m", "organisation": "post", "to": "huis", "units": ["kamer"]}

    found = faults(changed(mandates=[mandate]))

    assert found["/mandates/0/units/0"][0] == "anothers-unit"


def test_a_feed_writes_onto_anothers_unit_by_mandate_only() -> None:
    feed = {
        "feed": "f",
        "organisation": "post",
        "format": "caz",
        "name": "Feed",
        "units": {"K": "kamer"},
    }
    mandate = {"mandate": "m", "organisation": "huis", "to": "post", "units": ["kamer"]}

    found = faults(changed(feeds=[feed]))

    assert found["/feeds/0/units/K"][0] == "no-mandate"
    assert parse(changed(feeds=[feed], mandates=[mandate])).feeds[0].format == "caz"


def test_a_region_can_have_bed_types_and_roles_of_its_own() -> None:
    own = {"name": "waterbed", "source": "dorp", "year": 2026}

    region = parse(
        changed(
            units=[a_unit(beds=[{"bedType": "waterbed", "law": "Zvw"}], roles=["badmeester"])],
            bedTypes=[{"bedType": "waterbed", **own}],
            roles=[{"role": "badmeester", **own}],
        )
    )

    assert region.units[0].beds[0].bed_type == "waterbed"


def a_pool(pool: str, *bed_types: str) -> dict[str, Any]:
    told = {"substitutionPool": pool, "name": f"Groep {pool}", "bedTypes": bed_types}
    return {**told, "source": "dorp", "year": 2026}


def test_bed_types_are_declared_to_stand_in_for_each_other() -> None:
    region = parse(changed(substitutionPools=[a_pool("elv", "elv-low", "elv-high")]))

    (pool,) = region.substitution_pools
    (held,) = [each for each in holdings(region) if each.name[0] == "substitution-pool"]
    assert (pool.substitution_pool, pool.bed_types) == ("elv", ("elv-low", "elv-high"))
    assert held.identity == ("region", "substitution-pool", "elv")


def test_all_that_is_wrong_with_substitution_pools_is_told_at_once() -> None:
    pools = [
        a_pool("elv", "elv-low", "elv-high"),
        a_pool("ook", "elv-high", "waterbed", "grz"),
        a_pool("alleen", "ward", "ward"),
        {**a_pool("leeg"), "source": ""},
    ]

    found = faults(changed(substitutionPools=pools))

    assert {pointer: code for pointer, (code, _) in found.items()} == {
        "/substitutionPools/1/bedTypes/0": "two-pools",
        "/substitutionPools/1/bedTypes/1": "unknown-bed-type",
        "/substitutionPools/2/bedTypes": "too-few",
        "/substitutionPools/2/bedTypes/1": "two-pools",
        "/substitutionPools/3/source": "string-too-short",
    }


@pytest.mark.parametrize(
    ("population", "pointer"),
    [
        ({"bands": [{"from": 0, "to": 64}, {"from": 66}]}, "/population"),
        ({"bands": [{"from": 1, "to": 64}, {"from": 65}]}, "/population"),
        ({"bands": [{"from": 0, "to": 64}, {"from": 65, "to": 99}]}, "/population"),
        ({"years": {2024: [1, 2], 2026: [1, 2]}}, "/population"),
        ({"years": {2024: [1, 2], 2025: [1]}}, "/population"),
        ({"years": {}}, "/population"),
        ({"years": {2024: [1, -2]}}, "/population/years/2024/1"),
    ],
)
def test_a_population_has_no_gaps(population: dict[str, Any], pointer: str) -> None:
    sound = {
        "source": "dorp",
        "year": 2024,
        "bands": [{"from": 0, "to": 64}, {"from": 65}],
        "years": {2024: [1, 2], 2025: [1, 2]},
    }

    assert len(parse(changed(population=sound)).population) == 1
    assert pointer in faults(changed(population={**sound, **population}))


def test_a_real_region_has_no_published_keys() -> None:
    real = SMALL.replace(" (fictief)", "").replace("fictief: true", "fictief: false")
    client = "clients: [{client: c, organisation: huis, sourceKind: hand, scopes: []}]\n"

    assert parse(real).region.fictief is False
    assert faults(real + client) == {"/clients": ("fictief", 15)}


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_any_text_is_read_or_refused_and_never_crashes(written: str) -> None:
    with suppress(Invalid):
        assert parse(written).region.name


@given(st.integers(0, len(SMALL) - 1), st.sampled_from(["", ":", "-", "{", "\t", '"', "&x ", "0"]))
def test_a_slip_in_the_file_is_read_or_refused_and_never_crashes(place: int, slip: str) -> None:
    with suppress(Invalid):
        region = parse(SMALL[:place] + slip + SMALL[place + 1 :])
        assert region.region.name


def a_norm(**settings: Any) -> dict[str, Any]:
    return {"norm": "one", "source": "dorp", "year": 2026, "settings": settings}


SHIFT = {"shift": "dag", "start": "07:00", "end": "15:30"}


@pytest.mark.parametrize(
    ("settings", "field", "code"),
    [
        ({"role": "nurse", "patientsPerHead": 0}, "/patientsPerHead", "greater-than"),
        ({"role": "nurse", "patientsPerHead": -4}, "/patientsPerHead", "greater-than"),
        ({"role": "nurse", "patientsPerHed": 4}, "/patientsPerHed", "extra-forbidden"),
        ({"role": "badmeester", "atLeast": 1}, "/role", "unknown-role"),
        ({"role": "nurse", "atLeast": 1, "unit": "zaal"}, "/unit", "unknown-unit"),
        ({"role": "nurse", "atLeast": 1, "staffPool": "flex"}, "/staffPool", "unknown-staff-pool"),
        ({"role": "nurse", "atLeast": 1, "shift": "nacht"}, "/shift", "unknown-shift"),
        ({"role": "nurse", "atLeast": 1, "unit": "kamer", "careSetting": "reo"}, "", "bad-norm"),
        ({"role": "nurse"}, "", "bad-norm"),
        ({"role": "gp", "measure": "calls"}, "", "bad-norm"),
        ({"role": "gp", "measure": "calls", "perHeadPerHour": 0}, "/perHeadPerHour", None),
        ({"role": "nurse", "atLeast": 1, "targetShare": 0.8}, "", "bad-norm"),
        ({"role": "nurse", "atLeast": 1, "absence": 0.6, "leave": 0.5}, "", "bad-norm"),
    ],
)
def test_a_nonsense_norm_of_staff_is_refused_with_its_field(
    settings: dict[str, Any], field: str, code: str | None
) -> None:
    found = faults(changed(units=[a_unit(shifts=[SHIFT])], norms=[a_norm(**settings)]))

    assert set(found) == {f"/norms/0/settings{field}"}
    assert code in (None, found[f"/norms/0/settings{field}"][0])


def test_a_sound_norm_of_staff_is_taken_and_the_most_specific_one_holds() -> None:
    region = parse(
        changed(
            units=[a_unit(shifts=[SHIFT])],
            norms=[
                {**a_norm(role="nurse", atLeast=1), "norm": "all"},
                {**a_norm(role="nurse", careSetting="reo", patientsPerHead=5), "norm": "setting"},
                {**a_norm(role="nurse", unit="kamer", patientsPerHead=4), "norm": "unit"},
                {**a_norm(role="nurse", unit="kamer", shift="dag", atLeast=2), "norm": "shift"},
            ],
        )
    )

    norms = norms_of({norm.norm: facts_of(RuleFacts, norm) for norm in region.norms})

    def of(unit: str, care_setting: str, shift: str) -> str | None:
        found = norms.of_unit(unit, care_setting, "nurse", shift)
        return None if found is None else found.name

    assert of("kamer", "reo", "dag") == "shift"
    assert of("kamer", "reo", "nacht") == "unit"
    assert of("zaal", "reo", "dag") == "setting"
    assert of("zaal", "seh", "dag") == "all"
    assert norms.of_unit("kamer", "reo", "helper", "dag") is None
