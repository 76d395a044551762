"""What changed of late: units with the moment at which the tower knew it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

# `known_at` is given before the commit, so what is known later may bear an earlier moment.
LATE = timedelta(seconds=10)
# Who was away longer asks for all anew.
REMEMBERED = timedelta(minutes=10)
Known = tuple[str, datetime]


@dataclass
class Changes:
    """The last minutes, each change with a number that only grows.

    Several processes number by themselves; what they tell of is the same, so that whoever comes
    with the mark of another is told to ask for all.
    """

    since: datetime
    number: int = 0
    told: dict[Known, int] = field(default_factory=dict)

    def add(self, found: Iterable[Known]) -> None:
        """Of each unit when its figures were known last; what is here already is no news."""
        for each in sorted(found, key=lambda known: known[1]):
            if each not in self.told:
                self.number += 1
                self.told[each] = self.number
        latest = max((at for _unit, at in self.told), default=self.since)
        self.told = {k: n for k, n in self.told.items() if k[1] >= latest - REMEMBERED}
        self.since = max(self.since, latest - LATE)

    def after(self, number: int) -> list[str]:
        """The units that changed after this number, each once, in the order of the news."""
        news = sorted((n, unit) for (unit, _at), n in self.told.items() if n > number)
        return list(dict.fromkeys(unit for _n, unit in news))

    def holds(self, number: int) -> bool:
        """Whether all that came after this number is still remembered."""
        return min(self.told.values(), default=self.number + 1) - 1 <= number <= self.number
