"""What the years look like on the wire: what is assumed, what can be changed, what comes of it."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from app.facilities.schemas import CareSetting, Law, Resource
from app.facilities.years.schemas import Drift, Labour, Population, Spread
from app.forecasts.schemas import Reason
from app.observations.schemas import FigureState
from app.planning.assumed import LeverKind
from app.wire import Slug, Wire, Word

Numbers = tuple[float | None, ...]
Year = Annotated[int, Field(ge=1990, le=2100)]
Unit = Literal["places", "hours-a-week"]


class LineName(Wire):
    """One kind of care: a care setting with a bed type, or with hours of care."""

    care_setting: CareSetting
    resource: Resource = "bed"
    bed_type: Word | None = None


class LineAssumed(LineName):
    """What is assumed of one kind of care, each with its source."""

    law: Law
    per_person_year: tuple[float, ...] = Field(
        description="Bed days, or hours of care, of one person of each age band in `year`."
    )
    year: Year
    drift: Drift = Field(description="How use per age changes each year.")
    stay: Drift = Field(description="How the length of stay changes each year.")
    occupancy: float | None = None
    refused: float | None = None
    sites: tuple[float, ...] = Field(
        (1.0,), description="Shares of the load of places that do not help each other out."
    )
    catchment: dict[str, float] = Field(
        description="Which share of each municipality's people comes here."
    )
    members: tuple[str, ...] = ()
    beds: float | None = Field(None, description="Places with staff now, events ahead counted.")
    level: Spread | None = Field(
        None,
        description="Who is there and who waits, in the mean of months 7 to 18 of the forecast; "
        "null: the tables alone count.",
    )
    joins: float | None = Field(None, description="The moment of that level, in years.")
    source: str


class Unplanned(LineName):
    """A kind of care of which the years are unknown, and why."""

    reason: Reason


class MinimumAssumed(Wire):
    """FTE at work that a role takes for these kinds of care together, however few are there."""

    role: Word
    lines: tuple[LineName, ...]
    fte: float
    norms: tuple[str, ...] = Field(description="The norms whose fewest heads of a shift it is.")


class AssumptionSet(Wire):
    """All that the years are reckoned from. It never changes: a later run has its own."""

    first_year: Year
    last_year: Year
    now: float = Field(description="The moment of it, in years.")
    people: tuple[Population, ...]
    lines: tuple[LineAssumed, ...]
    labour: tuple[Labour, ...]
    minima: tuple[MinimumAssumed, ...] = ()
    unplanned: tuple[Unplanned, ...] = ()


class LeverTold(Wire):
    """Something that is changed: what, of which care or roles, by how much, from when.

    `amount` by kind: a factor (`use`, `prevention`, `stay`, `inflow`, `outflow`, `hours`,
    `absence`, `staffing`), the share of the care that goes `to` another kind (`substitution`),
    places (`beds`), the share occupied (`occupancy`), or years (`retirement`).
    """

    lever: Word = Field(examples=["meer-thuis"])
    kind: LeverKind
    amount: Spread
    since: Year = Field(description="The first year with a part of the effect.")
    until: Year = Field(description="The first year with all of it.")
    lines: tuple[LineName, ...] = Field((), description="Left out: all kinds of care.")
    roles: tuple[Word, ...] = Field((), description="Left out: all roles.")
    to: LineName | None = None
    exchange: float = Field(
        1.0,
        ge=0,
        le=1000,
        description="Of what one bed day or hour of care becomes in the other: 5 hours of care "
        "for a bed day.",
    )
    source: Word = Field(
        description="Where the amount comes from, as a short name: no free text is kept.",
        examples=["eigen-aanname", "regiovisie-2024"],
    )
    year: Year


class ScenarioTold(Wire):
    """A what-if: levers on the years as they were last reckoned."""

    scenario: Word = Field(description="Its name.", examples=["langer-thuis"])
    levers: tuple[LeverTold, ...] = Field((), max_length=20)
    order: tuple[Word, ...] = Field(
        (),
        description="In which order the ledger puts causes to work; left out: its usual order.",
    )
    based_on: uuid.UUID | None = Field(
        None, description="The baseline that it changes. Left out: the newest."
    )
    draws: int = Field(1000, ge=1000, le=4000)
    seed: int = Field(2040, ge=0, le=9_999_999)


class Fan(Wire):
    """One number for each year: with a chance of 80% between p10 and p90."""

    p10: Numbers
    p50: Numbers
    p90: Numbers
    mean: Numbers


class Entry(Wire):
    """What one cause adds to the shortage in each year, in the mean; below 0 it takes off."""

    cause: str
    adds: Numbers


class LedgerTold(Wire):
    """The shortage (need less supply) of each year as a sum, in the mean over all draws.

    `begin` + what all entries add = `end`, in each year. Causes are put to work in this order.
    """

    begin: float | None
    entries: tuple[Entry, ...]
    end: Numbers


class VarianceShare(Wire):
    """Which share of the variance of the last year is of this cause; they add up to 1."""

    cause: str
    share: float | None


class Balance(Wire):
    """Need beside supply; null where supply is unknown or withheld."""

    need: Fan
    supply: Fan | None
    shortage: Fan | None = Field(description="Need less supply: above 0 is short.")
    p_short: Numbers | None
    supply_state: FigureState
    ledger: LedgerTold | None
    variance: tuple[VarianceShare, ...] = ()


class LinePlan(LineName, Balance):
    """One kind of care over the years."""

    law: Law
    unit: Unit
    level: Literal["series", "tables"] = Field(
        description="`series`: the level is that of the forecast, the growth that of the tables; "
        "`tables`: both are of the tables, since too little was told."
    )
    load: Fan = Field(description="Places occupied at a time, or hours a week.")
    beds: Numbers | None = Field(description="Places that there will be, staff left aside.")
    staffable: Fan | None = Field(description="Places for which there is staff.")
    binding: tuple[str | None, ...] | None = Field(
        description="What there is least of: `beds`, or the scarcest role."
    )
    enough: Numbers | None = Field(
        None,
        description="Whole places with which no more than `refused` is refused over all that is "
        "uncertain (Erlang B in the mean over the draws).",
    )
    apart: Numbers | None = Field(
        None, description="The same when the sites do not help each other out."
    )
    members: tuple[str, ...]


class RolePlan(Balance):
    """The FTE at work of one role."""

    role: str
    heads: Fan


class LawPlan(Wire):
    """All places of one law, or of all (`all`): sums of need; shortages are never netted."""

    law: Law | Literal["all"]
    need: Fan
    shortage: Fan | None = Field(description="The sum of the shortages above 0.")
    p_short: Numbers | None = Field(description="The chance that any kind of care is short.")
    supply_state: FigureState


class Plan(Wire):
    """What comes of it, for each of `years`."""

    years: tuple[int, ...]
    order: tuple[str, ...]
    lines: tuple[LinePlan, ...]
    laws: tuple[LawPlan, ...]
    roles: tuple[RolePlan, ...]


class ScenarioName(Wire):
    """One version of one scenario; it never changes."""

    id: uuid.UUID
    scenario: Slug
    version: int
    organisation: Slug
    known_at: datetime
    based_on: uuid.UUID | None
    issued_at: datetime


class ScenarioView(ScenarioName):
    """A scenario with what it assumes and what comes of it."""

    seed: int
    draws: int
    levers: tuple[LeverTold, ...]
    assumed: AssumptionSet
    plan: Plan


class ScenarioList(Wire):
    scenarios: tuple[ScenarioName, ...]


class ScenariosAsked(Wire):
    scenario: Slug | None = Field(None, description="Versions of this one only.")
    known_at: AwareDatetime | None = Field(None, description="As they were known at this moment.")
    limit: int = Field(50, ge=1, le=500, description="At most this many items.")
    cursor: str | None = Field(
        None, max_length=400, description="From the `Link` header of the page before."
    )


class Beside(Wire):
    """What is told of one kind of care or role in several scenarios, in their order."""

    what: str
    unit: Literal["places", "hours-a-week", "fte"]
    need: tuple[Fan | None, ...]
    supply: tuple[Fan | None, ...]
    shortage: tuple[Fan | None, ...]
    differs: tuple[Numbers | None, ...] = Field(
        description="By how much the shortage differs from that of the first, in the mean."
    )


class Comparison(Wire):
    """Two or three scenarios beside each other, year by year."""

    years: tuple[int, ...]
    scenarios: tuple[ScenarioName, ...]
    lines: tuple[Beside, ...]
    roles: tuple[Beside, ...]
