"""Which units can take somebody, in which order, and why each of the others cannot.

Rests on what the overview shows to one viewer and on master data, so that a rank tells no more
than the overview does. docs/places.md says the order in words.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from app.facilities.hours import LOCAL, WEEK_AND_DAY, open_spans, spans
from app.facilities.schemas import ENTRANCES, Bed, UnitFacts
from app.observations.schemas import Freshness
from app.overview.places import REASONS
from app.overview.schemas import PlacesNow, StopNow, UnitNow
from app.overview.search.schemas import Needs

WEEK = timedelta(days=7)
# Of these ages search offers a place; older than domain.md 7 allows it offers none.
OFFERED: Mapping[Freshness, int] = {"fresh": 0, "ageing": 1}
HOURS = frozenset({"outside-admission-hours", "outside-opening-hours"})
# Why not: the code and how it reads, from what passes by itself to what never will.
NOES: Mapping[str, tuple[str, str]] = {
    "held": ("vastgehouden door een ander", "held by another"),
    **{
        code: REASONS[code]
        for code in (
            *("outside-admission-hours", "outside-opening-hours", "full", "told-less", "stop"),
            *("closed-by-unit", "stale", "never-told", "unknown-part"),
        )
    },
    "not-shown": ("mag niet aan u getoond worden", "may not be shown to you"),
    "other-municipality": ("in een andere gemeente", "in another municipality"),
    "no-single-room": ("geen eenpersoonskamers", "no single rooms"),
    "no-isolation": ("geen isolatie", "no isolation"),
    "not-secured": ("niet gesloten (Wzd)", "not secured (Wzd)"),
    "other-target": ("voor een andere doelgroep", "for another target group"),
    "other-law": ("valt onder een andere wet", "under another law"),
    "wlz-excludes-elv": (
        "geen ELV met een Wlz-indicatie",
        "no ELV with a Wlz indication",
    ),
    "wrong-type": ("geen plek van deze soort", "no place of this type"),
}
ORDER = {code: n for n, code in enumerate(NOES)}
# What a rank rests on. What has to be asked by phone comes after what is sure.
GROUNDS: Mapping[str, tuple[str, str]] = {
    "own-type": ("precies deze soort", "of this very type"),
    "convertible": ("kan deze soort worden", "can be made into this type"),
    "types-together": (
        "meldt alle soorten samen: vraag of deze erbij is",
        "tells its types together: ask whether this one is among them",
    ),
    "law-untold": ("wet niet bekend: vraag het na", "law not known: ask"),
    "target-untold": ("doelgroep niet bekend: vraag het na", "target group not known: ask"),
    "secured-unit": (
        "gesloten afdeling: alleen met een grond in de Wzd",
        "secured unit: only on a ground in the Wzd",
    ),
    "partial-stop": REASONS["partial-stop"],
    "told-less": REASONS["told-less"],
    "fresh": ("cijfer is actueel", "figure is up to date"),
    "ageing": ("cijfer loopt achter", "figure is behind"),
    "now": ("nu opneembaar", "can be taken in now"),
    "later": ("opneembaar vanaf de opnametijd", "can be taken in from its admission hours on"),
    "place-near-certain": ("vrijwel zeker nog plek", "almost certainly still a place"),
    "place-likely": ("waarschijnlijk nog plek", "probably still a place"),
    "place-either": ("nog plek: kan beide kanten op", "still a place: could go either way"),
    "place-unlikely": ("onwaarschijnlijk dat er nog plek is", "unlikely that there is still one"),
    "place-unknown": ("kans op plek niet bekend", "chance of a place not known"),
}
ASK = frozenset({"types-together", "law-untold", "target-untold", "secured-unit"})
# The probability words of domain.md 8, by the chance (0..1) of a place. Not known comes last.
CHANCES = ((0.9, "place-near-certain"), (0.7, "place-likely"), (0.3, "place-either"))
BANDS = (*(code for _, code in CHANCES), "place-unlikely", "place-unknown")


@dataclass(frozen=True, slots=True)
class Held:
    """A place that somebody holds until then; `mine`: the viewer's own organisation."""

    resource: str
    bed_type: str | None
    until: datetime
    mine: bool
    # Of one's own: to let it go.
    hold: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A unit as the overview shows it to the viewer, with what is open to all, and what is held."""

    now: UnitNow
    facts: UnitFacts
    municipality: str | None
    held: Sequence[Held] = ()

    def held_of(self, line: PlacesNow) -> list[Held]:
        """The holds on these places, soonest over first."""
        found = [
            each
            for each in self.held
            if (each.resource, each.bed_type) == (line.resource, line.bed_type)
        ]
        return sorted(found, key=lambda each: (each.until, each.mine))


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A unit that can take `takes` (at least 1), from `admits_from` on; None: from now on."""

    standing: Standing
    line: PlacesNow
    takes: float
    admits_from: datetime | None
    grounds: Sequence[str]

    def order(self) -> tuple[object, ...]:
        """Own type; nothing to ask; fresh; soonest; likeliest; most room; name."""
        soonest = self.admits_from.timestamp() if self.admits_from else 0.0
        return (
            "convertible" in self.grounds,
            bool(ASK & set(self.grounds)),
            OFFERED[self.line.admittable.freshness],
            soonest,
            BANDS.index(band(self.line)),
            -self.takes,
            self.standing.now.name,
            self.standing.now.unit,
        )


@dataclass(frozen=True, slots=True)
class Refused:
    """A unit that cannot, with every reason; `line` is the nearest to what is needed, if any."""

    standing: Standing
    line: PlacesNow | None
    reasons: Sequence[Reason]

    def order(self) -> tuple[int, str, str]:
        """First what may pass by itself, then what never will."""
        worst = max(ORDER[reason.code] for reason in self.reasons)
        return worst, self.standing.now.name, self.standing.now.unit


def search(
    needs: Needs, units: Iterable[Standing], as_of: datetime
) -> tuple[list[Offer], list[Refused]]:
    """Each unit once: as an offer, best first, or refused, nearest first."""
    offers: list[Offer] = []
    noes: list[Refused] = []
    for unit in units:
        found = judged(needs, unit, as_of)
        if isinstance(found, Offer):
            offers.append(found)
        else:
            noes.append(found)
    return sorted(offers, key=Offer.order), sorted(noes, key=Refused.order)


def judged(needs: Needs, unit: Standing, as_of: datetime) -> Offer | Refused:
    """By the line that stands best for this; what is not shown is judged by master data alone."""
    lines = [line for line in unit.now.places if line.resource == needs.resource]
    hidden = any(line.admittable.state == "suppressed" for line in lines)
    if hidden or unit.now.level.state == "suppressed":
        return unshown(needs, unit)
    found = [judged_line(needs, unit, line, as_of) for line in lines]
    if offers := [each for each in found if isinstance(each, Offer)]:
        return min(offers, key=Offer.order)
    refused = [each for each in found if isinstance(each, Refused)]
    return min(refused, key=Refused.order, default=Refused(unit, None, (Reason("wrong-type"),)))


def unshown(needs: Needs, unit: Standing) -> Refused:
    """Whatever it reports, this says the same: it rests on nothing that was reported."""
    facts = unit.facts
    types = {bed.bed_type for bed in facts.beds}
    unfit = kind(needs, facts.beds, types)[0]
    if facts.resource != needs.resource or "wrong-type" in unfit:
        return Refused(unit, None, (Reason("wrong-type"),))
    return Refused(unit, None, reasons((*unfit, *attributes(needs, unit), "not-shown")))


def judged_line(needs: Needs, unit: Standing, line: PlacesNow, as_of: datetime) -> Offer | Refused:
    beds = [bed for bed in unit.facts.beds if line.bed_type in (None, bed.bed_type)]
    types = {line.bed_type} if line.bed_type else {bed.bed_type for bed in beds}
    unfit, grounds = kind(needs, beds, types)
    if "wrong-type" in unfit:
        return Refused(unit, line, reasons(unfit))
    unfit = (*unfit, *attributes(needs, unit))
    stands = standing_codes(line)
    others = [each.until for each in unit.held_of(line) if not each.mine]
    room = line.admittable.value
    if not unfit and not stands and room:
        if room - len(others) < 1:
            # The first of these ends leaves a place again.
            ends = others[len(others) - ceil(room)]
            return Refused(unit, line, (Reason("held", ends),))
        codes = (*grounds, *to_ask(needs, unit.facts), *said_of(line), "now", band(line))
        return Offer(unit, line, room - len(others), None, codes)
    begins = next_taking(unit.facts, as_of) if HOURS & set(stands) else None
    halted = halts(unit.now.stops or ())
    if not unfit and HOURS.issuperset(stands) and not halted and begins and line.free.value:
        later = line.free.value - len(others)
        if later >= 1 and reached(needs, as_of, begins):
            codes = (*grounds, *to_ask(needs, unit.facts), *said_of(line), "later", band(line))
            return Offer(unit, line, later, begins, codes)
    if halted and "stop" not in stands:
        stands = (*stands, "stop")
    until = {**dict.fromkeys(HOURS, begins), "stop": stop_ends(unit.now.stops or ())}
    return Refused(unit, line, reasons((*unfit, *stands), until))


def reasons(
    codes: Iterable[str], until: Mapping[str, datetime | None] | None = None
) -> tuple[Reason, ...]:
    return tuple(Reason(code, (until or {}).get(code)) for code in dict.fromkeys(codes))


def kind(
    needs: Needs, beds: Sequence[Bed], types: set[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Why these places are not of the kind that is needed; and if they are, in which way."""
    if needs.resource != "bed":
        return (), ("own-type", *(("law-untold",) if needs.law else ()))
    others = {each for bed in beds for each in bed.usable_as}
    wanted = set(needs.bed_types) or types
    own, made = types & wanted, others & wanted
    if not own and not made:
        return ("wrong-type",), ()
    if needs.law == "Wlz":
        own, made = ({each for each in fit if not is_elv(each)} for fit in (own, made))
        if not own and not made:
            return ("wlz-excludes-elv",), ()
    laws = {bed.law for bed in beds if bed.bed_type in own or (not own and made & {*bed.usable_as})}
    if needs.law and laws and needs.law not in laws:
        return ("other-law",), ()
    grounds = ["own-type" if own else "convertible"]
    if len(types) > 1 and own != types:
        grounds.append("types-together")
    if needs.law and not laws:
        grounds.append("law-untold")
    return (), tuple(grounds)


def is_elv(bed_type: str) -> bool:
    return bed_type.startswith("elv-")


def attributes(needs: Needs, unit: Standing) -> tuple[str, ...]:
    """What is needed and the unit does not have."""
    facts = unit.facts
    lacks = {
        "other-target": bool(needs.target and facts.target and needs.target != facts.target),
        "not-secured": needs.secured and not facts.secured,
        "no-isolation": needs.isolation and not facts.isolation,
        "no-single-room": needs.single_room and not facts.single_rooms,
        "other-municipality": bool(needs.municipality) and needs.municipality != unit.municipality,
    }
    return tuple(code for code, lacking in lacks.items() if lacking)


def to_ask(needs: Needs, facts: UnitFacts) -> tuple[str, ...]:
    untold = needs.resource == "bed" and needs.target is not None and facts.target is None
    found = {"target-untold": untold, "secured-unit": facts.secured and not needs.secured}
    return tuple(code for code, holds in found.items() if holds)


def standing_codes(line: PlacesNow) -> tuple[str, ...]:
    """Why nothing of it is admittable now, as the overview says it; empty if something is."""
    figure = line.admittable
    told = [each.code for each in line.reasons or ()]
    found = [code for code in told if code not in ("partial-stop", "told-less")]
    if figure.state == "known" and figure.value == 0 and "told-less" in told:
        found.append("told-less")
    if figure.freshness == "stale":
        found.append("stale")
    if not found and (not figure.value or figure.freshness not in OFFERED):
        found.append("never-told" if figure.observed_at is None else "unknown-part")
    return tuple(found)


def said_of(line: PlacesNow) -> tuple[str, ...]:
    told = [each.code for each in line.reasons or ()]
    beside = (code for code in ("partial-stop", "told-less") if code in told)
    return (*beside, line.admittable.freshness)


def band(line: PlacesNow) -> str:
    """The fixed word for the chance that a request of the coming 24 hours still finds a place."""
    risk = line.refusal_risk.value
    if risk is None:
        return "place-unknown"
    return next((code for least, code in CHANCES if 1 - risk >= least), "place-unlikely")


def next_taking(facts: UnitFacts, moment: datetime) -> datetime | None:
    """When the unit is open and admits again; None if it does not within eight days."""
    until = moment + WEEK_AND_DAY
    opened = open_spans(facts.opening_hours, moment, until)
    admits = [(moment, until)]
    if facts.admission_hours:
        admits = spans(facts.admission_hours, moment, until)
    starts = [
        max(opens, begins)
        for opens, closes in opened
        for begins, ends in admits
        if max(opens, begins) < min(closes, ends)
    ]
    return min(starts, default=None)


def reached(needs: Needs, as_of: datetime, begins: datetime) -> bool:
    if needs.within == "today":
        return as_of.astimezone(LOCAL).date() == begins.astimezone(LOCAL).date()
    return needs.within == "this-week" and begins - as_of <= WEEK


def halts(stops: Sequence[StopNow]) -> bool:
    """Whether stops leave no route open, whatever the hour."""
    general = [stop for stop in stops if not stop.specialism]
    routes = {each for stop in general for each in stop.applies_to or ENTRANCES}
    return routes.issuperset(ENTRANCES)


def stop_ends(stops: Sequence[StopNow]) -> datetime | None:
    """When the last of them is expected to end; None if one does not say, or is over its time."""
    ends = [None if stop.overdue else stop.expected_until for stop in stops]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None
