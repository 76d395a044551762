"""Each format by its name: the form of its message, and the function that reads it."""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import ErrorDetails, core_schema

from app.errors import WrongMediaType
from app.faults import Fault, fault_of
from app.feeds import bed_list, caz, counts, hospital, huisartsenpost, reo
from app.feeds.columns import columns_of
from app.feeds.lines import Cells, Unread, table
from app.feeds.meant import Meant
from app.feeds.messages import Form
from app.feeds.parts import ReadPart
from app.observations.persons import FIELDS, person_in
from app.observations.reading import PERSON, Broken, merged, parse, twice_in

Reports = Callable[[Any, Mapping[str, str], str, datetime], list[ReadPart]]
Text = Callable[[Sequence[Cells], datetime], list[Meant]]

KEY_TWICE = (
    "A field stands twice in this object, and which of the two is meant nobody can say. Nothing of "
    "the message was taken. Send each field once."
)
JSON = "application/json"
CSV = "text/csv"

FORMATS: Mapping[str, tuple[type[Form], Reports]] = {
    "reo": (reo.Reo, reo.reports),
    "caz": (caz.Caz, caz.reports),
    "huisartsenpost": (huisartsenpost.Huisartsenpost, huisartsenpost.reports),
    "hospital": (hospital.Hospital, hospital.reports),
}


def hospital_text(found: Sequence[Cells], arrived: datetime) -> list[Meant]:
    if bed_list.lists_beds(found):
        return bed_list.messages_of(found, arrived)
    return counts.messages_of(found)


# What is meant by a CSV text, in the formats that have one.
TEXTS: Mapping[str, Text] = {"hospital": hospital_text}
# In each format a unit stands two steps deep: the name of a list, and a number in it.
Where = tuple[int | str, ...]
Kept = Mapping[str, list[int]]


def media_types(format: str) -> tuple[str, ...]:
    """What may be sent in this format: JSON always, and `text/csv` where the format has it."""
    return (JSON, CSV) if format in TEXTS else (JSON,)


def read_body(
    format: str,
    media_type: str,
    body: bytes,
    units: Mapping[str, str],
    feed: str,
    arrived: datetime,
) -> list[ReadPart]:
    """What is read of each unit of a body as it came in: its report, or what is wrong with it.

    `media_type` is the header as it was sent, parameters and all. Every way in uses this, push and
    pull alike; nothing of the body may be written or logged before it, and no digest is kept but
    `seal`. Raises `WrongMediaType` naming what the format has, and `Broken` for a body that cannot
    be parsed or holds a person; its fault then says the place and the kind, and nothing else.
    """
    kind, *parameters = (each.strip().lower() for each in media_type.split(";"))
    charsets = [each.partition("=")[2].strip('"') for each in parameters if "charset" in each]
    if kind not in media_types(format) or any(each != "utf-8" for each in charsets):
        known = " or ".join(media_types(format))
        raise WrongMediaType(
            f"Send {known} in UTF-8, and say so in Content-Type.", code="wrong-media-type"
        )
    if kind != JSON:
        return read_text(format, body, units, feed, arrived)
    message = parse(body)
    found = person_in(message)
    if found:
        detail = f"{PERSON.detail} What was found: {found.code}."
        raise Broken(replace(PERSON, detail=detail, pointer=sayable(found.pointer, format)))
    twice = twice_in(message)
    if twice is not None:
        raise Broken(Fault("key-twice", KEY_TWICE, pointer=sayable(twice, format)))
    return read_message(format, message, units, feed, arrived)


@cache
def steps_of(format: str) -> frozenset[str]:
    return frozenset(step for column in columns_of(FORMATS[format][0]) for step in column.steps)


def sayable(pointer: str, format: str) -> str:
    """A step that is no field of the form may be the name of a person: it is not repeated."""
    known = steps_of(format) | FIELDS
    steps = pointer.split("/")[1:]
    said = (each if each.isdecimal() or each in known else "[withheld]" for each in steps)
    return "".join(f"/{each}" for each in said)


def read_text(
    format: str, body: bytes, units: Mapping[str, str], feed: str, arrived: datetime
) -> list[ReadPart]:
    """A text is read as the message that JSON would have been, so that both say the same."""
    try:
        meant = TEXTS[format](table(body), arrived)
    except Unread as unread:
        return [ReadPart("", None, unread.faults)]
    return [
        each.part(part)
        for each in meant
        for part in read_message(format, each.message, units, feed, arrived)
    ]


def seal(media_type: str, body: bytes, parts: Sequence[ReadPart] = ()) -> bytes:
    """The one digest that may be kept of a body.

    Of JSON it is that of the bytes. Of a text, which may be a list of beds, it is that of what was
    read: the digest of the lines would be a fingerprint of the beds, to be had back by guessing.
    """
    if media_type.split(";")[0].strip().lower() == JSON:
        return hashlib.sha256(body).digest()
    told = [str(part.report.id) for part in parts if part.report]
    wrong = [f"{fault.code} {fault.row}" for part in parts for fault in part.faults]
    return hashlib.sha256("\n".join([*told, *wrong]).encode()).digest()


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
    by_place: dict[Where, list[ErrorDetails]] = {}
    for each in refused:
        by_place.setdefault(tuple(each["loc"][:2]), []).append(each)
    wrong = [unread(place, said) for place, said in by_place.items()]
    sound, kept = without(message, by_place.keys())
    if not any(kept.values()):
        return wrong
    others = read_message(format, sound, units, feed, arrived)
    return wrong + [moved(part, kept) for part in others]


def without_echoes(errors: Collection[ErrorDetails]) -> list[ErrorDetails]:
    """Less those that say that a list is too short, since the items in it are wrong."""
    around = {each["loc"][:-n] for each in errors for n in range(1, len(each["loc"]))}
    return [each for each in errors if each["type"] != "too_short" or each["loc"] not in around]


def unread(place: Where, refused: Collection[ErrorDetails]) -> ReadPart:
    faults = [fault_of(each) for each in refused]
    name = f"/{place[0]}/{place[1]}" if is_unit(place) else ""
    return ReadPart(name, None, merged(faults))


def is_unit(place: Where) -> bool:
    return len(place) == 2 and isinstance(place[1], int)


def without(message: object, wrong: Set[Where]) -> tuple[object, Kept]:
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
