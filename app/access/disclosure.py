"""Who may see what of whom: the sharing matrix, in the one place that every answer passes.

The defaults are `domain.md` 6; an organisation's own sharing rules stand above them. What is not
allowed here is not shown: the default is nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from app.access.principal import Principal
from app.access.scopes import Audience

# The rows of the matrix.
Shown = Literal["admittable", "occupancy", "demand", "staff", "forecast", "years"]
# How much of a figure one may see, from most to least.
Detail = Literal["exact", "yes-no", "level", "total", "none"]

DEFAULTS: dict[Audience, dict[Shown, Detail]] = {
    "coordinator": {
        "admittable": "exact",
        "occupancy": "exact",
        "demand": "exact",
        "staff": "yes-no",
        "forecast": "exact",
        "years": "total",
    },
    "provider": {"forecast": "total", "years": "total"},
    "municipality": {"admittable": "level", "forecast": "total", "years": "total"},
    "insurer": {"admittable": "level", "forecast": "total", "years": "total"},
    # The operator runs the tower and places nobody: it sees as a coordinator does.
    "operator": {
        "admittable": "exact",
        "occupancy": "exact",
        "demand": "exact",
        "staff": "yes-no",
        "forecast": "exact",
        "years": "total",
    },
}

# Small counts of people are withheld from all but the owner and those who place people.
SMALL = 5
PLACES_PEOPLE: frozenset[Audience] = frozenset({"coordinator", "operator"})


@dataclass(frozen=True)
class SharingRule:
    """What `owner` shows to an organisation, or to every one of an audience."""

    owner: int
    audience: Audience | None
    organisation: str | None
    shown: Shown
    detail: Detail
    delay: timedelta = timedelta(0)

    def meets(self, viewer: Principal, owner: int, shown: Shown) -> bool:
        return (
            self.owner == owner
            and self.shown == shown
            and (self.organisation is None or self.organisation == viewer.organisation)
            and (self.audience is None or self.audience == viewer.audience)
        )


@dataclass(frozen=True)
class Disclosure:
    """One viewer before everything that organisations share."""

    viewer: Principal
    rules: Sequence[SharingRule] = ()

    def owns(self, owner: int) -> bool:
        return owner == self.viewer.org_id

    def rule(self, owner: int, shown: Shown) -> SharingRule | None:
        """The narrowest rule wins: one for this organisation before one for its audience."""
        found = [rule for rule in self.rules if rule.meets(self.viewer, owner, shown)]
        return min(found, key=lambda rule: rule.organisation is None, default=None)

    def detail(self, owner: int, shown: Shown) -> Detail:
        if self.owns(owner):
            return "exact"
        rule = self.rule(owner, shown)
        # Places and status are never hidden from those who place people.
        if rule and not (shown == "admittable" and self.places_people):
            return rule.detail
        return DEFAULTS[self.viewer.audience].get(shown, "none")

    def delay(self, owner: int, shown: Shown) -> timedelta:
        if self.owns(owner) or (shown == "admittable" and self.places_people):
            return timedelta(0)
        rule = self.rule(owner, shown)
        return rule.delay if rule else timedelta(0)

    @property
    def places_people(self) -> bool:
        return self.viewer.audience in PLACES_PEOPLE

    def sees(self, owner: int, shown: Shown, age: timedelta = timedelta(0)) -> bool:
        """Whether the figure itself may be shown, not only a level or a total of it."""
        return self.detail(owner, shown) == "exact" and age >= self.delay(owner, shown)

    def consents(self, owner: int, shown: Shown, age: timedelta = timedelta(0)) -> bool:
        """Whether the owner itself says, by a rule of its own, that a total of it may be shown."""
        rule = self.rule(owner, shown)
        told = rule is not None and rule.detail in ("exact", "total")
        return self.owns(owner) or (told and age >= self.delay(owner, shown))

    def sees_reason(self, owner: int, reason: str) -> bool:
        """An infection is a reason that only its owner tells."""
        return self.owns(owner) or (
            reason != "infection" and self.detail(owner, "occupancy") == "exact"
        )

    def small(self, owner: int, shown: Shown, value: float | None) -> bool:
        """Whether a count is so small that it may point at a person."""
        return (
            shown in ("demand", "staff")
            and value is not None
            and 0 < value < SMALL
            and not self.owns(owner)
            and not self.places_people
        )
