"""Who is told what of others' staff, and the twin without disclosure that must fail."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.disclosure import Detail, Disclosure, Shown
from app.access.principal import Principal
from app.access.tables import SharingRuleVersion
from app.forecasts.staffing import queries
from tests import make
from tests.forecasts.staffing.lay import NOW, TODAY, a_norm, a_ward, ask, heads, issue

# Heads that nothing else in an answer has, far too few for 40 people by two a head.
ROSTERED = 13
SUBJECTS = ({"unit": "reo-flex"}, {"careSetting": "reo"})


async def lay_out(session: AsyncSession) -> None:
    await a_ward(session, level=40)
    await a_norm(session, "all", role="nurse", patientsPerHead=2, absence=0.0)
    await heads(session, "rostered", ROSTERED, TODAY, 30)
    await issue(session)


async def share(session: AsyncSession, detail: Detail, **facts: Any) -> None:
    org_id = await make.an_organisation(session, "reo")
    told = {"shown": ["staff"], "detail": detail, **facts}
    rule = {"sharing_rule": "staff", "valid_from": NOW - timedelta(days=9), "facts": told}
    session.add(SharingRuleVersion(org_id=org_id, **rule))
    await session.commit()


async def told_to(
    client: AsyncClient, session: AsyncSession, organisation: str, audience: str, **query: Any
) -> dict[str, Any]:
    key = await make.a_key(session, "staffing:read", organisation=organisation, audience=audience)
    answer = await ask(client, key, **query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def figures(value: Any) -> Iterator[float]:
    """Every number of a figure or band, and the heads of an absence."""
    if isinstance(value, dict):
        for name in ("value", "median", "low", "high", "share", "heads"):
            if isinstance(value.get(name), int | float):
                yield value[name]
        for each in value.values():
            yield from figures(each)
    elif isinstance(value, list):
        for each in value:
            yield from figures(each)


def shorts(body: dict[str, Any]) -> set[bool | None]:
    steps = [step for series in body["series"] for step in series["steps"]]
    return {each["short"] for each in (*steps, *body["worstByShift"])}


def short_posts(series: dict[str, Any]) -> set[bool | None]:
    return {short for post in series["posts"] for short in post["short"]}


@pytest.mark.parametrize("asked", SUBJECTS)
async def test_the_owner_is_told_all_of_it(
    session: AsyncSession, client: AsyncClient, asked: dict[str, str]
) -> None:
    await lay_out(session)

    body = await told_to(client, session, "reo", "provider", **asked)

    assert ROSTERED in set(figures(body))
    assert body["state"] == "known"


@pytest.mark.parametrize("asked", SUBJECTS)
async def test_who_places_people_is_told_yes_or_no_and_the_role(
    session: AsyncSession, client: AsyncClient, asked: dict[str, str]
) -> None:
    await lay_out(session)

    body = await told_to(client, session, "rtp", "coordinator", **asked)

    assert list(figures(body)) == []
    assert shorts(body) == {True, None}
    # Which posts are short is no more than that.
    assert {short for series in body["series"] for short in short_posts(series)} <= {True, None}
    assert {each["role"] for each in body["worstByShift"] if each["short"]} == {"nurse"}
    assert body["capacity"] == body["now"] == []


async def test_an_outsider_is_told_nothing(session: AsyncSession, client: AsyncClient) -> None:
    await lay_out(session)

    bodies = [
        await told_to(client, session, f"an-{audience}", audience, **asked)
        for audience in ("provider", "municipality", "insurer")
        for asked in SUBJECTS
    ]

    assert [list(figures(body)) for body in bodies] == [[]] * 6
    assert [shorts(body) for body in bodies] == [set()] * 6
    assert [each["posts"] for body in bodies for each in body["series"] if each["posts"]] == []
    assert {body["state"] for body in bodies} == {"suppressed"}


async def test_without_disclosure_an_outsider_sees_it_so_the_test_can_fail(
    session: AsyncSession, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Open(Disclosure):
        def detail(self, owner: int, shown: Shown) -> Detail:
            return "exact"

        @property
        def places_people(self) -> bool:
            return True

    async def bypassed(session: AsyncSession, viewer: Principal, *when: Any) -> Disclosure:
        return Open(viewer)

    monkeypatch.setattr(queries, "disclosure", bypassed)
    await lay_out(session)

    body = await told_to(client, session, "outsider", "municipality", unit="reo-flex")

    assert ROSTERED in set(figures(body))


async def test_a_neighbour_is_told_what_is_shared_but_no_small_count(
    session: AsyncSession, client: AsyncClient
) -> None:
    await lay_out(session)
    await heads(session, "rostered", 3, TODAY + timedelta(days=40), 5)
    await share(session, "exact", audience="provider")

    body = await told_to(client, session, "neighbour", "provider", unit="reo-flex")

    steps = [step for series in body["series"] for step in series["steps"]]
    assert {step["rostered"]["value"] for step in steps} == {ROSTERED, None}
    small = [step for step in steps if step["rostered"]["state"] == "suppressed"]
    assert len(small) == 5
    assert {step["need"]["state"] for step in small} == {"suppressed"}


async def test_a_total_with_a_part_that_may_not_be_seen_is_not_told(
    session: AsyncSession, client: AsyncClient
) -> None:
    await a_ward(session, "own", organisation="neighbour", level=40)
    await lay_out(session)

    body = await told_to(client, session, "neighbour", "provider", careSetting="reo")

    assert {each["state"] for each in body["series"]} == {"suppressed"}
    assert {each["unit"] for each in body["worstByShift"]} <= {"own", None}


async def test_what_is_shared_later_is_not_told_now(
    session: AsyncSession, client: AsyncClient
) -> None:
    await lay_out(session)
    await share(session, "exact", audience="provider", delayMinutes=600)

    body = await told_to(client, session, "neighbour", "provider", unit="reo-flex")

    assert list(figures(body)) == []
