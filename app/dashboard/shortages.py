"""The calendars of shortages: places by kind and week, shifts by role and week."""

from collections.abc import Sequence
from datetime import date

from app.dashboard.charts import Chart
from app.dashboard.drawing.calendar import Cell, calendar, calendars
from app.dashboard.language import _, listed, percent
from app.dashboard.names import day_name, local_day, role_name, setting_name, week_name
from app.dashboard.sentences import LIKELY
from app.forecasts.schemas import TypeForecast
from app.forecasts.staffing.schemas import Staffing

WEEKS = 13
MOST_NAMED = 3


def calendar_chart(types: Sequence[tuple[str, TypeForecast]]) -> Chart | None:
    """The chance that any day of a week is short, per kind of bed and per substitution pool."""
    known = [
        (name, told)
        for name, told in types
        if any(week.p_short.value is not None for week in told.weeks)
    ]
    if not known:
        return None
    weeks = [week.day for week in known[0][1].weeks][:WEEKS]
    rows = [
        (name, [Cell(week.p_short.value) for week in told.weeks[:WEEKS]]) for name, told in known
    ]
    likely = [
        name
        for name, cells in rows
        if any(cell.share is not None and cell.share >= LIKELY for cell in cells)
    ]
    # The finding is of kinds of beds: a pool says again what its kinds do.
    single = {name for name, told in known if told.bed_type is not None}
    return Chart(
        name="kalender",
        title=calendar_title([name for name in likely if name in single], len(single)),
        sentence=_(
            "Per week de kans in procenten op een of meer dagen met te weinig plekken. Alleen wat "
            "elkaar mag vervangen (samen) wordt tegen elkaar weggestreept."
        ),
        pictures=calendars(rows, [str(day.isocalendar().week) for day in weeks]),
        columns=(_("Soort"), *(_("wk {n}", n=day.isocalendar().week) for day in weeks)),
        rows=[(name, *(share(cell) for cell in cells)) for name, cells in rows],
        legend=(
            ("unlikely", _("onwaarschijnlijk (tot 30%)")),
            ("either", _("kan beide kanten op")),
            ("likely", _("waarschijnlijk (vanaf 70%)")),
        ),
        wide=True,
    )


def calendar_title(likely: Sequence[str], of: int) -> str:
    if not likely:
        return _("In geen van de komende 13 weken is een tekort waarschijnlijk")
    if len(likely) <= MOST_NAMED:
        named = listed(likely)
        return _("In de komende 13 weken is een tekort waarschijnlijk bij {named}", named=named)
    return _(
        "Bij {n} van {of} soorten plekken is in de komende 13 weken een tekort waarschijnlijk",
        n=len(likely),
        of=of,
    )


def share(cell: Cell) -> str:
    return _("onbekend") if cell.share is None else percent(cell.share)


def staff_chart(care_setting: str, told: Staffing) -> Chart | None:
    """Per role and shift the share of its shifts in which a unit is rather short than not.

    Roles are never added up; beyond what is told of the roster nothing is known.
    """
    weeks: dict[date, None] = {}
    found: dict[str, dict[date, list[bool]]] = {}
    for series in told.series:
        label = f"{role_name(series.role)}, {series.shift}"
        for step in series.steps:
            week = date.fromisocalendar(*step.day.isocalendar()[:2], 1)
            weeks.setdefault(week)
            if step.short is not None:
                found.setdefault(label, {}).setdefault(week, []).append(step.short)
    if not found:
        return None
    shown = sorted(weeks)[:WEEKS]
    rows = [
        (label, [Cell(part_short(by_week.get(week))) for week in shown])
        for label, by_week in sorted(found.items())
    ]
    label, cells = max(rows, key=lambda row: max(cell.share or 0.0 for cell in row[1]))
    most = max(cell.share or 0.0 for cell in cells)
    at = next(week for week, cell in zip(shown, cells, strict=True) if (cell.share or 0.0) == most)
    name = setting_name(care_setting)
    title = (
        _(
            "{name}: een tekort in een dienst komt het meest voor bij {label}, in {week}",
            name=name,
            label=label[:1].lower() + label[1:],
            week=week_name(at),
        )
        if most > 0
        else _("{name}: van geen dienst die bekend is, is een tekort waarschijnlijk", name=name)
    )
    said = _(
        "Per week in welk deel van de diensten (in procenten) op ten minste één afdeling eerder te "
        "weinig dan genoeg mensen zijn. Waar nog geen rooster is gemeld, staat een vraagteken."
    )
    if told.roster_closes_at is not None:
        closes = day_name(local_day(told.roster_closes_at))
        said += " " + _("Het rooster ligt vast tot {day}.", day=closes)
    return Chart(
        name="diensten",
        title=title,
        sentence=said,
        pictures=(calendar(rows, [str(week.isocalendar().week) for week in shown]),),
        columns=(
            _("Functie en dienst"),
            *(_("wk {n}", n=week.isocalendar().week) for week in shown),
        ),
        rows=[(name, *(share(cell) for cell in of)) for name, of in rows],
        legend=(
            ("unlikely", _("tot 30% van de diensten")),
            ("either", _("30 tot 70%")),
            ("likely", _("vanaf 70%")),
            ("none", _("onbekend")),
        ),
        wide=True,
        api=f"/v1/staffing?careSetting={care_setting}",
    )


def part_short(known: Sequence[bool] | None) -> float | None:
    return sum(known) / len(known) if known else None
