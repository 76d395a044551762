import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.simulation.expected import Expected
from app.simulation.kinds import Kind
from app.simulation.stays import lognormal
from app.simulation.world import World
from app.simulation.zoetermeer import zoetermeer
from tests.simulation.plans import BEGIN, DAY, one_unit

TIMES = st.integers(0, 40)
LEAVING = Kind("expectedDischarges", resource="bed", bed_type="ward")
COMING = Kind("plannedAdmissions", resource="bed", bed_type="ward")


def whole(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.int64)


@given(
    st.lists(st.tuples(TIMES, TIMES, TIMES), max_size=15),
    st.lists(st.tuples(TIMES, TIMES, st.integers(0, 20)), min_size=1, max_size=8),
)
def test_an_expectation_counts_while_it_is_held(
    rows: list[tuple[int, int, int]], asked: list[tuple[int, int, int]]
) -> None:
    when, since, until = (whole([row[n] for row in rows]) for n in range(3))
    said, starts = whole([each[0] for each in asked]), whole([each[1] for each in asked])
    ends = starts + whole([each[2] for each in asked])

    told = Expected(when, since, until).planned(said, starts, ends)

    held = [
        sum(s <= w < e and a <= at < b for w, a, b in rows)
        for at, s, e in zip(said.tolist(), starts.tolist(), ends.tolist(), strict=True)
    ]
    assert told.tolist() == held


def test_a_day_ahead_it_is_known_who_goes_home() -> None:
    world = World(one_unit(200, 4_000, lognormal(3.0, 0.5), patience=None), 1, BEGIN)
    world.advance(BEGIN + 60 * DAY)
    left = np.sort(world.truth.people.left_at)
    said = np.arange(BEGIN + 20 * DAY, BEGIN + 50 * DAY, DAY)

    told = world.truth.planned("afdeling", LEAVING, said, said, said + DAY)

    real = np.searchsorted(left, said + DAY) - np.searchsorted(left, said)
    # Who comes and goes within the day was not there to be expected.
    assert (told <= real).all()
    assert told.sum() > 0.9 * real.sum()


def test_days_ahead_the_guess_is_about_right_in_all_and_wrong_by_the_day() -> None:
    world = World(zoetermeer(), 1, BEGIN)
    world.advance(BEGIN + 100 * DAY)
    truth, said = world.truth, np.arange(BEGIN + 30 * DAY, BEGIN + 90 * DAY, DAY)

    told = truth.planned("zhz-orthopedie", LEAVING, said, said + 2 * DAY, said + 3 * DAY)
    planned = truth.planned("zhz-orthopedie", COMING, said, said + 2 * DAY, said + 3 * DAY)

    assert 0.5 < told.mean() < 6
    weekend = ((said + 2 * DAY) // DAY + 3) % 7 >= 5
    assert planned[weekend].mean() < 0.5 < planned[~weekend].mean()


def test_what_was_expected_then_is_not_changed_by_what_came_after() -> None:
    early, late = World(zoetermeer(), 1, BEGIN), World(zoetermeer(), 1, BEGIN)
    early.advance(BEGIN + 30 * DAY)
    late.advance(BEGIN + 45 * DAY)
    said = np.arange(BEGIN, BEGIN + 30 * DAY, DAY // 2)

    for kind in (LEAVING, COMING):
        for ahead in range(5):
            moments = (said, said + ahead * DAY, said + (ahead + 1) * DAY)
            then = early.truth.planned("zhz-interne", kind, *moments)
            now = late.truth.planned("zhz-interne", kind, *moments)
            assert (then == now).all()
