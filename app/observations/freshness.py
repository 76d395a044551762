"""How far a figure can be relied on, from the reporting moments that went by since it was told."""

from datetime import timedelta

from app.observations.schemas import Freshness

# domain.md 7: by day, nothing that search offers may be older than this.
OLDEST_BY_DAY = timedelta(hours=8)
DAY_BEGINS, DAY_ENDS = 7, 23


def freshness(
    missed: int | None,
    age: timedelta | None,
    local_hour: int,
    offered: bool = False,
    oldest_by_day: timedelta = OLDEST_BY_DAY,
) -> Freshness:
    """fresh: no moment missed; ageing: one; stale: two; unknown: never reported.

    `age` counts the hours in which the unit was open. What search offers (`offered`: admittable
    places) is also stale once it is older than `oldest_by_day` while it is day: 07 to 23 on the
    local clock, of which `local_hour` is the hour, 0..23.
    """
    if missed is None or age is None:
        return "unknown"
    by_day = DAY_BEGINS <= local_hour < DAY_ENDS
    if missed >= 2 or (offered and by_day and age > oldest_by_day):
        return "stale"
    return "ageing" if missed == 1 else "fresh"
