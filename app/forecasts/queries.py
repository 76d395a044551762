"""What the forecast rests on, as known at a moment; the runs that were issued; the answers."""

import asyncio
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as local_time
from functools import partial
from math import isfinite
from typing import Literal

import asyncpg
import numpy as np
import orjson
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.queries import disclosure
from app.db import raw
from app.errors import Invalid, NotFound
from app.facilities import queries as facilities
from app.facilities.hours import LOCAL
from app.facilities.tables import Group, Unit
from app.faults import Fault
from app.forecasts import calendar
from app.forecasts.answers import (
    FOREVER,
    As,
    Point,
    Stored,
    forecast,
    no_run,
    sees_all,
    shows,
    told_levels,
    type_paths,
)
from app.forecasts.changed import Before, Key
from app.forecasts.days.rule import Patience, rule_of
from app.forecasts.days.unit import REFUSES_NOBODY
from app.forecasts.demand import Part
from app.forecasts.kept import Answer, Kept, Version, sealed
from app.forecasts.paths import unpacked
from app.forecasts.runs import REGION, Horizon, Kind, Moves, NoPlace
from app.forecasts.schemas import Asked, Past, Paths, PathsAsked, RunView, Service, ServiceAsked
from app.forecasts.series import DAY, Daily
from app.forecasts.service_answers import (
    Member,
    OfType,
    Seen,
    days_pool,
    days_service,
    services,
    wrong_of_days,
)
from app.forecasts.subjects import (
    FORECAST,
    POOLED,
    SUPPLIED,
    SUPPLY,
    WAITING,
    Offer,
    Region,
)
from app.forecasts.supply import Event
from app.forecasts.tables import ForecastRun
from app.forecasts.together import Ways
from app.forecasts.topic import WITHOUT_PLACES, Topic, topic_of, wrong
from app.observations.notices import queries as notices
from app.observations.queries import RANK, STANDS_OVER, settled

# How far back a forecast looks: four years of days.
LOOKS_BACK = 4 * 365 + 1
WORDS = (
    *("role", "shift", "reason", "urgency"),
    *("destination", "profile", "age_band", "area"),
)

# One figure per part and census: of each source the newest of the 24 hours before it, as known at
# the cut, and of those the one that has precedence, as in `observations.queries`: what a higher
# source told in the four hours before stands over it. The bounds of `at` let Postgres look into
# one or two partitions for each day.
PART = "unit, measure, resource, bed_type, words"
AT_CENSUS = f"""
WITH told_by AS (
    SELECT s.org_id, s.series_id, s.unit, s.measure, s.resource, s.bed_type, {RANK} AS rank,
           ARRAY[{", ".join(f"s.{word}" for word in WORDS)}] AS words, u.census
      FROM unnest($1::text[], $2::int[], $3::int[]) AS u(unit, org_id, census)
      JOIN series s ON s.org_id = u.org_id AND s.unit = u.unit AND s.measure = ANY($4::text[])),
days AS MATERIALIZED (
    SELECT * FROM unnest($5::int[], $6::date[], $7::timestamptz[], $8::timestamptz[])
               AS d(census, day, since, until)),
reach AS MATERIALIZED (
    SELECT t.*, f.first
      FROM told_by t
     CROSS JOIN LATERAL (
           SELECT o.at AS first FROM observations o
            WHERE o.org_id = t.org_id AND o.series_id = t.series_id AND o.at > $10
            ORDER BY o.at LIMIT 1) f),
told AS (
    SELECT r.unit, r.measure, r.resource, r.bed_type, r.words, r.rank, d.day, o.at, o.value,
           max(o.at) FILTER (WHERE r.rank = 1 AND o.value IS NOT NULL) OVER same AS by_hand,
           max(o.at) FILTER (WHERE r.rank = 2 AND o.value IS NOT NULL) OVER same AS by_feed,
           max(o.at) FILTER (WHERE r.rank = 3 AND o.value IS NOT NULL) OVER same AS by_mandate
      FROM reach r
      JOIN days d ON d.census = r.census AND d.until >= r.first
     CROSS JOIN LATERAL (
           SELECT x.at, x.value FROM observations x
            WHERE x.org_id = r.org_id AND x.series_id = r.series_id AND x.length_s = 0
              AND x.at > d.since AND x.at <= d.until AND x.known_at <= $9
              AND (x.precision = 'moment' OR x.at = d.until)
            ORDER BY x.at DESC, x.known_at DESC LIMIT 1) o
    WINDOW same AS (PARTITION BY {PART}, d.day)),
counted AS (
    SELECT DISTINCT ON ({PART}, day) {PART}, day, value FROM told
     WHERE (rank > 1 AND by_hand BETWEEN at - interval '{STANDS_OVER}' AND at) IS NOT TRUE
       AND (rank > 2 AND by_feed BETWEEN at - interval '{STANDS_OVER}' AND at) IS NOT TRUE
       AND (rank > 3 AND by_mandate BETWEEN at - interval '{STANDS_OVER}' AND at) IS NOT TRUE
     ORDER BY {PART}, day, at DESC, value IS NULL, rank)
SELECT {PART}, array_agg(day) AS days, array_agg(value) AS values FROM counted GROUP BY {PART}
"""


async def region(session: AsyncSession, at: datetime, data_cut: datetime) -> Region:
    """All that a run may know: figures up to `at`, and what was known of them at the cut."""
    holds = max(at, data_cut)
    groups = await facilities.groups(session, holds, data_cut)
    known_offers = await offers(session, holds, data_cut)
    day, wall = calendar.local_day(holds), at.astimezone(LOCAL).time()
    now = [replace(offer, census=wall) for offer in known_offers.values()]
    return Region(
        at,
        known_offers,
        {group: known.members_on(day) for group, known in groups.items()},
        await told(session, known_offers.values(), (*FORECAST, SUPPLY, WAITING), at, data_cut),
        await told(session, now, (SUPPLY,), at, data_cut, days=1),
        await events(session, data_cut),
        {horizon: await before(session, horizon, at, data_cut) for horizon in COMPARED},
        await facilities.substitution_pools(session, holds, data_cut),
    )


async def offers(session: AsyncSession, holds: datetime, data_cut: datetime) -> dict[str, Offer]:
    """Each unit that held at a moment, as known at the cut."""
    units = await facilities.units(session, holds, data_cut)
    return {
        unit: Offer(
            unit,
            known.org_id,
            known.facts.care_setting,
            known.facts.resource,
            tuple(bed.bed_type for bed in known.facts.beds),
            known.facts.census_time,
        )
        for unit, known in units.items()
    }


COMPARED: tuple[Horizon, ...] = ("weeks", "months")


async def before(
    session: AsyncSession, horizon: Horizon, at: datetime, data_cut: datetime
) -> dict[Key, Before]:
    """What the last run said that was issued before `at` and known at the cut."""
    run = await run_of(session, horizon, at - timedelta(microseconds=1), data_cut)
    if run is None:
        return {}
    middle = list(run.probabilities).index(0.5) + 1
    rows = await (await raw(session)).fetch(
        f"""
        SELECT s.subject_kind, s.subject, s.measure, s.resource, s.bed_type,
               (s.detail->'parts')::text AS parts, p.at, p.medians
          FROM forecast_subjects s
         CROSS JOIN LATERAL (
               SELECT array_agg(p.at ORDER BY p.at) AS at,
                      array_agg(p.quantiles[{middle}] ORDER BY p.at) AS medians
                 FROM forecast_points p
                WHERE p.org_id = s.org_id AND p.run_id = s.run_id
                  AND p.subject_kind = s.subject_kind AND p.subject = s.subject
                  AND p.measure = s.measure AND p.resource = s.resource
                  AND p.bed_type = s.bed_type) p
         WHERE s.run_id = $1 AND s.state = 'known'
        """,
        run.run_id,
    )
    found = {}
    for subject_kind, subject, measure, resource, bed_type, parts, ats, medians in rows:
        told = {at: median for at, median in zip(ats, medians, strict=True) if median is not None}
        by = {
            name: dict(zip(ats, values, strict=True))
            for name, values in orjson.loads(parts or "{}").items()
        }
        kind = Kind(measure, resource, bed_type)
        found[subject_kind, subject, kind] = Before(run.issued_at, told, by)
    return found


async def told(
    session: AsyncSession,
    offers: Iterable[Offer],
    measures: Sequence[str],
    at: datetime,
    data_cut: datetime,
    days: int = LOOKS_BACK,
) -> dict[tuple[str, Kind], list[Part]]:
    """What units told of these stocks at each census of the last `days` days."""
    asked = list(offers)
    times = sorted({offer.census for offer in asked})
    censuses = [(n, *each) for n, census in enumerate(times) for each in moments(at, census, days)]
    numbers, dates, since, until = map(list, zip(*censuses, strict=True)) if censuses else [[]] * 4
    rows = await (await raw(session)).fetch(
        AT_CENSUS,
        [offer.unit for offer in asked],
        [offer.org_id for offer in asked],
        [times.index(offer.census) for offer in asked],
        list(measures),
        *(numbers, dates, since, until),
        data_cut,
        min(since, default=at),
    )
    last = {offer.unit: calendar.last_census(at, offer.census) for offer in asked}
    parts: dict[tuple[str, Kind], list[Part]] = defaultdict(list)
    for row in rows:
        kind = Kind(row["measure"], row["resource"], row["bed_type"])
        parts[row["unit"], kind].append(part(row, last[row["unit"]]))
    return dict(parts)


def moments(at: datetime, census: local_time, days: int) -> list[tuple[date, datetime, datetime]]:
    """Each census with the moment a day before it by the wall clock, which is outside."""
    last = calendar.last_census(at, census)
    known = calendar.days_from(last - days * DAY, days + 1)
    edges = [calendar.moment(day, census) for day in known]
    return list(zip(known[1:], edges, edges[1:], strict=False))


def part(row: asyncpg.Record, last: date) -> Part:
    """One value a day up to the last census, NaN where nothing was told or told to be unknown."""
    first = min(row["days"])
    values = np.full((last - first).days + 1, np.nan)
    for day, value in zip(row["days"], row["values"], strict=True):
        values[(day - first).days] = np.nan if value is None else value
    unknown = [day for day, value in zip(row["days"], row["values"], strict=True) if value is None]
    return Part(tuple(row["words"]), Daily(first, values), max(unknown, default=None))


async def events(session: AsyncSession, data_cut: datetime) -> dict[str, list[Event]]:
    """The events of each unit as known at the cut."""
    found: dict[str, list[Event]] = defaultdict(list)
    for each in await notices.events(session, None, None, data_cut):
        event = Event(each.bed_type, each.begins_at, each.ends_at, each.change)
        found[each.unit].append(event)
    return dict(found)


async def version(session: AsyncSession) -> Version:
    # Counted too: a row that was made earlier may become visible later.
    row = await (await raw(session)).fetchrow(
        """
        SELECT (SELECT count(*) FROM forecast_runs) AS runs,
               count(*) + count(*) FILTER (WHERE valid_from <= now())
                        + count(*) FILTER (WHERE valid_to <= now()) AS rules,
               greatest(max(known_at), max(valid_from) FILTER (WHERE valid_from <= now()),
                        max(valid_to) FILTER (WHERE valid_to <= now())) AS changed_at
          FROM sharing_rule_versions
        """
    )
    assert row is not None
    return Version(row["runs"], row["rules"], row["changed_at"] or datetime.min.replace(tzinfo=UTC))


async def run_of(
    session: AsyncSession,
    horizon: Horizon,
    issued_at: datetime | None = None,
    known_at: datetime | None = None,
) -> ForecastRun | None:
    """The last run issued by `issued_at`, of those known by `known_at`."""
    table = ForecastRun
    found = select(table).where(table.horizon == horizon)
    if issued_at is not None:
        found = found.where(table.issued_at <= issued_at)
    if known_at is not None:
        found = found.where(table.known_at <= known_at)
    newest = found.order_by(table.issued_at.desc(), table.known_at.desc(), table.run_id).limit(1)
    run: ForecastRun | None = await session.scalar(newest)
    return run


async def runs(
    session: AsyncSession,
    horizon: Horizon | None,
    limit: int,
    after: tuple[datetime, uuid.UUID] | None,
) -> Sequence[ForecastRun]:
    """Newest issue first."""
    table = ForecastRun
    found = select(table).order_by(table.issued_at.desc(), table.run_id.desc()).limit(limit)
    if horizon is not None:
        found = found.where(table.horizon == horizon)
    if after is not None:
        found = found.where(tuple_(table.issued_at, table.run_id) < after)
    return list(await session.scalars(found))


async def owner(session: AsyncSession, topic: Topic) -> int:
    """The organisation under which it is stored: the unit's own, the region's for a total."""
    if topic.subject_kind == "careSetting":
        return REGION
    table, column = (Unit, Unit.unit) if topic.subject_kind == "unit" else (Group, Group.group)
    org_id = await session.scalar(select(table.org_id).where(column == topic.subject))
    if org_id is None:
        detail = f"There is no {topic.subject_kind} of this name; "
        detail += f"GET /v1/{topic.subject_kind}s lists them."
        raise NotFound(detail, code=f"unknown-{topic.subject_kind}")
    return int(org_id) if topic.subject_kind == "unit" else REGION


async def owners(session: AsyncSession, units: Iterable[str]) -> dict[str, int]:
    """Whose each of these units is."""
    found = await session.execute(select(Unit.unit, Unit.org_id).where(Unit.unit.in_(list(units))))
    return {row.unit: row.org_id for row in found}


async def stored(
    session: AsyncSession, run_id: uuid.UUID, org_id: int, topic: Topic, measure: str | None = None
) -> list[Stored]:
    """What a run says of a subject: one for each resource and bed type, in that order.

    Of the measure that is asked, unless another is named.
    """
    of = measure or topic.measure
    connection = await raw(session)
    key = (org_id, run_id, topic.subject_kind, topic.subject, of)
    where = "org_id = $1 AND run_id = $2 AND subject_kind = $3 AND subject = $4 AND measure = $5"
    points: dict[tuple[str, str], list[Point]] = defaultdict(list)
    for row in await connection.fetch(
        "SELECT resource, bed_type, at, length_s, quantiles, supply, p_short, arrivals, "
        "departures, net, at_least_90, at_least_70, no_place_at, no_place, need "
        f"FROM forecast_points WHERE {where} ORDER BY at",
        *key,
    ):
        points[row["resource"], row["bed_type"]].append(point(row))
    subjects = await connection.fetch(
        "SELECT resource, bed_type, state, detail::text AS detail FROM forecast_subjects "
        f"WHERE {where} ORDER BY resource, bed_type",
        *key,
    )
    return [
        Stored(
            Kind(of, row["resource"], row["bed_type"]),
            row["state"],
            orjson.loads(row["detail"]),
            points[row["resource"], row["bed_type"]],
        )
        for row in subjects
    ]


def point(row: asyncpg.Record) -> Point:
    known = ("at", "length_s", "quantiles", "supply", "p_short")
    told = {name: row[name] for name in known}
    return Point(**told, need=row["need"] or (), moves=moves_of(row))


def moves_of(row: asyncpg.Record) -> Moves | None:
    """What the days tell of a step; None of another horizon."""
    if row["no_place"] is None:
        return None
    return Moves(
        row["arrivals"] or (),
        row["departures"] or (),
        row["net"] or (),
        row["at_least_90"],
        row["at_least_70"],
        [NoPlace(*each) for each in zip(row["no_place_at"], row["no_place"], strict=True)],
    )


async def answer(
    kept: Kept, session: AsyncSession, viewer: Principal, asked: Asked, query: bytes, now: datetime
) -> Answer:
    """What this viewer is told; from memory for as long as nothing behind it has changed."""
    key = (viewer.org_id, viewer.audience, query)
    if found := kept.find(key, now, time.monotonic()):
        return found
    async with kept.checking:
        if kept.due(time.monotonic()):
            # Counted from before the look, so that nothing is served beyond the second.
            began = time.monotonic()
            kept.checked(await version(session), began)
    if found := kept.find(key, now, time.monotonic()):
        return found
    assert kept.version is not None
    made = await make(session, viewer, asked, kept.version, now)
    kept.keep(key, made)
    return made


async def make(
    session: AsyncSession, viewer: Principal, asked: Asked, rests_on: Version, now: datetime
) -> Answer:
    refuse(wrong(asked))
    topic = topic_of(asked)
    org_id = await owner(session, topic)
    known_at = await settled(session, asked.known_at)
    run = await run_of(session, topic.horizon, asked.issued_at, known_at)
    if run is None:
        return sealed(no_run(topic), viewer, rests_on, FOREVER, topic.exact)
    levels = told_levels(run.probabilities)
    refuse(topic.wrong_levels(levels))
    topic = topic.with_levels(levels)
    types = await stored(session, run.run_id, org_id, topic)
    pools: Sequence[Stored] = ()
    if topic.measure == SUPPLIED:
        pools = await stored(session, run.run_id, org_id, topic, POOLED)
    if not types and topic.horizon == "days" and asked.measure is None:
        # A post or a team has no places: what is asked of it is told instead.
        for measure in WITHOUT_PLACES:
            topic = replace(topic, measure=measure)
            if types := await stored(session, run.run_id, org_id, topic):
                break
        else:
            topic = replace(topic, measure="occupied")
    of = await owners(session, {unit for each in (*types, *pools) for unit in each.members})
    told, until = forecast(
        topic,
        view_of(run),
        run.probabilities,
        types,
        pools,
        of if topic.subject_kind != "unit" else {topic.subject: org_id},
        await disclosure(session, viewer, known_at or now, known_at),
        As(known_at or now, known_at, rests_on.changed_at),
    )
    return sealed(told, viewer, rests_on, until, topic.exact)


def refuse(faults: Sequence[Fault]) -> None:
    if faults:
        raise Invalid("This cannot be answered; see errors.", code="not-valid", faults=faults)


def view_of(run: ForecastRun) -> RunView:
    return RunView(**{name: getattr(run, name) for name in RunView.model_fields})


async def looked_back(
    session: AsyncSession, viewer: Principal, units: Iterable[str], now: datetime
) -> dict[tuple[str, str, str], Past]:
    """By unit, resource and bed type what the last run of weeks looked back on, for units of which
    the viewer may see who is there."""
    run = await run_of(session, "weeks")
    if run is None:
        return {}
    seen = await disclosure(session, viewer, now, None)
    whose = set((await owners(session, units)).values())
    open_to = [owner for owner in whose if seen.sees(owner, "occupancy", now - run.issued_at)]
    rows = await (await raw(session)).fetch(
        """
        SELECT s.subject, s.resource, s.bed_type, (s.detail -> 'past')::text AS past
          FROM unnest($1::int[]) AS o(org_id)
          JOIN forecast_subjects s ON s.org_id = o.org_id AND s.run_id = $2
         WHERE s.subject_kind = 'unit' AND s.measure = 'occupied' AND s.state = 'known'
           AND s.detail ? 'past'
        """,
        open_to,
        run.run_id,
    )
    return {tuple(key): Past(state="known", **orjson.loads(past)) for *key, past in rows}


async def paths(
    session: AsyncSession, viewer: Principal, asked: PathsAsked, now: datetime
) -> Paths:
    """Of the last run, what its viewer may see; of totals the sums over their members."""
    question = asked.question()
    refuse(wrong(question))
    topic = topic_of(question)
    org_id = await owner(session, topic)
    run = await run_of(session, topic.horizon)
    if run is None:
        return Paths(**topic.about())
    types = await stored(session, run.run_id, org_id, topic)
    of = await owners(session, {unit for each in types for unit in each.members})
    behind = of if topic.subject_kind != "unit" else {topic.subject: org_id}
    seen = await disclosure(session, viewer, now, None)
    ways = await bundles(session, run.run_id, behind, topic)
    told = []
    for each in types:
        units = each.members or list(behind)
        whose = {behind[unit] for unit in units}
        shown = shows(seen, topic, whose, now - run.issued_at)
        kept = [ways[unit, each.kind] for unit in units if (unit, each.kind) in ways]
        told.append(type_paths(each, shown, kept if len(kept) == len(units) else []))
    return Paths(**topic.about(), run=view_of(run), types=tuple(told))


async def service(
    session: AsyncSession, viewer: Principal, asked: ServiceAsked, now: datetime
) -> Service:
    """Of the last run: the need of each unit where it is told, else who is there."""
    question = asked.question()
    refuse([*wrong(question), *wrong_of_days(asked)])
    topic = topic_of(question)
    about = {key: value for key, value in topic.about().items() if key != "measure"}
    org_id = await owner(session, topic)
    run = await run_of(session, topic.horizon)
    if run is None:
        return Service(**about, refused=asked.refused)
    types = await stored(session, run.run_id, org_id, topic)
    of = await owners(session, {unit for each in types for unit in each.members})
    behind = of if topic.subject_kind != "unit" else {topic.subject: org_id}
    seen = await disclosure(session, viewer, now, None)
    parts = []
    for each in types:
        units = list(each.members or behind)
        whose, age = {behind[unit] for unit in units}, now - run.issued_at
        shown, alone = shows(seen, topic, whose, age), sees_all(seen, whose, age)
        parts.append(Seen(each, shown, units, alone))
    told = {**about, "refused": asked.refused, "run": view_of(run)}
    if topic.horizon == "days":
        pooled = await stored(session, run.run_id, org_id, topic, POOLED)
        ways = (asked.refused, run.probabilities)
        return Service(
            **told,
            types=tuple(days_service(part, *ways) for part in parts),
            substitution_pools=tuple(days_pool(each, parts, *ways) for each in pooled),
        )
    found = await with_paths(session, run, topic, behind, parts, asked.patience_hours)
    holds = max(run.issued_at, run.data_cut)
    pools = await facilities.substitution_pools(session, holds, run.data_cut)
    made = partial(services, found, pools, asked.refused)
    of_types, of_pools = await asyncio.to_thread(made)
    return Service(**told, types=of_types, substitution_pools=of_pools)


async def with_paths(
    session: AsyncSession,
    run: ForecastRun,
    topic: Topic,
    behind: Mapping[str, int],
    parts: Sequence[Seen],
    patience: float | None,
) -> list[OfType]:
    """With the paths of all units if those are kept, their stays and who waits there how long."""
    there = await bundles(session, run.run_id, behind, topic)
    needed = await bundles(session, run.run_id, behind, replace(topic, measure="need"))
    member = await waiting(session, run, behind, patience)
    found = []
    for each in parts:
        kind = each.stored.kind
        need = kind._replace(measure="need")
        kept = [needed.get((unit, need)) or there.get((unit, kind)) for unit in each.units]
        ways = [one for one in kept if one is not None]
        members = [member(unit, kind) for unit in each.units]
        found.append(OfType(each, members, ways if len(ways) == len(members) else []))
    return found


async def waiting(
    session: AsyncSession, run: ForecastRun, behind: Mapping[str, int], asked: float | None
) -> Callable[[str, Kind], Member]:
    """How long people stay in each of these units and kinds, and wait for a place there.

    The stay is that of the last run of days, which learned it, else the one that is planned; the
    patience is what is `asked` (hours), else the norm as this run knew it.
    """
    holds = max(run.issued_at, run.data_cut)
    rule = rule_of(await facilities.rules(session, "norm", holds, run.data_cut))
    units = await facilities.units(session, holds, run.data_cut)
    learned = await stays(session, behind)

    def of_unit(unit: str, kind: Kind) -> Member:
        facts = units[unit].facts if unit in units else None
        setting = facts.care_setting if facts else ""
        planned = rule.planned_in(setting, facts.planned_term_days if facts else None)
        stay = learned.get((unit, kind)) or (planned.mean if planned else None)
        patience = rule.patience_in(setting)
        if setting in REFUSES_NOBODY:
            patience = Patience(0.0, "", 0)
        if asked is not None:
            patience = Patience(asked, "", 0)
        return Member(unit, stay if stay and isfinite(stay) else None, patience)

    return of_unit


async def stays(
    session: AsyncSession, behind: Mapping[str, int]
) -> Mapping[tuple[str, Kind], float]:
    """The mean stay in days that the last run of days learned of these units."""
    run = await run_of(session, "days")
    if run is None:
        return {}
    rows = await (await raw(session)).fetch(
        """
        SELECT s.subject, s.measure, s.resource, s.bed_type,
               (s.detail ->> 'meanStayDays')::float8 AS stay
          FROM unnest($1::int[], $2::text[]) AS u(org_id, unit)
          JOIN forecast_subjects s ON s.org_id = u.org_id AND s.subject = u.unit
         WHERE s.run_id = $3 AND s.subject_kind = 'unit' AND s.state = 'known'
        """,
        list(behind.values()),
        list(behind),
        run.run_id,
    )
    return {(unit, Kind(*kind)): stay for unit, *kind, stay in rows if stay is not None}


async def bundles(
    session: AsyncSession, run_id: uuid.UUID, behind: Mapping[str, int], topic: Topic
) -> dict[tuple[str, Kind], Ways]:
    """The paths that are kept of these units."""
    rows = await (await raw(session)).fetch(
        """
        SELECT p.unit, p.measure, p.resource, p.bed_type, p.first, p.steps, p.bits, p.paths
          FROM unnest($1::int[], $2::text[]) AS u(org_id, unit)
          JOIN forecast_paths p ON p.org_id = u.org_id AND p.unit = u.unit
         WHERE p.run_id = $3 AND p.measure = $4
        """,
        list(behind.values()),
        list(behind),
        run_id,
        topic.measure,
    )
    freq: Literal["D", "M"] = "D" if topic.horizon == "weeks" else "M"
    found = {}
    for unit, *kind, first, steps, bits, told in rows:
        found[unit, Kind(*kind)] = Ways(freq, first, unpacked(bits, steps, told), np.empty((0, 0)))
    return found
