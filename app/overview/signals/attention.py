"""What asks for attention as one viewer's overview shows it: no second rule of what may be seen."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.overview.schemas import Overview, StopNow, Total, UnitNow
from app.overview.signals.course import Loud, Subject

BUSY: tuple[Loud, ...] = ("vol", "druk")


@dataclass(frozen=True)
class Asking:
    """A subject with its level, and what the overview says of it: a unit, or a kind of places."""

    subject: Subject
    level: Loud
    unit: UnitNow | None = None
    total: Total | None = None
    stops: tuple[StopNow, ...] = ()


def asking(overview: Overview) -> dict[Subject, Asking]:
    """Stops in force, kinds of places that are vol or druk, phones that miss their norms, units
    that fell silent: worst first."""
    found = [*stopped(overview), *tight(overview), *phones(overview), *silent(overview)]
    found.sort(key=lambda each: ("vol", "druk", "oud").index(each.level))
    return {each.subject: each for each in found}


def stopped(overview: Overview) -> Iterator[Asking]:
    """Stops of one kind of one unit are one signal, however many entrances they close."""
    for unit in overview.units:
        kinds: dict[tuple[str, str], list[StopNow]] = {}
        for stop in unit.stops or ():
            kinds.setdefault((stop.kind, stop.specialism or ""), []).append(stop)
        for (kind, specialism), stops in kinds.items():
            subject = Subject("stop", unit=unit.unit, stop=kind, specialism=specialism)
            yield Asking(subject, "vol", unit=unit, stops=tuple(stops))


def tight(overview: Overview) -> Iterator[Asking]:
    for total in overview.totals:
        level = total.level.level
        if total.units and (level == "vol" or level == "druk"):
            subject = Subject(
                "places",
                care_setting=total.care_setting,
                resource=total.resource,
                bed_type=total.bed_type or "",
            )
            yield Asking(subject, level, total=total)


def phones(overview: Overview) -> Iterator[Asking]:
    """A huisartsenpost is judged by its norms, and has no places that a total could tell of."""
    for unit in overview.units:
        level = unit.level.level
        if unit.care_setting == "huisartsenpost" and (level == "vol" or level == "druk"):
            yield Asking(Subject("phone", unit=unit.unit), level, unit=unit)


def silent(overview: Overview) -> Iterator[Asking]:
    for unit in overview.units:
        if unit.freshness == "stale" and not unit.closed:
            yield Asking(Subject("silent", unit=unit.unit), "oud", unit=unit)
