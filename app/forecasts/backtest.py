"""How good forecasts were at rolling origins: any model beside the plain naive, on equal points."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from app.forecasts.baseline import QUANTILES
from app.forecasts.engine.asked import SEASONS, Floats, Freq
from app.forecasts.scores import covered, crps, scale, seasonal_naive

MEDIAN = QUANTILES.index(0.5)
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over `points` scored steps, so that tallies of series and origins add up.

    `crps` and `error` (of the median) are scaled, `naive_crps` and `naive_error` are those of the
    plain naive on the same points; `inside80` and `inside95` count truths in the central bands.
    """

    points: int = 0
    crps: float = 0.0
    naive_crps: float = 0.0
    error: float = 0.0
    naive_error: float = 0.0
    inside80: float = 0.0
    inside95: float = 0.0

    @property
    def rel_crps(self) -> float:
        """Below 1 is better than the plain naive; NaN when nothing counted."""
        return self.crps / self.naive_crps if self.naive_crps > 0 else NAN

    @property
    def rel_mase(self) -> float:
        """The same of the absolute error of the median (MASE: Hyndman & Koehler 2006)."""
        return self.error / self.naive_error if self.naive_error > 0 else NAN

    @property
    def c80(self) -> float:
        return self.inside80 / self.points if self.points else NAN

    @property
    def c95(self) -> float:
        return self.inside95 / self.points if self.points else NAN


def season_of(freq: Freq, steps: int) -> int:
    """The season of the plain naive: of weeks a year if two are there, else none."""
    return 1 if freq == "W" and steps < 104 else SEASONS[freq]


def tally(past: Floats, truth: Floats, quantiles: Floats, freq: Freq) -> Tally:
    """One forecast against what came: float64[n], float64[h], float64[h, 21] at `QUANTILES`.

    CRPS is 2 x the mean pinball loss over 0.05..0.95, scaled by the in-sample mean absolute error
    of the seasonal naive over `past`. Steps count of which the truth (NaN: not observed) and the
    plain naive are known; where `quantiles` are missing, the naive's are scored in their place.
    A scale of 0 or NaN counts no point. ValueError if the shapes do not fit.
    """
    if quantiles.shape != (len(truth), len(QUANTILES)):
        raise ValueError(f"Quantiles have shape {quantiles.shape} for {len(truth)} steps.")
    season = season_of(freq, len(past))
    unit = scale(past, season)
    if not unit > 0:
        return Tally()
    naive = seasonal_naive(past, len(truth), QUANTILES, season)
    told = np.where(np.isfinite(quantiles).all(axis=1, keepdims=True), quantiles, naive)
    counted = np.isfinite(truth) & np.isfinite(naive).all(axis=1)
    marks = np.column_stack(
        [
            crps(truth, told, QUANTILES) / unit,
            crps(truth, naive, QUANTILES) / unit,
            np.abs(truth - told[:, MEDIAN]) / unit,
            np.abs(truth - naive[:, MEDIAN]) / unit,
            covered(truth, told, QUANTILES, 0.80),
            covered(truth, told, QUANTILES, 0.95),
        ]
    )
    return Tally(int(counted.sum()), *map(float, marks[counted].sum(axis=0)))


def together(tallies: Iterable[Tally]) -> Tally:
    """Series or origins as one, each scored point weighing the same."""
    rows = [
        (t.points, t.crps, t.naive_crps, t.error, t.naive_error, t.inside80, t.inside95)
        for t in tallies
    ]
    if not rows:
        return Tally()
    points, *sums = np.array(rows).sum(axis=0).tolist()
    return Tally(int(points), *sums)


@dataclass(frozen=True, slots=True)
class Trial:
    """What one model did at one origin: `seconds` of processor time for `series` of them."""

    model: str
    origin: date
    tally: Tally
    series: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Result:
    """A model over all its origins, or at one."""

    model: str
    origin: date | None
    tally: Tally
    worst_c80: float
    seconds_per_series: float


def result(trials: Sequence[Trial], origin: date | None = None) -> Result:
    """The trials of one model as one; the worst c80 is of an origin that had points."""
    c80s = [trial.tally.c80 for trial in trials if trial.tally.points]
    asked = sum(trial.series for trial in trials)
    seconds = sum(trial.seconds for trial in trials)
    return Result(
        trials[0].model,
        origin,
        together(trial.tally for trial in trials),
        min(c80s, default=NAN),
        seconds / asked if asked else NAN,
    )
