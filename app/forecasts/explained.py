"""A sentence made from the parts of a forecast: the largest causes, with what each of them adds."""

from collections.abc import Mapping, Sequence
from typing import Any

WORDS = {
    "weekday": "the weekday",
    "specialDays": "special days",
    "season": "the time of the year",
    "trend": "the trend",
    "events": "closures and openings that were told",
}
# What adds less than this share of the level to no step is not named.
NAMED = 0.02
LITTLE = 0.05  # a change that is written as 0.0
FIRST = {"days": 7, "months": 6}
SERVED = {
    "engine": "It comes from the engine: levels, trends, the calendar and trees, weighed by how "
    "they did before.",
    "pooled": "Its own past is short, so that like series stand in for it.",
    "naive": "It is the naive forecast: what it was on the same days before.",
    "sum": "It is the sum of its members, on paths that go together.",
}


def sentence(parts: Mapping[str, Sequence[float]], served: str, steps: str) -> str:
    """In English, of the first 7 days or 6 months; `parts` add up to the median of each step."""
    count = FIRST[steps]
    near = {name: list(values[:count]) for name, values in parts.items()}
    level = near.pop("level", [0.0])
    mean = sum(level) / max(len(level), 1)
    bound = max(NAMED * abs(mean), 0.05)
    largest = sorted(near, key=lambda name: -most(near[name]))
    told = [adds(name, near[name]) for name in largest if most(near[name]) >= bound]
    causes = "; ".join(told) if told else "nothing else moves it by much"
    return f"In the first {count} {steps}: a level of {mean:.1f}; {causes}. {SERVED[served]}"


def since(changed: Mapping[str, Any], steps: str) -> str:
    """What is different from the run before, and the part that did most of it."""
    count, median = changed["steps"], changed["median"]
    if abs(median) < LITTLE:
        return f"The run before said the same of the next {count} {steps}."
    by = max(changed["by"], key=lambda name: abs(changed["by"][name]))
    words = {"level": "the level", **WORDS}
    moved = "more" if median > 0 else "less"
    return (
        f"That is {abs(median):.1f} {moved} than the run before said of the next {count} {steps}, "
        f"mostly by {words[by]} ({changed['by'][by]:+.1f})."
    )


def adds(name: str, values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    between = f"{high:+.1f}" if f"{low:+.1f}" == f"{high:+.1f}" else f"{low:+.1f} to {high:+.1f}"
    return f"{WORDS[name]} adds {between}"


def most(values: Sequence[float]) -> float:
    return max((abs(value) for value in values), default=0.0)
