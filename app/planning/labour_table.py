"""People at work by role and year, in the layout of AZW StatLine and of the Prognosemodel.

One row for each role, region and year; Dutch headers as the two write them, with a unit between
brackets. What a cell does not tell is unknown, never zero.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from app.forecasts.rows import Faults, Numbers, name_of, opened, taken
from app.planning.statline import header_of, period_of, plain

# What a header begins with, without spaces and signs, by what it tells here.
HEADERS: Mapping[str, tuple[str, ...]] = {
    "role": ("functiegroep", "functie", "beroepsgroep", "beroep", "kwalificatie", "role"),
    "region": ("regio", "arbeidsmarktregio", "region"),
    "year": ("perioden", "jaar", "year"),
    "people": ("werknemers", "werkzamepersonen", "medewerkers", "aantalwerknemers", "people"),
    "fte": ("fte", "arbeidsvolume", "voltijd"),
    "inflow": ("instroom", "inflow"),
    "outflow": ("uitstroom", "outflow"),
    "vacancies": ("vacatures", "openstaandevacatures", "vacancies"),
    "absence": ("ziekteverzuim", "verzuim", "absence"),
}
KEYS = ("role", "region", "year")
NEEDED = ("role", "year", "people")
ROUNDED = 1.005  # full-time equivalents are no more than people, but for rounding


@dataclass(frozen=True, slots=True)
class Stock:
    """People who work in a role, on average in a year or at its end, as the table has it.

    All counts are people (or full-time equivalents) >= 0; `absence` is a share 0..1; None unknown.
    """

    role: str
    region: str
    year: int
    people: float
    fte: float | None
    inflow: float | None
    outflow: float | None
    vacancies: float | None
    absence: float | None


def read_labour(lines: Iterable[str], file: str = "The file") -> list[Stock]:
    """By role, region and year; `Invalid` with all that is wrong, by row and column.

    Refuses negative numbers, an absence above 100%, more full-time equivalents than people, more
    who left than there were, a row told twice, and a year that is missing between two.
    """
    given = iter(lines)
    first = next(given, "")
    faults = Faults(file)
    columns = columns_of(header_of(first), faults)
    text = opened(chain([first], given), list(columns.values()), faults)
    numbers = Numbers(text.comma)
    readers = {name: reader_of(key, name, numbers) for key, name in columns.items()}
    told: dict[tuple[str, str, int], tuple[Stock, int]] = {}
    for line, cells in text.rows:
        found = taken(cells, readers, line, faults)
        if found is None:
            continue
        stock = stock_of(dict(zip(columns, found, strict=True)))
        if stock is None:  # a part of a year
            continue
        key = (stock.role, stock.region, stock.year)
        if key in told:
            way_out = f"Row {told[key][1]} tells of the same. Keep one."
            faults.add("told-twice", way_out, line, columns["year"])
        told[key] = (stock, line)
        for code, column, detail in nonsense(stock):
            faults.add(code, detail, line, columns[column])
    if not told and not faults.count:
        faults.add("no-rows", "There is no row of a whole year. Add one.", 2)
    check_years(told, columns["year"], faults)
    if faults.count:
        faults.refuse()
    return [told[key][0] for key in sorted(told)]


def columns_of(header: Sequence[str], faults: Faults) -> dict[str, str]:
    """What each column tells, by the beginning of its name; the first that fits."""
    found: dict[str, str] = {}
    for key, beginnings in HEADERS.items():
        for name in header:
            if plain(name).startswith(beginnings) and name not in found.values():
                found[key] = name
                break
    for key in NEEDED:
        if key not in found:
            examples = ", ".join(HEADERS[key][:3])
            detail = f"No column tells of it. Name one so that it begins with: {examples}."
            faults.add("missing-column", detail, 1, key)
    if faults.count:
        faults.refuse()
    return found


def reader_of(key: str, name: str, numbers: Numbers) -> Callable[[str], object]:
    if key in ("role", "region"):
        return lambda cell: name_of(cell).strip()
    if key == "year":
        return lambda cell: period_of(cell.strip())
    scale = 1000.0 if re.search(r"x\s?1[ .]?000\b", name) else 1.0
    if key == "absence":
        scale = 0.01
    return lambda cell: number(cell, numbers) * scale


def number(cell: str, numbers: Numbers) -> float:
    """StatLine's own signs for what is not known are read as such."""
    return numbers["" if cell.strip() in (".", "x", "-") else cell]


def stock_of(told: Mapping[str, object]) -> Stock | None:
    year = told["year"]
    if not isinstance(year, int):
        return None
    figures = {
        key: value if isinstance(value, float) and value == value else None
        for key, value in told.items()
        if key not in KEYS
    }
    return Stock(
        role=str(told["role"]),
        region=str(told.get("region", "")),
        year=year,
        people=figures["people"] if figures["people"] is not None else float("nan"),
        fte=figures.get("fte"),
        inflow=figures.get("inflow"),
        outflow=figures.get("outflow"),
        vacancies=figures.get("vacancies"),
        absence=figures.get("absence"),
    )


def nonsense(stock: Stock) -> list[tuple[str, str, str]]:
    """Rule, column and way out of what cannot be."""
    found = []
    if stock.people != stock.people:
        detail = "How many work is not told. Fill it in, or leave out the row."
        found.append(("unknown", "people", detail))
    if stock.fte is not None and stock.fte > stock.people * ROUNDED:
        detail = f"{stock.fte:,.0f} FTE of {stock.people:,.0f} people. Correct one."
        found.append(("more-fte-than-people", "fte", detail))
    if stock.outflow is not None and stock.outflow > stock.people + (stock.inflow or 0):
        detail = f"More left ({stock.outflow:,.0f}) than there were and came. Correct one."
        found.append(("more-left-than-there-were", "outflow", detail))
    if stock.absence is not None and stock.absence > 1:
        found.append(("not-a-share", "absence", "Absence is at most 100%. Give a percentage."))
    return found


def check_years(
    told: Mapping[tuple[str, str, int], tuple[Stock, int]], column: str, faults: Faults
) -> None:
    by_role: dict[tuple[str, str], list[int]] = defaultdict(list)
    for role, region, year in sorted(told):
        by_role[role, region].append(year)
    for (role, region), years in by_role.items():
        for before, after in pairwise(years):
            if after != before + 1:
                detail = f"{before + 1} is missing of {role} {region}: {after} follows {before}."
                line = told[role, region, after][1]
                faults.add("missing-year", f"{detail} Add the years between.", line, column)
