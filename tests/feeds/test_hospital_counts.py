"""Counts per ward as CSV: the same figures as JSON, and each fault by its row and column."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.errors import WrongMediaType
from app.feeds.columns import columns_of
from app.feeds.counts import place_columns, ward_columns
from app.feeds.formats import media_types, read_body, read_message, seal
from app.feeds.hospital import Ward
from app.feeds.lines import MOST_LINES
from app.feeds.parts import ReadPart
from app.observations.reading import Broken

NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)
UNITS = {"INT": "zhz-interne", "IC": "zhz-ic", "GER": "zhz-geriatrie"}
AT = "2026-11-22T08:00:00+01:00"


def read(text: str | bytes, media_type: str = "text/csv") -> list[ReadPart]:
    body = text.encode() if isinstance(text, str) else text
    return read_body("hospital", media_type, body, UNITS, "a-feed", NOW)


def faults(parts: list[ReadPart]) -> list[tuple[int | None, str | None, str]]:
    return [(each.row, each.column, each.code) for part in parts for each in part.faults]


def told(parts: list[ReadPart]) -> dict[str, Any]:
    return {part.report.unit or "": part.report.figures for part in parts if part.report}


JSON = {
    "peilmoment": AT,
    "afdelingen": [
        {
            "code": "INT",
            "bedden": {
                "verpleegbed": {"aanwezig": 30, "geopend": 26, "gesloten": {"personeel": 4}},
                "ic": {"bezet": 0},
            },
            "wachtenden": None,
            "medischKlaar": {"thuiszorg": 2},
            "personeel": [
                {
                    "dienst": "nacht",
                    "van": "2026-11-21T23:00:00+01:00",
                    "tot": "2026-11-22T07:15:00+01:00",
                    "verpleegkundige": {"nodig": 3},
                }
            ],
        },
        {"code": "IC", "bedden": {"ic": {"bezet": 6}}},
    ],
}
COUNTS = f"""\
code;peilmoment;bedsoort;aanwezig;geopend;bezet;gesloten.personeel;wachtenden;medischKlaar.thuiszorg
INT;{AT};verpleegbed;30;26;;4;onbekend;2
INT;;ic;;;0;;;
IC;;ic;;;6;;;
"""
STAFF = """\
code;personeel.dienst;personeel.van;personeel.tot;personeel.verpleegkundige.nodig
INT;nacht;2026-11-21T23:00:00+01:00;2026-11-22T07:15:00+01:00;3
"""


def with_staff(counts: str, staff: str) -> str:
    """The lines of both under the columns of both."""
    first, *lines = counts.splitlines()
    shift, *shifts = staff.splitlines()
    wide, more = first.count(";"), shift.count(";")
    rows = [line + ";" * more for line in lines]
    rows += [line.replace(";", ";" * (wide + 1), 1) for line in shifts]
    return "\n".join([f"{first};{shift.split(';', 1)[1]}", *rows])


def test_counts_as_csv_and_as_json_are_the_same_reports() -> None:
    from_csv = read(with_staff(COUNTS, STAFF))
    from_json = read_message("hospital", JSON, UNITS, "a-feed", NOW)

    def ids(parts: list[ReadPart]) -> list[Any]:
        return [part.report and part.report.id for part in parts]

    assert faults(from_csv) == []
    assert ids(from_csv) == ids(from_json)
    assert {unit: set(each) for unit, each in told(from_csv).items()} == {
        unit: set(each) for unit, each in told(from_json).items()
    }


@pytest.mark.parametrize(
    "text",
    [
        COUNTS.encode("utf-8-sig"),
        COUNTS.replace(";", ",").encode(),
        COUNTS.replace("\n", "\r\n").encode(),
        COUNTS.upper().encode(),
        (COUNTS + ";;;;;;;;\n\n").encode(),
        COUNTS.replace("INT;", '"INT"; ').encode(),
    ],
)
def test_a_mark_commas_windows_lines_and_capitals_change_nothing(text: bytes) -> None:
    assert told(read(text)) == told(read(COUNTS))


def test_empty_is_not_told_zero_is_none_and_onbekend_is_unknown() -> None:
    [part] = read("code,bedsoort,bezet,geopend,aanwezig\nINT,verpleegbed,0,onbekend,\n")

    assert part.report
    assert [(each.measure, each.value) for each in part.report.figures] == [
        ("staffed", None),
        ("occupied", 0),
    ]


def test_each_line_may_be_of_its_own_moment() -> None:
    other = "2026-11-22T09:00:00+01:00"

    parts = read(f"code,peilmoment,wachtenden\nINT,{AT},1\nIC,,2\nGER,{other},3\n")

    moments = {part.report.unit: part.report.observed_at for part in parts if part.report}
    first, second = (datetime(2026, 11, 22, hour, tzinfo=UTC) for hour in (7, 8))
    assert moments == {"zhz-interne": first, "zhz-ic": first, "zhz-geriatrie": second}


def test_a_wrong_line_leaves_the_other_wards_be_and_all_that_is_wrong_is_said() -> None:
    text = (
        "code;bedsoort;aanwezig;bezet;wachtenden;medischKlaar.elv\n"
        "INT;waterbed;1;x;-1;2\n"
        "IC;ic;8;6;;\n"
        "GER;;7;;;\n"
        "nergens;;;;1;\n"
        "INT;;;;3;\n"
    )

    parts = read(text)

    assert list(told(parts)) == ["zhz-ic"]
    assert sorted(faults(parts), key=str) == [
        (2, "bedsoort", "unknown-word"),
        (2, "wachtenden", "int-type"),
        (4, "bedsoort", "missing"),
        (5, "code", "unknown-unit-code"),
        (6, "wachtenden", "told-twice"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("code,kleur\nINT,1\n", [(1, "2", "unknown-column")]),
        ("code,stops.soort\nINT,opnamestop\n", [(1, "2", "unknown-column")]),
        ("code,bezet,bezet\nINT,1,1\n", [(1, "bezet", "column-twice")]),
        ("bezet\n1\n", [(1, "code", "missing-column")]),
        ("code,wachtenden\n", [(1, None, "no-rows")]),
        ("code,wachtenden\nINT,1,2\nIC\n", [(2, None, "ragged-row"), (3, None, "ragged-row")]),
        ("code\twachtenden\nINT\t1\n", [(1, "1", "unknown-column"), (1, "code", "missing-column")]),
        ("code,peilmoment,wachtenden\nINT,gisteren,1\n", [(2, "peilmoment", "value-error")]),
        ("code,wachtenden\nINT,\n", [(2, None, "nothing-told")]),
        ("code,wachtenden\n,1\n", [(2, "code", "string-pattern-mismatch")]),
        ("code,wachtenden\nINT,99999999999999999999\n", [(2, "wachtenden", "int-type")]),
        (
            "code,personeel.dienst,personeel.verpleegkundige.nodig\nINT,nacht,2\n",
            [(2, None, "missing")],
        ),
    ],
)
def test_what_is_wrong_is_named_by_row_and_column(text: str, expected: list[Any]) -> None:
    assert faults(read(text)) == expected


@pytest.mark.parametrize(
    ("text", "row", "column"),
    [
        ("code,wachtenden,naam\nINT,1,x\n", 1, "3"),
        ("code,wachtenden\nINT,1\nIC,123456782\n", 3, "2"),
        ("code,wachtenden\nafdeling-123456782,1\n", 2, "1"),
        ("code,wachtenden\nINT,naam: Kanarie\n", 2, "2"),
        ("code,wachtenden\nINT,kanarie@example.org\n", 2, "2"),
    ],
)
def test_a_person_refuses_the_whole_text(text: str, row: int, column: str) -> None:
    with pytest.raises(Broken) as broken:
        read(text)

    fault = broken.value.fault
    assert (fault.code, fault.row, fault.column) == ("person-detected", row, column)
    assert "anarie" not in str(fault)
    assert "123456782" not in str(fault)


@pytest.mark.parametrize(
    ("ward", "place"),
    [
        ('{"code": "123456782"}', "/afdelingen/0/code"),
        ('{"naam": "Kanarie"}', "/afdelingen/0/naam"),
        ('{"Kanarie": {"code": "123456782"}}', "/afdelingen/0/[withheld]/code"),
        ('{"123456782": 1}', "/afdelingen/0/[withheld]"),
    ],
)
def test_a_person_in_json_is_named_by_its_place_and_kind_alone(ward: str, place: str) -> None:
    with pytest.raises(Broken) as broken:
        read(f'{{"afdelingen": [{ward}]}}', "application/json")

    assert broken.value.fault.code == "person-detected"
    assert broken.value.fault.pointer == place
    assert "anarie" not in str(broken.value.fault)


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"code\nINT\xff\n", "not-utf-8"), (b'code\n"INT\n', "broken-csv"), (b"\n", "no-header")],
)
def test_what_is_no_csv_is_refused_whole(body: bytes, code: str) -> None:
    with pytest.raises(Broken) as broken:
        read(body)

    assert broken.value.fault.code == code


@pytest.mark.parametrize("media_type", ["text/plain", "", "text/csv; charset=latin1"])
def test_another_media_type_is_refused_with_those_that_are_taken(media_type: str) -> None:
    with pytest.raises(WrongMediaType, match="application/json or text/csv"):
        read(COUNTS, media_type)


def test_a_line_says_yes_and_no_a_status_and_one_part_of_what_is_split() -> None:
    text = (
        "code,status,tekort.verpleegkundige.vandaag,verwachtVertrekPerDag.dag,"
        "verwachtVertrekPerDag.aantal\n"
        "INT,beperkt,ja,2026-11-23,4\nINT,,,2026-11-24,2\nIC,onbekend,onbekend,,\n"
    )

    ward, other = read(text)

    assert ward.report
    assert other.report
    assert ward.notices
    assert other.notices
    assert [(each.measure, each.value) for each in ward.report.figures] == [
        ("shortToday", 1),
        ("expectedDischarges", 4),
        ("expectedDischarges", 2),
    ]
    assert [each.value for each in other.report.figures] == [None]
    assert [each.status and each.status.status for each in (ward.notices, other.notices)] == [
        "restricted",
        "unknown",
    ]


def test_only_a_hospital_tells_in_csv() -> None:
    assert media_types("reo") == ("application/json",)
    with pytest.raises(WrongMediaType, match=r"Send application/json in UTF-8"):
        read_body("reo", "text/csv", b"code\nREO-1\n", {}, "a-feed", NOW)


def test_no_column_of_a_ward_has_the_name_of_one_of_its_places() -> None:
    assert ward_columns().keys() & place_columns().keys() == set()
    stops = [column for column in columns_of(Ward) if column.steps[0] == "stops"]
    assert len(ward_columns()) == len(columns_of(Ward)) - len(stops)


def test_the_digest_of_a_text_is_of_what_was_read() -> None:
    reordered = "code,wachtenden,verkeerdeBed\nINT,1,2\n", "code,verkeerdeBed,wachtenden\nINT,2,1\n"

    seals = {seal("text/csv", text.encode(), read(text)) for text in reordered}

    assert len(seals) == 1


def test_a_text_without_end_is_refused() -> None:
    text = "code,wachtenden\n" + "INT,1\n" * (MOST_LINES + 1)

    with pytest.raises(Broken) as broken:
        read(text)

    assert broken.value.fault.code == "too-many-rows"
