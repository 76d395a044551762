"""A cursor that was not given is refused with the way out, wherever it is sent."""

import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from httpx import AsyncClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Invalid
from app.paging import MOMENT_AND_ID, encode, page_of
from tests import make
from tests.feeds.pulled import a_fetched_feed

# What reads as a moment and lies in no year that the store holds, or in none at all.
NO_MOMENTS = (
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+00:00"),
    *("1989-12-31T00:00:00Z", "2201-01-02T00:00:00Z", "2026-11-22T08:00:00", "\x00", "\ud800"),
)
A_MOMENT, AN_ID = "2026-11-22T08:00:00+00:00", str(uuid.UUID(int=7))
LISTS = {
    "/v1/feeds/reo-pull/messages": "cursor",
    "/v1/feeds/reo-pull/rejects": "cursor",
    "/v1/imports": "cursor",
    "/v1/reports": "since",
}
DOUBTS = "/v1/units/reo-pull-unit/doubts"


async def a_reader(session: AsyncSession) -> dict[str, str]:
    await a_fetched_feed(session, "reo-pull", "https://feed.example/")
    return await make.a_key(session, "imports:write", "reports:read", organisation="reo")


async def answers(
    client: AsyncClient, key: dict[str, str], path: str, parameter: str, cursors: list[str]
) -> set[tuple[int, str, str, str]]:
    told = set()
    for cursor in cursors:
        answer = await client.get(path, params={parameter: cursor}, headers=key)
        assert answer.status_code == 400, (path, cursor, answer.text)
        [fault] = answer.json()["errors"]
        told.add((answer.status_code, answer.json()["code"], fault["parameter"], fault["detail"]))
    return told


@pytest.mark.parametrize(("path", "parameter"), LISTS.items())
async def test_a_forged_cursor_is_refused(
    client: AsyncClient, session: AsyncSession, path: str, parameter: str
) -> None:
    key = await a_reader(session)
    forged = [encode([moment, AN_ID]) for moment in NO_MOMENTS]
    forged += [encode([A_MOMENT, "no-id"]), encode([A_MOMENT]), "x", "\x00", "é"]

    told = await answers(client, key, path, parameter, forged)
    good = await client.get(path, params={parameter: encode([A_MOMENT, AN_ID])}, headers=key)

    assert told == {(400, "bad-cursor", parameter, "Take it from the Link header.")}
    assert good.status_code == 200


async def test_a_forged_cursor_of_doubts_is_refused(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await a_reader(session)
    forged = [encode([moment, AN_ID, "1", "code"]) for moment in NO_MOMENTS]
    forged += [encode([A_MOMENT, AN_ID, n, "code"]) for n in ("9" * 30, "2147483648", "-1", "a")]
    forged += [encode([A_MOMENT, AN_ID, "1", code]) for code in ("\x00", "\ud800", "")]

    told = await answers(client, key, DOUBTS, "cursor", forged)
    good = encode([A_MOMENT, AN_ID, "2147483647", "more-than-staffed"])
    found = await client.get(DOUBTS, params={"cursor": good}, headers=key)

    assert told == {(400, "bad-cursor", "cursor", "Take it from the Link header.")}
    assert found.status_code == 200


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=OFFSETS), st.uuids())
def test_whatever_moment_a_cursor_holds_it_is_read_as_it_is_or_refused(
    moment: datetime, number: uuid.UUID
) -> None:
    cursor = encode([moment.isoformat(), str(number)])

    try:
        read = page_of(cursor, MOMENT_AND_ID)
    except Invalid:
        read = None

    assert read == ((moment, number) if 1990 <= moment.year <= 2200 else None)
    assert read is None or read[0].tzinfo == UTC
