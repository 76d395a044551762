"""From figures to the senders' own messages: the forms of the feeds, walked the other way round.

What a form can tell is found in the form itself, so that there is no second table of Dutch fields.
What it cannot tell is handed back, never dropped.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from app.facilities.hours import LOCAL
from app.feeds.dutch import Named
from app.feeds.formats import FORMATS
from app.feeds.messages import (
    MOST,
    Form,
    Over,
    Periods,
    Says,
    Span,
    UnitForm,
    days_of,
    figure,
    figures,
)
from app.observations.measures import MEASURES
from app.observations.rules import Key, figure_of
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
HOUR = timedelta(hours=1)

# A figure whoever writes it down: its series, the period that it is over, its value.
Same = tuple[Key, datetime, int, float | None]
Wanted = dict[tuple[Key, datetime, int], float | None]


@dataclass(frozen=True)
class Telling:
    """What one sender says of one unit or staff pool about one moment."""

    place: Place
    observed_at: datetime
    figures: tuple[ReportedFigure, ...]
    # The unit's own code in the feed, and its care setting.
    code: str = ""
    care_setting: str = ""


@dataclass(frozen=True)
class Built:
    """A message, and of whom it tells what; the rest it cannot tell."""

    message: dict[str, Any]
    told: Sequence[Telling]
    untold: Sequence[Telling]


def reported(kind: Kind, value: float | None, period: Period | None = None) -> ReportedFigure:
    """A figure of the simulation in the words of a report."""
    words = {name: word for name in Kind.__slots__ if (word := getattr(kind, name))}
    over = {"period": period} if period else {}
    return ReportedFigure.model_validate({"value": value, **words, **over})


def same(telling: Telling, each: ReportedFigure) -> Same:
    measure = MEASURES[each.measure]
    told = figure_of(each, measure, telling.place, each.period, telling.observed_at, "")
    return told.key, told.at, told.length_s, told.value


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
    return Built({"peilmoment": written(moments.pop()), **parts}, told, untold)


def unit_lists(form: type[Form]) -> Iterator[tuple[str, type[UnitForm]]]:
    """The lists of units in a message, by the name of the field."""
    for name, field in form.model_fields.items():
        inner, many = inside(field)
        if many and inner is not None and issubclass(inner, UnitForm):
            yield name, inner


def unit_part(form: type[UnitForm], telling: Telling) -> tuple[dict[str, Any], Telling, Telling]:
    """What the form says of one unit, which figures are read from it, and which are left."""
    wanted = {same(telling, each)[:3]: each.value for each in telling.figures}
    over, head = periods(form, telling)
    filled = Filling(telling, wanted).fill(form, over, {})
    unit = sound(form, {"code": telling.code, **head}, filled)
    part = form.model_validate(unit)
    read = {same(telling, each) for _, each in figures(part, over, "")}
    told = [each for each in telling.figures if same(telling, each) in read]
    rest = [each for each in telling.figures if same(telling, each) not in read]
    return unit, replace(telling, figures=tuple(told)), replace(telling, figures=tuple(rest))


def periods(form: type[UnitForm], telling: Telling) -> tuple[Periods, dict[str, Any]]:
    """The periods that the form takes as read, and the fields that name one of them."""
    days = days_of(telling.observed_at)
    if "uur" not in form.model_fields:
        return days, {}
    hours = Counter(
        each.period.start for each in telling.figures if each.period and is_hour(each.period)
    )
    start = max(hours, key=lambda hour: (hours[hour], hour), default=None)
    start = start or telling.observed_at.replace(minute=0, second=0, microsecond=0)
    hour: dict[Over, Period] = {"hour": Period(start=start, end=start + HOUR)}
    return {**days, **hour}, {"uur": written(start)}


def is_hour(period: Period) -> bool:
    return period.end - period.start == HOUR and not (period.start.minute or period.start.second)


@dataclass
class Filling:
    """Fills forms with what is wanted of one unit; each figure is told once."""

    telling: Telling
    left: Wanted

    def fill(self, form: type[Form], over: Periods, of: Mapping[str, str]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for name, field in form.model_fields.items():
            said = next((each for each in field.metadata if isinstance(each, Says)), None)
            if said is None:
                continue
            if said.measure:
                self.take(told, alias(form, name), said, over, of)
                continue
            inner, many = inside(field)
            assert inner is not None
            part = self.part(inner, many, over, {**of, **dict(said.of)})
            if part:
                told[alias(form, name)] = part
        return told

    def take(
        self, told: dict[str, Any], name: str, said: Says, over: Periods, of: Mapping[str, str]
    ) -> None:
        key = same(self.telling, figure(said, None, over, of))[:3]
        if key in self.left and fits(self.left[key]):
            value = self.left.pop(key)
            told[name] = None if value is None else int(value)

    def part(self, form: type[Form], many: bool, over: Periods, of: Mapping[str, str]) -> Any:  # noqa: ANN401
        if not issubclass(form, Span):
            return self.fill(form, over, of)
        spans = self.spans(form)
        if many:
            return [part for one in spans if (part := self.span(form, *one, over, of))]
        tried = {one: size(self.copy().span(form, *one, over, of)) for one in spans}
        fullest = max(spans, key=lambda one: tried[one], default=None)
        return self.span(form, *fullest, over, of) if fullest else {}

    def span(
        self, form: type[Span], shift: str, period: Period, over: Periods, of: Mapping[str, str]
    ) -> dict[str, Any]:
        named = {"shift": shift} if issubclass(form, Named) else {}
        part = self.fill(form, {**over, "span": period}, {**of, **named})
        if not part:
            return {}
        head = {"dienst": shift} if issubclass(form, Named) else {}
        return {**head, "van": written(period.start), "tot": written(period.end), **part}

    def spans(self, form: type[Span]) -> list[tuple[str, Period]]:
        """Every shift and period of a figure that is left; the longest first."""
        shifts = issubclass(form, Named)
        found = {
            (each.shift or "", each.period)
            for each in self.telling.figures
            if each.period is not None and bool(each.shift) == shifts
        }
        return sorted(found, key=lambda one: (one[1].start - one[1].end, one[0], one[1].start))

    def copy(self) -> "Filling":
        return Filling(self.telling, dict(self.left))


def inside(field: FieldInfo) -> tuple[type[Form] | None, bool]:
    """The form within a field, and whether there may be many of it."""
    kind = field.annotation
    if isinstance(kind, type) and issubclass(kind, Form):
        return kind, False
    within = get_args(kind)
    if len(within) == 2 and within[1] is Ellipsis and issubclass(within[0], Form):
        return within[0], True
    return None, False


def alias(form: type[Form], name: str) -> str:
    return form.model_fields[name].alias or name


def size(part: Mapping[str, Any]) -> int:
    return sum(size(each) if isinstance(each, Mapping) else 1 for each in part.values())


def fits(value: float | None) -> bool:
    """Messages hold whole numbers; what is not whole can only be reported."""
    return value is None or (value == int(value) and 0 <= value <= MOST)


def written(moment: datetime) -> str:
    """As a system in this region writes a moment: local time with its offset."""
    return moment.astimezone(LOCAL).isoformat()


def sound(form: type[Form], head: dict[str, Any], filled: dict[str, Any]) -> dict[str, Any]:
    """As much as the form takes together: it may want one of two fields."""
    if takes(form, {**head, **filled}):
        return {**head, **filled}
    unit = dict(head)
    for name, part in filled.items():
        if takes(form, {**unit, name: part}):
            unit[name] = part
    return unit


def takes(form: type[Form], unit: dict[str, Any]) -> bool:
    try:
        form.model_validate(unit)
    except ValidationError:
        return False
    return True
