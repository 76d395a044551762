"""What the staff of a question is reckoned from: norms, the run's paths, who asks, the rosters."""

import asyncio
import uuid
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import asyncpg
import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.queries import disclosure
from app.db import Standing, act_as, raw
from app.errors import Invalid, NotFound, Unavailable
from app.facilities import queries as facilities
from app.facilities.norms import Norms, norms_of
from app.facilities.schemas import RuleFacts, StaffPoolFacts, UnitFacts
from app.faults import Fault
from app.forecasts import calendar
from app.forecasts.answers import Asked as Intervals
from app.forecasts.answers import told_levels
from app.forecasts.days.known import offering_of
from app.forecasts.days.queries import FLOWS_TOLD, series
from app.forecasts.days.told import NONE, flow_of
from app.forecasts.issue import MONTHS_AHEAD, Why
from app.forecasts.paths import unpacked
from app.forecasts.queries import owners, refuse, run_of, view_of
from app.forecasts.staffing.answers import staffing
from app.forecasts.staffing.hourly import LOOKS_BACK, Asking, asking
from app.forecasts.staffing.need import counted
from app.forecasts.staffing.posts import Post, Posts, posts_of
from app.forecasts.staffing.reckoned import NO_RUN, WEEKS_DAYS, Basis, Patients, reckoned
from app.forecasts.staffing.roster import Told
from app.forecasts.staffing.schemas import Asked, Staffing, SubjectKind
from app.forecasts.staffing.view import RANKS, Topic, View
from app.forecasts.staffing.years import YearsTopic, no_years, staff_years, units_of
from app.forecasts.tables import ForecastRun
from app.observations.queries import RANK, current, settled

OCCUPIED, NEED = "occupied", "need"
HEADS, CONTRACTS = ("rostered", "absent"), ("bezetting", "vacature")
A_DAY = timedelta(days=1)
# What is told by the year may have begun so long ago, and months are told so far ahead.
A_YEAR, MONTHS = timedelta(days=400), timedelta(days=600)
SUBJECTS: Mapping[str, SubjectKind] = {
    "unit": "unit",
    "staff_pool": "staffPool",
    "group": "group",
    "care_setting": "careSetting",
}
Units = Mapping[str, tuple[int, UnitFacts]]
Pools = Mapping[str, tuple[int, StaffPoolFacts]]


@dataclass
class KeptPeople:
    """Whole people on the paths of a run, unpacked once. One for each app; the oldest leave."""

    most: int = 300
    most_asked: int = 20
    found: OrderedDict[tuple[uuid.UUID, str], Patients | Why] = field(default_factory=OrderedDict)
    asked: OrderedDict[tuple[uuid.UUID, str, str, date], Asking | None] = field(
        default_factory=OrderedDict
    )

    def keep(self, run: uuid.UUID, people: Mapping[str, Patients | Why]) -> None:
        for unit, each in people.items():
            self.found[run, unit] = each
        while len(self.found) > self.most:
            self.found.popitem(last=False)

    def keep_asked(self, key: tuple[uuid.UUID, str, str, date], asked: Asking | None) -> None:
        self.asked[key] = asked
        while len(self.asked) > self.most_asked:
            self.asked.popitem(last=False)


async def answer(
    session: AsyncSession, viewer: Principal, asked: Asked, kept: KeptPeople, now: datetime
) -> Staffing:
    """What this viewer is told: all of its own, yes or no to those who place people."""
    if asked.horizon == "years":
        return await years(session, viewer, asked, now)
    known_at = await settled(session, asked.known_at)
    at = known_at or now
    known = await facilities.units(session, at, known_at)
    units = {name: (each.org_id, each.facts) for name, each in known.items()}
    pools = {
        name: (each.org_id, each.facts)
        for name, each in (await facilities.staff_pools(session, at, known_at)).items()
    }
    norms = read(await facilities.rules(session, "norm", at, known_at))
    topic = await topic_of(session, asked, units, pools, at, known_at)
    posts = posts_of(units, pools, norms)
    shared = touching(topic, posts, units)
    run = await run_of(session, asked.horizon, asked.issued_at, known_at)
    age = timedelta(0) if run is None else at - run.issued_at
    seen = await disclosure(session, viewer, at, known_at)
    view = View(seen, age, {name: org_id for name, (org_id, _) in units.items()})
    # Of whom nothing may be told, nothing is read.
    shown = [post for post in shared if RANKS.index(view.told(post)) > 0]
    people = await patients(session, run, people_of(shown), units, kept)
    beds: dict[str, dict[date, float]] = {}
    beds_now: dict[str, float | None] = {}
    if not topic.total and asked.horizon == "weeks":
        wards = {unit for post in shown for unit in post.units}
        beds = await supplies(session, run, wards, units)
        # The state of now is not that of an earlier moment: then the run alone tells places.
        for unit in sorted(wards) if known_at is None else ():
            beds_now[unit] = await places(session, units[unit][0], unit)
    told, asks = await read_as_owners(session, viewer, shown, units, norms, run, at, known_at, kept)
    basis = Basis(at, calendar.local_day(at), norms, units, people, asks, told)

    def whole() -> Staffing:
        return staffing(
            topic,
            posts,
            reckoned(shared, basis, topic.probabilities),
            basis,
            view,
            beds=beds,
            beds_now=beds_now,
            run=view_of(run) if run else None,
            known_at=at,
        )

    return await asyncio.to_thread(whole)


async def years(session: AsyncSession, viewer: Principal, asked: Asked, now: datetime) -> Staffing:
    """Of the region, by the run of the years."""
    refuse([*wrong_of_years(asked)])
    known_at = await settled(session, asked.known_at)
    at = known_at or now
    run = await run_of(session, "years", asked.issued_at, known_at)
    if run is None:
        return no_years(at)
    told = told_levels(run.probabilities)
    levels = [int(level) for level in asked.levels.split(",")]
    if "levels" in asked.model_fields_set and set(levels) - set(told):
        detail = f"This run tells intervals of {', '.join(map(str, told))}%; ask for one of these."
        refuse([Fault("unknown-level", detail, parameter="levels")])
    kept = run.detail.get("staff")
    owned = await owners(session, units_of(kept))
    intervals = Intervals(run.probabilities, [each for each in told if each in levels], 1)
    seen = await disclosure(session, viewer, at, known_at)
    return staff_years(kept, YearsTopic(asked.role, intervals, view_of(run), at), seen, owned)


def wrong_of_years(asked: Asked) -> Iterator[Fault]:
    """Years are told of the region and per role, so that nothing else can be asked for."""
    for name, parameter in (*SUBJECTS.items(), ("shift", "shift")):
        if getattr(asked, name) is not None:
            detail = f"Years are told of the region, per role: leave {parameter} out."
            yield Fault("of-other-horizon", detail, parameter=parameter)


def read(rules: Mapping[str, RuleFacts]) -> Norms:
    """A norm of before norms were checked may be nonsense: then nothing is reckoned with it."""
    try:
        return norms_of(rules)
    except ValueError as error:
        detail = f"The region's norms cannot be reckoned with: {error} Ask the operator to mend it."
        raise Unavailable(detail, code="bad-norm") from None


async def topic_of(
    session: AsyncSession,
    asked: Asked,
    units: Units,
    pools: Pools,
    at: datetime,
    known_at: datetime | None,
) -> Topic:
    given = [(kind, getattr(asked, name)) for name, kind in SUBJECTS.items()]
    named = [(kind, name) for kind, name in given if name is not None]
    if len(named) != 1:
        detail = "Give one of unit, staffPool, group and careSetting."
        faults = [Fault("one-subject", detail, parameter=kind) for kind, _ in named or given]
        raise Invalid(detail, code="not-valid", faults=faults)
    [(kind, subject)] = named
    if kind == "unit":
        members = [subject] if subject in units else None
    elif kind == "staffPool":
        members = list(pools[subject][1].units) if subject in pools else None
    elif kind == "group":
        groups = await facilities.groups(session, at, known_at)
        group = groups.get(subject)
        members = None if group is None else list(group.members_on(calendar.local_day(at)))
    else:
        members = [name for name, (_, facts) in units.items() if facts.care_setting == subject]
    if members is None:
        words = {"unit": "unit", "staffPool": "staff-pool", "group": "group"}[kind]
        detail = f"There is no {words} of this name; GET /v1/{words}s lists them."
        raise NotFound(detail, code=f"unknown-{words}")
    levels = tuple(sorted({int(level) for level in asked.levels.split(",")}))
    scope = frozenset(members) & units.keys()
    return Topic(kind, subject, asked.horizon, levels, scope, asked.role, asked.shift)


def touching(topic: Topic, posts: Posts, units: Units) -> list[Post]:
    """The posts that are asked for, and, where capacity is told, those that share their units.

    A pool that fills is told when it is asked for itself, with all the units that it fills.
    """
    scope = set(topic.units)
    if not topic.total:
        for post in posts.posts:
            if post.place.pool and not post.fills and scope & set(post.units):
                scope |= set(post.units)
    return [
        post
        for post in posts.posts
        if scope & set(post.units)
        and (
            not post.fills or (topic.subject_kind, topic.subject) == ("staffPool", post.place.name)
        )
    ]


def people_of(posts: Iterable[Post]) -> set[str]:
    """The units of which who is there must be known."""
    return {
        unit
        for post in posts
        if post.norm is not None and post.norm.says.patients_per_head is not None
        for unit in post.units
    }


async def patients(
    session: AsyncSession,
    run: ForecastRun | None,
    wanted: Iterable[str],
    units: Units,
    kept: KeptPeople,
) -> dict[str, Patients | Why]:
    """Who is to be nursed on the paths of a run, by unit; unpacked at the first question."""
    if run is None:
        return dict.fromkeys(wanted, NO_RUN)
    asked = sorted(wanted)
    missing = [unit for unit in asked if (run.run_id, unit) not in kept.found]
    if missing:
        rows = await (await raw(session)).fetch(
            """
            SELECT p.unit, p.measure, p.bed_type, p.first, p.steps, p.bits, p.paths
              FROM unnest($1::int[], $2::text[], $3::text[]) AS u(org_id, unit, resource)
              JOIN forecast_paths p ON p.org_id = u.org_id AND p.unit = u.unit
               AND p.resource = u.resource
             WHERE p.run_id = $4 AND p.measure = ANY($5::text[])
            """,
            [units[unit][0] for unit in missing],
            missing,
            [units[unit][1].resource for unit in missing],
            run.run_id,
            [OCCUPIED, NEED],
        )
        weekly = run.horizon == "weeks"
        found = await asyncio.to_thread(unpack, rows, missing, units, weekly)
        kept.keep(run.run_id, found)
    return {unit: kept.found.get((run.run_id, unit), NOT_KEPT) for unit in asked}


NOT_KEPT = Why(
    "not-kept",
    "The run holds no paths of who is there: the unit told too little, or paths of this run are no "
    "longer kept (those of the last two are).",
)


def unpack(
    rows: Sequence[asyncpg.Record], wanted: Sequence[str], units: Units, weekly: bool
) -> dict[str, Patients | Why]:
    """Of each type of bed who is there and who waits, where that was kept; else who is there."""
    there: dict[str, dict[str, tuple[date, NDArray[np.float64]]]] = defaultdict(dict)
    needed: dict[str, dict[str, tuple[date, NDArray[np.float64]]]] = defaultdict(dict)
    for unit, measure, bed_type, first, steps, bits, told in rows:
        ways = needed if measure == NEED else there
        ways[unit][bed_type] = (first, unpacked(bits, steps, told))
    found: dict[str, Patients | Why] = {}
    for unit in wanted:
        kinds = [bed.bed_type for bed in units[unit][1].beds] or [""]
        # A unit that is told as a whole has one series without a type.
        named = kinds if set(kinds) <= there[unit].keys() else [""]
        if not set(named) <= there[unit].keys():
            found[unit] = NOT_KEPT
            continue
        both = {**there[unit], **needed[unit]}
        parts = [Patients(*both[kind], months=not weekly) for kind in named]
        need = not needed[unit].keys().isdisjoint(named)
        first = max(each.first for each in parts)
        cut = [each.since(first).astype(np.float64) for each in parts]
        width = min(each.shape[1] for each in cut)
        if weekly:
            cut = [counted(each).astype(np.int16) for each in cut]
        whole = np.sum([each[:, :width] for each in cut], axis=0)
        whole = whole.astype(np.int16) if weekly else whole
        found[unit] = Patients(first, whole, not weekly, need)
    return found


async def supplies(
    session: AsyncSession, run: ForecastRun | None, wanted: Iterable[str], units: Units
) -> dict[str, dict[date, float]]:
    """Places of each unit on each day, after the closures that were told; unknown is absent."""
    if run is None:
        return {}
    asked = sorted(wanted)
    rows = await (await raw(session)).fetch(
        """
        SELECT p.subject, p.bed_type, p.at, p.supply
          FROM unnest($1::int[], $2::text[], $3::text[]) AS u(org_id, unit, resource)
          JOIN forecast_points p ON p.org_id = u.org_id AND p.subject = u.unit
           AND p.resource = u.resource
         WHERE p.run_id = $4 AND p.measure = $5 AND p.subject_kind = 'unit'
           AND p.supply IS NOT NULL
        """,
        [units[unit][0] for unit in asked],
        asked,
        [units[unit][1].resource for unit in asked],
        run.run_id,
        OCCUPIED,
    )
    by_type: dict[tuple[str, date], dict[str, float]] = defaultdict(dict)
    for subject, bed_type, at, supply in rows:
        by_type[subject, calendar.local_day(at)][bed_type] = supply
    found: dict[str, dict[date, float]] = defaultdict(dict)
    for (unit, day), told in by_type.items():
        kinds = [bed.bed_type for bed in units[unit][1].beds] or [""]
        named = kinds if set(kinds) <= told.keys() else [""]
        if set(named) <= told.keys():
            found[unit][day] = sum(told[kind] for kind in named)
    return found


async def places(session: AsyncSession, org_id: int, unit: str) -> float | None:
    """Places of a unit now, whether or not there is staff for them: those with staff, and those
    that are closed for want of it. None where that was not told."""
    staffed: list[float | None] = []
    closed = 0.0
    for row in await current(session, org_id, unit):
        if row["measure"] == "staffed":
            staffed.append(row["value"])
        elif row["measure"] == "closedPlaces" and row["reason"] == "staff":
            closed += row["value"] or 0.0
    if not staffed or None in staffed:
        return None
    return sum(each for each in staffed if each is not None) + closed


# Of each period of each series the last that was known.
ROSTERS = f"""
SELECT s.unit, s.staff_pool, s.measure, s.role, s.shift, {RANK} AS rank, f.*
  FROM series s
 CROSS JOIN LATERAL (
       SELECT array_agg(date_part('epoch', at)::bigint) AS starts, array_agg(length_s) AS lengths,
              array_agg(value) AS values
         FROM (SELECT DISTINCT ON (x.at, x.length_s) x.at, x.length_s, x.value
                 FROM observations x
                WHERE x.org_id = s.org_id AND x.series_id = s.series_id AND x.length_s > 0
                  AND x.at >= $4 AND x.at < $5 AND x.known_at <= $6
                ORDER BY x.at, x.length_s, x.known_at DESC) told) f
 WHERE s.org_id = $1 AND s.measure = ANY($2) AND (s.unit = ANY($3) OR s.staff_pool = ANY($3))
   AND f.starts IS NOT NULL
"""


async def read_as_owners(
    session: AsyncSession,
    viewer: Principal,
    posts: Sequence[Post],
    units: Units,
    norms: Norms,
    run: ForecastRun | None,
    at: datetime,
    known_at: datetime | None,
    kept: KeptPeople,
) -> tuple[dict[tuple[str, str, str, str], Told], dict[tuple[str, str], Asking]]:
    """Rosters and requests are their owner's own: they are read as each owner whose staff may be
    told of, at least yes or no, and nothing is read of another. See docs/decisions/0019."""
    past = timedelta(days=norms.settings.past_days)
    cut = known_at or at + A_DAY
    told: dict[tuple[str, str, str, str], Told] = {}
    asks: dict[tuple[str, str], Asking] = {}
    places: dict[int, set[str]] = defaultdict(set)
    asked: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for post in posts:
        places[post.place.org_id].add(post.place.name)
        if post.norm is not None and post.norm.says.measure is not None:
            for unit in post.units:
                asked[units[unit][0]].add((unit, post.norm.says.measure))
    connection = await raw(session)
    for org_id in sorted(places.keys() | asked.keys()):
        await act_as(session, Standing(org_id, "own"))
        names = sorted(places[org_id])
        spans = [(HEADS, at - past - A_DAY, at + (WEEKS_DAYS + 2) * A_DAY)]
        if run is not None and run.horizon == "months":
            spans.append((CONTRACTS, at - A_YEAR, at + MONTHS))
        for measures, since, until in spans:
            rows = await connection.fetch(ROSTERS, org_id, list(measures), names, since, until, cut)
            told |= told_of(rows)
        for unit, measure in sorted(asked[org_id]):
            if run is None:
                break
            month = calendar.month_of(calendar.local_day(at))
            key = (run.run_id, unit, measure, month)
            if key in kept.asked:
                found = kept.asked[key]
            else:
                since = run.issued_at - (LOOKS_BACK + 1) * A_DAY
                rows = await connection.fetch(
                    FLOWS_TOLD, [unit], [measure], since, run.issued_at, run.data_cut
                )
                flow = flow_of([series(row).series for row in rows]) if rows else NONE
                opens = offering_of(unit, org_id, units[unit][1]).opens
                # A night that began before the month may still run.
                days = (calendar.months_after(month, MONTHS_AHEAD) - month + 3 * A_DAY).days
                name, first = f"{unit}/{measure}", month - A_DAY
                found = await asyncio.to_thread(
                    asking, name, flow, opens, run.issued_at, past.days, first, days
                )
                kept.keep_asked(key, found)
            if found is not None:
                asks[unit, measure] = found
    await act_as(session, Standing(viewer.org_id, "region"))
    return told, asks


def told_of(rows: Iterable[asyncpg.Record]) -> dict[tuple[str, str, str, str], Told]:
    """By place, measure, role and shift; of one start what is known of the highest rank counts."""
    parts: dict[tuple[str, str, str, str], list[tuple[int, bool, int, int, float]]]
    parts = defaultdict(list)
    for unit, pool, measure, role, shift, rank, starts, lengths, values in rows:
        key = (unit or pool, measure, role, shift)
        for start, length, value in zip(starts, lengths, values, strict=True):
            number = np.nan if value is None else float(value)
            parts[key].append((start, value is None, rank, length, number))
    found = {}
    for key, told in parts.items():
        first: dict[int, tuple[int, float]] = {}
        for start, _, _, length, number in sorted(told):
            first.setdefault(start, (length, number))
        found[key] = Told(
            np.array(list(first), dtype=np.int64),
            np.array([length for length, _ in first.values()], dtype=np.int64),
            np.array([number for _, number in first.values()], dtype=np.float64),
        )
    return found
