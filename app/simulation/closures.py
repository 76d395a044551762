"""Places that are closed for another reason than the staff of a shift: planned, or an outbreak."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.simulation.calendar import Block, instant, year_start
from app.simulation.calendar import local_time as local
from app.simulation.chance import generator
from app.simulation.plan import Unit
from app.simulation.seasons import PEAK_DAY
from app.simulation.stops import Stop

Whole = NDArray[np.int64]
# Bed closures and stops change with the day shift.
MORNING = 7 * 60


@dataclass(frozen=True, slots=True)
class Outbreak:
    """An infection on a unit [begins, ends): some places closed, in a bad one a stop as well."""

    begins: int
    ends: int
    share: float
    stop: bool


@lru_cache(maxsize=2048)
def outbreaks(slug: str, per_year: float, seed: int, year: int) -> tuple[Outbreak, ...]:
    """Those of one year; most in winter, 5 to 11 days (assumption, fictief)."""
    chance = generator(seed, "outbreaks", slug, year)
    found = []
    for _ in range(chance.poisson(per_year)):
        begins = year_start(year) + int((chance.normal(PEAK_DAY, 45.0) % 364.0) * 86400)
        day = local(begins).date()
        days = int(chance.integers(5, 12))
        found.append(
            Outbreak(
                instant(day, MORNING),
                instant(day, MORNING + days * 24 * 60),
                float(chance.uniform(0.08, 0.22)),
                bool(chance.random() < 0.4),
            )
        )
    return tuple(found)


def around(unit: Unit, seed: int, block: Block) -> Iterator[Outbreak]:
    """The outbreaks that touch a block."""
    year = block.days[0].year
    for each in (y for y in (year - 1, year, year + 1)):
        for outbreak in outbreaks(unit.slug, unit.outbreaks_per_year, seed, each):
            if outbreak.begins < block.end and outbreak.ends > block.begin:
                yield outbreak


def closed(unit: Unit, seed: int, block: Block) -> dict[tuple[int, str], Whole]:
    """Closed places by (number of the bed type, reason), int64[days]; at most what there is."""
    found: dict[tuple[int, str], Whole] = {}
    left = [np.full(len(block.days), beds.places) for beds in unit.beds]
    for number, reason, places in (*planned(unit, block), *infected(unit, seed, block)):
        places = np.minimum(places, left[number])
        left[number] = left[number] - places
        found[number, reason] = found.get((number, reason), 0) + places
    return found


def planned(unit: Unit, block: Block) -> Iterator[tuple[int, str, Whole]]:
    types = [beds.type for beds in unit.beds]
    of_year = np.array([day.timetuple().tm_yday for day in block.days])
    for closure in unit.closures:
        during = (of_year >= closure.first_day) & (of_year <= closure.last_day)
        yield types.index(closure.type), closure.reason, during * closure.places


def infected(unit: Unit, seed: int, block: Block) -> Iterator[tuple[int, str, Whole]]:
    if not unit.beds or not unit.outbreaks_per_year:
        return
    mornings = block.starts(MORNING)
    for outbreak in around(unit, seed, block):
        during = (mornings >= outbreak.begins) & (mornings < outbreak.ends)
        for number, beds in enumerate(unit.beds):
            yield number, "infection", during * int(np.ceil(beds.places * outbreak.share))


def stops(unit: Unit, seed: int, block: Block) -> Iterator[Stop]:
    """The stops of admission that begin in a block."""
    for outbreak in around(unit, seed, block):
        if outbreak.stop and block.begin <= outbreak.begins < block.end:
            yield Stop(
                unit=unit.slug,
                kind="specialism-stop" if unit.specialism else "opnamestop",
                applies_to=("referral", "walk-in", "transfer"),
                specialism=unit.specialism,
                begins=outbreak.begins,
                expected_until=outbreak.begins + 5 * 86400,
                ends=outbreak.ends,
                reason="infection",
            )
