"""What is known of a unit beside its figures: its status, its stops, its events."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.facilities.schemas import Entrance

Status = Literal["open", "restricted", "closed", "unknown"]
StopKind = Literal["seh-stop", "opnamestop", "specialism-stop", "intake-stop"]
EventKind = Literal["closure", "opening", "reclassification", "strike"]
# Why: those of closed places, and those of a refusal that concern a whole unit.
Reason = Literal[
    "staff",
    "room",
    "equipment",
    "material",
    "infection",
    "maintenance",
    "contract",
    "full",
    "medical-cover",
    "other",
]
Source = Literal["LPZ", "feed", "hand"]
# A closed list, so that no sentence and no name can stand where a specialism belongs.
Specialism = Literal[
    "anaesthesiology",
    "cardiology",
    "cardiothoracic-surgery",
    "ear-nose-throat",
    "emergency-medicine",
    "gastroenterology",
    "geriatrics",
    "gynaecology",
    "intensive-care",
    "internal-medicine",
    "lung-diseases",
    "neurology",
    "neurosurgery",
    "obstetrics",
    "ophthalmology",
    "oral-surgery",
    "orthopaedics",
    "paediatrics",
    "plastic-surgery",
    "psychiatry",
    "surgery",
    "urology",
    "vascular-surgery",
]


@dataclass(frozen=True)
class StatusKnown:
    """What a unit said of itself last; its own judgement, beside the computed level."""

    org_id: int
    unit: str
    at: datetime
    known_at: datetime
    status: Status
    reason: Reason | None
    source: Source
    reported_by: int


@dataclass(frozen=True)
class StopKnown:
    """A stop in its newest version. `applies_to` empty: all routes."""

    org_id: int
    unit: str
    stop: uuid.UUID
    known_at: datetime
    kind: StopKind
    applies_to: tuple[Entrance, ...]
    specialism: Specialism | None
    begins_at: datetime
    expected_until: datetime | None
    ended_at: datetime | None
    reason: Reason
    source: Source
    reported_by: int

    def holds(self, at: datetime) -> bool:
        """Until it is ended: that it was expected to be over ends nothing."""
        return self.begins_at <= at and (self.ended_at is None or at < self.ended_at)

    def overdue(self, at: datetime) -> bool:
        return self.holds(at) and self.expected_until is not None and self.expected_until <= at


@dataclass(frozen=True)
class EventKnown:
    """A closure, opening, reclassification or strike in its newest version.

    `change` is by how many places (below zero: fewer); None: how many is not known.
    """

    org_id: int
    unit: str
    event: uuid.UUID
    known_at: datetime
    kind: EventKind
    bed_type: str | None
    begins_at: datetime
    ends_at: datetime | None
    change: float | None
    reason: Reason | None
    withdrawn: bool
    reported_by: int
