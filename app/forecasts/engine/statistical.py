"""Months and quarters: a plain average of closed-form and statsforecast models, bands from errors.

Averages win where there are few seasons (forecasting.md, "What was learned" 4; Petropoulos &
Svetunkov 2020). The closed-form members are tried at every past origin, which costs next to
nothing and gives the width; the fitted ones join the point only, once a series is long enough.
"""

import warnings
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from statsforecast.models import MSTL, AutoCES, AutoETS, DynamicOptimizedTheta, SeasonalNaive

from app.forecasts.baseline import QUANTILES
from app.forecasts.engine import naives
from app.forecasts.engine.asked import SEASONS, Freq, Grade, Outlook, Past, Question
from app.forecasts.engine.spread import FEWEST_PEERS, HALF_LIFE, Spread, spread

Floats = NDArray[np.float64]
NAMES: dict[Freq, str] = {"D": "days", "W": "weeks", "M": "months", "Q": "quarters"}
SEASONAL = 3  # seasons observed before a model may fit its own season
TRUSTED = 4  # seasons observed at which a fitted model weighs what a closed-form one does
OWN = 2  # seasons observed before any model is fitted
ABSURD = 3.0  # times the largest value seen: an unstable fit, not a forecast
ROUNDING = 1e-9  # of the value
BURN_IN = 2  # first origins, which know too little to say how wrong a forecast is


class Model(Protocol):
    """A model of statsforecast: float64[n] without NaN -> "mean" float64[h]."""

    def forecast(self, y: Floats, h: int) -> dict[str, Floats]: ...


def monthly(pasts: Sequence[Past], question: Question) -> list[Outlook]:
    """Outlooks of months or quarters, the peers of one call helping each other.

    Quantiles are the pooled point plus error quantiles (`spread`), floored at 0 and never capped;
    `mean` is the mean of that floored distribution, by trapezoids over its quantiles. No chance is
    involved. `question.changes` are not applied: the pasts are on today's footing already.
    """
    values = stacked(pasts)
    if not np.isfinite(values).any():
        return [_unknown(question) for _ in pasts]
    season = SEASONS[question.freq]
    closed = naives.points(values, season, question.horizon)
    weights = _weights(closed, values, season)
    seen = np.isfinite(values)
    errors = _errors(_average(list(closed), list(weights)), values)
    width = spread(errors, np.nan_to_num(closed.year_mean[:, -1, 0]), season)
    fitted = list(points(pasts, question.freq, question.horizon, naive=False).values())
    # A season fitted to three years deserves less trust than one fitted to fifteen.
    trust = (seen.sum(axis=1)[:, None] / (TRUSTED * season)).clip(0.5, 3.0) * weights.mean()
    now = [*(member[:, -1] for member in closed), *fitted]
    point = _average(now, [*weights, *(trust for _ in fitted)])
    silent = np.argmax(seen[:, ::-1], axis=1)
    quantiles = np.maximum(point[:, :, None] + width.ahead(silent), 0.0)
    return [
        _outlook(quantiles[k], int(seen[k].sum()), int(silent[k]), width, question)
        for k in range(len(pasts))
    ]


def points(
    pasts: Sequence[Past], freq: Freq, horizon: int, naive: bool = True
) -> dict[str, Floats]:
    """What each model of statsforecast says: name -> float64[S, horizon] >= 0, NaN says nothing.

    From 3 observed seasons on MSTL, AutoCES and DynamicOptimizedTheta with a season; from 2 on
    AutoETS in place of MSTL and a theta, both without; SeasonalNaive (if `naive`) from 1 on.
    Gaps are filled along a line. A series that did not change, or was silent for a season, is
    left to the closed-form members.
    """
    values, season = stacked(pasts), SEASONS[freq]
    names = ["mstl", "ces", "theta", "ets", *(["seasonal-naive"] if naive else [])]
    said = {name: np.full((len(values), horizon), np.nan) for name in names}
    for place, row in enumerate(values):
        seen = np.flatnonzero(np.isfinite(row))
        if not len(seen) or np.ptp(row[seen]) == 0 or len(row) - 1 - seen[-1] >= season:
            continue
        history = np.interp(np.arange(seen[0], len(row)), seen, row[seen])
        for name, model in _models(len(seen), season).items():
            if name in said:
                said[name][place] = fit(model, history, horizon)
    return said


def fit(model: Model, history: Floats, horizon: int) -> Floats:
    """One model on a filled history: float64[horizon] >= 0, NaN if it fails or runs away."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            mean = np.asarray(model.forecast(y=history, h=horizon)["mean"], dtype=np.float64)
        except Exception:  # statsforecast raises bare Exception; the others of the pool answer
            return np.full(horizon, np.nan)
    sane = np.isfinite(mean).all() and np.abs(mean).max() <= ABSURD * history.max()
    return np.maximum(mean, 0.0) if sane else np.full(horizon, np.nan)


def stacked(pasts: Sequence[Past]) -> Floats:
    """The pasts on their common last step: float64[S, n], NaN before one begins; n >= 1."""
    longest = max([1, *(len(past.values) for past in pasts)])
    values = np.full((len(pasts), longest), np.nan)
    for row, past in zip(values, pasts, strict=True):
        row[longest - len(past.values) :] = past.values
    return np.where(np.isfinite(values), values, np.nan)


def _models(observed: int, season: int) -> dict[str, Model]:
    models: dict[str, Model] = {}
    if observed >= season:
        models["seasonal-naive"] = SeasonalNaive(season)
    if observed >= SEASONAL * season:
        models |= {"mstl": MSTL(season), "ces": AutoCES(season)}
        models["theta"] = DynamicOptimizedTheta(season)
    elif observed >= OWN * season:
        models |= {"ets": AutoETS(1, model="ZZN"), "theta": DynamicOptimizedTheta(1)}
    return models


def _errors(past: Floats, values: Floats) -> Floats:
    """Truth minus forecast float64[S, n, h] at each origin, NaN while the truth is to come."""
    origins, horizon = past.shape[1:]
    ahead = np.arange(origins)[:, None] + np.arange(1, horizon + 1)
    truth = np.where(ahead < origins, values[:, np.minimum(ahead, origins - 1)], np.nan)
    errors = truth - past
    errors[:, :BURN_IN] = np.nan
    # Sums leave rounding behind: a constant must have no error at all.
    errors[np.abs(errors) <= ROUNDING * np.abs(truth)] = 0.0
    return errors


def _weights(closed: naives.Points, values: Floats, season: int) -> Floats:
    """Weights float64[members] about 1: one over the squared past loss, the same for all peers.

    Bates & Granger 1969 without the covariances. Each origin and step counts once, however many
    peers it has, and one origin without any difference is added.
    """
    losses = np.abs(np.stack([_errors(member, values) for member in closed]))
    losses = np.where(np.isfinite(losses).all(axis=0), losses, np.nan)
    size = _mean(_mean(losses, (0,)), (1, 2))
    scaled = _mean(losses / np.where(size > 0, size, np.nan)[:, None, None], (1,))
    usual = _mean(scaled, (0,))
    relative = scaled / np.where(usual > 0, usual, np.nan)
    counted = np.isfinite(relative).all(axis=0)
    age = np.arange(values.shape[1])[::-1] / (HALF_LIFE * season)
    weight = np.where(counted, (0.5**age)[:, None], 0.0) / losses.shape[-1]
    loss = ((weight * np.nan_to_num(relative)).sum(axis=(1, 2)) + 1) / (weight.sum() + 1)
    return np.asarray(loss**-2.0)


def _average(members: Sequence[Floats], weights: Sequence[Floats]) -> Floats:
    total = np.zeros_like(members[0])
    worth = np.zeros_like(members[0])
    for member, weight in zip(members, weights, strict=True):
        total += weight * np.nan_to_num(member)
        worth += weight * np.isfinite(member)
    # The level plus a change of season can fall below zero; a count cannot.
    return np.where(worth > 0, (total / np.where(worth > 0, worth, 1)).clip(min=0), np.nan)


def _mean(values: Floats, axis: tuple[int, ...]) -> Floats:
    number = np.isfinite(values).sum(axis=axis)
    return np.where(number > 0, np.nansum(values, axis=axis) / np.maximum(number, 1), np.nan)


def _outlook(
    quantiles: Floats, observed: int, silent: int, width: Spread, question: Question
) -> Outlook:
    if not observed:
        return _unknown(question)
    grade, reason = _grade(observed, silent, width.peers, question.freq)
    return Outlook(quantiles, _expected(quantiles), grade, reason)


def _grade(observed: int, silent: int, peers: int, freq: Freq) -> tuple[Grade, str]:
    season, unit = SEASONS[freq], NAMES[freq]
    if silent >= season:
        return "naive", f"Nothing was observed in the last {silent} {unit}."
    if observed >= OWN * season:
        return "engine", ""
    short = f"{observed} {unit} were observed, of the {OWN * season} that a model needs"
    if peers < FEWEST_PEERS:
        return "naive", f"{short}."
    return "pooled", f"{short}; the width is that of {peers} other series."


def _expected(quantiles: Floats) -> Floats:
    levels = np.array(QUANTILES)
    edges = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2, [1.0]])
    mean: Floats = quantiles @ np.diff(edges)
    return mean


def _unknown(question: Question) -> Outlook:
    nothing = np.full((question.horizon, len(QUANTILES)), np.nan)
    return Outlook(nothing, nothing[:, 0].copy(), "unknown", "Nothing was ever observed.")
