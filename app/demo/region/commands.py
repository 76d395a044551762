"""The made-up region brought up to now: simulated, what is missing laid down, and how far kept."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from app.db import Sessions, connect, sessions_of
from app.demo.load.commands import Loaded, laid, load
from app.demo.play.tellings import Play
from app.demo.region.queries import BEGUN, TOLD, Headway, headway
from app.demo.truth.queries import Key, Told, flows, stocks
from app.errors import Conflict
from app.simulation.world import World
from app.simulation.zoetermeer import zoetermeer

# Who reports at an interval is laid down at three moments a day before this: what is older is
# asked by the day, and the store stays a size that is loaded in half a minute.
DENSE_DAYS = 28
SLICES = 100
ENDING_SECONDS, LOOK_SECONDS = 5.0, 0.25
# Held by a session, so that it ends with whoever held it, however that ended.
ALONE = text("SELECT pg_try_advisory_lock(hashtext('demo'))")

# What is being done, its share (0..1), and rows so far.
Say = Callable[[str, float, int], None]


@dataclass(frozen=True)
class Since:
    """From when a region is simulated and laid down, in seconds since 1970.

    `left` is what was on its way through the API when the region was left the last time; `seed` is
    that of what stands here, None if nothing does.
    """

    seed: int | None
    begin: int
    loaded: int
    dense: int
    left: Headway | None


@dataclass(frozen=True)
class Begun:
    """A region up to `until`; `left` is to be sent again, through the API."""

    play: Play
    until: int
    left: tuple[int, int] | None
    loaded: Loaded


async def left_at(owner_url: str, days: int, now: datetime) -> Since:
    """Where the region of this database was left; if there is none, `days` ago."""
    before = await laid(owner_url)
    async with owner(owner_url) as sessions, sessions.begin() as session:
        left = await headway(session)
    if before:
        loaded, dense = seconds(before.until), seconds(before.dense_from)
        return Since(before.seed, seconds(before.begin), loaded, dense, left)
    begin = seconds(now - timedelta(days=days))
    dense = max(begin, seconds(now - timedelta(days=DENSE_DAYS)))
    return Since(None, begin, begin, dense, None)


def simulated(seed: int, begin: int, until: int, say: Say) -> World:
    """The world of Zoetermeer, in slices, so that it can be said how far it is."""
    world = World(zoetermeer(), seed, begin)
    for n in range(1, SLICES + 1):
        world.advance(begin + (until - begin) * n // SLICES)
        say("simulating", n / SLICES, 0)
    return world


async def laid_down(owner_url: str, since: Since, play: Play, say: Say) -> Begun:
    """Loads what became known and is not there. Raises Conflict if another demo stands here."""
    until = play.world.truth.until
    async with alone(owner_url) as sessions:
        if since.left is not None:
            async with sessions.begin() as session:
                await session.execute(PLAYED, {"until": since.left.begun})
        loaded = await load(
            owner_url,
            truth=play.world.truth,
            reporters=play.reporters,
            since=since.loaded,
            until=until,
            dense_from=since.dense,
            progress=lambda rows, share: say("loading", share, rows),
        )
    left = (seconds(since.left.told), seconds(since.left.begun)) if since.left else (0, 0)
    return Begun(play, until, left if left[0] < left[1] else None, loaded)


def seconds(at: datetime) -> int:
    return int(at.timestamp())


@asynccontextmanager
async def alone(url: str) -> AsyncIterator[Sessions]:
    """While nobody else tells this region: two would tell the same twice, under other ids.

    One that is just ending is waited for. Raises Conflict if it goes on.
    """
    async with owner(url, 2) as sessions, sessions() as holding:
        for _ in range(int(ENDING_SECONDS / LOOK_SECONDS)):
            if await holding.scalar(ALONE):
                break
            await asyncio.sleep(LOOK_SECONDS)
        else:
            raise Conflict(
                "The region (fictief) of this database is being told already, by `serve --demo` "
                "or `demo play`. End that first, or leave it to it.",
                code="demo-under-way",
            )
        yield sessions


@asynccontextmanager
async def owner(url: str, connections: int = 1) -> AsyncIterator[Sessions]:
    engine = connect(url, pool_size=connections, limits={}, seconds=60)
    try:
        yield sessions_of(engine)
    finally:
        await engine.dispose()


async def told_at(url: str, at: datetime) -> tuple[Mapping[Key, Told], Mapping[Key, Told]]:
    """What had been told by then: stocks, and flows over the 24 hours before."""
    async with owner(url) as sessions, sessions.begin() as session:
        return await stocks(session, at), await flows(session, at - timedelta(hours=24), at)


async def ask_for(owner_url: str, since: Since, seed: int) -> None:
    """From now on this database, which is not of our own making, takes the figures of the demo."""
    begin, dense = (datetime.fromtimestamp(at, UTC) for at in (since.begin, since.dense))
    async with owner(owner_url) as sessions, sessions.begin() as session:
        await session.execute(INTO, {"begin": begin, "dense": dense, "seed": seed})


async def keep(sessions: Sessions, told: int, begun: int) -> None:
    """How far the region has been told, and up to where telling has begun."""
    async with sessions.begin() as session:
        for place, until in ((TOLD, told), (BEGUN, begun)):
            at = {"place": place, "until": datetime.fromtimestamp(until, UTC)}
            await session.execute(KEEP, at)


INTO = text("""
INSERT INTO demo_loads (org_id, place, until, seed, begin_at, dense_from, rows)
VALUES (0, 'into', :begin, :seed, :begin, :dense, 0) ON CONFLICT DO NOTHING
""")
# What was told as it came need not be loaded.
PLAYED = text("""
INSERT INTO demo_loads (org_id, place, until, seed, begin_at, dense_from, rows)
SELECT org_id, place, :until, seed, begin_at, dense_from, 0
  FROM (SELECT DISTINCT ON (place) * FROM demo_loads
         WHERE place NOT IN ('told', 'begun', 'into') ORDER BY place, until DESC) latest
 WHERE until < :until
ON CONFLICT DO NOTHING
""")
KEEP = text("""
WITH moved AS (
     UPDATE demo_loads SET until = :until, loaded_at = clock_timestamp()
      WHERE org_id = 0 AND place = :place RETURNING 1)
INSERT INTO demo_loads (org_id, place, until, seed, begin_at, dense_from, rows)
SELECT 0, :place, :until, seed, begin_at, dense_from, 0
  FROM demo_loads WHERE place = '' AND NOT EXISTS (SELECT FROM moved)
 ORDER BY until DESC LIMIT 1
""")
