"""What the engine is asked, and what it answers: any series of one frequency, on one axis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.forecasts import calendar

Floats = NDArray[np.float64]
Freq = Literal["D", "W", "M", "Q"]
# Steps in a week of days, and in a year of all else.
SEASONS: Mapping[Freq, int] = {"D": 7, "W": 52, "M": 12, "Q": 4}
# How the numbers came about: the whole engine, peers in place of an own past, or the naive one.
Grade = Literal["engine", "pooled", "naive", "unknown"]


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """One series up to its cut-off: `values` float64[n] from `first` on, NaN not observed.

    A week keeps the weekday of `first`; a month and a quarter begin on its first day. All the
    pasts of one question end on the same step, NaN where a series fell silent before.
    """

    name: str
    first: date
    values: Floats


class Change(NamedTuple):
    """A closure, opening or reclassification over the steps [begins, ends): a factor of the level.

    `ratio` > 0 is what the level becomes as a share of what it was (0.7: 30% closed); `ends` None:
    for good. Told by an owner, never detected.
    """

    name: str
    begins: date
    ends: date | None
    ratio: float


class Skill(NamedTuple):
    """How it did at earlier origins, judged by bands of what was known by then.

    `rel_crps` is relative to the plain seasonal naive, NaN where that was never off; `c80` and
    `c95` are shares 0..1; `points` were observed of `steps` ahead at `origins`.
    """

    rel_crps: float
    c80: float
    c95: float
    points: int
    origins: int
    steps: int


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What is forecast of one series: `quantiles` float64[h, q], `mean` float64[h], all >= 0.

    Quantiles rise with the level and bear no more digits than a float32 holds, so that a store of
    those keeps them; NaN throughout when `grade` is unknown. `reason` says in a sentence why the
    grade is below `engine` or the band wider, and is empty otherwise.

    `off` float32[o, h] are the errors at earlier origins, the newest last: the same ones for all
    series of a question; None without. `parts` float64[h] by name add up to the median.
    """

    quantiles: Floats
    mean: Floats
    grade: Grade
    reason: str = ""
    off: NDArray[np.float32] | None = None
    parts: Mapping[str, Floats] = field(default_factory=dict)
    skill: Skill | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """How far ahead, for where, and from which seed of chance."""

    freq: Freq
    horizon: int
    country: str = "NL"
    changes: Sequence[Change] = field(default_factory=tuple)
    seed: int = 0


def single(figures: Floats) -> Floats:
    """As a float32 holds them: seven digits are more than any forecast bears."""
    return figures.astype(np.float32).astype(np.float64)


def steps_from(first: date, count: int, freq: Freq) -> list[date]:
    """The first days of `count` successive steps, that of `first` included."""
    if freq == "D":
        return calendar.days_from(first, count)
    if freq == "W":
        return [first + timedelta(weeks=n) for n in range(count)]
    months = 1 if freq == "M" else 3
    return [calendar.months_after(first, n * months) for n in range(count)]
