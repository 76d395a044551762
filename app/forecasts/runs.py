"""What a run says: its subjects, and for each the quantiles of every step."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

Horizon = Literal["days", "weeks", "months", "years"]
SubjectKind = Literal["unit", "group", "careSetting"]
# The region's own number: totals belong to no provider.
REGION = 0


class Kind(NamedTuple):
    """Of what a figure is: unlike kinds are never added up."""

    measure: str
    resource: str
    bed_type: str


class NoPlace(NamedTuple):
    """The chance that at a moment no place is free for who then asks; None unknown."""

    at: datetime
    chance: float | None


class Moves(NamedTuple):
    """What only the days tell of a step: quantiles of who comes, who leaves and the net of them
    (empty: does not apply), and how many places are free at its end with 90% and with 70%."""

    arrivals: Sequence[float]
    departures: Sequence[float]
    net: Sequence[float]
    at_least_90: float | None
    at_least_70: float | None
    no_place: Sequence[NoPlace]


class Step(NamedTuple):
    """One step of `length_s` seconds from `at`; no quantiles when nothing can be said of it.

    `need` has the quantiles of what the supply is held against; empty: those told.
    """

    at: datetime
    length_s: int
    quantiles: Sequence[float]
    supply: float | None
    p_short: float | None
    moves: Moves | None = None
    need: Sequence[float] = ()


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
    """One issue of one horizon. `data_cut` is the last moment at which it knew something.

    `detail` is what it says of no subject of its own: of the years the staff of the region.
    """

    horizon: Horizon
    issued_at: datetime
    data_cut: datetime
    model: str
    seed: int
    probabilities: Sequence[float]
    issued: Sequence[Issued]
    paths: Sequence[Bundle] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    run_id: uuid.UUID = field(default_factory=uuid.uuid4)
