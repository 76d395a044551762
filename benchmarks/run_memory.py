"""How much memory and time a run of 500 units takes (fictief): tasks, engine, answers; no store.

`python -m benchmarks.run_memory`; memory is the most that was held, beside that of idle processes
which have imported the same.
"""

import asyncio
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from multiprocessing import active_children
from pathlib import Path
from threading import Event, Thread
from typing import Annotated

import numpy as np
import typer

from app.forecasts import commands
from app.forecasts.asking import tasks
from app.forecasts.issue import SUPPLY_DAYS, Question
from app.forecasts.runs import Kind
from app.forecasts.series import Daily
from app.forecasts.subjects import Total
from app.forecasts.together import answers

LAST = date(2026, 11, 20)
AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
BED = Kind("occupied", "bed", "observation-elderly")
IDLE = """
import os, app.forecasts.commands, app.forecasts.engine.outlook
from benchmarks.run_memory import held
print(held(os.getpid()))
"""
EVERY_SECONDS, SELDOM = 0.05, 10
PAGE = resource.getpagesize()


def units(count: int, days: int) -> Iterator[Question]:
    """Counts with a week, a year and a slow walk in them, the same every time."""
    random = np.random.default_rng(1)
    weekday = np.array([(LAST - timedelta(days=n)).weekday() for n in range(days)])[::-1]
    year = np.sin(2 * np.pi * np.arange(days) / 365.25)
    places = np.full(SUPPLY_DAYS, 20.0)
    for n in range(count):
        level = random.uniform(5, 30) + random.normal(0, 0.2, days).cumsum() + 2 * year
        counts = random.poisson(np.maximum(level - 2.0 * (weekday > 4), 0.5)).astype(float)
        demand = Daily(LAST - timedelta(days=days - 1), counts)
        yield Question(1, "unit", f"unit-{n:04}", BED, AT, demand, places, LAST)


class Memory(Thread):
    """Looks every 50 ms at what this process and its children hold, in bytes.

    `all` counts what several of them share (libraries) in each, `shared` once in all; that is asked
    each half second, since it stops them for a moment.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.ended = Event()
        self.begins = held(os.getpid())
        self.own = self.all = self.shared = self.begins
        self.children: dict[int, int] = {}

    def run(self) -> None:
        looks = 0
        while not self.ended.wait(EVERY_SECONDS):
            own = held(os.getpid())
            theirs = {child.pid: held(child.pid) for child in active_children() if child.pid}
            self.own, self.all = max(self.own, own), max(self.all, own + sum(theirs.values()))
            for each, size in theirs.items():
                self.children[each] = max(self.children.get(each, 0), size)
            looks += 1
            if looks % SELDOM == 0:
                self.shared = max(self.shared, sum(map(part_of, (os.getpid(), *theirs))))


def held(process: int) -> int:
    with suppress(OSError):  # it has just ended
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE
    return 0


def part_of(process: int) -> int:
    """As `held`, with its part of what it shares with others."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def cpu_seconds() -> float:
    used = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main(
    count: Annotated[int, typer.Option("--units", help="How many units.")] = 500,
    days: Annotated[int, typer.Option(help="Days of each.")] = 3 * 365,
) -> None:
    """Prints seconds, CPU seconds a unit, and the memory of parent and children."""
    asked = list(units(count, days))
    total = Total("group", "alle", BED, asked)
    idle = idle_child()
    memory = Memory()
    memory.start()
    before, began = cpu_seconds(), time.monotonic()
    found = asyncio.run(commands.answered(tasks(asked, commands.SEED)))
    for child in active_children():
        child.join()
    engine, own = time.monotonic() - began, memory.own
    weeks, months = answers(asked, [total], found, commands.SEED).issued()
    seconds, used = time.monotonic() - began, cpu_seconds() - before
    memory.ended.set()
    memory.join()
    print(
        f"{count} units x {days} days, {len(weeks)} + {len(months)} subjects; "
        f"{os.cpu_count()} cores"
    )
    print(f"{seconds:.1f} s, of which the engine {engine:.1f}; {used / count:.3f} CPU s a unit")
    print(f"this process: idle {mb(memory.begins)}, engine {mb(own)}, answers {mb(memory.own)} MB")
    print(f"its children: {', '.join(map(mb, memory.children.values()))} MB, {mb(idle)} when idle")
    print(f"at most {mb(memory.all)} MB in all, {mb(memory.shared)} with libraries counted once")


def mb(size: int) -> str:
    return f"{size / 2**20:.0f}"


def idle_child() -> int:
    """What a process of the pool holds before it is asked anything."""
    told = [sys.executable, "-c", IDLE]
    found = subprocess.run(told, check=True, capture_output=True, text=True)
    return int(found.stdout)


if __name__ == "__main__":
    if not Path("/proc/self/smaps_rollup").exists():
        sys.exit("Memory is read from /proc, which this system lacks.")
    typer.run(main)
