"""What differs from the run before: by how much, and which of the parts did it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.forecasts.runs import Horizon, Issued, Kind, SubjectKind
from app.wire import instant

# So many of the next steps are compared.
COMPARED: Mapping[Horizon, int] = {"weeks": 7, "months": 3}
Key = tuple[SubjectKind, str, Kind]


@dataclass(frozen=True)
class Before:
    """What the run before said of one subject and kind: `medians` by the moment of the step."""

    issued_at: datetime
    medians: Mapping[datetime, float]
    parts: Mapping[str, Mapping[datetime, float]]


def with_changes(
    issued: Sequence[Issued], before: Mapping[Key, Before], steps: int
) -> list[Issued]:
    """Each with what changed since the run before, where that said something of the same steps."""
    return [
        replace(each, detail={**each.detail, "changed": changed(each, before, steps)})
        if each.state == "known"
        else each
        for each in issued
    ]


def changed(now: Issued, before: Mapping[Key, Before], steps: int) -> Mapping[str, Any] | None:
    """Means over the next steps that both tell; the parts add up to the change of the median."""
    past = before.get((now.subject_kind, now.subject, now.kind))
    if past is None:
        return None
    near = [
        (place, step)
        for place, step in enumerate(now.steps[:steps])
        if step.at in past.medians and len(step.quantiles)
    ]
    if not near:
        return None
    middle = len(near[0][1].quantiles) // 2
    median = mean([step.quantiles[middle] - past.medians[step.at] for _, step in near])
    by = {}
    parts: Mapping[str, Sequence[float]] = now.detail["parts"]
    for name in {**parts, **past.parts}:
        ours = mean([parts[name][place] for place, _ in near]) if name in parts else 0.0
        told = past.parts.get(name, {})
        by[name] = round(ours - mean([told.get(step.at, 0.0) for _, step in near]), 2)
    return {
        "since": instant(past.issued_at),
        "steps": len(near),
        "median": round(median, 2),
        "by": by,
    }


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
