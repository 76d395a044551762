"""Posts of 100 figures: ours, the bare durable insert, and the ORM twin, taking turns."""

import statistics
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import count, islice, product
from typing import Any

import orjson

from app.observations.words import ROLES, SHIFTS
from benchmarks.ground import Ground, commit_ms, served
from benchmarks.region import Provider, Region
from benchmarks.rounds import Effort, Side, compare, line, request

OF_BARE = 0.55
OF_TWIN = 5.0
AT_ONCE = (1, 8)
OURS = "/v1/reports"
MINIMAL = "return=minimal"
HELD = b'"figures":100'
Told = Callable[[int, Provider], Sequence[dict[str, Any]]]


def places(n: int) -> list[dict[str, Any]]:
    """Five stocks of a unit that move a little from post to post, and are never in doubt."""
    values = {"physical": 22, "staffed": 20, "occupied": 12 + n % 5, "reserved": n % 3}
    values["admittable"] = values["staffed"] - values["occupied"] - values["reserved"]
    return [{"measure": measure, "value": value} for measure, value in values.items()]


def shortages(n: int) -> list[dict[str, Any]]:
    """Ninety-five more of one unit: of which staff there is too little, by shift."""
    kinds = product(("shortToday", "shortThisWeek"), sorted(ROLES), sorted(SHIFTS))
    return [
        {"measure": measure, "value": (n + i) % 2, "role": role, "shift": shift}
        for i, (measure, role, shift) in enumerate(islice(kinds, 95))
    ]


def report(unit: str, figures: list[dict[str, Any]]) -> dict[str, Any]:
    moment = datetime.now(UTC).isoformat()
    return {"id": uuid.uuid4(), "unit": unit, "observedAt": moment, "figures": figures}


def of_twenty_units(n: int, provider: Provider) -> list[dict[str, Any]]:
    return [report(unit, places(n + i)) for i, unit in enumerate(provider.units)]


def of_one_unit(n: int, provider: Provider) -> list[dict[str, Any]]:
    return [report(provider.units[n % len(provider.units)], places(n) + shortages(n))]


ticks = count()


def post(region: Region, told: Told, path: str, prefer: str = "") -> bytes:
    """The next post: the providers take turns, as the clients of a region do."""
    n = next(ticks)
    provider = region.providers[n % len(region.providers)]
    body = orjson.dumps(told(n // len(region.providers), provider))
    headers = {"Authorization": provider.authorization}
    if prefer:
        headers["Prefer"] = prefer
    return request("POST", path, headers, body)


async def main(ground: Ground, region: Region, effort: Effort) -> list[str]:
    with (
        served(ground, "ground:tower") as tower,
        served(ground, "reference:bare") as bare,
        served(ground, "twin:orm") as twin,
    ):
        lines = []
        for clients in AT_ONCE:
            lines += await twenty_reports(ground, region, effort, clients, (tower, bare, twin))
        # After all of those, since it gives every unit a hundred series.
        for clients in AT_ONCE:
            lines += await one_report(ground, region, effort, clients, (tower, bare))
        return lines


async def twenty_reports(
    ground: Ground, region: Region, effort: Effort, clients: int, ports: tuple[int, int, int]
) -> list[str]:
    post_twenty = partial(post, region, of_twenty_units)
    tower, bare, twin = ports
    minimal = partial(post_twenty, OURS, MINIMAL)
    ours = Side("ours", tower, minimal, holds=HELD)
    insert = Side("the bare insert", bare, partial(post_twenty, "/reports"), holds=HELD)
    orm = Side("the ORM twin", twin, partial(post_twenty, "/reports"), holds=HELD)
    once = Side(
        "the ORM twin with one commit", twin, partial(post_twenty, "/reports/at-once"), holds=HELD
    )
    full = Side("ours, full answer", tower, partial(post_twenty, OURS), holds=HELD)
    took = await compare(
        [ours, insert, orm, once, full], clients, effort, lambda: commit_ms(ground.owner)
    )
    more, what = committed(took), f"20 reports of 5 figures, {clients} at once"
    return [
        line(what, ours, insert, OF_BARE, more),
        line(what, ours, orm, OF_TWIN, more),
        line(what, ours, once, more=more),
        line(f"{what}, with how the units stand in the answer", full, insert, more=more),
    ]


async def one_report(
    ground: Ground, region: Region, effort: Effort, clients: int, ports: tuple[int, int]
) -> list[str]:
    post_one = partial(post, region, of_one_unit)
    ours = Side("ours", ports[0], partial(post_one, OURS, MINIMAL), holds=HELD)
    insert = Side("the bare insert", ports[1], partial(post_one, "/reports"), holds=HELD)
    took = await compare([ours, insert], clients, effort, lambda: commit_ms(ground.owner))
    what = f"1 report of 100 figures, {clients} at once"
    return [line(what, ours, insert, OF_BARE, committed(took))]


def committed(took: Sequence[float]) -> str:
    least, most = min(took), max(took)
    return f"; a durable commit took {statistics.median(took):.2f} ms ({least:.2f}-{most:.2f})"
