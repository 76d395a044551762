from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import raw
from app.facilities.hours import LOCAL, WEEKDAYS
from app.facilities.queries import directory_at
from app.overview import queries
from app.overview.cache import OverviewCache
from app.overview.schemas import Overview, PlacesNow, Total, UnitNow
from tests import make
from tests.make import now
from tests.overview.lay import (
    a_group,
    a_level_rule,
    a_status,
    a_stop,
    flowed,
    long_known,
    read,
    told,
)

Headers = dict[str, str]
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def asked(client: AsyncClient, headers: Headers, **params: Any) -> Overview:
    answer = await client.get("/v1/overview", headers=headers, params=params)
    assert answer.status_code == 200, answer.text
    return read(answer.content)


def the_unit(overview: Overview, name: str = "reo-flex") -> UnitNow:
    (found,) = (each for each in overview.units if each.unit == name)
    return found


def the_places(overview: Overview, name: str = "reo-flex") -> PlacesNow:
    (found,) = the_unit(overview, name).places
    return found


def the_total(overview: Overview, setting: str = "reo") -> Total:
    (found,) = (each for each in overview.totals if each.care_setting == setting)
    return found


def not_today() -> list[dict[str, Any]]:
    """Hours on one weekday, three days from now."""
    day = WEEKDAYS[(now().astimezone(LOCAL).weekday() + 3) % 7]
    return [{"days": [day], "start": "09:00", "end": "10:00"}]


async def test_a_reported_unit_shows_what_is_free_and_how_old_that_is(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    await told(session, "reo-flex", staffed=2, occupied=1, reserved=0)

    overview = await asked(client, key)

    places = the_places(overview)
    assert (places.admittable.value, places.free.value) == (1, 1)
    assert places.free.age_seconds is not None
    assert 60 <= places.free.age_seconds < 120
    assert places.free.freshness == "fresh"
    assert the_unit(overview).level.level == "ruim"
    assert overview.as_of == overview.known_at


async def test_unknown_is_never_zero_and_zero_is_not_unknown(
    client: AsyncClient, session: AsyncSession
) -> None:
    for unit in ("full", "never", "unsaid"):
        await make.a_unit(session, unit)
    key = await make.a_key(session)
    await told(session, "full", staffed=2, occupied=2, reserved=0)
    await told(session, "unsaid", staffed=2, occupied=None, reserved=0)

    overview = await asked(client, key)

    figures = {u.unit: u.places[0].admittable for u in overview.units}
    assert (figures["full"].value, figures["full"].state) == (0, "known")
    assert (figures["never"].value, figures["never"].state) == (None, "unknown")
    assert (figures["unsaid"].value, figures["unsaid"].state) == (None, "unknown")
    levels = {u.unit: u.level.level for u in overview.units}
    assert levels == {"full": "vol", "never": "onbekend", "unsaid": "onbekend"}


async def test_a_total_sums_what_is_known_and_says_what_is_not(
    client: AsyncClient, session: AsyncSession
) -> None:
    for unit in ("one", "two", "never"):
        await make.a_unit(session, unit)
    key = await make.a_key(session)
    await told(session, "one", staffed=4, occupied=1, reserved=1)
    await told(session, "two", now() - 3 * DAY, staffed=4, occupied=3, reserved=0)

    total = the_total(await asked(client, key))

    assert total.admittable.value == 3
    assert total.admittable.of is not None
    assert (total.admittable.of.current, total.admittable.of.total) == (1, 3)
    assert "part-unknown" in total.admittable.doubts
    assert total.units == 3


async def test_each_unit_counts_once_whatever_the_path(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session, "shared")
    await make.a_unit(session, "other")
    key = await make.a_key(session)
    await told(session, "shared", staffed=2, occupied=1, reserved=0)
    await told(session, "other", staffed=3, occupied=1, reserved=0)
    await a_group(session, "caz", "shared", "other", "shared")
    await a_group(session, "alle-reo", "shared")

    in_caz = await asked(client, key, group="caz")
    in_reo = await asked(client, key, group="alle-reo")
    everyone = await asked(client, key)

    assert the_total(in_caz).admittable.value == the_total(everyone).admittable.value == 3
    assert the_total(in_reo).admittable.value == 1
    assert [each.unit for each in in_caz.units] == ["other", "shared"]


async def test_a_stale_unit_keeps_its_last_value_and_is_oud(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    await told(session, "reo-flex", now() - 3 * DAY, staffed=2, occupied=1, reserved=0)

    overview = await asked(client, key)

    unit = the_unit(overview)
    assert (unit.level.level, unit.freshness) == ("oud", "stale")
    assert the_places(overview).admittable.value == 1
    assert the_total(overview).level.level == "oud"
    assert unit.reasons is not None
    assert "stale" in [reason.code for reason in unit.reasons]


async def test_a_closed_unit_is_gesloten_and_does_not_age(
    client: AsyncClient, session: AsyncSession
) -> None:
    hours = dict.fromkeys(("ambulance", "referral", "walk-in", "transfer"), not_today())
    await make.a_unit(session, openingHours=hours)
    key = await make.a_key(session)
    await told(session, "reo-flex", now() - 2 * DAY, staffed=2, occupied=1, reserved=0)

    overview = await asked(client, key)

    unit = the_unit(overview)
    assert (unit.closed, unit.level.level, unit.freshness) == (True, "gesloten", "fresh")
    places = the_places(overview)
    assert (places.admittable.value, places.free.value) == (0, 1)
    assert places.reasons is not None
    assert places.reasons[0].nl == "gesloten op dit uur"


async def test_outside_admission_hours_nothing_is_admittable_but_places_are_free(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session, admissionHours=not_today())
    key = await make.a_key(session)
    await told(session, "reo-flex", staffed=2, occupied=1, reserved=0)

    places = the_places(await asked(client, key))

    assert (places.admittable.value, places.free.value) == (0, 1)
    assert places.reasons is not None
    assert [reason.nl for reason in places.reasons] == ["buiten opnametijden"]


async def test_a_stop_makes_nothing_admittable_and_is_shown_with_its_end(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    await told(session, "reo-flex", staffed=2, occupied=1, reserved=0)
    await a_stop(session, "reo-flex", expected_until=now() + HOUR)

    overview = await asked(client, key)

    places, unit = the_places(overview), the_unit(overview)
    assert (places.admittable.value, places.free.value) == (0, 1)
    assert places.reasons is not None
    assert [reason.code for reason in places.reasons] == ["stop"]
    assert unit.level.level == "vol"
    assert unit.stops is not None
    assert [(stop.kind, stop.reason, stop.overdue) for stop in unit.stops] == [
        ("opnamestop", "staff", False)
    ]


async def test_own_judgement_stands_beside_the_level_and_may_differ(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    await told(session, "reo-flex", staffed=2, occupied=2, reserved=0)
    await a_status(session, "reo-flex", "open")

    unit = the_unit(await asked(client, key))

    assert (unit.level.level, unit.status.status, unit.status.differs) == ("vol", "open", True)


async def test_who_closes_itself_with_places_free_contradicts_its_figures(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    await told(session, "reo-flex", staffed=2, occupied=1, reserved=0)
    await a_status(session, "reo-flex", "closed", "staff")

    unit = the_unit(await asked(client, key))

    assert (unit.level.level, unit.status.differs, unit.closed) == ("gesloten", True, True)


async def test_many_requests_make_it_druk(client: AsyncClient, session: AsyncSession) -> None:
    await make.a_unit(session, plannedTermDays=9)
    key = await make.a_key(session)
    await told(session, "reo-flex", staffed=8, occupied=7, reserved=0)
    for day in range(1, 11):
        await flowed(session, "reo-flex", "requests", 3, now() - day * DAY, DAY)

    overview = await asked(client, key)

    risk = the_places(overview).refusal_risk
    assert risk.basis == "unit"
    assert risk.value is not None
    assert risk.value > 0.5
    assert the_unit(overview).level.level == "druk"


async def test_a_coordinator_sees_the_risk_that_anothers_requests_make(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session, plannedTermDays=9)
    coordinator = await make.a_key(session, organisation="rtp", audience="coordinator")
    await told(session, "reo-flex", staffed=8, occupied=7, reserved=0)
    for day in range(1, 11):
        await flowed(session, "reo-flex", "requests", 3, now() - day * DAY, DAY)

    overview = await asked(client, coordinator)

    assert the_unit(overview).level.level == "druk"
    assert (the_places(overview).refusal_risk.value or 0) > 0.5


async def test_the_region_sets_its_own_threshold(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    await told(session, "reo-flex", staffed=8, occupied=7, reserved=0)
    for day in range(1, 11):
        await flowed(session, "reo-flex", "requests", 3, now() - day * DAY, DAY)
    await a_level_rule(session, "beds", noPlaceFrom=0.99)

    overview = await asked(client, key)

    assert the_unit(overview).level.level == "ruim"
    (rule,) = (each for each in overview.level_rules if each.rule == "beds")
    assert rule.source == "een proef (fictief)"


async def test_a_huisartsenpost_shows_its_norms(client: AsyncClient, session: AsyncSession) -> None:
    await make.a_unit(
        session,
        "hap",
        careSetting="huisartsenpost",
        resource="phone-line",
        beds=[],
        reporting={"intervalMinutes": 60},
    )
    key = await make.a_key(session)
    since = now() - HOUR - timedelta(minutes=1)
    calls = {"calls": 50, "answered": 48, "answeredWithin120s": 30, "longestWaitSeconds": 700}
    for measure, value in calls.items():
        await flowed(session, "hap", measure, value, since, HOUR)

    unit = the_unit(await asked(client, key), "hap")

    assert unit.level.level == "druk"
    assert unit.reachability is not None
    assert unit.reachability.within_120s.value == 0.625
    assert unit.reachability.longest_wait_seconds.value == 700
    assert unit.reachability.over_600s.state == "unknown"
    assert unit.places == ()


async def test_a_hand_entry_stands_over_a_feed_for_four_hours(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await make.a_key(session)
    for unit, by_hand in (("held", now() - HOUR), ("over", now() - 5 * HOUR)):
        await make.a_unit(session, unit)
        await told(session, unit, staffed=2, occupied=1, reserved=0)
        await told(session, unit, by_hand, source="hand", occupied=2)

    overview = await asked(client, key)

    assert the_places(overview, "held").occupied.value == 2
    assert the_places(overview, "over").occupied.value == 1


async def test_the_same_question_gets_the_same_bytes_after_a_correction(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    at, then = now() - 2 * HOUR, (now() - HOUR).isoformat()
    await told(session, "reo-flex", at, at, staffed=2, occupied=1, reserved=0)
    await long_known(session)
    question = {"asOf": then, "knownAt": then}
    before = await client.get("/v1/overview", headers=key, params=question)

    await told(session, "reo-flex", at, now() - timedelta(minutes=1), occupied=2)
    await a_stop(session, "reo-flex", known_at=now() - timedelta(minutes=1), begins_at=at)
    client_cache(client).drop()
    after = await client.get("/v1/overview", headers=key, params=question)

    assert before.status_code == 200
    assert before.content == after.content
    assert the_places(read(after.content)).admittable.value == 1
    corrected = the_places(await asked(client, key))
    assert (corrected.admittable.value, corrected.free.value) == (0, 0)
    said_now = the_places(await asked(client, key, asOf=then))
    assert said_now.free.value == 0


def client_cache(client: AsyncClient) -> OverviewCache:
    cache: OverviewCache = client._transport.app.state.overview_cache  # type: ignore[attr-defined]
    return cache


async def test_the_current_state_and_the_replay_tell_the_same(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", now() - 2 * HOUR, staffed=2, occupied=1, reserved=0)
    await told(session, "reo-flex", now() - HOUR, occupied=2, medicallyReady=1)
    await told(session, "reo-flex", source="hand", occupied=None)
    await session.execute(text("SET LOCAL app.reach = 'region'"))
    connection, moment = await raw(session), datetime.now(UTC)
    facts = await directory_at(session, moment)

    current = await queries.told(connection, facts, moment, moment, current=True)
    replayed = await queries.told(connection, facts, moment, moment, current=False)

    assert {unit: set(found) for unit, found in current.items()} == {
        unit: set(found) for unit, found in replayed.items()
    }
    assert len(current["reo-flex"]) == 5


async def test_what_is_not_settled_yet_is_refused_by_name(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await make.a_key(session)

    answer = await client.get("/v1/overview", headers=key, params={"knownAt": now().isoformat()})

    assert answer.status_code == 400
    assert answer.json()["code"] == "too-recent"


@pytest.mark.parametrize(
    ("params", "parameter", "code"),
    [
        ({"group": "geen-groep"}, "group", "unknown-group"),
        ({"asOf": "2199-01-01T00:00:00Z"}, "asOf", "as-of-in-future"),
        ({"careSetting": "caz"}, "careSetting", "literal-error"),
        ({"asOf": "gisteren"}, "asOf", None),
        ({"asOf": "2026-11-22T08:00:00"}, "asOf", "timezone-aware"),
        ({"unit": "reo-flex"}, "unit", "extra-forbidden"),
    ],
)
async def test_a_wrong_question_is_refused_by_its_parameter(
    client: AsyncClient,
    session: AsyncSession,
    params: dict[str, str],
    parameter: str,
    code: str | None,
) -> None:
    key = await make.a_key(session)

    answer = await client.get("/v1/overview", headers=key, params=params)

    assert answer.status_code == 400
    (fault,) = answer.json()["errors"]
    assert fault["parameter"] == parameter
    assert code is None or fault["code"] == code


async def test_a_key_without_the_scope_is_refused(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await make.a_key(session, "reports:write")

    assert (await client.get("/v1/overview", headers=key)).status_code == 403
    assert (await client.get("/v1/overview")).status_code == 401


async def test_an_answer_is_served_again_without_the_store_until_it_is_dropped(
    app: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    app.state.overview_cache = OverviewCache(60)
    await told(session, "reo-flex", staffed=2, occupied=1, reserved=0)
    await asked(client, key)
    app.state.verdicts = {t: (float("inf"), p) for t, (_, p) in app.state.verdicts.items()}
    taken: list[object] = []
    event.listen(app.state.engine.sync_engine, "checkout", lambda *told: taken.append(told))

    await told(session, "reo-flex", occupied=2)
    kept = the_places(await asked(client, key))
    store_was_left_alone = not taken
    app.state.overview_cache.drop()
    fresh = the_places(await asked(client, key))

    assert store_was_left_alone
    assert (kept.admittable.value, fresh.admittable.value) == (1, 0)


def test_an_answer_that_a_report_overtook_is_not_kept() -> None:
    cache = OverviewCache(60)
    began = cache.drops

    cache.drop()
    cache.put("who", b"old", began, 0.0)

    assert cache.get("who", 0.0) is None


async def test_units_stand_in_the_same_order_always(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await make.a_key(session)
    for unit, setting in (("b", "hospital-ward"), ("c", "reo"), ("a", "hospital-ward")):
        await make.a_unit(session, unit, careSetting=setting)

    overview = await asked(client, key)

    assert [unit.unit for unit in overview.units] == ["c", "a", "b"]


async def test_a_care_setting_is_asked_for_by_itself(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await make.a_key(session)
    await make.a_unit(session, "a", careSetting="hospital-ward")
    await make.a_unit(session, "b")

    overview = await asked(client, key, careSetting="reo")

    assert [unit.unit for unit in overview.units] == ["b"]
    assert [total.care_setting for total in overview.totals] == ["reo"]


async def test_rows_about_anothers_unit_are_not_about_it(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    other = await make.an_organisation(session, "other")
    await told(session, "reo-flex", staffed=2, occupied=1, reserved=0)
    await a_stop(session, "reo-flex")
    await session.execute(text("UPDATE stop_versions SET org_id = :other"), {"other": other})
    await session.commit()

    places = the_places(await asked(client, key))

    assert places.admittable.value == 1
