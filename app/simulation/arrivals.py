"""Who comes: a Poisson process whose rate follows hour, weekday, holiday, season, flu and ageing.

Arrivals at emergency care are a non-homogeneous Poisson process to a good approximation
(Kim and Whitt, 2014, Manufacturing & Service Operations Management 16:464-480).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.simulation.calendar import DAY, HOUR, Block
from app.simulation.chance import generator
from app.simulation.plan import Plan, Stream
from app.simulation.seasons import flu, grown, winter

Whole = NDArray[np.int64]
ENTRANCES = ("", "ambulance", "referral", "walk-in", "transfer")


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Columns int64[n], by `asked`: when people ask, for when (`wanted`), what, how urgent, how."""

    asked: Whole
    wanted: Whole
    need: Whole
    urgency: Whole
    entrance: Whole

    def taken(self, which: NDArray[np.bool_]) -> "Arrivals":
        columns = (self.asked, self.wanted, self.need, self.urgency, self.entrance)
        return Arrivals(*(column[which] for column in columns))


def together(several: Sequence[Arrivals]) -> Arrivals:
    """All of them in one, in the order in which they ask."""
    if not several:
        return Arrivals(*(np.zeros(0, dtype=np.int64) for _ in range(5)))
    asked = np.concatenate([each.asked for each in several])
    order = np.argsort(asked, kind="stable")
    return Arrivals(
        asked[order],
        np.concatenate([each.wanted for each in several])[order],
        np.concatenate([each.need for each in several])[order],
        np.concatenate([each.urgency for each in several])[order],
        np.concatenate([each.entrance for each in several])[order],
    )


def rates(stream: Stream, plan: Plan, seed: int, begin: int, block: Block) -> NDArray[np.float64]:
    """Expected arrivals in each hour of a block, float64[hours]."""
    by_hour = np.array(stream.hours) / np.mean(stream.hours)
    at = block.hours
    weights = np.array(stream.weekdays)
    by_day = np.where(block.holiday, stream.holiday, weights[block.weekday]) / weights.mean()
    weather = (1 + stream.season * winter(at)) * (1 + stream.flu * flu(seed, at))
    grows = grown(at, begin, plan.growth if stream.ages else 0.0)
    rate: NDArray[np.float64] = by_hour[block.hour] * by_day * weather * grows
    return rate * (stream.per_year * HOUR / (365.25 * DAY))


def arrivals(number: int, plan: Plan, seed: int, begin: int, block: Block) -> Arrivals:
    """The people of stream `number` who come, or are planned to come, in a block."""
    stream = plan.streams[number]
    chance = generator(seed, "arrivals", stream.name, block.number)
    counts = chance.poisson(rates(stream, plan, seed, begin, block))
    hour = np.repeat(block.hours, counts)
    wanted = hour + chance.integers(0, HOUR, len(hour))
    asked = wanted
    if stream.lead is not None:
        low, high = stream.lead
        days = chance.integers(int(low), int(high) + 1, len(hour))
        asked = wanted - days * DAY - chance.integers(0, HOUR, len(hour))
    names = [need.name for need in plan.needs]
    return Arrivals(
        asked,
        wanted,
        picked([names.index(need) for _, need in stream.needs], stream.needs, chance, len(hour)),
        np.full(len(hour), urgencies(plan).index(stream.urgency)),
        picked(
            [ENTRANCES.index(each) for _, each in stream.entrances] or [0],
            stream.entrances or ((1.0, ""),),
            chance,
            len(hour),
        ),
    )


def picked(
    codes: Sequence[int],
    shares: Sequence[tuple[float, str]],
    chance: np.random.Generator,
    count: int,
) -> Whole:
    until = np.cumsum([share for share, _ in shares])
    which = np.searchsorted(until, chance.random(count) * until[-1], side="right")
    chosen: Whole = np.array(codes, dtype=np.int64)[which]
    return chosen


def urgencies(plan: Plan) -> tuple[str, ...]:
    """Every urgency with which people of a plan come, none first."""
    return tuple(sorted({"", *(stream.urgency for stream in plan.streams)}))
