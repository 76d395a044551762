"""Stops as they become known: that one began, and later that it is over."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from app.simulation.reporters_flaws import Dice
from app.simulation.stops import Stop
from app.simulation.truth import Truth

# LPZ is told within minutes.
TOLD_AFTER = (60, 15 * 60)


@dataclass(frozen=True, slots=True)
class StopTold:
    """One version of a stop; `ended` is None as long as it is not known to be over."""

    stop: Stop
    known_at: int
    ended: int | None = None


def stops_told(truth: Truth, seed: int, since: int, until: int) -> list[StopTold]:
    """All that becomes known of stops in [since, until), in the order in which it does."""
    found = [told for stop in truth.stops for told in versions(stop, seed)]
    return sorted(
        (told for told in found if since <= told.known_at < until),
        key=lambda told: (told.known_at, told.stop.unit, told.stop.begins),
    )


def versions(stop: Stop, seed: int) -> Iterator[StopTold]:
    dice = Dice(seed, f"{stop.unit}/{stop.kind}")
    begun = stop.begins + after(dice, stop.begins)
    yield StopTold(stop, begun)
    if stop.ends is not None:
        yield StopTold(stop, max(begun + 1, stop.ends + after(dice, stop.ends)), stop.ends)


def after(dice: Dice, moment: int) -> int:
    return int(dice.seconds("stop", np.array([moment], np.int64), TOLD_AFTER)[0])
