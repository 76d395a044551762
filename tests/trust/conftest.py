"""A line of figures for whoever reads the run, and a server that keeps what it said."""

import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator

import asyncpg
import pytest

from app.postgres import Embedded
from tests.conftest import Database
from tests.folders import a_folder

Tell = Callable[[str], None]


@pytest.fixture
def tell(
    capsys: pytest.CaptureFixture[str], record_property: Callable[[str, object], None]
) -> Tell:
    """Shown whether or not the output of a test is: these figures are what the test is for."""

    def line(figures: str) -> None:
        record_property("figures", figures)
        with capsys.disabled():
            sys.stderr.write(f"\n{figures}\n")

    return line


@pytest.fixture(scope="session")
def durable() -> Iterator[Embedded]:
    """Unlike the tests' other server this one survives kill -9, as the one that is served from."""
    folder = a_folder()
    with Embedded(folder / "data", system=folder / "system") as server:
        yield server
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def rows(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """What is stored, seen by the superuser of the tests' server, whom no policy holds back."""
    connection = await asyncpg.connect(database.server.dsn("postgres", database.name))
    yield connection
    await connection.close(timeout=2)
