"""What will be needed beside what there will be, in weeks, months and years."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.dashboard.charts import Chart
from app.dashboard.drawing.fan import Band, fans
from app.dashboard.language import _, capital, number, percent
from app.dashboard.names import day_name, kind_name, role_name, told_number
from app.dashboard.sentences import LIKELY, MONTHS, UNLIKELY, probability_word
from app.forecasts.runs import Horizon
from app.forecasts.schemas import Band as Told
from app.forecasts.schemas import ForecastStep, TypeForecast
from app.planning.schemas import Plan, RolePlan

AHEAD: Mapping[Horizon, str] = {
    "days": "komende dagen",
    "weeks": "komende weken",
    "months": "komende maanden",
    "years": "komende jaren",
}
COLUMNS = ("Wanneer", "Nodig", "80% kans tussen", "Er is", "Tekort", "Kans op tekort")
# One bar of the gap for so many steps, and one mark under the axis.
STRIPS: Mapping[Horizon, int] = {"days": 1, "weeks": 7, "months": 1, "years": 1}
EVERY: Mapping[Horizon, int] = {"days": 3, "weeks": 14, "months": 2, "years": 2}


def fan_chart(name: str, of: str, horizon: Horizon, told: TypeForecast) -> Chart | None:
    """Of one kind of bed of what is asked for (`of`); None where nothing is known of it."""
    steps = [step for step in told.steps if step.state == "known"]
    if told.state != "known" or not steps:
        return None
    worst = worst_steps(steps, STRIPS[horizon])
    bands = [
        Band(
            middle=step.need.median,
            outer=interval(step.need, 80),
            inner=interval(step.need, 50),
            supply=step.supply.value,
            mark=mark(step, horizon) if n % EVERY[horizon] == EVERY[horizon] // 2 else "",
            gap=gap_of(step) if n in worst else None,
        )
        for n, step in enumerate(steps)
    ]
    needed = _("plekken nodig, met ruimte") if horizon == "years" else _("verwacht nodig")
    return Chart(
        name=f"fan-{horizon}",
        title=title(name, horizon, steps),
        sentence=sentence(steps, horizon, told),
        pictures=fans(bands, kind_name(told.bed_type)),
        columns=tuple(_(column) for column in COLUMNS),
        rows=[row(step, horizon) for step in steps],
        legend=(
            ("middle", needed),
            *((("b50", _("50% kans")),) if horizon != "years" else ()),
            ("b80", _("80% kans")),
            ("supply", _("plekken die er zijn")),
            ("short", _("tekort")),
        ),
        api=f"/v1/forecasts?{of}&horizon={horizon}",
    )


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


def row(step: ForecastStep, horizon: Horizon) -> tuple[str, ...]:
    band = interval(step.need, 80)
    gap = step.gap.median
    return (
        when(step, horizon),
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
        "at": at(worst, horizon),
        "word": probability_word(chance),
    }
    if chance <= UNLIKELY:
        return _("{name}: een tekort is {word} in de {ahead}", **told)
    if chance < LIKELY:
        return _("{name}: het kan krap worden, het meest {at}", **told)
    first = next(step for step in known if (step.p_short.value or 0.0) >= LIKELY)
    told |= {"since": when(first, horizon), "word": probability_word(first.p_short.value or 0.0)}
    return _("{name}: vanaf {since} {word} te weinig plekken", **told)


def at(step: ForecastStep, horizon: Horizon) -> str:
    """ "op 21 feb", "in feb 2027", "in 2032"."""
    told = when(step, horizon)
    return _("op {day}", day=told) if horizon == "weeks" else _("in {month}", month=told)


def when(step: ForecastStep, horizon: Horizon) -> str:
    if horizon == "years":
        return str(step.day.year)
    if horizon == "months":
        return f"{_(MONTHS[step.day.month - 1])} {step.day.year}"
    return day_name(step.day)


def mark(step: ForecastStep, horizon: Horizon) -> str:
    """What stands under the axis: a week, a month, a year."""
    if horizon == "years":
        return str(step.day.year)
    if horizon == "months":
        return f"{_(MONTHS[step.day.month - 1])} ’{step.day.year % 100:02}"
    return _("wk {n}", n=step.day.isocalendar().week)


def sentence(steps: Sequence[ForecastStep], horizon: Horizon, told: TypeForecast) -> str:
    """The worst step in numbers, and what the last one holds."""
    worst = min(
        (step for step in steps if gap_of(step) is not None),
        key=lambda step: step.gap.median or 0.0,
        default=None,
    )
    said = ""
    if worst is not None and (found := gap_of(worst)) is not None:
        said = spread(-found[2], -found[1], at(worst, horizon)) + " "
    last = steps[-1]
    values: dict[str, Any] = {
        "at": capital(at(last, horizon)),
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
        columns=tuple(_(column) for column in COLUMNS),
        rows=rows,
        legend=(
            ("middle", _("verwacht nodig")),
            ("b80", _("80% kans")),
            ("supply", _("fte die er zijn")),
            ("short", _("tekort")),
        ),
        api="/v1/scenarios/baseline",
    )
