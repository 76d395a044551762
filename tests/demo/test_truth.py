"""The truth can be asked and laid beside what was told; a demo goes where it was asked for only."""

import asyncio
import csv
import io
import os
import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import store
from app.access.tables import Mark
from app.demo.truth.beside import as_csv, as_table, besides
from app.demo.truth.queries import Told, flows, stocks
from app.observations.tables import Report
from app.postgres import Embedded
from tests import make
from tests.conftest import PEPPER, Database
from tests.feeds.region import ROOT, place
from tests.observations.told import figure, reach_back
from tests.simulation.tiny import OCCUPIED, REQUESTS, Tiny

HOUR = timedelta(hours=1)
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
BEDS: dict[str, Any] = {"resource": "bed", "bed_type": "observation-elderly"}


def tiny() -> Tiny:
    return Tiny(int((AT - 48 * HOUR).timestamp()), int(AT.timestamp()))


async def test_the_truth_stands_beside_what_was_known_then(session: AsyncSession) -> None:
    await reach_back(session, AT)
    await make.a_unit(session)
    await figure(session, 7, AT - 3 * HOUR, **BEDS)
    await figure(session, 5, AT - 2 * HOUR, **BEDS)
    await figure(session, 6, AT - 2 * HOUR, known_at=AT + HOUR, **BEDS)
    await figure(session, 9, AT + HOUR, **BEDS)
    for back, count in ((26, 100), (4, 1), (2, 2)):
        at = AT - back * HOUR
        await figure(session, count, at, measure="requests", length=2 * HOUR, **BEDS)
    await session.commit()

    known = await stocks(session, AT), await flows(session, AT - 24 * HOUR, AT)
    rows = list(besides(tiny(), int(AT.timestamp()), {"reo-flex": place("reo-flex")}, *known))

    found = {row.kind: row for row in rows}
    moment = np.array([int(AT.timestamp())])
    occupied, requests = found[OCCUPIED], found[REQUESTS]
    assert occupied.true == tiny().at("reo-flex", OCCUPIED, moment)[0]
    assert occupied.told == Told(5, AT - 2 * HOUR, "feed")
    assert requests.true == tiny().over("reo-flex", REQUESTS, moment - 86400, moment)[0]
    # The last of the three is known a second after the moment that is asked about.
    assert requests.told == Told(1, AT - 4 * HOUR, "feed", hours=2)
    assert [row.state for row in rows if row.kind.measure == "physical"] == ["never told"]


async def test_a_star_marks_what_was_told_otherwise(session: AsyncSession) -> None:
    await reach_back(session, AT)
    await make.a_unit(session)
    true = tiny().at("reo-flex", OCCUPIED, np.array([int(AT.timestamp())]))[0]
    await figure(session, true, AT - HOUR, **BEDS)
    await figure(session, None, AT - HOUR, measure="staffed", **BEDS)
    await figure(session, 11, AT - HOUR, measure="physical", **BEDS)
    await session.commit()

    told = await stocks(session, AT)
    rows = list(besides(tiny(), int(AT.timestamp()), {"reo-flex": place("reo-flex")}, told, {}))

    lines = [line for line in as_table(rows) if "24 hours" not in line]
    starred = [line.split()[2] for line in lines if line.startswith("*")]
    assert sorted(starred) == ["physical", "staffed"]
    written = {row["measure"]: row for row in csv.DictReader(io.StringIO(as_csv(rows)))}
    assert written["staffed"]["state"] == "unknown"
    assert written["staffed"]["told"] == ""
    assert (written["physical"]["true"], written["physical"]["told"]) == ("10", "11")
    assert written["reserved"]["state"] == "never told"


def demo(urls: store.Urls, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the demo on a database of the operator's own."""
    return subprocess.run(
        [sys.executable, "-m", "app", "demo", *arguments],
        cwd=ROOT,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "TOREN_"))},
            "DATABASE_URL": urls.app,
            "DATABASE_OWNER_URL": urls.owner,
            "TOREN_KEY_PEPPER": PEPPER.get_secret_value(),
            "TOREN_DEMO_DAYS": "2",
        },
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@pytest.mark.more
async def test_a_demo_enters_an_empty_database_when_it_is_asked_to(
    database: Database, session: AsyncSession
) -> None:
    done = demo(database.urls, "--into-this-database")
    again = demo(database.urls, "load")
    asked = demo(database.urls, "truth", "--unit", "reo-flex")

    assert done.returncode == 0, done.stderr
    assert "loaded (fictief)" in done.stdout
    assert await session.get(Mark, "fictief") is not None
    assert (await session.execute(select(Report.report_id).limit(1))).first() is not None
    assert again.returncode == 0, again.stderr
    assert asked.returncode == 0, asked.stderr
    assert "(fictief)" in asked.stdout
    assert "reo-flex  occupied bed observation-elderly" in asked.stdout


async def test_a_demo_never_enters_a_database_of_real_organisations(
    database: Database, session: AsyncSession
) -> None:
    await make.an_organisation(session, "echt-huis")

    done = demo(database.urls, "--into-this-database")

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "organisations of a real region" in done.stderr
    assert (await session.execute(select(Report.report_id).limit(1))).first() is None


def test_a_database_that_is_not_migrated_is_told_by_a_sentence(server: Embedded) -> None:
    urls = asyncio.run(store.prepare(server, f"bare_{uuid.uuid4().hex[:8]}"))

    done = demo(urls, "--into-this-database")

    assert done.returncode == 1
    assert "verkeerstoren migrate" in done.stderr
    assert "Traceback" not in done.stderr
