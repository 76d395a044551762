"""Work that runs on a clock: each job and period once, whoever's worker dies."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class JobRun(Base):
    """The run key is (job, period). Held by a lease that its worker prolongs."""

    __tablename__ = "job_runs"

    job: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[uuid.UUID]
    lease_until: Mapped[datetime]
    tries: Mapped[int] = mapped_column(server_default="1")
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    finished_at: Mapped[datetime | None]
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
