"""The page of a unit looks back for its own organisation, and tells nobody else who reported."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from app.dashboard.unit.back import BACKS, back_chart, steps_of
from app.observations.history import Rolled
from tests import make
from tests.dashboard.test_page import Outline
from tests.overview.lay import told

MIDNIGHT = datetime(2026, 11, 20, tzinfo=ZoneInfo("Europe/Amsterdam")).astimezone(UTC)
DAYS = [MIDNIGHT + timedelta(days=n) for n in range(3)]


def a_day(day: datetime, measure: str, mean: float, most: float, *, role: str = "") -> Rolled:
    key = (measure, "bed", "ward", role, *[""] * 7)
    end = day + timedelta(days=1)
    return Rolled(key, day, end, "mean", mean, mean - 1, most, most, 1.0, 4)


def test_a_day_of_which_nothing_was_told_is_unknown_and_a_part_is_not_the_whole() -> None:
    rolled = [
        a_day(DAYS[0], "occupied", 8, 10),
        a_day(DAYS[0], "staffed", 10, 10),
        a_day(DAYS[2], "occupied", 6, 7),
        a_day(DAYS[2], "staffed", 10, 10),
        a_day(DAYS[1], "occupied", 3, 3, role="nurse"),
    ]

    steps = steps_of(rolled, DAYS)
    chart = back_chart("ward", "Afdeling", ("bed", "ward"), steps["bed", "ward"], BACKS[1])

    assert chart is not None
    assert [row[1] for row in chart.rows] == ["8", "onbekend", "6"]
    assert "in ten minste 1 van de 2 dagen was op enig moment alles bezet" in chart.title
    assert "Van 67% van de 28 dagen" in chart.sentence


def test_a_day_is_full_only_where_it_is_certain_that_all_open_places_were_taken() -> None:
    # On average ten were open, at times twelve: of eleven it is not known whether all were taken.
    opened = Rolled(
        ("staffed", "bed", "ward", *[""] * 8), DAYS[0], DAYS[1], "mean", 10, 8, 12, 12, 1.0, 4
    )

    steps = steps_of([opened, a_day(DAYS[0], "occupied", 9, 11)], DAYS)
    chart = back_chart("ward", "Afdeling", ("bed", "ward"), steps["bed", "ward"], BACKS[1])

    assert chart is not None
    assert "gemiddeld 9 bezet in 28 dagen" in chart.title


async def test_the_owner_looks_back_and_sees_who_reported(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session)
    moment = make.now() - timedelta(days=2)
    await told(session, "reo-flex", moment, staffed=9, occupied=9, reserved=0)
    mine = await make.a_key(session)
    theirs = await make.a_key(session, organisation="rtp", audience="coordinator")
    await client.post("/v1/reports", json=make.a_report(), headers=mine)

    week = Outline((await client.get("/afdeling/reo-flex", headers=mine)).text)
    month = Outline((await client.get("/afdeling/reo-flex?terug=28", headers=mine)).text)
    other = Outline((await client.get("/afdeling/reo-flex", headers=theirs)).text)

    assert "Wie meldde wat" in week.text
    assert "koppeling" in week.text
    assert "op enig moment alles bezet" in week.text
    assert "van de 2 dagen" in month.text or "van de 3 dagen" in month.text
    assert "Terugkijken" not in other.text
    assert "Wie meldde wat" not in other.text
