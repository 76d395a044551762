"""Sources of feeds on loopback: each says, or fails to say, what a test lets it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from app.facilities.schemas import PullFacts
from app.feeds.pulls.addresses import Address, allow_list
from app.feeds.pulls.answers import Asked
from app.feeds.pulls.sources.queries import Way


@dataclass(frozen=True)
class Request:
    path: str
    headers: Mapping[str, str]


@dataclass
class Source:
    """Where it stands, and what it was asked."""

    port: int
    asked: list[Request] = field(default_factory=list)


Say = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


def head(status: int = 200, **headers: Any) -> bytes:
    told = {
        "Content-Type": "application/json",
        **{k.replace("_", "-"): headers[k] for k in headers},
    }
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in told.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def saying(body: bytes = b"{}", status: int = 200, **headers: Any) -> Say:
    async def say(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head(status, **{"Content_Length": len(body), **headers}) + body)

    return say


@asynccontextmanager
async def a_source(
    say: Say, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Source]:
    source = Source(0)
    open_ones: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            said = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = dict(line.split(": ", 1) for line in said[1:] if line)
            names = {name.lower(): value for name, value in headers.items()}
            request = Request(said[0].split(" ")[1], names)
            source.asked.append(request)
            await say(request, writer)
            await writer.drain()
        writer.close()
        open_ones.discard(writer)

    server = await asyncio.start_server(serve, host, port, ssl=tls)
    source.port = server.sockets[0].getsockname()[1]
    try:
        yield source
    finally:
        server.close()
        for writer in open_ones:
            writer.transport.abort()


def way(
    allowed: str = "127.0.0.0/8",
    names: Mapping[str, Sequence[Sequence[str]]] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Way:
    """A resolver that gives each name's answers one after the other, and the last for ever."""
    told = {name: [*answers] for name, answers in (names or {}).items()}

    async def resolve(host: str, port: int) -> Sequence[Address]:
        answers = told.get(host, [[]])
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [ip_address(each) for each in found]

    return Way(allow_list(allowed), resolve, tls or ssl.create_default_context())


def asked(url: str, **facts: Any) -> Asked:
    patience = {"connect": 1, "read": 1, "total": 2} | facts.pop("patience", {})
    marks = {name: facts.pop(name) for name in ("etag", "last_modified", "secret") if name in facts}
    return Asked(PullFacts(url=url, timeout_seconds=patience, **facts), **marks)
