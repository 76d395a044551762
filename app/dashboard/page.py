"""What every page holds beside its subject: whose it is, its menu, its language, its address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from app.dashboard.language import Language, _
from app.facilities.hours import LOCAL


@dataclass(frozen=True, slots=True)
class Item:
    path: str
    name: str


MENU: Sequence[Item] = (
    Item("/", "Nu"),
    Item("/plek", "Plek"),
    Item("/verwachting", "Verwachting"),
    Item("/personeel", "Personeel"),
    Item("/jaren", "Jaren"),
    Item("/wat-als", "Wat als"),
    Item("/meldingen", "Meldingen"),
    Item("/gegevens", "Gegevens"),
    Item("/invoer", "Invoer"),
)
FOOT: Sequence[Item] = (
    Item("/rapport", "Rapport"),
    Item("/beheer", "Beheer"),
    Item("/uitleg", "Uitleg"),
    Item("/toegankelijkheid", "Toegankelijkheid"),
)


@dataclass(frozen=True, slots=True)
class Page:
    """`path` is without its language: the Dutch page of the same address."""

    language: Language
    path: str
    query: str
    now: datetime
    fictief: bool
    wall: bool = False
    region: str = ""
    live: bool = False
    # Which client is known here, by a session that it can end or by a key.
    who: str = ""
    signed_in: bool = False

    @property
    def menu(self) -> Sequence[Item]:
        return MENU

    @property
    def foot(self) -> Sequence[Item]:
        return FOOT

    def link(self, path: str) -> str:
        """The address of a page in the language of this one."""
        return path if self.language == "nl" else f"/en{path}"

    def file(self, chart: str, form: str) -> str:
        """The address of a picture of this very page as a file."""
        kept = [(name, value) for name, value in parse_qsl(self.query) if name != "grafiek"]
        return f"{self.link(self.path)}?{urlencode([*kept, ('grafiek', f'{chart}.{form}')])}"

    @property
    def source(self) -> str:
        """What stands under a picture that leaves its page: whose it is, of when, or made up."""
        moment = f"{self.now.astimezone(LOCAL):%d-%m-%Y %H:%M}"
        told = ["Gezondheidsverkeerstoren", self.region, moment]
        return " · ".join([*filter(None, told), *([_("Fictief")] if self.fictief else [])])

    def send(self, path: str) -> str:
        """Where a form is sent to: one path for both languages, which the answer then speaks."""
        return path if self.language == "nl" else f"{path}?taal=en"

    @property
    def other(self) -> str:
        """This page in the other language."""
        other = Page("en" if self.language == "nl" else "nl", "", "", self.now, False)
        return other.link(self.path) + (f"?{self.query}" if self.query else "")
