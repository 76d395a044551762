"""One line of a list of beds: what counts of the bed, or who works, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, TypeVar

from app.faults import Fault
from app.feeds.beds import EMPTY_IN_ISOLATION, REASONS, STATES, Bed, State, band_of, days_from
from app.feeds.columns import YES_NO, columns_of
from app.feeds.counts import BED_TYPE, BED_TYPES, MOMENT
from app.feeds.dutch import Heads, Shift
from app.feeds.lines import Line, fault_at
from app.feeds.splits import DESTINATIONS

DEPARTMENT, ROOM, BED, STATE = "afdeling", "kamer", "bed", "status"
REASON, TAKEN, RESERVED = "reden", "bezet", "toegezegd"
LEAVES, READY, SINCE = "verwachtVertrek", "medischKlaar", "klaarSinds"
ROLE, SHIFT, BEGIN, END = "rol", "dienst", "van", "tot"
HEADS = {column.name: column for column in columns_of(Heads)}
OF_A_BED = (ROOM, BED, STATE, BED_TYPE, REASON, TAKEN, RESERVED, LEAVES, READY, SINCE)
OF_STAFF = (ROLE, SHIFT, BEGIN, END, *HEADS)
COLUMNS = (DEPARTMENT, MOMENT, *OF_A_BED, *OF_STAFF)
# A bed of which no type is told.
ORDINARY = "verpleegbed"
# No day of a stay lies further off, and a day of birth mostly does.
REACH = timedelta(days=366)

Found = TypeVar("Found")
# By what stands in a cell, in small letters.
BY_LETTER = {letter.casefold(): state for letter, state in STATES.items()}
BY_REASON = {name.casefold(): name for name in REASONS}
BY_DESTINATION = {name.casefold(): name for name in DESTINATIONS}
BY_ROLE = {
    str(each.alias).casefold(): str(each.alias)
    for name, each in Shift.model_fields.items()
    if name not in ("van", "tot", "dienst")
}
SAID = {
    STATE: ", ".join(STATES),
    REASON: ", ".join(REASONS),
    BED_TYPE: ", ".join(BED_TYPES.values()),
    READY: ", ".join(DESTINATIONS),
    ROLE: ", ".join(BY_ROLE.values()),
    **dict.fromkeys((TAKEN, RESERVED), ", ".join(YES_NO)),
}


@dataclass
class Reading:
    """A line while it is read. Its cells do not outlive it; what is wrong names row and column."""

    line: Line
    today: date
    wrong: list[Fault] = field(default_factory=list)

    def add(self, code: str, detail: str, column: str = "") -> None:
        self.wrong.append(fault_at(code, detail, self.line.row, column))

    def needs(self, column: str) -> None:
        if not self.line[column]:
            self.add("missing", f"This line needs {column}.", column)

    def word(self, column: str, words: Mapping[str, Found], empty: Found) -> Found:
        cell = self.line[column].casefold()
        if cell and cell not in words:
            self.add("unknown-word", f"Known here: {SAID[column]}.", column)
        return words.get(cell, empty)

    def day(self, column: str) -> date | None:
        cell = self.line[column]
        try:
            day = date.fromisoformat(cell) if len(cell) == 10 else None
        except ValueError:
            day = None
        if cell and (day is None or abs(day - self.today) > REACH):
            detail = "Write a day as 2026-11-22, at most a year off: it is a day of this stay."
            self.add("not-a-day", detail, column)
            return None
        return day


def is_staff(line: Line) -> bool:
    return any(line[column] for column in OF_STAFF)


def is_bed(line: Line) -> bool:
    return any(line[column] for column in OF_A_BED)


def bed_of(reading: Reading) -> Bed:
    """What counts of the bed; only to be used if nothing is wrong."""
    line = reading.line
    reading.needs(BED)
    state = state_of(reading)
    for column in (LEAVES, READY, SINCE):
        if line[column] and not state.occupied:
            detail = "This is of someone in the bed, and in this state there is nobody."
            reading.add("contradicts-state", detail, column)
    leaves = reading.day(LEAVES)
    return Bed(
        department=line[DEPARTMENT],
        bed_type=reading.word(BED_TYPE, BED_TYPES, ORDINARY),
        state=state,
        reserved=reading.word(RESERVED, YES_NO, False),
        leaves=leaves if leaves in days_from(reading.today) else None,
        ready=reading.word(READY, BY_DESTINATION, ""),
        band=waits(reading),
    )


def state_of(reading: Reading) -> State:
    """The state of table 0116, with the reason that is told for closing."""
    reading.needs(STATE)
    state = reading.word(STATE, BY_LETTER, STATES["O"])
    if reading.wrong:
        return state
    taken = reading.word(TAKEN, YES_NO, state.occupied)
    if state == STATES["I"] and not taken:
        state = EMPTY_IN_ISOLATION
    elif taken != state.occupied:
        detail = "This is not so in this state; only an isolated bed (I) is either."
        reading.add("contradicts-state", detail, TAKEN)
    reason = reading.word(REASON, BY_REASON, state.closed)
    if state == STATES["C"]:
        return replace(state, closed=reason)
    if reason != state.closed:
        detail = "This reason goes with a closed bed (C). Leave it out, or correct the state."
        reading.add("contradicts-state", detail, REASON)
    return state


def waits(reading: Reading) -> str:
    """In which band; empty if nobody is ready, or the list does not tell since when."""
    line, since = reading.line, reading.day(SINCE)
    if SINCE in line.cells and bool(line[READY]) != bool(line[SINCE]):
        missing = SINCE if line[READY] else READY
        reading.add("missing", f"Give {READY} and {SINCE} both, or neither.", missing)
    if since is None:
        return ""
    if since > reading.today:
        reading.add("in-the-future", "Nobody is ready since a day that has not come.", SINCE)
        return ""
    return band_of((reading.today - since).days)


def heads_of(reading: Reading) -> tuple[str, dict[str, Any]]:
    """The role of a line of staff, and its heads; how many may be is judged with the message."""
    reading.needs(ROLE)
    reading.needs(SHIFT)
    heads = {
        name: column.value(reading.line[name])
        for name, column in HEADS.items()
        if reading.line[name]
    }
    if not heads:
        reading.add("missing", f"Give the heads: {', '.join(HEADS)}.")
    return reading.word(ROLE, BY_ROLE, ""), heads
