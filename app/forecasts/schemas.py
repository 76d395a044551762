"""What a forecast looks like on the wire."""

import uuid
from datetime import date, datetime
from typing import Literal

from pydantic import AwareDatetime, Field

from app.facilities.schemas import CareSetting
from app.forecasts.runs import Horizon, SubjectKind
from app.observations.schemas import Coverage, FigureState
from app.wire import Slug, Wire

Measure = Literal[
    "occupied", "medicallyReady", "need", "calls", "consults", "homeVisits", "requests"
]
Grade = Literal["fresh", "stale"]
Queue = Literal["erlang-a", "erlang-b", "erlang-c", "none"]
Served = Literal["engine", "pooled", "naive", "sum"]


class Asked(Wire):
    """Of what, how far ahead, and as it stood when. Give one of unit, group and careSetting."""

    unit: Slug | None = Field(None, description="One unit.", examples=["reo-flex"])
    group: Slug | None = Field(None, description="The total of a group, per bed type.")
    care_setting: CareSetting | None = Field(
        None, description="The total of a care setting in the region, per bed type."
    )
    horizon: Horizon = Field(
        "weeks",
        description="72 hours by hour or shift, 98 days by day, 18 months by month, or the years "
        "to 2040.",
    )
    measure: Measure | None = Field(
        None,
        description="Left out: `occupied`; for the years: `need`, places needed; for the days of a "
        "post or a team without places: what is asked of it (`calls`, else `requests`).",
    )
    levels: str | None = Field(
        None,
        pattern=r"^[0-9]{2}(,[0-9]{2})*$",
        max_length=29,
        description="Central intervals in percent. Left out: 50,80,95; for the years: 80.",
        examples=["50,80,95"],
    )
    exact: bool = Field(
        False, description="Every digit that is stored, for those who compute; else one decimal."
    )
    issued_at: AwareDatetime | None = Field(
        None, description="The last run issued at or before this moment."
    )
    known_at: AwareDatetime | None = Field(
        None, description="The answer as it was known at this moment."
    )


class PathsAsked(Wire):
    """Of what, and how far ahead. Give one of unit, group and careSetting."""

    unit: Slug | None = Field(None, description="One unit.", examples=["reo-flex"])
    group: Slug | None = Field(None, description="The total of a group, per bed type.")
    care_setting: CareSetting | None = Field(
        None, description="The total of a care setting in the region, per bed type."
    )
    horizon: Literal["weeks", "months"] = Field("weeks", description="By day, or by month.")
    measure: Literal["occupied", "medicallyReady"] = Field("occupied", description="Of what.")

    def question(self) -> Asked:
        return Asked(**self.model_dump())


class RunsAsked(Wire):
    horizon: Horizon | None = Field(None, description="Runs of this horizon only.")
    limit: int = Field(50, ge=1, le=500, description="At most this many items.")
    cursor: str | None = Field(
        None, max_length=400, description="From the `Link` header of the page before."
    )


class RunView(Wire):
    """One issue of one horizon; it never changes."""

    run_id: uuid.UUID
    horizon: str
    issued_at: datetime
    known_at: datetime = Field(description="When it was stored.")
    data_cut: datetime = Field(description="The last moment at which it knew something.")
    model: str
    seed: int


class RunList(Wire):
    runs: tuple[RunView, ...]


class Reason(Wire):
    """Why there is no number."""

    code: str
    detail: str


class Amount(Wire):
    """A number; `value` is null unless `state` is known."""

    value: float | None
    state: FigureState


class Interval(Wire):
    """With a chance of `level` percent the truth lies between `low` and `high`."""

    level: int
    low: float
    high: float


class Band(Wire):
    """The median, and the central intervals asked for; null and empty unless known."""

    state: FigureState
    median: float | None = None
    intervals: tuple[Interval, ...] = ()


class NoPlace(Wire):
    """The chance that at this moment no place is free for who then asks."""

    at: datetime
    value: float | None
    state: FigureState


class ForecastStep(Band):
    """One hour, shift, day, month or year from `at` until `until`; of hours and shifts the band is
    that of its end."""

    day: date = Field(description="The local day on which it begins.")
    at: datetime
    until: datetime
    supply: Amount = Field(description="Places with staff, after the closures that were told.")
    need: Band = Field(
        description="What the supply is held against: who is there and who waits for a place. Of "
        "weeks and months who waits is known of units that tell it; else it is the band itself."
    )
    gap: Band = Field(description="Supply less need: below 0 is short.")
    p_short: Amount = Field(
        description="P(gap < 0). It never leaves the outer quantiles of its run: 0.025 means at "
        "most that, 0.975 at least. Of the days it is a share of the paths, 0 to 1."
    )
    arrivals: Band | None = Field(None, description="Who comes in the step. Of the days only.")
    departures: Band | None = Field(None, description="Who leaves in it. Of the days only.")
    net: Band | None = Field(None, description="Arrivals less departures. Of the days only.")
    at_least_90: Amount | None = Field(
        None,
        description="With 90% at least so many places are free at its end. Of the days only.",
    )
    at_least_70: Amount | None = Field(None, description="The same with 70%.")
    no_place: tuple[NoPlace, ...] | None = Field(
        None,
        description="At the set hours within the step (17:00, 22:00, 08:00). Of the days only.",
    )
    shortfall: Amount = Field(
        description="By how many places it is short in the mean: 0 on most days of a mild chance."
    )


class WeekAhead(Wire):
    """Seven days as one: read off the sample paths, on which its days go together."""

    day: date = Field(description="The local day on which it begins.")
    mean: Band = Field(description="Of its days.")
    peak: Band = Field(description="Of its highest day.")
    p_short: Amount = Field(description="P(any of its days is short): more than that of each day.")


class Adds(Wire):
    """What one cause adds in the mean."""

    what: str
    value: float


class Part(Wire):
    """What one cause adds to the median of each step; the parts of a step add up to it."""

    what: str = Field(
        description="`level`, `weekday`, `specialDays`, `season`, `trend` or `events`."
    )
    values: tuple[float, ...]


class Change(Wire):
    """By how much the median differs from what the run before said of the same next steps."""

    since: datetime = Field(description="When the run before was issued.")
    steps: int = Field(description="So many of the next steps are compared.")
    median: float
    by: tuple[Adds, ...] = Field(description="Which parts did it; they add up to it, rounded.")


class AnyTypeShort(Wire):
    """P(at least one bed type is short), from paths that go together over the types.

    A run of before that knows two bounds only; `value` is then null.
    """

    at: datetime
    value: float | None
    at_least: float
    at_most: float


class Worst(Wire):
    at: datetime
    p_short: float
    gap: float | None = Field(description="The median of the gap.")


class Skill(Wire):
    """How far off it was at its last origins. `relCrps` below 1 beats the plain naive."""

    rel_crps: float | None
    c80: float | None = Field(description="Share of what came true inside the band of 80%.")
    c95: float | None
    points: int
    origins: int
    steps: int


class Source(Wire):
    what: str
    source: str
    year: int


class Missing(Wire):
    """A member that is not in the total, and why."""

    unit: str
    reason: str


class MadeOf(Wire):
    """From what the next days of a unit were reckoned; null where it does not apply."""

    arrivals_from: tuple[str, ...] = Field(
        description="The measures that told who comes; `requests` beside `admissions` are those of "
        "the time in which the unit was full."
    )
    censored: float | None = Field(
        None, description="The share of the past left out: full, and nobody told who asked."
    )
    stay_from: str | None = Field(
        None, description="`planned-stay` or `hazard`: the shape of the stay."
    )
    mean_stay_days: float | None = None
    leaves_said: int | None = Field(None, description="How many are said to leave, and counted so.")
    comes_planned: int | None = Field(
        None, description="How many are planned to come, and counted so."
    )
    queue: Queue | None = Field(
        None,
        description="Who finds no place: `erlang-a` waits, and goes elsewhere when patience ends; "
        "`erlang-b` goes elsewhere at once; `erlang-c` waits as long as it takes; `none`: places "
        "are unknown, and nobody is refused.",
    )
    patience_hours: float | None = Field(
        None, description="The mean patience; null where nobody goes elsewhere."
    )
    waiting: int | None = Field(
        None, description="How many waited for a place when who is there was counted."
    )


class Past(Wire):
    """What was told of the days or months before the run, as it knew them; null is unknown."""

    state: FigureState
    first: date | None = Field(None, description="The first day, or the first of the first month.")
    values: tuple[float | None, ...] = Field(
        (), description="At each census from `first` on, or the means of months."
    )
    need: tuple[float | None, ...] | None = Field(
        None, description="With who waited for a place, where that is told; else null."
    )


class TypeForecast(Wire):
    """What is forecast of one resource and bed type. Types are never netted."""

    resource: str | None
    bed_type: str | None
    state: FigureState
    reason: Reason | None = None
    grade: Grade | None = None
    last_told: date | None = Field(None, description="The last day that was told.")
    of: Coverage | None = Field(None, description="Of how many members a total is made.")
    members: tuple[str, ...] | None = Field(None, description="As they were at issue.")
    missing: tuple[Missing, ...] | None = None
    skill: Skill | None = None
    served: Served | None = Field(
        None,
        description="`engine`; `pooled`: peers stand in for a short past; `naive`: the plain one, "
        "where the engine can do no better or did worse; `sum`: a total of its members.",
    )
    served_because: str | None = Field(None, description="Why it is not the engine's own.")
    asks: str | None = Field(
        None,
        description="A shift of the last days that nobody explained, put to the owner as a "
        "question; until an event answers it the band also holds a return to where it was.",
    )
    explanation: str | None = None
    parts: tuple[Part, ...] = Field((), description="Why it is as it is, step by step.")
    changed: Change | None = Field(None, description="Null where the run before said nothing.")
    sources: tuple[Source, ...] = ()
    worst: Worst | None = None
    past: Past | None = Field(
        None,
        description="56 days before the weeks, 24 months before the months; null of another "
        "horizon. Suppressed unless the figures themselves may be seen.",
    )
    weeks: tuple[WeekAhead, ...] = Field((), description="Of `weeks` only.")
    refusal_risk: Amount | None = Field(
        None,
        description="The share of who comes in the next 24 hours that finds no place. Of the days "
        "only.",
    )
    made_of: MadeOf | None = Field(None, description="From what the days were reckoned.")
    steps: tuple[ForecastStep, ...] = ()


class PoolForecast(TypeForecast):
    """The same of bed types that are declared to stand in for each other: inside the pool they net,
    path by path, and between pools or with other types never. `bedType` is null."""

    substitution_pool: Slug
    name: str
    bed_types: tuple[str, ...] = Field(description="As they were declared at issue.")


class Forecast(Wire):
    """What will probably be needed of a unit, a group or a care setting."""

    subject_kind: SubjectKind
    subject: str
    horizon: Horizon
    measure: Measure
    levels: tuple[int, ...]
    state: FigureState
    reason: Reason | None = None
    known_at: datetime | None = Field(
        description="The moment since which this answer stands; null before any run."
    )
    grade: Grade | None = None
    run: RunView | None = None
    any_type_short: tuple[AnyTypeShort, ...] | None = None
    forecasts: tuple[TypeForecast, ...] = ()
    substitution_pools: tuple[PoolForecast, ...] = Field(
        (),
        description="Those of which there are two bed types or more; not of the years. Told to "
        "who may see each of the types. A unit that tells one type and not another is in `members` "
        "and in `missing`.",
    )


class TypePaths(Wire):
    """500 ways that one resource and bed type may go; each has a number for each of `days`."""

    resource: str | None
    bed_type: str | None
    state: FigureState
    reason: Reason | None = None
    days: tuple[date, ...] = Field((), description="The local day on which each step begins.")
    paths: tuple[tuple[float, ...], ...] = ()


class ServiceAsked(Wire):
    """Of what, how far ahead, and how many may be refused. Give one of unit, group, careSetting."""

    unit: Slug | None = Field(None, description="One unit.", examples=["reo-flex"])
    group: Slug | None = Field(None, description="The units of a group, per bed type.")
    care_setting: CareSetting | None = Field(
        None, description="The units of a care setting in the region, per bed type."
    )
    horizon: Literal["days", "weeks", "months"] = Field(
        "weeks", description="72 hours from now by hour or shift, by week, or by month."
    )
    refused: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="At most this share of who asks may find no place. Of the days one of 0.01, "
        "0.02, 0.05, 0.1, 0.2 and 0.3.",
    )

    patience_hours: float | None = Field(
        None,
        ge=0,
        le=720,
        description="How long who finds no place waits in the mean; 0: not at all (Erlang B). Left "
        "out: the norm `patience` of the region. Not of the days, that tell who finds no place at "
        "once.",
    )

    def question(self) -> Asked:
        told = self.model_dump(exclude={"refused", "patience_hours"})
        return Asked(**told)


class Load(Wire):
    """Places asked at a time: with a chance of 80% between p10 and p90."""

    p10: float
    p50: float
    p90: float


class EnoughStep(Wire):
    """One week or month, or of the days one hour or shift: the whole places that keep the service
    level."""

    day: date = Field(description="The local day on which it begins.")
    at: datetime | None = Field(None, description="Of the days only: its begin.")
    until: datetime | None = Field(None, description="Of the days only: its end.")
    load: Load
    together: int = Field(
        description="If all units help each other out; of a pool its bed types do too."
    )
    apart: int = Field(description="If each unit is on its own; of a pool, if each bed type is.")
    gain: int = Field(description="What pooling spares: `apart` less `together`.")
    supply: Amount = Field(
        description="The fewest places with staff on any of its days; of the days those at its end."
    )


QUEUE = (
    "`erlang-a`: who finds no place waits, and counts as refused when patience ends; `erlang-b`: "
    "at once, where nobody waits or no stay is known."
)


class TypeService(Wire):
    """Of one resource and bed type. Types are never netted."""

    resource: str | None
    bed_type: str | None
    state: FigureState
    reason: Reason | None = None
    members: tuple[str, ...] = ()
    queue: Literal["erlang-a", "erlang-b"] | None = Field(None, description=QUEUE)
    patience_hours: float | None = Field(
        None, description="The mean patience; null where no stay is known to hold it against."
    )
    mean_stay_days: float | None = Field(
        None, description="Over who asks. Null also for who may see the total alone."
    )
    sources: tuple[Source, ...] = Field((), description="Where the patience is from.")
    steps: tuple[EnoughStep, ...] = ()


class PoolService(Wire):
    """Of the bed types of one substitution pool, over all units: their paths added up.

    Told to who may see each of the types.
    """

    substitution_pool: Slug
    name: str
    bed_types: tuple[str, ...]
    state: FigureState
    reason: Reason | None = None
    members: tuple[str, ...] = ()
    queue: Literal["erlang-a", "erlang-b"] | None = Field(None, description=QUEUE)
    patience_hours: float | None = Field(
        None, description="The mean patience; null where no stay is known to hold it against."
    )
    mean_stay_days: float | None = Field(
        None, description="Over who asks. Null also for who may see the total alone."
    )
    sources: tuple[Source, ...] = Field((), description="Where the patience is from.")
    steps: tuple[EnoughStep, ...] = ()


class Service(Wire):
    """How many places refuse no more than a share of who asks (Erlang A or B: see `queue`)."""

    subject_kind: SubjectKind
    subject: str
    horizon: Horizon
    refused: float
    run: RunView | None = None
    types: tuple[TypeService, ...] = ()
    substitution_pools: tuple[PoolService, ...] = Field(
        (),
        description="Those of which there are two bed types or more, as the run knew them.",
    )


class Paths(Wire):
    """Sample paths of the last run: path n of one answer goes with path n of every other."""

    subject_kind: SubjectKind
    subject: str
    horizon: Horizon
    measure: Measure
    run: RunView | None = None
    types: tuple[TypePaths, ...] = ()
