"""What counts as on time: by hand, over closed hours and the days on which the clock changes."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.facilities.hours import GRACE, LOCAL, WEEKDAYS, OpeningHours, due, missed, open_time
from app.facilities.schemas import ENTRANCES, Hours, Reporting
from app.feeds.punctuality import Heard, Punctuality, by_day, punctuality, silent

TWICE = Reporting(moments=(time(8), time(15, 30)))
HOURLY = Reporting(interval_minutes=60)
QUARTERLY = Reporting(interval_minutes=15)
ALWAYS: OpeningHours = {}
OFFICE: OpeningHours = dict.fromkeys(
    ENTRANCES, (Hours(days=WEEKDAYS[:5], start=time(8), end=time(17)),)
)
NEVER: OpeningHours = dict.fromkeys(ENTRANCES, ())


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL).astimezone(UTC)


def heard(observed: str, known: str | None = None) -> Heard:
    """Known at once unless told otherwise."""
    return Heard(local(observed), local(known or observed))


# From Monday midnight to Wednesday noon five moments are due: 08:00 and 15:30, 08:00 and 15:30,
# and 08:00.
MONDAY, WEDNESDAY = local("2026-11-23T00:00"), local("2026-11-25T12:00")


@pytest.mark.parametrize(
    ("told", "on_time"),
    [
        ([], 0),
        ([heard("2026-11-23T08:00")], 1),
        # Half an hour before it and half an hour after it are in time, a minute more is not.
        ([heard("2026-11-23T07:30")], 1),
        ([heard("2026-11-23T07:29")], 0),
        ([heard("2026-11-23T08:30")], 1),
        ([heard("2026-11-23T08:31")], 0),
        # Seen in time and sent too late.
        ([heard("2026-11-23T08:00", "2026-11-23T08:31")], 0),
        # What is told afterwards of an earlier moment is a correction.
        ([heard("2026-11-23T08:00", "2026-11-23T15:30")], 0),
        # Twice for one moment is once.
        ([heard("2026-11-23T08:00"), heard("2026-11-23T08:20")], 1),
        (
            [
                heard("2026-11-23T07:45", "2026-11-23T07:46"),
                heard("2026-11-23T16:00"),
                heard("2026-11-24T08:31"),
                heard("2026-11-24T15:29", "2026-11-24T15:58"),
            ],
            3,
        ),
    ],
)
def test_agreed_moments_are_met_within_half_an_hour(told: list[Heard], on_time: int) -> None:
    found = punctuality(TWICE, ALWAYS, told, MONDAY, WEDNESDAY)

    assert found == Punctuality(due=5, on_time=on_time)


@pytest.mark.parametrize(
    ("now", "moments"),
    [("2026-11-23T08:29", 0), ("2026-11-23T08:30", 1), ("2026-11-23T15:59", 1)],
)
def test_a_moment_is_due_once_its_grace_is_over(now: str, moments: int) -> None:
    found = punctuality(TWICE, ALWAYS, [], MONDAY, local(now))

    assert found == Punctuality(due=moments, on_time=0)


def test_a_week_of_reports_every_quarter_less_two_hours_of_silence() -> None:
    since, now = local("2026-11-16T00:00"), local("2026-11-23T00:30")
    quarter = timedelta(minutes=15)
    away = range(4 * 10, 4 * 12)  # the eight quarters from 10:00 to 11:45 of the first day
    told = [since + n * quarter for n in range(7 * 96 + 3) if n not in away]

    found = punctuality(QUARTERLY, ALWAYS, [Heard(at, at) for at in told], since, now)

    # The report of 09:45 will do for the moments before 10:00, and that of 12:00 is in time, by
    # its grace, for those of 11:30 on: missed are 10:00 to 11:15, six of them.
    assert found == Punctuality(due=7 * 96, on_time=7 * 96 - 6)


def test_closed_hours_do_not_count() -> None:
    thursday, tuesday = local("2026-11-26T00:00"), local("2026-12-01T00:00")
    days = ["2026-11-26", "2026-11-27", "2026-11-30"]
    told = [heard(f"{day}T{hour:02}:00") for day in days for hour in range(8, 17)]

    found = punctuality(HOURLY, OFFICE, told, thursday, tuesday)

    # Nine hours a day, so nine moments (09:00 to 17:00), and none in the weekend. The grace of
    # the last one of a day runs on in the morning: the report of 08:00 is in time for it. That of
    # Monday is not over yet.
    assert found == Punctuality(due=26, on_time=26)


def test_what_comes_in_late_on_friday_is_not_mended_on_monday() -> None:
    friday, monday = local("2026-11-27T12:00"), local("2026-11-30T09:00")

    found = punctuality(HOURLY, OFFICE, [heard("2026-11-27T11:30")], friday, monday)
    late = punctuality(
        HOURLY,
        OFFICE,
        [heard("2026-11-27T11:30"), heard("2026-11-30T08:31")],
        friday,
        monday,
    )

    # Due: 13:00 to 17:00 on Friday; 09:00 on Monday has its grace until 09:30.
    assert found == Punctuality(due=5, on_time=0)
    assert late == found


def test_a_unit_that_is_never_open_owes_nothing() -> None:
    assert punctuality(HOURLY, NEVER, [], MONDAY, WEDNESDAY) == Punctuality()
    assert punctuality(TWICE, NEVER, [], MONDAY, WEDNESDAY) == Punctuality()


@pytest.mark.parametrize(
    ("day", "next_day", "hours"),
    [("2026-03-29", "2026-03-30", 23), ("2026-10-25", "2026-10-26", 25)],
)
def test_a_day_on_which_the_clock_changes_has_as_many_moments_as_hours(
    day: str, next_day: str, hours: int
) -> None:
    since, now = local(f"{day}T00:00"), local(f"{next_day}T00:30")
    told = [since + timedelta(hours=n) for n in range(1, hours + 1)]
    less = told[:3] + told[5:]

    whole = punctuality(HOURLY, ALWAYS, [Heard(at, at) for at in told], since, now)
    part = punctuality(HOURLY, ALWAYS, [Heard(at, at) for at in less], since, now)

    assert whole == Punctuality(due=hours, on_time=hours)
    assert part == Punctuality(due=hours, on_time=hours - 2)


@pytest.mark.parametrize(("day", "utc"), [("2026-03-28", 7), ("2026-03-29", 6), ("2026-10-25", 7)])
def test_an_agreed_moment_is_one_of_the_local_clock(day: str, utc: int) -> None:
    at = datetime.fromisoformat(f"{day}T{utc:02}:00").replace(tzinfo=UTC)
    since, now = local(f"{day}T00:00"), local(f"{day}T12:00")

    found = punctuality(TWICE, ALWAYS, [Heard(at, at)], since, now)
    late = at + timedelta(hours=1)
    hour_off = punctuality(TWICE, ALWAYS, [Heard(late, late)], since, now)

    assert found == Punctuality(due=1, on_time=1)
    assert hour_off == Punctuality(due=1, on_time=0)


@pytest.mark.parametrize(
    ("last", "now", "is_silent"),
    [
        ("2026-11-23T08:00", "2026-11-23T16:30", False),  # one moment missed
        ("2026-11-23T08:00", "2026-11-24T08:30", True),  # and another
        (None, "2026-11-23T15:59", False),
        (None, "2026-11-23T16:00", True),
    ],
)
def test_two_moments_unheard_are_silence(last: str | None, now: str, is_silent: bool) -> None:
    found = silent(TWICE, ALWAYS, local(last) if last else None, MONDAY, local(now))

    assert found is is_silent


SINCE = local("2026-10-23T00:00")  # two days before the clock goes back, on a Friday
NOW = SINCE + timedelta(days=4)
moments = st.integers(0, 4 * 24 * 12).map(lambda n: SINCE + n * timedelta(minutes=5))
delays = st.sampled_from([0, 0, 5, 25, 35, 600]).map(lambda minutes: timedelta(minutes=minutes))
anything = st.builds(lambda at, delay: Heard(at, at + delay), moments, delays)
reportings = st.sampled_from([TWICE, HOURLY, Reporting(interval_minutes=240)])
openings = st.sampled_from([ALWAYS, OFFICE])


@given(reportings, openings, st.lists(anything, max_size=30), anything)
def test_one_more_report_never_makes_the_share_smaller(
    reporting: Reporting, hours: OpeningHours, told: list[Heard], more: Heard
) -> None:
    before = punctuality(reporting, hours, told, SINCE, NOW)

    after = punctuality(reporting, hours, [*told, more], SINCE, NOW)

    assert after.due == before.due
    assert after.due >= after.on_time >= before.on_time


def in_time(reporting: Reporting, hours: OpeningHours, moment: datetime, each: Heard) -> bool:
    """The same said another way: of one report and one moment, by the length of open hours."""
    if open_time(hours, moment, each.known_at) > GRACE:
        return False
    if reporting.interval_minutes is None:
        return each.observed_at >= moment - GRACE
    interval = timedelta(minutes=reporting.interval_minutes)
    # The opening hours say of (a, b) with a after b that nothing was open.
    return open_time(hours, each.observed_at, moment) < interval


@given(reportings, openings, st.lists(anything, max_size=30))
def test_a_moment_is_met_if_some_report_is_in_time_for_it(
    reporting: Reporting, hours: OpeningHours, told: list[Heard]
) -> None:
    owed = [
        moment
        for moment in due(reporting, hours, SINCE, NOW)
        if open_time(hours, moment, NOW) >= GRACE
    ]
    met = [m for m in owed if any(in_time(reporting, hours, m, each) for each in told)]

    found = punctuality(reporting, hours, told, SINCE, NOW)

    assert found == Punctuality(len(owed), len(met))


@given(reportings, st.lists(anything, max_size=30))
def test_a_moment_is_met_if_nothing_is_missed_when_its_grace_is_over(
    reporting: Reporting, told: list[Heard]
) -> None:
    owed = [moment for moment in due(reporting, ALWAYS, SINCE, NOW) if moment + GRACE <= NOW]

    def newest(at: datetime) -> datetime | None:
        return max((each.observed_at for each in told if each.known_at <= at), default=None)

    met = [m for m in owed if missed(reporting, ALWAYS, newest(m + GRACE), m + GRACE) == 0]

    assert punctuality(reporting, ALWAYS, told, SINCE, NOW).on_time == len(met)


def test_days_together_are_the_whole() -> None:
    since, now = local("2026-11-20T00:30"), local("2026-11-23T14:00")
    told = [heard("2026-11-20T08:00"), heard("2026-11-21T15:10"), heard("2026-11-23T08:10")]

    days = by_day(TWICE, ALWAYS, told, since, now)

    assert {f"{day:%d}": (of.on_time, of.due) for day, of in days.items()} == {
        "20": (1, 2),
        "21": (1, 2),
        "22": (0, 2),
        "23": (1, 1),
    }
    assert sum(days.values(), Punctuality()) == punctuality(TWICE, ALWAYS, told, since, now)
