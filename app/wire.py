"""The form of everything on the wire: camelCase, frozen, and no unknown fields."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
# Words of a configurable list: a form that holds no sentence and no number of a person.
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]


class Wire(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        extra="forbid",
    )


def instant(moment: datetime) -> str:
    """In UTC with Z, as pydantic and orjson write it: one moment has one text in every answer."""
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{moment.microsecond:06d}" if moment.microsecond else ""
    return f"{text}{fraction}Z"
