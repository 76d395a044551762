"""Years of reports laid down in bulk stand in the store as if they had been posted one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import numpy as np
import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.keys import demo_key
from app.cli import ZOETERMEER, apply_region
from app.db import plain
from app.demo.load.commands import laid, load
from app.demo.reporters import reporters_of
from app.errors import Conflict
from app.facilities.region_file import parse
from app.simulation.kinds import Kind
from app.simulation.reporters import Reporter, Reporters
from app.simulation.reporters_clock import Schedule
from app.simulation.reporters_flaws import Flaws
from app.simulation.stops import Stop
from tests import make
from tests.conftest import Database
from tests.simulation.tiny import DAY, HOUR, OCCUPIED, RESERVED, STAFFED, Tiny

REGION = parse(ZOETERMEER.read_text("utf-8"))
TWICE_A_DAY = Schedule(minutes=(480, 930))
REO = Reporter("reo-flex", TWICE_A_DAY, "feed", "reo")
BY_HAND = Reporter("reo-flex", TWICE_A_DAY)
LATE = Flaws(late=40 * 60, silent=0.1, corrected=0.3, again=0.2)


def bearer(client: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {demo_key(client).text}"}


@pytest.fixture
async def zoetermeer(database: Database) -> str:
    """The demo region without figures; the owner's URL."""
    await apply_region(database.settings(), REGION)
    return database.urls.owner


def just_now() -> int:
    return int(make.now().timestamp()) // 60 * 60


async def lay(
    owner_url: str, truth: Tiny, *reporters: Reporter, since: int = 0, until: int = 0
) -> int:
    done = await load(
        owner_url,
        truth=truth,
        reporters=Reporters(11, reporters or (REO,)),
        since=since or truth.begin,
        until=until or truth.until,
        dense_from=truth.begin,
    )
    return done.figures


async def ask(session: AsyncSession, question: str) -> Sequence[Any]:
    await session.rollback()
    return (await session.execute(text(question))).all()


async def line(client: AsyncClient, unit: str, **ask: str) -> dict[str, Any]:
    answer = await client.get("/v1/overview", params=ask, headers=bearer("caz-bord"))
    assert answer.status_code == 200, answer.text
    (found,) = [each for each in answer.json()["units"] if each["unit"] == unit]
    return dict(found)


FIGURES = """
SELECT s.org_id, s.unit, s.measure, s.resource, s.bed_type, s.quantity, s.source_kind, o.at,
       o.length_s, o.observed_at, o.value, o.reported_by, o.precision, r.unit AS of_unit, r.staff_pool, r.kind,
       r.feed, r.reported_by AS by, r.client_id, r.figures, r.refers_to, r.observed_at AS moment,
       c.value AS newest, c.at AS newest_at, c.doubts, c.reported_by AS newest_by,
       c.precision AS newest_precision, c.report_id = o.report_id AS same
  FROM observations o
  JOIN series s USING (org_id, series_id)
  JOIN reports r USING (org_id, report_id)
  LEFT JOIN current_state c USING (org_id, series_id)
 WHERE r.backfilled IS %s
 ORDER BY s.measure, o.at
"""


async def test_a_figure_that_was_laid_down_is_as_one_that_was_posted(
    zoetermeer: str, client: AsyncClient, session: AsyncSession
) -> None:
    until = just_now()
    truth = Tiny(until - 2 * DAY, until, "reo-flex")
    (last,) = TWICE_A_DAY.moments(until - DAY, until, 0)[0][-1:].tolist()
    await lay(zoetermeer, truth, BY_HAND, since=last, until=last + 1)
    laid_down = await ask(session, FIGURES % "true")
    async with asyncpg.create_pool(plain(zoetermeer), min_size=1, max_size=1) as pool:
        await pool.execute("DELETE FROM observations; DELETE FROM reports")
        await pool.execute("DELETE FROM current_state")

    at = datetime.fromtimestamp(last, UTC)
    figures = [as_posted(row) for row in laid_down]
    report = make.a_report(*figures, unit="reo-flex") | {"observedAt": at.isoformat()}
    answer = await client.post("/v1/reports", json=report, headers=bearer("reo-invoer"))

    assert answer.json()["reports"][0]["outcome"] == "stored", answer.text
    posted = await ask(session, FIGURES % "false")
    assert len(posted) == len(laid_down) > 5
    assert posted == laid_down


def as_posted(row: Any) -> dict[str, Any]:
    figure = {"measure": row.measure, "value": row.value}
    if row.measure == "closedPlaces":
        figure["reason"] = "staff"
    if row.length_s:
        end = row.at + timedelta(seconds=row.length_s)
        figure["period"] = {"start": row.at.isoformat(), "end": end.isoformat()}
    return figure


async def test_totals_are_the_truth_where_reporters_are_perfect(
    zoetermeer: str, client: AsyncClient
) -> None:
    until = just_now()
    truth = Tiny(until - 3 * DAY, until, "reo-flex", "beddenhuis-observatie")
    other = replace(REO, place="beddenhuis-observatie")
    await lay(zoetermeer, truth, REO, other)

    found = await line(client, "reo-flex")

    (told,) = found["places"]
    at = int(datetime.fromisoformat(told["staffed"]["observedAt"]).timestamp())
    real = [truth.at("reo-flex", kind, np.array([at]))[0] for kind in (STAFFED, OCCUPIED, RESERVED)]
    assert [told[name]["value"] for name in ("staffed", "occupied", "reserved")] == real


async def test_what_was_known_then_is_what_was_told_by_then(
    zoetermeer: str, client: AsyncClient, session: AsyncSession
) -> None:
    until = just_now()
    truth = Tiny(until - 4 * DAY, until, "reo-flex")
    await lay(zoetermeer, truth, replace(REO, flaws=LATE))

    for hours in (20, 33, 40, 61):
        then = datetime.fromtimestamp(until - hours * HOUR, UTC)
        found = await line(client, "reo-flex", knownAt=then.isoformat())
        (told,) = await ask(session, KNOWN % then.isoformat())
        assert found["places"][0]["occupied"]["value"] == told.value
        assert datetime.fromisoformat(found["places"][0]["occupied"]["observedAt"]) == told.at


KNOWN = """
SELECT o.at, o.value FROM observations o JOIN series s USING (org_id, series_id)
 WHERE s.measure = 'occupied' AND o.known_at <= '%s' ORDER BY o.at DESC, o.known_at DESC LIMIT 1
"""


async def test_one_bed_told_by_mandate_and_by_its_own_feed_is_counted_once(
    zoetermeer: str, client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_mandate(session, "reo-flex", of="reo-zoetermeer", to="caz-zoetermeer")
    until = just_now()
    truth = Tiny(until - 3 * DAY, until)
    through_the_caz = Reporter("reo-flex", TWICE_A_DAY, "mandate", "caz")

    await lay(zoetermeer, truth, REO, through_the_caz)

    kinds = await ask(
        session,
        "SELECT s.source_kind, count(*), max(c.reported_by) FROM current_state c "
        "JOIN series s USING (org_id, series_id) GROUP BY s.source_kind ORDER BY 1",
    )
    assert [(row.source_kind, row.count) for row in kinds] == [("feed", 5), ("mandate", 5)]
    assert len({row.max for row in kinds}) == 2
    answer = await client.get("/v1/overview?group=reo", headers=bearer("caz-bord"))
    (total,) = [
        t
        for t in answer.json()["totals"]
        if t["careSetting"] == "reo" and t["bedType"] == OCCUPIED.bed_type
    ]
    at = int(datetime.fromisoformat(total["staffed"]["observedAt"]).timestamp())
    for name, kind in (("staffed", STAFFED), ("occupied", OCCUPIED)):
        assert total[name]["value"] == truth.at("reo-flex", kind, np.array([at]))[0]
