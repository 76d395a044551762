"""The region at a moment: every unit with its places and level, and totals that count each once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from app.facilities.hours import LOCAL, admits_at, entrances_at, missed, open_time
from app.facilities.schemas import UnitFacts
from app.observations.freshness import freshness
from app.observations.notices.known import StatusKnown, StopKnown
from app.observations.schemas import Freshness
from app.overview.places import (
    OFFERED,
    PLACES,
    UNTOLD,
    Allowed,
    Cells,
    Line,
    Part,
    Told,
    allowed,
    lines,
    resolved,
    summed,
)
from app.overview.pools import (
    Demand,
    Flow,
    PoolKey,
    calls,
    counted,
    demand,
    is_small,
    pooled,
)
from app.signals.levels import (
    Calls,
    Level,
    LevelRules,
    PlacesRule,
    crowding_level,
    differ,
    nedocs,
    phone_level,
    places_level,
    together,
)

AT_HOME = frozenset({"home-care", "acute-home-nursing"})
HOSPITAL_BEDS = "hospital-ward"
CONTACTS = (
    *("calls", "answered", "answeredWithin120s", "answeredOver600s"),
    *("urgentAnswered", "urgentWithin30s", "longestWaitSeconds"),
)


# Unit, resource and bed type.
DemandKey = tuple[str, str, str]


@dataclass(frozen=True)
class Unit:
    unit: str
    org_id: int
    organisation: str
    facts: UnitFacts


@dataclass(frozen=True)
class Snapshot:
    """All that was known of the region at `as_of`."""

    as_of: datetime
    units: Sequence[Unit]
    told: Mapping[str, Sequence[Told]]
    flows: Mapping[str, Sequence[Flow]]
    said: Mapping[str, StatusKnown]
    stops: Mapping[str, Sequence[StopKnown]]
    rules: LevelRules


@dataclass(frozen=True)
class Risk:
    """The chance that the next request finds no place, and whether a unit or its pool is meant.

    `owners` are those whose figures are in it, `members` how many lines of `of` could be used.
    It does not apply where nobody is sent away: in a SEH people wait, and NEDOCS says how long.
    """

    value: float | None
    basis: Literal["unit", "pool"]
    owners: frozenset[int]
    members: int
    of: int
    applies: bool = True


NO_RISK = Risk(None, "unit", frozenset(), 0, 0, applies=False)


@dataclass(frozen=True)
class LineNow:
    unit: "UnitNow"
    line: Line
    level: Level
    risk: Risk

    @property
    def pool(self) -> PoolKey:
        return pool_key(self.unit.unit, self.line)


@dataclass(frozen=True)
class Reachability:
    """How a huisartsenpost answered its phone over the last hours."""

    calls: Calls
    longest_wait_seconds: float | None
    until: datetime | None


@dataclass(frozen=True)
class Crowding:
    """NEDOCS with what went into it; unknown if one of its inputs is."""

    score: float | None
    at: datetime | None
    inputs: Mapping[str, Part]
    hospital_beds: float | None


@dataclass
class UnitNow:
    """A unit as the snapshot shows it. `offered` is the freshness of what search may offer."""

    unit: Unit
    cells: Cells
    allowed: Allowed
    said: StatusKnown | None
    stops: Sequence[StopKnown]
    observed_at: datetime | None
    freshness: Freshness
    offered: Freshness
    places: Sequence[Line]
    flows: Sequence[Flow]
    level: Level = "onbekend"
    differs: bool = False
    lines: Sequence[LineNow] = ()
    reachability: Reachability | None = None
    crowding: Crowding | None = None

    @property
    def care_setting(self) -> str:
        return self.unit.facts.care_setting

    def freshness_of(self, part: Part) -> Freshness:
        return self.freshness if part.at is not None else "unknown"


def region(snapshot: Snapshot) -> list[UnitNow]:
    """Every unit, judged among all the others: small ones are judged on their pool."""
    found = [unit_now(unit, snapshot) for unit in snapshot.units]
    demands = demands_of(found, snapshot.rules)
    pools = pools_of(found, demands)
    beds = hospital_beds(found)
    for now in found:
        judge(now, demands, pools, beds, snapshot.rules)
    return found


def unit_now(unit: Unit, snapshot: Snapshot) -> UnitNow:
    facts, as_of = unit.facts, snapshot.as_of
    told = snapshot.told.get(unit.unit, ())
    cells = resolved(told, as_of, lambda at: grades(facts, at, as_of)[1] == "stale")
    said, stops = snapshot.said.get(unit.unit), snapshot.stops.get(unit.unit, ())
    now_allowed = allowed(
        entrances=entrances_at(facts.opening_hours, as_of),
        admits=admits_at(facts.admission_hours, as_of),
        status=said.status if said else None,
        stops=stops,
    )
    flows = snapshot.flows.get(unit.unit, ())
    last = last_told(cells, flows)
    fresh, offered = grades(facts, last, as_of)
    return UnitNow(
        unit=unit,
        cells=cells,
        allowed=now_allowed,
        said=said,
        stops=stops,
        observed_at=last,
        freshness=fresh,
        offered=offered,
        places=lines(facts, cells, now_allowed),
        flows=flows,
    )


def last_told(cells: Cells, flows: Sequence[Flow]) -> datetime | None:
    """When the unit last told its places; who has none, anything at all."""
    places = [told.at for m in (*PLACES, *OFFERED.values()) for told in cells.get(m, ())]
    if places:
        return max(places)
    others = [told.at for found in cells.values() for told in found]
    ends = [flow.until for flow in flows if flow.measure in CONTACTS and flow.seconds > 0]
    return max([*others, *ends], default=None)


def grades(facts: UnitFacts, at: datetime | None, as_of: datetime) -> tuple[Freshness, Freshness]:
    """How fresh a unit's figures are, and how fresh what search may offer of them."""
    if at is None:
        return "unknown", "unknown"
    gone_by = missed(facts.reporting, facts.opening_hours, at, as_of)
    age = open_time(facts.opening_hours, at, as_of)
    hour = as_of.astimezone(LOCAL).hour
    return freshness(gone_by, age, hour), freshness(gone_by, age, hour, offered=True)


def rule_of(unit: Unit, rules: LevelRules) -> PlacesRule:
    return rules.home_care if unit.facts.care_setting in AT_HOME else rules.beds


def pool_key(unit: Unit, line: Line) -> PoolKey:
    return unit.facts.care_setting, line.resource, line.bed_type


def demands_of(found: Iterable[UnitNow], rules: LevelRules) -> dict[DemandKey, Demand]:
    return {
        (now.unit.unit, line.resource, line.bed_type): told
        for now in found
        for line in now.places
        if (told := line_demand(now, line, rules)) is not None
    }


def line_demand(now: UnitNow, line: Line, rules: LevelRules) -> Demand | None:
    """None also for a stale line: a chance must not rest on what nobody confirms."""
    if now.offered == "stale":
        return None
    facts = now.unit.facts
    rule = rule_of(now.unit, rules)
    alone = sum(each.resource == line.resource for each in now.places) == 1
    return demand(line, now.allowed, now.flows, rule, facts.planned_term_days, alone)


@dataclass(frozen=True)
class Pool:
    demand: Demand | None
    owners: frozenset[int]
    members: int
    of: int


def pools_of(found: Sequence[UnitNow], demands: Mapping[DemandKey, Demand]) -> dict[PoolKey, Pool]:
    members: dict[PoolKey, list[tuple[int, Demand | None]]] = {}
    for now in found:
        for line in now.places:
            told = demands.get((now.unit.unit, line.resource, line.bed_type))
            members.setdefault(pool_key(now.unit, line), []).append((now.unit.org_id, told))
    return {
        key: Pool(
            demand=pooled([told for _, told in parts if told is not None]),
            owners=frozenset(owner for owner, told in parts if told is not None),
            members=sum(told is not None for _, told in parts),
            of=len(parts),
        )
        for key, parts in members.items()
    }


def judge(
    now: UnitNow,
    demands: Mapping[DemandKey, Demand],
    pools: Mapping[PoolKey, Pool],
    beds: Mapping[int, float | None],
    rules: LevelRules,
) -> None:
    rule = rule_of(now.unit, rules)
    now.lines = [line_now(now, line, demands, pools, rule) for line in now.places]
    closed, stale = now.allowed.closed, now.offered == "stale"
    of_lines = together(each.level for each in now.lines) if now.lines else "onbekend"
    if closed:
        of_lines = "gesloten"
    # What the figures alone would say, beside what the unit says of itself.
    of_figures = together(
        places_level(
            rule,
            closed=False,
            stale=stale,
            admittable=each.line.free.value
            if each.line.free.at
            else each.line.told_admittable.value,
            no_place=each.risk.value,
        )
        for each in now.lines
    )
    now.level = of_lines
    if now.care_setting == "huisartsenpost":
        now.reachability = reachability(now)
        now.level = phone_level(
            rules.huisartsenpost, now.reachability.calls, closed=closed, stale=stale
        )
        of_figures = phone_level(
            rules.huisartsenpost, now.reachability.calls, closed=False, stale=stale
        )
    if now.care_setting == "seh":
        now.crowding = crowding(now, beds.get(now.unit.org_id))
        now.level = crowding_level(rules.seh, now.crowding.score, of_lines)
        now.lines = [replace(each, level=now.level, risk=NO_RISK) for each in now.lines]
        of_figures = crowding_level(rules.seh, now.crowding.score, of_figures)
    now.differs = differ(now.said.status if now.said else None, of_figures)


def line_now(
    now: UnitNow,
    line: Line,
    demands: Mapping[DemandKey, Demand],
    pools: Mapping[PoolKey, Pool],
    rule: PlacesRule,
) -> LineNow:
    own = demands.get((now.unit.unit, line.resource, line.bed_type))
    pool = pools[pool_key(now.unit, line)]
    if is_small(line, own, rule):
        risk = risk_of(pool, rule)
    else:
        value = own.no_place(rule.hours) if own else None
        risk = Risk(value, "unit", frozenset({now.unit.org_id}), int(own is not None), 1)
    level = places_level(
        rule,
        closed=now.allowed.closed,
        stale=now.offered == "stale",
        admittable=line.admittable.value,
        no_place=risk.value,
    )
    return LineNow(now, line, level, risk)


def risk_of(pool: Pool, rule: PlacesRule) -> Risk:
    value = pool.demand.no_place(rule.hours) if pool.demand else None
    return Risk(value, "pool", pool.owners, pool.members, pool.of)


def reachability(now: UnitNow) -> Reachability:
    longest = counted(now.flows, "longestWaitSeconds", None)
    ends = [flow.until for flow in now.flows if flow.measure in CONTACTS and flow.seconds > 0]
    return Reachability(
        calls=calls(now.flows),
        longest_wait_seconds=longest.greatest if longest and longest.seconds > 0 else None,
        until=max(ends, default=None),
    )


def hospital_beds(found: Iterable[UnitNow]) -> dict[int, float | None]:
    """Beds of each organisation's wards, for NEDOCS; unknown if one ward's are."""
    beds: dict[int, float | None] = {}
    for now in found:
        if now.care_setting != HOSPITAL_BEDS:
            continue
        for line in now.places:
            there = line.physical if line.physical.value is not None else line.staffed
            so_far = beds.get(now.unit.org_id, 0.0)
            known = there.value is not None and so_far is not None
            beds[now.unit.org_id] = so_far + there.value if known else None  # type: ignore[operator]
    return beds


def crowding(now: UnitNow, beds: float | None) -> Crowding:
    places = next((line for line in now.places if line.resource == "treatment-space"), None)
    inputs = {
        "present": summed(now.cells.get("present", ())),
        "places": places.staffed if places else UNTOLD,
        "boarders": summed(now.cells.get("boarders", ())),
        "ventilated": summed(now.cells.get("ventilated", ())),
        "longestBoardingMinutes": summed(now.cells.get("longestBoardingMinutes", ())),
        "lastDoorToBedMinutes": summed(now.cells.get("lastDoorToBedMinutes", ())),
    }
    values = [part.value for part in inputs.values()]
    known = [value for value in values if value is not None]
    moments = [part.at for name, part in inputs.items() if part.at and name != "places"]
    score = None
    if len(known) == len(values) and beds and known[1] > 0:
        present, spaces, boarders, ventilated, boarding, to_bed = known
        score = nedocs(
            patients=present,
            places=spaces,
            boarders=boarders,
            hospital_beds=beds,
            ventilated=ventilated,
            longest_boarding_hours=boarding / 60,
            last_door_to_bed_hours=to_bed / 60,
        )
    return Crowding(score, min(moments, default=None), inputs, beds)


@dataclass(frozen=True)
class Total:
    """The places of one care setting, resource and bed type; unlike kinds are never added up.

    `usable` are lines of other types of the same setting that can be this one: counted there,
    shown here as "of".
    """

    care_setting: str
    resource: str
    bed_type: str
    lines: Sequence[LineNow]
    usable: Sequence[LineNow]
    risk: Risk
    level: Level


def totals(found: Sequence[UnitNow], rules: LevelRules) -> list[Total]:
    """Over `found`, each unit once however often it is listed; risks over those in it."""
    once = list({now.unit.unit: now for now in found}.values())
    by_kind: dict[PoolKey, list[LineNow]] = {}
    usable: dict[PoolKey, list[LineNow]] = {}
    for now in once:
        for each in now.lines:
            by_kind.setdefault(each.pool, []).append(each)
            for other in each.line.usable_as:
                if other != each.line.bed_type:
                    key = (now.care_setting, each.line.resource, other)
                    usable.setdefault(key, []).append(each)
    pools = pools_of(once, demands_of(once, rules))
    return [
        total(key, by_kind.get(key, []), usable.get(key, []), pools.get(key), rules)
        for key in sorted({*by_kind, *usable})
    ]


def total(
    key: PoolKey,
    members: Sequence[LineNow],
    usable: Sequence[LineNow],
    pool: Pool | None,
    rules: LevelRules,
) -> Total:
    care_setting, resource, bed_type = key
    rule = rules.home_care if care_setting in AT_HOME else rules.beds
    risk = risk_of(pool, rule) if pool else Risk(None, "pool", frozenset(), 0, 0)
    if care_setting == "seh":
        risk = NO_RISK
    return Total(
        care_setting=care_setting,
        resource=resource,
        bed_type=bed_type,
        lines=members,
        usable=usable,
        risk=risk,
        # An SEH is judged as a whole, by how crowded it is and not by its places alone.
        level=together(each.level for each in members)
        if care_setting == "seh"
        else total_level(members, risk, rule),
    )


def total_level(members: Sequence[LineNow], risk: Risk, rule: PlacesRule) -> Level:
    """vol only if every open part is known to have nothing; oud only if no part is current."""
    levels = {each.level for each in members}
    if levels <= {"gesloten"}:
        return "gesloten" if levels else "onbekend"
    current = [each for each in members if each.level not in ("gesloten", "oud")]
    if not current:
        return "oud"
    known = [value for each in current if (value := each.line.admittable.value) is not None]
    some = sum(known)
    if some == 0:
        everything = len(known) == sum(each.level != "gesloten" for each in members)
        return "vol" if everything else "onbekend"
    return places_level(rule, closed=False, stale=False, admittable=some, no_place=risk.value)
