"""What a run looked back on: the days or months before it, kept with what it says."""

from typing import Any, Literal

from app.forecasts import calendar
from app.forecasts.issue import number
from app.forecasts.series import DAY, Daily, monthly

DAYS, MONTHS = 56, 24


def looked_back(told: Daily, freq: Literal["D", "M"]) -> dict[str, Any]:
    """The last 56 days, or the means of the last 24 months that ended; null is unknown."""
    if freq == "D":
        values = told.values[-DAYS:]
        first = told.after - len(values) * DAY
    else:
        of = monthly(told)
        values = of.values[-MONTHS:]
        first = calendar.months_after(of.after, -len(values))
    rounded = [number(round(float(value), 3)) for value in values]
    return {"first": first.isoformat(), "values": rounded}
