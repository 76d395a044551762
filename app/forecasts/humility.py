"""What the next run learns from how the last ones did: where to serve the naive, which band."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.forecasts.issue import name_of
from app.forecasts.judged import DISTANCES, Distance
from app.forecasts.runs import Horizon, Kind

Floats = NDArray[np.float64]
# The last so many days of windows speak, if so much was judged.
SPEAKS = timedelta(days=60)
FEWEST_POINTS = 28
FEWEST_RUNS = 4
WORSE = 1.05
# By how much a band may grow in a day: forecasting.md, "Engine", "Calibrate". What closes later
# answers later, and must be asked for less, or the factor would swing.
STEP, SLOW_STEP = 0.01, 0.005
SLOW_FROM = 29
NARROWEST, WIDEST = 0.8, 1.6
SHARE = 0.80


class Subject(NamedTuple):
    """Of what a run says something."""

    org_id: int
    subject_kind: str
    subject: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Judged:
    """What the engine did for a subject over the last 60 days, over all distances together.

    `crps` and `baseline_crps` are means over `points`, in the unit of the figure.
    """

    subject: Subject
    runs: int
    points: int
    crps: float
    baseline_crps: float


class Group(NamedTuple):
    """Whose bands are corrected together."""

    measure: str
    resource: str
    horizon: Horizon
    distance: Distance


class Coverage(NamedTuple):
    """Of the windows of a group that ended on a day: the share of truths inside the 80% band."""

    group: Group
    day: date
    points: int
    c80: float


@dataclass(frozen=True, slots=True)
class Learned:
    """What the next run makes of how the last ones did; empty where nothing was judged yet.

    `humbled`: by horizon and name of a unit's series, why the naive is served. `wider`: the factor
    of the bands of each group.
    """

    humbled: Mapping[Horizon, Mapping[str, str]] = field(default_factory=dict)
    wider: Mapping[Group, float] = field(default_factory=dict)


def learned(judged: Mapping[Horizon, Sequence[Judged]], coverage: Sequence[Coverage]) -> Learned:
    """Totals are the sums of their units, so that only units fall back by themselves."""
    humbled = {
        horizon: {
            name_of(subject.subject, subject.kind): why
            for subject, why in naive_instead(of).items()
            if subject.subject_kind == "unit"
        }
        for horizon, of in judged.items()
    }
    return Learned(humbled, widenings(coverage))


def factors(learned: Learned, kind: Kind, horizon: Horizon, steps: int) -> Floats:
    """How much wider the band of each step is to be: float64[steps].

    The factor of a group holds at the middle of its distances and is drawn in a line between.
    """
    places, found = [], []
    for distance in DISTANCES[horizon]:
        factor = learned.wider.get(Group(kind.measure, kind.resource, horizon, distance), 1.0)
        places.append((distance.first + distance.last) / 2 - 1)
        found.append(factor)
    return np.interp(np.arange(steps), places, found)


def naive_instead(judged: Iterable[Judged]) -> dict[Subject, str]:
    """The subjects for which the next run serves the naive, each with the reason in a sentence.

    That is for `detail`: `served` "naive" and the sentence as `servedBecause`; else "engine".

    Those for which the engine was more than 5% further off than the plain seasonal naive, over at
    least 28 points of at least 4 runs. What the naive itself did is not among the judged, so that
    60 days later nothing speaks against the engine any more and it is tried again.
    """
    return {each.subject: sentence(each) for each in judged if worse(each)}


def worse(judged: Judged) -> bool:
    """False where the naive was never off: nothing can be told by how much it was beaten."""
    enough = judged.points >= FEWEST_POINTS and judged.runs >= FEWEST_RUNS
    return enough and judged.crps > WORSE * judged.baseline_crps > 0


def sentence(judged: Judged) -> str:
    off = judged.crps / judged.baseline_crps - 1
    return (
        f"Over the last {SPEAKS.days} days the engine was {off:.0%} further off here than the "
        f"plain naive forecast ({judged.points} points of {judged.runs} runs), so the naive "
        "forecast is served; the engine is tried again once that time has passed."
    )


def widenings(coverage: Iterable[Coverage]) -> dict[Group, float]:
    """By what factor the bands of each group are to be wider, 0.8..1.6, from what was issued.

    A walk over the days, from 1: each day the factor is multiplied by exp(step x (0.80 - c) /
    0.80), c the share of that day's truths inside the band of 80%. It grows by at most 1% a day
    (0.5% from 29 steps on) and shrinks by at most a quarter of that; where 80% is held it stays.
    The step rule of adaptive conformal inference (Gibbs & Candes 2021) on the logarithm of
    the width: no distribution is assumed, and on average over time the share comes to 80%.
    """
    days: dict[Group, dict[date, list[Coverage]]] = defaultdict(lambda: defaultdict(list))
    for each in coverage:
        if each.points > 0:
            days[each.group][each.day].append(each)
    return {
        group: walked([inside(found) for _, found in sorted(told.items())], step_of(group))
        for group, told in days.items()
    }


def walked(shares: Sequence[float], step: float) -> float:
    factor = 1.0
    for share in shares:
        factor *= exp(step * (SHARE - share) / SHARE)
        factor = min(max(factor, NARROWEST), WIDEST)
    return factor


def inside(found: Sequence[Coverage]) -> float:
    points = sum(each.points for each in found)
    return sum(each.points * each.c80 for each in found) / points


def step_of(group: Group) -> float:
    return SLOW_STEP if group.distance.first >= SLOW_FROM else STEP
