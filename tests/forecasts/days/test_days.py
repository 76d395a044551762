from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import sessions_of
from app.facilities.tables import RuleVersion
from app.forecasts.days import queries
from app.forecasts.schemas import Forecast
from app.jobs.commands import run_now, working
from tests import make
from tests.conftest import Database
from tests.forecasts.days.lay import Row, every, told
from tests.forecasts.lay import a_cut, a_group, issue

# A Friday; in the evening the HAP opens.
AT = datetime(2026, 11, 20, 3, tzinfo=UTC)
SHIFT, DAY = timedelta(hours=8), timedelta(hours=24)
BEDS: dict[str, Any] = {"resource": "bed", "bed_type": "observation-elderly"}
SHIFTS = [
    {"shift": "dag", "start": "07:00", "end": "15:30"},
    {"shift": "avond", "start": "15:00", "end": "23:15"},
    {"shift": "nacht", "start": "23:00", "end": "07:15"},
]


async def a_ward(
    session: AsyncSession,
    unit: str = "reo-flex",
    organisation: str = "reo",
    *,
    there: float = 10,
    **facts: Any,
) -> None:
    """60 days of a shift in which as many come as leave, of twelve places."""
    await make.a_unit(session, unit, organisation, shifts=SHIFTS, **facts)
    for measure, value in (("admissions", 1.0), ("discharges", 1.0)):
        rows = every(SHIFT, AT, [value] * 180)
        await told(session, measure, rows, unit, organisation, **BEDS)
    for measure, value in (("occupied", there), ("staffed", 12.0), ("reserved", 0.0)):
        rows = every(SHIFT, AT, [value] * 180, stock=True)
        await told(session, measure, rows, unit, organisation, **BEDS)


async def a_reader(
    session: AsyncSession, organisation: str = "reo", audience: str = "provider"
) -> dict[str, str]:
    return await make.a_key(session, "forecasts:read", organisation=organisation, audience=audience)


async def ask(client: AsyncClient, headers: dict[str, str], **query: str) -> Forecast:
    asked = {"horizon": "days", **query}
    answer = await client.get("/v1/forecasts", params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    return Forecast.model_validate_json(answer.content)


@pytest.mark.more
async def test_a_ward_is_told_its_next_shifts_by_the_same_job(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_ward(session)
    reo = await a_reader(session)

    outcome = await run_now(database.urls.worker, "forecast", at=AT, known_at=datetime.now(UTC))
    found = await ask(client, reo, unit="reo-flex")

    assert list(outcome) == ["days", "weeks", "months", "years"]
    assert (found.state, found.horizon, found.measure) == ("known", "days", "occupied")
    (beds,) = found.forecasts
    assert [(step.until - step.at).total_seconds() / 3600 for step in beds.steps] == [3] + [8] * 9
    assert beds.made_of is not None
    assert beds.made_of.arrivals_from == ("admissions",)
    assert (beds.made_of.queue, beds.made_of.patience_hours) == ("erlang-a", 48)
    assert beds.refusal_risk is not None
    assert 0 < (beds.refusal_risk.value or 0) < 0.5
    for before, step in zip(beds.steps, beds.steps[1:], strict=False):
        assert before.until == step.at
        assert step.arrivals is not None
        assert step.departures is not None
        assert step.net is not None
        assert [each.level for each in step.arrivals.intervals] == [50, 80, 95]
        assert step.arrivals.median == pytest.approx(1, abs=0.6)
        assert step.departures.median == pytest.approx(1, abs=0.7)
        assert step.net.intervals[2].low < 0 < step.net.intervals[2].high
        assert (step.median or 0) <= (step.need.median or 0)
        assert step.at_least_90 is not None
        assert step.at_least_70 is not None
        assert 0 <= (step.at_least_90.value or 0) <= (step.at_least_70.value or 0)
        assert step.supply.value == 12
        assert step.p_short.state == "known"
    set_hours = [each for step in beds.steps for each in step.no_place or ()]
    assert [each.at.hour for each in set_hours[:3]] == [7, 16, 21]
    assert {each.state for each in set_hours} == {"known"}


async def test_who_is_planned_to_come_and_who_waits_are_read(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_ward(session, there=12)
    today = datetime(2026, 11, 19, 23, tzinfo=UTC)
    said_at = AT - timedelta(hours=1)
    await told(session, "plannedAdmissions", [(today, DAY, 4.0)], said_at=said_at, **BEDS)
    await told(session, "waiting", every(SHIFT, AT, [2.0] * 3, stock=True), **BEDS)
    reo = await a_reader(session)
    await issue(database.urls.worker, AT)

    (beds,) = (await ask(client, reo, unit="reo-flex")).forecasts

    assert beds.made_of is not None
    assert (beds.made_of.comes_planned, beds.made_of.waiting) == (4, 2)
    assert (beds.steps[0].need.median or 0) > (beds.steps[0].median or 0) + 1


async def test_other_horizons_do_not_tell_what_is_of_the_days_only(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_ward(session)
    reo = await a_reader(session)
    await issue(database.urls.worker, AT)

    (beds,) = (await ask(client, reo, unit="reo-flex", horizon="weeks")).forecasts

    assert beds.steps
    for step in beds.steps:
        assert (step.arrivals, step.departures, step.net, step.no_place) == (None,) * 4
        assert (step.at_least_90, step.at_least_70) == (None, None)
    assert (beds.refusal_risk, beds.made_of) == (None, None)


HAP: dict[str, Any] = {
    "careSetting": "huisartsenpost",
    "resource": "consult",
    "beds": [],
    "openingHours": {
        "referral": [
            {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "17:00", "end": "08:00"},
            {"days": ["sat", "sun"], "start": "08:00", "end": "08:00"},
        ],
        "walk-in": [],
        "ambulance": [],
        "transfer": [],
    },
}


def evenings() -> list[Row]:
    """Calls by the hour from 17:00 to 23:00 of 60 evenings, and nothing of other hours."""
    first = datetime(2026, 9, 20, 16, tzinfo=UTC)
    starts = [first + DAY * n + timedelta(hours=hour) for n in range(60) for hour in range(6)]
    return [(at, timedelta(hours=1), 8.0) for at in starts]


async def test_a_post_is_told_its_calls_and_the_chance_of_more_than_its_people_can_take(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await make.a_unit(session, "hap", "huisartsen", **HAP)
    await told(session, "calls", evenings(), "hap", "huisartsen")
    evening = [(datetime(2026, 11, 20, 16, tzinfo=UTC), timedelta(hours=6), 1.0)]
    role: dict[str, Any] = {"role": "triage-nurse", "shift": "avond", "said_at": AT - DAY}
    await told(session, "rostered", evening, "hap", "huisartsen", **role)
    await a_norm(session)
    post = await a_reader(session, "huisartsen")
    await issue(database.urls.worker, AT)

    found = await ask(client, post, unit="hap")

    assert found.measure == "calls"
    (calls,) = found.forecasts
    assert len(calls.steps) == 72
    assert calls.sources[0].what == "triage-nurse 6/h"
    by_hour = {step.at: step for step in calls.steps}
    tonight = by_hour[datetime(2026, 11, 20, 18, tzinfo=UTC)]
    assert tonight.median == pytest.approx(8, abs=1.5)
    assert tonight.arrivals is not None
    assert tonight.arrivals.median == tonight.median
    assert tonight.departures is not None
    assert tonight.departures.state == "notApplicable"
    assert tonight.at_least_90 is not None
    assert tonight.at_least_90.state == "notApplicable"
    assert tonight.supply.value == 6
    assert (tonight.p_short.value or 0) > 0.5
    tomorrow = by_hour[datetime(2026, 11, 21, 18, tzinfo=UTC)]
    assert (tomorrow.p_short.state, tomorrow.p_short.value) == ("unknown", None)


async def a_norm(session: AsyncSession) -> None:
    settings = {"careSetting": "huisartsenpost", "role": "triage-nurse", "measure": "calls"}
    session.add(
        RuleVersion(
            kind="norm",
            rule="calls-per-triage-nurse",
            org_id=0,
            valid_from=make.LONG_AGO,
            facts={
                "source": "fictief",
                "year": 2026,
                "settings": {**settings, "perHeadPerHour": 6},
            },
        )
    )
    await session.commit()


async def test_an_seh_is_told_by_the_hour_and_refuses_nobody(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    spaces: dict[str, Any] = {"resource": "treatment-space"}
    await make.a_unit(
        session, "seh", "ziekenhuis", careSetting="seh", beds=[], resource="treatment-space"
    )
    hour = timedelta(hours=1)
    for measure in ("admissions", "discharges"):
        await told(session, measure, every(hour, AT, [4.0] * 480), "seh", "ziekenhuis", **spaces)
    for measure, value in (("occupied", 8.0), ("staffed", 18.0)):
        rows = every(hour, AT, [value] * 480, stock=True)
        await told(session, measure, rows, "seh", "ziekenhuis", **spaces)
    hospital = await a_reader(session, "ziekenhuis")
    await issue(database.urls.worker, AT)

    (found,) = (await ask(client, hospital, unit="seh")).forecasts

    assert (found.resource, found.bed_type) == ("treatment-space", None)
    assert len(found.steps) == 72
    assert found.steps[40].median == pytest.approx(8, abs=2)
    assert found.refusal_risk is not None
    assert found.refusal_risk.state == "notApplicable"
    assert found.made_of is not None
    assert found.made_of.mean_stay_days == pytest.approx(2 / 24, abs=0.02)


async def test_quarters_of_an_hour_say_the_same_as_the_hours_they_fill(
    session: AsyncSession, database: Database
) -> None:
    await make.a_unit(session, "een", "a")
    await make.a_unit(session, "twee", "b")
    quarter, hour = timedelta(minutes=15), timedelta(hours=1)
    await told(session, "admissions", every(hour, AT, [4.0, 6.0, None]), "een", "a", **BEDS)
    quarters: Sequence[float | None] = [1, 1, 1, 1, 0, 2, 2, 2, 1, None, 1, 1]
    await told(session, "admissions", every(quarter, AT, quarters), "twee", "b", **BEDS)

    async with working(database.urls.worker) as engine, sessions_of(engine)() as worker:
        known = await queries.known(worker, AT, a_cut(), {})

    one, two = (known.flow(unit, "admissions") for unit in ("een", "twee"))
    assert one.starts.tolist() == two.starts.tolist()
    assert (one.values.tolist(), two.values.tolist()) == ([4, 6], [4, 6])


async def test_what_becomes_known_after_the_cut_is_not_read(
    session: AsyncSession, database: Database
) -> None:
    await a_ward(session)
    cut = a_cut()
    await told(session, "requests", every(SHIFT, AT, [50.0] * 3), said_at=cut + DAY, **BEDS)

    async with working(database.urls.worker) as engine, sessions_of(engine)() as worker:
        then = await queries.known(worker, AT, cut, {})
        later = await queries.known(worker, AT, cut + 2 * DAY, {})

    assert len(then.flow("reo-flex", "admissions")) == 180
    assert len(then.flow("reo-flex", "requests")) == 0
    assert len(later.flow("reo-flex", "requests")) == 3


async def test_a_group_is_the_sum_of_its_units_and_names_who_is_missing(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_ward(session)
    await a_ward(session, "caz-bed", "caz", there=4)
    await make.a_unit(session, "stil", "caz")
    await a_group(session, "alle-reo", "reo-flex", "caz-bed", "stil")
    coordinator = await a_reader(session, "regie", "coordinator")
    await issue(database.urls.worker, AT)

    found = await ask(client, coordinator, group="alle-reo")

    (beds,) = found.forecasts
    assert beds.members == ("caz-bed", "reo-flex")
    assert beds.missing is not None
    assert [(each.unit, each.reason) for each in beds.missing] == [("stil", "nothing-told")]
    assert {step.supply.value for step in beds.steps} == {24}
    assert beds.steps[0].median == pytest.approx(14, abs=1)
    assert found.any_type_short is not None


async def test_what_nobody_told_is_unknown_with_its_reason(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await make.a_unit(session)
    rows = every(SHIFT, AT, [3.0] * 30, stock=True)
    await told(session, "occupied", rows, **BEDS)
    reo = await a_reader(session)
    await issue(database.urls.worker, AT)

    found = await ask(client, reo, unit="reo-flex")

    assert found.state == "unknown"
    assert found.forecasts[0].reason is not None
    assert found.forecasts[0].reason.code == "no-flows"


async def test_the_days_of_a_unit_are_its_own_and_the_coordinators(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_ward(session)
    own = await a_reader(session)
    other = await a_reader(session, "ander")
    coordinator = await a_reader(session, "regie", "coordinator")
    await issue(database.urls.worker, AT)

    states = [(await ask(client, who, unit="reo-flex")).state for who in (own, other, coordinator)]

    assert states == ["known", "suppressed", "known"]


async def test_calls_are_told_of_days_only(session: AsyncSession, client: AsyncClient) -> None:
    await make.a_unit(session)
    reo = await a_reader(session)
    asked = {"unit": "reo-flex", "measure": "calls", "horizon": "weeks"}

    answer = await client.get("/v1/forecasts", params=asked, headers=reo)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "measure-of-other-horizon"


async def test_the_days_are_stored_beside_the_other_horizons(
    session: AsyncSession, database: Database
) -> None:
    await a_ward(session)
    runs = await issue(database.urls.worker, AT)

    rows = (await session.execute(text(STORED), {"run": runs["days"].run_id})).all()

    assert [row.length_s for row in rows] == [3 * 3600] + [8 * 3600] * 9
    assert {len(row.arrivals) for row in rows} == {21}
    assert rows[1].no_place_at == [datetime(2026, 11, 20, 7, tzinfo=UTC)]
    assert rows[-1].at == datetime(2026, 11, 22, 22, tzinfo=UTC)


STORED = """
SELECT * FROM forecast_points WHERE run_id = :run AND subject_kind = 'unit' ORDER BY at
"""


async def places(client: AsyncClient, headers: dict[str, str], **query: Any) -> Any:
    answer = await client.get("/v1/forecasts/service-levels", params=query, headers=headers)
    return answer.json()


async def test_places_for_a_service_level_are_told_from_tonight_on(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_ward(session)
    await a_ward(session, "reo-vast", there=12)
    rtp, other = await a_reader(session, "rtp", "coordinator"), await a_reader(session, "ggz")
    await issue(database.urls.worker, AT)

    (unit,) = (await places(client, rtp, horizon="days", unit="reo-flex"))["types"]
    (setting,) = (await places(client, rtp, horizon="days", careSetting="reo"))["types"]
    (strict,) = (await places(client, rtp, horizon="days", unit="reo-flex", refused=0.01))["types"]
    (hidden,) = (await places(client, other, horizon="days", unit="reo-flex"))["types"]
    odd = await places(client, rtp, horizon="days", unit="reo-flex", refused=0.03, patienceHours=1)

    assert (unit["state"], unit["queue"], len(unit["steps"])) == ("known", "erlang-b", 10)
    assert len(setting["steps"]) == 10
    for step, tight, both in zip(unit["steps"], strict["steps"], setting["steps"], strict=True):
        assert step["load"]["p10"] <= step["load"]["p50"] <= step["load"]["p90"]
        assert step["load"]["p50"] <= step["together"] == step["apart"] <= tight["together"]
        assert both["together"] <= both["apart"]
        assert both["gain"] == both["apart"] - both["together"]
        assert (step["supply"]["value"], both["supply"]["value"]) == (12, 24)
        assert step["at"] < step["until"]
    assert 10 < unit["steps"][0]["together"] <= 12
    assert max(step["gain"] for step in setting["steps"]) > 0
    assert (hidden["state"], hidden["steps"]) == ("suppressed", [])
    assert {each["parameter"] for each in odd["errors"]} == {"refused", "patienceHours"}


async def test_weeks_are_reckoned_with_the_stay_that_the_days_learned(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_ward(session)
    reo = await a_reader(session)
    await issue(database.urls.worker, AT)
    (days,) = (await ask(client, reo, unit="reo-flex")).forecasts

    (weeks,) = (await places(client, reo, unit="reo-flex"))["types"]

    assert days.made_of is not None
    assert weeks["meanStayDays"] == days.made_of.mean_stay_days
    assert (weeks["queue"], weeks["patienceHours"]) == ("erlang-a", 48)


async def test_of_units_with_unlike_shifts_places_are_told_by_the_hour(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_ward(session)
    await a_ward(session, "reo-vast", there=12)
    early = [{"shift": "dag", "start": "06:00", "end": "18:00"}]
    await make.a_unit(session, "reo-laat", "reo", shifts=early)
    for measure, value in (("admissions", 1.0), ("discharges", 1.0)):
        await told(session, measure, every(SHIFT, AT, [value] * 180), "reo-laat", **BEDS)
    for measure, value in (("occupied", 4.0), ("staffed", 6.0)):
        rows = every(SHIFT, AT, [value] * 180, stock=True)
        await told(session, measure, rows, "reo-laat", **BEDS)
    rtp = await a_reader(session, "rtp", "coordinator")
    await issue(database.urls.worker, AT)

    (setting,) = (await places(client, rtp, horizon="days", careSetting="reo"))["types"]

    assert len(setting["steps"]) == 72
    assert all(step["together"] <= step["apart"] for step in setting["steps"])
    assert setting["steps"][40]["gain"] > 0


async def an_elv_ward(
    session: AsyncSession, unit: str, organisation: str, **places: tuple[float, float]
) -> None:
    """Of each bed type one comes and one leaves a day; so many are there, of so many places."""
    beds = [{"bedType": name.replace("_", "-"), "law": "Zvw"} for name in places]
    kept = {"careSetting": "short-stay", "beds": beds, "shifts": SHIFTS}
    await make.a_unit(session, unit, organisation, **kept)
    for name, (there, staffed) in places.items():
        words: dict[str, Any] = {"resource": "bed", "bed_type": name.replace("_", "-")}
        for measure in ("admissions", "discharges"):
            rows = every(SHIFT, AT, [1.0, 0.0, 0.0] * 60)
            await told(session, measure, rows, unit, organisation, **words)
        for measure, value in (("occupied", there), ("staffed", staffed)):
            rows = every(SHIFT, AT, [value] * 180, stock=True)
            await told(session, measure, rows, unit, organisation, **words)


async def test_of_a_declared_pool_the_days_tell_what_its_types_are_short_together(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    settings = {"name": "ELV", "bedTypes": ["elv-low", "elv-high"]}
    facts = {"source": "fictief, zo afgesproken", "year": 2026, "settings": settings}
    org_id = await make.an_organisation(session, "tower", "operator")
    about = {"kind": "substitution-pool", "rule": "elv", "org_id": org_id}
    session.add(RuleVersion(**about, valid_from=make.LONG_AGO, facts=facts))
    await an_elv_ward(session, "elv-a", "huis-a", elv_low=(8, 8), elv_high=(4, 10))
    await an_elv_ward(session, "elv-b", "huis-b", elv_low=(5, 5))
    rtp, other = await a_reader(session, "rtp", "coordinator"), await a_reader(session, "ggz")
    await issue(database.urls.worker, AT)

    setting = await ask(client, rtp, careSetting="short-stay")
    unit = await ask(client, rtp, unit="elv-a")
    level = await places(client, rtp, horizon="days", careSetting="short-stay")
    hidden = await places(client, other, horizon="days", careSetting="short-stay")

    low, high = (
        next(each for each in setting.forecasts if each.bed_type == name)
        for name in ("elv-low", "elv-high")
    )
    (pool,), (own,) = setting.substitution_pools, unit.substitution_pools
    assert (pool.state, pool.substitution_pool, pool.name) == ("known", "elv", "ELV")
    assert (pool.members, own.members) == (("elv-a", "elv-b"), ("elv-a",))
    for both, few, many in zip(pool.steps, low.steps, high.steps, strict=True):
        assert (both.supply.value, few.supply.value, many.supply.value) == (23, 13, 10)
        assert (both.p_short.value or 0) <= (few.p_short.value or 0)
    assert (low.steps[3].p_short.value or 0) > 0.3
    assert (pool.steps[3].p_short.value or 0) < 0.1
    assert low.refusal_risk is not None
    assert pool.refusal_risk is not None
    assert (pool.refusal_risk.value or 0) < 0.1 < (low.refusal_risk.value or 0)
    assert pool.worst is not None
    assert pool.sources[-1].source == "fictief, zo afgesproken"
    types = {each["bedType"]: each["steps"] for each in level["types"]}
    (enough,) = level["substitutionPools"]
    for step, few, many in zip(enough["steps"], types["elv-low"], types["elv-high"], strict=True):
        assert step["apart"] == few["together"] + many["together"]
        assert step["together"] <= step["apart"]
    assert sum(step["gain"] for step in enough["steps"]) > 0
    assert hidden["substitutionPools"][0]["state"] == "suppressed"
