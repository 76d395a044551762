"""A report told again for a later moment, or taken back."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.errors import Conflict, NotFound
from app.facilities.queries import KnownUnit
from app.faults import Fault
from app.feeds.schemas import Confirmation
from app.observations import queries as observed
from app.observations.commands import driver
from app.observations.schemas import Period, Report, ReportedFigure
from app.observations.tables import DIMENSIONS


async def confirmed(
    session: AsyncSession,
    principal: Principal,
    unit: KnownUnit,
    confirmation: Confirmation,
) -> Report:
    """The stock figures of a report, told again for a later moment."""
    await observed.act_for(session, principal, unit.unit, datetime.now(UTC))
    seal = await observed.report(session, confirmation.confirms)
    if seal is None or seal["unit"] != unit.unit:
        raise NotFound(
            "This unit has no report with the id under confirms.",
            code="unknown-report",
            faults=[Fault("unknown-report", "See the unit's reports/latest.", "/confirms")],
        )
    connection = await driver(session)
    newer = await connection.fetchval(
        NEWER, unit.org_id, unit.unit, seal["observed_at"], seal["known_at"], confirmation.id
    )
    if newer is not None:
        raise Conflict(
            f"The unit has a newer report, {newer}. Confirm that one.",
            code="newer-report",
            faults=[Fault("newer-report", f"Report {newer} is newer.", "/confirms")],
        )
    if await connection.fetchval(OPEN_DOUBTS, unit.org_id, confirmation.confirms):
        raise Conflict(
            "A figure of this report is in doubt. Accept the doubt or send a correction first.",
            code="open-doubt",
            faults=[Fault("open-doubt", "See the unit's doubts.", "/confirms")],
        )
    told = await observed.figures(session, seal)
    figures = [figure(dict(row), row["value"]) for row in told if row["length_s"] == 0]
    if not figures:
        raise Conflict(
            "This report holds no figures of a moment, so there is nothing to confirm.",
            code="nothing-to-confirm",
        )
    return Report(
        id=confirmation.id,
        unit=unit.unit,
        observed_at=confirmation.observed_at,
        figures=tuple(figures),
    )


async def retracted(
    session: AsyncSession, principal: Principal, report_id: uuid.UUID, number: uuid.UUID
) -> Report:
    """A report of nulls at the moments and periods of the one that is taken back."""
    seal = await observed.report_of(session, principal, report_id)
    told = await observed.figures(session, seal)
    return Report(
        id=number,
        unit=seal["unit"] or None,
        staff_pool=seal["staff_pool"] or None,
        observed_at=seal["observed_at"],
        figures=tuple(figure(dict(row), None) for row in told),
    )


async def restored(
    session: AsyncSession,
    principal: Principal,
    report_id: uuid.UUID,
    number: uuid.UUID,
    within: timedelta,
) -> Report:
    """A correction that tells again what stood before a report; unknown what then was not told.
    Of a confirmation its own figures at its own moment, as unknown.

    Refused (409) once the report is older than `within`, or the unit has a newer one.
    """
    seal = await observed.report_of(session, principal, report_id)
    await still_undone(session, seal, number, within)
    if seal["kind"] == "confirmation":
        # It told what stood before anyway: what is taken back is that it still held.
        return await retracted(session, principal, report_id, number)
    connection = await driver(session)
    place = (seal["org_id"], seal["unit"], report_id)
    told = await connection.fetch(FORMER, *place, seal["source_kind"], seal["known_at"])
    return Report(
        id=number,
        unit=seal["unit"],
        observed_at=seal["observed_at"],
        figures=tuple(figure(dict(row), row["value"]) for row in told),
    )


async def still_undone(
    session: AsyncSession, seal: RowMapping, number: uuid.UUID, within: timedelta
) -> None:
    """Refused (409) once the report is older than `within`, or the unit has a newer one."""
    now = await observed.clock(session)
    if now - seal["known_at"] > within:
        raise Conflict(
            f"A report can be undone for {within.total_seconds():g} seconds. Send a correction.",
            code="too-late",
        )
    connection = await driver(session)
    asked = (seal["org_id"], seal["unit"], seal["report_id"], seal["known_at"], number)
    if await connection.fetchval(SINCE, *asked):
        raise Conflict("The unit has a newer report. Send a correction.", code="newer-report")


def figure(row: Mapping[str, Any], value: float | None) -> ReportedFigure:
    words = {name: row[name] or None for name in DIMENSIONS[3:]}
    period = None
    if row["length_s"]:
        end = row["at"] + timedelta(seconds=row["length_s"])
        period = Period(start=row["at"], end=end)
    return ReportedFigure(
        measure=row["measure"],
        value=value,
        period=period,
        **words,
    )


NEWER = """
SELECT report_id FROM reports
 WHERE org_id = $1 AND unit = $2 AND report_id <> $5 AND (observed_at, known_at) > ($3, $4)
 ORDER BY observed_at DESC, known_at DESC LIMIT 1
"""

SINCE = """
SELECT report_id FROM reports
 WHERE org_id = $1 AND unit = $2 AND report_id NOT IN ($3, $5) AND known_at > $4 LIMIT 1
"""

# Of each figure of a report what was known before it: of a stock the newest at or before its
# moment, of a period that period's own.
FORMER = f"""
SELECT {observed.KEY_COLUMNS}, o.at, o.length_s, f.value
  FROM series s
  JOIN observations o ON o.org_id = s.org_id AND o.series_id = s.series_id
                     AND o.report_id = $3 AND o.known_at = $5
                     AND o.at BETWEEN $5 - interval '800 days' AND $5 + interval '800 days'
  LEFT JOIN LATERAL (
       SELECT x.value FROM observations x
        WHERE x.org_id = o.org_id AND x.series_id = o.series_id AND x.length_s = o.length_s
          AND x.at <= o.at AND (x.length_s = 0 OR x.at = o.at) AND x.known_at < o.known_at
        ORDER BY x.at DESC, x.known_at DESC LIMIT 1) f ON true
 WHERE s.org_id = $1 AND s.unit = $2 AND s.source_kind = $4
 ORDER BY {observed.KEY_COLUMNS}, o.at
"""

OPEN_DOUBTS = """
SELECT count(*) FROM (
    SELECT 1 FROM doubts WHERE org_id = $1 AND report_id = $2
     GROUP BY series_id, at, code HAVING bool_and(state = 'open')) AS open
"""
