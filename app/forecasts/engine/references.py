"""What others would forecast with a library's defaults: AutoETS, and SCUM."""

import warnings
from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from statsforecast.models import AutoARIMA, AutoCES, AutoETS, DynamicOptimizedTheta

from app.forecasts.baseline import QUANTILES
from app.forecasts.engine.asked import SEASONS, Freq, Past

Floats = NDArray[np.float64]
Reference = Literal["auto-ets", "scum"]
INTERVALS = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95)  # percent: the two ends are two quantiles


class Model(Protocol):
    """A model of statsforecast with intervals: "mean", "lo-80", "hi-80" ..., each float64[h]."""

    def forecast(self, y: Floats, h: int, *, level: list[int]) -> dict[str, Floats]: ...


def reference(name: Reference, pasts: Sequence[Past], freq: Freq, horizon: int) -> list[Floats]:
    """Quantiles float64[horizon, q] of each past; NaN where no model could be fitted.

    "auto-ets" is AutoETS with its own intervals; "scum" is the median, quantile by quantile, of
    AutoARIMA, AutoETS, AutoCES and DynamicOptimizedTheta (Petropoulos & Svetunkov 2020). The season
    is that of `freq` if two of them lie in the past, else none. Gaps are filled forward, since
    these models know none; nothing is floored.
    """
    return [_one(name, past.values, freq, horizon) for past in pasts]


def _one(name: Reference, values: Floats, freq: Freq, horizon: int) -> Floats:
    seen = np.isfinite(values)
    if not seen.any():
        return np.full((horizon, len(QUANTILES)), np.nan)
    place = np.maximum.accumulate(np.where(seen, np.arange(len(values)), 0))
    history = values[place][seen.argmax() :]
    season = SEASONS[freq] if len(history) >= 2 * SEASONS[freq] else 1
    said = np.stack([_quantiles(model, history, horizon) for model in _models(name, season)])
    fitted = said[np.isfinite(said).all(axis=(1, 2))]
    return np.asarray(np.median(fitted, axis=0)) if len(fitted) else said[0]


def _models(name: Reference, season: int) -> list[Model]:
    ets = AutoETS(season)
    if name == "auto-ets":
        return [ets]
    return [AutoARIMA(season_length=season), ets, AutoCES(season), DynamicOptimizedTheta(season)]


def _quantiles(model: Model, history: Floats, horizon: int) -> Floats:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            said = model.forecast(y=history, h=horizon, level=list(INTERVALS))
        except Exception:  # statsforecast raises bare Exception on a series it cannot fit
            return np.full((horizon, len(QUANTILES)), np.nan)
    low = [said[f"lo-{share}"] for share in reversed(INTERVALS)]
    high = [said[f"hi-{share}"] for share in INTERVALS]
    return np.asarray(np.column_stack([*low, said["mean"], *high]), dtype=np.float64)
