"""The page of the staff: all of its own to the owner, yes or no to who places people."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.scopes import Scope
from app.access.tables import AuditEvent
from app.dashboard.ahead.rosters import Roster, straddles, week_chart
from app.dashboard.drawing.heads import Heads, heads
from app.dashboard.drawing.weekdays import Block, Field, weekdays
from app.dashboard.shortages import places_chart, staff_chart
from app.forecasts.staffing.schemas import Staffing, StaffStep
from tests import make
from tests.dashboard.test_page import Outline
from tests.forecasts.staffing.lay import (
    NIGHT,
    NOW,
    TODAY,
    a_norm,
    a_pool,
    a_ward,
    issue,
)
from tests.forecasts.staffing.lay import (
    heads as told_heads,
)

OWN = {"over-en-tekort", "week", "flexibel"}
SHARED = {"diensten", "waar-te-krap"}
SCOPES: tuple[Scope, ...] = ("overview:read", "staffing:read")
TOMORROW = TODAY + timedelta(1)
MONDAY = TODAY - timedelta(days=TODAY.weekday())


async def a_roster(session: AsyncSession) -> None:
    """Two wards of eleven people by four a head, a pool at night; two and six on the roster."""
    await a_ward(session, "one", level=11)
    await a_ward(session, "two", level=11)
    await a_pool(session, "night", "one", "two")
    await a_norm(session, "day", careSetting="reo", role="nurse", patientsPerHead=4, absence=0.02)
    await a_norm(session, "night", staffPool="night", role="nurse", patientsPerHead=8)
    await told_heads(session, "rostered", 2, TODAY, 40, unit="one")
    await told_heads(session, "rostered", 3, TODAY, 40, unit="two")
    await told_heads(session, "rostered", 3, TODAY, 40, pool="night", shift=NIGHT)
    await issue(session)


async def asked(client: AsyncClient, key: dict[str, str], **query: str) -> Response:
    answer = await client.get("/personeel", params=query, headers=key)
    assert answer.status_code == 200
    return answer


def pictures(page: Outline) -> set[str | None]:
    return {figure["id"] for figure in page.all("figure")}


async def test_the_owner_sees_the_need_beside_the_roster_and_who_places_people_yes_or_no(
    client: AsyncClient, session: AsyncSession
) -> None:
    await a_roster(session)
    reo = await make.a_key(session, *SCOPES)
    rtp = await make.a_key(session, *SCOPES, organisation="rtp", audience="coordinator")
    town = await make.a_key(session, *SCOPES, organisation="town", audience="municipality")

    own, pool, other, none = [
        Outline((await asked(client, key, zorg="reo", **query)).text)
        for key, query in (
            (reo, {"plek": "afdeling.two"}),
            (reo, {"plek": "pool.night", "functie": "nurse"}),
            (rtp, {"plek": "afdeling.one"}),
            (town, {"plek": "afdeling.one"}),
        )
    ]

    assert pictures(own) == OWN | SHARED
    assert "two (fictief), verpleegkundige" in own.text
    assert "hiervoor staat de pool" in own.text
    assert OWN - {"flexibel"} <= pictures(pool)
    assert "Pool: night (fictief), verpleegkundige" in pool.text
    assert pictures(other) == SHARED
    assert "one (fictief) is het vaakst te krap" in other.text
    assert [each["id"] for each in other.all("select")] == ["zorg"]
    assert pictures(none) == set()


async def test_a_planner_takes_a_row_for_each_shift_and_role_away_and_leaves_a_trace(
    client: AsyncClient, session: AsyncSession
) -> None:
    await a_roster(session)
    reo = await make.a_key(session, *SCOPES)
    rtp = await make.a_key(session, *SCOPES, organisation="rtp", audience="coordinator")
    file = {"zorg": "reo", "plek": "afdeling.one", "grafiek": "rooster.csv"}

    sheet = await asked(client, reo, **file)
    refused = await client.get("/personeel", params=file, headers=rtp)
    drawn = await asked(client, reo, **{**file, "grafiek": "over-en-tekort.svg"})
    traces = (await session.scalars(select(AuditEvent.event))).all()

    rows = list(csv.DictReader(io.StringIO(sheet.text), delimiter=";"))
    keys = [(row["Dag"], row["Functie"], row["Dienst"]) for row in rows]
    assert len(keys) == len(set(keys)) > 250
    (day,) = [row for row in rows if (row["Dag"], row["Dienst"]) == (f"{TOMORROW}", "dag")]
    assert (day["Nodig"], day["Op het rooster"], day["Over of tekort"]) == ("3", "2", "−1")
    assert refused.status_code == 404
    assert drawn.status_code == 200
    assert traces.count("staffing.export") == 2


LEVEL_50 = {"level": 50, "low": 2, "high": 2}
LEVEL_80 = {"level": 80, "low": 2, "high": 3}


def amount(value: float | None) -> dict[str, Any]:
    return {"state": "unknown" if value is None else "known", "value": value}


def a_step(**facts: Any) -> StaffStep:
    unknown = amount(None)
    band = {"state": "known", "median": 2, "intervals": [LEVEL_80]}
    step: dict[str, Any] = {"day": MONDAY, "at": NOW, "until": NOW, "short": None, "need": band}
    step |= {"gap": {"state": "unknown"}, "rostered": amount(2), "available": amount(2)}
    step |= {"p_short": unknown, "shortfall": unknown, "flexible": amount(1)}
    return StaffStep.model_validate(step | {"roster_closed": True} | facts)


@pytest.mark.parametrize(
    ("rostered", "flexible", "found"),
    [(2, 1, True), (3, 1, False), (1, 1, False), (2, 0, False), (None, 1, False)],
)
def test_a_shift_is_kept_flexible_where_the_roster_may_be_enough_or_not(
    rostered: float | None, flexible: float, found: bool
) -> None:
    step = a_step(rostered=amount(rostered), flexible=amount(flexible))

    assert straddles(step) is found


def a_total(*shorts: tuple[bool | None, ...]) -> Staffing:
    """One role by day, of as many posts, on as many Mondays in a row."""
    posts = [{"unit": f"ward-{n}", "short": short} for n, short in enumerate(shorts)]
    days = [MONDAY + timedelta(weeks=n) for n in range(len(shorts[0]))]
    counts = [
        {"short": of.count(True), "known": len(of) - of.count(None), "held": len(of)}
        for of in zip(*shorts, strict=True)
    ]
    steps = [
        a_step(day=day, posts=count).model_dump() for day, count in zip(days, counts, strict=True)
    ]
    series: dict[str, Any] = {
        "role": "nurse",
        "shift": "dag",
        "hours": None,
        "units": [],
        "state": "suppressed",
    }
    about = {"subject_kind": "careSetting", "subject": "reo", "horizon": "weeks", "levels": [80]}
    whole = about | {"state": "suppressed", "known_at": NOW, "roster_closes_at": NOW}
    return Staffing.model_validate(whole | {"series": [series | {"posts": posts, "steps": steps}]})


def test_of_many_posts_the_share_that_is_short_is_told_and_where() -> None:
    few, none, untold, always = (True, False), (False, False), (None, False), (True, True)
    told = a_total(*((*each, None) for each in (few, none, untold, always)))

    shares = staff_chart("reo", told)
    places = places_chart("reo", told, {"ward-3": "Boven"})

    assert shares is not None
    assert places is not None
    assert shares.rows == [("Verpleegkundige, dag", "67%", "25%", "onbekend")]
    assert "67% van de plekken" in shares.title
    assert "Bij 4 plekken tegelijk" in shares.sentence
    assert places.rows[0] == ("Boven", "100%", "100%", "onbekend")
    assert places.title.startswith("REO: Boven is het vaakst te krap")


def test_of_nothing_that_is_known_there_is_no_picture() -> None:
    told = a_total((None, None))

    assert staff_chart("reo", told) is None
    assert places_chart("reo", told, {}) is None


def test_the_line_of_the_closed_roster_goes_down_between_two_days() -> None:
    rows = [(day, [Field("none", "1"), None]) for day in ("ma", "di", "wo", "do", "vr", "za", "zo")]

    within, between, none = [
        str(weekdays([Block("dag", rows)], ["1", "2"], closes)) for closes in (9, 7, None)
    ]

    assert within.count("L") == 3
    assert between.count("L") == 1
    assert 'class="supply"' not in none


def test_a_shift_without_a_roster_has_a_need_and_no_tick() -> None:
    told = Heads("ma, dag", (1, 4), (2, 3), 2, 3, "0", lack=False)
    untold = Heads("di, dag", (1, 4), (2, 3), 2, None, "?", lack=False)

    drawn = str(heads([told, untold], closes=1))

    assert drawn.count('class="b80"') == 2
    assert drawn.count('class="supply"') == 1
    assert drawn.count('class="zero"') == 1


@pytest.mark.parametrize(
    ("chance", "said"),
    [
        (0.1, "in geen dienst is een tekort waarschijnlijk"),
        (0.6, "60% kans op tekort"),
        (None, "nog geen rooster gemeld"),
    ],
)
def test_the_title_of_a_week_says_no_more_than_its_chance(chance: float | None, said: str) -> None:
    band = {"state": "known", "median": 2, "intervals": [LEVEL_50, LEVEL_80]}
    told = a_total((False,)).model_copy(update={"subject_kind": "unit", "subject": "one"})
    step = a_step(need=band, p_short=amount(chance))
    series = told.series[0].model_copy(update={"steps": (step,)})
    week = Roster("A", told.model_copy(update={"series": (series,)}), "nurse", MONDAY, {})

    chart = week_chart(week)

    assert chart is not None
    assert said in chart.title
