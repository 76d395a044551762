"""Those who tell us: feeds, each an instance of a format, and their messages."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.access.tables import Version
from app.db import Base


class Feed(Base):
    """Two hospitals that send the same format are two feeds."""

    __tablename__ = "feeds"

    feed: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisations.org_id"))
    format: Mapped[str]


class FeedVersion(Version, Base):
    """Facts: name, state (quarantine, released, suspended), why it is suspended, units (sender's
    code to unit), pull."""

    __tablename__ = "feed_versions"

    feed: Mapped[str] = mapped_column(ForeignKey("feeds.feed"), primary_key=True)
    org_id: Mapped[int]
    noted_by: Mapped[int] = mapped_column(server_default="0")


class FeedMessage(Base):
    """One message that arrived, and what became of it; nothing of what it held.

    `units` are those of which a report was taken, and beside each in `moments` as at when.
    """

    __tablename__ = "feed_messages"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    feed: Mapped[str] = mapped_column(ForeignKey("feeds.feed"), primary_key=True)
    arrived_at: Mapped[datetime] = mapped_column(primary_key=True)
    message: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    way: Mapped[str]
    outcome: Mapped[str]
    code: Mapped[str]
    bytes: Mapped[int | None]
    stored: Mapped[int]
    repeated: Mapped[int]
    quarantined: Mapped[int]
    rejected: Mapped[int]
    figures: Mapped[int]
    faults: Mapped[int]
    observed_at: Mapped[datetime | None]
    units: Mapped[list[str]] = mapped_column(ARRAY(Text))
    moments: Mapped[list[datetime]] = mapped_column(ARRAY(DateTime(timezone=True)))

    __table_args__ = (
        CheckConstraint("way in ('pushed', 'pulled')", "way"),
        CheckConstraint("outcome in ('taken', 'partly', 'refused')", "outcome"),
    )
