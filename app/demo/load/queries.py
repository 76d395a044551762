"""What the loader must know of the store: whose each place is, who tells of it, what is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tables import Mark
from app.db import raw
from app.demo.load.rows import Teller
from app.errors import Conflict
from app.facilities.commands import FICTIEF
from app.facilities.queries import directory_at
from app.feeds.places import areas_in, place_of_pool, place_of_unit
from app.observations.words import Place
from app.postgres import CONFIGURED
from app.simulation.reporters import Reporter


@dataclass(frozen=True)
class Laid:
    """What has been laid down: all that became known before `until`."""

    seed: int
    begin: datetime
    until: datetime
    dense_from: datetime


@dataclass(frozen=True)
class Known:
    """The places of the region, the clients of its organisations, and how far each place is."""

    places: Mapping[str, Place]
    clients: Mapping[tuple[int, str], int]
    feeds: Mapping[str, int]
    mandates: Mapping[str, int]
    loaded: Mapping[str, datetime] = field(default_factory=dict)

    def teller(self, number: int, reporter: Reporter) -> Teller:
        """The performer itself, or for a mandate or a feed whoever that is of."""
        told_by = self.places[reporter.place].org_id
        if reporter.feed:
            told_by = self.feeds[reporter.feed]
        elif reporter.source_kind == "mandate":
            told_by = self.mandates[reporter.place]
        client = self.clients.get((told_by, "feed" if reporter.feed else "hand"))
        return Teller(number, reporter.source_kind, reporter.feed, told_by, client)


async def refuse_elsewhere(session: AsyncSession) -> None:
    """Made-up figures come only where a made-up region is: in the server that we made ourselves,
    or where it was asked for by name."""
    connection = await raw(session)
    ours = await connection.fetchval("SHOW cluster_name") == CONFIGURED["cluster_name"]
    if not ours and not await connection.fetchval(ASKED_FOR):
        raise Conflict(
            "The demo is loaded into the embedded database. Unset DATABASE_URL, or bring it into "
            "an empty database with `verkeerstoren demo --into-this-database`.",
            code="not-embedded",
        )
    if await session.get(Mark, FICTIEF) is None:
        raise Conflict(
            "The demo is loaded only where a made-up region is: this database does not bear the "
            "mark fictief. Apply a region file that says fictief: true to an empty one.",
            code="not-fictief",
        )


async def known(session: AsyncSession) -> Known:
    connection = await raw(session)
    facts = await directory_at(session, datetime.now(UTC))
    units = {name: place_of_unit(unit, areas_in(facts)) for name, unit in facts.units.items()}
    pools = {name: place_of_pool(pool) for name, pool in facts.staff_pools.items()}
    return Known(
        places=units | pools,
        clients={(row[0], row[1]): row[2] for row in await connection.fetch(CLIENTS)},
        feeds={row[0]: row[1] for row in await connection.fetch(FEEDS)},
        mandates={row[0]: row[1] for row in await connection.fetch(MANDATES)},
        loaded={row[0]: row[1] for row in await connection.fetch(LOADED)},
    )


async def laid(session: AsyncSession) -> Laid | None:
    row = await (await raw(session)).fetchrow(LAID)
    return Laid(row["seed"], row["begin_at"], row["until"], row["dense_from"]) if row else None


async def numbers(
    connection: asyncpg.Connection[asyncpg.Record], org_id: int, place: str
) -> dict[tuple[str, tuple[str, ...]], int]:
    """Of each series of a place its number, by the kind of source and the key."""
    rows = await connection.fetch(SERIES, org_id, place)
    return {(row[1], tuple(row)[2:]): row[0] for row in rows}


# Of several clients of one kind the one that was there first, as in the region file.
CLIENTS = """
SELECT c.org_id, c.source_kind, min(c.client_id)
  FROM clients c
 WHERE EXISTS (SELECT FROM api_keys k
                WHERE k.client_id = c.client_id AND 'reports:write' = ANY(k.scopes))
 GROUP BY c.org_id, c.source_kind
"""
FEEDS = "SELECT feed, org_id FROM feeds"
MANDATES = """
SELECT DISTINCT ON (unit) unit, o.org_id
  FROM mandate_versions m
 CROSS JOIN LATERAL jsonb_array_elements_text(m.facts -> 'units') AS unit
  JOIN organisations o ON o.organisation = m.facts ->> 'to'
 WHERE m.valid_from <= now() AND (m.valid_to IS NULL OR m.valid_to > now())
 ORDER BY unit, m.known_at DESC
"""
LOADED = "SELECT place, max(until) FROM demo_loads WHERE place <> '' GROUP BY place"
LAID = """
SELECT seed, begin_at, until, dense_from FROM demo_loads WHERE place = ''
 ORDER BY until DESC LIMIT 1
"""
ASKED_FOR = "SELECT EXISTS (SELECT FROM demo_loads WHERE place = 'into')"
SERIES = """
SELECT series_id, source_kind, unit, staff_pool, measure, resource, bed_type, role, shift, reason,
       urgency, destination, profile, age_band, area
  FROM series WHERE org_id = $1 AND (unit = $2 OR staff_pool = $2)
"""
