"""From what a message says of each unit to one report for each unit."""

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import orjson

from app.faults import Fault
from app.feeds.messages import DAYS_AHEAD, Periods, UnitForm, figures
from app.feeds.stops.listed import Noticing, Own, own, too_far_ahead
from app.observations.measures import MEASURES
from app.observations.reading import Read
from app.observations.schemas import Report, ReportedFigure

# Fixed for good: another value would give every message that is sent again a new id.
FEEDS = uuid.UUID("3314dba9-7f72-41e4-a555-cfeb0134985e")


@dataclass(frozen=True)
class Part:
    """What a message says of one unit: where that stands, the sender's code, the figures, the
    notices, and what is wrong beside `peilmoment`."""

    pointer: str
    code: str
    figures: tuple[tuple[str, ReportedFigure], ...]
    notices: Noticing | None = None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class ReadPart(Read):
    """A report out of a message, where in the message each of its figures stands, and what the
    unit says beside its figures."""

    places: Sequence[str] = ()
    notices: Own | None = None

    def in_message(self, fault: Fault) -> Fault:
        """A fault of the report (`/figures/3/shift`) as one of the message that was sent."""
        _, name, n, *_ = (*(fault.pointer or "").split("/"), "", "", "")
        if name == "figures" and n.isdecimal() and int(n) < len(self.places):
            return replace(fault, pointer=self.places[int(n)])
        if name == "observedAt":
            return replace(fault, pointer="/peilmoment")
        return replace(fault, pointer=self.pointer)


def part_of(unit: UnitForm, pointer: str, over: Periods) -> Part:
    told = tuple(figures(unit, over, pointer))
    notices = unit if isinstance(unit, Noticing) and unit.says_something else None
    return Part(pointer, unit.code, told, notices, tuple(out_of_reach(told, over)))


def out_of_reach(told: Sequence[tuple[str, ReportedFigure]], over: Periods) -> Iterator[Fault]:
    """A day that is told by its date lies from today to nine days ahead, beside `peilmoment`."""
    if "today" not in over:
        return
    first = over["today"].start
    # Half a day to spare, for days of 25 hours.
    last = first + timedelta(days=DAYS_AHEAD, hours=12)
    for pointer, figure in told:
        dated = pointer.endswith("/aantal") and MEASURES[figure.measure].time == "plan"
        if dated and figure.period and not first <= figure.period.start < last:
            detail = f"A day lies from today to {DAYS_AHEAD} days after it, as `peilmoment` has it."
            yield Fault("day-out-of-reach", detail, f"{pointer.removesuffix('/aantal')}/dag")


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
    ahead = too_far_ahead(part.notices, part.pointer, observed_at) if part.notices else ()
    faults = [*part.faults, *ahead]
    if faults:
        return ReadPart(part.pointer, None, faults)
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
    notices = own(part.notices, identity(feed), unit, observed_at) if part.notices else None
    return ReadPart(part.pointer, report, places=places, notices=notices)


def identity(feed: str) -> uuid.UUID:
    """Of all that a feed tells: two feeds never share an id."""
    return uuid.uuid5(FEEDS, feed)


def report_id(
    feed: str, unit: str, observed_at: datetime, figures: Sequence[ReportedFigure]
) -> uuid.UUID:
    """Of the moment and the figures, whatever their order: the same message gives the same id."""
    told = [each.model_dump(exclude_unset=True) for each in figures]
    lines = sorted(orjson.dumps(each, option=orjson.OPT_SORT_KEYS) for each in told)
    moment = observed_at.astimezone(UTC).isoformat()
    content = "\n".join([unit, moment, *(line.decode() for line in lines)])
    return uuid.uuid5(identity(feed), content)


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
