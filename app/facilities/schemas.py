"""What the master data says of organisations, facilities, units, pools and groups."""

from datetime import date, time
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from app.access.disclosure import Detail, Shown
from app.access.scopes import Audience, Scope
from app.wire import Slug, Wire, Word

CareSetting = Literal[
    "reo",
    "seh",
    "huisartsenpost",
    "hospital-ward",
    "short-stay",
    "nursing-home",
    "home-care",
    "acute-home-nursing",
    "mental-health-crisis",
    "pharmacy",
    "coordination",
    "chronic-care",
    "informal-care",
    "hospice",
]
Resource = Literal[
    "bed",
    "treatment-space",
    "consult",
    "home-visit",
    "phone-line",
    "care-start",
    "care-hour",
    "vehicle",
]
BED_TYPES = frozenset(
    {
        *("ic", "hc-mc", "ward", "acute-admission", "observation-elderly"),
        *("elv-low", "elv-high", "elv-palliative", "grz", "wlz-crisis", "wmo-emergency"),
        *("respite", "recovery", "psychiatric-acute", "maternity", "paediatric", "nursing-home"),
    }
)
Law = Literal["Zvw", "Wlz", "Wmo", "Jeugdwet", "other"]
# How a person comes in; opening hours are told for each.
Entrance = Literal["ambulance", "referral", "walk-in", "transfer"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Name = Annotated[str, Field(min_length=2, max_length=120)]
# A function, not a person: "dienstdoende verpleegkundige", and the number of a desk.
Phone = Annotated[str, Field(pattern=r"^\+?[0-9 ()-]{6,20}$")]


class Hours(Wire):
    """Local hours on some days. An end before or at its start lies on the next day."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1)]
    start: time
    end: time


class Bed(Wire):
    """A bed type of a unit. A flexible bed is one bed: counted once, shown under `usableAs`."""

    bed_type: Word
    law: Law
    usable_as: tuple[Word, ...] = ()


class Reporting(Wire):
    """When figures are due: at moments of the local day, or every so many minutes while open."""

    moments: tuple[time, ...] = ()
    interval_minutes: int | None = Field(None, ge=1, le=1440)

    @model_validator(mode="after")
    def one_way(self) -> "Reporting":
        if bool(self.moments) == (self.interval_minutes is not None):
            raise ValueError("give moments or intervalMinutes, one of the two")
        return self


class Shift(Wire):
    """A named shift with its hours: no fixed three."""

    shift: Word
    start: time
    end: time


class Contact(Wire):
    """A function and its number; never a person's name."""

    function: Word
    phone: Phone


class Share(Wire):
    """Which part of a municipality's need comes to this unit."""

    municipality: Word
    share: float = Field(gt=0, le=1)
    source: str
    year: int


class UnitFacts(Wire):
    """All that is known of a unit, beside its slug and its performer."""

    name: Name
    facility: Slug
    care_setting: CareSetting
    resource: Resource = "bed"
    beds: tuple[Bed, ...] = ()
    contract_holder: Slug | None = None
    target: Literal["somatic", "psychogeriatric"] | None = None
    secured: bool = False
    single_rooms: bool = False
    isolation: bool = False
    medical_lead: Word | None = None
    opening_hours: dict[Entrance, tuple[Hours, ...]] = Field(
        {}, description="Per entrance route; a route that is absent is open always."
    )
    admission_hours: tuple[Hours, ...] = Field((), description="Empty: at any hour.")
    reporting: Reporting
    census_time: time = time(8)
    shifts: tuple[Shift, ...] = ()
    roles: tuple[Word, ...] = ()
    planned_term_days: int | None = Field(None, ge=1, le=365)
    contacts: tuple[Contact, ...] = ()
    catchment: tuple[Share, ...] = ()
    succeeds: tuple[Slug, ...] = ()

    @model_validator(mode="after")
    def beds_once(self) -> "UnitFacts":
        types = [bed.bed_type for bed in self.beds]
        if len(set(types)) < len(types):
            raise ValueError("a bed type stands once under beds")
        return self


class OrganisationFacts(Wire):
    name: Name
    audience: Audience
    chamber_of_commerce: str | None = Field(None, pattern=r"^[0-9]{8}$")
    branch: str | None = Field(None, pattern=r"^[0-9]{12}$")
    ura: str | None = Field(None, pattern=r"^[0-9]{8}$")
    agb: str | None = Field(None, pattern=r"^[0-9]{8}$")


class Area(Wire):
    """Where a facility stands, in each of the divisions that plan with it."""

    municipality: Word
    neighbourhood: Word | None = None
    care_office: Word | None = None
    roaz: Word | None = None
    labour_region: Word | None = None


class FacilityFacts(Wire):
    name: Name
    area: Area


class StaffPoolFacts(Wire):
    """People who cover one or more units, counted once."""

    name: Name
    units: Annotated[tuple[Slug, ...], Field(min_length=1)]
    roles: Annotated[tuple[Word, ...], Field(min_length=1)]
    shifts: tuple[Shift, ...] = ()


class Member(Wire):
    unit: Slug
    since: date = Field(date(2000, 1, 1))
    until: date | None = None


class GroupFacts(Wire):
    """A view over units with dated membership. A total counts each unit once."""

    name: Name
    members: Annotated[tuple[Member, ...], Field(min_length=1)]


class MandateFacts(Wire):
    """`to` may report for these units of the organisation until a date."""

    to: Slug
    units: Annotated[tuple[Slug, ...], Field(min_length=1)]
    confirmed: bool = False


class SharingRuleFacts(Wire):
    audience: Audience | None = None
    organisation: Slug | None = None
    shown: Annotated[tuple[Shown, ...], Field(min_length=1)]
    detail: Detail
    delay_minutes: int = Field(0, ge=0, le=60 * 24 * 31)


class FeedFacts(Wire):
    name: Name
    state: Literal["quarantine", "released", "suspended"] = "quarantine"
    units: dict[str, Slug] = Field(description="The sender's own code of each unit.")


class ClientFacts(Wire):
    """A client of an organisation, for the demo: its key is published."""

    client: Slug
    source_kind: Literal["hand", "feed"]
    scopes: tuple[Scope, ...]


class RuleFacts(Wire):
    """A rule, norm or assumption as data: what it is, and where it comes from."""

    source: Annotated[str, Field(min_length=3)]
    year: int = Field(ge=1990, le=2100)
    settings: dict[str, Any]
