"""A shift that nobody explained: taken for a closure or opening, with a chance that it is none."""

from dataclasses import replace

import numpy as np

from app.forecasts.baseline import QUANTILES
from app.forecasts.breaks import Break, unexplained
from app.forecasts.engine.asked import Floats, Outlook, Past, Question
from app.forecasts.paths import COUNT, drawn, quantiles_of
from app.forecasts.series import Daily

# Of a level of less than a tenth, or more than ten times as much, nothing is to be scaled by.
LEAST_RATIO = 0.1
# So many of the paths go back to where the series was while the shift has stood for a week or less,
# and fewer in proportion when it has stood for longer: an assumption, on the safe side at first.
RETURNS, WEEK = 0.2, 7
MEDIAN = QUANTILES.index(0.5)


def shift_in(past: Past, question: Question) -> Break | None:
    """What broke in a past of days that is on the footing of today; None of other steps."""
    if question.freq != "D":
        return None
    told = [change.begins for change in question.changes if change.name == past.name]
    found = unexplained(Daily(past.first, past.values), told)
    return found if found and LEAST_RATIO <= found.ratio <= 1 / LEAST_RATIO else None


def days_since(past: Past, shift: Break | None) -> int:
    """For how many days a shift has stood at the end of the past; 0 without one."""
    return len(past.values) - (shift.day - past.first).days if shift else 0


def on_new_level(past: Past, shift: Break | None) -> Past:
    """The past before a shift as it would have been after it, as with one that was told."""
    if shift is None:
        return past
    values = past.values.copy()
    values[: (shift.day - past.first).days] *= shift.ratio
    return replace(past, values=values)


def unsure(outlook: Outlook, shift: Break | None, stood: int) -> Outlook:
    """With some chance it goes back to where it was, until its owner says what it was.

    `stood` is for how many days the shift has been seen: one chance in five up to a week, one in
    fifteen after three.

    What that does to the median stands with the parts as trend.
    """
    if shift is None or outlook.grade == "unknown":
        return outlook
    back = round(COUNT * RETURNS * min(1.0, WEEK / stood))
    stays = outlook.quantiles @ drawn(QUANTILES, COUNT - back)
    returns = outlook.quantiles @ drawn(QUANTILES, back) / shift.ratio
    both = np.hstack([stays, returns]).clip(min=0)
    quantiles: Floats = quantiles_of(both.T, QUANTILES)
    parts = dict(outlook.parts)
    if "trend" in parts:
        moved = quantiles[:, MEDIAN] - outlook.quantiles[:, MEDIAN]
        parts["trend"] = parts["trend"] + moved
    return replace(outlook, quantiles=quantiles, mean=both.mean(axis=1), parts=parts)
