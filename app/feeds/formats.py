"""Each format by its name: the form of its message, and the function that reads it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import ErrorDetails, core_schema

from app.faults import Fault, fault_of
from app.feeds import caz, hospital, huisartsenpost, reo
from app.feeds.messages import Form
from app.feeds.parts import ReadPart
from app.observations.reading import merged

Reports = Callable[[Any, Mapping[str, str], str, datetime], list[ReadPart]]

FORMATS: Mapping[str, tuple[type[Form], Reports]] = {
    "reo": (reo.Reo, reo.reports),
    "caz": (caz.Caz, caz.reports),
    "huisartsenpost": (huisartsenpost.Huisartsenpost, huisartsenpost.reports),
    "hospital": (hospital.Hospital, hospital.reports),
}
# In each format a unit stands two steps deep: the name of a list, and a number in it.
Where = tuple[int | str, ...]
Kept = Mapping[str, list[int]]


def read_message(
    format: str, message: object, units: Mapping[str, str], feed: str, arrived: datetime
) -> list[ReadPart]:
    """What is read of each unit of a parsed message: its report, or what is wrong with it.

    A fault in one unit leaves the others be; a fault outside the units (an unknown field, a wrong
    `peilmoment`) leaves no report. What is wrong stands first.
    """
    form, reports = FORMATS[format]
    try:
        return reports(form.model_validate(message), units, feed, arrived)
    except ValidationError as error:
        refused = without_echoes(error.errors(include_input=False, include_url=False))
    places = list(dict.fromkeys(tuple(each["loc"][:2]) for each in refused))
    wrong = [unread(place, refused) for place in places]
    sound, kept = without(message, places)
    if not any(kept.values()):
        return wrong
    others = read_message(format, sound, units, feed, arrived)
    return wrong + [moved(part, kept) for part in others]


def without_echoes(errors: Collection[ErrorDetails]) -> list[ErrorDetails]:
    """Less those that say that a list is too short, since the items in it are wrong."""
    around = {each["loc"][:-n] for each in errors for n in range(1, len(each["loc"]))}
    return [each for each in errors if each["type"] != "too_short" or each["loc"] not in around]


def unread(place: Where, refused: Collection[ErrorDetails]) -> ReadPart:
    faults = [fault_of(each) for each in refused if tuple(each["loc"][:2]) == place]
    name = f"/{place[0]}/{place[1]}" if is_unit(place) else ""
    return ReadPart(name, None, merged(faults))


def is_unit(place: Where) -> bool:
    return len(place) == 2 and isinstance(place[1], int)


def without(message: object, wrong: Collection[Where]) -> tuple[object, Kept]:
    """The message less the wrong units, and where the kept ones stood; none if more is wrong."""
    if not isinstance(message, dict) or not all(map(is_unit, wrong)):
        return message, {}
    lists = {name: told for name, told in message.items() if isinstance(told, list)}
    kept = {
        name: [n for n in range(len(told)) if (name, n) not in wrong]
        for name, told in lists.items()
    }
    return message | {name: [lists[name][n] for n in kept[name]] for name in lists}, kept


def moved(part: ReadPart, kept: Kept) -> ReadPart:
    """With its pointers to where the unit stood in the message as it was sent."""

    def sent(pointer: str) -> str:
        _, name, n, *rest = pointer.split("/")
        return "/".join(["", name, str(kept[name][int(n)]), *rest])

    def sent_fault(fault: Fault) -> Fault:
        return replace(fault, pointer=sent(fault.pointer or ""))

    return replace(
        part,
        pointer=sent(part.pointer),
        faults=[sent_fault(fault) for fault in part.faults],
        places=tuple(sent(place) for place in part.places),
    )


class Sparse(GenerateJsonSchema):
    """Without defaults: a field that is left out says nothing, and null says unknown."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def schema(format: str) -> str:
    """The JSON Schema of a message, as it is kept beside the documents."""
    form, _ = FORMATS[format]
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    told = dialect | form.model_json_schema(schema_generator=Sparse)
    return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode() + "\n"
