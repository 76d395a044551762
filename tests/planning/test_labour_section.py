"""A labour table as entries of the region file; all figures fictief."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from app.errors import Invalid
from app.facilities.years.schemas import Labour
from app.planning import labour_beside
from app.planning.labour import by_age, stock
from app.planning.labour_beside import Beside
from app.planning.labour_section import Taken, section
from app.planning.labour_table import read_labour

HEADER = "role,region,year,age,people,fte,inflow,outflow,absence"
TOTAL = "helper,west,2024,total,1000,700,90,80,7"
AGES = ("helper,west,2024,20-39,400,,,,", "helper,west,2024,40-66,600,,,,")


def beside(*, name: str = "helper", ages: Mapping[tuple[int, int], float] | None = None) -> Beside:
    asked = [("short-stay", "elv-high", 0.8)]
    return Beside(name, "helper", (19, 44), 66.5, (0.8, 1.25), (0.5, 2), asked, ages)


def taken(
    *,
    year: int = 2024,
    region: str | None = None,
    share: float = 1,
    retired: bool = False,
    working: tuple[int, int] | None = None,
) -> Taken:
    return Taken(year, region, share, retired, working)


def found(rows: Sequence[str], of: Beside, how: Taken, header: str = HEADER) -> Labour:
    (entry,) = section(read_labour(f"{row}\n" for row in (header, *rows)), [of], how)
    return entry


def faults(
    rows: Sequence[str], of: Beside, how: Taken, header: str = HEADER
) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(Invalid) as refused:
        found(rows, of, how, header)
    return [(each.row, each.column, each.code) for each in refused.value.faults]


def test_what_the_table_tells_is_taken_and_the_rest_is_told_beside_it() -> None:
    entry = found([TOTAL, *AGES], beside(), taken(share=0.1))

    assert [(each.from_, each.to, each.people) for each in entry.ages] == [
        (20, 39, 40),
        (40, 66, 60),
    ]
    assert (entry.fte_per_person, entry.absence, entry.retires_at) == (0.7, 0.07, 66.5)
    assert (entry.inflow.p10, entry.inflow.p50, entry.inflow.p90) == (7.2, 9, 11.25)
    assert (entry.outflow.p10, entry.outflow.p50, entry.outflow.p90) == (0.04, 0.08, 0.16)
    assert (entry.hours_change.p10, entry.absence_change.p90) == (1, 1)
    assert entry.source == "The file, helper, west, 0.1 of its people"


def test_who_retires_is_not_reckoned_twice() -> None:
    entry = found([TOTAL, *AGES], beside(), taken(retired=True))

    youngest, people = by_age({(20, 39): 400, (40, 66): 600})
    left = np.full((1, 1), entry.outflow.p50)
    none, retires = np.zeros((1, 1)), np.full((1, 1), 66.5)
    year = stock(people, youngest, inflow=none, begins=(19, 44), outflow=left, retires=retires)
    assert year.left[0, 0] + year.retired[0, 0] == pytest.approx(80, abs=0.1)
    assert year.retired[0, 0] > 20


def test_ages_that_the_table_does_not_tell_may_be_told_as_shares() -> None:
    entry = found([TOTAL], beside(ages={(20, 39): 0.3, (40, 66): 0.7}), taken())

    assert [each.people for each in entry.ages] == [300, 700]


def test_open_ages_end_where_people_work() -> None:
    rows = ["helper,west,2024,0-39,400,300,50,30,6", "helper,west,2024,40+,600,400,40,50,8"]

    entry = found(rows, beside(), taken(working=(16, 68)))

    assert [(each.from_, each.to) for each in entry.ages] == [(16, 39), (40, 68)]
    assert (entry.absence, entry.inflow.p50) == (0.072, 90)


@pytest.mark.parametrize(
    ("rows", "how", "fault"),
    [
        ([TOTAL], taken(), (2, "age", "missing-column")),
        ([TOTAL, *AGES], taken(year=2025), (2, "year", "missing-year")),
        ([TOTAL, *AGES], taken(region="oost"), (1, "region", "no-such-region")),
        ([TOTAL, *AGES, "helper,oost,2024,total,9,,,,"], taken(), (5, "region", "several-regions")),
        ([TOTAL, "helper,west,2024,15+,1000,,,,"], taken(), (2, "age", "open-age")),
        (
            ["helper,west,2024,20-66,1000,700,90,20,7"],
            taken(retired=True),
            (2, "outflow", "outflow-below-retirement"),
        ),
        (["helper,west,2024,20-66,0,0,0,0,7"], taken(), (2, "people", "nobody")),
        (["helper,west,2024,20-66,1000,700,0,80,7"], taken(), (2, None, "not-a-section")),
    ],
)
def test_what_a_section_cannot_be_made_of_is_refused_with_row_and_column(
    rows: list[str], how: Taken, fault: tuple[int, str | None, str]
) -> None:
    assert fault in faults(rows, beside(), how)


def test_all_that_a_table_lacks_is_told_at_once() -> None:
    rows = ["helper,2024,1000,,", "other,2024,5,,"]

    told = faults(rows, beside(), taken(), header="role,year,people,fte,inflow")

    assert told == [
        (1, "outflow", "missing-column"),
        (1, "absence", "missing-column"),
        (2, "fte", "unknown"),
        (2, "inflow", "unknown"),
        (2, "leeftijd", "missing-column"),
    ]


def test_a_role_that_is_not_in_the_table_is_refused() -> None:
    assert faults([TOTAL], beside(name="nurse"), taken()) == [(1, "role", "no-such-role")]


@pytest.mark.parametrize(
    ("read", "wrong"),
    [
        (labour_beside.factors_of, "1.2-1.4"),
        (labour_beside.factors_of, "0-1.4"),
        (labour_beside.span_of, "44-19"),
        (labour_beside.span_of, "9-44"),
        (labour_beside.age_of, "90"),
        (labour_beside.shares_of, "20-39:0.4,40-66:0.5"),
        (labour_beside.shares_of, "20-39:0.4,39-66:0.6"),
        (labour_beside.asked_of, "short-stay/elv-high:0"),
        (labour_beside.asked_of, "short-stay"),
    ],
)
def test_an_option_that_cannot_be_is_refused_with_an_example(read: object, wrong: str) -> None:
    assert callable(read)
    with pytest.raises(ValueError, match=r"such as|add up to"):
        read(wrong)


def test_an_option_tells_of_one_role_or_of_all_that_have_none_of_their_own() -> None:
    told = labour_beside.once_by_role(
        "--begins", ["19-44", "nurse=21-34"], ["nurse", "helper"], labour_beside.span_of
    )

    assert told == {"nurse": (21, 34), "helper": (19, 44)}


@pytest.mark.parametrize("said", [["nurse=21-34"], ["19-44", "20-45"], ["19-44", "gp=30-40"]])
def test_an_option_that_is_silent_double_or_of_an_unknown_role_is_refused(said: list[str]) -> None:
    roles = ["nurse", "helper"]

    with pytest.raises(ValueError, match=r"^--begins"):
        labour_beside.once_by_role("--begins", said, roles, labour_beside.span_of)
