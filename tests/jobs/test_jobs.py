import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import connect
from app.jobs import commands
from app.jobs.commands import Outcome, Store, Work, run_due, run_now, run_once, working
from tests import make
from tests.conftest import Database
from tests.forecasts.lay import a_series, ripple
from tests.overview.lay import told

ROOT = Path(__file__).parents[2]


def note(done: list[str], name: str = "one", seconds: float = 0) -> Work:
    """Work that leaves a row in the store and its name in the list."""

    async def work() -> Store:
        await asyncio.sleep(seconds)

        async def store(session: AsyncSession) -> Outcome:
            await session.execute(text(LEAVES), {"id": uuid.uuid4(), "name": name})
            done.append(name)
            return {"by": name}

        return store

    return work


LEAVES = """
INSERT INTO audit_events (org_id, id, event, action, actor_org, "right", object_type, object_id,
                          outcome, request_id, detail)
VALUES (0, :id, 'jobs.test', 'C', 0, '', 'job', :name, 'done', '', '{}')
"""


async def left(session: AsyncSession) -> list[str]:
    rows = await session.execute(
        text("SELECT object_id FROM audit_events WHERE event = 'jobs.test' ORDER BY at")
    )
    found = [row.object_id for row in rows]
    await session.rollback()
    return found


async def test_of_eight_workers_one_does_the_work_and_tells_its_outcome(
    session: AsyncSession, database: Database
) -> None:
    done: list[str] = []
    async with working(database.urls.worker) as engine:
        tries = [
            run_once(engine, "forecast", "2026-11-22", note(done, f"w{n}"), uuid.uuid4())
            for n in range(8)
        ]

        outcomes = await asyncio.gather(*tries)

        again = await run_once(engine, "forecast", "2026-11-22", note(done), uuid.uuid4())
    assert len(done) == 1
    assert [each for each in outcomes if each] == [{"by": done[0]}]
    assert again is None
    assert await left(session) == done


async def test_work_longer_than_its_lease_is_kept_by_prolonging_it(
    session: AsyncSession, database: Database
) -> None:
    done: list[str] = []
    async with working(database.urls.worker) as engine:
        long = asyncio.create_task(
            run_once(engine, "forecast", "p", note(done, "long", 2.5), uuid.uuid4())
        )
        for _ in range(10):
            await asyncio.sleep(0.2)
            assert await run_once(engine, "forecast", "p", note(done), uuid.uuid4()) is None

        assert await long == {"by": "long"}
    assert await left(session) == ["long"]


# The broken twin does not look whether the job is still its own when it stores.
UNFENCED = "SELECT 1 AS tries WHERE CAST(:job AS text) || CAST(:period AS text) <> ''"


@pytest.mark.parametrize(
    ("fence", "stored"), [(commands.HOLD, ["other"]), (UNFENCED, ["other", "stopped"])]
)
async def test_a_worker_that_lost_its_lease_stores_nothing(
    session: AsyncSession,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    fence: str,
    stored: list[str],
) -> None:
    monkeypatch.setattr(commands, "HOLD", fence)
    # A worker that was stopped and goes on: it did not prolong, and does not know it yet.
    monkeypatch.setattr(commands, "PROLONG_SECONDS", 60)
    done: list[str] = []
    async with working(database.urls.worker) as engine:
        stopped = asyncio.create_task(
            run_once(engine, "forecast", "p", note(done, "stopped", 2.5), uuid.uuid4())
        )
        await asyncio.sleep(1.8)

        other = await run_once(engine, "forecast", "p", note(done, "other"), uuid.uuid4())

        assert other == {"by": "other"}
        assert (await stopped is None) == (stored == ["other"])
    assert await left(session) == stored


async def test_a_failure_is_noted_by_its_kind_and_tried_again_after_a_pause(
    session: AsyncSession, database: Database
) -> None:
    async def broken() -> Store:
        raise ValueError("occupied was 3 in reo-flex")

    async with working(database.urls.worker) as engine:
        for _ in range(commands.MOST_TRIES):
            with pytest.raises(ValueError, match="occupied"):
                await run_once(engine, "forecast", "p", broken, uuid.uuid4())
            assert await run_once(engine, "forecast", "p", broken, uuid.uuid4()) is None
            await session.execute(text("UPDATE job_runs SET lease_until = now()"))
            await session.commit()

        assert await run_once(engine, "forecast", "p", broken, uuid.uuid4()) is None
    row = (await session.execute(text("SELECT * FROM job_runs"))).one()
    assert row.outcome == {"failed": "ValueError"}
    assert (row.tries, row.finished_at is not None) == (commands.MOST_TRIES, True)


WORKER = """
import asyncio, sys, uuid
from app.jobs.commands import run_once, working

async def main():
    async def work():
        print("working", flush=True)
        await asyncio.sleep(60)
    async with working(sys.argv[1]) as engine:
        await run_once(engine, "forecast", "p", work, uuid.uuid4())

asyncio.run(main())
"""


async def test_two_seconds_after_kill_9_another_worker_has_the_job(
    session: AsyncSession, database: Database
) -> None:
    arguments = [sys.executable, "-c", WORKER, database.urls.worker]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE) as victim:
        assert victim.stdout is not None
        while await asyncio.to_thread(victim.stdout.readline) != b"working\n":
            assert victim.poll() is None
        await asyncio.sleep(1.7)  # it has prolonged its first lease by now
        os.kill(victim.pid, signal.SIGKILL)
    died = time.monotonic()
    done: list[str] = []

    async with working(database.urls.worker) as engine:
        looks = [0.0]
        while not done and time.monotonic() < died + 30:
            began = time.monotonic()
            await run_once(engine, "forecast", "p", note(done, "heir"), uuid.uuid4())
            looks.append(time.monotonic() - began)
            await asyncio.sleep(commands.LOOK_SECONDS)

    # Two seconds, and what a look costs on this machine.
    took = time.monotonic() - commands.LOOK_SECONDS - died
    assert took <= 2 + 2 * max(looks)
    assert await left(session) == ["heir"]
    assert (await session.execute(text("SELECT tries FROM job_runs"))).scalar_one() == 2


async def test_what_is_due_runs_once_and_its_forecast_is_stored(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    now = datetime.now(UTC)
    await a_series(session, ripple(60), ends=now.date() - timedelta(days=1))
    moment = now - timedelta(seconds=11)
    await session.execute(text("UPDATE unit_versions SET known_at = '2026-01-01'"))
    await session.commit()

    async with working(database.urls.worker) as engine:
        first = await run_due(engine, database.urls.worker, uuid.uuid4(), moment, set())
        second = await run_due(engine, database.urls.worker, uuid.uuid4(), moment, set())

    assert {job for job, _ in first} == {"partitions", "forecast", "score", "days"}
    assert second == first
    found = await session.execute(text("SELECT horizon, data_cut, known_at FROM forecast_runs"))
    runs = {row.horizon: row for row in found}
    assert set(runs) == {"days", "weeks", "months", "years"}
    assert runs["weeks"].data_cut == moment
    state = "SELECT state FROM forecast_subjects WHERE subject = 'reo-flex' AND run_id = ("
    state += "SELECT run_id FROM forecast_runs WHERE horizon = 'weeks')"
    assert (await session.execute(text(state))).scalar_one() == "known"


async def test_a_job_run_by_hand_tells_its_outcome_and_is_not_done_twice(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    at = datetime.now(UTC) - timedelta(minutes=1)

    first: dict[str, Any] = await run_now(database.urls.worker, "forecast", at=at)
    second = await run_now(database.urls.worker, "forecast", at=at)

    assert first == second
    assert set(first) == {"days", "weeks", "months", "years"}
    assert await run_now(database.urls.owner, "partitions", at=at) == {"made": 0}


async def test_of_several_workers_one_looks_for_signals_in_each_half_minute(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", staffed=2, occupied=2, reserved=0)
    async with working(database.urls.worker) as engine:
        workers = [
            asyncio.create_task(commands.keep_looking(engine, uuid.uuid4())) for _ in range(3)
        ]
        await asyncio.sleep(2)
        for each in workers:
            each.cancel()
        await asyncio.wait(workers)

    begun = await session.execute(text("SELECT signal FROM signal_versions"))
    looks = (await session.execute(text("SELECT tries FROM job_runs"))).scalar_one()
    assert len(begun.all()) == 1
    assert 1 <= looks <= 2


async def test_the_worker_changes_no_report_and_the_app_sees_no_job(database: Database) -> None:
    worker, app = connect(database.urls.worker), connect(database.urls.app)

    for engine, statement in (
        (worker, "INSERT INTO reports DEFAULT VALUES"),
        (worker, "UPDATE observations SET value = 0"),
        (worker, "DELETE FROM job_runs"),
        (app, "SELECT * FROM job_runs"),
        (app, "SELECT * FROM job_slices"),
    ):
        async with engine.connect() as connection:
            with pytest.raises(DBAPIError, match="permission denied"):
                await connection.execute(text(statement))

    for engine in (worker, app):
        with contextlib.suppress(Exception):
            await engine.dispose()
