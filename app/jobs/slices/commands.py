"""Slices of a job: written once by its holder, done by any worker, and gone once it is done.

A worker claims a slice under a lease that it prolongs while it computes. One that dies leaves it to
the next; what is found is stored once, by whoever holds the slice then.
"""

import asyncio
import uuid
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from structlog import get_logger

from app.db import sessions_of
from app.forecasts.commands import processes, worked

log = get_logger(__name__)
# Longer than that of a job: a slice taken from a worker that lives is minutes of work done twice.
LEASE = timedelta(seconds=3)
PROLONG_SECONDS = 0.5
LOOK_SECONDS = 0.25
# So often a slice is begun; then its job fails, and its next try begins the slice anew.
MOST_TRIES = 3
# What was found is worth more than one try to store it.
STORE_TRIES = 40
# A job that nobody has held for so long is no work for others; after a day its slices go.
ABANDONED, FORGOTTEN = timedelta(minutes=1), timedelta(days=1)

OF_JOB = "job = :job AND period = :period"
MINE = f"{OF_JOB} AND slice = :slice AND holder = :holder AND finished_at IS NULL"

CUT = f"SELECT asked_at, data_cut FROM job_slices WHERE {OF_JOB} LIMIT 1"
# One that asks the same is left as it is, with who is at it and what was found. Another asks
# something else only where another release wrote it.
ADD = """
INSERT INTO job_slices AS s (job, period, slice, asked_at, data_cut, task)
VALUES (:job, :period, :slice, :asked_at, :data_cut, :task)
ON CONFLICT (job, period, slice) DO UPDATE
   SET task = excluded.task, holder = NULL, lease_until = NULL, tries = 0, failure = NULL,
       found = NULL, finished_at = NULL
 WHERE s.task <> excluded.task
"""
DROP_BEYOND = f"DELETE FROM job_slices WHERE {OF_JOB} AND slice >= :slices"
BEGIN_ANEW = f"""
UPDATE job_slices SET tries = 0, failure = NULL
 WHERE {OF_JOB} AND finished_at IS NULL AND tries >= :most
"""
DROP_DONE = """
DELETE FROM job_slices s USING job_runs r
 WHERE r.job = s.job AND r.period = s.period
   AND (r.finished_at IS NOT NULL
        OR r.lease_until < clock_timestamp() - CAST(:forgotten AS interval))
"""
OPEN = """
  FROM job_slices s JOIN job_runs r ON r.job = s.job AND r.period = s.period
 WHERE s.finished_at IS NULL AND s.tries < :most AND r.finished_at IS NULL
   AND r.lease_until > clock_timestamp() - CAST(:abandoned AS interval)
"""
ANY_OPEN = f"SELECT EXISTS (SELECT 1 {OPEN})"
CLAIM = f"""
WITH free AS MATERIALIZED (
    SELECT s.job, s.period, s.slice {OPEN}
       AND (s.lease_until < clock_timestamp()) IS NOT FALSE
     ORDER BY s.job, s.period, s.slice LIMIT 1 FOR UPDATE OF s SKIP LOCKED)
UPDATE job_slices s
   SET holder = :holder, lease_until = clock_timestamp() + :lease, tries = tries + 1
  FROM free WHERE s.job = free.job AND s.period = free.period AND s.slice = free.slice
RETURNING s.job, s.period, s.slice, s.task
"""
PROLONG = f"UPDATE job_slices SET lease_until = clock_timestamp() + :lease WHERE {MINE}"
STORE = f"""
UPDATE job_slices SET found = :found, finished_at = clock_timestamp(), failure = NULL WHERE {MINE}
"""
FAIL = f"""
UPDATE job_slices SET lease_until = clock_timestamp(), failure = :failure WHERE {MINE}
"""
STAND = f"""
SELECT count(finished_at) AS finished,
       min(slice) FILTER (WHERE finished_at IS NULL AND tries >= :most
                                AND lease_until < clock_timestamp()) AS failed
  FROM job_slices WHERE {OF_JOB}
"""
FAILURE = f"SELECT failure FROM job_slices WHERE {OF_JOB} AND slice = :slice"
FOUND = f"SELECT found FROM job_slices WHERE {OF_JOB} AND slice = :slice"
REMOVE = f"DELETE FROM job_slices WHERE {OF_JOB}"

Key = dict[str, Any]


class SliceFailed(Exception):
    """A slice was begun as often as it may be; `kind` is that of its last error."""

    def __init__(self, number: int, kind: str | None) -> None:
        self.kind = f"slice {number}: {kind or 'its worker died'}"
        super().__init__(self.kind)


class Cut(NamedTuple):
    """The moment that a job is about, and the last one at which it knew something."""

    asked_at: datetime
    data_cut: datetime


async def cut_of(session: AsyncSession, key: Key) -> Cut | None:
    """That of an earlier try of this job and period, which left slices."""
    row = (await session.execute(text(CUT), key)).one_or_none()
    return Cut(row.asked_at, row.data_cut) if row else None


async def add(session: AsyncSession, key: Key, cut: Cut, number: int, task: bytes) -> None:
    await session.execute(text(ADD), {**key, **cut._asdict(), "slice": number, "task": task})


async def tidy(session: AsyncSession, key: Key, slices: int) -> None:
    """Slices beyond the last go, as do those of jobs that are done; what failed begins anew."""
    await session.execute(text(DROP_BEYOND), {**key, "slices": slices})
    await session.execute(text(BEGIN_ANEW), {**key, "most": MOST_TRIES})
    await remove_done(session)


async def remove_done(session: AsyncSession) -> None:
    await session.execute(text(DROP_DONE), {"forgotten": FORGOTTEN})


async def remove(session: AsyncSession, key: Key) -> None:
    await session.execute(text(REMOVE), key)


async def finished(session: AsyncSession, key: Key) -> int:
    """How many are finished; SliceFailed when one will not be."""
    row = (await session.execute(text(STAND), {**key, "most": MOST_TRIES})).one()
    if row.failed is not None:
        asked = {**key, "slice": row.failed}
        raise SliceFailed(row.failed, await session.scalar(text(FAILURE), asked))
    return int(row.finished)


async def found(session: AsyncSession, key: Key, number: int) -> bytes:
    return bytes((await session.execute(text(FOUND), {**key, "slice": number})).scalar_one())


async def keep_helping(engine: AsyncEngine, holder: uuid.UUID, hands: int) -> None:
    """Does slices of whatever job, `hands` at a time, until it is cancelled."""
    while True:
        try:
            if await any_open(engine):
                await help_out(engine, holder, hands)
        except Exception as error:  # a worker that gave up would leave its own jobs waiting
            log.warning("slices wait", kind=type(error).__name__)
        await asyncio.sleep(LOOK_SECONDS)


async def help_out(engine: AsyncEngine, holder: uuid.UUID, hands: int) -> None:
    with processes(hands) as pool:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(hands):
                    group.create_task(hand(engine, holder, pool))
        except* BrokenProcessPool:
            log.warning("a process of the pool died")


async def hand(engine: AsyncEngine, holder: uuid.UUID, pool: Executor) -> None:
    """One slice after another until none is open; it looks again while others are at theirs."""
    while True:
        try:
            taken = await claimed(engine, holder)
            if taken is None and not await any_open(engine):
                return
        except (OSError, SQLAlchemyError) as error:
            log.warning("slices wait for the store", kind=type(error).__name__)
            taken = None
        if taken is None:
            await asyncio.sleep(LOOK_SECONDS)
        else:
            await do(engine, pool, *taken)


async def any_open(engine: AsyncEngine) -> bool:
    asked = {"most": MOST_TRIES, "abandoned": ABANDONED}
    async with sessions_of(engine)() as session:
        return bool(await session.scalar(text(ANY_OPEN), asked))


async def claimed(engine: AsyncEngine, holder: uuid.UUID) -> tuple[Key, bytes] | None:
    asked = {"holder": holder, "lease": LEASE, "most": MOST_TRIES, "abandoned": ABANDONED}
    async with sessions_of(engine)() as session, session.begin():
        row = (await session.execute(text(CLAIM), asked)).one_or_none()
    if row is None:
        return None
    key = {"job": row.job, "period": row.period, "slice": row.slice, "holder": holder}
    return key, bytes(row.task)


async def do(engine: AsyncEngine, pool: Executor, key: Key, task: bytes) -> None:
    """Computes a slice and stores what it found, or the kind of the error: its text may tell
    figures."""
    keeping = asyncio.create_task(keep(engine, key))
    try:
        told = await asyncio.get_running_loop().run_in_executor(pool, worked, task)
        await store(engine, STORE, {**key, "found": told})
    except Exception as error:
        kind = type(error).__name__
        log.error(
            "slice failed", job=key["job"], period=key["period"], slice=key["slice"], kind=kind
        )
        await store(engine, FAIL, {**key, "failure": kind})
        if isinstance(error, BrokenProcessPool):
            raise
    finally:
        keeping.cancel()


async def keep(engine: AsyncEngine, key: Key) -> None:
    while True:
        await asyncio.sleep(PROLONG_SECONDS)
        with suppress(OSError, SQLAlchemyError):
            async with sessions_of(engine)() as session, session.begin():
                await session.execute(text(PROLONG), {**key, "lease": LEASE})


async def store(engine: AsyncEngine, statement: str, asked: Key) -> None:
    """Changes nothing where another has the slice by now."""
    for _ in range(STORE_TRIES):
        try:
            async with sessions_of(engine)() as session, session.begin():
                await session.execute(text(statement), asked)
            return
        except (OSError, SQLAlchemyError):
            await asyncio.sleep(LOOK_SECONDS)
    raise TimeoutError("The store did not answer for too long; another worker does this slice.")
