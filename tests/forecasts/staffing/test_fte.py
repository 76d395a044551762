"""Full-time equivalents against examples that others worked out."""

import pytest

from app.forecasts.staffing.fte import fte

# Hurst (2003), Selecting and Applying Methods for Estimating the Size and Mix of Nursing Teams,
# professional judgement: a surgical ward of 15 beds with an uplift of 22% on the hours worked.
EARLY, LATE, NIGHT = (3, 7.5), (3, 7.5), (2, 10.0)
UPLIFT = 0.22 / 1.22


def test_the_surgical_ward_of_hurst_takes_14_8_full_timers() -> None:
    found = fte([EARLY, LATE, NIGHT], 37.5, absence=0, leave=UPLIFT, training=0)

    # 455 hours a week x 1.22 / 37.5.
    assert found == pytest.approx(14.8, abs=0.05)
    assert found == pytest.approx(455 * 1.22 / 37.5)


def test_the_working_year_of_elkhuizen_leaves_1521_9_of_1872_hours() -> None:
    # Elkhuizen e.a. (2007), BMC Health Services Research 7:196, table 1: holiday 9%, extra holiday
    # 0.2%, official holidays 3.5%, development 2%, sick leave 4%.
    shares = {"absence": 0.04, "leave": 0.09 + 0.002 + 0.035, "training": 0.02}

    found = fte([(1, 1521.9 / 365)], 1872 / (365 / 7), **shares)

    assert found == pytest.approx(1.0, abs=1e-4)


def test_one_nurse_day_and_night_on_36_hours_a_week() -> None:
    found = fte([(1, 8.0)] * 3, 36, absence=0.06, leave=0.127, training=0.02)

    # 168 hours a week, of which one full-timer stands 36 x 0.793 on the floor.
    assert found == pytest.approx(168 / 28.548, abs=1e-3)


def test_an_office_of_five_days_takes_five_sevenths() -> None:
    whole, office = (
        fte([(2, 8.0)], 36, absence=0.05, leave=0.1, training=0.02, days_a_week=days)
        for days in (7, 5)
    )

    assert office == pytest.approx(whole * 5 / 7)


@pytest.mark.parametrize(
    ("heads", "lasts", "contract", "absence"),
    [(-1, 8, 36, 0.05), (1, 0, 36, 0.05), (1, 8, 0, 0.05), (1, 8, 36, 1.0), (1, 8, 36, -0.1)],
)
def test_what_cannot_be_is_refused(
    heads: float, lasts: float, contract: float, absence: float
) -> None:
    with pytest.raises(ValueError, match=r"\."):
        fte([(heads, lasts)], contract, absence=absence, leave=0.1, training=0.0)
