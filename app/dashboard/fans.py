"""What will be needed beside what there will be, in weeks, months and years."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.dashboard.charts import Chart
from app.dashboard.drawing.fan import Band, fans
from app.dashboard.language import _, capital, number, percent
from app.dashboard.names import day_name, kind_name, local_day, role_name, told_number
from app.dashboard.sentences import LIKELY, MONTHS, UNLIKELY, probability_word
from app.forecasts import calendar
from app.forecasts.runs import Horizon
from app.forecasts.schemas import Band as Told
from app.forecasts.schemas import ForecastStep, Past, TypeForecast
from app.planning.schemas import Plan, RolePlan

AHEAD: Mapping[Horizon, str] = {
    "days": "komende dagen",
    "weeks": "komende weken",
    "months": "komende maanden",
    "years": "komende jaren",
}
COLUMNS = ("Wanneer", "Was er", "Nodig", "80% kans tussen", "Er is", "Tekort", "Kans op tekort")
# One bar of the gap for so many steps, and one mark under the axis.
STRIPS: Mapping[Horizon, int] = {"days": 1, "weeks": 7, "months": 1, "years": 1}
EVERY: Mapping[Horizon, int] = {"days": 3, "weeks": 14, "months": 2, "years": 2}
# So many steps before now stand in the picture: four weeks, a year.
BEFORE: Mapping[Horizon, int] = {"days": 0, "weeks": 28, "months": 12, "years": 0}


# What was told of the steps before now; None where nothing was.
Before = Sequence[tuple[date, float | None]]


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a run of before expected to be needed, by the day on which a step begins."""

    issued: date
    needed: Mapping[date, float]

    @property
    def name(self) -> str:
        return _("verwacht op {day}", day=day_name(self.issued))


def earlier_of(told: TypeForecast | None, issued: datetime | None) -> Earlier | None:
    """None where that run said nothing of it."""
    steps = [] if told is None else told.steps
    needed = {step.day: step.need.median for step in steps if step.need.median is not None}
    return Earlier(local_day(issued), needed) if needed and issued is not None else None


def fan_chart(
    name: str, of: str, horizon: Horizon, told: TypeForecast, earlier: Earlier | None = None
) -> Chart | None:
    """Of one kind of bed of what is asked for (`of`); None where nothing is known of it."""
    steps = [step for step in told.steps if step.state == "known"]
    if told.state != "known" or not steps:
        return None
    worst = worst_steps(steps, STRIPS[horizon])
    before = seen_before(told.past, horizon)
    bands = bands_of(before, steps, horizon, worst, earlier)
    said = sentence(steps, horizon, told)
    cells = [
        *(row_before(*each, horizon) for each in before),
        *(row(step, horizon, told=bool(before)) for step in steps),
    ]
    heads = columns(before)
    if earlier is not None:
        heads = (*heads, capital(earlier.name))
        days = [*(day for day, _seen in before), *(step.day for step in steps)]
        then = [earlier.needed.get(day) for day in days]
        cells = [
            (*row_, "–" if value is None else number(value))
            for row_, value in zip(cells, then, strict=True)
        ]
    needed = _("plekken nodig, met ruimte") if horizon == "years" else _("verwacht nodig")
    return Chart(
        name=f"fan-{horizon}",
        title=title(name, horizon, steps),
        sentence=" ".join(filter(None, (last_seen(before, horizon), said))),
        pictures=fans(bands, kind_name(told.bed_type)),
        columns=heads,
        rows=cells,
        legend=(
            *((("seen", seen_name(told.past)),) if before else ()),
            *((("earlier", earlier.name),) if earlier is not None else ()),
            ("middle", needed),
            *((("b50", _("50% kans")),) if horizon != "years" else ()),
            ("b80", _("80% kans")),
            ("supply", _("plekken die er zijn")),
            ("short", _("tekort")),
        ),
        api=f"/v1/forecasts?{of}&horizon={horizon}",
    )


def bands_of(
    before: Before,
    steps: Sequence[ForecastStep],
    horizon: Horizon,
    worst: frozenset[int],
    earlier: Earlier | None = None,
) -> list[Band]:
    """What there was, and what will be; the gap stands under the steps that are the worst."""
    days = [*(day for day, _seen in before), *(step.day for step in steps)]
    every = EVERY[horizon]
    under = [mark(day, horizon) if n % every == every // 2 else "" for n, day in enumerate(days)]
    then = earlier.needed if earlier is not None else {}
    past = [
        Band(None, None, mark=under[n], seen=seen, past=True, earlier=then.get(days[n]))
        for n, (_day, seen) in enumerate(before)
    ]
    ahead = [
        Band(
            middle=step.need.median,
            outer=interval(step.need, 80),
            inner=interval(step.need, 50),
            supply=step.supply.value,
            mark=under[len(before) + n],
            gap=gap_of(step) if n in worst else None,
            earlier=then.get(step.day),
        )
        for n, step in enumerate(steps)
    ]
    return [*past, *ahead]


def seen_before(past: Past | None, horizon: Horizon) -> Before:
    """The last steps before now with who was there, and who waited where that is told."""
    if past is None or past.first is None:
        return ()
    values = past.need or past.values
    of = calendar.months_from if horizon == "months" else calendar.days_from
    told = [*zip(of(past.first, len(values)), values, strict=True)]
    return told[-BEFORE[horizon] :] if any(value is not None for value in values) else ()


def seen_name(past: Past | None) -> str:
    waited = past is not None and past.need is not None
    return _("bezet en wachtend, gemeld") if waited else _("bezet, gemeld")


def last_seen(before: Before, horizon: Horizon) -> str:
    """The last that was told, so that a leap from there to what is expected is seen."""
    known = [(day, seen) for day, seen in before if seen is not None]
    if not known:
        return ""
    day, seen = known[-1]
    return _("Het laatst gemeld: {n} {at}.", n=number(seen), at=at(day, horizon))


def columns(before: Before) -> tuple[str, ...]:
    shown = COLUMNS if before else (COLUMNS[0], *COLUMNS[2:])
    return tuple(_(column) for column in shown)


def row_before(day: date, seen: float | None, horizon: Horizon) -> tuple[str, ...]:
    return (when(day, horizon), told_number(seen), *["–"] * (len(COLUMNS) - 2))


def worst_steps(steps: Sequence[ForecastStep], of: int) -> frozenset[int]:
    """Of each `of` steps the one with the smallest gap."""

    def gap(n: int) -> float:
        value = steps[n].gap.median
        return float("inf") if value is None else value

    return frozenset(
        min(range(start, min(start + of, len(steps))), key=gap)
        for start in range(0, len(steps), of)
    )


def interval(told: Told, level: int) -> tuple[float, float] | None:
    found = next((each for each in told.intervals if each.level == level), None)
    return None if found is None else (found.low, found.high)


def gap_of(step: ForecastStep) -> tuple[float, float, float] | None:
    band = interval(step.gap, 80)
    return None if step.gap.median is None or band is None else (step.gap.median, *band)


def row(step: ForecastStep, horizon: Horizon, *, told: bool = False) -> tuple[str, ...]:
    """`told`: with the column of what there was, of which a step ahead has nothing."""
    band = interval(step.need, 80)
    gap = step.gap.median
    return (
        when(step.day, horizon),
        *(("–",) if told else ()),
        told_number(step.need.median),
        _("{low} en {high}", low=number(band[0]), high=number(band[1])) if band else _("onbekend"),
        told_number(step.supply.value),
        _("onbekend") if gap is None else number(max(-gap, 0.0)),
        _("onbekend") if step.p_short.value is None else percent(step.p_short.value),
    )


def title(name: str, horizon: Horizon, steps: Sequence[ForecastStep]) -> str:
    """The finding: when it is short, how likely, or that it is not."""
    ahead = _(AHEAD[horizon])
    known = [step for step in steps if step.p_short.value is not None]
    if not known:
        return _("{name}: hoeveel plekken er {ahead} zijn, is onbekend", name=name, ahead=ahead)
    worst = max(known, key=lambda step: (step.p_short.value or 0.0, step.at.timestamp() * -1))
    chance = worst.p_short.value or 0.0
    told = {
        "name": name,
        "ahead": ahead,
        "at": at(worst.day, horizon),
        "word": probability_word(chance),
    }
    if chance <= UNLIKELY:
        return _("{name}: een tekort is {word} in de {ahead}", **told)
    if chance < LIKELY:
        return _("{name}: het kan krap worden, het meest {at}", **told)
    first = next(step for step in known if (step.p_short.value or 0.0) >= LIKELY)
    told |= {
        "since": when(first.day, horizon),
        "word": probability_word(first.p_short.value or 0.0),
    }
    return _("{name}: vanaf {since} {word} te weinig plekken", **told)


def at(day: date, horizon: Horizon) -> str:
    """ "op 21 feb", "in feb 2027", "in 2032"."""
    told = when(day, horizon)
    return _("op {day}", day=told) if horizon == "weeks" else _("in {month}", month=told)


def when(day: date, horizon: Horizon) -> str:
    if horizon == "years":
        return str(day.year)
    if horizon == "months":
        return f"{_(MONTHS[day.month - 1])} {day.year}"
    return day_name(day)


def mark(day: date, horizon: Horizon) -> str:
    """What stands under the axis: a week, a month, a year."""
    if horizon == "years":
        return str(day.year)
    if horizon == "months":
        return f"{_(MONTHS[day.month - 1])} ’{day.year % 100:02}"
    return _("wk {n}", n=day.isocalendar().week)


def sentence(steps: Sequence[ForecastStep], horizon: Horizon, told: TypeForecast) -> str:
    """The worst step in numbers, and what the last one holds."""
    worst = min(
        (step for step in steps if gap_of(step) is not None),
        key=lambda step: step.gap.median or 0.0,
        default=None,
    )
    said = ""
    if worst is not None and (found := gap_of(worst)) is not None:
        said = spread(-found[2], -found[1], at(worst.day, horizon)) + " "
    last = steps[-1]
    values: dict[str, Any] = {
        "at": capital(at(last.day, horizon)),
        "need": told_number(last.need.median),
    }
    band = interval(last.need, 80)
    if band is not None:
        values |= {"low": number(band[0]), "high": number(band[1])}
        said += _("{at} zijn er {need} nodig, met 80% kans tussen {low} en {high};", **values)
    else:
        said += _("{at} zijn er {need} nodig, hoeveel is onzeker;", **values)
    supply = last.supply.value
    said += " " + (
        _("er zijn er dan {n}.", n=number(supply))
        if supply is not None
        else _("hoeveel er dan zijn, is onbekend.")
    )
    if horizon == "years":
        said += " " + _("Hier is ruimte gerekend voor drukke dagen.")
    return f"{said} {how_far_off(told)}".strip()


def how_far_off(told: TypeForecast) -> str:
    """How good its bands were before, where that is known."""
    inside = told.skill.c80 if told.skill is not None else None
    if inside is None:
        return ""
    return _("Eerder viel {share} van wat kwam binnen de band van 80%.", share=percent(inside))


def spread(low: float, high: float, where: str = "") -> str:
    """Between how much over and how much short, in words; both are shortages."""

    def side(value: float) -> str:
        n = number(abs(value))
        return _("{n} te weinig", n=n) if value > 0 else _("{n} over", n=n)

    if not where:
        return _("Met 80% kans tussen {low} en {high}.", low=side(low), high=side(high))
    return _(
        "Het krapst {where}: met 80% kans tussen {low} en {high}.",
        where=where,
        low=side(low),
        high=side(high),
    )


def role_chart(role: RolePlan, plan: Plan) -> Chart | None:
    """Need and supply of one role over the years, in FTE at work."""
    if role.supply is None or role.p_short is None or role.shortage is None:
        return None
    name = role_name(role.role)
    bands, rows = [], []
    for n, year in enumerate(plan.years):
        middle, low, high = role.need.p50[n], role.need.p10[n], role.need.p90[n]
        if middle is None or low is None or high is None:
            continue
        supply, chance = role.supply.p50[n], role.p_short[n]
        lack, least, most = (
            of[n] for of in (role.shortage.p50, role.shortage.p10, role.shortage.p90)
        )
        known = lack is not None and least is not None and most is not None
        gap = (-(lack or 0.0), -(most or 0.0), -(least or 0.0)) if known else None
        under = str(year) if n % EVERY["years"] == 0 else ""
        bands.append(Band(middle, (low, high), None, supply, under, gap))
        rows.append(
            (
                str(year),
                number(middle),
                _("{low} en {high}", low=number(low), high=number(high)),
                told_number(supply),
                _("onbekend") if lack is None else number(max(lack, 0.0)),
                _("onbekend") if chance is None else percent(chance),
            )
        )
    if not bands:
        return None
    short = next(
        (y for y, p in zip(plan.years, role.p_short, strict=True) if (p or 0) >= LIKELY), None
    )
    said = (
        _("{name}: vanaf {year} waarschijnlijk te weinig mensen", name=name, year=short)
        if short is not None
        else _("{name}: een tekort is de komende jaren niet waarschijnlijk", name=name)
    )
    last = rows[-1]
    return Chart(
        name=f"rol-{role.role}",
        title=said,
        sentence=_(
            "In {year} zijn er {need} fte aan het werk nodig, met 80% kans tussen {band}; er zijn "
            "er dan naar verwachting {supply}.",
            year=last[0],
            need=last[1],
            band=last[2],
            supply=last[3],
        ),
        pictures=fans(bands, "fte"),
        columns=columns(()),
        rows=rows,
        legend=(
            ("middle", _("verwacht nodig")),
            ("b80", _("80% kans")),
            ("supply", _("fte die er zijn")),
            ("short", _("tekort")),
        ),
        api="/v1/scenarios/baseline",
    )
