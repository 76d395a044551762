from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import Row, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import connect, sessions_of
from app.forecasts import calendar
from app.forecasts.commands import MODEL
from app.forecasts.humility import Judged
from app.forecasts.scoring import queries
from app.forecasts.scoring.schemas import Scores, TypeScores
from app.jobs.commands import run_now, working
from tests import make
from tests.conftest import Database
from tests.forecasts.lay import a_group, a_reader, a_series, issue, ripple, score, share

Headers = dict[str, str]
NOW = datetime.now(UTC)
TODAY = calendar.local_day(NOW)
YESTERDAY = TODAY - timedelta(days=1)


def days_ago(days: int) -> datetime:
    """Four o'clock at night of that day, before its census."""
    return calendar.day_start(TODAY - timedelta(days=days)) + timedelta(hours=4)


async def a_judged_unit(
    session: AsyncSession,
    database: Database,
    unit: str = "reo-flex",
    organisation: str = "reo",
    backs: Sequence[int] = (40, 30, 20, 10),
) -> None:
    """A unit with 200 days of occupied places, runs of some days ago, and their scores.

    200 days are too few for the engine, and its part is not what is tested here: they pass as its.
    """
    await a_told_unit(session, unit, organisation)
    for back in backs:
        await issue(database.urls.worker, days_ago(back))
    await session.execute(text(AS_THE_ENGINES))
    await session.commit()
    await score(database.urls.worker, NOW)


AS_THE_ENGINES = """
UPDATE forecast_subjects SET detail = detail || '{"served": "engine"}' WHERE subject_kind = 'unit'
"""


async def a_told_unit(session: AsyncSession, unit: str, organisation: str) -> None:
    await make.a_unit(session, unit, organisation)
    await a_series(session, ripple(200), "occupied", unit, organisation, ends=YESTERDAY)


async def ask(client: AsyncClient, headers: Headers, **query: Any) -> Response:
    return await client.get("/v1/forecasts/scores", params=query, headers=headers)


async def told(client: AsyncClient, headers: Headers, **query: Any) -> Scores:
    answer = await ask(client, headers, **query)
    assert answer.status_code == 200, answer.text
    return Scores.model_validate_json(answer.content)


def beds(answer: Scores) -> TypeScores:
    [found] = answer.scores
    return found


async def rows_of(session: AsyncSession, subject: str = "reo-flex") -> Sequence[Row[Any]]:
    asked = "SELECT * FROM forecast_scores WHERE subject = :subject ORDER BY run_id, first_step"
    found = (await session.execute(text(f"{asked}, known_at"), {"subject": subject})).all()
    await session.rollback()
    return found


async def test_what_was_issued_is_compared_with_what_came_true(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_judged_unit(session, database)
    reo = await a_reader(session, "reo", "provider")

    answer = await told(client, reo, unit="reo-flex")

    assert (answer.state, answer.horizon, answer.measure, answer.days) == (
        *("known", "weeks", "occupied"),
        90,
    )
    near, next_, later, far = beds(answer).distances
    assert [(each.runs, each.points) for each in (near, next_, later, far)] == [
        *((4, 28), (3, 21), (2, 28)),
        (0, 0),
    ]
    assert near.rel_crps is not None
    assert 0 < near.rel_crps < 1
    assert 0.7 <= (near.c80 or 0) <= (near.c95 or 0) <= 1
    assert near.sentence.startswith("Days 1 to 7 ahead, over the last 90 days: 28 points of 4 runs")
    assert (far.state, far.reason and far.reason.code) == ("unknown", "not-judged")


async def test_the_newest_day_that_was_forecast_a_week_before_is_told_with_what_it_became(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_judged_unit(session, database, backs=(9, 8, 7))
    reo = await a_reader(session, "reo", "provider")

    last = beds(await told(client, reo, unit="reo-flex")).last

    assert last is not None
    assert (last.day, last.steps, last.issued_at) == (YESTERDAY, 7, days_ago(7))
    assert last.low <= last.median <= last.high
    assert last.came_true.value == ripple(200)[-1]
    assert last.off_by.value == pytest.approx(last.median - (ripple(200)[-1] or 0), abs=0.06)
    assert "was expected 7 days before" in last.sentence


async def test_in_a_new_tower_nothing_is_known_yet_and_it_says_why(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_judged_unit(session, database, backs=(3,))
    reo = await a_reader(session, "reo", "provider")

    answer = await told(client, reo, unit="reo-flex")

    assert (answer.state, answer.known_at, answer.scores) == ("unknown", None, ())
    assert answer.reason is not None
    assert answer.reason.code == "not-judged"
    assert "once its days 1 to 7 have passed" in answer.reason.detail


@pytest.mark.more
async def test_months_are_scored_by_month(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await make.a_unit(session)
    await a_series(session, ripple(1400), ends=YESTERDAY)
    await issue(database.urls.worker, days_ago(130))
    await score(database.urls.worker, NOW)
    reo = await a_reader(session, "reo", "provider")

    answer = await told(client, reo, unit="reo-flex", horizon="months")

    near = beds(answer).distances[0]
    assert (near.first_step, near.last_step, near.points, near.runs) == (1, 3, 3, 1)
    assert near.sentence.startswith("Months 1 to 3 ahead")
    last = beds(answer).last
    assert last is not None
    assert (last.day.day, last.steps) == (1, 3)


async def test_a_day_of_which_nothing_was_told_is_not_counted(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session)
    values = ripple(200)
    values[-3], values[-6] = None, None
    await a_series(session, values, ends=YESTERDAY)
    await issue(database.urls.worker, days_ago(7))

    await score(database.urls.worker, NOW)

    [row] = await rows_of(session)
    assert row.points == 5


async def test_a_window_of_which_nothing_came_true_is_kept_without_a_score(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await make.a_unit(session)
    await a_series(session, ripple(120), ends=TODAY - timedelta(days=9))
    await issue(database.urls.worker, days_ago(8))
    await score(database.urls.worker, NOW)
    reo = await a_reader(session, "reo", "provider")

    answer = await told(client, reo, unit="reo-flex")

    [row] = await rows_of(session)
    assert (row.points, row.crps, row.c80, row.came_true) == (0, None, None, None)
    assert beds(answer).state == "unknown"
    assert beds(answer).last is None


async def test_a_window_is_scored_once_and_once_more_when_corrections_have_come_in(
    session: AsyncSession, database: Database
) -> None:
    await a_judged_unit(session, database, backs=(7,))
    first = await rows_of(session)

    again = await score(database.urls.worker, NOW)
    settled = await score(database.urls.worker, days_ago(-14), datetime.now(UTC) + timedelta(15))
    once_more = await score(database.urls.worker, days_ago(-14), datetime.now(UTC) + timedelta(15))

    assert again["scores"] == once_more["scores"] == 0
    assert settled["runs"] == 1
    near = [row for row in await rows_of(session) if row.first_step == 1]
    assert [near[0]] == list(first)
    assert near[1].known_at > near[0].known_at
    assert near[1].crps == near[0].crps


@pytest.mark.parametrize(
    ("known", "changed"),
    [
        # After the run's own data cut, which it could not know.
        (timedelta(hours=9), False),
        # The broken twin: before it.
        (timedelta(days=-9), True),
    ],
)
async def test_the_naive_is_made_of_what_was_known_when_the_run_was(
    session: AsyncSession, database: Database, known: timedelta, changed: bool
) -> None:
    await make.a_unit(session)
    await session.execute(text("UPDATE unit_versions SET known_at = '2020-01-01'"))
    cut = days_ago(8)
    series_id = await a_series(session, ripple(200), ends=YESTERDAY)
    await issue(database.urls.worker, days_ago(8), cut)
    await score(database.urls.worker, NOW)
    [before] = await rows_of(session)

    # The last days before the run are told to have been otherwise.
    correction = {"series_id": series_id, "known_at": cut + known, "since": cut - timedelta(6)}
    await session.execute(text(LATER), {**correction, "cut": cut})
    await session.execute(text("TRUNCATE forecast_scores"))
    await session.commit()
    await score(database.urls.worker, NOW)

    [after] = await rows_of(session)
    assert after.came_true == before.came_true
    assert (after.baseline_crps != before.baseline_crps) == changed
    assert after.crps == before.crps


LATER = """
INSERT INTO observations (org_id, series_id, at, length_s, known_at, observed_at, value,
                          report_id, reported_by, precision)
SELECT org_id, series_id, at, length_s,
       greatest(CAST(:known_at AS timestamptz), known_at + interval '1 second'), at, value + 7,
       report_id, reported_by, precision
  FROM observations
 WHERE series_id = :series_id AND at > :since AND at < :cut AND known_at < :cut
"""


async def test_a_correction_of_what_came_true_counts_when_it_is_scored_again(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await make.a_unit(session)
    series_id = await a_series(session, ripple(200), ends=YESTERDAY)
    await issue(database.urls.worker, days_ago(18))
    await score(database.urls.worker, days_ago(10))
    reo = await a_reader(session, "reo", "provider")
    before = beds(await told(client, reo, unit="reo-flex")).distances[0]
    was_known_at = datetime.now(UTC)

    now = {"series_id": series_id, "known_at": was_known_at, "since": days_ago(18), "cut": NOW}
    await session.execute(text(LATER), now)
    await session.commit()
    await score(database.urls.worker, days_ago(-4), NOW + timedelta(days=5))

    after = beds(await told(client, reo, unit="reo-flex")).distances[0]
    assert (after.runs, after.points) == (before.runs, before.points) == (1, 7)
    assert (before.bias or 0) - (after.bias or 0) == pytest.approx(7, abs=0.02)


async def test_a_total_is_compared_with_the_sum_of_its_members_at_issue(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_told_unit(session, "reo-flex", "reo")
    await a_told_unit(session, "caz-bed", "caz")
    await a_group(session, "alle-reo", "reo-flex", "caz-bed")
    await issue(database.urls.worker, days_ago(7))
    await session.execute(text(JOINS))
    await session.commit()
    await a_told_unit(session, "later", "later")
    rtp = await a_reader(session, "rtp", "coordinator")

    await score(database.urls.worker, NOW)

    [row] = await rows_of(session, "alle-reo")
    assert row.came_true == 2 * (ripple(200)[-1] or 0)
    last = beds(await told(client, rtp, group="alle-reo")).last
    assert last is not None
    assert last.came_true.value == row.came_true


JOINS = """
UPDATE group_versions SET facts = jsonb_set(facts, '{members}', '[{"unit": "reo-flex"}]')
"""


@pytest.mark.parametrize(
    ("organisation", "audience", "state", "truth"),
    [
        ("reo", "provider", "known", "known"),
        ("rtp", "coordinator", "known", "known"),
        ("tower", "operator", "known", "known"),
        ("caz", "provider", "suppressed", None),
        ("gemeente", "municipality", "suppressed", None),
        ("verzekeraar", "insurer", "suppressed", None),
        # The forecast was shared with it, the figure itself was not.
        ("buur", "provider", "known", "suppressed"),
    ],
)
async def test_who_may_not_see_a_forecast_sees_no_score_and_no_figure_that_is_not_shared(
    session: AsyncSession,
    database: Database,
    client: AsyncClient,
    organisation: str,
    audience: str,
    state: str,
    truth: str | None,
) -> None:
    await a_judged_unit(session, database, backs=(7,))
    viewer = await a_reader(session, organisation, audience)
    await share(session, "reo", organisation="buur", detail="exact")

    answer = await told(client, viewer, unit="reo-flex")

    found = beds(answer)
    assert (answer.state, found.state) == (state, state)
    assert bool(found.distances) == (state == "known")
    assert (found.last and found.last.came_true.state) == truth
    assert (found.last and found.last.off_by.state) == truth


async def test_a_total_of_two_others_is_scored_for_all_without_the_figure_itself(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_told_unit(session, "reo-a", "reo")
    await a_judged_unit(session, database, "reo-b", "huis", backs=(7,))
    town = await a_reader(session, "gemeente", "municipality")
    huis = await a_reader(session, "huis", "provider")

    by_town = beds(await told(client, town, careSetting="reo"))
    by_one_of_two = beds(await told(client, huis, careSetting="reo"))

    assert by_town.state == "known"
    assert by_town.last is not None
    assert by_town.last.came_true.state == "suppressed"
    assert by_one_of_two.state == "suppressed"


async def test_a_delayed_forecast_is_scored_as_much_later(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_judged_unit(session, database, backs=(20, 7))
    caz = await a_reader(session, "caz", "provider")
    delay = {"organisation": "caz", "detail": "exact", "delayMinutes": 5 * 24 * 60}
    await share(session, "reo", **delay)

    near = beds(await told(client, caz, unit="reo-flex")).distances[0]

    assert near.runs == 1


async def test_what_was_known_before_it_was_scored_is_asked_again(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_judged_unit(session, database, backs=(7,))
    reo = await a_reader(session, "reo", "provider")
    before = NOW - timedelta(hours=1)

    answer = await told(client, reo, unit="reo-flex", knownAt=before.isoformat())

    assert answer.state == "unknown"


@pytest.mark.parametrize(
    ("query", "status", "parameter"),
    [
        ({"unit": "no-such"}, 404, None),
        ({"group": "no-such"}, 404, None),
        ({"careSetting": "no-such"}, 400, "careSetting"),
        ({"unit": "reo-flex", "horizon": "years"}, 400, "horizon"),
        ({"unit": "reo-flex", "measure": "need"}, 400, "measure"),
        ({"unit": "reo-flex", "days": "7"}, 400, "days"),
        ({"unit": "reo-flex", "knownAt": "2999-01-01T00:00:00Z"}, 400, "knownAt"),
        ({"unit": "reo-flex", "group": "caz"}, 400, "unit"),
        ({"unit": "reo-flex", "colour": "red"}, 400, "colour"),
        ({}, 400, "unit"),
    ],
)
async def test_what_cannot_be_answered_is_a_problem_that_names_the_parameter(
    session: AsyncSession, client: AsyncClient, query: Headers, status: int, parameter: str | None
) -> None:
    await make.a_unit(session)
    reo = await a_reader(session, "reo", "provider")

    answer = await ask(client, reo, **query)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json().get("errors") or [{}])[0].get("parameter") == parameter


async def test_scores_are_immutable_for_the_app_and_the_worker(database: Database) -> None:
    for url in (database.urls.app, database.urls.worker):
        engine = connect(url, pool_size=1)
        for change in (
            "DELETE FROM forecast_scores",
            "UPDATE forecast_scores SET points = 0",
            "TRUNCATE forecast_scores",
        ):
            async with engine.connect() as connection:
                with pytest.raises(ProgrammingError, match="permission denied"):
                    await connection.execute(text(change))
        await engine.dispose()


async def sums(database: Database, at: datetime, model: str = MODEL) -> list[Judged]:
    async with working(database.urls.worker) as engine, sessions_of(engine)() as session:
        await session.execute(text("SELECT 1"))
        found = await queries.judged(session, "weeks", model, at, datetime.now(UTC))
    return [each for each in found if each.subject.subject_kind == "unit"]


async def test_the_next_run_is_told_what_this_model_did_in_sixty_days(
    session: AsyncSession, database: Database
) -> None:
    await a_judged_unit(session, database, backs=(90, 20, 10))

    [found] = await sums(database, NOW)

    # Of the run of 90 days ago only its days 15 to 28 closed within the 60 days: 62 ago.
    rows = [row for row in await rows_of(session) if row.ends_at > NOW - timedelta(days=60)]
    points = sum(row.points for row in rows)
    assert (found.runs, found.points) == (len({row.run_id for row in rows}), points)
    assert found.crps == pytest.approx(sum(row.points * row.crps for row in rows) / points)
    assert await sums(database, NOW, "another 1") == []


async def test_what_was_served_as_the_naive_does_not_speak_against_the_engine(
    session: AsyncSession, database: Database
) -> None:
    await a_told_unit(session, "reo-flex", "reo")
    await issue(database.urls.worker, days_ago(10))
    await serve_the_naive(session)

    await score(database.urls.worker, NOW)

    assert {row.served for row in await rows_of(session)} == {"naive"}
    assert await sums(database, NOW) == []


async def serve_the_naive(session: AsyncSession) -> None:
    because = """'{"served": "naive", "servedBecause": "It was better here."}'"""
    await session.execute(text(f"UPDATE forecast_subjects SET detail = detail || {because}"))
    await session.commit()


@pytest.mark.more
async def test_a_forecast_says_that_the_naive_is_served_and_why(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_told_unit(session, "reo-flex", "reo")
    await issue(database.urls.worker, NOW)
    await serve_the_naive(session)
    reo = await a_reader(session, "reo", "provider")

    answer = await client.get("/v1/forecasts", params={"unit": "reo-flex"}, headers=reo)

    [found] = answer.json()["forecasts"]
    assert (found["served"], found["servedBecause"]) == ("naive", "It was better here.")


async def test_coverage_is_told_by_the_day_on_which_windows_ended(
    session: AsyncSession, database: Database
) -> None:
    await a_judged_unit(session, database, backs=(8, 7))

    async with working(database.urls.worker) as engine, sessions_of(engine)() as worker:
        await worker.execute(text("SELECT 1"))
        found = await queries.coverage(worker, "weeks", MODEL, NOW, datetime.now(UTC))

    # Seven days each; what a total held is that of its units.
    assert [(each.day, each.points) for each in sorted(found)] == [
        (YESTERDAY - timedelta(days=1), 7),
        (YESTERDAY, 7),
    ]


async def test_the_job_scores_what_is_due_and_tells_how_much(
    session: AsyncSession, database: Database
) -> None:
    await a_told_unit(session, "reo-flex", "reo")
    await session.execute(text("UPDATE unit_versions SET known_at = '2020-01-01'"))
    await session.commit()
    at, cut = days_ago(7), days_ago(7)
    await issue(database.urls.worker, at, cut)
    await session.execute(text("UPDATE forecast_runs SET known_at = issued_at"))
    await session.commit()

    outcome = await run_now(database.urls.worker, "score", at=NOW - timedelta(minutes=1))

    # The unit and its care setting.
    assert outcome == {"runs": 1, "scores": 2, "points": 14, "left": 0}
