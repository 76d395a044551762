"""Each format: what is told becomes figures, all of it, and what is wrong is named."""

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.feeds import messages
from app.feeds.formats import FORMATS, read_message, schema
from app.feeds.messages import Says
from app.observations.measures import MEASURES
from app.observations.rules import judge
from app.observations.schemas import Report
from tests.feeds.anything import NOW, a_message, counts_in, forms
from tests.feeds.region import ROOT, place, units_of

DOCS = ROOT / "docs/feeds"
EXAMPLES = sorted((DOCS / "examples").glob("*.json"))
ANY_CODE = {f"U-{n}": f"unit-{n}" for n in range(5)}


SHORT = "/locaties/0/tekort/helpende/vandaag"


def read(format: str, message: object, at: datetime = NOW) -> list[Any]:
    return list(read_message(format, message, ANY_CODE, "a-feed", at))


def one(format: str, message: object, at: datetime = NOW) -> Report:
    [part] = read(format, message, at)
    assert part.report is not None, part.faults
    report: Report = part.report
    return report


def faults(format: str, message: object) -> list[tuple[str | None, str]]:
    return [(each.pointer, each.code) for part in read(format, message) for each in part.faults]


def reo(**told: Any) -> dict[str, Any]:
    moment = {"peilmoment": "2026-11-22T15:30:00+01:00"}
    return moment | {"locaties": [{"code": "U-0", "vertrektVandaag": 1} | told]}


def brief(report: Report) -> list[tuple[str, Any, dict[str, Any]]]:
    said = [each.model_dump(exclude_unset=True, by_alias=True) for each in report.figures]
    return [(each.pop("measure"), each.pop("value"), each) for each in said]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_each_example_is_stored_whole_in_the_demo_region(example: Path) -> None:
    format = example.stem.removesuffix("-nu")
    message = json.loads(example.read_text())

    parts = read_message(format, message, units_of(format), format, NOW)

    judged = [judge(part.report, place(part.report.place), NOW) for part in parts if part.report]
    assert [part.faults for part in parts if part.faults] == []
    assert [fault for each in judged for fault in each.faults] == []
    assert len(judged) == len(parts)


def test_those_who_wait_by_urgency_are_stored() -> None:
    message = {"rtp": [{"code": "RTP-1", "wachtendenPerUrgentie": {"u2": 1, "rood": 0}}]}

    [part] = read_message("caz", message, units_of("caz"), "caz", NOW)

    assert part.report
    assert judge(part.report, place("rtp"), NOW).faults == []


def test_a_reo_tells_in_dutch_and_it_becomes_our_measures() -> None:
    beds = {"reoBed": {"geopend": 2, "bezet": 1, "gesloten": {"personeel": 1}}}
    span = {"van": "2026-11-22T08:00:00+01:00", "tot": "2026-11-22T15:30:00+01:00"}
    period = {
        "start": datetime(2026, 11, 22, 7, tzinfo=UTC),
        "end": datetime(2026, 11, 22, 14, 30, tzinfo=UTC),
    }

    report = one(
        "reo",
        reo(
            bedden=beds,
            vertrektMorgen=0,
            periode=span | {"aanvragen": 3, "afgewezen": {"vol": 1}},
            personeel=[span | {"dienst": "dag", "verpleegkundige": {"rooster": None}}],
        ),
    )

    told = [(name, value) for name, value, _ in brief(report)]
    said = {name: more for name, _, more in brief(report)}
    assert report.unit == "unit-0"
    assert report.observed_at == datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
    assert Counter(told) == Counter(
        [
            ("staffed", 2),
            ("occupied", 1),
            ("closedPlaces", 1),
            ("expectedDischarges", 1),
            ("expectedDischarges", 0),
            ("requests", 3),
            ("refused", 1),
            ("rostered", None),
        ]
    )
    assert said["staffed"] == {"bedType": "observation-elderly"}
    assert said["closedPlaces"] == {"bedType": "observation-elderly", "reason": "staff"}
    assert said["requests"] == {"period": period}
    assert said["refused"] == {"period": period, "reason": "full"}
    assert said["rostered"] == {"period": period, "role": "nurse", "shift": "dag"}


def test_a_seh_tells_the_inputs_of_nedocs() -> None:
    seh = {
        "code": "U-1",
        "behandelplaatsen": {"geopend": 16},
        "aanwezig": 17,
        "wachtendOpBed": 3,
        "beademd": 0,
        "langsteWachtOpBedMinuten": 185,
        "laatsteDeurTotBedMinuten": 95,
        "wachtendenPerUrgentie": {"oranje": 2},
    }

    report = one("caz", {"seh": [seh]})

    assert {name: (value, more) for name, value, more in brief(report)} == {
        "staffed": (16, {"resource": "treatment-space"}),
        "present": (17, {}),
        "boarders": (3, {}),
        "ventilated": (0, {}),
        "longestBoardingMinutes": (185, {}),
        "lastDoorToBedMinutes": (95, {}),
        "waiting": (2, {"urgency": "mts-orange"}),
    }


def test_a_post_tells_of_one_hour_and_of_its_shift() -> None:
    hour = "2026-11-21T19:00:00+01:00"
    shift = {
        "dienst": "avond",
        "van": "2026-11-21T17:00:00+01:00",
        "tot": "2026-11-21T23:30:00+01:00",
        "triagist": {"rooster": 6, "inzet": 5},
    }
    post = {"code": "U-2", "uur": hour, "oproepen": 42, "consulten": {"u2": 4}, "openVisites": {}}

    report = one("huisartsenpost", {"posten": [post | {"personeel": [shift]}]})

    lasts = {
        each.measure: each.period and each.period.end - each.period.start for each in report.figures
    }
    assert lasts == {
        "calls": timedelta(hours=1),
        "consults": timedelta(hours=1),
        "rostered": timedelta(hours=6, minutes=30),
        "worked": timedelta(hours=1),
    }


def test_null_is_unknown_zero_is_none_and_absent_is_not_told() -> None:
    told = brief(one("reo", reo(vertrektVandaag=0, vertrektMorgen=None)))

    assert [(name, value) for name, value, _ in told] == [
        ("expectedDischarges", 0),
        ("expectedDischarges", None),
    ]


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-28", (24, 23)), ("2026-10-24", (24, 25)), ("2026-10-25", (25, 24))]
)
def test_today_and_tomorrow_are_local_days_when_the_clock_is_changed(
    day: str, hours: tuple[int, int]
) -> None:
    message = reo(vertrektVandaag=1, vertrektMorgen=2) | {"peilmoment": f"{day}T12:00:00+01:00"}

    periods = [each.period for each in one("reo", message).figures]

    lasts = [(each.end - each.start) // timedelta(hours=1) for each in periods if each]
    assert tuple(lasts) == hours
    assert periods[0]
    assert periods[1]
    assert periods[0].end == periods[1].start


def test_a_moment_just_after_local_midnight_is_of_the_new_day() -> None:
    message = reo() | {"peilmoment": "2026-06-30T22:30:00Z"}

    [figure] = one("reo", message).figures

    assert figure.period
    assert figure.period.start == datetime(2026, 6, 30, 22, tzinfo=UTC)


def test_the_same_message_gives_the_same_id_in_another_order_and_offset() -> None:
    first = reo(vertrektMorgen=2) | {"peilmoment": "2026-11-22T15:30:00+01:00"}
    second = {
        "locaties": [{"vertrektMorgen": 2, "vertrektVandaag": 1, "code": "U-0"}],
        "peilmoment": "2026-11-22T14:30:00Z",
    }

    ids = {one("reo", first).id, one("reo", second, NOW + timedelta(hours=1)).id}

    assert len(ids) == 1


@pytest.mark.parametrize(
    "other",
    [
        reo(vertrektVandaag=2),
        reo(vertrektVandaag=None),
        reo(vertrektMorgen=1),
        reo(code="U-1"),
        reo() | {"peilmoment": "2026-11-22T15:31:00+01:00"},
    ],
)
def test_another_message_gives_another_id(other: dict[str, Any]) -> None:
    assert one("reo", other).id != one("reo", reo()).id


def test_two_feeds_never_share_an_id() -> None:
    [mine], [theirs] = (read_message("reo", reo(), ANY_CODE, feed, NOW) for feed in ("a", "b"))

    assert mine.report
    assert theirs.report
    assert mine.report.id != theirs.report.id


def test_an_export_without_a_moment_that_returns_to_an_old_figure_is_told_again() -> None:
    def at(minute: int, leave: int) -> Report:
        message = {"locaties": [{"code": "U-0", "vertrektVandaag": leave}]}
        return one("reo", message, NOW + timedelta(minutes=minute, microseconds=7))

    three, four, three_again = at(0, 3), at(1, 4), at(2, 3)

    assert len({three.id, four.id, three_again.id}) == 3
    assert three.observed_at == NOW
    assert three_again.observed_at == NOW + timedelta(minutes=2)


def test_an_unknown_unit_leaves_the_others_be() -> None:
    message = reo()
    message["locaties"] = [{"code": "secret", "vertrektVandaag": 1}, *message["locaties"]]

    wrong, right = read("reo", message)

    assert (wrong.faults[0].pointer, wrong.faults[0].code) == (
        "/locaties/0/code",
        "unknown-unit-code",
    )
    assert "secret" not in str(wrong)
    assert right.report.unit == "unit-0"
    assert right.places == ("/locaties/1/vertrektVandaag",)


def test_a_wrong_unit_leaves_the_others_be_and_pointers_stay_those_of_the_message() -> None:
    good = {"code": "U-1", "vertrektVandaag": 1}
    bad = {"code": "U-0", "vertrektVandaag": -1, "bedden": {"reoBed": {"x": 1, "bezet": 1.0}}}
    lost = {"code": "nowhere", "vertrektVandaag": 1}

    wrong, right, nowhere = read("reo", {"locaties": [bad, good, lost]})

    assert {(each.pointer, each.code) for each in wrong.faults} == {
        ("/locaties/0/vertrektVandaag", "greater-than-equal"),
        ("/locaties/0/bedden/reoBed/x", "extra-forbidden"),
        ("/locaties/0/bedden/reoBed/bezet", "int-type"),
    }
    assert right.report.unit == "unit-1"
    assert right.places == ("/locaties/1/vertrektVandaag",)
    assert nowhere.faults[0].pointer == "/locaties/2/code"


def test_ten_thousand_wrong_units_are_each_named_without_holding_others_up() -> None:
    message = {"locaties": ["REO-1"] * 10_000}

    began = process_time()
    read = read_message("reo", message, units_of("reo"), "reo", NOW)

    # A second at most, where each wrong unit looked at all others it took ten.
    assert process_time() - began < 3
    assert len(read) == 10_000
    assert read[-1].pointer == "/locaties/9999"


def test_a_unit_that_is_told_twice_is_told_once_or_not_at_all() -> None:
    again = {"seh": [{"code": "U-0", "aanwezig": 3}], "rtp": [{"code": "U-0", "wachtenden": 1}]}

    assert faults("caz", again) == [("/seh/0/code", "unit-twice"), ("/rtp/0/code", "unit-twice")]


@pytest.mark.parametrize(
    ("format", "message", "pointer", "code"),
    [
        ("reo", [], "", "model-type"),
        ("reo", {}, "/locaties", "missing"),
        ("reo", {"locaties": []}, "/locaties", "too-short"),
        ("caz", {}, "", "value-error"),
        ("reo", reo(vertrektVandaag="1"), "/locaties/0/vertrektVandaag", "int-type"),
        ("reo", reo(vertrektVandaag=True), "/locaties/0/vertrektVandaag", "int-type"),
        ("reo", reo(vertrektVandaag=1.5), "/locaties/0/vertrektVandaag", "int-type"),
        ("reo", reo(vertrektVandaag=float("nan")), "/locaties/0/vertrektVandaag", "int-type"),
        ("reo", reo(vertrektVandaag=-1), "/locaties/0/vertrektVandaag", "greater-than-equal"),
        ("reo", reo(vertrektVandaag=123456782), "/locaties/0/vertrektVandaag", "less-than-equal"),
        ("reo", reo(periode=None), "/locaties/0/periode", "model-type"),
        ("reo", reo(wachtenden=1, wachtendenPerUrgentie={}), "/locaties/0", "value-error"),
        ("reo", reo(code="a b"), "/locaties/0/code", "string-pattern-mismatch"),
        ("reo", reo() | {"peilmoment": "2026-11-22T15:30:00"}, "/peilmoment", "timezone-aware"),
        ("reo", reo() | {"peilmoment": "2026-11-22"}, "/peilmoment", "value-error"),
        ("reo", reo() | {"peilmoment": 1795334400}, "/peilmoment", "value-error"),
        ("reo", reo() | {"peilmoment": "1795334400.000000"}, "/peilmoment", "value-error"),
        ("reo", reo() | {"peilmoment": "0001-01-01T00:00:00+14:00"}, "/peilmoment", "value-error"),
        ("reo", {"locaties": [{"code": "U-0"}]}, "/locaties/0", "nothing-told"),
        ("caz", {"seh": [{"code": "U-0", "stops": []}]}, "/seh/0", "nothing-told"),
        ("caz", {"seh": [{"code": "U-0", "stops": None}]}, "/seh/0/stops", "tuple-type"),
        ("caz", {"seh": [{"code": "U-0", "reden": "vol"}]}, "/seh/0/reden", "extra-forbidden"),
        ("reo", reo(tekort={"helpende": {"vandaag": 1}}), SHORT, "bool-type"),
        ("reo", reo(tekort={"helpende": {"vandaag": "ja"}}), SHORT, "bool-type"),
        ("reo", reo(status="dicht"), "/locaties/0/status", "literal-error"),
        ("reo", reo(status="open", statusReden="vol"), "/locaties/0", "value-error"),
        ("reo", reo(vertrekPerDag=[]), "/locaties/0", "value-error"),
        ("reo", reo(wachtenden=1, wachtendenUitgesplitst=[]), "/locaties/0", "value-error"),
        (
            "huisartsenpost",
            {"posten": [{"code": "U-0", "uur": "2026-11-21T19:30:00+01:00"}]},
            "/posten/0/uur",
            "value-error",
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_place(
    format: str, message: object, pointer: str, code: str
) -> None:
    assert faults(format, message) == [(pointer, code)]


@pytest.mark.parametrize(
    "span",
    [
        {"van": "2026-11-22T08:00:00Z", "tot": "2026-11-22T08:00:00Z"},
        {"van": "2026-11-22T08:00:00Z", "tot": "2026-11-22T08:30:00+01:00"},
        {"van": "2024-11-22T08:00:00Z", "tot": "2026-11-22T08:00:00Z"},
        {"van": "2026-11-22T08:00:00.5Z", "tot": "2026-11-22T09:00:00Z"},
    ],
)
def test_a_period_goes_forward_by_whole_seconds(span: dict[str, str]) -> None:
    assert faults("reo", reo(periode=span)) == [("/locaties/0/periode", "value-error")]


def test_a_shift_stands_once() -> None:
    shift = {"dienst": "dag", "van": "2026-11-22T07:00:00Z", "tot": "2026-11-22T15:00:00Z"}

    assert faults("reo", reo(personeel=[shift, shift])) == [
        ("/locaties/0/personeel", "value-error")
    ]


def test_a_fault_of_a_figure_points_into_the_message() -> None:
    shift = {"dienst": "zomaar", "van": "2026-11-22T07:00:00Z", "tot": "2026-11-22T15:00:00Z"}
    told = reo(personeel=[shift | {"helpende": {"rooster": 1}}])
    [part] = read_message("reo", told, {"U-0": "reo-flex"}, "reo", NOW)
    assert part.report

    found = [part.in_message(each) for each in judge(part.report, place("reo-flex"), NOW).faults]

    assert [(each.pointer, each.code) for each in found] == [
        ("/locaties/0/personeel/0/helpende/rooster", "unknown-word")
    ]


@pytest.mark.parametrize("format", FORMATS)
def test_each_field_is_a_measure_that_may_be_said_so(format: str) -> None:
    fields = [each for form in forms(FORMATS[format][0]) for each in form.model_fields.values()]

    told = [said for field in fields for said in field.metadata if isinstance(said, Says)]

    figures = [said for said in told if said.measure]
    assert len(figures) > 20
    assert [said for said in figures if said.measure not in MEASURES] == []
    assert [s for s in figures if (MEASURES[s.measure].time == "stock") != (s.over is None)] == []


@pytest.mark.parametrize("format", FORMATS)
def test_each_field_stands_in_the_documents_with_the_measure_it_becomes(format: str) -> None:
    pages = (DOCS / "README.md").read_text() + (DOCS / f"{format}.md").read_text()
    rows = {tuple(row.split(" | ")[:2]) for row in pages.splitlines() if row.startswith("| `")}

    fields = {
        (f"| `{field.alias}`", becomes(field.metadata))
        for form in forms(FORMATS[format][0])
        for field in form.model_fields.values()
    }

    assert sorted(fields - rows) == []


def becomes(metadata: list[Any]) -> str:
    said = next((each for each in metadata if isinstance(each, Says)), Says())
    measure = [f"`{said.measure}`"] if said.measure else []
    return ", ".join([*measure, *(f"{a.replace('_', ' ')} `{b}`" for a, b in said.of)]) or "-"


@pytest.mark.parametrize("format", FORMATS)
def test_the_json_schema_beside_the_documents_is_that_of_the_code(format: str) -> None:
    kept = (DOCS / f"{format}.schema.json").read_text()

    made = schema(format)

    assert made == kept, "docs/feeds/README.md says how to write it anew"
    assert '"default"' not in made
    assert made.count('"additionalProperties": false') == len(
        {form.__name__ for form in forms(FORMATS[format][0])}
    )


@pytest.mark.parametrize("page", ["README", "reo", "caz", "huisartsenpost", "hospital"])
def test_the_curl_lines_send_an_example_that_exists(page: str) -> None:
    text = (DOCS / f"{page}.md").read_text()

    named = re.findall(r"docs/feeds/(examples/[\w-]+\.json)", text)

    assert named
    assert [name for name in named if not (DOCS / name).exists()] == []


def check_nothing_is_dropped(format: str, message: dict[str, Any]) -> None:
    parts = read(format, message)
    figures = [each for part in parts if part.report for each in part.report.figures]
    refused = {fault.code for part in parts for fault in part.faults}
    assert refused <= {"nothing-told", "unit-twice", "value-error"}, refused
    if not refused:
        values = Counter(each.value for each in figures)
        assert values == Counter(counts_in(message))
        places = [place for part in parts for place in part.places]
        assert len(set(places)) == len(figures)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=40)
@given(st.data())
@pytest.mark.parametrize("format", FORMATS)
def test_each_count_that_is_told_becomes_one_figure(format: str, data: st.DataObject) -> None:
    message = data.draw(a_message(format))

    check_nothing_is_dropped(format, message)


def test_a_reader_that_takes_unknown_for_none_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = messages.figure
    monkeypatch.setattr(
        messages, "figure", lambda said, value, over, of: sound(said, value or 0, over, of)
    )

    with pytest.raises(AssertionError):
        check_nothing_is_dropped("reo", reo(vertrektMorgen=None))
