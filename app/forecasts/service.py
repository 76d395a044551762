"""Beds for a service level: places that refuse no more than a share, over all that is unsure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from app.forecasts.queues import beds_with_patience
from app.forecasts.together import Ways, summed

Floats = NDArray[np.float64]
WEEK = 7
OUTER = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class Enough:
    """One week or month from `day` on.

    `load` is P10, P50 and P90 of the places asked at a time; `together` the whole places that
    refuse no more than the share if all help each other out, `apart` if each unit is on its own:
    the gain of pooling is what they differ by.
    """

    day: date
    load: tuple[float, float, float]
    together: int
    apart: int


@dataclass(frozen=True, slots=True)
class Patient:
    """For how many mean stays who finds no place waits for one in the mean (0: not at all): of all
    members `together`, and of each on its own."""

    together: float
    apart: Sequence[float]


def enough(members: Sequence[Ways], refused: float, patient: Patient | None = None) -> list[Enough]:
    """Of each whole week, or of each month, that all members tell.

    The load of a week is the mean of its days on each path, so that the forecast of the load is
    its distribution over the 500 paths; Erlang B in the mean over them (Jongbloed & Koole 2001),
    since that of the mean load would understate who is refused; with patience Erlang A likewise.
    0 < `refused` < 1. Raises ValueError as `queues.beds_with_patience`.
    """
    waits = patient or Patient(0.0, [0.0] * len(members))
    whole = summed(members)
    size = WEEK if whole.freq == "D" else 1
    days = whole.days()
    parts = [aligned(each, whole) for each in members]
    found = []
    for start in range(0, whole.steps - size + 1, size):
        load = np.maximum(mean_of(whole.paths, start, size), 0.0)
        apart = sum(
            beds_with_patience(np.maximum(mean_of(part, start, size), 0.0), None, refused, stays)
            for part, stays in zip(parts, waits.apart, strict=True)
        )
        low, middle, high = np.quantile(load, OUTER)
        found.append(
            Enough(
                days[start],
                (float(low), float(middle), float(high)),
                beds_with_patience(load, None, refused, waits.together),
                apart,
            )
        )
    return found


def aligned(member: Ways, whole: Ways) -> Floats:
    """Its paths over the steps of the sum: float64[500, h]."""
    skip = member.days().index(whole.first)
    return member.paths[:, skip:][:, : whole.steps]


def mean_of(paths: Floats, start: int, size: int) -> Floats:
    mean: Floats = paths[:, start : start + size].mean(axis=1)
    return mean
