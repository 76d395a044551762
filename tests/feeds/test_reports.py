"""A report comes in: stored whole or not at all, and the answer says what became of it."""

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.observations.tables import CurrentState, Observation, Report
from tests import make


async def stored(session: AsyncSession) -> list[tuple[float | None, int]]:
    rows = await session.execute(
        select(Observation.value, Observation.length_s).order_by(
            Observation.known_at, Observation.series_id, Observation.at
        )
    )
    return [(row.value, row.length_s) for row in rows]


async def test_a_report_is_stored_with_its_current_state_audit_and_outbox(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    report = make.a_report(make.a_figure("staffed", 2), make.a_figure("occupied", 0))

    answer = await client.post("/v1/reports", json=report, headers=key)

    assert answer.status_code == 200, answer.text
    receipt = answer.json()
    assert receipt["figures"] == 2
    assert receipt["reports"][0]["outcome"] == "stored"
    assert receipt["reports"][0]["knownAt"].endswith("Z")
    assert sorted(value or 0 for value, _ in await stored(session)) == [0, 2]
    states = await session.scalars(select(CurrentState.value))
    assert sorted(value or 0 for value in states) == [0, 2]
    for table in ("audit_events", "outbox", "reports"):
        assert await session.scalar(text(f"SELECT count(*) FROM {table}")) == 1


async def test_the_same_report_twice_is_harmless(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    report = make.a_report(make.a_figure("staffed", 2), make.a_figure("occupied", 1))
    first = await client.post("/v1/reports", json=report, headers=key)
    report["figures"].reverse()

    again = await client.post("/v1/reports", json=report, headers=key)

    assert again.status_code == 200
    assert again.json()["reports"][0]["outcome"] == "repeated"
    assert again.json()["reports"][0]["knownAt"] == first.json()["reports"][0]["knownAt"]
    assert len(await stored(session)) == 2


async def test_an_id_is_not_used_for_other_content(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    report = make.a_report(make.a_figure(value=1))
    await client.post("/v1/reports", json=report, headers=key)
    report["figures"][0]["value"] = 2

    answer = await client.post("/v1/reports", json=report, headers=key)

    assert answer.status_code == 409
    assert answer.json()["code"] == "id-reused"
    assert await stored(session) == [(1, 0)]


async def test_a_correction_is_known_later_and_nothing_is_overwritten(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    wrong = make.a_report(make.a_figure(value=1))
    right = {**wrong, "id": str(uuid.uuid4()), "figures": [make.a_figure(value=2)]}
    await client.post("/v1/reports", json=wrong, headers=key)

    await client.post("/v1/reports", json=right, headers=key)

    assert [value for value, _ in await stored(session)] == [1, 2]
    assert await session.scalar(select(CurrentState.value)) == 2


async def test_a_late_report_does_not_undo_a_newer_one(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    await client.post("/v1/reports", json=make.a_report(make.a_figure(value=2)), headers=key)
    late = make.a_report(make.a_figure(value=1), ago=timedelta(hours=3))

    await client.post("/v1/reports", json=late, headers=key)

    assert await session.scalar(select(CurrentState.value)) == 2


async def test_null_makes_a_figure_unknown(client: AsyncClient, session: AsyncSession) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    await client.post("/v1/reports", json=make.a_report(), headers=key)

    await client.post("/v1/reports", json=make.a_report(make.a_figure(value=None)), headers=key)

    assert await session.scalar(select(CurrentState.value)) is None


async def test_a_batch_keeps_what_is_good_and_says_so(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    good, bad = make.a_report(), make.a_report(make.a_figure(value=-1), make.a_figure("nonsense"))

    answer = await client.post("/v1/reports", json=[good, bad], headers=key)

    assert answer.status_code == 200
    kept, refused = answer.json()["reports"]
    assert kept["outcome"] == "stored"
    assert refused["outcome"] == "rejected"
    assert {fault["pointer"] for fault in refused["errors"]} == {
        "/1/figures/0/value",
        "/1/figures/1/measure",
    }
    assert await stored(session) == [(1, 0)]
    assert await session.scalar(text("SELECT count(*) FROM rejects")) == 2


async def test_an_atomic_batch_is_all_or_nothing(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    batch = [make.a_report(), make.a_report(make.a_figure(value=-1))]

    answer = await client.post("/v1/reports?mode=atomic", json=batch, headers=key)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/1/figures/0/value"
    assert await stored(session) == []


async def test_nobody_reports_for_another(client: AsyncClient, session: AsyncSession) -> None:
    await make.a_unit(session, organisation="reo")
    caz = await make.a_key(session, "reports:write", organisation="caz")

    answer = await client.post("/v1/reports", json=[make.a_report()], headers=caz)

    assert answer.status_code == 403
    assert answer.json()["code"] == "not-yours"
    assert await stored(session) == []


async def test_a_mandate_lets_another_report_once_it_is_confirmed(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session, organisation="reo")
    caz = await make.a_key(session, organisation="caz")
    await make.a_mandate(session, "reo-flex", of="reo", to="caz")

    answer = await client.post("/v1/reports", json=make.a_report(), headers=caz)

    assert answer.json()["reports"][0]["outcome"] == "stored"
    report = (await session.scalars(select(Report))).one()
    assert report.source_kind == "mandate"
    assert report.reported_by != report.org_id


async def test_periods_may_be_corrected_but_never_overlap(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    day = (make.now() - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)

    def requests(value: int | None, begin: int, end: int) -> Any:
        hours = {"start": day + timedelta(hours=begin), "end": day + timedelta(hours=end)}
        period = {name: moment.isoformat() for name, moment in hours.items()}
        return make.a_report(make.a_figure("requests", value), period=period)

    first = await client.post("/v1/reports", json=requests(3, 0, 12), headers=key)
    assert first.status_code == 200, first.text
    beside = await client.post("/v1/reports", json=requests(2, 12, 24), headers=key)
    overlapping = await client.post("/v1/reports", json=requests(9, 6, 18), headers=key)
    corrected = await client.post("/v1/reports", json=requests(4, 0, 12), headers=key)

    assert beside.status_code == corrected.status_code == 200
    assert overlapping.status_code == 409
    assert overlapping.json()["errors"][0]["pointer"] == "/figures/0/period"
    assert "retract" in overlapping.json()["errors"][0]["detail"]
    assert await stored(session) == [(3, 43200), (2, 43200), (4, 43200)]


async def test_periods_of_one_request_do_not_overlap_either(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    day = (make.now() - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    hours = [(0, 12), (6, 18), (12, 24), (0, 12)]
    periods = [
        {
            "start": (day + timedelta(hours=a)).isoformat(),
            "end": (day + timedelta(hours=b)).isoformat(),
        }
        for a, b in hours
    ]
    batch = [
        make.a_report(make.a_figure("requests", n), period=period)
        for n, period in enumerate(periods, 3)
    ]

    answer = await client.post("/v1/reports", json=batch, headers=key)

    outcomes = {each["report"]: each["outcome"] for each in answer.json()["reports"]}
    refused = next(each for each in answer.json()["reports"] if each["outcome"] == "rejected")
    assert [outcomes[each["id"]] for each in batch] == ["stored", "rejected", "stored", "stored"]
    assert [error["code"] for error in refused["errors"]] == ["overlapping-period"]
    assert sorted(await stored(session)) == [(3, 43200), (5, 43200), (6, 43200)]


async def test_a_retracted_period_leaves_room_for_another(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    start = make.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=1)
    long = {"start": start.isoformat(), "end": (start + timedelta(hours=8)).isoformat()}
    short = {"start": start.isoformat(), "end": (start + timedelta(hours=4)).isoformat()}
    wrong = make.a_report(make.a_figure("requests", 3), period=long)
    right = make.a_report(make.a_figure("requests", 2), period=short)
    await client.post("/v1/reports", json=wrong, headers=key)

    retraction = await client.post(
        f"/v1/reports/{wrong['id']}/_retract", json={"id": str(uuid.uuid4())}, headers=key
    )
    answer = await client.post("/v1/reports", json=right, headers=key)

    assert retraction.status_code == 200, retraction.text
    assert answer.status_code == 200, answer.text
    assert [value for value, _ in await stored(session)] == [3, None, 2]


async def test_a_jump_is_stored_and_asked_about(client: AsyncClient, session: AsyncSession) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    before = make.a_report(make.a_figure(value=2), ago=timedelta(hours=2))
    await client.post("/v1/reports", json=before, headers=key)

    answer = await client.post(
        "/v1/reports", json=make.a_report(make.a_figure(value=40)), headers=key
    )

    doubt = answer.json()["reports"][0]["doubts"][0]
    assert doubt == {"pointer": "/figures/0", "code": "jump", "detail": "2 became 40."}
    assert await session.scalar(select(CurrentState.value)) == 40
    assert await session.scalar(select(CurrentState.doubts)) == ["jump"]


async def test_what_has_not_changed_is_confirmed_in_one_call(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    report = make.a_report(make.a_figure(value=1), ago=timedelta(hours=8))
    await client.post("/v1/reports", json=report, headers=key)
    body = {
        "id": str(uuid.uuid4()),
        "confirms": report["id"],
        "observedAt": make.now().isoformat(),
    }

    answer = await client.post("/v1/units/reo-flex/reports/_confirm", json=body, headers=key)
    again = await client.post("/v1/units/reo-flex/reports/_confirm", json=body, headers=key)

    assert answer.status_code == 200, answer.text
    assert again.json()["reports"][0]["outcome"] == "repeated"
    assert await stored(session) == [(1, 0), (1, 0)]


async def test_an_older_report_is_not_confirmed(client: AsyncClient, session: AsyncSession) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    old = make.a_report(make.a_figure(value=1), ago=timedelta(hours=8))
    for report in (old, make.a_report(make.a_figure(value=2), ago=timedelta(hours=1))):
        await client.post("/v1/reports", json=report, headers=key)
    body = {"id": str(uuid.uuid4()), "confirms": old["id"], "observedAt": make.now().isoformat()}

    answer = await client.post("/v1/units/reo-flex/reports/_confirm", json=body, headers=key)

    assert answer.status_code == 409
    assert answer.json()["code"] == "newer-report"


async def test_a_doubted_report_is_not_confirmed(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    doubted = make.a_report(make.a_figure("staffed", 1), make.a_figure("occupied", 5))
    await client.post("/v1/reports", json=doubted, headers=key)
    body = {
        "id": str(uuid.uuid4()),
        "confirms": doubted["id"],
        "observedAt": make.now().isoformat(),
    }

    answer = await client.post("/v1/units/reo-flex/reports/_confirm", json=body, headers=key)

    assert answer.status_code == 409
    assert answer.json()["code"] == "open-doubt"


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"figures": [{"measure": "occupied", "value": -1}]}, "/figures/0/value", "negative"),
        ({"figures": [{"measure": "occupied", "value": 1.5}]}, "/figures/0/value", "not-whole"),
        ({"figures": [{"measure": "occupied", "value": "1"}]}, "/figures/0/value", "float-type"),
        ({"figures": [{"measure": "occupied", "value": True}]}, "/figures/0/value", "float-type"),
        ({"figures": [{"measure": "occupied"}]}, "/figures/0/value", "missing"),
        ({"figures": []}, "/figures", "too-short"),
        (
            {"figures": [{"measure": "occupied", "value": 1, "colour": "red"}]},
            "/figures/0/colour",
            "extra-forbidden",
        ),
        ({"note": "call me"}, "/note", "extra-forbidden"),
        ({"unit": "nowhere"}, "/unit", "unknown-unit"),
        ({"unit": None}, "", "value-error"),
        ({"id": "1"}, "/id", "uuid-parsing"),
        ({"observedAt": "yesterday"}, "/observedAt", None),
        ({"observedAt": "2026-11-22T08:00:00"}, "/observedAt", None),
        ({"observedAt": 1763800000}, "/observedAt", "value-error"),
        ({"observedAt": "2020-01-01T08:00:00Z"}, "/observedAt", "observed-too-long-ago"),
        ({"observedAt": "2099-01-01T08:00:00Z"}, "/observedAt", "observed-in-future"),
        (
            {"figures": [{"measure": "closedPlaces", "value": 1}]},
            "/figures/0/reason",
            "missing",
        ),
        (
            {"figures": [{"measure": "closedPlaces", "value": 1, "reason": "strike"}]},
            "/figures/0/reason",
            "unknown-word",
        ),
        (
            {"figures": [{"measure": "occupied", "value": 1, "bedType": "ic"}]},
            "/figures/0/bedType",
            "unknown-word",
        ),
        (
            {"figures": [{"measure": "occupied", "value": 1, "role": "nurse"}]},
            "/figures/0/role",
            "not-for-this-measure",
        ),
        ({"figures": [{"measure": "requests", "value": 1}]}, "/figures/0/period", "missing"),
        (
            {"figures": [{"measure": "occupied", "value": 1}] * 2},
            "/figures/1",
            "figure-twice",
        ),
    ],
)
async def test_what_cannot_be_taken_is_named(
    client: AsyncClient,
    session: AsyncSession,
    change: dict[str, Any],
    pointer: str,
    code: str | None,
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)

    answer = await client.post("/v1/reports", json={**make.a_report(), **change}, headers=key)

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    faults = {fault.get("pointer", ""): fault for fault in answer.json()["errors"]}
    assert pointer in faults, answer.text
    assert code is None or faults[pointer]["code"] == code
    assert await stored(session) == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e309", "-1e309", "1e308"])
async def test_a_number_that_is_no_count_is_refused(
    client: AsyncClient, session: AsyncSession, number: str
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    body = json.dumps(make.a_report(make.a_figure(value=7))).replace(
        '"value": 7', f'"value": {number}'
    )

    headers = {**key, "Content-Type": "application/json"}
    one = await client.post("/v1/reports", content=body, headers=headers)
    many = await client.post("/v1/reports", content=f"[{body}]", headers=headers)

    assert one.status_code == many.status_code == 400, one.text
    assert await stored(session) == []


async def test_all_that_is_wrong_is_said_at_once(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    report = make.a_report(
        make.a_figure(value=-1), make.a_figure("nonsense"), observedAt="2099-01-01T00:00:00Z"
    )

    answer = await client.post("/v1/reports", json=report, headers=key)

    assert {fault["pointer"] for fault in answer.json()["errors"]} == {
        "/observedAt",
        "/figures/0/value",
        "/figures/1/measure",
    }


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"id": }', b"\xff\xfe", b"[" * 100_000, b"3", b'"x"', b"null", b"[]"]
)
async def test_a_broken_body_is_a_problem_and_never_a_fault_of_ours(
    client: AsyncClient, session: AsyncSession, body: bytes
) -> None:
    key = await make.a_key(session)

    answer = await client.post(
        "/v1/reports", content=body, headers={**key, "Content-Type": "application/json"}
    )

    assert answer.status_code == 400
    assert answer.json()["errors"]


async def test_a_field_twice_is_refused(client: AsyncClient, session: AsyncSession) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    body = json.dumps(make.a_report()).replace('"value": 1', '"value": 1, "value": 2')

    answer = await client.post(
        "/v1/reports", content=body, headers={**key, "Content-Type": "application/json"}
    )

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "name-twice"


async def test_another_media_type_is_refused(client: AsyncClient, session: AsyncSession) -> None:
    key = await make.a_key(session)

    answer = await client.post(
        "/v1/reports", content=b"a,b", headers={**key, "Content-Type": "text/csv"}
    )

    assert answer.status_code == 415
    assert answer.json()["code"] == "wrong-media-type"


async def test_a_body_that_is_too_large_is_refused(
    client: AsyncClient, session: AsyncSession
) -> None:
    key = await make.a_key(session)

    async def chunks() -> Any:
        for _ in range(5):
            yield b" " * 1024 * 1024

    headers = {**key, "Content-Type": "application/json"}
    told = await client.post("/v1/reports", content=b" " * 5 * 1024 * 1024, headers=headers)
    chunked = await client.post("/v1/reports", content=chunks(), headers=headers)

    assert told.status_code == chunked.status_code == 413
    assert told.headers["content-type"] == "application/problem+json"


async def test_ten_thousand_figures_are_taken_and_one_more_is_not(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    step = timedelta(seconds=1)
    reports = [make.a_report(ago=step * n) for n in range(10_001)]

    more = await client.post("/v1/reports", json=reports, headers=key)
    enough = await client.post("/v1/reports", json=reports[:-1], headers=key)

    assert more.status_code == 400
    assert more.json()["code"] == "too-many-figures"
    assert enough.json()["figures"] == 10_000


async def test_a_day_stands_for_the_census_time_of_the_unit(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session, censusTime="00:00")
    key = await make.a_key(session)
    today = make.now().date().isoformat()

    answer = await client.post("/v1/reports", json=make.a_report(observedAt=today), headers=key)

    assert answer.status_code == 200, answer.text
    row = (await session.execute(select(Observation.at, Observation.precision))).one()
    assert row.precision == "day"
    assert row.at.minute == 0


async def test_a_unit_with_several_bed_types_says_which(
    client: AsyncClient, session: AsyncSession
) -> None:
    beds = [{"bedType": "elv-low", "law": "Zvw"}, {"bedType": "elv-high", "law": "Zvw"}]
    await make.a_unit(session, beds=beds)
    key = await make.a_key(session)

    unsaid = await client.post("/v1/reports", json=make.a_report(), headers=key)
    said = await client.post(
        "/v1/reports", json=make.a_report(make.a_figure(bedType="elv-low")), headers=key
    )

    assert unsaid.json()["errors"][0]["pointer"] == "/figures/0/bedType"
    assert said.status_code == 200


async def test_a_report_is_put_under_its_id(client: AsyncClient, session: AsyncSession) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    report = make.a_report()
    number = report.pop("id")

    answer = await client.put(f"/v1/reports/{number}", json=report, headers=key)
    other = await client.put(
        f"/v1/reports/{number}", json={**report, "id": str(uuid.uuid4())}, headers=key
    )

    assert answer.json()["reports"][0]["report"] == number
    assert other.json()["code"] == "other-id"


async def test_a_key_is_needed_and_its_scope(client: AsyncClient, session: AsyncSession) -> None:
    await make.a_unit(session)
    reader = await make.a_key(session, "overview:read")

    nobody = await client.post("/v1/reports", json=make.a_report())
    wrong = await client.post(
        "/v1/reports", json=make.a_report(), headers={"Authorization": "Bearer vt_abcd_" + "x" * 43}
    )
    unscoped = await client.post("/v1/reports", json=make.a_report(), headers=reader)

    assert nobody.status_code == wrong.status_code == 401
    assert unscoped.status_code == 403
    assert unscoped.json()["code"] == "missing-scope"
    refused = text("SELECT outcome FROM audit_events WHERE event = 'refused' ORDER BY at")
    assert list(await session.scalars(refused)) == ["401", "401", "403"]


async def test_the_answer_gives_something_back(client: AsyncClient, session: AsyncSession) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    told = [make.a_figure("staffed", 2), make.a_figure("occupied", 1), make.a_figure("reserved", 0)]

    answer = await client.post("/v1/reports", json=make.a_report(*told), headers=key)
    brief = await client.post(
        "/v1/reports", json=make.a_report(*told), headers={**key, "Prefer": "return=minimal"}
    )

    (unit,) = answer.json()["units"]
    assert unit["now"]["unit"] == "reo-flex"
    assert unit["now"]["freshness"] == "fresh"
    assert unit["now"]["level"]["level"] == "ruim"
    (places,) = unit["now"]["places"]
    assert places["admittable"]["value"] == places["free"]["value"] == 1
    assert unit["outlook"] == []
    assert brief.json()["units"] == []


@pytest.mark.parametrize(("more", "size"), [({"bsn": "123456782"}, 0), ({"unknown": 1}, 32)])
async def test_no_digest_is_kept_of_a_body_that_holds_a_person(
    client: AsyncClient, session: AsyncSession, more: dict[str, Any], size: int
) -> None:
    await make.a_unit(session)
    key = await make.a_key(session)
    sound, wrong = make.a_report(make.a_figure()), make.a_report(make.a_figure()) | more

    answer = await client.post("/v1/reports", json=[sound, wrong], headers=key)

    assert [each["outcome"] for each in answer.json()["reports"]] == ["stored", "rejected"]
    assert await session.scalar(text("SELECT length(content_hash) FROM rejects")) == size
