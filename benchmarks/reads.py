"""Reads of a region of 200 units, with key check and access log, against an empty answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import asyncpg

from app.jobs.commands import run_now
from app.store import ensure_partitions
from benchmarks.ground import Ground, served
from benchmarks.posts import MINIMAL, OURS, of_twenty_units, post
from benchmarks.region import Region
from benchmarks.rounds import Effort, Side, client, compare, line, request

OF_OVERVIEW, OF_FORECAST, OF_UNCHANGED = 0.12, 0.4, 0.6
AT_ONCE = (1, 8)
DAYS = 2 * 365
ALL_UNITS = b"provider-9-unit-19"
TAG = re.compile(rb"(?i)\r\netag: *(\S+)")
# Two years of days (fictief) behind what was posted, so that there is something to forecast.
HISTORY = """
INSERT INTO observations (org_id, series_id, at, length_s, known_at, observed_at, value,
                          report_id, reported_by, precision)
SELECT s.org_id, s.series_id, day, 0, day, day,
       CASE s.measure WHEN 'staffed' THEN 20
                      ELSE 11 + 3 * sin(extract(doy FROM day) / 58.0)
                           + (extract(dow FROM day)::int * 7 + s.series_id * 3) % 5 END::int,
       gen_random_uuid(), s.org_id, 'moment'
  FROM series s
 CROSS JOIN generate_series(date_trunc('day', now()) - $1 * interval '1 day',
                            now() - interval '1 day', interval '1 day') AS day
 WHERE s.measure IN ('staffed', 'occupied')
"""


async def main(ground: Ground, region: Region, effort: Effort) -> list[str]:
    with served(ground, "ground:tower") as tower, served(ground, "reference:bare") as bare:
        await tell(tower, region)
        await look_ahead(ground)
        empty = Side("an empty answer", bare, partial(request, "GET", "/empty", {}))
        found = [(each, await side_of(tower, region, each)) for each in ASKED]
        lines = [f"{each.what}: not measured: {why}" for each, why in found if isinstance(why, str)]
        known = [(each, side) for each, side in found if isinstance(side, Side)]
        for clients in AT_ONCE:
            lines += await measured(empty, known, clients, effort)
        return lines


async def tell(tower: int, region: Region) -> None:
    """Every unit tells how it stands, by real posts."""
    async with client(tower) as connection:
        for _ in region.providers:
            answer = await connection.ask(post(region, of_twenty_units, OURS, MINIMAL))
            if answer.status != 200:
                raise RuntimeError(f"a post was refused: {answer.body[:400]!r}")


async def look_ahead(ground: Ground) -> None:
    now = datetime.now(UTC)
    await ensure_partitions(ground.urls.owner, (now - timedelta(days=DAYS + 31)).date())
    connection = await asyncpg.connect(ground.owner, timeout=5)
    try:
        await connection.execute(HISTORY, DAYS)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    await run_now(ground.urls.worker, "forecast", at=datetime.now(UTC))


@dataclass(frozen=True)
class Asked:
    """A read that is measured, what of an empty answer it is to reach, and what it must hold."""

    what: str
    path: str
    reach: float | None = None
    status: int = 200
    holds: bytes = b""
    a_write_before: bool = False


FORECAST = "/v1/forecasts?unit=provider-0-unit-0&horizon=weeks"
ASKED = (
    Asked("overview of 200 units, from the cache", "/v1/overview", OF_OVERVIEW, holds=ALL_UNITS),
    Asked(
        "overview of 200 units, a write before each",
        "/v1/overview",
        OF_OVERVIEW,
        holds=ALL_UNITS,
        a_write_before=True,
    ),
    Asked("a forecast of 98 days, kept", FORECAST, OF_FORECAST, holds=b'"state":"known"'),
    Asked("a forecast of 98 days, unchanged (304)", FORECAST, OF_UNCHANGED, status=304),
    Asked("/livez", "/livez"),
)


async def side_of(tower: int, region: Region, asked: Asked) -> Side | str:
    """How to ask for it; or why it cannot be measured."""
    key = {"Authorization": region.coordinator}
    async with client(tower) as connection:
        answer = await connection.ask(request("GET", asked.path, key))
    if answer.status != 200 or asked.holds not in answer.body:
        return f"{asked.path} answers {answer.status} {answer.body[:160].decode(errors='replace')}"
    if asked.status == 304:
        tag = TAG.search(answer.head)
        if tag is None:
            return f"{asked.path} gives no ETag"
        key["If-None-Match"] = tag[1].decode()
    return Side(
        asked.what if asked.status == 304 else f"{asked.what} ({len(answer.body):,} bytes)",
        tower,
        partial(request, "GET", asked.path, key),
        status=asked.status,
        holds=asked.holds,
        before=partial(post, region, of_twenty_units, OURS, MINIMAL)
        if asked.a_write_before
        else None,
    )


async def measured(
    empty: Side, asked: Sequence[tuple[Asked, Side]], clients: int, effort: Effort
) -> list[str]:
    # With several clients the write of one would be read by another.
    fitting = [(one, side) for one, side in asked if clients == 1 or not one.a_write_before]
    await compare([empty, *(side for _, side in fitting)], clients, effort)
    return [
        line(f"{side.name}, {clients} at once", side, empty, one.reach) for one, side in fitting
    ]
