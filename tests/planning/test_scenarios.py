"""What-ifs on the years: stored as versions, shared by their id, held beside each other."""

import csv
import io
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.facilities.years.schemas import Drift, Labour, Population, Spread
from app.planning.assembly import assumptions
from app.planning.schemas import AssumptionSet, LineAssumed
from app.planning.tables import Scenario
from app.planning.told import plan
from tests import make

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
YEARS = range(2024, 2042)
Key = dict[str, str]


def an_assumption_set(members: tuple[str, ...] = ("reo-flex", "caz-bed")) -> AssumptionSet:
    people = Population.model_validate(
        {
            "source": "a table (fictief)",
            "year": 2024,
            "bands": [{"from": 0, "to": 64}, {"from": 65}],
            "years": {year: [100_000, 20_000 + 500 * (year - 2024)] for year in YEARS},
        }
    )
    nurses = Labour.model_validate(
        {
            "role": "nurse",
            "ages": [{"from": 22, "to": 66, "people": 30}],
            "inflow": {"p10": 0.8, "p50": 1, "p90": 1.2},
            "beginsAt": {"from": 22, "to": 30},
            "outflow": {"p10": 0.02, "p50": 0.03, "p90": 0.04},
            "retiresAt": 67.25,
            "ftePerPerson": 0.75,
            "absence": 0.07,
            "asked": [{"careSetting": "reo", "bedType": "observation-elderly", "fte": 1.3}],
            "source": "a count (fictief)",
            "year": 2025,
        }
    )
    known: dict[str, Any] = {"law": "Zvw", "year": 2024, "drift": Drift(p10=0.99, p90=1.01)}
    return AssumptionSet(
        first_year=2026,
        last_year=2041,
        now=2026.9,
        people=(people,),
        lines=(
            LineAssumed(
                care_setting="reo",
                bed_type="observation-elderly",
                per_person_year=(0.0, 0.25),
                stay=Drift(p10=0.995, p90=1.0),
                refused=0.05,
                sites=(0.5, 0.5),
                catchment={"region": 1.0},
                members=members,
                beds=20.0,
                level=Spread(p10=12, p50=14, p90=16),
                joins=2027.9,
                source="a count of use (fictief)",
                **known,
            ),
            LineAssumed(
                care_setting="home-care",
                resource="care-hour",
                per_person_year=(0.5, 20.0),
                stay=Drift(p10=1, p90=1),
                occupancy=1.0,
                catchment={"region": 1.0},
                source="a count of hours (fictief)",
                **known,
            ),
        ),
        labour=(nurses,),
    )


async def a_baseline(
    session: AsyncSession, assumed: AssumptionSet | None = None, version: int = 1
) -> str:
    """As a run stores it; the units behind it are of two providers."""
    assumed = assumed or an_assumption_set()
    for unit, organisation in (("reo-flex", "reo"), ("caz-bed", "caz")):
        if version == 1:
            await make.a_unit(session, unit, organisation)
    region = "INSERT INTO organisations (org_id, organisation) VALUES (0, 'region')"
    await session.execute(text(f"{region} ON CONFLICT DO NOTHING"))
    told = plan(assumed, assumptions(assumed), (), 2040, 1000)
    row = {
        "org_id": 0,
        "id": uuid.uuid4(),
        "scenario": "baseline",
        "version": version,
        "based_on": None,
        "issued_at": NOW,
        "client_id": None,
        "seed": 2040,
        "draws": 1000,
        "told": {},
        "assumed": assumed.model_dump(mode="json", by_alias=True),
        "plan": told.model_dump_json(by_alias=True).encode(),
    }
    await session.execute(insert(Scenario).values(**row))
    await session.commit()
    return str(row["id"])


async def a_planner(
    session: AsyncSession, organisation: str = "rtp", audience: Any = "coordinator"
) -> Key:
    return await make.a_key(
        session,
        *("forecasts:read", "scenarios:write"),
        organisation=organisation,
        audience=audience,
    )


def a_lever(**changes: Any) -> dict[str, Any]:
    return {
        "lever": "korter-verblijf",
        "kind": "stay",
        "amount": {"p10": 0.85, "p50": 0.9, "p90": 0.95},
        "since": 2027,
        "until": 2029,
        "source": "een-doel",
        "year": 2026,
        **changes,
    }


async def post(client: AsyncClient, key: Key, *levers: dict[str, Any], **told: Any) -> Response:
    body = {"scenario": "korter", "levers": levers, **told}
    return await client.post("/v1/scenarios", json=body, headers=key)


def reo(answer: Any) -> Any:
    (line,) = (each for each in answer["plan"]["lines"] if each["careSetting"] == "reo")
    return line


async def test_a_what_if_is_reckoned_stored_and_read_by_its_id_with_the_same_bytes(
    client: AsyncClient, session: AsyncSession
) -> None:
    base = await a_baseline(session)
    planner, other = await a_planner(session), await a_planner(session, "zorgkantoor")

    made = await post(client, planner, a_lever())

    assert made.status_code == 201
    told = made.json()
    assert (told["scenario"], told["version"], told["basedOn"]) == ("korter", 1, base)
    path = f"/v1/scenarios/{told['id']}"
    first, again = [await client.get(path, headers=planner) for _ in range(2)]
    shared = await client.get(path, headers=other)
    assert first.content == again.content == shared.content
    assert first.json() == told
    assert reo(told)["need"]["p50"][0] > 0
    assert reo(told)["need"]["p50"][-1] < reo(await baseline(client, planner))["need"]["p50"][-1]


async def baseline(client: AsyncClient, key: Key) -> Any:
    return (await client.get("/v1/scenarios/baseline", headers=key)).json()


async def test_without_levers_it_is_the_baseline_to_the_bit(
    client: AsyncClient, session: AsyncSession
) -> None:
    await a_baseline(session)
    planner = await a_planner(session)

    bare = (await post(client, planner)).json()
    nothing = a_lever(amount={"p10": 1, "p50": 1, "p90": 1})
    neutral = (await post(client, planner, nothing)).json()

    known = await baseline(client, planner)
    assert bare["plan"] == known["plan"]
    assert reo(neutral)["shortage"] == reo(known)["shortage"]
    assert neutral["plan"]["roles"][0]["supply"] == known["plan"]["roles"][0]["supply"]


async def test_the_ledger_that_is_told_adds_up_in_each_year(
    client: AsyncClient, session: AsyncSession
) -> None:
    await a_baseline(session)
    told = (await post(client, await a_planner(session), a_lever())).json()

    ledgers = [each["ledger"] for each in (*told["plan"]["lines"], *told["plan"]["roles"])]
    assert len([each for each in ledgers if each]) == 2
    for ledger in filter(None, ledgers):
        years = zip(*(entry["adds"] for entry in ledger["entries"]), strict=True)
        added = [ledger["begin"] + sum(adds) for adds in years]
        assert added == pytest.approx(ledger["end"], abs=1e-4)
        assert [entry["cause"] for entry in ledger["entries"]] == told["plan"]["order"]
    assert reo(told)["ledger"]["end"] == pytest.approx(reo(told)["shortage"]["mean"], abs=1e-5)
    assert sum(each["share"] for each in reo(told)["variance"]) == pytest.approx(1, abs=1e-4)


async def test_the_same_again_is_the_version_that_is_there_and_other_levers_are_the_next(
    client: AsyncClient, session: AsyncSession
) -> None:
    await a_baseline(session)
    planner = await a_planner(session)
    first = await post(client, planner, a_lever())

    again = await post(client, planner, a_lever())
    later = await post(client, planner, a_lever(until=2031))

    assert (first.status_code, again.status_code, later.status_code) == (201, 200, 201)
    assert again.json() == first.json()
    assert later.json()["version"] == 2
    listed = await client.get("/v1/scenarios", params={"scenario": "korter"}, headers=planner)
    assert [each["version"] for each in listed.json()["scenarios"]] == [2, 1]


async def test_two_or_three_are_held_beside_each_other(
    client: AsyncClient, session: AsyncSession
) -> None:
    await a_baseline(session)
    planner = await a_planner(session)
    stay = (await post(client, planner, a_lever())).json()
    four = {"p10": 4, "p50": 4, "p90": 4}
    lines = [{"careSetting": "reo", "bedType": "observation-elderly"}]
    beds = a_lever(lever="meer-bedden", kind="beds", amount=four, lines=lines)
    more = (await post(client, planner, beds, scenario="bedden")).json()

    ids = f"baseline,{stay['id']},{more['id']}"
    told = await client.get("/v1/scenarios/_compare", params={"ids": ids}, headers=planner)

    beside = told.json()
    (line,) = (each for each in beside["lines"] if each["what"].startswith("reo/"))
    same, shorter, ampler = line["differs"]
    assert set(same) == {0.0}
    assert max(shorter[1:]) < 0
    assert max(ampler) <= 0
    assert [each["scenario"] for each in beside["scenarios"]] == ["baseline", "korter", "bedden"]
    for wrong in ("baseline", f"{ids},baseline"):
        answer = await client.get("/v1/scenarios/_compare", params={"ids": wrong}, headers=planner)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["parameter"] == "ids"


async def test_every_number_is_in_the_csv_too(client: AsyncClient, session: AsyncSession) -> None:
    await a_baseline(session)
    planner = await a_planner(session)
    told = await baseline(client, planner)

    answer = await client.get("/v1/scenarios/baseline", headers={**planner, "Accept": "text/csv"})

    *rows, count = csv.reader(io.StringIO(answer.text))
    head, *cells = rows
    assert count[:2] == ["#count", str(len(cells))]
    found = [dict(zip(head, row, strict=True)) for row in cells]
    short = [
        float(row["mean"])
        for row in found
        if (row["of"], row["figure"]) == ("reo/bed/observation-elderly", "shortage")
    ]
    assert short == reo(told)["shortage"]["mean"]
    assert {row["cause"] for row in found} >= {"population", "inflow"}


WRONG: list[tuple[list[dict[str, Any]], dict[str, Any], list[str]]] = [
    (
        [a_lever(amount={"p10": 7, "p50": 8, "p90": 9}), a_lever(lever="x", until=2020)],
        {},
        ["/levers/0", "/levers/1"],
    ),
    ([a_lever(amount={"p10": 1, "p50": 0.9, "p90": 0.8})], {}, ["/levers/0/amount"]),
    ([a_lever(lines=[{"careSetting": "hospice", "bedType": "ward"}])], {}, ["/levers"]),
    ([a_lever(roles=["pilot"])], {}, ["/levers"]),
    ([a_lever(), a_lever()], {}, ["/levers"]),
    ([a_lever()], {"order": ["population"]}, ["/order"]),
    ([], {"scenario": "baseline"}, ["/scenario"]),
    ([], {"basedOn": str(uuid.UUID(int=1))}, ["/basedOn"]),
    ([], {"draws": 10}, ["/draws"]),
    ([a_lever(lever="kamer-123456782")], {}, ["/levers/0/lever"]),
]


@pytest.mark.parametrize(("levers", "told", "pointers"), WRONG)
async def test_what_cannot_be_is_refused_by_its_place_and_nothing_is_stored(
    client: AsyncClient,
    session: AsyncSession,
    levers: list[dict[str, Any]],
    told: dict[str, Any],
    pointers: list[str],
) -> None:
    await a_baseline(session)
    planner = await a_planner(session)

    answer = await post(client, planner, *levers, **told)

    assert answer.status_code == 400
    assert [each["pointer"] for each in answer.json()["errors"]] == pointers
    listed = (await client.get("/v1/scenarios", headers=planner)).json()
    assert [each["scenario"] for each in listed["scenarios"]] == ["baseline"]


async def test_who_may_not_see_the_supply_sees_what_the_open_tables_give_and_cannot_subtract(
    client: AsyncClient, session: AsyncSession
) -> None:
    alone = an_assumption_set(members=("reo-flex",))
    await a_baseline(session, alone)
    told = await baseline(client, await a_planner(session))
    hidden = {"beds": 33.0, "level": Spread(p10=2, p50=3, p90=4)}
    lines = (alone.lines[0].model_copy(update=hidden), alone.lines[1])
    town = await a_planner(session, "gemeente", "municipality")
    before = await baseline(client, town)

    # What the units told is another thing altogether; to the town all is as it was.
    await a_baseline(session, alone.model_copy(update={"lines": lines}), version=2)
    after = await baseline(client, town)

    assert before["plan"] == after["plan"]
    assert before["assumed"] == after["assumed"]
    line = reo(before)
    assert (line["supplyState"], line["supply"], line["beds"]) == ("suppressed", None, None)
    assert line["need"]["p50"] != reo(told)["need"]["p50"]
    assert line["level"] == "tables"


async def test_a_total_of_two_others_is_the_towns_to_see(
    client: AsyncClient, session: AsyncSession
) -> None:
    await a_baseline(session)
    town = await a_planner(session, "gemeente", "municipality")

    told = await baseline(client, town)

    assert told["plan"] == (await baseline(client, await a_planner(session)))["plan"]
    assert reo(told)["supplyState"] == "known"


async def test_the_only_provider_of_a_kind_opens_its_years_by_a_rule_of_its_own(
    client: AsyncClient, session: AsyncSession
) -> None:
    await a_baseline(session, an_assumption_set(members=("reo-flex",)))
    town = await a_planner(session, "gemeente", "municipality")
    insurer = await a_planner(session, "verzekeraar", "insurer")
    await make.a_sharing_rule(session, "reo", "years", "total", audience="municipality")

    told, closed = await baseline(client, town), await baseline(client, insurer)

    assert told["plan"] == (await baseline(client, await a_planner(session)))["plan"]
    assert reo(told)["supplyState"] == "known"
    assert reo(closed)["supplyState"] == "suppressed"


async def test_before_any_run_the_years_are_unknown_and_a_wrong_id_is_not_found(
    client: AsyncClient, session: AsyncSession
) -> None:
    planner = await a_planner(session)

    none = await client.get("/v1/scenarios/baseline", headers=planner)
    wrong = await client.get(f"/v1/scenarios/{uuid.UUID(int=1)}", headers=planner)
    word = await client.get("/v1/scenarios/iets", headers=planner)

    assert [each.status_code for each in (none, wrong, word)] == [404, 404, 404]
    assert "not reckoned yet" in none.json()["detail"]


async def test_who_has_no_scope_for_it_makes_no_scenario(
    client: AsyncClient, session: AsyncSession
) -> None:
    await a_baseline(session)
    reader = await make.a_key(session, "forecasts:read", organisation="reo")

    answer = await post(client, reader, a_lever())

    assert answer.status_code == 403
