"""The form of every message: Dutch names inside, and beside each field the figure it becomes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StrictInt,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from app.forecasts.calendar import day_start, local_day
from app.observations.measures import MEASURES
from app.observations.schemas import Period, ReportedFigure

# So low that no number of a person (8 or 9 digits) fits, and no unit comes near it.
MOST = 99_999

# The nearest `van` and `tot` around the field, the hour of the message, or a local day.
Over = Literal["span", "hour", "today", "tomorrow"]
Periods = Mapping[Over, Period]


class Form(BaseModel):
    """Absent: not told. Null: told to be unknown. Zero: counted, none."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="forbid")

    def apart(self) -> dict[str, str]:
        """What of its own content tells the series of this part apart."""
        return {}


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


Moment = Annotated[
    AwareDatetime, BeforeValidator(text_of_a_moment), AfterValidator(within_our_time)
]
Count = Annotated[StrictInt, Field(ge=0, le=MOST)] | None
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

    @property
    def period(self) -> Period:
        return Period(start=self.van, end=self.tot)


class UnitForm(Form):
    """What a message says of one unit, by the sender's own code."""

    code: Code = Field(examples=["REO-1"])


def days_of(observed_at: datetime) -> dict[Over, Period]:
    """Today and tomorrow in Europe/Amsterdam; such a day lasts 23, 24 or 25 hours."""
    today = local_day(observed_at)
    starts = [day_start(today + timedelta(days=n)) for n in range(3)]
    return {
        "today": Period(start=starts[0], end=starts[1]),
        "tomorrow": Period(start=starts[1], end=starts[2]),
    }


def figures(part: Form, over: Periods, at: str, **of: str) -> Iterator[tuple[str, ReportedFigure]]:
    """What the fields that were told become, each with its pointer; parts within are walked."""
    over = {**over, "span": part.period} if isinstance(part, Span) else over
    of = {**of, **part.apart()}
    for name, field in type(part).model_fields.items():
        said = next((each for each in field.metadata if isinstance(each, Says)), None)
        if said is None or name not in part.model_fields_set:
            continue
        value, where = getattr(part, name), f"{at}/{field.alias}"
        if said.measure:
            yield where, figure(said, value, over, of)
        elif isinstance(value, tuple):
            for n, each in enumerate(value):
                yield from figures(each, over, f"{where}/{n}", **of, **dict(said.of))
        else:
            yield from figures(value, over, where, **of, **dict(said.of))


def figure(said: Says, value: int | None, over: Periods, of: Mapping[str, str]) -> ReportedFigure:
    period = {"period": over[said.over]} if said.over else {}
    told = {"measure": said.measure, "value": value, **period, **of, **dict(said.of)}
    return ReportedFigure.model_validate(told)


def stamped(told: datetime | None, arrived: datetime) -> datetime:
    """When it was so: as the sender says, else the whole second in which it arrived."""
    return told or arrived.astimezone(UTC).replace(microsecond=0)
