"""When jobs run: which period of each job a moment belongs to."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Literal, NamedTuple

from app.facilities.hours import LOCAL

Job = Literal["partitions", "forecast", "score", "days", "signals"]
# Local times of every day; the forecast's is that of data-model.md, "Forecasts stored".
DAILY: Mapping[Job, time] = {"partitions": time(3, 45), "forecast": time(4), "score": time(4, 30)}


# And anew in each hour in which something was told: the next days, between two nights.
HOURLY: tuple[Job, ...] = ("days",)


# How often the region is looked at for signals, in seconds; a whole part of a minute.
LOOK_EVERY = 30


class Due(NamedTuple):
    """The run key: each job once a period."""

    job: Job
    period: str


def due(now: datetime, daily: Mapping[Job, time] = DAILY) -> Iterator[Due]:
    """Of each job the period that has begun last: the local day, from its hour on; or the hour.

    An hour is named in UTC, so that the one that comes twice in October is two. A worker that
    starts later, or was away at the hour, finds the same period still due.
    """
    local = now.astimezone(LOCAL)
    for job, begins in daily.items():
        begun = local.time().replace(tzinfo=None) >= begins
        day = local.date() if begun else local.date() - timedelta(days=1)
        yield Due(job, day.isoformat())
    for job in HOURLY:
        yield Due(job, f"{now.astimezone(UTC):%Y-%m-%dT%HZ}")


def look_due(now: datetime) -> datetime:
    """When the half minute of this moment began. A look that was missed is not made up for."""
    at = now.astimezone(UTC)
    return at.replace(second=at.second - at.second % LOOK_EVERY, microsecond=0)
