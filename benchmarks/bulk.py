"""An import with all that belongs to it, against COPY of the same rows into a keyed plain table."""

import asyncio
import statistics
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import asyncpg

from app.db import plain
from app.feeds.imports.commands import import_file
from app.feeds.profiles import PROFILES
from benchmarks.ground import Ground, ground

OF_COPY = 0.35
ROUNDS = 3
UNITS, DAYS = 100, 2_500
FIRST = date(2019, 1, 1)
# The column that a plain table has no need of is the partition; all else is the same.
PLAIN = """
DROP TABLE IF EXISTS plain;
CREATE TABLE plain (LIKE observations INCLUDING ALL)
"""


def a_file(folder: Path, turn: int) -> Path:
    """Half a million figures (fictief) of units that no other file names."""
    path = folder / f"{turn}.csv"
    days = [FIRST + timedelta(days=n) for n in range(DAYS)]
    with path.open("w") as file:
        file.write("unique_id,ds,y,cap\n")
        for unit in range(UNITS):
            name = f"Turn {turn} unit {unit}"
            file.writelines(
                f"{name},{day},{(unit * 7 + n * 13) % 400}.0,{400 + unit}\n"
                for n, day in enumerate(days)
            )
    return path


async def import_seconds(ground: Ground, path: Path) -> float:
    began = time.perf_counter()
    found = await import_file(
        ground.urls.app,
        path,
        PROFILES["divi"],
        owner_url=ground.urls.owner,
        create_units=True,
        organisation="bulk",
    )
    took = time.perf_counter() - began
    if found.added + found.unchanged != UNITS * DAYS * 2:
        raise RuntimeError(f"the import stored {found.added} figures")
    return took


async def copy_seconds(ground: Ground, folder: Path, turn: int) -> float:
    """Of the figures of one file, as they stand in the store, in Postgres' own binary form."""
    connection = await asyncpg.connect(plain(ground.urls.owner), timeout=5)
    rows = folder / "rows"
    try:
        await connection.execute(PLAIN)
        await connection.copy_from_query(
            "SELECT o.* FROM observations o JOIN series s USING (series_id) "
            "WHERE s.unit LIKE $1 ORDER BY series_id, at",
            f"divi-turn-{turn}-%",
            output=rows,
            format="binary",
        )
        began = time.perf_counter()
        told = await connection.copy_to_table("plain", source=rows, format="binary")
        took = time.perf_counter() - began
    finally:
        await connection.close()
    if told != f"COPY {UNITS * DAYS * 2}":
        raise RuntimeError(f"COPY told {told}")
    return took


async def main(ground: Ground) -> list[str]:
    """The lines to print: the ratio of each turn's import to its COPY, then of the file again."""
    figures = UNITS * DAYS * 2
    imports, copies, agains = [], [], []
    with tempfile.TemporaryDirectory(prefix="toren-bulk-") as name:
        folder = Path(name)
        for turn in range(ROUNDS):
            path = a_file(folder, turn)
            imports.append(await import_seconds(ground, path))
            copies.append(await copy_seconds(ground, folder, turn))
            agains.append(await import_seconds(ground, path))
    first = [copied / took for copied, took in zip(copies, imports, strict=True)]
    again = [copied / took for copied, took in zip(copies, agains, strict=True)]
    speed = figures / statistics.median(imports)
    of_copy = figures / statistics.median(copies)
    return [
        f"import: ratio {statistics.median(first):.2f} of COPY (to reach {OF_COPY}; "
        f"{min(first):.2f}-{max(first):.2f}; {speed:,.0f} against {of_copy:,.0f} figures/s, "
        f"{figures:,} figures)",
        f"import again, nothing changed: ratio {statistics.median(again):.2f} of COPY "
        f"({min(again):.2f}-{max(again):.2f})",
    ]


if __name__ == "__main__":
    with ground() as of_its_own:
        print("\n".join(asyncio.run(main(of_its_own))))
