"""Reports out of the bytes of a body: each judged on its own, all that is wrong at once."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from app.faults import Fault, fault_of, pointer
from app.observations.persons import person_in
from app.observations.schemas import Report

MANY = TypeAdapter(list[Report])
PERSON = Fault(
    "person-detected",
    "This message looks as if it holds data of a person. Nothing of it was kept. "
    "Send counts only: no names, no numbers of persons, no dates of birth.",
)

EMPTY = (
    "The body is empty. Send the message itself, and say in Content-Type what it is; with curl: "
    "--data-binary @ and the name of the file."
)


@dataclass(frozen=True)
class Read:
    """One report of a body: read, or what is wrong with it."""

    pointer: str
    report: Report | None
    faults: Sequence[Fault] = ()
    sound: "Sound | None" = None

    def in_message(self, fault: Fault) -> Fault:
        """A fault of the report as one of the body that was sent."""
        return fault.under(self.pointer)


@dataclass(frozen=True)
class Sound:
    """What is well-formed of a report that is not: so that all that is wrong is said at once."""

    report: Report
    figures: Sequence[int]
    moment: bool

    def in_message(self, fault: Fault) -> Fault | None:
        """A fault of the sound part, at its place in the whole; None if it is of a stand-in."""
        _, first, n, *rest = (*(fault.pointer or "").split("/"), "", "")
        if first == "figures" and n.isdecimal():
            tail = "".join(f"/{step}" for step in rest if step)
            return replace(fault, pointer=f"/figures/{self.figures[int(n)]}{tail}")
        return fault if self.moment or first != "observedAt" else None


@dataclass(frozen=True)
class Broken(Exception):
    """The body is not JSON, or not a list of reports: nothing of it can be judged."""

    fault: Fault


def read_reports(body: bytes) -> list[Read]:
    """A report, or a list of reports. Raises `Broken`."""
    if body.lstrip()[:1] == b"[":
        try:
            reports = MANY.validate_json(body)
        except ValidationError:
            pass  # read once more, one by one, so that the good ones are kept
        else:
            return [Read(f"/{n}", report) for n, report in enumerate(reports)]
    told = parse(body)
    if isinstance(told, list):
        return [read_one(each, f"/{n}") for n, each in enumerate(told)]
    return [read_one(told, "")]


def parse(body: bytes) -> Any:  # noqa: ANN401
    """JSON as RFC 8259 has it; a number beyond a float is left to the field to refuse."""
    if not body.strip():
        raise Broken(Fault("broken-json", EMPTY))
    try:
        return json.loads(body, object_pairs_hook=once, parse_constant=str, parse_float=finite)
    except json.JSONDecodeError as error:
        raise Broken(
            Fault(
                "broken-json",
                f"The body is not JSON: it breaks at line {error.lineno}, column {error.colno}.",
                row=error.lineno,
                column=str(error.colno),
            )
        ) from None
    except (ValueError, RecursionError):
        raise Broken(
            Fault("broken-json", "The body is not JSON in UTF-8, or is nested beyond all need.")
        ) from None


def finite(text: str) -> float | str:
    """1e309 stays text, which no figure takes: as a float it would be infinite."""
    number = float(text)
    return number if math.isfinite(number) else text


class Twice(dict[str, Any]):
    """An object in which a name stood twice: which of the two was meant, nobody can say."""


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(pairs) if len({name for name, _ in pairs}) == len(pairs) else Twice(pairs)


def twice_in(told: Any) -> str | None:  # noqa: ANN401
    """The pointer of the first object in which a name stands twice; None if there is none."""
    left: list[tuple[tuple[int | str, ...], Any]] = [((), told)]
    while left:
        at, value = left.pop()
        if isinstance(value, Twice):
            return pointer(at)
        if isinstance(value, dict):
            left.extend(((*at, name), inner) for name, inner in value.items())
        elif isinstance(value, list):
            left.extend(((*at, n), inner) for n, inner in enumerate(value))
    return None


def read_one(told: Any, where: str) -> Read:  # noqa: ANN401
    if twice_in(told) is not None:
        fault = Fault("name-twice", "A field stands twice in one object. Send it once.", where)
        return Read(where, None, [fault])
    try:
        return Read(where, Report.model_validate_json(orjson.dumps(told)))
    except ValidationError as error:
        refused = error.errors(include_input=False)
        faults = [fault_of(each, where) for each in refused]
        sound = sound_part(told, [each["loc"] for each in refused])
    except orjson.JSONEncodeError:
        faults = [Fault("number-too-large", "A number is too large to be a count.", where)]
        sound = None
    if person_in(told):
        return Read(where, None, [PERSON.under(where)])
    return Read(where, None, merged(faults), sound)


# Stand-ins for what is not well-formed; nothing that is found about them is said.
ANY_ID = "00000000-0000-0000-0000-000000000000"
ANY_MOMENT = "2000-01-01T00:00:00Z"


def sound_part(told: Any, wrong: Sequence[tuple[int | str, ...]]) -> Sound | None:  # noqa: ANN401
    if not isinstance(told, dict) or not isinstance(told.get("figures"), list):
        return None
    fields = {place[0] for place in wrong if place}
    spoiled = {place[1] for place in wrong if len(place) > 1 and place[0] == "figures"}
    kept = [n for n in range(len(told["figures"])) if n not in spoiled]
    sound = {name: value for name, value in told.items() if name not in fields}
    sound["figures"] = [told["figures"][n] for n in kept]
    moment = "observedAt" not in fields
    stand_ins = {"id": ANY_ID, "observedAt": ANY_MOMENT}
    try:
        report = Report.model_validate_json(orjson.dumps({**stand_ins, **sound}))
    except (ValidationError, orjson.JSONEncodeError):
        return None
    return Sound(report, kept, moment)


def merged(faults: Sequence[Fault]) -> list[Fault]:
    """One fault a place: a value that is neither of two types is wrong once."""
    return list({(fault.pointer, fault.code): fault for fault in faults}.values())
