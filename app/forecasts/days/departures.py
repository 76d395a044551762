"""How long people stay when only counts are known, and who is said to leave today."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.forecasts.days.arrivals import NEVER, Past, learned, sums
from app.forecasts.days.told import Flow
from app.forecasts.stay import Survival

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Form = Literal["planned-stay", "hazard"]
# Somebody may have come and gone between two counts of none.
FEWEST_THERE = 0.1
# How many stays the mean of a planned stay is worth against those that were counted.
STAYS_WORTH = 10.0
# Beyond this survival nobody who is there now is looked for.
FARTHEST = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Stay:
    """How long people stay, on a clock that runs as people leave.

    `pace` float64[168] with a mean of about 1: how fast that clock runs in each hour of the week,
    so that people leave by day; `survival` the chance to stay longer than so many days of it.
    `certainty` and `dispersion` as in `Rate`, of the pace. `form` says where its shape is from.
    """

    pace: Floats
    survival: Survival
    certainty: float
    dispersion: float
    form: Form
    counted: float


def exponential(a_day: float) -> Survival:
    """A stay without memory: whoever is there leaves at the rate `a_day` > 0."""
    return Survival(np.array([1e-9]), np.array([1.0]), a_day)


def stretched(survival: Survival, factor: float) -> Survival:
    """The same stay `factor` times as long."""
    return Survival(survival.days * factor, survival.chance, survival.tail / factor)


def stay_of(
    left: Flow, there: Floats, past: Past, shape: Floats, planned: Survival | None
) -> Stay | None:
    """The stay behind counts of who `left`, of the people `there` float64[h] (NaN unknown).

    With counts only, what can be learned is the rate at which a person who is there leaves, by
    hour of the week, and with it the mean stay (Little 1961). A `planned` stay gives its shape and
    stands for ten stays in the mean; without one, who is there leaves without memory. None if
    nothing was told of who left, or nobody was there, and no stay is planned.
    """
    exposure = np.where(np.isfinite(there), np.maximum(there, FEWEST_THERE), np.nan)
    prior = (NEVER, 0.0) if planned is None else (STAYS_WORTH, STAYS_WORTH * planned.mean * 24)
    rate = learned(left, exposure, past, shape, prior)
    if rate is None:
        return None if planned is None else by_plan(planned, shape)
    mean = float(rate.by_hour.mean())
    a_day = 24 * mean
    survival = (
        exponential(a_day) if planned is None else stretched(planned, 1 / a_day / planned.mean)
    )
    return Stay(
        rate.by_hour / mean,
        survival,
        rate.certainty,
        rate.dispersion,
        "hazard" if planned is None else "planned-stay",
        rate.counted,
    )


def by_plan(planned: Survival, shape: Floats) -> Stay:
    """The planned stay as it is, when nobody told who left."""
    return Stay(shape / shape.mean(), planned, STAYS_WORTH, 0.0, "planned-stay", 0.0)


def ages(came: Floats, survival: Survival) -> tuple[Floats, Floats]:
    """How long those who are there have stayed: days float64[n], and their chances.

    `came` float64[h] >= 0: how many came in each hour up to now. Of those who came so long ago
    S(age) is still there; of who came before it, as many as came an hour in the mean.
    """
    first = np.arange(len(came))[::-1] / 24 + 0.5 / 24
    reach = survival.length(FARTHEST)
    further = np.arange(first[0] + 1 / 24, max(reach, first[0]) + 1 / 24, 1 / 24)
    days = np.concatenate([first, further])
    mean = max(float(came.mean()), 1e-9)
    weight = np.concatenate([came, np.full(len(further), mean)]) * survival.at(days)
    if weight.sum() <= 0:
        weight = survival.at(days)
    kept = weight > 0
    return days[kept], weight[kept] / weight[kept].sum()


@dataclass(frozen=True, slots=True)
class Leaving:
    """What is said of a day's leavers: of each the chance that it comes true, and what is left of
    the usual leaving of all others on that day; 0..1 and >= 0."""

    comes_true: float
    others: float


# What is taken before a unit's own days are counted, as if so many days had shown it: most of those
# who are said to leave do, and half of the others' leaving is among what was said. An assumption.
BEFORE = Leaving(0.8, 0.5)
BEFORE_DAYS = 5.0


def leaving(said: Floats, usual: Floats, left: Floats) -> Leaving:
    """How far what was said of days came true: three float64[d], d past days, NaN unknown.

    `said` is who was expected to leave, `usual` how many leave by the rate alone, `left` who did.
    Least squares of left = comes_true x said + others x usual, drawn to what is taken before as if
    five more days had shown it.
    """
    known = np.isfinite(said) & np.isfinite(usual) & np.isfinite(left)
    x = np.stack([said[known], usual[known]])
    size = np.array([max(float((row**2).mean()), 0.25) if known.any() else 1.0 for row in x])
    taken = np.array([BEFORE.comes_true, BEFORE.others])
    weight = np.diag(BEFORE_DAYS * size)
    found = np.linalg.solve(x @ x.T + weight, x @ left[known] + weight @ taken)
    return Leaving(float(np.clip(found[0], 0.0, 1.0)), float(np.clip(found[1], 0.0, 1.5)))


def usual_leaving(stay: Stay, there: Floats, past: Past) -> Floats:
    """How many leave each past local day by the rate alone: float64[days], NaN where unknown."""
    a_day = 1 / stay.survival.mean if np.isfinite(stay.survival.mean) else 0.0
    hazard = stay.pace[past.of_week] * a_day / 24
    return sums(past.day, there * hazard, int(past.day[-1]) + 1)
