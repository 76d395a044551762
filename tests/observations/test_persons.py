"""The person detector finds what is planted and lets counts, codes and moments pass."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.observations.persons import passes_eleven_test, person_in, person_in_text
from app.observations.schemas import Report

EXAMPLES = sorted((Path(__file__).parents[2] / "docs/feeds/examples").glob("*.json"))

# 11-proof by construction: the first eight digits give the ninth.
HEADS = st.integers(1_000_000, 99_999_999).map(lambda head: f"{head:08}")


def proof(head: str) -> str | None:
    check = sum(int(digit) * weight for digit, weight in zip(head, range(9, 1, -1), strict=True))
    return None if check % 11 == 10 else f"{head}{check % 11}"


NUMBERS = HEADS.map(proof).filter(lambda number: number is not None)
WORDS = st.from_regex(r"[a-z]{2,8}(-[a-z0-9]{1,3}){0,2}", fullmatch=True)
VALUES = st.none() | st.integers(0, 1_000_000) | st.floats(0, 1_000_000).map(lambda x: round(x, 2))
MOMENTS = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001
    datetime(2035, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC]),
)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(0, 999) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


def figure_strategy() -> st.SearchStrategy[dict[str, Any]]:
    named = {"measure": WORDS, "value": VALUES}
    words = ("bedType", "role", "shift", "reason", "urgency", "profile", "area")
    return st.fixed_dictionaries(named, optional=dict.fromkeys(words, WORDS))


@given(
    st.uuids(),
    WORDS,
    MOMENTS,
    st.lists(figure_strategy(), min_size=1, max_size=5),
    st.integers(60, 86_400),
)
def test_no_valid_report_is_taken_for_a_person(
    id: uuid.UUID, unit: str, at: datetime, told: list[dict[str, Any]], seconds: int
) -> None:
    start = at.replace(microsecond=0)
    period = {"start": start.isoformat(), "end": (start + timedelta(seconds=seconds)).isoformat()}
    body = {"id": str(id), "unit": unit, "observedAt": at.isoformat(), "figures": told}

    Report.model_validate(body | {"period": period})

    assert person_in(body | {"period": period}) is None
    assert person_in_text(json.dumps(body)) is None


@given(PLAIN, NUMBERS, st.booleans(), st.data())
def test_an_eleven_proof_number_is_found_wherever_it_stands(
    plain: Any, number: str, as_number: bool, data: st.DataObject
) -> None:
    planted = int(number) if as_number else number
    inner = data.draw(
        st.sampled_from([planted, [planted], {"x": planted}, {number: 1}, f"kamer 12 {number}."])
    )

    found = [person_in(told) for told in ([plain, inner], {"a": plain, "b": inner}, {"c": [inner]})]

    assert all(found)
    assert all(number not in each.pointer for each in found if each)


@given(NUMBERS, st.sampled_from([" ", ".", "-", "/"]), st.sampled_from(["kamer 4 ", "", "id:"]))
def test_an_eleven_proof_number_is_found_in_groups(number: str, joint: str, before: str) -> None:
    groups = [(4, 6), (3, 6), (2, 5)]

    found = [
        person_in(before + joint.join([number[:a], number[a:b], number[b:]])) for a, b in groups
    ]

    assert all(found)


@given(NUMBERS)
def test_an_eight_digit_number_is_one_whose_zero_fell_off(number: str) -> None:
    assume(number.startswith("0"))

    found = [person_in(int(number)), person_in({"n": [number[1:]]}), person_in_text(number[1:])]

    assert all(found)


@pytest.mark.parametrize(
    "field",
    [
        *("bsn", "BSN", "Naam", "voor_naam", "patiënt", "Patiënt-nummer", "birthDate", "e-mail"),
        *("geboorteDatum", "patientBsn2", "Tel.nr", "telefoon", "adres", "geslacht", "mrn"),
    ],
)
def test_a_field_of_a_person_is_found_by_its_name(field: str) -> None:
    found = person_in({"locaties": [{"code": "A", field: None}]})

    assert found is not None
    assert found.code == "field-of-a-person"
    assert found.pointer.startswith("/locaties/0/")


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("jan@example.org", "e-mail-address"),
        ("bel 06-12345678", "telephone-number"),
        ("+31 6 1234 5678", "telephone-number"),
        ("(079) 123 45 67", "telephone-number"),
        ("079 - te bellen: 0791234567", "telephone-number"),
        (123456782.0, "number-of-a-person"),
        (-123456782, "number-of-a-person"),
        ("１２３４５６７８２", "number-of-a-person"),
        ("PID|1||x", "message-about-a-person"),
        ({"resourceType": "Patient"}, "message-about-a-person"),
    ],
)
def test_other_traces_of_a_person_are_found(told: object, code: str) -> None:
    found = person_in({"figures": [told]})

    assert found is not None
    assert found.code == code


@pytest.mark.parametrize(
    "text",
    [
        *("code,naam,bed\nA1,x,3", "a\nbsn: x", "<achternaam>x</achternaam>", "MSH|^~\nPID|1||x"),
        *("E54000008,2022-04-01,1384.0\nkamer;123456782", "a,b\nx,jan@example.org", '{"bsn": 1'),
    ],
)
def test_a_person_is_found_in_text(text: str) -> None:
    assert person_in_text(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        *("unique_id,ds,y,cap\nBaden-Württemberg,2020-08-01,2146.0,3418", "E54000008", "GM0637"),
        *("2026-11-22T08:00:00.123456+01:00", "2026-11-22", "12345.678", "00000000"),
        *("123e4567-e89b-12d3-a456-426614174000", "550e8400e29b41d4a716446655440000"),
        "BU06370000",
    ],
)
def test_codes_days_and_counts_are_no_persons(text: str) -> None:
    assert person_in_text(text) is None
    assert person_in({"x": text}) is None


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_example_of_a_feed_holds_no_person(example: Path) -> None:
    told = json.loads(example.read_text())

    found = person_in(told)

    assert found is None


def test_a_number_hidden_in_a_key_is_not_given_back() -> None:
    found = person_in({"figures": [{"123456782": 1}]})

    assert found is not None
    assert found.pointer == "/figures/0/[withheld]"


@given(st.integers(0, 999_999_999))
def test_the_eleven_test_agrees_with_its_definition(number: int) -> None:
    digits = f"{number:09}"
    total = sum((9 - n) * int(digit) for n, digit in enumerate(digits[:8])) - int(digits[8])

    passes = passes_eleven_test(digits)

    assert passes == (number > 0 and total % 11 == 0)


def test_a_deeply_nested_message_is_searched_to_its_bottom() -> None:
    told: object = 123456782
    for _ in range(50_000):
        told = [told]

    assert person_in(told) is not None


def test_a_detector_that_looks_at_names_only_would_miss_the_planted_number() -> None:
    planted = {"figures": [{"measure": "occupied", "value": 123456782}]}

    def names_only(told: Any) -> bool:
        return person_in(dict.fromkeys(told)) is not None

    assert person_in(planted)
    assert not names_only(planted)
