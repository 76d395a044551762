import uuid
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tables import AuditEvent
from app.observations.tables import CurrentState
from tests import make

AN_HOUR = timedelta(hours=1)
LATEST = "/v1/units/reo-flex/reports/latest"
DOUBTS = "/v1/units/reo-flex/doubts"


@pytest.fixture
async def reo(session: AsyncSession) -> dict[str, str]:
    await make.a_unit(session)
    return await make.a_key(session, organisation="reo")


async def post(client: AsyncClient, headers: dict[str, str], report: Any) -> Any:
    answer = await client.post("/v1/reports", json=report, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["reports"][0]["outcome"] == "stored", answer.text
    return report


def values(report: Any) -> dict[str, Any]:
    return {figure["measure"]: figure["value"] for figure in report["figures"]}


async def test_a_report_is_given_back_as_it_was_sent(
    client: AsyncClient, reo: dict[str, str]
) -> None:
    day = make.now().replace(hour=0, minute=0, second=0, microsecond=0)
    period = {"start": (day - timedelta(days=1)).isoformat(), "end": day.isoformat()}
    told = await post(
        client,
        reo,
        make.a_report(
            make.a_figure("occupied", 0),
            make.a_figure("staffed", None),
            make.a_figure("refused", 3, reason="full", period=period),
        ),
    )

    read = (await client.get(f"/v1/reports/{told['id']}", headers=reo)).json()

    refused = next(figure for figure in read["figures"] if figure["measure"] == "refused")
    staffed = next(figure for figure in read["figures"] if figure["measure"] == "staffed")
    assert (read["id"], read["unit"], read["kind"]) == (told["id"], "reo-flex", "report")
    assert (read["reportedBy"], read["onBehalfOf"]) == ("reo", None)
    assert values(read) == {"occupied": 0, "staffed": None, "refused": 3}
    assert (staffed["state"], refused["state"]) == ("unknown", "known")
    assert refused["reason"] == "full"
    assert refused["period"]["start"] == period["start"].replace("+00:00", "Z")
    assert read["knownAt"].endswith("Z")


async def test_a_day_is_given_back_as_a_day(client: AsyncClient, reo: dict[str, str]) -> None:
    yesterday = (make.now() - timedelta(days=1)).date().isoformat()
    told = await post(client, reo, make.a_report(observedAt=yesterday))

    read = (await client.get(f"/v1/reports/{told['id']}", headers=reo)).json()
    latest = (await client.get(LATEST, headers=reo)).json()

    assert read["observedAt"] == yesterday
    assert latest["figures"][0]["observedAt"] == yesterday


async def test_the_report_of_another_is_not_found(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    told = await post(client, reo, make.a_report())
    other = await make.a_key(session, organisation="rtp", audience="coordinator")

    hidden = await client.get(f"/v1/reports/{told['id']}", headers=other)
    await make.a_mandate(session, "reo-flex", of="reo", to="rtp")
    shown = await client.get(f"/v1/reports/{told['id']}", headers=other)

    assert (hidden.status_code, hidden.json()["code"]) == (404, "unknown-report")
    assert shown.json()["id"] == told["id"]


async def test_a_report_by_mandate_says_on_whose_behalf(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    await make.a_mandate(session, "reo-flex", of="reo", to="rtp")
    rtp = await make.a_key(session, organisation="rtp", audience="coordinator")
    told = await post(client, rtp, make.a_report())

    read = (await client.get(f"/v1/reports/{told['id']}", headers=reo)).json()

    assert (read["reportedBy"], read["onBehalfOf"]) == ("rtp", "reo")
    assert read["source"] == "mandate"


async def test_an_id_that_is_none_is_refused(client: AsyncClient, reo: dict[str, str]) -> None:
    wrong = await client.get("/v1/reports/7", headers=reo)
    unknown = await client.get(f"/v1/reports/{uuid.uuid4()}", headers=reo)

    assert (wrong.status_code, wrong.json()["errors"][0]["parameter"]) == (400, "report")
    assert unknown.status_code == 404


async def test_the_latest_report_holds_what_it_did_not_touch(
    client: AsyncClient, reo: dict[str, str]
) -> None:
    older = make.a_report(make.a_figure("staffed", 2), make.a_figure("occupied", 1), ago=AN_HOUR)
    newer = make.a_report(make.a_figure("occupied", 2))
    await post(client, reo, newer)
    await post(client, reo, older)

    latest = (await client.get(LATEST, headers=reo)).json()

    by = {figure["measure"]: figure for figure in latest["figures"]}
    assert latest["id"] == newer["id"]
    assert (by["occupied"]["value"], by["occupied"]["report"]) == (2, newer["id"])
    assert (by["staffed"]["value"], by["staffed"]["report"]) == (2, older["id"])
    assert by["staffed"]["observedAt"] < by["occupied"]["observedAt"]
    assert by["occupied"]["doubts"] == []


async def test_a_hand_entry_stands_over_a_feed_for_four_hours(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    await make.a_unit(session, "reo-two")
    hand = {"source": "hand"}
    await post(client, reo, make.a_report(make.a_figure(value=2), ago=3 * AN_HOUR, **hand))
    await post(client, reo, make.a_report(make.a_figure(value=1)))
    await post(
        client, reo, make.a_report(make.a_figure(value=2), unit="reo-two", ago=5 * AN_HOUR, **hand)
    )
    await post(client, reo, make.a_report(make.a_figure(value=1), unit="reo-two"))

    within = (await client.get(LATEST, headers=reo)).json()
    after = (await client.get("/v1/units/reo-two/reports/latest", headers=reo)).json()

    assert values(within) == {"occupied": 2}
    assert values(after) == {"occupied": 1}


async def test_the_latest_of_a_unit_is_for_who_reports_for_it(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    rtp = await make.a_key(session, organisation="rtp", audience="coordinator")
    nothing = await client.get(LATEST, headers=reo)
    await post(client, reo, make.a_report())

    another = await client.get(LATEST, headers=rtp)
    unknown = await client.get("/v1/units/none/reports/latest", headers=reo)
    no_slug = await client.get("/v1/units/No_Slug/reports/latest", headers=reo)
    await make.a_mandate(session, "reo-flex", of="reo", to="rtp")
    mandated = await client.get(LATEST, headers=rtp)

    assert (nothing.status_code, nothing.json()["code"]) == (404, "no-report")
    assert (another.status_code, another.json()["code"]) == (403, "not-yours")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown-unit")
    assert (no_slug.status_code, no_slug.json()["errors"][0]["parameter"]) == (400, "unit")
    assert mandated.status_code == 200


async def in_doubt(client: AsyncClient, reo: dict[str, str]) -> Any:
    return await post(
        client, reo, make.a_report(make.a_figure("staffed", 2), make.a_figure("occupied", 5))
    )


async def test_a_doubt_is_listed_until_it_is_accepted(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    told = await in_doubt(client, reo)
    listed = (await client.get(DOUBTS, headers=reo)).json()["doubts"]

    accepted = await client.post(f"/v1/reports/{told['id']}/doubts/_accept", headers=reo)
    again = await client.post(f"/v1/reports/{told['id']}/doubts/_accept", headers=reo)

    left = (await client.get(DOUBTS, headers=reo)).json()["doubts"]
    standing = (await session.execute(select(CurrentState.doubts))).scalars().all()
    event = select(AuditEvent).where(AuditEvent.event == "doubts.accept")
    assert [(each["code"], each["figure"]["value"]) for each in listed] == [
        ("more-occupied-than-staffed", 5)
    ]
    assert (accepted.json()["accepted"], again.json()["accepted"]) == (1, 0)
    assert left == []
    assert standing == [[], []]
    assert (await session.execute(event)).scalar_one().object_id == told["id"]


async def test_a_doubt_ends_with_a_correction(client: AsyncClient, reo: dict[str, str]) -> None:
    told = await in_doubt(client, reo)
    right = {**told, "id": str(uuid.uuid4()), "figures": [make.a_figure("occupied", 2)]}

    await post(client, reo, right)

    assert (await client.get(DOUBTS, headers=reo)).json()["doubts"] == []


async def test_doubts_are_for_who_reports_for_the_unit(
    client: AsyncClient, session: AsyncSession, reo: dict[str, str]
) -> None:
    told = await in_doubt(client, reo)
    rtp = await make.a_key(session, organisation="rtp", audience="coordinator")
    accept = f"/v1/reports/{told['id']}/doubts/_accept"

    hidden = await client.get(DOUBTS, headers=rtp)
    refused = await client.post(accept, headers=rtp)
    await make.a_mandate(session, "reo-flex", of="reo", to="rtp")
    accepted = await client.post(accept, headers=rtp)

    assert hidden.status_code == 403
    assert refused.status_code == 404
    assert accepted.json()["accepted"] == 1


async def test_doubts_are_given_in_pages(client: AsyncClient, reo: dict[str, str]) -> None:
    for hours in range(3):
        report = make.a_report(
            make.a_figure("staffed", 2), make.a_figure("occupied", 5), ago=hours * AN_HOUR
        )
        await post(client, reo, report)

    found: list[str] = []
    path = f"{DOUBTS}?limit=2"
    while path:
        page = await client.get(path, headers=reo)
        found += [each["report"] for each in page.json()["doubts"]]
        path = page.links.get("next", {}).get("url", "")
    strange = await client.get(f"{DOUBTS}?cursor=x", headers=reo)

    assert len(found) == len(set(found)) == 3
    assert (strange.status_code, strange.json()["errors"][0]["parameter"]) == (400, "cursor")
