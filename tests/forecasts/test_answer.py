import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import routes as access
from app.facilities.tables import RuleVersion
from app.forecasts.kept import Kept
from app.forecasts.schemas import Forecast
from tests import make
from tests.conftest import Database
from tests.forecasts.lay import a_group, a_reader, a_series, issue, ripple, share

Headers = dict[str, str]
NOW = datetime.now(UTC)
YESTERDAY = (NOW - timedelta(days=1)).date()


async def a_forecast_unit(
    session: AsyncSession, unit: str = "reo-flex", organisation: str = "reo", **facts: Any
) -> None:
    """A unit with 120 days of occupied and staffed places."""
    await make.a_unit(session, unit, organisation, **facts)
    told: dict[str, list[float | None]] = {"occupied": ripple(120), "staffed": [12.0] * 120}
    for measure, values in told.items():
        await a_series(session, values, measure, unit, organisation, ends=YESTERDAY)


async def ask(client: AsyncClient, headers: Headers, **query: Any) -> Response:
    return await client.get("/v1/forecasts", params=query, headers=headers)


async def test_a_unit_is_told_its_band_its_supply_and_its_chance_of_a_shortage(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session)
    reo = await a_reader(session, "reo", "provider")
    runs = await issue(database.urls.worker, NOW)

    answer = await ask(client, reo, unit="reo-flex")

    assert answer.status_code == 200
    told = Forecast.model_validate_json(answer.content)
    assert (told.state, told.grade, told.measure) == ("known", "fresh", "occupied")
    assert told.run is not None
    assert told.run.run_id == runs["weeks"].run_id
    (beds,) = told.forecasts
    assert beds.bed_type == "observation-elderly"
    assert len(beds.steps) == 98
    assert beds.skill is None or beds.skill.points > 0
    for step in beds.steps:
        assert [each.level for each in step.intervals] == [50, 80, 95]
        lows = [each.low for each in step.intervals]
        highs = [each.high for each in step.intervals]
        assert 0 <= lows[2] <= lows[1] <= lows[0] <= (step.median or 0)
        assert (step.median or 0) <= highs[0] <= highs[1] <= highs[2]
        assert step.supply.value == 12
        assert step.gap.median == pytest.approx(12 - (step.median or 0), abs=0.05)
        assert 0.025 <= (step.p_short.value or 0) <= 0.975
    assert beds.worst is not None
    assert beds.worst.p_short == max(step.p_short.value or 0 for step in beds.steps)


async def test_too_little_history_is_unknown_with_its_reason(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session)
    reo = await a_reader(session, "reo", "provider")
    await issue(database.urls.worker, NOW)

    answer = (await ask(client, reo, unit="reo-flex", horizon="months")).json()

    assert answer["state"] == "unknown"
    assert answer["forecasts"][0]["reason"]["code"] == "too-short"
    assert answer["forecasts"][0]["steps"] == []


async def test_before_any_run_the_answer_is_unknown(
    session: AsyncSession, client: AsyncClient
) -> None:
    await make.a_unit(session)
    reo = await a_reader(session, "reo", "provider")

    answer = (await ask(client, reo, unit="reo-flex")).json()

    assert (answer["state"], answer["reason"]["code"]) == ("unknown", "no-run")


@pytest.mark.parametrize(
    ("query", "status", "parameter"),
    [
        ({"unit": "no-such"}, 404, None),
        ({"group": "no-such"}, 404, None),
        ({"careSetting": "no-such"}, 400, "careSetting"),
        ({"unit": "reo-flex", "horizon": "hours"}, 400, "horizon"),
        ({"unit": "reo-flex", "measure": "free"}, 400, "measure"),
        ({"unit": "reo-flex", "measure": "need"}, 400, "measure"),
        ({"unit": "reo-flex", "levels": "80,81"}, 400, "levels"),
        ({"unit": "reo-flex", "levels": "a"}, 400, "levels"),
        ({"unit": "reo-flex", "issuedAt": "yesterday"}, 400, "issuedAt"),
        ({"unit": "reo-flex", "knownAt": "2999-01-01T00:00:00Z"}, 400, "knownAt"),
        ({"unit": "reo-flex", "colour": "red"}, 400, "colour"),
        ({"unit": "reo-flex", "group": "caz"}, 400, "unit"),
        ({}, 400, "unit"),
    ],
)
async def test_what_cannot_be_answered_is_a_problem_that_names_the_parameter(
    session: AsyncSession,
    database: Database,
    client: AsyncClient,
    query: Headers,
    status: int,
    parameter: str | None,
) -> None:
    await make.a_unit(session)
    reo = await a_reader(session, "reo", "provider")
    await issue(database.urls.worker, NOW)

    answer = await ask(client, reo, **query)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    if parameter:
        assert answer.json()["errors"][0]["parameter"] == parameter


async def test_a_key_without_the_scope_is_refused(
    session: AsyncSession, client: AsyncClient
) -> None:
    await make.a_unit(session)
    headers = await make.a_key(session, "overview:read")

    answer = await ask(client, headers, unit="reo-flex")

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("organisation", "audience", "state"),
    [
        ("reo", "provider", "known"),
        ("rtp", "coordinator", "known"),
        ("tower", "operator", "known"),
        ("caz", "provider", "suppressed"),
        ("gemeente", "municipality", "suppressed"),
        ("verzekeraar", "insurer", "suppressed"),
    ],
)
async def test_a_units_own_forecast_is_for_its_owner_and_who_places_people(
    session: AsyncSession,
    database: Database,
    client: AsyncClient,
    organisation: str,
    audience: str,
    state: str,
) -> None:
    await a_forecast_unit(session)
    viewer = await a_reader(session, organisation, audience)
    await issue(database.urls.worker, NOW)

    answer = (await ask(client, viewer, unit="reo-flex")).json()

    assert answer["state"] == state
    assert bool(answer["forecasts"][0]["steps"]) == (state == "known")
    assert (answer["forecasts"][0]["reason"] or {}).get("code") == (
        None if state == "known" else "withheld"
    )


async def test_a_total_is_told_per_care_setting_once_two_others_stand_behind_it(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session, "reo-a", "reo")
    await a_forecast_unit(session, "reo-b", "huis")
    await a_forecast_unit(session, "zorg-a", "reo", careSetting="short-stay")
    await a_group(session, "alle", "reo-a", "reo-b")
    town = await a_reader(session, "gemeente", "municipality")
    huis = await a_reader(session, "huis", "provider")
    rtp = await a_reader(session, "rtp", "coordinator")
    await issue(database.urls.worker, NOW)

    states = {
        (name, subject): (await ask(client, headers, **{kind: subject})).json()["state"]
        for name, headers in (("town", town), ("huis", huis), ("rtp", rtp))
        for kind, subject in (
            ("careSetting", "reo"),
            ("careSetting", "short-stay"),
            ("group", "alle"),
        )
    }

    assert states == {
        ("town", "reo"): "known",
        ("town", "short-stay"): "suppressed",  # one organisation only
        ("town", "alle"): "suppressed",
        ("huis", "reo"): "suppressed",  # less its own, the other's is left
        ("huis", "short-stay"): "suppressed",
        ("huis", "alle"): "suppressed",
        ("rtp", "reo"): "known",
        ("rtp", "short-stay"): "known",
        ("rtp", "alle"): "known",
    }


async def test_what_an_owner_shares_is_shown_after_its_delay(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session)
    await share(session, "reo", organisation="caz", detail="exact", delayMinutes=60)
    caz = await a_reader(session, "caz", "provider")
    await issue(database.urls.worker, NOW - timedelta(minutes=61))
    await issue(database.urls.worker, NOW)

    young = (await ask(client, caz, unit="reo-flex")).json()
    before = (NOW - timedelta(minutes=1)).isoformat()
    old = (await ask(client, caz, unit="reo-flex", issuedAt=before)).json()

    assert young["state"] == "suppressed"
    assert old["state"] == "known"


async def test_a_group_tells_each_type_and_nets_none(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    beds = [{"bedType": t, "law": "Zvw"} for t in ("observation-elderly", "elv-low")]
    await a_forecast_unit(session, beds=beds)
    await a_series(session, [9.0] * 60, bed_type="elv-low", ends=YESTERDAY)
    await a_series(session, [3.0] * 60, "staffed", bed_type="elv-low", ends=YESTERDAY)
    await a_group(session, "alle", "reo-flex")
    rtp = await a_reader(session, "rtp", "coordinator")
    await issue(database.urls.worker, NOW)

    answer = (await ask(client, rtp, group="alle")).json()

    low, elderly = answer["forecasts"]
    assert (low["bedType"], elderly["bedType"]) == ("elv-low", "observation-elderly")
    assert low["steps"][0]["gap"]["median"] == pytest.approx(-6)
    assert elderly["steps"][0]["gap"]["median"] > 0
    both = answer["anyTypeShort"][0]
    assert both["atLeast"] <= both["value"] <= both["atMost"]
    assert both["atLeast"] == low["steps"][0]["pShort"]["value"]
    chances = [each["steps"][0]["pShort"]["value"] for each in (low, elderly)]
    assert both["atMost"] == pytest.approx(min(1.0, sum(chances)))
    assert low["of"] == {"current": 1, "total": 1}


async def test_an_answer_that_is_kept_still_stands(
    session: AsyncSession,
    database: Database,
    app: FastAPI,
    client: AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A second passes soon on a busy machine.
    monkeypatch.setattr(access, "VERDICT_SECONDS", 60.0)
    app.state.forecasts = Kept(seconds=60.0)
    await a_forecast_unit(session)
    reo = await a_reader(session, "reo", "provider")
    await issue(database.urls.worker, NOW)
    first = await ask(client, reo, unit="reo-flex")
    used: list[object] = []
    event.listen(app.state.engine.sync_engine, "checkout", lambda *seen: used.append(seen))

    again = await ask(client, reo, unit="reo-flex")
    kept = await ask(client, reo | {"If-None-Match": first.headers["etag"]}, unit="reo-flex")
    weak = await ask(client, reo | {"If-None-Match": "W/" + first.headers["etag"]}, unit="reo-flex")
    other = await ask(client, reo | {"If-None-Match": '"another"'}, unit="reo-flex")

    assert used == []
    assert again.content == first.content
    assert (kept.status_code, kept.content, kept.headers["etag"]) == (
        304,
        b"",
        first.headers["etag"],
    )
    assert weak.status_code == 304
    assert other.status_code == 200


async def test_an_answer_from_memory_is_dressed_and_counted_as_the_routes_own(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session)
    reo = await a_reader(session, "reo", "provider")
    await issue(database.urls.worker, NOW)

    routed, standing = [await ask(client, reo, unit="reo-flex") for _ in range(2)]

    assert routed.headers.pop("x-request-id") != standing.headers.pop("x-request-id")
    assert routed.headers == standing.headers
    metrics = (await client.get("/metrics")).text
    counted = [line for line in metrics.splitlines() if line.startswith("toren_answers_total")]
    assert sum(float(line.split()[-1]) for line in counted if "/forecasts" in line) == 2


async def test_an_answer_in_memory_is_given_to_no_other_key(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session)
    reo = await a_reader(session, "reo", "provider")
    narrow = await make.a_key(session, "overview:read")
    caz = await a_reader(session, "caz", "provider")
    await issue(database.urls.worker, NOW)
    for headers in (reo, narrow, caz):
        await ask(client, headers, unit="reo-flex")

    seen = [await ask(client, headers, unit="reo-flex") for headers in (reo, narrow, caz, {})]

    assert [each.status_code for each in seen] == [200, 403, 200, 401]
    assert [each.json()["state"] for each in (seen[0], seen[2])] == ["known", "suppressed"]


async def test_a_revoked_key_is_given_nothing_after_a_second(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session)
    reo = await a_reader(session, "reo", "provider")
    await issue(database.urls.worker, NOW)
    await ask(client, reo, unit="reo-flex")

    await session.execute(text("UPDATE api_keys SET revoked_at = now()"))
    await session.commit()
    await asyncio.sleep(1.01)

    assert (await ask(client, reo, unit="reo-flex")).status_code == 401


async def test_a_new_run_and_a_new_rule_are_seen_within_a_second(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session)
    caz = await a_reader(session, "caz", "provider")
    await issue(database.urls.worker, NOW - timedelta(hours=1))
    first = await ask(client, caz, unit="reo-flex")

    await issue(database.urls.worker, NOW)
    await asyncio.sleep(1.01)
    second = await ask(client, caz, unit="reo-flex")
    await share(session, "reo", organisation="caz", detail="exact")
    await asyncio.sleep(1.01)
    third = await ask(client, caz, unit="reo-flex")

    assert len({answer.headers["etag"] for answer in (first, second, third)}) == 3
    assert [answer.json()["state"] for answer in (first, second, third)] == [
        "suppressed",
        "suppressed",
        "known",
    ]


async def test_an_old_answer_is_made_again_byte_for_byte(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session)
    caz = await a_reader(session, "caz", "provider")
    await share(session, "reo", organisation="caz", detail="exact")
    await issue(database.urls.worker, NOW - timedelta(hours=2))
    # What was known a moment ago is not settled yet: lay it further back.
    for table in ("forecast_runs", "sharing_rule_versions"):
        await session.execute(text(f"UPDATE {table} SET known_at = now() - interval '1 hour'"))
    await session.commit()
    archived = await ask(client, caz, unit="reo-flex")

    await share(session, "reo", organisation="caz", detail="none")
    await issue(database.urls.worker, NOW)
    await asyncio.sleep(1.01)
    now = await ask(client, caz, unit="reo-flex")
    then = await ask(client, caz, unit="reo-flex", knownAt=archived.json()["knownAt"])

    assert archived.json()["state"] == "known"
    assert now.json()["state"] == "suppressed"
    assert then.content == archived.content


async def test_issued_at_picks_a_run(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session)
    reo = await a_reader(session, "reo", "provider")
    early = await issue(database.urls.worker, NOW - timedelta(days=1))
    late = await issue(database.urls.worker, NOW)

    picked = {
        moment: (await ask(client, reo, unit="reo-flex", issuedAt=moment)).json()["run"]
        for moment in ((NOW - timedelta(hours=1)).isoformat(), NOW.isoformat(), "2020-01-01T00:00Z")
    }

    assert [run and run["runId"] for run in picked.values()] == [
        str(early["weeks"].run_id),
        str(late["weeks"].run_id),
        None,
    ]


async def test_a_run_of_more_than_two_days_ago_says_that_it_is_stale(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session)
    reo = await a_reader(session, "reo", "provider")
    at = NOW - timedelta(hours=49)
    await issue(database.urls.worker, at, at)
    await session.execute(text("UPDATE unit_versions SET known_at = '2020-01-01'"))
    await session.commit()
    await issue(database.urls.worker, at + timedelta(minutes=1), at)

    answer = (await ask(client, reo, unit="reo-flex")).json()

    assert answer["forecasts"][0]["grade"] == "fresh"
    assert answer["grade"] == "stale"


async def test_runs_are_listed_page_by_page(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await make.a_unit(session)
    reo = await a_reader(session, "reo", "provider")
    for hours in (3, 2, 1):
        await issue(database.urls.worker, NOW - timedelta(hours=hours))

    first = await client.get(
        "/v1/forecasts/runs", params={"horizon": "weeks", "limit": 2}, headers=reo
    )
    path = first.headers["link"].split(";")[0].strip("<>")
    second = await client.get(path, headers=reo)

    listed = [run["issuedAt"] for answer in (first, second) for run in answer.json()["runs"]]
    assert len(listed) == 3
    assert listed == sorted(listed, reverse=True)
    assert "link" not in second.headers
    broken = await client.get("/v1/forecasts/runs", params={"cursor": "x"}, headers=reo)
    assert broken.status_code == 400


BANDS = [{"from": 0, "to": 64}, {"from": 65, "to": None}]
POPULATION = {
    "source": "a table (fictief)",
    "year": 2025,
    "settings": {
        "bands": BANDS,
        "years": {str(year): [100_000, 20_000 + 400 * (year - 2025)] for year in range(2025, 2041)},
    },
}
USE = {
    "source": "an assumption (fictief)",
    "year": 2025,
    "settings": {
        "careSetting": "reo",
        "bedType": "observation-elderly",
        "bedDaysPerPersonYear": [0.0, 0.1],
        "drift": {"p10": 0.99, "p90": 1.01},
        "occupancy": 0.8,
    },
}


async def a_rule(session: AsyncSession, kind: str, facts: Any) -> None:
    await session.execute(
        text(
            "INSERT INTO organisations (org_id, organisation) VALUES (0, 'region') "
            "ON CONFLICT DO NOTHING"
        )
    )
    session.add(RuleVersion(kind=kind, rule=kind, org_id=0, valid_from=make.LONG_AGO, facts=facts))
    await session.commit()


async def test_the_years_follow_population_and_use_with_their_sources(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session)
    await a_rule(session, "population", POPULATION)
    await a_rule(session, "use", USE)
    town = await a_reader(session, "gemeente", "municipality")
    reo = await a_reader(session, "reo", "provider")
    await issue(database.urls.worker, NOW)

    answer = (await ask(client, town, careSetting="reo", horizon="years")).json()
    own = (await ask(client, reo, careSetting="reo", horizon="years")).json()

    (beds,) = answer["forecasts"]
    assert (answer["state"], answer["measure"], answer["levels"]) == ("known", "need", [80])
    assert [source["year"] for source in beds["sources"]] == [2025, 2025]
    *_, last, beyond = beds["steps"]
    assert (last["day"], last["state"]) == ("2040-01-01", "known")
    # Fifteen years ahead at least; the table ends a year before.
    assert (beyond["day"], beyond["state"]) == ("2041-01-01", "unknown")
    # 26,000 people of 65 and over x 0.1 bed days / 365 / 0.8 occupied.
    assert last["median"] == pytest.approx(26_000 * 0.1 / 365 / 0.8, abs=0.1)
    (band,) = last["intervals"]
    assert band["low"] < last["median"] < band["high"]
    # What one organisation has staffed is not the town's to see; the need is open.
    assert last["supply"]["state"] == last["gap"]["state"] == "suppressed"
    assert own["forecasts"][0]["steps"][-1]["supply"] == {"value": 12.0, "state": "known"}


async def test_without_tables_the_years_are_unknown_and_not_zero(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session)
    rtp = await a_reader(session, "rtp", "coordinator")
    await issue(database.urls.worker, NOW)

    answer = (await ask(client, rtp, careSetting="reo", horizon="years")).json()
    unit = (await ask(client, rtp, unit="reo-flex", horizon="years")).json()

    assert answer["state"] == "unknown"
    assert answer["forecasts"][0]["reason"]["code"] == "no-table"
    assert unit["reason"]["code"] == "not-in-run"


async def test_the_paths_of_a_group_are_the_sum_of_those_of_its_units(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session)
    await make.a_unit(session, "caz-bed", "caz")
    await a_series(session, [6.0] * 60, unit="caz-bed", organisation="caz", ends=YESTERDAY)
    await a_group(session, "alle", "reo-flex", "caz-bed")
    rtp = await a_reader(session, "rtp", "coordinator")
    await issue(database.urls.worker, NOW)

    one, other, both = [
        (await client.get("/v1/forecasts/paths", params=asked, headers=rtp)).json()["types"][0]
        for asked in ({"unit": "reo-flex"}, {"unit": "caz-bed"}, {"group": "alle"})
    ]

    assert np.shape(both["paths"]) == (500, 98)
    assert one["days"] == other["days"] == both["days"]
    summed = np.array(one["paths"]) + np.array(other["paths"])
    np.testing.assert_allclose(both["paths"], summed, atol=2e-3)


async def test_places_for_a_service_level_are_told_together_and_apart(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session)
    await make.a_unit(session, "caz-bed", "caz")
    await a_series(session, [6.0] * 60, unit="caz-bed", organisation="caz", ends=YESTERDAY)
    rtp = await a_reader(session, "rtp", "coordinator")
    other = await a_reader(session, "ggz", "provider")
    await issue(database.urls.worker, NOW)
    path = "/v1/forecasts/service-levels"

    few = await client.get(path, params={"careSetting": "reo", "refused": 0.02}, headers=rtp)
    many = await client.get(path, params={"careSetting": "reo", "refused": 0.3}, headers=rtp)
    alone = await client.get(path, params={"unit": "reo-flex"}, headers=other)
    wrong = await client.get(path, params={"careSetting": "reo", "refused": 1}, headers=rtp)

    (strict,), (mild,) = (each.json()["types"] for each in (few, many))
    assert len(strict["steps"]) == 14
    assert sorted(strict["members"]) == ["caz-bed", "reo-flex"]
    for one, looser in zip(strict["steps"], mild["steps"], strict=True):
        assert one["together"] > looser["together"] > 0
        assert one["gain"] == one["apart"] - one["together"] > 0
        assert one["together"] > one["load"]["p50"]
    (hidden,) = alone.json()["types"]
    assert (hidden["state"], hidden["steps"]) == ("suppressed", [])
    assert wrong.json()["errors"][0]["parameter"] == "refused"


async def test_paths_are_kept_of_the_last_two_runs(
    session: AsyncSession, database: Database
) -> None:
    await a_forecast_unit(session)

    for day in range(3):
        await issue(database.urls.worker, NOW - timedelta(days=2 - day))

    kept = (await session.execute(text("SELECT count(DISTINCT run_id) FROM forecast_paths"))).all()
    runs = (await session.execute(text("SELECT count(*) FROM forecast_runs"))).all()
    assert kept[0][0] == 2  # of weeks; of months nothing was told
    assert runs[0][0] == 12


async def test_the_paths_of_a_unit_are_for_those_who_may_see_its_forecast(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session)
    other = await a_reader(session, "caz", "provider")
    await issue(database.urls.worker, NOW)

    answer = await client.get("/v1/forecasts/paths", params={"unit": "reo-flex"}, headers=other)

    (told,) = answer.json()["types"]
    assert (told["state"], told["paths"]) == ("suppressed", [])
    assert told["reason"]["code"] == "withheld"


async def test_an_answer_tells_what_changed_since_the_run_before(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session)
    reo = await a_reader(session, "reo", "provider")
    await issue(database.urls.worker, NOW - timedelta(days=7))

    first = (await ask(client, reo, unit="reo-flex")).json()["forecasts"][0]
    await issue(database.urls.worker, NOW)
    second = await client.get("/v1/forecasts?unit=reo-flex&exact=true", headers=reo)

    assert first["changed"] is None
    (told,) = second.json()["forecasts"]
    changed = told["changed"]
    assert changed["steps"] == 7
    assert sum(each["value"] for each in changed["by"]) == pytest.approx(
        changed["median"], abs=0.02
    )
    assert "run before said" in told["explanation"]
    for place, step in enumerate(told["steps"]):
        summed = sum(part["values"][place] for part in told["parts"])
        assert summed == pytest.approx(step["median"], abs=0.003)


async def test_the_gap_of_a_unit_is_that_to_who_is_there_and_who_waits(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session)
    await a_series(session, [*[0.0, 4.0] * 60], "waiting", ends=YESTERDAY)
    reo = await a_reader(session, "reo", "provider")
    await issue(database.urls.worker, NOW)

    answer = await ask(client, reo, unit="reo-flex", exact="true")

    (beds,) = Forecast.model_validate_json(answer.content).forecasts
    need = np.array([step.need.median for step in beds.steps], dtype=float)
    there = np.array([step.median for step in beds.steps], dtype=float)
    gap = np.array([step.gap.median for step in beds.steps], dtype=float)
    assert (need - there).mean() == pytest.approx(2, abs=0.7)
    np.testing.assert_allclose(gap, 12 - need, atol=1e-5)


async def test_the_need_of_a_setting_holds_who_is_ready_for_it_elsewhere(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session, "elv", "elv", careSetting="short-stay")
    await make.a_unit(session, "ward", "zhz", careSetting="hospital-ward")
    for destination in ("elv", "home"):
        await a_series(
            *(session, [4.0] * 60, "medicallyReady", "ward", "zhz"),
            ends=YESTERDAY,
            destination=destination,
        )
    rtp = await a_reader(session, "rtp", "coordinator")
    await issue(database.urls.worker, NOW)

    params = {"careSetting": "short-stay", "measure": "need"}
    answer = (await client.get("/v1/forecasts", params=params, headers=rtp)).json()
    occupied = (await ask(client, rtp, careSetting="short-stay")).json()

    (told,) = answer["forecasts"]
    (there,) = occupied["forecasts"]
    assert told["members"] == ["elv", "ward"]
    assert told["steps"][0]["supply"]["value"] == 12
    apart = told["steps"][0]["median"] - there["steps"][0]["median"]
    assert apart == pytest.approx(4, abs=0.6)


async def test_the_need_of_a_unit_is_refused_with_the_way_out(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session)
    reo = await a_reader(session, "reo", "provider")

    answer = await ask(client, reo, unit="reo-flex", measure="need")

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["code"] == "need-of-a-setting"


ELV = {"name": "ELV laag en hoog", "bedTypes": ["elv-low", "elv-high"]}


async def a_pool(session: AsyncSession, pool: str = "elv") -> None:
    session.add(
        RuleVersion(
            kind="substitution-pool",
            rule=pool,
            org_id=await make.an_organisation(session, "tower", "operator"),
            valid_from=make.LONG_AGO,
            facts={"source": "fictief, zo afgesproken", "year": 2026, "settings": ELV},
        )
    )
    await session.commit()


async def an_elv_unit(
    session: AsyncSession, unit: str, organisation: str, **places: tuple[float, float]
) -> None:
    """Of each bed type so many are occupied, of so many places; 60 days of them."""
    beds = [{"bedType": name.replace("_", "-"), "law": "Zvw"} for name in places]
    await make.a_unit(session, unit, organisation, careSetting="short-stay", beds=beds)
    for name, (occupied, staffed) in places.items():
        for measure, value in (("occupied", occupied), ("staffed", staffed)):
            told = [value] * 60
            await a_series(
                *(session, told, measure, unit, organisation),
                ends=YESTERDAY,
                bed_type=name.replace("_", "-"),
            )


async def test_a_declared_pool_is_told_beside_its_types_and_nets_what_they_do_not(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_pool(session)
    await an_elv_unit(session, "elv-a", "huis-a", elv_low=(9.0, 3.0), elv_high=(3.0, 30.0))
    await an_elv_unit(session, "elv-b", "huis-b", elv_low=(5.0, 1.0), ward=(5.0, 2.0))
    await a_group(session, "alle", "elv-a", "elv-b")
    rtp = await a_reader(session, "rtp", "coordinator")
    await issue(database.urls.worker, NOW)

    group = Forecast.model_validate_json((await ask(client, rtp, group="alle")).content)
    setting = Forecast.model_validate_json(
        (await ask(client, rtp, careSetting="short-stay")).content
    )
    unit = (await ask(client, rtp, unit="elv-a")).json()

    (pool,) = group.substitution_pools
    assert setting.substitution_pools[0].steps == pool.steps
    assert (pool.substitution_pool, pool.name, pool.bed_type) == ("elv", ELV["name"], None)
    assert sorted(pool.members or ()) == ["elv-a", "elv-b"]
    assert pool.sources[0].source == "fictief, zo afgesproken"
    by_type = {each.bed_type: each.steps[0] for each in group.forecasts}
    assert pool.steps[0].supply.value == 34
    assert pool.steps[0].median == pytest.approx(17, abs=0.3)
    assert (by_type["elv-low"].p_short.value or 0) > 0.9
    assert pool.steps[0].p_short.value == pytest.approx(0.025)
    assert pool.steps[0].gap.median == pytest.approx(17, abs=0.3)
    assert pool.worst is not None
    # Any type short stays per type, also of a type of no pool.
    assert group.any_type_short is not None
    assert group.any_type_short[0].at_least > 0.9
    (own,) = unit["substitutionPools"]
    assert (own["members"], own["steps"][0]["supply"]["value"]) == (["elv-a"], 33)
    assert own["steps"][0]["median"] == pytest.approx(12, abs=0.3)
    assert (await ask(client, rtp, unit="elv-b")).json()["substitutionPools"] == []


async def test_a_pool_is_told_to_who_may_see_each_of_its_types(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_pool(session)
    await an_elv_unit(session, "elv-a", "huis-a", elv_low=(9.0, 6.0), elv_high=(3.0, 9.0))
    await an_elv_unit(session, "elv-b", "huis-b", elv_low=(5.0, 4.0))
    other = await a_reader(session, "ggz", "provider")
    await issue(database.urls.worker, NOW)

    hidden = (await ask(client, other, careSetting="short-stay")).json()
    await an_elv_unit(session, "elv-c", "huis-c", elv_high=(5.0, 4.0))
    await issue(database.urls.worker, NOW + timedelta(seconds=1))
    shown = await client.get("/v1/forecasts?careSetting=short-stay&levels=80", headers=other)

    states = {each["bedType"]: each["state"] for each in hidden["forecasts"]}
    assert states == {"elv-low": "known", "elv-high": "suppressed"}
    (pool,) = hidden["substitutionPools"]
    assert (pool["state"], pool["steps"], pool["members"]) == ("suppressed", [], None)
    (pool,) = shown.json()["substitutionPools"]
    assert (pool["state"], len(pool["steps"])) == ("known", 98)


async def test_a_service_level_of_a_pool_needs_fewer_places_than_its_types_apart(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_pool(session)
    await an_elv_unit(session, "elv-a", "huis-a", elv_low=(9.0, 10.0), elv_high=(6.0, 9.0))
    await an_elv_unit(session, "elv-b", "huis-b", elv_low=(5.0, 6.0), ward=(5.0, 6.0))
    rtp = await a_reader(session, "rtp", "coordinator")
    other = await a_reader(session, "ggz", "provider")
    await issue(database.urls.worker, NOW)
    path = "/v1/forecasts/service-levels"

    told = (await client.get(path, params={"careSetting": "short-stay"}, headers=rtp)).json()
    unit = (await client.get(path, params={"unit": "elv-a"}, headers=rtp)).json()
    lone = (await client.get(path, params={"unit": "elv-b"}, headers=rtp)).json()
    hidden = await client.get(path, params={"careSetting": "short-stay"}, headers=other)

    (pool,) = told["substitutionPools"]
    types = {each["bedType"]: each["steps"] for each in told["types"]}
    assert (pool["substitutionPool"], pool["bedTypes"]) == ("elv", ELV["bedTypes"])
    assert sorted(pool["members"]) == ["elv-a", "elv-b"]
    for both, low, high in zip(pool["steps"], types["elv-low"], types["elv-high"], strict=True):
        assert both["apart"] == low["together"] + high["together"]
        assert both["gain"] == both["apart"] - both["together"] > 0
        assert both["supply"]["value"] == 25
        assert both["load"]["p50"] == pytest.approx(20, abs=0.5)
    assert unit["substitutionPools"][0]["steps"][0]["supply"]["value"] == 19
    assert lone["substitutionPools"] == []
    # Of the low one two others stand behind the total, of the high one a single one.
    states = {each["bedType"]: each["state"] for each in hidden.json()["types"]}
    assert (states["elv-low"], states["elv-high"]) == ("known", "suppressed")
    (pool,) = hidden.json()["substitutionPools"]
    assert (pool["state"], pool["members"], pool["steps"]) == ("suppressed", [], [])


async def test_who_waits_with_patience_makes_fewer_places_enough_and_the_answer_says_so(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_forecast_unit(session, plannedTermDays=9)
    await make.a_unit(session, "caz-bed", "caz")
    await a_series(session, [6.0] * 60, unit="caz-bed", organisation="caz", ends=YESTERDAY)
    rtp = await a_reader(session, "rtp", "coordinator")
    await issue(database.urls.worker, NOW)

    path = "/v1/forecasts/service-levels"

    async def places(**query: Any) -> Any:
        answer = await client.get(path, params=query, headers=rtp)
        assert answer.status_code == 200
        return answer.json()["types"][0]

    norm, none, long, untold = (
        await places(unit="reo-flex"),
        await places(unit="reo-flex", patienceHours=0),
        await places(unit="reo-flex", patienceHours=240),
        await places(unit="caz-bed"),
    )
    setting = await places(careSetting="reo")
    other = await a_reader(session, "ggz", "provider")
    total = (await client.get(path, params={"careSetting": "reo"}, headers=other)).json()
    wrong = await client.get(path, params={"unit": "reo-flex", "patienceHours": -1}, headers=rtp)

    assert (norm["queue"], norm["patienceHours"]) == ("erlang-a", 48)
    assert 6 < norm["meanStayDays"] < 9
    assert norm["sources"][0]["what"] == "patience 48 h"
    assert (none["queue"], none["patienceHours"], none["sources"]) == ("erlang-b", 0, [])
    assert (untold["queue"], untold["patienceHours"]) == ("erlang-b", None)
    assert (setting["queue"], setting["meanStayDays"]) == ("erlang-a", norm["meanStayDays"])
    # Who sees totals only would read the stay of the one unit that has one.
    assert total["types"][0]["steps"] == setting["steps"]
    assert (total["types"][0]["queue"], total["types"][0]["meanStayDays"]) == ("erlang-a", None)
    for some, at_once, longer in zip(norm["steps"], none["steps"], long["steps"], strict=True):
        assert longer["together"] < some["together"] < at_once["together"]
        assert some["apart"] == some["together"]
    assert wrong.json()["errors"][0]["parameter"] == "patienceHours"


async def test_of_types_that_are_all_withheld_nothing_is_told_and_nothing_fails(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await an_elv_unit(session, "elv-a", "huis-a", elv_low=(9.0, 3.0), elv_high=(3.0, 30.0))
    town = await a_reader(session, "gemeente", "municipality")
    await issue(database.urls.worker, NOW)

    answer = await ask(client, town, careSetting="short-stay")

    told = Forecast.model_validate_json(answer.content)
    assert {each.state for each in told.forecasts} == {"suppressed"}
    assert told.any_type_short is None
