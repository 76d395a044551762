"""The commands `years` and `population`: the people of coming years, and a tidy file of years."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import typer
from numpy.typing import NDArray

from app.filing import in_order, read, say, shown, unusable, usable, writing
from app.forecasting import File, Seed, Workers
from app.forecasts.rows import YEARS
from app.planning import named_ages, people_table, proxy, statline, year_sums
from app.planning.cohort import Mortality, banded, projected
from app.planning.mortality_table import read_mortality
from app.planning.people_table import Counts, People, bands_of, by_single_age, people_of
from app.planning.proxy import LEVELS, Asked, Outlook

Floats = NDArray[np.float64]
Layout = Literal["auto", "statline", "tidy"]
BANDS = "0-17,18-39,40-59,60-74,75-84,85+"
DRAWS = 1000
FEWEST_AGES = 50
YEARS_FORMS = r"""
FILE has a row for each series and step: unique_id, ds (2026-11-22) and y, of days, weeks, months,
quarters or years; how long a step is, is seen from the rows. A flow is added up to calendar years,
a stock (--kind stock) averaged. A year that is not told to the end is not used, and that is said;
of weeks fewer than seven days at either end of a year may be missing.

Whom a series counts is read from its name (deaths_m_65_80, Females|85+) or from --ages COLUMN
(65-79, 85+); "none" looks at no ages. With --population (age, sex, year, n of 1 January, or CBS
StatLine) it is people of those ages x what one of them asks, else the count itself with a damped
trend. Bands that add up to a wider one in the same file make it on every draw.

OUT has a row for each series, cut-off and year: unique_id, cutoff, ds (1 January), q0.025 to q0.975
and mean. Never a single line: read the band. A stand-in ("proxy") for beds, no forecast of them.

Examples:

  verkeerstoren years sterfte.csv --population bevolking.csv --horizon 10 --out jaren.csv

  verkeerstoren years sterfte.csv --population bevolking.csv --cutoff 2006-12-31
            --cutoff 2010-12-31 --out -
"""
POPULATION_FORMS = r"""
FILE tells people on 1 January, tidy (age, year, n and if told sex; an age is 7, 0-17 or 95+) or as
CBS StatLine gives it (tables 03759ned, 85171NED, 85173NED and their like; --municipality picks one
of several regions, by code or name). A file that reaches --until is taken as told; one that ends
before is projected from its last year: cohorts with Hamilton-Perry ratios, or with the chances to
die of --mortality (age, year, qx and if told sex). The ratios of a small place are drawn to those
of --nation (a file of the same kind; of StatLine its Nederland).

OUT is a `population:` section for the region file, with `p10` and `p90` where they are known; with
--csv a table year,from,to,n,p10,p90.

Examples:

  verkeerstoren population 85173NED.csv --municipality GM0637 --out bevolking.yaml

  verkeerstoren population bevolking.csv --until 2040 --csv --out bevolking.csv
"""


def years(
    file: File,
    out: Annotated[str, typer.Option(help="The CSV that is written once it is whole; -: stdout.")],
    population: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="CSV of people by age and year; see below."),
    ] = None,
    cutoff: Annotated[
        list[datetime] | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="The last day that is seen, may be given several times; left out: the file's.",
        ),
    ] = None,
    horizon: Annotated[int, typer.Option(min=1, max=50, help="How many years ahead.")] = 10,
    ages: Annotated[
        str | None, typer.Option(help="The column of FILE with ages; none: look at no ages.")
    ] = None,
    kind: Annotated[
        year_sums.Kind, typer.Option(help="A flow is added up over a year, a stock averaged.")
    ] = "flow",
    population_known: Annotated[
        bool,
        typer.Option(
            "--population-known", help="Take years of --population after a cut-off as told too."
        ),
    ] = False,
    municipality: Annotated[
        str | None, typer.Option(help="Which region of --population, by code or name.")
    ] = None,
    seed: Seed = 0,
    workers: Workers = 1,
) -> None:
    """Years ahead of each series of FILE (CSV or .gz), from its rows up to a cut-off alone."""
    with usable(), writing(out) as text:
        column = None if ages in (None, "none") else ages
        told = read(file, partial(year_sums.read, ages=column))
        counts = table_of(population, "auto", named_region(municipality)) if population else None
        cutoffs = sorted({each.date() for each in cutoff or []} or {year_sums.last_day(told)})
        check(told, cutoffs)
        groups = {} if ages == "none" else groups_of(told, column)
        if counts:
            say([f"{len(groups)} of {len(told)} series tell of ages."])
        tasks = (
            slice_of(told, counts, groups, at, horizon, kind, population_known, seed)
            for at in cutoffs
        )
        text.write(",".join(["unique_id", "cutoff", "ds", *map(named, LEVELS), "mean"]) + "\n")
        reasons: list[str] = []
        for issue in shown(in_order(work, tasks, min(workers, len(cutoffs))), len(cutoffs)):
            text.write(issue.text)
            reasons += issue.reasons
        say(reasons)


def named(level: float) -> str:
    return f"q{level:g}"


def check(told: Sequence[year_sums.Told], cutoffs: Sequence[date]) -> None:
    first = date.fromordinal(min(int(each.days[0]) for each in told))
    if cutoffs[0] < first:
        unusable(f"At {cutoffs[0]} no series has begun. Give a cut-off from {first} on.")
    if cutoffs[-1].year not in YEARS:
        unusable(f"Give a cut-off from {YEARS[0]} to {YEARS[-1]}; the file tells no figure at all.")


def enough(people: People) -> People:
    """Two years, to see how cohorts change, and ages that tell the old from the young."""
    if len(people.years) < 2 or len(people.begins) < FEWEST_AGES:
        unusable(
            f"The people are told of {len(people.years)} years up to {people.years[-1]}, to age "
            f"{people.begins[-1]}+. A projection needs two years and ages to {FEWEST_AGES - 1}+."
        )
    return people


def groups_of(told: Sequence[year_sums.Told], column: str | None) -> dict[str, named_ages.Group]:
    names = [each.name for each in told]
    if column is None:
        return named_ages.groups(names)
    return named_ages.groups(names, {each.name: each.ages for each in told})


@dataclass(frozen=True, slots=True)
class Slice:
    """All that is to be known at one cut-off."""

    cutoff: date
    asked: Sequence[Asked]
    people: People | None
    years: Sequence[int]
    seed: int


@dataclass(frozen=True, slots=True)
class Issue:
    cutoff: date
    text: str
    series: int
    reasons: Sequence[str]

    @property
    def said(self) -> str:
        return f"{self.cutoff}: {self.series} series."


def slice_of(
    told: Sequence[year_sums.Told],
    counts: Counts | None,
    groups: dict[str, named_ages.Group],
    cutoff: date,
    horizon: int,
    kind: year_sums.Kind,
    known: bool,
    seed: int,
) -> Slice:
    seen = [year_sums.cut(each, cutoff) for each in told]
    asked = [
        Asked(
            each.name, year_sums.whole_years(each, kind), groups.get(each.name) if counts else None
        )
        for each in seen
        if len(each.days)
    ]
    first = year_sums.first_ahead((each.years for each in asked), cutoff)
    people = None
    if counts:
        last = first + horizon - 1 if known else cutoff.year
        people = enough(by_single_age(people_of(counts, last)))
    return Slice(cutoff, asked, people, range(first, first + horizon), seed)


def work(task: Slice) -> Issue:
    """What one process does with one cut-off."""
    found = proxy.outlooks(task.asked, task.people, task.years, draws=DRAWS, seed=task.seed)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for outlook in found:
        writer.writerows(rows_of(outlook, task))
    return Issue(task.cutoff, text.getvalue(), len(found), list(reasons_of(found, task)))


def rows_of(outlook: Outlook, task: Slice) -> Iterator[list[str]]:
    for year, quantiles, mean in zip(task.years, outlook.quantiles, outlook.mean, strict=True):
        told = ["" if np.isnan(q) else f"{q:.6g}" for q in (*quantiles, mean)]
        yield [outlook.name, f"{task.cutoff}", f"{year}-01-01", *told]


def reasons_of(found: Sequence[Outlook], task: Slice) -> Iterator[str]:
    left_out: dict[tuple[int, ...], list[str]] = {}
    for each, outlook in zip(task.asked, found, strict=True):
        if outlook.reason:
            yield f"{task.cutoff} {each.name}: {outlook.reason}"
        if each.years.left_out:
            left_out.setdefault(each.years.left_out, []).append(each.name)
    for missing, names in sorted(left_out.items()):
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        listed = ", ".join(map(str, missing))
        yield f"{task.cutoff} {names[0]}{more}: {listed} not told to the end, not used."


def table_of(file: Path, layout: Layout, regions: Sequence[str]) -> Counts:
    """By the layout that is told, or by the columns of its first row."""
    if layout == "statline" or (layout == "auto" and read(file, statline.is_statline)):
        return read(file, partial(statline.read_people, regions=regions))
    return read(file, people_table.read_tidy)


def population(
    file: File,
    out: Annotated[str, typer.Option(help="What is written once it is whole; -: stdout.")],
    layout: Annotated[Layout, typer.Option(help="How FILE is laid out.")] = "auto",
    municipality: Annotated[
        str | None, typer.Option(help="Which region, by code (GM0637) or name (Zoetermeer).")
    ] = None,
    bands: Annotated[str, typer.Option(help="The age bands that are written.")] = BANDS,
    until: Annotated[int, typer.Option(min=1900, max=2200, help="The last year.")] = 2040,
    last_counted: Annotated[
        int | None,
        typer.Option("--from", help="The first year written; left out: the last one counted."),
    ] = None,
    mortality: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="CSV of chances to die; see below."),
    ] = None,
    nation: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="People of the nation, for a small place."),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Whose figures, and of when; left out: FILE's name.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="A table instead of a section.")] = False,
    seed: Seed = 0,
) -> None:
    """The people of each age band to come, as a section of the region file."""
    with usable(), writing(out) as text:
        try:
            spans = bands_of(bands)
        except ValueError as error:
            unusable(str(error))
        counts = table_of(file, layout, named_region(municipality))
        of = by_single_age(people_of(table_of(nation, "auto", statline.NATION))) if nation else None
        chances = read(mortality, read_mortality) if mortality else None
        table = coming(counts, spans, until, last_counted, Beside(chances, of), seed)
        say([*counts.notes, *table.notes])
        name = source or f"{file.name}, {table.made}"
        text.write(as_table(table) if as_csv else as_section(table, name))


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """People by year and band: whole numbers int64[years, bands], P10 and P90 where known."""

    years: Sequence[int]
    spans: Sequence[people_table.Ages]
    middle: Floats
    low: Floats | None
    high: Floats | None
    made: str
    notes: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """What an own projection may know beside the place itself."""

    mortality: Mortality | None
    nation: People | None


def named_region(region: str | None) -> Sequence[str]:
    return [region] if region else []


def coming(
    counts: Counts,
    spans: Sequence[people_table.Ages],
    until: int,
    first: int | None,
    beside: Beside,
    seed: int,
) -> Table:
    """As told where the file reaches `until`, else projected from its last year."""
    people = by_single_age(people_of(counts))
    begins = [begin for begin, _ in spans]
    if begins[-1] > people.begins[-1]:
        unusable(
            f"--bands end open at {begins[-1]}, and the oldest that FILE tells of are "
            f"{people.begins[-1]}+. Give bands that end there or before."
        )
    notes = []
    if not set(begins) <= set(people_of(counts).begins):
        notes.append("Bands of FILE are divided over single ages: another age than its own begins.")
    variants = counts.variants
    if people.years[-1] >= until or variants:
        start = first if first is not None else people.years[0]
        kept = [n for n, year in enumerate(people.years) if start <= year <= until]
        if not kept:
            unusable(f"FILE tells of {people.years[0]} to {people.years[-1]}. Give other years.")
        middle, low, high = (told_bands(each, begins, kept) for each in (counts, *sides(counts)))
        assert middle is not None
        return Table([people.years[n] for n in kept], spans, middle, low, high, "as told", notes)
    return own_projection(people, begins, spans, until, first, beside, seed, notes)


def own_projection(
    people: People,
    begins: Sequence[int],
    spans: Sequence[people_table.Ages],
    until: int,
    first: int | None,
    beside: Beside,
    seed: int,
    notes: list[str],
) -> Table:
    now = enough(people).years[-1]
    found = projected(
        people.n,
        now,
        until - now,
        women=people.women,
        nation=as_wide(beside.nation, people),
        mortality=aligned(beside.mortality, people),
    )
    start = now if first is None else first
    kept = [n for n, year in enumerate(people.years) if year >= start]
    told = banded(people.n.sum(axis=0), begins)[kept]
    middle = banded(found.middle.sum(axis=0), begins)
    drawn = banded(found.draws(DRAWS, seed).sum(axis=1), begins)
    # The middle is that of the projection, and no quantile of draws may cross it; a year further
    # is known no better than the one before.
    shares = np.quantile(drawn, [0.1, 0.9], axis=0) / np.maximum(middle, 1e-9)
    low = middle * np.minimum.accumulate(np.minimum(shares[0], 1))
    high = middle * np.maximum.accumulate(np.maximum(shares[1], 1))
    if not found.learned:
        notes.append("Too few years are told to learn from earlier projections: P10, P90 are ours.")
    years = [*(people.years[n] for n in kept), *found.years]
    how = "cohorts with told mortality" if beside.mortality else "Hamilton-Perry"
    middle, low, high = (np.concatenate([told, each]) for each in (middle, low, high))
    return Table(years, spans, middle, low, high, f"own projection from {now} ({how})", notes)


def sides(counts: Counts) -> tuple[Counts | None, Counts | None]:
    return (counts.variants[0], counts.variants[1]) if counts.variants else (None, None)


def told_bands(counts: Counts | None, begins: Sequence[int], kept: Sequence[int]) -> Floats | None:
    if counts is None:
        return None
    summed: Floats = banded(by_single_age(people_of(counts)).n.sum(axis=0), begins)
    return summed[list(kept)]


def as_wide(nation: People | None, people: People) -> Floats | None:
    """The nation in the years, ages and sexes of the place."""
    if nation is None:
        return None
    rows = [n for n, year in enumerate(nation.years) if year in people.years]
    ages = people.n.shape[2]
    if len(rows) < len(people.years) or nation.n.shape[2] < ages:
        unusable("--nation tells of fewer years or ages than FILE. Give those too.")
    n = nation.n[:, rows]
    n = np.concatenate([n[..., : ages - 1], n[..., ages - 1 :].sum(axis=2, keepdims=True)], axis=2)
    if nation.sexes == people.sexes:
        return n
    total: Floats = n.sum(axis=0, keepdims=True)
    # Ratios are asked of it, and those of all stand for either sex.
    return np.repeat(total, len(people.sexes), axis=0)


def aligned(chances: Mortality | None, people: People) -> Mortality | None:
    """The chances by the sexes and the ages of the people; the open age has that of its first."""
    if chances is None:
        return None
    ages = people.n.shape[2]
    q = chances.q if len(chances.q) == len(people.sexes) else chances.q.mean(axis=0, keepdims=True)
    q = np.broadcast_to(q, (len(people.sexes), *q.shape[1:]))
    if q.shape[2] < ages:
        unusable(f"--mortality ends at age {q.shape[2] - 1}; FILE goes on to {ages - 1}.")
    return Mortality(chances.years, np.ascontiguousarray(q[..., :ages]))


def as_section(table: Table, source: str) -> str:
    """YAML by hand, a year a line, as the region file has it."""
    bands = [
        f"    - {{from: {a}}}" if b is None else f"    - {{from: {a}, to: {b}}}"
        for a, b in table.spans
    ]
    quoted = re.sub(r'(["\\])', r"\\\1", source)
    lines = [
        "population:",
        f'  source: "{quoted}"',
        f"  year: {table.years[0]}",
        "  bands:",
        *bands,
    ]
    for key, told in (("years", table.middle), ("p10", table.low), ("p90", table.high)):
        if told is not None:
            lines.append(f"  {key}:")
            lines += [
                f"    {year}: [{', '.join(str(round(float(n))) for n in row)}]"
                for year, row in zip(table.years, told, strict=True)
            ]
    return "\n".join(lines) + "\n"


def as_table(table: Table) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["year", "from", "to", "n", "p10", "p90"])
    for row, year in enumerate(table.years):
        for band, (begin, end) in enumerate(table.spans):
            told = [
                "" if each is None else str(round(float(each[row, band])))
                for each in (table.middle, table.low, table.high)
            ]
            writer.writerow([year, begin, "" if end is None else end, *told])
    return text.getvalue()
