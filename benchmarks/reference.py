"""What we compare with: the least that a FastAPI app can do, and one durable insert, no more."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
import orjson
from fastapi import FastAPI, Request

TABLE = """
DROP TABLE IF EXISTS figures;
CREATE TABLE figures (series_id int, at timestamptz, value float8, PRIMARY KEY (series_id, at))
"""
UPSERT = """
INSERT INTO figures SELECT * FROM unnest($1::int[], $2::timestamptz[], $3::float8[])
ON CONFLICT (series_id, at) DO UPDATE SET value = excluded.value
"""


async def keep(connection: Any) -> None:  # noqa: ANN401
    """No reset when a connection goes back to the pool: a round trip that is no part of this."""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(
        os.environ["BARE_URL"], min_size=8, max_size=8, reset=keep
    ) as pool:
        await pool.execute(TABLE)
        app.state.pool = pool
        app.state.numbers = {}
        yield


def bare() -> FastAPI:
    """Checks nothing, knows nobody, keeps neither reports nor what is current."""
    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.get("/empty")
    async def empty() -> Any:  # noqa: ANN401
        return {}

    @app.post("/reports")
    async def post_reports(request: Request) -> Any:  # noqa: ANN401
        told = orjson.loads(await request.body())
        columns = figures(told, app.state.numbers)
        await app.state.pool.execute(UPSERT, *columns)
        return {"figures": len(columns[0])}

    return app


def figures(told: list[dict[str, Any]], numbers: dict[Any, int]) -> list[list[Any]]:
    """The columns of the insert; the number of a series is known or made up on the spot."""
    rows = [
        (
            numbers.setdefault(
                (report["unit"], each["measure"], each.get("role"), each.get("shift")),
                len(numbers),
            ),
            at,
            each["value"],
        )
        for report in told
        for at in (datetime.fromisoformat(report["observedAt"]),)
        for each in report["figures"]
    ]
    return [list(column) for column in zip(*rows, strict=True)]
