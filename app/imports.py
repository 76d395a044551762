"""The command `verkeerstoren import`: a file of past figures, with how far it is."""

import asyncio
import re
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic import ValidationError

from app.errors import Invalid
from app.faults import Fault, fault_of
from app.feeds.imports.asked import profile_of
from app.feeds.imports.commands import import_file
from app.feeds.imports.headway import Headway, Imported
from app.feeds.imports.schemas import Asked
from app.feeds.profiles import Profile
from app.opening import opened

WIDTH = 30
FORMS = r"""
A unit is named by its code, or by your own code of it. What each form needs:

  divi      unique_id, ds, y (occupied), cap (staffed), of intensive care

  nctr      unique_id, ds, y (medicallyReady)

  tidy      unique_id, ds, y and --measure; cap with --cap-measure

  columns   unit (or staffPool), ds, and a column named by each measure:
            occupied, closedPlaces\[staff], "rostered\[nurse,dag]"

Examples:

  verkeerstoren import divi_icu_daily.csv --profile divi --create-units

  verkeerstoren import reeks.csv --profile tidy --measure occupied
            --organisation ziekenhuis-zoetermeer

  verkeerstoren import bedden.csv.gz --profile columns --dry-run
            --organisation ziekenhuis-zoetermeer

  verkeerstoren import week.csv --profile columns --period week
            --date-form DD-MM-YYYY --organisation ziekenhuis-zoetermeer
"""


def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    profile: Annotated[
        str, typer.Option(help="What its columns mean: divi, nctr, tidy or columns; see below.")
    ],
    measure: Annotated[
        str | None, typer.Option(help="tidy: what y counts, such as occupied.")
    ] = None,
    cap_measure: Annotated[
        str | None, typer.Option(help="tidy: what cap counts, such as staffed.")
    ] = None,
    bed_type: Annotated[str | None, typer.Option(help="tidy: of which beds, such as ward.")] = None,
    period: Annotated[
        Literal["hour", "day", "week"],
        typer.Option(help="How long a row lasts, for what is counted over a period."),
    ] = "day",
    separator: Annotated[
        Literal["comma", "semicolon"] | None, typer.Option(help="Left out: as the header shows.")
    ] = None,
    decimal: Annotated[
        Literal["point", "comma"] | None,
        typer.Option(help="Left out: comma where semicolons separate, else point."),
    ] = None,
    date_form: Annotated[
        Literal["YYYY-MM-DD", "DD-MM-YYYY"], typer.Option(help="How days are written.")
    ] = "YYYY-MM-DD",
    unknown_as: Annotated[
        list[str] | None,
        typer.Option(help="What stands for unknown beside an empty cell; left out: NA."),
    ] = None,
    create_units: Annotated[
        bool, typer.Option("--create-units", help="Make the units that are not known yet.")
    ] = False,
    organisation: Annotated[
        str | None,
        typer.Option(help="Whose figures they are; left out of divi and nctr: named as those."),
    ] = None,
    setting: Annotated[
        str | None, typer.Option(help="Care setting of units that are made.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do all of it, and take it back.")
    ] = False,
) -> None:
    """Bring figures of the past in from FILE (CSV, or .gz): all of it or nothing.

    The same file again changes nothing; a changed figure becomes a correction.
    """
    with opened() as settings:
        assert settings.database_url
        asked = asked_of(
            profile=profile,
            measure=measure,
            cap_measure=cap_measure,
            bed_type=bed_type,
            period=period,
            separator=separator,
            decimal=decimal,
            date_form=date_form,
            unknown_as=["NA"] if unknown_as is None else unknown_as,
            dry_run=dry_run,
        )
        bar = Bar()
        imported = asyncio.run(
            import_file(
                settings.database_url,
                file,
                wanted(asked),
                owner_url=settings.database_owner_url,
                create_units=create_units,
                organisation=organisation,
                setting=setting,
                dry_run=dry_run,
                progress=bar.show,
            )
        )
        bar.end()
    typer.echo(told(imported, dry_run))


def asked_of(**told: object) -> Asked:
    try:
        return Asked.model_validate(told)
    except ValidationError as error:
        faults = tuple(fault_of(dict(each)) for each in error.errors(include_input=False))
        raise Invalid("The file was not read.", code="not-valid", faults=faults) from None


def wanted(asked: Asked) -> Profile:
    """What is wrong is named by its option."""
    try:
        return profile_of(asked)
    except Invalid as invalid:
        raise replace(invalid, faults=[option(fault) for fault in invalid.faults]) from None


def option(fault: Fault) -> Fault:
    words = re.sub("[A-Z]", lambda sign: f"-{sign[0].lower()}", fault.parameter or "")
    return replace(fault, pointer=f"--{words}")


def told(imported: Imported, dry_run: bool) -> str:
    return (
        f"{imported.rows:,} rows of {imported.units} units, {imported.since:%Y-%m-%d} to "
        f"{imported.until:%Y-%m-%d}: {imported.added:,} figures "
        f"{'would be added' if dry_run else 'added'}, "
        f"{imported.corrected:,} corrected, {imported.unchanged:,} unchanged; "
        f"{imported.units_made} units made."
    )


class Bar:
    """How much of the file is read, on a terminal only."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.shown = sys.stderr.isatty()

    def show(self, headway: Headway) -> None:
        if self.shown:
            typer.echo(f"\r{line(headway, time.monotonic() - self.began)}", err=True, nl=False)

    def end(self) -> None:
        if self.shown:
            typer.echo("", err=True)


def line(headway: Headway, seconds: float) -> str:
    part = min(1.0, headway.read / headway.total) if headway.total else 1.0
    full = round(WIDTH * part)
    rate = headway.rows / seconds if seconds else 0.0
    stored = " storing ..." if part == 1 else ""
    return (
        f"[{'#' * full}{'.' * (WIDTH - full)}] {part:4.0%} of {headway.total / 1e6:,.1f} MB, "
        f"{headway.rows:,} rows, {rate:,.0f} rows/s{stored}"
    )
