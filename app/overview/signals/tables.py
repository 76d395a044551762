"""Signals as they went, and who saw them: rows that are only added."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class SignalVersion(Base):
    """A signal as known since `known_at`: of a unit's organisation, or of the region (0).

    What does not apply to its subject is ''. The newest version of a signal holds; each day in
    which it goes on has one.
    """

    __tablename__ = "signal_versions"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    signal: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    known_at: Mapped[datetime] = mapped_column(
        primary_key=True, server_default=func.clock_timestamp()
    )
    kind: Mapped[str]
    unit: Mapped[str]
    care_setting: Mapped[str]
    resource: Mapped[str]
    bed_type: Mapped[str]
    stop: Mapped[str]
    specialism: Mapped[str]
    level: Mapped[str]
    began_at: Mapped[datetime]
    asks_since: Mapped[datetime]
    eased_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("kind in ('stop', 'places', 'phone', 'silent')", "kind"),
        CheckConstraint("level in ('vol', 'druk', 'oud')", "level"),
        CheckConstraint("began_at <= asks_since", "asks"),
        Index(None, "known_at"),
    )


class SignalAcknowledgement(Base):
    """A client of `org_id` saw a signal as it asked for attention since `asks_since`."""

    __tablename__ = "signal_acknowledgements"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    signal: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    asks_since: Mapped[datetime] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    # The client's name and whether it places people, as it was then.
    client: Mapped[str]
    places_people: Mapped[bool]
    known_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    __table_args__ = (Index(None, "signal"),)
