"""The pages of the region in a box (fictief): how much they weigh, and how long they take to make.

Weight is of a first view without a browser: the page and what its head asks for, as they are sent
to who can unpack gzip, and the stream that is then open. Time is of one who asks again and again,
for whom nothing has changed, beside an empty answer that has its turn in the same rounds.
"""

import asyncio
import gzip
import re
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from app.demo.load.commands import load
from app.demo.reporters import reporters_of
from app.facilities.region_file import parse
from app.jobs.commands import run_now
from app.opening import ZOETERMEER, apply_region
from app.settings import Settings
from app.simulation.world import World
from app.simulation.zoetermeer import zoetermeer
from app.store import ensure_partitions
from benchmarks.ground import Ground, served
from benchmarks.rounds import Answer, Client, Effort, client, request

DAY = 86_400
DAYS, SEED = 28, 2026
PATHS = (
    "/",
    "/verwachting",
    "/verwachting?h=weken",
    "/verwachting?h=jaren",
    "/personeel",
    "/jaren",
    "/meldingen",
    "/gegevens",
    "/rapport",
    "/afdeling/reo-flex",
)
MADE = b'id="kalender"'
TO_WEIGH_KIB, TO_ASK, TO_TAKE_MS = 120.0, 6, 50.0
PACKED = {"Accept-Encoding": "gzip"}
ASKED = re.compile(r'<(?:link|script|img)\b[^>]*?(?:href|src)="([^"]+)"|data-stream="([^"]+)"')
LEAST_ASKED = 200
TRIES = 10


class View(NamedTuple):
    """A first view: bytes of the page as it is and as it is sent, of all that is sent, requests;
    and how many milliseconds the page takes, in the middle of some tries."""

    page: int
    packed: int
    whole: int
    requests: int
    took_ms: float


async def main(ground: Ground, effort: Effort) -> list[str]:
    await lay_out(ground)
    with served(ground, "ground:tower") as tower, served(ground, "reference:bare") as bare:
        async with client(tower) as ours, client(bare) as theirs:
            lines = [weighed(path, await viewed(ours, path)) for path in PATHS]
            lines.append(timed(*await taking_turns(ours, theirs, effort)))
    return lines


async def lay_out(ground: Ground) -> None:
    """The made-up region with figures of some weeks, and its forecasts."""
    region = parse(ZOETERMEER.read_text("utf-8"))
    urls = ground.urls
    await apply_region(Settings(database_url=urls.app, database_owner_url=urls.owner), region)
    until = int(time.time())
    world = World(zoetermeer(), SEED, until - DAYS * DAY)
    world.advance(until)
    await ensure_partitions(urls.owner, datetime.fromtimestamp(world.truth.begin, UTC).date())
    await load(
        urls.owner,
        truth=world.truth,
        reporters=reporters_of(region, SEED),
        since=world.truth.begin,
        until=until,
        dense_from=world.truth.begin,
    )
    for job in ("forecast", "days"):
        print(f"  {job}", file=sys.stderr)
        await run_now(urls.worker, job, at=datetime.now(UTC))


async def got(connection: Client, path: str, headers: Mapping[str, str] = PACKED) -> Answer:
    """What stands at `path`; the first look of a new server may come too early for its store."""
    answer = await connection.ask(request("GET", path, headers))
    for _ in range(TRIES):
        if answer.status != 503:
            break
        await asyncio.sleep(1)
        answer = await connection.ask(request("GET", path, headers))
    if answer.status != 200:
        raise RuntimeError(f"{path} answers {answer.status} {answer.body[:200]!r}")
    return answer


async def viewed(connection: Client, path: str) -> View:
    packed = (await got(connection, path)).body
    page = gzip.decompress(packed)
    if path == "/" and MADE not in page:
        raise RuntimeError("the page has no forecasts, so it is lighter than it would be")
    asked = [link or stream for link, stream in ASKED.findall(page.decode())]
    files = [len((await got(connection, each)).body) for each in asked if "/static/" in each]
    took = []
    for _ in range(TRIES):
        began = time.perf_counter()
        await got(connection, path)
        took.append((time.perf_counter() - began) * 1000)
    weight = len(packed) + sum(files)
    return View(len(page), len(packed), weight, 1 + len(asked), statistics.median(took))


def weighed(path: str, view: View) -> str:
    whole = view.whole / 1024
    return (
        f"{path}: {view.page / 1024:.0f} KiB, sent as {view.packed / 1024:.0f}; with its style, "
        f"script and sign {whole:.0f} KiB (to stay within {TO_WEIGH_KIB:.0f}: "
        f"{said(whole <= TO_WEIGH_KIB)}) in {view.requests} requests "
        f"(within {TO_ASK}: {said(view.requests <= TO_ASK)}); made in {view.took_ms:.0f} ms"
    )


def said(reached: bool) -> str:
    return "yes" if reached else "NO"


async def taking_turns(
    ours: Client, theirs: Client, effort: Effort
) -> tuple[Sequence[float], Sequence[float]]:
    """Milliseconds of each answer: of `/`, and of an empty one."""
    page, empty = request("GET", "/", PACKED), request("GET", "/empty", {})
    took: tuple[list[float], list[float]] = ([], [])
    each_round = max(effort.seconds, 0.1)
    while len(took[0]) < LEAST_ASKED:
        for connection, asked, found in ((ours, page, took[0]), (theirs, empty, took[1])):
            await connection.ask(asked)
            until = time.perf_counter() + each_round
            while time.perf_counter() < until:
                began = time.perf_counter()
                await connection.ask(asked)
                found.append((time.perf_counter() - began) * 1000)
    return took


def timed(page: Sequence[float], empty: Sequence[float]) -> str:
    (half, most), (half_empty, most_empty) = (middle_and_95(each) for each in (page, empty))
    return (
        f"/ made anew, nothing changed: half within {half:.1f} ms, 95% within {most:.1f} ms (to "
        f"reach {TO_TAKE_MS:.0f}: {said(most <= TO_TAKE_MS)}); {half / half_empty:.0f} and "
        f"{most / most_empty:.0f} times an empty answer ({half_empty:.2f} and {most_empty:.2f} "
        f"ms); {len(page)} times asked"
    )


def middle_and_95(milliseconds: Sequence[float]) -> tuple[float, float]:
    return statistics.median(milliseconds), statistics.quantiles(milliseconds, n=20)[-1]
