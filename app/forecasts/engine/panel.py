"""Series side by side on one axis, on the scale on which the engine adds and averages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from app.forecasts.engine.asked import Floats, Freq, Past, steps_from

Bools = NDArray[np.bool_]
# Below this mean a count is taken on the scale of Anscombe, on which its Poisson noise is even;
# above it, and without zeros, on that of the logarithm, on which calendar effects multiply.
SMALL = 20.0
MOST_ZEROS = 0.02
# Where a level ranges over more than this factor, from its 5% to its 95%, it matters whether errors
# grow with it: a summer of twenty patients must not say how wide a winter of two thousand is.
RANGED = 4.0
TRIMMED = (0.02, 0.98)  # changes beyond these quantiles say no more of their spread
LEAST = 0.5  # half a person: what a zero of a large series counts as
# A running median's residual beyond so many robust standard deviations is an outlier; of the last
# days it must be larger still, since a new level begins as an outlier does (Hampel 1974).
OUTLYING, OUTLYING_AT_END, END = 5.0, 12.5, 4


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """`seen` float64[n, s] as told, NaN where not; `days` the first day of each of n steps."""

    days: Sequence[date]
    freq: Freq
    seen: Floats

    @property
    def observed(self) -> Bools:
        return np.isfinite(self.seen)

    def ahead(self, horizon: int) -> list[date]:
        return steps_from(self.days[-1], horizon + 1, self.freq)[1:]


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """Whether each of s series is taken on the logarithm, or its fourth root; else Anscombe's."""

    logarithm: Bools
    root: Bools

    def to(self, values: Floats) -> Floats:
        """float64[..., s] >= 0 -> the same shape; Anscombe 1948: 2 sqrt(y + 3/8)."""
        least = np.maximum(values, 0) + 0.375
        scaled: Floats = np.where(self.root, 4 * least**0.25, 2 * np.sqrt(least))
        return np.where(self.logarithm, np.log(np.maximum(values, LEAST)), scaled)

    def back(self, scaled: Floats) -> Floats:
        """The inverse, floored at 0; monotone, so that quantiles stay quantiles."""
        least = np.maximum(scaled, 0)
        power = np.where(self.root, (least / 4) ** 4, least**2 / 4) - 0.375
        exponent = np.exp(np.minimum(scaled, 50))
        values: Floats = np.maximum(np.where(self.logarithm, exponent, power), 0)
        return values

    def alike(self, large: bool) -> Bools:
        """Which series are on the logarithm, if `large`, else on Anscombe's scale: bool[s]."""
        return self.logarithm if large else ~(self.logarithm | self.root)


def panel_of(pasts: Sequence[Past], freq: Freq, longest: int) -> Panel:
    """All pasts on one axis of at most `longest` steps that ends where they all end."""
    long = min(max(reach(past.values) for past in pasts), longest)
    seen = np.full((long, len(pasts)), np.nan)
    for column, past in zip(seen.T, pasts, strict=True):
        told = past.values[-long:]
        column[long - len(told) :] = told
    first = max(pasts, key=lambda past: len(past.values))
    return Panel(steps_from(first.first, len(first.values), freq)[-long:], freq, seen)


def reach(values: Floats) -> int:
    """Steps from the first observation of float64[n] to its end."""
    seen = np.flatnonzero(np.isfinite(values))
    return len(values) - int(seen[0]) if seen.size else 0


def silent(values: Floats) -> int:
    """Steps after the last observation of float64[n]."""
    seen = np.flatnonzero(np.isfinite(values))
    return len(values) - 1 - int(seen[-1]) if seen.size else len(values)


def scale_of(panel: Panel) -> Scale:
    with np.errstate(all="ignore"):
        mean = np.nanmean(panel.seen, axis=0)
        zeros = (panel.seen <= 0).sum(axis=0) / np.maximum(panel.observed.sum(axis=0), 1)
    large = (mean > SMALL) & (zeros < MOST_ZEROS)
    root = np.zeros_like(large)
    for place in np.flatnonzero(large):
        root[place] = rather_root(panel.seen[:, place], 7 if panel.freq == "D" else 1)
    return Scale(large & ~root, root)


def rather_root(seen: Floats, season: int) -> bool:
    """Whether changes over a season are more even on the fourth root than on the logarithm.

    By the likelihood of Box & Cox 1964 of float64[n], its widest changes cut, and only where the
    series ranged so far that the two differ.
    """
    known = np.maximum(seen, LEAST)
    low, high = np.nanquantile(known, (0.05, 0.95))
    if not high > RANGED * low:
        return False
    change = np.isfinite(known[season:] - known[:-season])
    if not change.any():
        return False
    mean = np.log(known[season:][change]).mean()
    spread = []
    for scaled in (np.log(known), 4 * known**0.25):
        moved = (scaled[season:] - scaled[:-season])[change]
        moved = np.clip(moved, *np.quantile(moved, TRIMMED))
        spread.append(np.log(np.mean(moved**2) + 1e-12) / 2)
    return bool(spread[1] < spread[0] + mean / 4)


def filled(values: Floats) -> Floats:
    """Each column float64[n, s] without NaN: a line between neighbours, the ends held."""
    place = np.arange(len(values))
    columns = []
    for column in values.T:
        seen = np.isfinite(column)
        known = seen.any()
        columns.append(
            np.interp(place, place[seen], column[seen]) if known else np.zeros(len(place))
        )
    return np.column_stack(columns)


def running_median(values: Floats, window: int) -> Floats:
    """The centred median of each column float64[n, s], over what there is of it at the ends."""
    half = window // 2
    padded = np.pad(values, ((half, half), (0, 0)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, window, axis=0)
    median = np.empty_like(values)
    whole = slice(half, max(half, len(values) - half))
    median[whole] = np.median(windows[whole], axis=-1)
    for end in (slice(half), slice(whole.stop, None)):
        median[end] = np.nanmedian(windows[end], axis=-1)
    return median


def running_mean(values: Floats, window: int) -> Floats:
    """The centred mean of each column float64[n, s], its ends held."""
    window = min(window, len(values) // 2 * 2 - 1)
    mean: Floats = uniform_filter1d(values, max(window, 1), axis=0, mode="nearest")
    return mean


def without_outliers(values: Floats, seen: Bools, window: int) -> Floats:
    """Outliers of each column float64[n, s] put on the running median, for the filters only.

    What is told stays as it is in the series, and counts when a forecast is judged. The spread is
    that of what was `seen`.
    """
    middle = running_median(values, window)
    off = np.abs(values - middle)
    spread = 1.4826 * np.nanmedian(np.where(seen, off, np.nan), axis=0) + 1e-6
    bound = np.full((len(values), 1), OUTLYING)
    bound[-END:] = OUTLYING_AT_END
    return np.where(off > bound * spread, middle, values)
