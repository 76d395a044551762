"""Asks a source for its message: at checked addresses only, and never more than it may send."""

import asyncio
import os
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import httpx

from app.facilities.schemas import PullFacts
from app.facilities.urls import Target
from app.feeds.pulls.addresses import Address, AllowList, check, literal
from app.feeds.pulls.answers import (
    MOST_REDIRECTS,
    REDIRECTS,
    Asked,
    Fetched,
    Head,
    check_head,
    check_size,
    fetched,
    nothing_new,
    onward,
)
from app.feeds.pulls.failures import NotFetched

MOST_ADDRESSES = 4
LONGEST_SECRET = 4096
SECRET_NAME = re.compile(r"[a-z0-9-]+")
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]


@dataclass(frozen=True)
class Way:
    """How sources are reached: which may be, how names are looked up, whom is trusted."""

    allowed: AllowList
    resolve: Resolve
    tls: ssl.SSLContext


def way(allowed: AllowList, threads: ThreadPoolExecutor) -> Way:
    """A look-up cannot be broken off, so that its threads are not those of other work."""

    async def resolve(host: str, port: int) -> Sequence[Address]:
        asked = asyncio.get_running_loop().run_in_executor(threads, look_up, host, port)
        return await asked

    return Way(allowed, resolve, httpx.create_ssl_context())


def look_up(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    # A zone ("%eth0") names a link of this machine, so that the address is refused anyway.
    texts = dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found)
    return [ip_address(text) for text in texts]


def secret(folder: Path | None, name: str) -> str:
    """One line of a file in the folder of secrets, read anew each time so that it can be changed.

    Raises NotFetched, which says neither the name's path nor anything of the content.
    """
    if folder is None or not SECRET_NAME.fullmatch(name):
        raise NotFetched("secret-missing")
    root = Path(os.path.realpath(folder))
    # A link may lead to another file of the folder, as a mounted secret's does, and not out of it.
    path = Path(os.path.realpath(root / name))
    if not path.is_relative_to(root) or not path.is_file():
        raise NotFetched("secret-missing")
    try:
        with path.open("rb") as file:
            line = file.read(LONGEST_SECRET + 1).decode("ascii").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise NotFetched("secret-missing") from None
    if not line or len(line) > LONGEST_SECRET or not line.isprintable() or line.strip() != line:
        raise NotFetched("secret-missing")
    return line


async def fetch(asked: Asked, way: Way) -> Fetched:
    """The message of a source, or NotFetched. Ends in time whatever the source does."""
    try:
        async with asyncio.timeout(asked.pull.timeout_seconds.total):
            return await follow(asked, way)
    except TimeoutError:
        raise NotFetched("timeout-total") from None
    except httpx.ConnectTimeout:
        raise NotFetched("timeout-connect") from None
    except httpx.TimeoutException:
        raise NotFetched("timeout-read") from None
    except httpx.ConnectError as error:
        raise NotFetched("tls" if of_tls(error) else "connection") from None
    except httpx.ProtocolError:
        raise NotFetched("not-http") from None
    except httpx.HTTPError:
        raise NotFetched("connection") from None


def of_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


async def follow(asked: Asked, way: Way) -> Fetched:
    """Redirects are followed one by one, and where each leads is checked as the first was."""
    at = asked.target
    for _ in range(MOST_REDIRECTS + 1):
        addresses = await checked(at, way)
        async with answer(at, addresses, asked, way) as response:
            head = head_of(response)
            if head.status not in REDIRECTS:
                return await read(response, head, asked)
            at = onward(at, head.location)
    raise NotFetched("too-many-redirects")


async def checked(at: Target, way: Way) -> Sequence[Address]:
    """Where the host stands, looked up once: what is checked here is what is connected to."""
    written = literal(at.host)
    addresses = [written] if written else await way.resolve(at.host, at.port)
    check(at, addresses, way.allowed)
    return addresses[:MOST_ADDRESSES]


@asynccontextmanager
async def answer(
    at: Target, addresses: Sequence[Address], asked: Asked, way: Way
) -> AsyncIterator[httpx.Response]:
    """The answer of the first address that can be connected to, before its body is read.

    The request names the address, so that nothing is looked up again; Host, and the name that the
    certificate must hold for, are the host's. No proxy, cookies or credentials of this machine.
    """
    patience = asked.pull.timeout_seconds
    timeout = httpx.Timeout(patience.read, connect=patience.connect)
    async with httpx.AsyncClient(verify=way.tls, trust_env=False, timeout=timeout) as client:
        for n, address in enumerate(addresses):
            try:
                response = await client.send(request_to(at, address, asked), stream=True)
                break
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if n == len(addresses) - 1:
                    raise
        try:
            yield response
        finally:
            await response.aclose()


def request_to(at: Target, address: Address, asked: Asked) -> httpx.Request:
    host = f"[{address}]" if address.version == 6 else str(address)
    return httpx.Request(
        "GET",
        httpx.URL(scheme=at.scheme, host=host, port=at.port, raw_path=at.path.encode("ascii")),
        headers=asked.headers(at),
        extensions={"sni_hostname": at.host},
    )


def head_of(response: httpx.Response) -> Head:
    said = response.headers
    return Head(
        status=response.status_code,
        media_type=said.get("content-type"),
        encoding=said.get("content-encoding"),
        length=said.get("content-length"),
        location=said.get("location"),
        retry_after=said.get("retry-after"),
        etag=said.get("etag"),
        last_modified=said.get("last-modified"),
    )


async def read(response: httpx.Response, head: Head, asked: Asked) -> Fetched:
    """The body as it comes over the wire, broken off as soon as it is too large."""
    if nothing_new(head, asked):
        return Fetched(head.status, etag=asked.etag, last_modified=asked.last_modified)
    check_head(head, asked.pull, datetime.now(UTC))
    body = bytearray()
    async for piece in response.aiter_raw():
        check_size(len(body) + len(piece), asked.pull)
        body += piece
    return fetched(head, asked.pull, bytes(body))


def asked_of(
    pull: PullFacts, folder: Path | None, etag: str | None = None, modified: str | None = None
) -> Asked:
    return Asked(pull, etag, modified, secret(folder, pull.secret) if pull.secret else None)
