"""What is asked of the staff, who asks it, and how one figure is told to them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import numpy as np

from app.access.disclosure import SMALL, Disclosure
from app.forecasts.answers import amount, tail
from app.forecasts.issue import Why
from app.forecasts.schemas import Amount, Band, Interval, Reason
from app.forecasts.staffing.posts import Post
from app.forecasts.staffing.reckoned import Reckoned
from app.forecasts.staffing.schemas import AbsenceUsed, Horizon, NormUsed, SubjectKind
from app.observations.schemas import FigureState

MIDDLE, ALMOST = 0.5, 0.9
# How much of a post is told: all, whether it is short, or nothing.
Told = Literal["exact", "yes-no", "none"]
RANKS: tuple[Told, ...] = ("none", "yes-no", "exact")


@dataclass(frozen=True)
class Topic:
    """What is asked; `units` are those in its scope."""

    subject_kind: SubjectKind
    subject: str
    horizon: Horizon
    levels: tuple[int, ...]
    units: frozenset[str]
    role: str | None = None
    shift: str | None = None

    @property
    def total(self) -> bool:
        return self.subject_kind in ("group", "careSetting")

    @property
    def probabilities(self) -> list[float]:
        lower = [tail(level) for level in self.levels]
        upper = [round(1 - each, 4) for each in lower]
        return sorted({*lower, *upper, MIDDLE, ALMOST})

    def asks(self, post: Post) -> bool:
        named = self.role in (None, post.role) and self.shift in (None, post.shift)
        if self.subject_kind == "staffPool":
            return named and post.place.pool and post.place.name == self.subject
        return named and bool(self.units & set(post.units))


@dataclass(frozen=True)
class View:
    """One viewer; `age` of the run, against which delays are held; `owners` of each unit."""

    disclosure: Disclosure
    age: timedelta
    owners: Mapping[str, int]

    def told(self, post: Post) -> Told:
        """By the least that is shared by those whose staff and whose people it is made of."""
        behind = {post.place.org_id, *(self.owners[unit] for unit in post.units)}
        return min((self.of(owner) for owner in behind), key=RANKS.index)

    def of(self, owner: int) -> Told:
        detail = self.disclosure.detail(owner, "staff")
        if detail not in ("exact", "yes-no") or self.age < self.disclosure.delay(owner, "staff"):
            return "none"
        return detail

    def small(self, owners: Iterable[int], values: Iterable[float]) -> bool:
        """Whether a count is so small that who neither owns it nor places people sees none."""
        viewer = self.disclosure
        if viewer.places_people or all(viewer.owns(owner) for owner in owners):
            return False
        return any(0 < abs(value) < SMALL for value in values if np.isfinite(value))


def band(values: Sequence[float] | None, topic: Topic, state: FigureState, digits: int = 0) -> Band:
    """A band of quantiles at the topic's probabilities; NaN or None is unknown."""
    if state != "known":
        return Band(state=state)
    if values is None or not np.isfinite(values).all():
        return Band(state="unknown")
    at = {
        p: round(float(v), digits) + 0.0 for p, v in zip(topic.probabilities, values, strict=True)
    }
    return Band(
        state="known",
        median=at[MIDDLE],
        intervals=tuple(
            Interval(level=level, low=at[tail(level)], high=at[round(1 - tail(level), 4)])
            for level in topic.levels
        ),
    )


def told_amount(value: float, state: FigureState, digits: int = 0) -> Amount:
    return amount(float(value) if np.isfinite(value) else None, state, digits)


def reason(why: Why | None) -> Reason | None:
    return None if why is None else Reason(code=why.code, detail=why.detail)


WITHHELD = Reason(
    code="withheld",
    detail="Whose staff it is does not share it with you. Who places people is told whether a "
    "shift is short, the owner all of it.",
)


def norm_used(post: Post) -> NormUsed | None:
    norm = post.norm
    if norm is None:
        return None
    return NormUsed(norm=norm.name, source=norm.source, year=norm.year)


def absence_used(each: Reckoned) -> AbsenceUsed | None:
    told = each.absence
    if told is None:
        return None
    return AbsenceUsed(share=round(told.share, 4), heads=told.heads, source=told.source)
