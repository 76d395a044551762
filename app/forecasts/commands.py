"""Runs made of what was known, and stored for good."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any, TypeVar

import orjson
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import raw
from app.forecasts.asking import Found, Task, found_of, tasks, work
from app.forecasts.baseline import QUANTILES
from app.forecasts.packed import pack_outlooks, unpack_task
from app.forecasts.runs import Horizon, Issued, Run
from app.forecasts.subjects import Region, questions
from app.forecasts.tables import ForecastRun
from app.forecasts.together import answers

Item = TypeVar("Item")
Ask = Callable[[Sequence[Task]], Awaitable[Found]]
MODEL = "pools 1"
SEED = 0
AT_ONCE = 2_000

ADD_SUBJECTS = """
INSERT INTO forecast_subjects (run_id, org_id, subject_kind, subject, measure, resource, bed_type,
                               state, detail)
SELECT $1, * FROM unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                         $8::text[], $9::jsonb[])
"""
# An array of arrays would be unnested to its numbers, so quantiles travel as text.
ADD_POINTS = """
INSERT INTO forecast_points (run_id, org_id, subject_kind, subject, measure, resource, bed_type,
                             at, length_s, quantiles, supply, p_short)
SELECT $1, p.org_id, p.subject_kind, p.subject, p.measure, p.resource, p.bed_type, p.at,
       p.length_s, p.quantiles::real[], p.supply, p.p_short
  FROM unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
              $8::timestamptz[], $9::int[], $10::text[], $11::float8[], $12::float8[])
       AS p(org_id, subject_kind, subject, measure, resource, bed_type, at, length_s, quantiles,
            supply, p_short)
"""


async def answered(asked: Sequence[Task]) -> Found:
    """Beside the event loop, so that the lease of the job is prolonged meanwhile."""
    if not any(task.long for task in asked):
        return found_of(await asyncio.to_thread(lambda: [*map(work, asked)]))
    with processes(len(asked)) as pool:
        loop = asyncio.get_running_loop()
        return found_of(
            await asyncio.gather(*(loop.run_in_executor(pool, work, task) for task in asked))
        )


async def forecast(region: Region, data_cut: datetime, ask: Ask = answered) -> list[Run]:
    """The runs of weeks and months; no transaction is open while it computes."""
    units, totals = await asyncio.to_thread(questions, region)
    found = await ask(await asyncio.to_thread(tasks, units, SEED))
    told = await asyncio.to_thread(lambda: answers(units, totals, found, SEED).issued())
    horizons: tuple[Horizon, ...] = ("weeks", "months")
    return [
        Run(horizon, region.at, data_cut, MODEL, SEED, QUANTILES, issued)
        for horizon, issued in zip(horizons, told, strict=True)
    ]


@contextmanager
def processes(most: int) -> Iterator[ProcessPoolExecutor]:
    """Processes to compute in, as many as there are cores or `most`; they end with this one."""
    # Spawned, not forked: this process has threads.
    pool = ProcessPoolExecutor(
        min(most, os.cpu_count() or 1),
        mp_context=get_context("spawn"),
        initializer=end_with_parent,
    )
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def worked(task: bytes) -> bytes:
    """What one process does with one packed task."""
    return pack_outlooks([outlook for _, _, outlook in work(unpack_task(task))])


def end_with_parent() -> None:
    """A process of the pool would wait for ever for work from a worker that was killed."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()


async def add(session: AsyncSession, runs: Sequence[Run]) -> dict[str, Any]:
    """Stores the runs; what became of them, by horizon.

    A run's own row, with its `known_at`, is the last thing written before the commit: nobody can
    have asked as known then and missed it.
    """
    for run in runs:
        await add_subjects(session, run)
        await add_points(session, run)
    for run in runs:
        await session.execute(insert(ForecastRun).values(**row_of(run)))
    return {run.horizon: counts(run) for run in runs}


def row_of(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "horizon": run.horizon,
        "issued_at": run.issued_at,
        "data_cut": run.data_cut,
        "model": run.model,
        "seed": run.seed,
        "probabilities": list(run.probabilities),
        "detail": counts(run),
    }


def counts(run: Run) -> dict[str, Any]:
    known = sum(each.state == "known" for each in run.issued)
    return {"runId": str(run.run_id), "known": known, "unknown": len(run.issued) - known}


async def add_subjects(session: AsyncSession, run: Run) -> None:
    connection = await raw(session)
    for part in slices(run.issued, AT_ONCE):
        rows = [(*key(each), each.state, orjson.dumps(each.detail).decode()) for each in part]
        await connection.execute(ADD_SUBJECTS, run.run_id, *columns(rows))


async def add_points(session: AsyncSession, run: Run) -> None:
    connection = await raw(session)
    rows = [
        (*key(each), step.at, step.length_s, array(step.quantiles), step.supply, step.p_short)
        for each in run.issued
        for step in each.steps
    ]
    for part in slices(rows, AT_ONCE):
        await connection.execute(ADD_POINTS, run.run_id, *columns(part))


def key(issued: Issued) -> tuple[int, str, str, str, str, str]:
    return (issued.org_id, issued.subject_kind, issued.subject, *issued.kind)


def array(quantiles: Sequence[float]) -> str:
    """As Postgres writes an array; nine digits give a real back as it was."""
    return "{" + ",".join(f"{value:.9g}" for value in quantiles) + "}"


def columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def slices(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
