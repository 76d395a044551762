"""What is planned beside the figures: closures and openings, and how many places there will be."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from math import isnan

import numpy as np

from app.forecasts.engine.asked import Change, Floats
from app.forecasts.rows import Faults, Numbers, Readers, Wrong, day_of, name_of, opened, taken

# Of each series the caps that hold from a day on, in order.
CapPlan = Mapping[str, Sequence[tuple[date, float]]]


def changes(lines: Iterable[str], file: str = "The file of events") -> list[Change]:
    """Each row of `unique_id, begins, ends, ratio` as a change; `Invalid` with all that is wrong.

    `ends` is the first day on which it no longer holds; empty: for good.
    """
    faults = Faults(file)
    text = opened(lines, ("unique_id", "begins", "ends", "ratio"), faults)
    numbers = Numbers(text.comma)
    readers: Readers = {
        "unique_id": name_of,
        "begins": day_of,
        "ends": lambda cell: day_of(cell) if cell.strip() else None,
        "ratio": lambda cell: ratio_of(numbers[cell]),
    }
    found = []
    for line, cells in text.rows:
        told = taken(cells, readers, line, faults)
        change = Change(*told) if told else None
        if change and change.ends and change.ends <= change.begins:
            detail = "This is not after begins. Give the first day on which it no longer holds."
            faults.add("ends-first", detail, line, "ends")
        elif change:
            found.append(change)
    if faults.count:
        faults.refuse()
    return found


def ratio_of(told: float) -> float:
    if not 0.01 <= told <= 100:
        detail = "Give what is left as a share of 0.01 to 100, such as 0.7 for 30% closed."
        raise Wrong("no-ratio", detail)
    return told


def cap_plan(lines: Iterable[str], file: str = "The cap plan") -> CapPlan:
    """The rows of `unique_id, ds, cap`, each from its day on; `Invalid` with all that is wrong."""
    faults = Faults(file)
    text = opened(lines, ("unique_id", "ds", "cap"), faults)
    numbers = Numbers(text.comma)
    readers: Readers = {
        "unique_id": name_of,
        "ds": day_of,
        "cap": lambda cell: cap_of(numbers[cell]),
    }
    found: dict[str, dict[date, float]] = {}
    for line, cells in text.rows:
        told = taken(cells, readers, line, faults)
        if told is None:
            continue
        name, day, cap = told
        if found.setdefault(name, {}).setdefault(day, cap) != cap:
            detail = "An earlier row has another cap of this unique_id and ds. Keep one."
            faults.add("told-twice", detail, line, "cap")
    if faults.count:
        faults.refuse()
    return {name: sorted(caps.items()) for name, caps in found.items()}


def cap_of(told: float) -> float:
    if isnan(told):
        raise Wrong("no-cap", "A plan tells a number. Leave the row out if none is known.")
    return told


def caps_ahead(last: float, plan: Sequence[tuple[date, float]], steps: Sequence[date]) -> Floats:
    """The cap of each step float64[h]: the plan's from its first day on, before it `last`.

    A step has the cap of its first day. NaN is unknown.
    """
    caps = np.full(len(steps), last)
    for day, cap in plan:
        caps[[step >= day for step in steps]] = cap
    return caps
