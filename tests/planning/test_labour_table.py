"""Labour tables as AZW StatLine and the Prognosemodel lay them out; all figures fictief."""

import pytest

from app.errors import Invalid
from app.planning.labour_table import Stock, read_labour

HEADER = (
    "Functiegroep;Regio's;Perioden;Werknemers (x 1 000);Arbeidsvolume (fte x 1 000);"
    "Instroom (x 1 000);Uitstroom (x 1 000);Openstaande vacatures (aantal);Ziekteverzuim (%)"
)
ROWS = (
    "Verpleegkundige mbo;Haaglanden;2023JJ00;4,0;3,0;0,5;0,4;120;7,9",
    "Verpleegkundige mbo;Haaglanden;2024JJ00;4,1;3,1;.;0,4;;8,0",
    "Verpleegkundige mbo;Haaglanden;2024KW01;4,0;3,0;0,1;0,1;130;8,4",
)


def table(*rows: str, header: str = HEADER) -> list[str]:
    return [f"{row}\n" for row in (header, *rows)]


def test_a_row_a_year_is_read_in_people_and_shares() -> None:
    first, second = read_labour(table(*ROWS)).stocks

    role, region = "Verpleegkundige mbo", "Haaglanden"
    assert first == Stock(role, region, 2023, 4000, 3000, 500, 400, 120, 7.9 * 0.01)
    assert (second.year, second.inflow, second.vacancies) == (2024, None, None)


def test_a_table_of_a_model_with_plain_names_is_read_too() -> None:
    header = "role,region,year,people,fte,inflow,outflow,vacancies,absence"

    (found,) = read_labour(table("helper,west,2030,100,80,9,8,3,6.5", header=header)).stocks

    assert (found.role, found.year, found.people, found.fte) == ("helper", 2030, 100, 80)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("a;b;2023;-1;1;;;;", (4, "Werknemers (x 1 000)", "negative")),
        ("a;b;2023;;1;;;;", (4, "Werknemers (x 1 000)", "unknown")),
        ("a;b;2023;1;1,2;;;;", (4, "Arbeidsvolume (fte x 1 000)", "more-fte-than-people")),
        ("a;b;2023;1;1;;1,2;;", (4, "Uitstroom (x 1 000)", "more-left-than-there-were")),
        ("a;b;2023;1;1;;;;101", (4, "Ziekteverzuim (%)", "not-a-share")),
        ("a;b;vorig jaar;1;1;;;;", (4, "Perioden", "not-a-year")),
        ("Verpleegkundige mbo;Haaglanden;2024;4;3;;;;", (4, "Perioden", "told-twice")),
        ("Verpleegkundige mbo;Haaglanden;2027;4;3;;;;", (4, "Perioden", "missing-year")),
    ],
)
def test_what_cannot_be_is_refused_with_row_and_column(
    row: str, fault: tuple[int, str, str]
) -> None:
    with pytest.raises(Invalid) as refused:
        read_labour(table(*ROWS[:2], row))

    assert [(each.row, each.column, each.code) for each in refused.value.faults] == [fault]


BY_AGE = "role,year,age,people,fte,inflow,outflow,absence"


def test_ages_that_are_told_make_up_their_role() -> None:
    rows = ("a,2024,15-24,100,50,30,10,4", "a,2024,25 tot 65 jaar,300,250,20,30,8")
    later = ("a,2025,totaal,402,310,,,", "a,2025,15-24,100,,,,", "a,2025,25-64,302,,,,")

    first, second = read_labour(table(*rows, *later, header=BY_AGE)).stocks

    bands = (((15, 24), 100.0), ((25, 64), 300.0))
    assert first == Stock("a", "", 2024, 400, 300, 50, 40, None, 28 / 400, bands)
    assert (second.people, second.fte, second.inflow, second.line) == (402, 310, None, 4)
    assert second.bands == (((15, 24), 100), ((25, 64), 302))


def test_a_figure_that_one_age_does_not_tell_is_not_known_of_all() -> None:
    rows = ("a,2024,15-24,100,50,30,,4", "a,2024,25-64,300,250,20,30,")

    (found,) = read_labour(table(*rows, header=BY_AGE)).stocks

    assert (found.fte, found.inflow, found.outflow, found.absence) == (300, 50, None, None)


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        (["a,2024,total,90,,,,", "a,2024,15-64,100,,,,"], (2, "people", "ages-do-not-add-up")),
        (["a,2024,15-24,9,,,,", "a,2024,24-64,9,,,,"], (3, "age", "ages-overlap")),
        (["a,2024,15-24,9,,,,", "a,2024,26-64,9,,,,"], (3, "age", "missing-age")),
        (["a,2024,15+,9,,,,", "a,2024,25-64,9,,,,"], (3, "age", "ages-overlap")),
        (["a,2024,15-24,9,,,,", "a,2024,15-24,9,,,,"], (3, "year", "told-twice")),
        (["a,2024,oud,9,,,,"], (2, "age", "not-an-age")),
        (["a,2024,99999,9,,,,"], (2, "age", "not-an-age")),
        (["a,2024,15-64,9,,,-1,"], (2, "outflow", "negative")),
    ],
)
def test_ages_that_cannot_be_are_refused(rows: list[str], fault: tuple[int, str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        read_labour(table(*rows, header=BY_AGE))

    assert [(each.row, each.column, each.code) for each in refused.value.faults] == [fault]


def test_a_table_without_roles_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        read_labour(table("2024;1", header="Perioden;Werknemers"))

    assert [each.column for each in refused.value.faults] == ["role"]
