"""How alembic reaches the database: as the owner, with limits on locks and statements."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection

import app.access.tables
import app.demo.load.tables
import app.facilities.tables
import app.feeds.imports.tables
import app.feeds.pulls.tables
import app.feeds.tables
import app.forecasts.tables
import app.jobs.tables
import app.observations.tables
import app.outbox
import app.overview.search.tables
import app.planning.tables  # noqa: F401
from app.db import Base, connect

# A migration that waits for a lock holds up every later statement on that table: give up early.
LIMITS = {"lock_timeout": "2000", "statement_timeout": "60000", "timezone": "UTC"}


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        compare_server_default=False,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def main() -> None:
    url = context.config.get_main_option("sqlalchemy.url") or os.environ["DATABASE_OWNER_URL"]
    engine = connect(url, pool_size=1, limits=LIMITS, seconds=70)
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


asyncio.run(main())
