"""The region now, or as it was known then: asked once, computed, and shown to one viewer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import asyncpg
import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.queries import disclosure
from app.db import raw
from app.errors import Invalid
from app.facilities.hours import LOCAL
from app.facilities.queries import Directory, DirectoryCache, directory, directory_at
from app.facilities.schemas import CareSetting
from app.faults import Fault
from app.observations.notices.queries import statuses, stops
from app.observations.queries import settled
from app.overview import view
from app.overview.places import SPLIT, Told
from app.overview.pools import Flow
from app.overview.region import (
    CONTACTS,
    HOSPITAL_BEDS,
    Snapshot,
    Unit,
    UnitNow,
    region,
    totals,
)
from app.overview.schemas import Ask
from app.overview.view import View
from app.signals.levels import LevelRules, in_force, read_rules
from app.wire import instant

CARE_SETTINGS: tuple[CareSetting, ...] = get_args(CareSetting)
# Clocks differ a little; a report may come from as far ahead.
AHEAD = timedelta(minutes=2)
STOCKS = [
    *("physical", "staffed", "closedPlaces", "occupied", "reserved", "admittable"),
    *("startsToday", "acuteVisitsFree", "medicallyReady", "waiting", "shortToday"),
    *("shortThisWeek", "present", "boarders", "ventilated", "longestBoardingMinutes"),
    *("lastDoorToBedMinutes", "visitsOpen"),
]
TOLD = f"""
    SELECT c.org_id, s.unit, s.measure, s.resource, s.bed_type, {", ".join(SPLIT)},
           s.source_kind, c.at, c.value, c.precision, c.doubts
      FROM %s c
      JOIN series s ON s.org_id = c.org_id AND s.series_id = c.series_id
     WHERE s.measure = ANY($1::text[]) AND s.unit <> ''
"""
CURRENT = TOLD % "current_state"
CURRENT_OF = f"{CURRENT} AND s.unit = ANY($2::text[])"
KNOWN_THEN = TOLD % "state_as_known($2, $3)"
# Flows and plans are added up per series over a stretch of each measure; what reaches over its
# edge counts for the part inside; what is told over more than a month says nothing of the last
# weeks. Single flows are their owner's own; these sums may be asked of the region.
FLOWS = """
    SELECT org_id, unit, measure, resource, bed_type, source_kind, split, amount, seconds,
           "greatest", until_ AS until
      FROM flows_as_known($4, $5, $1::text[], $2::timestamptz[], $3::timestamptz[])
"""


async def overview(
    session: AsyncSession,
    viewer: Principal,
    ask: Ask,
    master: DirectoryCache,
    fictief: bool,
) -> bytes:
    """The answer as it goes on the wire.

    Asked again with the `asOf` and `knownAt` that it gives, it is the same byte for byte, once
    the known horizon has passed that moment.
    """
    connection = await raw(session)
    if ask.known_at is not None:
        await settled(session, ask.known_at)
    now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    known_at = (ask.known_at or now).astimezone(UTC)
    as_of = (ask.as_of or known_at).astimezone(UTC)
    refuse_the_future(as_of, now)
    current = ask.known_at is None and ask.as_of is None
    facts = (
        await directory(master, session)
        if current
        else await directory_at(session, as_of, known_at)
    )
    wanted = members(facts, ask, as_of)
    rules = level_rules(facts)
    snapshot = await snapshot_of(session, facts, as_of, known_at, current)
    seen = View(await disclosure(session, viewer, as_of, known_at), as_of)
    found = [now for now in region(snapshot) if now.unit.unit in wanted]
    found.sort(key=in_order)
    answer = view.overview(
        found,
        totals(found, rules),
        in_force(facts.levels),
        seen,
        known_at=known_at,
        fictief=fictief,
        group=ask.group,
        care_setting=ask.care_setting,
    )
    return orjson.dumps(answer)


async def snapshot_of(
    session: AsyncSession,
    facts: Directory,
    as_of: datetime,
    known_at: datetime,
    current: bool,
    wanted: set[str] | None = None,
) -> Snapshot:
    """All that was told of the region's units, or of some, up to `as_of`, as known then."""
    connection = await raw(session)
    rules = level_rules(facts)
    units = [u for u in facts.units.values() if wanted is None or u.unit in wanted]
    return Snapshot(
        as_of=as_of,
        units=[Unit(u.unit, u.org_id, u.organisation, u.facts) for u in units],
        told=await told(connection, facts, as_of, known_at, current, wanted),
        flows=await flows(connection, facts, as_of, known_at, rules),
        said={
            each.unit: each
            for each in (await statuses(session, as_of, known_at)).values()
            if owns(facts, each.org_id, each.unit)
        },
        stops={
            unit: [stop for stop in found if owns(facts, stop.org_id, unit)]
            for unit, found in (await stops(session, as_of, known_at)).items()
        },
        rules=rules,
    )


async def units_now(
    session: AsyncSession, viewer: Principal, names: set[str], master: DirectoryCache
) -> list[dict[str, Any]]:
    """How these units stand at this moment, as the overview would show them to the viewer."""
    now: datetime = await (await raw(session)).fetchval("SELECT clock_timestamp()")
    facts = await directory(master, session)
    snapshot = await snapshot_of(session, facts, now, now, True, judged_by(facts, names))
    seen = View(await disclosure(session, viewer, now), now)
    return [view.unit(each, seen) for each in region(snapshot) if each.unit.unit in names]


def judged_by(facts: Directory, names: set[str]) -> set[str]:
    """These units and those that they are judged by: their pools, and the beds behind an SEH."""
    asked = [facts.units[name] for name in names if name in facts.units]
    settings = {each.facts.care_setting for each in asked}
    hospitals = {each.org_id for each in asked if each.facts.care_setting == "seh"}
    return {
        each.unit
        for each in facts.units.values()
        if each.facts.care_setting in settings
        or (each.facts.care_setting == HOSPITAL_BEDS and each.org_id in hospitals)
    }


def in_order(now: UnitNow) -> tuple[int, str]:
    return CARE_SETTINGS.index(now.unit.facts.care_setting), now.unit.unit


def owns(facts: Directory, org_id: int, unit: str) -> bool:
    """Whether a row about a unit is its performer's own: any other is not about it."""
    known = facts.units.get(unit)
    return known is not None and known.org_id == org_id


def refuse_the_future(as_of: datetime, now: datetime) -> None:
    if as_of > now + AHEAD:
        detail = f"The overview shows what was so: ask up to {instant(now)}."
        raise Invalid(detail, "as-of-in-future", [Fault("as-of-in-future", detail, None, "asOf")])


def members(facts: Directory, ask: Ask, as_of: datetime) -> set[str]:
    """The units that are asked for, each once. `region` is every unit, whether listed or not."""
    wanted = set(facts.units)
    if ask.group is not None and ask.group in facts.groups:
        wanted &= set(facts.groups[ask.group].members_on(local_day(as_of)))
    elif ask.group not in (None, "region"):
        detail = "There is no such group at that moment. /v1/groups lists them."
        raise Invalid(detail, "unknown-group", [Fault("unknown-group", detail, None, "group")])
    if ask.care_setting is not None:
        wanted = {u for u in wanted if facts.units[u].facts.care_setting == ask.care_setting}
    return wanted


def local_day(moment: datetime) -> date:
    return moment.astimezone(LOCAL).date()


def level_rules(facts: Directory) -> LevelRules:
    return read_rules(facts.levels)


async def told(
    connection: asyncpg.Connection[asyncpg.Record],
    facts: Directory,
    as_of: datetime,
    known_at: datetime,
    current: bool,
    wanted: set[str] | None = None,
) -> dict[str, list[Told]]:
    """Per unit what each source told last; the current state where that is what is asked."""
    rows: Sequence[asyncpg.Record] = []
    if current and wanted is None:
        rows = await connection.fetch(CURRENT, STOCKS)
    elif current:
        rows = await connection.fetch(CURRENT_OF, STOCKS, list(wanted or ()))
    # A sender whose clock runs ahead told something that is not yet so: look what was before it.
    if not current or any(row["at"] > as_of for row in rows):
        rows = await connection.fetch(KNOWN_THEN, STOCKS, as_of, known_at)
    found: dict[str, list[Told]] = defaultdict(list)
    for row in rows:
        org_id, unit, measure, resource, bed_type, *split, source_kind, at, value, told_as, d = row
        if owns(facts, org_id, unit):
            found[unit].append(
                Told(
                    measure=measure,
                    resource=resource,
                    bed_type=bed_type,
                    split=tuple(split),
                    source_kind=source_kind,
                    at=at,
                    value=value,
                    day=told_as == "day",
                    doubts=tuple(sorted(d)),
                )
            )
    return found


async def flows(
    connection: asyncpg.Connection[asyncpg.Record],
    facts: Directory,
    as_of: datetime,
    known_at: datetime,
    rules: LevelRules,
) -> dict[str, list[Flow]]:
    """Requests of the last weeks, calls of the last hours, departures of the coming day."""
    contacts_since = as_of - timedelta(hours=rules.huisartsenpost.hours)
    asked: list[tuple[str, datetime, datetime]] = [
        ("requests", as_of - timedelta(days=rules.beds.request_days), as_of),
        ("expectedDischarges", as_of, as_of + timedelta(days=1)),
        *((measure, contacts_since, as_of) for measure in CONTACTS),
    ]
    measures, since, until = zip(*asked, strict=True)
    rows = await connection.fetch(FLOWS, list(measures), list(since), list(until), as_of, known_at)
    found: dict[str, list[Flow]] = defaultdict(list)
    for row in rows:
        if owns(facts, row["org_id"], row["unit"]):
            found[row["unit"]].append(flow(row))
    return found


def flow(row: Any) -> Flow:  # noqa: ANN401
    names = ("measure", "resource", "bed_type", "split", "source_kind", "amount", "seconds")
    return Flow(**{name: row[name] for name in names}, greatest=row["greatest"], until=row["until"])
