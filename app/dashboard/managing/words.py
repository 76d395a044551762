"""How managing is told: rights, audiences, what was done, what is shared, which fields changed."""

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any

from app.access.disclosure import Detail, Shown
from app.access.scopes import SCOPES, Audience, Scope
from app.dashboard.language import _, listed, number, percent
from app.dashboard.names import kind_name
from app.dashboard.page import Item
from app.dashboard.sentences import DAYS, ENTRANCES, RESOURCES, role_name
from app.facilities.norms import StaffNorm
from app.facilities.schemas import Hours, Reporting, UnitFacts
from app.signals.levels import Level, RuleName

TABS: Sequence[Item] = (
    Item("/beheer", "Regio"),
    Item("/beheer/afdelingen", "Afdelingen"),
    Item("/beheer/normen", "Normen en drempels"),
    Item("/beheer/delen", "Delen"),
    Item("/beheer/sleutels", "Sleutels"),
    Item("/beheer/aanvoer", "Aanvoer"),
    Item("/beheer/spoor", "Spoor"),
)
AUDIENCES: Mapping[Audience, str] = {
    "provider": "zorgaanbieder",
    "coordinator": "zorgcoördinator",
    "municipality": "gemeente",
    "insurer": "verzekeraar",
    "operator": "beheerder van de toren",
}
# Those for whom an owner decides what they see; the operator sees as a coordinator does.
VIEWERS: Sequence[Audience] = ("coordinator", "provider", "municipality", "insurer")
VIEWER_NAMES: Mapping[Audience, str] = {
    "coordinator": "Zorgcoördinator",
    "provider": "Andere aanbieder",
    "municipality": "Gemeente",
    "insurer": "Verzekeraar",
}
SHOWN: Mapping[Shown, str] = {
    "admittable": "Opneembaar, drukte en status",
    "occupancy": "Bezet, vrij en dicht",
    "demand": "Aanvragen, wachten, klaar voor vertrek",
    "staff": "Personeel",
    "forecast": "Verwachting van dagen, weken en maanden",
    "years": "Verwachting van jaren",
}
DETAILS: Mapping[Detail, str] = {
    "exact": "elk cijfer",
    "yes-no": "alleen tekort: ja of nee",
    "level": "alleen de drukte per soort plek",
    "total": "alleen het totaal per soort plek",
    "none": "niet gedeeld",
}
SCOPE_NAMES: Mapping[Scope, str] = {
    "reports:write": "melden",
    "reports:read": "meldingen lezen",
    "history:read": "verloop lezen",
    "history:backdate": "met terugwerkende kracht vastleggen",
    "imports:write": "importeren",
    "overview:read": "overzicht lezen",
    "forecasts:read": "verwachting lezen",
    "staffing:read": "personeel lezen",
    "scenarios:write": "wat-als maken",
    "places:search": "plek zoeken",
    "places:hold": "plek vasthouden",
    "facilities:write": "afdelingen beheren",
    "events:write": "gebeurtenissen melden",
    "signals:acknowledge": "meldingen afvinken",
    "feeds:admin": "koppelingen beheren",
    "webhooks:admin": "webhooks beheren",
    "keys:admin": "sleutels beheren",
    "audit:read": "audit lezen",
    "operator": "beheer van de toren",
}
# Only the operator gives these away.
OF_THE_OPERATOR: frozenset[Scope] = frozenset({"operator", "history:backdate"})
SOURCES: Mapping[str, str] = {"hand": "mensen", "feed": "een systeem"}
SESSIONS: Mapping[str, str] = {
    "person": "Aangemeld op een pagina",
    "phone": "Telefoon van een team",
}
LASTS: Mapping[str, str] = {"90": "90 dagen", "365": "een jaar", "0": "tot u hem intrekt"}
EVENTS: Mapping[str, str] = {
    "reports.write": "Melding gedaan",
    "doubts.accept": "Twijfel weggenomen: het cijfer klopt",
    "imports.write": "Bestand ingelezen",
    "status.say": "Status gemeld",
    "stops.begin": "Stop begonnen",
    "stops.change": "Stop gewijzigd",
    "stops.end": "Stop beëindigd",
    "events.note": "Gebeurtenis gemeld",
    "events.change": "Gebeurtenis gewijzigd",
    "events.withdraw": "Gebeurtenis ingetrokken",
    "hold.begin": "Plek vastgehouden",
    "hold.end": "Vastgehouden plek vrijgegeven",
    "mandates.give": "Mandaat gegeven",
    "mandates.confirm": "Mandaat bevestigd",
    "feeds.release": "Wachtende meldingen meegeteld",
    "feeds.released": "Koppeling vrijgegeven",
    "feeds.suspended": "Koppeling stilgezet",
    "scenarios.add": "Wat-als bewaard",
    "signals.acknowledge": "Melding afgevinkt",
    "history.export": "Cijfers van vroeger opgehaald",
    "staffing.export": "Personeel opgehaald",
    "sessions.person": "Aangemeld",
    "sessions.pairing": "Code voor een telefoon gemaakt",
    "sessions.phone": "Telefoon gekoppeld",
    "sessions.end": "Sessie of telefoon beëindigd",
    "keys.add": "Sleutel gemaakt",
    "keys.revoke": "Sleutel ingetrokken",
    "region.apply": "Regiobestand ingelezen",
    "region.export": "Regiobestand opgehaald",
    "audit.read": "Spoor bekeken",
    "refused": "Geweigerd",
}
OBJECTS: Mapping[str, str] = {
    "report": "melding",
    "import": "bestand",
    "status": "afdeling",
    "unit": "afdeling",
    "stop": "stop",
    "event": "gebeurtenis",
    "hold": "plek",
    "mandate": "mandaat",
    "feed": "koppeling",
    "scenario": "wat-als",
    "signal": "melding",
    "staffing": "personeel van",
    "staffPool": "personeelspool",
    "careSetting": "soort zorg",
    "session": "sessie",
    "key": "sleutel",
    "route": "adres",
    "audit": "spoor van",
    "region": "regio",
    "organisation": "organisatie",
    "facility": "locatie",
    "staff-pool": "personeelspool",
    "group": "groep",
    "sharing-rule": "deelafspraak",
    "rule": "regel",
    "mark": "kenmerk",
    "alias": "code van een zender",
}
OUTCOMES: Mapping[str, str] = {
    "done": "gelukt",
    "401": "geweigerd: niet bekend wie het was",
    "403": "geweigerd: geen recht",
}
REASONS: Mapping[str, str] = {
    "at-own-request": "op eigen verzoek",
    "faulty-figures": "onjuiste cijfers",
    "person-data": "gegevens van personen",
    "security": "veiligheid",
    "other": "anders",
}
ATTRIBUTES: Mapping[str, str] = {
    "secured": "gesloten afdeling",
    "single_rooms": "eenpersoonskamers",
    "isolation": "isolatie mogelijk",
}
TARGETS: Mapping[str, str] = {
    "somatic": "somatisch",
    "psychogeriatric": "psychogeriatrisch",
}
FIELDS: Mapping[str, str] = {
    "name": "naam",
    "beds": "soorten plekken",
    "facility": "locatie",
    "area": "gebied",
    "audience": "soort organisatie",
    "openingHours": "openingstijden",
    "admissionHours": "opnametijden",
    "reporting": "meldmomenten",
    "shifts": "diensten",
    "roles": "functies",
    "contacts": "contact",
    "catchment": "verzorgingsgebied",
    "members": "leden",
    "units": "afdelingen",
    "settings": "waarden",
    "source": "bron",
    "year": "jaar",
}
REFUSALS: Mapping[str, str] = {
    "two-keys": "Deze aansluiting heeft al twee sleutels die werken. Trek er eerst een in.",
    "not-yours": "Dit is van een andere organisatie, of u mist het recht. Er is niets gewijzigd.",
    "unknown-organisation": "Deze organisatie is niet bekend.",
    "unknown-key": "Deze sleutel is niet bekend.",
    "unknown-session": "Deze sessie is niet bekend.",
    "unknown-feed": "Deze koppeling is niet bekend.",
    "no-scopes": "Kies ten minste één recht.",
    "bad-client": "Geef een korte naam van kleine letters, cijfers en streepjes.",
    "beyond-you": "Een van deze rechten geeft alleen de beheerder van de toren.",
    "other-form": "Het formulier kwam niet goed binnen. Open het opnieuw.",
}
# What each setting of a rule of levels says: its words, and how its number is written.
SETTINGS_SAID: Mapping[str, tuple[str, str]] = {
    "noPlaceFrom": ("kans op nee waarbij druk begint", "share"),
    "hours": ("uren waarover wordt gekeken", "number"),
    "smallBelow": ("minder plekken dan dit: samen met soortgenoten beoordeeld", "number"),
    "requestDays": ("dagen waarover aanvragen worden geteld", "number"),
    "requestDaysTold": ("dagen met aanvragen die ten minste nodig zijn", "number"),
    "stayDays": ("verblijf in dagen, zolang het niet is gemeten", "number"),
    "within120s": ("ten minste opgenomen binnen 2 minuten", "share"),
    "over600s": ("hoogstens na 10 minuten", "share"),
    "urgentWithin30s": ("spoed ten minste binnen 30 seconden", "share"),
    "volWithin120s": ("vol onder dit deel binnen 2 minuten", "share"),
    "volOver600s": ("vol boven dit deel na 10 minuten", "share"),
    "returnsWithinMinutes": ("minuten waarbinnen wat terugkomt dezelfde melding is", "number"),
    "drukFrom": ("NEDOCS waarbij druk begint", "number"),
    "volFrom": ("NEDOCS waarbij vol begint", "number"),
}
RULES: Mapping[RuleName, str] = {
    "beds": "Bedden en behandelplekken",
    "home-care": "Zorg thuis",
    "huisartsenpost": "Huisartsenpost",
    "seh": "Spoedeisende hulp",
    "signals": "Meldingen",
}


def level_words(rule: RuleName, told: Mapping[str, Any]) -> Sequence[tuple[Level, str]]:
    """What is shown with which level, in the numbers of the rule that is in force; the rule of
    signals makes no level."""
    if rule == "signals":
        return ()
    if rule == "huisartsenpost":
        return (
            (
                "vol",
                _(
                    "minder dan {within} opgenomen binnen 2 minuten, of meer dan {over} na 10 "
                    "minuten",
                    within=percent(told["volWithin120s"]),
                    over=percent(told["volOver600s"]),
                ),
            ),
            ("druk", _("een van de normen is niet gehaald")),
            ("ruim", _("alle normen zijn gehaald")),
        )
    if rule == "seh":
        return (
            ("vol", _("NEDOCS boven {n}, of niets opneembaar", n=number(told["volFrom"]))),
            ("druk", _("NEDOCS boven {n}", n=number(told["drukFrom"]))),
            ("ruim", _("NEDOCS daaronder")),
        )
    return (
        ("vol", _("niets opneembaar")),
        (
            "druk",
            _(
                "een nieuwe aanvraag vindt de komende {n} uur geen plek, met een kans van {share} "
                "of meer",
                n=number(told["hours"]),
                share=percent(told["noPlaceFrom"]),
            ),
        ),
        ("ruim", _("de kans daarop is kleiner")),
    )


def setting_said(name: str, value: object) -> tuple[str, str]:
    words, form = SETTINGS_SAID.get(name, (name, "number"))
    if not isinstance(value, int | float):
        return _(words), str(value)
    return _(words), percent(value) if form == "share" else number(value)


def norm_said(norm: StaffNorm) -> str:
    """How many heads of a role a shift needs: "1 op 4, ten minste 2"."""
    told = []
    if norm.patients_per_head is not None:
        told.append(_("1 op {n}", n=number(norm.patients_per_head)))
    if norm.measure is not None:
        told.append(_("{n} per uur per persoon", n=number(1 / norm.handling_hours)))
    if norm.target_share is not None and norm.target_wait_seconds is not None:
        minutes = norm.target_wait_seconds / 60
        told.append(
            _("{share} binnen {n} min", share=percent(norm.target_share), n=number(minutes))
        )
    if norm.at_least is not None:
        told.append(_("ten minste {n}", n=norm.at_least))
    return ", ".join(told)


def reporting_said(reporting: Reporting) -> str:
    if reporting.interval_minutes is not None:
        return _("elke {n} min", n=reporting.interval_minutes)
    return listed([f"{at:%H:%M}" for at in reporting.moments])


def hours_said(hours: Sequence[Hours]) -> str:
    """ "ma t/m vr 10:00–16:00"; "" for any hour."""
    order = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

    def days(each: Hours) -> str:
        at = [order.index(day) for day in each.days]
        names = [_(DAYS[n]) for n in at]
        if len(at) > 2 and at == list(range(at[0], at[-1] + 1)):
            return _("{first} t/m {last}", first=names[0], last=names[-1])
        return ", ".join(names)

    def span(each: Hours) -> str:
        whole = each.start == each.end == time(0)
        return _("hele dag") if whole else f"{each.start:%H:%M}–{each.end:%H:%M}"

    return "; ".join(f"{days(each)} {span(each)}" for each in hours)


def places_said(facts: UnitFacts) -> list[str]:
    """The kinds of places of a unit; a flexible bed with what else it can be."""
    if not facts.beds:
        return [_(RESOURCES[facts.resource])]
    return [
        kind_name(bed.bed_type)
        + (
            " " + _("(ook als {kinds})", kinds=listed([kind_name(each) for each in bed.usable_as]))
            if bed.usable_as
            else ""
        )
        for bed in facts.beds
    ]


def attributes_said(facts: UnitFacts) -> str:
    told = [_(TARGETS[facts.target])] if facts.target else []
    told += [_(words) for name, words in ATTRIBUTES.items() if getattr(facts, name)]
    if facts.planned_term_days:
        told.append(_("geplande termijn {n} dagen", n=facts.planned_term_days))
    if facts.admission_hours:
        told.append(_("opname {hours}", hours=hours_said(facts.admission_hours)))
    told += [
        _("open voor {route}: {hours}", route=_(ENTRANCES[route]), hours=hours_said(hours))
        if hours
        else _("nooit open voor {route}", route=_(ENTRANCES[route]))
        for route, hours in facts.opening_hours.items()
    ]
    return ", ".join(told)


def role_said(role: str, added: Mapping[str, str]) -> str:
    """By its Dutch name, also of a role that this region has beside the known ones."""
    return added[role] if role in added else role_name(role)


def roles_said(roles: Sequence[str], added: Mapping[str, str]) -> str:
    return listed([role_said(role, added) for role in roles]) if roles else ""


def scope_names(scopes: Sequence[str]) -> str:
    known = [scope for scope in SCOPES if scope in scopes]
    return ", ".join(_(SCOPE_NAMES[scope]) for scope in known)


def event_said(event: str) -> str:
    return _(EVENTS[event]) if event in EVENTS else event


def outcome_said(outcome: str) -> str:
    return _(OUTCOMES[outcome]) if outcome in OUTCOMES else _("geweigerd ({code})", code=outcome)


def object_said(object_type: str, object_id: str) -> str:
    word = _(OBJECTS[object_type]) if object_type in OBJECTS else object_type
    # A number of a report or session says nothing to who reads it; its beginning tells them apart.
    number = len(object_id) == 36 and object_id.count("-") == 4
    return f"{word} {object_id[:8] if number else object_id}".strip()


def right_said(right: str) -> str:
    return next((_(said) for scope, said in SCOPE_NAMES.items() if scope == right), right)


def detail_said(detail: Mapping[str, Any]) -> str:
    """What else is noted of an event: the unit, the client, the reason, the rights; never JSON."""
    told = []
    if unit := detail.get("unit"):
        told.append(_("afdeling {unit}", unit=unit))
    if client := detail.get("client"):
        told.append(_("voor {client}", client=client))
    if scopes := detail.get("scopes"):
        told.append(_("mag: {scopes}", scopes=scope_names(scopes)))
    if reason := detail.get("reason"):
        told.append(_(REASONS[reason]) if reason in REASONS else str(reason))
    if isinstance(reports := detail.get("reports"), list) and len(reports) > 1:
        told.append(_("{n} meldingen", n=len(reports)))
    if change := detail.get("change"):
        told.append(change_said(str(change)))
    return "; ".join(told)


def change_said(change: str) -> str:
    """What a region file did to a thing, from the line that applying it told."""
    sign, fields = change[:1], change.rpartition(": ")[2].partition(" from ")[0]
    if sign == "~":
        return _("gewijzigd: {fields}", fields=fields_said(fields.split(", ")))
    return _("beëindigd") if sign == "-" else _("nieuw")


def fields_said(fields: Sequence[str]) -> str:
    return listed([_(FIELDS[name]) if name in FIELDS else name for name in fields])
