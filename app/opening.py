"""What each command begins with: the store opened, the region applied, a refusal as a sentence."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app import logs, store
from app.db import connect, sessions_of
from app.errors import Refusal
from app.facilities import commands as facilities
from app.facilities.changes import Change
from app.facilities.region import Region
from app.feeds.queries import FEEDS
from app.postgres import PostgresUnavailable
from app.settings import Settings

Done = TypeVar("Done")
ZOETERMEER = Path(__file__).parent / "facilities" / "zoetermeer.yaml"
# Postgres manual, appendix A.
UNDEFINED_TABLE = "42P01"


def refuse(sentence: str) -> NoReturn:
    typer.secho(sentence, err=True, fg="red")
    raise typer.Exit(1)


def read_settings() -> Settings:
    """From the environment, or a sentence for each variable that cannot be read."""
    try:
        return Settings()
    except ValidationError as error:
        for each in error.errors(include_input=False, include_url=False):
            name = str(each["loc"][0]) if each["loc"] else ""
            variable = name if name.isupper() else f"TOREN_{name.upper()}"
            typer.secho(f"{variable}: {each['msg']}.", err=True)
        refuse("A setting cannot be read; docs/settings.md says what each takes.")


@contextmanager
def opened() -> Iterator[Settings]:
    """The store, or a sentence that says what is wrong with it."""
    settings = read_settings()
    logs.configure(settings.log_level)
    try:
        with store.opened(settings) as settings:
            yield settings
    except (PostgresUnavailable, store.StoreRefused) as refused:
        refuse(str(refused))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") != UNDEFINED_TABLE:
            raise
        refuse(
            "This database lacks tables that this release needs. Run `verkeerstoren migrate` with "
            "DATABASE_OWNER_URL set, then try again."
        )
    except Refusal as refused:
        for fault in refused.faults:
            where = fault.pointer or " ".join(
                f"{name} {value}"
                for name, value in (("row", fault.row), ("column", fault.column))
                if value is not None
            )
            typer.secho(f"{where}: {fault.detail}", err=True)
        refuse(refused.detail)


async def as_owner(
    settings: Settings, work: Callable[[AsyncSession], Coroutine[Any, Any, Done]]
) -> Done:
    if not settings.database_owner_url:
        raise store.StoreRefused("Set DATABASE_OWNER_URL: this is done as the owner.")
    engine = connect(settings.database_owner_url, pool_size=1, seconds=60, limits={})
    try:
        async with sessions_of(engine).begin() as session:
            return await work(session)
    finally:
        await engine.dispose()


async def apply_region(
    settings: Settings, found: Region, dry_run: bool = False, end_absent: bool = False
) -> list[Change]:
    async def work(session: AsyncSession) -> list[Change]:
        done = await facilities.apply(
            session,
            found,
            at=datetime.now(UTC),
            dry_run=dry_run,
            end_absent=end_absent,
            feeds=FEEDS,
        )
        if found.region.fictief and not dry_run and settings.key_pepper:
            pepper = settings.key_pepper.get_secret_value().encode()
            await facilities.add_clients(session, found, pepper)
        return done

    return await as_owner(settings, work)
