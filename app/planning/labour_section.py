"""A labour table as the `labour` section of a region file, and what no such table tells.

How sure its figures are, at which ages people begin and retire, and what care asks of them is told
beside the table: it is never made up.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import ValidationError

from app.facilities.years.schemas import Labour
from app.forecasts.rows import Faults
from app.planning.labour import by_age, stock
from app.planning.labour_beside import WORD, Beside, Between
from app.planning.labour_table import HEADERS, LabourTable, Stock
from app.planning.people_table import Ages

# A tenth of a person is as much as a share of a table can tell.
PEOPLE_DECIMALS, DECIMALS = 1, 4


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken from the table, and whether its outflow counts who retires."""

    year: int
    region: str | None
    share: float
    with_retirement: bool
    working_ages: tuple[int, int] | None
    source: str | None = None


def section(table: LabourTable, roles: Sequence[Beside], taken: Taken) -> list[Labour]:
    """One entry for each role; `Invalid` with all that the table lacks, by row and column."""
    faults = Faults(table.file)
    region = region_of(table, taken.region, faults)
    found = []
    for beside in roles:
        there = [s for s in table.stocks if s.role == beside.name and s.region == region]
        of = in_year(there, beside, taken.year, table, faults)
        if of is not None:
            found += list(entry(of, beside, taken, table, faults))
    if faults.count:
        faults.refuse()
    return found


def region_of(table: LabourTable, asked: str | None, faults: Faults) -> str:
    """The one region of the table, or the one that is asked for."""
    named = sorted({each.region for each in table.stocks})
    if asked is None and len(named) == 1:
        return named[0]
    if asked is not None and asked in named:
        return asked
    listed = ", ".join(named[:8]) + (" ..." if len(named) > 8 else "")
    column = table.columns.get("region", "region")
    if asked is None:
        detail = f"The table tells of {len(named)} regions ({listed}). Say which: --region."
        faults.add("several-regions", detail, table.stocks[0].line, column)
    else:
        detail = f"There is no {asked}; the table has {listed or 'none'}. Write it as it does."
        faults.add("no-such-region", detail, 1, column)
    faults.refuse()


def in_year(
    there: Sequence[Stock], beside: Beside, year: int, table: LabourTable, faults: Faults
) -> Stock | None:
    if not there:
        names = sorted({each.role for each in table.stocks})
        listed = ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")
        detail = f"There is no {beside.name}; the table has {listed}. Write it as it does."
        faults.add("no-such-role", detail, 1, table.columns["role"])
        return None
    found = [each for each in there if each.year == year]
    if not found:
        years = f"{there[0].year} to {there[-1].year}"
        detail = f"{year} is missing of {beside.name}: {years} are told. Add it, or take another."
        faults.add("missing-year", detail, there[-1].line, table.columns["year"])
        return None
    return found[0]


def entry(
    of: Stock, beside: Beside, taken: Taken, table: LabourTable, faults: Faults
) -> Iterator[Labour]:
    """The role of one year; nothing, and the faults, where it cannot be made."""
    before = faults.count
    fte, inflow, outflow, absence = (
        known(name, of, table, faults) for name in ("fte", "inflow", "outflow", "absence")
    )
    bands = ages_of(of, beside, taken.working_ages, table, faults)
    if of.people <= 0:
        detail = f"Nobody works as {of.role} in {of.year}, so that there is nothing to plan with."
        faults.add("nobody", detail, of.line, table.columns["people"])
    if faults.count > before:
        return
    leaving = leaves(of, bands, beside, taken, outflow)
    if leaving <= 0:
        detail = (
            f"{outflow:,.0f} left, and no fewer than that grow older than {beside.retires:g} by "
            "themselves. Correct the outflow, --retires or the ages, or tell the outflow without "
            "retirement."
        )
        faults.add("outflow-below-retirement", detail, of.line, table.columns["outflow"])
        return
    told = {
        "role": beside.role,
        "source": taken.source or source_of(of, table, taken.share),
        "year": of.year,
        "ages": [
            {"from": low, "to": high, "people": round(n * taken.share, PEOPLE_DECIMALS)}
            for (low, high), n in bands.items()
        ],
        "inflow": around(inflow * taken.share, beside.inflow),
        "beginsAt": {"from": beside.begins[0], "to": beside.begins[1]},
        "outflow": around(leaving, beside.outflow),
        "retiresAt": beside.retires,
        "ftePerPerson": round(fte / of.people, DECIMALS),
        "absence": round(absence, DECIMALS),
        "asked": [
            {"careSetting": setting, "fte": n} | ({"bedType": bed} if bed else {})
            for setting, bed, n in beside.asked
        ],
    }
    try:
        yield Labour.model_validate(told)
    except ValidationError as refused:
        for error in refused.errors(include_url=False, include_input=False):
            place = "/".join(str(part) for part in error["loc"])
            detail = f"{place or of.role}: {error['msg']}. Correct the table or what is told of it."
            faults.add("not-a-section", detail, of.line)


def known(name: str, of: Stock, table: LabourTable, faults: Faults) -> float:
    """A figure of the table, or NaN and a fault where it is not told."""
    value: float | None = getattr(of, name)
    if value is not None:
        return value
    if name not in table.columns:
        examples = ", ".join(HEADERS[name][:3])
        detail = f"No column tells of it. Name one so that it begins with: {examples}."
        faults.add("missing-column", detail, 1, name)
    else:
        detail = f"It is not told of {of.role} in {of.year}. Fill it in, or take another --year."
        faults.add("unknown", detail, of.line, table.columns[name])
    return float("nan")


def ages_of(
    of: Stock,
    beside: Beside,
    working: tuple[int, int] | None,
    table: LabourTable,
    faults: Faults,
) -> dict[tuple[int, int], float]:
    """People by age as the table tells them, else by the shares that are told beside it."""
    if not of.bands:
        if beside.ages is None:
            detail = (
                f"It tells nothing of the ages of {of.role}. Add a column {HEADERS['ages'][0]}, or "
                "give their shares: --ages."
            )
            faults.add("missing-column", detail, of.line, table.columns.get("ages", "leeftijd"))
            return {}
        return {ages: share * of.people for ages, share in beside.ages.items()}
    closed = [(ended(ages, working), n) for ages, n in of.bands]
    for ages, _ in closed:
        if ages is None:
            detail = (
                "An age that is open, or below 14 or above 90, is of no worker. Say from which age "
                "to which people work: --working-ages 15-70."
            )
            faults.add("open-age", detail, of.line, table.columns["ages"])
            return {}
    return {ages: n for ages, n in closed if ages is not None}


def ended(ages: Ages, working: tuple[int, int] | None) -> tuple[int, int] | None:
    """Open ends filled in by the ages that people work at; None where one is not known."""
    low, high = ages
    if working is not None:
        low = working[0] if low == 0 else low
        high = working[1] if high is None else high
    if high is None or not 14 <= low <= high <= 90:
        return None
    return low, high


def leaves(
    of: Stock,
    bands: Mapping[tuple[int, int], float],
    beside: Beside,
    taken: Taken,
    outflow: float,
) -> float:
    """The share that leaves in a year before retirement.

    Where the table counts who retires too: of `heads`, `gone` grow too old if nobody leaves before,
    and people leave first, so that outflow = heads x share + (1 - share) x gone.
    """
    if not taken.with_retirement:
        return outflow / of.people
    heads, gone = sum(bands.values()), retiring(bands, beside)
    return (outflow - gone) / (heads - gone) if heads > gone else 0.0


def retiring(bands: Mapping[tuple[int, int], float], beside: Beside) -> float:
    """How many grow too old in the first year, as the years themselves reckon it."""
    youngest, people = by_age(bands)
    nobody = np.zeros((1, 1))
    retires = np.full((1, 1), beside.retires)
    year = stock(
        *(people, youngest),
        inflow=nobody,
        begins=beside.begins,
        outflow=nobody,
        retires=retires,
    )
    return float(year.retired[0, 0])


def around(middle: float, factors: Between) -> dict[str, float]:
    low, high = factors
    return {
        name: round(middle * factor, DECIMALS)
        for name, factor in (("p10", low), ("p50", 1.0), ("p90", high))
    }


def source_of(of: Stock, table: LabourTable, share: float) -> str:
    of_whom = ", ".join(filter(None, (table.file, of.role, of.region)))
    return of_whom + (f", {share:.4g} of its people" if share != 1 else "")


def as_text(found: Iterable[Labour]) -> str:
    """YAML as the region file has it, a line for each of its facts."""
    lines = ["labour:"]
    for each in found:
        told = each.model_dump(by_alias=True, exclude_unset=True)
        first = True
        for key, value in told.items():
            if key == "asked":
                lines.append("    asked:")
                lines += [f"      - {flow(one)}" for one in value]
                continue
            lines.append(f"  {'- ' if first else '  '}{key}: {flow(value)}")
            first = False
    return "\n".join(lines) + "\n"


def flow(value: object) -> str:
    """A value of YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, str) and not WORD.fullmatch(value):
        return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'
    return str(value)
