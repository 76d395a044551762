"""A column named by what it tells: `occupied`, `closedPlaces[staff]`, `rostered[nurse,dag]`."""

import re
from collections.abc import Iterator, Mapping

from app.facilities.schemas import BED_TYPES
from app.feeds.cells import Wrong
from app.feeds.profiles import Column
from app.observations.measures import DIMENSIONS, MEASURES, Dimension, Measure
from app.observations.words import PROFILES, RESOURCES, ROLES, SHIFTS

NAME = re.compile(r"([A-Za-z0-9]{1,40})(?:\[([^\[\]]{1,200})\])?")
WORD = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
# The words by which a dimension is known again where its name is left out. A word of one's own (a
# role, a shift, a bed type, an area) is not among them and is written out: `area=meerzicht`.
WORDS: Mapping[Dimension, frozenset[str]] = {
    "resource": RESOURCES,
    "bedType": BED_TYPES,
    "role": ROLES,
    "shift": SHIFTS,
    "profile": PROFILES,
}


def column_of(told: str) -> Column:
    """The column that a name stands for; `Wrong` without anything of the name in it."""
    named = NAME.fullmatch(told)
    measure = MEASURES.get(named.group(1)) if named else None
    if named is None or measure is None:
        raise Wrong(
            "unknown-column",
            "A column is named by a measure of docs/feeds/README.md, with its words in brackets: "
            "occupied, closedPlaces[staff]. Quote a name that holds a comma: "
            '"rostered[nurse,dag]".',
        )
    of: dict[Dimension, str] = {}
    for dimension, word in words(measure, named.group(2)):
        if dimension in of:
            raise Wrong("word-twice", f"{measure.name} is told with one {dimension} a column.")
        of[dimension] = word
    for dimension in sorted(measure.needs - of.keys()):
        raise Wrong("missing", f"{measure.name} needs {dimension}: say which, in brackets.")
    return Column(measure.name, of)


def words(measure: Measure, told: str | None) -> Iterator[tuple[Dimension, str]]:
    for part in told.split(",") if told is not None else ():
        name, equals, word = part.strip().rpartition("=")
        name, word = name.strip(), word.strip()
        if not WORD.fullmatch(word):
            raise Wrong("unknown-word", "A word has small letters, digits and hyphens.")
        yield (dimension_named(measure, name) if equals else dimension_by(measure, word)), word


def dimension_named(measure: Measure, name: str) -> Dimension:
    allowed = measure.needs | measure.may
    if name not in allowed:
        known = ", ".join(d for d in DIMENSIONS if d in allowed) or "none"
        raise Wrong("not-for-this-measure", f"{measure.name} can be told by: {known}.")
    return next(dimension for dimension in DIMENSIONS if dimension == name)


def dimension_by(measure: Measure, word: str) -> Dimension:
    """The one dimension of a measure that has this word; where two have, none is guessed."""
    found = fitting(measure, word)
    if len(found) > 1:
        ways = " or ".join(f"{dimension}=..." for dimension in found)
        raise Wrong("unknown-word", f"This word may be two things: write {ways} in the brackets.")
    if not found:
        allowed = [d for d in DIMENSIONS if d in measure.needs | measure.may]
        ways = ", ".join(f"{dimension}=..." for dimension in allowed) or "no word at all"
        raise Wrong(
            "unknown-word", f"{measure.name} does not know this word. It can be told by: {ways}."
        )
    return found[0]


def fitting(measure: Measure, word: str) -> list[Dimension]:
    """The dimensions of a measure that this word may stand for."""
    known = {**WORDS, **(measure.words or {})}
    allowed = measure.needs | measure.may
    return [d for d in DIMENSIONS if d in allowed and word in known.get(d, frozenset())]


def sayable(column: Column) -> str | None:
    """The name of a column if it holds no word but those that everybody knows."""
    known = {**WORDS, **(column.told.words or {})}
    if any(word not in known.get(dimension, ()) for dimension, word in column.of.items()):
        return None
    words = [(d, column.of[d]) for d in DIMENSIONS if d in column.of]
    plain = [len(fitting(column.told, word)) == 1 for _, word in words]
    inside = ",".join(
        word if alone else f"{dimension}={word}"
        for (dimension, word), alone in zip(words, plain, strict=True)
    )
    return f"{column.measure}[{inside}]" if inside else column.measure
