"""What a simulated care region consists of: units, pools, people who come, and how they move on."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """A region, or as little as one unit."""

    units: tuple[str, ...] = ()
    pools: Mapping[str, tuple[str, ...]] | None = None
