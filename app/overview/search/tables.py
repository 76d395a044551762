"""Soft holds: versions that are only added."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class HoldVersion(Base):
    """A place that the organisation `org_id` holds, as known since `known_at`; letting it go is
    one more version."""

    __tablename__ = "hold_versions"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hold: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    known_at: Mapped[datetime] = mapped_column(
        primary_key=True, server_default=func.clock_timestamp()
    )
    unit: Mapped[str]
    resource: Mapped[str]
    bed_type: Mapped[str]
    held_until: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("ended_at is null or ended_at <= held_until", "ends"),
        Index(None, "held_until", "unit"),
    )
