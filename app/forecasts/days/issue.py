"""What a run says of the next three days: of each unit by step, and of totals, from one set of
paths."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, cached_property, partial, reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.forecasts import calendar
from app.forecasts.baseline import QUANTILES
from app.forecasts.days.arrivals import Past
from app.forecasts.days.hours import (
    HOUR,
    hour_steps,
    hours_between,
    lengths,
    moment,
    seconds,
    shift_steps,
    starts_between,
)
from app.forecasts.days.known import ASKED, OF_A_POST, ROSTERED, Known, Offering
from app.forecasts.days.paths import PATHS, Paths
from app.forecasts.days.room import SHARES, Seekers
from app.forecasts.days.rule import Patience, PerHead
from app.forecasts.days.unit import (
    NOTHING,
    REFUSES_NOBODY,
    SEED,
    Learnt,
    Unclear,
    asked_paths,
    bounds_of,
    learnt,
    past_of,
    promised_of,
    supply_of,
    unit_paths,
)
from app.forecasts.issue import STALE
from app.forecasts.runs import REGION, Issued, Kind, Moves, NoPlace, Run, Step, SubjectKind
from app.forecasts.subjects import POOLED, as_declared, stands_in
from app.wire import instant

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
MODEL = "sample-paths 2"
HOURS = timedelta(hours=72)
A_DAY = timedelta(hours=24)
OCCUPIED = "occupied"
EXPLANATION = (
    "Who comes by the hour of the week and the last weeks; who leaves by how people stay and by "
    "who is said to leave; {}. All figures are read from the same 500 paths."
)
FINDS_NONE = {
    "none": "nobody is refused, since the places are unknown",
    "erlang-a": "who finds no place waits for one, and goes elsewhere when patience ends",
    "erlang-b": "who finds no place goes elsewhere at once",
    "erlang-c": "who finds no place waits for one",
    "sum": "who finds no place waits or goes elsewhere, as at each of the members",
}
ASKED_EXPLANATION = (
    "How many ask by the hour of the week and the last weeks. All figures are read from the same "
    "500 paths."
)


@dataclass(frozen=True, eq=False)
class Ahead:
    """The bounds of all stretches of a run, from the moment of issue on, and its set hours."""

    at: datetime
    bounds: Whole
    set_hours: Sequence[int]

    @cached_property
    def moments(self) -> list[datetime]:
        return [moment(each) for each in self.bounds.tolist()]

    def places(self, steps: Sequence[datetime]) -> list[int]:
        """At which bound each of these moments stands."""
        found: list[int] = np.searchsorted(self.bounds, [seconds(each) for each in steps]).tolist()
        return found

    def within(self, start: datetime, end: datetime) -> Iterator[int]:
        """The set hours in [start, end), as bounds."""
        for each in self.set_hours:
            if start <= self.moments[each] < end:
                yield each


@dataclass(frozen=True, eq=False)
class Subject:
    """Paths of one kind of a unit, or their sum over units, with the steps that are told of it.

    `paths` of places, or `asked` int64[paths, c] of what is asked. `supply` float64[c + 1] at
    each bound (of what is asked: what can be done in the hour that begins there), NaN unknown;
    `promised` places that are kept free for others, NaN if that was told to be unknown. `apart`
    int64[steps, shares] is what its members need each on its own; None: it is one unit.
    """

    kind: Kind
    steps: Sequence[datetime]
    paths: Paths | None
    asked: Whole | None
    supply: Floats
    promised: float
    refuses: bool
    counted_at: int | None
    detail: Mapping[str, Any] = field(default_factory=dict)
    apart: Whole | None = None

    @property
    def seekers(self) -> Seekers | None:
        """Of places from which people are sent away when they are full."""
        return self.paths.seekers if self.paths is not None and self.refuses else None

    @cached_property
    def free(self) -> Floats:
        """Places for who asks at each bound, float64[paths, c + 1]: none that is still promised."""
        assert self.paths is not None
        kept = np.cumsum(self.paths.promised, axis=1)
        promised = self.promised - np.concatenate([np.zeros((len(kept), 1)), kept], axis=1)
        return self.supply - promised - self.paths.there


def run(known: Known, data_cut: datetime) -> Run:
    """Every unit and kind, then the totals of groups and care settings over the same paths."""
    return Run("days", known.at, data_cut, MODEL, SEED, QUANTILES, list(issued(known)))


def issued(known: Known) -> Iterator[Issued]:
    """Paths are added to their totals as they come, and those of a unit let go."""
    past = past_of(known)
    steps = {unit: steps_of(known, offering) for unit, offering in known.offerings.items()}
    ahead = ahead_of(known, [each[-1] for each in steps.values()])
    of_unit = views(known)
    unlike = of_unlike_steps(of_unit, steps)
    totals: dict[tuple[SubjectKind, str, Kind], Total] = {}
    for unit, offering in sorted(known.offerings.items()):
        learn = cache(partial(learnt, known, offering, past))
        for kind in kinds(known, offering):
            subject: Subject | Unclear
            try:
                subject = subject_of(known, offering, kind, past, learn, ahead, steps[unit])
            except Unclear as why:
                subject = why
            alone = alone_of(subject, ahead, unit in unlike)
            yield told(offering.org_id, "unit", unit, kind, subject, known, ahead)
            in_pool = any(stands_in(pool, kind) for pool in known.pools.values())
            for subject_kind, name in (*of_unit[unit], *((("unit", unit),) if in_pool else ())):
                totals.setdefault((subject_kind, name, kind), Total()).add(unit, subject, alone)
    yield from pools_told(known, totals, ahead)
    for (subject_kind, name, kind), total in sorted(totals.items()):
        if subject_kind == "unit":
            continue
        whole = total.whole(ahead)
        yield told(REGION, subject_kind, name, kind, whole, known, ahead, total.detail)


def pools_told(
    known: Known, totals: Mapping[tuple[SubjectKind, str, Kind], "Total"], ahead: Ahead
) -> Iterator[Issued]:
    """Each substitution pool of which a unit or a view has two bed types or more."""
    of_subject: dict[tuple[SubjectKind, str], dict[Kind, Total]] = {}
    for (subject_kind, name, kind), total in sorted(totals.items()):
        of_subject.setdefault((subject_kind, name), {})[kind] = total
    for (subject_kind, name), types in of_subject.items():
        org_id = known.offerings[name].org_id if subject_kind == "unit" else REGION
        for slug, pool in sorted(known.pools.items()):
            parts = {kind: total for kind, total in types.items() if stands_in(pool, kind)}
            if len(parts) < 2:
                continue
            subject, declared = pooled(parts, ahead), as_declared(pool)
            if isinstance(subject, Subject):
                sources = [*subject.detail["sources"], *declared["sources"]]
                subject = replace(subject, detail={**subject.detail, "sources": sources})
            of = {**members_of(parts.values()), "pool": declared["pool"]}
            kind = Kind(POOLED, "bed", slug)
            yield told(org_id, subject_kind, name, kind, subject, known, ahead, of)


def pooled(parts: Mapping[Kind, "Total"], ahead: Ahead) -> Subject | Unclear:
    """The types of a pool as one, path by path; `apart` is what each type needs on its own."""
    unsaid = [kind.bed_type for kind, part in parts.items() if part.sum is None]
    if unsaid:
        types = ", ".join(unsaid)
        return Unclear(
            "part-unknown", f"A pool is told with all its bed types; unknown is {types}."
        )
    sums = [part.sum for part in parts.values() if part.sum is not None]
    alike = len({each for part in parts.values() for each in part.steps}) == 1
    steps = sums[0].steps if alike else hour_steps(ahead.at, HOURS)
    seekers = [each.seekers for each in sums if each.seekers is not None]
    apart = [each.fewest(ahead.places(steps)) for each in seekers]
    whole = np.sum(apart, axis=0) if len(apart) == len(sums) else None
    detail = {"seed": SEED, "paths": PATHS, "sources": sums[0].detail["sources"]}
    return replace(reduce(both, sums), steps=steps, detail=detail, apart=whole)


def members_of(parts: Iterable["Total"]) -> dict[str, Any]:
    """A unit that tells one type and not another is in both."""
    found = list(parts)
    missing = {each["unit"]: each for part in found for each in part.missing}
    members = dict.fromkeys(unit for part in found for unit in part.members)
    return {"members": sorted(members), "missing": [missing[unit] for unit in sorted(missing)]}


def steps_of(known: Known, offering: Offering) -> list[datetime]:
    """By the hour for a huisartsenpost and an SEH, by shift for all others."""
    if offering.care_setting in known.rule.hourly:
        return hour_steps(known.at, HOURS)
    return shift_steps(known.at, HOURS, offering.shifts or known.rule.shift_starts)


def ahead_of(known: Known, ends: Sequence[datetime]) -> Ahead:
    """Every hour, start of a shift and set hour, so that each figure is read at its own moment."""
    end = max(ends, default=known.at + HOURS)
    times = {time for offering in known.offerings.values() for time in offering.shifts}
    set_hours = starts_between(known.at, end, known.rule.set_hours)
    moments = {
        *hours_between(known.at, end),
        *hour_steps(known.at, HOURS),
        *starts_between(known.at, end, times | set(known.rule.shift_starts)),
        *set_hours,
        *ends,
    }
    bounds = np.concatenate([[seconds(known.at)], bounds_of(known.at, sorted(moments))])
    places = np.searchsorted(bounds, [seconds(each) for each in set_hours])
    return Ahead(known.at, bounds, places.tolist())


def kinds(known: Known, offering: Offering) -> list[Kind]:
    """Places of which counts are told or beds exist; else what is asked of a post or a team."""
    beds = {Kind(OCCUPIED, offering.resource, each) for each in offering.bed_types}
    places = beds | {Kind(OCCUPIED, *each) for each in known.types(offering.unit)}
    if places:
        return sorted(places)
    asked = [each for each in OF_A_POST if (offering.unit, each) in known.flows]
    if asked:
        return [Kind(each, "", "") for each in asked]
    if offering.care_setting == "huisartsenpost":
        return [Kind(OF_A_POST[0], "", "")]
    return [Kind(ASKED, offering.resource, "")]


def subject_of(
    known: Known,
    offering: Offering,
    kind: Kind,
    past: Past,
    learn: Callable[[str | None], Learnt],
    ahead: Ahead,
    steps: Sequence[datetime],
) -> Subject:
    """The paths of one kind of a unit; raises Unclear where nothing can be said."""
    bounds = ahead.bounds[1:]
    if kind.measure != OCCUPIED:
        asked, rate = asked_paths(known, offering, past, kind.measure, bounds)
        supply, sources = can_do(known, offering, kind.measure, ahead)
        detail = {
            "arrivalsFrom": (kind.measure,),
            "arrivalsCounted": round(rate.counted, 1),
            "seed": SEED,
            "paths": len(asked),
            "sources": sources,
        }
        return Subject(kind, steps, None, asked, supply, 0.0, False, None, detail)
    drawn = unit_paths(known, offering, past, kind[1:], learn, bounds)
    promised, untold = promised_of(known, offering, kind[1:])
    return Subject(
        kind,
        steps,
        drawn.paths,
        None,
        supply_of(known, offering, kind[1:], ahead.moments),
        promised,
        offering.care_setting not in REFUSES_NOBODY,
        drawn.counted_at,
        {
            **drawn.detail,
            "reserved": "untold" if untold else "told",
            "sources": sources_of(known.rule.patience_in(offering.care_setting), drawn.detail),
        },
    )


def sources_of(patience: Patience, detail: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Where the patience is from that was reckoned with."""
    if detail["patience"] is None:
        return []
    what = f"patience {patience.hours:g} h"
    return [{"what": what, "source": patience.source, "year": patience.year}]


def can_do(
    known: Known, offering: Offering, measure: str, ahead: Ahead
) -> tuple[Floats, list[dict[str, Any]]]:
    """What the rostered people can do in an hour from each bound on; NaN where that is unknown.

    Heads of each role that has a norm, times what one does in an hour. Unknown without a norm, and
    where a role has no roster at that moment.
    """
    norms = [
        each
        for each in known.rule.per_head
        if (each.care_setting, each.measure) == (offering.care_setting, measure)
    ]
    rosters = [heads(known, offering, each, ahead.bounds) * each.an_hour for each in norms]
    supply = np.sum(rosters, axis=0) if rosters else np.full(len(ahead.bounds), np.nan)
    sources = [
        {"what": f"{each.role} {each.an_hour:g}/h", "source": each.source, "year": each.year}
        for each in norms
    ]
    return supply, sources


def heads(known: Known, offering: Offering, norm: PerHead, bounds: Whole) -> Floats:
    """Rostered heads of a role at each bound, NaN where no roster is told.

    Shifts overlap while one hands over to the next: there the one that begins later counts. Of one
    shift that is said twice the last saying counts.
    """
    found = np.full(len(bounds), np.nan)
    rows = [
        (start, said_at, start + length, value)
        for each in known.flows.get((offering.unit, ROSTERED), ())
        if each.words and each.words[0] == norm.role
        for start, length, value, said_at in zip(
            each.starts, each.lengths, each.values, each.said_at, strict=True
        )
    ]
    for start, _, end, value in sorted(rows):
        found[(bounds >= start) & (bounds < end)] = value
    return found


def views(known: Known) -> dict[str, list[tuple[SubjectKind, str]]]:
    """Of each unit the groups and the care setting that it is a part of."""
    found: dict[str, list[tuple[SubjectKind, str]]] = {
        unit: [("careSetting", offering.care_setting)] for unit, offering in known.offerings.items()
    }
    for group, members in known.groups.items():
        for unit in set(members) & found.keys():
            found[unit].append(("group", group))
    return found


def of_unlike_steps(
    of_unit: Mapping[str, Sequence[tuple[SubjectKind, str]]],
    steps: Mapping[str, Sequence[datetime]],
) -> set[str]:
    """The units that are in a view with a unit of other steps."""
    of_view: dict[tuple[SubjectKind, str], set[tuple[datetime, ...]]] = {}
    for unit, found in of_unit.items():
        for view in found:
            of_view.setdefault(view, set()).add(tuple(steps[unit]))
    return {
        unit for unit, found in of_unit.items() if any(len(of_view[view]) > 1 for view in found)
    }


class Alone(NamedTuple):
    """The places that are enough for a unit on its own, int64[steps, shares]: by its own steps,
    and by the hour where a total needs that."""

    by_step: Whole
    by_hour: Whole | None


def alone_of(subject: Subject | Unclear, ahead: Ahead, hourly: bool) -> Alone | None:
    """None where nobody is sent away."""
    if isinstance(subject, Unclear) or subject.seekers is None:
        return None
    hours = ahead.places(hour_steps(ahead.at, HOURS))
    return Alone(
        subject.seekers.fewest(ahead.places(subject.steps)),
        subject.seekers.fewest(hours) if hourly else None,
    )


@dataclass(eq=False)
class Total:
    """The sum of members on each path; units come and leave independently of each other."""

    sum: Subject | None = None
    members: list[str] = field(default_factory=list)
    missing: list[dict[str, str]] = field(default_factory=list)
    steps: set[tuple[datetime, ...]] = field(default_factory=set)
    alone: list[Alone | None] = field(default_factory=list)

    def add(self, unit: str, subject: Subject | Unclear, alone: Alone | None) -> None:
        if isinstance(subject, Unclear):
            self.missing.append({"unit": unit, "reason": subject.code})
            return
        self.sum = subject if self.sum is None else both(self.sum, subject)
        self.members.append(unit)
        self.steps.add(tuple(subject.steps))
        self.alone.append(alone)

    @property
    def detail(self) -> dict[str, Any]:
        return {"members": self.members, "missing": self.missing}

    def whole(self, ahead: Ahead) -> Subject | Unclear:
        """By the steps of the members where those agree, else by the hour."""
        if self.sum is None:
            return Unclear(*NOTHING)
        detail = {"seed": SEED, "paths": PATHS, "sources": self.sum.detail["sources"]}
        alike = len(self.steps) == 1
        steps = self.sum.steps if alike else hour_steps(ahead.at, HOURS)
        apart = [None if each is None else each[0 if alike else 1] for each in self.alone]
        known = [each for each in apart if each is not None]
        whole = np.sum(known, axis=0) if len(known) == len(apart) else None
        return replace(self.sum, steps=steps, detail=detail, apart=whole)


def both(one: Subject, other: Subject) -> Subject:
    """Two subjects of one kind as one, path by path; as old as the older of their counts."""
    ages = [each.counted_at for each in (one, other) if each.counted_at is not None]
    return replace(
        one,
        paths=None if one.paths is None or other.paths is None else one.paths + other.paths,
        asked=None if one.asked is None or other.asked is None else one.asked + other.asked,
        supply=one.supply + other.supply,
        promised=one.promised + other.promised,
        refuses=one.refuses and other.refuses,
        counted_at=min(ages, default=None),
    )


def told(
    org_id: int,
    subject_kind: SubjectKind,
    name: str,
    kind: Kind,
    subject: Subject | Unclear,
    known: Known,
    ahead: Ahead,
    members: Mapping[str, Any] | None = None,
) -> Issued:
    """What the run says of one subject and kind, or why it says nothing."""
    if isinstance(subject, Unclear):
        reason = {"code": subject.code, "detail": subject.detail}
        detail = {**(members or {}), "reason": reason}
        return Issued(org_id, subject_kind, name, kind, "unknown", detail)
    steps = list(steps_told(subject, ahead))
    age = None if subject.counted_at is None else known.at - moment(subject.counted_at)
    last = subject.counted_at
    detail = {
        **(members or {}),
        **subject.detail,
        "grade": "stale" if age is not None and age > STALE else "fresh",
        "lastTold": None if last is None else calendar.local_day(moment(last)).isoformat(),
        "supply": "known",
        "skill": None,
        "explanation": explanation(subject),
        "refuses": subject.refuses,
        "refusalRisk": refusal_risk(subject, ahead),
        "enough": enough(subject, ahead),
        "worst": worst(steps),
    }
    return Issued(org_id, subject_kind, name, kind, "known", detail, steps)


def enough(subject: Subject, ahead: Ahead) -> dict[str, Any] | None:
    """The places that are enough in each step, by the share that may find none; None where nobody
    is sent away. `together` for all members, `apart` for each on its own."""
    if subject.seekers is None:
        return None
    together = subject.seekers.fewest(ahead.places(subject.steps))
    apart = together if subject.apart is None else subject.apart
    return {"shares": SHARES, "together": together.tolist(), "apart": apart.tolist()}


def explanation(subject: Subject) -> str:
    if subject.paths is None:
        return ASKED_EXPLANATION
    return EXPLANATION.format(FINDS_NONE[subject.detail.get("queue", "sum")])


def steps_told(subject: Subject, ahead: Ahead) -> Iterator[Step]:
    """The steps of places, or of what is asked of a post or a team."""
    places = ahead.places(subject.steps)
    spans = zip(subject.steps[:-1], subject.steps[1:], lengths(subject.steps), strict=True)
    if subject.paths is None:
        assert subject.asked is not None
        asked = np.add.reduceat(subject.asked[:, : places[-1]], places[:-1], axis=1)
        bands = quantiles(asked, least=0.0).tolist()
        for row, (start, _, lasts) in enumerate(spans):
            can = capacity(subject.supply, ahead, places[row], places[row + 1])
            short = beyond(asked[:, row], can)
            moves = Moves(bands[row], (), (), None, None, ())
            yield Step(start, lasts, bands[row], known_or_none(can), short, moves)
        return
    paths = subject.paths.steps(places)
    need = paths.need[:, 1:]
    supply = subject.supply[places[1:]]
    bands = quantiles(paths.there[:, 1:], least=0.0).tolist()
    needed = quantiles(need, least=0.0).tolist()
    came = quantiles(paths.arrivals, least=0.0).tolist()
    left = quantiles(paths.departures, least=0.0).tolist()
    net = quantiles(paths.arrivals - paths.departures).tolist()
    free = subject.free[:, places[1:]]
    most, often = (at_least(free, chance) for chance in (0.9, 0.7))
    for row, (start, end, lasts) in enumerate(spans):
        moves = Moves(
            came[row],
            left[row],
            net[row],
            known_or_none(most[row]),
            known_or_none(often[row]),
            tuple(no_place(subject, ahead, place) for place in ahead.within(start, end)),
        )
        short = beyond(need[:, row], supply[row])
        known = known_or_none(supply[row])
        yield Step(start, lasts, bands[row], known, short, moves, needed[row])


def beyond(counts: Whole, most: float) -> float | None:
    """The chance of more than `most`; None if that is unknown."""
    return float((counts > most).mean()) if np.isfinite(most) else None


def known_or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def capacity(supply: Floats, ahead: Ahead, first: int, last: int) -> float:
    """What can be done over the stretches of a step: each by the heads at its begin."""
    hours = np.diff(ahead.bounds[first : last + 1]) / HOUR
    return float(supply[first:last] @ hours)


# Where each path stands within a whole count that is told as an interval; always the same.
SPREAD = np.random.default_rng(0).permutation((np.arange(PATHS) + 0.5) / PATHS) - 0.5
LEVELS = np.array(QUANTILES)


def quantiles(counts: Whole, least: float = -np.inf) -> Floats:
    """Quantiles of each step over the paths: int64[paths, h] -> float64[h, q], at least `least`.

    A whole count k is told as the interval k +- 1/2 (as in `gap.against_plan`), so that a band of
    80% of a small count holds 80% and not all of it. Linear between the paths (Hyndman & Fan 1996,
    definition 7).
    """
    spread = np.sort(counts + SPREAD[: len(counts), None], axis=0)
    place = LEVELS * (len(counts) - 1)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, len(counts) - 1)
    part = (place - below)[:, None]
    found: Floats = (spread[below] * (1 - part) + spread[above] * part).T
    return np.maximum(found, least)


def at_least(free: Floats, chance: float) -> Floats:
    """With this chance at least so many whole places are free: float64[paths, h] -> float64[h].

    The lower quantile itself, not one between two paths; never below 0, NaN unknown.
    """
    rank = int(np.floor((1 - chance) * len(free) + 1e-9))
    found: Floats = np.maximum(np.floor(np.partition(free, rank, axis=0)[rank]), 0.0)
    return np.where(np.isfinite(free).all(axis=0), found, np.nan)


def no_place(subject: Subject, ahead: Ahead, place: int) -> NoPlace:
    """The chance that at this bound no place is free for who then asks."""
    free = subject.free[:, place]
    chance = float((free < 1).mean()) if np.isfinite(free).all() else None
    return NoPlace(ahead.moments[place], chance)


def refusal_risk(subject: Subject, ahead: Ahead) -> float | None:
    """The share of who comes in the next 24 hours that finds no place; None where unknown.

    What was free at the begin of each stretch is what who comes in it finds.
    """
    if subject.paths is None or not subject.refuses:
        return None
    until = int(np.searchsorted(ahead.bounds, seconds(ahead.at + A_DAY)))
    # Over hours in which nobody comes on any path: who would come in any of them alike.
    came = subject.paths.arrivals[:, :until] + 1e-9
    free = subject.free[:, :until]
    if not np.isfinite(free).all():
        return None
    unpromised = came - subject.paths.promised[:, :until]
    return float((unpromised * (free < 1)).sum() / came.sum())


def worst(steps: Sequence[Step]) -> str | None:
    """The step that is short with the greatest chance, the first of them."""
    known = [each for each in steps if each.p_short is not None]
    if not known:
        return None
    return instant(max(known, key=lambda each: (each.p_short, -each.at.timestamp())).at)
