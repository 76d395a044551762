"""The people who work: conserved from year to year, and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.planning.labour import by_age, stock


def flows(years: int, **levels: float) -> dict[str, np.ndarray]:
    return {name: np.full((years, 1), level) for name, level in levels.items()}


@settings(max_examples=30, deadline=None)
@given(
    people=st.lists(st.floats(0, 200), min_size=5, max_size=50),
    inflow=st.floats(0, 50),
    outflow=st.floats(0, 1),
    retires=st.floats(50, 80),
)
def test_heads_are_those_of_before_with_who_came_less_who_left_or_retired(
    people: list[float], inflow: float, outflow: float, retires: float
) -> None:
    of = stock(
        np.array(people),
        20,
        begins=(20, 30),
        **flows(8, inflow=inflow, outflow=outflow, retires=retires),
    )

    after = of.heads[:-1] + of.came[:-1] - of.left[:-1] - of.retired[:-1]
    np.testing.assert_allclose(of.heads[1:], after, rtol=1e-9, atol=1e-6)
    assert min(of.heads.min(), of.left.min(), of.retired.min()) >= 0


def test_by_hand_over_two_years() -> None:
    people = np.zeros(47)
    people[[0, 45, 46]] = (100.0, 8.0, 4.0)  # of 20, 65 and 66

    of = stock(people, 20, begins=(20, 29), **flows(2, inflow=10.0, outflow=0.1, retires=67.25))

    # A tenth leaves. Of who then is 67 three in four have passed 67 and a quarter.
    assert of.left[0, 0] == pytest.approx(11.2)
    assert of.retired[0, 0] == pytest.approx(4 * 0.9 * 0.75)
    assert of.heads[1, 0] == pytest.approx(112 - 11.2 - 2.7 + 10)
    # The year after, those of 65 are 67, and who was left of 67 is 68: all of these go.
    assert of.retired[1, 0] == pytest.approx((8 * 0.81) * 0.75 + 4 * 0.9 * 0.25 * 0.9)


def test_a_stationary_stock_stays_as_it_is() -> None:
    of = stock(
        np.full(47, 2.0), 20, begins=(20, 20), **flows(30, inflow=2.0, outflow=0.0, retires=67.0)
    )

    np.testing.assert_allclose(of.heads, 94.0)
    np.testing.assert_allclose(of.retired[:-1], 2.0)


def test_bands_are_spread_over_their_ages_and_may_not_overlap() -> None:
    youngest, people = by_age({(20, 29): 50.0, (40, 41): 4.0})

    assert (youngest, len(people), people.sum()) == (20, 22, 54.0)
    assert (people[0], people[10], people[-1]) == (5.0, 0.0, 2.0)
    with pytest.raises(ValueError, match="25-35 overlaps"):
        by_age({(20, 29): 1.0, (25, 35): 1.0})
