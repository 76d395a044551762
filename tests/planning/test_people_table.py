"""Tables of people: read as they are told, refused by row and column where they are nonsense."""

from collections.abc import Callable

import numpy as np
import pytest

from app.errors import Invalid
from app.planning.people_table import (
    Counts,
    bands_of,
    by_single_age,
    people_of,
    read_tidy,
)

TOLD = """age,sex,year,n
0,M,2020,10
1,M,2020,20
2+,M,2020,30
0,F,2020,11
1,F,2020,21
2+,F,2020,31
0,M,2021,12
1,M,2021,9
2+,M,2021,48
0,F,2021,13
1,F,2021,10
2+,F,2021,50
"""


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def faults(act: Callable[[], object]) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(Invalid) as refused:
        act()
    return [(fault.row, fault.column, fault.code) for fault in refused.value.faults]


def test_men_and_women_are_read_by_age_and_year() -> None:
    people = people_of(read_tidy(lines(TOLD)))

    assert (people.sexes, people.years, people.begins) == (("M", "F"), (2020, 2021), (0, 1, 2))
    np.testing.assert_allclose(people.n[0], [[10, 20, 30], [12, 9, 48]])
    assert people.women == 1


def test_nothing_after_the_year_that_is_seen_is_looked_at() -> None:
    poisoned = TOLD.replace("2021,12", "2021,").replace("2021,48", "2021,480")

    people = people_of(read_tidy(lines(poisoned)), until=2020)

    assert people.n.tobytes() == people_of(read_tidy(lines(TOLD)), until=2020).n.tobytes()


def test_all_that_is_wrong_is_said_by_row_and_column() -> None:
    wrong = TOLD.replace("1,M,2020,20", "1,M,2020,-20").replace("0,F,2020", "x,F,20200")

    found = faults(lambda: read_tidy(lines(wrong)))

    assert found == [
        (3, "n", "negative"),
        (5, "age", "not-an-age"),
        (5, "year", "not-a-year"),
    ]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("2021", "2022"), (8, "year", "missing-year")),
        (("1,M,2020,20\n", ""), (2, "age", "missing-age")),
        (("1,M,2020,20", "1,M,2020,"), (3, "n", "unknown")),
        (("1,M,2020,20", "0,M,2020,20"), (3, "n", "told-twice")),
        (("0,F,2020,11\n1,F,2020,21\n2+,F,2020,31\n", ""), (2, "sex", "missing-sex")),
        (("0,F,2020,11", "0,F,2020,11\ntotal,F,2020,99"), (6, "n", "ages-do-not-add-up")),
    ],
)
def test_what_would_give_nonsense_is_refused(
    change: tuple[str, str], fault: tuple[int, str, str]
) -> None:
    found = faults(lambda: people_of(read_tidy(lines(TOLD.replace(*change)))))

    assert fault in found


def test_of_overlapping_ages_the_finest_make_up_the_whole() -> None:
    text = "age,year,n\n0-4,2020,50\n0-19,2020,180\n5-19,2020,130\n20+,2020,700\ntotal,2020,880\n"

    people = people_of(read_tidy(lines(text)))

    assert people.begins == (0, 5, 20)
    np.testing.assert_allclose(people.n[0, 0], [50, 130, 700])


def test_single_ages_that_end_elsewhere_in_another_year_are_put_together() -> None:
    text = "age,year,n\n" + "".join(
        f"{age},{year},{100 + age}\n"
        for year, last in ((2020, 99), (2021, 101))
        for age in range(last)
    )

    people = people_of(read_tidy(lines(text)))

    assert people.begins[-1] == 98
    assert people.n[0, 1, -1] == 198 + 199 + 200


def test_bands_divided_over_single_ages_still_add_up() -> None:
    text = "age,year,n\n0-4,2020,50\n5-19,2020,130\n20-79,2020,900\n80+,2020,70\n"
    people = people_of(read_tidy(lines(text)))

    single = by_single_age(people)

    assert single.begins == tuple(range(81))
    sums = np.add.reduceat(single.n[0, 0], [0, 5, 20, 80])
    np.testing.assert_allclose(sums, [50, 130, 900, 70])
    assert (single.n >= 0).all()


def test_a_file_that_begins_after_the_cut_off_is_refused() -> None:
    counts: Counts = read_tidy(lines(TOLD))

    with pytest.raises(Invalid, match="no year up to 2019"):
        people_of(counts, until=2019)


@pytest.mark.parametrize("bands", ["0-17,19-39,40+", "1-17,18+", "0-17,18-64", "0-x,18+"])
def test_bands_with_a_gap_or_an_end_are_refused(bands: str) -> None:
    with pytest.raises(ValueError, match="--bands"):
        bands_of(bands)
