"""The years as they were reckoned: the baseline of each run, and the what-ifs on it."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class Scenario(Base):
    """One version of a scenario, added and never changed: what is assumed, and what comes of it.

    `plan` is what was told, to the byte. The baseline is the region's own and has no levers.
    """

    __tablename__ = "scenarios"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    scenario: Mapped[str]
    version: Mapped[int]
    based_on: Mapped[uuid.UUID | None]
    issued_at: Mapped[datetime]
    known_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    client_id: Mapped[int | None]
    seed: Mapped[int]
    draws: Mapped[int]
    told: Mapped[dict[str, Any]] = mapped_column(JSONB)
    assumed: Mapped[dict[str, Any]] = mapped_column(JSONB)
    plan: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        UniqueConstraint("org_id", "scenario", "version"),
        CheckConstraint("(scenario = 'baseline') = (based_on is null)", "baseline"),
        Index(None, "known_at", "id"),
    )
