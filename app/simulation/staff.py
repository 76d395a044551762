"""Who works: shifts per unit or pool and role, with sickness and who fills in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shift:
    """Heads of one role in one shift [start, end); `worked` and `absent` are -1 until it is over.

    `worked` includes `worked_temporary`.
    """

    role: str
    shift: str
    start: int
    end: int
    required: int
    rostered: int
    worked: int
    worked_temporary: int
    absent: int
