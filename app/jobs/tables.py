"""Work that runs on a clock: each job and period once, whoever's worker dies."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, func
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


class JobSlice(Base):
    """A part of what a job asks, for any worker to do, until the job is done.

    `task` and `found` are packed (`forecasts.packed`). All slices of a (job, period) are of the
    moment and the data cut of its first try. `failure` is the kind of the last error.
    """

    __tablename__ = "job_slices"

    job: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    slice: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    asked_at: Mapped[datetime]
    data_cut: Mapped[datetime]
    task: Mapped[bytes]
    holder: Mapped[uuid.UUID | None]
    lease_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(server_default="0")
    failure: Mapped[str | None]
    found: Mapped[bytes | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (ForeignKeyConstraint(["job", "period"], ["job_runs.job", "job_runs.period"]),)
