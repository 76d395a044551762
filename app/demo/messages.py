"""From figures to the senders' own messages. What a format cannot tell is handed back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from app.demo.forms import About, alias, inside, is_hour, written
from app.feeds.formats import FORMATS, JSON
from app.feeds.messages import Form, Periods, UnitForm, days_of
from app.feeds.parts import part_of
from app.observations.schemas import Period, ReportedFigure
from app.observations.words import Place
from app.simulation.kinds import Kind

# Of a form with several lists of units: in which a unit stands, by its care setting.
LISTS: Mapping[str, str] = {
    "seh": "seh",
    "coordination": "rtp",
    "acute-home-nursing": "acute_wijkverpleging",
    "pharmacy": "apotheek",
    "mental-health-crisis": "acute_psychiatrie",
}


@dataclass(frozen=True)
class Telling:
    """What one sender says of one unit or staff pool about one moment."""

    place: Place
    observed_at: datetime
    figures: tuple[ReportedFigure, ...]
    # The unit's own code in the feed, and its care setting.
    code: str = ""
    care_setting: str = ""

    @property
    def about(self) -> About:
        return About(self.place, self.observed_at)


@dataclass(frozen=True)
class Built:
    """The body of a message, and of whom it tells what; the rest it cannot tell."""

    body: bytes
    told: Sequence[Telling]
    untold: Sequence[Telling]
    media: str = JSON


def reported(kind: Kind, value: float | None, period: Period | None = None) -> ReportedFigure:
    """A figure of the simulation in the words of a report."""
    words = {name: word for name in Kind.__slots__ if (word := getattr(kind, name))}
    over = {"period": period} if period else {}
    return ReportedFigure.model_validate({"value": value, **words, **over})


def messages(format: str, tellings: Sequence[Telling]) -> tuple[list[Built], list[Telling]]:
    """Messages of one moment that tell all that the format can, and what it cannot.

    The figures of one unit are spread over several messages where one form has no room for them
    (two periods, a queue as one number and by urgency).
    """
    built: list[Built] = []
    left = list(tellings)
    while left:
        one = message(format, left)
        if not one.told:
            break
        built.append(one)
        left = list(one.untold)
    return built, left


def message(format: str, tellings: Sequence[Telling]) -> Built:
    """One message of units that stand in it once, at one moment."""
    form, _ = FORMATS[format]
    lists = dict(unit_lists(form))
    parts: dict[str, list[dict[str, Any]]] = {}
    told, untold = [], []
    for telling in tellings:
        name = LISTS.get(telling.care_setting, "") if len(lists) > 1 else next(iter(lists))
        if name not in lists:
            untold.append(telling)
            continue
        unit, said, rest = unit_part(lists[name], telling)
        if said.figures:
            parts.setdefault(alias(form, name), []).append(unit)
            told.append(said)
        if rest.figures:
            untold.append(rest)
    moments = {telling.observed_at for telling in tellings}
    assert len(moments) == 1, "a message is about one moment"
    body = orjson.dumps({"peilmoment": written(moments.pop()), **parts})
    return Built(body, told, untold)


def unit_lists(form: type[Form]) -> Iterator[tuple[str, type[UnitForm]]]:
    """The lists of units in a message, by the name of the field."""
    for name, field in form.model_fields.items():
        inner, many = inside(field)
        if many and inner is not None and issubclass(inner, UnitForm):
            yield name, inner


def unit_part(form: type[UnitForm], telling: Telling) -> tuple[dict[str, Any], Telling, Telling]:
    """What the form says of one unit, which figures are read from it, and which are left."""
    about = telling.about
    wanted = {about.known(each): each for each in telling.figures}
    unit: dict[str, Any] = {}
    over: Periods = {}
    most = -1
    for head in heads(form, telling):
        named = periods(form, head, telling.observed_at)
        filled, known = about.fill(form, head, named, {}, wanted)
        if len(known) > most:
            unit, over, most = filled, named, len(known)
        if most == len(wanted):
            break
    found = part_of(form.model_validate(unit), "", over)
    # What counts is what is read, not what was meant.
    read = {(about.known(each), each.value) for _, each in found.figures if not found.faults}
    told = tuple(each for each in telling.figures if (about.known(each), each.value) in read)
    rest = tuple(each for each in telling.figures if (about.known(each), each.value) not in read)
    return unit, replace(telling, figures=told), replace(telling, figures=rest)


def heads(form: type[UnitForm], telling: Telling) -> Iterator[dict[str, Any]]:
    """Under its code alone; or of an hour, where the form can be of another than the last."""
    yield {"code": telling.code}
    if "uur" in form.model_fields:
        spans = [each.period for each in telling.figures if each.period is not None]
        hours = {span.start for span in spans if is_hour(span)}
        yield from ({"code": telling.code, "uur": hour} for hour in sorted(hours, reverse=True))


def periods(form: type[UnitForm], head: Mapping[str, Any], at: datetime) -> Periods:
    """The periods that the form takes as read at a moment."""
    own = getattr(form.model_construct(**head), "over", None)
    return {**days_of(at), **(own(at) if own else {})}
