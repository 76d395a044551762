"""What the next three days are reckoned with: settings, each with a source and a year."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from app.facilities.schemas import RuleFacts
from app.forecasts.stay import Survival, planned_stay

# The norm of a region file that changes these settings, those of a care setting's stay, and the one
# that says of patience alone how many `hours` it is; of one care setting with its `careSetting`.
NAME, STAY, PATIENCE = "tonight", "stay-", "patience"
DEFAULTS = RuleFacts(
    source="Ontwerp van de toren: forecasting.md, 'Tonight'; vorm van het verblijf: aanname",
    year=2026,
    settings={
        "setHours": ["17:00", "22:00", "08:00"],
        "shiftStarts": ["07:00", "15:00", "23:00"],
        "hourly": ["huisartsenpost", "seh"],
        "pastDays": 91,
        "medianOfTerm": 6 / 9,
        "spread": 0.65,
        "atTerm": 0.19,
        "blocked": 0.1,
        "blockedDays": 7,
        "patienceHours": 48,
    },
)


@dataclass(frozen=True, slots=True)
class PerHead:
    """How many calls, consults or visits an hour one head of a role can do, if that was agreed."""

    care_setting: str
    role: str
    measure: str
    an_hour: float
    source: str
    year: int


@dataclass(frozen=True, slots=True)
class Patience:
    """How long who finds no place waits for one in the mean, in hours (0: not at all)."""

    hours: float
    source: str
    year: int


@dataclass(frozen=True, slots=True)
class Rule:
    """`median_of_term`: the median stay as a share of the planned term (six of nine days)."""

    set_hours: Sequence[time]
    shift_starts: Sequence[time]
    hourly: frozenset[str]
    past_days: int
    median_of_term: float
    spread: float
    at_term: float
    blocked: float
    blocked_days: float
    source: str
    year: int
    patience: Patience
    medians: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    per_head: Sequence[PerHead] = ()
    patiences: Mapping[str, Patience] = field(default_factory=dict)

    def patience_in(self, care_setting: str) -> Patience:
        """Of the care setting if it has its own, else that of all."""
        return self.patiences.get(care_setting, self.patience)

    def planned_in(self, care_setting: str, term: int | None) -> Survival | None:
        """The stay that is planned, by the term of its care setting where the unit has none."""
        if term is None and care_setting in self.medians:
            term = round(self.medians[care_setting][1])
        return self.stay(care_setting, term)

    def stay(self, care_setting: str, term: int | None) -> Survival | None:
        """The stay that is planned: of a unit with a term, by the median of its care setting."""
        median, planned = self.medians.get(care_setting, (self.median_of_term, 1.0))
        if term is None:
            return None
        return planned_stay(
            median=term * median / planned,
            spread=self.spread,
            term=term,
            at_term=self.at_term,
            blocked=self.blocked,
            blocked_days=self.blocked_days,
            step=0.25,
        )


def rule_of(norms: Mapping[str, RuleFacts]) -> Rule:
    """From the norms of the region; what it leaves out is the default."""
    told = norms.get(NAME)
    facts = {**DEFAULTS.settings, **(told.settings if told else {})}
    stays = [norm.settings for name, norm in norms.items() if name.startswith(STAY)]
    return Rule(
        set_hours=tuple(map(time.fromisoformat, facts["setHours"])),
        shift_starts=tuple(map(time.fromisoformat, facts["shiftStarts"])),
        hourly=frozenset(facts["hourly"]),
        past_days=int(facts["pastDays"]),
        median_of_term=float(facts["medianOfTerm"]),
        spread=float(facts["spread"]),
        at_term=float(facts["atTerm"]),
        blocked=float(facts["blocked"]),
        blocked_days=float(facts["blockedDays"]),
        source=(told or DEFAULTS).source,
        year=(told or DEFAULTS).year,
        patience=patience_of(norms),
        medians={
            each["careSetting"]: (float(each["medianDays"]), float(each["plannedTermDays"]))
            for each in stays
            if {"careSetting", "medianDays", "plannedTermDays"} <= each.keys()
        },
        per_head=tuple(per_head(norm) for norm in norms.values() if of_a_head(norm.settings)),
        patiences={
            norm.settings["careSetting"]: hours_of(norm, "hours")
            for name, norm in norms.items()
            if name.startswith(PATIENCE) and {"careSetting", "hours"} <= norm.settings.keys()
        },
    )


def patience_of(norms: Mapping[str, RuleFacts]) -> Patience:
    """Of a norm of its own, else of `tonight`, else that of the design."""
    for norm, name in ((PATIENCE, "hours"), (NAME, "patienceHours")):
        if norm in norms and name in norms[norm].settings:
            return hours_of(norms[norm], name)
    return hours_of(DEFAULTS, "patienceHours")


def hours_of(norm: RuleFacts, name: str) -> Patience:
    return Patience(max(float(norm.settings[name]), 0.0), norm.source, norm.year)


def of_a_head(settings: Mapping[str, Any]) -> bool:
    return {"careSetting", "role", "measure", "perHeadPerHour"} <= settings.keys()


def per_head(norm: RuleFacts) -> PerHead:
    said = norm.settings
    return PerHead(
        said["careSetting"],
        said["role"],
        said["measure"],
        float(said["perHeadPerHour"]),
        norm.source,
        norm.year,
    )
