"""What was forecast, and when: runs are immutable."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, Index, SmallInteger, func
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

    `need` has those that the supply is held against, empty if they are the same. From `arrivals`
    to `no_place` it is told of the days only; empty where it does not apply, and everywhere in
    other horizons.
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
    need: Mapped[list[float] | None] = mapped_column(ARRAY(REAL))


class ForecastPath(Base):
    """The sample paths of one unit and kind, of the last two runs of each horizon.

    `paths` holds [500, steps] numbers of `bits`, row by row, little-endian, as zlib packs them.
    """

    __tablename__ = "forecast_paths"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    run_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    measure: Mapped[str] = mapped_column(primary_key=True)
    resource: Mapped[str] = mapped_column(primary_key=True)
    bed_type: Mapped[str] = mapped_column(primary_key=True)
    first: Mapped[date]
    steps: Mapped[int]
    bits: Mapped[int] = mapped_column(SmallInteger)
    paths: Mapped[bytes]

    __table_args__ = (CheckConstraint("bits in (16, 32)", "bits"),)


class ForecastScore(Base):
    """How a run did over one distance, compared with what came true; null without any point.

    Rows are only added: a later judgement of the same window has a newer `known_at`.
    """

    __tablename__ = "forecast_scores"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    subject_kind: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    measure: Mapped[str] = mapped_column(primary_key=True)
    resource: Mapped[str] = mapped_column(primary_key=True)
    bed_type: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    first_step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    known_at: Mapped[datetime] = mapped_column(
        primary_key=True, server_default=func.clock_timestamp()
    )
    last_step: Mapped[int]
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    data_cut: Mapped[datetime]
    served: Mapped[str]
    points: Mapped[int]
    crps: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    baseline_crps: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    scale: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    c80: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    c95: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    bias: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    mae: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    # The last step of which it is known what came true.
    said_at: Mapped[datetime | None]
    said_step: Mapped[int | None]
    said_low: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    said_median: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    said_high: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    came_true: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)

    __table_args__ = (
        CheckConstraint("subject_kind in ('unit', 'group', 'careSetting')", "subject_kind"),
        CheckConstraint("served in ('engine', 'pooled', 'naive', 'sum')", "served"),
        CheckConstraint("(points > 0) = (crps is not null)", "points"),
        Index(None, "run_id"),
    )
