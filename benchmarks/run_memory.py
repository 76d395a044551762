"""How much memory and time a run of 500 units takes (fictief): tasks, engine, answers; no store.

`python -m benchmarks.run_memory`; memory is the most that was held beyond an idle process that has
imported the same.
"""

import asyncio
import os
import resource
import sys
import time
from collections.abc import Iterator
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
EVERY_SECONDS = 0.05
MB = 1024


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
    """Looks every 50 ms at what this process and its children hold, in kB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.ended = Event()
        self.begins = held(os.getpid())
        self.own, self.all, self.children = self.begins, self.begins, 0

    def run(self) -> None:
        while not self.ended.wait(EVERY_SECONDS):
            own = held(os.getpid())
            theirs = [held(child.pid or 0) for child in active_children()]
            self.own, self.children = max(self.own, own), max(self.children, len(theirs))
            self.all = max(self.all, own + sum(theirs))


def held(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:  # it has just ended
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)


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
    print(
        f"idle {memory.begins / MB:.0f} MB; this process at most {memory.own / MB:.0f} MB, "
        f"{own / MB:.0f} by the end of the engine"
    )
    print(f"with {memory.children} children at most {memory.all / MB:.0f} MB in all")


if __name__ == "__main__":
    if not Path("/proc/self/status").exists():
        sys.exit("Memory is read from /proc, which this system lacks.")
    typer.run(main)
