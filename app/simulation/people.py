"""Everyone who asked for a place: one row for each request, with what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class People:
    """Columns of one row per request, in the order in which they asked; -1 is not (yet).

    One person has a row for each setting asked for (SEH, then ward, then ELV): `person` is the
    same. `setting`, `unit` and `destination` are places in the sequences of words beside them.
    """

    units: Sequence[str]
    settings: Sequence[str]
    destinations: Sequence[str]
    person: NDArray[np.int64]
    setting: NDArray[np.int64]
    unit: NDArray[np.int64]
    asked_at: NDArray[np.int64]
    placed_at: NDArray[np.int64]
    ready_at: NDArray[np.int64]
    left_at: NDArray[np.int64]
    lost_at: NDArray[np.int64]
    destination: NDArray[np.int64]
    tries: NDArray[np.int64]
