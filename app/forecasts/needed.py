"""Stock need: everyone who should be in a care setting or a unit, each person once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.forecasts.demand import Part, total, whole
from app.forecasts.runs import Kind
from app.forecasts.series import Daily

Floats = NDArray[np.float64]
# Where people go who are medically ready for it (domain.md, 1 and 4): an ELV, GRZ or Wmo place is a
# short stay, a Wlz place a nursing home. `home` is no place.
DESTINATIONS: Mapping[str, tuple[str, ...]] = {
    "short-stay": ("elv", "grz", "wmo"),
    "nursing-home": ("wlz",),
    "home-care": ("home-care",),
    "mental-health-crisis": ("ggz",),
    "hospice": ("hospice",),
}
DESTINATION = 4  # its place among the words of a part
Parts = Mapping[tuple[str, Kind], Sequence[Part]]  # by unit and kind


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a setting. `ready_for` is told by units of other settings.

    `occupied` of each unit and bed type; `ready` and `waiting` of the setting's own units.
    """

    occupied: Sequence[Daily]
    ready: Parts
    waiting: Parts
    ready_for: Parts

    @property
    def moves(self) -> bool:
        """Whether anything is told of who should be elsewhere."""
        return bool(self.ready or self.waiting or self.ready_for)


def need(told: Told) -> Daily:
    """Occupied, less who is ready for elsewhere, plus who waits for this setting: >= 0 a day.

    A person is in exactly one place (domain.md, 5): who waits here may be the one who is ready in
    another setting, so that of the two the larger number counts and not their sum. A day is NaN
    unless all that is told of it is known; who never tells one of them counts as telling none.
    """
    places = total(told.occupied)
    ready = sums(told.ready)
    outside = larger(sums(told.waiting), sums(told.ready_for))
    values = aligned(places, places)
    if ready is not None:
        values = values - aligned(ready, places)
    if outside is not None:
        values = values + aligned(outside, places)
    return Daily(places.first, np.maximum(values, 0.0))


def need_here(occupied: Daily, waiting: Sequence[Part]) -> Daily | None:
    """Who is in a unit and who waits for it; None if nobody waited on any day, or none were told.

    What was occupied never passes the places of a unit that is full: only with those who wait does
    it show what is asked of it. Who is ready for elsewhere is still here, and takes a place. A day
    is NaN unless both are known.
    """
    if not waiting:
        return None
    values = aligned(whole(waiting), occupied)
    if not np.nansum(values) > 0:
        return None
    return Daily(occupied.first, occupied.values + values)


def sums(parts: Parts) -> Daily | None:
    return total([whole(of) for of in parts.values()]) if parts else None


def larger(one: Daily | None, other: Daily | None) -> Daily | None:
    """The larger of the two on each day, the one that is known where the other is not."""
    if one is None or other is None:
        return one or other
    first = min(one.first, other.first)
    both = Daily(first, np.full((max(one.after, other.after) - first).days, np.nan))
    return Daily(first, np.fmax(aligned(one, both), aligned(other, both)))


def aligned(daily: Daily, axis: Daily) -> Floats:
    """Its values on the days of another, NaN where it does not reach: float64[n]."""
    found = np.full(len(axis.values), np.nan)
    skip = (daily.first - axis.first).days
    begin, end = max(skip, 0), min(skip + len(daily.values), len(found))
    if begin < end:
        found[begin:end] = daily.values[begin - skip : end - skip]
    return found


def bound_for(parts: Sequence[Part], setting: str) -> list[Part]:
    """Of the parts of a unit those of people who are ready for this setting."""
    wanted = DESTINATIONS.get(setting, ())
    return [part for part in parts if part.words[DESTINATION] in wanted]
