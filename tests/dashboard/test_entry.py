import re
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.dashboard.entry.sheet import (
    Sheet,
    day_of,
    figures,
    local_day,
    named,
    sheet_of,
    stepped,
    typed,
)
from app.facilities.schemas import UnitFacts
from tests import make
from tests.dashboard.test_page import Outline
from tests.dashboard.test_sign_in import HERE, at_once, signed_in
from tests.overview.lay import told

BED = "observation-elderly"
NOW = datetime.fromisoformat("2026-11-22T12:00:00+01:00")


def filled(**fields: Any) -> dict[str, str]:
    """The phone form of a unit of one kind of beds, as a browser sends it."""
    number = fields.pop("id", str(uuid.uuid4()))
    rest: dict[str, str] = {
        name: fields.pop(name) for name in ("ageSeconds", "step") if name in fields
    }
    return {"id": number, **rest, **{named(name, BED): str(v) for name, v in fields.items()}}


def values(page: Outline) -> dict[str, str]:
    return {
        (each["name"] or "").partition(":")[0]: each.get("value") or ""
        for each in page.all("input")
        if each.get("inputmode") == "numeric"
    }


def hidden(page: Outline, name: str) -> str:
    return next(each["value"] or "" for each in page.all("input") if each.get("name") == name)


async def stored(session: AsyncSession, measure: str) -> list[float | None]:
    """All that was ever told of a figure, the newest last."""
    rows = await session.execute(
        text(
            "SELECT value FROM observations JOIN series USING (org_id, series_id) "
            "WHERE measure = :measure ORDER BY known_at, series_id"
        ),
        {"measure": measure},
    )
    return list(rows.scalars())


@pytest.fixture
async def key(client: AsyncClient, session: AsyncSession) -> dict[str, str]:
    """Somebody of REO is signed in, by hand, and their unit is there."""
    await make.a_unit(session)
    key = await make.a_key(session, source_kind="hand")
    await signed_in(client, key)
    client.headers.update(HERE)
    return key


async def test_the_list_names_own_units_and_those_by_mandate(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    await make.a_unit(session, "caz-acuut", "caz")
    await make.a_unit(session, "caz-dicht", "caz")
    await make.a_mandate(session, "caz-acuut", of="caz", to="reo")
    await told(session, "reo-flex", staffed=2, occupied=1)

    page = Outline((await client.get("/invoer")).text)

    assert "caz-acuut (fictief) nog niets gemeld namens caz" in page.text
    assert "caz-dicht" not in page.text
    assert "/invoer/reo-flex" in [a["href"] for a in page.all("a")]


async def test_the_form_is_filled_with_what_was_told_last(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    first = filled(physical=4, occupied=2, reserved=1, closedPlaces=1, reason="staff", today=1)
    await client.post("/invoer/reo-flex", data=first)

    page = Outline((await client.get("/invoer/reo-flex")).text)

    assert values(page) == {
        "occupied": "2",
        "reserved": "1",
        "closedPlaces": "1",
        "today": "1",
        "tomorrow": "",
    }
    assert [each["value"] for each in page.all("option") if "selected" in each] == ["staff"]
    assert "0 bedden vrij, 1 dicht" in page.text


async def test_what_is_sent_is_stored_as_a_report(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    sent = filled(physical=5, occupied=2, reserved=1, closedPlaces=1, reason="infection", today=1)

    answer = await client.post("/invoer/reo-flex", data=sent)

    latest = (await client.get("/v1/units/reo-flex/reports/latest", headers=key)).json()
    assert answer.status_code == 200
    assert (latest["id"], latest["source"], latest["kind"]) == (sent["id"], "hand", "report")
    got = {(f["measure"], f.get("reason")): f["value"] for f in latest["figures"]}
    assert got == {
        ("physical", None): 5,
        ("staffed", None): 4,
        ("occupied", None): 2,
        ("reserved", None): 1,
        ("closedPlaces", "infection"): 1,
        ("expectedDischarges", None): 1,
    }


async def test_whoever_reports_gets_something_back(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    sent = filled(physical=5, occupied=2, reserved=0, closedPlaces=1, reason="staff", today=2)

    page = Outline((await client.post("/invoer/reo-flex", data=sent)).text)

    assert "Doorgegeven" in page.text
    assert "2 nu opneembaar, 2 vrij, 1 dicht" in page.text
    assert "Er vertrekken er vandaag 2 en morgen onbekend." in page.text
    assert "Er is nog geen verwachting" in page.text


async def test_what_is_expected_today_comes_back(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    await a_forecast_of_today(session, no_place=0.2)

    sent = filled(physical=5, occupied=2, reserved=0, closedPlaces=0)
    page = Outline((await client.post("/invoer/reo-flex", data=sent)).text)

    assert re.search(r"Tot \d\d:\d\d komen er met 80% kans 1 tot 3 aanvragen\.", page.text)
    assert re.search(r"Om \d\d:\d\d nog een plek: waarschijnlijk \( ?80%\)", page.text)


async def a_forecast_of_today(session: AsyncSession, no_place: float) -> None:
    """One step of the days, that is going on now."""
    number, begin = uuid.uuid4(), make.now() - timedelta(hours=1)
    await session.execute(
        text(
            "INSERT INTO forecast_runs (run_id, horizon, issued_at, data_cut, model, seed, "
            "probabilities, detail) "
            "VALUES (:run, 'days', now(), now(), 'x', 1, '{0.1,0.5,0.9}', '{}')"
        ),
        {"run": number},
    )
    await session.execute(
        text(
            "INSERT INTO forecast_points (org_id, run_id, subject_kind, subject, measure, "
            "resource, bed_type, at, length_s, quantiles, arrivals, departures, net, "
            "no_place_at, no_place) SELECT org_id, :run, 'unit', 'reo-flex', 'occupied', 'bed', "
            ":bed, :at, 28800, '{1,2,3}', '{1,2,3}', '{0,1,2}', '{0,1,2}', "
            "ARRAY[CAST(:later AS timestamptz)], ARRAY[CAST(:chance AS float8)] "
            "FROM organisations WHERE organisation = 'reo'"
        ),
        {
            "run": number,
            "bed": BED,
            "at": begin,
            "later": make.now() + timedelta(minutes=30),
            "chance": no_place,
        },
    )
    await session.commit()


async def test_the_same_form_twice_is_one_report(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    sent = filled(physical=5, occupied=2, closedPlaces=0)

    answers = [await client.post("/invoer/reo-flex", data=sent) for _ in range(2)]

    assert [each.status_code for each in answers] == [200, 200]
    assert await stored(session, "occupied") == [2]


async def test_what_a_phone_had_to_keep_is_of_the_moment_that_it_was_filled_in(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    sent = filled(physical=5, occupied=2, closedPlaces=0, ageSeconds="3600")

    await client.post("/invoer/reo-flex", data=sent)

    at = await session.scalar(text("SELECT observed_at FROM reports"))
    assert abs(make.now() - timedelta(hours=1) - at) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"occupied": "-1"}, "Vul een heel getal in, van 0 tot 9999."),
        ({"occupied": "2,5"}, "Vul een heel getal in, van 0 tot 9999."),
        ({"occupied": ""}, "Vul een getal in; 0 als er geen is."),
        ({"closedPlaces": "6", "reason": "staff"}, "Er zijn 5 plekken."),
        ({"closedPlaces": "1"}, "Kies waarom er plekken dicht zijn."),
        ({"closedPlaces": "1", "reason": "zomaar"}, "Kies waarom er plekken dicht zijn."),
    ],
)
async def test_what_is_wrong_stands_at_its_field_and_the_rest_is_kept(
    client: AsyncClient,
    session: AsyncSession,
    key: dict[str, str],
    wrong: dict[str, str],
    said: str,
) -> None:
    sent = filled(**{"physical": 5, "occupied": 2, "reserved": 1, "closedPlaces": 0, **wrong})

    answer = await client.post("/invoer/reo-flex", data=sent)

    page = Outline(answer.text)
    assert answer.status_code == 400
    assert said in page.text
    assert values(page)["reserved"] == "1"
    assert hidden(page, "id") == sent["id"]
    assert [each for _, each in page.tags if each.get("aria-invalid") == "true"]
    assert await stored(session, "occupied") == []


@pytest.mark.parametrize(
    "fields",
    [
        {"naam": "Kanarie"},
        {"id": "123456782"},
        {"ageSeconds": "gisteren"},
        {"ageSeconds": "99999999"},
        {"step": "naam+"},
        {f"shortToday:{BED}": "1"},
    ],
)
async def test_what_is_no_field_of_the_form_is_refused_and_not_given_back(
    client: AsyncClient, session: AsyncSession, key: dict[str, str], fields: dict[str, str]
) -> None:
    answer = await client.post(
        "/invoer/reo-flex", data={**filled(physical=5, occupied=2, closedPlaces=0), **fields}
    )

    assert answer.status_code == 400
    assert "Kanarie" not in answer.text
    assert "123456782" not in answer.text
    assert await stored(session, "occupied") == []


async def test_a_total_that_is_no_number_is_refused_also_where_it_is_known(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    await client.post("/invoer/reo-flex", data=filled(physical=5, occupied=2, closedPlaces=0))

    sent = filled(physical="123456782", occupied=3, closedPlaces=0)
    answer = await client.post("/invoer/reo-flex", data=sent)

    assert answer.status_code == 400
    assert "123456782" not in answer.text
    assert await stored(session, "occupied") == [2]


async def test_without_a_script_one_more_is_a_button_and_stores_nothing(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    sent = filled(physical=5, occupied=2, closedPlaces=0, step=f"occupied:{BED}+")

    answer = await client.post("/invoer/reo-flex", data=sent)

    page = Outline(answer.text)
    assert answer.status_code == 200
    assert values(page)["occupied"] == "3"
    assert "2 bedden vrij, 0 dicht" in page.text
    assert await stored(session, "occupied") == []


async def test_nothing_changed_is_one_tap(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    await client.post("/invoer/reo-flex", data=filled(physical=5, occupied=2, closedPlaces=0))
    form = Outline((await client.get("/invoer/reo-flex")).text)

    sent = {"id": str(uuid.uuid4()), "confirms": hidden(form, "confirms")}
    answers = [await client.post("/invoer/reo-flex/bevestigen", data=sent) for _ in range(2)]

    assert [each.status_code for each in answers] == [200, 200]
    assert "Bevestigd" in Outline(answers[0].text).text
    assert await stored(session, "occupied") == [2, 2]


async def test_a_newer_report_is_not_confirmed_away(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    first = filled(physical=5, occupied=2, closedPlaces=0)
    await client.post("/invoer/reo-flex", data=first)
    await client.post("/invoer/reo-flex", data=filled(physical=5, occupied=4, closedPlaces=0))

    sent = {"id": str(uuid.uuid4()), "confirms": first["id"]}
    answer = await client.post("/invoer/reo-flex/bevestigen", data=sent)

    assert answer.status_code == 409
    assert "nieuwere melding" in Outline(answer.text).text
    assert await stored(session, "occupied") == [2, 4]


async def test_a_mistake_is_undone_by_telling_again_what_stood(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    first = filled(physical=5, occupied=2, closedPlaces=0, today=1)
    wrong = filled(physical=5, occupied=4, reserved=1, closedPlaces=0, today=3)
    await client.post("/invoer/reo-flex", data=first)
    await client.post("/invoer/reo-flex", data=wrong)

    sent = {"id": str(uuid.uuid4()), "report": wrong["id"]}
    answers = [await client.post("/invoer/reo-flex/terugdraaien", data=sent) for _ in range(2)]

    page = Outline((await client.get("/invoer/reo-flex")).text)
    assert [each.status_code for each in answers] == [200, 200]
    assert "Teruggedraaid" in Outline(answers[0].text).text
    assert await stored(session, "occupied") == [2, 4, 2]
    assert await stored(session, "reserved") == [1, None]
    assert (values(page)["occupied"], values(page)["today"]) == ("2", "1")


async def test_after_a_minute_nothing_is_undone(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    first = filled(physical=5, occupied=2, closedPlaces=0)
    await client.post("/invoer/reo-flex", data=first)
    await session.execute(text("UPDATE reports SET known_at = known_at - interval '61 seconds'"))
    await session.commit()

    sent = {"id": str(uuid.uuid4()), "report": first["id"]}
    answer = await client.post("/invoer/reo-flex/terugdraaien", data=sent)

    assert answer.status_code == 409
    assert "tot een minuut na" in Outline(answer.text).text
    assert await stored(session, "occupied") == [2]


async def test_what_is_doubted_is_asked_and_can_be_right(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    sent = filled(physical=3, occupied=4, closedPlaces=0)

    asked = Outline((await client.post("/invoer/reo-flex", data=sent)).text)
    answer = await client.post("/invoer/reo-flex/klopt", data={"report": sent["id"]})

    doubts = (await client.get("/v1/units/reo-flex/doubts", headers=key)).json()["doubts"]
    assert "Bezet: 4. Dat is meer dan er open zijn. Klopt dat?" in asked.text
    assert answer.status_code == 200
    assert doubts == []


@pytest.mark.parametrize("path", ["", "/bevestigen", "/terugdraaien", "/klopt"])
async def test_nobody_reports_for_another(
    client: AsyncClient, session: AsyncSession, key: dict[str, str], path: str
) -> None:
    await make.a_unit(session, "caz-acuut", "caz")
    number = str(uuid.uuid4())
    bodies = {
        "": filled(physical=5, occupied=2, closedPlaces=0),
        "/bevestigen": {"id": number, "confirms": number},
        "/terugdraaien": {"id": number, "report": number},
        "/klopt": {"report": number},
    }

    answer = await client.post(f"/invoer/caz-acuut{path}", data=bodies[path])

    assert answer.status_code == 403
    assert "niet van u" in Outline(answer.text).text
    assert await stored(session, "occupied") == []


async def test_who_has_a_mandate_reports_by_it(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    await make.a_unit(session, "caz-acuut", "caz")
    await make.a_mandate(session, "caz-acuut", of="caz", to="reo")

    sent = filled(physical=5, occupied=2, closedPlaces=0)
    answer = await client.post("/invoer/caz-acuut", data=sent)
    form = Outline((await client.get("/invoer/caz-acuut")).text)

    kind = await session.scalar(text("SELECT source_kind FROM reports"))
    assert answer.status_code == 200
    assert kind == "mandate"
    assert values(form)["occupied"] == "2"


async def test_without_a_session_the_form_asks_who_you_are(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)

    answer = await client.get("/invoer/reo-flex")

    assert answer.status_code == 401
    assert hidden(Outline(answer.text), "naar") == "/invoer/reo-flex"


async def test_another_site_sends_no_report(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    answer = await client.post(
        "/invoer/reo-flex",
        data=filled(physical=5, occupied=2, closedPlaces=0),
        headers={"Sec-Fetch-Site": "cross-site"},
    )

    assert answer.status_code == 403
    assert await stored(session, "occupied") == []


async def test_a_key_that_only_writes_sees_no_figures(
    app: FastAPI, client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    await client.post("/invoer/reo-flex", data=filled(physical=5, occupied=2, closedPlaces=0))
    client.cookies.clear()
    await at_once(app)
    await signed_in(client, await make.a_key(session, "reports:write"))

    page = Outline((await client.get("/invoer/reo-flex")).text)

    assert set(values(page).values()) == {""}


async def test_the_form_can_be_read_aloud_and_speaks_english(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    page = Outline((await client.get("/en/invoer/reo-flex")).text)

    labels = {each.get("for") for each in page.all("label")}
    asked = [e for e in (*page.all("input"), *page.all("select")) if e.get("type") != "hidden"]
    assert "How is it now?" in page.text
    assert {each.get("id") for each in asked} <= labels
    assert "/invoer/reo-flex?taal=en" in [form["action"] for form in page.all("form")]
    assert not any("style" in attributes for _, attributes in page.tags)


async def test_staff_is_told_as_enough_or_too_few(
    client: AsyncClient, session: AsyncSession, key: dict[str, str]
) -> None:
    await make.a_unit(session, "reo-team", roles=["nurse", "helper"])

    sent = {"id": str(uuid.uuid4()), "shortToday:nurse": "1"}
    answer = await client.post("/invoer/reo-team", data=sent)

    assert answer.status_code == 200
    assert await stored(session, "shortToday") == [1]


def a_sheet(*standing: dict[str, Any], **facts: Any) -> Sheet:
    told = {
        "name": "REO flex (fictief)",
        "facility": "reo-huis",
        "careSetting": "reo",
        "beds": [{"bedType": BED, "law": "Zvw"}],
        "reporting": {"moments": ["08:00"]},
        **facts,
    }
    return sheet_of("reo-flex", UnitFacts.model_validate(told), standing, {}, NOW)


def stands(measure: str, value: float | None, **words: str) -> dict[str, Any]:
    others = ("resource", "role", "shift", "reason", "urgency", "destination", "profile")
    empty = dict.fromkeys((*others, "age_band", "area"), "")
    return {**empty, "bed_type": BED, "measure": measure, "value": value, **words}


STANDING = (
    stands("physical", 6),
    stands("staffed", 3),
    stands("occupied", 2),
    stands("closedPlaces", 2, reason="staff"),
    stands("closedPlaces", 1, reason="infection"),
)


def closed(sheet: Sheet) -> dict[str | None, float | None]:
    return {f.reason: f.value for f in figures(sheet) if f.measure == "closedPlaces"}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, {"staff": 2, "infection": 1}),
        ({"closedPlaces": "4"}, {"staff": 4, "infection": 0}),
        ({"reason": "maintenance"}, {"staff": 0, "infection": 0, "maintenance": 3}),
        ({"closedPlaces": "0"}, {"staff": 0, "infection": 0}),
    ],
)
def test_reasons_stand_until_something_about_them_changes(
    fields: dict[str, str], told: dict[str, float]
) -> None:
    sheet = a_sheet(*STANDING)
    before = {"occupied": "2", "closedPlaces": "3", "reason": "staff"}

    after = typed(sheet, {named(name, BED): v for name, v in {**before, **fields}.items()})

    assert not after.wrong
    assert closed(after) == told


def test_what_is_open_follows_from_what_is_closed() -> None:
    sheet = typed(
        a_sheet(*STANDING),
        {
            named("occupied", BED): "2",
            named("closedPlaces", BED): "1",
            named("reason", BED): "room",
        },
    )

    told = {f.measure: f.value for f in figures(sheet) if f.measure != "closedPlaces"}

    assert told == {"physical": 6, "staffed": 5, "occupied": 2}


def test_what_is_left_empty_tells_nothing() -> None:
    sheet = typed(a_sheet(roles=["nurse"]), {"shortToday:nurse": "0"})

    assert [(f.measure, f.role, f.value) for f in figures(sheet)] == [("shortToday", "nurse", 0)]


def test_unknown_is_an_empty_field_and_never_zero() -> None:
    [line] = a_sheet(stands("occupied", None)).lines

    assert [box.value for box in line.boxes] == ["", "", "", ""]
    assert line.free is None
    assert line.cells == ()


def test_a_plan_is_of_a_whole_local_day_also_when_the_clock_changes() -> None:
    start, end = day_of(local_day(datetime.fromisoformat("2026-10-25T12:00:00+01:00")))

    assert end - start == timedelta(hours=25)


@pytest.mark.parametrize(
    ("now", "step", "then"),
    [("2", "+", "3"), ("", "+", "1"), ("0", "-", "0"), ("9999", "+", "9999"), ("x", "+", "x")],
)
def test_a_step_is_one_up_or_down(now: str, step: str, then: str) -> None:
    assert stepped({"occupied:x": now}, f"occupied:x{step}")["occupied:x"] == then
