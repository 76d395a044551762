"""Every route that is served is known to these tests, and every write leaves its trace."""

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from app.contract import document
from tests.trust.calls import CALLS, OPERATOR, OWNER, Laid, Route, a_world, calls_of, routes_of


async def test_the_walk_finds_what_the_api_document_describes(app: FastAPI) -> None:
    told = document(app)
    begin = told["servers"][0]["url"].rstrip("/")
    described = {
        (method.upper(), begin + path)
        for path, operations in told["paths"].items()
        for method in operations
    }

    walked = {(route.method, route.path) for route in routes_of(app)}

    assert described
    assert described <= walked


async def test_every_write_route_is_in_the_table_of_calls_and_no_other(app: FastAPI) -> None:
    served = {(route.method, route.path) for route, _ in calls_of(app)}

    assert served == set(CALLS)


async def test_a_write_route_that_is_not_in_the_table_is_named(app: FastAPI) -> None:
    @app.delete("/v1/units/{unit}")
    async def end_unit(unit: str) -> None:
        """A route that somebody adds."""

    with pytest.raises(AssertionError, match=r"DELETE /v1/units/\{unit\} is served and has no"):
        list(calls_of(app))


async def test_every_write_is_in_the_audit_once(
    app: FastAPI, client: AsyncClient, session: AsyncSession, rows: asyncpg.Connection
) -> None:
    keys = await a_world(session)
    events: dict[Route, int] = {}

    for route, call in calls_of(app):
        *first, last = call(OWNER)
        for step in (*first, last):
            if isinstance(step, Laid):
                await rows.execute(step.statement, *step.given)
                continue
            before = await rows.fetchval(AUDITED)
            key = keys[OPERATOR if step.by_operator else OWNER]
            answer = await client.request(**step.request(key))
            assert answer.is_success, f"{step.method} {step.path}: {answer.text}"
        events[route] = await rows.fetchval(AUDITED) - before

    assert {route: number for route, number in events.items() if number != 1} == {}


AUDITED = "SELECT count(*) FROM audit_events WHERE event <> 'refused'"
