"""The region as one viewer may see it: every figure passes disclosure here, and nowhere else."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.access.disclosure import Detail, Disclosure, Shown
from app.facilities.hours import LOCAL
from app.facilities.schemas import RuleFacts
from app.observations.schemas import Freshness
from app.overview.places import (
    REASONS,
    ROLE,
    SHIFT,
    UNTOLD,
    Line,
    Part,
    Told,
    summed,
    together,
)
from app.overview.region import LineNow, Risk, Total, UnitNow
from app.signals.levels import Level, nedocs_band
from app.wire import instant

Figure = dict[str, Any]
SUPPRESSED: Figure = {
    "value": None,
    "state": "suppressed",
    "observedAt": None,
    "ageSeconds": None,
    "freshness": "unknown",
    "doubts": (),
    "of": None,
}
# 1 to 4 people: that it is so few may be said, not how few.
FEW: Figure = {**SUPPRESSED, "doubts": ("few",)}
NOT_APPLICABLE: Figure = {**SUPPRESSED, "state": "notApplicable"}
UNKNOWN: Figure = {**SUPPRESSED, "state": "unknown"}
# A total of others is shown from so many providers on (domain.md 6), so that none is laid bare.
PROVIDERS = 3
# Details from which on one may know that staff is short.
SHORT: tuple[Detail, ...] = ("exact", "yes-no")
# From which detail on the level of a total may be shown, which is less than its number.
LEVEL: tuple[Detail, ...] = ("exact", "level", "total")
GRADES: tuple[Freshness, ...] = ("fresh", "ageing", "stale", "unknown")
# The figures of a line: its part, its name on the wire, and the row of the matrix it is in.
LINE: tuple[tuple[str, str, Shown], ...] = (
    ("admittable", "admittable", "admittable"),
    ("free", "free", "occupancy"),
    ("physical", "physical", "occupancy"),
    ("staffed", "staffed", "occupancy"),
    ("occupied", "occupied", "occupancy"),
    ("reserved", "reserved", "occupancy"),
    ("closed", "closedPlaces", "occupancy"),
)


@dataclass
class View:
    """One viewer at one moment. What disclosure says of an owner is asked once."""

    disclosure: Disclosure
    as_of: datetime
    details: dict[tuple[int, Shown], tuple[Detail, timedelta]] = field(default_factory=dict)
    # Most figures of a unit share one moment, so that its text is written once.
    moments: dict[tuple[datetime, bool], tuple[str, int]] = field(default_factory=dict)

    def detail(self, owner: int, shown: Shown) -> tuple[Detail, timedelta]:
        found = (self.disclosure.detail(owner, shown), self.disclosure.delay(owner, shown))
        self.details[owner, shown] = found
        return found

    def sees(
        self, owner: int, shown: Shown, at: datetime | None, enough: Sequence[Detail] = ("exact",)
    ) -> bool:
        detail, delay = self.details.get((owner, shown)) or self.detail(owner, shown)
        if detail not in enough:
            return False
        return not delay or (at is not None and self.as_of - at >= delay)

    def age(self, at: datetime) -> int:
        return int((self.as_of - at).total_seconds())

    def figure(
        self,
        part: Part,
        owner: int,
        shown: Shown,
        freshness: Freshness,
        enough: Sequence[Detail] = ("exact",),
        *,
        of_people: bool = True,
    ) -> Figure:
        """`of_people`: it counts people, of whom few may point at one; no share or yes does."""
        if not self.sees(owner, shown, part.at, enough):
            return SUPPRESSED
        if part.at is None:
            return UNKNOWN
        if of_people and self.disclosure.small(owner, shown, part.value):
            return FEW
        return self.told(part.value, part.at, part.day, freshness, part.doubts)

    def told(
        self,
        value: float | None,
        at: datetime,
        day: bool,
        freshness: Freshness,
        doubts: Sequence[str],
        of: tuple[int, int] | None = None,
    ) -> Figure:
        observed_at, age = self.moments.get((at, day)) or self.moment(at, day)
        return {
            "value": number(value),
            "state": "unknown" if value is None else "known",
            "observedAt": observed_at,
            "ageSeconds": age,
            "freshness": freshness,
            "doubts": doubts,
            "of": of and {"current": of[0], "total": of[1]},
        }

    def moment(self, at: datetime, day: bool) -> tuple[str, int]:
        text = at.astimezone(LOCAL).date().isoformat() if day else instant(at)
        self.moments[at, day] = found = (text, self.age(at))
        return found


def number(value: float | None) -> float | int | None:
    return int(value) if value is not None and value == int(value) else value


def overview(
    found: Sequence[UnitNow],
    totals: Sequence[Total],
    rules: Mapping[Any, RuleFacts],
    view: View,
    *,
    known_at: datetime,
    fictief: bool,
    group: str | None,
    care_setting: str | None,
) -> dict[str, Any]:
    """The whole answer, as it goes on the wire."""
    return {
        "asOf": instant(view.as_of),
        "knownAt": instant(known_at),
        "fictief": fictief,
        "group": group,
        "careSetting": care_setting,
        "units": [unit(now, view) for now in found],
        "totals": [total(each, view) for each in totals],
        "levelRules": [
            {"rule": rule, "source": told.source, "year": told.year, "settings": told.settings}
            for rule, told in sorted(rules.items())
        ],
    }


def level(word: Level, seen: bool) -> dict[str, Any]:
    if not seen:
        return {"level": None, "state": "suppressed"}
    return {"level": word, "state": "unknown" if word == "onbekend" else "known"}


WORDED = {code: {"code": code, "nl": nl, "en": en} for code, (nl, en) in REASONS.items()}


def reasons(codes: Iterable[str]) -> list[dict[str, str]]:
    return [WORDED[code] for code in dict.fromkeys(codes)]


def unit(now: UnitNow, view: View) -> dict[str, Any]:
    owner, facts = now.unit.org_id, now.unit.facts
    seen = view.sees(owner, "admittable", now.observed_at or view.as_of)
    # Hours are master data and open to all; a unit's own word is not.
    closed = now.allowed.closed if seen else "outside-opening-hours" in now.allowed.reasons
    at = now.observed_at if seen or view.sees(owner, "occupancy", now.observed_at) else None
    stale = ("stale",) if now.offered == "stale" else ()
    codes = (*now.allowed.reasons, *(c for each in now.lines for c in each.line.reasons), *stale)
    return {
        "unit": now.unit.unit,
        "name": facts.name,
        "organisation": now.unit.organisation,
        "facility": facts.facility,
        "careSetting": facts.care_setting,
        "level": level(now.level, seen),
        "status": status(now, view, seen),
        "closed": closed,
        "observedAt": at and instant(at),
        "ageSeconds": view.age(at) if at else None,
        "freshness": (now.offered if now.lines else now.freshness) if at else "unknown",
        "reasons": reasons(codes) if seen else None,
        "stops": stops(now, view) if seen else None,
        "places": [places(each, view) for each in now.lines],
        "medicallyReady": people(now, "medicallyReady", view),
        "waiting": people(now, "waiting", view),
        "short": short(now, view),
        "reachability": reachability(now, view),
        "crowding": crowding(now, view),
    }


def status(now: UnitNow, view: View, seen: bool) -> dict[str, Any]:
    said, owner = now.said, now.unit.org_id
    state = "suppressed" if not seen else "unknown" if said is None else "known"
    shown = said if seen else None
    return {
        "status": shown and shown.status,
        "state": state,
        "observedAt": shown and instant(shown.at),
        "ageSeconds": view.age(shown.at) if shown else None,
        "reason": shown and shown_reason(shown.reason, owner, view),
        "source": shown and shown.source,
        "differs": now.differs if seen else None,
    }


def shown_reason(reason: str | None, owner: int, view: View) -> str | None:
    return reason if reason and view.disclosure.sees_reason(owner, reason) else None


def stops(now: UnitNow, view: View) -> list[dict[str, Any]]:
    return [
        {
            "kind": stop.kind,
            "appliesTo": stop.applies_to,
            "specialism": stop.specialism,
            "beginsAt": instant(stop.begins_at),
            "expectedUntil": stop.expected_until and instant(stop.expected_until),
            "overdue": stop.overdue(view.as_of),
            "reason": shown_reason(stop.reason, now.unit.org_id, view),
            "source": stop.source,
        }
        for stop in now.stops
    ]


def applies(line: Line, attribute: str) -> bool:
    return line.counted or attribute == "admittable"


def line_figure(each: LineNow, attribute: str, shown: Shown, view: View) -> Figure:
    if not applies(each.line, attribute):
        return NOT_APPLICABLE
    now = each.unit
    freshness = now.offered if shown == "admittable" else now.freshness
    return view.figure(getattr(each.line, attribute), now.unit.org_id, shown, freshness)


def places(each: LineNow, view: View) -> dict[str, Any]:
    line, now = each.line, each.unit
    owner = now.unit.org_id
    seen = view.sees(owner, "admittable", now.observed_at or view.as_of)
    return {
        "resource": line.resource,
        "bedType": line.bed_type or None,
        "usableAs": line.usable_as,
        "law": line.law,
        "level": level(each.level, seen),
        **{wire: line_figure(each, name, shown, view) for name, wire, shown in LINE},
        "closedBy": closed_by(each, view),
        "refusalRisk": risk(each.risk, owner, now.observed_at, now.offered, view),
        "reasons": reasons(line.reasons) if seen else None,
    }


def closed_by(each: LineNow, view: View) -> list[dict[str, Any]]:
    """Per reason; one that only the owner may see is told among the others."""
    now, owner = each.unit, each.unit.unit.org_id
    found: dict[str, list[Part]] = {}
    for reason, part in each.line.closed_by.items():
        if not view.sees(owner, "occupancy", part.at):
            continue
        name = reason if view.disclosure.sees_reason(owner, reason) else "other"
        found.setdefault(name, []).append(part)
    return [
        {
            "reason": reason,
            "places": view.figure(added(parts), owner, "occupancy", now.freshness),
        }
        for reason, parts in sorted(found.items())
    ]


def added(parts: Sequence[Part]) -> Part:
    known = [part.value for part in parts if part.value is not None]
    return Part(
        value=sum(known) if len(known) == len(parts) else None,
        at=max((part.at for part in parts if part.at), default=None),
        day=any(part.day for part in parts),
        doubts=together(part.doubts for part in parts),
    )


def risk(
    told: Risk, owner: int, at: datetime | None, freshness: Freshness, view: View
) -> dict[str, Any]:
    """Rests on requests and occupancy, so it is shown to whom may see those of all in it."""
    if not told.applies:
        return {**NOT_APPLICABLE, "basis": told.basis}
    owners = {owner, *told.owners}
    rows: tuple[Shown, ...] = ("demand", "occupancy")
    if not all(view.sees(each, row, at or view.as_of) for each in owners for row in rows):
        return {**SUPPRESSED, "basis": told.basis}
    if told.value is None or at is None:
        return {**UNKNOWN, "basis": told.basis}
    value = round(told.value, 4)
    figure = view.told(value, at, False, freshness, (), (told.members, told.of))
    return {**figure, "basis": told.basis}


def people(now: UnitNow, measure: str, view: View) -> Figure:
    cells = now.cells.get(measure, ())
    if not cells:
        return view.figure(UNTOLD, now.unit.org_id, "demand", "unknown")
    return view.figure(in_all(cells), now.unit.org_id, "demand", now.freshness)


def in_all(cells: Sequence[Told]) -> Part:
    """Over all bed types: those of each together, or the unit as a whole if that is newer."""
    as_whole = [told for told in cells if not told.bed_type]
    typed: dict[str, list[Told]] = {}
    for told in cells:
        if told.bed_type:
            typed.setdefault(told.bed_type, []).append(told)
    parts = added([summed(each) for each in typed.values()]) if typed else UNTOLD
    whole = summed(as_whole)
    if whole.at is not None and (parts.at is None or whole.at >= parts.at):
        return whole
    return parts


def short(now: UnitNow, view: View) -> list[dict[str, Any]]:
    """Staff as yes or no, per role and shift: never a sum over roles."""
    owner = now.unit.org_id
    found: dict[tuple[str, str], dict[str, Told]] = {}
    for measure in ("shortToday", "shortThisWeek"):
        for told in now.cells.get(measure, ()):
            if not view.sees(owner, "staff", told.at, SHORT):
                continue
            found.setdefault((told.split[ROLE], told.split[SHIFT]), {})[measure] = told

    def figure(told: Told | None) -> Figure:
        part = Part(told.value, told.at, told.day, told.doubts) if told else UNTOLD
        return view.figure(part, owner, "staff", now.freshness, SHORT, of_people=False)

    return [
        {
            "role": role,
            "shift": shift or None,
            "shortToday": figure(told.get("shortToday")),
            "shortThisWeek": figure(told.get("shortThisWeek")),
        }
        for (role, shift), told in sorted(found.items())
    ]


def reachability(now: UnitNow, view: View) -> dict[str, Any] | None:
    told = now.reachability
    if told is None:
        return None
    shares: Mapping[str, float | None] = {
        "within120s": told.calls.share_within_120s,
        "over600s": told.calls.share_over_600s,
        "urgentWithin30s": told.calls.share_urgent_within_30s,
        "longestWaitSeconds": told.longest_wait_seconds,
    }
    return {
        name: view.figure(
            Part(None if value is None else round(value, 4), told.until),
            now.unit.org_id,
            "demand",
            now.freshness,
            of_people=False,
        )
        for name, value in shares.items()
    }


def crowding(now: UnitNow, view: View) -> dict[str, Any] | None:
    told, owner = now.crowding, now.unit.org_id
    if told is None:
        return None
    score = Part(None if told.score is None else round(told.score, 1), told.at)
    inputs = {**told.inputs, "hospitalBeds": Part(told.hospital_beds, told.at)}
    seen = view.sees(owner, "demand", told.at or view.as_of)
    return {
        "nedocs": view.figure(score, owner, "demand", now.freshness, of_people=False),
        "band": nedocs_band(told.score) if seen and told.score is not None else None,
        "inputs": {
            name: view.figure(part, owner, "demand", now.freshness_of(part))
            for name, part in inputs.items()
        },
    }


def total(told: Total, view: View) -> dict[str, Any]:
    lines, owners = told.lines, {each.unit.unit.org_id for each in told.lines}
    seen = all(
        view.sees(each.unit.unit.org_id, "admittable", each.unit.observed_at or view.as_of, LEVEL)
        for each in lines
    )
    ends = [each.unit.observed_at for each in lines if each.unit.observed_at is not None]
    freshness = worst(each.unit.offered for each in lines)
    owner = min(owners, default=view.disclosure.viewer.org_id)
    return {
        "careSetting": told.care_setting,
        "resource": told.resource,
        "bedType": told.bed_type or None,
        "units": len({each.unit.unit.unit for each in lines}),
        "level": level(told.level, seen),
        "usable": total_figure(told.usable, "admittable", "admittable", view),
        **{wire: total_figure(lines, name, shown, view) for name, wire, shown in LINE},
        "refusalRisk": risk(told.risk, owner, min(ends, default=None), freshness, view),
    }


def worst(grades: Iterable[Freshness]) -> Freshness:
    return max(grades, key=GRADES.index, default="unknown")


def total_figure(
    lines: Sequence[LineNow], attribute: str, shown: Shown, view: View
) -> dict[str, Any]:
    """The sum of what is known, with how many parts are up to date.

    Suppressed if one part is. Unknown only if no part is known; otherwise a part that is not
    known leaves the doubt `part-unknown`: what is given is then less than the whole.
    """
    parts = [
        (getattr(each.line, attribute), each.unit)
        for each in lines
        if applies(each.line, attribute)
    ]
    if not parts:
        return NOT_APPLICABLE
    if not total_seen([(now.unit.org_id, part.at) for part, now in parts], shown, view):
        return SUPPRESSED
    grade: Callable[[UnitNow], Freshness] = (
        (lambda now: now.offered) if shown == "admittable" else (lambda now: now.freshness)
    )
    current = sum(p.value is not None and grade(now) == "fresh" for p, now in parts)
    of = (current, len(parts))
    known = [(part, now) for part, now in parts if part.value is not None]
    if not known:
        return {**UNKNOWN, "of": {"current": of[0], "total": of[1]}}
    doubts = together(part.doubts for part, _ in known)
    if len(known) < len(parts):
        doubts = (*doubts, "part-unknown")
    return view.told(
        value=sum(part.value for part, _ in known),
        at=min(part.at for part, _ in known),
        day=any(part.day for part, _ in known),
        freshness=worst(grade(now) for _, now in known),
        doubts=doubts,
        of=of,
    )


def total_seen(parts: Sequence[tuple[int, datetime | None]], shown: Shown, view: View) -> bool:
    """Every part may be seen, or all may be in a total and enough providers are."""
    owners = {owner for owner, _ in parts}
    if all(view.sees(owner, shown, at or view.as_of) for owner, at in parts):
        return True
    enough: tuple[Detail, ...] = ("exact", "total")
    others = {owner for owner in owners if not view.disclosure.owns(owner)}
    in_total = all(view.sees(owner, shown, at or view.as_of, enough) for owner, at in parts)
    return in_total and len(others) >= PROVIDERS
