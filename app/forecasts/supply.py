"""Places there will be: what was told lately with staff, and the closures and openings ahead."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median_low
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# A number that stands for this long, or that of the week: one day of sickness, or one slip of the
# pen, does not close a unit for months.
STANDS, WEEK = timedelta(hours=12), timedelta(days=7)


class Event(NamedTuple):
    """A closure, opening, reclassification or strike over [begins_at, ends_at).

    `change` is by how many places, below zero if fewer; None: nobody said how many. `bed_type`
    None: the unit as a whole.
    """

    bed_type: str | None
    begins_at: datetime
    ends_at: datetime | None
    change: float | None

    def holds(self, moment: datetime) -> bool:
        return self.begins_at <= moment and (self.ends_at is None or moment < self.ends_at)


def planned(
    staffed: float | None,
    told_at: datetime | None,
    events: Sequence[Event],
    moments: Sequence[datetime],
) -> Floats:
    """Places with staff at each moment: float64[n], >= 0, NaN unknown.

    `staffed` was told at `told_at` and already holds the events of then; those that begin later
    change it, those that end later give back what they took. An event of unknown size makes the
    time unknown over which it differs from then.
    """
    if staffed is None or told_at is None:
        return np.full(len(moments), np.nan)
    places = np.full(len(moments), float(staffed))
    for event in events:
        change = np.array([event.holds(at) for at in moments]) * 1.0 - event.holds(told_at)
        size = float("nan") if event.change is None else event.change
        places = np.where(change == 0, places, places + change * size)
    return np.where(np.isnan(places), np.nan, np.maximum(places, 0.0))


def usual(
    staffed: float,
    told_at: datetime,
    before: Sequence[tuple[datetime, float]],
    events: Sequence[Event],
) -> float:
    """The number of places that will go on: the last one if it was so half a day before, and else
    the median of what was told in the week up to `told_at`, the lower of two.

    `before` are earlier moments and numbers, in order. What events took or gave that do not hold
    any more, or did not yet, is put back; a moment at which one of unknown size held that does not
    hold now, or the other way round, says nothing.
    """
    week = [(at, value) for at, value in before if told_at - WEEK < at <= told_at - STANDS]
    as_now = [float(planned(value, at, events, [told_at])[0]) for at, value in week]
    earlier = [value for value in as_now if np.isfinite(value)]
    if not earlier or earlier[-1] == staffed:
        return staffed
    return float(median_low([*earlier, staffed]))


def of_bed_type(events: Sequence[Event], bed_type: str, bed_types: Sequence[str]) -> list[Event]:
    """The events that touch a bed type of a unit that has these.

    One that names no bed type touches them all; where there are several, nobody said how many of
    each, so that its size is unknown.
    """
    found = []
    for event in events:
        if event.bed_type == bed_type:
            found.append(event)
        elif event.bed_type is None:
            found.append(event if len(bed_types) <= 1 else event._replace(change=None))
    return found
