"""The store as a whole: made, migrated, checked before anything is served from it."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import plain
from app.postgres import Embedded
from app.settings import Settings

ROOT = Path(__file__).parents[1]
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
APP, WORKER = "verkeerstoren_app", "verkeerstoren_worker"
OWNER, DATABASE = "verkeerstoren_owner", "verkeerstoren"
PARTITIONS_AHEAD = timedelta(days=14 * 31)


class StoreRefused(Exception):
    """The tower does not start on this store; the sentence says what to do."""


def migrations(url: str) -> Config:
    config = Config(ROOT / "alembic.ini")
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def migrate(owner_url: str) -> None:
    """To the newest schema, and partitions for the time that may be written now."""
    command.upgrade(migrations(owner_url), "head")


@contextmanager
def opened(settings: Settings) -> Iterator[Settings]:
    """Settings with every URL filled in: those that were given, or the embedded server's.

    The embedded database is made, migrated and given partitions before it is handed out.
    """
    if settings.database_url:
        if settings.allow_unsafe_durability:
            raise StoreRefused("TOREN_ALLOW_UNSAFE_DURABILITY is for the tests' own server only.")
        yield settings
        return
    with Embedded(settings.data_dir, pg_bin=settings.pg_bin) as server:
        urls = asyncio.run(prepare(server))
        migrate(urls.owner)
        asyncio.run(ensure_partitions(urls.owner))
        yield settings.model_copy(
            update={
                "database_url": urls.app,
                "database_owner_url": urls.owner,
                "database_worker_url": urls.worker,
                "key_pepper": settings.key_pepper or pepper(settings.data_dir),
            }
        )


async def ensure_partitions(url: str, since: date | None = None) -> int:
    """Partitions from `since` (the first of the year three years back) to 14 months ahead."""
    today = datetime.now(UTC).date()
    connection = await asyncpg.connect(plain(url), timeout=5)
    try:
        made = await connection.fetchval(
            "SELECT ensure_partitions($1, $2)",
            since or date(today.year - 1, 1, 1),
            today + PARTITIONS_AHEAD,
        )
    finally:
        await connection.close()
    return int(made)


def head() -> str:
    """The schema that this release needs."""
    return str(ScriptDirectory.from_config(Config(ROOT / "alembic.ini")).get_current_head())


async def check(engine: AsyncEngine, settings: Settings) -> None:
    """Refuse to serve from a store that is older than the code, or may forget what it said."""
    needed = head()
    async with engine.connect() as connection:
        exists = await connection.scalar(text("SELECT to_regclass('alembic_version')"))
        found = exists and await connection.scalar(text("SELECT version_num FROM alembic_version"))
        if found != needed:
            raise StoreRefused(
                f"The database has schema {found or 'none'}, this release needs {needed}. "
                "Run `verkeerstoren migrate` with DATABASE_OWNER_URL set, then start again."
            )
        for name in DURABLE:
            value = await connection.scalar(text("SELECT current_setting(:name)"), {"name": name})
            if value == "off" and not settings.allow_unsafe_durability:
                raise StoreRefused(
                    f"Postgres runs with {name} off: an acknowledged report could be lost. "
                    f"Set {name} = on and restart Postgres."
                )


@dataclass(frozen=True)
class Urls:
    """The same database for each of the three roles."""

    app: str
    owner: str
    worker: str


async def prepare(server: Embedded, database: str = DATABASE) -> Urls:
    """Roles and the database on the embedded server; harmless when they are there."""
    connection = await asyncpg.connect(server.dsn("postgres", "postgres"), timeout=5)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", OWNER):
            await connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEROLE")
        for role in (APP, WORKER):
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                await connection.execute(f"CREATE ROLE {role} LOGIN")
                await connection.execute(f"GRANT {role} TO {OWNER} WITH ADMIN OPTION")
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            await connection.execute(f'CREATE DATABASE "{database}" OWNER {OWNER}')
    finally:
        await connection.close()
    return Urls(*(server.url(role, database) for role in (APP, OWNER, WORKER)))


def pepper(data: Path) -> SecretStr:
    """The embedded database's own secret, made once, readable by its owner only."""
    path = data / "key-pepper"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return SecretStr(path.read_text().strip())


RIGHTS = """
SELECT grantee, string_agg(DISTINCT privilege_type, ', ' ORDER BY privilege_type) AS rights,
       count(DISTINCT table_name) AS tables
  FROM information_schema.role_table_grants
 WHERE table_schema = 'public' AND grantee = ANY($1)
 GROUP BY grantee ORDER BY grantee
"""


async def examine(settings: Settings) -> list[str]:
    """What an operator wants to know of a store, a line each."""
    url = settings.database_owner_url or settings.database_url
    assert url
    connection = await asyncpg.connect(plain(url), timeout=5)
    try:
        version = await connection.fetchval("SHOW server_version")
        lines = [f"Postgres {version}"]
        found = await connection.fetchval("SELECT to_regclass('alembic_version')")
        schema = found and await connection.fetchval("SELECT version_num FROM alembic_version")
        lines.append(f"schema {schema or 'none'}, this release needs {head()}")
        lines += [f"{name} = {await connection.fetchval(f'SHOW {name}')}" for name in DURABLE]
        rights = await connection.fetch(RIGHTS, [APP, WORKER])
        lines += [f"{row['grantee']}: {row['rights']} on {row['tables']} tables" for row in rights]
        lines.append(f"GRANT {APP} TO <login of DATABASE_URL>;")
        lines.append(f"GRANT {WORKER} TO <login of DATABASE_WORKER_URL>;")
    finally:
        await connection.close()
    return lines
