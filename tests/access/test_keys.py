"""Keys are listed without their secrets, and revoked for good."""

import asyncio

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.commands import revoke_key
from app.access.queries import keys_there_are
from app.errors import NotFound
from app.facilities.commands import OPERATOR
from tests import make


async def test_a_revoked_key_opens_nothing_any_more(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.an_organisation(session, "reo")
    ended = await make.a_key(session, "overview:read", organisation="reo")
    other = await make.a_key(session, "overview:read", organisation="reo")
    await session.commit()
    kid = ended["Authorization"].split("_")[1]
    before = await client.get("/v1/overview", headers=ended)

    await revoke_key(session, OPERATOR, kid)
    await session.commit()
    await asyncio.sleep(1.1)  # the longest that the server may use its verdict again
    after = [await client.get("/v1/overview", headers=key) for key in (ended, other)]

    assert before.status_code == 200
    assert [answer.status_code for answer in after] == [401, 200]


async def test_the_list_says_which_keys_live_and_holds_no_secret(session: AsyncSession) -> None:
    await make.an_organisation(session, "reo")
    await make.an_organisation(session, "caz")
    ended = await make.a_key(session, "overview:read", organisation="reo")
    await make.a_key(session, "reports:write", organisation="caz")
    kid, secret = ended["Authorization"].removeprefix("Bearer vt_").split("_", 1)
    await revoke_key(session, OPERATOR, kid)

    (listed,) = await keys_there_are(session, "reo")
    everyones = await keys_there_are(session)

    assert (listed.kid, listed.organisation, listed.scopes) == (kid, "reo", ["overview:read"])
    assert listed.revoked_at is not None
    assert secret not in repr(everyones)
    assert [key.organisation for key in everyones] == ["caz", "reo"]


async def test_revoking_leaves_its_trace_and_happens_once(session: AsyncSession) -> None:
    await make.an_organisation(session, "reo")
    key = await make.a_key(session, "overview:read", organisation="reo")
    kid = key["Authorization"].split("_")[1]

    await revoke_key(session, OPERATOR, kid)
    with pytest.raises(NotFound):
        await revoke_key(session, OPERATOR, kid)
    await session.flush()

    asked = text("SELECT count(*) FROM audit_events WHERE event = 'keys.revoke'")
    assert await session.scalar(asked) == 1
