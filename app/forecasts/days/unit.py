"""The paths of one unit: what is learned of who comes, who leaves and who is there, and drawn."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf, isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.forecasts.days.arrivals import Past, Rate, learned, pieces, sums
from app.forecasts.days.clock import Cells
from app.forecasts.days.departures import Stay, leaving, stay_of, usual_leaving
from app.forecasts.days.hours import HOUR, WEEK, local_days, moment, of_week, past_hours, seconds
from app.forecasts.days.known import (
    ASKED,
    BETWEEN,
    CAME,
    HANDED_OVER,
    LEFT,
    PLANNED,
    SAID,
    TAKEN_OVER,
    WAITING,
    Known,
    Offering,
    between,
    summed,
)
from app.forecasts.days.paths import PATHS, Paths, Said, coming, drawn
from app.forecasts.days.places import Places
from app.forecasts.days.told import Flow
from app.forecasts.supply import of_bed_type, planned
from app.simulation.chance import generator

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
SEED = 0
# What is older than this can be told by an import only, so nothing is to be expected of it.
SILENT = timedelta(days=14)


@dataclass(eq=False)
class Unclear(Exception):
    """Why nothing can be said of a unit's next days."""

    code: str
    detail: str


NO_FLOWS = (
    "no-flows",
    "Neither requests nor admissions were told of periods that can be used, so that who will come "
    "is unknown. From counts of places alone only the difference of coming and leaving could be "
    "seen, and not what would be asked of a full unit.",
)
NO_STAYS = (
    "no-departures",
    "Nobody told who left, and no term of a stay is planned, so that who will leave is unknown.",
)
NOTHING = ("nothing-told", "Nothing was told of this in the time that was looked at.")
WITHDRAWN = ("told-unknown", "The last count of who is there was told to be unknown.")
TOO_MANY = ("too-many", "There are more people than can be drawn one by one; is the count right?")
# So many people are drawn on all paths together: a second, and a hundred megabytes.
MOST_DRAWN = 5_000_000


@dataclass(frozen=True, eq=False)
class Drawn:
    """Paths from the moment of issue on, the moment of the last count, and how they were made."""

    paths: Paths
    counted_at: int
    detail: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Coming:
    """What was learned of arrivals: their rate, from what, and which share of time was censored.

    `flow` is what it was learned from, `hourly` float64[h] who came in each past hour, also while
    the unit was full.
    """

    flow: Flow
    rate: Rate
    source: tuple[str, ...]
    censored: float
    hourly: Floats


def past_of(known: Known) -> Past:
    """The whole hours that are looked back at, up to the moment of issue."""
    count = known.rule.past_days * 24
    last = seconds(known.at) // HOUR * HOUR
    first = last - count * HOUR
    return Past(first, *past_hours(first, count))


def cells_of(since: int, at: int, bounds: Whole) -> tuple[Cells, int]:
    """Stretches from the last count (s) through the moment of issue and on to the last bound.

    Also at which bound the moment of issue stands.
    """
    before = np.arange((since // HOUR + 1) * HOUR, at, HOUR, dtype=np.int64)
    edges = np.unique(np.concatenate([[since], before, [at], bounds]))
    days = local_days(edges[:-1])
    place = int(np.searchsorted(edges, at))
    return Cells(edges, of_week(edges[:-1]), days - days[0]), place


def came_to(
    known: Known, offering: Offering, past: Past, bed_type: str | None
) -> tuple[Flow, tuple[str, ...], float]:
    """Who came for a place, period by period; from what; the share of time that was censored.

    Who was admitted or taken over, in hours with room: that is all who came for a place. In a
    period in which the unit was full at some count, some may have been sent away: then it is as
    many as asked (unique, at the intake), and where nobody told that the period is censored and
    left out. Refusals are never added up: one request may be refused at five places.
    """
    came = known.moved(offering.unit, CAME, TAKEN_OVER, bed_type)
    asked = known.flow(offering.unit, ASKED, bed_type)
    if not len(came):
        return asked, (ASKED,), 0.0
    full = fullness(known, offering, past, bed_type)
    touched = touches(came, full, past)
    same, wanted = matching(came, asked)
    values = np.where(touched & same, np.maximum(came.values, wanted), came.values)
    censored = touched & ~same
    lengths = came.lengths.astype(np.float64)
    share = float(lengths[censored].sum() / lengths.sum())
    flow = Flow(came.starts, came.lengths, values)
    if censored.all():
        return flow, (CAME,), 1.0
    source = (CAME, ASKED) if (touched & same).any() else (CAME,)
    return flow.taken(~censored), source, share


def fullness(
    known: Known, offering: Offering, past: Past, bed_type: str | None
) -> NDArray[np.bool_]:
    """Whether nothing was free at the last count before each past hour, bool[h + 1]."""
    moments = past.first + HOUR * np.arange(past.hours + 1, dtype=np.int64)
    types = [each for each in known.types(offering.unit) if bed_type in (None, each[1])]
    figures = {
        measure: summed((known.stock(offering.unit, measure, *each) for each in types), moments)
        for measure in ("staffed", "occupied", "reserved")
    }
    promised = np.nan_to_num(figures["reserved"])
    return np.asarray(figures["staffed"] - figures["occupied"] - promised <= 0)


def touches(flow: Flow, full: NDArray[np.bool_], past: Past) -> NDArray[np.bool_]:
    """Whether the unit was full in some hour of each period; outside the past it was not."""
    counts = np.concatenate([[0], np.cumsum(full)])
    first = ((flow.starts - past.first) // HOUR).clip(0, len(full))
    last = ((flow.ends - past.first) // HOUR + 1).clip(0, len(full))
    return np.asarray(counts[last] > counts[first])


def matching(flow: Flow, other: Flow) -> tuple[NDArray[np.bool_], Floats]:
    """For each period of `flow` whether `other` tells the same one, and what it tells."""
    if not len(other):
        return np.zeros(len(flow), dtype=np.bool_), np.zeros(len(flow))
    place = np.searchsorted(other.starts, flow.starts).clip(max=len(other) - 1)
    same = (other.starts[place] == flow.starts) & (other.lengths[place] == flow.lengths)
    return same, other.values[place]


def coming_to(known: Known, offering: Offering, past: Past, bed_type: str | None) -> Coming | None:
    """What was told of arrivals, and the rate behind it; None if that is nothing."""
    flow, source, censored = came_to(known, offering, past, bed_type)
    # Who asks does so at any hour; who is admitted comes in the admission hours.
    usual = offering.opens * (1.0 if source == (ASKED,) else offering.comes)
    rate = learned(flow, np.ones(past.hours), past, usual)
    if rate is None:
        return None
    came = known.moved(offering.unit, CAME, TAKEN_OVER, bed_type)
    return Coming(flow, rate, source, censored, hourly(came if len(came) else flow, past))


def hourly(flow: Flow, past: Past) -> Floats:
    """The counts of a flow spread evenly over its periods, float64[h]."""
    period, hour, share = pieces(flow, np.ones(past.hours), past, np.ones(WEEK))
    even = flow.values[period] * share * HOUR / flow.lengths[period]
    return sums(hour, even, past.hours)


def covered(flow: Flow, past: Past) -> Floats:
    """How many on each local day: float64[days], NaN unless nine tenths of it were told."""
    _, hour, share = pieces(flow, np.ones(past.hours), past, np.ones(WEEK))
    days = int(past.day[-1]) + 1
    told, lasts = sums(past.day[hour], share, days), np.bincount(past.day)
    counted = sums(past.day, hourly(flow, past), days)
    return np.where(told >= 0.9 * lasts, counted * lasts / np.maximum(told, 1.0), np.nan)


def there_now(known: Known, offering: Offering, resource: str, bed_type: str) -> tuple[int, int]:
    """When who is there was counted last (s), and how many there were.

    Raises Unclear if there is none, or it was told unknown or too long ago.
    """
    stock = known.stock(offering.unit, "occupied", resource, bed_type)
    last = stock.last(seconds(known.at)) if stock is not None else None
    if last is None:
        raise Unclear(*NOTHING)
    at, value = last
    if seconds(known.at) - at > SILENT.total_seconds():
        detail = "The last count of who is there is older than 14 days."
        raise Unclear("silent", detail)
    if not np.isfinite(value):
        raise Unclear(*WITHDRAWN)
    return at, max(round(value), 0)


@dataclass(frozen=True, slots=True)
class Saying:
    """How many were said to leave, or to come, on a local day: said at which moment (s), how many
    days ahead."""

    at: int
    ahead: int
    count: float


@dataclass(frozen=True, eq=False)
class Sayings:
    """What was said of local days (ordinals), the last saying last; what was counted of them; and
    how many it is by the rate alone, float64[days]."""

    of: Mapping[int, Sequence[Saying]]
    flow: Flow
    usual: Floats


@dataclass(frozen=True, eq=False)
class Learnt:
    """What the past of a unit, or of one of its bed types, tells of its next days."""

    coming: Coming
    stay: Stay
    everyone: Floats
    leaves: Sayings
    comes: Sayings


def learnt(known: Known, offering: Offering, past: Past, bed_type: str | None) -> Learnt:
    """`bed_type` None: of the unit as a whole. Raises Unclear where too little was told."""
    arrivals = coming_to(known, offering, past, bed_type)
    if arrivals is None:
        raise Unclear(*NO_FLOWS)
    types = [each for each in known.types(offering.unit) if bed_type in (None, each[1])]
    there = np.sum([lines(known, offering, past, each) for each in types], axis=0)
    left = known.moved(offering.unit, LEFT, HANDED_OVER, bed_type)
    planned = known.rule.stay(offering.care_setting, offering.term)
    stay = stay_of(left, there, past, np.ones(WEEK), planned)
    if stay is None:
        raise Unclear(*NO_STAYS)
    leaves = sayings(known, offering, SAID, bed_type)
    comes = sayings(known, offering, PLANNED, bed_type)
    return Learnt(
        arrivals,
        stay,
        there,
        Sayings(leaves, left, usual_leaving(stay, there, past)),
        Sayings(comes, arrivals.flow, usual_coming(arrivals.rate, past)),
    )


def usual_coming(rate: Rate, past: Past) -> Floats:
    """How many come on each past local day by the rate alone: float64[days]."""
    return sums(past.day, rate.by_hour[past.of_week], int(past.day[-1]) + 1)


def lines(known: Known, offering: Offering, past: Past, kind: tuple[str, str]) -> Floats:
    """How many were there in each past hour, float64[h]; NaN where no counts are near."""
    stock = known.stock(offering.unit, "occupied", *kind)
    assert stock is not None
    moments = past.first + HOUR * np.arange(past.hours, dtype=np.int64) + HOUR // 2
    return between(stock, moments)


def unit_paths(
    known: Known,
    offering: Offering,
    past: Past,
    kind: tuple[str, str],
    learn: Callable[[str | None], Learnt],
    bounds: Whole,
) -> Drawn:
    """Paths of who comes, leaves and is there, of one (resource, bed type).

    `learn` is `learnt` of a bed type, or of the unit when nobody told who moved per type. Raises
    Unclear where that cannot be said.
    """
    counted_at, there = there_now(known, offering, *kind)
    own = kind[1] if known.by_type(offering.unit, kind[1]) else None
    past_told = learn(own)
    mine = lines(known, offering, past, kind)
    share = 1.0 if own is not None else part_of(mine, past_told.everyone)
    arrivals, stay = past_told.coming, past_told.stay
    cells, place = cells_of(counted_at, seconds(known.at), bounds)
    # The last day may be cut off: who moves later on it would be put before the cut.
    days = int(cells.day[-1])
    said, planned = (
        said_of(each, past, counted_at, days, share) for each in (past_told.leaves, past_told.comes)
    )
    places = places_of(known, offering, kind, cells.bounds, counted_at, there, share)
    rate = scaled(arrivals.rate, share)
    expected = float(rate.by_hour[cells.of_week] @ cells.hours)
    waiting = 0 if places is None else places.waiting + places.promised
    if PATHS * (there + waiting + expected + sum(each.count for each in planned)) > MOST_DRAWN:
        raise Unclear(*TOO_MANY)
    chance = generator(SEED, "days", offering.unit, *kind, seconds(known.at))
    came = arrivals.hourly * share
    paths = drawn(chance, cells, there, rate, stay, came, said, places=places, planned=planned)
    detail = {
        "arrivalsFrom": arrivals.source,
        "censored": round(arrivals.censored, 3),
        "arrivalsCounted": round(arrivals.rate.counted, 1),
        "stayFrom": stay.form,
        "departuresCounted": round(stay.counted, 1),
        "meanStayDays": round(stay.survival.mean, 2),
        "leavesSaid": sum(each.count for each in said),
        "comesPlanned": sum(each.count for each in planned),
        "typeShare": round(share, 3),
        "queue": "none" if places is None else places.queue,
        "patience": places.patience if places and isfinite(places.patience) else None,
        "waiting": places.waiting if places else None,
        "seed": SEED,
        "paths": len(paths.there),
    }
    return Drawn(paths.since(place), counted_at, detail)


# It sends nobody away (overview: its refusal risk is not applicable).
REFUSES_NOBODY = frozenset({"seh"})


def places_of(
    known: Known,
    offering: Offering,
    kind: tuple[str, str],
    bounds: Whole,
    counted_at: int,
    there: int,
    share: float,
) -> Places | None:
    """Places for who comes and the patience of who finds none; None if no supply was told.

    What is promised is kept for the first who come; where that is unknown it is none.
    """
    supply = supply_of(known, offering, kind, [moment(each) for each in bounds[:-1].tolist()])
    if not np.isfinite(supply).any():
        return None
    promised, _ = promised_of(known, offering, kind)
    endless = offering.care_setting in REFUSES_NOBODY
    patience = inf if endless else known.rule.patience_in(offering.care_setting).hours
    kept = max(round(float(np.nan_to_num(promised))), 0)
    # Who waits while there is room waits for something else: admission hours, an indication.
    full = not supply[0] - kept - there >= 1
    waiting = waiting_now(known, offering, kind, counted_at, share) if patience and full else 0
    return Places(supply, patience, waiting, kept)


def waiting_now(
    known: Known, offering: Offering, kind: tuple[str, str], counted_at: int, share: float
) -> int:
    """Who waited for a place of this kind when who is there was counted: none where untold."""
    of_type = known.stock(offering.unit, WAITING, *kind)
    stock = of_type or known.stock(offering.unit, WAITING, kind[0], "")
    last = stock.last(counted_at) if stock is not None else None
    if last is None or counted_at - last[0] > BETWEEN or not np.isfinite(last[1]):
        return 0
    return max(round(last[1] * (1.0 if of_type else share)), 0)


def supply_of(
    known: Known, offering: Offering, kind: tuple[str, str], moments: Sequence[datetime]
) -> Floats:
    """Places with staff at each moment: what was told last, with the closures that are planned."""
    stock = known.stock(offering.unit, "staffed", *kind)
    last = stock.last(seconds(known.at)) if stock is not None else None
    if last is None or not np.isfinite(last[1]):
        return np.full(len(moments), np.nan)
    events = of_bed_type(known.events.get(offering.unit, ()), kind[1], offering.bed_types)
    return planned(last[1], moment(last[0]), events, moments)


def promised_of(known: Known, offering: Offering, kind: tuple[str, str]) -> tuple[float, bool]:
    """Promised places, NaN if told unknown; and whether nobody ever tells of them: then none."""
    stock = known.stock(offering.unit, "reserved", *kind)
    last = stock.last(seconds(known.at)) if stock is not None else None
    return (0.0, True) if last is None else (last[1], False)


def part_of(mine: Floats, everyone: Floats) -> float:
    """Which part of a unit's people lies in this type of bed, when moves are told of the whole."""
    both = np.isfinite(mine) & np.isfinite(everyone)
    total = float(everyone[both].sum())
    return float(mine[both].sum()) / total if total > 0 else 1.0


def scaled(rate: Rate, share: float) -> Rate:
    """The rate of a part: it is as sure of its level, and its days differ as those of the whole."""
    return Rate(
        rate.by_hour * share, rate.certainty, rate.dispersion, rate.counted * share, rate.hours
    )


def sayings(
    known: Known, offering: Offering, measure: str, bed_type: str | None
) -> dict[int, list[Saying]]:
    """What was said of each local day (its ordinal), the last saying last."""
    every = known.flows.get((offering.unit, measure), ())
    # Of a unit that says it as a whole and by bed type the whole counts.
    whole = bed_type or ("" if any(each.bed_type == "" for each in every) else None)
    told = [each for each in every if whole is None or each.bed_type == whole]
    by_saying: dict[tuple[int, int], float] = {}
    for each in told:
        rows = (local_days(each.starts), each.said_at, each.values)
        for day, at, value in zip(*(row.tolist() for row in rows), strict=True):
            by_saying[at, day] = by_saying.get((at, day), 0.0) + value
    found: dict[int, list[Saying]] = {}
    for (at, day), value in sorted(by_saying.items()):
        if np.isfinite(value):
            ahead = day - int(local_days(np.array([at]))[0])
            found.setdefault(day, []).append(Saying(at, ahead, value))
    return found


def said_of(
    told: Sayings, past: Past, counted_at: int, whole_days: int, share: float
) -> list[Said]:
    """Who is said to leave, or to come, on the day of the last count and on those after it,
    `whole_days` in all.

    How far it comes true is judged by the past days of which as much was said as long ahead.
    """
    today = int(local_days(np.array([counted_at]))[0])
    days = range(int(local_days(np.array([past.first]))[0]), today + 1)[: len(told.usual)]
    gone = covered(told.flow, past) if told.of else told.usual
    found = []
    for day in sorted(each for each in told.of if today <= each < today + whole_days):
        last = told.of[day][-1]
        before = np.full(len(told.usual), np.nan)
        for number, past_day in enumerate(days):
            for each in told.of.get(past_day, ()):
                if each.ahead == last.ahead:
                    before[number] = each.count
        trust = leaving(before, told.usual, gone)
        rest = last.count - (told.flow.between(last.at, counted_at) if day == today else 0.0)
        count = round(max(rest, 0.0) * share)
        found.append(Said(day - today, count, trust.comes_true, trust.others))
    return found


def asked_paths(
    known: Known, offering: Offering, past: Past, measure: str, bounds: Whole
) -> tuple[Whole, Rate]:
    """How many ask in each stretch from the moment of issue on, int64[paths, c]."""
    flow = known.flow(offering.unit, measure)
    rate = learned(flow, np.ones(past.hours), past, offering.opens)
    if rate is None:
        raise Unclear(*NO_FLOWS)
    cells, _ = cells_of(seconds(known.at), seconds(known.at), bounds)
    chance = generator(SEED, "asked", offering.unit, measure, seconds(known.at))
    return coming(chance, rate, cells), rate


def bounds_of(at: datetime, moments: list[datetime]) -> Whole:
    """The bounds of stretches after `at`, int64 s."""
    return np.array([seconds(each) for each in moments if each > at], dtype=np.int64)
