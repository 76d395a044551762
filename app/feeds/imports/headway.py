"""How far an import is, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class Headway(NamedTuple):
    """Rows, and bytes of the file as it lies there (packed or not), read so far."""

    rows: int
    read: int
    total: int


@dataclass(frozen=True)
class Imported:
    """What became of a file. `corrected` were stored with another value and are known anew."""

    rows: int
    figures: int
    units: int
    units_made: int
    added: int
    corrected: int
    since: datetime
    until: datetime
    started_at: datetime
    finished_at: datetime

    @property
    def unchanged(self) -> int:
        return self.figures - self.added - self.corrected
