"""Holidays and what lies around them, school holidays and ANW hours, beside published dates."""

from datetime import UTC, date, datetime, timedelta
from typing import get_args

import numpy as np
import pytest
from holidays import country_holidays
from hypothesis import given
from hypothesis import strategies as st

from app.forecasts.calendar import day_start, days_from
from app.forecasts.special_days import (
    NAMES,
    SchoolRegion,
    anw,
    anw_hours,
    covered,
    iso_week,
    school_holidays,
    special_days,
    table,
    weeks_of,
)
from app.simulation.calendar import holidays

REGIONS = get_args(SchoolRegion)
COUNTRIES = ("NL", "BE", "DE", "DE-BY", "GB-ENG", "US", "SA", "BN")
any_day = st.dates(date(2014, 1, 2), date(2098, 12, 30))
a_few_days = st.lists(any_day, min_size=1, max_size=30)
any_country = st.sampled_from(COUNTRIES)


def said_of(day: date, country: str = "NL") -> set[str]:
    features = special_days([day], country)
    return {name for name, value in zip(features.names, features.values[0], strict=True) if value}


def marked(name: str, days: list[date], country: str = "NL") -> set[date]:
    column = special_days(days, country).values[:, NAMES.index(name)]
    return {day for day, value in zip(days, column, strict=True) if value}


def whole(year: int) -> list[date]:
    return days_from(date(year, 1, 1), (date(year + 1, 1, 1) - date(year, 1, 1)).days)


@pytest.mark.parametrize(
    ("friday", "easter", "ascension", "whit_sunday"),
    [
        (date(2020, 4, 10), date(2020, 4, 12), date(2020, 5, 21), date(2020, 5, 31)),
        (date(2021, 4, 2), date(2021, 4, 4), date(2021, 5, 13), date(2021, 5, 23)),
        (date(2022, 4, 15), date(2022, 4, 17), date(2022, 5, 26), date(2022, 6, 5)),
        (date(2023, 4, 7), date(2023, 4, 9), date(2023, 5, 18), date(2023, 5, 28)),
        (date(2024, 3, 29), date(2024, 3, 31), date(2024, 5, 9), date(2024, 5, 19)),
        (date(2025, 4, 18), date(2025, 4, 20), date(2025, 5, 29), date(2025, 6, 8)),
        (date(2026, 4, 3), date(2026, 4, 5), date(2026, 5, 14), date(2026, 5, 24)),
        (date(2027, 3, 26), date(2027, 3, 28), date(2027, 5, 6), date(2027, 5, 16)),
        (date(2028, 4, 14), date(2028, 4, 16), date(2028, 5, 25), date(2028, 6, 4)),
        (date(2029, 3, 30), date(2029, 4, 1), date(2029, 5, 10), date(2029, 5, 20)),
        (date(2030, 4, 19), date(2030, 4, 21), date(2030, 5, 30), date(2030, 6, 9)),
    ],
)
def test_the_days_that_move_with_easter_are_those_published(
    friday: date, easter: date, ascension: date, whit_sunday: date
) -> None:
    around_easter = days_from(easter - timedelta(days=6), 13)
    spring = days_from(easter + timedelta(days=30), 30)

    found = marked("holiday", around_easter + spring)

    mondays = {easter + timedelta(days=1), whit_sunday + timedelta(days=1)}
    assert found >= {easter, ascension, whit_sunday} | mondays
    assert marked("good-friday", around_easter) == {friday}


@pytest.mark.parametrize(
    ("year", "day"), [(2014, 26), (2015, 27), (2020, 27), (2025, 26), (2026, 27), (2031, 26)]
)
def test_kings_day_is_a_day_earlier_when_it_would_be_a_sunday(year: int, day: int) -> None:
    april = days_from(date(year, 4, 25), 4)

    assert marked("holiday", april) == {date(year, 4, day)}


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 5, 12), set()),
        (date(2026, 5, 13), {"day-before"}),
        (date(2026, 5, 14), {"holiday"}),
        (date(2026, 5, 15), {"bridge"}),
        (date(2026, 5, 16), set()),
        (date(2027, 4, 26), {"bridge"}),
        (date(2026, 4, 7), {"day-after"}),
        (date(2026, 4, 6), {"holiday"}),
        (date(2026, 4, 5), {"holiday", "weekend-holiday"}),
        (date(2026, 4, 4), set()),
        (date(2026, 4, 3), {"good-friday"}),
        (date(2025, 4, 25), {"day-before"}),
        (date(2025, 4, 26), {"holiday", "weekend-holiday"}),
        (date(2026, 12, 20), set()),
        (date(2026, 12, 21), {"christmas-weeks"}),
        (date(2026, 12, 24), {"christmas-weeks", "christmas-eve", "day-before"}),
        (date(2026, 12, 25), {"christmas-weeks", "holiday"}),
        (date(2026, 12, 26), {"christmas-weeks", "holiday", "weekend-holiday"}),
        (date(2026, 12, 28), {"christmas-weeks"}),
        (date(2026, 12, 31), {"christmas-weeks", "new-years-eve", "day-before"}),
        (date(2027, 1, 1), {"christmas-weeks", "holiday"}),
        (date(2027, 1, 2), {"christmas-weeks"}),
        (date(2027, 1, 3), set()),
    ],
)
def test_each_day_around_a_holiday_is_what_it_is(day: date, expected: set[str]) -> None:
    assert said_of(day) == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2024, 5, 5), {"liberation-day"}),
        (date(2025, 5, 5), {"liberation-day", "holiday"}),
        (date(2026, 5, 5), {"liberation-day"}),
        (date(2026, 5, 4), set()),
        (date(2026, 5, 6), set()),
    ],
)
def test_liberation_day_is_its_own_and_a_holiday_each_fifth_year(
    day: date, expected: set[str]
) -> None:
    assert said_of(day) == expected
    assert said_of(day, "BE") == set()


@pytest.mark.parametrize(
    ("country", "day", "expected"),
    [
        ("BE", date(2026, 7, 21), {"holiday"}),
        ("BE", date(2026, 7, 20), {"bridge"}),
        ("BE", date(2026, 4, 3), {"good-friday"}),
        ("DE", date(2026, 4, 3), {"holiday"}),
        ("DE", date(2026, 6, 4), set()),
        ("DE-BY", date(2026, 6, 4), {"holiday"}),
        ("GB", date(2026, 4, 6), set()),
        ("GB-ENG", date(2026, 4, 6), {"holiday"}),
        ("GB-ENG", date(2026, 12, 28), {"holiday", "christmas-weeks"}),
        ("US", date(2026, 4, 3), set()),
        ("SA", date(2026, 2, 21), set()),
        ("BN", date(2026, 6, 6), set()),
        ("SA", date(2026, 2, 22), {"holiday"}),
        ("SA", date(2025, 2, 22), {"holiday", "weekend-holiday"}),
    ],
)
def test_another_country_has_its_own_holidays_and_its_own_weekend(
    country: str, day: date, expected: set[str]
) -> None:
    assert said_of(day, country) == expected


@pytest.mark.parametrize("year", [*range(2014, 2041)])
def test_dutch_holidays_are_those_of_the_simulated_region(year: int) -> None:
    assert marked("holiday", whole(year)) == holidays(year)


@pytest.mark.parametrize(
    ("country", "told"),
    [
        ("XX", "'XX'; give one of AD, AE, .* NL, .* ZW"),
        ("nl", "'nl'; give one of"),
        ("", "''; give one of"),
        ("GB-XX", "'GB-XX'; of GB there are: GB-ENG, GB-NIR, GB-SCT, GB-WLS"),
    ],
)
def test_an_unknown_country_is_refused_with_those_that_there_are(country: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        special_days([date(2026, 1, 1)], country)


@pytest.mark.parametrize("day", [date(1960, 6, 1), date(2101, 6, 1)])
def test_a_year_whose_holidays_nobody_knows_is_refused_not_taken_for_ordinary(day: date) -> None:
    with pytest.raises(ValueError, match=f"known from 1966 to 2100, so not those of {day.year}"):
        special_days([day])


def test_no_days_have_no_rows() -> None:
    assert special_days([]).values.shape == (0, len(NAMES))
    assert school_holidays([], "midden").shape == (0,)
    assert iso_week([]).shape == (0, 2)
    assert anw([]).shape == (0,)


@given(a_few_days, any_country)
def test_each_column_is_zero_or_one(days: list[date], country: str) -> None:
    features = special_days(days, country)

    assert features.names == NAMES
    assert features.values.shape == (len(days), len(NAMES))
    assert np.isin(features.values, (0.0, 1.0)).all()


@given(any_day, any_country)
def test_a_day_is_one_of_holiday_bridge_or_ordinary(day: date, country: str) -> None:
    said = said_of(day, country)

    assert len(said & {"holiday", "bridge", "good-friday"}) <= 1
    assert not said & {"day-before", "day-after"} or not said & {"holiday", "bridge"}
    assert "weekend-holiday" not in said or "holiday" in said


@given(a_few_days, any_country)
def test_what_a_day_is_does_not_depend_on_the_others_that_are_asked(
    days: list[date], country: str
) -> None:
    together = special_days(days, country).values

    alone = [special_days([day], country).values for day in days]

    assert np.array_equal(together, np.concatenate(alone))


@pytest.mark.parametrize(
    ("region", "day", "expected"),
    [
        ("midden", date(2025, 10, 17), 0),
        ("midden", date(2025, 10, 18), 1),
        ("midden", date(2025, 10, 26), 1),
        ("midden", date(2025, 10, 27), 0),
        ("zuid", date(2025, 10, 11), 1),
        ("noord", date(2026, 2, 14), 0),
        ("midden", date(2026, 2, 14), 1),
        ("midden", date(2026, 1, 4), 1),
        ("midden", date(2026, 1, 5), 0),
        ("noord", date(2028, 7, 8), 0),
        ("midden", date(2028, 7, 8), 1),
        ("zuid", date(2029, 2, 18), 1),
        ("zuid", date(2029, 2, 19), 0),
    ],
)
def test_schools_are_closed_on_the_published_days_of_their_region(
    region: SchoolRegion, day: date, expected: float
) -> None:
    assert school_holidays([day], region).tolist() == [expected]


@pytest.mark.parametrize(
    ("day", "known"),
    [
        (date(2019, 10, 18), False),
        (date(2019, 10, 19), True),
        (date(2024, 9, 2), True),
        (date(2030, 8, 25), True),
        (date(2030, 8, 26), False),
        (date(2035, 8, 1), False),
    ],
)
def test_a_day_outside_the_table_is_unknown_and_not_zero(day: date, known: bool) -> None:
    assert covered([day], "midden").tolist() == [known]
    assert np.isfinite(school_holidays([day], "midden")).tolist() == [known]


@pytest.mark.parametrize("region", REGIONS)
def test_the_table_agrees_with_the_ministry_s_weeks_as_another_has_them(
    region: SchoolRegion,
) -> None:
    days = days_from(date(2019, 11, 1), 3900)
    theirs = country_holidays(
        "NL", subdiv=region.title(), categories="school", years=range(2019, 2031)
    )

    ours = school_holidays(days, region)

    assert ours.tolist() == [float(day in theirs) for day in days]


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("begun", [*range(2019, 2030)])
def test_each_school_year_has_its_five_holidays_from_a_saturday_to_a_sunday(
    region: SchoolRegion, begun: int
) -> None:
    own = [
        line
        for line in table()
        if line.region == region and line.school_year == f"{begun}-{begun + 1}"
    ]

    assert [line.name for line in own] == [
        *("herfstvakantie", "kerstvakantie", "voorjaarsvakantie"),
        *("meivakantie", "zomervakantie"),
    ]
    assert {line.first_day.weekday() for line in own} == {5}
    assert {line.last_day.weekday() for line in own} == {6}
    assert [(line.last_day - line.first_day).days + 1 for line in own] == [9, 16, 9, 9, 44]
    assert all(line.source for line in own)


def test_an_unknown_school_region_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="'west'; give one of noord, midden, zuid"):
        school_holidays([date(2026, 1, 1)], "west")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2020, 12, 27), [2020, 52]),
        (date(2020, 12, 28), [2020, 53]),
        (date(2021, 1, 3), [2020, 53]),
        (date(2021, 1, 4), [2021, 1]),
        (date(2026, 12, 28), [2026, 53]),
        (date(2027, 1, 3), [2026, 53]),
        (date(2027, 1, 4), [2027, 1]),
        (date(2024, 12, 30), [2025, 1]),
    ],
)
def test_the_days_around_new_year_lie_in_the_week_of_their_thursday(
    day: date, expected: list[int]
) -> None:
    assert iso_week([day]).tolist() == [expected]


def test_weeks_keep_the_weekday_they_began_on_also_past_week_53() -> None:
    wednesdays = weeks_of(date(2020, 12, 23), 4)

    assert wednesdays == [
        *(date(2020, 12, 23), date(2020, 12, 30), date(2021, 1, 6), date(2021, 1, 13)),
    ]
    assert iso_week(wednesdays)[:, 1].tolist() == [52, 53, 1, 2]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 1, 15, 6, 59, tzinfo=UTC), True),
        (datetime(2026, 1, 15, 7, 0, tzinfo=UTC), False),
        (datetime(2026, 1, 15, 15, 59, tzinfo=UTC), False),
        (datetime(2026, 1, 15, 16, 0, tzinfo=UTC), True),
        (datetime(2026, 7, 15, 6, 0, tzinfo=UTC), False),
        (datetime(2026, 7, 15, 15, 0, tzinfo=UTC), True),
        (datetime(2026, 7, 18, 10, 0, tzinfo=UTC), True),
        (datetime(2026, 4, 27, 10, 0, tzinfo=UTC), True),
        (datetime(2026, 4, 3, 10, 0, tzinfo=UTC), False),
        (datetime(2026, 5, 5, 10, 0, tzinfo=UTC), False),
        (datetime(2025, 5, 5, 10, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 30, 6, 0, tzinfo=UTC), False),
        (datetime(2026, 3, 27, 6, 0, tzinfo=UTC), True),
        (datetime(2026, 10, 26, 6, 59, tzinfo=UTC), True),
    ],
)
def test_anw_follows_the_local_clock_the_weekend_and_the_holidays(
    moment: datetime, expected: bool
) -> None:
    assert anw([moment]).tolist() == [expected]


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2026, 3, 29), 23),
        (date(2026, 10, 25), 25),
        (date(2026, 10, 24), 24),
        (date(2026, 10, 26), 15),
        (date(2026, 5, 14), 24),
        (date(2026, 5, 15), 15),
    ],
)
def test_a_day_has_as_many_anw_hours_as_pass(day: date, hours: int) -> None:
    assert anw_hours(day) == hours


@given(any_day)
def test_the_anw_hours_of_a_day_are_those_whose_begin_is_anw(day: date) -> None:
    begin, end = (day_start(each) for each in days_from(day, 2))
    begins = [
        begin + timedelta(hours=n) for n in range(round((end - begin).total_seconds() / 3600))
    ]

    assert anw_hours(day) == anw(begins).sum()


def test_a_moment_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="no offset"):
        anw([datetime(2026, 1, 1)])  # noqa: DTZ001
