"""Status, stops and events as they are known: now, or as they were known then."""

import uuid
from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.observations.notices.known import EventKnown, StatusKnown, StopKnown

# Of each unit the status said last, by one look into the key per unit.
STATUSES = """
    SELECT s.org_id, s.unit, s.at, s.known_at, s.status, nullif(s.reason, '') AS reason,
           s.source, s.reported_by
      FROM units u
     CROSS JOIN LATERAL (
           SELECT x.* FROM unit_statuses x
            WHERE x.org_id = u.org_id AND x.unit = u.unit AND x.at <= :at
              AND (CAST(:known_at AS timestamptz) IS NULL OR x.known_at <= :known_at)
            ORDER BY x.at DESC, x.known_at DESC LIMIT 1) s
     WHERE CAST(:unit AS text) IS NULL OR u.unit = :unit
"""
STOPS = """
    SELECT * FROM (
        SELECT DISTINCT ON (org_id, stop)
               org_id, unit, stop, known_at, kind, applies_to,
               nullif(specialism, '') AS specialism, begins_at, expected_until, ended_at,
               reason, source, reported_by
          FROM stop_versions
         WHERE (CAST(:unit AS text) IS NULL OR unit = :unit)
           AND (CAST(:known_at AS timestamptz) IS NULL OR known_at <= :known_at)
         ORDER BY org_id, stop, known_at DESC) v
     WHERE (CAST(:since AS timestamptz) IS NULL OR v.ended_at IS NULL OR v.ended_at > :since)
       AND (CAST(:until AS timestamptz) IS NULL OR v.begins_at < :until)
     ORDER BY v.begins_at, v.stop
"""
EVENTS = """
    SELECT * FROM (
        SELECT DISTINCT ON (org_id, event)
               org_id, unit, event, known_at, kind, nullif(bed_type, '') AS bed_type,
               begins_at, ends_at, change, nullif(reason, '') AS reason, withdrawn, reported_by
          FROM unit_event_versions
         WHERE (CAST(:unit AS text) IS NULL OR unit = :unit)
           AND (CAST(:known_at AS timestamptz) IS NULL OR known_at <= :known_at)
         ORDER BY org_id, event, known_at DESC) v
     WHERE NOT v.withdrawn
       AND (CAST(:since AS timestamptz) IS NULL OR v.ends_at IS NULL OR v.ends_at > :since)
       AND (CAST(:until AS timestamptz) IS NULL OR v.begins_at < :until)
     ORDER BY v.begins_at, v.event
"""
# Every version of one stop or event, the first first.
STOP_VERSIONS = """
    SELECT org_id, unit, stop, known_at, kind, applies_to, nullif(specialism, '') AS specialism,
           begins_at, expected_until, ended_at, reason, source, reported_by
      FROM stop_versions WHERE org_id = :org_id AND stop = :stop ORDER BY known_at
"""
EVENT_VERSIONS = """
    SELECT org_id, unit, event, known_at, kind, nullif(bed_type, '') AS bed_type, begins_at,
           ends_at, change, nullif(reason, '') AS reason, withdrawn, reported_by
      FROM unit_event_versions WHERE org_id = :org_id AND event = :event ORDER BY known_at
"""


async def statuses(
    session: AsyncSession,
    at: datetime,
    known_at: datetime | None = None,
    unit: str | None = None,
) -> dict[str, StatusKnown]:
    """Of each unit that ever said so, its status at a moment; `known_at` None: all that is known.

    A unit that is absent never said anything: its status is unknown.
    """
    asked = {"at": at, "known_at": known_at, "unit": unit}
    rows = await session.execute(text(STATUSES), asked)
    return {row["unit"]: StatusKnown(**row) for row in rows.mappings()}


async def stops(
    session: AsyncSession,
    at: datetime,
    known_at: datetime | None = None,
    unit: str | None = None,
) -> dict[str, list[StopKnown]]:
    """Of each unit the stops that hold at a moment; a unit that is absent has none."""
    found: dict[str, list[StopKnown]] = defaultdict(list)
    # The end of a query is open: a stop that begins at this very moment holds.
    for stop in await stops_between(session, at, None, known_at, unit):
        if stop.holds(at):
            found[stop.unit].append(stop)
    return dict(found)


async def stops_between(
    session: AsyncSession,
    since: datetime | None,
    until: datetime | None,
    known_at: datetime | None = None,
    unit: str | None = None,
) -> list[StopKnown]:
    """The stops that hold at some moment of [since, until), in order of their begin."""
    asked = {"since": since, "until": until, "known_at": known_at, "unit": unit}
    rows = await session.execute(text(STOPS), asked)
    return [stop_known(row) for row in rows.mappings()]


async def events(
    session: AsyncSession,
    since: datetime | None,
    until: datetime | None,
    known_at: datetime | None = None,
    unit: str | None = None,
) -> list[EventKnown]:
    """The events of some moment of [since, until) that are not withdrawn, by their begin."""
    asked = {"since": since, "until": until, "known_at": known_at, "unit": unit}
    rows = await session.execute(text(EVENTS), asked)
    return [EventKnown(**row) for row in rows.mappings()]


async def stop_versions(session: AsyncSession, org_id: int, stop: uuid.UUID) -> list[StopKnown]:
    rows = await session.execute(text(STOP_VERSIONS), {"org_id": org_id, "stop": stop})
    return [stop_known(row) for row in rows.mappings()]


async def event_versions(session: AsyncSession, org_id: int, event: uuid.UUID) -> list[EventKnown]:
    rows = await session.execute(text(EVENT_VERSIONS), {"org_id": org_id, "event": event})
    return [EventKnown(**row) for row in rows.mappings()]


def stop_known(row: Any) -> StopKnown:  # noqa: ANN401
    return StopKnown(**{**row, "applies_to": tuple(row["applies_to"])})
