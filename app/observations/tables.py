"""What was reported, and when we knew it. Figures are only ever added."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY, DOUBLE_PRECISION, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

# What tells one series of an organisation from another, in the order of the key.
DIMENSIONS = (
    "unit",
    "staff_pool",
    "measure",
    "resource",
    "bed_type",
    "role",
    "shift",
    "reason",
    "urgency",
    "destination",
    "profile",
    "age_band",
    "area",
)


class Series(Base):
    """One figure told by one kind of source. What does not apply is '', never NULL."""

    __tablename__ = "series"

    series_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisations.org_id"))
    unit: Mapped[str]
    staff_pool: Mapped[str]
    measure: Mapped[str]
    resource: Mapped[str]
    bed_type: Mapped[str]
    role: Mapped[str]
    shift: Mapped[str]
    reason: Mapped[str]
    urgency: Mapped[str]
    destination: Mapped[str]
    profile: Mapped[str]
    age_band: Mapped[str]
    area: Mapped[str]
    quantity: Mapped[str]
    source_kind: Mapped[str]

    __table_args__ = (
        UniqueConstraint("org_id", *DIMENSIONS, "source_kind", name="series_told_key"),
        CheckConstraint("source_kind in ('hand', 'feed', 'mandate', 'import')", "source_kind"),
        CheckConstraint("(unit = '') <> (staff_pool = '')", "unit_or_pool"),
    )


class Report(Base):
    """One message about one unit or pool. Its content is its observations; here is the seal."""

    __tablename__ = "reports"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    report_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    unit: Mapped[str]
    staff_pool: Mapped[str]
    observed_at: Mapped[datetime]
    known_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    kind: Mapped[str]
    source_kind: Mapped[str]
    feed: Mapped[str]
    reported_by: Mapped[int]
    client_id: Mapped[int | None]
    figures: Mapped[int]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    refers_to: Mapped[uuid.UUID | None]
    backfilled: Mapped[bool]

    __table_args__ = (
        CheckConstraint("kind in ('report', 'confirmation', 'retraction', 'release')", "kind"),
        Index(None, "org_id", "unit", "observed_at"),
        # The change feed reads in this order.
        Index(None, "org_id", "known_at", "report_id"),
    )


class Observation(Base):
    """One stored figure. A correction is a newer `known_at` about the same moment."""

    __tablename__ = "observations"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    series_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    length_s: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    known_at: Mapped[datetime] = mapped_column(primary_key=True)
    observed_at: Mapped[datetime]
    value: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    report_id: Mapped[uuid.UUID]
    reported_by: Mapped[int]
    precision: Mapped[str]

    __table_args__ = (
        CheckConstraint("length_s >= 0", "length"),
        CheckConstraint("precision in ('moment', 'day')", "precision"),
        {"postgresql_partition_by": "RANGE (at)"},
    )


class CurrentState(Base):
    """The newest figure of each stock series, written in the statement that adds the figure."""

    __tablename__ = "current_state"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    series_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    known_at: Mapped[datetime]
    value: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    report_id: Mapped[uuid.UUID]
    reported_by: Mapped[int]
    precision: Mapped[str]
    doubts: Mapped[list[str]] = mapped_column(ARRAY(Text))


class Doubt(Base):
    """A figure that was stored and questioned; `state` accepted is a row added later."""

    __tablename__ = "doubts"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    report_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(primary_key=True)
    known_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)

    __table_args__ = (CheckConstraint("state in ('open', 'accepted')", "state"),)


class QuarantinedReport(Base):
    """A report of a feed that is not yet released: kept, shown to its owner, not counted."""

    __tablename__ = "quarantined_reports"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    report_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    feed: Mapped[str]
    unit: Mapped[str]
    known_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    reported_by: Mapped[int]
    client_id: Mapped[int | None]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    released_at: Mapped[datetime | None]


class Reject(Base):
    """What was refused, without what it held: code, where, and a hash."""

    __tablename__ = "rejects"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    source: Mapped[str]
    code: Mapped[str]
    place: Mapped[str]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (Index(None, "org_id", "source", "at"),)


class OpenWrite(Base):
    """A bulk write under way: nothing newer than its start can be asked as known."""

    __tablename__ = "open_writes"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    until: Mapped[datetime]
    what: Mapped[str]


class UnitStatus(Base):
    """What a unit says of itself: open, restricted, closed, unknown."""

    __tablename__ = "unit_statuses"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    unit: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    known_at: Mapped[datetime] = mapped_column(
        primary_key=True, server_default=func.clock_timestamp()
    )
    status: Mapped[str]
    reason: Mapped[str]
    source: Mapped[str]
    reported_by: Mapped[int]

    __table_args__ = (
        CheckConstraint("status in ('open', 'restricted', 'closed', 'unknown')", "status"),
        # The live stream asks what is new.
        Index(None, "known_at"),
    )


class StopVersion(Base):
    """A stop, as known since `known_at`; ending it is one more version."""

    __tablename__ = "stop_versions"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stop: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    known_at: Mapped[datetime] = mapped_column(
        primary_key=True, server_default=func.clock_timestamp()
    )
    unit: Mapped[str]
    kind: Mapped[str]
    applies_to: Mapped[list[str]] = mapped_column(ARRAY(Text))
    specialism: Mapped[str]
    begins_at: Mapped[datetime]
    expected_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    reason: Mapped[str]
    source: Mapped[str]
    reported_by: Mapped[int]

    __table_args__ = (Index(None, "org_id", "unit", "begins_at"), Index(None, "known_at"))


class UnitEventVersion(Base):
    """A closure, opening, reclassification or strike that history and forecast must know."""

    __tablename__ = "unit_event_versions"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    known_at: Mapped[datetime] = mapped_column(
        primary_key=True, server_default=func.clock_timestamp()
    )
    unit: Mapped[str]
    kind: Mapped[str]
    bed_type: Mapped[str]
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    change: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    reason: Mapped[str]
    withdrawn: Mapped[bool]
    reported_by: Mapped[int]

    __table_args__ = (Index(None, "org_id", "unit", "begins_at"),)
