"""The command `verkeerstoren`: serve, set up a region, bring figures in, run jobs, look after keys.

Without DATABASE_URL it uses the embedded Postgres in TOREN_DATA_DIR (./var), and joins it where
`serve` has started it already.
"""

import asyncio
import gc
import sys
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Annotated

import orjson
import typer
import uvicorn
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import serving, store
from app.access.commands import add_client, add_key, note, revoke_key
from app.access.queries import keys_there_are
from app.access.scopes import SCOPES
from app.access.tables import Organisation
from app.backtesting import FORMS as BACKTEST_FORMS
from app.backtesting import backtest
from app.contract import document
from app.facilities.commands import OPERATOR
from app.facilities.region_file import parse
from app.feeds.pulls.addresses import allow_list
from app.feeds.pulls.commands import keep_pulling, pull_now
from app.feeds.pulls.pulled import lines
from app.forecasting import FORMS as FORECAST_FORMS
from app.forecasting import forecast
from app.imports import FORMS, import_
from app.jobs.commands import keep_running, run_now
from app.jobs.schedule import Job
from app.labouring import FORMS as LABOUR_FORMS
from app.labouring import labour
from app.living import demo
from app.main import create_app
from app.opening import ZOETERMEER, apply_region, as_owner, opened, refuse
from app.settings import Settings
from app.yearly import POPULATION_FORMS, YEARS_FORMS, population, years

main = typer.Typer(
    no_args_is_help=True,
    help=__doc__,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
region = typer.Typer(no_args_is_help=True, help="The master data of the region, from one file.")
jobs = typer.Typer(no_args_is_help=True, help="Work that runs on a clock.")
keys = typer.Typer(no_args_is_help=True, help="API keys of the organisations' clients.")
feeds = typer.Typer(no_args_is_help=True, help="Feeds that the tower fetches by itself.")
for name, group in (("region", region), ("jobs", jobs), ("keys", keys), ("feeds", feeds)):
    main.add_typer(group, name=name)
main.command("import", epilog=FORMS)(import_)
main.command("forecast", epilog=FORECAST_FORMS)(forecast)
main.command("backtest", epilog=BACKTEST_FORMS)(backtest)
main.command("years", epilog=YEARS_FORMS)(years)
main.command("population", epilog=POPULATION_FORMS)(population)
main.command("labour", epilog=LABOUR_FORMS)(labour)
main.add_typer(demo, name="demo")

LEAVE = "(Ctrl-C ends it)"


@main.command()
def serve(
    demo: Annotated[
        bool, typer.Option("--demo", help="Serve the region of Zoetermeer (fictief), which lives.")
    ] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0: any that is free.")] = None,
) -> None:
    """Serve the API and the page. Ctrl-C ends it, and everything that it started."""
    with suppress(KeyboardInterrupt), opened() as settings, ExitStack() as beside:
        demo = demo or settings.demo
        if demo and Settings().database_url:
            refuse("The demo is served from the embedded database only. Unset DATABASE_URL.")
        if settings.key_pepper is None:
            refuse("Set TOREN_KEY_PEPPER to a secret of at least 32 characters.")
        host, port = host or settings.host, settings.port if port is None else port
        if (taken := serving.not_free(host, port)) is not None:
            refuse(taken)
        leaving = Event()
        told: list[serving.Open] = [lambda address: typer.echo(f"Serving on {address}  {LEAVE}")]
        if demo:
            asyncio.run(apply_region(settings, parse(ZOETERMEER.read_text("utf-8"))))
            typer.echo("Gezondheidsverkeerstoren, regio Zoetermeer (fictief)")
        if demo and settings.demo_days:
            told.append(beside.enter_context(serving.playing(settings, leaving)))
        # After the figures of the demo are there, so that the first forecast sees them.
        beside.enter_context(serving.working(settings))
        served = create_app(settings)
        served.state.leaving = leaving
        config = uvicorn.Config(
            served,
            host=host,
            port=port,
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=8,
        )
        # What is loaded by now lives for good: the collector need not walk it again and again.
        gc.collect()
        gc.freeze()
        serving.Server(config, told, leaving).run()


@jobs.command("run")
def jobs_run(
    parent: Annotated[
        int | None, typer.Option(help="End when this process is no longer the parent.")
    ] = None,
) -> None:
    """Do what is due, until ended: the forecast at 04:00 local time, partitions before it, scores
    after it, and all day the feeds that are fetched and the signals."""

    async def work(settings: Settings) -> None:
        # A group waits until both have closed what they opened, which `gather` does not.
        async with asyncio.TaskGroup() as group:
            group.create_task(keep_running(settings))
            group.create_task(keep_pulling(settings))

    with serving.ended_with(parent), opened() as settings:
        check_allow_list(settings)
        serving.run(work(settings))


@jobs.command("forecast")
def jobs_forecast() -> None:
    """Make the forecasts of days to years now. Waits 10 seconds for writes to settle."""
    run_job("forecast")


@jobs.command("days")
def jobs_days() -> None:
    """Make the forecast of the next days anew, now, if anything was told since the last."""
    run_job("days")


@jobs.command("score")
def jobs_score() -> None:
    """Compare what runs said with what came true since, now. Waits 10 seconds as `forecast`."""
    run_job("score")


@jobs.command("signals")
def jobs_signals() -> None:
    """Look at the region for signals now; `run` does so every half minute."""
    run_job("signals")


@jobs.command("partitions")
def jobs_partitions() -> None:
    """Make partitions for the figures of the coming 14 months."""
    run_job("partitions")


def say_slices(finished: int, of: int) -> None:
    typer.echo(f"{finished} of {of} slices", err=True)


def run_job(job: Job) -> None:
    with opened() as settings:
        owner = job == "partitions"
        url = settings.database_owner_url if owner else settings.database_worker_url
        url = url or settings.database_owner_url
        if not url:
            refuse("Set DATABASE_WORKER_URL, or DATABASE_OWNER_URL.")
        say = say_slices if sys.stderr.isatty() else None
        outcome = asyncio.run(run_now(url, job, at=datetime.now(UTC), say=say))
        typer.echo(orjson.dumps(outcome, option=orjson.OPT_INDENT_2).decode())


@feeds.command("pull")
def feeds_pull(
    feed: Annotated[str, typer.Argument(help="Its slug in the region file.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be taken, and take nothing.")
    ] = False,
) -> None:
    """Fetch a feed once, now, and say what was read. Ends with 1 if nothing could be taken."""
    with opened() as settings:
        check_allow_list(settings)
        pulled = asyncio.run(pull_now(settings, feed, dry_run=dry_run))
        for line in lines(pulled, dry_run=dry_run):
            typer.echo(line)
        if not pulled.well:
            raise typer.Exit(1)


def check_allow_list(settings: Settings) -> None:
    try:
        allow_list(settings.feed_hosts)
    except ValueError as error:
        refuse(str(error))


@main.command()
def migrate() -> None:
    """Bring the database to this release's schema, and make partitions 14 months ahead."""
    with opened() as settings:
        if not settings.database_owner_url:
            refuse("Set DATABASE_OWNER_URL: migrations are run as the owner.")
        store.migrate(settings.database_owner_url)
        made = asyncio.run(store.ensure_partitions(settings.database_owner_url))
        typer.echo(f"The schema is at {store.head()}; {made} partitions were made.")


@region.command("apply")
def region_apply(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    end_absent: Annotated[
        bool, typer.Option("--end-absent", help="End what is no longer in the file.")
    ] = False,
) -> None:
    """Bring the master data to what FILE says. Nothing is overwritten: versions are added."""
    with opened() as settings:
        changes = asyncio.run(
            apply_region(settings, parse(file.read_text("utf-8")), dry_run, end_absent)
        )
        for change in changes:
            typer.echo(str(change))
        written = sum(change.writes for change in changes)
        typer.echo(f"{written} changes{' would be' if dry_run else ''} made.")


@keys.command("add")
def keys_add(
    organisation: Annotated[str, typer.Argument(help="Its slug in the region file.")],
    client: Annotated[str, typer.Argument(help="Which of its clients: ward-board, his-feed ...")],
    scope: Annotated[list[str], typer.Option(help=f"One of: {', '.join(SCOPES)}.")],
    hand: Annotated[
        bool, typer.Option("--hand", help="People type its figures in; else a system sends them.")
    ] = False,
) -> None:
    """Make a key. It is shown once; two may live at a time, so that one can replace the other."""
    unknown = sorted(set(scope) - set(SCOPES))
    if unknown:
        refuse(f"There is no scope {', '.join(unknown)}. There are: {', '.join(SCOPES)}.")

    async def work(session: AsyncSession) -> str:
        named = select(Organisation.org_id).where(Organisation.organisation == organisation)
        org_id = await session.scalar(named)
        if org_id is None:
            refuse("There is no organisation of this name. `region apply` makes them.")
        assert settings.key_pepper is not None
        client_id = await add_client(session, org_id, client, "hand" if hand else "feed")
        wanted = [each for each in SCOPES if each in scope]
        pepper = settings.key_pepper.get_secret_value().encode()
        key = await add_key(session, org_id, client_id, wanted, pepper)
        note(
            *(session, OPERATOR, "keys.add", "C"),
            object_type="key",
            object_id=key.kid,
            org_id=org_id,
            right="operator",
        )
        return key.text

    with opened() as settings:
        if settings.key_pepper is None:
            refuse("Set TOREN_KEY_PEPPER to the secret that the server has.")
        typer.echo(asyncio.run(as_owner(settings, work)))


@keys.command("list")
def keys_list(
    organisation: Annotated[
        str | None, typer.Argument(help="Its slug in the region file; left out: of all.")
    ] = None,
) -> None:
    """Say which keys there are, of which client, and which still open the door. No secrets."""
    with opened() as settings:
        for key in asyncio.run(
            as_owner(settings, lambda session: keys_there_are(session, organisation))
        ):
            ended = f"revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "live"
            words = (key.kid, key.organisation, key.client, ended, " ".join(key.scopes))
            typer.echo("  ".join(words))


@keys.command("revoke")
def keys_revoke(
    kid: Annotated[str, typer.Argument(help="The part of the key between vt_ and the last _.")],
) -> None:
    """End a key for good. A running server takes it for one second more at most."""

    with opened() as settings:
        asyncio.run(as_owner(settings, lambda session: revoke_key(session, OPERATOR, kid)))
        typer.echo(f"Key {kid} is revoked.")


@main.command()
def openapi(
    check: Annotated[
        Path | None, typer.Option(help="Compare with this file; end with 1 if it differs.")
    ] = None,
) -> None:
    """Print the OpenAPI document of this release."""
    told = openapi_text()
    if check is not None and check.read_bytes() != told:
        refuse(f"{check} differs from what this release serves. `make openapi` writes it anew.")
    sys.stdout.buffer.write(told)


def openapi_text() -> bytes:
    settings = Settings(database_url="postgresql://nowhere/none", key_pepper="x" * 32)
    pretty = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(document(create_app(settings)), option=pretty)


@main.command()
def doctor() -> None:
    """Say how the store stands: version, schema, durability, and the rights of each role."""
    with opened() as settings:
        for line in asyncio.run(store.examine(settings)):
            typer.echo(line)


if __name__ == "__main__":
    main()
