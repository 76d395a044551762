"""How many places a load needs, for a service level."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.forecasts.queues import bearable_load
from app.planning.assumed import Service

Floats = NDArray[np.float64]
EACH = 64  # so many places one by one, then every EIGHTH
EIGHTH, MOST = 8, 512


class Borne(NamedTuple):
    """The load that numbers of places bear: float64[n] each, both rising from 0."""

    places: Floats
    load: Floats


def places(load: Floats, service: Service) -> Floats:
    """Places for loads >= 0 (places occupied at a time) of any shape, NaN where unknown.

    At a share occupied: load / occupancy. At a share refused: the inverse of Erlang B (Jagerman
    1974) for each site apart, on straight lines between whole numbers of places, and beyond 512
    places of a site with as much room as 512 have. Rises with the load; places that are shared
    need fewer than places apart.
    """
    if service.occupancy is not None:
        return load / service.occupancy
    assert service.refused is not None
    borne = bearable(service.refused)
    total = np.zeros_like(load)
    for share in service.sites:
        at = load * share
        beyond = at * (borne.places[-1] / borne.load[-1])
        total += np.where(at > borne.load[-1], beyond, np.interp(at, borne.load, borne.places))
    return np.where(np.isnan(load), np.nan, total)


@lru_cache(maxsize=16)
def bearable(refused: float) -> Borne:
    whole = [*range(EACH + 1), *range(EACH + EIGHTH, MOST + 1, EIGHTH)]
    return Borne(
        np.array(whole, dtype=float), np.array([bearable_load(number, refused) for number in whole])
    )
