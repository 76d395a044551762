"""The region on the wire: units with their places and levels, and totals per kind of place."""

from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from app.facilities.schemas import CareSetting, Resource
from app.observations.notices.known import StopKind
from app.observations.schemas import Figure, FigureState
from app.signals.levels import Band, Level, RuleName
from app.wire import Slug, Wire


class Ask(Wire):
    """What of the region, and when."""

    group: Slug | None = Field(None, description="Only the members of this group, each once.")
    care_setting: CareSetting | None = None
    as_of: AwareDatetime | None = Field(
        None, description="The moment in the world. Default: `knownAt`, or else now."
    )
    known_at: AwareDatetime | None = Field(
        None,
        description="As it was known then, at most up to the known horizon (400 `too-recent`). "
        "Default: all that is known at the moment of the answer, which is given back.",
    )


class ReasonNow(Wire):
    """Why nothing, or less than is free, is admittable."""

    code: str
    nl: str
    en: str


class LevelNow(Wire):
    """`level` is null if it may not be shown; `onbekend` has state `unknown`."""

    level: Level | None
    state: FigureState


class RefusalRisk(Figure):
    """The chance (0..1) that a request in the coming 24 hours finds no place.

    `basis` pool: of all places of this care setting and bed type together, for units of few
    places; `of` says how many of its lines could be used. Unknown if requests were never told;
    not applicable to a SEH, which sends nobody away.
    """

    basis: Literal["unit", "pool"]


class ClosedPlaces(Wire):
    reason: str = Field(description="`other` also holds what only the owner may see.")
    places: Figure


class PlacesNow(Wire):
    """The places of a unit of one resource and bed type."""

    resource: Resource
    bed_type: str | None = Field(description="Null: the unit tells its types together.")
    usable_as: tuple[str, ...]
    law: str | None
    level: LevelNow
    admittable: Figure = Field(description="What can be taken in now; never below 0.")
    free: Figure = Field(description="staffed - occupied - reserved; may be below 0.")
    physical: Figure
    staffed: Figure
    occupied: Figure
    reserved: Figure
    closed_places: Figure
    closed_by: tuple[ClosedPlaces, ...]
    refusal_risk: RefusalRisk
    reasons: tuple[ReasonNow, ...] | None = Field(description="Null: may not be shown.")


class StatusNow(Wire):
    """What the unit says of itself, beside its level. `differs`: the two contradict."""

    status: Literal["open", "restricted", "closed", "unknown"] | None
    state: FigureState
    observed_at: datetime | None
    age_seconds: int | None
    reason: str | None
    source: str | None
    differs: bool | None


class StopNow(Wire):
    """A stop that is in force. No formal message: LPZ and the dispatch centre lead."""

    kind: StopKind
    applies_to: tuple[str, ...] = Field(description="Empty: all routes.")
    specialism: str | None
    begins_at: datetime
    expected_until: datetime | None
    overdue: bool
    reason: str | None
    source: str


class ReachabilityNow(Wire):
    """The phone of a huisartsenpost over the last hours, as shares (0..1) beside its norms."""

    # Named here: the house's way of writing would make it `within120S`.
    within_120s: Figure = Field(alias="within120s")
    over_600s: Figure = Field(alias="over600s")
    urgent_within_30s: Figure = Field(alias="urgentWithin30s")
    longest_wait_seconds: Figure


class CrowdingNow(Wire):
    """NEDOCS of an SEH (Weiss e.a. 2004), with all that went into it."""

    nedocs: Figure
    band: Band | None
    inputs: dict[str, Figure]


class ShortNow(Wire):
    """Whether staff of a role is short: 1 is yes, 0 is no."""

    role: str
    shift: str | None
    short_today: Figure
    short_this_week: Figure


class UnitNow(Wire):
    unit: Slug
    name: str
    organisation: Slug
    facility: Slug
    care_setting: CareSetting
    level: LevelNow
    status: StatusNow
    closed: bool = Field(
        description="By its opening hours, or by its own word where that is shown. Figures of a "
        "closed unit are those of before it closed, and do not age."
    )
    observed_at: datetime | None = Field(description="When its places were told last.")
    age_seconds: int | None
    freshness: Literal["fresh", "ageing", "stale", "unknown"]
    reasons: tuple[ReasonNow, ...] | None = Field(description="Null: may not be shown.")
    stops: tuple[StopNow, ...] | None = Field(description="Null: may not be shown.")
    places: tuple[PlacesNow, ...]
    medically_ready: Figure
    waiting: Figure
    short: tuple[ShortNow, ...]
    reachability: ReachabilityNow | None
    crowding: CrowdingNow | None


class Total(Wire):
    """The places of one care setting, resource and bed type, each unit counted once.

    A total with unknown parts is the sum of the known ones and carries the doubt `part-unknown`;
    it is unknown only if no part is known. `of` says how many parts are up to date.
    """

    care_setting: CareSetting
    resource: Resource
    bed_type: str | None
    units: int
    level: LevelNow
    admittable: Figure
    usable: Figure = Field(
        description="Admittable places of other types that can be this one: counted there."
    )
    free: Figure
    physical: Figure
    staffed: Figure
    occupied: Figure
    reserved: Figure
    closed_places: Figure
    refusal_risk: RefusalRisk


class LevelRule(Wire):
    rule: RuleName
    source: str
    year: int
    settings: dict[str, Any]


class Overview(Wire):
    """The region at `asOf`, as it was known at `knownAt`: asked again it is the same."""

    as_of: datetime
    known_at: datetime
    fictief: bool = Field(description="Everything in it is made up.")
    group: Slug | None
    care_setting: CareSetting | None
    units: tuple[UnitNow, ...]
    totals: tuple[Total, ...]
    level_rules: tuple[LevelRule, ...]
