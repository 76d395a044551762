"""The senders' messages are the formats, walked backwards: what is told is read back the same."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.demo.bed_lists import bed_list
from app.demo.messages import Built, Telling, messages, reported
from app.feeds.formats import read_body, read_message
from app.observations.measures import MEASURES
from app.observations.schemas import Period, ReportedFigure
from app.simulation.kinds import Kind
from tests.feeds.region import FILE, ROOT, place, units_of

NOW = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
EXAMPLES = sorted((ROOT / "docs/feeds/examples").glob("*.json"))
FORMATS = ("reo", "caz", "huisartsenpost", "hospital")


def codes(feed: str) -> dict[str, str]:
    return {unit: code for code, unit in units_of(feed).items()}


def setting(unit: str) -> str:
    return str(next(each["careSetting"] for each in FILE["units"] if each["unit"] == unit))


def telling(feed: str, unit: str, *figures: ReportedFigure, at: datetime = NOW) -> Telling:
    return Telling(place(unit), at, figures, codes(feed)[unit], setting(unit))


def read(format: str, built: Sequence[Built]) -> Counter[Any]:
    """Every figure that the tower reads in these messages."""
    found: Counter[Any] = Counter()
    for each in built:
        for part in read_body(format, each.media, each.body, units_of(format), format, NOW):
            assert part.report is not None, part.faults
            said = Telling(place(part.report.place), NOW, part.report.figures)
            assert part.report.observed_at == NOW
            found.update((said.about.known(each), each.value) for each in part.report.figures)
    return found


def all_of(tellings: Sequence[Telling]) -> Counter[Any]:
    return Counter(
        (told.about.known(each), each.value) for told in tellings for each in told.figures
    )


def flow(measure: str, value: float | None = 1, hours: int = 1, **words: str) -> ReportedFigure:
    return reported(Kind(measure, **words), value, Period(start=NOW - hours * HOUR, end=NOW))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_what_a_documented_message_tells_can_be_told_again(example: Path) -> None:
    format = example.stem.removesuffix("-nu")
    parts = read_message(format, json.loads(example.read_text()), units_of(format), format, NOW)
    told = [
        telling(format, each.report.place, *each.report.figures) for each in parts if each.report
    ]

    built, untold = messages(format, told)

    assert untold == []
    assert read(format, built) == all_of(told)


KINDS = st.builds(
    Kind,
    st.sampled_from(sorted(MEASURES)),
    bed_type=st.sampled_from(["", "ward", "observation-elderly", "ic", "psychiatric-acute"]),
    role=st.sampled_from(["", "nurse", "gp", "triage-nurse"]),
    shift=st.sampled_from(["", "dag", "avond"]),
    reason=st.sampled_from(["", "staff", "full", "infection"]),
    urgency=st.sampled_from(["", "", "u1", "mts-red"]),
    destination=st.sampled_from(["", "elv", "home"]),
    profile=st.sampled_from(["", "", "complex"]),
    age_band=st.sampled_from(["", "", "days-3-7"]),
)
SPANS = st.builds(
    lambda start, length: Period(start=NOW + start * HOUR, end=NOW + (start + length) * HOUR),
    st.integers(-48, 24),
    st.sampled_from([1, 1, 8, 24]),
)
VALUES = st.one_of(st.none(), st.integers(0, 99).map(float), st.just(0.5), st.just(1e6))


def proper(kind: Kind, value: float | None, period: Period) -> ReportedFigure:
    measure = MEASURES[kind.measure]
    words = {
        name: word
        for name in Kind.__slots__[1:]
        if (word := getattr(kind, name))
        and (camel(name) in measure.needs or camel(name) in measure.may)
    }
    over = None if measure.time == "stock" else period
    return reported(Kind(kind.measure, **words), value, over)


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


@given(
    st.sampled_from(FORMATS),
    st.lists(st.tuples(st.integers(0, 2), KINDS, VALUES, SPANS), min_size=1, max_size=25),
)
@settings(max_examples=150, deadline=None)
def test_what_is_told_is_read_back_and_the_rest_is_named(
    format: str, drawn: list[tuple[int, Kind, float | None, Period]]
) -> None:
    units = sorted(units_of(format).values())
    by_unit: dict[str, dict[Any, ReportedFigure]] = {}
    for n, kind, value, period in drawn:
        unit = units[n % len(units)]
        figure = proper(kind, value, period)
        by_unit.setdefault(unit, {})[telling(format, unit).about.known(figure)] = figure
    tellings = [telling(format, unit, *found.values()) for unit, found in by_unit.items()]

    built, untold = messages(format, tellings)

    told = [each for one in built for each in one.told]
    assert read(format, built) == all_of(told)
    assert all_of(told) + all_of(untold) == all_of(tellings)


def test_what_a_format_has_no_field_for_is_handed_back() -> None:
    beds = reported(Kind("occupied", bed_type="observation-elderly"), 2)
    half = reported(Kind("staffed", bed_type="observation-elderly"), 1.5)
    foreign = reported(Kind("ventilated"), 1)

    built, untold = messages("reo", [telling("reo", "reo-flex", beds, half, foreign)])

    assert [json.loads(each.body) for each in built] == [
        {
            "peilmoment": "2026-11-22T15:30:00+01:00",
            "locaties": [{"code": "REO-1", "bedden": {"reoBed": {"bezet": 2}}}],
        }
    ]
    assert [each.figures for each in untold] == [(half, foreign)]


def test_what_the_unit_takes_for_granted_need_not_be_said() -> None:
    bare = reported(Kind("occupied"), 2)

    built, untold = messages("reo", [telling("reo", "reo-flex", bare)])

    assert untold == []
    assert json.loads(built[0].body)["locaties"][0]["bedden"] == {"reoBed": {"bezet": 2}}


def test_two_periods_of_one_unit_are_two_messages() -> None:
    day, hour = flow("admissions", 5, hours=24), flow("discharges", 0)

    built, untold = messages("hospital", [telling("hospital", "zhz-interne", day, hour)])

    assert untold == []
    assert len(built) == 2


def test_the_hours_of_a_post_go_together_each_under_its_own_name() -> None:
    at = NOW.replace(minute=0)
    hours = [
        reported(Kind("calls"), n, Period(start=at - n * HOUR, end=at - (n - 1) * HOUR))
        for n in (1, 2)
    ]

    built, untold = messages("huisartsenpost", [telling("huisartsenpost", "hap", *hours)])

    assert untold == []
    [post] = json.loads(built[0].body)["posten"]
    assert post == {
        "code": "HAP-1",
        "oproepen": 1,
        "eerdereUren": [{"uur": "2026-11-22T13:00:00+01:00", "oproepen": 2}],
    }


def test_a_count_as_one_number_and_in_parts_are_two_messages() -> None:
    whole, urgent, later = flow("requests", 3), flow("requests", urgency="u1"), flow("admissions")

    built, untold = messages("caz", [telling("caz", "rtp", whole, urgent, later)])

    assert untold == []
    assert [[len(each.figures) for each in one.told] for one in built] == [[2], [1]]


def test_the_lines_of_the_caz_stand_in_one_message() -> None:
    told = [
        telling("caz", "seh", reported(Kind("present"), 9)),
        telling("caz", "acute-wijkverpleging", reported(Kind("acuteVisitsFree"), 2)),
    ]

    built, untold = messages("caz", told)

    assert untold == []
    [one] = built
    assert set(json.loads(one.body)) == {"peilmoment", "seh", "acuteWijkverpleging"}


BEDS = "hospital-bedden"


def ward(unit: str, **counts: int | None) -> Telling:
    """Places of the ward's own bed type; `closed_x` is closed for that reason, `to_x` is ready."""
    [bed_type] = place(unit).bed_types
    figures = []
    for name, count in counts.items():
        kind, _, word = name.partition("_")
        words = {"closed": ("closedPlaces", "reason"), "to": ("medicallyReady", "destination")}
        measure, dimension = words.get(kind, (kind, ""))
        of = {"bed_type": bed_type} if kind != "to" else {}
        value = None if count is None else float(count)
        figures.append(reported(Kind(measure, **of, **({dimension: word} if word else {})), value))
    return telling(BEDS, unit, *figures)


def listed(built: Built) -> Counter[Any]:
    """Every figure above zero that the tower reads in a list of beds."""
    found: Counter[Any] = Counter()
    for part in read_body("hospital", built.media, built.body, units_of(BEDS), BEDS, NOW):
        assert part.report is not None, part.faults
        said = Telling(place(part.report.place), NOW, part.report.figures)
        found.update((said.about.known(one), one.value) for one in said.figures if one.value)
    return found


def above_zero(tellings: Sequence[Telling]) -> Counter[Any]:
    return Counter({key: n for key, n in all_of(tellings).items() if key[1]})


def test_a_ward_becomes_a_list_of_its_beds() -> None:
    told = ward(
        "zhz-neurologie", physical=5, staffed=3, occupied=2, closed_staff=1, closed_infection=1
    )

    built = bed_list([told])

    assert built.body.decode().splitlines() == [
        "afdeling;peilmoment;kamer;bed;status;bedsoort;reden",
        "NEU;2026-11-22T15:30:00+01:00;N01;1;O;verpleegbed;",
        "NEU;;N01;2;O;verpleegbed;",
        "NEU;;N02;1;U;verpleegbed;",
        "NEU;;N02;2;C;verpleegbed;personeel",
        "NEU;;N03;1;K;verpleegbed;",
    ]
    assert listed(built) == above_zero([told])
    assert built.untold == []


@given(
    st.lists(
        st.tuples(*[st.integers(0, 12)] * 5, st.integers(0, 3), st.booleans(), st.booleans()),
        min_size=1,
        max_size=3,
    )
)
@settings(max_examples=100, deadline=None)
def test_a_list_of_beds_says_what_it_can_and_no_more(drawn: list[tuple[Any, ...]]) -> None:
    units = ["zhz-neurologie", "zhz-kraam", "zhz-kinder"]
    told = []
    for unit, (free, occupied, short, sick, other, ready, reserves, adds_up) in zip(
        units, drawn, strict=False
    ):
        promised = {"reserved": min(free, 2)} if reserves else {}
        told.append(
            ward(
                unit,
                physical=free + occupied + short + sick + other + (not adds_up),
                staffed=free + occupied,
                occupied=occupied,
                closed_staff=short,
                closed_infection=sick,
                closed_maintenance=other,
                to_elv=ready,
                **promised,
            )
        )

    built = bed_list(told)

    if built.told:
        assert listed(built) == above_zero(built.told)
    assert all_of(built.told) + all_of(built.untold) == all_of(told)


def test_more_people_than_open_beds_cannot_be_listed() -> None:
    told = ward("zhz-neurologie", physical=3, staffed=2, occupied=3, closed_staff=1)

    built = bed_list([told])

    assert built.told == []
    assert built.untold == [told]


def test_who_works_stands_in_the_list_too() -> None:
    shift = Period(start=NOW - 8 * HOUR, end=NOW)
    nurses = reported(Kind("worked", role="nurse", shift="dag"), 4, shift)
    told = telling(BEDS, "zhz-neurologie", nurses)

    built = bed_list([told])

    assert listed(built) == all_of([told])
    assert "NEU;2026-11-22T15:30:00+01:00" in built.body.decode()
