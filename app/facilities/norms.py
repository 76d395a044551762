"""Norms of staff: how many of a role a shift needs, read and checked from the rules of a region."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from app.facilities.schemas import CareSetting, RuleFacts
from app.faults import Fault, pointer, sentence
from app.wire import Slug, Wire, Word

# The one norm that holds what is not of a role: see `StaffingSettings`.
STAFFING = "staffing"
AskedFor = Literal["calls", "consults", "homeVisits", "requests", "admissions"]
Share = Field(None, ge=0, lt=1)


class Deployment(Wire):
    """What stands between a contract and an hour on the floor, as shares of the contract hours."""

    contract_hours: float | None = Field(None, gt=0, le=60)
    absence: float | None = Share
    leave: float | None = Share
    training: float | None = Share

    @model_validator(mode="after")
    def leaves_hours(self) -> "Deployment":
        if sum(filter(None, (self.absence, self.leave, self.training))) >= 1:
            raise ValueError("absence, leave and training together leave no hour to work")
        return self


class StaffNorm(Deployment):
    """How many heads of a role a shift needs: by who is there, or by who asks in an hour.

    With neither the norm is `atLeast` alone. The most specific one holds: of the unit, else of the
    staff pool, else of the care setting, else of all; and one of the shift before one of all.
    """

    unit: Slug | None = None
    staff_pool: Slug | None = None
    care_setting: CareSetting | None = None
    role: Word
    shift: Word | None = None
    patients_per_head: float | None = Field(None, gt=0, le=1000)
    at_least: int | None = Field(None, ge=0, le=1000)
    measure: AskedFor | None = None
    per_head_per_hour: float | None = Field(None, gt=0, le=1000)
    handling_minutes: float | None = Field(None, gt=0, le=24 * 60)
    target_share: float | None = Field(None, gt=0, lt=1)
    target_wait_seconds: float | None = Field(None, ge=0, le=24 * 3600)
    patience_minutes: float | None = Field(None, gt=0, le=7 * 24 * 60)

    @model_validator(mode="after")
    def of_one(self) -> "StaffNorm":
        if sum(x is not None for x in (self.unit, self.staff_pool, self.care_setting)) > 1:
            raise ValueError("give unit, staffPool or careSetting, one of the three")
        return self

    @model_validator(mode="after")
    def by_one_way(self) -> "StaffNorm":
        asked = self.measure is not None
        if asked and self.patients_per_head is not None:
            raise ValueError("give patientsPerHead or measure, one of the two")
        if not asked and self.patients_per_head is None and self.at_least is None:
            raise ValueError("give patientsPerHead, a measure, or atLeast alone")
        if asked != ((self.per_head_per_hour is None) != (self.handling_minutes is None)):
            raise ValueError("a measure goes with perHeadPerHour or handlingMinutes, one of them")
        if (self.target_share is None) != (self.target_wait_seconds is None):
            raise ValueError("targetShare goes with targetWaitSeconds: so many within so long")
        if self.target_share is not None and not asked:
            raise ValueError("a target wait goes with a measure of those who ask")
        if self.patience_minutes is not None and self.target_share is None:
            raise ValueError("patienceMinutes goes with a target wait")
        return self

    @property
    def minimum(self) -> int:
        return self.at_least or 0

    @property
    def handling_hours(self) -> float:
        """How long one who asks keeps a head busy."""
        if self.handling_minutes is not None:
            return self.handling_minutes / 60
        assert self.per_head_per_hour is not None
        return 1 / self.per_head_per_hour


class StaffingSettings(Deployment):
    """What holds for all roles that say nothing else themselves."""

    roster_closes_days: int = Field(28, ge=0, le=365)
    past_days: int = Field(91, ge=14, le=366)


# A full week of 36 hours is 1872 hours a year; of these 12.7% are leave and holidays and 2%
# training (Elkhuizen e.a. 2007, table 1). Absence has no default: it is told, agreed or unknown.
DEFAULTS = RuleFacts(
    source="Elkhuizen e.a. 2007 (BMC Health Services Research 7:196), tabel 1; rooster 28 dagen "
    "vooruit: Ontwerp van de toren, domein 9",
    year=2007,
    settings={
        "contractHours": 36,
        "leave": 0.127,
        "training": 0.02,
        "rosterClosesDays": 28,
        "pastDays": 91,
    },
)


@dataclass(frozen=True)
class NamedNorm:
    """A norm of staff with its name and where it comes from."""

    name: str
    says: StaffNorm
    source: str
    year: int


@dataclass(frozen=True)
class Norms:
    """All norms of staff of a region, and what holds for all roles."""

    named: tuple[NamedNorm, ...]
    settings: StaffingSettings
    source: str
    year: int

    def of_unit(self, unit: str, care_setting: str, role: str, shift: str) -> NamedNorm | None:
        """The most specific norm of a role in a shift of a unit."""

        def rank(each: NamedNorm) -> int | None:
            says = each.says
            if says.staff_pool is not None or says.role != role or says.shift not in (None, shift):
                return None
            if says.unit is not None:
                scope = 2 if says.unit == unit else None
            elif says.care_setting is not None:
                scope = 1 if says.care_setting == care_setting else None
            else:
                scope = 0
            return None if scope is None else 2 * scope + (says.shift is not None)

        return self.best(rank)

    def of_pool(self, staff_pool: str, role: str, shift: str) -> NamedNorm | None:
        """The norm of a pool's own. A pool that has one covers its units, and is asked instead."""

        def rank(each: NamedNorm) -> int | None:
            says = each.says
            if (says.staff_pool, says.role) != (staff_pool, role) or says.shift not in (
                None,
                shift,
            ):
                return None
            return int(says.shift is not None)

        return self.best(rank)

    def best(self, rank: Any) -> NamedNorm | None:  # noqa: ANN401
        ranked = [(rank(each), each) for each in self.named]
        fitting = [(place, each.name, each) for place, each in ranked if place is not None]
        # Of two that are as specific the first by name holds, so that the answer never wavers.
        return min(fitting, key=lambda one: (-one[0], one[1]))[2] if fitting else None


def norms_of(rules: Mapping[str, RuleFacts]) -> Norms:
    """From the rules of kind `norm`; ValueError names the norm and the field that is wrong."""
    told = rules.get(STAFFING)
    settings = {**DEFAULTS.settings, **(told.settings if told else {})}
    found = []
    for name, facts in sorted(rules.items()):
        faults = list(wrong(name, facts.settings, ""))
        if faults:
            raise ValueError(f"norm {name}: {faults[0].pointer} {faults[0].detail}")
        if of_staff(facts.settings):
            says = StaffNorm.model_validate(facts.settings)
            found.append(NamedNorm(name, says, facts.source, facts.year))
    basis = told or DEFAULTS
    general = StaffingSettings.model_validate(settings)
    return Norms(tuple(found), general, basis.source, basis.year)


def of_staff(settings: Mapping[str, Any]) -> bool:
    return "role" in settings


def wrong(name: str, settings: Mapping[str, Any], prefix: str) -> Iterator[Fault]:
    """What is wrong with the settings of a norm, if it is one of staff."""
    form: type[Wire] | None = StaffNorm if of_staff(settings) else None
    if name == STAFFING:
        form = StaffingSettings
    if form is None:
        return
    try:
        form.model_validate(settings)
    except ValidationError as error:
        for each in error.errors():
            code = str(each["type"]).replace("_", "-")
            where = prefix + pointer(each["loc"])
            yield Fault("bad-norm" if code == "value-error" else code, sentence(each), where)
