"""Of each shift the role that is short with the greatest chance."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from app.forecasts.days.hours import moment
from app.forecasts.staffing.reckoned import Reckoned
from app.forecasts.staffing.schemas import WorstRole
from app.forecasts.staffing.steps import SHORT, line_chance
from app.forecasts.staffing.view import MIDDLE, Topic, View, told_amount
from app.observations.schemas import FigureState


def worst_by_shift(
    several: Sequence[Reckoned], topic: Topic, view: View
) -> list[tuple[WorstRole, float]]:
    """Of each shift of each day the role that is short with the greatest chance, with that chance
    (-1: of none it is known). On a tie the smallest median gap, then the first by name."""
    middle = topic.probabilities.index(MIDDLE)
    found: dict[tuple[date, str], list[tuple[float, float, str, str, Reckoned, int]]] = {}
    for each in several:
        if view.told(each.post) == "none":
            continue
        for n, day in enumerate(each.shifts.days):
            likely, gap = each.balance.p_short[n], each.balance.gap[n, middle]
            key = (-likely, gap, each.post.role, each.post.place.name, each, n)
            found.setdefault((day, each.post.shift), []).append(key)
    rows = []
    for (day, shift), told in found.items():
        known = [row for row in told if np.isfinite(row[0])]
        best = min(known, key=lambda row: row[:4]) if known else None
        _, _, _, _, of, n = best or told[0]
        rows.append((worst_role(day, shift, of, n, best is not None, view, middle), of, n, best))
    ordered = sorted(rows, key=lambda row: row[0].at)
    return [(row[0], -row[3][0] if row[3] else -1.0) for row in ordered]


def worst_role(
    day: date, shift: str, of: Reckoned, n: int, known: bool, view: View, middle: int
) -> WorstRole:
    post, detail = of.post, view.told(of.post)
    likely, gap = line_chance(of, n), of.balance.gap[n, middle]
    short = bool(likely >= SHORT) if known else None
    state: FigureState = "known" if detail == "exact" else "suppressed"
    if state == "known" and view.small({post.place.org_id}, (of.balance.rostered[n], gap)):
        state = "suppressed"
    # Who may know no more than yes or no is told a role only where the answer is yes.
    named = known and (state == "known" or bool(short))
    return WorstRole(
        day=day,
        shift=shift,
        at=moment(int(of.shifts.starts[n])),
        until=moment(int(of.shifts.ends[n])),
        role=post.role if named else None,
        unit=post.place.name if named and not post.place.pool else None,
        staff_pool=post.place.name if named and post.place.pool else None,
        short=short,
        p_short=told_amount(likely, state, 3),
        gap=told_amount(gap, state),
    )
