"""The staff as CSV: a row for each shift, month or year, and a last line that counts them."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from app.forecasts.schemas import Amount, Band
from app.forecasts.staffing.schemas import ShortPosts, Staffing, StaffSeries, StaffStep
from app.observations.lines import Cell, harmless
from app.wire import instant

Row = Mapping[str, Cell]
OF = ("unit", "staffPool", "role", "shift")
WEEKS = (
    *OF,
    *("day", "at", "until", "issuedAt", "rosterClosed", "short"),
    *("needState", "needMedian"),
)
AFTER = (
    *("rostered", "rosteredState", "available", "availableState", "gapMedian", "gapState"),
    *("pShort", "pShortState", "shortfall", "shortfallState", "flexible", "flexibleState"),
    *("postsShort", "postsKnown", "postsHeld"),
)
MONTHS = (*OF, "quantity", "month", "needState", "needMedian")
CONTRACTS = ("contracted", "contractedState", "vacancies", "vacanciesState")


def text_of(told: Staffing) -> bytes:
    """Empty cells are unknown or withheld, as the state beside them says; never 0."""
    columns, rows = sheet_of(told)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([harmless(row.get(name)) for name in columns] for row in rows)
    writer.writerow(["#count", len(rows), "#knownAt", instant(told.known_at)])
    return text.getvalue().encode()


def sheet_of(told: Staffing) -> tuple[Sequence[str], list[Row]]:
    """The names of its columns and its rows."""
    bounds = bounds_of("need", told)
    if told.horizon == "weeks":
        return (*WEEKS, *bounds, *AFTER), list(shift_rows(told))
    if told.horizon == "months":
        return (*MONTHS, *bounds, *CONTRACTS), list(month_rows(told))
    bands = [
        name
        for figure in ("need", "supply", "gap")
        for name in (f"{figure}State", f"{figure}Median", *bounds_of(figure, told))
    ]
    return ("role", "quantity", "year", "short", *bands, "pShort", "pShortState"), [
        *year_rows(told)
    ]


def bounds_of(figure: str, told: Staffing) -> list[str]:
    return [f"{figure}{level}{side}" for level in told.levels for side in ("Low", "High")]


def of(series: StaffSeries) -> dict[str, Cell]:
    names = (series.unit, series.staff_pool, series.role, series.shift)
    return dict(zip(OF, names, strict=True))


def shift_rows(told: Staffing) -> Iterator[Row]:
    for series in told.series:
        issued = instant(series.issued_at) if series.issued_at else None
        for step in series.steps:
            yield {**of(series), "issuedAt": issued, **shift_row(step)}


def shift_row(step: StaffStep) -> dict[str, Cell]:
    return {
        "day": step.day.isoformat(),
        "at": instant(step.at),
        "until": instant(step.until),
        "rosterClosed": yes_no(step.roster_closed),
        "short": yes_no(step.short),
        **band("need", step.need),
        **figure("rostered", step.rostered),
        **figure("available", step.available),
        "gapMedian": step.gap.median,
        "gapState": step.gap.state,
        **figure("pShort", step.p_short),
        **figure("shortfall", step.shortfall),
        **figure("flexible", step.flexible),
        **posts(step.posts),
    }


def posts(told: ShortPosts | None) -> dict[str, Cell]:
    """Of a total only."""
    if told is None:
        return {}
    return {"postsShort": told.short, "postsKnown": told.known, "postsHeld": told.held}


def month_rows(told: Staffing) -> Iterator[Row]:
    for series in told.series:
        for step in series.months:
            month = {"quantity": "heads", "month": step.month.isoformat()}
            yield {**of(series), **month, **band("need", step.need)}
    for role in told.fte:
        for each in role.steps:
            yield {
                "role": role.role,
                "quantity": "fte",
                "month": each.month.isoformat(),
                **band("need", each.need),
                **figure("contracted", each.contracted),
                **figure("vacancies", each.vacancies),
            }


def year_rows(told: Staffing) -> Iterator[Row]:
    for role in told.years:
        for each in role.steps:
            yield {
                "role": role.role,
                "quantity": "fte",
                "year": each.year,
                "short": yes_no(each.short),
                **band("need", each.need),
                **band("supply", each.supply),
                **band("gap", each.gap),
                **figure("pShort", each.p_short),
            }


def band(name: str, told: Band) -> dict[str, Cell]:
    found: dict[str, Cell] = {f"{name}State": told.state, f"{name}Median": told.median}
    for each in told.intervals:
        found |= {f"{name}{each.level}Low": each.low, f"{name}{each.level}High": each.high}
    return found


def figure(name: str, told: Amount) -> dict[str, Cell]:
    return {name: told.value, f"{name}State": told.state}


def yes_no(told: bool | None) -> str | None:
    return None if told is None else "true" if told else "false"
