"""Need and supply of the years: the formula by hand, and doubts whose quantiles are known."""

from dataclasses import replace
from math import exp, log
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.forecasts.queues import erlang_b
from app.planning.assumed import Assumptions, Lever, LeverKind, LineKey, Service
from app.planning.capacity import places
from app.planning.chances import Chances
from app.planning.demography import Factor, Population
from app.planning.outcome import Reckoner, series_weight
from tests.planning.assume import (
    CERTAIN,
    HOME,
    WARD,
    YEARS,
    assumptions,
    lever,
    line,
    people,
    reckoner,
    role,
)

Z90 = NormalDist().inv_cdf(0.9)


def certain(years: tuple[int, ...] = YEARS, **changes: Any) -> Assumptions:
    made = line(drift=CERTAIN, stay=CERTAIN, supply=None, **changes)
    table = people()
    alone = Population(table.years, table.p50)
    return assumptions([made], [], population={"town": alone}, years=years)


def by_hand(year: int) -> float:
    return float((10_000 * 0.2 + 2000 * 1.03 ** (year - 2024) * 3.0) / 365 / 0.9)


def test_without_doubt_all_draws_are_the_formula() -> None:
    of = reckoner(certain()).outcome().lines[WARD]

    expected = np.array([by_hand(year) for year in YEARS])
    np.testing.assert_allclose(of.need, np.tile(expected[:, None], (1, 1000)), rtol=1e-12)


def test_drift_and_stay_compound_and_alone_each_has_its_exact_quantiles() -> None:
    drifting = assumptions([line(stay=CERTAIN, drift=Factor(0.99, 1.0, 1.02, "test"))], [])
    fixed = replace(drifting, people={"town": Population(people().years, people().p50)})

    need = reckoner(fixed).outcome().lines[WARD].need

    # Of a lognormal on either side of its median the quantiles are known: 2040 is 16 years on.
    for share in (0.1, 0.25, 0.5, 0.75, 0.9):
        side = log(1.02) if share > 0.5 else -log(0.99)
        wanted = by_hand(2040) * exp(16 * side * NormalDist().inv_cdf(share) / Z90)
        assert np.quantile(need[-1], share) == pytest.approx(wanted, rel=2e-3)


def test_a_year_that_the_table_does_not_hold_is_unknown() -> None:
    of = reckoner(certain(years=tuple(range(2026, 2044)))).outcome().lines[WARD]

    assert np.isfinite(of.need[:-2]).all()
    assert np.isnan(of.need[-2:]).all()


def test_the_level_of_the_series_holds_at_first_and_then_grows_as_the_tables_do() -> None:
    made = certain(level=Factor(40.0, 40.0, 40.0, "months"), joins=2027.5)

    load = reckoner(made).outcome().lines[WARD].load[:, 0]

    modelled = np.array([by_hand(year) * 0.9 for year in YEARS])
    at_join = (by_hand(2027) + by_hand(2028)) / 2 * 0.9
    assert load[0] == load[1] == pytest.approx(40)
    np.testing.assert_allclose(load[4:], 40 * modelled[4:] / at_join, rtol=1e-9)
    # No jump where one hands over to the other: no step is larger than the growth that is to come.
    assert max(np.diff(np.log(load))) < 2.6 * np.diff(np.log(modelled)).max()


def test_the_weight_of_the_series_falls_from_all_to_none_between_18_and_36_months() -> None:
    ahead = np.array([-0.5, 0.49, 1.0, 1.5, 2.0, 3.0, 10.0])

    weight = series_weight(ahead)

    assert weight[:2].tolist() == [1, 1]
    assert weight[-2:].tolist() == [0, 0]
    assert (np.diff(weight) <= 0).all()
    assert series_weight(np.array([1.75]))[0] == pytest.approx(0.5, abs=1e-9)


def test_the_bands_of_years_widen() -> None:
    made = assumptions([line(level=Factor(38.0, 40.0, 42.0, "months"), joins=2027.5)], [])

    low, high = np.quantile(reckoner(made).outcome().lines[WARD].load, (0.1, 0.9), axis=1)

    assert (np.diff(high / low) > -1e-3).all()
    assert high[0] / low[0] == pytest.approx(42 / 38, rel=2e-3)


@pytest.mark.parametrize("load", [0.3, 4.4, 17.0, 63.2, 200.0])
def test_places_for_a_share_refused_are_those_of_erlang(load: float) -> None:
    found = float(places(np.array([load]), Service(refused=0.05))[0])

    assert erlang_b(load, int(np.ceil(found)) + (8 if load > 64 else 0)) <= 0.05
    assert erlang_b(load, max(int(np.floor(found)) - (8 if load > 64 else 0), 0)) >= 0.05 - 1e-6


def test_sites_that_do_not_help_each_other_out_need_more_places() -> None:
    load = np.array([27.0])

    together = places(load, Service(refused=0.05))[0]
    apart = places(load, Service(refused=0.05, sites=(1 / 3, 1 / 3, 1 / 3)))[0]

    # forecasting.md: three sites of load 9 need 42 beds apart, 33 together.
    assert (np.ceil(together), 3 * np.ceil(apart / 3)) == (33, 42)


def test_a_substitution_takes_a_share_and_gives_its_exchange() -> None:
    hours = line(HOME, drift=CERTAIN, stay=CERTAIN, supply=None, service=Service(occupancy=1.0))
    made = certain()
    moves = lever("substitution", 0.1, lines=frozenset({WARD}), to=HOME, exchange=5.0)
    both = replace(made, lines=[*made.lines, hours])

    before = reckoner(both).outcome()
    after = reckoner(replace(both, levers=[moves])).outcome()

    beds = before.lines[WARD].load[-1, 0]
    assert after.lines[WARD].load[-1, 0] == pytest.approx(0.9 * beds)
    # A tenth of the places occupied is so many bed days a week, and each is 5 hours of care.
    more = after.lines[HOME].load[-1, 0] - before.lines[HOME].load[-1, 0]
    assert more == pytest.approx(0.1 * beds * 7 * 5)
    # A quarter of the way after the first of four years.
    assert after.lines[WARD].load[1, 0] == pytest.approx(before.lines[WARD].load[1, 0] * 0.975)


def test_of_beds_and_staff_the_smaller_counts() -> None:
    few = assumptions([line(supply=26.0)], [role(people=np.full(47, 0.4))])
    many = assumptions([line(supply=26.0)], [role(people=np.full(47, 4.0))])

    scarce, ample = (reckoner(each).outcome().lines[WARD] for each in (few, many))

    assert (scarce.supply[0] < 26).all()
    assert (ample.supply[0] == 26).all()
    np.testing.assert_array_equal(scarce.supply, np.minimum(scarce.beds, scarce.staffable))


def test_an_assumption_that_is_added_moves_no_draw_of_the_others() -> None:
    alone = reckoner(assumptions([line()], [])).outcome().lines[WARD].need
    more = reckoner(assumptions()).outcome().lines[WARD].need

    np.testing.assert_array_equal(alone, more)


@pytest.mark.parametrize(
    ("kind", "amount"),
    [
        ("stay", 0.9),
        ("prevention", 0.95),
        ("use", 0.9),
        ("beds", 3.0),
        ("inflow", 1.3),
        ("outflow", 0.7),
        ("retirement", 1.0),
        ("hours", 1.05),
        ("absence", 0.8),
        ("staffing", 0.95),
    ],
)
def test_more_staff_more_beds_and_shorter_stays_never_widen_the_gap(
    kind: LeverKind, amount: float
) -> None:
    lines = [line(supply=24.0), line(HOME, supply=None, service=Service(occupancy=1.0))]
    before = assumptions(lines, [role(people=np.full(47, 0.8))])

    @settings(max_examples=8, deadline=None)
    @given(seed=st.integers(0, 1000), share=st.floats(0.0, 1.0))
    def on_every_draw(seed: int, share: float) -> None:
        neutral = 0.0 if kind in ("beds", "retirement") else 1.0
        by = neutral + share * (amount - neutral)
        after = replace(before, levers=[lever(kind, by)])
        one, other = (Reckoner(each, Chances(seed=seed)).outcome() for each in (before, after))
        for key in one.lines:
            less = other.lines[key].shortage - one.lines[key].shortage
            assert np.nanmax(less, initial=-1.0) <= 1e-9
        assert (other.roles["nurse"].shortage - one.roles["nurse"].shortage).max() <= 1e-9

    on_every_draw()


WRONG: list[tuple[dict[str, object], str]] = [
    ({"p10": 1.2, "p50": 1.0, "p90": 1.1}, "must rise"),
    ({"p10": 0.0, "p50": 1.0, "p90": 1.1}, "within 0.05 to 5"),
    ({"since": 2031}, "ends before it begins"),
    ({"to": HOME}, "a substitution, and only that"),
]


@pytest.mark.parametrize(("changes", "why"), WRONG)
def test_a_lever_that_cannot_be_is_refused(changes: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        lever("stay", 0.9, **changes)


@pytest.mark.parametrize("lines", [frozenset(), frozenset({HOME})])
@pytest.mark.parametrize("kind", ["beds", "occupancy"])
def test_a_lever_of_places_says_of_which_kinds_of_bed(
    kind: LeverKind, lines: frozenset[LineKey]
) -> None:
    with pytest.raises(ValueError, match="of which kinds of bed"):
        lever(kind, 0.9, lines=lines)


def test_an_occupancy_does_not_move_places_that_follow_from_a_share_refused() -> None:
    refusing = line(service=Service(refused=0.05))
    fuller = lever("occupancy", 0.95, lines=frozenset({WARD}))

    with pytest.raises(ValueError, match="follow from a share refused"):
        assumptions([refusing], [], [fuller])


def of_unknown_line() -> Lever:
    return lever("stay", 0.9, lines=frozenset({WARD._replace(bed_type="ic")}))


@pytest.mark.parametrize(
    ("levers", "why"),
    [
        ([of_unknown_line()], "which is not planned; there are"),
        ([lever("hours", 1.1, roles=frozenset({"pilot"}))], "a role that is not planned"),
        ([lever("stay", 0.9), lever("use", 0.9)], "a name of its own"),
        ([lever("stay", 0.9, name="population")], "none of those of a cause"),
    ],
)
def test_levers_that_do_not_fit_are_refused(levers: list[Lever], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        assumptions(levers=levers)
