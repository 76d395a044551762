"""Who sees what of whom in the overview, and the twin without disclosure that must fail."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.disclosure import Detail, Disclosure, Shown
from app.access.principal import Principal
from app.facilities.queries import DirectoryCache
from app.overview import queries
from tests import make
from tests.make import now
from tests.overview.lay import a_status, a_stop, flowed, read, told

Headers = dict[str, str]
# Each figure is told by one number that nothing else has.
OCCUPANCY: dict[str, Any] = {"staffed": 537, "occupied": 501, "reserved": 11}
FREE, ADMITTABLE, INFECTION, READY, WAITING = 25, 19, 13, 4, 47


async def lay_out(session: AsyncSession) -> None:
    await make.a_unit(session)
    await told(session, "reo-flex", **OCCUPANCY, admittable=ADMITTABLE, medicallyReady=READY)
    await told(session, "reo-flex", waiting=WAITING)
    await told(session, "reo-flex", dimensions={"reason": "infection"}, closedPlaces=INFECTION)
    await told(session, "reo-flex", dimensions={"role": "nurse"}, shortToday=1)
    await a_status(session, "reo-flex", "restricted", "infection")
    for day in range(1, 11):
        await flowed(session, "reo-flex", "requests", 3, now() - timedelta(days=day), timedelta(1))


async def seen_by(
    client: AsyncClient, session: AsyncSession, organisation: str, audience: str
) -> dict[str, Any]:
    key = await make.a_key(session, organisation=organisation, audience=audience)
    answer = await client.get("/v1/overview", headers=key)
    assert answer.status_code == 200
    read(answer.content)
    body: dict[str, Any] = answer.json()
    return body


def numbers(value: Any) -> Iterator[float]:
    """Every value of a figure, wherever it stands."""
    if isinstance(value, dict):
        if "ageSeconds" in value and isinstance(value.get("value"), int | float):
            yield value["value"]
        for each in value.values():
            yield from numbers(each)
    elif isinstance(value, list):
        for each in value:
            yield from numbers(each)


def leaks(body: dict[str, Any]) -> set[str]:
    """What an outsider got to see that only owner and coordinator may."""
    (unit,) = (each for each in body["units"] if each["unit"] == "reo-flex")
    found = {f"figure {value}" for value in numbers(body)}
    words = {"level": unit["level"]["level"], "status": unit["status"]["status"]}
    found |= {f"{name} {word}" for name, word in words.items() if word is not None}
    found |= {"reasons"} if unit["reasons"] is not None else set()
    found |= {"stops"} if unit["stops"] is not None else set()
    found |= {"closedBy"} if unit["places"][0]["closedBy"] else set()
    return found | ({"short"} if unit["short"] else set())


async def test_the_owner_sees_everything_exactly(
    client: AsyncClient, session: AsyncSession
) -> None:
    await lay_out(session)

    body = await seen_by(client, session, "reo", "provider")

    secret = {*OCCUPANCY.values(), FREE, ADMITTABLE, INFECTION, READY, WAITING}
    assert secret <= set(numbers(body))
    (unit,) = body["units"]
    assert unit["status"]["reason"] == "infection"
    (places,) = unit["places"]
    assert [each["reason"] for each in places["closedBy"]] == ["infection"]


async def test_a_coordinator_sees_everything_but_the_infection(
    client: AsyncClient, session: AsyncSession
) -> None:
    await lay_out(session)
    await a_stop(session, "reo-flex", "ambulance", reason="infection")

    body = await seen_by(client, session, "rtp", "coordinator")

    assert {*OCCUPANCY.values(), FREE, ADMITTABLE, READY, WAITING} <= set(numbers(body))
    (unit,) = body["units"]
    (places,) = unit["places"]
    assert [each["reason"] for each in places["closedBy"]] == ["other"]
    assert places["closedPlaces"]["value"] == INFECTION
    assert unit["status"]["reason"] is None
    assert unit["stops"][0]["reason"] is None
    assert unit["short"][0]["shortToday"]["value"] == 1


@pytest.mark.parametrize("audience", ["provider", "municipality", "insurer"])
async def test_an_outsider_sees_no_figure_of_a_unit(
    client: AsyncClient, session: AsyncSession, audience: str
) -> None:
    await lay_out(session)

    body = await seen_by(client, session, "outsider", audience)

    assert leaks(body) == set()
    (unit,) = body["units"]
    assert unit["places"][0]["free"]["state"] == "suppressed"


async def test_without_disclosure_an_outsider_sees_it_all_so_the_test_can_fail(
    client: AsyncClient, session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Open(Disclosure):
        def detail(self, owner: int, shown: Shown) -> Detail:
            return "exact"

        def small(self, owner: int, shown: Shown, value: float | None) -> bool:
            return False

    async def bypassed(session: AsyncSession, viewer: Principal, *when: Any) -> Disclosure:
        return Open(viewer)

    monkeypatch.setattr(queries, "disclosure", bypassed)
    await lay_out(session)

    body = await seen_by(client, session, "outsider", "municipality")

    assert {f"figure {FREE}", f"figure {READY}", "level ruim", "reasons", "short"} <= leaks(body)


async def test_a_municipality_sees_the_level_of_each_type_and_no_more(
    client: AsyncClient, session: AsyncSession
) -> None:
    await lay_out(session)

    body = await seen_by(client, session, "zoetermeer", "municipality")

    (total,) = body["totals"]
    assert total["level"] == {"level": "ruim", "state": "known"}
    assert total["admittable"]["state"] == "suppressed"


async def test_another_provider_sees_no_level_of_a_type_either(
    client: AsyncClient, session: AsyncSession
) -> None:
    await lay_out(session)

    body = await seen_by(client, session, "outsider", "provider")

    assert body["totals"][0]["level"] == {"level": None, "state": "suppressed"}


async def test_another_provider_sees_what_was_shared_with_it_and_no_more(
    client: AsyncClient, session: AsyncSession
) -> None:
    await lay_out(session)
    await make.a_sharing_rule(session, "reo", "admittable", "exact", audience="provider")

    body = await seen_by(client, session, "neighbour", "provider")

    (unit,) = body["units"]
    (places,) = unit["places"]
    assert places["admittable"]["value"] == ADMITTABLE
    assert unit["level"]["level"] == "ruim"
    assert places["free"]["state"] == places["occupied"]["state"] == "suppressed"
    assert unit["medicallyReady"]["state"] == "suppressed"


async def test_what_is_shared_later_is_not_shown_now(
    client: AsyncClient, session: AsyncSession
) -> None:
    await lay_out(session)
    shared = {"audience": "provider", "delayMinutes": 30}
    await make.a_sharing_rule(session, "reo", "occupancy", "exact", **shared)

    body = await seen_by(client, session, "neighbour", "provider")

    assert body["units"][0]["places"][0]["occupied"]["state"] == "suppressed"


async def test_small_counts_of_people_are_withheld_even_when_shared(
    client: AsyncClient, session: AsyncSession
) -> None:
    await lay_out(session)
    await make.a_sharing_rule(session, "reo", "demand", "exact", audience="provider")

    body = await seen_by(client, session, "neighbour", "provider")

    (unit,) = body["units"]
    assert unit["medicallyReady"]["state"] == "suppressed"
    assert unit["medicallyReady"]["value"] is None
    assert unit["medicallyReady"]["doubts"] == ["few"]
    assert unit["waiting"]["value"] == WAITING


async def test_a_total_with_a_part_that_may_not_be_seen_is_not_shown(
    client: AsyncClient, session: AsyncSession
) -> None:
    await lay_out(session)
    await make.a_unit(session, "own", organisation="neighbour")
    await told(session, "own", staffed=2, occupied=1, reserved=0)

    body = await seen_by(client, session, "neighbour", "provider")

    units = {unit["unit"]: unit["places"][0]["free"] for unit in body["units"]}
    assert (units["own"]["value"], units["reo-flex"]["state"]) == (1, "suppressed")
    (total,) = body["totals"]
    assert total["free"]["state"] == total["admittable"]["state"] == "suppressed"


async def test_a_shared_total_is_shown_from_three_providers_on(
    app: FastAPI, client: AsyncClient, session: AsyncSession
) -> None:
    app.state.directory = DirectoryCache(seconds=0)
    owners = ["one", "two", "three"]
    states = []

    for owner in owners:
        await make.a_unit(session, f"unit-{owner}", organisation=owner)
        await told(session, f"unit-{owner}", staffed=2, occupied=1, reserved=0)
        await make.a_sharing_rule(session, owner, "occupancy", "total", audience="municipality")
        body = await seen_by(client, session, f"town-{owner}", "municipality")
        states.append(body["totals"][0]["free"]["state"])

    assert states == ["suppressed", "suppressed", "known"]
    assert body["totals"][0]["free"]["value"] == 3
    assert {unit["places"][0]["free"]["state"] for unit in body["units"]} == {"suppressed"}


async def test_the_answers_of_two_viewers_are_never_mixed(
    client: AsyncClient, session: AsyncSession
) -> None:
    await lay_out(session)

    owner = await seen_by(client, session, "reo", "provider")
    outsider = await seen_by(client, session, "outsider", "provider")

    assert leaks(owner)
    assert not leaks(outsider)
