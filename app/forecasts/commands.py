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
from app.forecasts.changed import COMPARED, with_changes
from app.forecasts.humility import Learned
from app.forecasts.issue import Question
from app.forecasts.packed import pack_outlooks, unpack_task
from app.forecasts.runs import Bundle, Horizon, Issued, Run, Step
from app.forecasts.subjects import Region, Total, questions
from app.forecasts.tables import ForecastRun
from app.forecasts.together import NOTHING, answers
from app.wire import instant

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
ADD_PATHS = """
INSERT INTO forecast_paths (run_id, org_id, unit, measure, resource, bed_type, first, steps, bits,
                            paths)
SELECT $1, * FROM unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::date[],
                         $8::int[], $9::smallint[], $10::bytea[])
"""
# Of each horizon those of the newest run that is there and of the one that comes now.
LET_GO = """
DELETE FROM forecast_paths
 WHERE run_id IN (SELECT run_id FROM forecast_runs WHERE horizon = $1
                   ORDER BY issued_at DESC, known_at DESC OFFSET 1)
"""
# An array of arrays would be unnested to its numbers, so arrays travel as text.
ADD_POINTS = """
INSERT INTO forecast_points (run_id, org_id, subject_kind, subject, measure, resource, bed_type,
                             at, length_s, quantiles, supply, p_short, arrivals, departures, net,
                             at_least_90, at_least_70, no_place_at, no_place, need)
SELECT $1, p.org_id, p.subject_kind, p.subject, p.measure, p.resource, p.bed_type, p.at,
       p.length_s, p.quantiles::real[], p.supply, p.p_short, p.arrivals::real[],
       p.departures::real[], p.net::real[], p.at_least_90, p.at_least_70,
       p.no_place_at::timestamptz[], p.no_place::float8[], p.need::real[]
  FROM unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
              $8::timestamptz[], $9::int[], $10::text[], $11::float8[], $12::float8[],
              $13::text[], $14::text[], $15::text[], $16::float8[], $17::float8[], $18::text[],
              $19::text[], $20::text[])
       AS p(org_id, subject_kind, subject, measure, resource, bed_type, at, length_s, quantiles,
            supply, p_short, arrivals, departures, net, at_least_90, at_least_70, no_place_at,
            no_place, need)
"""
NO_MOVES = (None,) * 7


async def answered(asked: Sequence[Task]) -> Found:
    """Beside the event loop, so that the lease of the job is prolonged meanwhile."""
    if not any(task.long for task in asked):
        return found_of(await asyncio.to_thread(lambda: [*map(work, asked)]))
    with processes(len(asked)) as pool:
        loop = asyncio.get_running_loop()
        return found_of(
            await asyncio.gather(*(loop.run_in_executor(pool, work, task) for task in asked))
        )


async def forecast(
    region: Region, data_cut: datetime, learned: Learned = NOTHING, ask: Ask = answered
) -> list[Run]:
    """The runs of weeks and months; no transaction is open while it computes."""
    units, totals = await asyncio.to_thread(questions, region)
    found = await ask(await asyncio.to_thread(tasks, units, SEED))
    issued, bundles = await asyncio.to_thread(assembled, units, totals, found, learned)
    horizons: tuple[Horizon, ...] = ("weeks", "months")
    return [
        Run(
            horizon,
            region.at,
            data_cut,
            MODEL,
            SEED,
            QUANTILES,
            with_changes(of, region.before.get(horizon, {}), COMPARED[horizon]),
            paths,
        )
        for horizon, of, paths in zip(horizons, issued, bundles, strict=True)
    ]


ByHorizon = tuple[tuple[list[Issued], list[Issued]], tuple[list[Bundle], list[Bundle]]]


def assembled(
    units: Sequence[Question], totals: Sequence[Total], found: Found, learned: Learned
) -> ByHorizon:
    made = answers(units, totals, found, SEED, learned)
    return made.issued(), made.bundles()


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
        await add_paths(session, run)
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
        "detail": {**run.detail, **counts(run)},
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
        (
            *(*key(each), step.at, step.length_s, array(step.quantiles)),
            *(step.supply, step.p_short, *moves_of(step)),
            array(step.need) if step.need else None,
        )
        for each in run.issued
        for step in each.steps
    ]
    for part in slices(rows, AT_ONCE):
        await connection.execute(ADD_POINTS, run.run_id, *columns(part))


async def add_paths(session: AsyncSession, run: Run) -> None:
    """Numbers for sums that nobody foresaw: kept for two runs, since they can be made again."""
    if not run.paths:
        return
    connection = await raw(session)
    await connection.execute(LET_GO, run.horizon)
    for part in slices(run.paths, AT_ONCE):
        rows = [(each.org_id, each.unit, *each.kind, *each[3:]) for each in part]
        await connection.execute(ADD_PATHS, run.run_id, *columns(rows))


def key(issued: Issued) -> tuple[int, str, str, str, str, str]:
    return (issued.org_id, issued.subject_kind, issued.subject, *issued.kind)


def array(quantiles: Sequence[float]) -> str:
    """As Postgres writes an array; nine digits give a real back as it was."""
    return "{" + ",".join(f"{value:.9g}" for value in quantiles) + "}"


def moves_of(step: Step) -> tuple[Any, ...]:
    """What the days tell of a step, as columns; empty where it does not apply."""
    if step.moves is None:
        return NO_MOVES
    quantiles = (step.moves.arrivals, step.moves.departures, step.moves.net)
    at = ",".join(instant(each.at) for each in step.moves.no_place)
    chances = ",".join(
        "NULL" if each.chance is None else f"{each.chance:.4f}" for each in step.moves.no_place
    )
    return (
        *(array(each) if each else None for each in quantiles),
        step.moves.at_least_90,
        step.moves.at_least_70,
        f"{{{at}}}",
        f"{{{chances}}}",
    )


def columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def slices(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
