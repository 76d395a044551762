"""What a report looks like on the wire, and what the tower answers to it."""

import uuid
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    Field,
    PlainSerializer,
    PlainValidator,
    TypeAdapter,
    WithJsonSchema,
    model_validator,
)

from app.wire import Slug, Wire, Word

MOMENT = TypeAdapter(AwareDatetime)


def day_or_moment(told: object) -> datetime | date:
    """`2026-11-22` alone is a day; the unit's census time gives it its moment."""
    if isinstance(told, datetime | date):
        return told
    try:
        if isinstance(told, str) and len(told) == 10:
            return date.fromisoformat(told)
        if isinstance(told, str) and len(told) > 10:
            return MOMENT.validate_python(told)
    except ValueError:
        pass  # said in our own words below, without the input
    raise ValueError(
        "give a moment as text with its offset, such as 2026-11-22T08:00:00+01:00, or a date"
    )


Observed = Annotated[
    datetime | date,
    PlainValidator(day_or_moment),
    PlainSerializer(lambda told: told.isoformat(), return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "description": "A moment with its offset, or a date alone.",
        }
    ),
]


class Period(Wire):
    """Half-open: `start` is in it, `end` is not."""

    start: AwareDatetime
    end: AwareDatetime

    @model_validator(mode="after")
    def goes_forward(self) -> "Period":
        if self.end <= self.start:
            raise ValueError("the end of a period lies after its start")
        if (self.end - self.start).days > 366:
            raise ValueError("a period lasts at most 366 days; send it in parts")
        if self.start.microsecond or self.end.microsecond:
            raise ValueError("a period begins and ends on whole seconds")
        return self


class ReportedFigure(Wire):
    """One figure. `value` null means: told to be unknown from this moment. Zero means none."""

    measure: str = Field(max_length=40, examples=["occupied"])
    value: Annotated[float, Field(strict=True, allow_inf_nan=False)] | None = Field(examples=[3])
    resource: Word | None = None
    bed_type: Word | None = Field(None, examples=["observation-elderly"])
    role: Word | None = None
    shift: Word | None = None
    reason: Word | None = None
    urgency: Word | None = None
    destination: Word | None = None
    profile: Word | None = None
    age_band: Word | None = None
    area: Word | None = None
    period: Period | None = Field(None, description="Over the period of the report, if any.")


Source = Literal["hand", "feed"]


class Report(Wire):
    """One message of one unit (or staff pool) about one moment: all its figures, or none."""

    id: uuid.UUID = Field(description="Made by the sender; the same report twice is harmless.")
    unit: Slug | None = Field(None, examples=["reo-flex"])
    staff_pool: Slug | None = None
    observed_at: Observed = Field(
        description="When it was so, with offset. A date alone is the unit's census time.",
        examples=["2026-11-22T08:00:00+01:00"],
    )
    source: Source | None = Field(None, description="Typed in by a person, or by a system.")
    period: Period | None = Field(None, description="For flows and plans.")
    figures: Annotated[tuple[ReportedFigure, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def one_place(self) -> "Report":
        if (self.unit is None) == (self.staff_pool is None):
            raise ValueError("give unit or staffPool, one of the two")
        return self

    @property
    def place(self) -> str:
        return self.unit or self.staff_pool or ""


FigureState = Literal["known", "unknown", "suppressed", "notApplicable"]
Freshness = Literal["fresh", "ageing", "stale", "unknown"]


class Coverage(Wire):
    """How many of the parts of a total are up to date."""

    current: int
    total: int


class Figure(Wire):
    """A figure as every answer gives it: `value` is null unless `state` is known."""

    value: float | int | None
    state: FigureState
    observed_at: datetime | date | None = None
    age_seconds: int | None = None
    freshness: Freshness = "unknown"
    doubts: tuple[str, ...] = ()
    of: Coverage | None = None


class FaultWire(Wire):
    code: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None
    row: int | None = None
    column: str | None = None


class DoubtWire(Wire):
    """A figure that is stored and asked about: confirm it, or correct it."""

    pointer: str
    code: str
    detail: str


class ReportOutcome(Wire):
    """What became of one report of a batch."""

    report: uuid.UUID | None
    unit: str | None
    outcome: Literal["stored", "repeated", "quarantined", "rejected"]
    figures: int = Field(description="How many figures were stored by this request.")
    known_at: datetime | None = None
    doubts: tuple[DoubtWire, ...] = ()
    errors: tuple[FaultWire, ...] = ()


class StoredReport(Wire):
    """A report as it is kept: its seal, and the figures that it brought."""

    id: uuid.UUID
    unit: str | None
    staff_pool: str | None
    observed_at: datetime
    known_at: datetime
    kind: str
    source: str
    feed: str | None
    reported_by: str
    on_behalf_of: str | None
    refers_to: uuid.UUID | None
    figures: tuple[dict[str, Any], ...]
