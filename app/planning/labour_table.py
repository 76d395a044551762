"""People at work by role and year, in the layout of AZW StatLine and of the Prognosemodel.

One row for each role, region and year, and if told for each age; Dutch headers as the two write
them, with a unit between brackets. What a cell does not tell is unknown, never zero.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, pairwise

from app.forecasts.rows import Faults, Numbers, Wrong, name_of, opened, taken
from app.planning import people_table, statline
from app.planning.people_table import WHOLE, Ages
from app.planning.statline import header_of, period_of, plain

# What a header begins with, without spaces and signs, by what it tells here.
HEADERS: Mapping[str, tuple[str, ...]] = {
    "role": ("functiegroep", "functie", "beroepsgroep", "beroep", "kwalificatie", "role"),
    "region": ("regio", "arbeidsmarktregio", "region"),
    "year": ("perioden", "jaar", "year"),
    "ages": ("leeftijd", "age"),
    "people": ("werknemers", "werkzamepersonen", "medewerkers", "aantalwerknemers", "people"),
    "fte": ("fte", "arbeidsvolume", "voltijd"),
    "inflow": ("instroom", "inflow"),
    "outflow": ("uitstroom", "outflow"),
    "vacancies": ("vacatures", "openstaandevacatures", "vacancies"),
    "absence": ("ziekteverzuim", "verzuim", "absence"),
}
KEYS = ("role", "region", "year", "ages")
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
    bands: tuple[tuple[Ages, float], ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class LabourTable:
    """What one file tells, by role, region and year; `columns` are its headers by what they tell.

    `bands` of a stock are people by age, from young to old without gap, () where no age is told;
    `line` is its row, or the first of its ages.
    """

    file: str
    columns: Mapping[str, str]
    stocks: Sequence[Stock]


Key = tuple[str, str, int]


def read_labour(lines: Iterable[str], file: str = "The file") -> LabourTable:
    """`Invalid` with all that is wrong, by row and column.

    Refuses negative numbers, an absence above 100%, more full-time equivalents than people, more
    who left than there were, a row told twice, a year that is missing between two, ages that
    overlap or leave one out, and ages that do not add up to the total that is told.
    """
    given = iter(lines)
    first = next(given, "")
    faults = Faults(file)
    columns = columns_of(header_of(first), faults)
    text = opened(chain([first], given), list(columns.values()), faults)
    numbers = Numbers(text.comma)
    readers = {name: reader_of(key, name, numbers) for key, name in columns.items()}
    told: dict[Key, dict[Ages, Stock]] = defaultdict(dict)
    for line, cells in text.rows:
        found = taken(cells, readers, line, faults)
        if found is None:
            continue
        of = dict(zip(columns, found, strict=True))
        stock = stock_of(of, line)
        if stock is None:  # a part of a year
            continue
        ages = of.get("ages", WHOLE)
        by_age = told[stock.role, stock.region, stock.year]
        if ages in by_age:
            way_out = f"Row {by_age[ages].line} tells of the same. Keep one."
            faults.add("told-twice", way_out, line, columns["year"])
        by_age[ages] = stock
        for code, column, detail in nonsense(stock):
            faults.add(code, detail, line, columns[column])
    if not told and not faults.count:
        faults.add("no-rows", "There is no row of a whole year. Add one.", 2)
    unit = 100.0 if in_thousands(columns["people"]) else 1.0
    stocks = {key: together(by_age, unit, columns, faults) for key, by_age in told.items()}
    check_years(stocks, columns["year"], faults)
    if faults.count:
        faults.refuse()
    return LabourTable(file, columns, [stocks[key] for key in sorted(stocks)])


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
    if key == "ages":
        return ages_of
    scale = 1000.0 if in_thousands(name) else 1.0
    if key == "absence":
        scale = 0.01
    return lambda cell: number(cell, numbers) * scale


def in_thousands(name: str) -> bool:
    return bool(re.search(r"x\s?1[ .]?000\b", name))


def ages_of(cell: str) -> Ages:
    """As tidy tables write them (25-34, 65+, total) or as StatLine does."""
    try:
        return people_table.ages_of(cell)
    except Wrong:
        found = statline.ages_of(cell.strip())
    if found is None:
        raise Wrong("not-an-age", "This code is not known. Take the download with titles.")
    return found


def number(cell: str, numbers: Numbers) -> float:
    """StatLine's own signs for what is not known are read as such."""
    return numbers["" if cell.strip() in (".", "x", "-") else cell]


def stock_of(told: Mapping[str, object], line: int) -> Stock | None:
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
        line=line,
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


def together(
    by_age: Mapping[Ages, Stock], unit: float, columns: Mapping[str, str], faults: Faults
) -> Stock:
    """The ages of a role in a year as one: its total as told, else their sums."""
    parts = sorted(
        ((ages, stock) for ages, stock in by_age.items() if ages != WHOLE),
        key=lambda part: part[0][0],
    )
    if not parts:
        return by_age[WHOLE]
    for (before, _), (after, stock) in pairwise(parts):
        if before[1] is None or after[0] <= before[1]:
            way_out = "Keep one division in ages."
            detail = f"The ages from {before[0]} and from {after[0]} on overlap."
            faults.add("ages-overlap", f"{detail} {way_out}", stock.line, columns["ages"])
        elif after[0] > before[1] + 1:
            detail = f"No row tells of age {before[1] + 1}. Add it."
            faults.add("missing-age", detail, stock.line, columns["ages"])
    bands = tuple((ages, stock.people) for ages, stock in parts)
    stocks = [stock for _, stock in parts]
    people = sum(stock.people for stock in stocks)
    whole = by_age.get(WHOLE)
    if whole is None:
        return replace(
            stocks[0],
            people=people,
            fte=summed([stock.fte for stock in stocks]),
            inflow=summed([stock.inflow for stock in stocks]),
            outflow=summed([stock.outflow for stock in stocks]),
            vacancies=summed([stock.vacancies for stock in stocks]),
            absence=mean_absence(stocks),
            bands=bands,
        )
    play = max(people_table.ROUNDED * people, unit * (len(parts) + 1) / 2)
    if abs(whole.people - people) > play:
        detail = (
            f"The ages of {whole.year} of {whole.role} add up to {people:,.0f}, and the total that "
            f"is told is {whole.people:,.0f}. Correct the ages or the total."
        )
        faults.add("ages-do-not-add-up", detail, whole.line, columns["people"])
    return replace(whole, bands=bands)


def summed(told: Sequence[float | None]) -> float | None:
    """Unknown if one of them is."""
    known = [each for each in told if each is not None]
    return sum(known) if len(known) == len(told) else None


def mean_absence(stocks: Sequence[Stock]) -> float | None:
    """Weighed by people; unknown if it is of one age."""
    lost = [s.people * s.absence for s in stocks if s.absence is not None]
    people = sum(stock.people for stock in stocks)
    return sum(lost) / people if len(lost) == len(stocks) and people > 0 else None


def check_years(told: Mapping[Key, Stock], column: str, faults: Faults) -> None:
    by_role: dict[tuple[str, str], list[int]] = defaultdict(list)
    for role, region, year in sorted(told):
        by_role[role, region].append(year)
    for (role, region), years in by_role.items():
        for before, after in pairwise(years):
            if after != before + 1:
                detail = f"{before + 1} is missing of {role} {region}: {after} follows {before}."
                line = told[role, region, after].line
                faults.add("missing-year", f"{detail} Add the years between.", line, column)
