"""The commands of the demo: a made-up region that lives, and the truth behind what it tells."""

import gc
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import httpx
import typer

from app import store
from app.demo.play.commands import keep_playing
from app.demo.play.senders import Senders
from app.demo.play.tellings import Play
from app.demo.region.commands import Begun, keep, laid_down, left_at, owner, simulated
from app.demo.region.headway import bar, line
from app.demo.reporters import reporters_of
from app.facilities.region_file import parse
from app.opening import ZOETERMEER, opened
from app.serving import ended_with, run
from app.settings import Settings

demo = typer.Typer(
    no_args_is_help=True,
    help="A made-up region (fictief): loaded, living on, and the truth behind what it tells.",
)
SECONDS_BETWEEN = 0.1


@demo.command("play")
def demo_play(
    url: Annotated[
        str | None,
        typer.Option(help="Where the tower is served; left out: a line on standard input says."),
    ] = None,
    parent: Annotated[
        int | None, typer.Option(help="End when this process is no longer the parent.")
    ] = None,
) -> None:
    """Load what is missing up to now, then let the region (fictief) live on through the API.

    Its senders use the published demo keys. `serve --demo` starts this by itself.
    """
    with ended_with(parent), opened() as settings:
        begun = brought_up(settings)
        typer.echo(sentence(begun))
        # What is loaded by now lives for good: the collector need not walk it again and again.
        gc.collect()
        gc.freeze()
        address = (url or sys.stdin.readline()).strip()
        if address:
            run(live_on(settings, begun, address))


@demo.command("load")
def demo_load() -> None:
    """Load the region's figures (fictief) up to now, and end. What is there is not loaded again."""
    with ended_with(None), opened() as settings:
        typer.echo(sentence(brought_up(settings)))


def brought_up(settings: Settings) -> Begun:
    """The region up to now. The simulation holds the processor, so it stands between two runs."""
    if not settings.database_owner_url:
        raise store.StoreRefused("Set DATABASE_OWNER_URL: this is done as the owner.")
    url, say = settings.database_owner_url, Headway().say
    region = parse(ZOETERMEER.read_text("utf-8"))
    reporters = reporters_of(region, settings.demo_seed)
    since = run(left_at(url, settings.demo_days, datetime.now(UTC)))
    world = simulated(reporters.seed, since.begin, int(time.time()), say)
    return run(laid_down(url, since, Play(world, reporters, Senders(region), since.dense), say))


async def live_on(settings: Settings, begun: Begun, address: str) -> None:
    assert settings.database_owner_url
    async with (
        owner(settings.database_owner_url) as sessions,
        httpx.AsyncClient(base_url=address, timeout=20) as client,
    ):
        await keep_playing(
            client,
            begun.play.between,
            begun.until,
            lambda told, on_its_way: keep(sessions, told, on_its_way),
            left=begun.left,
        )


def sentence(begun: Begun) -> str:
    done = begun.loaded
    return (
        f"{done.figures:,} figures in {done.reports:,} reports of {done.places} places "
        "loaded (fictief)"
    )


@dataclass
class Headway:
    """A bar on a terminal, elsewhere a line when something is done."""

    said_at: float = 0.0
    done: str = ""

    def say(self, doing: str, share: float, rows: int) -> None:
        if self.done == doing:
            return
        self.done = doing if share >= 1 else ""
        if not sys.stderr.isatty():
            if self.done:
                typer.echo(line(doing, share, rows), err=True)
        elif self.done or time.monotonic() > self.said_at + SECONDS_BETWEEN:
            self.said_at = time.monotonic()
            typer.echo("\r" + bar(doing, share, rows), err=True, nl=bool(self.done))
