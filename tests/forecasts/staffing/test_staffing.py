"""What `/v1/staffing` tells its owner: the need of the paths, the roster, and what binds."""

import csv
import io
from datetime import timedelta

import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from app.forecasts.queues import servers_for
from app.forecasts.staffing.schemas import Staffing
from tests import make
from tests.forecasts.lay import a_group
from tests.forecasts.staffing.lay import (
    NIGHT,
    SHIFTS,
    TODAY,
    a_norm,
    a_pool,
    a_ward,
    ask,
    heads,
    issue,
    requests,
)

TOMORROW = TODAY + timedelta(days=1)


async def two_wards_and_a_pool(session: AsyncSession) -> None:
    """By day a nurse for four people each, at night one pool over both."""
    await a_ward(session, "one", level=5)
    await a_ward(session, "two", level=7)
    await a_pool(session, "night", "one", "two")
    await a_norm(session, "day", careSetting="reo", role="nurse", patientsPerHead=4, atLeast=1)
    await a_norm(session, "night", staffPool="night", role="nurse", patientsPerHead=16, atLeast=1)


async def test_one_night_nurse_over_two_units_counts_once(
    session: AsyncSession, client: AsyncClient
) -> None:
    await two_wards_and_a_pool(session)
    await a_group(session, "both", "one", "two")
    await heads(session, "rostered", 1, TOMORROW, 30, pool="night", shift=NIGHT)
    await heads(session, "rostered", 1, TODAY - timedelta(days=60), 60, pool="night", shift=NIGHT)
    await heads(session, "absent", 0, TODAY - timedelta(days=60), 60, pool="night", shift=NIGHT)
    await issue(session)
    reo = await make.a_key(session, "staffing:read")

    unit, pool, group = [
        Staffing.model_validate_json((await ask(client, reo, **asked, shift="nacht")).content)
        for asked in ({"unit": "one"}, {"staffPool": "night"}, {"group": "both"})
    ]

    for told in (unit, pool, group):
        (series,) = told.series
        nights = [step for step in series.steps if step.day == TOMORROW]
        assert (nights[0].need.median, nights[0].rostered.value) == (1, 1)
        assert nights[0].short is False
    assert [each.staff_pool for each in unit.covered if each.shift == "nacht"] == ["night"]
    assert unit.series[0].units == ("one", "two")
    assert unit.series[0].norm is not None
    assert unit.series[0].norm.norm == "night"


async def test_a_unit_is_told_need_roster_gap_and_what_binds_for_thirteen_weeks(
    session: AsyncSession, client: AsyncClient
) -> None:
    await a_ward(session, level=11)
    await a_norm(session, "all", role="nurse", patientsPerHead=4, atLeast=1)
    await heads(session, "rostered", 2, TODAY - timedelta(days=60), 95)
    await heads(session, "absent", 0, TODAY - timedelta(days=60), 60)
    await issue(session)
    reo = await make.a_key(session, "staffing:read")

    answer = await ask(client, reo, unit="reo-flex")

    told = Staffing.model_validate_json(answer.content)
    day, night = (
        next(series for series in told.series if series.shift == name) for name in ("dag", "nacht")
    )
    assert 90 <= len(day.steps) <= 92
    (step,) = [each for each in day.steps if each.day == TOMORROW]
    # About eleven people by four a head: three nurses, four with 90%, two on the roster.
    assert (step.need.median, step.rostered.value, step.available.value) == (3, 2, 2)
    assert step.gap.median == -1
    assert step.p_short.value is not None
    assert step.p_short.value > 0.5
    assert step.short is True
    assert step.flexible.value == 1
    assert step.roster_closed
    assert not day.steps[-1].roster_closed
    (capacity,) = [each for each in told.capacity if (each.day, each.shift) == (TOMORROW, "dag")]
    assert (capacity.beds.value, capacity.capacity.value, capacity.binding) == (15, 8, "nurse")
    assert day.absence is not None
    assert day.absence.source == "told"
    assert day.issued_at == told.run.issued_at if told.run else False
    assert {each.rostered.state for each in night.steps} == {"unknown"}
    assert {each.gap.state for each in night.steps} == {"unknown"}
    assert night.steps[3].need.state == "known"


async def test_who_waits_for_a_place_raises_the_need_of_heads(
    session: AsyncSession, client: AsyncClient
) -> None:
    await a_ward(session, "full", level=5, waiting=4)
    await a_ward(session, "calm", level=5)
    await a_pool(session, "night", "full", "calm")
    await a_norm(session, "day", role="nurse", patientsPerHead=4)
    await a_norm(session, "night", staffPool="night", role="nurse", patientsPerHead=4)
    await issue(session)
    reo = await make.a_key(session, "staffing:read")

    full, calm, pool = [
        Staffing.model_validate_json((await ask(client, reo, **asked)).content).series[0]
        for asked in (
            {"unit": "full", "shift": "dag"},
            {"unit": "calm", "shift": "dag"},
            {"staffPool": "night"},
        )
    ]

    told = [(each.made_from, each.steps[-9].need.median) for each in (full, calm, pool)]
    # Nine people are to be nursed, of whom four wait; five; and at night all fourteen.
    assert told == [("need", 3), ("paths", 2), ("need", 4)]
    assert full.issued_at == calm.issued_at


@pytest.mark.parametrize(("waiting", "heads"), [(0, 2.88), (4, 3.88)])
async def test_who_waits_is_in_the_months_too(
    session: AsyncSession, client: AsyncClient, waiting: float, heads: float
) -> None:
    await a_ward(session, level=10, waiting=waiting)
    await a_norm(session, "all", role="nurse", patientsPerHead=4, absence=0.06)
    await issue(session, "months")
    reo = await make.a_key(session, "staffing:read")

    answer = await ask(client, reo, unit="reo-flex", horizon="months")

    told = Staffing.model_validate_json(answer.content)
    assert {series.months[0].need.median for series in told.series} == {heads}


async def test_without_a_roster_the_need_stands_alone_and_nothing_is_zero(
    session: AsyncSession, client: AsyncClient
) -> None:
    await a_ward(session)
    await a_norm(session, "all", role="nurse", patientsPerHead=4)
    await issue(session)
    reo = await make.a_key(session, "staffing:read")

    told = Staffing.model_validate_json((await ask(client, reo, unit="reo-flex")).content)

    steps = [step for series in told.series for step in series.steps if step.day > TODAY]
    assert {step.rostered.value for step in steps} == {None}
    assert {step.p_short.state for step in steps} == {"unknown"}
    assert {step.short for step in steps} == {None}
    assert {step.need.state for step in steps if step.day < TODAY + timedelta(90)} == {"known"}
    assert {each.capacity.state for each in told.capacity} == {"unknown"}


async def test_a_post_of_which_nobody_told_who_asks_is_unknown_and_not_zero(
    session: AsyncSession, client: AsyncClient
) -> None:
    await a_ward(session, roles=["driver"])
    await a_norm(session, "visits", role="driver", measure="homeVisits", perHeadPerHour=1)
    await issue(session)
    reo = await make.a_key(session, "staffing:read")

    told = Staffing.model_validate_json((await ask(client, reo, unit="reo-flex")).content)

    assert told.state == "unknown"
    assert {each.reason.code for each in told.series if each.reason} == {"too-few-requests"}
    assert {step.need.state for each in told.series for step in each.steps} == {"unknown"}


async def test_the_worst_role_is_named_and_roles_are_not_added_up(
    session: AsyncSession, client: AsyncClient
) -> None:
    await a_ward(session, level=10, roles=["nurse", "carer-ig"])
    await a_norm(session, "nurses", role="nurse", patientsPerHead=12, absence=0.05)
    await a_norm(session, "carers", role="carer-ig", patientsPerHead=4, absence=0.05)
    for role in ("nurse", "carer-ig"):
        await heads(session, "rostered", 2, TODAY, 30, role=role)
    await issue(session)
    reo = await make.a_key(session, "staffing:read")

    told = Staffing.model_validate_json((await ask(client, reo, careSetting="reo")).content)

    (worst,) = [e for e in told.worst_by_shift if (e.day, e.shift) == (TOMORROW, "dag")]
    assert (worst.role, worst.unit, worst.short) == ("carer-ig", "reo-flex", True)
    assert told.worst is not None
    assert told.worst.role == "carer-ig"
    assert {(each.role, each.shift) for each in told.series} == {
        (role, shift["shift"]) for role in ("nurse", "carer-ig") for shift in SHIFTS
    }


async def test_the_same_question_has_the_same_tag_and_a_new_roster_another(
    session: AsyncSession, client: AsyncClient
) -> None:
    await a_ward(session)
    await a_norm(session, "all", role="nurse", patientsPerHead=4)
    await issue(session)
    reo = await make.a_key(session, "staffing:read")
    first = await ask(client, reo, unit="reo-flex")

    held = {**reo, "If-None-Match": first.headers["etag"]}
    again = await ask(client, held, unit="reo-flex")
    await heads(session, "rostered", 3, TOMORROW, 20)
    later = await ask(client, held, unit="reo-flex")

    assert (first.status_code, again.status_code, later.status_code) == (200, 304, 200)


async def test_a_planner_gets_the_same_as_csv(session: AsyncSession, client: AsyncClient) -> None:
    await a_ward(session)
    await a_norm(session, "all", role="nurse", patientsPerHead=4)
    await issue(session)
    reo = await make.a_key(session, "staffing:read")

    sheet = await ask(client, {**reo, "Accept": "text/csv"}, unit="reo-flex", shift="dag")

    assert sheet.headers["content-type"].startswith("text/csv")
    head, *rows, last = csv.reader(io.StringIO(sheet.text))
    assert last[:2] == ["#count", str(len(rows))]
    first = dict(zip(head, rows[3], strict=True))
    assert first["needMedian"] == "3.0"
    assert (first["rostered"], first["rosteredState"]) == ("", "unknown")


async def test_months_are_told_in_fte(session: AsyncSession, client: AsyncClient) -> None:
    await a_ward(session, level=10)
    await a_norm(session, "all", role="nurse", patientsPerHead=4, absence=0.06)
    await issue(session, "months")
    reo = await make.a_key(session, "staffing:read")

    told = Staffing.model_validate_json(
        (await ask(client, reo, unit="reo-flex", horizon="months")).content
    )

    (nurses,) = told.fte
    # In the mean ten people by four a head, and 3/8 of a head lost to rounding up, in three shifts
    # of 25 hours together, every day, on 36 hours a week.
    share = 1 - 0.06 - 0.127 - 0.02
    need = (10 / 4 + 3 / 8) * 25 * 7 / (36 * share)
    assert nurses.steps[0].need.median == pytest.approx(need, abs=0.06)
    assert nurses.steps[0].contracted.state == "unknown"
    assert len(nurses.steps) == 18
    assert {series.months[0].need.median for series in told.series} == {2.88}


async def test_months_of_who_asks_by_the_hour_are_told_in_heads_and_fte(
    session: AsyncSession, client: AsyncClient
) -> None:
    await a_ward(session, roles=["triage-nurse"])
    queue = {"handlingMinutes": 10, "targetShare": 0.75, "targetWaitSeconds": 120}
    await a_norm(session, "calls", role="triage-nurse", measure="calls", absence=0.06, **queue)
    await requests(session, "calls", 12, days=40)
    await issue(session, "months")
    reo = await make.a_key(session, "staffing:read")

    answer = await ask(client, reo, unit="reo-flex", horizon="months")

    told = Staffing.model_validate_json(answer.content)
    heads = servers_for(12, 1 / 6, 0.75, 120 / 3600)
    assert {(series.made_from, series.level_weeks) for series in told.series} == {("hourly", 0)}
    assert {len(series.months) for series in told.series} == {18}
    assert [series.months[5].need.median for series in told.series] == pytest.approx([heads] * 3)
    (triage,) = told.fte
    share = 1 - 0.06 - 0.127 - 0.02
    assert triage.steps[5].need.median == pytest.approx(heads * 25 * 7 / (36 * share), abs=0.06)
    assert triage.steps[0].gap.state == "unknown"


async def test_months_of_who_asks_are_unknown_where_too_little_was_told(
    session: AsyncSession, client: AsyncClient
) -> None:
    await a_ward(session, roles=["triage-nurse"])
    await a_norm(session, "calls", role="triage-nurse", measure="calls", handlingMinutes=10)
    await requests(session, "calls", 12, days=10)
    await issue(session, "months")
    reo = await make.a_key(session, "staffing:read")

    answer = await ask(client, reo, unit="reo-flex", horizon="months")

    told = Staffing.model_validate_json(answer.content)
    assert {each.reason.code for each in told.series if each.reason} == {"too-few-requests"}
    assert told.fte[0].state == "unknown"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({}, 400, "not-valid"),
        ({"unit": "one", "group": "both"}, 400, "not-valid"),
        ({"unit": "nowhere"}, 404, "unknown-unit"),
        ({"staffPool": "nowhere"}, 404, "unknown-staff-pool"),
        ({"unit": "one", "levels": "0"}, 400, None),
    ],
)
async def test_a_question_that_cannot_be_answered_is_refused(
    session: AsyncSession, client: AsyncClient, query: dict[str, str], status: int, code: str | None
) -> None:
    reo = await make.a_key(session, "staffing:read")

    answer = await ask(client, reo, **query)

    assert answer.status_code == status
    assert code in (None, answer.json()["code"])


async def test_a_total_tells_which_of_its_posts_are_short_as_each_of_them_does(
    session: AsyncSession, client: AsyncClient
) -> None:
    await a_ward(session, "one", level=11)
    await a_ward(session, "two", level=11)
    await a_ward(session, "untold", level=11)
    await a_norm(session, "all", role="nurse", patientsPerHead=4, absence=0.02)
    await heads(session, "rostered", 2, TOMORROW, 20, unit="one")
    await heads(session, "rostered", 6, TOMORROW, 20, unit="two")
    await issue(session)
    reo = await make.a_key(session, "staffing:read")

    total, *units = [
        Staffing.model_validate_json((await ask(client, reo, **asked, shift="dag")).content)
        for asked in ({"careSetting": "reo"}, {"unit": "one"}, {"unit": "two"}, {"unit": "untold"})
    ]

    (series,) = total.series
    alone = {told.subject: tuple(s.short for s in told.series[0].steps) for told in units}
    assert {post.unit: post.short for post in series.posts} == alone
    (step,) = [step for step in series.steps if step.day == TOMORROW]
    assert step.posts is not None
    assert (step.posts.short, step.posts.known, step.posts.held) == (1, 2, 3)
    assert {each.posts for told in units for each in told.series[0].steps} == {None}
