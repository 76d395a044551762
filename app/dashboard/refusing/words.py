"""What a refusal is called on screen, and what to do then: in plain words, by its status."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.dashboard.language import _


@dataclass(frozen=True, slots=True)
class Refused:
    title: str
    text: str
    again: bool = False


# Title, what to do, and whether the same may do later.
BY_STATUS: Mapping[int, tuple[str, str, bool]] = {
    400: ("Dit kan zo niet", "In het adres of in wat u stuurde, staat iets dat niet kan.", False),
    401: ("Wie bent u?", "Meld u aan om dit te zien.", False),
    403: ("Dit is niet voor u", "Uw sleutel geeft hier geen recht op.", False),
    404: ("Dit is er niet", "Deze pagina, afdeling of grafiek bestaat niet, of niet meer.", False),
    409: ("Dit botst met wat er al is", "Kijk eerst wat er nu staat.", False),
    413: ("Dit is te groot", "Stuur het in kleinere delen.", False),
    503: (
        "De toren is nu even niet bereikbaar",
        "Er is niets half opgeslagen. Deze pagina probeert het vanzelf opnieuw.",
        True,
    ),
}
OURS = (
    "Er ging iets mis bij ons",
    "Er is niets opgeslagen. Probeer het opnieuw. Blijft het zo, geef dan uw beheerder het nummer "
    "hieronder.",
    False,
)


def refused(status: int, code: str = "", method: str = "GET") -> Refused:
    """By its status, and where that says too little by its code. What was sent is not sent again
    by itself."""
    title, text, again = BY_STATUS.get(status, BY_STATUS[400] if status < 500 else OURS)
    if code == "other-site":
        sent = _(
            "Dit kwam van een andere site. Er is niets gedaan. Open de pagina bij de toren zelf."
        )
        return Refused(_(title), sent)
    if again and method != "GET":
        sent = _("Er is niets half opgeslagen. Stuur het formulier over een minuut opnieuw.")
        return Refused(_(title), sent)
    return Refused(_(title), _(text), again)
