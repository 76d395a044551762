"""Figures laid out as they would be stored, with the moment at which they became known."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.facilities.tables import Group, GroupVersion, RuleVersion, Unit
from app.observations.measures import MEASURES
from app.observations.tables import (
    DIMENSIONS,
    CurrentState,
    Observation,
    Series,
    StopVersion,
    UnitStatus,
)
from app.overview.schemas import Overview
from tests.make import LONG_AGO, now


async def org_of(session: AsyncSession, unit: str) -> int:
    org_id: int = (await session.execute(select(Unit.org_id).where(Unit.unit == unit))).scalar_one()
    return org_id


async def a_series(session: AsyncSession, unit: str, measure: str, kind: str, **told: str) -> int:
    key = dict.fromkeys(DIMENSIONS, "") | {"unit": unit, "measure": measure} | told
    org_id = await org_of(session, unit)
    same = [getattr(Series, name) == value for name, value in key.items()]
    known = select(Series.series_id).where(*same, Series.source_kind == kind)
    found = await session.scalar(known)
    if found is not None:
        return found
    values = {**key, "org_id": org_id, "source_kind": kind, "quantity": MEASURES[measure].quantity}
    made = insert(Series).values(values).returning(Series.series_id)
    series_id: int = (await session.execute(made)).scalar_one()
    return series_id


async def told(
    session: AsyncSession,
    unit: str,
    at: datetime | None = None,
    known_at: datetime | None = None,
    source: str = "feed",
    doubts: tuple[str, ...] = (),
    dimensions: dict[str, str] | None = None,
    **figures: Any,
) -> None:
    """Stocks of a unit at a moment: `occupied=1, staffed=2`. Just now, unless said otherwise."""
    org_id = await org_of(session, unit)
    at = at or now() - timedelta(minutes=1)
    report = {"report_id": uuid.uuid4(), "reported_by": org_id, "precision": "moment"}
    for measure, value in figures.items():
        series_id = await a_series(session, unit, measure, source, **(dimensions or {}))
        row = {"org_id": org_id, "series_id": series_id, "at": at, "value": value, **report}
        row["known_at"] = known_at or at
        await session.execute(insert(Observation).values(**row, length_s=0, observed_at=at))
        state = upsert(CurrentState).values(**row, doubts=list(doubts))
        newest = {name: state.excluded[name] for name in (*row, "doubts")}
        await session.execute(
            state.on_conflict_do_update(
                index_elements=["org_id", "series_id"],
                set_=newest,
                where=CurrentState.at <= state.excluded["at"],
            )
        )
    await session.commit()


async def flowed(
    session: AsyncSession,
    unit: str,
    measure: str,
    value: float | None,
    since: datetime,
    lasting: timedelta,
    source: str = "feed",
    **dimensions: str,
) -> None:
    """A flow or plan over a period, known once it began or was over, whichever is past."""
    org_id = await org_of(session, unit)
    said = min(since + lasting, now() - timedelta(minutes=1))
    await session.execute(
        insert(Observation).values(
            org_id=org_id,
            series_id=await a_series(session, unit, measure, source, **dimensions),
            at=since,
            length_s=int(lasting.total_seconds()),
            known_at=said,
            observed_at=said,
            value=value,
            report_id=uuid.uuid4(),
            reported_by=org_id,
            precision="moment",
        )
    )
    await session.commit()


async def a_stop(session: AsyncSession, unit: str, *routes: str, **fields: Any) -> None:
    org_id = await org_of(session, unit)
    told = {
        "kind": "opnamestop",
        "specialism": "",
        "begins_at": now() - timedelta(hours=1),
        "known_at": now() - timedelta(hours=1),
        "reason": "staff",
        "source": "hand",
        **fields,
    }
    session.add(
        StopVersion(
            org_id=org_id,
            stop=uuid.uuid4(),
            unit=unit,
            applies_to=list(routes),
            reported_by=org_id,
            **told,
        )
    )
    await session.commit()


async def a_status(session: AsyncSession, unit: str, status: str, reason: str = "") -> None:
    org_id = await org_of(session, unit)
    at = now() - timedelta(minutes=30)
    session.add(
        UnitStatus(
            org_id=org_id,
            unit=unit,
            at=at,
            known_at=at,
            status=status,
            reason=reason,
            source="hand",
            reported_by=org_id,
        )
    )
    await session.commit()


async def a_group(session: AsyncSession, group: str, *units: str) -> None:
    org_id = await org_of(session, units[0])
    session.add(Group(group=group, org_id=org_id))
    await session.flush()
    facts = {"name": group, "members": [{"unit": unit} for unit in units]}
    session.add(GroupVersion(group=group, org_id=org_id, valid_from=LONG_AGO, facts=facts))
    await session.commit()


async def a_level_rule(session: AsyncSession, rule: str, **settings: float) -> None:
    facts = {"source": "een proef (fictief)", "year": 2026, "settings": settings}
    session.add(RuleVersion(kind="level", rule=rule, org_id=0, valid_from=LONG_AGO, facts=facts))
    await session.commit()


async def long_known(session: AsyncSession) -> None:
    """The master data that was laid out, as if it had been known from the start."""
    for table in ("unit_versions", "organisation_versions", "facility_versions"):
        await session.execute(text(f"UPDATE {table} SET known_at = valid_from"))
    await session.commit()


def read(body: bytes) -> Overview:
    return Overview.model_validate_json(body)
