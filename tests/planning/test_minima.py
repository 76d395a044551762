"""A night nurse is there for two people as for ten: what shifts take at least, in FTE."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pytest

from app.facilities.norms import Norms, norms_of
from app.facilities.schemas import RuleFacts, StaffPoolFacts, UnitFacts
from app.planning.assumed import AtLeast, Lever, LineKey
from app.planning.minima import Fewest, fewest, minima
from tests.planning import assume

DAY = date(2026, 11, 30)
SHIFTS = [
    {"shift": "dag", "start": "07:00", "end": "15:30"},
    {"shift": "nacht", "start": "23:00", "end": "07:15"},
]
# Of 36 hours a week 12.7% are leave and 2% training; absence is taken off what there is.
FLOOR_HOURS = 36 * (1 - 0.127 - 0.02)
REO, ELV, GRZ = (LineKey("reo", "bed", kind) for kind in ("observation-elderly", "elv-low", "grz"))


def a_unit(**facts: Any) -> tuple[int, UnitFacts]:
    told = {
        "name": "zaal",
        "facility": "huis",
        "careSetting": "reo",
        "reporting": {"moments": ["08:00"]},
        "shifts": SHIFTS,
        "roles": ["nurse"],
    }
    return 1, UnitFacts.model_validate({**told, **facts})


def a_pool(*units: str) -> tuple[int, StaffPoolFacts]:
    told = {"name": "pool", "units": units, "roles": ["nurse"], "shifts": SHIFTS[1:]}
    return 1, StaffPoolFacts.model_validate(told)


def norms(**settings: dict[str, Any]) -> Norms:
    return norms_of(
        {
            name: RuleFacts(source="test", year=2026, settings={"role": "nurse", **said})
            for name, said in settings.items()
        }
    )


def test_each_shift_has_the_hours_of_its_minimum_all_year_round() -> None:
    said = norms(day={"shift": "dag", "patientsPerHead": 4, "atLeast": 2}, night={"atLeast": 1})

    found = fewest({"one": a_unit()}, {}, said, DAY)

    told = {each.norm: each.fte for each in found}
    assert told == pytest.approx(
        {"day": 2 * 8.5 * 7 / FLOOR_HOURS, "night": 8.25 * 7 / FLOOR_HOURS}
    )


def test_a_pool_over_two_units_counts_once_and_a_norm_without_a_minimum_says_nothing() -> None:
    said = norms(
        night={"staffPool": "pool", "patientsPerHead": 16, "atLeast": 1},
        day={"shift": "dag", "patientsPerHead": 4},
    )
    units = {"one": a_unit(), "two": a_unit()}

    (found,) = fewest(units, {"pool": a_pool("one", "two")}, said, DAY)

    assert (found.role, found.units, found.norm) == ("nurse", ("one", "two"), "night")
    assert found.fte == pytest.approx(8.25 * 7 / FLOOR_HOURS)


def test_a_shift_that_is_not_held_takes_nobody() -> None:
    hours = [{"days": ["mon", "tue", "wed", "thu", "fri"], "start": "07:00", "end": "16:00"}]
    routes = dict.fromkeys(("ambulance", "referral", "walk-in", "transfer"), hours)
    office = {"one": a_unit(openingHours=routes)}

    (found,) = fewest(office, {}, norms(day={"atLeast": 1}), DAY)

    # Five days of the week, less eight holidays on a working day in these 52 weeks.
    assert found.fte == pytest.approx(8.5 * 7 * (260 - 8) / 364 / FLOOR_HOURS, rel=0.01)


def test_kinds_that_share_a_post_have_it_together_and_the_others_by_themselves() -> None:
    found = [
        Fewest("nurse", ("a",), 5.0, "day"),
        Fewest("nurse", ("b",), 4.0, "day"),
        Fewest("nurse", ("a", "b"), 2.0, "night"),
        Fewest("nurse", ("c",), 3.0, "day"),
        Fewest("nurse", ("d",), 9.0, "day"),
        Fewest("driver", ("a",), 9.0, "day"),
    ]
    lines = {REO: ["a"], ELV: ["b"], GRZ: ["c"], LineKey("hospice", "bed", "ward"): ["d"]}

    told = minima(found, lines, {"nurse": [REO, ELV, GRZ]})

    assert [(each.lines, each.fte) for each in told] == [
        (frozenset({ELV, REO}), 11.0),
        (frozenset({GRZ}), 3.0),
    ]
    assert [each.norms for each in told] == [("day", "night"), ("day",)]


def need(*at_least: AtLeast, levers: Sequence[Lever] = ()) -> np.ndarray:
    nurses = assume.role(at_least=at_least)
    outcome = assume.reckoner(assume.assumptions(roles=[nurses], levers=levers)).outcome()
    return outcome.roles["nurse"].need


def test_the_need_of_a_role_is_at_least_what_its_shifts_take() -> None:
    without = need()
    least = float(np.median(without))

    found = need(AtLeast(frozenset({assume.WARD}), least))

    np.testing.assert_allclose(found, np.maximum(without, least))


def test_fewer_people_a_place_takes_nobody_from_the_minimum() -> None:
    least = AtLeast(frozenset({assume.WARD}), float(need().min()))

    found = need(least, levers=[assume.lever("staffing", 0.1)])

    assert found[-1] == pytest.approx(least.fte)


def test_a_minimum_that_is_met_changes_no_bit_and_one_of_two_kinds_is_of_their_sum() -> None:
    without = need()
    both = frozenset({assume.WARD, assume.HOME})

    assert (need(AtLeast(frozenset({assume.WARD}), 0.1)) == without).all()
    assert (need(AtLeast(both, float(without.max()))) >= without.max() - 1e-9).all()
