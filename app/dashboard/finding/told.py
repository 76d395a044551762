"""What a search for a place says, in plain words."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from app.dashboard.forms import Option
from app.dashboard.language import _, capital, listed, number, spoken
from app.dashboard.names import kind_name, setting_name
from app.dashboard.sentences import DAYS, MONTHS, RESOURCES, age
from app.facilities.hours import LOCAL
from app.facilities.schemas import Law
from app.overview.search.schemas import (
    Candidate,
    HeldNow,
    Needs,
    No,
    PlacesFound,
    Sought,
    Why,
    Within,
)

HOME: Sequence[Sought] = ("care-start", "home-visit")
LAWS: Mapping[str, Law] = {
    "zvw": "Zvw",
    "wlz": "Wlz",
    "wmo": "Wmo",
    "jeugdwet": "Jeugdwet",
    "anders": "other",
}
SOON: Mapping[str, Within] = {"nu": "now", "vandaag": "today", "week": "this-week"}
TARGETS = {"somatisch": "somatic", "psychogeriatrisch": "psychogeriatric"}
# Of these units nobody reads on: they stand behind a click.
NEVER = "wrong-type"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of the page asks; None for `kind`: nothing was asked yet."""

    kind: str | None = None
    law: str = ""
    target: str = ""
    municipality: str = ""
    within: str = "nu"
    secured: bool = False
    isolation: bool = False
    single_room: bool = False

    def needs(self, bed_types: Iterable[str], municipalities: Iterable[str]) -> Needs:
        """What is not known, as in an old link, is not asked for."""
        kind = self.kind or ""
        home = next((each for each in HOME if each == kind), None)
        return Needs.model_validate(
            {
                "resource": home or "bed",
                "bed_types": (kind,) if kind in bed_types else (),
                "law": LAWS.get(self.law),
                "target": TARGETS.get(self.target),
                "municipality": self.municipality if self.municipality in municipalities else None,
                "within": SOON.get(self.within, "now"),
                "secured": self.secured,
                "isolation": self.isolation,
                "single_room": self.single_room,
            }
        )


def kinds(bed_types: Iterable[str], chosen: str | None) -> list[Option]:
    """Types of beds by name, then care at home."""
    beds = sorted((capital(kind_name(each)), each) for each in bed_types)
    homes = [(capital(_(RESOURCES[each])), str(each)) for each in HOME]
    return [Option(key, name, key == chosen) for name, key in (*beds, *homes)]


def towns(municipalities: Iterable[str], chosen: str) -> list[Option]:
    return [Option(each, capital(each), each == chosen) for each in municipalities]


def what(needs: Needs) -> str:
    """The kind that is looked for, within a sentence."""
    if needs.resource != "bed":
        return _(RESOURCES[needs.resource])
    return listed([kind_name(each) for each in needs.bed_types] or [_("wie een bed nodig heeft")])


def verdict(found: PlacesFound, needs: Needs) -> str:
    """The one sentence on top."""
    n, now = len(found.candidates), sum(each.admits_from is None for each in found.candidates)
    if not n:
        return _("Nergens plek gevonden voor {what}", what=what(needs))
    if not now:
        said = _("Nu nergens plek voor {what}; later bij {n}", what=what(needs), n=n)
    elif now == 1:
        said = _("Eén afdeling heeft nu plek voor {what}", what=what(needs))
    else:
        said = _("{n} afdelingen hebben nu plek voor {what}", n=now, what=what(needs))
    return said


def beside(found: PlacesFound) -> str:
    """How many later, and how many not."""
    later = sum(each.admits_from is not None for each in found.candidates)
    told = [_("{n} later", n=later)] if later else []
    near = len(near_noes(found))
    told += [_("{n} van deze soort niet", n=near)] if near else []
    hidden = sum(why.code == "not-shown" for no in found.noes for why in no.reasons)
    told += [_("{n} mag u niet zien", n=hidden)] if hidden else []
    return capital(", ".join(told)) + "." if told else ""


def near_noes(found: PlacesFound) -> list[No]:
    """Of the kind that is needed."""
    return [no for no in found.noes if all(why.code != NEVER for why in no.reasons)]


def other_noes(found: PlacesFound) -> list[No]:
    return [no for no in found.noes if any(why.code == NEVER for why in no.reasons)]


def where(place: Candidate | No) -> str:
    town = capital(place.municipality or "")
    return ", ".join(filter(None, (setting_name(place.care_setting), town)))


def because(why: Why, now: datetime) -> str:
    said = why.en if spoken() == "en" else why.nl
    if why.until is None:
        return said
    return _("{said}, tot {when}", said=said, when=when(why.until, now))


def reasons(place: Candidate | No, now: datetime) -> list[str]:
    """Beside the number of a candidate it already says whether it is now or later."""
    return [because(why, now) for why in place.reasons if why.code not in ("now", "later")]


def when(at: datetime, now: datetime) -> str:
    """Today by the clock, another day by its name too: "wo 25 nov, 13:00"."""
    here = at.astimezone(LOCAL)
    if here.date() == now.astimezone(LOCAL).date():
        return f"{here:%H:%M}"
    return f"{_(DAYS[here.weekday()])} {here.day} {_(MONTHS[here.month - 1])}, {here:%H:%M}"


def holds(place: Candidate | No, now: datetime) -> list[str]:
    """What is held of it, by others or by the viewer's own organisation."""
    found = []
    for each in place.held:
        until = when(each.until, now)
        if each.mine:
            found.append(_("door uw organisatie vastgehouden tot {when}", when=until))
        else:
            found.append(_("een plek vastgehouden tot {when}", when=until))
    return found


def last_told(no: No) -> str:
    """How old what was told last is, where it may be seen; and how many, where it says any."""
    figure = no.admittable
    if figure is None or figure.state != "known" or figure.value is None:
        return ""
    if not figure.value:
        return _("gemeld {age}", age=age(figure.age_seconds))
    told = _("{n} opneembaar", n=number(figure.value))
    return _("laatst gemeld: {figure}", figure=f"{told}, {age(figure.age_seconds)}")


def function(name: str) -> str:
    return capital(name.replace("-", " "))


def digits(phone: str) -> str:
    """As it is dialled."""
    return "".join(each for each in phone if each.isdigit() or each == "+")


MINUTES = (15, 30, 60, 120)
# By the code of a refusal: what happened, and what to do.
REFUSALS: Mapping[str, str] = {
    "no-room": "Er is daar nu geen plek om vast te houden: iemand was u voor, of het cijfer is oud."
    " Zoek opnieuw, of bel de afdeling.",
    "unknown-place": "Deze plek is er niet, of u mag haar niet zien. Zoek opnieuw.",
    "unknown-hold": "Uw organisatie houdt deze plek niet vast.",
    "other-content": "Dit formulier hoort bij een andere plek. Zoek opnieuw.",
    "other-form": "Dit formulier kwam anders aan dan het is. Zoek opnieuw.",
}


def refusal(code: str) -> str:
    return _(REFUSALS[code]) if code in REFUSALS else _("Dit kon niet. Er is niets vastgehouden.")


def number_of_form() -> str:
    """Made with the form, so that to send it again is harmless."""
    return str(uuid.uuid4())


def own_holds(place: Candidate | No) -> list[HeldNow]:
    return [each for each in place.held if each.mine and each.id is not None]


def action(path: str, query: str) -> str:
    """Where a form goes, with the question of the search: the way back, and the language."""
    kept = [
        *parse_qsl(query, keep_blank_values=True),
        *([("taal", "en")] if spoken() == "en" else []),
    ]
    return f"{path}?{urlencode(kept)}" if kept else path


def without_language(query: str) -> str:
    told = parse_qsl(query, keep_blank_values=True)
    return urlencode([(name, value) for name, value in told if name != "taal"])


def lasts(minutes: int) -> str:
    return _("{n} minuten", n=minutes) if minutes < 60 else _("{n} uur", n=minutes // 60)
