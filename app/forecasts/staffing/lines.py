"""The staff as CSV: a row for each shift or month of each series, and a last line that counts."""

import csv
import io
from collections.abc import Iterator, Mapping

from app.forecasts.schemas import Amount, Band
from app.forecasts.staffing.schemas import Staffing, StaffSeries, StaffStep
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
)
MONTHS = (*OF, "quantity", "month", "needState", "needMedian")
CONTRACTS = ("contracted", "contractedState", "vacancies", "vacanciesState")


def text_of(told: Staffing) -> bytes:
    """Empty cells are unknown or withheld, as the state beside them says; never 0."""
    bounds = [f"need{level}{side}" for level in told.levels for side in ("Low", "High")]
    weeks = told.horizon == "weeks"
    columns = (*WEEKS, *bounds, *AFTER) if weeks else (*MONTHS, *bounds, *CONTRACTS)
    rows = list(shift_rows(told) if weeks else month_rows(told))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([harmless(row.get(name)) for name in columns] for row in rows)
    writer.writerow(["#count", len(rows), "#knownAt", instant(told.known_at)])
    return text.getvalue().encode()


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
        **need(step.need),
        **figure("rostered", step.rostered),
        **figure("available", step.available),
        "gapMedian": step.gap.median,
        "gapState": step.gap.state,
        **figure("pShort", step.p_short),
        **figure("shortfall", step.shortfall),
        **figure("flexible", step.flexible),
    }


def month_rows(told: Staffing) -> Iterator[Row]:
    for series in told.series:
        for step in series.months:
            month = {"quantity": "heads", "month": step.month.isoformat()}
            yield {**of(series), **month, **need(step.need)}
    for role in told.fte:
        for each in role.steps:
            yield {
                "role": role.role,
                "quantity": "fte",
                "month": each.month.isoformat(),
                **need(each.need),
                **figure("contracted", each.contracted),
                **figure("vacancies", each.vacancies),
            }


def need(band: Band) -> dict[str, Cell]:
    found: dict[str, Cell] = {"needState": band.state, "needMedian": band.median}
    for each in band.intervals:
        found |= {f"need{each.level}Low": each.low, f"need{each.level}High": each.high}
    return found


def figure(name: str, told: Amount) -> dict[str, Cell]:
    return {name: told.value, f"{name}State": told.state}


def yes_no(told: bool | None) -> str | None:
    return None if told is None else "true" if told else "false"
