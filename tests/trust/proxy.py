"""A proxy before Postgres that holds, cuts or loses the reply at the COMMIT of a write."""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, Self
from urllib.parse import parse_qs, urlsplit

from app.postgres import Embedded

At = Literal["pass", "hold", "cut", "lose-reply"]
ENCRYPTION = {80877103, 80877104}
WRITE = re.compile(r"\b(INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
# The note of a refusal has a transaction of its own, and is not the deed that is acknowledged.
BESIDE = re.compile(r"\s*INSERT INTO (audit_events|access_log)\b", re.IGNORECASE)


@dataclass
class Transaction:
    """What one connection has said since its last BEGIN, out of Postgres' own messages."""

    prepared: dict[bytes, str] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)

    def hear(self, kind: bytes, content: bytes) -> bool:
        """Whether this message is the COMMIT of a transaction that writes."""
        if kind == b"P":
            name, text, _ = content.split(b"\0", 2)
            self.prepared[name] = text.decode()
        elif kind == b"B":
            _, name, _ = content.split(b"\0", 2)
            self.statements.append(self.prepared.get(name, ""))
        elif kind == b"Q":
            said = content.strip().upper()
            if said.startswith(b"COMMIT"):
                return self.writes
            if said.startswith(b"BEGIN"):
                self.statements.clear()
        return False

    @property
    def writes(self) -> bool:
        return any(WRITE.search(each) and not BESIDE.match(each) for each in self.statements)


class Proxy:
    """Between an app (by TCP) and an embedded server (by its socket): `async with Proxy(server)`.

    What `at_next_commit` says happens once, at the next COMMIT of a transaction that writes.
    """

    def __init__(self, server: Embedded) -> None:
        self.server = server
        self.at: At = "pass"
        self.reached = asyncio.Event()
        self.released = asyncio.Event()
        self.talks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self.listener = await asyncio.start_server(self.join, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *error: object) -> None:
        self.listener.close()
        for talk in self.talks:
            talk.cancel()
        await asyncio.gather(*self.talks, return_exceptions=True)
        await self.listener.wait_closed()

    def url(self, role: str, database: str) -> str:
        port = self.listener.sockets[0].getsockname()[1]
        return f"postgresql+asyncpg://{role}@127.0.0.1:{port}/{database}"

    def at_next_commit(self, at: At) -> None:
        self.at = at
        self.reached = asyncio.Event()
        self.released = asyncio.Event()

    async def upstream(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        where: Mapping[str, list[str]] = parse_qs(urlsplit(self.server.dsn("x", "x")).query)
        socket = f"{where['host'][0]}/.s.PGSQL.{where['port'][0]}"
        return await asyncio.open_unix_connection(socket)

    async def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        self.talks.add(talk)
        ends = [writer]
        try:
            # Postgres may be away, or gone in the middle: both sides then see their peer go.
            with suppress(Exception):
                answers, asks = await self.upstream()
                ends.append(asks)
                await self.carry(reader, writer, answers, asks)
        except asyncio.CancelledError:
            pass
        finally:
            self.talks.discard(talk)
            for end in ends:
                end.transport.abort()

    async def carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
        asks: asyncio.StreamWriter,
    ) -> None:
        """Until one side is gone. Who raises here cuts the connection on both sides."""
        lost = asyncio.Event()
        async with asyncio.TaskGroup() as both:
            both.create_task(self.questions(reader, asks, lost))
            both.create_task(self.replies(answers, writer, lost))

    async def questions(
        self, reader: asyncio.StreamReader, asks: asyncio.StreamWriter, lost: asyncio.Event
    ) -> None:
        transaction = Transaction()
        started = False
        while True:
            kind = await reader.readexactly(1) if started else b""
            size = await reader.readexactly(4)
            content = await reader.readexactly(int.from_bytes(size) - 4)
            # What comes before the start has no kind: a request to encrypt, then the start itself.
            started = started or int.from_bytes(content[:4]) not in ENCRYPTION
            if transaction.hear(kind, content) and self.at != "pass":
                await self.meet_commit(lost)
            asks.write(kind + size + content)
            await asks.drain()

    async def meet_commit(self, lost: asyncio.Event) -> None:
        at, self.at = self.at, "pass"
        self.reached.set()
        if at == "cut":
            raise ConnectionResetError
        if at == "hold":
            await self.released.wait()
        if at == "lose-reply":
            lost.set()

    async def replies(
        self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: asyncio.Event
    ) -> None:
        while data := await answers.read(65536):
            if lost.is_set():
                break
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError
