import numpy as np
from numpy.typing import NDArray

from app.forecasts.days.told import Flow, flow_of, stock_of, together

HOUR = 3600
Whole = NDArray[np.int64]
NO_WORDS = ("", "")


def hours(*starts: int, length: int = 1) -> tuple[Whole, Whole]:
    return np.array(starts) * HOUR, np.full(len(starts), length * HOUR)


def told(*values: float) -> NDArray[np.float64]:
    return np.array(values, dtype=float)


def triples(flow: Flow) -> list[tuple[int, int, float]]:
    return [
        (start // HOUR, length // HOUR, value)
        for start, length, value in zip(flow.starts, flow.lengths, flow.values, strict=True)
    ]


def test_parts_are_summed_over_periods_that_all_of_them_told() -> None:
    home = (1, ("home", ""), *hours(0, 1, 2), told(1, 2, 3))
    elv = (1, ("elv", ""), *hours(0, 1, 3), told(4, np.nan, 6))

    found = flow_of([home, elv])

    assert triples(found) == [(0, 1, 5)]


def test_what_is_told_undivided_counts_and_parts_fill_its_gaps() -> None:
    whole = (1, NO_WORDS, *hours(0, 2), told(7, 8))
    part = (1, ("home", ""), *hours(0, 1), told(1, 2))

    found = flow_of([whole, part])

    assert triples(found) == [(0, 1, 7), (1, 1, 2), (2, 1, 8)]


def test_a_period_gives_way_to_one_with_precedence_that_overlaps_it() -> None:
    feed = (2, NO_WORDS, *hours(0, 4, 8, length=4), told(1, 2, 3))
    hand = (1, NO_WORDS, *hours(7, length=2), told(9))

    found = flow_of([feed, hand])

    assert triples(found) == [(0, 4, 1), (7, 2, 9)]


def test_a_week_in_one_figure_says_nothing_of_hours() -> None:
    week = (1, NO_WORDS, *hours(0, length=168), told(70))

    found = flow_of([week])

    assert len(found) == 0


def test_admissions_and_transfers_are_summed_where_both_were_told() -> None:
    admissions = flow_of([(1, NO_WORDS, *hours(0, 1), told(1, 2))])
    transfers = flow_of([(1, NO_WORDS, *hours(1, 2), told(3, 4))])

    assert triples(together(admissions, transfers)) == [(1, 1, 5)]
    assert triples(together(admissions, flow_of([]))) == [(0, 1, 1), (1, 1, 2)]


def test_a_hand_entry_stands_over_a_feed_for_four_hours() -> None:
    hand = (1, np.array([8, 20]) * HOUR, told(5, np.nan))
    feed = (2, np.array([8, 10, 13, 21]) * HOUR, told(1, 2, 3, 4))

    found = stock_of([hand, feed], 4 * HOUR)

    at = np.array([7, 8, 11, 14, 20, 22]) * HOUR
    np.testing.assert_array_equal(found.at(at), [np.nan, 5, 5, 3, np.nan, 4])
