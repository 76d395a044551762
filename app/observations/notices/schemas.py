"""Status, stops and events on the wire. No field of them holds free text."""

import uuid
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    StrictInt,
    model_validator,
)

from app.facilities.schemas import Entrance
from app.observations.notices.known import (
    EventKind,
    Reason,
    Source,
    Specialism,
    Status,
    StopKind,
)
from app.wire import Wire, Word

NoFormalNotice = Literal[
    "Geen formele melding. LPZ/meldkamer is leidend. Levensbedreigend: altijd opvang."
]
NO_FORMAL_NOTICE: NoFormalNotice = (
    "Geen formele melding. LPZ/meldkamer is leidend. Levensbedreigend: altijd opvang."
)


def told_as_text(value: object) -> object:
    """A number would pass for seconds since 1970, and nobody means that."""
    if not isinstance(value, str | datetime):
        raise ValueError("a moment is text with an offset, such as 2026-11-22T08:00:00+01:00")
    return value


def in_utc(at: datetime) -> datetime:
    if not 1990 <= at.year <= 2200:
        raise ValueError("a moment lies between 1990 and 2200")
    return at.astimezone(UTC)


Moment = Annotated[AwareDatetime, BeforeValidator(told_as_text), AfterValidator(in_utc)]


class StatusTold(Wire):
    """What the unit says of itself, since when. Sent twice it is stored once."""

    status: Status
    at: Moment = Field(description="Since when, with offset; not in the future.")
    reason: Reason | None = None
    source: Source | None = Field(None, description="Left out: as the key was made for.")


class StatusShown(Wire):
    """`at` null: the unit never said anything, and its status is unknown."""

    unit: str
    status: Status
    at: datetime | None = None
    reason: Reason | None = None
    source: Source | None = None
    reported_by: str | None = Field(None, description="Shown to its own organisation only.")
    known_at: datetime = Field(description="The status as it was known at this moment.")


class StopTold(Wire):
    """A stop. It holds until it is ended, also beyond `expectedUntil`."""

    id: uuid.UUID = Field(description="Made by the sender; the same stop twice is harmless.")
    kind: StopKind
    applies_to: Annotated[tuple[Entrance, ...], Field(max_length=4)] = Field(
        (), description="The routes that are stopped. Empty: all."
    )
    specialism: Specialism | None = None
    begins_at: Moment = Field(description="From when; may lie ahead.")
    expected_until: Moment | None = None
    reason: Reason
    source: Source | None = Field(None, description="Left out: as the key was made for.")

    @model_validator(mode="after")
    def fits(self) -> "StopTold":
        if len(set(self.applies_to)) < len(self.applies_to):
            raise ValueError("a route stands once under appliesTo")
        if self.kind == "seh-stop" and not self.applies_to:
            raise ValueError("a seh-stop says which routes it is for: give appliesTo")
        if (self.kind == "specialism-stop") != (self.specialism is not None):
            raise ValueError("a specialism-stop names its specialism, and no other stop does")
        if self.expected_until is not None and self.expected_until <= self.begins_at:
            raise ValueError("expectedUntil lies after beginsAt")
        return self


class StopBody(StopTold):
    """As `StopTold`, for PUT: the id is in the path and may be left out."""

    id: uuid.UUID | None = None  # type: ignore[assignment]


class StopShown(Wire):
    id: uuid.UUID
    unit: str
    kind: StopKind
    applies_to: tuple[Entrance, ...]
    specialism: Specialism | None
    begins_at: datetime
    expected_until: datetime | None
    ended_at: datetime | None
    reason: Reason | None = Field(description="Null where it is not shared.")
    source: Source
    reported_by: str | None = Field(None, description="Shown to its own organisation only.")
    known_at: datetime = Field(description="When this version of the stop was stored.")
    notice: NoFormalNotice = NO_FORMAL_NOTICE


class StopEnd(Wire):
    at: Moment | None = Field(None, description="When it ended; left out: now.")


class StopsShown(Wire):
    """The stops that hold at `asOf` and those that are to come, as known at `knownAt`."""

    unit: str
    as_of: datetime
    known_at: datetime
    stops: tuple[StopShown, ...]
    notice: NoFormalNotice = NO_FORMAL_NOTICE


class EventTold(Wire):
    """A closure, opening, reclassification or strike, past or to come."""

    id: uuid.UUID = Field(description="Made by the sender; the same event twice is harmless.")
    kind: EventKind
    bed_type: Word | None = Field(None, description="Left out: the unit as a whole.")
    begins_at: Moment
    ends_at: Moment | None = Field(None, description="Left out: for good, or not known.")
    change: StrictInt | None = Field(
        None, ge=-10_000, le=10_000, description="By how many places; fewer is below zero."
    )
    reason: Reason | None = None

    @model_validator(mode="after")
    def fits(self) -> "EventTold":
        if self.ends_at is not None and self.ends_at <= self.begins_at:
            raise ValueError("endsAt lies after beginsAt")
        if self.change == 0:
            raise ValueError("a change of 0 is no event; leave change out if it is not known")
        if self.change is not None and self.kind in ("closure", "strike") and self.change > 0:
            raise ValueError(f"a {self.kind} takes places away: change is below zero")
        if self.change is not None and self.kind == "opening" and self.change < 0:
            raise ValueError("an opening adds places: change is above zero")
        return self


class EventBody(EventTold):
    """As `EventTold`, for PUT: the id is in the path and may be left out."""

    id: uuid.UUID | None = None  # type: ignore[assignment]


class EventShown(Wire):
    id: uuid.UUID
    unit: str
    kind: EventKind
    bed_type: str | None
    begins_at: datetime
    ends_at: datetime | None
    change: int | None
    reason: Reason | None = Field(description="Null where it is not shared.")
    withdrawn: bool
    reported_by: str | None = Field(None, description="Shown to its own organisation only.")
    known_at: datetime = Field(description="When this version of the event was stored.")


class EventsShown(Wire):
    """The events of some moment from `from` on, as known at `knownAt`."""

    unit: str
    known_at: datetime
    events: tuple[EventShown, ...]
