"""The form of every message: Dutch names inside, and beside each field the figure it becomes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StrictBool,
    StrictInt,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from app.forecasts.calendar import day_start, local_day
from app.observations.measures import MEASURES
from app.observations.schemas import Period, ReportedFigure

# So low that no number of a person (8 or 9 digits) fits, and no unit comes near it.
MOST = 99_999

# How far ahead days are told: today, and nine days after it.
DAYS_AHEAD = 9
SPLIT = "_uitgesplitst"

# The nearest `van` and `tot` around the field, an hour, or a local day: the nearest `dag`, or one
# reckoned from `peilmoment`.
Over = Literal["span", "hour", "day", "today", "tomorrow"]
Periods = Mapping[Over, Period]


class Form(BaseModel):
    """Absent: not told. Null: told to be unknown. Zero: counted, none."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="forbid")

    @model_validator(mode="after")
    def whole_or_in_parts(self) -> Self:
        whole = {name.removesuffix(SPLIT) for name in self.model_fields_set if name.endswith(SPLIT)}
        twice = [to_camel(name) for name in sorted(whole & self.model_fields_set)]
        if twice:
            raise ValueError(f"give `{twice[0]}` or `{twice[0]}Uitgesplitst`, one of the two")
        return self

    def apart(self) -> dict[str, str]:
        """What of its own content tells the series of this part apart."""
        return {
            stands.dimension: stands.words[getattr(self, name)]
            for name, each in type(self).model_fields.items()
            for stands in each.metadata
            if isinstance(stands, Stands) and stands.dimension and name in self.model_fields_set
        }

    def periods(self) -> "Periods":
        """The periods that its own content names, for the figures in it."""
        return {}


@dataclass(frozen=True)
class Stands:
    """Beside a field that takes Dutch words: which of ours each stands for."""

    dimension: str
    words: Mapping[str, str] = field(hash=False)

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.literal_schema(list(self.words))


@dataclass(frozen=True)
class Says:
    """Beside a field: its measure, the period it is over, and what tells its series apart."""

    measure: str = ""
    over: Over | None = None
    of: tuple[tuple[str, str], ...] = ()

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core)
        words = [f"{name.replace('_', ' ')} `{word}`" for name, word in self.of]
        if self.measure:
            words = [MEASURES[self.measure].label, f"`{self.measure}`", *words]
        if words:
            schema["description"] = ", ".join(words)
        return schema


def says(measure: str = "", over: Over | None = None, **of: str) -> Says:
    return Says(measure, over, tuple(of.items()))


def text_of_a_moment(value: object) -> object:
    # A bare number, also as text, would be read as seconds since 1970.
    if not isinstance(value, str) or len(value) < 16 or value[10] not in "Tt ":
        raise ValueError("give a moment as text with its offset, such as 2026-11-22T08:00:00+01:00")
    return value


def within_our_time(moment: datetime) -> datetime:
    if not 1990 <= moment.year <= 2100:
        raise ValueError("the year of a moment lies between 1990 and 2100")
    return moment.astimezone(UTC)


def day_of_our_time(day: date) -> date:
    if not 1990 <= day.year <= 2100:
        raise ValueError("the year of a day lies between 1990 and 2100")
    return day


Moment = Annotated[
    AwareDatetime, BeforeValidator(text_of_a_moment), AfterValidator(within_our_time)
]
Count = Annotated[StrictInt, Field(ge=0, le=MOST)] | None
YesNo = StrictBool | None
# For hours: decimals are taken, infinity and NaN are not.
Amount = Annotated[float, Field(ge=0, le=MOST, strict=True, allow_inf_nan=False)] | None
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]


class Span(Form):
    """Half-open: `van` is in it, `tot` is not."""

    van: Moment
    tot: Moment

    @model_validator(mode="after")
    def goes_forward(self) -> Self:
        if not timedelta(0) < self.tot - self.van <= timedelta(days=366):
            raise ValueError("`tot` lies after `van`, by at most 366 days")
        if self.van.microsecond or self.tot.microsecond:
            raise ValueError("`van` and `tot` are whole seconds")
        return self

    def periods(self) -> Periods:
        return {"span": Period(start=self.van, end=self.tot)}


def written_day(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("give a local day as text, such as 2026-11-22")
    return value


class OnDay(Form):
    """A number of people on one local day."""

    dag: Annotated[date, BeforeValidator(written_day), AfterValidator(day_of_our_time)]
    aantal: Count

    def periods(self) -> Periods:
        return {"day": day(self.dag)}


class UnitForm(Form):
    """What a message says of one unit, by the sender's own code."""

    code: Code = Field(examples=["REO-1"])


def day(local: date) -> Period:
    """A day in Europe/Amsterdam: it lasts 23, 24 or 25 hours."""
    return Period(start=day_start(local), end=day_start(local + timedelta(days=1)))


def days_of(observed_at: datetime) -> dict[Over, Period]:
    """Today and tomorrow."""
    today = local_day(observed_at)
    return {"today": day(today), "tomorrow": day(today + timedelta(days=1))}


def figures(part: Form, over: Periods, at: str, **of: str) -> Iterator[tuple[str, ReportedFigure]]:
    """What the fields that were told become, each with its pointer; parts within are walked."""
    over, of = {**over, **part.periods()}, {**of, **part.apart()}
    for name, told_in in type(part).model_fields.items():
        said = next((each for each in told_in.metadata if isinstance(each, Says)), None)
        if said is None or name not in part.model_fields_set:
            continue
        value, where = getattr(part, name), f"{at}/{told_in.alias}"
        if said.measure and isinstance(value, tuple):
            for n, each in enumerate(value):
                told = figure(said, each.aantal, {**over, **each.periods()}, {**of, **each.apart()})
                yield f"{where}/{n}/aantal", told
        elif said.measure:
            yield where, figure(said, value, over, of)
        elif isinstance(value, tuple):
            for n, each in enumerate(value):
                yield from figures(each, over, f"{where}/{n}", **of, **dict(said.of))
        else:
            yield from figures(value, over, where, **of, **dict(said.of))


def figure(said: Says, value: float | None, over: Periods, of: Mapping[str, str]) -> ReportedFigure:
    # A period that is not there is missed by the rules.
    spanned = over.get(said.over) if said.over else None
    period = {"period": spanned} if spanned else {}
    # Yes and no are told as 1 and 0.
    value = int(value) if isinstance(value, bool) else value
    told = {"measure": said.measure, "value": value, **period, **of, **dict(said.of)}
    return ReportedFigure.model_validate(told)


def stamped(told: datetime | None, arrived: datetime) -> datetime:
    """When it was so: as the sender says, else the whole second in which it arrived."""
    return told or arrived.astimezone(UTC).replace(microsecond=0)
