"""Which units are known otherwise than before; asked once for all who listen."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from fastapi import Request

from app.db import Standing, open_stream
from app.errors import Unavailable
from app.signals.stream.changes import LATE, Changes, Known

LOOK_SECONDS = 1.0
REGION = Standing(0, "region")
# Figures, and what is said of a unit beside them: stops, its status.
CHANGED = """
SELECT unit, max(known_at) AS known_at
  FROM (SELECT s.unit, c.known_at FROM current_state c JOIN series s USING (series_id)
         WHERE c.known_at > $1 AND s.unit <> ''
        UNION ALL SELECT unit, known_at FROM stop_versions WHERE known_at > $1
        UNION ALL SELECT unit, known_at FROM unit_statuses WHERE known_at > $1) AS told
 GROUP BY unit
"""


@dataclass
class Watch:
    """One for each process: who listens asks it, and the store is asked once a second at most."""

    run: str = field(default_factory=lambda: uuid4().hex[:8])
    changes: Changes | None = None
    looked: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(self, request: Request) -> Changes:
        async with self.lock:
            if self.changes is None or time.monotonic() - self.looked >= LOOK_SECONDS:
                self.changes = await self.asked(request)
                self.looked = time.monotonic()
            return self.changes

    async def asked(self, request: Request) -> Changes:
        changes = self.changes or Changes(datetime.now(UTC) - LATE)
        # All places to stream are taken: there is news again in a second.
        with suppress(Unavailable):
            async with open_stream(request, REGION) as connection:
                changes.add(await changed(connection, changes.since))
        return changes

    def mark(self, number: int) -> str:
        return f"{self.run}-{number}"

    def read(self, mark: str | None) -> int | None:
        """The number of a mark of this process; None if it is another's, or none."""
        run, _, number = (mark or "").rpartition("-")
        return int(number) if run == self.run and number.isdecimal() else None


async def changed(connection: Any, since: datetime) -> list[Known]:  # noqa: ANN401
    return [(row["unit"], row["known_at"]) for row in await connection.fetch(CHANGED, since)]


@dataclass(frozen=True, slots=True)
class News:
    """What is told at once: units that changed, or that all must be asked anew."""

    mark: str
    units: tuple[str, ...] = ()
    anew: bool = False


async def news(request: Request, since: str | None, seconds: float) -> AsyncIterator[News]:
    """Begins with where it stands; then each change within a second or two, until it is over.

    It is over after `seconds`, when the server leaves, or when the store cannot be asked.
    """
    watch: Watch = request.app.state.watch
    ends = time.monotonic() + seconds
    changes = await watch.look(request)
    number = watch.read(since)
    known = number is not None and changes.holds(number)
    if number is None or not known:
        number = changes.number
    yield News(watch.mark(number), anew=since is not None and not known)
    while time.monotonic() < ends and not request.app.state.leaving.is_set():
        changes = await watch.look(request)
        if units := changes.after(number):
            number = changes.number
            yield News(watch.mark(number), tuple(units))
        await asyncio.sleep(LOOK_SECONDS / 2)
