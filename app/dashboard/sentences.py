"""What the figures say, in plain Dutch. Only rephrases what the overview holds."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from app.facilities.hours import LOCAL
from app.facilities.schemas import BED_TYPE_NAMES, ROLE_NAMES
from app.observations.schemas import Figure
from app.overview.schemas import Overview, PlacesNow, ReasonNow, StatusNow, StopNow, Total, UnitNow
from app.signals.levels import Band, Level

SETTINGS: Mapping[str, str] = {
    "reo": "REO",
    "seh": "spoedeisende hulp (SEH)",
    "huisartsenpost": "huisartsenpost (HAP)",
    "hospital-ward": "ziekenhuis",
    "short-stay": "kortdurend verblijf",
    "nursing-home": "verpleeghuis",
    "home-care": "thuiszorg",
    "acute-home-nursing": "acute wijkverpleging",
    "mental-health-crisis": "crisisdienst ggz",
    "pharmacy": "apotheek",
    "coordination": "zorgcoördinatie (RTP)",
    "chronic-care": "chronische zorg",
    "informal-care": "mantelzorg",
    "hospice": "hospice",
}
RESOURCES: Mapping[str, str] = {
    "bed": "bed",
    "treatment-space": "behandelplek",
    "consult": "consult",
    "home-visit": "huisbezoek",
    "phone-line": "telefoonlijn",
    "care-start": "start van zorg",
    "care-hour": "zorguur",
    "vehicle": "auto",
}
STATES: Mapping[str, str] = {
    "unknown": "onbekend",
    "suppressed": "niet getoond",
    "notApplicable": "n.v.t.",
}
LEVELS: Mapping[Level, str] = {
    "ruim": "heeft ruimte",
    "druk": "is druk",
    "vol": "is vol",
    "gesloten": "is gesloten",
    "oud": "heeft alleen oude gegevens",
    "onbekend": "is onbekend",
}
# Worst first: what must be seen comes first in the verdict.
ORDER: tuple[Level, ...] = ("vol", "druk", "oud", "onbekend", "gesloten", "ruim")
# What the verdict is about.
LOUD: frozenset[Level] = frozenset({"vol", "druk"})
STATUSES: Mapping[str, str] = {
    "open": "open",
    "restricted": "beperkt open",
    "closed": "gesloten",
    "unknown": "onbekend",
}
STOPS: Mapping[str, str] = {
    "seh-stop": "SEH-stop",
    "opnamestop": "opnamestop",
    "specialism-stop": "stop voor een specialisme",
    "intake-stop": "intakestop",
}
ENTRANCES: Mapping[str, str] = {
    "ambulance": "ambulance",
    "referral": "verwijzing",
    "walk-in": "zelf gekomen",
    "transfer": "overplaatsing",
}
BANDS: Mapping[Band, str] = {
    "not-busy": "niet druk",
    "busy": "druk",
    "extremely-busy": "zeer druk",
    "overcrowded": "overvol",
    "severely-overcrowded": "ernstig overvol",
    "dangerously-overcrowded": "gevaarlijk overvol",
}
DOUBTS: Mapping[str, str] = {
    "part-unknown": "ten minste: een deel is onbekend",
    "reserved-untold": "toegezegde plekken worden niet gemeld",
}
MONTHS = ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec")
DAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")
MINUTE, HOUR, DAY = 60, 3600, 86_400
# A verdict is read at a glance; the tables below it name the rest.
MOST_NAMED = 4


def probability_word(chance: float) -> str:
    """The words of domain.md 8, fixed by number; `chance` 0..1."""
    if chance >= 0.9:
        return "vrijwel zeker"
    if chance >= 0.7:
        return "waarschijnlijk"
    return "kan beide kanten op" if chance > 0.3 else "onwaarschijnlijk"


def number(value: float) -> str:
    """With a decimal comma, at most one decimal, and a real minus sign."""
    text = f"{value:.1f}".removesuffix(".0").replace(".", ",")
    return text.replace("-", "−")


def percent(share: float) -> str:
    """Never 0% or 100% for what is neither: those would say that it is certain."""
    if 0 < share < 0.005:
        return "minder dan 1%"
    if 0.995 <= share < 1:
        return "meer dan 99%"
    return f"{share * 100:.0f}%"


def places(figure: Figure) -> str:
    """A count of places; below zero there is none free."""
    if figure.value is None:
        return STATES[figure.state]
    return number(max(0, figure.value))


def count(figure: Figure) -> str:
    return STATES[figure.state] if figure.value is None else number(figure.value)


def share(figure: Figure) -> str:
    return STATES[figure.state] if figure.value is None else percent(figure.value)


def age(seconds: int | None) -> str:
    if seconds is None:
        return "nooit"
    if seconds < MINUTE:
        return "zojuist"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min geleden"
    if seconds < 2 * DAY:
        return f"{seconds // HOUR} u geleden"
    return f"{seconds // DAY} d geleden"


def moment(at: datetime) -> str:
    """On the local clock: "zo 22 nov 2026, 14:32"."""
    here = at.astimezone(LOCAL)
    day = f"{DAYS[here.weekday()]} {here.day} {MONTHS[here.month - 1]} {here.year}"
    return f"{day}, {here:%H:%M}"


def kind(line: PlacesNow | Total) -> str:
    """What kind of places a line holds."""
    if line.bed_type:
        return BED_TYPE_NAMES.get(line.bed_type, line.bed_type)
    return RESOURCES[line.resource]


def also(line: PlacesNow) -> str:
    """What a flexible bed can be beside its own type."""
    return ", ".join(BED_TYPE_NAMES.get(each, each) for each in line.usable_as)


def coverage(figure: Figure) -> str:
    return f"{figure.of.current} van {figure.of.total} actueel" if figure.of else ""


def doubts(figure: Figure) -> str:
    return "; ".join(DOUBTS.get(code, "over dit cijfer is twijfel") for code in figure.doubts)


def because(reasons: Sequence[ReasonNow] | None) -> str:
    """Why it is less than what is free; that all is taken is already in the number."""
    return "; ".join(reason.nl for reason in reasons or () if reason.code != "full")


def why_fewer(overview: Overview, total: Total) -> str:
    """Why fewer can be taken in than are free, as the units of this kind say."""
    if total.admittable.value is None or total.admittable.value >= (total.free.value or 0):
        return ""
    lines = (
        line
        for unit in overview.units
        if unit.care_setting == total.care_setting
        for line in unit.places
        if (line.resource, line.bed_type) == (total.resource, total.bed_type)
    )
    return "; ".join(dict.fromkeys(filter(None, (because(line.reasons) for line in lines))))


def listed(names: Sequence[str]) -> str:
    """ "a", "a en b", "a, b en c"."""
    *first, last = names
    return f"{', '.join(first)} en {last}" if first else last


def by_setting(overview: Overview) -> list[tuple[str, list[UnitNow]]]:
    """The units of each care setting, in the order of the overview."""
    found: dict[str, list[UnitNow]] = {}
    for unit in overview.units:
        found.setdefault(unit.care_setting, []).append(unit)
    return list(found.items())


def heading(setting: str) -> str:
    return SETTINGS[setting][0].upper() + SETTINGS[setting][1:]


def worst(levels: Iterable[Level]) -> Level | None:
    return min(levels, key=ORDER.index, default=None)


def standings(overview: Overview) -> list[tuple[str, Level]]:
    """What there is, and how it stands: a care setting by its name if all its kinds of places
    stand alike, otherwise each kind by its own; a setting without places by its units."""
    kinds: dict[str, list[tuple[str, Level]]] = {}
    for total in overview.totals:
        if total.units and total.level.level is not None:
            kinds.setdefault(total.care_setting, []).append((kind(total), total.level.level))
    found: list[tuple[str, Level]] = []
    for setting, units in by_setting(overview):
        levels = [level for _, level in kinds.get(setting, ())]
        levels = levels or [u.level.level for u in units if u.level.level is not None]
        if setting in kinds and len(set(levels)) > 1:
            found += kinds[setting]
        elif (level := worst(levels)) is not None:
            found.append((SETTINGS[setting], level))
    return found


def verdict(overview: Overview) -> str:
    """The one sentence on top: what is full or busy, and only without those how the rest is."""
    if not overview.units:
        return "Er zijn nog geen afdelingen"
    if all(u.observed_at is None and u.level.state == "unknown" for u in overview.units):
        return "Er zijn nog geen gegevens gemeld"
    loud, quiet = clauses(overview)
    return sentence(loud or quiet) or "U ziet hier geen drukte van andere organisaties"


def beside(overview: Overview) -> str:
    """How the rest is, where the verdict says what is full or busy."""
    loud, quiet = clauses(overview)
    return sentence(quiet) + "." if loud and quiet else ""


def clauses(overview: Overview) -> tuple[list[str], list[str]]:
    """What is full or busy, worst first; and all else."""
    names: dict[Level, list[str]] = {}
    for name, level in standings(overview):
        names.setdefault(level, []).append(name)
    said = {w: f"{shortened(names[w])} {in_words(w, len(names[w]))}" for w in ORDER if w in names}
    loud = [said[w] for w in said if w in LOUD]
    return loud, [said[w] for w in said if w not in LOUD]


def sentence(clauses: Sequence[str]) -> str:
    told = "; ".join(clauses)
    return told[:1].upper() + told[1:]


def shortened(names: Sequence[str]) -> str:
    """All of a few names; of more the first, and how many there are beside them."""
    if len(names) <= MOST_NAMED:
        return listed(names)
    return listed([*names[: MOST_NAMED - 1], f"nog {len(names) - MOST_NAMED + 1} soorten plekken"])


def in_words(level: Level, several: int) -> str:
    said = LEVELS[level]
    return said.replace("is ", "zijn ").replace("heeft", "hebben") if several > 1 else said


def chance_sentence(overview: Overview) -> str:
    """The greatest chance that a request finds no place, in the fixed words."""
    known = [t for t in overview.totals if t.refusal_risk.value is not None]
    if not known:
        return "Hoe groot de kans is dat een nieuwe aanvraag geen plek vindt, is niet bekend."
    most = max(known, key=lambda total: total.refusal_risk.value or 0)
    chance = most.refusal_risk.value or 0.0
    request = f"een nieuwe aanvraag voor {kind(most)} ({SETTINGS[most.care_setting]})"
    word, figure = probability_word(chance), percent(chance)
    if word == "kan beide kanten op":
        return f"Of {request} de komende 24 uur een plek vindt, {word}: {figure} kans op nee."
    if word == "onwaarschijnlijk":
        return f"Dat {request} de komende 24 uur geen plek vindt, is {word}: {figure} kans op nee."
    request = request[0].upper() + request[1:]
    return f"{request} vindt de komende 24 uur {word} geen plek: {figure} kans op nee."


def counts(overview: Overview) -> str:
    """How many units stand how: "2 vol · 1 druk · 5 ruim"."""
    levels = [unit.level.level for unit in overview.units]
    return " · ".join(f"{levels.count(w)} {w}" for w in ORDER if levels.count(w))


def judgement(status: StatusNow) -> str:
    """What the unit says of itself, where its figures say otherwise."""
    if not status.differs or status.status is None:
        return ""
    return f"Meldt zichzelf: {STATUSES[status.status]}. De cijfers zeggen iets anders."


def stop_sentence(stop: StopNow) -> str:
    routes = listed([ENTRANCES[each] for each in stop.applies_to]) if stop.applies_to else "alles"
    until = f", verwacht tot {moment(stop.expected_until)}" if stop.expected_until else ""
    late = " (die tijd is voorbij)" if stop.overdue else ""
    return f"{STOPS[stop.kind]} voor {routes} sinds {moment(stop.begins_at)}{until}{late}."


def phone_sentence(unit: UnitNow, norms: Mapping[str, float]) -> str:
    """How a huisartsenpost answers its phone, beside its norms."""
    told = unit.reachability
    if told is None or told.within_120s.state == "suppressed":
        return ""
    if told.within_120s.value is None:
        return "Hoe snel de telefoon wordt opgenomen, is niet gemeld."
    said = f"{percent(told.within_120s.value)} opgenomen binnen 2 minuten"
    said += f" (norm {percent(norms['within120s'])})"
    if told.over_600s.value is not None:
        said += f", {percent(told.over_600s.value)} na 10 minuten"
        said += f" (hoogstens {percent(norms['over600s'])})"
    if told.longest_wait_seconds.value is not None:
        said += f"; langste wacht {round(told.longest_wait_seconds.value / MINUTE)} min"
    return said + "."


def crowding_sentence(unit: UnitNow) -> str:
    told = unit.crowding
    if told is None or told.nedocs.state == "suppressed":
        return ""
    if told.nedocs.value is None or told.band is None:
        return "NEDOCS is niet te berekenen: een deel van de cijfers ontbreekt."
    return f"NEDOCS {number(round(told.nedocs.value))}: {BANDS[told.band]}."


def short_sentence(unit: UnitNow) -> str:
    """The roles that are short today: named, never added up."""
    roles = [
        ROLE_NAMES.get(each.role, each.role) + (f" ({each.shift})" if each.shift else "")
        for each in unit.short
        if each.short_today.value
    ]
    return f"Vandaag te weinig: {listed(roles)}." if roles else ""
