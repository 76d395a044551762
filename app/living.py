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
from app.demo.region.commands import (
    Begun,
    alone,
    ask_for,
    keep,
    laid_down,
    left_at,
    simulated,
    told_at,
)
from app.demo.region.headway import bar, line
from app.demo.reporters import reporters_of
from app.demo.truth import beside
from app.facilities.region_file import parse
from app.opening import ZOETERMEER, apply_region, opened, refuse
from app.serving import ended_with, run
from app.settings import Settings

demo = typer.Typer(
    invoke_without_command=True,
    help="A made-up region (fictief): loaded, living on, and the truth behind what it tells.",
)
SECONDS_BETWEEN = 0.1


@demo.callback()
def demo_(
    command: typer.Context,
    into_this_database: Annotated[
        bool,
        typer.Option(
            "--into-this-database",
            help="Set up the region and load it into the database of DATABASE_URL, which must "
            "hold no organisations. It then bears the mark fictief, for good.",
        ),
    ] = False,
) -> None:
    if command.invoked_subcommand is not None:
        return
    if not into_this_database:
        typer.echo(command.get_help())
        return
    with ended_with(None), opened() as settings:
        if settings.key_pepper is None:
            refuse("Set TOREN_KEY_PEPPER to the secret that the server will have.")
        run(apply_region(settings, parse(ZOETERMEER.read_text("utf-8"))))
        since = run(left_at(owner_url(settings), settings.demo_days, datetime.now(UTC)))
        run(ask_for(owner_url(settings), since, settings.demo_seed))
        typer.echo(sentence(brought_up(settings)))


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


@demo.command("truth")
def demo_truth(
    at: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"],
            help="A moment with its offset, as 2026-11-22T08:00+01:00; left out: now.",
        ),
    ] = None,
    unit: Annotated[str | None, typer.Option(help="Of this unit or staff pool only.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, one line a figure.")] = False,
) -> None:
    """Print what really was in the region (fictief), beside what had been told by then.

    A star marks what was told otherwise: late, wrongly, or as unknown.
    """
    with ended_with(None), opened() as settings:
        moment = at or datetime.now(UTC)
        region = parse(ZOETERMEER.read_text("utf-8"))
        rows = judged(settings, Senders(region), moment, unit)
        if unit and not rows:
            refuse(f"The region has no unit or staff pool {unit}.")
        if as_csv:
            typer.echo(beside.as_csv(rows), nl=False)
            return
        typer.echo(f"{region.region.name}, {moment:%Y-%m-%d %H:%M %Z}")
        for each in beside.as_table(rows):
            typer.echo(each)


def judged(
    settings: Settings, senders: Senders, at: datetime, unit: str | None
) -> list[beside.Beside]:
    url = owner_url(settings)
    since = run(left_at(url, settings.demo_days, datetime.now(UTC)))
    if since.loaded == since.begin:
        refuse("No figures of the demo are loaded here. `verkeerstoren demo load` loads them.")
    if not since.begin <= at.timestamp() <= time.time():
        begin = datetime.fromtimestamp(since.begin, UTC)
        refuse(f"Ask for a moment from {begin:%Y-%m-%d %H:%M} UTC on, and not in the future.")
    if since.seed not in (None, settings.demo_seed):
        refuse(f"What is loaded here is of seed {since.seed}. Set TOREN_DEMO_SEED to that.")
    moment = int(at.timestamp())
    world = simulated(settings.demo_seed, since.begin, moment, Headway().say)
    stocks, flows = run(told_at(url, at))
    return list(beside.besides(world.truth, moment, senders.places, stocks, flows, unit))


def owner_url(settings: Settings) -> str:
    if not settings.database_owner_url:
        raise store.StoreRefused("Set DATABASE_OWNER_URL: this is done as the owner.")
    return settings.database_owner_url


def brought_up(settings: Settings) -> Begun:
    """The region up to now. The simulation holds the processor, so it stands between two runs."""
    url, say = owner_url(settings), Headway().say
    region = parse(ZOETERMEER.read_text("utf-8"))
    reporters = reporters_of(region, settings.demo_seed)
    since = run(left_at(url, settings.demo_days, datetime.now(UTC)))
    world = simulated(reporters.seed, since.begin, int(time.time()), say)
    return run(laid_down(url, since, Play(world, reporters, Senders(region), since.dense), say))


async def live_on(settings: Settings, begun: Begun, address: str) -> None:
    async with (
        alone(owner_url(settings)) as sessions,
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
