"""Stops as LPZ tells them: that a unit takes no one by some route for some time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop: `ends` is when it really ended, None while it lasts."""

    unit: str
    kind: str
    applies_to: tuple[str, ...]
    specialism: str
    begins: int
    expected_until: int
    ends: int | None
    reason: str
