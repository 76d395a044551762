"""A cell of a file: a day or moment, a number, the name of a unit; or what is wrong with it."""

import math
import re
import unicodedata
from array import array
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from app.feeds.profiles import Profile
from app.forecasts.calendar import local_day
from app.observations.persons import person_in

EARLIEST = 1990  # no partition can be made for what is older
CLOCKS_DIFFER = timedelta(minutes=2)
# One below the smallest number that may be of a person (8 digits); no unit comes near it.
MOST = 9_999_999
MOST_UNITS = 20_000
# So many ways of writing are remembered: days and counts come back all the time.
KEPT = 65_536
# A day is known by its ordinal (under a million), a moment by its seconds (from 1990 on over 600
# million): what lies between tells one from the other.
FIRST_MOMENT = 10_000_000

NUMBER = re.compile(r"[0-9]{1,32}(?:\.[0-9]{1,32})?(?:[eE][+-]?[0-9]{1,3})?")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?"
)


@dataclass(eq=False)
class Wrong(Exception):
    """A cell that cannot be taken: which rule, and the way out."""

    code: str
    detail: str


class Days(dict[str, tuple[date | datetime, int]]):
    """A day or moment by how it is written, with a whole number to know it again by."""

    def __init__(self, now: datetime) -> None:
        self.today = local_day(now)
        self.until = now + CLOCKS_DIFFER

    def __missing__(self, text: str) -> tuple[date | datetime, int]:
        found = self.moment(text) if len(text) > 10 else self.day(text)
        if len(self) < KEPT:
            self[text] = found
        return found

    def day(self, text: str) -> tuple[date, int]:
        try:
            day = date.fromisoformat(text) if DAY.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None:
            raise Wrong("not-a-date", "Write a day as 2026-11-22. With a time, add its offset.")
        within(day.year, future=day > self.today)
        return day, day.toordinal()

    def moment(self, text: str) -> tuple[datetime, int]:
        written = MOMENT.fullmatch(text)
        if written and not written.group(1):
            raise Wrong("no-offset", "A moment needs its offset: 2026-11-22T08:00:00+01:00.")
        try:
            moment = datetime.fromisoformat(text).astimezone(UTC) if written else None
        except (ValueError, OverflowError):
            moment = None
        if moment is None:
            raise Wrong("not-a-date", "Write a moment as 2026-11-22T08:00:00+01:00.")
        within(moment.year, future=moment > self.until)
        return moment, int(moment.timestamp())


def within(year: int, *, future: bool) -> None:
    if future:
        raise Wrong("in-the-future", "This lies in the future. Figures are of what has been.")
    if year < EARLIEST:
        raise Wrong("too-long-ago", f"Only figures from {EARLIEST} on can be kept.")


class Numbers(dict[str, float | None]):
    """A number by how it is written; an empty cell is unknown."""

    def __missing__(self, text: str) -> float | None:
        found = number(text) if text else None
        if len(self) < KEPT:
            self[text] = found
        return found


def number(text: str) -> float:
    if not NUMBER.fullmatch(text):
        if NUMBER.fullmatch(text.removeprefix("-")):
            raise Wrong("negative", "A figure is 0 or more. Leave the cell empty for unknown.")
        raise Wrong(
            "not-a-number",
            "Write digits, with a point for decimals. Leave the cell empty for unknown.",
        )
    value = float(text)
    if not math.isfinite(value) or value > MOST:
        raise Wrong("too-large", f"A figure is at most {MOST}.")
    return value


class Units(dict[str, "array[int]"]):
    """What was told of each unit so far, by its name in the file: sorted, first a zero."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.slugs: set[str] = set()

    def __missing__(self, name: str) -> "array[int]":
        slug = unit_slug(self.profile, name)
        if slug in self.slugs:
            raise Wrong(
                "units-look-alike",
                "Another unit of this file gets the same code (the names differ only in signs, "
                "accents or capitals). Write one name one way, or tell them apart by a letter.",
            )
        if len(self) >= MOST_UNITS:
            raise Wrong("too-many-units", f"A file holds at most {MOST_UNITS} units. Split it.")
        self.slugs.add(slug)
        return self.remember(name)

    def remember(self, name: str) -> "array[int]":
        return self.setdefault(name, array("q", [0]))


Reader = Days | Numbers | Units


def unit_slug(profile: Profile, unique_id: str) -> str:
    """The immutable code of a unit of this profile: `divi`, `DE-BW ICU` gives `divi-de-bw-icu`.

    Always the same for the same name. Raises `Wrong` for a name that cannot become a code.
    """
    if any("\ud800" <= sign <= "\udfff" for sign in unique_id):
        raise Wrong("not-utf-8", "This is not UTF-8. Save the file as UTF-8.")
    if person_in(unique_id):
        raise Wrong("person-detected", "This looks like data of a person. Send counts only.")
    letters = unicodedata.normalize("NFKD", unique_id.casefold())
    plain = "".join(sign for sign in letters if not unicodedata.combining(sign))
    words = re.findall(r"[a-z0-9]+", plain)
    slug = "-".join([profile.name, *words])
    if not words or not unique_id.isprintable() or len(slug) > 64:
        raise Wrong(
            "not-a-unit",
            "The name of a unit has at least one letter a-z or digit, no control signs, and with "
            f"`{profile.name}-` before it at most 64 signs.",
        )
    return slug
