"""People as CBS StatLine gives them: counts by age and region, and projections with intervals.

The layouts of tables 03759ned (counts), 85171NED (regional projection) and 85173NED (the same with
intervals) and their like, as StatLine's own CSV (titles), as a typed or untyped data set (codes),
or as `Observations.csv` (a measure a row).
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import chain
from math import exp, log
from statistics import NormalDist

import numpy as np

from app.forecasts.rows import Cells, Faults, Numbers, Wrong, opened
from app.planning.people_table import ALL, MEN, OLDEST, WHOLE, WOMEN, Ages, Count, Counts, year_of

PERIODS, AGES, SEX, MEASURE, VALUE = "perioden", "leeftijd", "geslacht", "measure", "value"
REGIONS = re.compile(r"regio.*|gemeente.*")
INTERVALS = re.compile(r".*interval.*|marges")
PEOPLE = re.compile(r"(bevolkingop1januari|totalebevolking|bevolking|aantalinwoners).*")
IGNORED = {"id", "valueattribute", "stringvalue"}
FIGURE = re.compile(r".*(_[0-9]+|\))")
POPULATION = "M000352"  # "Bevolking op 1 januari" in CBS' own list of measures
NATION = ("NL00", "NL01", "Nederland")
THOUSAND = 1000.0
SYMBOLS = {".", "x", "-"}  # not known, secret, nil: StatLine's own signs

PERIOD = re.compile(r"([0-9]{4})(JJ00)?\*{0,2}")
PART_OF_YEAR = re.compile(r"[0-9]{4}(KW|MM|HJ|[A-Z]{2})[0-9]{2}\*?|[0-9]{4} .*")
CODE = re.compile(r"[0-9]{5}")
SINGLE = re.compile(r"([0-9]{1,3}) jaar")
SPAN = re.compile(r"([0-9]{1,3}) tot ([0-9]{1,3}) jaar")
OPEN = re.compile(r"([0-9]{1,3}) jaar (of|en) ouder")
YOUNGER = re.compile(r"jonger dan ([0-9]{1,3}) jaar")
BOUND = re.compile(r"(onder|boven)grens ([0-9]{2})%.*|m([ob])g00([0-9]{2})", re.IGNORECASE)
SEXES = {"T001038": ALL, "3000": MEN, "4000": WOMEN, "mannen": MEN, "vrouwen": WOMEN}
Z90 = NormalDist().inv_cdf(0.9)


@dataclass(frozen=True, slots=True)
class Columns:
    """The names in the header of what is needed, None where the table has none."""

    periods: str
    ages: str
    people: str
    regions: str | None
    sex: str | None
    interval: str | None
    measure: str | None
    others: tuple[str, ...]

    @property
    def all(self) -> list[str]:
        told = [self.periods, self.ages, self.people, *self.others]
        also = (self.regions, self.sex, self.interval, self.measure)
        return told + [name for name in also if name]


@dataclass(frozen=True, slots=True)
class Row:
    region: str
    bound: tuple[str, int] | None
    count: Count
    others: tuple[str, ...]


def is_statline(lines: Iterable[str], file: str = "The file") -> bool:
    return PERIODS in {plain(name) for name in header_of(next(iter(lines), ""))}


def read_people(
    lines: Iterable[str], file: str = "The file", regions: Sequence[str] = ()
) -> Counts:
    """The people of one region, by any of these codes or names; () where the table has but one.

    Numbers of a column `(x 1 000)`, and of any `Totale bevolking`, which CBS tells in thousands,
    are made people. Bounds of an interval become P10 and P90 by their distance in logarithms,
    as if it were lognormal. `Invalid` with all that is wrong, by row and column.
    """
    told = iter(lines)
    first = next(told, "")
    faults = Faults(file)
    columns = columns_of(header_of(first), faults)
    text = opened(chain([first], told), columns.all, faults)
    reader = Reader(columns, Numbers(text.comma), text.columns)
    found: list[Row] = []
    asked = {region.strip().lower() for region in regions}
    passed: Counter[str] = Counter()
    for line, cells in text.rows:
        try:
            row = reader.row(cells, line, asked, passed)
        except Wrong as wrong:
            faults.add(wrong.code, wrong.detail, line, reader.wrong_in)
            continue
        if row is not None:
            found.append(row)
    if faults.count:
        faults.refuse()
    check_region(found, regions, reader.regions, columns, faults)
    found = only_totals(found)
    return assembled(found, columns, file, faults, passed)


def header_of(line: str) -> list[str]:
    text = line.removeprefix("\ufeff").strip()
    return [name.strip() for name in next(csv.reader([text], delimiter=between(text)), [])]


def between(text: str) -> str:
    outside = re.sub(r'"[^"]*"', "", text)
    return ";" if ";" in outside else ","


def plain(name: str) -> str:
    return re.sub(r"[^a-z0-9_]", "", name.lower())


def columns_of(header: Sequence[str], faults: Faults) -> Columns:
    by_name = {plain(name): name for name in header}
    value = by_name.get(VALUE) if MEASURE in by_name else None
    people = value or next((name for key, name in by_name.items() if PEOPLE.fullmatch(key)), None)
    for key, name in ((PERIODS, "Perioden"), (AGES, "Leeftijd")):
        if key not in by_name:
            faults.add(
                "missing-column",
                f"There is no {name}. Take StatLine's download «CSV zonder statistische symbolen», "
                "or the data set itself, with ages and years in rows.",
                *(1, name),
            )
    if people is None:
        detail = "No column tells of people, such as Bevolking op 1 januari or Totale bevolking."
        faults.add("missing-column", f"{detail} Choose that subject.", 1, "Bevolking")
    if faults.count or people is None:
        faults.refuse()
    regions = next((n for k, n in by_name.items() if REGIONS.fullmatch(k) and n != people), None)
    interval = next((n for k, n in by_name.items() if INTERVALS.fullmatch(k)), None)
    known = {by_name[PERIODS], by_name[AGES], people, regions, interval}
    known |= {by_name.get(SEX), by_name.get(MEASURE)}
    others = tuple(
        name
        for key, name in by_name.items()
        if name not in known and key not in IGNORED and not FIGURE.fullmatch(name)
    )
    return Columns(
        periods=by_name[PERIODS],
        ages=by_name[AGES],
        people=people,
        regions=regions,
        sex=by_name.get(SEX),
        interval=interval,
        measure=by_name.get(MEASURE) if value else None,
        others=others,
    )


class Reader:
    """The cells of a row as people; `wrong_in` is the column that was read last."""

    def __init__(self, columns: Columns, numbers: Numbers, names: Sequence[str]) -> None:
        self.columns = columns
        self.numbers = numbers
        self.at = {name: place for place, name in enumerate(names)}
        self.wrong_in = columns.people
        self.regions: Counter[str] = Counter()
        self.scale = THOUSAND if in_thousands(columns.people) else 1.0

    def cell(self, cells: Cells, name: str) -> str:
        self.wrong_in = name
        return cells[self.at[name]].strip()

    def row(self, cells: Cells, line: int, asked: Set[str], passed: Counter[str]) -> Row | None:
        """None for what is not asked: another region or measure, a part of a year, odd ages."""
        columns = self.columns
        where = self.cell(cells, columns.regions) if columns.regions else ""
        self.regions[where] += 1
        if asked and columns.regions and where.lower() not in asked:
            return None
        if columns.measure and self.cell(cells, columns.measure) != POPULATION:
            return None
        year = period_of(self.cell(cells, columns.periods))
        if year is None:
            passed["parts of a year"] += 1
            return None
        ages = ages_of(self.cell(cells, columns.ages))
        if ages is None:
            passed[f"ages of code {self.cell(cells, columns.ages)}"] += 1
            return None
        sex = sex_of(self.cell(cells, columns.sex)) if columns.sex else ALL
        bound = bound_of(self.cell(cells, columns.interval)) if columns.interval else None
        others = tuple(self.cell(cells, name) for name in columns.others)
        told = self.cell(cells, columns.people)
        n = float("nan") if told in SYMBOLS else self.numbers[told]
        return Row(where, bound, Count(sex, ages, year, n * self.scale, line), others)


def in_thousands(column: str) -> bool:
    name = plain(column)
    return "x1000" in name or name.startswith("totalebevolking")


def period_of(text: str) -> int | None:
    if found := PERIOD.fullmatch(text):
        return year_of(found[1])
    if PART_OF_YEAR.fullmatch(text):
        return None
    raise Wrong("not-a-year", "This is no year. StatLine writes 2030 or 2030JJ00.")


def ages_of(text: str) -> Ages | None:
    """By title (5 tot 10 jaar) or code (70200); None for a code that is not known here."""
    told = text.lower()
    if told.startswith("totaal"):
        return WHOLE
    if CODE.fullmatch(told):
        return ages_of_code(int(told))
    if found := SINGLE.fullmatch(told):
        return checked(int(found[1]), int(found[1]))
    if found := SPAN.fullmatch(told):
        return checked(int(found[1]), int(found[2]) - 1)
    if found := OPEN.fullmatch(told):
        return checked(int(found[1]), None)
    if found := YOUNGER.fullmatch(told):
        return checked(0, int(found[1]) - 1)
    raise Wrong("not-an-age", "This is no age. StatLine writes 7 jaar, 5 tot 10 jaar, or a code.")


def checked(begin: int, end: int | None) -> Ages:
    if not begin <= (begin if end is None else end) <= OLDEST:
        raise Wrong("not-an-age", f"Ages rise, from 0 to at most {OLDEST}.")
    return begin, end


def ages_of_code(code: int) -> Ages | None:
    """CBS' codes: 10000 all, 10010 age 0, 10100 age 1 and on; 70100 0 to 5 and on; 22000 95+."""
    if code == 10000:
        return WHOLE
    if code == 10010:
        return 0, 0
    if 10100 <= code <= 20500 and code % 100 == 0:
        age = (code - 10000) // 100
        return age, age
    if 70100 <= code <= 71900 and code % 100 == 0:
        begin = 5 * ((code - 70100) // 100)
        return begin, begin + 4
    return (95, None) if code == 22000 else None


def sex_of(text: str) -> str:
    if text.lower().startswith("totaal"):
        return ALL
    found = SEXES.get(text, SEXES.get(text.lower()))
    if found is None:
        raise Wrong("not-a-sex", "This is no sex. StatLine writes Mannen, Vrouwen or Totaal.")
    return found


def bound_of(text: str) -> tuple[str, int] | None:
    """None for the projection itself; else low or high, and of how many per cent."""
    if text.lower() in ("prognose", "waarde", "mw00000"):
        return None
    if found := BOUND.fullmatch(text):
        low = (found[1] or found[3]).lower() in ("onder", "o")
        return ("low" if low else "high"), int(found[2] or found[4])
    raise Wrong(
        "not-an-interval",
        "This interval is not known. StatLine writes Prognose, or Ondergrens "
        "67%-prognose-interval; take the download with titles.",
    )


def check_region(
    found: Sequence[Row],
    asked: Sequence[str],
    regions: Mapping[str, int],
    columns: Columns,
    faults: Faults,
) -> None:
    """Exactly one region is told of, or asked for."""
    several = len({row.region for row in found}) > 1
    if found and not several:
        return
    listed = ", ".join(sorted(regions)[:8]) + (" ..." if len(regions) > 8 else "")
    name = columns.regions or columns.people
    if several:
        detail = f"The table tells of {len(regions)} regions ({listed}). Say which: --municipality."
        faults.add("several-regions", detail, found[0].count.line, name)
    elif asked and columns.regions:
        detail = f"There is no {' or '.join(asked)}; the table has {listed}. Write it as it does."
        faults.add("no-such-region", detail, 2, name)
    else:
        faults.add("no-rows", "No row tells of people by year and age.", 2, columns.people)
    faults.refuse()


def only_totals(found: Sequence[Row]) -> list[Row]:
    """Of a further division (burgerlijke staat) the total, where it has one."""
    kept = list(found)
    for column in range(len(found[0].others)):
        totals = [row for row in kept if is_total(row.others[column])]
        kept = totals or kept
    return kept


def is_total(text: str) -> bool:
    return text.lower().startswith("totaal") or bool(re.fullmatch(r"T00[0-9]{4}", text))


def assembled(
    found: Sequence[Row], columns: Columns, file: str, faults: Faults, passed: Counter[str]
) -> Counts:
    unit = 100.0 if in_thousands(columns.people) else 1.0
    middle = Counts(
        file,
        columns.people,
        [row.count for row in found if row.bound is None],
        unit,
        notes=[
            f"{count:,} rows are passed over: {what}." for what, count in sorted(passed.items())
        ],
    )
    shares = sorted({row.bound[1] for row in found if row.bound})
    if not shares:
        return middle
    bounds = {side: variant(found, middle, (side, shares[0]), faults) for side in ("low", "high")}
    if faults.count:
        faults.refuse()
    return replace(middle, variants=(bounds["low"], bounds["high"]))


def variant(found: Sequence[Row], middle: Counts, bound: tuple[str, int], faults: Faults) -> Counts:
    """One side of an interval, brought to P10 or P90; without totals, since bounds do not add."""
    expected = {(c.sex, c.ages, c.year): c for c in middle.told}
    scale = Z90 / NormalDist().inv_cdf((1 + bound[1] / 100) / 2)
    told = []
    for row in found:
        count = row.count
        if row.bound != bound or (count.ages == WHOLE and len(expected) > 1):
            continue
        of = expected.get((count.sex, count.ages, count.year))
        if of is None:
            faults.add("no-middle", "The projection itself is missing. Add it.", count.line)
            continue
        outside = count.n > of.n if bound[0] == "low" else count.n < of.n
        if outside:
            detail = f"The {bound[0]} bound lies on the other side of the projection ({of.n:,.0f})."
            faults.add("bounds-cross", f"{detail} Correct it.", count.line, middle.column)
            continue
        told.append(replace(count, n=reached(of.n, count.n, scale)))
    return Counts(middle.file, middle.column, told, middle.unit)


def reached(middle: float, bound: float, scale: float) -> float:
    if not np.isfinite(middle + bound) or middle <= 0 or bound <= 0:
        return bound
    return middle * exp(log(bound / middle) * scale)
