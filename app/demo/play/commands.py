"""The region lives on: what becomes known is sent to the API, by its senders, every few seconds."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import httpx
import orjson
from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from app.access.keys import demo_key
from app.demo.play.sendings import Sending

log = get_logger(__name__)
EVERY_SECONDS = 5.0
LOOK_SECONDS = 0.1
# The tower is busy, or not up: it takes the same a little later.
AGAIN = frozenset({429, 502, 503, 504})
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
# A fault of the tower itself may pass; one that does not must not hold up what comes after.
MOST_FAULTS = 6

# What is to be sent of all that became known in [since, until).
Between = Callable[[int, int], Sequence[Sending]]
# Told that all until `told` is sent, and that all until `begun` is on its way.
Keep = Callable[[int, int], Awaitable[None]]


async def keep_playing(
    client: httpx.AsyncClient,
    between: Between,
    since: int,
    keep: Keep,
    *,
    left: tuple[int, int] | None = None,
    every: float = EVERY_SECONDS,
) -> None:
    """Sends what becomes known from `since` on, until cancelled; first what was `left` before.

    Nothing is lost or told twice: what was begun and not finished is sent again by whoever goes
    on from what was kept, and the tower knows a report that it has.
    """
    mail = Mail(client)
    told = since
    try:
        if left is not None:
            mail.add(*between(*left))
            await mail.emptied()
        while True:
            now = max(since, int(time.time()))
            told = since if mail.waiting == 0 else told
            if await kept(keep, told, now):
                # Beside the sending: a long look must not hold up what is on its way.
                mail.add(*await asyncio.to_thread(between, since, now))
                since = now
            await asyncio.sleep(every)
            mail.raise_faults()
    finally:
        await mail.close()


async def kept(keep: Keep, told: int, begun: int) -> bool:
    """Nothing is sent before it is kept that it will be, or a restart would tell it twice."""
    try:
        await keep(told, begun)
    except (OSError, SQLAlchemyError) as error:
        log.warning("the demo waits for the store (fictief)", kind=type(error).__name__)
        return False
    return True


class Mail:
    """Sends what each client has to tell one after the other, and the clients side by side."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.queues: dict[str, asyncio.Queue[Sending]] = {}
        self.carriers: list[asyncio.Task[None]] = []
        self.waiting = 0

    def add(self, *sendings: Sending) -> None:
        for sending in sendings:
            if sending.client not in self.queues:
                queue = self.queues[sending.client] = asyncio.Queue()
                self.carriers.append(asyncio.create_task(self.carry(queue)))
            self.waiting += 1
            self.queues[sending.client].put_nowait(sending)

    async def emptied(self) -> None:
        while self.waiting:
            self.raise_faults()
            await asyncio.sleep(LOOK_SECONDS)

    async def carry(self, queue: asyncio.Queue[Sending]) -> None:
        while True:
            await send(self.client, await queue.get())
            self.waiting -= 1

    def raise_faults(self) -> None:
        for carrier in self.carriers:
            if carrier.done():
                carrier.result()

    async def close(self) -> None:
        for carrier in self.carriers:
            carrier.cancel()
        await asyncio.gather(*self.carriers, return_exceptions=True)


async def send(client: httpx.AsyncClient, sending: Sending) -> None:
    """Until the tower has taken it or refused it."""
    faults, tries = 0, 0
    while True:
        tries += 1
        try:
            answer = await client.request(
                sending.method, sending.path, content=sending.body, headers=headers(sending)
            )
        except httpx.TransportError as error:
            log.debug("the tower cannot be reached", kind=type(error).__name__, tries=tries)
            await asyncio.sleep(pause(tries))
            continue
        faults += answer.status_code == 500
        if answer.status_code not in AGAIN and (answer.status_code != 500 or faults >= MOST_FAULTS):
            note(sending, answer)
            return
        await asyncio.sleep(max(pause(tries), asked_pause(answer)))


def headers(sending: Sending) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {demo_key(sending.client).text}",
        "Content-Type": sending.media,
        "Prefer": "return=minimal",
    }


def pause(tries: int) -> float:
    """Seconds until the next try: longer each time, and never all senders at once."""
    longest: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(tries - 1, 10))
    return longest * random.uniform(0.5, 1)  # noqa: S311  # spreads requests, hides nothing


def asked_pause(answer: httpx.Response) -> float:
    """What the tower asks for; a date instead of seconds is not its way."""
    with suppress(ValueError):
        return min(LONGEST_PAUSE, max(0.0, float(answer.headers.get("Retry-After", "0"))))
    return 0.0


def note(sending: Sending, answer: httpx.Response) -> None:
    """What was refused, and why; what was taken needs no line."""
    told = {}
    with suppress(orjson.JSONDecodeError):
        told = orjson.loads(answer.content)
    if answer.is_success:
        rejected = [one for one in told.get("reports", ()) if one["outcome"] == "rejected"]
        faults = [fault for one in rejected for fault in one["errors"]]
    else:
        faults = told.get("errors") or [told]
    if answer.is_success and not faults:
        return
    reasons = sorted({str(fault.get("code", answer.status_code)) for fault in faults})
    log.info(
        "a telling was refused (fictief)",
        client=sending.client,
        path=sending.path,
        status=answer.status_code,
        reasons=reasons,
    )
