"""An import in a process of its own: its work and its memory are not the server's.

The file is its standard input and the order stands in its environment; on its standard output it
says in one line of JSON what became of it. It ends with the server that began it.
"""

import asyncio
import os
import sys
import uuid
from contextlib import suppress
from typing import Any, BinaryIO

import asyncpg
import orjson
from pydantic import TypeAdapter
from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from app import logs
from app.errors import (
    NOT_NOW,
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
from app.store import ROOT
from app.wire import Wire

log = get_logger(__name__)
REFUSALS: dict[str, type[Refusal]] = {
    kind.__name__: kind for kind in (Invalid, Forbidden, NotFound, Conflict, TooLarge, Unavailable)
}
IMPORTED = TypeAdapter(Imported)
ORDER = "TOREN_IMPORT_ORDER"
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
    environment = {**os.environ, "DATABASE_URL": url, ORDER: order.model_dump_json(by_alias=True)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.feeds.imports.apart.commands"),
        cwd=ROOT,
        env=environment,
        stdin=spool,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return heard(said)


def heard(said: bytes) -> Imported:
    try:
        told: dict[str, Any] = orjson.loads(said)
    except orjson.JSONDecodeError:
        raise Unavailable(
            "The import was ended before it was done, and nothing of it was stored. Try again.",
            code="import-ended",
            headers={"Retry-After": "5"},
        ) from None
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
    work = asyncio.create_task(
        import_from(url, file, wanted, sender, order.asked.dry_run, most_bytes=order.most_bytes)
    )
    watch = asyncio.create_task(end_with_parent(work, os.getppid()))
    try:
        return {"imported": await work}
    except Refusal as refusal:
        return said_of(refusal)
    except (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        # The kind only: the text of an error may carry the values of a statement.
        log.error("import failed", kind=type(error).__name__)
        return said_of(not_now()) if away(error) else {"kind": type(error).__name__}
    finally:
        watch.cancel()


async def end_with_parent(work: asyncio.Task[Imported], parent: int) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110  # nobody tells a process of its parent's end
        await asyncio.sleep(PARENT_SECONDS)
    work.cancel()


def away(error: Exception) -> bool:
    """Whether the store was gone or busy; anything else is a fault of ours."""
    state = str(getattr(getattr(error, "orig", error), "sqlstate", None) or "")
    return not state or state.startswith(NOT_NOW)


def not_now() -> Unavailable:
    return Unavailable(
        "The store did not answer in time. Nothing of the file was stored: send it again.",
        code="store-unavailable",
        headers={"Retry-After": "2"},
    )


def main() -> None:
    order = Order.model_validate_json(os.environ[ORDER])
    logs.configure(order.log_level)
    os.nice(NICE)
    with open(0, "rb", closefd=False) as file:
        told = asyncio.run(carry_out(order, os.environ["DATABASE_URL"], file))
    sys.stdout.buffer.write(orjson.dumps(told))


if __name__ == "__main__":
    main()
