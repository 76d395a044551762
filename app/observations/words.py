"""The words that may stand in a figure's dimensions: nothing else is taken, so no free text is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from functools import cached_property

from app.observations.measures import Dimension

RESOURCES = frozenset(
    {
        *("bed", "treatment-space", "consult", "home-visit"),
        *("phone-line", "care-start", "care-hour", "vehicle"),
    }
)
ROLES = frozenset(
    {
        *("nurse", "carer-ig", "helper", "district-nurse", "transfer-nurse", "nurse-specialist"),
        *("elderly-care-physician", "gp", "triage-nurse", "emergency-physician"),
        *("medical-specialist", "crisis-mental-health", "physiotherapist", "driver"),
        *("pharmacist", "pharmacy-assistant"),
    }
)
SHIFTS = frozenset(
    {
        *("dag", "avond", "nacht", "weekenddag", "tussendienst", "dagdeel"),
        *("ochtend", "middag"),
    }
)
PROFILES = frozenset(
    {
        *("planned", "complex", "palliative-terminal", "night"),
        *("recovery", "observation", "respite"),
    }
)


@dataclass(frozen=True)
class Place:
    """What the rules must know of the unit or pool that a report is about."""

    org_id: int
    unit: str = ""
    staff_pool: str = ""
    resource: str = ""
    bed_types: tuple[str, ...] = ()
    roles: frozenset[str] = frozenset()
    shifts: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    census: time = time(8)

    def words(self, dimension: Dimension) -> frozenset[str]:
        """Every word that this place may use for a dimension."""
        return self.known_words.get(dimension, frozenset())

    @cached_property
    def known_words(self) -> Mapping[Dimension, frozenset[str]]:
        return {
            "resource": RESOURCES,
            "bedType": frozenset(self.bed_types),
            "role": ROLES | self.roles,
            "shift": SHIFTS | self.shifts,
            "profile": PROFILES,
            "area": self.areas,
        }
