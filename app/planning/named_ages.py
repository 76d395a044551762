"""Ages and sex as the name of a series tells them: `deaths_m_65_80`, `Females|85+`, `Under 1`."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.planning.people_table import ALL, MEN, OLDEST, WOMEN, Ages

UNDER = re.compile(r"(?<![0-9A-Za-z])under ?([0-9]{1,3})( years?)?", re.IGNORECASE)
OPEN = re.compile(
    r"(?<![0-9A-Za-z])([0-9]{1,3}) ?(\+|plus\b|jaar of ouder|(years )?and over)", re.IGNORECASE
)
SPAN = re.compile(
    r"(?<![0-9A-Za-z])([0-9]{1,3})(_| ?[-–] ?| to | tot )([0-9]{1,3})(?![0-9A-Za-z])"
    r"( jaar| years?)?",
    re.IGNORECASE,
)
WORDS = re.compile(r"[^0-9A-Za-z]+")
SEXES = {
    **dict.fromkeys(("m", "male", "males", "man", "men", "mannen"), MEN),
    **dict.fromkeys(("f", "v", "female", "females", "women", "vrouw", "vrouwen"), WOMEN),
}


@dataclass(frozen=True, slots=True)
class Group:
    """Whom a series counts; `stem` is its name without the ages, the same for all its bands."""

    stem: str
    sex: str
    ages: Ages


def groups(names: Iterable[str], told: Mapping[str, str | None] | None = None) -> dict[str, Group]:
    """Of the names that bear ages; `told` has the text of a column of ages instead.

    `65_80` and `65 tot 80` end before the second age, as with CBS, unless the next band of the same
    file begins a year after it; `65-79` and `65 to 79` hold both; 100 and above is open.
    """
    found: dict[str, tuple[str, str, int, int | None, bool]] = {}
    for name in names:
        text = name if told is None else told.get(name) or ""
        read = ages_in(text)
        if read is not None:
            stem, begin, end, half = read
            whole = stem if told is None else name.replace(text, "~")
            found[name] = (whole, sex_in(whole if told is None else name), begin, end, half)
    return {
        name: Group(stem, sex, (begin, last_age(begin, end, half and not closed(stem, found))))
        for name, (stem, sex, begin, end, half) in found.items()
        if begin <= OLDEST and (end is None or end > begin or not half)
    }


def ages_in(text: str) -> tuple[str, int, int | None, bool] | None:
    """The text without its ages, from, to, and whether it ends before that."""
    if read := UNDER.search(text):
        return without(text, read), 0, int(read[1]), True
    if read := OPEN.search(text):
        return without(text, read), int(read[1]), None, False
    if read := SPAN.search(text):
        half = read[2] == "_" or read[2].strip().lower() == "tot"
        return without(text, read), int(read[1]), int(read[3]), half
    return None


def without(text: str, read: re.Match[str]) -> str:
    return text[: read.start()] + "~" + text[read.end() :]


def last_age(begin: int, end: int | None, half: bool) -> int | None:
    if end is None or end >= 100:
        return None
    return end - 1 if half else end


def closed(stem: str, found: Mapping[str, tuple[str, str, int, int | None, bool]]) -> bool:
    """Whether the bands of a stem that could end before their last age hold it: 0_64, 65_79."""
    of: dict[str, set[int]] = defaultdict(set)
    for each, _, begin, end, half in found.values():
        if each == stem and half and end is not None:
            of["begins"].add(begin)
            of["ends"].add(end)
    inclusive = {end + 1 for end in of["ends"]} & of["begins"]
    return len(inclusive) > len(of["ends"] & of["begins"])


def sex_in(name: str) -> str:
    """Men or women if the name says one of them, else all."""
    said = {SEXES[word] for word in WORDS.split(name.lower()) if word in SEXES}
    return said.pop() if len(said) == 1 else ALL
