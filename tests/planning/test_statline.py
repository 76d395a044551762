"""StatLine's own layouts, on small made-up files: titles, codes, a measure a row."""

from collections.abc import Callable

import numpy as np
import pytest

from app.errors import Invalid
from app.planning.people_table import people_of
from app.planning.statline import is_statline, read_people

# ruff: noqa: E501
TITLES = """\ufeff"Geslacht";"Leeftijd";"Burgerlijke staat";"Regio's";"Perioden";"Bevolking op 1 januari (aantal)";"Gemiddelde bevolking (aantal)"
"Totaal mannen en vrouwen";"Totaal";"Totaal burgerlijke staat";"Zoetermeer";"2024";"60";"61"
"Totaal mannen en vrouwen";"0 jaar";"Totaal burgerlijke staat";"Zoetermeer";"2024";"10";"11"
"Totaal mannen en vrouwen";"1 jaar";"Totaal burgerlijke staat";"Zoetermeer";"2024";"20";"."
"Totaal mannen en vrouwen";"1 jaar";"Gehuwd";"Zoetermeer";"2024";"0";"."
"Totaal mannen en vrouwen";"2 jaar of ouder";"Totaal burgerlijke staat";"Zoetermeer";"2024";"30";"31"
"Totaal mannen en vrouwen";"2 jaar of ouder";"Totaal burgerlijke staat";"Delft";"2024";"99";"31"
"""
CODES = """"ID";"Geslacht";"Leeftijd";"BurgerlijkeStaat";"RegioS";"Perioden";"BevolkingOp1Januari_1";"GemiddeldeBevolking_2"
0;"3000   ";"10010";"T001019";"GM0637";"2024JJ00";"     10";"     11"
1;"3000   ";"10100";"T001019";"GM0637";"2024JJ00";"     20";"      ."
2;"3000   ";"10200";"T001019";"GM0637";"2024JJ00";"     30";"     31"
3;"4000   ";"10010";"T001019";"GM0637";"2024JJ00";"     12";"     11"
4;"4000   ";"10100";"T001019";"GM0637";"2024JJ00";"     22";"     21"
5;"4000   ";"10200";"T001019";"GM0637";"2024JJ00";"     32";"     31"
6;"4000   ";"53050";"T001019";"GM0637";"2024JJ00";"     54";"     31"
7;"4000   ";"10010";"T001019";"GM0637";"2024MM01";"     12";"     11"
"""
MEASURES = """Id;Measure;ValueAttribute;Value;StringValue;Geslacht;Leeftijd;BurgerlijkeStaat;RegioS;Perioden
1;M000352;None;10;;T001038;10010;T001019;GM0637;2024JJ00
2;M000353;None;99;;T001038;10010;T001019;GM0637;2024JJ00
3;M000352;None;20;;T001038;10100;T001019;GM0637;2024JJ00
"""
PROJECTION = """"Regio-indeling 2021";"Prognose(-interval)";"Leeftijd";"Perioden";"Totale bevolking (x 1 000)"
"Zoetermeer";"Prognose";"Totaal";"2030";"126,0"
"Zoetermeer";"Prognose";"0 tot 65 jaar";"2030";"100,0"
"Zoetermeer";"Prognose";"65 jaar of ouder";"2030";"26,0"
"Zoetermeer";"Ondergrens 67%-prognose-interval";"Totaal";"2030";"120,0"
"Zoetermeer";"Ondergrens 67%-prognose-interval";"0 tot 65 jaar";"2030";"95,0"
"Zoetermeer";"Ondergrens 67%-prognose-interval";"65 jaar of ouder";"2030";"25,0"
"Zoetermeer";"Bovengrens 67%-prognose-interval";"Totaal";"2030";"130,0"
"Zoetermeer";"Bovengrens 67%-prognose-interval";"0 tot 65 jaar";"2030";"105,0"
"Zoetermeer";"Bovengrens 67%-prognose-interval";"65 jaar of ouder";"2030";"27,0"
"""


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def faults(act: Callable[[], object]) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(Invalid) as refused:
        act()
    return [(fault.row, fault.column, fault.code) for fault in refused.value.faults]


def test_the_download_with_titles_is_read() -> None:
    people = people_of(read_people(lines(TITLES), regions=["zoetermeer"]))

    assert (people.sexes, people.years, people.begins) == (("T",), (2024,), (0, 1, 2))
    np.testing.assert_allclose(people.n[0, 0], [10, 20, 30])


def test_the_data_set_with_codes_is_read_and_says_what_it_passes_over() -> None:
    counts = read_people(lines(CODES), regions=["GM0637"])
    people = people_of(counts)

    np.testing.assert_allclose(people.n[:, 0], [[10, 20, 30], [12, 22, 32]])
    assert list(counts.notes) == [
        "1 rows are passed over: ages of code 53050.",
        "1 rows are passed over: parts of a year.",
    ]


def test_observations_with_a_measure_a_row_are_read() -> None:
    people = people_of(read_people(lines(MEASURES)))

    np.testing.assert_allclose(people.n[0, 0], [10, 20])


def test_a_published_projection_is_as_published_in_people() -> None:
    people = people_of(read_people(lines(PROJECTION)))

    np.testing.assert_allclose(people.n[0, 0], [100_000, 26_000])


def test_an_interval_of_67_percent_becomes_p10_and_p90() -> None:
    counts = read_people(lines(PROJECTION))

    assert counts.variants is not None
    low, high = (people_of(each).n[0, 0] for each in counts.variants)
    # Normal scores by a table: 1.2816 for 90%, 0.9741 for 83.5%.
    scale = 1.2816 / 0.9741
    np.testing.assert_allclose(low, [1e5 * 0.95**scale, 26e3 * (25 / 26) ** scale], rtol=1e-4)
    np.testing.assert_allclose(high, [1e5 * 1.05**scale, 26e3 * (27 / 26) ** scale], rtol=1e-4)


@pytest.mark.parametrize(
    ("text", "regions", "fault"),
    [
        (TITLES, [], (2, "Regio's", "several-regions")),
        (TITLES, ["GM0637"], (2, "Regio's", "no-such-region")),
        (TITLES.replace('"0 jaar"', '"nul"'), ["Zoetermeer"], (3, "Leeftijd", "not-an-age")),
        (PROJECTION.replace("Perioden", "Jaren"), [], (1, "Perioden", "missing-column")),
    ],
)
def test_what_cannot_be_read_is_refused_with_row_and_column(
    text: str, regions: list[str], fault: tuple[int, str, str]
) -> None:
    found = faults(lambda: read_people(lines(text), regions=regions))

    assert fault in found


def test_ages_that_do_not_add_up_to_the_total_are_refused() -> None:
    wrong = PROJECTION.replace('"126,0"', '"140,0"')

    found = faults(lambda: people_of(read_people(lines(wrong))))

    assert found == [(2, "Totale bevolking (x 1 000)", "ages-do-not-add-up")]


def test_bounds_on_the_wrong_side_and_unknown_intervals_are_refused() -> None:
    crossed = PROJECTION.replace('"95,0"', '"101,0"')
    unknown = PROJECTION.replace("Bovengrens 67%", "Rand 67%")

    assert faults(lambda: read_people(lines(crossed))) == [
        (6, "Totale bevolking (x 1 000)", "bounds-cross")
    ]
    assert {code for *_, code in faults(lambda: read_people(lines(unknown)))} == {"not-an-interval"}


def test_negative_people_are_refused() -> None:
    wrong = TITLES.replace('"20";"."', '"-20";"."')

    found = faults(lambda: read_people(lines(wrong), regions=["Zoetermeer"]))

    assert found == [(4, "Bevolking op 1 januari (aantal)", "negative")]


def test_the_layout_is_seen_from_the_header() -> None:
    assert is_statline(lines(TITLES))
    assert is_statline(lines(CODES))
    assert not is_statline(["age,sex,year,n\n"])
