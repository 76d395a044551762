"""How good the forecasts were: what was said, and what came."""

from app.dashboard.charts import Chart
from app.dashboard.drawing.ranges import Range, ranges
from app.dashboard.language import _, number, percent
from app.dashboard.names import day_name
from app.forecasts.scoring.schemas import DistanceScore, LastSaid, TypeScores

COLUMNS = ("Hoe ver vooruit", "Gemiddeld ernaast", "Binnen de band van 80%", "Naast de eenvoudige")


def judged_chart(name: str, told: TypeScores) -> Chart | None:
    """By distance; None before any forecast has come true."""
    known = [each for each in told.distances if each.state == "known" and each.mae is not None]
    if not known:
        return None
    first = known[0]
    return Chart(
        name="hoe-goed",
        title=_(
            "{name}: {days} vooruit zat het er gemiddeld {n} naast",
            name=name,
            days=distance(first),
            n=number(first.mae or 0.0),
        ),
        sentence=last_said(told.last) or _("Vergeleken met wat er daarna is geteld."),
        pictures=(ranges([error(each) for each in known]),),
        columns=tuple(_(column) for column in COLUMNS),
        rows=[row(each) for each in known],
        legend=(),
    )


def error(of: DistanceScore) -> Range:
    """Around nothing: as far off as it was on average, with its lean in the middle."""
    mae, lean = of.mae or 0.0, of.bias or 0.0
    return Range(distance(of), -mae, lean, mae)


def distance(of: DistanceScore) -> str:
    return _("{first} tot {last} dagen", first=of.first_step, last=of.last_step)


def row(of: DistanceScore) -> tuple[str, ...]:
    return (
        distance(of),
        number(of.mae or 0.0),
        _("onbekend") if of.c80 is None else percent(of.c80),
        _("onbekend") if of.rel_crps is None else against(of.rel_crps),
    )


def against(ratio: float) -> str:
    """The error beside that of the plain forecast, in words."""
    if ratio < 1:
        return _("{share} kleiner", share=percent(1 - ratio))
    return _("{share} groter", share=percent(ratio - 1))


def last_said(last: LastSaid | None) -> str:
    if last is None or last.came_true.value is None:
        return ""
    return _(
        "Vorige keer: voor {day} werd {said} verwacht, met 80% kans tussen {low} en {high}; het "
        "werden er {came}.",
        day=day_name(last.day),
        said=number(last.median),
        low=number(last.low),
        high=number(last.high),
        came=number(last.came_true.value),
    )
