"""A series with a short past, forecast by the habits of its peers; and one without any."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from scipy.signal import lfilter

from app.forecasts.baseline import TooShort, forecast_daily, forecast_monthly
from app.forecasts.engine.asked import Floats, Freq
from app.forecasts.engine.bands import ENOUGH, errors, lean_of, leaning
from app.forecasts.engine.levels import Integers
from app.forecasts.engine.panel import LEAST, SMALL, reach
from app.forecasts.engine.pools import (
    RECENT,
    SHARPNESS,
    half_lives,
    mean_loss,
    typical_step,
    weigh_in,
    wild,
)
from app.forecasts.engine.work import Work

SMOOTHING = (0.1, 0.25, 0.5)
REVERSION = (1.0, 0.97, 0.92)  # 1: the level is held
OWN_WEEKS = 6.0  # so many own weeks weigh as much as the peers' weekday profile
OWN_DAYS = 28.0  # so many own days weigh as much as the peers' size of error
MOST_DAYS = 56


class Way(NamedTuple):
    """Where a level goes: how it is smoothed, how it is drawn back to its mean, and whether it
    follows the yearly wave of its peers."""

    alpha: float
    phi: float
    waves: bool


@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """What the peers do, n steps of past and h ahead, on the engine's scale.

    `profile` float64[n + h] is their calendar and `wave` float64[n + h] their yearly wave, 0 if
    their past shows none. `shares` float64[b] of each way, in the buckets of `bounds`. `typical` is
    their step from one day to the next, and `shape` float64[h, q] their errors in such steps.
    """

    profile: Floats
    wave: Floats
    shares: Sequence[tuple[Way, Floats]]
    bounds: Sequence[tuple[int, int]]
    typical: float
    shape: Floats


def by_peers(values: Floats, peers: Work, levels: Sequence[float]) -> Floats:
    """Quantiles float64[h, q] of a short past float64[n] that ends where its peers' does.

    Its own level, which goes on as the levels of its peers did after as short a past; the weekday
    profile of its peers blended with its own; and the errors that the same made for the peers, in
    units of its own step shrunk to theirs (partial pooling, Gelman & Hill 2007). On the logarithm
    where it is large enough, else on Anscombe's scale. `values` holds at least one observation.
    """
    n, horizon = len(peers.level), peers.horizon
    known = values[-min(MOST_DAYS, n) :]
    large = is_large(known)
    # In whole seasons, so that few lengths are reckoned for many series.
    season = peers.pace.season
    steps = min(max(reach(known) // season * season, season), int(peers.past[0]) + 1)
    habits = habits_of(peers, large, steps, tuple(levels))
    told = np.log(np.maximum(known, LEAST)) if large else 2 * np.sqrt(known + 0.375)
    profile = blended(told, habits.profile[n - len(told) :], season)
    left = told - profile[: len(told)]
    observed = np.isfinite(left)
    seen, wave = left[observed], habits.wave[n - len(told) : n][observed]
    middle = profile[len(told) :][None, :horizon, None].copy()
    for way, share in habits.shares:
        weigh_in(middle, share, onward(seen[:, None], wave, habits.wave[n:], way), habits.bounds)
    steps_taken = np.abs(np.diff(seen, prepend=seen[0]))
    typical = habits.typical if large else 1.0
    size = (steps_taken.sum() + OWN_DAYS * typical) / (len(seen) + OWN_DAYS)
    scaled = middle[0] + habits.shape * size
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


@lru_cache(maxsize=8)
def habits_of(peers: Work, large: bool, steps: int, levels: tuple[float, ...]) -> Habits:
    """The habits of the peers on one scale, each told at every origin by its last `steps` alone.

    What their calendars differ from the common one by stays in them, as far as a series of so many
    steps has not learned its own: it is part of how far off a short past is. The yearly wave that
    speaks at an origin never saw the half year about it (`Work.folds`).
    """
    n, horizon = len(peers.level), peers.horizon
    alike = np.flatnonzero(peers.scale.alike(large))
    alike = alike[:: -(-len(alike) // ENOUGH)]
    effect = peers.effect[:, alike]
    profile = np.median(effect, axis=1)
    weeks = steps / peers.pace.season
    unlearned = OWN_WEEKS / (weeks + OWN_WEEKS) * (effect - profile[:, None])[:n]
    level = peers.level[:, alike]
    kin = replace(
        peers, level=level + unlearned, target=peers.target[:, alike] + unlearned, effect=effect
    )
    waves = [np.median(wave, axis=1) for wave in kin.waves() or ()]
    ways = [
        Way(*each) for each in product(SMOOTHING, REVERSION, (False, True) if waves else (False,))
    ]
    shares = shares_of(kin, waves, ways, steps)
    bounds = peers.pace.bounds(horizon)
    mixture = np.zeros((len(kin.origins), horizon, len(alike)))
    for share, candidate in zip(shares, candidates(kin, waves, ways, steps), strict=True):
        weigh_in(mixture, share, candidate, bounds)
    typical = np.abs(np.diff(level, axis=0)).mean(axis=0) + 1e-6
    off, near, lean = errors(kin, mixture) / typical, peers.pace.neighbours, lean_of(kin)
    shape = [
        leaning(off[:, max(0, step - near) : step + near + 1].reshape(-1, 1), levels, lean)[0]
        for step in range(horizon)
    ]
    return Habits(
        profile,
        waves[-1] if waves else np.zeros(n + horizon),
        list(zip(ways, shares, strict=True)),
        bounds,
        float(np.median(typical)),
        np.array(shape),
    )


def shares_of(kin: Work, waves: Sequence[Floats], ways: Sequence[Way], steps: int) -> Floats:
    """What each way weighs in each bucket, float64[w, b]: by its recent errors in all peers."""
    truth, typical, bounds = kin.truth(), typical_step(kin), kin.pace.bounds(kin.horizon)
    recent, most = half_lives(kin, RECENT), wild(kin, truth, typical)
    losses = np.array(
        [
            (mean_loss(truth, recent, bounds, most, candidate) / typical).mean(axis=1)
            for candidate in candidates(kin, waves, ways, steps)
        ]
    )
    shares = np.exp(-SHARPNESS * (losses / losses.min(axis=0) - 1))
    found: Floats = shares / shares.sum(axis=0)
    return found


def candidates(
    kin: Work, waves: Sequence[Floats], ways: Sequence[Way], steps: int
) -> Iterator[Floats]:
    """What each way says at each origin of its last `steps` steps: float64[o, h, s]."""
    n, horizon = kin.level.shape[0], kin.horizon
    for way in ways:
        found = gone_on(kin.level, kin.origins, way, steps, horizon)
        if way.waves:
            for wave, (places, _) in zip(waves, kin.folds(), strict=True):
                at = kin.origins[places]
                went = gone_on(wave[:n, None], at, way, steps, horizon)
                found[places] += wave[at[:, None] + np.arange(1, horizon + 1)][..., None] - went
        yield found


def onward(seen: Floats, wave: Floats, ahead: Floats, way: Way) -> Floats:
    """The same of one series float64[n, 1] at its end: float64[1, h, 1].

    `wave` float64[n] is that of its peers on the same steps, `ahead` float64[h] where it goes.
    """
    end, horizon = np.array([len(seen) - 1]), len(ahead)
    found = gone_on(seen, end, way, len(seen), horizon)
    if way.waves:
        found += ahead[None, :, None] - gone_on(wave[:, None], end, way, len(seen), horizon)
    return found


def gone_on(values: Floats, at: Integers, way: Way, steps: int, horizon: int) -> Floats:
    """The smoothed level of the last `steps` values, held or drawn back to their mean.

    Of each column float64[n, s] at each place of int64[o], `steps` - 1 or later: float64[o, h, s].
    It is begun at the mean of the first values, as `levels.smoothed`.
    """
    begun = min(7, steps)
    weights = way.alpha * (1 - way.alpha) ** np.arange(steps)
    weights[steps - begun :] += (1 - way.alpha) ** steps / begun
    level = lfilter(weights, [1], values, axis=0)[at][:, None]
    mean = lfilter(np.full(steps, 1 / steps), [1], values, axis=0)[at][:, None]
    found: Floats = mean + (level - mean) * way.phi ** np.arange(1, horizon + 1)[None, :, None]
    return found


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
