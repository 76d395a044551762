"""What the figures say, in plain words. Only rephrases what the overview holds."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from app.dashboard.language import _, capital, listed, number, percent, spoken
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
SEVERAL: Mapping[Level, str] = {
    "ruim": "hebben ruimte",
    "druk": "zijn druk",
    "vol": "zijn vol",
    "gesloten": "zijn gesloten",
    "oud": "hebben alleen oude gegevens",
    "onbekend": "zijn onbekend",
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
FRESHNESS: Mapping[str, str] = {
    "fresh": "actueel",
    "ageing": "één moment gemist",
    "stale": "te oud",
    "unknown": "onbekend",
}
FEEDS: Mapping[str, str] = {
    "quarantine": "op proef: telt nog niet mee",
    "released": "telt mee",
    "suspended": "stilgezet",
}
CLOSED: Mapping[str, str] = {
    "staff": "onbemand",
    "room": "geen kamer",
    "equipment": "apparatuur",
    "material": "materiaal",
    "infection": "infectie",
    "maintenance": "onderhoud",
    "contract": "contract",
    "other": "anders",
}
MONTHS = ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec")
DAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")
MINUTE, HOUR, DAY = 60, 3600, 86_400
# Where the words of domain.md 8 begin; up to the last one a thing is unlikely.
NEAR_CERTAIN, LIKELY, UNLIKELY = 0.9, 0.7, 0.3
# A verdict is read at a glance; the tables below it name the rest.
MOST_NAMED = 4


def probability_word(chance: float) -> str:
    """The words of domain.md 8, fixed by number; `chance` 0..1."""
    if chance >= NEAR_CERTAIN:
        return _("vrijwel zeker")
    if chance >= LIKELY:
        return _("waarschijnlijk")
    return _("kan beide kanten op") if chance > UNLIKELY else _("onwaarschijnlijk")


def brief(figure: Figure) -> str:
    """A share where there is little room: "<1%", "–" where nothing is known."""
    if figure.value is None:
        return "–" if figure.state == "unknown" else _(STATES[figure.state])
    if 0 < figure.value < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= figure.value < 1 else f"{figure.value * 100:.0f}%"


def places(figure: Figure) -> str:
    """A count of places; below zero there is none free."""
    if figure.value is None:
        return _(STATES[figure.state])
    return number(max(0, figure.value))


def count(figure: Figure) -> str:
    if figure.value is None and "few" in figure.doubts:
        return "<5"
    return _(STATES[figure.state]) if figure.value is None else number(figure.value)


def share(figure: Figure) -> str:
    return _(STATES[figure.state]) if figure.value is None else percent(figure.value)


def age(seconds: int | None) -> str:
    if seconds is None:
        return _("nooit")
    if seconds < MINUTE:
        return _("zojuist")
    if seconds < HOUR:
        return _("{n} min geleden", n=seconds // MINUTE)
    if seconds < 2 * DAY:
        return _("{n} u geleden", n=seconds // HOUR)
    return _("{n} d geleden", n=seconds // DAY)


def moment(at: datetime) -> str:
    """On the local clock: "zo 22 nov 2026, 14:32"."""
    here = at.astimezone(LOCAL)
    day = f"{_(DAYS[here.weekday()])} {here.day} {_(MONTHS[here.month - 1])} {here.year}"
    return f"{day}, {here:%H:%M}"


def kind(line: PlacesNow | Total) -> str:
    """What kind of places a line holds."""
    if line.bed_type:
        return _(BED_TYPE_NAMES.get(line.bed_type, line.bed_type))
    return _(RESOURCES[line.resource])


def also(line: PlacesNow) -> str:
    """What a flexible bed can be beside its own type."""
    return ", ".join(_(BED_TYPE_NAMES.get(each, each)) for each in line.usable_as)


def coverage(figure: Figure) -> str:
    if figure.of is None:
        return ""
    return _("{current} van {total} actueel", current=figure.of.current, total=figure.of.total)


def clock(at: datetime) -> str:
    return f"{at.astimezone(LOCAL):%H:%M}"


def doubts(figure: Figure) -> str:
    return "; ".join(_(DOUBTS.get(code, "over dit cijfer is twijfel")) for code in figure.doubts)


def because(reasons: Sequence[ReasonNow] | None) -> str:
    """Why it is less than what is free; that all is taken is already in the number."""
    told = [each for each in reasons or () if each.code != "full"]
    return "; ".join(each.en if spoken() == "en" else each.nl for each in told)


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


def by_setting(overview: Overview) -> list[tuple[str, list[UnitNow]]]:
    """The units of each care setting, in the order of the overview."""
    found: dict[str, list[UnitNow]] = {}
    for unit in overview.units:
        found.setdefault(unit.care_setting, []).append(unit)
    return list(found.items())


def heading(setting: str) -> str:
    return capital(_(SETTINGS[setting]))


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
            found.append((_(SETTINGS[setting]), level))
    return found


def verdict(overview: Overview) -> str:
    """The one sentence on top: what is full or busy, and only without those how the rest is."""
    if not overview.units:
        return _("Er zijn nog geen afdelingen")
    if all(u.observed_at is None and u.level.state == "unknown" for u in overview.units):
        return _("Er zijn nog geen gegevens gemeld")
    loud, quiet = clauses(overview)
    return sentence(loud or quiet) or _("U ziet hier geen drukte van andere organisaties")


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
    return capital("; ".join(clauses))


def shortened(names: Sequence[str]) -> str:
    """All of a few names; of more the first, and how many there are beside them."""
    if len(names) <= MOST_NAMED:
        return listed(names)
    return listed(
        [*names[: MOST_NAMED - 1], _("nog {n} soorten plekken", n=len(names) - MOST_NAMED + 1)]
    )


def in_words(level: Level, several: int) -> str:
    return _(SEVERAL[level] if several > 1 else LEVELS[level])


def chance_sentence(overview: Overview) -> str:
    """The greatest chance that a request finds no place, in the fixed words."""
    known = [t for t in overview.totals if t.refusal_risk.value is not None]
    if not known:
        return _("Hoe groot de kans is dat een nieuwe aanvraag geen plek vindt, is niet bekend.")
    most = max(known, key=lambda total: total.refusal_risk.value or 0)
    chance = most.refusal_risk.value or 0.0
    told = {
        "kind": kind(most),
        "setting": _(SETTINGS[most.care_setting]),
        "chance": percent(chance),
        "word": probability_word(chance),
    }
    if chance >= LIKELY:
        return capital(
            _(
                "een nieuwe aanvraag voor {kind} ({setting}) vindt de komende 24 uur {word} geen "
                "plek: {chance} kans op nee.",
                **told,
            )
        )
    if chance > UNLIKELY:
        return _(
            "Of een nieuwe aanvraag voor {kind} ({setting}) de komende 24 uur een plek vindt, "
            "{word}: {chance} kans op nee.",
            **told,
        )
    return _(
        "Dat een nieuwe aanvraag voor {kind} ({setting}) de komende 24 uur geen plek vindt, is "
        "{word}: {chance} kans op nee.",
        **told,
    )


def counts(overview: Overview) -> str:
    """How many units stand how: "2 vol · 1 druk · 5 ruim"."""
    levels = [unit.level.level for unit in overview.units]
    return " · ".join(f"{levels.count(w)} {_(w)}" for w in ORDER if levels.count(w))


def closed_reason(reason: str) -> str:
    return _(CLOSED.get(reason, reason))


def judgement(status: StatusNow) -> str:
    """What the unit says of itself, where its figures say otherwise."""
    if not status.differs or status.status is None:
        return ""
    return _(
        "Meldt zichzelf: {status}. De cijfers zeggen iets anders.",
        status=_(STATUSES[status.status]),
    )


def stop_sentence(stop: StopNow) -> str:
    routes = listed([_(ENTRANCES[each]) for each in stop.applies_to]) if stop.applies_to else ""
    said = _(
        "{stop} voor {routes} sinds {since}",
        stop=_(STOPS[stop.kind]),
        routes=routes or _("alles"),
        since=moment(stop.begins_at),
    )
    if stop.expected_until:
        said += _(", verwacht tot {until}", until=moment(stop.expected_until))
    return f"{said}{_(' (die tijd is voorbij)') if stop.overdue else ''}."


def phone_sentence(unit: UnitNow, norms: Mapping[str, float]) -> str:
    """How a huisartsenpost answers its phone, beside its norms."""
    told = unit.reachability
    if told is None or told.within_120s.state == "suppressed":
        return ""
    if told.within_120s.value is None:
        return _("Hoe snel de telefoon wordt opgenomen, is niet gemeld.")
    said = _(
        "{share} opgenomen binnen 2 minuten (norm {norm})",
        share=percent(told.within_120s.value),
        norm=percent(norms["within120s"]),
    )
    if told.over_600s.value is not None:
        said += _(
            ", {share} na 10 minuten (hoogstens {norm})",
            share=percent(told.over_600s.value),
            norm=percent(norms["over600s"]),
        )
    if told.longest_wait_seconds.value is not None:
        said += _("; langste wacht {n} min", n=round(told.longest_wait_seconds.value / MINUTE))
    return said + "."


def crowding_sentence(unit: UnitNow) -> str:
    told = unit.crowding
    if told is None or told.nedocs.state == "suppressed":
        return ""
    if told.nedocs.value is None or told.band is None:
        return _("NEDOCS is niet te berekenen: een deel van de cijfers ontbreekt.")
    return f"NEDOCS {number(round(told.nedocs.value))}: {_(BANDS[told.band])}."


def short_sentence(unit: UnitNow) -> str:
    """The roles that are short today: named, never added up."""
    roles = [
        role_name(each.role) + (f" ({each.shift})" if each.shift else "")
        for each in unit.short
        if each.short_today.value
    ]
    return _("Vandaag te weinig: {roles}.", roles=listed(roles)) if roles else ""


def role_name(role: str) -> str:
    return _(ROLE_NAMES.get(role, role))
