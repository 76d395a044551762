"""Local days, census moments and months: a day is an idea of Europe/Amsterdam, all else is UTC."""

from datetime import UTC, date, datetime, time, timedelta

from app.facilities.hours import LOCAL

CENSUS = time(8, 0)  # domain.md section 7: the default of a unit that names no time of its own


def moment(day: date, at: time) -> datetime:
    """The UTC moment of a local wall-clock time.

    A time that the clock skips in March is moved on by the hour that is skipped (02:30 becomes
    03:30 CEST); a time that comes twice in October is its first pass. `at` must be naive.
    """
    if at.tzinfo is not None:
        raise ValueError(f"The time {at} bears a zone; give the local wall-clock time without one.")
    return datetime.combine(day, at, LOCAL).astimezone(UTC)


def day_start(day: date) -> datetime:
    """The UTC moment at which a local day begins; days last 23, 24 or 25 hours."""
    return moment(day, time(0))


def local_day(observed_at: datetime) -> date:
    """The local day in which an aware moment lies; a naive one is refused with ValueError."""
    return aware(observed_at).astimezone(LOCAL).date()


def last_census(until: datetime, at: time = CENSUS) -> date:
    """The newest local day whose census moment is not after `until`."""
    day = local_day(until)
    return day if moment(day, at) <= until else day - timedelta(days=1)


def aware(observed_at: datetime) -> datetime:
    """The same moment, or ValueError if it bears no offset."""
    if observed_at.utcoffset() is None:
        raise ValueError(f"The moment {observed_at} has no offset; give it one, such as +00:00.")
    return observed_at


def days_from(first: date, count: int) -> list[date]:
    """`count` successive local days, the first included."""
    return [first + timedelta(days=n) for n in range(count)]


def month_of(day: date) -> date:
    """The first day of the month of a day."""
    return day.replace(day=1)


def months_after(month: date, count: int) -> date:
    """The first day of the month `count` months later (earlier if negative)."""
    years, index = divmod(month.month - 1 + count, 12)
    return date(month.year + years, index + 1, 1)


def months_from(first: date, count: int) -> list[date]:
    """The first days of `count` successive months, the month of `first` included."""
    return [months_after(first, n) for n in range(count)]


def days_in(month: date) -> int:
    """How many days a month has, 28..31."""
    return (months_after(month, 1) - month_of(month)).days
