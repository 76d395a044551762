"""The next 72 hours by shift: who comes and goes, what is free at least, and the chance of none."""

from collections.abc import Sequence
from datetime import datetime

from app.dashboard.charts import Chart
from app.dashboard.drawing.fan import Band, fans
from app.dashboard.fans import gap_of, interval
from app.dashboard.language import _, number, percent
from app.dashboard.names import kind_name, weekday_name
from app.dashboard.sentences import UNLIKELY, probability_word
from app.facilities.hours import LOCAL
from app.forecasts.schemas import Amount, ForecastStep, TypeForecast
from app.forecasts.schemas import Band as Told

COLUMNS = (
    *("Tot", "Er komen", "Er gaan", "Nodig", "Met 90% ten minste vrij"),
    *("Met 70% ten minste vrij", "Kans op geen plek"),
)


def tonight_chart(name: str, of: str, told: TypeForecast) -> Chart | None:
    """Of one kind of bed; None where nothing is known of its next days."""
    steps = [step for step in told.steps if step.state == "known"]
    if told.state != "known" or not steps:
        return None
    bands = [
        Band(
            middle=step.need.median,
            outer=interval(step.need, 80),
            inner=interval(step.need, 50),
            supply=step.supply.value,
            mark=clock(step.until) if n % 2 == 1 or len(steps) < 7 else "",
            gap=gap_of(step),
        )
        for n, step in enumerate(steps)
    ]
    return Chart(
        name="komende-dagen",
        title=title(name, steps),
        sentence=sentence(steps),
        pictures=fans(bands, kind_name(told.bed_type)),
        columns=tuple(_(column) for column in COLUMNS),
        rows=[row(step) for step in steps],
        legend=(
            ("middle", _("verwacht nodig")),
            ("b50", _("50% kans")),
            ("b80", _("80% kans")),
            ("supply", _("plekken die er zijn")),
            ("short", _("tekort")),
        ),
        api=f"/v1/forecasts?{of}&horizon=days",
    )


def clock(at: datetime) -> str:
    """ "ma 15:00", the end of a shift: whose steps end a second before the hour."""
    here = at.astimezone(LOCAL)
    rounded = datetime.fromtimestamp(round(here.timestamp() / 60) * 60, LOCAL)
    return f"{weekday_name(rounded.date())} {rounded:%H:%M}"


def row(step: ForecastStep) -> tuple[str, ...]:
    asked = [f"{clock(each.at)}: {share(each.value)}" for each in step.no_place or ()]
    return (
        clock(step.until),
        middle(step.arrivals),
        middle(step.departures),
        middle(step.need),
        whole(step.at_least_90),
        whole(step.at_least_70),
        "; ".join(asked) or "–",
    )


def middle(of: Told | None) -> str:
    if of is None or of.median is None:
        return _("onbekend")
    band = interval(of, 80)
    around = f" ({number(band[0])}–{number(band[1])})" if band else ""
    return f"{number(of.median)}{around}"


def whole(of: Amount | None) -> str:
    return _("onbekend") if of is None or of.value is None else number(max(of.value, 0.0))


def share(value: float | None) -> str:
    return _("onbekend") if value is None else percent(value)


def title(name: str, steps: Sequence[ForecastStep]) -> str:
    """The moment at which the chance of no place is greatest."""
    asked = [each for step in steps for each in step.no_place or () if each.value is not None]
    if not asked:
        return _("{name}: de kans op geen plek is nog niet bekend", name=name)
    worst = max(asked, key=lambda each: each.value or 0.0)
    chance = worst.value or 0.0
    told = {"name": name, "at": clock(worst.at), "chance": percent(chance)}
    if chance <= UNLIKELY:
        return _(
            "{name}: geen plek is de komende 72 uur {word}", word=probability_word(chance), **told
        )
    return _("{name}: de meeste kans op geen plek is {at}: {chance}", **told)


def sentence(steps: Sequence[ForecastStep]) -> str:
    """What can be counted on by tomorrow."""
    step = steps[min(2, len(steps) - 1)]
    sure, likely = step.at_least_90, step.at_least_70
    if sure is None or likely is None or sure.value is None or likely.value is None:
        return _("Hoeveel plekken er ten minste vrij zijn, is nog niet bekend.")
    return _(
        "Tot {until} zijn er met 90% kans ten minste {sure} plekken vrij, met 70% ten minste "
        "{likely}.",
        until=clock(step.until),
        sure=whole(sure),
        likely=whole(likely),
    )
