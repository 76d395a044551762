"""From what a run stored to what one viewer is told of it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Literal

from app.access.disclosure import Disclosure, Shown
from app.access.scopes import Audience
from app.forecasts import calendar
from app.forecasts.explained import sentence, since
from app.forecasts.issue import STALE
from app.forecasts.runs import REGION, Kind, Moves, SubjectKind
from app.forecasts.schemas import (
    Adds,
    Amount,
    AnyTypeShort,
    Band,
    Change,
    Forecast,
    ForecastStep,
    Interval,
    MadeOf,
    Missing,
    NoPlace,
    Part,
    Past,
    PoolForecast,
    Reason,
    RunView,
    Skill,
    Source,
    TypeForecast,
    TypePaths,
    WeekAhead,
    Worst,
)
from app.forecasts.together import Ways, summed
from app.forecasts.topic import Topic
from app.observations.schemas import Coverage, FigureState

# Behind a total that is shown to those who may see totals only stand at least so many others,
# so that it is not the figure of one of them.
FEWEST_OTHERS = 2
# So many others stand behind months that a municipality or an insurer sees of what was occupied.
FEWEST_MONTHLY = 3
MONTHLY: frozenset[Audience] = frozenset({"municipality", "insurer"})
# Which rows of the sharing matrix open what was told before; of what was occupied and who was ready
# to leave.
PAST_OF: Mapping[str, Sequence[Shown]] = {
    "occupied": ("occupancy",),
    "medicallyReady": ("demand",),
}
ROWS: Sequence[Shown] = ("forecast", "occupancy", "demand")
FOREVER = datetime.max.replace(tzinfo=UTC)
Shows = Literal["all", "need", "nothing"]


@dataclass(frozen=True)
class Point:
    """One stored step."""

    at: datetime
    length_s: int
    quantiles: Sequence[float]
    supply: float | None
    p_short: float | None
    moves: Moves | None = None
    need: Sequence[float] = ()


@dataclass(frozen=True)
class Stored:
    """What a run holds of one subject and kind."""

    kind: Kind
    state: str
    detail: Mapping[str, Any]
    points: Sequence[Point]

    @property
    def members(self) -> Sequence[str]:
        return tuple(self.detail.get("members", ()))


def sees_all(disclosure: Disclosure, owners: Collection[int], age: timedelta) -> bool:
    """Whether every unit's own forecast is shown to this viewer, after its owner's delay."""
    return all(disclosure.sees(owner, "forecast", age) for owner in owners)


def sees_total(
    disclosure: Disclosure, kind: SubjectKind, owners: Collection[int], age: timedelta
) -> bool:
    """Whether the viewer may see the total of these owners' units.

    Who may see totals only sees those of care settings: they share no unit, so that none can be
    taken from another to leave one that is hidden. And at least two others stand behind one.
    """
    if sees_all(disclosure, owners, age):
        return True
    hidden = {owner for owner in owners if not disclosure.sees(owner, "forecast", age)}
    allowed = all(disclosure.detail(owner, "forecast") in ("exact", "total") for owner in hidden)
    return kind == "careSetting" and allowed and len(hidden) >= FEWEST_OTHERS


def sees_years(
    disclosure: Disclosure, kind: SubjectKind, owners: Collection[int], age: timedelta
) -> bool:
    """As any total; and where few stand behind one, by their consent: a rule of `years`."""
    hidden = [owner for owner in owners if not disclosure.sees(owner, "forecast", age)]
    agreed = all(disclosure.consents(owner, "years", age) for owner in hidden)
    return sees_total(disclosure, kind, owners, age) or (kind == "careSetting" and agreed)


def shows(disclosure: Disclosure, topic: Topic, owners: Collection[int], age: timedelta) -> Shows:
    """How much of one forecast is told; `owners` are those of the units behind it."""
    if topic.horizon != "years":
        return "all" if sees_total(disclosure, topic.subject_kind, owners, age) else "nothing"
    if disclosure.detail(REGION, "years") not in ("exact", "total"):
        return "nothing"
    # The need comes from tables that are open; what is staffed is the units' own.
    whole = owners and sees_years(disclosure, topic.subject_kind, owners, age)
    return "all" if whole else "need"


@dataclass(frozen=True)
class Asked:
    """Of quantiles at these probabilities: which intervals are told, with how many digits."""

    probabilities: Sequence[float]
    levels: Sequence[int]
    digits: int

    def tidy(self, value: float) -> float:
        return tidy(value, self.digits)

    @cached_property
    def middle(self) -> int:
        """At which place of the quantiles the median is."""
        return self.place(0.5)

    @cached_property
    def ends(self) -> Sequence[tuple[int, int, int]]:
        """Of each level at which places of the quantiles its interval ends."""
        return [(n, self.place(tail(n)), self.place(1 - tail(n))) for n in self.levels]

    def place(self, probability: float) -> int:
        return [round(p, 4) for p in self.probabilities].index(round(probability, 4))


def sees_past(
    disclosure: Disclosure, topic: Topic, owners: Collection[int], age: timedelta
) -> bool:
    """Whether the viewer may see what these owners' units told before.

    Who waits or is ready to leave are people, often few: for their owner and those who place them.
    """
    rows: Sequence[Shown] = PAST_OF.get(topic.measure, ("occupancy", "demand"))
    if "demand" in rows and not sees_few(disclosure, owners):
        return False
    return all(disclosure.sees(owner, row, age) for owner in owners for row in rows)


def sees_few(disclosure: Disclosure, owners: Collection[int]) -> bool:
    return disclosure.places_people or all(map(disclosure.owns, owners))


def sees_months(
    disclosure: Disclosure, topic: Topic, stored: Stored, owners: Collection[int], age: timedelta
) -> bool:
    """Whether a municipality or an insurer sees the months of a care setting (domain.md 6).

    At least three others stand behind the total, or all consent; a rule of an owner decides for it.
    A total that lacks a member could be held against one of another day that has it.
    """
    viewer = disclosure.viewer.audience
    if (topic.measure, topic.horizon, topic.subject_kind) != ("occupied", "months", "careSetting"):
        return False
    if viewer not in MONTHLY or stored.detail.get("missing"):
        return False
    hidden = {owner for owner in owners if not disclosure.sees(owner, "occupancy", age)}
    ruled = {owner for owner in hidden if disclosure.rule(owner, "occupancy") is not None}
    agreed = {owner for owner in ruled if disclosure.consents(owner, "occupancy", age)}
    return ruled == agreed and (hidden == agreed or len(hidden) >= FEWEST_MONTHLY)


def past(
    stored: Stored, disclosure: Disclosure, topic: Topic, owners: Collection[int], age: timedelta
) -> Past | None:
    """What the run looked back on; of who waited only for who may see that too."""
    kept, needed = stored.detail.get("past"), stored.detail.get("pastNeed")
    if kept is None:
        return None
    if not (
        sees_past(disclosure, topic, owners, age)
        or sees_months(disclosure, topic, stored, owners, age)
    ):
        return Past(state="suppressed")
    values, need = kept["values"], None
    waits_too = all(disclosure.sees(owner, "demand", age) for owner in owners)
    if needed and waits_too and sees_few(disclosure, owners):
        # Both end on the same day.
        unknown = [None] * max(len(values) - len(needed["values"]), 0)
        need = [*unknown, *needed["values"]][-len(values) :]
    return Past(state="known", first=kept["first"], values=values, need=need)


def told(stored: Stored, shown: Shows, asked: Asked, before: Past | None = None) -> TypeForecast:
    kind, detail = stored.kind, stored.detail
    resource, bed_type = kind.resource or None, kind.bed_type or None
    if shown == "nothing":
        return TypeForecast(
            resource=resource, bed_type=bed_type, state="suppressed", reason=WITHHELD
        )
    total = "members" in detail
    common = {
        "resource": resource,
        "bed_type": bed_type,
        "members": tuple(stored.members) if total else None,
        "missing": tuple(Missing(**each) for each in detail["missing"]) if total else None,
        "of": coverage(detail) if total else None,
    }
    if stored.state != "known":
        return TypeForecast(state="unknown", reason=Reason(**detail["reason"]), **common)
    open_supply: FigureState = "suppressed" if shown == "need" else "known"
    supply = open_supply if detail["supply"] == "known" else "notApplicable"
    points = open_points(stored) if shown == "need" else stored.points
    lacks = detail.get("shortfall") or [None] * len(points)
    steps = tuple(
        step(point, lack, asked, supply) for point, lack in zip(points, lacks, strict=True)
    )
    return TypeForecast(
        state="known",
        grade=detail["grade"],
        last_told=detail.get("lastTold"),
        skill=skill(detail["skill"]),
        served=detail.get("served"),
        served_because=detail.get("servedBecause") or None,
        asks=detail.get("asks"),
        explanation=explanation(detail),
        parts=tuple(
            Part(what=what, values=detail["parts"][what])
            for what in CAUSES
            if what in detail.get("parts", {})
        ),
        changed=change(detail.get("changed")),
        sources=tuple(Source(**each) for each in detail["sources"]),
        worst=worst(steps, detail["worst"]),
        past=before,
        weeks=tuple(week(each, asked, supply) for each in detail.get("weeks", ())),
        refusal_risk=risk(detail),
        made_of=made_of(detail),
        steps=steps,
        **common,
    )


def pool_past(stored: Stored, back: Mapping[Kind, Past | None]) -> Past | None:
    """Suppressed where that of any of its types is, as its forecast."""
    types = stored.detail.get("pool", {}).get("bedTypes", ())
    hidden = any(
        told is not None and told.state == "suppressed"
        for kind, told in back.items()
        if kind.bed_type in types
    )
    before = back[stored.kind]
    return Past(state="suppressed") if hidden and before is not None else before


def pool_told(
    stored: Stored, seen: Mapping[Kind, Shows], asked: Asked, before: Past | None
) -> PoolForecast:
    """Suppressed where any of its types is, since that type could be taken from it."""
    pool = stored.detail["pool"]
    parts = {shown for kind, shown in seen.items() if kind.bed_type in pool["bedTypes"]}
    whole = seen[stored.kind] == "all" and parts <= {"all"}
    found = told(stored, "all" if whole else "nothing", asked, before)
    return PoolForecast(
        **{**dict(found), "bed_type": None},
        substitution_pool=stored.kind.bed_type,
        name=pool["name"],
        bed_types=pool["bedTypes"],
    )


def open_points(stored: Stored) -> Sequence[Point]:
    """The need by the tables alone, which are open, where its level is what the units told."""
    tables = stored.detail.get("tables")
    if tables is None:
        return stored.points
    return [
        replace(point, quantiles=quantiles)
        for point, quantiles in zip(stored.points, tables, strict=True)
    ]


# In the order in which they are added up; the store keeps none.
CAUSES = ("level", "weekday", "specialDays", "season", "trend", "events")


def change(told: Mapping[str, Any] | None) -> Change | None:
    if told is None:
        return None
    by = tuple(Adds(what=what, value=told["by"][what]) for what in CAUSES if what in told["by"])
    return Change(since=told["since"], steps=told["steps"], median=told["median"], by=by)


def type_paths(stored: Stored, shown: Shows, ways: Sequence[Ways]) -> TypePaths:
    """The sum of the members' paths, or a unit's own; nothing unless all of them are kept."""
    of = {"resource": stored.kind.resource or None, "bed_type": stored.kind.bed_type or None}
    if shown != "all":
        return TypePaths(**of, state="suppressed", reason=WITHHELD)
    if stored.state != "known":
        return TypePaths(**of, state="unknown", reason=Reason(**stored.detail["reason"]))
    if not ways:
        return TypePaths(**of, state="unknown", reason=NOT_KEPT)
    both = summed(ways)
    days = both.days()
    return TypePaths(
        **of,
        state="known",
        days=tuple(days),
        paths=tuple(tuple(tidy(value, 3) for value in path) for path in both.paths.tolist()),
    )


def explanation(detail: Mapping[str, Any]) -> str | None:
    """Of a run that tells parts the sentence made from them; else what it said itself."""
    if "parts" not in detail:
        said: str | None = detail["explanation"]
        return said
    steps = "days" if "weeks" in detail else "months"
    said = sentence(detail["parts"], detail["served"], steps)
    return f"{said} {since(detail['changed'], steps)}" if detail.get("changed") else said


def week(told: Mapping[str, Any], asked: Asked, supply: FigureState) -> WeekAhead:
    return WeekAhead(
        day=told["from"],
        mean=band(told["mean"], asked),
        peak=band(told["peak"], asked),
        p_short=amount(told["pShort"], supply, 3),
    )


def risk(detail: Mapping[str, Any]) -> Amount | None:
    """Only the days tell it; not applicable where nobody is sent away."""
    if "refusalRisk" not in detail:
        return None
    return amount(detail["refusalRisk"], "known" if detail["refuses"] else "notApplicable", 3)


def made_of(detail: Mapping[str, Any]) -> MadeOf | None:
    if "arrivalsFrom" not in detail:
        return None
    return MadeOf(
        arrivals_from=detail["arrivalsFrom"],
        censored=detail.get("censored"),
        stay_from=detail.get("stayFrom"),
        mean_stay_days=detail.get("meanStayDays"),
        leaves_said=detail.get("leavesSaid"),
        comes_planned=detail.get("comesPlanned"),
        queue=detail.get("queue"),
        patience_hours=detail.get("patience"),
        waiting=detail.get("waiting"),
    )


WITHHELD = Reason(
    code="withheld",
    detail="The units behind this do not share it with you: not their own forecasts, nor a total "
    "from which one of them could be read. Totals are told per careSetting, of two others or more.",
)


NOT_KEPT = Reason(
    code="not-kept", detail="Paths are kept of the last two runs, and of this one there are none."
)


def coverage(detail: Mapping[str, Any]) -> Coverage:
    """Of a pool a unit may have told the one type and not the other: then it is not whole."""
    members, missing = set(detail["members"]), {each["unit"] for each in detail["missing"]}
    return Coverage(current=len(members - missing), total=len(members | missing))


def skill(told: Mapping[str, Any] | None) -> Skill | None:
    return None if told is None else Skill(**{SKILL.get(name, name): told[name] for name in told})


SKILL = {"relCrps": "rel_crps"}


def step(point: Point, shortfall: float | None, asked: Asked, supply: FigureState) -> ForecastStep:
    known = len(point.quantiles) == len(asked.probabilities)
    quantiles = point.quantiles if known else None
    told = band(quantiles, asked)
    needed = point.need or quantiles
    return ForecastStep(
        state=told.state,
        median=told.median,
        intervals=told.intervals,
        day=calendar.local_day(point.at),
        at=point.at,
        until=point.at + timedelta(seconds=point.length_s),
        supply=amount(point.supply, supply),
        need=band(point.need, asked) if point.need else told,
        gap=gap(needed, point.supply, asked, supply),
        p_short=amount(point.p_short, supply, 3),
        shortfall=amount(shortfall, supply, 3),
        **moved(point.moves, asked, supply),
    )


def moved(moves: Moves | None, asked: Asked, supply: FigureState) -> dict[str, Any]:
    """What only the days tell of a step; nothing of another horizon."""
    if moves is None:
        return {}
    bands = {"arrivals": moves.arrivals, "departures": moves.departures, "net": moves.net}
    # Of a post or a team nobody leaves, and no place is taken.
    places: FigureState = supply if moves.net else "notApplicable"
    return {
        **{
            name: band(told, asked) if told else Band(state="notApplicable")
            for name, told in bands.items()
        },
        "at_least_90": amount(moves.at_least_90, places, 0),
        "at_least_70": amount(moves.at_least_70, places, 0),
        "no_place": tuple(
            NoPlace(at=each.at, **amount(each.chance, places, 3).model_dump())
            for each in moves.no_place
        ),
    }


def band(quantiles: Sequence[float] | None, asked: Asked) -> Band:
    if quantiles is None:
        return Band(state="unknown")
    told = quantiles
    return band_of(asked, lambda place: asked.tidy(told[place]))


def gap(
    quantiles: Sequence[float] | None, supply: float | None, asked: Asked, state: FigureState
) -> Band:
    """The quantiles of supply less need: those of the need the other way round."""
    if state != "known":
        return Band(state=state)
    if quantiles is None or supply is None:
        return Band(state="unknown")
    needed, there = quantiles, supply
    return band_of(asked, lambda place: asked.tidy(there - asked.tidy(needed[-1 - place])))


def band_of(asked: Asked, at: Callable[[int], float]) -> Band:
    """By the value at each place of the quantiles: of those that are told alone."""
    intervals = [
        Interval(level=level, low=at(low), high=at(high)) for level, low, high in asked.ends
    ]
    return Band(state="known", median=at(asked.middle), intervals=tuple(intervals))


def tail(level: int) -> float:
    """The probability below a central interval of `level` percent."""
    return round((1 - level / 100) / 2, 4)


def told_levels(probabilities: Sequence[float]) -> list[int]:
    """The central intervals that these probabilities hold, in percent."""
    lower = [p for p in probabilities if p < 0.5]
    return sorted(round(100 * (1 - 2 * p)) for p in lower)


def amount(value: float | None, state: FigureState, digits: int = 1) -> Amount:
    if state != "known":
        return Amount(value=None, state=state)
    if value is None:
        return Amount(value=None, state="unknown")
    return Amount(value=tidy(value, digits), state="known")


EXACT = 15


def tidy(value: float, digits: int = 1) -> float:
    """Rounded, and never a zero below zero."""
    return round(value, digits) + 0.0


def worst(steps: Sequence[ForecastStep], at: str | None) -> Worst | None:
    """The step that the run named as the worst, where its gap is shown."""
    moment = None if at is None else datetime.fromisoformat(at)
    for each in steps:
        if each.at == moment and each.p_short.value is not None:
            return Worst(at=each.at, p_short=each.p_short.value, gap=each.gap.median)
    return None


def any_type_short(
    types: Sequence[TypeForecast], stored: Sequence[Stored], asked: Asked
) -> tuple[AnyTypeShort, ...] | None:
    """Whether any bed type is short, step by step; None unless it is known of every type.

    The run has it from paths that go together over the types. Where it has not, the truth lies
    between the greatest of the chances and their sum (Frechet 1935). A chance at the edge of what
    is forecast is itself a bound.
    """
    columns = [each.steps for each in types]
    if not all(columns) or len({tuple(s.at for s in steps) for steps in columns}) != 1:
        return None
    together = stored[0].detail.get("anyShort") or [None] * len(columns[0])
    found = []
    for row, known in zip(zip(*columns, strict=True), together, strict=True):
        chances = [each.p_short.value for each in row if each.p_short.value is not None]
        if len(chances) < len(row):
            return None
        found.append(either(row[0].at, chances, known, min(asked.probabilities)))
    return tuple(found) or None


def either(
    at: datetime, chances: Sequence[float], known: float | None, edge: float
) -> AnyTypeShort:
    least = max(0.0 if p <= edge else p for p in chances)
    most = round(min(1.0, sum(1.0 if p >= 1 - edge else p for p in chances)), 3)
    value = chances[0] if len(chances) == 1 else known
    if len(chances) > 1 and known is not None:
        # So many paths tell a chance to a few thousandths.
        value = min(max(known, least), most)
    return AnyTypeShort(at=at, value=value, at_least=least, at_most=most)


@dataclass(frozen=True)
class As:
    """The moment that an answer is of. `known_at` if one was asked for; sharing last changed."""

    moment: datetime
    known_at: datetime | None
    rules_changed_at: datetime


def forecast(
    topic: Topic,
    run: RunView,
    probabilities: Sequence[float],
    types: Sequence[Stored],
    pools: Sequence[Stored],
    owners: Mapping[str, int],
    disclosure: Disclosure,
    as_of: As,
) -> tuple[Forecast, datetime]:
    """What one viewer is told of a run, and until when that stands if nothing is added.

    `owners` gives the organisation of each unit behind it.
    """
    age = as_of.moment - run.issued_at
    said = Asked(probabilities, topic.levels, EXACT if topic.exact else 1)
    both = (*types, *pools)
    whose = {each.kind: {owners[unit] for unit in each.members or owners} for each in both}
    seen = {each.kind: shows(disclosure, topic, whose[each.kind], age) for each in both}
    back = {each.kind: past(each, disclosure, topic, whose[each.kind], age) for each in both}
    found = [told(each, seen[each.kind], said, back[each.kind]) for each in types]
    turns = set(turning_points(disclosure, topic, set(owners.values()), run))
    passed = {turn for turn in turns if turn <= as_of.moment}
    since = max({run.known_at, as_of.rules_changed_at} | passed)
    old = ages_at(run) in passed or any(each.grade == "stale" for each in found)
    totals = topic.subject_kind != "unit"
    answer = Forecast(
        **topic.told(),
        state=state_of(found),
        reason=None if found else NOT_IN_RUN,
        known_at=as_of.known_at or since,
        grade=("stale" if old else "fresh") if state_of(found) == "known" else None,
        run=run,
        any_type_short=any_type_short(found, types, said) if totals else None,
        forecasts=tuple(found),
        substitution_pools=tuple(
            pool_told(each, seen, said, pool_past(each, back)) for each in pools
        ),
    )
    return answer, min(turns - passed, default=FOREVER)


NOT_IN_RUN = Reason(
    code="not-in-run",
    detail="This run says nothing of it: the unit, group or measure was not known when it was "
    "issued, or is not forecast over this horizon. Years are told per careSetting.",
)


def no_run(topic: Topic) -> Forecast:
    reason = Reason(code="no-run", detail="No run of this horizon was issued by then.")
    return Forecast(**topic.told(), state="unknown", reason=reason, known_at=None)


def state_of(types: Sequence[TypeForecast]) -> FigureState:
    """Known if anything is; withheld if that is all there is."""
    states = {each.state for each in types}
    return "known" if "known" in states else "suppressed" if "suppressed" in states else "unknown"


def turning_points(
    disclosure: Disclosure, topic: Topic, owners: Collection[int], run: RunView
) -> Iterator[datetime]:
    """The moments at which an answer about one run changes by itself: it ages, a delay ends."""
    if topic.horizon != "years":
        yield ages_at(run)
    for owner in owners:
        for row in ROWS:
            if delay := disclosure.delay(owner, row):
                yield run.issued_at + delay


def ages_at(run: RunView) -> datetime:
    """When its figures are too old; a run for a past moment knew none from after it."""
    return min(run.issued_at, run.data_cut) + STALE
