"""Rounds A/B/A/B of a light client against several servers, and their ratio with its spread."""

import asyncio
import re
import statistics
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
WARM_SECONDS = 0.7


@dataclass(frozen=True)
class Effort:
    """How long to measure: each side for `seconds`, `rounds` times over."""

    rounds: int = 5
    seconds: float = 1.5


class Unexpected(Exception):
    """A server answered something else than what is measured."""


def request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """The bytes of a request, made beforehand so that the client costs next to nothing."""
    told = {"Host": "127.0.0.1", **headers}
    if body:
        told |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


@dataclass(frozen=True)
class Answer:
    status: int
    head: bytes
    body: bytes


class Client:
    """One kept-alive connection; it does the same work whoever answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, asked: bytes) -> Answer:
        self.writer.write(asked)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        body = await self.reader.readexactly(int(length[1])) if length else b""
        return Answer(int(head[9:12]), head, body)


@asynccontextmanager
async def client(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


@dataclass
class Side:
    """One of those that are compared. `before` is sent, untimed, ahead of each request."""

    name: str
    port: int
    request: Callable[[], bytes]
    status: int = 200
    holds: bytes = b""
    before: Callable[[], bytes] | None = None
    rates: list[float] = field(default_factory=list)
    guess: float = 500.0

    def check(self, answer: Answer) -> None:
        if answer.status != self.status or self.holds not in answer.body:
            raise Unexpected(f"{self.name}: {answer.status} {answer.body[:400]!r}")


async def rate(side: Side, clients: int, seconds: float) -> float:
    """Answers a second, all clients together, over the time that they waited for an answer."""
    most = int(side.guess * seconds * 1.5) + clients
    asked = deque((side.before and side.before(), side.request()) for _ in range(most))
    until = time.perf_counter() + seconds
    waited: list[float] = []

    async def keep_asking(connection: Client) -> None:
        while asked and time.perf_counter() < until:
            before, timed = asked.popleft()
            if before:
                await connection.ask(before)
            began = time.perf_counter()
            answer = await connection.ask(timed)
            waited.append(time.perf_counter() - began)
            side.check(answer)

    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(client(side.port)) for _ in range(clients)]
        await asyncio.gather(*(keep_asking(each) for each in connections))
    side.guess = clients * len(waited) / sum(waited)
    return side.guess


async def compare(
    sides: Sequence[Side],
    clients: int,
    effort: Effort,
    beside: Callable[[], Awaitable[float]] | None = None,
) -> list[float]:
    """Fills the rates of each side, taking turns; `beside` is measured before every round."""
    for side in sides:
        side.rates.clear()
        for _ in range(2):  # the first guesses how much there is to prepare
            await rate(side, clients, WARM_SECONDS)
    found = []
    for number in range(effort.rounds):
        if beside:
            found.append(await beside())
        for side in sides:
            side.rates.append(await rate(side, clients, effort.seconds))
            told = f"round {number + 1}/{effort.rounds}, {clients} clients, {side.name}"
            print(f"  {told}: {side.rates[-1]:.0f}/s", file=sys.stderr)
    return found


def ratio(side: Side, reference: Side) -> tuple[float, float, float]:
    """Of rounds in which both had their turn: the median, the least and the most."""
    found = [ours / theirs for ours, theirs in zip(side.rates, reference.rates, strict=True)]
    return statistics.median(found), min(found), max(found)


def line(what: str, side: Side, reference: Side, reach: float | None = None, more: str = "") -> str:
    middle, least, most = ratio(side, reference)
    target = "" if reach is None else f"; to reach {reach:g}: {'yes' if middle >= reach else 'NO'}"
    rates = [statistics.median(each.rates) for each in (side, reference)]
    return (
        f"{what}: {middle:.3f} of {reference.name} ({least:.3f}-{most:.3f}){target}; "
        f"{rates[0]:.0f}/s against {rates[1]:.0f}/s{more}"
    )
