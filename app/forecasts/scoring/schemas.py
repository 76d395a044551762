"""What scores look like on the wire."""

from datetime import date, datetime
from typing import Literal

from pydantic import AwareDatetime, Field

from app.facilities.schemas import CareSetting
from app.forecasts.runs import SubjectKind
from app.forecasts.schemas import Amount, Reason
from app.observations.schemas import FigureState
from app.wire import Slug, Wire

ScoredHorizon = Literal["days", "weeks", "months"]
ScoredMeasure = Literal["occupied", "medicallyReady"]


class ScoresAsked(Wire):
    """Of what, and over which time. Give one of unit, group and careSetting."""

    unit: Slug | None = Field(None, description="One unit.", examples=["reo-flex"])
    group: Slug | None = Field(None, description="The totals of a group, per bed type.")
    care_setting: CareSetting | None = Field(
        None, description="The totals of a care setting in the region, per bed type."
    )
    horizon: ScoredHorizon = Field(
        "weeks",
        description="Forecasts of the next days, by day or by month; years are not compared yet.",
    )
    measure: ScoredMeasure = Field("occupied", description="What was forecast.")
    days: int = Field(
        90,
        ge=28,
        le=366,
        description="What closed in the last so many days.",
        examples=[90],
    )
    known_at: AwareDatetime | None = Field(
        None, description="The answer as it was known at this moment."
    )


class DistanceScore(Wire):
    """How forecasts of `firstStep` to `lastStep` days (or months; of `days`, hours) ahead did."""

    first_step: int = Field(examples=[1])
    last_step: int = Field(examples=[7])
    state: FigureState
    reason: Reason | None = None
    points: int = Field(0, description="Steps of which it is known what came true.")
    runs: int = 0
    rel_crps: float | None = Field(
        None,
        description="Its error over that of the plain seasonal naive made from the same past: "
        "below 1 is better. Of `days` the naive is that as many are there as were counted last.",
        examples=[0.78],
    )
    c80: float | None = Field(
        None, description="Share of what came true inside the band of 80%.", examples=[0.81]
    )
    c95: float | None = None
    bias: float | None = Field(
        None, description="Mean of the median less what came true: above 0 it said too much."
    )
    mae: float | None = Field(
        None, description="By how much the median was off on average, in the unit of the figure."
    )
    sentence: str = Field(description="The same in words.")


class LastSaid(Wire):
    """The newest step that came true: what was said of it before, and what it became."""

    day: date = Field(description="The local day, or the first of the month.")
    steps: int = Field(
        description="How many days (or months, or hours) ahead it was said.", examples=[7]
    )
    issued_at: datetime
    median: float
    low: float = Field(description="With a chance of 80% the truth lies between `low` and `high`.")
    high: float
    came_true: Amount
    off_by: Amount = Field(description="`median` less `cameTrue`: above 0 it said too much.")
    sentence: str = Field(description="The same in words.")


class TypeScores(Wire):
    """The scores of one resource and bed type."""

    resource: str | None
    bed_type: str | None
    state: FigureState
    reason: Reason | None = None
    distances: tuple[DistanceScore, ...] = ()
    last: LastSaid | None = None


class Scores(Wire):
    """How far off the forecasts were that were issued."""

    subject_kind: SubjectKind
    subject: str
    horizon: ScoredHorizon
    measure: ScoredMeasure
    days: int
    state: FigureState
    reason: Reason | None = None
    known_at: datetime | None = Field(
        description="When the newest of these scores was stored; null without any."
    )
    scores: tuple[TypeScores, ...] = ()
