"""What is asked of an import, and what is answered of it."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.feeds.imports.notation import DateForm, Decimal, Separator
from app.feeds.imports.periods import Period
from app.wire import Wire, Word


class Asked(Wire):
    """How to read a file, and what its columns mean."""

    profile: Annotated[
        str,
        Field(
            max_length=40,
            description="`divi` or `nctr` for the files of that name; `tidy` for unique_id, ds, y "
            "and cap; `columns` for a column by measure.",
            examples=["columns"],
        ),
    ]
    measure: Annotated[
        str | None,
        Field(
            max_length=240,
            description="Of `tidy`: what `y` counts, such as `occupied` or `admissions`.",
            examples=["occupied"],
        ),
    ] = None
    cap_measure: Annotated[
        str | None,
        Field(
            max_length=240,
            description="Of `tidy`: what `cap` counts. Left out: there is no column `cap`.",
            examples=["staffed"],
        ),
    ] = None
    bed_type: Annotated[
        Word | None,
        Field(description="Of `tidy`: the bed type of what is counted by bed.", examples=["ward"]),
    ] = None
    period: Annotated[
        Period,
        Field(
            description="How long a row lasts, for what is counted over a period: the local day "
            "`ds`, the week that begins on it, or the hour that begins at it."
        ),
    ] = "day"
    separator: Annotated[Separator | None, Field(description="Left out: as the header shows.")] = (
        None
    )
    decimal: Annotated[
        Decimal | None,
        Field(description="Left out: `comma` where semicolons separate, else `point`."),
    ] = None
    date_form: Annotated[DateForm, Field(description="How days are written.")] = "YYYY-MM-DD"
    unknown_as: Annotated[
        tuple[Annotated[str, Field(max_length=10)], ...],
        Field(max_length=10, description="What stands for unknown, beside an empty cell."),
    ] = ("NA",)
    dry_run: Annotated[
        bool, Field(description="Do all of it, tell what would have become of it, and undo it.")
    ] = False


class ImportShown(Wire):
    """A file that was brought in, or that is on its way."""

    id: uuid.UUID
    profile: str
    state: Literal["underWay", "done"]
    dry_run: bool
    started_at: datetime
    finished_at: datetime | None = Field(None, description="Null while it is under way.")
    read_bytes: int = Field(description="Of the file as it was sent, packed or not.")
    total_bytes: int
    rows: int = Field(description="Read so far.")
    figures: int | None = None
    units: int | None = None
    added: int | None = Field(None, description="Figures that were not there.")
    corrected: int | None = Field(None, description="Figures that were there with another value.")
    unchanged: int | None = Field(None, description="Figures that were there as they are.")
    since: datetime | None = Field(None, description="The first moment that is told of.")
    until: datetime | None = None


class ImportList(Wire):
    items: tuple[ImportShown, ...]
