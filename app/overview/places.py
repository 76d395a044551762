"""The places of a unit: which source holds, what is free, what is admittable now, and why not."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.facilities.schemas import Entrance, UnitFacts
from app.observations.notices.known import StopKnown

# domain.md 7: for so long a hand entry stands above a feed.
HAND_HOLDS = timedelta(hours=4)
# Above one another for one unit and moment; a hand entry that no longer holds comes after the
# feed that it corrected.
PRECEDENCE = ("feed", "hand", "mandate", "import")
# Resources that are counted as places: what is free of them can be reckoned.
COUNTED = frozenset({"bed", "treatment-space"})
# For other resources the unit tells itself how many it can take.
OFFERED = {"care-start": "startsToday", "home-visit": "acuteVisitsFree"}
# The dimensions beside resource and bed type, in the order of `Told.split`.
SPLIT = ("role", "shift", "reason", "urgency", "destination", "profile", "age_band", "area")
ROLE, SHIFT, REASON = (SPLIT.index(name) for name in ("role", "shift", "reason"))
PLACES = ("physical", "staffed", "closedPlaces", "occupied", "reserved", "admittable")


@dataclass(frozen=True, slots=True)
class Told:
    """A stock figure as one source told it last. `split` holds the dimensions beside place."""

    measure: str
    resource: str
    bed_type: str
    split: tuple[str, ...]
    source_kind: str
    at: datetime
    value: float | None
    day: bool = False
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A figure with when it was so; `at` is None when nobody ever told it."""

    value: float | None = None
    at: datetime | None = None
    day: bool = False
    doubts: tuple[str, ...] = ()


UNTOLD = Part()
Cells = Mapping[str, Sequence[Told]]


def holds(candidates: Sequence[Told], as_of: datetime, stale: Callable[[datetime], bool]) -> Told:
    """Of what several sources told about one thing, the figure that holds.

    A hand entry for four hours; then the own feed, hand, mandate and import, each as long as it
    is not stale. When all are stale, the newest.
    """
    if len(candidates) == 1:
        return candidates[0]
    by_hand = [t for t in candidates if t.source_kind == "hand" and as_of - t.at <= HAND_HOLDS]
    if by_hand:
        return max(by_hand, key=lambda told: told.at)
    current = [told for told in candidates if not stale(told.at)]
    if current:
        return min(current, key=lambda told: PRECEDENCE.index(told.source_kind))
    return max(candidates, key=lambda told: (told.at, -PRECEDENCE.index(told.source_kind)))


def resolved(told: Iterable[Told], as_of: datetime, stale: Callable[[datetime], bool]) -> Cells:
    """Per measure one figure for each resource, bed type and split."""
    candidates: dict[tuple[str, str, str, tuple[str, ...]], list[Told]] = {}
    for each in told:
        key = (each.measure, each.resource, each.bed_type, each.split)
        candidates.setdefault(key, []).append(each)
    cells: dict[str, list[Told]] = {}
    for (measure, *_), found in candidates.items():
        cells.setdefault(measure, []).append(holds(found, as_of, stale))
    return cells


def summed(parts: Sequence[Told]) -> Part:
    """A measure that is told as a whole or in splits: of the parts that hold the sum, which is
    unknown if one of them is."""
    if not parts:
        return UNTOLD
    if len(parts) == 1:
        told = parts[0]
        return Part(told.value, told.at, told.day, told.doubts)
    chosen = counted_once(parts)
    values = [told.value for told in chosen]
    known = [value for value in values if value is not None]
    return Part(
        value=sum(known) if len(known) == len(values) else None,
        at=max(told.at for told in chosen),
        day=any(told.day for told in chosen),
        doubts=together(told.doubts for told in chosen),
    )


def counted_once(parts: Sequence[Told]) -> Sequence[Told]:
    """Less what tells the same people again: of a part and its own parts the newer; of ways of
    splitting that do not nest (by urgency, by destination) the one that was told last."""
    ways = {tuple(map(bool, told.split)) for told in parts}
    if len(ways) == 1 and any(ways.pop()):
        return parts
    kept = list(parts)
    for told in sorted(parts, key=lambda told: (sum(map(bool, told.split)), told.at)):
        finer = [each for each in kept if each is not told and within(each.split, told.split)]
        if not finer or told not in kept:
            continue
        if told.at >= max(each.at for each in finer):
            kept = [each for each in kept if each not in finer]
        else:
            kept.remove(told)
    last = max(kept, key=lambda told: told.at)
    return [told for told in kept if nests(told.split, last.split)]


def within(split: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether it is a part of the other, or the same again."""
    return all(mine == its for mine, its in zip(split, other, strict=True) if its)


def nests(split: tuple[str, ...], other: tuple[str, ...]) -> bool:
    mine, its = ({n for n, word in enumerate(each) if word} for each in (split, other))
    return mine <= its or its <= mine


def together(doubts: Iterable[Sequence[str]]) -> tuple[str, ...]:
    found = {code for each in doubts for code in each}
    return tuple(sorted(found)) if found else ()


@dataclass(frozen=True)
class Allowed:
    """What lets people in, or keeps them out, of a unit at a moment."""

    closed: bool
    reasons: tuple[str, ...] = ()

    @property
    def blocked(self) -> bool:
        return any(reason in BLOCKING for reason in self.reasons)


# Why nothing, or less, is admittable: the code and how it reads.
REASONS: Mapping[str, tuple[str, str]] = {
    "outside-opening-hours": ("gesloten op dit uur", "closed at this hour"),
    "closed-by-unit": ("de afdeling meldt zich gesloten", "the unit says that it is closed"),
    "outside-admission-hours": ("buiten opnametijden", "outside admission hours"),
    "stop": ("stop", "stop"),
    "partial-stop": ("stop voor een deel van de toegang", "stop for some of the routes"),
    "told-less": ("de afdeling meldt minder opneembaar", "the unit says that it can take fewer"),
    "full": ("alles bezet of toegezegd", "all taken or promised"),
    "never-told": ("geen meldingen", "nothing was reported"),
    "unknown-part": ("een deel is onbekend gemeld", "a part was told to be unknown"),
    "stale": ("oude gegevens", "figures are stale"),
}
BLOCKING = frozenset({"outside-opening-hours", "closed-by-unit", "outside-admission-hours", "stop"})


def leaves(stop: StopKnown, entrances: Iterable[Entrance]) -> set[Entrance]:
    """The routes that a stop leaves open. No routes named: all are stopped; for one specialism:
    none is."""
    if stop.specialism:
        return set(entrances)
    return {each for each in entrances if stop.applies_to and each not in stop.applies_to}


def allowed(
    *,
    entrances: Mapping[Entrance, bool],
    admits: bool,
    status: str | None,
    stops: Sequence[StopKnown],
) -> Allowed:
    """Whether people can come in now, and every reason why not."""
    usable = {entrance for entrance, is_open in entrances.items() if is_open}
    left = set(usable)
    for stop in stops:
        left &= leaves(stop, left)
    found = {
        "outside-opening-hours": not usable,
        "closed-by-unit": status == "closed",
        "outside-admission-hours": bool(usable) and not admits,
        "stop": bool(stops) and bool(usable) and not left,
        "partial-stop": bool(stops) and bool(left),
    }
    return Allowed(
        closed=not usable or status == "closed",
        reasons=tuple(reason for reason, holds in found.items() if holds),
    )


@dataclass(frozen=True)
class Line:
    """The places of a unit of one resource and bed type. `counted`: they are there to be counted,
    so that what is not told is unknown and not merely absent."""

    resource: str
    bed_type: str
    law: str | None = None
    usable_as: tuple[str, ...] = ()
    counted: bool = True
    physical: Part = UNTOLD
    staffed: Part = UNTOLD
    occupied: Part = UNTOLD
    reserved: Part = UNTOLD
    closed: Part = UNTOLD
    closed_by: Mapping[str, Part] = field(default_factory=dict)
    told_admittable: Part = UNTOLD
    free: Part = UNTOLD
    admittable: Part = UNTOLD
    reasons: tuple[str, ...] = ()


def lines(facts: UnitFacts, cells: Cells, allowed: Allowed) -> list[Line]:
    """Every kind of places that the unit has or tells, each with what is free and admittable."""
    found = [
        counted_line(facts, resource, bed_type, pick(cells, facts, resource, accepted), allowed)
        for resource, bed_type, accepted in line_keys(facts, cells)
    ]
    return found + [
        offered_line(resource, summed(of_resource(cells, measure, resource, facts)), allowed)
        for resource, measure in OFFERED.items()
        if resource == facts.resource or of_resource(cells, measure, resource, facts)
    ]


def of_resource(cells: Cells, measure: str, resource: str, facts: UnitFacts) -> list[Told]:
    """Told of this resource; what names none is of the unit's own, or the measure's."""
    own = OFFERED_BY.get(measure, facts.resource)
    return [told for told in cells.get(measure, ()) if (told.resource or own) == resource]


OFFERED_BY = {measure: resource for resource, measure in OFFERED.items()}


def line_keys(facts: UnitFacts, cells: Cells) -> list[tuple[str, str, frozenset[str]]]:
    """Resource, bed type, and under which bed types it is told ('' is the unit as a whole).

    A unit of several types that is told as a whole is one line without a type: nothing is
    divided by guess, and nothing counted twice.
    """
    told = [t for measure in PLACES for t in cells.get(measure, ())]
    resources = {t.resource or facts.resource for t in told}
    if facts.resource in COUNTED:
        resources.add(facts.resource)
    keys: list[tuple[str, str, frozenset[str]]] = []
    for resource in sorted(resources):
        here = [t for t in told if (t.resource or facts.resource) == resource]
        own = [bed.bed_type for bed in facts.beds] if resource == facts.resource else []
        types = [*own, *sorted({t.bed_type for t in here if t.bed_type} - set(own))]
        as_whole = max((t.at for t in here if not t.bed_type), default=None)
        by_type = max((t.at for t in here if t.bed_type), default=None)
        if len(types) < 2:
            only = types[0] if types else ""
            keys.append((resource, only, frozenset({only, ""})))
        elif as_whole is not None and (by_type is None or as_whole > by_type):
            keys.append((resource, "", frozenset({""})))
        else:
            keys += [(resource, each, frozenset({each})) for each in types]
    return keys


def pick(cells: Cells, facts: UnitFacts, resource: str, accepted: frozenset[str]) -> Cells:
    found: dict[str, list[Told]] = {}
    for measure in PLACES:
        here = [t for t in of_resource(cells, measure, resource, facts) if t.bed_type in accepted]
        if len(accepted) > 1:
            here = newest_of_each_split(here)
        found[measure] = here
    return found


def newest_of_each_split(told: Sequence[Told]) -> list[Told]:
    """With one bed type, a figure with it and one without are the same figure."""
    newest: dict[tuple[str, ...], Told] = {}
    for each in told:
        if each.split not in newest or each.at > newest[each.split].at:
            newest[each.split] = each
    return list(newest.values())


def counted_line(
    facts: UnitFacts, resource: str, bed_type: str, cells: Cells, allowed: Allowed
) -> Line:
    bed = next((bed for bed in facts.beds if bed.bed_type == bed_type), None)
    physical, staffed, closed = three(
        summed(cells["physical"]), summed(cells["staffed"]), summed(cells["closedPlaces"])
    )
    occupied, reserved = summed(cells["occupied"]), summed(cells["reserved"])
    told_admittable = summed(cells["admittable"])
    free = free_places(staffed, occupied, reserved)
    admittable, reasons = admittable_places(free, told_admittable, allowed)
    by_reason: dict[str, list[Told]] = {}
    for told in cells["closedPlaces"]:
        by_reason.setdefault(told.split[REASON], []).append(told)
    return Line(
        resource=resource,
        bed_type=bed_type,
        law=bed.law if bed else None,
        usable_as=bed.usable_as if bed else (),
        physical=physical,
        staffed=staffed,
        occupied=occupied,
        reserved=reserved,
        closed=closed,
        closed_by={reason: summed(by_reason[reason]) for reason in sorted(by_reason) if reason},
        told_admittable=told_admittable,
        free=free,
        admittable=admittable,
        reasons=reasons,
    )


def offered_line(resource: str, told: Part, allowed: Allowed) -> Line:
    """Starts of care and visits: the unit says itself how many it can take."""
    admittable, reasons = admittable_places(told, UNTOLD, allowed)
    return Line(
        resource, "", counted=False, told_admittable=told, admittable=admittable, reasons=reasons
    )


def three(physical: Part, staffed: Part, closed: Part) -> tuple[Part, Part, Part]:
    """physical = staffed + closedPlaces: who tells two of them has told the third."""
    if staffed.at is None:
        staffed = combined(physical, closed, -1.0)
    elif physical.at is None:
        physical = combined(staffed, closed, 1.0)
    elif closed.at is None:
        closed = combined(physical, staffed, -1.0)
    return physical, staffed, closed


def combined(one: Part, other: Part, sign: float) -> Part:
    """one + sign x other; untold if either was never told, unknown if either is unknown."""
    if one.at is None or other.at is None:
        return UNTOLD
    known = one.value is not None and other.value is not None
    return Part(
        value=one.value + sign * other.value if known else None,  # type: ignore[operator]
        at=max(one.at, other.at),
        day=one.day or other.day,
        doubts=together((one.doubts, other.doubts)),
    )


def free_places(staffed: Part, occupied: Part, reserved: Part) -> Part:
    """staffed - occupied - reserved, with its sign. As old as the older of occupied and reserved:
    what is staffed holds until it is told anew.

    A unit that never tells `reserved` reckons with no promises; the figure says so by a doubt.
    """
    if staffed.at is None or occupied.at is None:
        return UNTOLD
    taken = [part for part in (occupied, reserved) if part.at is not None]
    known = [part.value for part in taken if part.value is not None]
    unknown = staffed.value is None or len(known) < len(taken)
    untold = () if reserved.at is not None else ("reserved-untold",)
    return Part(
        value=None if unknown else staffed.value - sum(known),  # type: ignore[operator]
        at=min(part.at for part in taken if part.at is not None),
        day=any(part.day for part in taken),
        doubts=together((staffed.doubts, occupied.doubts, reserved.doubts, untold)),
    )


def admittable_places(free: Part, told: Part, allowed: Allowed) -> tuple[Part, tuple[str, ...]]:
    """min(free, what hours, stops, status and the unit itself allow now), and every reason.

    Unknown stays unknown, whatever is closed: it is never made 0. What the unit itself tells to
    be admittable stands for `free` where that was never told.
    """
    basis = free if free.at is not None else told
    reasons = list(allowed.reasons)
    if basis.at is None:
        return UNTOLD, (*reasons, "never-told")
    if basis.value is None or (told.at is not None and told.value is None):
        return Part(None, basis.at, basis.day, basis.doubts), (*reasons, "unknown-part")
    least = max(0.0, basis.value)
    if least == 0:
        reasons.append("full")
    if told.value is not None and told.value < least:
        least = max(0.0, told.value)
        reasons.append("told-less")
    value = 0.0 if allowed.blocked else least
    doubts = together((basis.doubts, told.doubts))
    return Part(value, basis.at, basis.day, doubts), tuple(reasons)


def takes(line: Line, allowed: Allowed) -> float | None:
    """How many the line could take if its admission hours were now: what a request in the coming
    day meets. None while a stop holds or the unit closed itself, and if it is unknown."""
    if {"stop", "closed-by-unit"} & set(allowed.reasons):
        return None
    return admittable_places(line.free, line.told_admittable, Allowed(closed=False))[0].value
