"""What the phone form says: what is free, why something was refused, what is doubted."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.dashboard.entry.sheet import Line
from app.dashboard.language import _, capital, number, percent
from app.dashboard.names import kind_name
from app.dashboard.sentences import clock, probability_word
from app.observations.schemas import DoubtWire, ReportedFigure

# By the code of a refusal: what happened, and what to do.
REFUSALS: Mapping[str, str] = {
    "not-yours": "Deze afdeling is niet van u. Vraag de organisatie om een mandaat.",
    "unknown-unit": "Deze afdeling bestaat nu niet.",
    "id-reused": "Deze melding is al binnen met andere cijfers. Open het formulier opnieuw.",
    "newer-report": "Er is intussen een nieuwere melding. Kijk daar eerst naar.",
    "open-doubt": "Over de vorige melding staat nog een vraag open. Vul de stand opnieuw in.",
    "nothing-to-confirm": "De vorige melding heeft geen cijfers van nu. Vul de stand in.",
    "unknown-report": "De vorige melding is niet gevonden. Vul de stand in.",
    "too-late": "Terugdraaien kan tot een minuut na het doorgeven. Geef de juiste stand door.",
    "observed-too-long-ago": "Deze melding is ouder dan 14 dagen en wordt niet meer aangenomen.",
    "overlapping-period": "Er staat al een ander aantal over een deel van deze dag.",
    "other-form": "Dit formulier kwam anders aan dan het is. Open het opnieuw en vul het in.",
}
MEASURES: Mapping[str, str] = {
    "occupied": "Bezet",
    "reserved": "Toegezegd",
    "closedPlaces": "Dicht",
    "physical": "Plekken in totaal",
    "staffed": "Geopend",
}


def kind(bed_type: str | None) -> str:
    return capital(kind_name(bed_type))


def refusal(code: str) -> str:
    if code in REFUSALS:
        return _(REFUSALS[code])
    return _("Dit kon niet worden opgeslagen. Er is niets bewaard.")


def free_sentence(line: Line) -> str:
    """ "1 bed vrij, 2 dicht"; nothing where it cannot be told yet."""
    if line.free is None:
        return ""
    free, closed = max(0, line.free), line.number("closedPlaces") or 0
    return _("{free}, {n} dicht", free=free_words(line, free), n=closed)


def free_words(line: Line, free: int | str) -> str:
    """Of a kind of beds in beds; `free` may be the place of the number, for the script."""
    if line.key:
        return _("1 bed vrij") if free == 1 else _("{n} bedden vrij", n=free)
    return _("1 plek vrij") if free == 1 else _("{n} plekken vrij", n=free)


def over_sentence(line: Line) -> str:
    if line.free is None or line.free >= 0:
        return ""
    return _("Dat zijn er {n} meer dan er open zijn.", n=-line.free)


def places_sentence(free: float | None, closed: float | None, admittable: float | None) -> str:
    def told(value: float | None) -> str:
        return _("onbekend") if value is None else number(max(0.0, value))

    return _(
        "{n} nu opneembaar, {free} vrij, {closed} dicht",
        n=told(admittable),
        free=told(free),
        closed=told(closed),
    )


def leaving_sentence(today: float | None, tomorrow: float | None) -> str:
    if today is None and tomorrow is None:
        return ""
    told = [_("onbekend") if each is None else number(each) for each in (today, tomorrow)]
    return _(
        "Er vertrekken er vandaag {today} en morgen {tomorrow}.", today=told[0], tomorrow=told[1]
    )


def requests_sentence(low: float | None, high: float | None, until: datetime) -> str:
    if low is None or high is None:
        return ""
    return _(
        "Tot {time} komen er met 80% kans {low} tot {high} aanvragen.",
        time=clock(until),
        low=number(low),
        high=number(high),
    )


def place_sentence(chance: float | None, at: datetime | None) -> str:
    if chance is None or at is None:
        return ""
    return _(
        "Om {time} nog een plek: {word} ({chance}).",
        time=clock(at),
        word=probability_word(chance),
        chance=percent(chance),
    )


def questions(
    doubts: Sequence[DoubtWire], told: Sequence[ReportedFigure], several: bool
) -> Sequence[str]:
    """Each doubt as a question about the figure that it is of."""
    return [question(doubt.code, figure_at(doubt.pointer, told), several) for doubt in doubts]


def figure_at(pointer: str, told: Sequence[ReportedFigure]) -> ReportedFigure | None:
    _before, _figures, place, *_rest = (*pointer.split("/"), "", "")
    return told[int(place)] if place.isdecimal() and int(place) < len(told) else None


def question(code: str, figure: ReportedFigure | None, several: bool) -> str:
    if figure is None or figure.value is None:
        return _("Klopt wat u doorgaf?")
    name = _(MEASURES[figure.measure]) if figure.measure in MEASURES else figure.measure
    if several and figure.bed_type:
        name = f"{capital(kind_name(figure.bed_type))}, {name.lower()}"
    told = {"name": name, "n": number(figure.value)}
    if code == "more-occupied-than-staffed":
        return _("{name}: {n}. Dat is meer dan er open zijn. Klopt dat?", **told)
    if code == "jump":
        return _("{name}: {n}. Dat scheelt veel met de vorige keer. Klopt dat?", **told)
    return _("{name}: {n}. Dat past niet bij de andere cijfers. Klopt dat?", **told)
