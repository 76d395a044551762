"""What a question is about: one subject, one horizon, one measure, at levels that there are."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from app.faults import Fault
from app.forecasts.runs import Horizon, SubjectKind
from app.forecasts.schemas import Asked, Measure

SUBJECTS: tuple[SubjectKind, ...] = ("unit", "group", "careSetting")
USUAL = (50, 80, 95)
# What is asked of a post or a team that has no places; told of the days only.
WITHOUT_PLACES: tuple[Measure, ...] = ("calls", "requests", "consults", "homeVisits")


@dataclass(frozen=True)
class Topic:
    subject_kind: SubjectKind
    subject: str
    horizon: Horizon
    measure: Measure
    levels: tuple[int, ...]
    stated: bool = True
    exact: bool = False

    def wrong_levels(self, told: Collection[int]) -> list[Fault]:
        """A level that was asked for and that a run does not tell."""
        missing = [level for level in self.levels if self.stated and level not in told]
        there = ", ".join(map(str, sorted(told)))
        detail = f"This run tells intervals of {there}%; ask for one of these."
        return [Fault("unknown-level", detail, parameter="levels")] if missing else []

    def with_levels(self, told: Collection[int]) -> "Topic":
        return replace(self, levels=tuple(level for level in self.levels if level in told))

    def about(self) -> dict[str, Any]:
        """As every answer about it begins."""
        names = ("subject_kind", "subject", "horizon", "measure")
        return {name: getattr(self, name) for name in names}

    def told(self) -> dict[str, Any]:
        return {**self.about(), "levels": self.levels}


def wrong(asked: Asked) -> list[Fault]:
    """What keeps a question from having an answer: all of it."""
    given = [kind for kind, name in names(asked).items() if name is not None]
    found = []
    if len(given) != 1:
        detail = "Give one of unit, group and careSetting."
        found += [Fault("one-subject", detail, parameter=kind) for kind in given or SUBJECTS]
    if asked.measure is not None and asked.measure != "need" and asked.horizon == "years":
        detail = "Of years `need` is told, and nothing else."
        found.append(Fault("measure-of-other-horizon", detail, parameter="measure"))
    elif asked.measure == "need" and asked.horizon == "days":
        detail = "`need` is told of weeks, months and years."
        found.append(Fault("measure-of-other-horizon", detail, parameter="measure"))
    elif asked.measure == "need" and asked.care_setting is None:
        detail = "`need` is told per careSetting; ask for one in place of a unit or group."
        found.append(Fault("need-of-a-setting", detail, parameter="measure"))
    elif asked.measure in WITHOUT_PLACES and asked.horizon != "days":
        detail = "What is asked of a post or a team is told of days only; so set horizon=days."
        found.append(Fault("measure-of-other-horizon", detail, parameter="measure"))
    return found


def topic_of(asked: Asked) -> Topic:
    """Of a question with nothing wrong."""
    kind, subject = next((kind, name) for kind, name in names(asked).items() if name is not None)
    usual: Measure = "need" if asked.horizon == "years" else "occupied"
    levels = sorted({int(level) for level in (asked.levels or "").split(",") if level})
    return Topic(
        kind,
        subject,
        asked.horizon,
        asked.measure or usual,
        tuple(levels) or USUAL,
        asked.levels is not None,
        asked.exact,
    )


def names(asked: Asked) -> dict[SubjectKind, str | None]:
    return {"unit": asked.unit, "group": asked.group, "careSetting": asked.care_setting}
