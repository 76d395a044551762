"""What a feed's versions say of its states: since when it is as it is, and from when it owes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class StateFrom:
    """A version of a feed: the state that it gave it, and from when."""

    state: str
    begins_at: datetime


def state_since(versions: Sequence[StateFrom]) -> datetime:
    """When the present state began; a version may change other things and leave it.

    `versions` are in their order, at least one.
    """
    since = versions[-1].begins_at
    for version in reversed(versions):
        if version.state != versions[-1].state:
            break
        since = version.begins_at
    return since


def owes_since(versions: Sequence[StateFrom], window: datetime) -> datetime | None:
    """From when on reporting moments count, at the earliest `window`; None while suspended.

    A feed owes nothing before it was there, nor before it was last taken in again.
    """
    if versions[-1].state == "suspended":
        return None
    since = versions[0].begins_at
    for version in reversed(versions):
        if version.state == "suspended":
            break
        since = version.begins_at
    return max(window, since)
