"""From what a message says of each unit to one report for each unit."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import orjson

from app.faults import Fault
from app.feeds.messages import Periods, UnitForm, figures
from app.observations.reading import Read
from app.observations.schemas import Report, ReportedFigure

# Fixed for good: another value would give every message that is sent again a new id.
FEEDS = uuid.UUID("3314dba9-7f72-41e4-a555-cfeb0134985e")


@dataclass(frozen=True)
class Part:
    """What a message says of one unit: where that stands, the sender's code, the figures."""

    pointer: str
    code: str
    figures: tuple[tuple[str, ReportedFigure], ...]


@dataclass(frozen=True)
class ReadPart(Read):
    """A report out of a message, and where in the message each of its figures stands."""

    places: Sequence[str] = ()

    def in_message(self, fault: Fault) -> Fault:
        """A fault of the report (`/figures/3/shift`) as one of the message that was sent."""
        _, name, n, *_ = (*(fault.pointer or "").split("/"), "", "", "")
        if name == "figures" and n.isdecimal() and int(n) < len(self.places):
            return replace(fault, pointer=self.places[int(n)])
        if name == "observedAt":
            return replace(fault, pointer="/peilmoment")
        return replace(fault, pointer=self.pointer)


def part_of(unit: UnitForm, pointer: str, over: Periods) -> Part:
    return Part(pointer, unit.code, tuple(figures(unit, over, pointer)))


def reports_of(
    parts: Sequence[Part], units: Mapping[str, str], feed: str, observed_at: datetime
) -> list[ReadPart]:
    """A report for each part that can be taken; one that cannot leaves the others be."""
    named = Counter(units.get(part.code) for part in parts)
    return [read(part, units.get(part.code), named, feed, observed_at) for part in parts]


def read(
    part: Part, unit: str | None, named: Counter[str | None], feed: str, observed_at: datetime
) -> ReadPart:
    if unit is None:
        return ReadPart(part.pointer, None, [unknown(part)])
    if named[unit] > 1:
        return ReadPart(part.pointer, None, [twice(part)])
    if not part.figures:
        return ReadPart(part.pointer, None, [empty(part)])
    places, figures = zip(*part.figures, strict=True)
    report = Report(
        id=report_id(feed, unit, observed_at, figures),
        unit=unit,
        observed_at=observed_at,
        source="feed",
        figures=figures,
    )
    return ReadPart(part.pointer, report, places=places)


def report_id(
    feed: str, unit: str, observed_at: datetime, figures: Sequence[ReportedFigure]
) -> uuid.UUID:
    """Of the moment and the figures, whatever their order: the same message gives the same id."""
    told = [each.model_dump(exclude_unset=True) for each in figures]
    lines = sorted(orjson.dumps(each, option=orjson.OPT_SORT_KEYS) for each in told)
    moment = observed_at.astimezone(UTC).isoformat()
    content = "\n".join([unit, moment, *(line.decode() for line in lines)])
    return uuid.uuid5(uuid.uuid5(FEEDS, feed), content)


def unknown(part: Part) -> Fault:
    return Fault(
        "unknown-unit-code",
        "This feed knows no unit by this code. Correct the code, or have it added to the units "
        "of the feed.",
        pointer=f"{part.pointer}/code",
    )


def twice(part: Part) -> Fault:
    return Fault(
        "unit-twice",
        "The message tells of this unit more than once, so none of it is taken. Tell it once.",
        pointer=f"{part.pointer}/code",
    )


def empty(part: Part) -> Fault:
    return Fault(
        "nothing-told", "There is no figure of this unit here. Tell one.", pointer=part.pointer
    )
