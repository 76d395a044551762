"""How many new clients home-care teams can begin with: a number a week, spread over its days."""

import numpy as np
from numpy.typing import NDArray

from app.simulation.calendar import Block
from app.simulation.chance import generator
from app.simulation.plan import Plan
from app.simulation.staff import sickness

Whole = NDArray[np.int64]
# Teams begin mostly on workdays (assumption, fictief).
DAYS = np.array([0.19, 0.19, 0.18, 0.18, 0.17, 0.05, 0.04])


def starts(plan: Plan, seed: int, block: Block) -> dict[tuple[str, str], tuple[Whole, Whole]]:
    """By (team, profile): starts offered on each day, and from that day until Sunday, int64[28].

    Poisson about the mean of the team (assumption, fictief), less when many are sick. What was
    not used lapses at midnight.
    """
    well = 1.0 - (sickness(plan, seed, block) - plan.sickness)
    weekdays = np.array([day.weekday() for day in block.days])
    found = {}
    for (unit, profile), a_week in plan.starts.items():
        chance = generator(seed, "starts", unit, profile, block.number)
        offered = chance.poisson(a_week * DAYS[weekdays] * well)
        found[unit, profile] = (offered, until_sunday(offered, weekdays))
    return found


def until_sunday(offered: Whole, weekdays: Whole) -> Whole:
    """The offer of each day and the rest of its week together, int64[days]."""
    rest = np.zeros_like(offered)
    left = 0
    for day in range(len(offered) - 1, -1, -1):
        left = int(offered[day]) + (0 if weekdays[day] == 6 else left)
        rest[day] = left
    return rest
