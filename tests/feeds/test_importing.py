"""A file is read row by row, whole or not at all, and what is wrong has its row and column."""

import csv
import io
import re
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.errors import Invalid
from app.feeds import cells
from app.feeds.cells import Wrong, unit_slug
from app.feeds.importing import AT_ONCE, Row, read
from app.feeds.profiles import PROFILES, Column, Profile
from app.wire import Slug
from tests.conftest import SHARED
from tests.feeds.region import ROOT

DIVI = PROFILES["divi"]
NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)
SLUG = TypeAdapter(Slug)


def rows(text: str, profile: Profile = DIVI, most_faults: int = 100) -> list[Row]:
    return list(read(io.StringIO(text), profile, now=NOW, most_faults=most_faults))


def faults(text: str, profile: Profile = DIVI) -> list[tuple[str, int | None, str | None]]:
    with pytest.raises(Invalid) as refused:
        rows(text, profile)
    return [(each.code, each.row, each.column) for each in refused.value.faults]


def table(*lines: str) -> str:
    return "\n".join(["unique_id,ds,y,cap", *lines]) + "\n"


def opened(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        yield from file


def test_a_row_becomes_figures_by_column() -> None:
    read_rows = rows(table("Bayern,2020-08-01,2146.0,3418", "Bayern,2020-08-02,,0"))

    assert read_rows == [
        Row(2, "Bayern", date(2020, 8, 1), (2146.0, 3418.0)),
        Row(3, "Bayern", date(2020, 8, 2), (None, 0.0)),
    ]


def test_the_example_beside_the_documents_is_read() -> None:
    told = list(read(opened(ROOT / "docs/feeds/examples/divi.csv"), DIVI, now=NOW))

    assert len(told) == 4
    assert told[2].values == (None, 9.0)


def test_columns_may_stand_in_any_order_behind_a_byte_order_mark() -> None:
    text = '\ufeffcap, y,unique_id,ds\n9,7.5,"Regio, Zuid",2020-08-01\n\n'

    assert rows(text) == [Row(2, "Regio, Zuid", date(2020, 8, 1), (7.5, 9.0))]


def test_a_moment_keeps_its_time_in_utc() -> None:
    reading = read(io.StringIO(table("a,2020-08-01T08:00:00+02:00,1,2")), DIVI, now=NOW)

    [row] = reading

    assert row.at == datetime(2020, 8, 1, 6, tzinfo=UTC)
    assert reading.precision == "moment"


@pytest.mark.parametrize(
    ("line", "code", "column"),
    [
        ("a,2020-02-30,1,2", "not-a-date", "ds"),
        ("a,20200801,1,2", "not-a-date", "ds"),
        ("a,2020-W01-1,1,2", "not-a-date", "ds"),
        ("a,01-08-2020,1,2", "not-a-date", "ds"),
        ("a,,1,2", "not-a-date", "ds"),
        ("a,２０２０-08-01,1,2", "not-a-date", "ds"),
        ("a,2020-08-01 25:00+01:00,1,2", "not-a-date", "ds"),
        ("a,0001-01-01T00:00+14:00,1,2", "not-a-date", "ds"),
        ("a,2020-08-01 00:00:00,1,2", "no-offset", "ds"),
        ("a,2026-11-23,1,2", "in-the-future", "ds"),
        ("a,2026-11-22T20:03Z,1,2", "in-the-future", "ds"),
        ("a,1989-12-31,1,2", "too-long-ago", "ds"),
        ("a,2020-08-01,x,2", "not-a-number", "y"),
        ("a,2020-08-01,nan,2", "not-a-number", "y"),
        ("a,2020-08-01,inf,2", "not-a-number", "y"),
        ("a,2020-08-01,1_000,2", "not-a-number", "y"),
        ("a,2020-08-01, 1,2", "not-a-number", "y"),
        ("a,2020-08-01,0x10,2", "not-a-number", "y"),
        ('a,2020-08-01,"1,5",2', "not-a-number", "y"),
        ("a,2020-08-01,１２,2", "not-a-number", "y"),
        ("a,2020-08-01,1,-2", "negative", "cap"),
        ("a,2020-08-01,1,-0.0", "negative", "cap"),
        ("a,2020-08-01,1e309,2", "too-large", "y"),
        ("a,2020-08-01,123456782,2", "too-large", "y"),
        (",2020-08-01,1,2", "not-a-unit", "unique_id"),
        ("東京,2020-08-01,1,2", "not-a-unit", "unique_id"),
        ("a\tb,2020-08-01,1,2", "not-a-unit", "unique_id"),
        (f"{'a' * 60},2020-08-01,1,2", "not-a-unit", "unique_id"),
        ("kamer 123456782,2020-08-01,1,2", "person-detected", "unique_id"),
        ("a,2020-08-01,1", "ragged-row", None),
        ("a,2020-08-01,1,2,3", "ragged-row", None),
    ],
)
def test_a_wrong_cell_is_named_by_row_and_column(line: str, code: str, column: str | None) -> None:
    assert faults(table("good,2020-08-01,1,2", line)) == [(code, 3, column)]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("unique_id,ds,y", [("missing-column", "cap")]),
        ("unique_id,ds,y,cap,z", [("unknown-column", "z")]),
        ("unique_id,ds,y,cap,y", [("column-twice", "y")]),
        ("unique_id,ds,y,cap,naam", [("person-detected", "naam")]),
        ("Unique_ID,ds,y,cap", [("unknown-column", None), ("missing-column", "unique_id")]),
        ("unique_id|ds|y|cap", [("wrong-separator", None)]),
        ("unique_id;ds,y,cap", [("wrong-separator", None)]),
    ],
)
def test_a_wrong_header_is_named_column_by_column(
    header: str, found: list[tuple[str, str | None]]
) -> None:
    expected = [(code, 1, column) for code, column in found]

    assert faults(f"{header}\na,2020-08-01,1,2\n") == expected


def test_an_empty_file_lacks_its_header() -> None:
    assert ("no-header", 1, None) in faults("")
    assert faults("unique_id,ds,y,cap\n") == [("no-rows", 1, None)]


def test_all_that_is_wrong_comes_at_once() -> None:
    text = table("a,x,y,z", "a,2020-08-01,1,2", "", "a,2020-08-01,1,2", "b,2020-08-01,,-1")

    assert faults(text) == [
        ("not-a-date", 2, "ds"),
        ("not-a-number", 2, "y"),
        ("not-a-number", 2, "cap"),
        ("row-twice", 5, "ds"),
        ("negative", 6, "cap"),
    ]


def test_after_a_fault_no_row_is_given() -> None:
    text = table("a,2020-08-01,1,2", "a,x,1,2", "b,2020-08-01,1,2")
    given_rows: list[Row] = []

    with pytest.raises(Invalid):
        given_rows.extend(read(io.StringIO(text), DIVI, now=NOW))

    assert [row.unique_id for row in given_rows] == ["a"]


def test_the_list_of_faults_ends_and_says_so() -> None:
    lines = (f"a,x{n},1,2" for n in range(1_000_000))

    with pytest.raises(Invalid) as refused:
        list(read(chain(["unique_id,ds,y,cap"], lines), DIVI, now=NOW, most_faults=7))

    assert len(refused.value.faults) == 7
    assert "first 7" in refused.value.detail
    assert next(lines) == f"a,x{AT_ONCE},1,2"


def test_a_day_that_stands_twice_is_found_in_any_order() -> None:
    days = ["2020-08-03", "2020-08-01", "2020-08-02", "2020-08-05", "2020-08-01", "2020-08-04"]

    found = faults(table(*(f"a,{day},1,2" for day in days), "b,2020-08-01,1,2"))

    assert found == [("row-twice", 6, "ds")]


def test_one_moment_in_two_offsets_stands_twice() -> None:
    text = table("a,2020-08-01T08:00+02:00,1,2", "a,2020-08-01T06:00Z,1,2")

    assert faults(text) == [("row-twice", 3, "ds")]


def test_days_and_moments_are_not_mixed() -> None:
    text = table("a,2020-08-01,1,2", "a,2020-08-02T06:00Z,1,2")

    assert faults(text) == [("days-and-moments", 3, "ds")]


def test_two_names_that_become_one_code_are_refused_once() -> None:
    lines = [f"{name},2020-08-0{n},1,2" for n in (1, 2) for name in ("DE-BW ICU", "de bw icu")]

    assert faults(table(*lines)) == [("units-look-alike", 3, "unique_id")]


def test_more_units_than_a_file_may_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "MOST_UNITS", 2)

    found = faults(table(*(f"{name},2020-08-01,1,2" for name in "abc")))

    assert found == [("too-many-units", 4, "unique_id")]


def test_a_byte_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    file = tmp_path / "latin.csv"
    file.write_bytes(table("Bayern,2020-08-01,1,2", "Thüringen,2020-08-01,1,2").encode("latin-1"))

    with pytest.raises(Invalid) as kept:
        list(read(opened(file), DIVI, now=NOW))
    with pytest.raises(Invalid) as strict, file.open(encoding="utf-8") as lines:
        list(read(lines, DIVI, now=NOW))

    assert [(f.code, f.row, f.column) for f in kept.value.faults] == [("not-utf-8", 3, "unique_id")]
    assert [fault.code for fault in strict.value.faults] == ["not-utf-8"]


@pytest.mark.parametrize("line", ['"a,2020-08-01,1,2', 'a,2020-08-01,"1"2,2', "a" * 200_000])
def test_broken_csv_is_a_fault_with_its_row(line: str) -> None:
    assert faults(table("a,2020-07-31,1,2", line))[0][:2] == ("broken-csv", 3)


@pytest.mark.parametrize(
    "text",
    [
        "unique_id,ds,y,cap,SECRETS\na,2020-08-01,1,2,3\n",
        "SECRETS,2020-08-01,1,2\n",
        table("SECRETS\t,2020-08-01,1,2"),
        table("a,SECRETS,1,2"),
        table("a,2020-08-01,SECRETS,2"),
        table("a,2020-08-01,1,2,SECRETS"),
        table('a,2020-08-01,"SECRETS"SECRETS,2'),
    ],
)
def test_no_cell_is_given_back(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        rows(text)

    assert "SECRETS" not in f"{refused.value} {refused.value.faults}"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("DE-BW ICU", "divi-de-bw-icu"),
        ("Baden-Württemberg", "divi-baden-wurttemberg"),
        ("Thüringen (Süd)", "divi-thuringen-sud"),
        ("E54000008", "divi-e54000008"),
        ("Straße 7", "divi-strasse-7"),
    ],
)
def test_a_name_becomes_a_code(name: str, slug: str) -> None:
    assert unit_slug(DIVI, name) == slug


@given(st.text(max_size=80))
def test_a_code_is_always_one_that_may_be_stored_or_the_name_is_refused(name: str) -> None:
    try:
        slug = unit_slug(DIVI, name)
    except Wrong:
        return

    assert SLUG.validate_python(slug) == slug
    assert unit_slug(DIVI, name) == slug


NAMES = st.sampled_from(["a", "b", "regio zuid", "Ü"])
DAYS = st.dates(date(1990, 1, 1), date(2026, 11, 22))
VALUES = st.none() | st.floats(0, 9_999_999) | st.integers(0, 9_999_999)


@given(st.dictionaries(st.tuples(NAMES, DAYS), st.tuples(VALUES, VALUES), min_size=1, max_size=30))
def test_what_was_written_is_what_is_read(
    told: dict[tuple[str, date], tuple[float | None, float | None]],
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["unique_id", "ds", "y", "cap"])
    writer.writerows((name, day, *values) for (name, day), values in told.items())

    read_rows = rows(text.getvalue())

    assert {(row.unique_id, row.at): row.values for row in read_rows} == told


@given(st.text(alphabet="0123456789.eE+-_naif ", max_size=8))
def test_a_number_is_read_as_python_reads_it_or_refused(text: str) -> None:
    try:
        value = cells.number(text)
    except Wrong:
        return

    assert re.fullmatch(r"[0-9.eE+-]+", text)
    assert value == float(text)
    assert 0 <= value <= 9_999_999


def test_a_reader_that_leaves_numbers_to_python_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "number", float)

    taken = rows(table("a,2020-08-01,nan,1_000"))

    assert taken[0].values[1] == 1000.0
    assert taken[0].values[0] != taken[0].values[0]


def test_a_long_file_is_read_in_little_memory() -> None:
    def lines() -> Iterator[str]:
        yield "unique_id,ds,y,cap"
        for unit in range(20):
            for day in range(5_000):
                yield f"unit {unit},{date.fromordinal(729_000 + day)},{day % 50},60"

    tracemalloc.start()
    count = sum(1 for _ in read(lines(), DIVI, now=NOW))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 100_000
    assert peak < 10_000_000


@pytest.mark.more
@pytest.mark.parametrize(
    ("profile", "file"),
    [("divi", "divi_icu_daily.csv"), ("nctr", "nhs_icb_nctr_daily.csv")],
)
def test_the_real_series_are_read_whole(profile: str, file: str) -> None:
    path = SHARED / "data" / file
    with path.open(encoding="utf-8", newline="") as lines:
        expected = [(row["unique_id"], row["ds"], float(row["y"])) for row in csv.DictReader(lines)]

    told = list(read(opened(path), PROFILES[profile], now=NOW))

    assert [(row.unique_id, str(row.at), row.values[0]) for row in told] == expected


def test_a_column_says_all_that_its_measure_needs() -> None:
    with pytest.raises(ValueError, match="closedPlaces"):
        Column("closedPlaces")


def test_a_slug_that_may_not_be_stored_is_known_to_be_wrong() -> None:
    with pytest.raises(ValidationError):
        SLUG.validate_python("DIVI bayern")


def test_what_a_spreadsheet_adds_is_read_over() -> None:
    plain = rows("unique_id;ds;y;cap\na;2020-08-01;1;2\n")

    ended = rows("unique_id;ds;y;cap;;\na;2020-08-01;1;2;;\n;;;;;\n;;;\n")
    said = rows("sep=;\r\nunique_id;ds;y;cap\r\na;2020-08-01;1;2\r\n")

    assert ended == plain
    assert said == [plain[0]._replace(line=3)]


def test_a_cell_in_a_column_without_a_name_is_not_dropped() -> None:
    assert faults("unique_id,ds,y,cap,\na,2020-08-01,1,2,3\n") == [("ragged-row", 2, None)]


def test_below_a_line_that_says_the_separator_the_header_is_row_two() -> None:
    assert faults("sep=,\nunique_id,ds,y\na,2020-08-01,1\n") == [("missing-column", 2, "cap")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("unique_id,ds,y,capa,2020-08-01,1,2b,2020-08-01,1,2", "one-line"),
        ('{"unique_id": "a"}', "not-csv"),
        ("\ufeff\r\n", "no-header"),
        ("sep=;\n", "no-header"),
    ],
)
def test_a_text_that_lost_its_form_is_one_fault(text: str, code: str) -> None:
    assert [each[0] for each in faults(text)] == [code]
