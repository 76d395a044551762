"""A series with a short past, forecast by the habits of its peers; and one without any."""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from app.forecasts.baseline import TooShort, forecast_daily, forecast_monthly
from app.forecasts.engine.asked import Floats, Freq
from app.forecasts.engine.bands import quantiles
from app.forecasts.engine.levels import smoothed
from app.forecasts.engine.panel import LEAST, SMALL, Bools
from app.forecasts.engine.work import Work

SMOOTHING = 0.15
OWN_WEEKS = 6.0  # so many own weeks weigh as much as the peers' weekday profile
OWN_DAYS = 28.0  # so many own days weigh as much as the peers' size of error
MOST_DAYS = 56


def by_peers(values: Floats, peers: Work, levels: Sequence[float]) -> Floats:
    """Quantiles float64[h, q] of a short past float64[n] that ends where its peers' does.

    Its own smoothed level, the weekday profile of its peers blended with its own, and the errors
    that the same smoothing made for the peers, in units of its own step shrunk to theirs (partial
    pooling, Gelman & Hill 2007). On the logarithm where it is large enough, else on Anscombe's
    scale. `values` holds at least one observation.
    """
    n, horizon = len(peers.level), peers.horizon
    known = values[-min(MOST_DAYS, n) :]
    large = is_large(known)
    alike = peers.scale.alike(large)
    told = np.log(np.maximum(known, LEAST)) if large else 2 * np.sqrt(known + 0.375)
    profile = np.median(peers.effect[:, alike], axis=1)
    profile = blended(told, profile[n - len(told) :], peers.pace.season)
    left = told - profile[: len(told)]
    seen = left[np.isfinite(left)]
    level = smoothed(seen[:, None], SMOOTHING)[:, 0]
    steps = np.abs(np.diff(seen, prepend=seen[0]))
    typical, shape = habits(peers, alike, levels)
    size = (steps.sum() + OWN_DAYS * (typical if large else 1.0)) / (len(seen) + OWN_DAYS)
    scaled = level[-1] + profile[len(told) :][:horizon, None] + shape * size
    root = np.maximum(scaled, 0) ** 2 / 4 - 0.375
    found = np.where(large, np.exp(np.minimum(scaled, 50)), root)
    rising: Floats = np.sort(np.maximum(found, 0), axis=1)
    return rising


def blended(told: Floats, profile: Floats, season: int) -> Floats:
    """The peers' profile float64[n + h], moved towards the own mean of each phase of the season."""
    own = told - np.nanmean(told)
    phases = np.arange(len(profile)) % season
    found: Floats = profile - profile[: len(told)].mean()
    for phase in range(season):
        here = own[phases[: len(told)] == phase]
        here = here[np.isfinite(here)]
        share = len(here) / (len(here) + OWN_WEEKS)
        peers = found[phases == phase]
        found[phases == phase] = peers + share * ((here.mean() if len(here) else 0) - peers.mean())
    return found


def is_large(known: Floats) -> bool:
    return bool(np.nanmean(known) > SMALL and np.nanmin(known) > 0)


def has_peers(values: Floats, peers: Work) -> bool:
    """Whether enough was told lately, and any peer is on its scale: habits do not carry over."""
    known = values[-min(MOST_DAYS, len(peers.level)) :]
    if np.isfinite(known).sum() < peers.pace.prior:
        return False
    return bool(peers.scale.alike(is_large(known)).any())


def habits(peers: Work, alike: Bools, levels: Sequence[float]) -> tuple[float, Floats]:
    """The peers' typical step, and the quantiles float64[h, q] of their errors in such steps."""
    level = smoothed(peers.level, SMOOTHING)
    typical = np.abs(np.diff(peers.level, axis=0)).mean(axis=0) + 1e-6
    off = ((peers.truth() - level[peers.past][:, None]) / typical)[..., alike]
    shape = [quantiles(off[:, step].reshape(-1, 1), levels)[0] for step in range(peers.horizon)]
    return float(np.median(typical[alike])), np.array(shape)


def alone(values: Floats, freq: Freq, horizon: int, levels: tuple[float, ...]) -> Floats:
    """Quantiles float64[h, q] without peers: the calibrated naive, or a band about a mean.

    With too few observations for that: on Anscombe's scale a Gaussian walk about their mean, whose
    variance is that of a Poisson count twice over, more by as much each season.
    """
    try:
        if freq == "D":
            return finite(forecast_daily(values, horizon, levels), values)
        return forecast_monthly(values[-23:], horizon, levels)
    except TooShort:
        seen = values[np.isfinite(values)]
        season = {"D": 7, "W": 4, "M": 12, "Q": 4}[freq]
        spread = np.sqrt(2 / len(seen) + 2 * (1 + np.arange(horizon) / season))
        z = np.array([NormalDist().inv_cdf(level) for level in levels])
        scaled = 2 * np.sqrt(seen.mean() + 0.375) + spread[:, None] * z
        found: Floats = np.maximum(np.maximum(scaled, 0) ** 2 / 4 - 0.375, 0)
        return found


def finite(quantiles: Floats, values: Floats) -> Floats:
    """A weekday that was never seen is told as the days around it are."""
    gaps = ~np.isfinite(quantiles[:, 0])
    if gaps.all():
        raise TooShort("No weekday was observed.")
    rows = np.arange(len(quantiles))
    columns = [np.interp(rows, rows[~gaps], column[~gaps]) for column in quantiles.T]
    return np.column_stack(columns)
