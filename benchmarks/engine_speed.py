"""How long the engine takes of a whole region: 500 series by days, weeks and months.

`python -m benchmarks.engine_speed`: seconds, CPU seconds a series and the peak of memory, of one
process for each frequency, two of them at a time. The series are made up (fictief).
"""

import multiprocessing
import resource
import sys
import time
from datetime import date, timedelta
from typing import Annotated, NamedTuple

import numpy as np
import typer

from app.forecasts.engine.asked import Freq, Past, Question, steps_from
from app.forecasts.engine.outlook import outlooks

LAST = date(2026, 6, 30)
YEARS = 3
TASKS: tuple[tuple[Freq, int], ...] = (("D", 28), ("M", 12), ("W", 13))


class Took(NamedTuple):
    freq: Freq
    horizon: int
    seconds: float
    cpu: float
    megabytes: float


def made_up(freq: Freq, series: int) -> list[Past]:
    """Counts with weekdays, a yearly wave and a drift, from 5 to 1,000 a day (fictief)."""
    chance = np.random.default_rng(1)
    steps = {"D": 365, "W": 52, "M": 12, "Q": 4}[freq] * YEARS
    first = {"D": LAST - timedelta(days=steps - 1), "W": LAST - timedelta(weeks=steps - 1)}
    begin = first.get(freq, date(LAST.year - YEARS, LAST.month + 1, 1))
    place = np.arange(steps)
    year = np.array([day.timetuple().tm_yday for day in steps_from(begin, steps, freq)])
    pasts = []
    for n in range(series):
        level = np.exp(chance.uniform(np.log(5), np.log(1000)))
        drift = np.cumsum(chance.normal(0, 0.02, steps))
        wave = 0.1 * np.sin(2 * np.pi * year / 365.25 + chance.normal(0, 0.3))
        weekday = -0.15 * (place % 7 >= 5) if freq == "D" else 0.0
        counts = chance.poisson(level * np.exp(drift + wave + weekday)).astype(np.float64)
        pasts.append(Past(f"unit {n} (fictief)", begin, counts))
    return pasts


def run(freq: Freq, horizon: int, series: int) -> Took:
    pasts = made_up(freq, series)
    began, cpu = time.monotonic(), time.process_time()
    outlooks(pasts, Question(freq, horizon))
    seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Took(freq, horizon, seconds, cpu, peak)


def main(
    series: Annotated[int, typer.Option(min=1, help="How many series.")] = 500,
    workers: Annotated[int, typer.Option(min=1, help="Processes at a time.")] = 2,
) -> None:
    """Measure days, weeks and months, each in a process of its own."""
    began = time.monotonic()
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, maxtasksperchild=1) as pool:
        asked = [(freq, horizon, series) for freq, horizon in TASKS]
        took = pool.starmap(run, asked, chunksize=1)
    for each in took:
        sys.stdout.write(
            f"{series} x {each.horizon} {each.freq}: {each.seconds:.1f} s, "
            f"{each.cpu / series:.4f} CPU s a series, peak {each.megabytes:,.0f} MB\n"
        )
    cpu = sum(each.cpu for each in took)
    sys.stdout.write(
        f"together: {time.monotonic() - began:.1f} s on {workers} processes with their start, "
        f"{cpu:.1f} CPU s, {cpu / series:.4f} a series\n"
    )


if __name__ == "__main__":
    typer.run(main)
