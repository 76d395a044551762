"""Any message at all: figures that the rules take, or faults that point to where they are."""

import json
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.faults import Fault
from app.feeds.formats import FORMATS, read_message
from app.feeds.parts import ReadPart
from app.observations.persons import person_in
from app.observations.rules import judge
from tests.feeds.anything import NOW, a_message, forms
from tests.feeds.region import ROOT, place, units_of

# For each list of units in a message a unit that it may be about.
UNITS = {
    "locaties": "reo-flex",
    "seh": "seh",
    "rtp": "rtp",
    "acuteWijkverpleging": "acute-wijkverpleging",
    "apotheek": "dienstapotheek",
    "acutePsychiatrie": "ggz-acuut",
    "posten": "hap",
    "afdelingen": "zhz-aoa",
}
SLOW = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    deadline=None,
    max_examples=40,
)


def coded(message: dict[str, Any]) -> dict[str, Any]:
    """Each unit of the message under a code of its own list."""
    return {
        name: [{**unit, "code": name} for unit in told] if name in UNITS else told
        for name, told in message.items()
    }


def read(format: str, message: object) -> list[ReadPart]:
    return read_message(format, message, UNITS, "a-feed", NOW)


def found_by_rules(part: ReadPart) -> list[Fault]:
    assert part.report is not None
    judged = judge(part.report, place(part.report.place), NOW)
    return [part.in_message(fault) for fault in judged.faults]


def points_into(message: Any, pointer: str) -> bool:
    """Whether what a pointer names is there; a field that is missing is named within its part."""
    steps = [step for step in pointer.split("/")[1:] if step]
    for n, step in enumerate(steps):
        if isinstance(message, list) and step.isdecimal() and int(step) < len(message):
            message = message[int(step)]
        elif isinstance(message, dict) and step in message:
            message = message[step]
        else:
            return n == len(steps) - 1 and isinstance(message, dict)
    return True


def check_it_is_read_or_refused_in_its_place(format: str, message: Any) -> None:
    parts = read(format, message)
    assert parts
    for part in parts:
        faults = found_by_rules(part) if part.report else list(part.faults)
        assert part.report or faults
        lost = [each for each in faults if not points_into(message, each.pointer or "")]
        assert lost == []
        assert all(each.detail and each.code for each in faults)


@SLOW
@given(st.data())
@pytest.mark.parametrize("format", FORMATS)
def test_a_message_is_read_or_its_faults_point_into_it(format: str, data: st.DataObject) -> None:
    message = coded(data.draw(a_message(format)))

    check_it_is_read_or_refused_in_its_place(format, message)


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**12),
    st.floats(),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.just([{}]),
    st.just({"naar": {"elders": 1}}),
)


def places_in(told: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value in a message."""
    if not isinstance(told, dict | list):
        return
    for step, each in told.items() if isinstance(told, dict) else enumerate(told):
        yield (*at, step)
        yield from places_in(each, (*at, step))


def with_junk(message: Any, way: tuple[Any, ...], junk: Any) -> Any:
    spoiled = json.loads(json.dumps(message))
    inside = spoiled
    for step in way[:-1]:
        inside = inside[step]
    inside[way[-1]] = junk
    return spoiled


@SLOW
@given(st.data(), JUNK)
@pytest.mark.parametrize("format", FORMATS)
def test_what_is_spoiled_is_refused_in_its_place_or_read(
    format: str, data: st.DataObject, junk: Any
) -> None:
    message = coded(data.draw(a_message(format)))
    ways = list(places_in(message))
    spoiled = with_junk(message, data.draw(st.sampled_from(ways)), junk) if ways else junk

    check_it_is_read_or_refused_in_its_place(format, spoiled)


def shuffled(told: Any, chance: random.Random) -> Any:
    """The same content, the fields of each object in another order."""
    if isinstance(told, dict):
        names = list(told)
        chance.shuffle(names)
        return {name: shuffled(told[name], chance) for name in names}
    return [shuffled(each, chance) for each in told] if isinstance(told, list) else told


@SLOW
@given(st.data(), st.randoms(use_true_random=False))
@pytest.mark.parametrize("format", FORMATS)
def test_the_same_message_in_any_order_gives_the_same_ids(
    format: str, data: st.DataObject, chance: random.Random
) -> None:
    message = coded(data.draw(a_message(format)))
    message.setdefault("peilmoment", (NOW - timedelta(hours=1)).isoformat())

    first, second = read(format, message), read(format, shuffled(message, chance))

    ids = [
        sorted((p.report.unit or "", p.report.id, p.notices) for p in parts if p.report)
        for parts in (first, second)
    ]
    assert ids[0] == ids[1]


def texts(format: str) -> set[str]:
    """The fields that take text."""
    schemas = [form.model_json_schema() for form in forms(FORMATS[format][0])]
    fields = [field for each in schemas for field in each["properties"].items()]
    return {name for name, field in fields if takes_text(field)}


def takes_text(field: dict[str, Any]) -> bool:
    kinds = [field, field.get("items", {}), *field.get("anyOf", ())]
    return any(each.get("type") == "string" for each in kinds)


def example(format: str) -> Any:
    return json.loads((ROOT / f"docs/feeds/examples/{format}.json").read_text())


def texts_in(told: Any) -> list[tuple[Any, ...]]:
    return [way for way in places_in(told) if isinstance(at(told, way), str)]


def at(told: Any, way: tuple[Any, ...]) -> Any:
    for step in way:
        told = told[step]
    return told


def field_of(way: tuple[Any, ...]) -> str:
    return next(step for step in reversed(way) if isinstance(step, str))


def read_in_region(format: str, message: Any) -> list[ReadPart]:
    return read_message(format, message, units_of(format), format, NOW)


def about(way: tuple[Any, ...], part: ReadPart) -> bool:
    """Whether a place in the message is of this unit; what stands outside them is of all."""
    return len(way) == 1 or part.pointer.startswith(f"/{way[0]}/{way[1]}")


# Made up; the number passes the check of a BSN.
CANARIES = ["Jan Canarie", "123456782", "jan.canarie@example.nl", "06-12345678", "canarie"]
Reader = Callable[[str, Any], list[ReadPart]]


def check_no_text_lets_a_person_in(format: str, canary: str, reader: Reader) -> None:
    message = example(format)
    for way in texts_in(message):
        spoiled = with_junk(message, way, canary)
        parts = reader(format, spoiled)
        faults = {
            part.pointer: found_by_rules(part) if part.report else list(part.faults)
            for part in parts
        }
        stored = [part for part in parts if about(way, part) and not faults[part.pointer]]
        found = person_in(spoiled)
        assert found or not stored, way
        assert canary not in repr([found, faults])


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("format", FORMATS)
def test_a_person_in_any_text_is_refused_and_never_given_back(format: str, canary: str) -> None:
    check_no_text_lets_a_person_in(format, canary, read_in_region)


def test_a_reader_that_passes_over_what_it_cannot_read_is_caught() -> None:
    def twin(format: str, message: Any) -> list[ReadPart]:
        return read_in_region(format, example(format))

    with pytest.raises(AssertionError):
        check_no_text_lets_a_person_in("reo", "Jan Canarie", twin)


@pytest.mark.parametrize("format", ["reo", "caz", "huisartsenpost"])
def test_the_whole_example_holds_each_text_field(format: str) -> None:
    named = {field_of(way) for way in texts_in(example(format))}

    # A stop for one specialism is told of a hospital's units.
    assert texts(format) - named <= {"specialisme"}
