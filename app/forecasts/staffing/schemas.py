"""What the need for staff looks like on the wire."""

from datetime import date, datetime
from typing import Literal

from pydantic import AwareDatetime, Field

from app.facilities.schemas import CareSetting
from app.forecasts.schemas import Amount, Band, Reason, RunView, Source
from app.observations.schemas import Coverage, FigureState
from app.wire import Slug, Wire, Word

SubjectKind = Literal["unit", "staffPool", "group", "careSetting", "region"]
Horizon = Literal["weeks", "months", "years"]
MadeFrom = Literal["need", "paths", "hourly", "minimum", "shortage", "sum"]


class Asked(Wire):
    """Of whom, how far ahead, and as it stood when. Give one of the four subjects; of years none,
    for they are of the region."""

    unit: Slug | None = Field(
        None, description="One unit, with the pools that cover it.", examples=["reo-flex"]
    )
    staff_pool: Slug | None = Field(None, description="One staff pool over all of its units.")
    group: Slug | None = Field(None, description="All units of a group, per role and shift.")
    care_setting: CareSetting | None = Field(
        None, description="All units of a care setting, per role and shift."
    )
    horizon: Horizon = Field(
        "weeks",
        description="13 weeks by shift, 18 months in heads a shift and FTE, or the years to 2040 "
        "and 15 ahead in FTE of the region.",
    )
    role: Word | None = Field(None, description="This role only.")
    shift: Word | None = Field(None, description="This shift only.")
    levels: str = Field(
        "50,80,95",
        pattern=r"^[1-9][0-9](,[1-9][0-9])*$",
        max_length=29,
        description="Central intervals in percent; years tell 80.",
    )
    issued_at: AwareDatetime | None = Field(
        None, description="From the last run issued at or before this moment."
    )
    known_at: AwareDatetime | None = Field(
        None, description="The answer as it was known at this moment."
    )


class ShortPosts(Wire):
    """Of the posts of a total in one shift how many are short: a count of posts, never of heads."""

    short: int = Field(description="Posts that are at least as likely short as not.")
    known: int = Field(description="Posts of which that is known.")
    held: int = Field(description="Posts that are held in this shift.")


class StaffStep(Wire):
    """One shift, in heads. Null is unknown, never zero."""

    day: date = Field(description="The local day on which it begins.")
    at: datetime
    until: datetime
    short: bool | None = Field(
        description="Whether it is at least as likely short as not: yes, no, or null: unknown."
    )
    need: Band = Field(description="Whole heads that are enough with the chance of each bound.")
    rostered: Amount = Field(description="Told on the roster; unknown where no roster was told.")
    available: Amount = Field(
        description="The median of who will be there: rostered, less who will be absent."
    )
    gap: Band = Field(description="Who will be there less the need: below 0 is short.")
    p_short: Amount = Field(
        description="P(gap < 0), with the spread of the need and of absence. Of a total the chance "
        "that any of its posts is short. It never leaves 0.025 to 0.975, unless the norm is a "
        "minimum alone."
    )
    shortfall: Amount = Field(description="By how many heads it is short in the mean.")
    flexible: Amount = Field(
        description="Heads to keep flexible: with a chance of 90% no more are needed than these on "
        "top of the roster, or, where none is told, of those that are needed as likely as not."
    )
    roster_closed: bool = Field(description="Whether it begins before `rosterClosesAt`.")
    posts: ShortPosts | None = Field(
        None, description="Of a total: in how many places the shift is short."
    )


class MonthStep(Wire):
    """One month: heads a shift in the mean."""

    month: date = Field(description="Its first local day.")
    need: Band


class NormUsed(Wire):
    norm: Slug
    source: str
    year: int


class AbsenceUsed(Wire):
    """The share of those rostered who are absent, and of what it was learned."""

    share: float
    heads: int = Field(description="So many rostered heads were looked at; 0: it is a norm.")
    source: str


class PostShort(Wire):
    """One post of a total: the unit or pool, and whether it is short."""

    unit: Slug | None = None
    staff_pool: Slug | None = None
    short: tuple[bool | None, ...] = Field(
        description="For each of the `steps` whether it is at least as likely short as not; null: "
        "unknown, or the shift is not held there."
    )


class StaffSeries(Wire):
    """One role in one shift, of a unit, of a pool over its units, or in total. Roles are never
    added up."""

    unit: Slug | None = None
    staff_pool: Slug | None = None
    role: Word
    shift: Word
    hours: float | None = Field(description="How long the shift lasts; null in a total.")
    units: tuple[Slug, ...] = Field(description="For whose patients it is.")
    state: FigureState
    reason: Reason | None = None
    made_from: MadeFrom | None = Field(
        None,
        description="`need`: who is there and who waits for a place, on the 500 paths of the run; "
        "`paths`: who is there on them, where nobody waits; `hourly`: who asks by hour of the "
        "week; `minimum`: the norm is a minimum alone; `shortage`: a pool without a norm of its "
        "own is needed where its units are short; `sum`: of the posts of a total.",
    )
    level_weeks: int | None = Field(
        None,
        description="Of `hourly`: for so many weeks ahead the past tells how the level of who "
        "asks moves; further ahead the spread stays what it is there. 0: too little was told, and "
        "the spread is that of now.",
    )
    issued_at: datetime | None = Field(None, description="When the run that it rests on was made.")
    norm: NormUsed | None = None
    absence: AbsenceUsed | None = None
    of: Coverage | None = Field(None, description="Of a total: how many posts are known.")
    posts: tuple[PostShort, ...] = Field((), description="Of a total: which posts are short.")
    steps: tuple[StaffStep, ...] = ()
    months: tuple[MonthStep, ...] = ()


class FteStep(Wire):
    """One month of a role in full-time equivalents, over all shifts."""

    month: date
    need: Band
    contracted: Amount = Field(description="`bezetting` as it was told.")
    vacancies: Amount = Field(description="`vacature` as it was told.")
    gap: Band = Field(description="Contracted less the need.")


class RoleFte(Wire):
    role: Word
    state: FigureState
    reason: Reason | None = None
    contract_hours: float | None = None
    absence: float | None = None
    leave: float | None = None
    training: float | None = None
    steps: tuple[FteStep, ...] = ()


class YearStep(Wire):
    """One year of a role: FTE at work, absence taken off what there is."""

    year: int
    short: bool | None
    need: Band
    supply: Band = Field(description="Who will be at work: came, left, retired, hours, absence.")
    gap: Band = Field(description="Supply less need: below 0 is short.")
    p_short: Amount


class RoleYears(Wire):
    """One role over the years, of all kinds of care that ask for it. Roles are never added up."""

    role: Word
    state: FigureState
    reason: Reason | None = None
    level: Literal["series", "tables"] | None = Field(
        None,
        description="`series`: the level of some of its care is that of the months ahead; "
        "`tables`: all is of the open tables, also where you may not see what the units told.",
    )
    steps: tuple[YearStep, ...] = ()


class WorstYear(Wire):
    """The role of a year that is short with the greatest chance."""

    year: int
    role: Word
    short: bool
    p_short: Amount
    gap: Amount = Field(description="The median.")


class WorstRole(Wire):
    """The role of a shift that is short with the greatest chance; null where none is known."""

    day: date
    shift: Word
    at: datetime
    until: datetime
    role: Word | None
    unit: Slug | None = None
    staff_pool: Slug | None = None
    short: bool | None
    p_short: Amount
    gap: Amount = Field(description="The median.")


class StaffedCapacity(Wire):
    """How many people can be cared for in a shift, over the units that share its staff."""

    day: date
    shift: Word
    at: datetime
    until: datetime
    units: tuple[Slug, ...]
    beds: Amount = Field(description="Places, whether or not there is staff for them.")
    capacity: Amount = Field(description="min(beds, staff by role); unknown if a part is.")
    at_most: Amount = Field(description="The least of the parts that are known.")
    binding: str | None = Field(description="What binds: `beds` or a role.")


class Uncovered(Wire):
    """A role in a shift that is not asked here, or of which no norm is known."""

    unit: Slug | None = None
    role: Word
    shift: Word
    staff_pool: Slug | None = None


class Staffing(Wire):
    """Heads that are needed, rostered and short, per role and shift: the worst role, never a sum
    of roles."""

    subject_kind: SubjectKind
    subject: str
    horizon: Horizon
    levels: tuple[int, ...]
    state: FigureState
    reason: Reason | None = None
    known_at: datetime = Field(description="As what was known at this moment has it.")
    run: RunView | None = None
    roster_closes_at: datetime | None = Field(
        None, description="Shifts that begin before this have their roster published."
    )
    worst: WorstRole | None = None
    now: tuple[StaffedCapacity, ...] = Field(
        (), description="The running shift. Of a unit or pool only."
    )
    series: tuple[StaffSeries, ...] = ()
    worst_by_shift: tuple[WorstRole, ...] = ()
    capacity: tuple[StaffedCapacity, ...] = Field((), description="Of a unit or pool only.")
    fte: tuple[RoleFte, ...] = Field((), description="Of `months` only.")
    years: tuple[RoleYears, ...] = Field((), description="Of `years` only.")
    worst_by_year: tuple[WorstYear, ...] = Field((), description="Of `years` only.")
    covered: tuple[Uncovered, ...] = Field(
        (), description="What a pool is asked for in place of the unit."
    )
    without_norm: tuple[Uncovered, ...] = Field((), description="What no norm is known of.")
    sources: tuple[Source, ...] = ()
