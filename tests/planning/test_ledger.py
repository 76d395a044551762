"""The ledger adds up, in any order; without a change nothing changes, to the bit."""

from dataclasses import replace
from itertools import islice, permutations

import numpy as np
import pytest

from app.planning.ledger import Shortage, ledgers, variance_shares
from app.planning.outcome import Outcome
from app.planning.told import shortages
from tests.planning.assume import WARD, assumptions, lever, line, reckoner, role

LEVERS = [lever("stay", 0.9), lever("beds", 2.0, name="more-beds")]
MADE = assumptions(levers=LEVERS)


def of(outcome: Outcome) -> dict[str, Shortage]:
    return shortages(outcome)


@pytest.mark.parametrize("seed", range(4))
def test_the_contributions_add_to_the_total_in_any_stated_order(seed: int) -> None:
    of_region = reckoner(MADE)
    order = list(np.random.default_rng(seed).permutation(MADE.causes))
    whole = of_region.outcome()

    for name, ledger in ledgers(of_region, order, of(whole)).items():
        added = ledger.begin + sum(entry.adds for entry in ledger.entries)
        np.testing.assert_allclose(added, ledger.end, atol=1e-9)
        np.testing.assert_array_equal(ledger.end, of(whole)[name](whole))
        assert [entry.cause for entry in ledger.entries] == order


def test_another_order_shares_out_otherwise_and_ends_the_same() -> None:
    of_region = reckoner(MADE)
    shortage = {"nurse": of(of_region.outcome())["nurse"]}
    orders = [MADE.causes, MADE.causes[::-1]]

    one, other = (ledgers(of_region, order, shortage)["nurse"] for order in orders)

    np.testing.assert_array_equal(one.end, other.end)
    first, last = one.entries[1], other.entries[-2]
    assert first.cause == last.cause == "population"
    assert not np.allclose(first.adds, last.adds)


def test_an_order_that_forgets_a_cause_is_refused() -> None:
    of_region = reckoner(MADE)

    with pytest.raises(ValueError, match="names each of series, population"):
        ledgers(of_region, MADE.causes[1:], {})


def test_in_the_first_year_nothing_has_changed_yet() -> None:
    of_region = reckoner(MADE)

    ledger = ledgers(of_region, MADE.causes, of(of_region.outcome()))[str(WARD)]

    for entry in ledger.entries:
        np.testing.assert_array_equal(entry.adds[0], 0.0)


@pytest.mark.parametrize(
    "nothing",
    [
        lever("stay", 1.0),
        lever("beds", 0.0),
        lever("inflow", 1.0),
        lever("retirement", 0.0),
        lever("absence", 1.0),
        lever("staffing", 1.0),
    ],
)
def test_a_change_of_nothing_is_the_baseline_bit_for_bit(nothing: object) -> None:
    base = reckoner(assumptions()).outcome()
    changed = reckoner(assumptions(levers=[nothing])).outcome()  # type: ignore[list-item]

    for key, told in base.lines.items():
        assert told.shortage.tobytes() == changed.lines[key].shortage.tobytes()
    assert base.roles["nurse"].shortage.tobytes() == changed.roles["nurse"].shortage.tobytes()


def test_the_shares_of_variance_add_to_one_and_the_only_doubt_has_all_of_it() -> None:
    sure = replace(
        MADE, lines=[line(stay=line().drift.__class__(1, 1, 1, "test"))], roles=[], levers=[]
    )
    alone = replace(sure, people={"town": replace(sure.people["town"], p10=None, p90=None)})

    shares = variance_shares(reckoner(MADE), of(reckoner(MADE).outcome()))
    only = variance_shares(reckoner(alone), of(reckoner(alone).outcome()))[str(WARD)]

    for parts in shares.values():
        total = np.sum(list(parts.values()), axis=0)
        np.testing.assert_allclose(total[np.isfinite(total)], 1.0, atol=1e-9)
    assert only["use"][-1] == pytest.approx(1)
    assert only["together"][-1] == pytest.approx(0, abs=1e-9)


def test_each_cause_of_labour_moves_the_shortage_its_way() -> None:
    made = assumptions(roles=[role()])
    of_region = reckoner(made)

    ledger = ledgers(of_region, made.causes, of(of_region.outcome()))["nurse"]

    adds = {entry.cause: entry.adds[-1].mean() for entry in ledger.entries}
    assert adds["inflow"] < 0 < min(adds["outflow"], adds["retirement"], adds["population"])


def test_orders_are_many_and_all_are_allowed() -> None:
    of_region = reckoner(assumptions([line()], []))

    for order in islice(permutations(of_region.assumed.causes), 3):
        assert ledgers(of_region, order, {}) == {}
