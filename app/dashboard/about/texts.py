"""How the tower reckons, and who can use it: the words of two pages, in plain language."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.dashboard.language import _


@dataclass(frozen=True, slots=True)
class Part:
    heading: str
    paragraphs: Sequence[str]


def explained() -> list[Part]:
    """What the figures are, and what the tower does not know."""
    return [
        Part(
            _("Wat er nu vrij is"),
            [
                _(
                    "Zorgaanbieders melden hoeveel plekken er open zijn, hoeveel er bezet zijn en "
                    "hoeveel er zijn toegezegd. De toren telt plekken, geen mensen met een naam."
                ),
                _(
                    "Nu opneembaar is wat er echt bij kan: vrije plekken, als er personeel is, als "
                    "de opnametijd klopt en als er geen stop is."
                ),
                _(
                    "Bij elk cijfer staat hoe oud het is. Heeft een afdeling te lang niets gemeld, "
                    "dan blijft het laatste cijfer staan, in grijs. Is iets niet bekend, dan staat "
                    "er onbekend. Dat is nooit hetzelfde als nul."
                ),
            ],
        ),
        Part(
            _("Wat er straks nodig is"),
            [
                _(
                    "Niemand weet precies wat er komt. Daarom geeft de toren drie dingen: wat hij "
                    "verwacht, tussen welke getallen het met 80% kans ligt, en hoe groot de kans op "
                    "een tekort is."
                ),
                _(
                    "90% of meer heet vrijwel zeker, 70% of meer waarschijnlijk, 30% of minder "
                    "onwaarschijnlijk. Daartussen kan het beide kanten op."
                ),
                _(
                    "Weken en maanden volgen uit hoe het eerder ging: de dag van de week, "
                    "vakanties, de griep, en of het drukker wordt. Jaren volgen uit hoeveel mensen "
                    "er zijn van elke leeftijd en hoeveel zorg zij vragen."
                ),
                _(
                    "De toren schrijft op wat hij zei en kijkt later of het klopte. Had hij het een "
                    "tijd slechter dan een heel simpele schatting, dan geeft hij die schatting en "
                    "zegt hij dat erbij."
                ),
            ],
        ),
        Part(
            _("Personeel"),
            [
                _(
                    "Een bed zonder personeel is geen plek. Voor elke dienst rekent de toren uit "
                    "hoeveel mensen er nodig zijn en zet dat naast het rooster, min wie "
                    "waarschijnlijk ziek is. Eén nachtdienst voor twee afdelingen telt één keer."
                ),
                _(
                    "Functies worden nooit bij elkaar opgeteld: een verpleegkundige te veel helpt "
                    "niet tegen een verzorgende te weinig."
                ),
            ],
        ),
        Part(
            _("Het gat en waar het vandaan komt"),
            [
                _(
                    "Het tekort is wat er nodig is min wat er is. De toren laat zien waaruit het "
                    "bestaat: meer en oudere mensen, andere zorgvraag, langer of korter blijven, "
                    "nieuwe collega's, mensen die weggaan. Die delen tellen op tot het hele tekort."
                ),
            ],
        ),
        Part(
            _("Wat de toren niet weet"),
            [
                _(
                    "Hij kent geen weerbericht, geen nieuwe ziekte en geen besluit dat niet is gemeld."
                ),
                _(
                    "Alle bedden van één soort gelden als even geschikt. Of een plek past bij "
                    "iemand, beslist een mens."
                ),
                _(
                    "De toren is geen melding. LPZ en de meldkamer zijn leidend. Levensbedreigend: "
                    "altijd opvang."
                ),
            ],
        ),
    ]


def accessible() -> list[Part]:
    """What was done so that everybody can use it, how that is tested, and what falls short."""
    return [
        Part(
            _("Voor iedereen"),
            [
                _(
                    "De toren wil voldoen aan WCAG 2.2, niveau AA. Alles werkt met het toetsenbord, "
                    "zonder script, op een telefoon en op een wand, licht en donker."
                ),
                _(
                    "Drukte is nooit alleen een kleur: er staat altijd een vorm en een woord bij. "
                    "Elke grafiek heeft een titel, een zin en een tabel met dezelfde getallen; met "
                    "de pijltjes leest u haar punt voor punt."
                ),
            ],
        ),
        Part(
            _("Hoe dat wordt getoetst"),
            [
                _(
                    "Bij elke wijziging opent een browser elke pagina in meerdere breedtes, en zoekt "
                    "axe naar fouten. Mensen met een beperking hebben de toren nog niet getoetst."
                ),
            ],
        ),
        Part(
            _("Werkt iets niet?"),
            [_("Zeg het de beheerder van uw regio. De API geeft alle cijfers ook zonder scherm.")],
        ),
    ]
