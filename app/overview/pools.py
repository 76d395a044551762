"""How likely the next request finds no place: of one line of places, or of the pool it is in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.overview.places import PRECEDENCE, Allowed, Line, takes
from app.signals.levels import Calls, PlacesRule
from app.signals.refusal import no_place

DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Flow:
    """What one source told of a flow or plan, added up over the stretch that was asked for.

    `seconds` of it were told; `greatest` is the largest single figure, `until` the last end.
    """

    measure: str
    resource: str
    bed_type: str
    split: bool
    source_kind: str
    amount: float
    seconds: float
    greatest: float
    until: datetime


def counted(flows: Iterable[Flow], measure: str, bed_types: frozenset[str] | None) -> Flow | None:
    """The flow that holds: of the source, and the way to tell, that says most of the stretch."""
    ways: dict[tuple[str, str, bool], list[Flow]] = {}
    for flow in flows:
        if flow.measure == measure and (bed_types is None or flow.bed_type in bed_types):
            # A pool of all bed types adds them up; otherwise typed and untyped are two ways.
            typed = "" if bed_types is None else flow.bed_type
            ways.setdefault((flow.source_kind, typed, flow.split), []).append(flow)
    added = [add_up(way) for way in ways.values()]
    return max(
        added,
        key=lambda f: (f.seconds, -PRECEDENCE.index(f.source_kind), not f.split, f.bed_type),
        default=None,
    )


def add_up(way: Sequence[Flow]) -> Flow:
    first = way[0]
    return Flow(
        measure=first.measure,
        resource=first.resource,
        bed_type=first.bed_type,
        split=first.split,
        source_kind=first.source_kind,
        amount=sum(flow.amount for flow in way),
        seconds=max(flow.seconds for flow in way),
        greatest=max(flow.greatest for flow in way),
        until=max(flow.until for flow in way),
    )


def calls(flows: Sequence[Flow]) -> Calls:
    """What a huisartsenpost counted; a measure that was told for no second is not told."""

    def amount(measure: str) -> float | None:
        flow = counted(flows, measure, None)
        return flow.amount if flow is not None and flow.seconds > 0 else None

    return Calls(
        calls=amount("calls"),
        answered=amount("answered"),
        within_120s=amount("answeredWithin120s"),
        over_600s=amount("answeredOver600s"),
        urgent=amount("urgentAnswered"),
        urgent_within_30s=amount("urgentWithin30s"),
    )


@dataclass(frozen=True, slots=True)
class Demand:
    """What meets a line of places in the coming day, beside what it can take."""

    taken: int
    takes: int
    requests_per_day: float
    departures_per_day: float

    def no_place(self, hours: float) -> float | None:
        # Rates to four digits: the same risk, and a few thousand cases to remember.
        return no_place(
            self.taken,
            self.takes,
            float(f"{self.requests_per_day:.4g}"),
            float(f"{self.departures_per_day:.4g}"),
            hours,
        )


def demand(
    line: Line,
    allowed: Allowed,
    flows: Sequence[Flow],
    rule: PlacesRule,
    planned_term_days: int | None,
    only_line: bool,
) -> Demand | None:
    """None if the places are unknown or too few requests were ever told: nothing is invented.

    Departures are those expected by the unit over the coming day, if it told them; otherwise each
    who is there leaves at the planned term, or at the prior of the rule.
    """
    can_take, taken = takes(line, allowed), occupancy(line)
    types = frozenset({line.bed_type, ""}) if only_line else frozenset({line.bed_type})
    requests = counted(flows, "requests", types)
    if can_take is None or taken is None or requests is None:
        return None
    if requests.seconds < rule.request_days_told * DAY_SECONDS:
        return None
    stay_days = planned_term_days or rule.stay_days
    expected = counted(flows, "expectedDischarges", types)
    # Half of the coming day at least: a plan that ends at midnight says little at 23:00.
    if expected is not None and expected.seconds >= DAY_SECONDS / 2:
        leaving = expected.amount * DAY_SECONDS / expected.seconds
    else:
        leaving = taken / stay_days
    return Demand(
        taken=int(taken),
        takes=int(can_take),
        requests_per_day=requests.amount * DAY_SECONDS / requests.seconds,
        departures_per_day=leaving if taken else 0.0,
    )


def occupancy(line: Line) -> float | None:
    """Taken now: occupied and promised. Starts of care have nobody in them yet."""
    if not line.counted:
        return 0.0
    if line.occupied.value is None:
        return None
    if line.reserved.at is not None and line.reserved.value is None:
        return None
    return line.occupied.value + (line.reserved.value or 0.0)


def pooled(demands: Sequence[Demand]) -> Demand | None:
    """The places of one care setting and bed type as if they were one: a request may go to any."""
    if not demands:
        return None
    return Demand(
        taken=sum(each.taken for each in demands),
        takes=sum(each.takes for each in demands),
        requests_per_day=sum(each.requests_per_day for each in demands),
        departures_per_day=sum(each.departures_per_day for each in demands),
    )


def is_small(line: Line, own: Demand | None, rule: PlacesRule) -> bool:
    """Whether a line has so few places that it is judged on its pool."""
    if line.staffed.value is not None:
        return line.staffed.value < rule.small_below
    return own is not None and own.taken + own.takes < rule.small_below


PoolKey = tuple[str, str, str]
Pools = Mapping[PoolKey, Demand]
