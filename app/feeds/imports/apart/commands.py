"""An import in a process of its own: its work and its memory are not the server's.

It is forked from a process that has no more than the modules of an import, so that it begins at
once and its memory is given back at its end. It ends with the server that began it.
"""

import asyncio
import multiprocessing
import os
import uuid
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from multiprocessing.reduction import DupFd
from typing import Any, BinaryIO

import asyncpg
from pydantic import TypeAdapter
from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from app import logs
from app.errors import (
    NOT_NOW,
    ROW_LEVEL,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Refusal,
    TooLarge,
    Unavailable,
)
from app.faults import Fault
from app.feeds.imports.asked import profile_of
from app.feeds.imports.commands import Sender, import_from, read_wanted
from app.feeds.imports.headway import Imported
from app.feeds.imports.schemas import Asked
from app.wire import Wire

log = get_logger(__name__)
REFUSALS: dict[str, type[Refusal]] = {
    kind.__name__: kind for kind in (Invalid, Forbidden, NotFound, Conflict, TooLarge, Unavailable)
}
IMPORTED = TypeAdapter(Imported)
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])
# The answers to others go before a file that takes minutes.
NICE = 10
PARENT_SECONDS = 1.0


class Order(Wire):
    """What is to be done with the file, for whom."""

    asked: Asked
    organisation: str
    client_id: int | None
    client: str
    request_id: str
    number: uuid.UUID
    most_bytes: int
    log_level: str = "info"


async def import_apart(url: str, spool: BinaryIO, order: Order) -> Imported:
    """Brought in by another process; what that refuses is raised here."""
    hears, says = FORKS.Pipe(duplex=False)
    with hears:
        process = await asyncio.to_thread(begun, url, spool, order, says)
        try:
            told = await asyncio.to_thread(wait_for, hears)
        finally:
            # It has said what it had to, or nobody waits for it any more.
            process.kill()
            await asyncio.to_thread(process.join)
            process.close()
    return heard(told)


def begun(url: str, spool: BinaryIO, order: Order, says: Connection) -> ForkServerProcess:
    process = FORKS.Process(target=work, args=(url, File(spool.fileno()), order, says))
    process.start()
    says.close()
    return process


class File:
    """An open file on its way to another process."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __getstate__(self) -> Any:  # noqa: ANN401
        return DupFd(self.number)

    def __setstate__(self, sent: Any) -> None:  # noqa: ANN401
        self.number = sent.detach()


def wait_for(hears: Connection) -> dict[str, Any] | None:
    """What it says at its end; None if it ends without a word."""
    try:
        told: dict[str, Any] = hears.recv()
    except (EOFError, OSError):
        return None
    return told


def work(url: str, spool: File, order: Order, says: Connection) -> None:
    """What the other process does."""
    logs.configure(order.log_level)
    os.nice(NICE)
    with open(spool.number, "rb") as file:
        says.send(asyncio.run(carry_out(order, url, file)))


def heard(told: dict[str, Any] | None) -> Imported:
    if told is None:
        raise Unavailable(
            "The import was ended before it was done, and nothing of it was stored. Try again.",
            code="import-ended",
            headers={"Retry-After": "5"},
        )
    if "imported" in told:
        return IMPORTED.validate_python(told["imported"])
    if told["kind"] not in REFUSALS:
        raise RuntimeError(f"an import failed: {told['kind']}")
    faults = tuple(Fault(**fault) for fault in told["faults"])
    raise REFUSALS[told["kind"]](told["detail"], told["code"], faults, told["headers"])


def said_of(refusal: Refusal) -> dict[str, Any]:
    return {
        "kind": type(refusal).__name__,
        "detail": refusal.detail,
        "code": refusal.code,
        "faults": [fault.wire() for fault in refusal.faults],
        "headers": dict(refusal.headers),
    }


async def carry_out(order: Order, url: str, file: BinaryIO) -> dict[str, Any]:
    wanted = read_wanted(profile_of(order.asked), order.organisation, False, None)
    sender = Sender(order.client_id, order.client, order.request_id, order.number)
    bringing = asyncio.create_task(
        import_from(url, file, wanted, sender, order.asked.dry_run, most_bytes=order.most_bytes)
    )
    watch = asyncio.create_task(end_with_parent(bringing))
    try:
        return {"imported": await bringing}
    except Refusal as refusal:
        return said_of(refusal)
    except (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        # The kind only: the text of an error may carry the values of a statement.
        log.error("import failed", kind=type(error).__name__)
        found = refusal_for(error)
        return said_of(found) if found else {"kind": type(error).__name__}
    finally:
        watch.cancel()


async def end_with_parent(bringing: asyncio.Task[Imported]) -> None:
    parent = multiprocessing.parent_process()
    while parent is None or parent.is_alive():  # noqa: ASYNC110  # nobody tells a process of its parent's end
        await asyncio.sleep(PARENT_SECONDS)
    bringing.cancel()


def refusal_for(error: Exception) -> Refusal | None:
    """Where the store was gone or busy, or its wall refused; anything else is a fault of ours."""
    state = str(getattr(getattr(error, "orig", error), "sqlstate", None) or "")
    if state == ROW_LEVEL:
        return Forbidden("This is another organisation's.", code="not-yours")
    if state and not state.startswith(NOT_NOW):
        return None
    return Unavailable(
        "The store did not answer in time. Nothing of the file was stored: send it again.",
        code="store-unavailable",
        headers={"Retry-After": "2"},
    )
