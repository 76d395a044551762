"""What a run says: its subjects, and for each the quantiles of every step."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

Horizon = Literal["weeks", "months", "years"]
SubjectKind = Literal["unit", "group", "careSetting"]
# The region's own number: totals belong to no provider.
REGION = 0


class Kind(NamedTuple):
    """Of what a figure is: unlike kinds are never added up."""

    measure: str
    resource: str
    bed_type: str


class Step(NamedTuple):
    """One step of `length_s` seconds from `at`; no quantiles when nothing can be said of it."""

    at: datetime
    length_s: int
    quantiles: Sequence[float]
    supply: float | None
    p_short: float | None


@dataclass(frozen=True, slots=True)
class Issued:
    """What a run says of one subject and kind; `detail` gives the reason when it is unknown."""

    org_id: int
    subject_kind: SubjectKind
    subject: str
    kind: Kind
    state: Literal["known", "unknown"]
    detail: Mapping[str, Any]
    steps: Sequence[Step] = ()


class Bundle(NamedTuple):
    """The sample paths of one unit and kind, as the store has them: see `paths.packed`."""

    org_id: int
    unit: str
    kind: Kind
    first: date
    steps: int
    bits: int
    paths: bytes


@dataclass(frozen=True, slots=True)
class Run:
    """One issue of one horizon. `data_cut` is the last moment at which it knew something."""

    horizon: Horizon
    issued_at: datetime
    data_cut: datetime
    model: str
    seed: int
    probabilities: Sequence[float]
    issued: Sequence[Issued]
    paths: Sequence[Bundle] = ()
    run_id: uuid.UUID = field(default_factory=uuid.uuid4)
