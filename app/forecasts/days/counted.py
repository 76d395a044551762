"""How the next days did: who was in a place, beside what was counted at the end of each step."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from app.forecasts.days.hours import HOUR, seconds
from app.forecasts.days.told import Stock
from app.forecasts.judged import Due, Judgement, Said, compared

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
# Of a unit, resource and bed type what was counted of `occupied`.
Counts = Mapping[tuple[str, str, str], Stock]
A_DAY = 24 * HOUR
# So many days before the issue say how far counts move.
PAST_DAYS = 90


def judge(due: Due, said: Said, past: Counts, truth: Counts) -> list[Judgement]:
    """The steps of the due windows beside what was counted, and beside a plain naive.

    `past` is what was known at the run's own data cut, `truth` what is known now. A step counts if
    somebody counted within an hour of its end, of a total each of its members. The naive says that
    as many are there as at the last count, give or take what counts moved in as many hours before.
    """
    units = (said.subject,) if said.members is None else said.members
    resource, bed_type = said.kind.resource, said.kind.bed_type
    before, after = (
        [counts[key] for unit in units if (key := (unit, resource, bed_type)) in counts]
        for counts in (past, truth)
    )
    if not units or len(before) < len(units) or len(after) < len(units):
        return []
    ends = moments(said.end)
    at = seconds(due.issue.issued_at)
    naive, scale = as_counted_last(before, at, ends, due.issue.probabilities)
    return compared(due, said, counted_at(after, ends), naive, scale)


def moments(of: Sequence[datetime]) -> Whole:
    return np.array([seconds(each) for each in of], dtype=np.int64)


def counted_at(stocks: Sequence[Stock], at: Whole) -> Floats:
    """The sum of what was counted within an hour of each moment, NaN if one was not: float64[n]."""
    found: Floats = np.sum([nearest(each, at) for each in stocks], axis=0)
    return found


def nearest(stock: Stock, at: Whole) -> Floats:
    """What was counted nearest to each moment, NaN if further off than an hour: float64[n]."""
    known = np.isfinite(stock.values)
    told, values = stock.moments[known], stock.values[known]
    if not len(told):
        return np.full(len(at), np.nan)
    after = np.searchsorted(told, at).clip(max=len(told) - 1)
    before = (after - 1).clip(min=0)
    near = np.where(np.abs(told[before] - at) <= np.abs(told[after] - at), before, after)
    return np.where(np.abs(told[near] - at) <= HOUR, values[near], np.nan)


def as_counted_last(
    stocks: Sequence[Stock], at: int, ends: Whole, levels: Sequence[float]
) -> tuple[Floats, float]:
    """Quantiles float64[steps, q] of a count that stays as it is, and how much it moves in a day
    (mean absolute); NaN unknown.

    Gaussian, with the root mean square of how much counts differed as long after each other, from
    moments at the same hour of the days before.
    """
    origins = at - A_DAY * np.arange(1, PAST_DAYS + 1, dtype=np.int64)
    last = float(np.sum([each.at(np.array([at])) for each in stocks]))
    begin = np.sum([each.at(origins) for each in stocks], axis=0)

    def moved(ahead: int) -> Floats:
        difference = counted_at(stocks, origins + ahead) - begin
        return np.asarray(difference[np.isfinite(difference)])

    found = [moved(int(end - at)) for end in ends]
    spread = np.array([np.sqrt((each**2).mean()) if len(each) else np.nan for each in found])
    z = np.array([NormalDist().inv_cdf(level) for level in levels])
    in_a_day = moved(A_DAY)
    return last + spread[:, None] * z, float(np.abs(in_a_day).mean()) if len(in_a_day) else np.nan
