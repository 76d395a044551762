"""Local hours over the days on which the clock changes, and what counts as missed."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.facilities import hours
from app.facilities.schemas import ENTRANCES, Entrance, Hours, Reporting, Weekday

WEEK: tuple[Weekday, ...] = hours.WEEKDAYS
EVERY_DAY = Hours(days=WEEK, start=time(8), end=time(20))
ALL_DAY = Hours(days=WEEK, start=time(0), end=time(0))
ANW = (
    Hours(days=WEEK[:5], start=time(17), end=time(8)),
    Hours(days=WEEK[5:], start=time(8), end=time(8)),
)
TWICE = Reporting(moments=(time(8), time(15, 30)))
HOURLY = Reporting(interval_minutes=60)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=hours.LOCAL).astimezone(UTC)


def by_every_route(*each: Hours) -> dict[Entrance, tuple[Hours, ...]]:
    return dict.fromkeys(ENTRANCES, each)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-23T07:59", False),
        ("2026-11-23T08:00", True),
        ("2026-11-23T19:59", True),
        ("2026-11-23T20:00", False),
    ],
)
def test_hours_hold_from_their_start_until_just_before_their_end(
    moment: str, is_open: bool
) -> None:
    assert hours.open_at(by_every_route(EVERY_DAY), local(moment)) is is_open


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-23T16:59", False),  # Monday
        ("2026-11-23T17:00", True),
        ("2026-11-24T07:59", True),
        ("2026-11-24T08:00", False),
        ("2026-11-28T07:59", True),  # Saturday, still Friday's night
        ("2026-11-28T08:00", True),
        ("2026-11-29T23:00", True),
        ("2026-11-30T07:59", True),  # Monday, still Sunday's night
        ("2026-11-30T08:00", False),
    ],
)
def test_an_end_before_its_start_lies_on_the_next_day(moment: str, is_open: bool) -> None:
    assert hours.open_at(by_every_route(*ANW), local(moment)) is is_open


def test_a_route_without_hours_is_open_always_and_an_empty_one_never() -> None:
    told: dict[Entrance, tuple[Hours, ...]] = {"ambulance": (EVERY_DAY,), "transfer": ()}

    at_night = hours.entrances_at(told, local("2026-11-23T23:00"))

    assert at_night == {"ambulance": False, "referral": True, "walk-in": True, "transfer": False}
    assert hours.open_at(told, local("2026-11-23T23:00"))


def test_without_any_hours_a_unit_is_open_and_admits_always() -> None:
    at = local("2026-11-23T03:00")

    assert hours.open_at({}, at)
    assert hours.admits_at((), at)
    assert hours.next_change({}, at) is None


def test_a_unit_that_is_closed_by_every_route_is_closed() -> None:
    never = by_every_route()

    assert not hours.open_at(never, local("2026-11-23T12:00"))
    assert hours.next_change(never, local("2026-11-23T12:00")) is None


def test_the_next_change_is_the_first_of_any_route() -> None:
    told: dict[Entrance, tuple[Hours, ...]] = {"ambulance": (EVERY_DAY,), "referral": ANW}

    change = hours.next_change(told, local("2026-11-23T12:00"))

    assert change == local("2026-11-23T17:00")


def test_the_next_admission_is_now_or_when_the_hours_begin() -> None:
    weekdays = (Hours(days=WEEK[:5], start=time(10), end=time(16)),)

    assert hours.next_admission(weekdays, local("2026-11-27T11:00")) == local("2026-11-27T11:00")
    assert hours.next_admission(weekdays, local("2026-11-27T16:00")) == local("2026-11-30T10:00")


@pytest.mark.parametrize(
    ("day", "lasts"),
    [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 11, 23), 24)],
)
def test_an_open_day_lasts_as_long_as_the_clock_makes_it(day: date, lasts: int) -> None:
    begin = hours.instant_of(day, time(0))
    end = hours.instant_of(day + timedelta(days=1), time(0))

    assert hours.open_time(by_every_route(ALL_DAY), begin, end) == timedelta(hours=lasts)


def test_a_night_shift_over_the_change_to_summer_is_an_hour_shorter() -> None:
    night = by_every_route(Hours(days=WEEK, start=time(23), end=time(7)))

    open_for = hours.open_time(night, local("2026-03-28T20:00"), local("2026-03-29T12:00"))

    assert open_for == timedelta(hours=7)


def test_agreed_moments_keep_their_local_time_when_the_clock_changes() -> None:
    due = hours.due(TWICE, {}, local("2026-10-24T12:00"), local("2026-10-25T12:00"))

    assert due == [local("2026-10-24T15:30"), local("2026-10-25T08:00")]
    assert [moment.hour for moment in due] == [13, 7]


@pytest.mark.parametrize(
    ("last", "now", "missed"),
    [
        ("2026-11-23T08:05", "2026-11-23T15:59", 0),
        ("2026-11-23T08:05", "2026-11-23T16:00", 1),
        ("2026-11-23T08:05", "2026-11-24T08:29", 1),
        ("2026-11-23T08:05", "2026-11-24T08:30", 2),
        ("2026-11-23T07:40", "2026-11-23T09:00", 0),  # a little early, for 08:00
        ("2026-11-23T07:20", "2026-11-23T09:00", 1),
        ("2026-11-23T15:30", "2026-11-24T08:00", 0),
        ("2026-11-16T08:00", "2026-11-23T09:00", 14),
    ],
)
def test_agreed_moments_are_missed_after_half_an_hour(last: str, now: str, missed: int) -> None:
    assert hours.missed(TWICE, {}, local(last), local(now)) == missed


@pytest.mark.parametrize(
    ("last", "now", "missed"),
    [
        ("2026-11-23T12:00", "2026-11-23T13:29", 0),
        ("2026-11-23T12:00", "2026-11-23T13:30", 1),
        ("2026-11-23T12:00", "2026-11-23T14:30", 2),
        ("2026-11-23T19:30", "2026-11-24T08:59", 0),  # closed from 20:00 to 08:00
        ("2026-11-23T19:30", "2026-11-24T09:00", 1),
    ],
)
def test_an_interval_counts_open_time_only(last: str, now: str, missed: int) -> None:
    assert hours.missed(HOURLY, by_every_route(EVERY_DAY), local(last), local(now)) == missed


def test_a_unit_that_never_reported_has_missed_an_unknown_number() -> None:
    assert hours.missed(TWICE, {}, None, local("2026-11-23T12:00")) is None


def test_a_year_of_silence_is_counted_without_looking_further_back() -> None:
    missed = hours.missed(TWICE, {}, local("2001-01-01T08:00"), local("2026-11-23T12:00"))

    assert missed == 2 * 366


MINUTES = st.integers(0, 2 * 366 * 24 * 60)
MOMENTS = MINUTES.map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n))
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
EACH = st.builds(
    Hours,
    days=st.lists(st.sampled_from(WEEK), min_size=1, unique=True).map(tuple),
    start=TIMES,
    end=TIMES,
)
OPENING = st.lists(EACH, max_size=3).map(lambda each: by_every_route(*each))
REPORTING = st.one_of(
    st.lists(TIMES, min_size=1, max_size=4, unique=True).map(
        lambda each: Reporting(moments=tuple(sorted(each)))
    ),
    st.integers(15, 1440).map(lambda each: Reporting(interval_minutes=each)),
)


@given(EACH, MOMENTS)
def test_open_is_what_the_wall_clock_says_away_from_clock_changes(
    each: Hours, moment: datetime
) -> None:
    here = moment.astimezone(hours.LOCAL)
    before = (here - timedelta(days=1)).date()
    nearby = [(moment + timedelta(days=n)).astimezone(hours.LOCAL) for n in (-2, 2)]

    def on(day: date) -> bool:
        return WEEK[day.weekday()] in each.days

    clock = here.time()
    if each.start < each.end:
        expected = on(here.date()) and each.start <= clock < each.end
    else:
        expected = (on(here.date()) and clock >= each.start) or (on(before) and clock < each.end)

    changes_nearby = len({here.utcoffset(), *(day.utcoffset() for day in nearby)}) > 1
    assert changes_nearby or hours.covers((each,), moment) is expected


@given(OPENING, MOMENTS)
def test_nothing_opens_or_closes_before_the_next_change(
    opening: dict[Entrance, tuple[Hours, ...]], moment: datetime
) -> None:
    change = hours.next_change(opening, moment)

    until = change or moment + timedelta(days=8)
    between = [moment + (until - moment) * part / 5 for part in range(1, 5)]
    now = hours.entrances_at(opening, moment)
    assert all(hours.entrances_at(opening, each) == now for each in between)
    assert change is None or hours.entrances_at(opening, change) != now


@given(REPORTING, OPENING, MOMENTS, MINUTES.map(lambda n: timedelta(minutes=n % 30_000)))
def test_what_is_missed_was_due_and_never_grows_while_closed(
    reporting: Reporting,
    opening: dict[Entrance, tuple[Hours, ...]],
    last: datetime,
    later: timedelta,
) -> None:
    now = last + later

    missed = hours.missed(reporting, opening, last, now)
    due = hours.due(reporting, opening, last, now)
    change = hours.next_change(opening, now)

    assert missed is not None
    assert 0 <= missed <= len(due)
    assert due == sorted(set(due))
    assert all(last < moment <= now for moment in due)
    if not hours.open_at(opening, now) and change is not None:
        assert hours.missed(reporting, opening, last, change) == missed


@given(REPORTING, OPENING, MOMENTS, st.integers(0, 20_000), st.integers(0, 20_000))
def test_silence_never_mends_itself(
    reporting: Reporting,
    opening: dict[Entrance, tuple[Hours, ...]],
    last: datetime,
    first: int,
    more: int,
) -> None:
    sooner = last + timedelta(minutes=first)

    missed = hours.missed(reporting, opening, last, sooner)
    missed_later = hours.missed(reporting, opening, last, sooner + timedelta(minutes=more))

    assert missed is not None
    assert missed_later is not None
    assert missed_later >= missed
