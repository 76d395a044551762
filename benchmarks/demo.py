"""Two years of the made-up region: simulated, told and laid down, against COPY of the same rows."""

import asyncio
import tempfile
import time
from pathlib import Path

import asyncpg

from app.db import plain
from app.demo.load.commands import Loaded, load
from app.demo.reporters import reporters_of
from app.facilities.region_file import parse
from app.opening import ZOETERMEER, apply_region
from app.settings import Settings
from app.simulation.reporters import Reporters
from app.simulation.truth import Truth
from app.simulation.world import World
from app.simulation.zoetermeer import zoetermeer
from benchmarks.bulk import PLAIN
from benchmarks.ground import Ground, ground

DAY = 86_400
DAYS, DENSE_DAYS, SEED = 730, 28, 2026
# Simulation and load together.
SECONDS = 30.0


def simulated(until: int) -> tuple[Truth, float]:
    began = time.perf_counter()
    world = World(zoetermeer(), SEED, until - DAYS * DAY)
    world.advance(until)
    return world.truth, time.perf_counter() - began


async def load_seconds(ground: Ground, truth: Truth, reporters: Reporters) -> tuple[Loaded, float]:
    began = time.perf_counter()
    loaded = await load(
        ground.urls.owner,
        truth=truth,
        reporters=reporters,
        since=truth.begin,
        until=truth.until,
        dense_from=truth.until - DENSE_DAYS * DAY,
    )
    return loaded, time.perf_counter() - began


async def copy_seconds(ground: Ground, figures: int) -> float:
    """Of all figures as they stand in the store, into one table with the same key."""
    connection = await asyncpg.connect(plain(ground.urls.owner), timeout=5)
    try:
        await connection.execute(PLAIN)
        with tempfile.TemporaryDirectory(prefix="toren-demo-") as name:
            rows = Path(name) / "rows"
            await connection.copy_from_query(
                "SELECT * FROM observations ORDER BY org_id, series_id, at",
                output=rows,
                format="binary",
            )
            began = time.perf_counter()
            told = await connection.copy_to_table("plain", source=rows, format="binary")
            took = time.perf_counter() - began
        await connection.execute("DROP TABLE plain")
    finally:
        await connection.close()
    if told != f"COPY {figures}":
        raise RuntimeError(f"COPY told {told}, the load {figures}")
    return took


async def main(ground: Ground) -> list[str]:
    """The lines to print: seconds of each part, and the load's ratio to COPY of its rows."""
    region = parse(ZOETERMEER.read_text("utf-8"))
    await apply_region(
        Settings(database_url=ground.urls.app, database_owner_url=ground.urls.owner), region
    )
    truth, simulating = await asyncio.to_thread(simulated, int(time.time()))
    loaded, loading = await load_seconds(ground, truth, reporters_of(region, SEED))
    copying = await copy_seconds(ground, loaded.figures)
    return [
        f"demo: {DAYS} days of {len(region.units)} units in {simulating + loading:.1f} s "
        f"(to reach {SECONDS:.0f}): simulated in {simulating:.1f} s, laid down in {loading:.1f} s",
        f"demo load: ratio {copying / loading:.2f} of COPY "
        f"({loaded.figures / loading:,.0f} against {loaded.figures / copying:,.0f} figures/s, "
        f"{loaded.figures:,} figures in {loaded.reports:,} reports)",
    ]


if __name__ == "__main__":
    with ground() as of_its_own:
        print("\n".join(asyncio.run(main(of_its_own))))
