"""How good a forecast was: proper scores against the plain seasonal naive, on rolling origins."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.forecasts.baseline import QUANTILES

Floats = NDArray[np.float64]
TWENTIETHS = tuple(n / 20 for n in range(1, 20))


class Forecast(Protocol):
    """History float64[n], horizon, increasing probabilities -> quantiles float64[horizon, q]."""

    def __call__(self, values: Floats, horizon: int, levels: tuple[float, ...]) -> Floats: ...


@dataclass(frozen=True, slots=True)
class Score:
    """Means over `points` scored steps; NaN when nothing counted.

    `crps` and `reference` are scaled CRPS (0 is perfect) of the forecast and of SeasonalNaive on
    the same points; `c80` and `c95` are the shares 0..1 of truths inside the central intervals.
    """

    crps: float
    reference: float
    c80: float
    c95: float
    points: int

    @property
    def relative(self) -> float:
        """relCRPS: below 1 is better than the plain seasonal naive; NaN without a reference."""
        return self.crps / self.reference if self.reference > 0 else float("nan")


NOTHING = Score(float("nan"), float("nan"), float("nan"), float("nan"), 0)


def pinball(truth: Floats, quantiles: Floats, levels: Sequence[float]) -> Floats:
    """Quantile loss, float64[h] and float64[h, q] -> float64[h, q], in the unit of the truth.

    Koenker & Bassett 1978: (p - 1[y < q]) (y - q), >= 0; NaN where the truth is NaN.
    """
    above = truth[:, None] - quantiles
    p = np.asarray(levels)
    loss: Floats = np.maximum(p * above, (p - 1) * above)
    return loss


def crps(truth: Floats, quantiles: Floats, levels: Sequence[float]) -> Floats:
    """2 x the mean pinball loss over 0.05..0.95 step 0.05: float64[h], in the unit of the truth.

    The continuous ranked probability score as twice the integral of the quantile loss (Gneiting &
    Ranjan 2011), on 19 levels. ValueError if one of the 19 levels is missing.
    """
    places = [_place(levels, p) for p in TWENTIETHS]
    score: Floats = 2 * pinball(truth, quantiles[:, places], TWENTIETHS).mean(axis=1)
    return score


def covered(truth: Floats, quantiles: Floats, levels: Sequence[float], share: float) -> Floats:
    """1 where the truth lies in the central interval of `share` (0..1), 0 outside, NaN unknown."""
    low = quantiles[:, _place(levels, (1 - share) / 2)]
    high = quantiles[:, _place(levels, (1 + share) / 2)]
    inside = (low <= truth) & (truth <= high)
    return np.where(np.isfinite(truth), inside, np.nan)


def scale(values: Floats, season: int) -> float:
    """In-sample mean absolute error of the seasonal naive (Hyndman & Koehler 2006), NaN if none."""
    residuals = np.abs(values[season:] - values[:-season])
    seen = residuals[np.isfinite(residuals)]
    return float(seen.mean()) if seen.size else float("nan")


def seasonal_naive(
    values: Floats, horizon: int, levels: tuple[float, ...], season: int = 7
) -> Floats:
    """The plain reference, as statsforecast's SeasonalNaive with its Gaussian intervals.

    The last value of the same phase, NaN days skipped; sigma = root mean square of the in-sample
    seasonal differences; at step h sigma sqrt(k + 1) with k = floor((h - 1) / season) (Hyndman &
    Athanasopoulos 2021, table 5.2). Not floored. float64[n] -> float64[horizon, q].
    """
    residuals = values[season:] - values[:-season]
    seen = residuals[np.isfinite(residuals)]
    sigma = float(np.sqrt(np.mean(seen**2))) if seen.size else float("nan")
    step = np.arange(horizon)
    phases = (len(values) + step) % season
    last = np.array([_last(values[phase::season]) for phase in range(season)])
    z = np.array([NormalDist().inv_cdf(level) for level in levels])
    quantiles: Floats = last[phases][:, None] + sigma * np.sqrt(step // season + 1)[:, None] * z
    return quantiles


def evaluate(
    values: Floats, origins: Sequence[int], horizon: int, forecast: Forecast, season: int = 7
) -> Score:
    """Score a forecast at rolling origins; origin o knows values[:o] and nothing else.

    Only observed steps o .. o + horizon - 1 that both forecasts answered count; the scale is that
    of values[:o]. An origin whose scale is 0 or NaN counts no point. Whatever `forecast` raises
    passes through. ValueError if an origin lies outside 1..n.
    """
    return pooled([_at(values, origin, horizon, forecast, season) for origin in origins])


def pooled(scores: Sequence[Score]) -> Score:
    """The scores of several origins or series as one, each scored point weighing the same."""
    points = sum(s.points for s in scores)
    told = [s for s in scores if s.points]
    if not told:
        return NOTHING
    rows = np.array([[s.crps, s.reference, s.c80, s.c95] for s in told])
    return _score(np.average(rows, axis=0, weights=[s.points for s in told]), points)


def last_origins(length: int, horizon: int, count: int = 3) -> list[int]:
    """The `count` latest origins whose windows of `horizon` steps do not overlap, oldest first."""
    return [length - horizon * back for back in range(count, 0, -1)]


def _at(values: Floats, origin: int, horizon: int, forecast: Forecast, season: int) -> Score:
    if not 0 < origin <= len(values):
        raise ValueError(f"The origin {origin} lies outside 1..{len(values)}.")
    known, truth = values[:origin], values[origin : origin + horizon]
    ours = forecast(known, horizon, QUANTILES)[: len(truth)]
    naive = seasonal_naive(known, horizon, QUANTILES, season)[: len(truth)]
    unit = scale(known, season)
    columns = np.column_stack(
        [
            crps(truth, ours, QUANTILES) / (unit or np.nan),
            crps(truth, naive, QUANTILES) / (unit or np.nan),
            covered(truth, ours, QUANTILES, 0.80),
            covered(truth, ours, QUANTILES, 0.95),
        ]
    )
    counted = columns[np.isfinite(columns).all(axis=1)]
    return _score(counted.mean(axis=0), len(counted)) if len(counted) else NOTHING


def _score(means: Floats, points: int) -> Score:
    crps_, reference, c80, c95 = (float(mean) for mean in means)
    return Score(crps_, reference, c80, c95, points)


def _last(values: Floats) -> float:
    seen = values[np.isfinite(values)]
    return float(seen[-1]) if seen.size else float("nan")


def _place(levels: Sequence[float], level: float) -> int:
    place = int(np.argmin(np.abs(np.asarray(levels) - level)))
    if abs(levels[place] - level) > 1e-9:
        raise ValueError(f"The level {level:g} is needed and missing among {list(levels)}.")
    return place
