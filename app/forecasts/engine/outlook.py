"""The one call of the engine: pasts in, outlooks out, and why where it can do no better."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from app.forecasts.baseline import QUANTILES
from app.forecasts.engine.asked import (
    SEASONS,
    Floats,
    Freq,
    Grade,
    Outlook,
    Past,
    Question,
    single,
    steps_from,
)
from app.forecasts.engine.footing import factors, to_plan, to_today
from app.forecasts.engine.pace import PACES, Pace
from app.forecasts.engine.panel import panel_of, reach, silent
from app.forecasts.engine.parts import parts_of
from app.forecasts.engine.plain import of_level
from app.forecasts.engine.prior import alone, by_peers, has_peers
from app.forecasts.engine.rolling import rolled
from app.forecasts.engine.shifts import days_since, on_new_level, shift_in, unsure
from app.forecasts.engine.skill import skills_of
from app.forecasts.engine.statistical import monthly
from app.forecasts.engine.whole import as_counts
from app.forecasts.engine.work import WAVE_FROM, Work, work_of

FEWEST_ORIGINS = 20
STRATA = (np.arange(100) + 0.5) / 100
# Who was silent for longer is not forecast from where it stood (data-model.md: 14 days).
MOST_SILENT = {"D": 14, "W": 2}
NOTHING = "Nothing was observed up to the cut-off."
STALE = "It was last told {} steps before the cut-off: its band is that of so many steps further."
SILENT = "It was last told {} steps before the cut-off: the naive forecast of what was known then."
BY_PEERS = "Its own past is short: the habits of the other series stand in for it."
BY_NAIVE = (
    "Its own past is too short for this horizon, and no like series is longer: the naive one."
)


def outlooks(pasts: Sequence[Past], question: Question) -> list[Outlook]:
    """What is forecast of each past, in their order: quantiles at the 21 levels of `QUANTILES`.

    Same pasts, question and seed, same bytes, in whatever order they are given. What was told of
    closures and openings rescales the past to today's footing and the outlook to the planned one.
    Nothing is clipped at a capacity.
    ValueError for a horizon below 1 or pasts that do not end on one step.
    """
    checked(pasts, question)
    order = sorted(range(len(pasts)), key=lambda place: pasts[place].name)
    found = in_order([pasts[place] for place in order], question)
    by_place = dict(zip(order, found, strict=True))
    return [by_place[place] for place in range(len(pasts))]


def in_order(pasts: Sequence[Past], question: Question) -> list[Outlook]:
    footings = [footing_of(past, question) for past in pasts]
    known = [
        replace(past, values=to_today(past.values, footing[: len(past.values)]))
        for past, footing in zip(pasts, footings, strict=True)
    ]
    if question.freq in ("M", "Q"):
        found = monthly(known, question)
    else:
        shifts = [shift_in(past, question) for past in known]
        known = [*map(on_new_level, known, shifts)]
        told = {past.name: past.values for past in pasts}
        stood = [days_since(past, shift) for past, shift in zip(known, shifts, strict=True)]
        found = [*map(unsure, by_step(known, question, told), shifts, stood)]
    return [
        planned(outlook, past, footing, question.freq)
        for outlook, past, footing in zip(found, known, footings, strict=True)
    ]


def checked(pasts: Sequence[Past], question: Question) -> None:
    if question.horizon < 1:
        raise ValueError(f"The horizon is {question.horizon}; give at least 1 step.")
    if len({past.name for past in pasts}) < len(pasts):
        raise ValueError("Two pasts bear one name; give each its own.")
    for past in pasts:
        if np.isinf(past.values).any() or (past.values < 0).any():
            raise ValueError(f"{past.name} holds a value below 0 or infinite; NaN is not observed.")
    ends = {steps_from(past.first, len(past.values), question.freq)[-1] for past in pasts}
    if len(ends) > 1:
        raise ValueError("The pasts end on different steps; fill their ends with NaN.")


def footing_of(past: Past, question: Question) -> Floats:
    """The factor of each step of the past and ahead: float64[n + h]."""
    changes = [change for change in question.changes if change.name == past.name]
    days = steps_from(past.first, len(past.values) + question.horizon, question.freq)
    return factors(days, changes)


def planned(outlook: Outlook, past: Past, footing: Floats, freq: Freq) -> Outlook:
    known = len(past.values)
    ahead, today = footing[known:], footing[known - 1]
    median = outlook.quantiles[:, outlook.quantiles.shape[1] // 2]
    parts = dict(outlook.parts or of_level(past.values, median, SEASONS[freq]))
    if (ahead != today).any():
        parts["events"] = median * (ahead / today - 1)
    return replace(
        outlook,
        quantiles=single(to_plan(outlook.quantiles, ahead, today)),
        mean=single(to_plan(outlook.mean, ahead, today)),
        parts=parts,
    )


def by_step(
    pasts: Sequence[Past], question: Question, told_as: Mapping[str, Floats]
) -> list[Outlook]:
    """Days and weeks: long pasts together, those too short for a yearly wave, then the rest.

    `told_as` has the values as they were told: whether they are whole counts shows there.
    """
    assert question.freq in ("D", "W")
    pace = PACES[question.freq]
    found: dict[str, Outlook] = {}
    peers: Work | None = None
    able = [past for past in pasts if suffices(past, pace, question)]
    long = [past for past in able if reach(past.values) >= WAVE_FROM * pace.year]
    for group in (long, [past for past in able if past not in long]):
        if group:
            stale = [silent(past.values) for past in group]
            panel = panel_of(group, question.freq, pace.longest)
            work = work_of(panel, pace, question.horizon + max(stale), question.country)
            told = rolled(work, QUANTILES, question.seed, stale)
            parts, skills = parts_of(work, told), skills_of(work, told, QUANTILES)
            for place, (past, steps) in enumerate(zip(group, stale, strict=True)):
                ahead = slice(steps, steps + question.horizon)
                quantiles = as_counts(told.quantiles[place], told_as[past.name], QUANTILES)
                found[past.name] = replace(
                    outlook(quantiles, "engine", STALE.format(steps) if steps else ""),
                    off=told.off[:, ahead, place].astype(np.float32),
                    parts=parts[place],
                    skill=skills[place],
                )
            peers = peers or work
    for past in pasts:
        if past.name not in found:
            found[past.name] = short(past, question, pace, peers)
    return [found[past.name] for past in pasts]


def suffices(past: Past, pace: Pace, question: Question) -> bool:
    """Whether there are origins enough to learn from, most of them observed, up to lately."""
    needed = pace.own // 2 + FEWEST_ORIGINS * pace.stride + question.horizon + 1
    needed += MOST_SILENT[question.freq]
    recent = past.values[-max(needed, pace.own) :]
    return (
        min(reach(past.values), pace.longest) >= needed
        and bool(np.isfinite(recent).mean() >= 0.5)
        and silent(past.values) <= MOST_SILENT[question.freq]
    )


def short(past: Past, question: Question, pace: Pace, peers: Work | None) -> Outlook:
    if not np.isfinite(past.values).any():
        nothing = np.full((question.horizon, len(QUANTILES)), np.nan)
        return Outlook(nothing, nothing[:, 0], "unknown", NOTHING)
    recent, steps = past.values[-pace.longest :], silent(past.values)
    late = steps > MOST_SILENT[question.freq]
    if peers is not None and not late and has_peers(recent, peers):
        told = by_peers(recent, peers, QUANTILES)[steps:][: question.horizon]
        if len(told) == question.horizon:
            return outlook(told, "pooled", BY_PEERS)
    naive = alone(past.values, question.freq, question.horizon, QUANTILES)
    return outlook(naive, "naive", SILENT.format(steps) if late else BY_NAIVE)


def outlook(quantiles: Floats, grade: Grade, reason: str = "") -> Outlook:
    return Outlook(quantiles, mean_of(quantiles), grade, reason)


def mean_of(quantiles: Floats) -> Floats:
    """The mean of the distribution that the quantiles draw, flat beyond the outer ones."""
    return np.array([np.interp(STRATA, QUANTILES, row).mean() for row in quantiles])
