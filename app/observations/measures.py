"""What can be reported: each measure with its kind of time, its dimensions and who may see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

# How a measure stands in time: a stock at a moment, a flow over a period that has been, a plan or
# a roster for a period to come.
Time = Literal["stock", "flow", "plan"]
Quantity = Literal["count", "heads", "fte", "hours", "seconds", "percent"]
# The rows of the sharing matrix.
Shown = Literal["admittable", "occupancy", "demand", "staff"]
Dimension = Literal[
    "resource",
    "bedType",
    "role",
    "shift",
    "reason",
    "urgency",
    "destination",
    "profile",
    "ageBand",
    "area",
]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

# Closed sets: a word outside them is refused by name. Roles, shifts, bed types, profiles and
# areas are configurable, so they are checked for their form only, or against the unit.
REASONS = frozenset(
    {
        *("staff", "room", "equipment", "material", "infection"),
        *("maintenance", "contract", "other"),
    }
)
REFUSALS = frozenset(
    {
        *("full", "staff", "does-not-fit", "medical-cover", "infection", "contract"),
        *("too-late", "client-declined"),
    }
)
DESTINATIONS = frozenset({"home", "home-care", "elv", "grz", "wlz", "ggz", "hospice", "wmo"})
URGENCIES = frozenset(
    {
        *("u0", "u1", "u2", "u3", "u4", "u5"),
        *("mts-red", "mts-orange", "mts-yellow", "mts-green", "mts-blue"),
    }
)
AGE_BANDS = frozenset({"days-0-2", "days-3-7", "days-8-plus"})


@dataclass(frozen=True)
class Measure:
    """One thing that can be told: `needs` must be said with it, `may` can be."""

    name: str
    label: str
    time: Time = "stock"
    quantity: Quantity = "count"
    shown: Shown = "occupancy"
    needs: frozenset[Dimension] = frozenset()
    may: frozenset[Dimension] = frozenset()
    words: Mapping[Dimension, frozenset[str]] | None = None
    of_places: bool = False

    @property
    def whole(self) -> bool:
        return self.quantity in ("count", "heads", "seconds")


def _places(name: str, label: str, shown: Shown = "occupancy") -> Measure:
    return Measure(name, label, shown=shown, may=_BEDS, of_places=True)


def _flow(name: str, label: str, *may: Dimension) -> Measure:
    return Measure(name, label, "flow", shown="demand", may=_BEDS | frozenset(may), words=_WORDS)


def _people(name: str, label: str, *may: Dimension) -> Measure:
    return Measure(name, label, shown="demand", may=_QUEUE | frozenset(may), words=_WORDS)


def _contacts(name: str, label: str, time: Time = "flow", quantity: Quantity = "count") -> Measure:
    return Measure(
        name,
        label,
        time,
        quantity,
        shown="demand",
        may=frozenset({"urgency"}),
        words={"urgency": URGENCIES},
    )


def _staff(name: str, label: str, time: Time, quantity: Quantity = "heads") -> Measure:
    return Measure(
        name,
        label,
        time,
        quantity,
        shown="staff",
        needs=frozenset({"role"}),
        may=frozenset({"shift"}),
    )


_BEDS: frozenset[Dimension] = frozenset({"resource", "bedType"})
_QUEUE: frozenset[Dimension] = _BEDS | {"urgency", "profile"}
# Which words a dimension takes, where those do not depend on the measure.
_WORDS: Mapping[Dimension, frozenset[str]] = {
    "urgency": URGENCIES,
    "destination": DESTINATIONS,
    "ageBand": AGE_BANDS,
}
_HOME: frozenset[Dimension] = frozenset({"resource", "profile", "area", "shift"})

_ALL = (
    # Beds and places: physical = staffed + closedPlaces.
    _places("physical", "aanwezige plaatsen"),
    _places("staffed", "geopende plaatsen"),
    Measure(
        "closedPlaces",
        "gesloten plaatsen",
        needs=frozenset({"reason"}),
        may=_BEDS,
        words={"reason": REASONS},
        of_places=True,
    ),
    _places("occupied", "bezet"),
    _places("reserved", "toegezegd"),
    _places("admittable", "nu opneembaar", "admittable"),
    _places("extra24h", "bij te openen binnen 24 uur"),
    _places("extra72h", "bij te openen binnen 72 uur"),
    _places("extra7d", "bij te openen binnen 7 dagen"),
    # People who wait to move, and plans.
    Measure(
        "medicallyReady",
        "medisch klaar",
        shown="demand",
        may=_BEDS | {"destination", "ageBand"},
        words={"destination": DESTINATIONS, "ageBand": AGE_BANDS},
    ),
    Measure("verkeerdeBed", "verkeerde bed", shown="demand", may=_BEDS),
    _people("waiting", "wachtenden nu", "destination"),
    _people("waitlist", "wachtlijst"),
    Measure("boarders", "wachtend op een bed", shown="demand", may=_BEDS),
    Measure("expectedDischarges", "verwacht vertrek", "plan", shown="demand", may=_BEDS),
    Measure("plannedAdmissions", "geplande opnames", "plan", shown="demand", may=_BEDS),
    # Flows over a period that has been.
    _flow("requests", "aanvragen", "urgency", "profile", "area"),
    _flow("admissions", "opnames", "profile"),
    _flow("discharges", "ontslagen", "destination"),
    _flow("transfersIn", "overgenomen"),
    _flow("transfersOut", "overgeplaatst"),
    Measure(
        "refused",
        "afgewezen",
        "flow",
        shown="demand",
        needs=frozenset({"reason"}),
        may=_BEDS,
        words={"reason": REFUSALS},
    ),
    _flow("diverted", "omgeleid"),
    # Huisartsenpost and SEH.
    _contacts("calls", "oproepen"),
    _contacts("answered", "beantwoord"),
    _contacts("answeredWithin120s", "beantwoord binnen 2 minuten"),
    _contacts("answeredOver600s", "beantwoord na 10 minuten"),
    _contacts("abandoned", "opgehangen voor antwoord"),
    _contacts("urgentAnswered", "spoed beantwoord"),
    _contacts("urgentWithin30s", "spoed beantwoord binnen 30 seconden"),
    _contacts("longestWaitSeconds", "langste wacht", quantity="seconds"),
    _contacts("consults", "consulten"),
    _contacts("homeVisits", "visites"),
    _contacts("visitsOpen", "openstaande visites", "stock"),
    _contacts("present", "aanwezige patiënten", "stock"),
    Measure("ventilated", "beademd", shown="demand"),
    Measure("longestBoardingMinutes", "langste wacht op een bed (min)", shown="demand"),
    Measure("lastDoorToBedMinutes", "laatste deur tot bed (min)", shown="demand"),
    # Home care.
    Measure("startsToday", "zorgstarts vandaag", shown="admittable", may=_HOME),
    Measure("startsThisWeek", "zorgstarts deze week", shown="admittable", may=_HOME),
    Measure("acuteVisitsFree", "vrije acute bezoeken", shown="admittable", may=_HOME),
    Measure("unplannedNight", "ongeplande nachtzorg", "flow", shown="demand", may=_HOME),
    Measure("careHours", "zorguren", "flow", "hours", shown="demand", may=_HOME),
    # Staff: today to 13 weeks in shifts and heads, years in FTE.
    _staff("required", "nodig", "plan"),
    _staff("rostered", "rooster", "plan"),
    _staff("worked", "inzet", "flow"),
    _staff("workedTemporary", "inzet tijdelijk (PNIL)", "flow"),
    _staff("absent", "afwezig", "flow"),
    _staff("shortToday", "tekort vandaag", "stock", "count"),
    _staff("shortThisWeek", "tekort deze week", "stock", "count"),
    _staff("formatie", "formatie", "plan", "fte"),
    _staff("bezetting", "bezetting", "plan", "fte"),
    _staff("vacature", "vacature", "plan", "fte"),
    _staff("verzuim", "verzuim", "plan", "percent"),
)

MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _ALL}
# Answers to "is there a shortage?": 1 is yes, 0 is no.
YES_NO = frozenset({"shortToday", "shortThisWeek"})
