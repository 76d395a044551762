"""Ages and sex in names, as files of several countries write them."""

import pytest

from app.planning.named_ages import groups
from app.planning.people_table import Ages


@pytest.mark.parametrize(
    ("name", "sex", "ages"),
    [
        ("totaal_m_65_80", "M", (65, 79)),
        ("totaal_v_80_999", "F", (80, None)),
        ("totaal_m_v_0_65", "T", (0, 64)),
        ("Females|85+", "F", (85, None)),
        ("Persons|01-14", "T", (1, 14)),
        ("Males|Under 1 year", "M", (0, 0)),
        ("65 tot 80 jaar", "T", (65, 79)),
        ("80 jaar of ouder", "T", (80, None)),
        ("Ages 65 to 74", "T", (65, 74)),
        ("85 and over", "T", (85, None)),
    ],
)
def test_a_name_tells_whom_it_counts(name: str, sex: str, ages: Ages) -> None:
    found = groups([name])[name]

    assert (found.sex, found.ages) == (sex, ages)


@pytest.mark.parametrize("name", ["Hamburg", "A101H|Arran", "R1H", "Region|East", "ward 12"])
def test_a_name_without_ages_tells_of_everybody(name: str) -> None:
    assert groups([name]) == {}


def test_bands_that_follow_each_other_a_year_later_hold_their_last_age() -> None:
    found = groups(["d_0_64", "d_65_79", "d_80_999"])

    assert [each.ages for each in found.values()] == [(0, 64), (65, 79), (80, None)]
    assert len({each.stem for each in found.values()}) == 1


def test_a_column_of_ages_stands_over_the_names() -> None:
    found = groups(["east", "west 0-64"], {"east": "65+", "west 0-64": None})

    assert {name: each.ages for name, each in found.items()} == {"east": (65, None)}
