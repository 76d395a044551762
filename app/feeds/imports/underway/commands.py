"""That an import is under way: others see how far it is, and `knownAt` waits for its end."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from structlog import get_logger

from app.db import Sessions, Standing, act_as
from app.errors import Unavailable
from app.feeds.imports.headway import Headway, Imported
from app.feeds.imports.tables import FileImport
from app.observations.tables import OpenWrite

log = get_logger(__name__)
# The longest that an import may take.
MOST_SECONDS = 30 * 60.0
# Whoever does not say within this that it lives is no longer under way: what is asked as known
# waits for it no longer than this, and it may store nothing any more.
ALIVE = timedelta(seconds=60)
TELL_SECONDS = 1.0


@dataclass
class UnderWay:
    """One import: its number, whose it is, how far it is. Org 0: still to be made."""

    sessions: Sessions
    org_id: int
    profile: str
    dry_run: bool
    total: int
    client_id: int | None = None
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    headway: Headway = field(default_factory=lambda: Headway(0, 0, 0))

    async def announce(self) -> None:
        """A dry run is never seen, so nobody has to wait for it."""
        now = func.clock_timestamp()
        async with standing(self.sessions, self.org_id) as session:
            dead = delete(FileImport).where(
                FileImport.org_id == self.org_id,
                FileImport.finished_at.is_(None),
                FileImport.alive_until < now,
            )
            await session.execute(dead)
            await session.execute(insert(FileImport).values(**self.row, alive_until=now + ALIVE))
            if not self.dry_run:
                await self.hold(session)
            await session.commit()

    async def hold(self, session: AsyncSession) -> None:
        """From its begin on nothing newer can be asked as known, as long as it lives."""
        held = delete(OpenWrite).where(OpenWrite.org_id == self.org_id, OpenWrite.id == self.id)
        began = (await session.scalars(held.returning(OpenWrite.started_at))).one_or_none()
        now = func.clock_timestamp()
        session.add(
            OpenWrite(
                org_id=self.org_id,
                id=self.id,
                started_at=now if began is None else began,
                until=now + ALIVE,
                what="import",
            )
        )
        await session.flush()

    @property
    def row(self) -> dict[str, object]:
        return {
            "org_id": self.org_id,
            "id": self.id,
            "profile": self.profile,
            "dry_run": self.dry_run,
            "client_id": self.client_id,
            "started_at": self.started_at,
            "read_bytes": self.headway.read,
            "total_bytes": self.total,
            "rows": self.headway.rows,
        }

    async def keep_telling(self) -> None:
        """How far it is, and that it lives."""
        while True:
            await asyncio.sleep(TELL_SECONDS)
            told = {"rows": self.headway.rows, "read_bytes": self.headway.read}
            alive = func.clock_timestamp() + ALIVE
            async with standing(self.sessions, self.org_id) as session:
                await session.execute(
                    update(FileImport)
                    .where(FileImport.org_id == self.org_id, FileImport.id == self.id)
                    .values(**told, alive_until=alive)
                )
                if not self.dry_run:
                    await self.hold(session)
                await session.commit()

    async def finish(
        self, session: AsyncSession, org_id: int, imported: Imported, seal: bytes
    ) -> None:
        """In the transaction of the figures: they and their import are seen at one moment."""
        await self.still_open(session)
        await act_as(session, Standing(org_id, "own"))
        found = {
            **self.row,
            "org_id": org_id,
            "rows": imported.rows,
            "read_bytes": self.total,
            "figures": imported.figures,
            "units": imported.units,
            "added": imported.added,
            "corrected": imported.corrected,
            "since": imported.since,
            "until": imported.until,
            "seal": seal,
            "finished_at": imported.finished_at,
            "alive_until": imported.finished_at,
        }
        await session.execute(
            delete(FileImport).where(FileImport.org_id == org_id, FileImport.id == self.id)
        )
        await session.execute(insert(FileImport).values(**found))
        await session.execute(
            delete(OpenWrite).where(OpenWrite.org_id == org_id, OpenWrite.id == self.id)
        )

    async def still_open(self, session: AsyncSession) -> None:
        """By the database's own clock: this process may have hung."""
        await act_as(session, Standing(self.org_id, "own"))
        soon = func.clock_timestamp() + timedelta(seconds=10)
        holds = select(OpenWrite.id).where(OpenWrite.id == self.id, OpenWrite.until > soon)
        if await session.scalar(holds) is None:
            raise Unavailable("The import took too long, and nothing was stored. Split the file.")

    async def withdraw(self) -> None:
        """What was not finished leaves nothing; it ends by itself where this does not succeed."""
        try:
            async with standing(self.sessions, self.org_id) as session:
                for table in (FileImport, OpenWrite):
                    mine = delete(table).where(table.org_id == self.org_id, table.id == self.id)
                    await session.execute(mine)
                await session.commit()
        except Exception as error:
            # What went wrong before must be heard.
            log.warning("import not withdrawn", kind=type(error).__name__)


@asynccontextmanager
async def standing(sessions: Sessions, org_id: int) -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        session.info["standing"] = Standing(org_id, "own")
        yield session


@asynccontextmanager
async def under_way(import_: UnderWay) -> AsyncIterator[asyncio.Task[None]]:
    """Announced, and telling how far it is until the body is done; withdrawn if that fails."""
    await import_.announce()
    telling = asyncio.create_task(import_.keep_telling())
    try:
        yield telling
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
