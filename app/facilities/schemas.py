"""What the master data says of organisations, facilities, units, pools and groups."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from app.access.disclosure import Detail, Shown
from app.access.scopes import Audience, Scope
from app.facilities.urls import target
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
BED_TYPE_NAMES: Mapping[str, str] = {
    "ic": "IC-bed",
    "hc-mc": "high care / medium care",
    "ward": "verpleegbed",
    "acute-admission": "acute opname (AOA/EHH)",
    "observation-elderly": "REO-bed",
    "elv-low": "ELV laag complex",
    "elv-high": "ELV hoog complex",
    "elv-palliative": "ELV palliatief",
    "grz": "geriatrische revalidatie (GRZ)",
    "wlz-crisis": "Wlz-crisisbed",
    "wmo-emergency": "Wmo-noodbed",
    "respite": "logeerbed",
    "recovery": "herstelbed",
    "psychiatric-acute": "acuut psychiatrisch bed",
    "maternity": "kraambed",
    "paediatric": "kinderbed",
    "nursing-home": "verpleeghuisbed",
}
BED_TYPES = frozenset(BED_TYPE_NAMES)
ROLE_NAMES: Mapping[str, str] = {
    "nurse": "verpleegkundige",
    "carer-ig": "verzorgende IG",
    "helper": "helpende",
    "district-nurse": "wijkverpleegkundige",
    "transfer-nurse": "transferverpleegkundige",
    "nurse-specialist": "verpleegkundig specialist",
    "elderly-care-physician": "specialist ouderengeneeskunde",
    "gp": "huisarts",
    "triage-nurse": "triagist",
    "emergency-physician": "SEH-arts",
    "medical-specialist": "medisch specialist",
    "crisis-mental-health": "medewerker crisisdienst ggz",
    "physiotherapist": "fysiotherapeut",
    "driver": "chauffeur",
}
Law = Literal["Zvw", "Wlz", "Wmo", "Jeugdwet", "other"]
# How a person comes in; opening hours are told for each.
Entrance = Literal["ambulance", "referral", "walk-in", "transfer"]
ENTRANCES: tuple[Entrance, ...] = get_args(Entrance)
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Name = Annotated[str, Field(min_length=2, max_length=120)]
# A function, not a person: "dienstdoende verpleegkundige", and the number of a desk.
Phone = Annotated[str, Field(pattern=r"^\+?[0-9 ()-]{6,20}$")]


def written_time(value: object) -> object:
    """YAML reads an unquoted 15:30 as the number 930, and pydantic would take that as seconds."""
    if isinstance(value, str | time):
        return value
    raise ValueError('a time of the day is text of hours and minutes in quotes, such as "15:30"')


def whole_minutes(value: time) -> time:
    if value.tzinfo is not None or value.second or value.microsecond:
        raise ValueError('a time of the day is local, in whole minutes, such as "15:30"')
    return value


# Without `format: time`, which the NLGov rules for APIs refuse.
LocalTime = Annotated[
    time,
    BeforeValidator(written_time),
    AfterValidator(whole_minutes),
    PlainSerializer(lambda value: value.strftime("%H:%M"), return_type=str, when_used="json"),
    WithJsonSchema(
        {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "examples": ["15:30"]}
    ),
]


class Hours(Wire):
    """Local hours on some days. An end before or at its start lies on the next day."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1)]
    start: LocalTime
    end: LocalTime


class Bed(Wire):
    """A bed type of a unit. A flexible bed is one bed: counted once, shown under `usableAs`."""

    bed_type: Word
    law: Law
    usable_as: tuple[Word, ...] = ()


class Reporting(Wire):
    """When figures are due: at moments of the local day, or every so many minutes while open."""

    moments: tuple[LocalTime, ...] = ()
    interval_minutes: int | None = Field(None, ge=1, le=1440)

    @model_validator(mode="after")
    def one_way(self) -> "Reporting":
        if bool(self.moments) == (self.interval_minutes is not None):
            raise ValueError("give moments or intervalMinutes, one of the two")
        if list(self.moments) != sorted(set(self.moments)):
            raise ValueError("write the moments in the order of the day, each once")
        return self


class Shift(Wire):
    """A named shift with its hours: no fixed three."""

    shift: Word
    start: LocalTime
    end: LocalTime


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
    census_time: LocalTime = time(8)
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

    @model_validator(mode="after")
    def goes_forward(self) -> "Member":
        if self.until is not None and self.until <= self.since:
            raise ValueError("until lies after since; it is the first day outside the group")
        return self


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


def fetchable(url: str) -> str:
    target(url)
    return url


# Headers that say where a request goes, or how it is written: not a place for a secret.
NO_SECRET_IN = frozenset(
    {
        *("host", "connection", "content-length", "transfer-encoding", "upgrade", "te"),
        *("trailer", "expect", "accept", "accept-encoding", "cookie", "user-agent"),
        *("if-none-match", "if-modified-since"),
    }
)


def header_for_a_secret(name: str) -> str:
    if name.lower() in NO_SECRET_IN:
        raise ValueError("This header has a meaning of its own. Use Authorization or X-Api-Key.")
    return name


class PullPatience(Wire):
    """Seconds that are waited for a connection, for the next bytes, and for all of it."""

    connect: float = Field(5, gt=0, le=60)
    read: float = Field(10, gt=0, le=120)
    total: float = Field(30, gt=0, le=300)


class PullFacts(Wire):
    """That the tower fetches the feed's message itself: where, how often, within which limits."""

    url: Annotated[str, AfterValidator(fetchable), Field(max_length=2000)]
    every_seconds: int = Field(900, ge=5, le=24 * 3600)
    jitter_seconds: float = Field(0, ge=0)
    timeout_seconds: PullPatience = PullPatience()
    most_bytes: int = Field(4 * 1024 * 1024, ge=1024, le=16 * 1024 * 1024)
    media_type: str = Field("application/json", pattern=r"^[a-z]+/[a-z0-9.+-]+$", max_length=100)
    secret: str | None = Field(
        None, pattern=r"^[a-z0-9-]+$", max_length=64, description="The name of a file."
    )
    secret_header: Annotated[str, AfterValidator(header_for_a_secret)] = Field(
        "Authorization", pattern=r"^[A-Za-z][A-Za-z0-9-]*$", max_length=60
    )

    @model_validator(mode="after")
    def within_its_period(self) -> "PullFacts":
        if self.jitter_seconds > self.every_seconds / 2:
            raise ValueError("jitterSeconds is at most half of everySeconds. Make it smaller.")
        return self


SuspensionReason = Literal["at-own-request", "faulty-figures", "person-data", "security", "other"]


class FeedFacts(Wire):
    name: Name
    state: Literal["quarantine", "released", "suspended"] = "quarantine"
    units: dict[str, Slug] = Field(description="The sender's own code of each unit.")
    pull: PullFacts | None = Field(None, description="Left out: the sender sends by itself.")
    reason: SuspensionReason | None = Field(None, description="Why it is suspended.")


class ClientFacts(Wire):
    """A client of an organisation, for the demo: its key is published."""

    client: Slug
    source_kind: Literal["hand", "feed"]
    scopes: tuple[Scope, ...]


class SubstitutionPool(Wire):
    """Bed types that are declared to stand in for each other; only inside it do shortages net."""

    name: Name
    bed_types: tuple[Word, ...]
    source: Annotated[str, Field(min_length=3)]
    year: int = Field(ge=1990, le=2100)


class RuleFacts(Wire):
    """A rule, norm or assumption as data: what it is, and where it comes from."""

    source: Annotated[str, Field(min_length=3)]
    year: int = Field(ge=1990, le=2100)
    settings: dict[str, Any]


class OrganisationView(OrganisationFacts):
    """An organisation as it stands."""

    organisation: Slug
    valid_from: datetime


class FacilityView(FacilityFacts):
    """A facility as it stands."""

    facility: Slug
    organisation: Slug
    valid_from: datetime


# What a unit's organisation and those who place people see of it, and nobody else.
SUPPRESSED = ("contacts", "contractHolder", "catchment")


class UnitView(UnitFacts):
    """A unit as it stands. What you may not see is empty here, and named in `suppressed`."""

    unit: Slug
    organisation: Slug = Field(description="The performer: who is counted.")
    valid_from: datetime
    suppressed: tuple[str, ...] = Field((), examples=[SUPPRESSED])


class StaffPoolView(StaffPoolFacts):
    """A staff pool as it stands."""

    staff_pool: Slug
    organisation: Slug
    valid_from: datetime


class GroupView(GroupFacts):
    """A group with its dated membership, and the units that are in it on that day."""

    group: Slug
    organisation: Slug
    units: tuple[Slug, ...]
    valid_from: datetime


class Choice(Wire):
    """A word of a list that a region can add to, with its Dutch name."""

    name: Annotated[str, Field(min_length=2, max_length=60)]


class BedTypeView(Choice):
    bed_type: Word


class RoleView(Choice):
    role: Word


class NormView(RuleFacts):
    """A norm: a required ratio or share, with its source and year."""

    norm: Slug


class MandateView(MandateFacts):
    """A mandate; it holds until `until`, and only once the operator has confirmed it."""

    mandate: Slug
    organisation: Slug = Field(description="Whose units they are.")
    valid_from: datetime
    until: datetime | None = None


class SharingRuleView(SharingRuleFacts):
    """What `owner` shows to `organisation`, to an audience, or (neither given) to all."""

    sharing_rule: Slug
    owner: Slug
    valid_from: datetime
