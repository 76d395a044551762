"""Jobs: each (job, period) once, under a lease that others take over within 2 seconds."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from structlog import get_logger

from app.db import connect, sessions_of
from app.facilities.queries import DirectoryCache
from app.forecasts import commands as forecasts
from app.forecasts.asking import Found, Task, found_of, named
from app.forecasts.days import commands as days
from app.forecasts.days import queries as tonight
from app.forecasts.packed import pack_task, unpack_outlooks
from app.forecasts.queries import events, region
from app.forecasts.runs import Run
from app.forecasts.scoring import commands as scores
from app.forecasts.scoring import queries as scoring
from app.jobs import queries
from app.jobs.schedule import Job, due, look_due
from app.jobs.slices import commands as slices
from app.jobs.slices.commands import Cut, SliceFailed
from app.observations.queries import horizon
from app.overview.signals import commands as signals
from app.planning import commands as planning
from app.planning import queries as plans
from app.settings import Settings
from app.store import WORKER, ensure_partitions
from app.wire import instant

log = get_logger(__name__)
# After the death of a worker its lease runs out and the next look finds it: 1.75 seconds.
LEASE = timedelta(seconds=1.5)
PROLONG_SECONDS = 0.4
LOOK_SECONDS = 0.25
# A job that fails is tried again after 30 seconds, 1, 2 and 4 minutes, and then given up.
MOST_TRIES = 5
FIRST_PAUSE = timedelta(seconds=15)
# A run waits so long for what is being written to settle; then it cuts where it is settled.
SETTLES_SECONDS = 15
JOB_LIMITS = {
    "statement_timeout": "600000",
    "lock_timeout": "1000",
    "idle_in_transaction_session_timeout": "60000",
    "timezone": "UTC",
}

Outcome = dict[str, Any]
Store = Callable[[AsyncSession], Awaitable[Outcome]]
Work = Callable[[], Awaitable[Store]]
Key = dict[str, Any]
# Told how many slices of a job are finished, of how many.
Say = Callable[[int, int], None]

CLAIM_NEW = """
INSERT INTO job_runs (job, period, holder, lease_until)
VALUES (:job, :period, :holder, clock_timestamp() + :lease)
ON CONFLICT (job, period) DO NOTHING RETURNING tries
"""
# Locked rows are passed by: their worker is about to finish.
CLAIM_LEFT = """
UPDATE job_runs SET holder = :holder, lease_until = clock_timestamp() + :lease, tries = tries + 1
 WHERE (job, period) IN (
       SELECT job, period FROM job_runs
        WHERE job = :job AND period = :period AND finished_at IS NULL
          AND lease_until < clock_timestamp() AND tries < :most
          FOR UPDATE SKIP LOCKED)
RETURNING tries
"""
PROLONG = """
UPDATE job_runs SET lease_until = clock_timestamp() + :lease
 WHERE job = :job AND period = :period AND holder = :holder AND finished_at IS NULL
RETURNING tries
"""
HOLD = """
SELECT tries FROM job_runs
 WHERE job = :job AND period = :period AND holder = :holder AND finished_at IS NULL FOR UPDATE
"""
FINISH = """
UPDATE job_runs SET finished_at = clock_timestamp(), outcome = CAST(:outcome AS jsonb)
 WHERE job = :job AND period = :period AND holder = :holder
"""
FAIL = """
UPDATE job_runs SET lease_until = clock_timestamp() + :pause, outcome = CAST(:outcome AS jsonb),
       finished_at = CASE WHEN tries >= :most THEN clock_timestamp() END
 WHERE job = :job AND period = :period AND holder = :holder AND finished_at IS NULL
"""
# One row for all looks, since there are 2,880 a day; `tries` counts them.
TURN = """
INSERT INTO job_runs (job, period, holder, lease_until, started_at)
VALUES ('signals', 'each half minute', :holder, :begins, :begins)
ON CONFLICT (job, period) DO UPDATE
   SET holder = :holder, lease_until = :begins, started_at = :begins, tries = job_runs.tries + 1
 WHERE job_runs.started_at < :begins RETURNING tries
"""
ALONE = "SELECT pg_try_advisory_xact_lock(hashtext('look for signals'))"


class LeaseLost(Exception):
    """Another worker has the job now: nothing of this try is stored."""


@asynccontextmanager
async def working(url: str) -> AsyncIterator[AsyncEngine]:
    """Connections that take the worker's role, whoever signs in, and may work for 10 minutes."""
    engine = connect(url, pool_size=5, limits=JOB_LIMITS, seconds=600, role=WORKER)
    try:
        yield engine
    finally:
        await engine.dispose()


async def run_once(
    engine: AsyncEngine, job: str, period: str, work: Work, holder: uuid.UUID
) -> Outcome | None:
    """Does the work of this period unless it is done, or another worker is at it: then None.

    `work` prepares, without a transaction, and gives what stores its result. That runs in the
    transaction that finishes the job, behind a lock on its row: a worker that lost its lease
    stores nothing, and a result is stored exactly once. Raises what the work raised.
    """
    key = {"job": job, "period": period, "holder": holder}
    if not await claimed(engine, key):
        return None
    log.info("job begins", job=job, period=period)
    try:
        store = await while_held(engine, key, work)
        outcome = await finish(engine, key, store)
    except LeaseLost:
        log.warning("job lost to another worker", job=job, period=period)
        return None
    except Exception as error:
        log.error("job failed", job=job, period=period, kind=type(error).__name__)
        await note_failure(engine, key, error)
        raise
    log.info("job done", job=job, period=period)
    return outcome


async def claimed(engine: AsyncEngine, key: Key) -> bool:
    asked = {**key, "lease": LEASE}
    async with sessions_of(engine)() as session, session.begin():
        if (await session.execute(text(CLAIM_NEW), asked)).one_or_none():
            return True
        left = await session.execute(text(CLAIM_LEFT), {**asked, "most": MOST_TRIES})
        return left.one_or_none() is not None


async def while_held(engine: AsyncEngine, key: Key, work: Work) -> Store:
    """The work's result; it is cancelled at once when the lease is lost."""
    doing = asyncio.ensure_future(work())
    holding = asyncio.create_task(keep_lease(engine, key))
    try:
        await asyncio.wait({doing, holding}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise LeaseLost
        return doing.result()
    finally:
        for task in (doing, holding):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task


async def keep_lease(engine: AsyncEngine, key: Key) -> None:
    """Prolongs the lease for as long as it can; it ends when the lease is another's."""
    held_until = asyncio.get_running_loop().time() + LEASE.total_seconds()
    while True:
        await asyncio.sleep(PROLONG_SECONDS)
        asked = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(held_until), sessions_of(engine)() as session:
                prolonged = await session.execute(text(PROLONG), {**key, "lease": LEASE})
                mine = prolonged.one_or_none() is not None
                await session.commit()
        except (OSError, SQLAlchemyError):
            mine = asked < held_until
        else:
            held_until = asked + LEASE.total_seconds()
        if not mine:
            return


@asynccontextmanager
async def held(engine: AsyncEngine, key: Key) -> AsyncIterator[AsyncSession]:
    """A transaction behind a lock on the row of the job, while it is this worker's."""
    async with sessions_of(engine)() as session, session.begin():
        if (await session.execute(text(HOLD), key)).one_or_none() is None:
            raise LeaseLost
        yield session


async def finish(engine: AsyncEngine, key: Key, store: Store) -> Outcome:
    async with held(engine, key) as session:
        outcome = await store(session)
        told = orjson.dumps(outcome).decode()
        await session.execute(text(FINISH), {**key, "outcome": told})
    return outcome


async def note_failure(engine: AsyncEngine, key: Key, error: Exception) -> None:
    """Only the kind of the error: its text may hold figures."""
    kind = error.kind if isinstance(error, SliceFailed) else type(error).__name__
    told = orjson.dumps({"failed": kind}).decode()
    with suppress(OSError, SQLAlchemyError):
        async with sessions_of(engine)() as session, session.begin():
            held = (await session.execute(text(HOLD), key)).one_or_none()
            pause = FIRST_PAUSE * 2 ** (held.tries if held else 1)
            asked = {**key, "outcome": told, "pause": pause, "most": MOST_TRIES}
            await session.execute(text(FAIL), asked)
            await slices.remove_done(session)


async def forecast_work(
    engine: AsyncEngine,
    key: Key,
    at: datetime,
    known_at: datetime | None = None,
    say: Say | None = None,
) -> Store:
    """Days to years of figures up to `at`, as they were known at `known_at` (else at `at`).

    Where an earlier try of the same period left slices, it is gone on with: of its moment, as was
    known at its cut.
    """
    async with sessions_of(engine)() as session:
        begun = await slices.cut_of(session, key)
    cut = begun or Cut(at, await data_cut(engine, known_at or at))

    async def ask(asked: Sequence[Task]) -> Found:
        if not any(task.long for task in asked):
            return await forecasts.answered(asked)
        return await shared(engine, key, cut, asked, say or tell(key))

    runs, years = await runs_of(engine, *cut, ask)

    async def store(session: AsyncSession) -> Outcome:
        await slices.remove(session, key)
        stored = await forecasts.add(session, runs)
        await planning.add_baseline(session, years)
        return stored

    return store


async def runs_of(
    engine: AsyncEngine, at: datetime, cut: datetime, ask: forecasts.Ask = forecasts.answered
) -> tuple[list[Run], planning.Baseline]:
    """The runs of all horizons, and the baseline of the years; no transaction is open while it
    computes."""
    async with sessions_of(engine)() as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        known = await region(session, at, cut)
        next_days = await tonight.known(session, at, cut, known.events)
        learned = await scoring.learned_from(session, forecasts.MODEL, at, cut)
        tables = await plans.tables(session, max(at, cut), cut)
    ahead = await forecasts.forecast(known, cut, learned, ask)
    _, months = ahead
    years = await planning.baseline(known, tables, months, cut)
    return [await days.run(next_days, cut), *ahead, years.run], years


async def days_work(engine: AsyncEngine, at: datetime, known_at: datetime | None = None) -> Store:
    """The next days anew; nothing where nothing was told since the last run of them."""
    cut = await data_cut(engine, known_at or at)
    async with sessions_of(engine)() as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        if not await tonight.anything_told(session, cut):
            return nothing_told
        known = await tonight.known(session, at, cut, await events(session, cut))
    run = await days.run(known, cut)

    async def store(session: AsyncSession) -> Outcome:
        return await forecasts.add(session, [run])

    return store


async def nothing_told(session: AsyncSession) -> Outcome:
    return {"days": "nothing was told since the last run"}


async def score_work(engine: AsyncEngine, at: datetime, known_at: datetime | None = None) -> Store:
    """What runs said, compared with what came true up to `at`, as known at `known_at`."""
    return await scored(engine, at, await data_cut(engine, known_at or at))


async def scored(engine: AsyncEngine, at: datetime, cut: datetime) -> Store:
    """Run by run: a year of them need not be in memory. No transaction while it computes."""
    async with sessions_of(engine)() as session:
        wanted, truth = await scoring.wanted(session, at, cut)
    found: list[scores.Row] = []
    for each in wanted[: scoring.MOST_RUNS]:
        if each.issue.horizon == "days":
            async with sessions_of(engine)() as session:
                there = await scoring.said_of_days(session, each)
                counts = await scoring.counts_of(session, each, cut)
            found += await asyncio.to_thread(scores.compared_days, each, there, *counts, cut)
            continue
        async with sessions_of(engine)() as session:
            said, past = await scoring.said(session, each)
        found += await asyncio.to_thread(scores.compared, each, said, past, truth, cut)

    async def store(session: AsyncSession) -> Outcome:
        left = max(0, len(wanted) - scoring.MOST_RUNS)
        return {**await scores.add(session, found), "left": left}

    return store


async def shared(engine: AsyncEngine, key: Key, cut: Cut, asked: Sequence[Task], say: Say) -> Found:
    """Writes a slice for each task, and waits until workers have done them all, this one among
    them."""
    for number, task in enumerate(asked):
        packed = await asyncio.to_thread(pack_task, task)
        async with held(engine, key) as session:
            await slices.add(session, key, cut, number, packed)
    async with held(engine, key) as session:
        await slices.tidy(session, key, len(asked))
    told = None
    while told != len(asked):
        async with sessions_of(engine)() as session:
            finished = await slices.finished(session, key)
        if finished != told:
            say(finished, len(asked))
        told = finished
        await asyncio.sleep(LOOK_SECONDS if told != len(asked) else 0)
    found = []
    for number, task in enumerate(asked):
        async with sessions_of(engine)() as session:
            packed = await slices.found(session, key, number)
        found.append(named(task, await asyncio.to_thread(unpack_outlooks, packed)))
    return found_of(found)


def tell(key: Key) -> Say:
    def say(finished: int, of: int) -> None:
        log.info(f"{finished} of {of} slices", job=key["job"], period=key["period"])

    return say


async def data_cut(engine: AsyncEngine, wanted: datetime) -> datetime:
    """`wanted`, once all that was known then is settled; else the moment up to which it is."""
    for _ in range(int(SETTLES_SECONDS / LOOK_SECONDS)):
        async with sessions_of(engine)() as session:
            settled = await horizon(session)
        if settled >= wanted:
            return wanted
        await asyncio.sleep(LOOK_SECONDS)
    return settled


async def partitions_work(url: str) -> Store:
    made = await ensure_partitions(url)

    async def store(session: AsyncSession) -> Outcome:
        return {"made": made}

    return store


async def signals_work(engine: AsyncEngine, master: DirectoryCache) -> Store:
    """What asks for attention in the region now, laid beside what is stored."""
    async with sessions_of(engine)() as session:
        seen = await signals.look(session, master)

    async def store(session: AsyncSession) -> Outcome:
        return dict(await signals.record(session, seen))

    return store


def work_of(
    engine: AsyncEngine,
    url: str,
    key: Key,
    at: datetime,
    known_at: datetime | None = None,
    say: Say | None = None,
) -> Work:
    if key["job"] == "partitions":
        return lambda: partitions_work(url)
    if key["job"] == "signals":
        return lambda: signals_work(engine, DirectoryCache())
    if key["job"] == "days":
        return lambda: days_work(engine, at, known_at)
    if key["job"] == "score":
        return lambda: score_work(engine, at, known_at)
    return lambda: forecast_work(engine, key, at, known_at, say)


@asynccontextmanager
async def helping(engine: AsyncEngine, holder: uuid.UUID) -> AsyncIterator[None]:
    """Does slices meanwhile, of its own jobs and those of other workers."""
    task = asyncio.create_task(slices.keep_helping(engine, holder, os.cpu_count() or 1))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@asynccontextmanager
async def watching(engine: AsyncEngine, holder: uuid.UUID) -> AsyncIterator[None]:
    """Looks at the region for signals meanwhile: beside the jobs, of which some take minutes."""
    task = asyncio.create_task(keep_looking(engine, holder))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def keep_looking(engine: AsyncEngine, holder: uuid.UUID) -> None:
    """One look in each half minute, by whichever worker comes first."""
    master, seen = DirectoryCache(), datetime.min.replace(tzinfo=UTC)
    while True:
        begins = look_due(datetime.now(UTC))
        if begins > seen:
            try:
                await look_once(engine, holder, begins, master)
            except Exception as error:  # half a minute later it is tried again
                log.error("look for signals failed", kind=type(error).__name__)
            seen = begins
        await asyncio.sleep(LOOK_SECONDS)


async def look_once(
    engine: AsyncEngine, holder: uuid.UUID, begins: datetime, master: DirectoryCache
) -> Outcome | None:
    """None if another worker looks, or has looked. It is one transaction: when its worker dies,
    nothing of it is stored, and the next half minute sees the same."""
    async with sessions_of(engine)() as session, session.begin():
        if not await session.scalar(text(ALONE)):
            return None
        turn = await session.execute(text(TURN), {"holder": holder, "begins": begins})
        if turn.one_or_none() is None:
            return None
        return dict(await signals.record(session, await signals.look(session, master)))


async def run_now(
    worker_url: str,
    job: Job,
    *,
    at: datetime,
    known_at: datetime | None = None,
    say: Say | None = None,
) -> Outcome:
    """Runs a job beside its schedule; a second call for the same moment gives the first outcome.

    A forecast, or a score, at `at` reads figures up to `at` as they were known at `known_at`, or
    at `at` itself; of now it first waits (10 seconds) until what is being written has settled.
    `say` is told how far it is; else the log is.
    """
    moments = [at] if known_at is None else [at, known_at]
    period = "at " + " known ".join(instant(moment.astimezone(UTC)) for moment in moments)
    holder = uuid.uuid4()
    key = {"job": job, "period": period, "holder": holder}
    async with working(worker_url) as engine, helping(engine, holder):
        work = work_of(engine, worker_url, key, at, known_at, say)
        while True:
            outcome = await run_once(engine, job, period, work, holder)
            if outcome is None:
                async with sessions_of(engine)() as session:
                    outcome = await queries.outcome(session, job, period)
            if outcome is not None:
                return outcome
            await asyncio.sleep(LOOK_SECONDS)


async def keep_running(settings: Settings) -> None:
    """Runs what is due until it is cancelled; any number of workers may do so side by side."""
    url = settings.database_worker_url or settings.database_owner_url
    assert url, "jobs need database_worker_url or database_owner_url"
    holder = uuid.uuid4()
    done: set[tuple[str, str]] = set()
    async with (
        working(url) as engine,
        helping(engine, holder),
        watching(engine, holder),
    ):
        while True:
            try:
                done |= await run_due(engine, url, holder, datetime.now(UTC), done)
            except (OSError, SQLAlchemyError) as error:
                log.warning("jobs wait for the store", kind=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)


async def run_due(
    engine: AsyncEngine,
    url: str,
    holder: uuid.UUID,
    now: datetime,
    done: set[tuple[str, str]],
) -> set[tuple[str, str]]:
    """One look at the clock: which of the due periods are done now, by this worker or another.

    It needs `helping` beside it, or another worker, where a job has slices.
    """
    wanted = [each for each in due(now) if each not in done]
    if not wanted:
        return set()
    async with sessions_of(engine)() as session:
        found = await queries.finished(session, wanted)
    for job, period in (each for each in wanted if each not in found):
        key = {"job": job, "period": period, "holder": holder}
        with suppress(Exception):  # noted and logged by run_once; the other jobs go on
            if await run_once(engine, job, period, work_of(engine, url, key, now), holder):
                found.add((job, period))
    return found
