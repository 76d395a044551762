"""How the units stand after a post is what the overview says of them, judged by the same pools."""

from datetime import timedelta
from typing import Any

from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from app.facilities.queries import Directory, KnownUnit
from app.facilities.schemas import CareSetting, Reporting, UnitFacts
from app.overview.queries import judged_by
from tests import make

WARD = [{"bedType": "ward", "law": "Zvw"} for _ in range(20)]
SPACE: dict[str, Any] = {"careSetting": "seh", "resource": "treatment-space", "beds": []}


def without_ages(told: Any) -> Any:
    """Less what goes on while the two are asked one after the other."""
    if isinstance(told, dict):
        return {name: without_ages(each) for name, each in told.items() if name != "ageSeconds"}
    return [without_ages(each) for each in told] if isinstance(told, list) else told


async def test_a_unit_that_comes_back_stands_as_it_does_in_the_overview(
    client: AsyncClient, session: AsyncSession
) -> None:
    for unit in ("reo-flex", "reo-zorg"):
        await make.a_unit(session, unit)
    await make.a_unit(session, "reo-seh", **SPACE)
    await make.a_unit(session, "reo-ward", careSetting="hospital-ward", beds=WARD[:1])
    key = await make.a_key(session)
    hour = make.now().replace(minute=0, second=0, microsecond=0)
    week = {"start": (hour - timedelta(days=7)).isoformat(), "end": hour.isoformat()}
    places = [make.a_figure("staffed", 2), make.a_figure("occupied", 1)]
    wards = [make.a_figure("physical", 20), *places]
    spaces = [
        make.a_figure("present", 9),
        make.a_figure("boarders", 2),
        make.a_figure("staffed", 18),
    ]
    more = [
        *(make.a_figure("ventilated", 0), make.a_figure("longestBoardingMinutes", 60)),
        make.a_figure("lastDoorToBedMinutes", 120),
    ]
    reports = [
        make.a_report(*places, make.a_figure("requests", 2), period=week),
        make.a_report(*places, make.a_figure("requests", 1), unit="reo-zorg", period=week),
        make.a_report(*wards, unit="reo-ward"),
        make.a_report(*spaces, *more, unit="reo-seh"),
    ]

    told = [await client.post("/v1/reports", json=each, headers=key) for each in reports]
    again = [await client.post("/v1/reports", json=each, headers=key) for each in reports]

    assert {answer.status_code for answer in told} == {200}, [answer.text for answer in told]
    back = [unit["now"] for answer in again for unit in answer.json()["units"]]
    overview = (await client.get("/v1/overview", headers=key)).json()["units"]
    shown = {unit["unit"]: without_ages(unit) for unit in overview}
    assert {unit["unit"]: without_ages(unit) for unit in back} == shown
    assert len(back) == 4
    by_name = {unit["unit"]: unit for unit in back}
    assert by_name["reo-seh"]["crowding"]["nedocs"]["state"] == "known"
    assert by_name["reo-flex"]["places"][0]["refusalRisk"]["of"] == {"current": 2, "total": 2}


def test_a_unit_is_judged_by_its_pool_and_an_seh_by_the_beds_behind_it() -> None:
    units: dict[str, tuple[str, CareSetting]] = {
        "seh": ("hospital", "seh"),
        "interne": ("hospital", "hospital-ward"),
        "elders": ("other", "hospital-ward"),
        "flex": ("reo", "reo"),
        "zorg": ("verpleeghuis", "reo"),
    }
    facts = a_directory(units)

    assert judged_by(facts, {"seh"}) == {"seh", "interne"}
    assert judged_by(facts, {"flex"}) == {"flex", "zorg"}
    assert judged_by(facts, {"interne"}) == {"interne", "elders"}
    assert judged_by(facts, {"no-unit"}) == set()


def a_directory(units: dict[str, tuple[str, CareSetting]]) -> Directory:
    numbers = {name: n for n, name in enumerate({owner for owner, _ in units.values()}, 1)}
    known = {
        unit: KnownUnit(
            unit,
            numbers[owner],
            owner,
            UnitFacts(
                name=unit,
                facility="huis",
                care_setting=setting,
                reporting=Reporting(interval_minutes=60),
            ),
            make.LONG_AGO,
            make.LONG_AGO,
        )
        for unit, (owner, setting) in units.items()
    }
    return Directory({}, {}, known, {}, {}, {}, make.LONG_AGO)
