"""The command `labour`: a table of who works as a section of the region file."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, TypeVar

import typer

from app.filing import read, say, unusable, usable, writing
from app.forecasting import File
from app.planning import labour_beside, labour_section
from app.planning.labour_beside import Beside
from app.planning.labour_section import Taken
from app.planning.labour_table import read_labour

Read = TypeVar("Read")
Each = list[str]
FORMS = r"""
FILE has a row for each role and year, and if it tells them for each region and age, under the
headers of AZW StatLine and the Prognosemodel: Functiegroep, Regio, Perioden, Leeftijd, Werknemers,
FTE, Instroom, Uitstroom, Ziekteverzuim (in per cent); "(x 1 000)" behind a name counts thousands.
All that is wrong is told at once by row and column: negative figures, ages that overlap or do not
add up to their total, a missing year, more FTE than people.

What no such table tells is told beside it and never made up. Write ROLE=... for one role, or leave
ROLE= out for all that have none of their own. --asked is FTE at work per occupied place of a care
setting and bed type, or without a bed type per hour of care a week. --ages has shares, for a FILE
without ages. Who is older than --retires is gone within the first year. An outflow that holds
retirement is told so: who grows too old is then taken off it, and not reckoned twice.

OUT is a `labour:` section for the region file; `verkeerstoren region apply FILE --dry-run` checks
it there.

Example:

  verkeerstoren labour azw.csv --role "Verpleegkundige mbo=nurse" --year 2024
            --region Haaglanden --share 0.12 --with-retirement --working-ages 15-67
            --begins 21-34 --retires 67.25 --inflow 0.8-1.2 --outflow 0.7-1.4
            --asked hospital-ward/ward:1.05 --asked short-stay/elv-high:0.3 > arbeid.yaml
"""


def labour(
    file: File,
    role: Annotated[Each, typer.Option(help="NAME=ROLE: a role of FILE, and the region file's.")],
    year: Annotated[int, typer.Option(min=1990, max=2100, help="Which year of FILE.")],
    begins: Annotated[Each, typer.Option(help="The ages at which people begin: 19-44.")],
    retires: Annotated[Each, typer.Option(help="The age at which all have retired: 67.25.")],
    inflow: Annotated[Each, typer.Option(help="Its P10 and P90 as factors: 0.8-1.2.")],
    outflow: Annotated[Each, typer.Option(help="Its P10 and P90 as factors: 0.7-1.4.")],
    asked: Annotated[Each, typer.Option(help="Care setting, bed type and FTE; several times.")],
    with_retirement: Annotated[
        bool,
        typer.Option(
            "--with-retirement/--without-retirement",
            help="Whether FILE's outflow counts who retires.",
        ),
    ],
    ages: Annotated[
        Each | None, typer.Option(help="If FILE tells none, shares: 20-39:0.4,40-66:0.6.")
    ] = None,
    working_ages: Annotated[
        str | None, typer.Option(help="Where the open ages of FILE begin and end: 15-70.")
    ] = None,
    region: Annotated[str | None, typer.Option(help="Which region of FILE.")] = None,
    share: Annotated[
        float, typer.Option(min=0.0001, max=1, help="Which share of its people works here.")
    ] = 1,
    source: Annotated[
        str | None, typer.Option(help="Whose figures, and of when; left out: FILE's name.")
    ] = None,
    out: Annotated[str, typer.Option(help="What is written once it is whole; -: stdout.")] = "-",
) -> None:
    """Who works, who comes and who goes, as a section of the region file."""
    with usable(), writing(out) as text:
        wrong: list[str] = []
        names = told(wrong, partial(labour_beside.names_of, role)) or {}
        of = partial(each_of, wrong, list(names))
        first = of("--begins", begins, labour_beside.span_of)
        last = of("--retires", retires, labour_beside.age_of)
        came = of("--inflow", inflow, labour_beside.factors_of)
        left = of("--outflow", outflow, labour_beside.factors_of)
        shares = of("--ages", ages, labour_beside.shares_of) if ages else {}
        asks = told(wrong, partial(labour_beside.asks_of, asked, list(names))) or {}
        working = told(wrong, partial(labour_beside.working_of, working_ages))
        if wrong:
            say(wrong)
            unusable("Nothing was read. `verkeerstoren labour --help` has an example.")
        beside = [
            Beside(
                *(name, each, first[each], last[each], came[each], left[each], asks[each]),
                shares.get(each),
            )
            for each, name in names.items()
        ]
        taken = Taken(year, region, share, with_retirement, working, source)
        found = labour_section.section(read(file, read_labour), beside, taken)
        text.write(labour_section.as_text(found))


def told(wrong: list[str], act: Callable[[], Read]) -> Read | None:
    """What options say, or None and the sentence that says what is wrong with them."""
    try:
        return act()
    except ValueError as refused:
        wrong.append(str(refused))
        return None


def each_of(
    wrong: list[str],
    roles: Sequence[str],
    option: str,
    said: Sequence[str],
    read: Callable[[str], Read],
) -> Mapping[str, Read]:
    return told(wrong, partial(labour_beside.once_by_role, option, said, roles, read)) or {}
