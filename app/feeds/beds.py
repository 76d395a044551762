"""Beds as hospitals list them, folded to counts: a bed is counted, and then forgotten."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.feeds.dutch import Closed
from app.feeds.messages import DAYS_AHEAD
from app.feeds.splits import AGE_BANDS, DESTINATIONS

# Each reason for closing by its Dutch field.
REASONS = tuple(str(each.alias) for each in Closed.model_fields.values())
# Up to so many days is someone medically ready in the first band, and in the second.
BAND_ENDS = (2, 7)

# What is counted: a department, and the field of a message with what tells it apart.
Way = tuple[str, ...]


@dataclass(frozen=True)
class State:
    """What a bed in this state counts as: opened, with or without a person, or closed."""

    dutch: str
    occupied: bool = False
    closed: str = ""


# HL7 v2 table 0116, Bed status. Why each is so stands in docs/decisions/0011.
STATES: Mapping[str, State] = {
    "O": State("bezet", occupied=True),
    "U": State("niet bezet"),
    "C": State("gesloten", closed="anders"),
    "H": State("schoonmaak", closed="onderhoud"),
    "I": State("isolatie", occupied=True),
    "K": State("besmet", closed="infectie"),
}
EMPTY_IN_ISOLATION = State("isolatie, leeg", closed="infectie")
# Reasons that the states tell by themselves; of the others a list knows nothing without `reden`.
OF_STATES = frozenset(state.closed for state in STATES.values() if state.closed)


@dataclass(frozen=True)
class Bed:
    """What counts of one line, and not which bed it was.

    `ready` is the Dutch name of a destination and `band` of how long someone has been ready; empty
    if nobody is, or it was not told.
    """

    department: str
    bed_type: str
    state: State
    reserved: bool = False
    leaves: date | None = None
    ready: str = ""
    band: str = ""

    def ways(self) -> Iterator[Way]:
        here = (self.department, "bedden", self.bed_type)
        yield (*here, "aanwezig")
        if self.state.closed:
            yield (*here, "gesloten", self.state.closed)
        else:
            yield (*here, "geopend")
        if self.state.occupied:
            yield (*here, "bezet")
        elif self.reserved and not self.state.closed:
            # A bed that is closed or still taken is not free, so a promise takes nothing from it.
            yield (*here, "toegezegd")
        if self.leaves:
            yield (self.department, "vertrek", self.leaves.isoformat())
        if self.ready:
            yield (self.department, "klaar", self.ready, self.band)


def fold(beds: Iterable[Bed]) -> Counter[Way]:
    """How many of each: the same in any order, and for beds in two parts the sum of both."""
    return Counter(way for bed in beds for way in bed.ways())


def band_of(days: int) -> str:
    """The name of the band of someone who has been medically ready for so many days, 0 or more."""
    return list(AGE_BANDS)[sum(days > end for end in BAND_ENDS)]


def days_from(today: date) -> list[date]:
    return [today + timedelta(days=n) for n in range(DAYS_AHEAD + 1)]


@dataclass(frozen=True)
class Knows:
    """What a list can tell at all: it says 0 of that where there is none, and nothing of the rest.

    `reasons` for closing, `reserved` places, who `leaves` on which day, who is `ready`, and since
    when (`bands`).
    """

    reasons: Collection[str] = OF_STATES
    reserved: bool = False
    leaves: bool = False
    ready: bool = False
    bands: bool = False


def ward(
    code: str, bed_types: Iterable[str], counts: Mapping[Way, int], knows: Knows, today: date
) -> dict[str, Any]:
    """One department as the message of JSON would tell it."""
    told: dict[str, Any] = {
        "code": code,
        "bedden": {
            each: places(counts, (code, "bedden", each), knows) for each in sorted(bed_types)
        },
    }
    if knows.leaves:
        told["verwachtVertrekPerDag"] = [
            {"dag": day.isoformat(), "aantal": counts.get((code, "vertrek", day.isoformat()), 0)}
            for day in days_from(today)
        ]
    if knows.ready and knows.bands:
        told["medischKlaarUitgesplitst"] = [
            {
                "bestemming": place,
                "duur": band,
                "aantal": counts.get((code, "klaar", place, band), 0),
            }
            for place in DESTINATIONS
            for band in AGE_BANDS
        ]
    elif knows.ready:
        told["medischKlaar"] = {
            place: counts.get((code, "klaar", place, ""), 0) for place in DESTINATIONS
        }
    return told


def places(counts: Mapping[Way, int], here: Way, knows: Knows) -> dict[str, Any]:
    names = ["aanwezig", "geopend", "bezet", *(["toegezegd"] if knows.reserved else [])]
    told: dict[str, Any] = {name: counts.get((*here, name), 0) for name in names}
    told["gesloten"] = {
        reason: counts.get((*here, "gesloten", reason), 0)
        for reason in REASONS
        if reason in knows.reasons
    }
    return told
