"""Days that are not like other days: holidays and what lies around them, school holidays, ANW."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal, get_args

import numpy as np
from holidays import HolidayBase, country_holidays, list_supported_countries
from numpy.typing import NDArray

from app.forecasts.calendar import aware
from app.simulation.calendar import HOUR, block, block_of, easter, instant

SchoolRegion = Literal["noord", "midden", "zuid"]
Span = tuple[date, date]

DAY = timedelta(days=1)
NAMES = (
    "holiday",  # a recognised public holiday, in a weekend too
    "weekend-holiday",  # beside `holiday`: it lies in the weekend, which is quiet by itself
    "day-before",  # a workday before a holiday, if it is no bridge
    "day-after",  # a workday after a holiday, if it is no bridge
    "bridge",  # a workday between a holiday and a weekend, or between two holidays
    "liberation-day",  # 5 May in the Netherlands, also in years in which most people work
    "good-friday",  # where it is no holiday, but Easter is
    "christmas-weeks",  # 21 December to 2 January
    "christmas-eve",  # 24 December, for its evening
    "new-years-eve",  # 31 December, for its evening
)
# `holidays` has Good Friday among the public holidays, but most of Dutch care works (domain.md 9).
WORKS_ON_GOOD_FRIDAY = {"NL"}


@dataclass(frozen=True, slots=True)
class Features:
    """What days are: `values[i, j]` is 1 if day i is `names[j]` and 0 if not; float64[n, k]."""

    names: tuple[str, ...]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Year:
    """The recognised holidays of a country in one year, and its weekend (Monday is 0)."""

    country: str
    holidays: frozenset[date]
    weekend: frozenset[int]


def special_days(days: Sequence[date], country: str = "NL") -> Features:
    """What each of n local days is in a country: `NAMES` says what the k = 10 columns mean.

    `country` is an ISO 3166-1 code, or an ISO 3166-2 code where holidays differ within a country
    (`GB-ENG`, `DE-BY`). Holidays are those that `holidays` (MIT) calls public, moved ones as they
    are kept; in the Netherlands without Good Friday, and with 5 May each fifth year, as cao's have
    it. An unknown code and a year that `holidays` does not know are refused with ValueError: what
    is unknown is not an ordinary day. A row depends on its own day only.
    """
    rows = [signs(day, country) for day in days]
    return Features(NAMES, np.array(rows, dtype=np.float64).reshape(len(rows), len(NAMES)))


def signs(day: date, country: str) -> tuple[bool, ...]:
    """What one day is, in the order of `NAMES`."""
    before, after = day - DAY, day + DAY
    holiday, at = is_holiday(day, country), (day.month, day.day)
    workday = not is_off(day, country)
    bridge = workday and is_bridge(day, country)
    ordinary = workday and not bridge
    return (
        holiday,
        holiday and is_weekend(day, country),
        ordinary and is_holiday(after, country),
        ordinary and is_holiday(before, country),
        bridge,
        year_of(country, day.year).country == "NL" and at == (5, 5),
        not holiday and is_good_friday(day, country),
        at >= (12, 21) or at <= (1, 2),
        at == (12, 24),
        at == (12, 31),
    )


def is_holiday(day: date, country: str) -> bool:
    return day in year_of(country, day.year).holidays


def is_weekend(day: date, country: str) -> bool:
    return day.weekday() in year_of(country, day.year).weekend


def is_off(day: date, country: str) -> bool:
    return is_holiday(day, country) or is_weekend(day, country)


def is_bridge(day: date, country: str) -> bool:
    """Whether both neighbours of a workday are off, and one of them by a holiday alone."""
    around = (day - DAY, day + DAY)
    return all(is_off(each, country) for each in around) and not all(
        is_weekend(each, country) for each in around
    )


def is_good_friday(day: date, country: str) -> bool:
    """Whether it is the Friday before an Easter that the country keeps by this calendar."""
    sunday = easter(day.year)
    kept = is_holiday(sunday, country) or is_holiday(sunday + DAY, country)
    return kept and day == sunday - 2 * DAY


@lru_cache(maxsize=1024)
def year_of(country: str, year: int) -> Year:
    found = public(country, year)
    if not found.start_year <= year <= found.end_year:
        raise ValueError(
            f"The holidays of {country} are known from {found.start_year} to {found.end_year}, "
            f"so not those of {year}; ask for days within these years."
        )
    working = {easter(year) - 2 * DAY} if found.country in WORKS_ON_GOOD_FRIDAY else set()
    return Year(found.country, frozenset(found) - working, frozenset(found.weekend))


def public(country: str, year: int) -> HolidayBase:
    """The public holidays of one year as the library has them: one that nobody else will alter."""
    land, _, part = country.partition("-")
    try:
        return country_holidays(land, subdiv=part or None, years=year)
    except NotImplementedError:
        known = list_supported_countries(include_aliases=False)
    if land in known:
        parts = ", ".join(f"{land}-{each}" for each in known[land]) or "no parts"
        raise ValueError(f"No holidays are known of {country!r}; of {land} there are: {parts}.")
    raise ValueError(
        f"No holidays are known of the country {country!r}; give one of {', '.join(sorted(known))}."
    )


@dataclass(frozen=True, slots=True)
class SchoolHoliday:
    """One line of the table of school holidays, both days included."""

    school_year: str
    name: str
    region: str
    first_day: date
    last_day: date
    source: str


def school_holidays(days: Sequence[date], region: SchoolRegion) -> NDArray[np.float64]:
    """Whether schools of a region are closed for the holidays, float64[n]: 1, 0, NaN if unknown.

    From the dates that the ministry fixes (Christmas, May, summer) or advises (autumn, spring;
    schools may depart from them, and may add a week to May). An unknown region is refused with
    ValueError.
    """
    free = within(days, [(each.first_day, each.last_day) for each in lines(region)])
    return np.where(covered(days, region), free, np.nan)


def covered(days: Sequence[date], region: SchoolRegion) -> NDArray[np.bool_]:
    """Whether the table knows of each day if it is a school holiday, bool[n].

    A school year is known until its summer holiday ends: from the end of the one before it, or
    from its own first holiday if the table lacks the year before.
    """
    return within(days, school_years(region))


@cache
def school_years(region: SchoolRegion) -> tuple[Span, ...]:
    """The first and last known day of each school year in the table, in order."""
    ends: dict[int, date] = {}
    spans = []
    for year in sorted({each.school_year for each in lines(region)}):
        own = [each for each in lines(region) if each.school_year == year]
        begun = int(year[:4])
        first, last = min(each.first_day for each in own), max(each.last_day for each in own)
        spans.append((ends[begun - 1] + DAY if begun - 1 in ends else first, last))
        ends[begun] = last
    return tuple(spans)


@cache
def lines(region: SchoolRegion) -> tuple[SchoolHoliday, ...]:
    if region not in get_args(SchoolRegion):
        regions = ", ".join(get_args(SchoolRegion))
        raise ValueError(f"There is no school region {region!r}; give one of {regions}.")
    return tuple(each for each in table() if each.region == region)


@cache
def table() -> tuple[SchoolHoliday, ...]:
    """The school holidays of the Netherlands as the file has them, with their sources."""
    text = files("app.forecasts").joinpath("school_holidays_nl.csv").read_text("utf-8")
    return tuple(
        SchoolHoliday(
            line["school_year"],
            line["name"],
            line["region"],
            date.fromisoformat(line["first_day"]),
            date.fromisoformat(line["last_day"]),
            line["source"],
        )
        for line in csv.DictReader(text.splitlines())
    )


def within(days: Sequence[date], spans: Sequence[Span]) -> NDArray[np.bool_]:
    """Whether each day lies in one of the spans, both ends included; bool[n]."""
    at = np.array([day.toordinal() for day in days], dtype=np.int64)[:, None]
    first, last = np.array([[a.toordinal(), b.toordinal()] for a, b in spans], dtype=np.int64).T
    return np.asarray(((first <= at) & (at <= last)).any(axis=1))


def anw(moments: Sequence[datetime]) -> NDArray[np.bool_]:
    """Whether aware moments lie in ANW hours, bool[n]: workdays 17-08, weekends, holidays.

    By the clock of Europe/Amsterdam and the recognised holidays of the Netherlands, with 5 May
    each fifth year (domain.md 9); from 2014 on, when King's Day began. 08:00 is the first moment
    of the working day and 17:00 its end. A naive moment is refused with ValueError.
    """
    return np.array([is_anw(aware(moment)) for moment in moments], dtype=np.bool_)


def is_anw(moment: datetime) -> bool:
    at = int(moment.timestamp() // 1)
    found = block(block_of(at))
    return bool(found.anw[(at - found.begin) // HOUR])


def anw_hours(day: date) -> int:
    """How many hours of a local day are ANW: 15 of a workday, else all its 23, 24 or 25."""
    found = block(block_of(instant(day, 0)))
    return int(found.anw[found.day == found.days.index(day)].sum())


def iso_week(days: Sequence[date]) -> NDArray[np.int64]:
    """The ISO 8601 year and week (1..53) of each day, int64[n, 2].

    The year is that of the week's Thursday: 1 January 2027 lies in week 53 of 2026.
    """
    weeks = [day.isocalendar()[:2] for day in days]
    return np.array(weeks, dtype=np.int64).reshape(len(weeks), 2)


def weeks_of(first: date, count: int) -> list[date]:
    """The first days of `count` successive weeks: the weekday of `first`, not always Monday."""
    return [first + timedelta(weeks=n) for n in range(count)]
