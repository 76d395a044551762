"""Staffed capacity: no more than the beds, no more than the staff, and a pool counted once."""

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.forecasts.staffing.capacity import Crew, staffed_capacity

ONE, TWO, THREE = "one", "two", "three"


def a_crew(
    heads: float | None, *units: str, role: str = "nurse", per_head: float | None = 4
) -> Crew:
    return Crew(role, frozenset(units or (ONE,)), heads, per_head)


def test_the_least_of_beds_and_roles_is_the_capacity_and_is_named() -> None:
    nurses, carers = a_crew(2), a_crew(1, role="carer-ig", per_head=6)

    assert staffed_capacity({ONE: 10}, [nurses, carers]).value == 6
    assert staffed_capacity({ONE: 10}, [nurses, carers]).binding == "carer-ig"
    assert staffed_capacity({ONE: 10}, [nurses]).binding == "nurse"
    assert staffed_capacity({ONE: 5}, [nurses, carers]).value == 5
    assert staffed_capacity({ONE: 5}, [nurses, carers]).binding == "beds"


def test_one_night_nurse_over_two_units_counts_once() -> None:
    pool = a_crew(1, ONE, TWO, per_head=16)

    found = staffed_capacity({ONE: 12, TWO: 8}, [pool])

    assert (found.beds, found.value, found.binding) == (20, 16, "nurse")


def test_beds_bind_on_a_tie_so_that_staff_is_named_only_where_it_costs_a_place() -> None:
    assert staffed_capacity({ONE: 8}, [a_crew(2)]).binding == "beds"


def test_two_roles_that_bind_alike_are_not_taken_for_beds() -> None:
    crews = [a_crew(1), a_crew(1, role="carer-ig")]

    found = staffed_capacity({ONE: 8}, crews)

    assert (found.value, found.binding) == (4, "carer-ig")


def test_what_is_unknown_leaves_a_bound_and_names_nothing() -> None:
    found = staffed_capacity({ONE: 10}, [a_crew(None), a_crew(1, role="carer-ig", per_head=6)])

    assert (found.value, found.at_most, found.binding) == (None, 6, None)


def test_a_role_without_a_ratio_binds_only_when_nobody_is_there() -> None:
    there, none = (a_crew(n, role="gp", per_head=None) for n in (1, 0))

    assert staffed_capacity({ONE: 3}, [there]).value == 3
    assert staffed_capacity({ONE: 3}, [none]).value == 0


HEADS = st.integers(0, 6)
CREWS = st.lists(
    st.builds(
        Crew,
        st.sampled_from(["nurse", "carer-ig"]),
        st.sets(st.sampled_from([ONE, TWO, THREE]), min_size=1).map(frozenset),
        HEADS,
        st.one_of(st.none(), st.integers(1, 6)),
    ),
    min_size=1,
    max_size=4,
)
BEDS = st.fixed_dictionaries({name: st.integers(0, 9) for name in (ONE, TWO, THREE)})


@given(crews=CREWS, beds=BEDS, which=st.integers(0, 3), more=st.integers(1, 3))
def test_more_staff_never_lowers_capacity(
    crews: list[Crew], beds: dict[str, int], which: int, more: int
) -> None:
    at = which % len(crews)
    old = crews[at]
    stronger = [*crews]
    stronger[at] = Crew(old.role, old.units, (old.heads or 0) + more, old.per_head)

    before, after = (staffed_capacity(beds, each).value for each in (crews, stronger))

    assert before is not None
    assert after is not None
    assert after >= before


@given(crews=CREWS, beds=st.fixed_dictionaries({n: st.integers(0, 4) for n in (ONE, TWO, THREE)}))
def test_it_is_the_most_that_any_division_over_the_units_can_reach(
    crews: list[Crew], beds: dict[str, int]
) -> None:
    ways = np.array(list(product(*(range(beds[name] + 1) for name in (ONE, TWO, THREE)))))
    able = np.ones(len(ways), dtype=np.bool_)
    for crew in crews:
        inside = ways[:, [(ONE, TWO, THREE).index(unit) for unit in sorted(crew.units)]]
        able &= inside.sum(axis=1) <= (crew.carries or 0)

    # Whole people: overlapping crews may make the bound of halves up to one head higher.
    found = staffed_capacity(beds, crews).value

    assert found is not None
    assert 0 <= found - ways[able].sum(axis=1).max() <= 1
