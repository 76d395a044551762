"""The forms of the feeds, walked the other way round: from figures to the fields that tell them.

What a form can tell is found in the form itself, so that there is no second table of Dutch fields.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from app.facilities.hours import LOCAL
from app.feeds.messages import DAYS_AHEAD, Form, Periods, Says, Stands, day, figure
from app.forecasts.calendar import local_day
from app.observations.measures import MEASURES
from app.observations.rules import NAMES, Key, figure_of
from app.observations.schemas import Period, ReportedFigure
from app.observations.words import Place

HOUR = timedelta(hours=1)
# Fields that take a word of ours as it is, and the dimension that it is of.
OUR_WORDS: Mapping[str, str] = {"dienst": "shift", "wijk": "area"}

# A figure whoever writes it down: its series, and the moment or period that it is of.
Known = tuple[Key, datetime, int]
Wanted = Mapping[Known, ReportedFigure]
# What is written in a field, and the figures that it tells.
Part = tuple[Any, frozenset[Known]]
NOTHING: frozenset[Known] = frozenset()
# Where the measure and each dimension stand in the key of a series.
MEASURE = 2
PLACES = {name: n for n, (_, name) in enumerate(NAMES, MEASURE + 1)}


@dataclass(frozen=True)
class About:
    """Of which place, and when, a form is filled."""

    place: Place
    observed_at: datetime

    def known(self, each: ReportedFigure) -> Known:
        """The same for two ways to say one figure: what the place takes for granted is added."""
        measure = MEASURES[each.measure]
        told = figure_of(each, measure, self.place, each.period, self.observed_at, "")
        return told.key, told.at, told.length_s

    def fill(
        self,
        form: type[Form],
        head: Mapping[str, Any],
        over: Periods,
        of: Mapping[str, str],
        wanted: Wanted,
    ) -> Part:
        """The form under its head, with as much of what is wanted as it takes together."""
        if head:
            here = form.model_construct(**head)
            over, of = {**over, **here.periods()}, {**of, **here.apart()}
        told, known = written_head(form, head), NOTHING
        for name, field, said in saying(form):
            left = {each: wanted[each] for each in wanted if each not in known}
            for part, more in self.parts(field, said, over, of, left):
                if takes(form, {**told, name: part}):
                    told[name] = part
                    known |= more
                    break
        return told, known

    def parts(
        self, field: FieldInfo, said: Says, over: Periods, of: Mapping[str, str], wanted: Wanted
    ) -> Iterator[Part]:
        """The ways to fill one field, the fullest first."""
        inner, many = inside(field)
        of = {**of, **dict(said.of)}
        wanted = {each: wanted[each] for each in wanted if each_word(each, said.measure, of)}
        if not wanted:
            return
        if inner is None:
            known = self.known(figure(said, None, over, of))
            if known in wanted:
                yield from ((told, frozenset([known])) for told in ways(wanted[known].value))
        elif said.measure:
            yield from self.splits(inner, said, over, of, wanted)
        elif many:
            yield from self.items(inner, over, of, wanted)
        else:
            heads = self.heads(inner, wanted)
            filled = [self.fill(inner, head, over, of, wanted) for head in heads]
            yield from sorted((part for part in filled if part[1]), key=lambda part: -len(part[1]))

    def items(
        self, form: type[Form], over: Periods, of: Mapping[str, str], wanted: Wanted
    ) -> Iterator[Part]:
        """A list of forms, one under each head that tells something."""
        told, known = [], NOTHING
        for head in self.heads(form, wanted):
            left = {each: wanted[each] for each in wanted if each not in known}
            item, more = self.fill(form, head, over, of, left)
            if more:
                told.append(item)
                known |= more
        if told:
            yield told, known

    def splits(
        self,
        form: type[Form],
        said: Says,
        over: Periods,
        of: Mapping[str, str],
        wanted: Wanted,
    ) -> Iterator[Part]:
        """One count in parts; a list splits by the same words all through."""
        alike: dict[tuple[str, ...], tuple[list[Any], set[Known]]] = {}
        for head in self.heads(form, wanted):
            here = form.model_construct(**head)
            known = self.known(
                figure(said, None, {**over, **here.periods()}, {**of, **here.apart()})
            )
            told = next(ways(wanted[known].value), None) if known in wanted else None
            item = {**written_head(form, head), "aantal": told}
            if known in wanted and takes(form, item):
                items, tells = alike.setdefault(tuple(sorted(here.apart())), ([], set()))
                items.append(item)
                tells.add(known)
        for items, tells in sorted(alike.values(), key=lambda one: -len(one[0])):
            yield items, frozenset(tells)

    def heads(self, form: type[Form], wanted: Wanted) -> list[dict[str, Any]]:
        """Each head under which the form could tell one of the figures; long periods first."""
        if not naming(form):
            return [{}]
        found: dict[str, dict[str, Any]] = {}
        for each in sorted(wanted.values(), key=length, reverse=True):
            head = self.head(form, each)
            if head is not None:
                found.setdefault(repr(head), head)
        return list(found.values())

    def head(self, form: type[Form], each: ReportedFigure) -> dict[str, Any] | None:
        """What the form must say of itself to tell this figure; None if it cannot."""
        head: dict[str, Any] = {}
        for name, stands, required in naming(form):
            named = self.named(name, stands, each)
            if named is not None:
                head[name] = named
            elif required:
                return None
        return head

    def named(self, name: str, stands: Stands | None, each: ReportedFigure) -> Any:  # noqa: ANN401
        if stands is not None:
            word = getattr(each, stands.dimension, None)
            return next((dutch for dutch, ours in stands.words.items() if ours == word), None)
        if name in OUR_WORDS:
            return getattr(each, OUR_WORDS[name])
        return self.period(name, each.period) if each.period else None

    def period(self, name: str, period: Period) -> datetime | date | None:
        """What a field that names a period says of this one."""
        match name:
            case "van":
                return period.start
            case "tot":
                return period.end
            case "uur":
                return period.start if is_hour(period) else None
            case "dag":
                ahead = (local_day(period.start) - local_day(self.observed_at)).days
                reached = 0 <= ahead <= DAYS_AHEAD and day(local_day(period.start)) == period
                return local_day(period.start) if reached else None
        return None


def is_hour(period: Period) -> bool:
    return period.end - period.start == HOUR and not (period.start.minute or period.start.second)


def length(each: ReportedFigure) -> timedelta:
    return each.period.end - each.period.start if each.period else timedelta(0)


def each_word(known: Known, measure: str, of: Mapping[str, str]) -> bool:
    """Whether a figure is of all these words; no measure is any."""
    key = known[0]
    return measure in ("", key[MEASURE]) and all(key[PLACES[name]] == of[name] for name in of)


@cache
def saying(form: type[Form]) -> Sequence[tuple[str, FieldInfo, Says]]:
    """The fields that tell figures, by their Dutch names."""
    return [
        (alias(form, name), field, each)
        for name, field in form.model_fields.items()
        for each in field.metadata
        if isinstance(each, Says)
    ]


@cache
def naming(form: type[Form]) -> Sequence[tuple[str, Stands | None, bool]]:
    """The fields that say what a form is of: the words they stand for, and whether they must be."""
    return [
        (name, next((each for each in field.metadata if isinstance(each, Stands)), None), needed)
        for name, field in form.model_fields.items()
        for needed in [field.is_required()]
        if name != "aantal" and not any(isinstance(each, Says) for each in field.metadata)
    ]


def inside(field: FieldInfo) -> tuple[type[Form] | None, bool]:
    """The form within a field, and whether there may be many of it."""
    kind = field.annotation
    if isinstance(kind, type) and issubclass(kind, Form):
        return kind, False
    within: Sequence[Any] = get_args(kind)
    if len(within) == 2 and within[1] is Ellipsis and issubclass(within[0], Form):
        return within[0], True
    return None, False


def alias(form: type[Form], name: str) -> str:
    return form.model_fields[name].alias or name


def written_head(form: type[Form], head: Mapping[str, Any]) -> dict[str, Any]:
    return {alias(form, name): written(told) for name, told in head.items()}


def written(told: Any) -> Any:  # noqa: ANN401
    """As a system in this region writes a moment: local time with its offset."""
    if isinstance(told, datetime):
        return told.astimezone(LOCAL).isoformat()
    return told.isoformat() if isinstance(told, date) else told


def ways(value: float | None) -> Iterator[Any]:
    """How a value can be written, for the form to choose from."""
    if value is None or value != int(value):
        yield value
        return
    yield int(value)
    if value in (0, 1):
        yield bool(value)


def takes(form: type[Form], told: dict[str, Any]) -> bool:
    try:
        form.model_validate(told)
    except ValidationError:
        return False
    return True
