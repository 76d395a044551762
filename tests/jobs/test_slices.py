"""A run in slices: shared by workers, gone on with after a death, and stored once."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.forecasts import asking
from app.jobs.commands import Key, Outcome, Store, forecast_work, run_now, run_once, working
from app.jobs.slices import commands as slices
from app.jobs.slices.commands import SliceFailed, claimed, do, keep_helping
from tests import make
from tests.conftest import Database
from tests.forecasts.lay import a_series, ripple

ROOT = Path(__file__).parents[2]
# Past the ten seconds that a run waits for what is being written to settle.
AT = datetime.now(UTC) - timedelta(minutes=1)
LAST = AT.date() - timedelta(days=1)


async def four_series(session: AsyncSession, monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """Each a slice of its own, and another of its months where there are enough."""
    monkeypatch.setattr(asking, "LONG", 0)
    monkeypatch.setattr(asking, "TOGETHER", 1)
    for unit, organisation, level in (("reo-flex", "reo", 10), ("caz-bed", "caz", 20)):
        await make.a_unit(session, unit, organisation)
        occupied, ready = ripple(days, level), ripple(days, level / 2, weekend=2)
        await a_series(session, occupied, "occupied", unit, organisation, ends=LAST)
        await a_series(session, ready, "medicallyReady", unit, organisation, ends=LAST)
    await session.execute(text("UPDATE unit_versions SET known_at = '2026-01-01'"))
    await session.commit()


def in_threads(monkeypatch: pytest.MonkeyPatch, together: int = 1) -> None:
    """In place of processes, which take seconds to start; each waits with its first slice until
    so many have one. The engine is imported before any lease runs: that holds all threads up."""
    asking.engine()
    begin = threading.Barrier(together)
    pool = lambda _: ThreadPoolExecutor(1, initializer=begin.wait, initargs=(30,))  # noqa: E731
    monkeypatch.setattr(slices, "processes", pool)


@asynccontextmanager
async def helpers(engine: AsyncEngine, *holders: uuid.UUID) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(keep_helping(engine, each, 1)) for each in holders]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


Seen = list[Row[Any]]


async def run(
    engine: AsyncEngine, period: str, holder: uuid.UUID, at: datetime = AT
) -> tuple[Outcome, Seen]:
    """The outcome, and the slices as they stood when all were done."""
    key: Key = {"job": "forecast", "period": period, "holder": holder}
    seen: Seen = []

    async def work() -> Store:
        store = await forecast_work(engine, key, at)
        async with engine.connect() as connection:
            seen[:] = (await connection.execute(text(SLICES), {"period": period})).all()
        return store

    # None while another holds it: one that died, or this one whose machine was held up.
    while (outcome := await run_once(engine, "forecast", period, work, holder)) is None:
        await asyncio.sleep(0.1)
    return outcome, seen


SLICES = "SELECT * FROM job_slices WHERE period = :period ORDER BY slice"


async def stored(session: AsyncSession, outcome: Outcome) -> list[Any]:
    """All that the runs of weeks and months say, but for their ids and when they were stored."""
    found: list[Any] = []
    for horizon in ("weeks", "months"):
        run = {"run": outcome[horizon]["runId"]}
        for statement in (RUN, SUBJECTS, POINTS):
            found += [tuple(row) for row in await session.execute(text(statement), run)]
    await session.rollback()
    return found


RUN = "SELECT horizon, issued_at, data_cut, model, seed FROM forecast_runs WHERE run_id = :run"
SUBJECTS = """
SELECT subject, measure, bed_type, state, detail::text FROM forecast_subjects
 WHERE run_id = :run ORDER BY 1, 2, 3, subject_kind
"""
POINTS = """
SELECT subject, measure, bed_type, at, quantiles, supply, p_short FROM forecast_points
 WHERE run_id = :run ORDER BY 1, 2, 3, subject_kind, 4
"""


async def counts(session: AsyncSession) -> tuple[int, int]:
    """Runs of weeks, and slices that are left."""
    row = (await session.execute(text(COUNTS))).one()
    await session.rollback()
    return row.runs, row.slices


COUNTS = """
SELECT (SELECT count(*) FROM forecast_runs WHERE horizon = 'weeks') AS runs,
       (SELECT count(*) FROM job_slices) AS slices
"""


async def test_two_workers_share_one_run_that_is_the_same_as_that_of_one(
    session: AsyncSession, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await four_series(session, monkeypatch, days=60)
    one, other = uuid.uuid4(), uuid.uuid4()

    async with working(database.urls.worker) as engine:
        in_threads(monkeypatch, together=2)
        async with helpers(engine, one, other):
            shared, seen = await run(engine, "shared", one)
        in_threads(monkeypatch)
        async with helpers(engine, one):
            alone, _ = await run(engine, "alone", one)

    assert len(seen) == 5  # the need of their setting is one more
    assert {row.holder for row in seen} == {one, other}
    assert await stored(session, shared) == await stored(session, alone)
    assert await counts(session) == (2, 0)


async def test_a_slice_that_failed_three_times_fails_its_job_with_the_kind_of_the_error(
    session: AsyncSession, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await four_series(session, monkeypatch, days=60)
    in_threads(monkeypatch)
    monkeypatch.setattr(slices, "worked", int)  # refuses what is packed
    holder = uuid.uuid4()

    async with working(database.urls.worker) as engine, helpers(engine, holder):
        with pytest.raises(SliceFailed):
            await run(engine, "p", holder)

    (job,) = await session.execute(text("SELECT outcome, finished_at FROM job_runs"))
    assert job.outcome == {"failed": "slice 0: ValueError"}
    assert job.finished_at is None  # it is tried again
    assert (await counts(session))[0] == 0


async def test_a_forecast_made_by_hand_does_its_slices_itself_and_says_how_far_it_is(
    session: AsyncSession, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await four_series(session, monkeypatch, days=60)
    in_threads(monkeypatch)
    said: list[tuple[int, int]] = []

    await run_now(database.urls.worker, "forecast", at=AT, say=lambda *told: said.append(told))

    assert said == sorted(said)
    assert said[-1] == (5, 5)
    assert await counts(session) == (1, 0)


HOLDER = """
import asyncio, sys, uuid
from datetime import datetime
from app.forecasts import asking
from app.jobs.commands import forecast_work, run_once, working

asking.LONG, asking.TOGETHER = 0, 1

async def main():
    key = {"job": "forecast", "period": "p", "holder": uuid.uuid4()}
    async with working(sys.argv[1]) as engine:
        work = lambda: forecast_work(engine, key, datetime.fromisoformat(sys.argv[2]))
        await run_once(engine, "forecast", "p", work, key["holder"])

asyncio.run(main())
"""
# What would change the run, were it read anew.
CORRECTED = """
INSERT INTO observations (org_id, series_id, at, length_s, known_at, observed_at, value,
                          report_id, reported_by, precision)
SELECT org_id, series_id, at, length_s, :known_at, observed_at, value + 3,
       report_id, reported_by, precision
  FROM observations
"""
# The broken twin does not look at what an earlier try has left.
BLIND = "SELECT asked_at, data_cut FROM job_slices WHERE job || period = ''"


@pytest.mark.more
@pytest.mark.parametrize(
    ("cut", "goes_on"), [(slices.CUT, True), (BLIND, False)], ids=["whole", "twin"]
)
async def test_after_kill_9_of_the_holder_the_run_goes_on_from_the_slices_that_are_done(
    session: AsyncSession,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    cut: str,
    goes_on: bool,
) -> None:
    await four_series(session, monkeypatch, days=280)
    heir = uuid.uuid4()
    async with working(database.urls.worker) as engine:
        arguments = [sys.executable, "-c", HOLDER, database.urls.worker, AT.isoformat()]
        with subprocess.Popen(arguments, cwd=ROOT) as victim, ThreadPoolExecutor(1) as pool:
            await two_done(engine, pool)
            os.kill(victim.pid, signal.SIGKILL)
        before = (await session.execute(text(SLICES), {"period": "p"})).all()
        await session.execute(text(CORRECTED), {"known_at": AT + timedelta(seconds=10)})
        await session.commit()
        monkeypatch.setattr(slices, "CUT", cut)
        in_threads(monkeypatch)
        async with helpers(engine, heir):
            resumed, after = await run(engine, "p", heir, AT + timedelta(seconds=30))
            whole, _ = await run(engine, "whole", heir)

    done = {row.slice: row.finished_at for row in before if row.finished_at}
    again = {row.slice: row.finished_at for row in after if row.slice in done}
    assert len(done) >= 2
    assert (again == done) == goes_on
    assert (await stored(session, resumed) == await stored(session, whole)) == goes_on
    assert await counts(session) == (2, 0)


async def two_done(engine: AsyncEngine, pool: ThreadPoolExecutor) -> None:
    done = 0
    while done < 2:
        taken = await claimed(engine, uuid.uuid4())
        if taken is None:
            await asyncio.sleep(0.1)
        else:
            await do(engine, pool, *taken)
            done += 1


HELPER = """
import asyncio, sys, time, uuid
from concurrent.futures import ThreadPoolExecutor
from app.jobs.commands import working
from app.jobs.slices import commands as slices

def stuck(task):
    print("taken", flush=True)
    time.sleep(60)

slices.processes = lambda hands: ThreadPoolExecutor(hands)
slices.worked = stuck

async def main():
    async with working(sys.argv[1]) as engine:
        await slices.keep_helping(engine, uuid.uuid4(), 1)

asyncio.run(main())
"""


@pytest.mark.more
async def test_seconds_after_kill_9_another_worker_has_the_slice_and_the_run_is_stored_once(
    session: AsyncSession, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await four_series(session, monkeypatch, days=280)
    in_threads(monkeypatch)
    holder = uuid.uuid4()
    async with working(database.urls.worker) as engine:
        running = asyncio.create_task(run(engine, "p", holder))
        arguments = [sys.executable, "-c", HELPER, database.urls.worker]
        with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE) as victim:
            assert victim.stdout is not None
            while await asyncio.to_thread(victim.stdout.readline) != b"taken\n":
                assert victim.poll() is None
            os.kill(victim.pid, signal.SIGKILL)
        died = time.monotonic()

        async with helpers(engine, holder):
            while (await claims(session))[0] < 2:
                await asyncio.sleep(0.05)
            waited = time.monotonic() - died
            _, seen = await running

    assert waited < slices.LEASE.total_seconds() + 2
    assert [row.tries for row in seen] == [2, *[1] * 9]
    assert await counts(session) == (1, 0)


async def claims(session: AsyncSession) -> list[int]:
    found = await session.execute(text("SELECT tries FROM job_slices ORDER BY slice"))
    tries = [row.tries for row in found]
    await session.rollback()
    return tries or [9]


@contextmanager
def a_worker(database: Database) -> Iterator[subprocess.Popen[bytes]]:
    """The real program, with processes of its own to compute in."""
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "TOREN_"))},
        "DATABASE_URL": database.urls.app,
        "DATABASE_WORKER_URL": database.urls.worker,
        "DATABASE_OWNER_URL": database.urls.owner,
        "TOREN_LOG_LEVEL": "error",
    }
    command = [sys.executable, "-m", "app", "jobs", "run"]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


async def until(session: AsyncSession, question: str, seconds: float) -> None:
    """Until what is asked is so."""
    async with asyncio.timeout(seconds):
        while not await session.scalar(text(question)):
            await session.rollback()
            await asyncio.sleep(0.05)
    await session.rollback()


HELD = "SELECT EXISTS (SELECT 1 FROM job_runs WHERE job = 'forecast')"
BUSY = "SELECT EXISTS (SELECT 1 FROM job_slices WHERE holder IS NOT NULL AND found IS NULL)"
DONE = "SELECT EXISTS (SELECT 1 FROM job_runs WHERE job = 'forecast' AND finished_at IS NOT NULL)"


@pytest.mark.more
async def test_of_two_workers_as_they_run_the_holder_is_killed_and_the_other_ends_the_run(
    session: AsyncSession, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await four_series(session, monkeypatch, days=280)

    with a_worker(database) as holder:
        await until(session, HELD, 120)
        with a_worker(database):
            await until(session, BUSY, 120)
            holder.kill()
            await until(session, DONE, 180)

    (job,) = await session.execute(text("SELECT tries FROM job_runs WHERE job = 'forecast'"))
    assert job.tries == 2
    assert await counts(session) == (1, 0)


# The broken twin takes what was found, whatever was asked.
UNASKED = slices.ADD[: slices.ADD.index("DO UPDATE")] + "DO NOTHING"


@pytest.mark.more
@pytest.mark.parametrize(
    ("add", "sound"), [(slices.ADD, True), (UNASKED, False)], ids=["whole", "twin"]
)
async def test_what_was_found_of_another_question_is_not_used(
    session: AsyncSession,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    add: str,
    sound: bool,
) -> None:
    await four_series(session, monkeypatch, days=60)
    in_threads(monkeypatch)
    holder = uuid.uuid4()
    async with working(database.urls.worker) as engine, helpers(engine, holder):
        whole, seen = await run(engine, "whole", holder)
        await left_of_another(session, seen)
        monkeypatch.setattr(slices, "ADD", add)

        found, _ = await run(engine, "p", holder)

    assert (await stored(session, found) == await stored(session, whole)) == sound


async def left_of_another(session: AsyncSession, seen: Seen) -> None:
    """Slices of a try that asked in another order, as another release may have."""
    await session.execute(text(DIED))
    for row, other in zip(seen, reversed(seen), strict=True):
        left = {**row._mapping, "period": "p", "task": other.task, "found": other.found}
        columns = ", ".join(left)
        values = ", ".join(f":{name}" for name in left)
        await session.execute(text(f"INSERT INTO job_slices ({columns}) VALUES ({values})"), left)
    await session.commit()


DIED = """
INSERT INTO job_runs (job, period, holder, lease_until)
VALUES ('forecast', 'p', gen_random_uuid(), now() - interval '2 seconds')
"""
