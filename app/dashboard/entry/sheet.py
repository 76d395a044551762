"""The phone form of a unit: what it asks, what it is filled with, and the figures told by it."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from app.dashboard.language import _, capital
from app.dashboard.names import kind_name, role_name
from app.facilities.hours import LOCAL, instant_of
from app.facilities.schemas import UnitFacts
from app.observations.schemas import Period, ReportedFigure

# Why places are closed, in the order in which it happens most.
REASONS: Mapping[str, str] = {
    "staff": "geen personeel",
    "infection": "besmetting",
    "maintenance": "onderhoud",
    "room": "kamer niet bruikbaar",
    "equipment": "apparatuur ontbreekt",
    "material": "materiaal ontbreekt",
    "contract": "geen contract",
    "other": "iets anders",
}
# Of which resources places are counted; of the others the unit says how many it can take.
COUNTED = frozenset({"bed", "treatment-space"})
OFFERED: Mapping[str, Mapping[str, str]] = {
    "care-start": {
        "startsToday": "Nieuwe cliënten vandaag mogelijk",
        "startsThisWeek": "Nieuwe cliënten deze week mogelijk",
    },
    "home-visit": {"acuteVisitsFree": "Vrije acute bezoeken"},
}
# What somebody at the phone knows of a unit without places: now, and of the last whole hour.
ASKED_NOW: Mapping[str, Mapping[str, str]] = {
    "huisartsenpost": {"visitsOpen": "Visites die nog open staan"},
    "coordination": {"waiting": "Wie nu op een plek wacht"},
}
ASKED_OF_AN_HOUR: Mapping[str, Mapping[str, str]] = {
    "huisartsenpost": {
        "calls": "Oproepen",
        "answered": "Beantwoord",
        "answeredWithin120s": "Binnen 2 minuten",
        "answeredOver600s": "Na meer dan 10 minuten",
        "consults": "Consulten",
    },
}
# What is a part of what: it cannot be more.
PARTS: Mapping[str, str] = {
    "answered": "calls",
    "answeredWithin120s": "answered",
    "answeredOver600s": "answered",
}
# What a unit says of itself, for units whose figures do not tell it.
SAID: Mapping[str, str] = {"open": "open", "restricted": "beperkt open", "closed": "gesloten"}
HOUR = timedelta(hours=1)
COUNT = re.compile(r"[0-9]{1,4}")
MOST = 9999
# A text longer than any count or word of the form is not given back: it may be of a person.
LONGEST_GIVEN_BACK = 6
# No more cells than can be told apart.
MOST_CELLS = 14
Day = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Box:
    """One number of the form: `name` as it is sent, `value` as it was told last, or typed now."""

    name: str
    label: str
    value: str = ""
    hint: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """The numbers of one kind of places. `closed_by`: how many are closed by each reason."""

    key: str
    name: str
    total: int | None
    boxes: Sequence[Box]
    plans: Sequence[Box] = ()
    reason: str = ""
    reason_error: str = ""
    closed_by: Mapping[str, int] = field(default_factory=dict)
    # Of figures of a stretch of time: which.
    hour: Day | None = None

    def number(self, measure: str) -> int | None:
        found = next((box.value for box in self.boxes if measure_of(box.name) == measure), "")
        return int(found) if COUNT.fullmatch(found) else None

    @property
    def places(self) -> int | None:
        return self.total if self.total is not None else self.number("physical")

    @property
    def counted(self) -> bool:
        return any(measure_of(box.name) == "closedPlaces" for box in self.boxes)

    @property
    def free(self) -> int | None:
        """What is neither closed, taken nor promised; below zero none is."""
        taken = [self.number(measure) for measure in ("closedPlaces", "occupied")]
        if self.places is None or None in taken:
            return None
        return self.places - sum(filter(None, taken)) - (self.number("reserved") or 0)

    @property
    def cells(self) -> Sequence[str]:
        """One for each place, where they are few."""
        if self.free is None or not 0 < (self.places or 0) <= MOST_CELLS:
            return ()
        parts = (("taken", "occupied"), ("promised", "reserved"), ("shut", "closedPlaces"))
        told = {kind: self.number(measure) or 0 for kind, measure in parts}
        free = max(0, self.free)
        kinds = ["taken"] * told["taken"] + ["promised"] * told["promised"]
        return (kinds + ["free"] * free + ["shut"] * told["shut"])[: self.places]


@dataclass(frozen=True, slots=True)
class Role:
    """Whether there is enough of it today: "0" yes, "1" no, "" not told."""

    name: str
    label: str
    short: str


@dataclass(frozen=True, slots=True)
class Sheet:
    unit: str
    name: str
    lines: Sequence[Line]
    roles: Sequence[Role]
    today: date
    # The report that the form is filled with, and when it was so.
    report: str = ""
    observed_at: datetime | None = None
    error: str = ""
    # What the unit says of itself: "" not told; None: not asked.
    status: str | None = None

    @property
    def hour(self) -> Day | None:
        return next((line.hour for line in self.lines if line.hour is not None), None)

    @property
    def several(self) -> bool:
        return len(self.lines) > 1

    @property
    def wrong(self) -> bool:
        boxes = (box for line in self.lines for box in (*line.boxes, *line.plans))
        return bool(self.error) or any(
            (*(box.error for box in boxes), *(line.reason_error for line in self.lines))
        )

    @property
    def names(self) -> frozenset[str]:
        """Every field that this form sends, or sent before it was known how many places there are:
        the same form may be sent again."""
        boxes = (box.name for line in self.lines for box in (*line.boxes, *line.plans))
        beside = (
            named(each, line.key)
            for line in self.lines
            if line.counted
            for each in ("reason", "physical")
        )
        roles = (role.name for role in self.roles)
        return frozenset({*boxes, *beside, *roles, *(() if self.status is None else ("status",))})


def named(measure: str, key: str) -> str:
    return f"{measure}:{key}"


def measure_of(name: str) -> str:
    return name.partition(":")[0]


def day_of(day: date, ahead: int = 0) -> Day:
    """A whole local day as the period of a plan."""
    first = day + timedelta(days=ahead)
    return instant_of(first, time(0)), instant_of(first + timedelta(days=1), time(0))


def local_day(moment: datetime) -> date:
    return moment.astimezone(LOCAL).date()


def sheet_of(
    unit: str,
    facts: UnitFacts,
    standing: Sequence[Mapping[str, Any]],
    plans: Mapping[tuple[str, datetime], float | None],
    now: datetime,
) -> Sheet:
    """The form, filled with the figures that stand; `plans` by bed type and begin of the day."""
    today = local_day(now)
    kinds: Sequence[str] = [bed.bed_type for bed in facts.beds]
    if facts.resource in COUNTED:
        lines = [places_line(kind, standing, plans, today) for kind in kinds or [""]]
    elif facts.resource in OFFERED:
        lines = [offered_line(facts.resource, standing)]
    else:
        lines = asked_lines(facts.care_setting, standing, now)
    roles = [
        Role(
            named("shortToday", role), role_name(role), shown(of(standing, "shortToday", role=role))
        )
        for role in facts.roles
    ]
    return Sheet(unit, facts.name, lines, roles, today)


def of(
    standing: Sequence[Mapping[str, Any]], measure: str, bed_type: str = "", **words: str
) -> float | None:
    """What stands of one figure; those of a kind that are told by a split do not count here."""
    asked = {"bed_type": bed_type, "role": "", "reason": "", **words}
    split = ("shift", "urgency", "destination", "profile", "age_band", "area")
    for row in standing:
        same = row["measure"] == measure and all(row[n] == word for n, word in asked.items())
        if same and not any(row[name] for name in split):
            value: float | None = row["value"]
            return value
    return None


def shown(value: float | None) -> str:
    return "" if value is None else str(int(value))


def places_line(
    kind: str,
    standing: Sequence[Mapping[str, Any]],
    plans: Mapping[tuple[str, datetime], float | None],
    today: date,
) -> Line:
    by_reason = {reason: of(standing, "closedPlaces", kind, reason=reason) for reason in REASONS}
    closed_by = {reason: int(n) for reason, n in by_reason.items() if n is not None}
    closed = sum(closed_by.values()) if closed_by else None
    staffed, physical = of(standing, "staffed", kind), of(standing, "physical", kind)
    if physical is None and staffed is not None:
        physical = staffed + (closed or 0)
    if closed is None and physical is not None and staffed is not None:
        closed = max(0, int(physical - staffed))
    total = None if physical is None else int(physical)
    reason = max(closed_by, key=closed_by.__getitem__) if any(closed_by.values()) else ""
    if closed and not reason:
        reason = "other"  # closed, and never told why
    boxes = [
        Box(named("occupied", kind), _("Bezet"), shown(of(standing, "occupied", kind))),
        Box(
            named("reserved", kind),
            _("Toegezegd"),
            shown(of(standing, "reserved", kind)),
            _("leeg, maar beloofd aan iemand"),
        ),
        Box(named("closedPlaces", kind), _("Dicht"), shown(closed)),
    ]
    if total is None:
        asked = Box(named("physical", kind), _("Plekken in totaal"), "", _("ook die dicht zijn"))
        boxes.insert(0, asked)
    leaving = ((_("Vertrekt vandaag"), "today", 0), (_("Vertrekt morgen"), "tomorrow", 1))
    told = [
        Box(named(name, kind), label, shown(plans.get((kind, day_of(today, ahead)[0]))))
        for label, name, ahead in leaving
    ]
    return Line(kind, capital(kind_name(kind)), total, boxes, told, reason, "", closed_by)


def offered_line(resource: str, standing: Sequence[Mapping[str, Any]]) -> Line:
    boxes = [
        Box(named(measure, ""), _(label), shown(of(standing, measure)))
        for measure, label in OFFERED[resource].items()
    ]
    return Line("", _("Wat er bij kan"), None, boxes)


def without_places(facts: UnitFacts) -> bool:
    """Of such a unit the form asks how it is open."""
    return facts.resource not in COUNTED and facts.resource not in OFFERED


def asked_lines(
    care_setting: str, standing: Sequence[Mapping[str, Any]], now: datetime
) -> list[Line]:
    """What stands now is filled in; an hour is new each time."""
    boxes = [
        Box(named(measure, ""), _(label), shown(of(standing, measure)))
        for measure, label in ASKED_NOW.get(care_setting, {}).items()
    ]
    past = [
        Box(named(measure, ""), _(label))
        for measure, label in ASKED_OF_AN_HOUR.get(care_setting, {}).items()
    ]
    lines = [Line("", _("Nu"), None, boxes)] if boxes else []
    return [*lines, of_hour(Line("", "", None, past), whole_hour(now))] if past else lines


def whole_hour(now: datetime) -> Day:
    """The last one that is over. Zones of whole hours, as ours, begin it together."""
    end = now.replace(minute=0, second=0, microsecond=0)
    return end - HOUR, end


def of_hour(line: Line, hour: Day) -> Line:
    begin, end = (each.astimezone(LOCAL) for each in hour)
    name = _("Van {begin} tot {end} uur", begin=f"{begin:%H:%M}", end=f"{end:%H:%M}")
    return replace(line, name=name, hour=hour)


def at_hour(sheet: Sheet, hour: Day) -> Sheet:
    """The same form as it was opened, of the hour that it then asked."""
    lines = [line if line.hour is None else of_hour(line, hour) for line in sheet.lines]
    return replace(sheet, lines=lines)


def typed(sheet: Sheet, told: Mapping[str, str]) -> Sheet:
    """The form with what was typed in it, and with what is wrong beside each field."""
    lines = [typed_line(line, told) for line in sheet.lines]
    roles = [Role(r.name, r.label, one_of(told.get(r.name, ""), "01")) for r in sheet.roles]
    said = [box.value for line in lines for box in (*line.boxes, *line.plans)]
    status = sheet.status if sheet.status is None else one_of(told.get("status", ""), SAID)
    empty = not any(said) and not any(role.short for role in roles) and not status
    errors = any(box.error for line in lines for box in (*line.boxes, *line.plans))
    totals = (told.get(named("physical", line.key), "") for line in sheet.lines)
    strange = (
        any(told.get(role.name, "") not in ("", "0", "1") for role in sheet.roles)
        or any(total and not COUNT.fullmatch(total) for total in totals)
        or not set(told) <= sheet.names
        or told.get("status", "") not in ("", *SAID)
    )
    error = ""
    if strange and not errors:
        error = _("Dit formulier kwam anders aan dan het is. Open het opnieuw en vul het in.")
    elif empty and not errors:
        asks_numbers = any((*line.boxes, *line.plans) for line in lines)
        error = (
            _("Vul ten minste één getal in.") if asks_numbers else _("Kies ten minste één ding.")
        )
    return Sheet(
        *(sheet.unit, sheet.name, lines, roles, sheet.today, sheet.report, sheet.observed_at),
        *(error, status),
    )


def one_of(value: str, known: Collection[str]) -> str:
    return value if value and value in known else ""


def typed_line(line: Line, told: Mapping[str, str]) -> Line:
    boxes = [typed_box(box, told) for box in line.boxes]
    plans = [typed_box(box, told) for box in line.plans]
    said = told.get(named("reason", line.key), "")
    reason = said if said in REASONS else ""
    every = told.get(named("physical", line.key), "")
    total = int(every) if line.total is not None and COUNT.fullmatch(every) else line.total
    entered = Line(*(line.key, line.name, total, boxes, plans, reason), closed_by=line.closed_by)
    boxes = [with_error(box, no_part(box, entered)) for box in boxes]
    closed, places = entered.number("closedPlaces"), entered.places
    if any(box.value for box in boxes) and line.counted:
        boxes = [needed(box) for box in boxes]
    if closed is not None and places is not None and closed > places:
        more = _("Er zijn {n} plekken. Dicht kan niet meer zijn dan dat.", n=places)
        boxes = [with_error(box, more) if is_of(box, "closedPlaces") else box for box in boxes]
    wrong = said not in ("", reason) or (bool(closed) and not reason)
    why = _("Kies waarom er plekken dicht zijn.") if wrong else ""
    told_line = (line.key, line.name, total, boxes, plans, reason, why, line.closed_by)
    return Line(*told_line, hour=line.hour)


def no_part(box: Box, line: Line) -> str:
    """Who was helped in time was helped, and who was helped called."""
    whole = PARTS.get(measure_of(box.name), "")
    number, most = line.number(measure_of(box.name)), line.number(whole)
    if number is None or most is None or number <= most:
        return ""
    return _("Dat is meer dan het geheel: {n}.", n=most)


def is_of(box: Box, measure: str) -> bool:
    return measure_of(box.name) == measure


def with_error(box: Box, error: str) -> Box:
    return Box(box.name, box.label, box.value, box.hint, box.error or error)


def needed(box: Box) -> Box:
    """Of places that are told at all: how many are taken and how many closed; none is 0."""
    if box.value or box.error or is_of(box, "reserved"):
        return box
    return with_error(box, _("Vul een getal in; 0 als er geen is."))


def typed_box(box: Box, told: Mapping[str, str]) -> Box:
    value = told.get(box.name, "")
    if value and not COUNT.fullmatch(value):
        error = _("Vul een heel getal in, van 0 tot {most}.", most=MOST)
        kept = value if len(value) <= LONGEST_GIVEN_BACK else ""
        return Box(box.name, box.label, kept, box.hint, error)
    return Box(box.name, box.label, value, box.hint)


def stepped(told: Mapping[str, str], step: str) -> dict[str, str]:
    """What was typed, with one number one higher or lower: `occupied:elv-low+`."""
    name, way = step[:-1], step[-1:]
    now = told.get(name, "")
    if way not in ("+", "-") or (now and not COUNT.fullmatch(now)):
        return dict(told)
    value = min(MOST, max(0, int(now or 0) + (1 if way == "+" else -1)))
    return {**told, name: str(value)}


def figures(sheet: Sheet) -> Sequence[ReportedFigure]:
    """What the form tells, once nothing in it is wrong. A field left empty tells nothing."""
    told = [figure for line in sheet.lines for figure in line_figures(line, sheet.today)]
    told += [
        ReportedFigure(measure="shortToday", value=float(r.short), role=r.name.partition(":")[2])
        for r in sheet.roles
        if r.short
    ]
    return told


def line_figures(line: Line, today: date) -> Iterator[ReportedFigure]:
    kind = line.key or None
    period = line.hour and Period(start=line.hour[0], end=line.hour[1])
    numbers = {measure_of(box.name): line.number(measure_of(box.name)) for box in line.boxes}
    closed = numbers.pop("closedPlaces", None)
    if line.places is not None and closed is not None:
        numbers |= {"physical": line.places, "staffed": line.places - closed}
        for reason, value in closures(line, closed).items():
            yield ReportedFigure(
                measure="closedPlaces", value=float(value), bed_type=kind, reason=reason
            )
    for measure, number in numbers.items():
        if number is not None:
            yield ReportedFigure(measure=measure, value=float(number), bed_type=kind, period=period)
    for box, ahead in zip(line.plans, (0, 1), strict=False):
        if box.value:
            start, end = day_of(today, ahead)
            yield ReportedFigure(
                measure="expectedDischarges",
                value=float(box.value),
                bed_type=kind,
                period=Period(start=start, end=end),
            )


def closures(line: Line, closed: int) -> Mapping[str, int]:
    """How many are closed by each reason. The form asks for one reason; where several stood and
    nothing has changed they stay, else all are of the one that was chosen."""
    before = line.closed_by
    usual = max(before, key=before.__getitem__) if any(before.values()) else ""
    if closed == sum(before.values()) and (not closed or line.reason == usual):
        return before if before else {"staff": 0}
    reason = line.reason or "other"
    return {**dict.fromkeys(before, 0), reason: closed} if closed else dict.fromkeys(before, 0)
