"""What lies ahead, in pictures: the fan, the calendar of shortages, the ledger of the gap."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from app.dashboard.charts import Band, Cell, Chart, calendar, fan, signed, waterfall
from app.dashboard.sentences import MONTHS, SETTINGS, listed, number, percent, probability_word
from app.facilities.hours import LOCAL
from app.facilities.schemas import BED_TYPE_NAMES, ROLE_NAMES
from app.forecasts.runs import Horizon
from app.forecasts.schemas import Band as Told
from app.forecasts.schemas import ForecastStep, TypeForecast
from app.forecasts.staffing.schemas import Staffing
from app.planning.schemas import Balance, LinePlan, Numbers, Plan, RolePlan

CAUSES: Mapping[str, str] = {
    "series": "overgang van de meting naar de tabellen",
    "population": "meer en oudere mensen",
    "use": "wat mensen vragen",
    "stay": "langer of korter blijven",
    "beds": "bedden erbij of eraf",
    "inflow": "nieuwe mensen",
    "outflow": "mensen die weggaan",
    "retirement": "mensen met pensioen",
    "hours": "meer of minder uren",
    "absence": "verzuim",
}
# As they stand under a bar.
SHORT_CAUSES: Mapping[str, str] = {
    "series": "meting",
    "population": "mensen",
    "use": "vraag",
    "stay": "verblijf",
    "beds": "bedden",
    "inflow": "instroom",
    "outflow": "vertrek",
    "retirement": "pensioen",
    "hours": "uren",
    "absence": "verzuim",
}
HORIZONS: Mapping[Horizon, str] = {
    "weeks": "komende weken",
    "months": "komende maanden",
    "years": "komende jaren",
}
FAN_COLUMNS = ("Wanneer", "Nodig", "80% kans tussen", "Er is", "Tekort", "Kans op tekort")
CALENDAR_WEEKS = 13
MOST_NAMED = 3
EVERY = {"weeks": 14, "months": 3, "years": 2}


def fan_chart(name: str, horizon: Horizon, told: TypeForecast) -> Chart | None:
    """Of one kind of bed; None where nothing is known of it."""
    steps = [step for step in told.steps if step.state == "known"]
    if told.state != "known" or not steps:
        return None
    bands = [
        Band(
            middle=step.need.median,
            outer=band_of(step.need, 80),
            inner=band_of(step.need, 50),
            supply=step.supply.value,
            mark=when(step, horizon) if n % EVERY[horizon] == EVERY[horizon] // 2 else "",
        )
        for n, step in enumerate(steps)
    ]
    rows = [row_of(step, horizon) for step in steps]
    return Chart(
        name=f"fan-{horizon}",
        title=fan_title(name, horizon, steps),
        sentence=fan_sentence(steps, horizon),
        svg=fan(bands),
        columns=FAN_COLUMNS,
        rows=rows,
        legend=(
            ("middle", "plekken nodig, met ruimte" if horizon == "years" else "verwacht nodig"),
            *((("inner", "50% kans"),) if horizon != "years" else ()),
            ("outer", "80% kans"),
            ("supply", "plekken die er zijn"),
            ("short", "tekort"),
        ),
    )


def band_of(told: Told, level: int) -> tuple[float, float] | None:
    found = next((each for each in told.intervals if each.level == level), None)
    return None if found is None else (found.low, found.high)


def row_of(step: ForecastStep, horizon: Horizon) -> tuple[str, ...]:
    band = band_of(step.need, 80)
    gap = step.gap.median
    return (
        when(step, horizon),
        told_number(step.need.median),
        f"{number(band[0])} en {number(band[1])}" if band else "onbekend",
        told_number(step.supply.value),
        "onbekend" if gap is None else number(max(-gap, 0.0)),
        "onbekend" if step.p_short.value is None else percent(step.p_short.value),
    )


def fan_title(name: str, horizon: Horizon, steps: Sequence[ForecastStep]) -> str:
    """The finding: when it is short, how likely, or that it is not."""
    known = [step for step in steps if step.p_short.value is not None]
    if not known:
        return f"{name}: hoeveel plekken er {HORIZONS[horizon]} zijn, is onbekend"
    worst = max(known, key=lambda step: (step.p_short.value or 0.0, step.at.timestamp() * -1))
    chance = worst.p_short.value or 0.0
    at = when(worst, horizon)
    if chance <= 0.3:
        return f"{name}: een tekort is {probability_word(chance)} in de {HORIZONS[horizon]}"
    if chance < 0.7:
        return f"{name}: het kan krap worden, het meest {place(horizon)} {at}"
    return f"{name}: {place(horizon)} {at} {probability_word(chance)} te weinig plekken"


def place(horizon: Horizon) -> str:
    return "op" if horizon == "weeks" else "in"


def fan_sentence(steps: Sequence[ForecastStep], horizon: Horizon) -> str:
    last = steps[-1]
    band = band_of(last.need, 80)
    between = (
        f"met 80% kans tussen {number(band[0])} en {number(band[1])}"
        if band
        else "hoeveel is onzeker"
    )
    there = (
        f"er zijn er dan {number(last.supply.value)}"
        if last.supply.value is not None
        else "hoeveel er dan zijn, is onbekend"
    )
    needed = told_number(last.need.median)
    at = f"{place(horizon).capitalize()} {when(last, horizon)}"
    room = " Hier is ruimte gerekend voor drukke dagen." if horizon == "years" else ""
    return f"{at} zijn er {needed} nodig, {between}; {there}.{room}"


def calendar_chart(types: Sequence[tuple[str, TypeForecast]]) -> Chart | None:
    """The chance that any day of a week is short, per kind of bed, for 13 weeks."""
    known = [
        (name, told)
        for name, told in types
        if any(week.p_short.value is not None for week in told.weeks)
    ]
    if not known:
        return None
    weeks = [week.day for week in known[0][1].weeks][:CALENDAR_WEEKS]
    marks = [f"wk {day.isocalendar().week}" for day in weeks]
    rows = [
        (name, [Cell(week.p_short.value) for week in told.weeks[:CALENDAR_WEEKS]])
        for name, told in known
    ]
    likely = [
        name
        for name, cells in rows
        if any(cell.share is not None and cell.share >= 0.7 for cell in cells)
    ]
    title = calendar_title(likely, len(rows))
    return Chart(
        name="kalender",
        title=title,
        sentence="Per week de kans in procenten op een of meer dagen met te weinig plekken. "
        "Soorten bedden worden niet tegen elkaar weggestreept.",
        svg=calendar(rows, [str(day.isocalendar().week) for day in weeks]),
        columns=("Soort", *marks),
        rows=[(name, *(share(cell) for cell in cells)) for name, cells in rows],
        legend=(
            ("unlikely", "onwaarschijnlijk (tot 30%)"),
            ("either", "kan beide kanten op"),
            ("likely", "waarschijnlijk (vanaf 70%)"),
        ),
        wide=True,
    )


def calendar_title(likely: Sequence[str], of: int) -> str:
    if not likely:
        return "In geen van de komende 13 weken is een tekort waarschijnlijk"
    if len(likely) <= MOST_NAMED:
        return f"In de komende 13 weken is een tekort waarschijnlijk bij {listed(likely)}"
    kinds = f"{len(likely)} van {of} soorten plekken"
    return f"Bij {kinds} is in de komende 13 weken een tekort waarschijnlijk"


def share(cell: Cell) -> str:
    return "onbekend" if cell.share is None else percent(cell.share)


def staff_chart(name: str, told: Staffing) -> Chart | None:
    """Per role and shift the share of its shifts in which a unit is rather short than not.

    Roles are never added up; beyond what is told of the roster nothing is known.
    """
    weeks: dict[tuple[int, int], None] = {}
    found: dict[str, dict[tuple[int, int], list[bool]]] = {}
    for series in told.series:
        label = f"{role_name(series.role)}, {series.shift}"
        for step in series.steps:
            week = step.day.isocalendar()[:2]
            weeks.setdefault(week)
            if step.short is not None:
                found.setdefault(label, {}).setdefault(week, []).append(step.short)
    if not found:
        return None
    shown = sorted(weeks)[:CALENDAR_WEEKS]
    rows = [
        (label, [Cell(part_short(by_week.get(week))) for week in shown])
        for label, by_week in sorted(found.items())
    ]
    worst = max(rows, key=lambda row: max(cell.share or 0.0 for cell in row[1]))
    most = max(cell.share or 0.0 for cell in worst[1])
    at = next(week for week, cell in zip(shown, worst[1], strict=True) if cell.share == most)
    closes = told.roster_closes_at
    title = (
        f"{name}: een tekort in een dienst komt het meest voor bij {worst[0].lower()}, "
        f"in week {at[1]}"
        if most > 0
        else f"{name}: van geen dienst die bekend is, is een tekort waarschijnlijk"
    )
    until = f" Het rooster ligt vast tot {day_of(closes)}." if closes is not None else ""
    return Chart(
        name="diensten",
        title=title,
        sentence="Per week in welk deel van de diensten (in procenten) op ten minste één afdeling "
        f"eerder te weinig dan genoeg mensen zijn. Waar nog "
        f"geen rooster is gemeld, staat een vraagteken.{until}",
        svg=calendar(rows, [str(week) for _, week in shown]),
        columns=("Functie en dienst", *(f"wk {week}" for _, week in shown)),
        rows=[(label, *(share(cell) for cell in cells)) for label, cells in rows],
        legend=(
            ("unlikely", "tot 30% van de diensten"),
            ("either", "30 tot 70%"),
            ("likely", "vanaf 70%"),
            ("none", "onbekend"),
        ),
        wide=True,
    )


def part_short(known: Sequence[bool] | None) -> float | None:
    return sum(known) / len(known) if known else None


def day_of(moment: datetime) -> str:
    local = moment.astimezone(LOCAL).date()
    return f"{local.day} {MONTHS[local.month - 1]} {local.year}"


def ledger_chart(chart: str, name: str, unit: str, of: Balance, plan: Plan) -> Chart | None:
    """What adds how much to the shortage between now and the last year that is known."""
    if of.ledger is None or of.ledger.begin is None:
        return None
    last = last_known(of.ledger.end)
    if last is None:
        return None
    begin, end = of.ledger.begin, of.ledger.end[last] or 0.0
    adds = [
        (entry.cause, entry.adds[last] or 0.0)
        for entry in of.ledger.entries
        if abs(entry.adds[last] or 0.0) >= 0.05
    ]
    rest = end - begin - sum(value for _, value in adds)
    year = plan.years[last]
    grows = max(adds, key=lambda each: each[1], default=None)
    lowers = min(adds, key=lambda each: each[1], default=None)
    title = (
        f"{name}: in {year} {number(end)} {unit} te weinig"
        if end > 0
        else f"{name}: in {year} {number(-end)} {unit} over"
    )
    shortage = of.shortage
    between = ""
    if shortage is not None and shortage.p10[last] is not None and shortage.p90[last] is not None:
        between = f" {spread(shortage.p10[last] or 0.0, shortage.p90[last] or 0.0)}"
    why = ""
    if grows is not None and grows[1] > 0:
        why = f" Het meest telt: {cause(grows[0])} ({signed(grows[1])})."
    if lowers is not None and lowers[1] < 0:
        why += f" Er gaat het meest af door: {cause(lowers[0])} ({signed(lowers[1])})."
    small = [("kleine oorzaken samen", rest)] if abs(rest) >= 0.005 else []
    return Chart(
        name=chart,
        title=title,
        sentence=f"Gemiddeld over alles wat onzeker is.{between}{why}",
        svg=waterfall(begin, [*((short_cause(c), v) for c, v in adds), *small_bar(rest)], end),
        columns=("Oorzaak", f"Tekort in {unit}"),
        rows=[
            (f"nu ({plan.years[0]})", number(begin)),
            *((cause(each), signed(value)) for each, value in adds),
            *((label, signed(value)) for label, value in small),
            (f"in {year}", number(end)),
        ],
        legend=(("more", "maakt het tekort groter"), ("less", "maakt het tekort kleiner")),
    )


def small_bar(rest: float) -> list[tuple[str, float]]:
    return [("rest", rest)] if abs(rest) >= 0.05 else []


def role_chart(role: RolePlan, plan: Plan) -> Chart | None:
    """Need and supply of one role over the years, in FTE at work."""
    if role.supply is None or role.p_short is None:
        return None
    name = role_name(role.role)
    bands, rows = [], []
    for n, year in enumerate(plan.years):
        middle, low, high = role.need.p50[n], role.need.p10[n], role.need.p90[n]
        if middle is None or low is None or high is None:
            continue
        supply, chance = role.supply.p50[n], role.p_short[n]
        mark = str(year) if n % EVERY["years"] == 0 else ""
        bands.append(Band(middle, (low, high), None, supply, mark))
        lacks = None if supply is None else max(middle - supply, 0.0)
        rows.append(
            (
                str(year),
                number(middle),
                f"{number(low)} en {number(high)}",
                told_number(supply),
                told_number(lacks),
                "onbekend" if chance is None else percent(chance),
            )
        )
    if not bands:
        return None
    short = next(
        (
            plan.years[n]
            for n, chance in enumerate(role.p_short)
            if chance is not None and chance >= 0.7
        ),
        None,
    )
    title = (
        f"{name}: vanaf {short} waarschijnlijk te weinig mensen"
        if short is not None
        else f"{name}: een tekort is de komende jaren niet waarschijnlijk"
    )
    *_, last = rows
    return Chart(
        name=f"rol-{role.role}",
        title=title,
        sentence=f"In {last[0]} zijn er {last[1]} fte aan het werk nodig, met 80% kans tussen "
        f"{last[2]}; er zijn er dan naar verwachting {last[3]}.",
        svg=fan(bands),
        columns=FAN_COLUMNS,
        rows=rows,
        legend=(
            ("middle", "verwacht nodig"),
            ("outer", "80% kans"),
            ("supply", "fte die er zijn"),
            ("short", "tekort"),
        ),
    )


def scarcest(plan: Plan) -> RolePlan | None:
    """The role that is short of most, as a share of what it needs: never a sum of roles."""

    def lacks(role: RolePlan) -> float:
        at = last_known(role.shortage.mean) if role.shortage is not None else None
        if role.shortage is None or at is None or not role.need.mean[at]:
            return float("-inf")
        return (role.shortage.mean[at] or 0.0) / (role.need.mean[at] or 1.0)

    return max(plan.roles, key=lacks, default=None)


def line_of(plan: Plan, care_setting: str, bed_type: str | None) -> LinePlan | None:
    return next(
        (
            line
            for line in plan.lines
            if (line.care_setting, line.bed_type) == (care_setting, bed_type)
        ),
        None,
    )


def last_known(numbers: Numbers) -> int | None:
    known = [n for n, value in enumerate(numbers) if value is not None]
    return known[-1] if known else None


def spread(low: float, high: float) -> str:
    def side(value: float) -> str:
        return f"{number(value)} te weinig" if value > 0 else f"{number(-value)} over"

    return f"Met 80% kans tussen {side(low)} en {side(high)}."


def cause(name: str) -> str:
    return CAUSES.get(name, name.replace("-", " "))


def short_cause(name: str) -> str:
    return SHORT_CAUSES.get(name, name.replace("-", " ")[:10])


def role_name(role: str) -> str:
    name = ROLE_NAMES.get(role, role)
    return f"{name[0].upper()}{name[1:]}"


def setting_name(care_setting: str) -> str:
    setting = SETTINGS.get(care_setting, care_setting)
    return f"{setting[0].upper()}{setting[1:]}"


def type_name(care_setting: str, told: TypeForecast) -> str:
    kind = BED_TYPE_NAMES.get(told.bed_type or "", told.bed_type or "plek")
    return f"{setting_name(care_setting)}, {kind}"


def told_number(value: float | None) -> str:
    return "onbekend" if value is None else number(value)


def when(step: ForecastStep, horizon: Horizon) -> str:
    return day_text(step.at, step.day, horizon)


def day_text(at: datetime, day: date, horizon: Horizon) -> str:
    local = at.astimezone(LOCAL).date()
    if horizon == "years":
        return str(local.year if local.month == 1 else day.year)
    if horizon == "months":
        return f"{MONTHS[local.month - 1]} {local.year}"
    return f"{local.day} {MONTHS[local.month - 1]}"
