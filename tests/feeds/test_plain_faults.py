"""What is wrong is said in plain words with the way out, never in those of the library."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from app.faults import OTHER, SENTENCES, Fault, fault_of
from app.feeds.formats import FORMATS, read_body
from app.feeds.imports.names import Known, Wanted, refusal_of
from app.feeds.profiles import PROFILES
from app.observations.reading import Broken, read_reports

NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)
SECRET = "geheim-7Qx"
WRONG: list[Any] = [
    *(SECRET, "", "1", "12,0", "x" * 3000, "2026-11-22T08:00:00", "2026-13-41T08:00:00+01:00"),
    *("2026-11-22", "202x-11-22T08:00:00+01:00", "0190f5a2", -1, 1.5, 10**6, 10**30, 1763800000),
    *(True, None, [], {}, [1], [[]], {SECRET: 1}),
]
LIBRARY = re.compile(
    "Input should|String should|Value error|Field required|Extra inputs|should be|should have|"
    "valid dictionary|instance of|pattern|validation"
)
SPAN = {"van": "2026-11-22T07:00:00+01:00", "tot": "2026-11-22T15:00:00+01:00"}
SHIFT = {"dienst": "dag", **SPAN, "triagist": {"nodig": 1}, "verpleegkundige": {"nodig": 1}}
WHOLE: dict[str, dict[str, Any]] = {
    "locaties": {
        "code": "U-0",
        "status": "open",
        "bedden": {"reoBed": {"bezet": 1, "gesloten": {"personeel": 1}}},
        "vertrekPerDag": [{"dag": "2026-11-22", "aantal": 1}],
        "wachtenden": 1,
        "personeel": [SHIFT],
        "tekort": {"helpende": {"vandaag": True}},
        "periode": {**SPAN, "opnames": 1},
        "stops": [{"van": SPAN["van"]}],
    },
    "rtp": {"code": "U-0", "wachtenden": 1, "stops": []},
    "posten": {"code": "U-0", "uur": SPAN["van"], "oproepen": 1, "personeel": [SHIFT]},
    "afdelingen": {"code": "U-0", "wachtenden": 1, "medischKlaar": {"elv": 1}},
}
LISTS = {"reo": "locaties", "caz": "rtp", "huisartsenpost": "posten", "hospital": "afdelingen"}
REPORT = {
    "id": "0190f5a2-7c1e-7d3a-9b42-5f0c6e8d1a37",
    "unit": "reo-flex",
    "observedAt": "2026-11-22T08:00:00+01:00",
    "source": "hand",
    "period": {"start": SPAN["van"], "end": SPAN["tot"]},
    "figures": [{"measure": "occupied", "value": 3, "bedType": "ic", "role": "nurse"}],
}


def spoiled(told: Any) -> Iterator[Any]:
    """The value with each of its parts replaced by each wrong one, left out, or added to."""
    yield from WRONG
    if isinstance(told, dict):
        yield {**told, SECRET: 1}
        for name, inner in told.items():
            yield {key: value for key, value in told.items() if key != name}
            for each in spoiled(inner):
                yield {**told, name: each}
    elif isinstance(told, list) and told:
        yield from ([each] for each in spoiled(told[0]))


def faults(format: str, body: bytes) -> list[Fault]:
    try:
        parts = read_body(format, "application/json", body, {"U-0": "unit-0"}, "a-feed", NOW)
    except Broken as broken:
        return [broken.fault]
    return [fault for part in parts for fault in part.faults]


def assert_plain(found: list[Fault]) -> None:
    for fault in found:
        assert not LIBRARY.search(fault.detail), fault
        assert fault.detail != OTHER, fault
        assert SECRET not in f"{fault.detail}{fault.pointer}", fault
        assert not fault.detail[0].islower(), fault
        assert fault.detail.endswith("."), fault


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_no_words_of_the_library_reach_the_sender_of_a_message(format: str) -> None:
    sound = {"peilmoment": SPAN["tot"], LISTS[format]: [WHOLE[LISTS[format]]]}

    found = [
        fault for each in spoiled(sound) for fault in faults(format, json.dumps(each).encode())
    ]

    assert_plain(found)
    assert {"missing", "extra-forbidden", "int-type", "model-type"} <= {each.code for each in found}


def test_no_words_of_the_library_reach_the_sender_of_a_report() -> None:
    bodies = [json.dumps(each).encode() for each in spoiled(REPORT)]

    found = [fault for body in bodies for each in read_reports(body) for fault in each.faults]

    assert_plain(found)
    assert {"uuid-parsing", "timezone-aware", "literal-error", "string-pattern-mismatch"} <= {
        each.code for each in found
    }


@pytest.mark.parametrize(
    ("kind", "value", "detail"),
    [
        (int, "x", "Give a whole number, such as 12: without quotes, without decimals."),
        (UUID, "0190\u00e9", SENTENCES["uuid_parsing"]),
        (dict, 1, "Give an object between { and }."),
    ],
)
def test_an_error_is_said_with_the_way_out(kind: Any, value: object, detail: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(value)

    [error] = refused.value.errors()

    assert fault_of(dict(error)).detail == detail


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ('{"locaties":[{"code":"U-0","bedden":{"reoBed":{"bezet":2,"bezet":3}}}]}', None),
        ('{"locaties":[{"code":"U-0","geheim7Qx":{"a":1,"a":2}}]}', "/locaties/0/[withheld]"),
        ('{"locaties":[],"locaties":[{"code":"U-0","vertrektVandaag":1}]}', ""),
    ],
)
def test_a_key_that_is_told_twice_refuses_the_message(body: str, place: str | None) -> None:
    expected = "/locaties/0/bedden/reoBed" if place is None else place

    [fault] = faults("reo", body.encode())

    assert (fault.code, fault.pointer) == ("key-twice", expected)


def csv_faults(text: str) -> list[Fault]:
    units = {"INT": "zhz-interne", "LON": "zhz-longziekten"}
    try:
        parts = read_body("hospital", "text/csv", text.encode(), units, "a-feed", NOW)
    except Broken as broken:
        return [broken.fault]
    return [fault for part in parts for fault in part.faults]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (
            "code;peilmoment;wachtendenINT;2026-11-22T08:00:00+01:00;1IC;;2",
            "one-line",
            "--data-binary",
        ),
        (
            "afdeling;kamer;bed;statusLON;101;1;OLON;101;2;U",
            "one-line",
            "--data-binary",
        ),
        ('{"afdelingen": []}', "not-csv", "Content-Type"),
        ("", "no-header", "Content-Type"),
        ("  \n", "no-header", "Content-Type"),
    ],
)
def test_a_text_that_lost_its_form_is_one_fault(text: str, code: str, said: str) -> None:
    [fault] = csv_faults(text)

    assert fault.code == code
    assert said in fault.detail


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\r\ncode;wachtenden\r\nINT;1\r\n",
        "\ufeffsep=,\ncode,wachtenden\nINT,1\n",
        "code;wachtenden;\nINT;1;\n",
        "code;wachtenden;;\nINT;1;;\n;;;\n",
    ],
)
def test_what_a_spreadsheet_adds_is_read_over(text: str) -> None:
    assert csv_faults(text) == []


def test_rows_keep_their_numbers_below_a_line_that_says_the_separator() -> None:
    [fault] = csv_faults("sep=;\ncode;wachtenden\nINT;veel\n")

    assert (fault.row, fault.column) == (3, "wachtenden")


def test_a_cell_in_a_column_without_a_name_is_not_dropped() -> None:
    assert [each.code for each in csv_faults("code;wachtenden;\nINT;1;7\n")] == ["unknown-column"]


def test_an_empty_body_says_what_to_send() -> None:
    [fault] = faults("reo", b"")

    assert "Content-Type" in fault.detail


def test_a_unit_that_is_not_there_is_asked_of_the_operator() -> None:
    wanted = Wanted(PROFILES["divi"], "divi", create_units=False, setting=None)

    refusal = refusal_of("divi-x", None, Known(1, {}, {}, {}), wanted, None)

    assert refusal is not None
    assert refusal[0] == "unknown-unit"
    assert refusal[1].index("operator of the tower") < refusal[1].index("by command")
