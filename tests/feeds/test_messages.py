"""A feed's message becomes reports; a new feed waits in quarantine; a mandate waits for a yes."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.keys import demo_key
from app.feeds.tables import Feed, FeedVersion
from tests import make

EXAMPLES = Path(__file__).parents[2] / "docs" / "feeds" / "examples"
CLIENTS = {
    "reo": "reo-koppeling",
    "caz": "caz-koppeling",
    "huisartsenpost": "hap-koppeling",
    "hospital": "ziekenhuis-koppeling",
}


def bearer(client: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {demo_key(client).text}"}


async def count(session: AsyncSession, table: str) -> int:
    await session.rollback()
    found: int = await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0
    return found


@pytest.mark.parametrize("feed", ["reo", "caz", "hospital"])
async def test_a_message_ends_in_the_overview(
    zoetermeer: None, client: AsyncClient, feed: str
) -> None:
    message = json.loads((EXAMPLES / f"{feed}-nu.json").read_text("utf-8"))

    answer = await client.post(
        f"/v1/feeds/{feed}/messages", json=message, headers=bearer(CLIENTS[feed])
    )

    assert answer.status_code == 200, answer.text
    receipt = answer.json()
    assert {report["outcome"] for report in receipt["reports"]} == {"stored"}
    overview = (await client.get("/v1/overview", headers=bearer("caz-bord"))).json()
    told = {unit["unit"] for unit in overview["units"] if unit["observedAt"]}
    assert {report["unit"] for report in receipt["reports"]} & told


async def test_the_hour_of_a_huisartsenpost_is_stored(
    zoetermeer: None, client: AsyncClient, session: AsyncSession
) -> None:
    hour = make.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    post = {"code": "HAP-1", "uur": hour.isoformat(), "oproepen": 42, "beantwoord": 38}
    message = {"peilmoment": make.now().isoformat(), "posten": [post]}

    answer = await client.post(
        "/v1/feeds/huisartsenpost/messages", json=message, headers=bearer("hap-koppeling")
    )

    assert answer.status_code == 200, answer.text
    stored = await session.execute(
        text(
            "SELECT s.measure, o.value, o.length_s, o.at FROM observations o JOIN series s "
            "ON s.series_id = o.series_id ORDER BY s.measure"
        )
    )
    assert [tuple(row) for row in stored] == [
        ("answered", 38, 3600, hour),
        ("calls", 42, 3600, hour),
    ]


async def test_a_message_that_is_sent_again_is_harmless(
    zoetermeer: None, client: AsyncClient, session: AsyncSession
) -> None:
    message = json.loads((EXAMPLES / "reo-nu.json").read_text("utf-8"))
    message["peilmoment"] = make.now().isoformat()
    await client.post("/v1/feeds/reo/messages", json=message, headers=bearer("reo-koppeling"))
    before = await count(session, "observations")

    again = await client.post(
        "/v1/feeds/reo/messages", json=message, headers=bearer("reo-koppeling")
    )

    assert {report["outcome"] for report in again.json()["reports"]} == {"repeated"}
    assert await count(session, "observations") == before > 0


async def test_a_bed_seen_through_two_feeds_is_counted_once(
    zoetermeer: None, client: AsyncClient
) -> None:
    key = bearer("caz-bord")
    own = {"measure": "staffed", "value": 2}
    report = make.a_report(own, make.a_figure("occupied", 1), make.a_figure("reserved", 0))
    await client.post("/v1/reports", json=report, headers=bearer("reo-koppeling"))
    before = (await client.get("/v1/overview?group=reo", headers=key)).json()["totals"]
    region = (await client.get("/v1/overview", headers=key)).json()["totals"]

    hand = await client.post(
        "/v1/reports", json={**report, "id": make.a_report()["id"]}, headers=bearer("reo-invoer")
    )

    assert hand.json()["reports"][0]["outcome"] == "stored"
    after = (await client.get("/v1/overview", headers=key)).json()["totals"]
    places = [(t["careSetting"], t["bedType"], t["staffed"]["value"]) for t in region]
    assert places == [(t["careSetting"], t["bedType"], t["staffed"]["value"]) for t in after]
    assert before


async def test_a_new_feed_is_kept_apart_until_it_is_released(
    zoetermeer: None, client: AsyncClient, session: AsyncSession
) -> None:
    message = json.loads((EXAMPLES / "hospital-nu.json").read_text("utf-8"))
    message["peilmoment"] = make.now().isoformat()
    key, operator = bearer("ziekenhuis-koppeling"), bearer("toren-beheer")

    kept = await client.post("/v1/feeds/hospital-nieuw/messages", json=message, headers=key)

    assert {report["outcome"] for report in kept.json()["reports"]} == {"quarantined"}
    assert await count(session, "observations") == 0
    shown = (await client.get("/v1/feeds/hospital-nieuw/quarantine", headers=key)).json()["items"]
    assert len(shown) == len(kept.json()["reports"])
    others = await client.get("/v1/feeds/hospital-nieuw/quarantine", headers=bearer("reo-invoer"))
    assert others.json()["items"] == []

    refused = await client.post("/v1/feeds/hospital-nieuw/_release", headers=key)
    released = await client.post("/v1/feeds/hospital-nieuw/_release", headers=operator)

    assert refused.status_code == 403
    assert released.status_code == 200, released.text
    assert released.json()["figures"] == kept.json()["figures"] > 0
    assert await count(session, "observations") == released.json()["figures"]
    feeds = (await client.get("/v1/feeds", headers=key)).json()["items"]
    state = {feed["feed"]: (feed["state"], feed["kept"]) for feed in feeds}
    assert state["hospital-nieuw"] == ("released", 0)
    then = await client.post("/v1/feeds/hospital-nieuw/messages", json=message, headers=key)
    assert {report["outcome"] for report in then.json()["reports"]} == {"repeated"}
    message["peilmoment"] = make.now().isoformat()
    newer = await client.post("/v1/feeds/hospital-nieuw/messages", json=message, headers=key)
    assert {report["outcome"] for report in newer.json()["reports"]} == {"stored"}


async def test_a_feed_is_its_owners_and_may_be_suspended(
    zoetermeer: None, client: AsyncClient, session: AsyncSession
) -> None:
    message = json.loads((EXAMPLES / "reo-nu.json").read_text("utf-8"))
    org_id = await make.an_organisation(session, "hap-zoetermeer")
    await session.execute(insert(Feed).values(feed="oud", org_id=org_id, format="reo"))
    facts: dict[str, Any] = {"name": "Oud (fictief)", "state": "suspended", "units": {}}
    session.add(FeedVersion(feed="oud", org_id=org_id, valid_from=make.LONG_AGO, facts=facts))
    await session.commit()

    anothers = await client.post(
        "/v1/feeds/reo/messages", json=message, headers=bearer("hap-koppeling")
    )
    suspended = await client.post(
        "/v1/feeds/oud/messages", json=message, headers=bearer("hap-koppeling")
    )

    assert anothers.status_code == 404
    assert suspended.status_code == 403
    assert suspended.json()["code"] == "feed-suspended"


async def test_a_message_with_a_person_in_it_is_refused_whole(
    zoetermeer: None, client: AsyncClient, session: AsyncSession
) -> None:
    message = json.loads((EXAMPLES / "reo-nu.json").read_text("utf-8"))
    message["locaties"][0]["patient"] = {"naam": "een naam", "bsn": "123456782"}

    answer = await client.post(
        "/v1/feeds/reo/messages", json=message, headers=bearer("reo-koppeling")
    )

    assert answer.status_code == 400
    assert answer.json()["code"] == "person-detected"
    assert "123456782" not in answer.text
    assert await count(session, "observations") == 0


async def test_a_mandate_holds_once_the_operator_confirms_it(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session, organisation="reo")
    owner = await make.a_key(session, organisation="reo")
    caz = await make.a_key(session, organisation="caz")
    operator = await make.a_key(session, "operator", organisation="beheer", audience="operator")
    mandate = {"to": "caz", "units": ["reo-flex"], "until": None}

    given = await client.post("/v1/mandates", json=mandate, headers=owner)
    early = await client.post("/v1/reports", json=make.a_report(), headers=caz)
    confirmed = await client.post("/v1/mandates/reo--caz/_confirm", headers=operator)
    late = await client.post("/v1/reports", json=make.a_report(), headers=caz)

    again = await client.post("/v1/mandates", json=mandate, headers=owner)

    assert given.json()["confirmed"] is False
    assert again.json()["confirmed"] is True
    assert early.status_code == 403
    assert confirmed.json()["confirmed"] is True
    assert late.status_code == 200


async def test_nobody_gives_a_mandate_for_anothers_unit(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session, organisation="reo")
    caz = await make.a_key(session, organisation="caz")
    mandate = {"to": "niemand", "units": ["reo-flex"]}

    answer = await client.post("/v1/mandates", json=mandate, headers=caz)

    assert answer.status_code == 400
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {"/units/0", "/to"}
