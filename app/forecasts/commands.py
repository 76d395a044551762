"""Runs made of what was known, and stored for good."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any, TypeVar

import orjson
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import raw
from app.forecasts.baseline import QUANTILES
from app.forecasts.issue import MODEL, Question, answers
from app.forecasts.runs import Issued, Run, Step
from app.forecasts.subjects import Region, questions
from app.forecasts.tables import ForecastRun
from app.wire import instant

Item = TypeVar("Item")
# From so many subjects on, other processes cost less than they save (they start in a second).
FOR_ONE_PROCESS = 200
AT_ONCE = 2_000

ADD_SUBJECTS = """
INSERT INTO forecast_subjects (run_id, org_id, subject_kind, subject, measure, resource, bed_type,
                               state, detail)
SELECT $1, * FROM unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                         $8::text[], $9::jsonb[])
"""
# An array of arrays would be unnested to its numbers, so arrays travel as text.
ADD_POINTS = """
INSERT INTO forecast_points (run_id, org_id, subject_kind, subject, measure, resource, bed_type,
                             at, length_s, quantiles, supply, p_short, arrivals, departures, net,
                             at_least_90, at_least_70, no_place_at, no_place)
SELECT $1, p.org_id, p.subject_kind, p.subject, p.measure, p.resource, p.bed_type, p.at,
       p.length_s, p.quantiles::real[], p.supply, p.p_short, p.arrivals::real[],
       p.departures::real[], p.net::real[], p.at_least_90, p.at_least_70,
       p.no_place_at::timestamptz[], p.no_place::float8[]
  FROM unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
              $8::timestamptz[], $9::int[], $10::text[], $11::float8[], $12::float8[],
              $13::text[], $14::text[], $15::text[], $16::float8[], $17::float8[], $18::text[],
              $19::text[])
       AS p(org_id, subject_kind, subject, measure, resource, bed_type, at, length_s, quantiles,
            supply, p_short, arrivals, departures, net, at_least_90, at_least_70, no_place_at,
            no_place)
"""
NO_MOVES = (None,) * 7


async def forecast(region: Region, data_cut: datetime) -> list[Run]:
    """The runs of weeks and months; no transaction is open while it computes."""
    asked = await asyncio.to_thread(questions, region)
    found = await answered(asked)
    return [
        Run("weeks", region.at, data_cut, MODEL, 0, QUANTILES, [weeks for weeks, _ in found]),
        Run("months", region.at, data_cut, MODEL, 0, QUANTILES, [months for _, months in found]),
    ]


async def answered(asked: Sequence[Question]) -> list[tuple[Issued, Issued]]:
    """Beside the event loop, so that the lease of the job is prolonged meanwhile."""
    if len(asked) <= FOR_ONE_PROCESS:
        return await asyncio.to_thread(answer_all, asked)
    # Spawned, not forked: this process has threads.
    pool = ProcessPoolExecutor(
        os.cpu_count(), mp_context=get_context("spawn"), initializer=end_with_parent
    )
    try:
        loop = asyncio.get_running_loop()
        parts = [loop.run_in_executor(pool, answer_all, part) for part in slices(asked, 50)]
        return [each for part in await asyncio.gather(*parts) for each in part]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def end_with_parent() -> None:
    """A process of the pool would wait for ever for work from a worker that was killed."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def answer_all(asked: Sequence[Question]) -> list[tuple[Issued, Issued]]:
    return [answers(question) for question in asked]


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
        (
            *(*key(each), step.at, step.length_s, array(step.quantiles)),
            *(step.supply, step.p_short, *moves_of(step)),
        )
        for each in run.issued
        for step in each.steps
    ]
    for part in slices(rows, AT_ONCE):
        await connection.execute(ADD_POINTS, run.run_id, *columns(part))


def key(issued: Issued) -> tuple[int, str, str, str, str, str]:
    return (issued.org_id, issued.subject_kind, issued.subject, *issued.kind)


def array(quantiles: Sequence[float]) -> str:
    """As Postgres writes an array; ten-thousandths are far finer than any forecast."""
    return "{" + ",".join(f"{value:.4f}" for value in quantiles) + "}"


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
