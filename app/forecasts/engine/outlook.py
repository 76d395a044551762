"""The one call of the engine: pasts in, outlooks out, and why where it can do no better."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.forecasts.baseline import QUANTILES
from app.forecasts.engine.asked import Floats, Grade, Outlook, Past, Question, steps_from
from app.forecasts.engine.footing import factors, to_plan, to_today
from app.forecasts.engine.pace import PACES, Pace
from app.forecasts.engine.panel import panel_of
from app.forecasts.engine.prior import alone, by_peers
from app.forecasts.engine.rolling import rolled
from app.forecasts.engine.statistical import monthly
from app.forecasts.engine.work import Work, work_of

FEWEST_ORIGINS = 20
STRATA = (np.arange(100) + 0.5) / 100
NOTHING = "Nothing was observed up to the cut-off."
BY_PEERS = "Its own past is short: the habits of the other series stand in for it."
BY_NAIVE = "Its own past is short and no other series is longer: the naive forecast."


def outlooks(pasts: Sequence[Past], question: Question) -> list[Outlook]:
    """What is forecast of each past, in their order: quantiles at the 21 levels of `QUANTILES`.

    Same pasts, question and seed, same bytes. What was told of closures and openings rescales the
    past to today's footing and the outlook to the planned one. Nothing is clipped at a capacity.
    ValueError for a horizon below 1 or pasts that do not end on one step.
    """
    checked(pasts, question)
    footings = [footing_of(past, question) for past in pasts]
    known = [
        replace(past, values=to_today(past.values, footing[: len(past.values)]))
        for past, footing in zip(pasts, footings, strict=True)
    ]
    found = monthly(known, question) if question.freq in ("M", "Q") else by_step(known, question)
    return [
        planned(outlook, footing, len(past.values))
        for outlook, past, footing in zip(found, pasts, footings, strict=True)
    ]


def checked(pasts: Sequence[Past], question: Question) -> None:
    if question.horizon < 1:
        raise ValueError(f"The horizon is {question.horizon}; give at least 1 step.")
    ends = {steps_from(past.first, len(past.values), question.freq)[-1] for past in pasts}
    if len(ends) > 1:
        raise ValueError("The pasts end on different steps; fill their ends with NaN.")


def footing_of(past: Past, question: Question) -> Floats:
    """The factor of each step of the past and ahead: float64[n + h]."""
    changes = [change for change in question.changes if change.name == past.name]
    days = steps_from(past.first, len(past.values) + question.horizon, question.freq)
    return factors(days, changes)


def planned(outlook: Outlook, footing: Floats, known: int) -> Outlook:
    ahead, today = footing[known:], footing[known - 1]
    return replace(
        outlook,
        quantiles=to_plan(outlook.quantiles, ahead, today),
        mean=to_plan(outlook.mean, ahead, today),
    )


def by_step(pasts: Sequence[Past], question: Question) -> list[Outlook]:
    """Days and weeks: long pasts together, those too short for a yearly wave, then the rest."""
    assert question.freq in ("D", "W")
    pace = PACES[question.freq]
    found: dict[str, Outlook] = {}
    peers: Work | None = None
    long = [past for past in pasts if reach(past) >= 1.4 * pace.year]
    able = [past for past in pasts if past not in long and suffices(past, pace, question.horizon)]
    for group in ([past for past in long if suffices(past, pace, question.horizon)], able):
        if group:
            work = work_of(
                panel_of(group, question.freq, pace.longest),
                pace,
                question.horizon,
                question.country,
            )
            quantiles = rolled(work, QUANTILES, question.seed).quantiles
            found |= {
                past.name: outlook(each, "engine")
                for past, each in zip(group, quantiles, strict=True)
            }
            peers = peers or work
    for past in pasts:
        if past.name not in found:
            found[past.name] = short(past, question, pace, peers)
    return [found[past.name] for past in pasts]


def reach(past: Past) -> int:
    """Steps from the first observation to the cut-off."""
    seen = np.flatnonzero(np.isfinite(past.values))
    return len(past.values) - int(seen[0]) if seen.size else 0


def suffices(past: Past, pace: Pace, horizon: int) -> bool:
    """Whether there are origins enough to learn from, most of them observed."""
    needed = pace.own // 2 + FEWEST_ORIGINS * pace.stride + horizon + 1
    recent = past.values[-max(needed, pace.own) :]
    return reach(past) >= needed and np.isfinite(recent).mean() >= 0.5


def short(past: Past, question: Question, pace: Pace, peers: Work | None) -> Outlook:
    observed = int(np.isfinite(past.values).sum())
    if not observed:
        nothing = np.full((question.horizon, len(QUANTILES)), np.nan)
        return Outlook(nothing, nothing[:, 0], "unknown", NOTHING)
    recent = past.values[-pace.longest :]
    if peers is not None and np.isfinite(recent[-56:]).sum() >= pace.prior:
        return replace(outlook(by_peers(recent, peers, QUANTILES), "pooled"), reason=BY_PEERS)
    naive = alone(past.values, question.freq, question.horizon, QUANTILES)
    return replace(outlook(naive, "naive"), reason=BY_NAIVE)


def outlook(quantiles: Floats, grade: Grade) -> Outlook:
    return Outlook(quantiles, mean_of(quantiles), grade)


def mean_of(quantiles: Floats) -> Floats:
    """The mean of the distribution that the quantiles draw, flat beyond the outer ones."""
    return np.array([np.interp(STRATA, QUANTILES, row).mean() for row in quantiles])
