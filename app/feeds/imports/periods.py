"""The stretch that a row speaks of, for what is counted over a period: half-open, local days."""

from datetime import date, datetime, timedelta
from typing import Literal, get_args

from app.forecasts.calendar import day_start

Period = Literal["hour", "day", "week"]
PERIODS: tuple[Period, ...] = get_args(Period)
HOUR = timedelta(hours=1)
DAYS = {"day": 1, "week": 7}


def over(at: date | datetime, period: Period) -> tuple[datetime, datetime]:
    """From a day on one or seven local days (of 23, 24 or 25 hours); from a moment on an hour.

    The weekday of the file is kept: a week begins on the day that its row names. Both ends are in
    UTC, and the second is not part of it. ValueError where a row has the other of day and moment.
    """
    if isinstance(at, datetime) != (period == "hour"):
        raise ValueError("An hour begins at a moment; a day or a week begins on a day.")
    if isinstance(at, datetime):
        return at, at + HOUR
    return day_start(at), day_start(at + timedelta(days=DAYS[period]))


def apart(period: Period) -> int:
    """How far two rows of one unit lie apart at least: in days, or of hours in seconds."""
    return 3_600 if period == "hour" else DAYS[period]
