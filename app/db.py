"""Postgres: the base of all tables, the one session dependency, and the one way to a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import asyncpg
from fastapi import Depends, Request
from sqlalchemy import Connection, DateTime, MetaData, Text, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.ext.asyncio import create_async_engine as create_engine
from sqlalchemy.orm import DeclarativeBase, Session

from app.errors import Unavailable


class Base(DeclarativeBase):
    # Named constraints, so that a later migration can find and drop them.
    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        }
    )
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text()}


Reach = Literal["own", "region"]
Sessions = async_sessionmaker[AsyncSession]


@dataclass(frozen=True)
class Standing:
    """For which organisation a transaction acts, and how far it may read."""

    org: int
    reach: Reach

    def statements(self, always: bool = False) -> Iterator[str]:
        # Literals, since Citus does not carry set_config() to its workers. No quoting is
        # needed: an int and a Literal. A connection begins with reach "own".
        yield f"SET LOCAL app.org = '{int(self.org)}'"
        if always or self.reach != "own":
            yield f"SET LOCAL app.reach = '{self.reach}'"


# A request's statements end before its client's patience does.
REQUEST = {
    "statement_timeout": "3000",
    "lock_timeout": "1000",
    "idle_in_transaction_session_timeout": "8000",
    "jit": "off",
    "timezone": "UTC",
}
# The longest that a request's transaction may last: `known_at` of a later horizon rests on it.
TRANSACTION_SECONDS = 8.0


def plain(url: str) -> str:
    """The URL for asyncpg itself."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def connect(
    url: str,
    pool_size: int = 8,
    limits: dict[str, str] | None = None,
    seconds: float | None = 4,
    role: str | None = None,
) -> AsyncEngine:
    """An engine whose connections carry time limits; `role` is taken at every connection."""
    wanted = {
        **(REQUEST if limits is None else limits),
        "application_name": "verkeerstoren",
        "app.reach": "own",
    }
    if role:
        wanted["role"] = role
    engine = create_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=2,
        connect_args={"server_settings": wanted, "timeout": 3, "command_timeout": seconds},
    )

    @event.listens_for(engine.sync_engine, "checkout")
    def alive(connection: Any, record: object, proxy: object) -> None:  # noqa: ANN401
        # Free, where a ping would cost a round trip on every request.
        if connection.driver_connection.is_closed():
            raise DisconnectionError

    return engine


class StandingSession(Session):
    """A session that takes its standing at the start of its transaction, and not before."""


@event.listens_for(StandingSession, "after_begin")
def stand_at_begin(session: Session, transaction: object, connection: Connection) -> None:
    standing = session.info.get("standing")
    for statement in standing.statements() if standing else ():
        connection.exec_driver_sql(statement)


def sessions_of(engine: AsyncEngine) -> Sessions:
    return async_sessionmaker(engine, expire_on_commit=False, sync_session_class=StandingSession)


async def act_as(session: AsyncSession, standing: Standing) -> None:
    """From here on the transaction acts for this organisation (a mandate, the operator)."""
    session.info["standing"] = standing
    if session.in_transaction():
        connection = await session.connection()
        for statement in standing.statements(always=True):
            await connection.exec_driver_sql(statement)


def after_commit(session: AsyncSession, call: Callable[[], None]) -> None:
    """To be done once what is written here is committed, and not if it is undone."""
    session.info.setdefault("after_commit", []).append(call)


async def undo(session: AsyncSession) -> None:
    """All that this transaction did so far is undone; a refusal that is told as a page asks it."""
    session.info.pop("after_commit", None)
    await session.rollback()


async def raw(session: AsyncSession) -> asyncpg.Connection[asyncpg.Record]:
    """The session's own connection, in its own transaction, for the hot paths."""
    connection = await session.connection()
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    assert driver.is_in_transaction(), "a session without standing"
    return driver  # type: ignore[no-any-return]


async def open_session(request: Request) -> AsyncIterator[AsyncSession]:
    """One transaction per request: committed when the route returns, undone when it raises."""
    sessions: Sessions = request.app.state.sessions
    async with sessions() as session:
        async with asyncio.timeout(TRANSACTION_SECONDS):
            yield session
            await session.commit()
        for after in session.info.get("after_commit", ()):
            after()


# "function" commits before the response is sent; the default commits after the client has
# already been told 201.
Db = Annotated[AsyncSession, Depends(open_session, scope="function")]


@asynccontextmanager
async def open_stream(request: Request, standing: Standing) -> AsyncIterator[Any]:
    """A connection of its own for an answer that is streamed after the route has returned.

    Read-only, one snapshot, at most `streams` at a time, closed whatever happens.
    """
    app = request.app
    slots: asyncio.Semaphore = app.state.stream_slots
    if slots.locked():
        raise Unavailable(
            "Too many streamed answers are under way; try again in a few seconds.",
            code="streams-full",
            headers={"Retry-After": "5"},
        )
    async with slots, asyncio.timeout(600):
        connection = await asyncpg.connect(
            plain(app.state.database_url),
            timeout=3,
            server_settings={"statement_timeout": "600000", "timezone": "UTC", "app.reach": "own"},
        )
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                for statement in standing.statements():
                    await connection.execute(statement)
                yield connection
        finally:
            await connection.close(timeout=2)
