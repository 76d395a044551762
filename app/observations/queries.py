"""What was reported and when it was known: reports, their figures, history, open doubts."""

import uuid
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.queries import mandated_units
from app.db import Standing, act_as
from app.errors import Forbidden, Invalid, NotFound
from app.facilities.tables import Unit
from app.faults import Fault
from app.observations.history import STANDS, Point
from app.observations.tables import DIMENSIONS
from app.wire import instant

# What tells one figure of a unit from another: the measure, then the dimensions.
KEY = ("measure", *DIMENSIONS[3:])
# domain.md 7: for so long an entry of a higher precedence stands over what others tell.
STANDS_OVER = "4 hours"
RANKS = ("hand", "feed", "mandate", "import")
RANK = "array_position(ARRAY['hand', 'feed', 'mandate', 'import'], source_kind)"
# The latest period of a live report begins within this of when it was told (see the hard rules).
PERIODS_REACH = timedelta(days=800)


async def horizon(session: AsyncSession) -> datetime:
    """The latest moment of which all that was known then is settled."""
    latest: datetime = (await session.execute(text("SELECT known_horizon()"))).scalar_one()
    return latest


async def clock(session: AsyncSession) -> datetime:
    """Now, by the clock that gives `known_at`."""
    now: datetime = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return now


async def settled(session: AsyncSession, known_at: datetime | None) -> datetime | None:
    """The moment as it was asked for, if what was known then can change no more."""
    if known_at is None:
        return None
    latest = await horizon(session)
    if known_at > latest:
        detail = (
            f"What was known at {instant(known_at)} is not settled yet. "
            f"Ask for {instant(latest)} or earlier, or leave knownAt out."
        )
        fault = Fault("too-recent", detail, parameter="knownAt")
        raise Invalid(detail, code="too-recent", faults=[fault])
    return known_at


async def performer(session: AsyncSession, unit: str) -> int:
    """The organisation that is counted for a unit."""
    found = await session.get(Unit, unit)
    if found is None:
        raise NotFound(
            "There is no unit of this name. GET /v1/units lists the units.", code="unknown-unit"
        )
    return found.org_id


async def act_for(session: AsyncSession, principal: Principal, unit: str, at: datetime) -> int:
    """The unit's performer, for which the transaction then acts.

    Raises Forbidden unless the unit is the principal's own, or it has a mandate for it.
    """
    org_id = await performer(session, unit)
    if org_id == principal.org_id:
        return org_id
    if unit not in await mandated_units(session, principal, at):
        raise Forbidden(
            f"{unit} is another organisation's. What it reported is its own: ask it for a "
            "mandate, or use the overview, which shows what it shares.",
            code="not-yours",
        )
    await act_as(session, Standing(org_id, "own"))
    return org_id


REPORT_COLUMNS = """
    r.org_id, r.report_id, r.unit, r.staff_pool, r.observed_at, r.known_at, r.kind,
    r.source_kind, r.feed, r.reported_by, r.figures, r.refers_to, r.backfilled
"""
KEY_COLUMNS = ", ".join(f"s.{name}" for name in KEY)
# By series, so that the key of the observations finds them.
FIGURES = f"""
    SELECT {KEY_COLUMNS}, o.at, o.length_s, o.value, o.precision, o.observed_at, o.report_id
      FROM series s
     CROSS JOIN LATERAL (
           SELECT x.* FROM observations x
            WHERE x.org_id = s.org_id AND x.series_id = s.series_id AND x.report_id = :report_id
              AND (x.length_s = 0 AND x.at = :observed_at
                   OR x.length_s > 0 AND x.at BETWEEN :since AND :until)) o
     WHERE s.org_id = :org_id AND s.unit = :unit AND s.staff_pool = :staff_pool
       AND s.source_kind = :source_kind
     ORDER BY {KEY_COLUMNS}, o.at
"""
# The same without a bound: an import may tell of moments and periods that lie further off.
FIGURES_ANYWHERE = f"""
    SELECT {KEY_COLUMNS}, o.at, o.length_s, o.value, o.precision, o.observed_at, o.report_id
      FROM series s
      JOIN observations o ON o.org_id = s.org_id AND o.series_id = s.series_id
     WHERE s.org_id = :org_id AND s.unit = :unit AND s.staff_pool = :staff_pool
       AND o.report_id = :report_id
     ORDER BY {KEY_COLUMNS}, o.at
"""


async def report(session: AsyncSession, report_id: uuid.UUID) -> RowMapping | None:
    """The seal of a report of the organisation that the transaction acts for."""
    asked = text(f"SELECT {REPORT_COLUMNS} FROM reports r WHERE r.report_id = :id")
    found = await session.execute(asked, {"id": report_id})
    return found.mappings().one_or_none()


async def report_of(
    session: AsyncSession, principal: Principal, report_id: uuid.UUID
) -> RowMapping:
    """As `report`, also of whom the principal has a mandate of; the transaction acts for them."""
    if found := await report(session, report_id):
        return found
    units = await mandated_units(session, principal, await clock(session))
    asked = text("SELECT DISTINCT org_id FROM units WHERE unit = ANY(:units) ORDER BY org_id")
    for org_id in (await session.execute(asked, {"units": list(units)})).scalars():
        await act_as(session, Standing(org_id, "own"))
        found = await report(session, report_id)
        if found and found["unit"] in units:
            return found
    await act_as(session, Standing(principal.org_id, "own"))
    raise unknown_report()


def unknown_report() -> NotFound:
    return NotFound(
        "Your organisation has no report with this id. What a feed sent before its release is "
        "at /v1/feeds/{feed}/quarantine.",
        code="unknown-report",
    )


async def figures(session: AsyncSession, sealed: RowMapping) -> Sequence[RowMapping]:
    """The figures that a report brought, from the observations."""
    place = {name: sealed[name] for name in ("org_id", "report_id", "unit", "staff_pool")}
    near = {
        "observed_at": sealed["observed_at"],
        "source_kind": sealed["source_kind"],
        "since": sealed["observed_at"] - PERIODS_REACH,
        "until": sealed["observed_at"] + PERIODS_REACH,
    }
    found = (await session.execute(text(FIGURES), place | near)).mappings().all()
    if len(found) < sealed["figures"]:
        found = (await session.execute(text(FIGURES_ANYWHERE), place)).mappings().all()
    return found


# Of each figure the newest that was told, of the source that has precedence then.
CURRENT = f"""
    WITH told AS (
        SELECT {KEY_COLUMNS}, c.at, 0 AS length_s, c.value, c.precision, c.report_id, c.doubts,
               c.at AS observed_at, {RANK} AS rank
          FROM current_state c
          JOIN series s ON s.org_id = c.org_id AND s.series_id = c.series_id
         WHERE s.org_id = :org_id AND s.unit = :unit)
    SELECT DISTINCT ON ({", ".join(KEY)}) * FROM told t
     WHERE NOT EXISTS (
           SELECT FROM told h
            WHERE ({", ".join("h." + name for name in KEY)})
                = ({", ".join("t." + name for name in KEY)})
              AND h.rank < t.rank AND h.value IS NOT NULL
              AND h.at BETWEEN t.at - interval '{STANDS_OVER}' AND t.at)
     ORDER BY {", ".join(KEY)}, at DESC, value IS NULL, rank
"""


async def latest_report(session: AsyncSession, org_id: int, unit: str) -> RowMapping | None:
    """The report about the latest moment; of two about one moment the one known last."""
    found = await last_reports(session, org_id, unit, 1)
    return found[0] if found else None


async def last_reports(
    session: AsyncSession, org_id: int, unit: str, limit: int
) -> Sequence[RowMapping]:
    """The last reports of a unit, that about the latest moment first."""
    asked = text(
        f"SELECT {REPORT_COLUMNS} FROM reports r WHERE r.org_id = :org_id AND r.unit = :unit "
        "ORDER BY r.observed_at DESC, r.known_at DESC LIMIT :limit"
    )
    found = await session.execute(asked, {"org_id": org_id, "unit": unit, "limit": limit})
    return found.mappings().all()


async def current(session: AsyncSession, org_id: int, unit: str) -> Sequence[RowMapping]:
    """The stock figures of a unit as they stand, each with the report that told it."""
    found = await session.execute(text(CURRENT), {"org_id": org_id, "unit": unit})
    return found.mappings().all()


async def reports_since(
    session: AsyncSession,
    after: tuple[datetime, uuid.UUID] | None,
    until: datetime,
    limit: int,
) -> Sequence[RowMapping]:
    """Reports in the order in which they became known, up to the horizon and not beyond.

    Nothing older than the horizon can still be committed, so a page once given is whole.
    """
    after_key = "AND (r.known_at, r.report_id) > (:known_at, :report_id)" if after else ""
    asked = text(
        f"SELECT {REPORT_COLUMNS} FROM reports r WHERE r.known_at <= :until {after_key} "
        "ORDER BY r.known_at, r.report_id LIMIT :limit"
    )
    known_at, report_id = after or (None, None)
    key = {"known_at": known_at, "report_id": report_id} if after else {}
    found = await session.execute(asked, {"until": until, "limit": limit, **key})
    return found.mappings().all()


OPEN_DOUBTS = f"""
    SELECT d.report_id, d.series_id, d.at, d.code, min(d.known_at) AS known_at,
           {KEY_COLUMNS}, o.value, o.length_s, o.precision
      FROM doubts d
      JOIN series s ON s.org_id = d.org_id AND s.series_id = d.series_id
     CROSS JOIN LATERAL (
           SELECT x.value, x.length_s, x.precision, x.known_at FROM observations x
            WHERE x.org_id = d.org_id AND x.series_id = d.series_id AND x.at = d.at
              AND x.report_id = d.report_id LIMIT 1) o
     WHERE d.org_id = :org_id AND s.unit = :unit
       AND (CAST(:code AS text) IS NULL
            OR (d.at, d.report_id, d.series_id, d.code)
             < (:at, CAST(:report_id AS uuid), :series_id, :code))
       AND NOT EXISTS (
           SELECT FROM observations n
            WHERE n.org_id = d.org_id AND n.series_id = d.series_id AND n.at = d.at
              AND n.length_s = o.length_s AND n.known_at > o.known_at)
     GROUP BY d.report_id, d.series_id, d.at, d.code, {KEY_COLUMNS}, o.value, o.length_s,
              o.precision
    HAVING bool_and(d.state = 'open')
     ORDER BY d.at DESC, d.report_id DESC, d.series_id DESC, d.code DESC
     LIMIT :limit
"""


async def open_doubts(
    session: AsyncSession,
    org_id: int,
    unit: str,
    after: tuple[datetime, uuid.UUID, int, str] | None,
    limit: int,
) -> Sequence[RowMapping]:
    """Figures that are in doubt still: neither accepted nor corrected since. Newest first."""
    at, report_id, series_id, code = after or (None, None, None, None)
    asked = {"org_id": org_id, "unit": unit, "limit": limit}
    asked |= {"at": at, "report_id": report_id, "series_id": series_id, "code": code}
    return (await session.execute(text(OPEN_DOUBTS), asked)).mappings().all()


@dataclass(frozen=True)
class Asked:
    """A stretch of a unit's history, as known at a moment; no words: all of them."""

    org_id: int
    unit: str
    since: datetime
    until: datetime
    known_at: datetime
    measures: Sequence[str] = ()
    bed_types: Sequence[str] = ()
    # Whether to give also the stocks that stood when the stretch began.
    lead_in: bool = False


SERIES = f"""
    SELECT s.series_id, {KEY_COLUMNS}, s.source_kind FROM series s
     WHERE s.org_id = $1 AND s.unit = $2
       AND (cardinality($3::text[]) = 0 OR s.measure = ANY($3))
       AND (cardinality($4::text[]) = 0 OR s.bed_type = ANY($4))
     ORDER BY {KEY_COLUMNS}, s.series_id
"""
# The series that tell one figure bear its number, and the rank of who tells it. Of each moment
# the last known figure of each series; of these the one that has precedence: what a higher rank
# told in the four hours before stands over it. What was told to be unknown stands over nothing.
# A period gives way to one of a higher rank that overlaps it.
OVER = "OVER (PARTITION BY figure ORDER BY at)"
LAST_OF = ", ".join(
    f"max(at) FILTER (WHERE rank = {rank} AND value IS NOT NULL) {OVER} AS last_{rank}"
    for rank in range(1, len(RANKS))
)
STOOD_OVER = " OR ".join(
    f"rank > {rank} AND last_{rank} >= at - interval '{STANDS_OVER}'"
    for rank in range(1, len(RANKS))
)
HISTORY = f"""
WITH source AS MATERIALIZED (
    SELECT * FROM unnest($2::int[], $3::int[], $4::int[]) AS s(series_id, figure, rank)),
told AS MATERIALIZED (
    SELECT s.figure, s.rank, o.*
      FROM source s
     CROSS JOIN LATERAL (
           SELECT DISTINCT ON (x.at, x.length_s)
                  x.at, x.length_s, x.value, x.observed_at, x.known_at, x.precision
             FROM observations x
            WHERE x.org_id = $1 AND x.series_id = s.series_id
              AND x.at >= $5::timestamptz - interval '{STANDS_OVER}' AND x.at < $6
              AND x.known_at <= $7
            ORDER BY x.at DESC, x.length_s DESC, x.known_at DESC) o),
stocks AS (
    SELECT *, {LAST_OF},
           row_number() OVER (PARTITION BY figure, at ORDER BY value IS NULL, rank) AS place
      FROM told WHERE length_s = 0),
periods AS (
    SELECT * FROM told t
     WHERE length_s > 0 AND at >= $8
       AND NOT EXISTS (
           SELECT FROM source s
            CROSS JOIN LATERAL (
                  SELECT DISTINCT ON (x.at, x.length_s) x.value
                    FROM observations x
                   WHERE x.org_id = $1 AND x.series_id = s.series_id AND x.length_s > 0
                     AND x.at > t.at - interval '367 days'
                     AND x.at < t.at + make_interval(secs => t.length_s)
                     AND x.at + make_interval(secs => x.length_s) > t.at
                     AND x.known_at <= $7
                   ORDER BY x.at DESC, x.length_s DESC, x.known_at DESC) o
            WHERE s.figure = t.figure AND s.rank < t.rank AND o.value IS NOT NULL))
SELECT figure, rank, at, length_s, value, observed_at, known_at, precision
  FROM stocks WHERE place = 1 AND at >= $5 AND ({STOOD_OVER}) IS NOT TRUE
UNION ALL
SELECT figure, rank, at, length_s, value, observed_at, known_at, precision FROM periods
 ORDER BY at, figure, length_s
"""


async def history(connection: asyncpg.Connection, asked: Asked) -> AsyncGenerator[Point]:
    """The points of a history in order of time, a thousand at a time."""
    place = (asked.org_id, asked.unit, list(asked.measures), list(asked.bed_types))
    told_by = [tuple(row) for row in await connection.fetch(SERIES, *place)]
    # In the order of the keys, so that the numbers are in that order too.
    numbers = {key: n for n, key in enumerate(dict.fromkeys(row[1:-1] for row in told_by))}
    keys = list(numbers)
    cursor = connection.cursor(
        HISTORY,
        asked.org_id,
        [row[0] for row in told_by],
        [numbers[row[1:-1]] for row in told_by],
        [RANKS.index(row[-1]) + 1 for row in told_by],
        asked.since - STANDS if asked.lead_in else asked.since,
        asked.until,
        asked.known_at,
        asked.since,
        prefetch=1000,
    )
    async for figure, rank, at, length_s, value, observed_at, known_at, precision in cursor:
        source_kind = RANKS[rank - 1]
        yield Point(
            keys[figure], at, length_s, value, observed_at, known_at, precision, source_kind
        )
