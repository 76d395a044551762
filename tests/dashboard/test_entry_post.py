"""The phone form of units without places, and a confirmation that is taken back."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.scopes import Scope
from app.dashboard.entry.sheet import at_hour, figures, sheet_of, typed, whole_hour, without_places
from app.facilities.schemas import UnitFacts
from tests import make
from tests.dashboard.test_entry import filled, hidden, key, stored, values
from tests.dashboard.test_page import Outline
from tests.dashboard.test_sign_in import HERE, signed_in

__all__ = ["key"]
NOW = datetime(2026, 11, 22, 12, 20, tzinfo=UTC)
SCOPES: tuple[Scope, ...] = ("reports:write", "reports:read", "overview:read", "events:write")
POST = {"careSetting": "huisartsenpost", "resource": "consult", "roles": ["triage-nurse", "gp"]}


def facts(**told: object) -> UnitFacts:
    about = {"name": "Post (fictief)", "facility": "plein", "reporting": {"intervalMinutes": 60}}
    return UnitFacts.model_validate({**about, **POST, **told})


async def at_the_post(
    client: AsyncClient, session: AsyncSession, *scopes: Scope, **told: object
) -> dict[str, str]:
    """Somebody of a unit without places is signed in."""
    await make.a_unit(session, "hap", "hap", **{**POST, "beds": (), **told})
    key = await make.a_key(session, *scopes, organisation="hap", source_kind="hand")
    await signed_in(client, key)
    client.headers.update(HERE)
    return key


async def test_a_shift_lead_tells_how_the_post_stands_and_how_the_last_hour_was(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await at_the_post(client, session, *SCOPES)
    page = Outline((await client.get("/invoer/hap")).text)
    hour = hidden(page, "hour")
    sent = {"id": str(uuid.uuid4()), "hour": hour, "status": "restricted", "visitsOpen:": "3"}
    sent |= {"calls:": "20", "answered:": "18", "answeredWithin120s:": "15"}
    sent |= {"shortToday:triage-nurse": "1"}

    answers = [await client.post("/invoer/hap", data=sent) for _ in range(2)]

    latest = (await client.get("/v1/units/hap/reports/latest", headers=key)).json()
    status = (await client.get("/v1/units/hap/status", headers=key)).json()
    again = Outline((await client.get("/invoer/hap")).text)
    assert [each.status_code for each in answers] == [200, 200]
    got = {each["measure"]: each["value"] for each in latest["figures"]}
    assert got == {
        "visitsOpen": 3,
        "calls": 20,
        "answered": 18,
        "answeredWithin120s": 15,
        "shortToday": 1,
    }
    (calls,) = [each for each in latest["figures"] if each["measure"] == "calls"]
    assert datetime.fromisoformat(calls["period"]["start"]).timestamp() == int(hour)
    assert (status["status"], status["source"]) == ("restricted", "hand")
    assert [each["value"] for each in again.all("input") if "checked" in each] == [
        "restricted",
        "1",
    ]
    assert (values(again)["visitsOpen"], values(again)["calls"]) == ("3", "")


async def test_a_pharmacy_tells_that_it_is_closed_and_no_more(
    client: AsyncClient, session: AsyncSession
) -> None:
    pharmacy = {"careSetting": "pharmacy", "roles": ["pharmacist"]}
    key = await at_the_post(client, session, *SCOPES, **pharmacy)
    form = Outline((await client.get("/invoer/hap")).text)

    sent = {"id": str(uuid.uuid4()), "status": "closed"}
    answer = await client.post("/invoer/hap", data=sent)
    status = (await client.get("/v1/units/hap/status", headers=key)).json()

    assert [each for each in form.all("input") if each.get("inputmode") == "numeric"] == []
    assert "Doorgegeven" in Outline(answer.text).text
    assert "Draai terug" not in answer.text
    assert status["status"] == "closed"


async def test_the_same_status_again_is_stored_again_where_nothing_else_is_told(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await at_the_post(client, session, *SCOPES, careSetting="pharmacy", roles=[])
    early = {"id": str(uuid.uuid4()), "status": "open", "ageSeconds": "3600"}
    await client.post("/invoer/hap", data=early)
    before = (await client.get("/v1/units/hap/status", headers=key)).json()

    answer = await client.post("/invoer/hap", data={"id": str(uuid.uuid4()), "status": "open"})

    after = (await client.get("/v1/units/hap/status", headers=key)).json()
    assert "Doorgegeven" in Outline(answer.text).text
    assert datetime.fromisoformat(after["at"]) - datetime.fromisoformat(before["at"]) > timedelta(
        minutes=50
    )


async def test_who_undoes_figures_reads_that_the_status_told_with_them_stays(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await at_the_post(client, session, *SCOPES)
    sent = {"id": str(uuid.uuid4()), "status": "closed", "visitsOpen:": "3"}
    await client.post("/invoer/hap", data=sent)

    undo = {"id": str(uuid.uuid4()), "report": sent["id"]}
    answer = await client.post("/invoer/hap/terugdraaien", data=undo)

    status = (await client.get("/v1/units/hap/status", headers=key)).json()
    assert "Hoe u open bent, blijft zoals u het net meldde" in Outline(answer.text).text
    assert status["status"] == "closed"


async def test_who_may_not_tell_of_events_is_not_asked_how_it_is_open(
    client: AsyncClient, session: AsyncSession
) -> None:
    await at_the_post(client, session, "reports:write", "reports:read", "overview:read")
    page = Outline((await client.get("/invoer/hap")).text)

    refused = await client.post("/invoer/hap", data={"id": str(uuid.uuid4()), "status": "open"})

    assert [each for each in page.all("input") if each["name"] == "status"] == []
    assert refused.status_code == 400


@pytest.mark.parametrize("hour", ["1", "9999999999", "1764421201", "gisteren"])
async def test_an_hour_that_no_form_had_is_refused(
    client: AsyncClient, session: AsyncSession, hour: str
) -> None:
    await at_the_post(client, session, *SCOPES)
    sent = {"id": str(uuid.uuid4()), "hour": hour, "calls:": "2"}

    answer = await client.post("/invoer/hap", data=sent)

    assert answer.status_code == 400
    assert await stored(session, "calls") == []


async def test_a_confirmation_is_taken_back_and_then_nothing_is_known_of_now(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    first = filled(physical=5, occupied=2, closedPlaces=0, ageSeconds="3600")
    await client.post("/invoer/reo-flex", data=first)
    confirmation = {"id": str(uuid.uuid4()), "confirms": first["id"]}
    told = Outline((await client.post("/invoer/reo-flex/bevestigen", data=confirmation)).text)

    sent = {"id": str(uuid.uuid4()), "report": hidden(told, "report")}
    answers = [await client.post("/invoer/reo-flex/terugdraaien", data=sent) for _ in range(2)]

    latest = (await client.get("/v1/units/reo-flex/reports/latest", headers=key)).json()
    assert [each.status_code for each in answers] == [200, 200]
    assert "De bevestiging telt niet meer" in Outline(answers[0].text).text
    assert await stored(session, "occupied") == [2, 2, None]
    assert (latest["kind"], latest["id"]) == ("retraction", sent["id"])


def test_the_hour_is_that_of_the_form_and_its_figures_are_of_it() -> None:
    sheet = sheet_of("hap", facts(), [], {}, NOW)
    before = (
        NOW.replace(minute=0) - timedelta(hours=5),
        NOW.replace(minute=0) - timedelta(hours=4),
    )

    told = figures(typed(at_hour(sheet, before), {"calls:": "4", "visitsOpen:": "1"}))

    assert sheet.hour == whole_hour(NOW)
    assert "Van 12:00 tot 13:00 uur" in [line.name for line in sheet.lines]
    found = {each.measure: each.period and (each.period.start, each.period.end) for each in told}
    assert found == {"visitsOpen": None, "calls": before}


def test_who_was_helped_is_a_part_of_who_called() -> None:
    sheet = sheet_of("hap", facts(), [], {}, NOW)

    wrong = typed(sheet, {"calls:": "4", "answered:": "5"})

    assert wrong.wrong
    assert [box.error for line in wrong.lines for box in line.boxes if box.error] == [
        "Dat is meer dan het geheel: 4."
    ]


def test_a_status_alone_is_enough_and_an_unknown_one_is_refused() -> None:
    asked = replace(sheet_of("hap", facts(), [], {}, NOW), status="")

    told, empty, strange = (typed(asked, {"status": said}) for said in ("open", "", "vol"))

    assert (told.wrong, told.status, figures(told)) == (False, "open", [])
    assert (empty.wrong, strange.wrong) == (True, True)


def test_a_form_without_numbers_does_not_ask_for_one() -> None:
    asked = replace(sheet_of("hap", facts(careSetting="pharmacy"), [], {}, NOW), status="")

    empty = typed(asked, {})

    assert empty.error == "Kies ten minste één ding."


@pytest.mark.parametrize(
    ("resource", "asked"),
    [("consult", True), ("phone-line", True), ("bed", False), ("home-visit", False)],
)
def test_how_it_is_open_is_asked_of_units_without_places(resource: str, asked: bool) -> None:
    assert without_places(facts(resource=resource)) is asked
