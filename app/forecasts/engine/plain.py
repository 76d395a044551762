"""What is told of a forecast by less than the engine: its parts, and the naive in its place."""

from collections.abc import Mapping

import numpy as np

from app.forecasts.engine.asked import Floats

Parts = Mapping[str, Floats]


def of_level(values: Floats, median: Floats, season: int) -> Parts:
    """What adds up to the median float64[h] of a forecast from a past float64[n].

    `level`: the mean of what was observed in the last year of months, or 4 weeks of days; the
    rest is that of the weekday or the season.
    """
    lately = values[-4 * season :] if season == 7 else values[-season:]
    lately = lately[np.isfinite(lately)]
    level = np.full(len(median), lately.mean() if lately.size else 0.0)
    return {"level": level, "weekday" if season == 7 else "season": median - level}
