"""When a figure is stored and asked about: improbable is not impossible."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.observations.measures import MEASURES
from app.observations.rules import Key, Told


@dataclass(frozen=True)
class Doubt:
    told: Told
    code: str
    detail: str


def jumps(previous: float, value: float) -> bool:
    """Whether a step is out of proportion, as the DIVI-Intensivregister asks (2020).

    Below 10: more than 7 up or down. 10 to 19: above twice or below a quarter. From 20: above
    twice or below half.
    """
    if previous < 10:
        return abs(value - previous) > 7
    lowest = previous / 4 if previous < 20 else previous / 2
    return not lowest <= value <= 2 * previous


def sibling(key: Key, measure: str) -> Key:
    """The same place and kind of bed, another measure."""
    return (key[0], key[1], measure, key[3], key[4], *[""] * (len(key) - 5))


def doubt(told: Told, previous: float | None, beside: Mapping[Key, float]) -> Doubt | None:
    """The first thing to ask about a figure; `beside` is what is known of its place by now."""
    value = told.value
    if value is None:
        return None
    staffed = beside.get(sibling(told.key, "staffed"))
    if told.measure == "occupied" and staffed is not None and value > staffed:
        return Doubt(
            told,
            "more-occupied-than-staffed",
            f"{value:g} occupied of {staffed:g} staffed. Is a bed used that is not staffed?",
        )
    if MEASURES[told.measure].time == "flow" and told.quantity == "count":
        if staffed is not None and value > 2 * staffed + 10:
            return Doubt(
                told, "flow-out-of-proportion", f"{value:g} in one period, on {staffed:g} places."
            )
    elif told.stock and previous is not None and jumps(previous, value):
        return Doubt(told, "jump", f"{previous:g} became {value:g}.")
    return adds_up(told, beside)


def adds_up(told: Told, beside: Mapping[Key, float]) -> Doubt | None:
    """physical = staffed + closedPlaces, where all three are known."""
    if told.measure != "physical" or told.value is None:
        return None
    staffed = beside.get(sibling(told.key, "staffed"))
    closed = [v for k, v in beside.items() if k[2] == "closedPlaces" and same_kind(k, told.key)]
    if staffed is None or not closed or told.value == staffed + sum(closed):
        return None
    return Doubt(
        told,
        "does-not-add-up",
        f"{told.value:g} physical is not {staffed:g} staffed and {sum(closed):g} closed.",
    )


def same_kind(one: Key, other: Key) -> bool:
    return one[:2] == other[:2] and one[3:5] == other[3:5]
