"""What a unit told before: its places over a week, a month or a year, and who told it what."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.dashboard.charts import Chart
from app.dashboard.drawing.fan import Band, fans
from app.dashboard.language import _, number, percent, signed
from app.dashboard.names import day_name, kind_name, local_day, told_number
from app.dashboard.sentences import MONTHS, closed_reason, moment
from app.observations.history import Rolled, Stretch
from app.observations.measures import DIMENSIONS
from app.observations.notices.schemas import EventShown

MEASURES = ("occupied", "staffed")


@dataclass(frozen=True, slots=True)
class Back:
    """How far a look back reaches, and in what steps; `every` so many steps one is marked."""

    key: str
    name: str
    days: int
    stretch: Stretch
    every: int


BACKS: Sequence[Back] = (
    Back("7", "7 dagen", 7, "hour", 24),
    Back("28", "28 dagen", 28, "day", 7),
    Back("365", "365 dagen", 365, "week", 8),
)
STEPS: Mapping[Stretch, str] = {"hour": "uren", "day": "dagen", "week": "weken"}
EVENTS: Mapping[str, str] = {
    "closure": "sluiting",
    "opening": "opening",
    "reclassification": "ander gebruik",
    "strike": "staking",
}
SOURCES: Mapping[str, str] = {
    "hand": "met de hand",
    "feed": "koppeling",
    "mandate": "namens de afdeling",
    "import": "bestand",
}
REPORTS: Mapping[str, str] = {
    "report": "melding",
    "confirmation": "niets veranderd",
    "retraction": "ingetrokken",
    "release": "vrijgegeven",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One hour, day or week of one kind of places; None is not known. `staffed` is the mean of the
    places that were open, `open_most` the most there were."""

    at: datetime
    mean: float | None
    least: float | None
    most: float | None
    staffed: float | None
    share: float
    open_most: float | None = None


Key = tuple[str, str]


def steps_of(told: Iterable[Rolled], starts: Sequence[datetime]) -> dict[Key, list[Step]]:
    """By resource and bed type each of `starts`, in order; of what nothing was told is unknown."""
    found: dict[Key, dict[tuple[str, datetime], Rolled]] = {}
    for each in told:
        words: dict[str, str] = dict(zip(DIMENSIONS, each.key[1:], strict=True))
        kind = words.pop("resource"), words.pop("bedType")
        # What is told in parts is not drawn as the whole.
        if not any(words.values()):
            found.setdefault(kind, {})[each.key[0], each.start] = each
    return {
        kind: [step(at, of.get(("occupied", at)), of.get(("staffed", at))) for at in starts]
        for kind, of in sorted(found.items())
        if any(measure == "occupied" for measure, _at in of)
    }


def step(at: datetime, occupied: Rolled | None, staffed: Rolled | None) -> Step:
    opened = (staffed.value, staffed.most) if staffed else (None, None)
    if occupied is None:
        return Step(at, None, None, None, opened[0], 0.0, opened[1])
    told = (occupied.value, occupied.least, occupied.most, opened[0], occupied.observed_share)
    return Step(at, *told, opened[1])


def back_chart(unit: str, name: str, kind: Key, steps: Sequence[Step], back: Back) -> Chart | None:
    """Who was there beside the places that were open; None where nothing was told."""
    known = [step for step in steps if step.mean is not None]
    if not known:
        return None
    bed_type = kind[1] or None
    bands = [
        Band(
            None,
            None if step.least is None or step.most is None else (step.least, step.most),
            supply=step.staffed,
            mark=mark(step.at, back) if n % back.every == back.every // 2 else "",
            seen=step.mean,
            past=True,
        )
        for n, step in enumerate(steps)
    ]
    return Chart(
        name=f"terug-{'-'.join(filter(None, kind))}",
        title=title(f"{name}, {kind_name(bed_type)}", known, back),
        sentence=sentence(steps, known, back),
        pictures=fans(bands, kind_name(bed_type)),
        columns=(_("Wanneer"), _("Gemiddeld bezet"), _("Laagst"), _("Hoogst"), _("Geopend")),
        rows=[row(step, back) for step in steps],
        legend=(
            ("seen", _("gemiddeld bezet")),
            ("b80", _("laagst tot hoogst")),
            ("supply", _("geopend")),
        ),
        api=f"/v1/units/{unit}/history?measure=occupied&measure=staffed&resolution={back.stretch}",
    )


def title(name: str, known: Sequence[Step], back: Back) -> str:
    """Full for certain is a step in which as many were there as were ever open in it; there may
    have been more of them, so "at least"."""
    of = [(step.most, step.open_most) for step in known if step.most is not None and step.open_most]
    full = [most for most, opened in of if opened is not None and most >= opened]
    if not full:
        mean = sum(step.mean or 0.0 for step in known) / len(known)
        return _(
            "{name}: gemiddeld {n} bezet in {span}", name=name, n=number(mean), span=_(back.name)
        )
    return _(
        "{name}: in ten minste {n} van de {of} {steps} was op enig moment alles bezet",
        name=name,
        n=len(full),
        of=len(of),
        steps=_(STEPS[back.stretch]),
    )


def sentence(steps: Sequence[Step], known: Sequence[Step], back: Back) -> str:
    means = [step.mean for step in known if step.mean is not None]
    share = sum(step.share for step in steps) / len(steps)
    return _(
        "Gemiddeld {mean} bezet, het laagst {least}, het hoogst {most}. Van {share} van de {span} "
        "is een cijfer bekend.",
        mean=number(sum(means) / len(means)),
        least=number(min(step.least or 0.0 for step in known)),
        most=number(max(step.most or 0.0 for step in known)),
        share=percent(share),
        span=_(back.name),
    )


def row(step: Step, back: Back) -> tuple[str, ...]:
    figures = (step.mean, step.least, step.most, step.staffed)
    return (when(step.at, back), *map(told_number, figures))


def when(at: datetime, back: Back) -> str:
    if back.stretch == "hour":
        return moment(at)
    if back.stretch == "day":
        return day_name(local_day(at))
    return _("week van {day}", day=day_name(local_day(at)))


def mark(at: datetime, back: Back) -> str:
    day = local_day(at)
    return f"{day.day} {_(MONTHS[day.month - 1])}"


def event_row(event: EventShown) -> tuple[str, ...]:
    """What was or will be closed or opened: of which kind, how many, from when until when, why."""
    change = _("onbekend") if event.change is None else signed(event.change)
    return (
        _(EVENTS[event.kind]),
        kind_name(event.bed_type) if event.bed_type else _("alle soorten"),
        change,
        moment(event.begins_at),
        moment(event.ends_at) if event.ends_at else _("einde onbekend"),
        closed_reason(event.reason) if event.reason else _("niet getoond"),
    )


def report_row(report: Mapping[Any, Any], names: Mapping[int, str]) -> tuple[str, ...]:
    """One report: about when, known when, by whom and how, and how many figures."""
    return (
        moment(report["observed_at"]),
        moment(report["known_at"]),
        names[report["reported_by"]],
        _(SOURCES[report["source_kind"]]),
        _(REPORTS[report["kind"]]),
        str(report["figures"]),
    )
