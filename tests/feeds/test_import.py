"""A file brought into the store: all or nothing, only what differs, behind row level security."""

import asyncio
import gzip
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import plain
from app.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, TooLarge
from app.feeds.imports.batches import AT_ONCE
from app.feeds.imports.commands import import_file
from app.feeds.imports.headway import Headway, Imported
from app.feeds.profiles import PROFILES
from tests import make
from tests.conftest import Database

HEADER = "unique_id,ds,y,cap"
WEEK = [f"Oost,2026-11-{day:02d},{day}.5,20" for day in range(1, 8)]
TABLES = (
    *("organisations", "facilities", "units", "unit_versions", "series", "observations"),
    *("reports", "current_state", "audit_events", "outbox", "open_writes", "imports"),
)


def a_file(folder: Path, *rows: str, name: str = "beds.csv") -> Path:
    path = folder / name
    text = "\n".join([HEADER, *rows]) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


async def bring(database: Database, path: Path, **asked: Any) -> Imported:
    asked = {"create_units": True, "owner_url": database.urls.owner, **asked}
    return await import_file(database.urls.app, path, PROFILES["divi"], **asked)


async def fetch(database: Database, statement: str, *values: object, role: str = "owner") -> Any:
    connection = await asyncpg.connect(plain(getattr(database.urls, role)))
    try:
        return await connection.fetch(statement, *values)
    finally:
        await connection.close()


async def values(database: Database) -> list[tuple[Any, ...]]:
    rows = await fetch(
        database,
        "SELECT s.unit, s.measure, o.at, o.value FROM observations o JOIN series s USING "
        "(series_id) ORDER BY s.unit, s.measure, o.at, o.known_at",
    )
    return [tuple(row) for row in rows]


async def counts(database: Database) -> dict[str, int]:
    asked = ", ".join(f"(SELECT count(*) FROM {table}) AS {table}" for table in TABLES)
    (row,) = await fetch(database, f"SELECT {asked}")
    return dict(row)


@pytest.mark.parametrize("name", ["beds.csv", "beds.csv.gz"])
async def test_a_file_becomes_figures_a_report_a_unit_and_a_trail(
    database: Database, tmp_path: Path, name: str
) -> None:
    path = a_file(tmp_path, *WEEK, "West-Süd,2026-11-07,,12", name=name)

    found = await bring(database, path)

    assert (found.rows, found.figures, found.units, found.units_made) == (8, 16, 2, 2)
    assert (found.added, found.unchanged, found.corrected) == (16, 0, 0)
    assert found.since == datetime(2026, 11, 1, 7, tzinfo=UTC)
    assert found.until == datetime(2026, 11, 7, 7, tzinfo=UTC)
    stored = await values(database)
    assert stored[0] == ("divi-oost", "occupied", found.since, 1.5)
    assert ("divi-west-sud", "occupied", found.until, None) in stored
    assert len(stored) == 16
    reports = await fetch(database, "SELECT * FROM reports ORDER BY unit")
    assert [(r["unit"], r["figures"]) for r in reports] == [("divi-oost", 14), ("divi-west-sud", 2)]
    assert all(r["backfilled"] and r["source_kind"] == "import" for r in reports)
    assert len({r["content_hash"] for r in reports}) == 2
    (trail,) = await fetch(database, "SELECT * FROM audit_events WHERE event = 'imports.write'")
    assert trail["right"] == "imports:write"
    (told,) = await fetch(database, "SELECT kind FROM outbox")
    assert told["kind"] == "imports.stored"


async def test_what_it_makes_holds_from_the_first_day_of_the_file(
    database: Database, tmp_path: Path
) -> None:
    await bring(database, a_file(tmp_path, *WEEK), organisation="lander", setting="short-stay")

    (unit,) = await fetch(database, "SELECT valid_from, facts::text FROM unit_versions")
    (whose,) = await fetch(database, "SELECT organisation FROM organisations WHERE org_id > 0")

    assert unit["valid_from"] == datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert '"name": "Oost"' in unit["facts"]
    assert '"careSetting": "short-stay"' in unit["facts"]
    assert '"moments": ["08:00"]' in unit["facts"]
    assert whose["organisation"] == "lander"


async def test_the_same_file_again_adds_nothing(database: Database, tmp_path: Path) -> None:
    path = a_file(tmp_path, *WEEK, "Oost,2026-11-08,,20")
    await bring(database, path)
    before = await counts(database)

    again = await bring(database, path)

    assert (again.added, again.corrected, again.unchanged) == (0, 0, 16)
    after = await counts(database)
    more = {name: before[name] + 1 for name in ("audit_events", "imports")}
    assert after == {**before, **more}


async def test_a_file_with_corrections_adds_what_differs_and_keeps_what_was_known(
    database: Database, tmp_path: Path
) -> None:
    await bring(database, a_file(tmp_path, *WEEK))
    corrected = [*WEEK[:6], "Oost,2026-11-07,9,", "Oost,2026-11-08,10,21"]

    found = await bring(database, a_file(tmp_path, *corrected))

    assert (found.added, found.corrected, found.unchanged) == (2, 2, 12)
    seventh = datetime(2026, 11, 7, 7, tzinfo=UTC)
    told = [row[3] for row in await values(database) if row[1:3] == ("occupied", seventh)]
    assert told == [7.5, 9.0]
    back = await bring(database, a_file(tmp_path, *WEEK))
    assert (back.added, back.corrected) == (0, 2)


async def test_the_current_state_is_the_newest_of_each_series_whatever_the_order_of_files(
    database: Database, tmp_path: Path
) -> None:
    await bring(database, a_file(tmp_path, *WEEK))
    await bring(database, a_file(tmp_path, "Oost,2025-01-01,3,4"))

    state = await fetch(
        database, "SELECT value, at FROM current_state c JOIN series s USING (series_id) "
        "WHERE measure = 'occupied'"
    )  # fmt: skip

    assert [tuple(row) for row in state] == [(7.5, datetime(2026, 11, 7, 7, tzinfo=UTC))]
    rebuilt = await fetch(
        database,
        "SELECT DISTINCT ON (series_id) series_id, at, known_at, value, report_id, reported_by, "
        "precision FROM observations ORDER BY series_id, at DESC, known_at DESC",
    )
    kept = await fetch(
        database,
        "SELECT series_id, at, known_at, value, report_id, reported_by, precision "
        "FROM current_state ORDER BY series_id",
    )
    assert kept == rebuilt


async def test_a_day_is_the_units_census_time_in_summer_and_in_winter(
    session: AsyncSession, database: Database, tmp_path: Path
) -> None:
    beds = [{"bedType": "ic", "law": "Zvw"}]
    await make.a_unit(session, "reo-ic", censusTime="02:30", beds=beds)
    days = ["2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25"]

    await bring(
        database,
        a_file(tmp_path, *(f"reo-ic,{day},1,2" for day in days)),
        organisation="reo",
        create_units=False,
    )

    times = [row[2] for row in await values(database) if row[1] == "occupied"]
    assert [f"{at:%m-%d %H:%M}" for at in times] == [
        *("03-28 01:30", "03-29 01:30", "10-24 00:30", "10-25 00:30"),
    ]
    (precision,) = await fetch(database, "SELECT DISTINCT precision FROM observations")
    assert precision["precision"] == "day"


async def test_a_dry_run_counts_and_leaves_nothing(database: Database, tmp_path: Path) -> None:
    before = await counts(database)
    partitions = await fetch(database, "SELECT count(*) FROM pg_class WHERE relname ~ 'y2019'")

    found = await bring(database, a_file(tmp_path, "Oost,2019-05-01,1,2"), dry_run=True)

    assert (found.added, found.units_made) == (2, 1)
    assert await counts(database) == before
    after = await fetch(database, "SELECT count(*) FROM pg_class WHERE relname ~ 'y2019'")
    assert after == partitions


async def test_partitions_are_made_for_the_years_of_the_file(
    database: Database, tmp_path: Path
) -> None:
    found = await bring(database, a_file(tmp_path, "Oost,2019-05-01,1,2", "Oost,2021-05-01,1,2"))

    assert found.added == 4
    made = await fetch(database, "SELECT relname FROM pg_class WHERE relname ~ '_y20(19|20|21)$'")
    assert len(made) == 3


async def test_a_wrong_last_row_refuses_all_of_a_large_file(
    database: Database, tmp_path: Path
) -> None:
    before = await counts(database)
    days = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(900)]
    rows = [f"Unit {n},{day:%Y-%m-%d},1,2" for n in range(70) for day in days]
    assert len(rows) > AT_ONCE

    with pytest.raises(Invalid) as refused:
        await bring(database, a_file(tmp_path, *rows, "Unit 1,yesterday,-1,2"))

    places = [(fault.row, fault.column) for fault in refused.value.faults]
    assert places == [(len(rows) + 2, "ds"), (len(rows) + 2, "y")]
    assert await counts(database) == before


async def test_unknown_units_are_named_by_their_rows_beside_other_faults(
    session: AsyncSession, database: Database, tmp_path: Path
) -> None:
    await make.a_unit(session, "divi-oost", beds=[{"bedType": "ic", "law": "Zvw"}])
    path = a_file(tmp_path, *WEEK[:2], "West,2026-11-01,1,2", "Zuid,2026-11-01,1,2", "Oost,x,1,2")

    with pytest.raises(Invalid) as refused:
        await bring(database, path, organisation="reo", create_units=False)

    told = [(fault.code, fault.row, fault.column) for fault in refused.value.faults]
    assert told == [
        ("unknown-unit", 4, "unique_id"),
        ("unknown-unit", 5, "unique_id"),
        ("not-a-date", 6, "ds"),
    ]
    assert (await counts(database))["open_writes"] == 0
    assert await values(database) == []


async def test_at_most_a_hundred_faults_are_listed(database: Database, tmp_path: Path) -> None:
    rows = [f"Unit {n},2026-11-01,1,2" for n in range(150)]

    with pytest.raises(Invalid) as refused:
        await bring(
            database, a_file(tmp_path, *WEEK, *rows), create_units=False, organisation="region"
        )

    assert len(refused.value.faults) == 100


async def test_nobody_brings_in_figures_of_anothers_unit(
    session: AsyncSession, database: Database, tmp_path: Path
) -> None:
    await make.a_unit(session, "divi-oost", organisation="other")

    with pytest.raises(Invalid) as refused:
        await bring(database, a_file(tmp_path, *WEEK))

    assert [fault.code for fault in refused.value.faults] == ["not-yours"]
    assert await values(database) == []


async def test_a_figure_must_be_one_that_the_unit_can_have(
    session: AsyncSession, database: Database, tmp_path: Path
) -> None:
    await make.a_unit(session, "reo-flex")

    with pytest.raises(Invalid) as refused:
        await bring(
            database,
            a_file(tmp_path, "reo-flex,2026-11-01,1,2"),
            organisation="reo",
            create_units=False,
        )

    told = [(fault.code, fault.row, fault.column) for fault in refused.value.faults]
    assert told == [("unknown-word", 2, "y"), ("unknown-word", 2, "cap")]


async def test_two_names_of_one_unit_are_refused(
    session: AsyncSession, database: Database, tmp_path: Path
) -> None:
    await make.a_unit(session, "divi-oost", beds=[{"bedType": "ic", "law": "Zvw"}])
    rows = ["divi-oost,2026-11-01,1,2", "Oost,2026-11-02,1,2"]

    with pytest.raises(Invalid) as refused:
        await bring(database, a_file(tmp_path, *rows), organisation="reo", create_units=False)

    assert [(fault.code, fault.row) for fault in refused.value.faults] == [("unit-twice", 3)]


async def test_figures_are_seen_by_their_own_organisation_only(
    session: AsyncSession, database: Database, tmp_path: Path
) -> None:
    other = await make.an_organisation(session, "other")
    await bring(database, a_file(tmp_path, *WEEK))

    (mine,) = await fetch(database, "SELECT org_id FROM organisations WHERE organisation = 'divi'")

    seen = {}
    for org_id in (other, mine["org_id"]):
        connection = await asyncpg.connect(plain(database.urls.app))
        await connection.execute(f"SET app.org = '{org_id}'")
        seen[org_id] = await connection.fetchval("SELECT count(*) FROM observations")
        await connection.close()
    assert seen == {other: 0, mine["org_id"]: 14}
    assert {row["org_id"] for row in await fetch(database, "SELECT org_id FROM reports")} == {
        mine["org_id"]
    }


async def test_the_owner_writes_figures_as_the_app_role(database: Database, tmp_path: Path) -> None:
    await fetch(database, "CREATE TABLE seen (who text)")
    await fetch(database, "GRANT INSERT ON seen TO PUBLIC")
    await fetch(
        database,
        "CREATE FUNCTION note_who() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN INSERT INTO public.seen VALUES (current_user); RETURN NEW; END$$",
    )
    await fetch(
        database,
        "CREATE TRIGGER who AFTER INSERT ON observations EXECUTE FUNCTION note_who()",
    )

    await bring(database, a_file(tmp_path, *WEEK))

    seen = await fetch(database, "SELECT DISTINCT who FROM seen")
    assert [row["who"] for row in seen] == ["verkeerstoren_app"]


async def test_the_horizon_waits_for_an_import_and_goes_on_after_it(
    database: Database, tmp_path: Path
) -> None:
    began = datetime.now(UTC)
    during: list[datetime] = []

    def ask(headway: Headway) -> None:
        # Once the ten seconds of every write have no more part in it.
        with ThreadPoolExecutor(1) as beside:
            during.append(beside.submit(asyncio.run, open_since(database)).result())

    await bring(database, a_file(tmp_path, *WEEK), progress=ask)

    assert during
    assert all(began <= since <= datetime.now(UTC) for since in during)
    (left,) = await fetch(database, "SELECT count(*) FROM open_writes")
    assert left["count"] == 0


async def open_since(database: Database) -> datetime:
    (row,) = await fetch(
        database,
        "SELECT started_at, known_horizon() <= started_at AS held, until FROM open_writes",
    )
    assert row["held"]
    assert row["until"] - row["started_at"] >= timedelta(seconds=59)
    since: datetime = row["started_at"]
    return since


async def test_an_import_that_fails_leaves_no_open_write(
    database: Database, tmp_path: Path
) -> None:
    before = await counts(database)

    def fail(headway: Headway) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await bring(database, a_file(tmp_path, *WEEK), progress=fail)

    assert await counts(database) == before


async def test_an_import_that_is_cancelled_leaves_nothing(
    database: Database, tmp_path: Path
) -> None:
    before = await counts(database)

    def cancel(headway: Headway) -> None:
        if headway.rows:
            importing.cancel()

    importing = asyncio.create_task(bring(database, a_file(tmp_path, *WEEK), progress=cancel))

    with pytest.raises(asyncio.CancelledError):
        await importing

    assert await counts(database) == before


async def test_one_import_of_an_organisation_goes_at_a_time(
    database: Database, tmp_path: Path
) -> None:
    path = a_file(tmp_path, *WEEK)

    both = await asyncio.gather(
        bring(database, path), bring(database, path), return_exceptions=True
    )

    assert sorted(type(each).__name__ for each in both) == ["Conflict", "Imported"]
    assert len(await values(database)) == 14


async def test_progress_is_told_while_rows_go_by(database: Database, tmp_path: Path) -> None:
    heard: list[Headway] = []
    path = a_file(tmp_path, *WEEK)

    await bring(database, path, progress=heard.append)

    assert heard[-1] == (7, path.stat().st_size, path.stat().st_size)
    assert heard == sorted(heard)


async def test_a_file_that_unpacks_to_too_much_is_refused(
    database: Database, tmp_path: Path
) -> None:
    bomb = tmp_path / "bomb.csv.gz"
    bomb.write_bytes(gzip.compress(HEADER.encode() + b"\n" * 2_000_000))
    one_line = tmp_path / "line.csv.gz"
    one_line.write_bytes(gzip.compress(b"x" * 5_000_000))
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(a_file(tmp_path, *WEEK, name="whole.csv.gz").read_bytes()[:-9])

    found = [await refusal(database, path) for path in (bomb, one_line, cut, tmp_path / "none")]

    assert [type(each) for each in found] == [TooLarge, TooLarge, Invalid, NotFound]
    assert [each.code for each in found] == [
        "too-large",
        "line-too-large",
        "broken-gzip",
        "no-file",
    ]
    assert (await counts(database))["open_writes"] == 0


async def refusal(database: Database, path: Path) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await bring(database, path, most_bytes=1_000_000 if path.stem == "bomb.csv" else 10_000_000)
    return refused.value


async def test_an_organisation_that_is_not_there_is_not_guessed(
    database: Database, tmp_path: Path
) -> None:
    path = a_file(tmp_path, *WEEK)

    with pytest.raises(NotFound):
        await bring(database, path, create_units=False)
    with pytest.raises(Invalid):
        await bring(database, path, organisation="Two Words")
    with pytest.raises(Invalid):
        await bring(database, path, setting="castle")
    with pytest.raises(Forbidden):
        await bring(database, path, owner_url=None)


async def test_real_units_are_not_made_in_a_made_up_region(
    database: Database, tmp_path: Path
) -> None:
    await fetch(database, "INSERT INTO marks (mark) VALUES ('fictief')")
    before = await counts(database)

    with pytest.raises(Conflict) as refused:
        await bring(database, a_file(tmp_path, *WEEK))

    assert refused.value.code == "fictief-database"
    assert await counts(database) == before
