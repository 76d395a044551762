"""An import with all that belongs to it, against COPY of the same rows into a keyed plain table."""

import asyncio
import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import asyncpg

from app.db import plain
from app.feeds.imports.commands import import_file
from app.feeds.profiles import PROFILES
from benchmarks.ground import ROOT, Ground, ground

OF_COPY = 0.35
MOST_MEGABYTES = 300
ROUNDS = 3
UNITS, DAYS = 100, 2_500
FIRST = date(2019, 1, 1)
DATA = Path(os.environ.get("SHARED_DIR", ROOT.parent / "shared")) / "data"
REAL = {"divi": DATA / "divi_icu_daily.csv", "nctr": DATA / "nhs_icb_nctr_daily.csv"}
# The column that a plain table has no need of is the partition; all else is the same.
PLAIN = """
DROP TABLE IF EXISTS plain;
CREATE TABLE plain (LIKE observations INCLUDING ALL)
"""
STORED = """
SELECT o.* FROM observations o JOIN organisations g USING (org_id)
 WHERE g.organisation = $1 ORDER BY o.series_id, o.at
"""
Lines = Iterator[Sequence[object]]


def made_up(turn: int, units: int = UNITS, days: int = DAYS) -> Lines:
    """Two figures (fictief) a row, of units that no other file names."""
    yield ["unique_id", "ds", "y", "cap"]
    calendar = [FIRST + timedelta(days=n) for n in range(days)]
    for unit in range(units):
        name = f"Turn {turn} unit {unit}"
        for n, day in enumerate(calendar):
            yield [name, day, f"{(unit * 7 + n * 13) % 400}.0", 400 + unit]


def real(path: Path, turn: int) -> Lines:
    """A real file, each turn with other names for its units."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        yield list(next(rows))
        yield from ([f"Turn {turn} {name}", *cells] for name, *cells in rows)


@dataclass
class Sample:
    """A file of a profile, how long its import took in each turn, and COPY of the same."""

    name: str
    profile: str
    lines: Callable[[int], Lines]
    figures: int = 0
    imports: list[float] = field(default_factory=list)
    agains: list[float] = field(default_factory=list)
    copies: list[float] = field(default_factory=list)

    async def take_turn(self, ground: Ground, folder: Path, turn: int) -> None:
        path, organisation = folder / f"{turn}.csv", f"{self.name}-{turn}"
        rows = written(path, self.lines(turn))
        self.figures = rows * len(PROFILES[self.profile].columns)
        for took in (self.imports, self.agains):
            took.append(await self.import_seconds(ground, path, organisation))
        self.copies.append(await self.copy_seconds(ground, folder / "rows", organisation))

    async def import_seconds(self, ground: Ground, path: Path, organisation: str) -> float:
        began = time.perf_counter()
        found = await import_file(
            ground.urls.app,
            path,
            PROFILES[self.profile],
            owner_url=ground.urls.owner,
            create_units=True,
            organisation=organisation,
        )
        took = time.perf_counter() - began
        if found.added + found.unchanged != self.figures:
            raise RuntimeError(f"the import stored {found.added} figures")
        return took

    async def copy_seconds(self, ground: Ground, rows: Path, organisation: str) -> float:
        """Of the figures of one file, as they stand in the store, in Postgres' own binary form."""
        connection = await asyncpg.connect(plain(ground.urls.owner), timeout=5)
        try:
            await connection.execute(PLAIN)
            await connection.copy_from_query(STORED, organisation, output=rows, format="binary")
            began = time.perf_counter()
            told = await connection.copy_to_table("plain", source=rows, format="binary")
            took = time.perf_counter() - began
        finally:
            await connection.close()
        if told != f"COPY {self.figures}":
            raise RuntimeError(f"COPY told {told}")
        return took

    def said(self) -> list[str]:
        first = [copied / took for copied, took in zip(self.copies, self.imports, strict=True)]
        again = [copied / took for copied, took in zip(self.copies, self.agains, strict=True)]
        speed = self.figures / statistics.median(self.imports)
        of_copy = self.figures / statistics.median(self.copies)
        return [
            f"{self.name}: ratio {statistics.median(first):.2f} of COPY (to reach {OF_COPY}; "
            f"{min(first):.2f}-{max(first):.2f}; {speed:,.0f} against {of_copy:,.0f} figures/s, "
            f"{self.figures:,} figures)",
            f"{self.name} again, nothing changed: ratio {statistics.median(again):.2f} of COPY "
            f"({min(again):.2f}-{max(again):.2f})",
        ]


def written(path: Path, lines: Lines) -> int:
    """How many rows stand under the header."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        return sum(1 for _ in map(writer.writerow, lines)) - 1


def most_megabytes(ground: Ground, path: Path) -> float:
    """What the command takes of memory at its height, with a million rows."""
    written(path, made_up(ROUNDS, units=400))
    command = [sys.executable, "-m", "app", "import", str(path), "--profile", "divi"]
    environment = ground.environment() | {"DATABASE_OWNER_URL": ground.urls.owner}
    process = subprocess.Popen(
        [*command, "--create-units", "--organisation", "memory"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    height = 0.0
    # Asked while it runs: what is told of it afterwards counts what it was forked from.
    while process.poll() is None:
        height = max(height, megabytes(process.pid))
        time.sleep(0.02)
    if process.returncode:
        raise RuntimeError("the import of a million rows failed; what it said stands above")
    return height


def megabytes(pid: int) -> float:
    """The most that a process has held so far; 0 when it is no more."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii")
    except OSError:
        return 0.0
    told = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(told[0]) / 1024 if told else 0.0


async def main(ground: Ground) -> list[str]:
    """The lines to print: the ratio of each turn's import to its COPY, then of the file again."""
    samples = [Sample("import", "divi", made_up)]
    samples += [
        Sample(path.name.removesuffix(".csv").replace("_", "-"), name, lines_of(path))
        for name, path in REAL.items()
        if path.exists()
    ]
    with tempfile.TemporaryDirectory(prefix="toren-bulk-") as name:
        folder = Path(name)
        for turn in range(ROUNDS):
            for sample in samples:
                await sample.take_turn(ground, folder, turn)
        height = await asyncio.to_thread(most_megabytes, ground, folder / "million.csv")
    lines = [line for sample in samples for line in sample.said()]
    most = f"to stay within {MOST_MEGABYTES}: {'yes' if height <= MOST_MEGABYTES else 'NO'}"
    return [*lines, f"import of a million rows: {height:.0f} MB at its height ({most})"]


def lines_of(path: Path) -> Callable[[int], Lines]:
    return lambda turn: real(path, turn)


if __name__ == "__main__":
    with ground() as of_its_own:
        print("\n".join(asyncio.run(main(of_its_own))))
