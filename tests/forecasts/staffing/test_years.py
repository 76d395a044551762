"""The years of each role of the region: what is told to whom, and never one line."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.disclosure import Detail, Disclosure, Shown
from app.access.principal import Principal
from app.forecasts.commands import add
from app.forecasts.runs import Run
from app.forecasts.staffing import queries
from app.forecasts.staffing.schemas import Staffing
from tests import make
from tests.conftest import Database
from tests.forecasts.lay import issue as run_all
from tests.forecasts.staffing.lay import a_norm, a_ward, ask
from tests.forecasts.test_answer import POPULATION, USE, a_rule

NOW = datetime.now(UTC)
YEARS = [2026, 2027]
HIDDEN, OPEN = [21.0, 23.0, 26.0], [15.0, 17.0, 20.0]


def figures(need: Sequence[float], gap: Sequence[float], p_short: float) -> dict[str, Any]:
    return {"need": [need] * 2, "gap": [gap] * 2, "pShort": [0.0, p_short]}


def a_role(role: str, *units: str, p_short: float = 0.7) -> dict[str, Any]:
    return {
        "role": role,
        "kinds": [list(units)],
        "level": "series",
        "source": {"source": "a count (fictief)", "year": 2025},
        "supply": [[18.0, 20.0, 22.0]] * 2,
        "whole": figures(HIDDEN, [-7.0, -3.0, 0.5], p_short),
        "tables": figures(OPEN, [-1.0, 3.0, 6.0], 0.2),
    }


async def issue_years(session: AsyncSession, *roles: dict[str, Any]) -> None:
    await issue(session, {"staff": {"years": YEARS, "roles": list(roles)}})


async def issue(session: AsyncSession, detail: dict[str, Any]) -> None:
    run = Run("years", NOW, NOW, "laid out", 1, [0.1, 0.5, 0.9], [], detail=detail)
    await session.execute(text("SELECT 1"))
    await add(session, [run])
    await session.commit()


async def years(
    client: AsyncClient, session: AsyncSession, organisation: str, audience: Any, **query: Any
) -> Staffing:
    key = await make.a_key(session, "staffing:read", organisation=organisation, audience=audience)
    answer = await ask(client, key, horizon="years", **query)
    assert answer.status_code == 200, answer.text
    return Staffing.model_validate_json(answer.content)


async def test_each_role_has_its_band_of_need_supply_and_gap_and_the_worst_is_named(
    session: AsyncSession, client: AsyncClient
) -> None:
    await make.a_unit(session, "reo-flex", "reo")
    nurses, carers = a_role("nurse", "reo-flex"), a_role("carer-ig", "reo-flex", p_short=0.9)
    await issue_years(session, nurses, carers)

    told = await years(client, session, "reo", "provider")

    assert (told.subject_kind, told.state, told.levels) == ("region", "known", (80,))
    assert [role.role for role in told.years] == ["nurse", "carer-ig"]
    step = told.years[0].steps[1]
    for band, (low, median, high) in (
        (step.need, HIDDEN),
        (step.supply, [18, 20, 22]),
        (step.gap, [-7, -3, 0.5]),
    ):
        assert (band.intervals[0].low, band.median, band.intervals[0].high) == (low, median, high)
    assert (step.year, step.short, step.p_short.value) == (2027, True, 0.7)
    worst = [(each.year, each.role, each.p_short.value) for each in told.worst_by_year]
    assert worst == [(2026, "carer-ig", 0.0), (2027, "carer-ig", 0.9)]
    assert told.sources[0].source == "a count (fictief)"


async def test_one_role_can_be_asked_for(session: AsyncSession, client: AsyncClient) -> None:
    await issue_years(session, a_role("nurse"), a_role("carer-ig"))

    told = await years(client, session, "gemeente", "municipality", role="nurse", levels="80")

    assert [role.role for role in told.years] == ["nurse"]


@pytest.mark.parametrize("audience", ["municipality", "insurer", "provider"])
async def test_who_may_not_see_what_one_provider_told_is_told_the_open_tables(
    session: AsyncSession, client: AsyncClient, audience: str
) -> None:
    await make.a_unit(session, "reo-flex", "reo")
    await issue_years(session, a_role("nurse", "reo-flex"))

    told = await years(client, session, "another", audience)

    (nurses,) = told.years
    assert (nurses.state, nurses.level) == ("known", "tables")
    assert {step.need.median for step in nurses.steps} == {OPEN[1]}
    assert {step.gap.median for step in nurses.steps} == {3.0}
    assert nurses.steps[1].p_short.value == 0.2


async def test_without_disclosure_it_is_told_what_they_told_so_the_test_can_fail(
    session: AsyncSession, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Open(Disclosure):
        def detail(self, owner: int, shown: Shown) -> Detail:
            return "exact"

    async def bypassed(session: AsyncSession, viewer: Principal, *when: Any) -> Disclosure:
        return Open(viewer)

    monkeypatch.setattr(queries, "disclosure", bypassed)
    await make.a_unit(session, "reo-flex", "reo")
    await issue_years(session, a_role("nurse", "reo-flex"))

    told = await years(client, session, "another", "municipality")

    assert {step.need.median for step in told.years[0].steps} == {HIDDEN[1]}


async def test_a_kind_of_two_others_is_told_as_a_total_and_one_that_is_alone_hides_the_role(
    session: AsyncSession, client: AsyncClient
) -> None:
    for unit, organisation in (("reo-flex", "reo"), ("caz-bed", "caz"), ("ward", "hospital")):
        await make.a_unit(session, unit, organisation)
    both = a_role("nurse", "reo-flex", "caz-bed")
    alone = a_role("carer-ig", "reo-flex", "caz-bed")
    alone["kinds"].append(["ward"])
    await issue_years(session, both, alone)

    told = await years(client, session, "gemeente", "municipality")

    assert [role.level for role in told.years] == ["series", "tables"]


async def test_the_only_provider_opens_the_years_of_its_staff_by_a_rule_of_its_own(
    session: AsyncSession, client: AsyncClient
) -> None:
    await make.a_unit(session, "reo-flex", "reo")
    await issue_years(session, a_role("nurse", "reo-flex"))
    await make.a_sharing_rule(session, "reo", "years", "total", audience="municipality")

    town = await years(client, session, "gemeente", "municipality")
    insurer = await years(client, session, "verzekeraar", "insurer")

    assert [role.level for role in town.years] == ["series"]
    assert [role.level for role in insurer.years] == ["tables"]


async def test_a_planner_gets_the_years_as_csv(session: AsyncSession, client: AsyncClient) -> None:
    await issue_years(session, a_role("nurse"))
    key = await make.a_key(session, "staffing:read", organisation="gemeente")

    sheet = await ask(client, {**key, "Accept": "text/csv"}, horizon="years")

    head, _, row, last = csv.reader(io.StringIO(sheet.text))
    cells = dict(zip(head, row, strict=True))
    assert (cells["role"], cells["year"], cells["short"]) == ("nurse", "2027", "true")
    assert (cells["need80Low"], cells["needMedian"], cells["need80High"]) == (
        "21.0",
        "23.0",
        "26.0",
    )
    assert (cells["gapMedian"], cells["supplyMedian"], cells["pShort"]) == ("-3.0", "20.0", "0.7")
    assert last[:2] == ["#count", "2"]


NURSES = {
    "source": "a count (fictief)",
    "year": 2025,
    "settings": {
        "role": "nurse",
        "ages": [{"from": 22, "to": 66, "people": 30}],
        "inflow": {"p10": 0.8, "p50": 1, "p90": 1.2},
        "beginsAt": {"from": 22, "to": 30},
        "outflow": {"p10": 0.02, "p50": 0.03, "p90": 0.04},
        "retiresAt": 67.25,
        "ftePerPerson": 0.75,
        "absence": 0.07,
        "asked": [{"careSetting": "reo", "bedType": "observation-elderly", "fte": 1.3}],
    },
}


async def test_the_run_of_the_years_tells_staff_as_the_baseline_of_what_ifs_does(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await make.a_unit(session, "reo-flex", "reo")
    for kind, facts in (("population", POPULATION), ("use", USE), ("labour", NURSES)):
        await a_rule(session, kind, facts)
    key = await make.a_key(session, "staffing:read", "forecasts:read")
    await run_all(database.urls.worker, NOW)

    told = await years(client, session, "reo", "provider")
    baseline = (await client.get("/v1/scenarios/baseline", headers=key)).json()["plan"]

    (nurses,), (planned,) = told.years, baseline["roles"]
    assert [step.year for step in nurses.steps] == baseline["years"]
    for step, need, supply, short in zip(
        nurses.steps,
        planned["need"]["p50"],
        planned["supply"]["p90"],
        planned["pShort"],
        strict=True,
    ):
        assert (step.need.median, step.p_short.value) == (rounded(need), rounded(short, 3))
        high = step.supply.intervals[0].high if step.supply.intervals else None
        assert high == rounded(supply)


async def test_a_role_is_needed_for_the_minimum_of_its_shifts_however_few_are_there(
    session: AsyncSession, database: Database, client: AsyncClient
) -> None:
    await a_ward(session)
    await a_norm(session, "all", role="nurse", patientsPerHead=4, atLeast=3)
    for kind, facts in (("population", POPULATION), ("use", USE), ("labour", NURSES)):
        await a_rule(session, kind, facts)
    key = await make.a_key(session, "forecasts:read")
    await run_all(database.urls.worker, NOW)

    told = await years(client, session, "gemeente", "municipality")
    assumed = (await client.get("/v1/scenarios/baseline", headers=key)).json()["assumed"]

    # Three heads for 25 hours a day, on 36 hours a week; the load alone would take 9 FTE.
    least = 3 * 25 * 7 / (36 * (1 - 0.127 - 0.02))
    (minimum,) = assumed["minima"]
    assert (minimum["role"], minimum["norms"]) == ("nurse", ["all"])
    assert minimum["fte"] == pytest.approx(least, rel=0.01)
    known = {step.need.median for step in told.years[0].steps if step.need.state == "known"}
    assert known == {round(minimum["fte"], 1)}


def rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)


async def test_what_is_not_known_is_said_and_is_not_zero(
    session: AsyncSession, client: AsyncClient
) -> None:
    before = await years(client, session, "reo", "provider")
    unsure = a_role("nurse")
    unsure["whole"] = {"need": [[None] * 3] * 2, "gap": [[None] * 3] * 2, "pShort": [None, None]}
    await issue_years(session, unsure)
    after = await years(client, session, "reo", "provider")
    none = await years(client, session, "reo", "provider", role="driver")

    assert (before.state, before.reason.code if before.reason else "") == ("unknown", "no-run")
    assert {step.need.state for step in after.years[0].steps} == {"unknown"}
    assert {step.short for step in after.years[0].steps} == {None}
    assert after.worst_by_year == ()
    assert (none.state, none.reason.code if none.reason else "") == ("unknown", "no-table")


async def test_an_older_run_that_tells_no_staff_says_so(
    session: AsyncSession, client: AsyncClient
) -> None:
    await issue(session, {})

    told = await years(client, session, "reo", "provider")

    assert (told.state, told.reason.code if told.reason else "") == ("unknown", "not-kept")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"unit": "reo-flex"}, "unit"),
        ({"careSetting": "reo"}, "careSetting"),
        ({"shift": "dag"}, "shift"),
        ({"levels": "95"}, "levels"),
    ],
)
async def test_years_are_of_the_region_and_not_of_a_unit_or_shift(
    session: AsyncSession, client: AsyncClient, query: dict[str, str], parameter: str
) -> None:
    await issue_years(session, a_role("nurse"))
    key = await make.a_key(session, "staffing:read")

    answer = await ask(client, key, horizon="years", **query)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == parameter
