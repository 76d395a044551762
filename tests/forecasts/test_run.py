import dataclasses
import uuid
from datetime import UTC, datetime, time, timedelta

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import connect, sessions_of
from app.forecasts import asking, calendar, queries
from app.forecasts.baseline import forecast_daily
from app.forecasts.demand import whole
from app.forecasts.runs import Issued, Kind, Run
from app.forecasts.series import Stock, daily
from app.jobs.commands import Outcome, days_work, working
from app.observations.tables import UnitEventVersion
from tests import make
from tests.conftest import Database
from tests.forecasts.lay import AT, ENDS, a_cut, a_group, a_series, issue, ripple

OCCUPIED = Kind("occupied", "bed", "observation-elderly")


def said(run: Run, subject: str = "reo-flex", kind: Kind = OCCUPIED) -> Issued:
    return next(each for each in run.issued if (each.subject, each.kind) == (subject, kind))


async def test_a_unit_with_history_is_forecast_for_weeks_and_not_yet_for_months(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    values = ripple(120)
    await a_series(session, values)
    await a_series(session, [12.0] * 120, "staffed")

    runs = await issue(database.urls.worker)

    weeks, months = said(runs["weeks"]), said(runs["months"])
    expected = forecast_daily(np.array(values, dtype=float), 98)
    assert weeks.state == "known"
    assert len(weeks.steps) == 98
    assert weeks.steps[0].at == datetime(2026, 11, 20, 23, tzinfo=UTC)
    assert {step.supply for step in weeks.steps} == {12.0}
    np.testing.assert_allclose([step.quantiles for step in weeks.steps], expected)
    assert months.state == "unknown"
    assert months.detail["reason"]["code"] == "too-short"


@pytest.mark.more
async def test_a_year_of_days_is_forecast_for_18_months(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await a_series(session, ripple(400))
    await a_series(session, [12.0] * 30, "staffed")

    runs = await issue(database.urls.worker)

    months = said(runs["months"])
    assert [step.at.month for step in months.steps][:3] == [10, 11, 12]  # local midnight, in UTC
    assert len(months.steps) == 18
    assert sum(step.length_s for step in months.steps[:2]) == 61 * 86400
    assert 9 < months.steps[3].quantiles[10] < 10
    assert said(runs["weeks"]).detail["served"] == "engine"
    assert said(runs["weeks"]).detail["skill"]["relCrps"] > 0


async def test_a_bed_type_of_which_nothing_was_told_is_unknown_and_not_absent(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)

    runs = await issue(database.urls.worker)

    assert said(runs["weeks"]).state == "unknown"
    assert said(runs["weeks"]).detail["reason"]["code"] == "nothing-told"


async def test_input_of_two_days_and_more_ago_widens_the_band_and_says_so(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await a_series(session, ripple(120))

    fresh = said((await issue(database.urls.worker))["weeks"])
    stale = said((await issue(database.urls.worker, AT + timedelta(days=3)))["weeks"])

    assert (fresh.detail["grade"], stale.detail["grade"]) == ("fresh", "stale")
    # The same local days of both runs.
    for early, late in zip(fresh.steps[3:], stale.steps, strict=False):
        assert early.at == late.at
        assert late.quantiles[-1] - late.quantiles[0] > early.quantiles[-1] - early.quantiles[0]


async def test_a_unit_that_is_silent_for_longer_than_two_weeks_is_unknown(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await a_series(session, ripple(120))

    late = said((await issue(database.urls.worker, AT + timedelta(days=15)))["weeks"])

    assert late.detail["reason"]["code"] == "silent"


async def test_what_becomes_known_later_changes_no_bit_of_a_run(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    series_id = await a_series(session, ripple(120))
    await a_series(session, [12.0] * 120, "staffed")
    cut = a_cut()
    before = await issue(database.urls.worker, AT, cut)

    later = {"series_id": series_id, "known_at": cut + timedelta(hours=1)}
    await session.execute(text(LATER), later)
    await session.commit()
    after = await issue(database.urls.worker, AT, cut)

    assert numbers(before) == numbers(after)
    # The broken twin reads the newest, whenever it was known: this test must see it.
    twin = await issue(database.urls.worker, AT, cut + timedelta(days=1))
    assert numbers(before) != numbers(twin)


# The last weeks are corrected to ten times as much, and days are told that lie ahead of them.
LATER = """
INSERT INTO observations (org_id, series_id, at, length_s, known_at, observed_at, value,
                          report_id, reported_by, precision)
SELECT org_id, series_id, at + shift, length_s, CAST(:known_at AS timestamptz) - shift / 1000,
       at + shift, value * 10, report_id, reported_by, precision
  FROM observations, (VALUES (interval '0'), (interval '10 days')) AS s(shift)
 WHERE series_id = :series_id AND at > timestamptz '2026-10-01'
"""


def numbers(runs: dict[str, Run]) -> list[object]:
    return [(name, dataclasses.astuple(each)) for name, run in runs.items() for each in run.issued]


async def test_the_future_beyond_the_issue_is_not_read(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await a_series(session, ripple(120), ends=ENDS + timedelta(days=1), known_at=make.LONG_AGO)

    weeks = said((await issue(database.urls.worker))["weeks"])

    assert weeks.detail["lastTold"] == "2026-11-20"


async def test_figures_at_the_census_equal_those_of_the_pure_series(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    values = [None if n % 9 == 4 else float(n % 7) for n in range(400)]
    await a_series(session, values, at=time(14, 30))

    async with working(database.urls.worker) as engine, sessions_of(engine)() as worker:
        region = await queries.region(worker, AT, a_cut())

    days = [ENDS - timedelta(days=399 - n) for n in range(400)]
    moments = [calendar.moment(day, time(14, 30)) for day in days]
    stocks = [Stock(at, value) for at, value in zip(moments, values, strict=True)]
    expected = daily(stocks, until=AT)
    found = whole(region.told["reo-flex", OCCUPIED])
    assert found.first == expected.first
    np.testing.assert_array_equal(found.values, expected.values)


async def test_a_hand_entry_stands_over_a_feed_for_four_hours(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await a_series(session, [5.0] * 20, at=time(7, 50))
    await a_series(session, [1.0] * 10, source_kind="hand", at=time(7, 0))
    await a_series(session, [8.0] * 20, source_kind="hand", at=time(2, 0), measure="staffed")
    await a_series(session, [7.0] * 20, source_kind="feed", at=time(7, 0), measure="staffed")
    await a_series(session, [3.0] * 20, source_kind="import", at=time(7, 0), measure="staffed")

    async with working(database.urls.worker) as engine, sessions_of(engine)() as worker:
        region = await queries.region(worker, AT, a_cut())

    occupied = whole(region.told["reo-flex", OCCUPIED]).values
    assert occupied.tolist() == [5.0] * 10 + [1.0] * 10
    assert set(whole(region.told["reo-flex", Kind("staffed", *OCCUPIED[1:])]).values) == {7.0}


async def test_a_closure_takes_its_places_away_for_as_long_as_it_lasts(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await a_series(session, ripple(120))
    await a_series(session, [14.0] * 120, "staffed")
    org_id = await make.an_organisation(session)
    session.add(
        UnitEventVersion(
            org_id=org_id,
            event=uuid.uuid4(),
            unit="reo-flex",
            kind="closure",
            bed_type="",
            begins_at=AT + timedelta(days=5),
            ends_at=AT + timedelta(days=8),
            change=-6,
            reason="staff",
            withdrawn=False,
            reported_by=org_id,
        )
    )
    await session.commit()

    weeks = said((await issue(database.urls.worker))["weeks"])

    assert [step.supply for step in weeks.steps[:9]] == [14] * 5 + [8] * 3 + [14]
    short = [step.p_short or 0 for step in weeks.steps]
    assert weeks.detail["worst"] is not None
    assert min(short[5:8]) > max(short[:5])


async def test_without_a_told_supply_the_chance_of_a_shortage_is_unknown(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await a_series(session, ripple(120))
    await a_series(session, [*[14.0] * 119, None], "staffed")

    weeks = said((await issue(database.urls.worker))["weeks"])

    assert weeks.state == "known"
    assert {step.supply for step in weeks.steps} == {None}
    assert {step.p_short for step in weeks.steps} == {None}


async def test_parts_are_summed_only_on_days_when_all_were_told(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await a_series(session, [2.0] * 30, "medicallyReady", destination="home")
    await a_series(session, [*[3.0] * 29, None], "medicallyReady", destination="wlz")

    runs = await issue(database.urls.worker)

    ready = said(runs["weeks"], kind=Kind("medicallyReady", "bed", "observation-elderly"))
    assert ready.detail["lastTold"] == "2026-11-19"
    assert ready.steps[0].quantiles[10] == pytest.approx(5)
    assert ready.detail["supply"] == "notApplicable"


async def test_a_total_sums_its_members_by_type_and_names_who_is_missing(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await make.a_unit(session, "caz-bed", "caz")
    await make.a_unit(session, "stil", "caz")
    await a_group(session, "alle-reo", "reo-flex", "caz-bed", "stil")
    for unit, organisation, level in (("reo-flex", "reo", 4.0), ("caz-bed", "caz", 6.0)):
        await a_series(session, [level] * 60, unit=unit, organisation=organisation)
        await a_series(session, [level + 1] * 60, "staffed", unit=unit, organisation=organisation)

    weeks = (await issue(database.urls.worker))["weeks"]

    for subject in ("alle-reo", "reo"):
        total = said(weeks, subject)
        assert total.org_id == 0
        assert total.steps[0].quantiles[10] == pytest.approx(10, abs=0.1)  # of 500 paths
        assert total.steps[0].supply == 12
        assert sorted(total.detail["members"]) == ["caz-bed", "reo-flex"]
        assert total.detail["missing"] == [{"unit": "stil", "reason": "nothing-told"}]


@pytest.mark.more
async def test_other_processes_answer_the_same_as_this_one(
    session: AsyncSession, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make.a_unit(session)
    await a_series(session, ripple(120))

    here = await issue(database.urls.worker)
    monkeypatch.setattr(asking, "LONG", 0)
    there = await issue(database.urls.worker)

    assert numbers(here) == numbers(there)


async def test_runs_are_immutable_for_the_app_and_the_worker(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await a_series(session, ripple(120))
    await issue(database.urls.worker)

    for url in (database.urls.app, database.urls.worker):
        engine = connect(url, pool_size=1)
        for table in ("forecast_runs", "forecast_subjects", "forecast_points"):
            for change in (f"DELETE FROM {table}", f"UPDATE {table} SET run_id = run_id"):
                async with engine.connect() as connection:
                    with pytest.raises(ProgrammingError, match="permission denied"):
                        await connection.execute(text(change))
        await engine.dispose()
    privileges = await session.execute(text(CHANGERS))
    assert privileges.all() == []


CHANGERS = """
SELECT role, name, kind
  FROM unnest(ARRAY['verkeerstoren_app', 'verkeerstoren_worker']) AS role,
       unnest(ARRAY['forecast_runs', 'forecast_subjects', 'forecast_points']) AS name,
       unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS kind
 WHERE has_table_privilege(role, name, kind)
"""


async def test_places_that_were_told_since_the_census_are_those_that_there_will_be(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await a_series(session, ripple(120))
    await a_series(session, [*[12.0] * 119, 0.0], "staffed")
    await a_series(session, [12.0] * 2, "staffed", source_kind="hand", at=time(8, 30))

    weeks = said((await issue(database.urls.worker))["weeks"])

    assert {step.supply for step in weeks.steps} == {12.0}


async def test_the_next_days_are_issued_anew_only_when_something_was_told(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    await a_series(session, ripple(60))

    first = await days_of(database, AT)
    quiet = await days_of(database, AT + timedelta(hours=1))
    await a_series(session, [12.0] * 2, "staffed", at=time(10, 30))
    again = await days_of(database, AT + timedelta(hours=4))

    assert first["days"]["runId"] != again["days"]["runId"]
    assert quiet == {"days": "nothing was told since the last run"}


async def days_of(database: Database, at: datetime) -> Outcome:
    async with working(database.urls.worker) as engine:
        store = await days_work(engine, at, at)
        async with sessions_of(engine)() as session, session.begin():
            await session.execute(text("SELECT 1"))
            return await store(session)
