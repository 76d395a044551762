"""When a unit is open and admits, and which of its reporting moments went by unheard.

Hours are local (Europe/Amsterdam), moments are aware. A time that the clock skips in March is
taken an hour later (02:30 becomes 03:30), one that comes twice in October is its first pass.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.facilities.schemas import ENTRANCES, Entrance, Hours, Reporting, Weekday

LOCAL = ZoneInfo("Europe/Amsterdam")
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
GRACE = timedelta(minutes=30)
# Weekly hours repeat: what has not changed within eight days never does.
WEEK_AND_DAY = timedelta(days=8)
# Who was silent for a year is stale, however many moments more were missed.
LOOK_BACK = timedelta(days=366)

OpeningHours = Mapping[Entrance, Sequence[Hours]]
Span = tuple[datetime, datetime]


def instant_of(day: date, at: time) -> datetime:
    """The UTC moment at which the local clock shows `at` on this day."""
    return datetime.combine(day, at, LOCAL).astimezone(UTC)


def days_between(since: datetime, until: datetime) -> Iterator[date]:
    """The local days from that of `since` to that of `until`, both included."""
    day, last = since.astimezone(LOCAL).date(), until.astimezone(LOCAL).date()
    while day <= last:
        yield day
        day += DAY


def merged(spans: Sequence[Span]) -> list[Span]:
    """The same stretches of time in order, those that touch or overlap as one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def spans(hours: Sequence[Hours], since: datetime, until: datetime) -> list[Span]:
    """The stretches [start, end) within [since, until] that these hours cover."""
    found = []
    for day in days_between(since - DAY, until):
        for each in hours:
            if WEEKDAYS[day.weekday()] not in each.days:
                continue
            ends_on = day if each.end > each.start else day + DAY
            start = max(instant_of(day, each.start), since)
            end = min(instant_of(ends_on, each.end), until)
            if start < end:
                found.append((start, end))
    return merged(found)


def always(hours: OpeningHours) -> bool:
    """Whether some entrance route knows no hours, so that the unit is never closed."""
    return any(entrance not in hours for entrance in ENTRANCES)


def open_spans(hours: OpeningHours, since: datetime, until: datetime) -> list[Span]:
    """When the unit is open within [since, until]: when at least one entrance route is."""
    if since >= until:
        return []
    if always(hours):
        return [(since, until)]
    return merged([span for each in hours.values() for span in spans(each, since, until)])


def covers(hours: Sequence[Hours], moment: datetime) -> bool:
    return bool(spans(hours, moment, moment + TICK))


def entrances_at(hours: OpeningHours, moment: datetime) -> dict[Entrance, bool]:
    """Which entrance routes are open. A route that is absent is open always, an empty one never."""
    return {each: each not in hours or covers(hours[each], moment) for each in ENTRANCES}


def open_at(hours: OpeningHours, moment: datetime) -> bool:
    """Whether the unit is open: by at least one entrance route."""
    return always(hours) or any(covers(each, moment) for each in hours.values())


def admits_at(admission_hours: Sequence[Hours], moment: datetime) -> bool:
    """Whether new people can come now. No hours: at any hour."""
    return not admission_hours or covers(admission_hours, moment)


def first_edge(found: Sequence[Span], moment: datetime, until: datetime) -> datetime | None:
    edges = (edge for span in found for edge in span if moment < edge < until)
    return min(edges, default=None)


def next_change(hours: OpeningHours, moment: datetime) -> datetime | None:
    """When an entrance route opens or closes next; None if none ever does."""
    until = moment + WEEK_AND_DAY
    edges = [first_edge(spans(each, moment, until), moment, until) for each in hours.values()]
    return min((edge for edge in edges if edge is not None), default=None)


def next_admission(admission_hours: Sequence[Hours], moment: datetime) -> datetime | None:
    """The first moment from `moment` on at which new people can come; None if there is none."""
    if admits_at(admission_hours, moment):
        return moment
    found = spans(admission_hours, moment, moment + WEEK_AND_DAY)
    return found[0][0] if found else None


def total(found: Sequence[Span]) -> timedelta:
    return sum((end - start for start, end in found), timedelta(0))


def open_time(hours: OpeningHours, since: datetime, until: datetime) -> timedelta:
    """How long the unit was open in between: the age of a figure, since closed hours age none."""
    return total(open_spans(hours, since, until))


def before_the_last(found: Sequence[Span], last: timedelta) -> list[Span]:
    """The same stretches without the last so much of their time."""
    kept = list(found)
    while kept and last > timedelta(0):
        start, end = kept.pop()
        if end - start > last:
            kept.append((start, end - last))
        last -= end - start
    return kept


def moments_within(moments: Sequence[time], found: Sequence[Span]) -> list[datetime]:
    """The agreed moments of the local day that lie in a stretch, its end excluded."""
    return sorted(
        {
            moment
            for start, end in found
            for day in days_between(start, end)
            for moment in (instant_of(day, at) for at in moments)
            if start <= moment < end
        }
    )


def steps_within(interval: timedelta, found: Sequence[Span]) -> list[datetime]:
    """Every `interval` of open time, counted from the start of the first stretch."""
    steps: list[datetime] = []
    left = interval
    for start, end in found:
        while start + left <= end:
            start, left = start + left, interval
            steps.append(start)
        left -= end - start
    return steps


def due(
    reporting: Reporting, opening_hours: OpeningHours, since: datetime, until: datetime
) -> list[datetime]:
    """The moments in (since, until] at which figures are due, in UTC and in order.

    Agreed moments of the local day count while the unit is open. An interval counts open time
    only, from `since` on: with one of an hour and a report half an hour before closing, the next
    is due half an hour after opening.
    """
    if reporting.interval_minutes is None:
        # The stretch reaches just past `until`, since a moment at its end would not be in it.
        found = open_spans(opening_hours, since, until + TICK)
        return [each for each in moments_within(reporting.moments, found) if each > since]
    interval = timedelta(minutes=reporting.interval_minutes)
    return steps_within(interval, open_spans(opening_hours, since, until))


def missed(
    reporting: Reporting,
    opening_hours: OpeningHours,
    last_observed_at: datetime | None,
    now: datetime,
    grace: timedelta = GRACE,
) -> int | None:
    """How many reporting moments went by since the last observation; None if there was none.

    A moment is missed once the unit has been open for `grace` after it, so nothing is missed
    while it is closed. An observation at most `grace` before an agreed moment counts for that
    moment. Looks back a year at most (domain.md 7).
    """
    if last_observed_at is None:
        return None
    since = max(last_observed_at, now - LOOK_BACK)
    settled = before_the_last(open_spans(opening_hours, since, now), grace)
    if reporting.interval_minutes is not None:
        return total(settled) // timedelta(minutes=reporting.interval_minutes)
    if not settled:
        return 0
    moments = due(reporting, opening_hours, since, settled[-1][1])
    early = bool(moments) and moments[0] - last_observed_at <= grace
    return len(moments) - early
