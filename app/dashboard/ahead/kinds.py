"""All kinds of places beside each other: which of them are short, and when."""

from collections.abc import Mapping, Sequence

from app.dashboard.charts import Chart
from app.dashboard.drawing.fan import Band
from app.dashboard.drawing.small import smalls
from app.dashboard.fans import AHEAD, BEFORE, STRIPS, bands_of, seen_before, when, worst_steps
from app.dashboard.language import _, listed, number, percent
from app.dashboard.names import short_names, told_number
from app.dashboard.queries import Key
from app.dashboard.sentences import LIKELY
from app.forecasts.runs import Horizon
from app.forecasts.schemas import ForecastStep, TypeForecast

FEWEST = 2
MOST_NAMED = 3


def kinds_chart(told: Mapping[Key, TypeForecast], horizon: Horizon) -> Chart | None:
    """Of each kind its tightest step of every week, month or year; None of fewer than two."""
    found = {
        key: steps
        for key, of in told.items()
        if (steps := [step for step in of.steps if step.state == "known"])
    }
    if len(found) < FEWEST or horizon == "days":
        return None
    names = short_names(list(found))
    lacking = [
        name
        for name, steps in zip(names, found.values(), strict=True)
        if any((step.p_short.value or 0.0) >= LIKELY for step in steps)
    ]
    return Chart(
        name="soorten",
        title=title(lacking, len(found), horizon),
        sentence=_(
            "Elke soort op een eigen schaal, vanaf nul. Van elke week, maand of elk jaar de "
            "krapste stap; ervoor het hoogste dat is gemeld."
        ),
        pictures=smalls(
            [
                (name, bands(told[key], steps, horizon))
                for name, (key, steps) in zip(names, found.items(), strict=True)
            ]
        ),
        columns=(_("Soort"), _("Het krapst"), _("Nodig"), _("Er is"), _("Kans op tekort")),
        rows=[row(name, steps, horizon) for name, steps in zip(names, found.values(), strict=True)],
        legend=(
            ("seen", _("gemeld")),
            ("middle", _("verwacht nodig")),
            ("b80", _("80% kans")),
            ("supply", _("plekken die er zijn")),
            ("short", _("tekort")),
        ),
    )


def title(lacking: Sequence[str], of: int, horizon: Horizon) -> str:
    ahead = _(AHEAD[horizon])
    if not lacking:
        return _("Bij geen soort plek is in de {ahead} een tekort waarschijnlijk", ahead=ahead)
    if len(lacking) <= MOST_NAMED:
        named = listed(lacking)
        return _("In de {ahead} is een tekort waarschijnlijk bij {named}", ahead=ahead, named=named)
    return _(
        "Bij {n} van {of} soorten plekken is in de {ahead} een tekort waarschijnlijk",
        n=len(lacking),
        of=of,
        ahead=ahead,
    )


def bands(told: TypeForecast, steps: Sequence[ForecastStep], horizon: Horizon) -> list[Band]:
    every = STRIPS[horizon]
    before = seen_before(told.past, horizon)
    highest = [
        (group[0][0], max((seen for _day, seen in group if seen is not None), default=None))
        for start in range(0, len(before), every)
        if (group := before[start : start + every])
    ]
    tight = [steps[n] for n in sorted(worst_steps(steps, every))]
    return bands_of(highest[-BEFORE[horizon] :], tight, horizon, frozenset())


def row(name: str, steps: Sequence[ForecastStep], horizon: Horizon) -> tuple[str, ...]:
    """The step with the greatest chance of a shortage, the first of equals."""
    known = [step for step in steps if step.p_short.value is not None]
    if not known:
        unknown = _("onbekend")
        return (name, unknown, told_number(steps[0].need.median), unknown, unknown)
    worst = max(known, key=lambda step: step.p_short.value or 0.0)
    supply = worst.supply.value
    return (
        name,
        when(worst.day, horizon),
        told_number(worst.need.median),
        _("onbekend") if supply is None else number(supply),
        percent(worst.p_short.value or 0.0),
    )
