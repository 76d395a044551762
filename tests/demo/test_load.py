"""Years of reports laid down in bulk stand in the store as if they had been posted one by one."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
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
from app.db import plain
from app.demo.load.commands import laid, load
from app.demo.reporters import reporters_of
from app.errors import Conflict
from app.facilities.region_file import parse
from app.opening import ZOETERMEER, apply_region
from app.postgres import CONFIGURED
from app.simulation.reporters import Block, Reporter, Reporters, blocks
from app.simulation.reporters_clock import Schedule
from app.simulation.reporters_flaws import Flaws
from app.simulation.stops import Stop
from app.simulation.truth import Truth
from app.simulation.world import World
from app.simulation.zoetermeer import zoetermeer as the_plan
from tests import make
from tests.conftest import Database
from tests.simulation.tiny import DAY, HOUR, OCCUPIED, STAFFED, Tiny

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
    owner_url: str, truth: Truth, *reporters: Reporter, since: int = 0, until: int = 0
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
       o.length_s, o.observed_at, o.value, o.reported_by, o.precision,
       r.unit AS of_unit, r.staff_pool, r.kind, r.feed, r.reported_by AS by, r.client_id,
       r.figures, r.refers_to, r.observed_at AS moment,
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


async def test_each_unit_is_as_it_really_is_where_reporters_are_perfect(
    zoetermeer: str, client: AsyncClient
) -> None:
    until = just_now()
    world = World(the_plan(), 5, until - 3 * DAY)
    world.advance(until)

    await lay(zoetermeer, world.truth, *reporters_of(REGION, 5).perfect().reporters)

    sums: dict[tuple[str, str, str], float] = defaultdict(float)
    answer = (await client.get("/v1/overview", headers=bearer("caz-bord"))).json()
    for unit in answer["units"]:
        for place in unit["places"]:
            for kind in places_of(world.truth, unit["unit"], place):
                figure = place[kind.measure]
                at = datetime.fromisoformat(figure["observedAt"])
                real = world.truth.at(unit["unit"], kind, stamp(at))[0]
                assert (unit["unit"], kind, figure["value"]) == (unit["unit"], kind, real)
                sums[unit["careSetting"], place["bedType"], kind.measure] += real
    totals = {
        (total["careSetting"], total["bedType"], name): total[name]["value"]
        for total in answer["totals"]
        for name in ("staffed", "occupied")
        if total["resource"] == "bed" and total[name]["of"]
    }
    assert {key: sums[key] for key in totals} == totals
    assert len(totals) > 30
    assert len(sums) > 60


def places_of(truth: Truth, unit: str, place: dict[str, Any]) -> list[Any]:
    """What the simulation knows of one line of a unit."""
    return [
        kind
        for kind in truth.stocks(unit)
        if kind.measure in ("physical", "staffed", "occupied", "reserved")
        and (kind.resource, kind.bed_type) == (place["resource"], place["bedType"] or "")
    ]


async def test_coverage_says_who_is_current_and_a_silent_unit_keeps_its_value_and_age(
    zoetermeer: str, client: AsyncClient
) -> None:
    until = just_now()
    truth = Tiny(until - 4 * DAY, until, "reo-flex", "reo-verpleeghuis")
    other = replace(BY_HAND, place="reo-verpleeghuis")
    await load(
        zoetermeer,
        truth=truth,
        reporters=Reporters(11, (REO, other)),
        since=truth.begin,
        until=until - 2 * DAY,
        dense_from=truth.begin,
    )
    now = make.now()
    figures = [make.a_figure("staffed", 2), make.a_figure("occupied", 1)]
    report = make.a_report(*figures, unit="reo-flex")
    posted = await client.post("/v1/reports", json=report, headers=bearer("reo-invoer"))
    assert posted.status_code == 200

    silent = await line(client, "reo-verpleeghuis")
    answer = await client.get("/v1/overview?group=reo", headers=bearer("caz-bord"))

    (total,) = [
        each
        for each in answer.json()["totals"]
        if (each["careSetting"], each["bedType"]) == ("reo", OCCUPIED.bed_type)
    ]
    (place,) = silent["places"]
    at = datetime.fromisoformat(place["occupied"]["observedAt"])
    assert silent["level"]["level"] == "oud"
    assert place["occupied"]["value"] == truth.at("", OCCUPIED, stamp(at))[0]
    assert place["occupied"]["ageSeconds"] == pytest.approx((now - at).total_seconds(), abs=20)
    assert place["occupied"]["ageSeconds"] > DAY
    assert total["staffed"]["of"] == {"current": 1, "total": 2}


async def test_the_flaws_of_the_demo_show_as_coverage(zoetermeer: str, client: AsyncClient) -> None:
    until = just_now()
    world = World(the_plan(), 5, until - 6 * DAY)
    world.advance(until)
    reporters = reporters_of(REGION, 5).reporters
    silent = [replace(each, flaws=replace(each.flaws, silent=0.5)) for each in reporters]

    await lay(zoetermeer, world.truth, *silent)

    answer = (await client.get("/v1/overview", headers=bearer("caz-bord"))).json()
    parts = [total["staffed"]["of"] for total in answer["totals"] if total["staffed"]["of"]]
    fresh = {place["staffed"]["freshness"] for unit in answer["units"] for place in unit["places"]}
    assert 0 < sum(of["current"] for of in parts) < sum(of["total"] for of in parts)
    assert {"fresh", "stale"} <= fresh


def stamp(at: datetime) -> Any:
    return np.array([int(at.timestamp())])


async def test_a_restart_adds_only_what_is_missing_and_the_whole_is_as_one_load(
    zoetermeer: str, session: AsyncSession
) -> None:
    until = just_now()
    truth = Tiny(until - 9 * DAY, until)
    reporter = replace(REO, flaws=LATE)
    first = await lay(zoetermeer, truth, reporter, until=until - 3 * DAY)
    half = await laid(zoetermeer)
    second = await lay(zoetermeer, truth, reporter)
    again = await lay(zoetermeer, truth, reporter)

    told = blocks(truth, Reporters(11, (reporter,)), truth.begin, until, dense_from=truth.begin)
    whole = await ask(session, WHOLE)
    assert sorted(map(tuple, whole)) == sorted(expected(told))
    assert (first + second, again) == (len(whole), 0)
    assert second < first
    assert half is not None
    assert half.until == datetime.fromtimestamp(until - 3 * DAY, UTC)
    done = await laid(zoetermeer)
    assert done is not None
    assert (done.seed, done.begin.timestamp(), done.until.timestamp()) == (11, truth.begin, until)
    newest = await ask(session, NEWEST)
    assert [row.newest for row in newest] == [True] * 5


WHOLE = """
SELECT s.measure, floor(extract(epoch FROM o.known_at))::bigint, extract(epoch FROM at)::bigint,
       length_s, extract(epoch FROM o.observed_at)::bigint, value
  FROM observations o JOIN series s USING (org_id, series_id)
"""
NEWEST = """
SELECT (c.at, c.known_at, c.value, c.report_id)
       = (o.at, o.known_at, o.value, o.report_id) AS newest
  FROM current_state c
 CROSS JOIN LATERAL (
       SELECT * FROM observations x WHERE x.org_id = c.org_id AND x.series_id = c.series_id
        ORDER BY x.at DESC, x.known_at DESC LIMIT 1) o
"""


def expected(told: Iterable[Block]) -> list[tuple[Any, ...]]:
    return [
        (
            block.kinds[k].measure,
            int(block.known_at[n]),
            int(block.starts[n, k]),
            int(block.lengths[n, k]),
            int(block.observed_at[n]),
            float(block.values[n, k]),
        )
        for block in told
        for n, k in zip(*np.nonzero(block.told), strict=True)
    ]


async def test_what_is_said_of_the_region_after_a_load_is_known_from_then(
    zoetermeer: str, session: AsyncSession
) -> None:
    until = just_now()
    truth = Tiny(until - 4 * DAY, until)
    await lay(zoetermeer, truth, until=until - 2 * DAY)
    (first,) = await ask(session, VERSION)
    await session.execute(text("UPDATE unit_versions SET known_at = now() WHERE unit = 'reo-flex'"))
    await session.commit()

    await lay(zoetermeer, truth)

    (later,) = await ask(session, VERSION)
    assert first.known_at == first.valid_from
    assert later.known_at.timestamp() > until


VERSION = "SELECT known_at, valid_from FROM unit_versions WHERE unit = 'reo-flex'"


async def test_a_load_that_was_cut_off_is_finished_by_the_next(
    zoetermeer: str, session: AsyncSession
) -> None:
    until = just_now()
    truth = Tiny(until - 3 * DAY, until, "reo-flex", "beddenhuis-observatie")
    both = (REO, replace(REO, place="beddenhuis-observatie"))

    def cut(rows: int, share: float) -> None:
        raise RuntimeError("cut off")

    with pytest.raises(ExceptionGroup):
        await load(
            zoetermeer,
            truth=truth,
            reporters=Reporters(11, both),
            since=truth.begin,
            until=until,
            dense_from=truth.begin,
            progress=cut,
        )
    half = await laid(zoetermeer)
    before = len(await ask(session, WHOLE))
    rest = await lay(zoetermeer, truth, *both)

    assert half is not None
    assert half.until.timestamp() == truth.begin
    told = blocks(truth, Reporters(11, both), truth.begin, until, dense_from=truth.begin)
    assert before + rest == len(await ask(session, WHOLE)) == len(expected(told))


async def test_another_seed_does_not_go_on_where_one_ended(zoetermeer: str) -> None:
    until = just_now()
    truth = Tiny(until - 2 * DAY, until)
    await lay(zoetermeer, truth)

    with pytest.raises(Conflict, match="seed 11"):
        await load(
            zoetermeer,
            truth=truth,
            reporters=Reporters(12, (REO,)),
            since=truth.begin,
            until=until,
            dense_from=truth.begin,
        )


async def test_nothing_made_up_enters_a_database_that_is_not_fictief(
    database: Database, session: AsyncSession
) -> None:
    await make.a_unit(session)
    until = just_now()

    with pytest.raises(Conflict, match="fictief"):
        await lay(database.urls.owner, Tiny(until - DAY, until))

    assert await ask(session, "SELECT 1 FROM reports") == []


async def test_stops_are_told_when_they_begin_and_when_they_end(
    zoetermeer: str, client: AsyncClient, session: AsyncSession
) -> None:
    until = just_now()
    begun = until - 5 * HOUR
    over = Stop("seh", "seh-stop", ("ambulance",), "", begun - DAY, begun, begun - HOUR, "staff")
    lasting = replace(over, begins=begun, expected_until=until + HOUR, ends=None)
    await lay(zoetermeer, Tiny(until - 3 * DAY, until, stops=[over, lasting]))

    versions = await ask(session, "SELECT begins_at, ended_at FROM stop_versions ORDER BY known_at")
    found = await line(client, "seh")

    assert [row.ended_at is None for row in versions] == [True, False, True]
    assert [stop["kind"] for stop in found["stops"]] == ["seh-stop"]
    assert found["status"]["status"] == "restricted"


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


async def test_nothing_made_up_enters_a_server_that_is_not_our_own(
    zoetermeer: str, session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = just_now()
    # Whoever runs another Postgres did not give it our name.
    monkeypatch.setitem(CONFIGURED, "cluster_name", "another")

    with pytest.raises(Conflict, match="embedded"):
        await lay(zoetermeer, Tiny(until - DAY, until))

    assert await ask(session, "SELECT 1 FROM reports") == []
