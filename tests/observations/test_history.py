import asyncio
import csv
import io
import json
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import asyncpg
import pytest
import uvicorn
from fastapi import FastAPI
from httpx import AsyncClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tables import AuditEvent
from app.facilities.hours import LOCAL
from app.observations.history import (
    STANDS,
    NotAMoment,
    Point,
    Rolled,
    RollUp,
    Stretch,
    moment,
    statistic_of,
    stretch_of,
    whole,
)
from app.observations.lines import Written, chosen, harmless
from app.wire import instant
from tests import make
from tests.conftest import Database
from tests.observations import told

HISTORY = "/v1/units/reo-flex/history"
AN_HOUR = timedelta(hours=1)
A_DAY = timedelta(days=1)
TEN_MINUTES = timedelta(minutes=10)
KEY = ("occupied", *[""] * 10)
FLOW = ("admissions", *[""] * 10)
STRETCHES: list[Stretch] = ["hour", "day", "week", "month"]


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=LOCAL).astimezone(UTC)  # type: ignore[arg-type,misc]


def a_point(at: datetime, value: float | None, length_s: int = 0, key: Any = KEY) -> Point:
    return Point(key, at, length_s, value, at, at, "moment", "feed")


def rolled(
    points: list[Point], stretch: Stretch, since: datetime, until: datetime, now: datetime
) -> list[Rolled]:
    rolling = RollUp(stretch, since, until, now)
    found = [each for point in points for each in rolling.take(point)]
    return found + list(rolling.finish())


# --- Stretches of local time.


@given(st.integers(0, 42 * 366 * 24 * 60), st.sampled_from(STRETCHES))
def test_stretches_follow_each_other_without_gap(minutes: int, stretch: Stretch) -> None:
    at = datetime(1995, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)

    start, end = stretch_of(at, stretch)

    assert start <= at < end
    assert stretch_of(start, stretch) == (start, end)
    assert stretch_of(end, stretch)[0] == end
    assert stretch_of(start - timedelta(microseconds=1), stretch)[1] == start


@pytest.mark.parametrize(
    ("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 11, 22), 24)]
)
def test_a_day_is_as_long_as_the_clock_makes_it(day: tuple[int, int, int], hours: int) -> None:
    start, end = stretch_of(local(*day, 12), "day")

    assert end - start == timedelta(hours=hours)
    assert start == local(*day)


def test_a_week_begins_on_monday_and_a_month_on_the_first() -> None:
    week = stretch_of(local(2026, 11, 22, 23, 59), "week")
    month = stretch_of(local(2026, 12, 31, 23, 59), "month")

    assert week == (local(2026, 11, 16), local(2026, 11, 23))
    assert month == (local(2026, 12, 1), local(2027, 1, 1))


def test_a_part_of_a_stretch_is_widened_to_the_whole() -> None:
    since, until = local(2026, 11, 20, 9), local(2026, 11, 22)

    assert whole(since, until, "day") == (local(2026, 11, 20), until)
    assert whole(since, until + AN_HOUR, "day") == (local(2026, 11, 20), local(2026, 11, 23))


# --- What figures come to.


def test_a_stock_is_weighted_by_how_long_it_stood() -> None:
    since, until = local(2026, 11, 22), local(2026, 11, 23)
    points = [a_point(local(2026, 11, 22, 6), 4), a_point(local(2026, 11, 22, 18), 1)]

    (day,) = rolled(points, "day", since, until, until)

    assert (day.statistic, day.figures) == ("mean", 2)
    assert day.value == pytest.approx((12 * 4 + 6 * 1) / 18)
    assert (day.least, day.most, day.last) == (1, 4, 1)
    assert day.observed_share == pytest.approx(18 / 24)


def test_what_stood_before_stands_until_it_is_too_old() -> None:
    since, until = local(2026, 11, 20), local(2026, 11, 23)
    points = [a_point(local(2026, 11, 19, 20), 3)]

    days = rolled(points, "day", since, until, until)

    assert [(day.start, day.value, day.figures) for day in days] == [(since, 3, 0)]
    assert days[0].observed_share == pytest.approx(21 / 24)


def test_a_gap_is_absent_and_what_was_told_to_be_unknown_is_null() -> None:
    since, until = local(2026, 11, 16), local(2026, 11, 23)
    points = [
        a_point(local(2026, 11, 16, 8), 2),
        a_point(local(2026, 11, 20, 8), None),
        a_point(local(2026, 11, 22, 8), 0),
    ]

    days = rolled(points, "day", since, until, until)

    shown = {day.start.astimezone(LOCAL).day: day.value for day in days}
    assert shown == {16: 2, 17: 2, 20: None, 21: None, 22: 0}


def test_no_figure_stands_in_the_future() -> None:
    since, until = local(2026, 11, 22), local(2026, 11, 24)
    points = [a_point(local(2026, 11, 22, 8), 2)]

    days = rolled(points, "day", since, until, local(2026, 11, 22, 14))

    assert [day.observed_share for day in days] == [pytest.approx(6 / 24)]


def test_a_flow_is_summed_and_a_null_part_of_it_is_not_zero() -> None:
    since, until = local(2026, 11, 22), local(2026, 11, 23)
    hours = [(0, 2.0), (1, 3.0), (2, None), (3, 0.0)]
    points = [a_point(since + n * AN_HOUR, value, 3600, FLOW) for n, value in hours]

    (day,) = rolled(points, "day", since, until, until)
    (null,) = rolled([a_point(since, None, 3600, FLOW)], "day", since, until, until)

    assert (day.statistic, day.value, day.figures) == ("sum", 5, 4)
    assert day.observed_share == pytest.approx(3 / 24)
    assert (null.value, null.observed_share) == (None, 0)


def test_a_period_longer_than_the_stretch_tells_nothing_of_it() -> None:
    since, until = local(2026, 11, 22), local(2026, 11, 23)
    points = [a_point(since, 24, 24 * 3600, FLOW)]

    (hour,) = rolled(points, "hour", since, until, until)
    (day,) = rolled(points, "day", since, until, until)

    assert (hour.value, hour.figures) == (None, 1)
    assert day.value == 24


@pytest.mark.parametrize(
    ("measure", "statistic"),
    [
        *(("occupied", "mean"), ("waiting", "mean"), ("admissions", "sum"), ("careHours", "sum")),
        *(("required", "sum"), ("formatie", "mean"), ("verzuim", "mean")),
        ("longestWaitSeconds", "max"),
    ],
)
def test_each_measure_comes_together_in_its_own_way(measure: str, statistic: str) -> None:
    assert statistic_of(measure) == statistic


def stood_in(points: list[Point], start: datetime, end: datetime) -> list[float]:
    """The oracle: what stood in each ten minutes of a stretch, looked up anew each time."""
    found = []
    at = start
    while at < end:
        told_before = [p for p in points if p.at <= at]
        newest = max(told_before, key=lambda p: p.at, default=None)
        if newest and newest.value is not None and at - newest.at < STANDS:
            found.append(newest.value)
        at += TEN_MINUTES
    return found


def stood_somewhere(
    points: list[Point], since: datetime, until: datetime, stretch: Stretch
) -> Iterator[datetime]:
    while since < until:
        start, since = stretch_of(since, stretch)
        if stood_in(points, start, since):
            yield start


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(
        st.integers(-25 * 6, 8 * 24 * 6 - 1),
        st.none() | st.integers(0, 9).map(float),
        max_size=12,
    ),
    st.sampled_from(STRETCHES[1:3]),
)
def test_a_roll_up_agrees_with_looking_every_ten_minutes(
    told_at: dict[int, float | None], stretch: Stretch
) -> None:
    since, until = whole(local(2026, 10, 22), local(2026, 10, 30), stretch)
    points = [
        a_point(local(2026, 10, 22) + n * TEN_MINUTES, value)
        for n, value in sorted(told_at.items())
    ]

    found = rolled(points, stretch, since, until, until)

    for each in found:
        stood = stood_in(points, each.start, each.end)
        length = (each.end - each.start).total_seconds() / 600
        assert each.observed_share == pytest.approx(len(stood) / length)
        assert (each.value is None) == (not stood)
        assert not stood or each.value == pytest.approx(sum(stood) / len(stood))
        assert not stood or (each.least, each.most) == (min(stood), max(stood))
    starts = {each.start for each in found}
    told_in = {stretch_of(p.at, stretch)[0] for p in points if p.at >= since}
    assert told_in | set(stood_somewhere(points, since, until, stretch)) <= starts
    assert len(starts) == len(found)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.none() | st.integers(0, 20).map(float), min_size=1, max_size=24 * 40))
def test_the_sum_over_days_is_the_sum_over_hours(
    values: list[float | None],
) -> None:
    start = local(2026, 10, 1)
    since, until = local(2026, 9, 28), local(2027, 1, 1)
    points = [a_point(start + n * AN_HOUR, value, 3600, FLOW) for n, value in enumerate(values)]

    totals = {
        sum(each.value or 0 for each in rolled(points, stretch, since, until, until))
        for stretch in STRETCHES[:2]
    }

    assert totals == {sum(value or 0 for value in values)}


# --- Words, cells, media.


@pytest.mark.parametrize(
    ("told_as", "at"),
    [
        ("2026-11-22", local(2026, 11, 22)),
        ("2026-07-01", datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ("2026-11-22T08:00:00+01:00", local(2026, 11, 22, 8)),
        ("2026-11-22T08:00:00Z", datetime(2026, 11, 22, 8, tzinfo=UTC)),
    ],
)
def test_a_bare_date_is_the_begin_of_a_local_day(told_as: str, at: datetime) -> None:
    assert moment(told_as) == at


@pytest.mark.parametrize(
    "told_as",
    [
        *("", "now", "2026-13-01", "2026-11-22T08:00:00", "2026-11-22T08:00:00 01:00"),
        *("1763800000", "0001-01-01", "9999-12-31T23:59:59Z", "2026-W47-7"),
    ],
)
def test_what_is_no_moment_is_refused(told_as: str) -> None:
    with pytest.raises(NotAMoment):
        moment(told_as)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        *(("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)")),
        *(("\t=1", "'\t=1"), ("occupied", "occupied"), (-1.5, -1.5), (0, 0), (None, None)),
    ],
)
def test_text_that_a_spreadsheet_would_run_is_made_plain(cell: Any, written: Any) -> None:
    assert harmless(cell) == written


@given(st.lists(st.text(max_size=9) | st.integers() | st.none(), min_size=2, max_size=5))
def test_no_cell_of_csv_begins_as_a_formula(cells: list[Any]) -> None:
    columns = [f"c{n}" for n in range(len(cells))]
    written = Written("text/csv", {"knownAt": "x"}, columns)

    text = written.body([dict(zip(columns, cells, strict=True))], begun=False).decode()

    (row,) = csv.reader(io.StringIO(text, newline=""))
    texts = [cell for cell, told_as in zip(row, cells, strict=True) if isinstance(told_as, str)]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in texts)


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("text/*", "text/csv"),
        ("text/csv; header=present; charset=utf-8", "text/csv"),
        ("application/x-ndjson, application/json;q=0.5", "application/x-ndjson"),
        ("text/html, application/json;q=0.1, */*;q=0.01", "application/json"),
        ("application/json;q=0, */*", "text/csv"),
        ("text/html", None),
        ("application/json;q=0", None),
        ("text/csv;q=much", None),
    ],
)
def test_the_media_type_is_what_the_reader_likes_best(accept: str | None, media: str) -> None:
    assert chosen(accept) == media


# --- Over HTTP.


@pytest.fixture
async def reo(session: AsyncSession) -> dict[str, str]:
    await make.a_unit(session)
    return await make.a_key(session, organisation="reo")


async def figures(client: AsyncClient, headers: dict[str, str], **asked: Any) -> list[Any]:
    answer = await client.get(HISTORY, params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["count"] == len(body["figures"])
    found: list[Any] = body["figures"]
    return found


async def test_what_was_posted_is_history(client: AsyncClient, reo: dict[str, str]) -> None:
    report = make.a_report(make.a_figure("occupied", 2), make.a_figure("staffed", None))
    await client.post("/v1/reports", json=report, headers=reo)

    found = await figures(client, reo)

    shown = {each["measure"]: (each["value"], each["state"]) for each in found}
    assert shown == {"occupied": (2, "known"), "staffed": (None, "unknown")}
    assert found[0]["bedType"] == "observation-elderly"
    assert found[0]["sourceKind"] == "feed"


async def test_a_correction_wins_and_unknown_stays_null(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    at = make.now() - A_DAY
    await told.figure(session, 5, at)
    await told.figure(session, 2, at, known_at=at + AN_HOUR)
    await told.figure(session, None, at + 2 * AN_HOUR)
    await session.commit()

    found = await figures(client, reo)

    assert [(each["value"], each["state"]) for each in found] == [(2, "known"), (None, "unknown")]
    assert found[0]["observedAt"] == instant(at)
    assert found[0]["knownAt"] == instant(at + AN_HOUR)


async def test_a_day_is_given_as_a_day(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    yesterday = (make.now() - A_DAY).astimezone(LOCAL).date()
    census = datetime.combine(yesterday, time(8), tzinfo=LOCAL)
    await told.figure(session, 2, census, precision="day")
    await session.commit()

    found = await figures(client, reo)

    assert (found[0]["observedAt"], found[0]["precision"]) == (yesterday.isoformat(), "day")


async def test_a_hand_entry_stands_over_the_feed_for_four_hours(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    start = make.now() - A_DAY
    for hour in range(7):
        await told.figure(session, hour, start + hour * AN_HOUR)
    await told.figure(session, 9, start + AN_HOUR, kind="hand")
    await told.figure(session, 8, start + AN_HOUR, kind="import")
    await session.commit()

    found = await figures(client, reo)

    assert [(each["value"], each["sourceKind"]) for each in found] == [
        (0, "feed"),
        (9, "hand"),
        (6, "feed"),
    ]


async def test_what_was_taken_back_by_hand_gives_way_to_the_feed(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    start = make.now() - A_DAY
    await told.figure(session, 3, start)
    await told.figure(session, 9, start, kind="hand")
    await told.figure(session, None, start, kind="hand", known_at=start + AN_HOUR)
    await session.commit()

    found = await figures(client, reo)

    assert [(each["value"], each["sourceKind"]) for each in found] == [(3, "feed")]


async def test_precedence_does_not_cross_from_one_figure_to_another(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    at = make.now() - A_DAY
    await told.figure(session, 1, at, kind="hand", bed_type="elv-low")
    await told.figure(session, 2, at, kind="feed", bed_type="elv-high")
    await told.figure(session, 3, at, kind="import", measure="staffed", bed_type="elv-low")
    await session.commit()

    found = await figures(client, reo)

    assert sorted(each["value"] for each in found) == [1, 2, 3]


async def test_a_period_is_counted_once_whoever_told_it(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    start = (make.now() - 2 * A_DAY).replace(minute=0, second=0, microsecond=0)
    flow: dict[str, Any] = {"measure": "admissions", "length": AN_HOUR}
    await told.figure(session, 5, start, kind="feed", **flow)
    await told.figure(session, 6, start + AN_HOUR, kind="feed", **flow)
    await told.figure(session, 7, start, kind="hand", **flow)
    await session.commit()

    found = await figures(client, reo)

    assert [(each["value"], each["sourceKind"]) for each in found] == [(7, "hand"), (6, "feed")]
    assert found[0]["periodStart"] == instant(start)
    assert found[0]["periodEnd"] == instant(start + AN_HOUR)


async def test_measures_and_bed_types_can_be_chosen(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    at = make.now() - A_DAY
    for measure in ("occupied", "staffed", "reserved"):
        for bed_type in ("elv-low", "elv-high"):
            await told.figure(session, 1, at, measure=measure, bed_type=bed_type)
    await session.commit()

    found = await figures(client, reo, measure=["occupied", "staffed"], bedType="elv-low")

    shown = {(each["measure"], each["bedType"]) for each in found}
    assert shown == {("occupied", "elv-low"), ("staffed", "elv-low")}


async def test_from_is_in_it_and_to_is_not(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    start = make.now() - A_DAY
    for hour in range(4):
        await told.figure(session, hour, start + hour * AN_HOUR)
    await session.commit()

    asked = {"from": instant(start + AN_HOUR), "to": instant(start + 3 * AN_HOUR)}
    found = await figures(client, reo, **asked)

    assert [each["value"] for each in found] == [1, 2]


async def test_the_long_day_of_autumn_is_one_day(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    await told.reach_back(session, local(2025, 10, 1))
    for day in (25, 26, 27):
        await told.figure(session, day, local(2025, 10, day, 8))
        await told.figure(
            session, 1, local(2025, 10, day), measure="admissions", length=timedelta(hours=25)
        )
    await session.commit()

    asked = {"from": "2025-10-26", "to": "2025-10-27"}
    found = await figures(client, reo, resolution="day", **asked)
    weeks = await figures(client, reo, resolution="week", measure="admissions", **asked)
    months = await figures(client, reo, resolution="month", measure="admissions", **asked)

    by = {each["measure"]: each for each in found}
    assert len(found) == 2
    assert (by["occupied"]["start"], by["occupied"]["end"]) == ("2025-10-26", "2025-10-27")
    # Nine hours of the long night, then sixteen of the day itself.
    assert by["occupied"]["value"] == pytest.approx((9 * 25 + 16 * 26) / 25)
    assert (by["occupied"]["observedShare"], by["occupied"]["last"]) == (1, 26)
    assert (by["admissions"]["statistic"], by["admissions"]["value"]) == ("sum", 1)
    assert [(each["start"], each["value"]) for each in weeks] == [("2025-10-20", 2)]
    assert [(each["start"], each["value"]) for each in months] == [("2025-10-01", 3)]


async def test_csv_has_a_header_a_state_and_a_count(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    at = make.now() - A_DAY
    await told.figure(session, 2, at)
    await told.figure(session, None, at + 5 * AN_HOUR)
    await session.commit()

    answer = await client.get(HISTORY, headers={**reo, "Accept": "text/csv"})

    *rows, end = csv.reader(io.StringIO(answer.text))
    told_rows = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert [(row["value"], row["state"]) for row in told_rows] == [("2", "known"), ("", "unknown")]
    assert end[:2] == ["#count", "2"]


@pytest.mark.parametrize("resolution", ["raw", "hour", "day", "week", "month"])
async def test_the_three_forms_hold_the_same_figures(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str], resolution: str
) -> None:
    start = make.now() - 20 * A_DAY
    await told.many(session, 1299, start, timedelta(minutes=15))
    asked = {"resolution": resolution, "to": instant(make.now() - timedelta(seconds=30))}
    asked["knownAt"] = asked["to"]
    csv_form = {**reo, "Accept": "text/csv"}
    lines_form = {**reo, "Accept": "application/x-ndjson"}

    as_json = (await client.get(HISTORY, params=asked, headers=reo)).json()
    as_lines = (await client.get(HISTORY, params=asked, headers=lines_form)).text.splitlines()
    as_csv = (await client.get(HISTORY, params=asked, headers=csv_form)).text

    lines = [json.loads(line) for line in as_lines]
    rows = list(csv.DictReader(io.StringIO(as_csv)))
    assert lines[:-1] == as_json["figures"]
    assert lines[-1]["count"] == as_json["count"] == len(rows) - 1
    assert [row["value"] for row in rows[:-1]] == [str(f["value"]) for f in as_json["figures"]]
    assert as_json["count"] == 1299 or resolution != "raw"


async def test_nothing_told_is_an_empty_history(client: AsyncClient, reo: dict[str, str]) -> None:
    assert await figures(client, reo) == []
    assert await figures(client, reo, resolution="day") == []


async def test_another_form_is_not_acceptable(client: AsyncClient, reo: dict[str, str]) -> None:
    answer = await client.get(HISTORY, headers={**reo, "Accept": "text/html"})

    assert answer.status_code == 406
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_history_is_for_who_reports_for_the_unit(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    await told.figure(session, 1, make.now() - AN_HOUR)
    await session.commit()
    rtp = await make.a_key(session, organisation="rtp", audience="coordinator")

    another = await client.get(HISTORY, headers=rtp)
    unknown = await client.get("/v1/units/none/history", headers=reo)
    await make.a_mandate(session, "reo-flex", of="reo", to="rtp")
    mandated = await figures(client, rtp)

    assert (another.status_code, another.json()["code"]) == (403, "not-yours")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown-unit")
    assert [each["value"] for each in mandated] == [1]


async def test_an_export_is_noted_in_the_audit_of_its_owner(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    await client.get(HISTORY, params={"resolution": "day"}, headers=reo)
    refused = await client.get(HISTORY, params={"resolution": "year"}, headers=reo)

    event = (await session.execute(select(AuditEvent))).scalar_one()
    assert refused.status_code == 400
    assert (event.event, event.action, event.object_id) == ("history.export", "R", "reo-flex")
    assert (event.detail["resolution"], event.detail["media"]) == ("day", "application/json")


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-11-22T08:00:00"}, "from"),
        ({"to": "2026-02-30"}, "to"),
        ({"from": "2026-11-02", "to": "2026-11-01"}, "from"),
        ({"from": "2020-01-01", "to": "2026-01-01"}, "from"),
        ({"from": "2020-01-01", "to": "2026-01-01", "resolution": "hour"}, "from"),
        ({"resolution": "year"}, "resolution"),
        ({"measure": "beds"}, "measure.0"),
        ({"bedType": "Bed 7"}, "bedType.0"),
        ({"knownAt": "then"}, "knownAt"),
        ({"form": "2026-11-22"}, "form"),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_its_parameter(
    client: AsyncClient, reo: dict[str, str], asked: dict[str, str], parameter: str
) -> None:
    answer = await client.get(HISTORY, params=asked, headers=reo)

    assert answer.status_code == 400
    assert [fault["parameter"] for fault in answer.json()["errors"]] == [parameter]


async def test_all_wrong_parameters_are_told_at_once(
    client: AsyncClient, reo: dict[str, str]
) -> None:
    asked = {"from": "x", "to": "y", "resolution": "z", "measure": "none"}

    answer = await client.get(HISTORY, params=asked, headers=reo)

    found = {fault["parameter"] for fault in answer.json()["errors"]}
    assert found == {"from", "to", "resolution", "measure.0"}


async def test_too_many_streams_are_told_before_the_answer_begins(
    app: FastAPI, client: AsyncClient, reo: dict[str, str]
) -> None:
    slots = app.state.stream_slots
    while not slots.locked():
        await slots.acquire()

    answer = await client.get(HISTORY, headers=reo)

    assert (answer.status_code, answer.json()["code"]) == (503, "streams-full")
    assert answer.headers["retry-after"] == "5"


@pytest.fixture
async def port(app: FastAPI) -> AsyncIterator[int]:
    """The app behind a real server: what a client sees of a stream that fails."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, lifespan="off", log_level="critical", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    await serving


async def fetched(port: int, headers: dict[str, str], cut: Any = None) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
    asked = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"GET {HISTORY} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{asked}\r\n"
    writer.write(head.encode())
    try:
        answer = await reader.readexactly(20_000 if cut else 100)
        if cut is not None:
            await cut()
        return answer + await asyncio.wait_for(reader.read(), 30)
    finally:
        writer.close()


@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        pytest.param("text/csv", marks=pytest.mark.more),
        pytest.param("application/x-ndjson", marks=pytest.mark.more),
    ],
)
async def test_a_stream_that_fails_has_no_end(
    port: int, database: Database, session: AsyncSession, reo: dict[str, str], accept: str
) -> None:
    # Far more than the buffers between store and reader hold.
    await told.many(session, 100_000, make.now() - 10 * A_DAY, timedelta(seconds=8))
    headers = {**reo, "Accept": accept}

    async def cut() -> None:
        connection = await asyncpg.connect(database.server.dsn("postgres", "postgres"))
        ended = await connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 "
            "AND state IN ('active', 'idle in transaction') AND usename = 'verkeerstoren_app' "
            "AND query LIKE '%told AS MATERIALIZED%'",
            database.name,
        )
        await connection.close()
        assert len(ended) == 1

    failed = await fetched(port, headers, cut)
    sound = await fetched(port, headers)

    assert failed.startswith(b"HTTP/1.1 200")
    assert not failed.endswith(b"0\r\n\r\n")
    assert b"count" not in failed[-100:]
    assert sound.endswith(b"0\r\n\r\n")
    assert b"count" in sound[-100:]


async def test_a_stream_leaves_no_connection_behind(
    client: AsyncClient, app: FastAPI, database: Database, reo: dict[str, str]
) -> None:
    for _ in range(3):
        await client.get(HISTORY, headers=reo)

    connection = await asyncpg.connect(database.server.dsn("postgres", "postgres"))
    left = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = $1 AND query LIKE '%told AS MATERIALIZED%'",
        database.name,
    )
    await connection.close()
    assert left == 0
    assert app.state.stream_slots._value == app.state.settings.streams
