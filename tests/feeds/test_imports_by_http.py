"""A file by HTTP: stored before it is answered, refused by row and column, seen by its own."""

import gzip
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncSession

from tests import make
from tests.conftest import Database
from tests.feeds.test_import import counts, fetch, values

TIDY = {"profile": "tidy", "measure": "occupied", "capMeasure": "staffed"}


def days_ago(days: int) -> str:
    return f"{make.now() - timedelta(days=days):%Y-%m-%d}"


def tidy(*rows: str) -> str:
    return "\n".join(["unique_id,ds,y,cap", *rows]) + "\n"


async def send(
    client: AsyncClient,
    key: dict[str, str],
    text: str | bytes,
    kind: str = "text/csv",
    **asked: Any,
) -> Response:
    return await client.post(
        "/v1/imports",
        content=text.encode() if isinstance(text, str) else text,
        params=asked or TIDY,
        headers={**key, "Content-Type": kind},
        timeout=60,
    )


@pytest.fixture
async def key(session: AsyncSession) -> dict[str, str]:
    await make.a_unit(session)
    return await make.a_key(session, "imports:write")


@pytest.mark.parametrize("kind", ["text/csv", "application/gzip"])
async def test_a_file_is_stored_and_told_back(
    client: AsyncClient, key: dict[str, str], database: Database, kind: str
) -> None:
    text = tidy(f"reo-flex,{days_ago(3)},1,2", f"reo-flex,{days_ago(2)},,2").encode()
    body = gzip.compress(text) if kind == "application/gzip" else text

    answer = await send(client, key, body, kind)

    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["rows"], told["figures"], told["added"]) == (2, 4, 4)
    assert (told["state"], told["dryRun"], told["unchanged"]) == ("done", False, 0)
    assert len(await values(database)) == 4
    one = await client.get(answer.headers["Location"], headers=key)
    assert one.json() == told
    listed = await client.get("/v1/imports", headers=key)
    assert listed.json() == {"items": [told]}
