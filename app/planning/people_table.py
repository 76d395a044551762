"""People by age, sex and year as a file tells them, and what is wrong with it, by row."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from app.errors import Invalid
from app.forecasts.rows import Faults, Numbers, Wrong, opened, taken

Floats = NDArray[np.float64]
YEARS = range(1850, 2201)
OLDEST = 130
MEN, WOMEN, ALL = "M", "F", "T"
SEXES = {
    **dict.fromkeys(("m", "man", "men", "male", "males", "mannen"), MEN),
    **dict.fromkeys(("f", "v", "female", "females", "women", "vrouw", "vrouwen"), WOMEN),
    **dict.fromkeys(("", "t", "total", "totaal", "all", "persons", "m_v", "mv", "b"), ALL),
}
# One sum and its parts may differ by what rounding made of each.
ROUNDED = 0.002
SINGLE = re.compile(r"([0-9]{1,3})")
OPEN = re.compile(r"([0-9]{1,3}) ?\+")
SPAN = re.compile(r"([0-9]{1,3}) ?- ?([0-9]{1,3})")

Ages = tuple[int, int | None]  # from and to, both included; None: and older
WHOLE: Ages = (0, None)


@dataclass(frozen=True, slots=True)
class Count:
    """One cell: how many people of these ages and this sex there are on 1 January of a year."""

    sex: str
    ages: Ages
    year: int
    n: float
    line: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What one table tells, in no order; `column` is where its numbers stand, for the faults.

    `unit` is how much the last digit stands for: 1, or 100 where thousands have one decimal.
    `variants` are the P10 and P90 of a projection, where it is told with an interval.
    """

    file: str
    column: str
    told: Sequence[Count]
    unit: float = 1.0
    variants: "tuple[Counts, Counts] | None" = None
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """People on 1 January: `n` float64[sexes, years, bands], known and no fewer than 0.

    Bands begin at the ages `begins` (the first 0), the last is open; `sexes` are M and F, or T.
    """

    sexes: tuple[str, ...]
    years: tuple[int, ...]
    begins: tuple[int, ...]
    n: Floats

    @property
    def women(self) -> int | None:
        return self.sexes.index(WOMEN) if WOMEN in self.sexes else None


def read_tidy(lines: Iterable[str], file: str = "The file") -> Counts:
    """Of `age, year, n` and, if told, `sex`; an age is 7, 0-17 or 95+."""
    faults = Faults(file)
    text = opened(lines, ("age", "year", "n"), faults, also=["sex"])
    sexed = "sex" in text.columns
    readers: dict[str, Callable[[str], object]] = {
        "age": ages_of,
        "year": year_of,
        "n": Numbers(text.comma).__getitem__,
    }
    if sexed:
        readers["sex"] = sex_of
    told = []
    for line, cells in text.rows:
        found = taken(cells, readers, line, faults)
        if found is not None:
            ages, year, n, *sex = found
            told.append(Count(sex[0] if sexed else ALL, ages, year, n, line))
    if not told and not faults.count:
        faults.add("no-rows", "There is no row under the header. Add people.", 2)
    if faults.count:
        faults.refuse()
    return Counts(file, "n", told)


def ages_of(text: str) -> Ages:
    told = text.strip().lower()
    if told in ("total", "totaal", "all"):
        return WHOLE
    if found := SINGLE.fullmatch(told):
        ages: Ages = (int(found[1]), int(found[1]))
    elif found := OPEN.fullmatch(told):
        ages = (int(found[1]), None)
    elif found := SPAN.fullmatch(told):
        ages = (int(found[1]), int(found[2]))
    else:
        raise Wrong("not-an-age", "This is no age. Write 7, 0-17, 95+ or total.")
    last = ages[0] if ages[1] is None else ages[1]
    if not ages[0] <= last <= OLDEST:
        raise Wrong("not-an-age", f"Ages rise, from 0 to at most {OLDEST}.")
    return ages


def year_of(text: str) -> int:
    if not re.fullmatch(r"[0-9]{4}", text.strip()) or int(text) not in YEARS:
        raise Wrong("not-a-year", f"This is no year. Write one from {YEARS[0]} to {YEARS[-1]}.")
    return int(text)


def sex_of(text: str) -> str:
    if (found := SEXES.get(text.strip().lower())) is None:
        raise Wrong("not-a-sex", "This is no sex. Write M, F or T (both).")
    return found


def people_of(counts: Counts, until: int | None = None) -> People:
    """The people of a table up to a year, of nothing that it tells of later ones.

    Men and women apart where both are told, else all. Of overlapping ages the finest that make up
    the whole are taken; a total that is told too must be their sum. Where single ages end later in
    one year than in another the oldest are put together. Raises `Invalid` with all that is wrong:
    a missing year or age, an unknown or double cell, ages that do not add up.
    """
    told = [each for each in counts.told if until is None or each.year <= until]
    faults = Faults(counts.file)
    if not told:
        raise Invalid(
            f"{counts.file} tells of no year up to {until}. Give a later cut-off, or a file that "
            "begins earlier.",
            code="file-not-valid",
        )
    cells = once(told, counts.column, faults)
    sexes = sexes_of(cells, told, faults)
    years = sorted({each.year for each in told})
    lines = {year: min(each.line for each in told if each.year == year) for year in years}
    for before, after in pairwise(years):
        if after != before + 1:
            detail = (
                f"{before + 1} is missing: after {before} comes {after}. Add the years between."
            )
            faults.add("missing-year", detail, lines[after], "year")
    if faults.count:
        faults.refuse()
    spans = {
        (sex, year): partition(cells[sex, year].keys(), lines[year], faults)
        for sex in sexes
        for year in years
    }
    if faults.count:
        faults.refuse()
    begins = shared(spans, lines, faults)
    n = np.zeros((len(sexes), len(years), len(begins)))
    for row, sex in enumerate(sexes):
        for at, year in enumerate(years):
            for ages in spans[sex, year]:
                band = int(np.searchsorted(begins, ages[0], side="right")) - 1
                n[row, at, band] += cells[sex, year][ages].n
    check_sums(cells, sexes, years, n, counts, faults)
    if faults.count:
        faults.refuse()
    return People(tuple(sexes), tuple(years), tuple(begins), n)


Cells = Mapping[tuple[str, int], dict[Ages, Count]]


def once(told: Sequence[Count], column: str, faults: Faults) -> Cells:
    cells: dict[tuple[str, int], dict[Ages, Count]] = defaultdict(dict)
    for each in told:
        of = cells[each.sex, each.year]
        before = of.setdefault(each.ages, each)
        if before is not each:
            way_out = f"Row {before.line} tells of the same people. Keep one."
            faults.add("told-twice", way_out, each.line, column)
        elif not np.isfinite(each.n):
            way_out = "How many people is not told here. Fill it in, or leave out the whole year."
            faults.add("unknown", way_out, each.line, column)
    return cells


def sexes_of(cells: Cells, told: Sequence[Count], faults: Faults) -> list[str]:
    """Men and women if each year has both, else all together."""
    years = {each.year for each in told}
    having = {sex: {year for year in years if (sex, year) in cells} for sex in (MEN, WOMEN, ALL)}
    if having[MEN] == having[WOMEN] == years:
        return [MEN, WOMEN]
    if having[ALL] == years:
        return [ALL]
    most = [MEN, WOMEN] if having[MEN] | having[WOMEN] else [ALL]
    for sex in most:
        for year in sorted(years - having[sex]):
            line = min(each.line for each in told if each.year == year)
            detail = f"{year} tells nothing of sex {sex}, which other years do. Add it."
            faults.add("missing-sex", detail, line, "sex")
    return most


def partition(told: Iterable[Ages], line: int, faults: Faults) -> list[Ages]:
    """The finest of these ages that follow each other from 0 on, without gap or overlap."""
    parts = sorted(set(told), key=lambda ages: (-ages[0], ages[1] is None, ages[1] or 0))
    if len(parts) > 1:  # a total is no part
        parts = [ages for ages in parts if ages != WHOLE]
    last = parts[0]
    follows: dict[int, Ages] = {}
    for ages in parts:  # from the oldest down, the narrowest first
        ends = ages[1] is None or (ages == last and ages[0] == ages[1])
        if ages[0] not in follows and (ends or (ages[1] or 0) + 1 in follows):
            follows[ages[0]] = ages
    if 0 not in follows:
        detail = (
            f"No row tells of age {gap_of(parts)}, so that the ages do not make up the whole. "
            "Add it; the last age is single or open, such as 95+."
        )
        faults.add("missing-age", detail, line, "age")
        return []
    chain = [follows[0]]
    while (end := chain[-1][1]) is not None and end + 1 in follows:
        chain.append(follows[end + 1])
    return chain


def gap_of(parts: Iterable[Ages]) -> int:
    """The first age after which nothing goes on."""
    reached = {0}
    for begin, end in sorted(parts, key=lambda ages: ages[0]):
        if begin in reached and end is not None:
            reached.add(end + 1)
    begins = {begin for begin, _ in parts}
    return max(reached - begins, default=0)


def shared(
    spans: Mapping[tuple[str, int], Sequence[Ages]], lines: Mapping[int, int], faults: Faults
) -> list[int]:
    """The ages at which bands begin in each year and sex; the oldest may be put together."""
    begins = [{ages[0] for ages in each} for each in spans.values()]
    common = set.intersection(*begins)
    usual = Counter(max(each) for each in begins).most_common(1)[0][0]
    for (sex, year), ages in spans.items():
        if max(each[0] for each in ages) < usual - 10:
            detail = (
                f"The ages of {year} end at {max(each[0] for each in ages)}, those of other years "
                f"at {usual} (sex {sex}). Add the older ones."
            )
            faults.add("missing-age", detail, lines[year], "age")
    return sorted(common)


def check_sums(
    cells: Cells,
    sexes: Sequence[str],
    years: Sequence[int],
    n: Floats,
    counts: Counts,
    faults: Faults,
) -> None:
    """Where a total stands beside its parts, by age or by sex, it is their sum."""
    for at, year in enumerate(years):
        sums = {sex: n[row, at].sum() for row, sex in enumerate(sexes)}
        if MEN in sums:
            sums[ALL] = n[:, at].sum()
        for sex, total in sums.items():
            whole = cells.get((sex, year), {}).get(WHOLE)
            if whole is None:
                continue
            play = max(ROUNDED * total, counts.unit * (2 + np.sqrt(n.shape[2])))
            if abs(whole.n - total) > play:
                detail = (
                    f"The ages of {year} (sex {sex}) add up to {total:,.0f}, and the total that "
                    f"is told is {whole.n:,.0f}. Correct the ages or the total."
                )
                faults.add("ages-do-not-add-up", detail, whole.line, counts.column)


def by_single_age(people: People) -> People:
    """Bands divided over single ages (monotone cubic, Fritsch & Carlson 1980); sums stay the same.

    The open band stays whole.
    """
    begins = people.begins
    if begins == tuple(range(len(begins))):
        return people
    top = begins[-1]
    summed = np.concatenate([np.zeros((*people.n.shape[:2], 1)), people.n.cumsum(axis=2)], axis=2)
    spread = PchipInterpolator(begins, summed[..., :-1], axis=2)(np.arange(top + 1))
    single = np.concatenate([np.diff(spread, axis=2), people.n[..., -1:]], axis=2)
    return People(people.sexes, people.years, tuple(range(top + 1)), np.maximum(single, 0))


def bands_of(text: str) -> list[Ages]:
    """`0-17,18-39,85+`: from 0, without gap, the last open. Raises ValueError with the way out."""
    try:
        bands = [ages_of(part) for part in text.split(",")]
    except Wrong as wrong:
        raise ValueError(f"--bands: {wrong.detail}") from None
    follows = all(one[1] is not None and one[1] + 1 == other[0] for one, other in pairwise(bands))
    if bands[0][0] != 0 or bands[-1][1] is not None or not follows:
        raise ValueError(
            "--bands begin at 0, follow each other and end open, such as 0-17,18-64,65+."
        )
    return bands
