"""How many people can be cared for in each shift, over the units that share its staff."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

import numpy as np

from app.forecasts.answers import amount
from app.forecasts.days.hours import moment
from app.forecasts.staffing.capacity import Crew, staffed_capacity
from app.forecasts.staffing.reckoned import Reckoned
from app.forecasts.staffing.schemas import StaffedCapacity
from app.forecasts.staffing.view import Topic, View

# Places of each unit on each day.
Places = Mapping[str, Mapping[date, float]]


def capacities(
    several: Sequence[Reckoned], beds: Places, topic: Topic, view: View
) -> Iterator[StaffedCapacity]:
    """min(beds, staff) of each shift over the units that share its staff.

    Of those who will be there the median. People of a pool that fills are not counted with it:
    where they go is decided on the day.
    """
    by_shift: dict[tuple[date, str], list[tuple[Reckoned, int]]] = {}
    for each in several:
        if each.post.fills or each.post.norm is None:
            continue
        for n, day in enumerate(each.shifts.days):
            by_shift.setdefault((day, each.post.shift), []).append((each, n))
    for (day, shift), told in sorted(by_shift.items(), key=lambda row: first_of(row[1])):
        says = [each.post.norm.says for each, _ in told if each.post.norm is not None]
        # Where heads follow who asks by the hour, people that are there set no bound.
        if any(each.measure is not None for each in says):
            continue
        if all(each.patients_per_head is None for each in says):
            continue
        if any(view.told(each.post) != "exact" for each, _ in told):
            continue
        units = sorted({unit for each, _ in told for unit in each.post.units})
        crews = [crew(each, n) for each, n in told]
        found = staffed_capacity({unit: beds.get(unit, {}).get(day) for unit in units}, crews)
        if any(
            view.small(
                {each.post.place.org_id}, (each.balance.available[n], each.balance.rostered[n])
            )
            for each, n in told
        ):
            continue
        yield StaffedCapacity(
            day=day,
            shift=shift,
            at=moment(min(int(each.shifts.starts[n]) for each, n in told)),
            until=moment(max(int(each.shifts.ends[n]) for each, n in told)),
            units=found.units,
            beds=amount(found.beds, "known", 0),
            capacity=amount(found.value, "known", 0),
            at_most=amount(found.at_most, "known", 0),
            binding=found.binding,
        )


def first_of(told: Sequence[tuple[Reckoned, int]]) -> int:
    return min(int(each.shifts.starts[n]) for each, n in told)


def crew(each: Reckoned, n: int) -> Crew:
    assert each.post.norm is not None
    there = float(each.balance.available[n])
    return Crew(
        each.post.role,
        frozenset(each.post.units),
        there if np.isfinite(there) else None,
        each.post.norm.says.patients_per_head,
    )


def with_now(beds: Places, now: Mapping[str, float | None], today: date) -> Places:
    """The places of the days ahead, and of the shifts that began up to today those of now."""
    begun = (today - timedelta(days=1), today)
    return {
        unit: {**beds.get(unit, {}), **(dict.fromkeys(begun, here) if here is not None else {})}
        for unit in beds.keys() | now.keys()
        for here in (now.get(unit),)
    }
