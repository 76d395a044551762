"""What a run looked back on is told to whom may see the figures themselves."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from app.forecasts.answers import Stored, pool_past
from app.forecasts.looked_back import looked_back
from app.forecasts.runs import Kind
from app.forecasts.schemas import Past
from app.forecasts.series import Daily
from tests import make
from tests.conftest import Database
from tests.forecasts.lay import a_reader, a_series, issue, ripple, share

Headers = dict[str, str]
NOW = datetime.now(UTC)
WARD, SHORT = ("occupied", "bed", "ward"), ("occupied", "bed", "elv-low")
POOL = ("substitutionPool", "bed", "elv")
YESTERDAY = (NOW - timedelta(days=1)).date()


async def a_unit(
    session: AsyncSession, unit: str, organisation: str, days: int = 120, **facts: Any
) -> None:
    await make.a_unit(session, unit, organisation, **facts)
    await a_series(session, ripple(days), "occupied", unit, organisation, ends=YESTERDAY)


async def past(client: AsyncClient, headers: Headers, **query: str) -> dict[str, Any]:
    answer = await client.get("/v1/forecasts", params=query, headers=headers)
    found: dict[str, Any] = answer.json()["forecasts"][0]["past"]
    return found


def by_day(told: dict[str, Any], name: str) -> dict[date, float | None]:
    first = date.fromisoformat(told["first"])
    return {first + timedelta(days=n): value for n, value in enumerate(told[name])}


def test_the_last_56_days_are_kept_and_a_day_that_nobody_told_is_unknown() -> None:
    told = Daily(date(2026, 1, 1), np.arange(100.0))
    told.values[98] = np.nan

    found = looked_back(told, "D")

    assert found["first"] == "2026-02-14"
    assert found["values"] == [*map(float, range(44, 98)), None, 99.0]


def test_months_are_the_means_of_those_that_ended() -> None:
    told = Daily(date(2023, 11, 1), np.full(1_110, 5.0))

    found = looked_back(told, "M")

    assert found["first"] == "2024-11-01"
    assert found["values"] == [5.0] * 24


async def test_what_was_told_before_is_for_its_owner_and_those_who_place_people(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_unit(session, "reo-flex", "reo")
    await a_series(session, [2.0] * 120, "waiting", ends=YESTERDAY)
    await share(session, "reo", organisation="caz", detail="exact")
    reo = await a_reader(session, "reo", "provider")
    rtp = await a_reader(session, "rtp", "coordinator")
    caz = await a_reader(session, "caz", "provider")
    await issue(database.urls.worker, NOW)

    owner = await past(client, reo, unit="reo-flex")
    coordinator = await past(client, rtp, unit="reo-flex")
    shown_what_comes = await past(client, caz, unit="reo-flex")

    assert owner == coordinator
    a_month = [YESTERDAY - timedelta(days=29 - n) for n in range(30)]
    there, needed = by_day(owner, "values"), by_day(owner, "need")
    assert len(owner["values"]) == len(owner["need"]) == 56
    assert [there[day] for day in a_month] == [round(v or 0, 3) for v in ripple(120)[-30:]]
    assert [needed[day] for day in a_month] == [round((v or 0) + 2, 3) for v in ripple(120)[-30:]]
    assert shown_what_comes == {"state": "suppressed", "first": None, "values": [], "need": None}


async def test_a_town_sees_months_of_three_others_together_and_no_days(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    for organisation in ("reo", "huis", "zorg"):
        await a_unit(session, f"{organisation}-bed", organisation, days=430)
    for organisation in ("huis", "zorg"):
        await a_unit(
            session, f"{organisation}-elv", organisation, days=430, careSetting="short-stay"
        )
    town = await a_reader(session, "gemeente", "municipality")
    reo = await a_reader(session, "reo", "provider")
    await issue(database.urls.worker, NOW)

    days = await past(client, town, careSetting="reo")
    months = await past(client, town, careSetting="reo", horizon="months")
    of_two = await past(client, town, careSetting="short-stay", horizon="months")
    neighbour = await past(client, reo, careSetting="reo", horizon="months")
    await share(session, "zorg", shown=["occupancy"], audience="municipality", detail="none")
    await asyncio.sleep(1.1)
    refused = await past(client, town, careSetting="reo", horizon="months")

    assert months["state"] == "known"
    assert 3 * 8 < months["values"][-1] < 3 * 11
    assert {told["state"] for told in (days, of_two, neighbour)} == {"suppressed"}
    assert refused["state"] == "suppressed"


def test_a_pool_says_nothing_of_before_where_one_of_its_types_does_not() -> None:
    ward, short, pool = (Kind(*each) for each in (WARD, SHORT, POOL))
    stored = Stored(pool, "known", {"pool": {"name": "p", "bedTypes": ["ward", "elv-low"]}}, ())
    shown, hidden = Past(state="known"), Past(state="suppressed")

    assert pool_past(stored, {ward: shown, short: hidden, pool: shown}) == hidden
    assert pool_past(stored, {ward: shown, short: shown, pool: shown}) == shown
