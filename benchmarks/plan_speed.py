"""How long 15 years of the demo region (fictief) take at 1,000 draws, ledgers and shares included.

`python -m benchmarks.plan_speed`. The reference of the same run is the least that any way of
reckoning them does: people x use of every kind of care, year and draw, once. To reach: 5 seconds.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from typing import Any

import numpy as np

from app.facilities.region import Region as RegionFile
from app.facilities.region import facts_of
from app.facilities.region_file import parse
from app.facilities.years.schemas import Labour, Population, Use
from app.forecasts.subjects import Offer, Region
from app.planning.assembly import Tables, assembled, assumptions
from app.planning.schemas import AssumptionSet
from app.planning.told import plan
from app.store import ROOT

ROUNDS = 5
SEED = 2040
AT = datetime(2026, 11, 28, 4, tzinfo=UTC)


def of_demo(now: datetime = AT) -> AssumptionSet:
    """What is assumed of the demo region where no unit has told anything."""
    file = parse((ROOT / "app" / "facilities" / "zoetermeer.yaml").read_text())
    offers = {
        each.unit: Offer(
            each.unit,
            1,
            each.care_setting,
            each.resource,
            tuple(bed.bed_type for bed in each.beds),
            each.census_time,
        )
        for each in file.units
    }
    return assembled(Region(now, offers, {}, {}, {}, {}), tables_of(file), None)


def tables_of(file: RegionFile) -> Tables:
    return Tables(
        population=[facts_of(Population, each) for each in file.population],
        use=[facts_of(Use, each) for each in file.use],
        labour=[facts_of(Labour, each) for each in file.labour],
        municipality={},
        catchment={},
        laws={
            (unit.care_setting, bed.bed_type): bed.law for unit in file.units for bed in unit.beds
        },
    )


def seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    assumed = of_demo()
    made = assumptions(assumed)
    years, bands = len(made.years), len(made.lines[0].rate)
    people = np.random.default_rng(SEED).random((years, 1000, bands))

    def least() -> None:
        for line in made.lines:
            people @ line.rate

    plan(assumed, made, (), SEED, 1000)  # the tables of Erlang B are made once
    taken = [seconds(lambda: plan(assumed, made, (), SEED, 1000)) for _ in range(ROUNDS)]
    reference = [seconds(least) for _ in range(ROUNDS)]
    print(
        f"{years} years, {len(made.lines)} kinds of care, {len(made.roles)} roles, "
        f"{len(made.causes)} causes, 1,000 draws: {median(taken):.2f} s "
        f"({min(taken):.2f} to {max(taken):.2f}), to reach 5 s; "
        f"{median(taken) / median(reference):,.0f} x people times use, once"
    )


if __name__ == "__main__":
    main()
