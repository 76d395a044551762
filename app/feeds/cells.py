"""A cell of a file: a day or moment, a number, the name of a unit; or what is wrong with it."""

import math
import re
import unicodedata
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from app.feeds.imports.notation import DateForm, Decimal, Notation
from app.feeds.imports.periods import over
from app.feeds.profiles import MOST, Column, Profile
from app.forecasts.calendar import local_day
from app.observations.persons import person_in
from app.observations.rules import CLOCKS_DIFFER, PLANS_REACH

EARLIEST = 1990  # no partition can be made for what is older
MOST_UNITS = 20_000
# So many ways of writing are remembered: days and counts come back all the time.
KEPT = 65_536
# A day is known by its ordinal (under a million), a moment by its seconds (from 1990 on over 600
# million): what lies between tells one from the other.
FIRST_MOMENT = 10_000_000

NUMBER = re.compile(r"[0-9]{1,32}(?:\.[0-9]{1,32})?(?:[eE][+-]?[0-9]{1,3})?")
DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
DAY_FIRST = re.compile(r"([0-9]{2})-([0-9]{2})-([0-9]{4})")
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

    def __init__(self, profile: Profile, now: datetime) -> None:
        self.profile = profile
        self.form: DateForm = profile.notation.date_form
        self.now = now
        self.today = local_day(now)

    def __missing__(self, text: str) -> tuple[date | datetime, int]:
        found = self.moment(text) if len(text) > 10 else self.day(text)
        if len(self) < KEPT:
            self[text] = found
        return found

    def day(self, text: str) -> tuple[date, int]:
        day = day_of(text, self.form)
        if day is None:
            example = "2026-11-22" if self.form == "YYYY-MM-DD" else "22-11-2026"
            raise Wrong("not-a-date", f"Write a day as {example}. With a time, add its offset.")
        self.within(day, day.year)
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
        self.within(moment, moment.year)
        return moment, int(moment.timestamp())

    def within(self, at: date | datetime, year: int) -> None:
        """Neither too long ago nor, by what the columns tell, too far ahead."""
        if year < EARLIEST:
            raise Wrong("too-long-ago", f"Only figures from {EARLIEST} on can be kept.")
        if self.profile.stocks and self.ahead(at):
            raise Wrong("in-the-future", "This lies in the future. Figures are of what has been.")
        if self.profile.periods:
            self.period_within(at)

    def ahead(self, at: date | datetime) -> bool:
        if isinstance(at, datetime):
            return at > self.now + CLOCKS_DIFFER
        return at > self.today

    def period_within(self, at: date | datetime) -> None:
        try:
            _, end = over(at, self.profile.period)
        except ValueError:
            raise Wrong(*WRONG_PERIOD[self.profile.period == "hour"]) from None
        if end > self.now + PLANS_REACH:
            raise Wrong("in-the-future", "A plan reaches at most 400 days ahead.")
        if self.profile.flows and end > self.now + CLOCKS_DIFFER:
            raise Wrong(
                "in-the-future", "What came and went is told of periods that are over: this is not."
            )


WRONG_PERIOD = (
    ("needs-days", "What is counted over days is told by days. By the hour: say period hour."),
    ("needs-moments", "With period hour a row begins at a moment: 2026-11-22T08:00:00+01:00."),
)


def day_of(text: str, form: DateForm) -> date | None:
    written = (DAY if form == "YYYY-MM-DD" else DAY_FIRST).fullmatch(text)
    if written is None:
        return None
    year, month, day = written.groups() if form == "YYYY-MM-DD" else written.groups()[::-1]
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


class Numbers(dict[str, float | None]):
    """A figure of a column by how it is written; an empty cell is unknown."""

    def __init__(self, notation: Notation, decimal: Decimal = "point", most: int = MOST) -> None:
        self.decimal = decimal
        self.most = most
        self.update(dict.fromkeys(["", *notation.unknown_as]))

    def __missing__(self, text: str) -> float | None:
        found = number(self.pointed(text))
        if found > self.most:
            detail = f"A figure of this column is at most {self.most}."
            raise Wrong("too-large", detail)
        if self.most == 1 and found not in (0, 1):
            raise Wrong("not-yes-or-no", "Write 1 for yes and 0 for no.")
        if len(self) < KEPT:
            self[text] = found
        return found

    def pointed(self, text: str) -> str:
        """With a point for decimals, where the file has a comma."""
        if self.decimal == "point":
            return text
        if "." in text:
            raise Wrong(
                "not-a-number",
                "Decimals have a comma in this file, and thousands no sign: 12,5. Where they have "
                "a point, say so: decimal point.",
            )
        return text.replace(",", ".")


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


def readers_of(columns: Iterable[Column], notation: Notation, decimal: Decimal) -> list[Numbers]:
    """One for each column; those with the same limits remember together."""
    by_most: dict[int, Numbers] = {}
    return [
        by_most.setdefault(column.most, Numbers(notation, decimal, column.most))
        for column in columns
    ]


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
    slug = "-".join([profile.prefix, *words] if profile.prefix else words)
    if not words or not unique_id.isprintable() or len(slug) > 64:
        before = f"and with `{profile.prefix}-` before it" if profile.prefix else "and"
        raise Wrong(
            "not-a-unit",
            "The name of a unit has at least one letter a-z or digit, no control signs, "
            f"{before} at most 64 signs.",
        )
    return slug
