"""The twin: the same posts, stored the way that an ORM invites one to. Fair, and quite usual."""

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from fastapi import FastAPI
from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from sqlalchemy import DateTime, ForeignKey, MetaData, func
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    metadata = MetaData(schema="twin")
    type_annotation_map = {datetime: DateTime(timezone=True)}


class ReportRow(Base):
    __tablename__ = "reports"

    report_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    unit: Mapped[str]
    observed_at: Mapped[datetime]
    known_at: Mapped[datetime] = mapped_column(server_default=func.now())
    figures: Mapped[list["FigureRow"]] = relationship()


class FigureRow(Base):
    __tablename__ = "figures"

    report_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("twin.reports.report_id"), primary_key=True
    )
    measure: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    shift: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[float | None]


class Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")


class Figure(Wire):
    measure: str
    value: float | None
    role: str = ""
    shift: str = ""


class Report(Wire):
    id: uuid.UUID
    unit: str
    observed_at: AwareDatetime
    figures: list[Figure]


class Receipt(Wire):
    figures: int


engine = create_async_engine(
    make_url(os.environ.get("BARE_URL", "postgresql://")).set(drivername="postgresql+asyncpg"),
    pool_size=8,
)
sessions = async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.exec_driver_sql("DROP SCHEMA IF EXISTS twin CASCADE")
        await connection.exec_driver_sql("CREATE SCHEMA twin")
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


async def post_reports(reports: list[Report]) -> Receipt:
    """Each report whole or not at all, as ours: a commit for each."""
    async with sessions() as session:
        for report in reports:
            session.add_all(rows(report))
            await session.commit()
    return receipt(reports)


async def post_at_once(reports: list[Report]) -> Receipt:
    """The fastest that add_all can be: one commit, and all or nothing."""
    async with sessions() as session:
        for report in reports:
            session.add_all(rows(report))
        await session.commit()
    return receipt(reports)


def rows(report: Report) -> list[Base]:
    row = ReportRow(report_id=report.id, unit=report.unit, observed_at=report.observed_at)
    row.figures = [FigureRow(report_id=report.id, **each.model_dump()) for each in report.figures]
    return [row, *row.figures]


def receipt(reports: list[Report]) -> Receipt:
    return Receipt(figures=sum(len(each.figures) for each in reports))


def orm() -> FastAPI:
    """Reports and figures only: no current state, no audit, no repeats, no keys, no doubts."""
    app = FastAPI(lifespan=lifespan, openapi_url=None)
    app.post("/reports")(post_reports)
    app.post("/reports/at-once")(post_at_once)
    return app
