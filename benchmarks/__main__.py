"""`make bench`: how fast it is, as ratios to references that are measured in the same run.

Ratios, since absolute figures differ 1.5 to 3 times between runs and more between machines. Each
line gives the median of the rounds and, between brackets, the least and the most.
"""

import asyncio
import os
import platform
import sys
from collections.abc import Coroutine
from enum import StrEnum
from typing import Annotated, Any

import asyncpg
import typer
import uvloop

from app import logs
from benchmarks import bulk, demo, page, posts, reads
from benchmarks.ground import Ground, ground
from benchmarks.region import lay_out
from benchmarks.rounds import Effort


class Part(StrEnum):
    posts = "posts"
    reads = "reads"
    bulk = "bulk"
    demo = "demo"
    page = "page"


def begun(part: Part, ground: Ground, effort: Effort) -> Coroutine[Any, Any, list[str]]:
    if part == Part.demo:  # it has a region of its own
        return demo.main(ground)
    if part == Part.page:  # and so have the pages
        return page.main(ground, effort)
    region = asyncio.run(lay_out(ground))
    if part == Part.posts:
        return posts.main(ground, region, effort)
    if part == Part.reads:
        return reads.main(ground, region, effort)
    return bulk.main(ground)


async def where(ground: Ground) -> str:
    connection = await asyncpg.connect(ground.owner, timeout=5)
    try:
        shown = [await connection.fetchval(f"SHOW {n}") for n in ("server_version", "fsync")]
    finally:
        await connection.close()
    return (
        f"Python {platform.python_version()}, Postgres {shown[0]} with fsync {shown[1]}, "
        f"{os.cpu_count()} cores for client, server and Postgres together"
    )


def main(
    parts: Annotated[
        list[Part] | None, typer.Argument(help="Which to measure; all if none.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each has its turn.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.2, help="How long a turn lasts.")] = 1.5,
) -> None:
    """Measures on a durable Postgres of its own; progress goes to stderr, ratios to stdout."""
    logs.configure("warning")
    for n, part in enumerate(parts or list(Part)):
        print(f"{part.value} ...", file=sys.stderr)
        with ground() as found:  # a new one for each, so that none stands on what another left
            if n == 0:
                print(asyncio.run(where(found)))
            lines = uvloop.run(begun(part, found, Effort(rounds, seconds)))
            print(f"\n{part.value}", *lines, sep="\n  ", flush=True)


if __name__ == "__main__":
    typer.run(main)
