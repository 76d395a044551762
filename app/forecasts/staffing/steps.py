"""The figures of each shift of a series: of one post, or of all posts of a total together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from app.forecasts.days.hours import moment
from app.forecasts.staffing.reckoned import Reckoned
from app.forecasts.staffing.roster import quantiles
from app.forecasts.staffing.schemas import ShortPosts, StaffStep
from app.forecasts.staffing.view import ALMOST, MIDDLE, Told, Topic, View, band, told_amount
from app.observations.schemas import FigureState

Floats = NDArray[np.float64]
# From this chance on it is as likely short as not.
SHORT = 0.5
# Beyond the outer quantiles of a run nothing is forecast: 0.025 means at most, 0.975 at least.
EDGES = (0.025, 0.975)


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A series in the making: figures of each step, NaN unknown; `gap` None: not applicable."""

    days: Sequence[date]
    starts: Sequence[int]
    ends: Sequence[int]
    need: Floats  # [h, q]
    rostered: Floats
    available: Floats
    gap: Floats | None
    p_short: Floats
    lacking: Floats
    # What the chance is at least, by the parts of it that are known.
    at_least: Floats


def line_of(each: Reckoned, topic: Topic) -> Line:
    told, shifts = each.balance, each.shifts
    need = quantiles(told.need, topic.probabilities).astype(np.float64)
    need[~told.known] = np.nan
    likely = told.p_short if each.made_from == "minimum" else told.p_short.clip(*EDGES)
    return Line(
        shifts.days,
        shifts.starts.tolist(),
        shifts.ends.tolist(),
        need,
        told.rostered,
        told.available,
        told.gap,
        likely,
        told.lacking,
        likely,
    )


def line_chance(each: Reckoned, n: int) -> float:
    likely = float(each.balance.p_short[n])
    return likely if each.made_from == "minimum" else float(np.clip(likely, *EDGES))


def shorts_of(each: Reckoned, days: Sequence[date]) -> tuple[bool | None, ...]:
    """Of one post on each of these days whether it is rather short than not; None: unknown, or the
    shift is not held there."""
    chances = {day: line_chance(each, n) for n, day in enumerate(each.shifts.days)}
    told = [chances.get(day, np.nan) for day in days]
    return tuple(yes_or_no(likely, likely) for likely in told)


def counted(
    several: Sequence[Reckoned], shorts: Sequence[Sequence[bool | None]], days: Sequence[date]
) -> list[ShortPosts]:
    """Of each day how many of these posts are short, of how many it is known and that are held."""
    held = [set(each.shifts.days) for each in several]
    told = zip(*shorts, strict=True)
    return [
        ShortPosts(
            short=sum(each is True for each in of_day),
            known=sum(each is not None for each in of_day),
            held=sum(day in each for each in held),
        )
        for day, of_day in zip(days, told, strict=True)
    ]


def together(several: Sequence[Reckoned], topic: Topic) -> Line:
    """The sum of posts on the days on which any is held."""
    days = sorted({day for each in several for day in each.shifts.days})
    place = {day: n for n, day in enumerate(days)}
    shape = (max(len(each.balance.need) for each in several), len(days))
    need, fine, fine_at_most = np.zeros(shape), np.ones(shape), np.ones(shape)
    rostered, available, lacking = (np.zeros(len(days)) for _ in range(3))
    starts = np.full(len(days), np.iinfo(np.int64).max)
    ends = np.zeros(len(days), np.int64)
    known = np.ones(len(days), dtype=np.bool_)
    for each in several:
        at = np.array([place[day] for day in each.shifts.days], dtype=np.int64)
        told = each.balance
        need[:, at] += told.need
        fine[:, at] *= 1 - told.short
        fine_at_most[:, at] *= 1 - np.nan_to_num(told.short)
        known[at] &= told.known
        rostered[at] += told.rostered
        available[at] += told.available
        lacking[at] += told.lacking
        starts[at] = np.minimum(starts[at], each.shifts.starts)
        ends[at] = np.maximum(ends[at], each.shifts.ends)
    wanted = quantiles(need.astype(np.int64), topic.probabilities).astype(np.float64)
    wanted[~known] = np.nan
    short, at_least = ((1 - each.mean(axis=0)).clip(*EDGES) for each in (fine, fine_at_most))
    figures = (wanted, rostered, available, None, short, lacking, at_least)
    return Line(days, starts.tolist(), ends.tolist(), *figures)


def steps_of(
    line: Line,
    topic: Topic,
    detail: Told,
    view: View,
    owners: Iterable[int],
    closes: datetime,
    posts: Sequence[ShortPosts] | None = None,
) -> Iterator[StaffStep]:
    middle = topic.probabilities.index(MIDDLE)
    most = topic.probabilities.index(ALMOST)
    for n, day in enumerate(line.days):
        at = moment(line.starts[n])
        likely = float(line.p_short[n])
        state: FigureState = "known" if detail == "exact" else "suppressed"
        figures = [*line.need[n], line.rostered[n], line.available[n], line.lacking[n]]
        if state == "known" and view.small(owners, figures):
            state = "suppressed"
        firm = np.fmax(line.need[n, middle], line.rostered[n])
        applies: FigureState = (
            state if line.gap is not None or state != "known" else "notApplicable"
        )
        yield StaffStep(
            day=day,
            at=at,
            until=moment(line.ends[n]),
            short=yes_or_no(likely, float(line.at_least[n])),
            need=band(line.need[n].tolist(), topic, state),
            rostered=told_amount(line.rostered[n], state),
            available=told_amount(line.available[n], state),
            gap=band(None if line.gap is None else line.gap[n].tolist(), topic, applies),
            p_short=told_amount(likely, state, 3),
            shortfall=told_amount(line.lacking[n], state, 2),
            flexible=told_amount(np.maximum(line.need[n, most] - firm, 0.0), state),
            roster_closed=at < closes,
            posts=None if posts is None else posts[n],
        )


def yes_or_no(likely: float, at_least: float) -> bool | None:
    """Yes also where a part is unknown, and what is known of the others is enough."""
    if at_least >= SHORT:
        return True
    return False if np.isfinite(likely) else None
