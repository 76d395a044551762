"""A real Postgres for every test that asks for one: a server a session, a database a test."""

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from hypothesis import HealthCheck, settings
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from app import store
from app.db import connect, sessions_of
from app.main import create_app
from app.postgres import Embedded
from app.settings import Settings
from tests.folders import a_folder

LONGEST = ("tests/trust/", "tests/demo/", "tests/test_readme.py")
REQUIRED = os.environ.get("REQUIRE_SHARED") == "1"
PEPPER = SecretStr("a pepper for the tests, and for nothing else")
# A machine that is busy for a moment is no fault of what is tested; and the examples are the same
# each time, so that a test that fails, fails again. `HYPOTHESIS=explore` looks for others.
settings.register_profile(
    "tests", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS", "tests"))
SHARED = Path(os.environ.get("SHARED_DIR", Path(__file__).parents[2] / "shared"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: one that is left for the end leaves the other processes idle."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


@dataclass(frozen=True)
class Database:
    """One database of a test, for each of the roles."""

    server: Embedded
    name: str
    urls: store.Urls

    def settings(self, **changes: object) -> Settings:
        return Settings(
            database_url=self.urls.app,
            database_owner_url=self.urls.owner,
            database_worker_url=self.urls.worker,
            key_pepper=PEPPER,
            allow_unsafe_durability=True,
        ).model_copy(update=changes)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def server() -> Iterator[Embedded]:
    """Durability is off: nothing here outlives the test."""
    folder = a_folder()
    other = os.environ.get("TEST_PG_BIN")
    with Embedded(
        folder / "data",
        pg_bin=Path(other) if other else None,
        unsafe_durability=True,
        system=folder / "system",
    ) as server:
        yield server
    shutil.rmtree(folder, ignore_errors=True)


async def run(server: Embedded, statement: str) -> None:
    connection = await asyncpg.connect(server.dsn("postgres", "postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def template(server: Embedded) -> Database:
    """A migrated database that the others are copies of."""
    urls = asyncio.run(store.prepare(server, "template_toren"))
    store.migrate(urls.owner)
    asyncio.run(store.ensure_partitions(urls.owner))
    return Database(server, "template_toren", urls)


@pytest.fixture
def database(template: Database) -> Iterator[Database]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    server = template.server
    copy = f"CREATE DATABASE {name} TEMPLATE {template.name} STRATEGY file_copy"
    asyncio.run(run(server, f"{copy} OWNER {store.OWNER}"))
    urls = store.Urls(*(server.url(role, name) for role in (store.APP, store.OWNER, store.WORKER)))
    yield replace(template, name=name, urls=urls)
    asyncio.run(run(server, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def session(database: Database) -> AsyncIterator[AsyncSession]:
    """The owner's own session, to lay out what a test begins with."""
    engine = connect(database.urls.owner, pool_size=2)
    async with sessions_of(engine)() as session:
        yield session
    await engine.dispose()


@pytest.fixture
async def app(database: Database) -> AsyncIterator[FastAPI]:
    app = create_app(database.settings())
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def missing(what: str) -> None:
    """Skip a test that cannot run here; where CI asks for all, that is a failure."""
    if REQUIRED:
        pytest.fail(f"{what} is missing, and REQUIRE_SHARED=1 allows no skip")
    pytest.skip(f"{what} is missing here")
