"""Which figure: its measure and dimensions, in the words of the glossary ("" = does not apply)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """One series of one unit or staff pool, whoever tells it."""

    measure: str
    resource: str = ""
    bed_type: str = ""
    role: str = ""
    shift: str = ""
    reason: str = ""
    urgency: str = ""
    destination: str = ""
    profile: str = ""
    age_band: str = ""
    area: str = ""
