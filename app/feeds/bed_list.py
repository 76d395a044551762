"""A list of beds as a message of counts per department; of rooms and beds nothing is left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from app.faults import Fault
from app.feeds.bed_lines import (
    BED,
    BEGIN,
    COLUMNS,
    DEPARTMENT,
    END,
    LEAVES,
    READY,
    REASON,
    RESERVED,
    ROLE,
    ROOM,
    SHIFT,
    SINCE,
    STATE,
    Reading,
    bed_of,
    heads_of,
    is_bed,
    is_staff,
)
from app.feeds.beds import OF_STATES, REASONS, Bed, Knows, Way, fold, ward
from app.feeds.counts import BED_TYPE, MOMENT
from app.feeds.lines import Cells, Line, Text, Unread, fault_at, read_lines
from app.feeds.meant import Cell, Meant
from app.feeds.messages import Moment
from app.forecasts.calendar import local_day

MOMENTS: TypeAdapter[datetime] = TypeAdapter(Moment)


def lists_beds(found: Sequence[Cells]) -> bool:
    """By its header."""
    return any(cell.casefold() in (ROOM, BED) for cell in found[0][1])


def messages_of(found: Sequence[Cells], arrived: datetime) -> list[Meant]:
    """One message for the list. Raises `Unread` if its columns or moments are wrong."""
    text = read_lines(found, COLUMNS, [DEPARTMENT, BED, STATE])
    moment = moment_of(text.lines)
    today = local_day(observed(moment, arrived))
    departments: dict[str, Department] = {}
    for line in text.lines:
        new = Department(line[DEPARTMENT], line.row, today)
        departments.setdefault(new.code, new).take(line)
    told = [departments[code] for code in sorted(departments)]
    counts, knows = fold(bed for each in told for bed in each.beds), knows_of(text)
    cells: dict[str, Cell] = {"/peilmoment": (text.lines[0].row, MOMENT)}
    for n, each in enumerate(told):
        cells |= {f"/afdelingen/{n}{way}": cell for way, cell in each.cells.items()}
    message = {"afdelingen": [each.message(counts, knows) for each in told]}
    wrong = {f"/afdelingen/{n}": each.wrong for n, each in enumerate(told) if each.wrong}
    return [Meant(message | ({"peilmoment": moment} if moment else {}), cells, wrong)]


def moment_of(lines: Sequence[Line]) -> str:
    """Of the whole list: on one line, or the same on several."""
    told = {line[MOMENT]: line.row for line in reversed(lines) if line[MOMENT]}
    if len(told) > 1:
        detail = "A list of beds is of one moment: say it on one line, or the same on each."
        raise Unread([fault_at("several-moments", detail, max(told.values()), MOMENT)])
    return next(iter(told), "")


def observed(moment: str, arrived: datetime) -> datetime:
    try:
        return MOMENTS.validate_python(moment) if moment else arrived
    except ValidationError:
        return arrived  # refused, by its place, when the message is read


def knows_of(text: Text) -> Knows:
    return Knows(
        reasons=REASONS if REASON in text.columns else OF_STATES,
        reserved=RESERVED in text.columns,
        leaves=LEAVES in text.columns,
        ready=READY in text.columns,
        bands=SINCE in text.columns,
    )


@dataclass
class Department:
    """What the lines say of one department so far; `seen` is all that knows a bed by name."""

    code: str
    row: int
    today: date
    beds: list[Bed] = field(default_factory=list)
    shifts: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    cells: dict[str, Cell] = field(default_factory=dict)
    wrong: list[Fault] = field(default_factory=list)
    seen: set[tuple[str, str]] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        self.cells |= {"": (self.row, ""), "/code": (self.row, DEPARTMENT)}

    def take(self, line: Line) -> None:
        reading = Reading(line, self.today)
        if is_bed(line) == is_staff(line):
            detail = f"A line is of a bed ({BED}, {STATE}) or of staff ({ROLE}, {SHIFT})."
            reading.add("bed-or-staff", detail)
        elif is_staff(line):
            self.take_staff(reading)
        else:
            self.take_bed(reading)
        self.wrong += reading.wrong

    def take_bed(self, reading: Reading) -> None:
        line = reading.line
        bed, name = bed_of(reading), (line[ROOM].casefold(), line[BED].casefold())
        if name in self.seen:
            reading.add("bed-twice", "This bed stands in the list already. List it once.", BED)
        self.seen.add(name)
        self.beds.append(bed)
        self.cells.setdefault(f"/bedden/{bed.bed_type}", (line.row, BED_TYPE))

    def take_staff(self, reading: Reading) -> None:
        line = reading.line
        role, heads = heads_of(reading)
        name = (line[SHIFT], line[BEGIN])
        shift = self.shifts.setdefault(
            name, {"dienst": line[SHIFT], "van": line[BEGIN], "tot": line[END]}
        )
        at = f"/personeel/{list(self.shifts).index(name)}"
        for way, column in ((at, ""), (f"{at}/dienst", SHIFT), (f"{at}/van", BEGIN)):
            self.cells.setdefault(way, (line.row, column))
        self.cells.setdefault(f"{at}/tot", (line.row, END))
        if shift["tot"] != line[END]:
            reading.add("ends-differ", "The lines of one shift have the same end.", END)
        if role in shift:
            reading.add("told-twice", "This role stands in this shift already.", ROLE)
        if role:
            shift[role] = heads
            self.cells |= {f"{at}/{role}/{each}": (line.row, each) for each in heads}

    def message(self, counts: Mapping[Way, int], knows: Knows) -> dict[str, Any]:
        told: dict[str, Any] = {"code": self.code}
        if self.beds:
            told = ward(self.code, {bed.bed_type for bed in self.beds}, counts, knows, self.today)
        if self.shifts:
            told["personeel"] = list(self.shifts.values())
        return told
