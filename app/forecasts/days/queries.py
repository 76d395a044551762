"""What the next three days rest on, as known at a cut: flows, counts, plans and rosters."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import asyncpg
import numpy as np
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import raw
from app.facilities import queries as facilities
from app.forecasts import calendar
from app.forecasts.days.hours import HOUR
from app.forecasts.days.known import (
    FLOWS,
    OCCUPIED,
    PLANNED,
    ROSTERED,
    SAID,
    STOCKS,
    Known,
    Told,
    offering_of,
)
from app.forecasts.days.rule import rule_of
from app.forecasts.days.told import Stock, stock_of
from app.forecasts.days.unit import SILENT
from app.forecasts.queries import WORDS
from app.forecasts.supply import Event
from app.forecasts.tables import ForecastRun
from app.observations.queries import RANK

# domain.md 7: for so long an entry of a higher precedence stands over what others tell (s).
STANDS_OVER = 4 * HOUR
# Rosters are read so far ahead: three days, and what is left of the last shift.
AHEAD = timedelta(days=5)
A_DAY = timedelta(days=1)

OF_UNITS = f"""
    SELECT s.org_id, s.series_id, s.unit, s.measure, s.resource, s.bed_type,
           ARRAY[{", ".join(f"s.{word}" for word in WORDS)}] AS words, {RANK} AS rank
      FROM series s
     WHERE s.unit = ANY($1::text[]) AND s.measure = ANY($2::text[])
"""
COLUMNS = """
    array_agg(date_part('epoch', at)::bigint) AS starts, array_agg(length_s) AS lengths,
    array_agg(value) AS values, array_agg(date_part('epoch', observed_at)::bigint) AS said_at
"""
# Of each period the last that was known. Periods of less than an hour that fill an hour of the
# clock are one period of that hour, unknown if one of them is: an SEH tells of quarters.
FLOWS_TOLD = f"""
WITH asked AS ({OF_UNITS})
SELECT a.unit, a.measure, a.resource, a.bed_type, a.words, a.rank, f.*
  FROM asked a
 CROSS JOIN LATERAL (
       SELECT {COLUMNS}
         FROM (SELECT CASE WHEN length_s < {HOUR} THEN date_trunc('hour', at) ELSE at END AS at,
                      sum(length_s)::int AS length_s, max(observed_at) AS observed_at,
                      CASE WHEN count(value) = count(*) THEN sum(value) END AS value
                 FROM (SELECT DISTINCT ON (x.at, x.length_s)
                              x.at, x.length_s, x.value, x.observed_at
                         FROM observations x
                        WHERE x.org_id = a.org_id AND x.series_id = a.series_id AND x.length_s > 0
                          AND x.at >= $3 AND x.at < $4 AND x.known_at <= $5
                        ORDER BY x.at, x.length_s, x.known_at DESC) told
                WHERE at + make_interval(secs => length_s) <= $4
                GROUP BY 1, CASE WHEN length_s < {HOUR} THEN 0 ELSE length_s END
               HAVING min(length_s) >= {HOUR} OR sum(length_s) = {HOUR}) periods) f
 WHERE f.starts IS NOT NULL
"""
# Of each saying of each day: who said it later may have said otherwise.
PLANS_TOLD = f"""
WITH asked AS ({OF_UNITS})
SELECT a.unit, a.measure, a.resource, a.bed_type, a.words, a.rank, f.*
  FROM asked a
 CROSS JOIN LATERAL (
       SELECT {COLUMNS}
         FROM (SELECT DISTINCT ON (x.at, x.length_s, x.observed_at)
                      x.at, x.length_s, x.value, x.observed_at
                 FROM observations x
                WHERE x.org_id = a.org_id AND x.series_id = a.series_id AND x.length_s > 0
                  AND x.at >= $3 AND x.at < $4 AND x.known_at <= $5 AND x.observed_at <= $6
                ORDER BY x.at, x.length_s, x.observed_at, x.known_at DESC) told) f
 WHERE f.starts IS NOT NULL
"""
# Of each hour the last count of it, so that a quarter of an hour of a ward weighs no more.
STOCKS_TOLD = f"""
WITH asked AS ({OF_UNITS})
SELECT a.unit, a.measure, a.resource, a.bed_type, a.words, a.rank, f.*
  FROM asked a
 CROSS JOIN LATERAL (
       SELECT array_agg(date_part('epoch', at)::bigint ORDER BY at) AS starts,
              array_agg(value ORDER BY at) AS values
         FROM (SELECT DISTINCT ON (date_trunc('hour', x.at)) x.at, x.value
                 FROM observations x
                WHERE x.org_id = a.org_id AND x.series_id = a.series_id AND x.length_s = 0
                  AND x.at >= $3 AND x.at <= $4 AND x.known_at <= $5
                ORDER BY date_trunc('hour', x.at), x.at DESC, x.known_at DESC) told) f
 WHERE f.starts IS NOT NULL AND array_to_string(a.words, '') = ''
"""


async def known(
    session: AsyncSession,
    at: datetime,
    data_cut: datetime,
    events: Mapping[str, Sequence[Event]],
) -> Known:
    """All that a run may know: figures up to `at`, and what was known of them at the cut."""
    holds = max(at, data_cut)
    units = await facilities.units(session, holds, data_cut)
    groups = await facilities.groups(session, holds, data_cut)
    rule = rule_of(await facilities.rules(session, "norm", holds, data_cut))
    since = at - timedelta(days=rule.past_days) - A_DAY
    names = list(units)
    connection = await raw(session)
    told = [
        *await connection.fetch(FLOWS_TOLD, names, list(FLOWS), since, at, data_cut),
        *await connection.fetch(
            PLANS_TOLD, names, [SAID, PLANNED], since, at + AHEAD, data_cut, at
        ),
        *await connection.fetch(
            PLANS_TOLD, names, [ROSTERED], at - A_DAY, at + AHEAD, data_cut, at
        ),
    ]
    flows: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for row in told:
        flows[row["unit"], row["measure"]].append(series(row))
    counted = await connection.fetch(
        STOCKS_TOLD, names, list(STOCKS), min(since, at - SILENT), at, data_cut
    )
    day = calendar.local_day(holds)
    return Known(
        at,
        rule,
        {unit: offering_of(unit, each.org_id, each.facts) for unit, each in units.items()},
        {group: each.members_on(day) for group, each in groups.items()},
        dict(flows),
        stocks(counted),
        events,
        await facilities.substitution_pools(session, holds, data_cut),
    )


def series(row: asyncpg.Record) -> Told:
    return Told(
        row["unit"],
        row["measure"],
        row["resource"],
        row["bed_type"],
        tuple(row["words"]),
        row["rank"],
        np.array(row["starts"], dtype=np.int64),
        np.array(row["lengths"], dtype=np.int64),
        np.array(row["values"], dtype=np.float64),
        np.array(row["said_at"], dtype=np.int64),
    )


def stocks(rows: Sequence[asyncpg.Record]) -> dict[tuple[str, str, str, str], Stock]:
    found = defaultdict(list)
    for row in rows:
        key = (row["unit"], row["measure"], row["resource"], row["bed_type"])
        starts = np.array(row["starts"], dtype=np.int64)
        found[key].append((row["rank"], starts, np.array(row["values"], dtype=np.float64)))
    return {key: stock_of(told, STANDS_OVER) for key, told in found.items()}


async def occupied(
    session: AsyncSession, units: Sequence[str], since: datetime, until: datetime, cut: datetime
) -> dict[tuple[str, str, str], Stock]:
    """By unit, resource and bed type who was counted in a place, as known at a cut."""
    connection = await raw(session)
    rows = await connection.fetch(STOCKS_TOLD, list(units), [OCCUPIED], since, until, cut)
    return {
        (unit, resource, bed_type): stock
        for (unit, _, resource, bed_type), stock in stocks(rows).items()
    }


async def anything_told(session: AsyncSession, data_cut: datetime) -> bool:
    """Whether anything of the last days became known since the last run of them, up to the cut."""
    last = await session.scalar(
        select(func.max(ForecastRun.data_cut)).where(ForecastRun.horizon == "days")
    )
    if last is None:
        return True
    found: bool = await (await raw(session)).fetchval(
        "SELECT EXISTS (SELECT FROM observations "
        "WHERE at > $1 AND known_at > $2 AND known_at <= $3)",
        data_cut - AHEAD,
        last,
        data_cut,
    )
    return found
