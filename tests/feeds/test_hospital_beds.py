"""A list of beds becomes counts per department, and nothing of a bed is left."""

import pickle
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.feeds import bed_list
from app.feeds.bed_list import Department, messages_of
from app.feeds.beds import REASONS, STATES, Bed, State, band_of, fold
from app.feeds.formats import read_body, read_message, seal
from app.feeds.lines import table
from app.feeds.parts import ReadPart
from app.forecasts.calendar import local_day
from app.observations.reading import Broken

NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)
AT = "2026-11-22T08:00:00+01:00"
TODAY = date(2026, 11, 22)
UNITS = {"LON": "zhz-longziekten", "NEU": "zhz-neurologie"}


def read(text: str) -> list[ReadPart]:
    return read_body("hospital", "text/csv", text.encode(), UNITS, "a-feed", NOW)


def beds(columns: str, *lines: str) -> str:
    """Lines of one department, each of its own bed."""
    rows = [f"LON;1;{n};{line}" for n, line in enumerate(lines)]
    return "\n".join([f"afdeling;kamer;bed;{columns}", *rows])


def faults(text: str) -> list[tuple[int | None, str | None, str]]:
    return [(each.row, each.column, each.code) for part in read(text) for each in part.faults]


def told(text: str) -> dict[tuple[str, ...], float | None]:
    """The figures of the one report, by measure and what tells them apart; zeros left out."""
    [part] = read(text)
    assert part.report is not None, part.faults
    return {
        tuple(str(word) for word in (each.measure, each.reason, each.destination) if word)
        + ((local_day(each.period.start).isoformat(),) if each.period else ()): each.value
        for each in part.report.figures
        if each.value != 0
    }


@pytest.mark.parametrize(
    ("columns", "line", "expected"),
    [
        ("status", "O", {("physical",): 1, ("staffed",): 1, ("occupied",): 1}),
        ("status", "o", {("physical",): 1, ("staffed",): 1, ("occupied",): 1}),
        ("status", "U", {("physical",): 1, ("staffed",): 1}),
        ("status", "C", {("physical",): 1, ("closedPlaces", "other"): 1}),
        ("status;reden", "C;personeel", {("physical",): 1, ("closedPlaces", "staff"): 1}),
        ("status;reden", "C;", {("physical",): 1, ("closedPlaces", "other"): 1}),
        ("status", "H", {("physical",): 1, ("closedPlaces", "maintenance"): 1}),
        ("status;reden", "H;onderhoud", {("physical",): 1, ("closedPlaces", "maintenance"): 1}),
        ("status", "I", {("physical",): 1, ("staffed",): 1, ("occupied",): 1}),
        ("status;bezet", "I;ja", {("physical",): 1, ("staffed",): 1, ("occupied",): 1}),
        ("status;bezet", "I;nee", {("physical",): 1, ("closedPlaces", "infection"): 1}),
        ("status", "K", {("physical",): 1, ("closedPlaces", "infection"): 1}),
        ("status;toegezegd", "U;ja", {("physical",): 1, ("staffed",): 1, ("reserved",): 1}),
        ("status;toegezegd", "H;ja", {("physical",): 1, ("closedPlaces", "maintenance"): 1}),
        ("status;toegezegd", "O;ja", {("physical",): 1, ("staffed",): 1, ("occupied",): 1}),
    ],
)
def test_each_state_becomes_the_figures_that_are_written_down(
    columns: str, line: str, expected: dict[tuple[str, ...], float]
) -> None:
    assert told(beds(columns, line)) == expected


def test_what_a_list_cannot_tell_is_not_told_and_what_it_can_is_told_as_zero() -> None:
    plain, full = (
        {
            (each.measure, each.reason or "")
            for part in read(text)
            if part.report
            for each in part.report.figures
        }
        for text in (beds("status", "U"), beds("status;reden;toegezegd", "U;;"))
    )

    stays = {("physical", ""), ("staffed", ""), ("occupied", "")}
    assert plain == stays | {
        ("closedPlaces", each) for each in ("infection", "maintenance", "other")
    }
    assert len(full - plain) == len(REASONS) - 3 + 1
    assert ("reserved", "") in full


def test_who_leaves_is_counted_by_day_up_to_nine_days_ahead() -> None:
    days = ["2026-11-22", "2026-12-01", "2026-12-01", "2026-12-02", "2026-11-21", ""]

    found = told(beds("status;peilmoment;verwachtVertrek", *(f"O;{AT};{day}" for day in days)))

    assert {way[-1]: each for way, each in found.items() if way[0] == "expectedDischarges"} == {
        "2026-11-22": 1,
        "2026-12-01": 2,
    }


def test_who_is_ready_is_counted_by_destination_and_by_how_long() -> None:
    lines = ["O;elv;2026-11-20", "O;elv;2026-11-19", "O;grz;2026-11-01", "O;;", "U;;"]

    [part] = read(beds("status;medischKlaar;klaarSinds", *lines))

    assert part.report
    assert {
        (each.destination, each.age_band): each.value
        for each in part.report.figures
        if each.measure == "medicallyReady" and each.value
    } == {("elv", "days-0-2"): 1, ("elv", "days-3-7"): 1, ("grz", "days-8-plus"): 1}


@pytest.mark.parametrize(
    ("days", "band"),
    [
        (0, "tot-en-met-2-dagen"),
        (2, "tot-en-met-2-dagen"),
        (3, "3-tot-en-met-7-dagen"),
        (7, "3-tot-en-met-7-dagen"),
        (8, "meer-dan-7-dagen"),
    ],
)
def test_the_bands_end_at_two_and_at_seven_days(days: int, band: str) -> None:
    assert band_of(days) == band


STAFF = """\
afdeling;kamer;bed;status;rol;dienst;van;tot;nodig;rooster
LON;1;a;O;;;;;;
LON;;;;verpleegkundige;dag;2026-11-22T07:00:00+01:00;2026-11-22T15:30:00+01:00;4;3
LON;;;;medischSpecialist;dag;2026-11-22T07:00:00+01:00;2026-11-22T15:30:00+01:00;;onbekend
NEU;;;;verpleegkundige;nacht;2026-11-21T23:00:00+01:00;2026-11-22T07:15:00+01:00;2;
"""


def test_lines_of_staff_become_heads_by_role_and_shift() -> None:
    lon, neu = read(STAFF)

    heads = [
        (part.report.unit, each.measure, each.role, each.shift, each.value)
        for part in (lon, neu)
        if part.report
        for each in part.report.figures
        if each.role
    ]
    assert heads == [
        ("zhz-longziekten", "required", "nurse", "dag", 4),
        ("zhz-longziekten", "rostered", "nurse", "dag", 3),
        ("zhz-longziekten", "rostered", "medical-specialist", "dag", None),
        ("zhz-neurologie", "required", "nurse", "nacht", 2),
    ]
    assert neu.report
    assert len(neu.report.figures) == 1


def test_a_list_says_the_same_as_the_counts_in_json() -> None:
    [listed] = read(beds("status;peilmoment;medischKlaar", f"O;{AT};elv", "U;;", "H;;"))

    places = {"aanwezig": 3, "geopend": 2, "bezet": 1}
    closed = {"anders": 0, "infectie": 0, "onderhoud": 1}
    none = dict.fromkeys(["naarHuis", "thuiszorg", "grz", "wlz", "ggz", "hospice", "wmo"], 0)
    ward = {
        "code": "LON",
        "bedden": {"verpleegbed": places | {"gesloten": closed}},
        "medischKlaar": {"elv": 1} | none,
    }
    message = {"peilmoment": AT, "afdelingen": [ward]}
    [counted] = read_message("hospital", message, UNITS, "a-feed", NOW)
    assert listed.report
    assert counted.report
    assert listed.report.id == counted.report.id


def test_the_types_of_beds_are_counted_apart() -> None:
    [part] = read(beds("status;bedsoort", "O;", "O;hcmc", "U;hcMc"))

    assert part.report
    assert {
        (each.bed_type, each.value) for each in part.report.figures if each.measure == "physical"
    } == {("ward", 1), ("hc-mc", 2)}


@pytest.mark.parametrize(
    ("columns", "line", "column", "code"),
    [
        ("status", "Q", "status", "unknown-word"),
        ("status;reden", ";personeel", "status", "missing"),
        ("status;reden", "O;personeel", "reden", "contradicts-state"),
        ("status;reden", "C;zomaar", "reden", "unknown-word"),
        ("status;bezet", "U;ja", "bezet", "contradicts-state"),
        ("status;bezet", "O;misschien", "bezet", "unknown-word"),
        ("status;bedsoort", "O;waterbed", "bedsoort", "unknown-word"),
        ("status;verwachtVertrek", "U;2026-11-23", "verwachtVertrek", "contradicts-state"),
        ("status;verwachtVertrek", "O;23-11-2026", "verwachtVertrek", "not-a-day"),
        ("status;verwachtVertrek", "O;1941-03-02", "verwachtVertrek", "not-a-day"),
        ("status;medischKlaar", "H;elv", "medischKlaar", "contradicts-state"),
        ("status;medischKlaar", "O;maan", "medischKlaar", "unknown-word"),
        ("status;medischKlaar;klaarSinds", "O;elv;", "klaarSinds", "missing"),
        ("status;medischKlaar;klaarSinds", "O;;2026-11-20", "medischKlaar", "missing"),
        ("status;medischKlaar;klaarSinds", "O;elv;2026-11-23", "klaarSinds", "in-the-future"),
        ("status;rol", "O;verpleegkundige", None, "bed-or-staff"),
    ],
)
def test_a_line_that_is_wrong_is_named_by_row_and_column(
    columns: str, line: str, column: str | None, code: str
) -> None:
    text = beds(columns, "U" + ";" * columns.count(";"), line)

    assert faults(text) == [(3, column, code)]


def test_a_wrong_line_leaves_the_other_departments_be() -> None:
    text = (
        "afdeling;kamer;bed;status\nLON;1;a;O\nNEU;1;a;O\nLON;1;A;U\nLON;1;b;Z\nXXX;1;a;O\nNEU;1;;O\n"
        "LON;;;\n"
    )

    found = read(text.replace("NEU;1;;O\n", ""))

    assert [part.report.unit for part in found if part.report] == ["zhz-neurologie"]
    assert sorted(faults(text)) == [
        (2 + 2, "bed", "bed-twice"),
        (5, "status", "unknown-word"),
        (6, "afdeling", "unknown-unit-code"),
        (7, "bed", "missing"),
        (8, None, "bed-or-staff"),
    ]


def test_the_same_bed_name_in_another_room_or_department_is_another_bed() -> None:
    assert faults("afdeling;kamer;bed;status\nLON;1;a;O\nLON;2;a;O\nNEU;1;a;O\n") == []


@pytest.mark.parametrize(
    ("line", "code", "column"),
    [
        ("LON;;;;verpleegkundige;dag;{b};{e};;2;", "ends-differ", "tot"),
        ("LON;;;;verpleegkundige;dag;{b};2026-11-22T15:30:00+01:00;;2;", "told-twice", "rol"),
        ("LON;;;;tovenaar;nacht;{b};{e};;2;", "unknown-word", "rol"),
        ("LON;;;;helpende;nacht;{b};{e};;;", "missing", None),
        ("LON;;;;helpende;nacht;{b};{e};x;;", "int-type", "nodig"),
        ("LON;;;;helpende;nacht;{b};{b};1;;", "value-error", "dienst"),
        ("LON;;;;helpende;nacht;vroeg;{e};1;;", "value-error", "van"),
        ("LON;;;;helpende;;{b};{e};1;;", "missing", "dienst"),
    ],
)
def test_a_line_of_staff_that_is_wrong_is_named(line: str, code: str, column: str | None) -> None:
    begin, end = "2026-11-22T07:00:00+01:00", "2026-11-22T16:00:00+01:00"
    text = (STAFF + line.format(b=begin, e=end).removesuffix(";") + "\n").replace("NEU;", "LON;")

    found = faults(text)

    assert (6, column, code) in found or (6, None, code) in found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("afdeling;kamer;bed\nLON;1;a\n", [(1, "status", "missing-column")]),
        ("kamer;bed;status\n1;a;O\n", [(1, "afdeling", "missing-column")]),
        ("afdeling;kamer;bed;status;leeftijd\nLON;1;a;O;71\n", [(1, "5", "unknown-column")]),
        (
            f"afdeling;bed;status;peilmoment\nLON;a;O;{AT}\nLON;b;O;2026-11-22T09:00:00+01:00\n",
            [(3, "peilmoment", "several-moments")],
        ),
        (
            "afdeling;bed;status;peilmoment\nLON;a;O;vandaag\nNEU;b;O;\n",
            [(2, "peilmoment", "value-error")],
        ),
    ],
)
def test_what_is_wrong_with_the_list_refuses_it_whole(text: str, expected: list[Any]) -> None:
    assert [part.report for part in read(text)] == [None]
    assert faults(text) == expected


@pytest.mark.parametrize(
    "column", ["naam", "BSN", "patientnummer", "Geboortedatum", "datum_geboorte", "opnamenummer"]
)
def test_a_column_about_a_person_refuses_the_list_by_its_number(column: str) -> None:
    with pytest.raises(Broken) as broken:
        read(f"afdeling;kamer;bed;status;{column}\nLON;1;a;O;x\n")

    assert broken.value.fault.code == "person-detected"
    assert (broken.value.fault.row, broken.value.fault.column) == (1, "5")
    assert column not in str(broken.value.fault)


# Names that stand nowhere else, so that a trace of one is a trace of a bed.
ROOM, NAME = "KAMERGEEL", "BEDPAARS"


def named(lines: list[str]) -> str:
    rows = [f"LON;{ROOM}{n // 2};{NAME}{n};{line}" for n, line in enumerate(lines)]
    return "\n".join(["afdeling;kamer;bed;status", *rows])


def all_that_is_returned(text: str) -> Iterator[bytes]:
    """Everything that leaves the reading, with all that it holds on to."""
    parts = read(text)
    yield pickle.dumps(parts)
    yield repr(parts).encode()
    yield repr([vars(part) for part in parts]).encode()
    yield pickle.dumps(messages_of(table(text.encode()), NOW))
    yield seal("text/csv", text.encode(), parts)


def check_no_bed_is_kept() -> None:
    sound = named(["O", "U", "C", "H", "I", "K"])
    twice = sound + f"\nLON;{ROOM}0;{NAME}0;O\nNEU;{ROOM};{NAME};Q\nXXX;{ROOM};{NAME};O"
    for text in (sound, twice):
        for kept in all_that_is_returned(text):
            assert ROOM.encode() not in kept.upper()
            assert NAME.encode() not in kept.upper()


def test_no_room_and_no_bed_is_in_anything_that_is_returned() -> None:
    check_no_bed_is_kept()


def test_a_fold_that_keeps_the_name_of_a_bed_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = Department.take_bed

    def keeps(self: Department, reading: Any) -> None:
        sound(self, reading)
        self.cells[f"/{reading.line['bed']}"] = (reading.line.row, "bed")

    monkeypatch.setattr(bed_list.Department, "take_bed", keeps)

    with pytest.raises(AssertionError):
        check_no_bed_is_kept()


def test_a_fault_that_repeats_the_name_of_a_bed_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = Department.take_bed

    def tells(self: Department, reading: Any) -> None:
        sound(self, reading)
        if reading.wrong:
            reading.add("bed-twice", f"Bed {reading.line['bed']} stands there twice.")

    monkeypatch.setattr(bed_list.Department, "take_bed", tells)

    with pytest.raises(AssertionError):
        check_no_bed_is_kept()


def test_the_digest_does_not_tell_which_beds_they_were() -> None:
    states = ["O", "U", "C", "H"]
    other = [f"LON;x{n};y{n};{state}" for n, state in enumerate(reversed(states))]
    texts = [named(states), "\n".join(["afdeling;kamer;bed;status", *other])]

    seals = {seal("text/csv", text.encode(), read(text)) for text in texts}

    assert len(seals) == 1


def bed_states() -> st.SearchStrategy[State]:
    return st.sampled_from([*STATES.values(), *(State("", closed=each) for each in REASONS)])


BEDS = st.lists(
    st.builds(
        Bed,
        department=st.sampled_from(["LON", "NEU"]),
        bed_type=st.sampled_from(["verpleegbed", "hcMc"]),
        state=bed_states(),
        reserved=st.booleans(),
        leaves=st.none() | st.integers(0, 9).map(lambda n: TODAY + timedelta(days=n)),
        ready=st.sampled_from(["", "elv", "grz"]),
    ),
    max_size=40,
)


@given(BEDS, st.randoms())
def test_the_order_of_the_beds_does_not_matter(listed: list[Bed], chance: Random) -> None:
    shuffled = list(listed)
    chance.shuffle(shuffled)

    assert fold(shuffled) == fold(listed)


@given(BEDS, BEDS)
def test_two_lists_of_distinct_beds_fold_to_the_sum_of_both(one: list[Bed], two: list[Bed]) -> None:
    assert fold([*one, *two]) == fold(one) + fold(two)


@given(BEDS)
def test_each_bed_is_open_or_closed_for_one_reason_and_counted_once(listed: list[Bed]) -> None:
    counts: Counter[str] = Counter()
    for way, number in fold(listed).items():
        if way[1] == "bedden":
            counts[way[3]] += number

    assert counts["aanwezig"] == len(listed)
    assert counts["geopend"] + counts["gesloten"] == len(listed)
    assert counts["bezet"] + counts["toegezegd"] <= counts["geopend"]


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["LON", "NEU"]), st.sampled_from("OUCHIK"), st.sampled_from(["", "hcMc"])
    ),
    min_size=1,
    max_size=30,
)


@given(ROWS, st.randoms())
def test_a_list_in_another_order_gives_the_same_reports(
    rows: list[tuple[str, str, str]], chance: Random
) -> None:
    lines = [f"{ward};1;{n};{state};{kind}" for n, (ward, state, kind) in enumerate(rows)]
    shuffled = list(lines)
    chance.shuffle(shuffled)

    def ids(listed: list[str]) -> list[Any]:
        found = read("\n".join(["afdeling;kamer;bed;status;bedsoort", *listed]))
        return [part.report and part.report.id for part in found]

    assert ids(shuffled) == ids(lines)
    assert None not in ids(lines)
