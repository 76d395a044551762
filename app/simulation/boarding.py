"""How long people at the SEH wait: for a bed elsewhere, and from the door to a place."""

import numpy as np
from numpy.typing import NDArray

from app.simulation.census import Census, boarders, ended
from app.simulation.kinds import Kind

Whole = NDArray[np.int64]
Figures = NDArray[np.float64]


def longest_minutes(census: Census, moments: Whole) -> Figures:
    """How long the longest-waiting boarder has waited at each moment, whole minutes, float64[n]."""
    began, left = boarders(census, Kind("boarders"))
    order = np.argsort(moments, kind="stable")
    at = moments[order]
    low, high = np.searchsorted(at, began), np.searchsorted(at, ended(left))
    count = np.maximum(high - low, 0)
    boarder = np.repeat(np.arange(len(began)), count)
    moment = np.arange(len(boarder)) - np.repeat(np.cumsum(count) - count, count) + low[boarder]
    longest = np.zeros(len(moments))
    np.maximum.at(longest, order[moment], (at[moment] - began[boarder]) // 60)
    return longest


def last_door_to_bed(census: Census, moments: Whole) -> Figures:
    """Minutes from the door to a treatment place, of who got one last; 0 before the first."""
    people = census.people
    rows = census.here[people.placed_at[census.here] >= 0]
    rows = rows[np.argsort(people.placed_at[rows], kind="stable")]
    minutes = (people.placed_at[rows] - people.asked_at[rows]) // 60
    # Who was there from the start did not come in by the door.
    minutes = np.where(people.origin[rows] < 0, minutes, 0)
    last = np.searchsorted(people.placed_at[rows], moments, side="right")
    return np.concatenate(([0], minutes)).astype(np.float64)[last]
