"""What was forecast, and when: runs are immutable."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, Index, func
from sqlalchemy.dialects.postgresql import ARRAY, DOUBLE_PRECISION, JSONB, REAL
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class ForecastRun(Base):
    """One issue of forecasts for one horizon. `data_cut` is the last moment that it knew."""

    __tablename__ = "forecast_runs"

    run_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    horizon: Mapped[str]
    issued_at: Mapped[datetime]
    known_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    data_cut: Mapped[datetime]
    model: Mapped[str]
    seed: Mapped[int]
    probabilities: Mapped[list[float]] = mapped_column(ARRAY(DOUBLE_PRECISION))
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)

    __table_args__ = (
        CheckConstraint("horizon in ('days', 'weeks', 'months', 'years')", "horizon"),
        Index(None, "horizon", "issued_at"),
    )


class ForecastSubject(Base):
    """What a run says of one subject as a whole: its state, members, skill, explanation."""

    __tablename__ = "forecast_subjects"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    run_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    subject_kind: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    measure: Mapped[str] = mapped_column(primary_key=True)
    resource: Mapped[str] = mapped_column(primary_key=True)
    bed_type: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)

    __table_args__ = (
        CheckConstraint("subject_kind in ('unit', 'group', 'careSetting')", "subject_kind"),
        CheckConstraint("state in ('known', 'unknown')", "state"),
    )


class ForecastPoint(Base):
    """The quantiles of one step, for the probabilities of its run; supply, gap, P(short).

    From `arrivals` on it is told of the days only; empty where it does not apply, and everywhere
    in other horizons.
    """

    __tablename__ = "forecast_points"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    run_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    subject_kind: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    measure: Mapped[str] = mapped_column(primary_key=True)
    resource: Mapped[str] = mapped_column(primary_key=True)
    bed_type: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    length_s: Mapped[int]
    quantiles: Mapped[list[float]] = mapped_column(ARRAY(REAL))
    supply: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    p_short: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    arrivals: Mapped[list[float] | None] = mapped_column(ARRAY(REAL))
    departures: Mapped[list[float] | None] = mapped_column(ARRAY(REAL))
    net: Mapped[list[float] | None] = mapped_column(ARRAY(REAL))
    at_least_90: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    at_least_70: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    no_place_at: Mapped[list[datetime] | None] = mapped_column(ARRAY(DateTime(timezone=True)))
    no_place: Mapped[list[float | None] | None] = mapped_column(ARRAY(DOUBLE_PRECISION))
